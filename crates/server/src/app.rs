//! What every handler shares, and the settings it was built with.

use crate::assets::Assets;
use crate::clock::Clock;
use crate::live::Core;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::operator::Operator;
use crate::sso::Sso;
use auth::webauthn::RelyingParty;
use auth::{GuestAuth, JoinTokens, PrefixBuckets, StaffAuth, Transport};
use keys::Signer;
use protocol::ErrorCode;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use visit::OrgId;

/// Lets a synthetic patient open the invitation at this address. Given by the composition root in a
/// demo, absent otherwise.
pub type GuestStarter =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Settings of the server part.
pub struct ServerConfig {
    /// The clinic's name, as invitations and pages show it.
    pub clinic: String,
    /// The clinic's help line, or empty.
    pub help_phone: String,
    /// Every address under which the pages are reached, as browsers write an `Origin`
    /// (`https://clinic.example`, `http://localhost:8080`). The first is used in invitations.
    pub origins: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Token of `GET /metrics`; none means that there are no metrics over HTTP.
    pub metrics_token: Option<String>,
}

impl ServerConfig {
    /// Whether a host is reached over TLS.
    #[must_use]
    pub fn is_tls_host(&self, host: &str) -> bool {
        self.origins.iter().any(|o| o.strip_prefix("https://") == Some(host))
    }

    /// How cookies travel for this host.
    #[must_use]
    pub fn transport(&self, host: &str) -> Transport {
        let plain = self.origins.iter().any(|o| o.strip_prefix("http://") == Some(host));
        if plain { Transport::Loopback } else { Transport::Tls }
    }

    /// For whom passkeys are: the first address at which browsers offer them. `None` without one.
    #[must_use]
    pub fn relying_party(&self) -> Option<RelyingParty> {
        self.origins.iter().find_map(|origin| RelyingParty::of(origin))
    }

    /// Whether passkeys work at this host: a key belongs to one address.
    #[must_use]
    pub fn has_passkeys(&self, host: &str) -> bool {
        self.relying_party()
            .and_then(|party| party.origin().split_once("://").map(|(_, at)| at == host))
            .unwrap_or(false)
    }

    /// The address that invitations carry.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.origins.first().map_or("https://localhost", String::as_str)
    }
}

/// What an [`App`] is made of.
pub struct AppParts {
    /// Settings.
    pub config: ServerConfig,
    /// The clinic.
    pub org: OrgId,
    /// Living visits.
    pub core: Arc<Core>,
    /// Staff sign-in.
    pub staff: StaffAuth,
    /// Guests' links.
    pub guests: GuestAuth,
    /// Tokens that open sockets.
    pub tokens: JoinTokens,
    /// Requests per network, so that nobody can drown the others.
    pub requests: Mutex<PrefixBuckets>,
    /// Time.
    pub clock: Clock,
    /// Mail, if configured.
    pub mailer: Option<Mailer>,
    /// The web app's files.
    pub assets: Box<dyn Assets>,
    /// The clinic's identity provider, if there is one.
    pub sso: Option<Sso>,
    /// Counters.
    pub metrics: Metrics,
    /// What signs certificates of erasure.
    pub statements: Statements,
    /// What is for the operator.
    pub operator: Operator,
    /// The synthetic patient, in a demo.
    pub guest_starter: Option<GuestStarter>,
}

/// What signs certificates of erasure, and what they have to say of backups.
pub struct Statements {
    /// The key, apart from the database.
    pub signer: Signer,
    /// How long a backup is kept, in days: until then what was erased can be in one.
    pub backups_live_days: u32,
}

/// Everything that handlers share.
pub struct App {
    parts: AppParts,
    next_connection: AtomicU64,
    pub(crate) closing: tokio::sync::watch::Sender<bool>,
}

impl std::ops::Deref for App {
    type Target = AppParts;
    fn deref(&self) -> &AppParts {
        &self.parts
    }
}

impl App {
    /// A server that is open for requests.
    #[must_use]
    pub fn new(mut parts: AppParts) -> Self {
        parts.metrics.add_calls(&parts.core.calls);
        let closing = tokio::sync::watch::channel(false).0;
        Self { parts, next_connection: AtomicU64::new(1), closing }
    }

    pub(crate) fn connection_id(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// Says goodbye to every page and keeps new ones from coming. Links and seats stay.
    pub fn begin_closing(&self) {
        self.closing.send_replace(true);
        self.core.close_all();
    }

    pub(crate) fn refuse_when_closing(&self) -> Result<(), ErrorCode> {
        if *self.closing.borrow() { Err(ErrorCode::ServerClosing) } else { Ok(()) }
    }
}
