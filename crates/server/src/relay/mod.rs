//! Relays (TURN) for people whose network lets no direct path through: what their pages are given,
//! how long it is good, and how it ends. Our own relay is started here and joined to the forwarding
//! unit; others are named in the settings.
//!
//! It never names anybody to a relay: both ids in a user name are drawn for the stay of one person
//! and forgotten with it.

mod metrics;
mod own;

pub use metrics::RelayMetrics;
pub use own::{OwnRelay, OwnRelayPlan, virtual_addresses};

use crate::clock::Clock;
use protocol::IceServer;
use turn::io::{RelayHandle, Report};
use turn::{Credentials, Scope, Secret};
use visit::{SeatId, VisitId};

/// How long credentials are good. A visit that lasts longer gets fresh ones.
const LIFETIME_S: u64 = 4 * 3_600;
/// Fresh ones are given when less than this is left.
const RENEW_BEFORE_S: u64 = 30 * 60;

/// A TURN server that is not ours.
pub struct OtherRelay {
    /// Its addresses, as browsers want them (`turn:relay.example:3478?transport=udp`).
    pub urls: Vec<String>,
    /// How one gets in.
    pub login: RelayLogin,
}

/// How one gets into another TURN server.
pub enum RelayLogin {
    /// Everybody may use it (STUN).
    Open,
    /// One user for all.
    Fixed {
        /// User name.
        username: String,
        /// Password.
        credential: String,
    },
    /// It shares a secret with us and takes users that it derives (coturn: `use-auth-secret`).
    Shared(Secret),
}

/// All relays that pages may use.
pub struct Relays {
    own: Option<OwnRelay>,
    others: Vec<OtherRelay>,
    clock: Clock,
}

/// One person's right to use relays, for one stay inside on one page. Both ids are drawn for it.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    visit: VisitId,
    seat: SeatId,
    expires_unix_s: u64,
}

impl Relays {
    /// These relays. `clock` dates credentials.
    #[must_use]
    pub const fn new(own: Option<OwnRelay>, others: Vec<OtherRelay>, clock: Clock) -> Self {
        Self { own, others, clock }
    }

    /// None: every path is direct.
    #[must_use]
    pub const fn none() -> Self {
        Self::new(None, Vec::new(), Clock::system())
    }

    /// Our own relay, if it runs.
    #[must_use]
    pub fn own(&self) -> Option<&RelayHandle> {
        self.own.as_ref().map(|own| &own.handle)
    }

    /// How our own relay does, if it runs.
    pub async fn report(&self) -> Option<Report> {
        self.own()?.report().await
    }

    /// Ends our own relay.
    pub fn shutdown(&self) {
        if let Some(own) = self.own() {
            own.shutdown();
        }
    }

    /// A right for somebody who comes in. `visit` is what all in the same visit have in common.
    pub(crate) fn pass(&self, visit: VisitId) -> Pass {
        let seat = SeatId::from_u128(rand::random());
        Pass { visit, seat, expires_unix_s: self.now_s() + LIFETIME_S }
    }

    /// Whether a right should be renewed by now.
    pub(crate) fn is_due(&self, pass: &Pass) -> bool {
        let any = self.own.is_some() || !self.others.is_empty();
        any && pass.expires_unix_s <= self.now_s() + RENEW_BEFORE_S
    }

    /// Makes a right good for longer. What was given for it before goes on until its own end.
    pub(crate) fn renew(&self, pass: &mut Pass) {
        pass.expires_unix_s = self.now_s() + LIFETIME_S;
    }

    /// What the page is given. The same for the same right.
    pub(crate) fn ice_servers(&self, pass: &Pass) -> Vec<IceServer> {
        let own = self.own.iter().map(|own| own.ice_server(pass));
        own.chain(self.others.iter().map(|other| other.ice_server(pass))).collect()
    }

    /// Ends a right: at our own relay at once, at others when it runs out.
    pub(crate) fn revoke(&self, pass: &Pass) {
        if let Some(own) = self.own() {
            own.revoke(Scope::Seat(pass.visit, pass.seat));
        }
    }

    /// Ends all rights of a visit.
    pub(crate) fn revoke_visit(&self, visit: VisitId) {
        if let Some(own) = self.own() {
            own.revoke(Scope::Visit(visit));
        }
    }

    fn now_s(&self) -> u64 {
        self.clock.now().unix_ms() / 1_000
    }
}

impl Pass {
    fn derived(&self, secret: &Secret, urls: &[String]) -> IceServer {
        let Credentials { username, password } =
            Credentials::issue(secret, self.visit, self.seat, self.expires_unix_s);
        IceServer { urls: urls.to_vec(), username: Some(username), credential: Some(password) }
    }
}

impl OtherRelay {
    fn ice_server(&self, pass: &Pass) -> IceServer {
        let urls = self.urls.clone();
        match &self.login {
            RelayLogin::Open => IceServer { urls, username: None, credential: None },
            RelayLogin::Fixed { username, credential } => IceServer {
                urls,
                username: Some(username.clone()),
                credential: Some(credential.clone()),
            },
            RelayLogin::Shared(secret) => pass.derived(secret, &self.urls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use visit::{Duration, Timestamp};

    fn others() -> Vec<OtherRelay> {
        let urls = |name: &str| vec![format!("turn:{name}.example:3478")];
        let secret = Secret::new(b"0123456789abcdef").expect("long enough");
        let fixed =
            RelayLogin::Fixed { username: "clinic".to_owned(), credential: "pw".to_owned() };
        vec![
            OtherRelay { urls: vec!["stun:a.example".to_owned()], login: RelayLogin::Open },
            OtherRelay { urls: urls("b"), login: fixed },
            OtherRelay { urls: urls("c"), login: RelayLogin::Shared(secret) },
        ]
    }

    #[test]
    fn other_relays_get_what_each_of_them_takes() {
        let clock = Clock::manual(Timestamp(1_790_000_000_000_000));
        let relays = Relays::new(None, others(), clock);
        let pass = relays.pass(VisitId::from_u128(1));
        let given = relays.ice_servers(&pass);
        assert!(given[0].username.is_none() && given[0].credential.is_none());
        assert!(given[1].username.as_deref() == Some("clinic"));
        assert!(given[1].credential.as_deref() == Some("pw"));
        let username = given[2].username.clone().unwrap_or_default();
        assert!(username.starts_with("1790014400:"), "four hours from now");
        // printf %s <user name> | openssl dgst -sha1 -hmac 0123456789abcdef -binary | base64
        let secret = Secret::new(b"0123456789abcdef").expect("long enough");
        let expected = Credentials::issue(&secret, pass.visit, pass.seat, 1_790_014_400);
        assert!(given[2].credential == Some(expected.password));
    }

    #[test]
    fn a_right_is_renewed_before_it_ends_and_two_stays_have_nothing_in_common() {
        let clock = Clock::manual(Timestamp(1_790_000_000_000_000));
        let relays = Relays::new(None, others(), clock.clone());
        let visit = VisitId::from_u128(1);
        let mut pass = relays.pass(visit);
        assert!(relays.pass(visit).seat != pass.seat);
        let name = |pass: &Pass| relays.ice_servers(pass)[2].username.clone();
        let first = name(&pass);
        assert!(name(&pass) == first, "the same until it is renewed");
        clock.advance(Duration::from_min(209));
        assert!(!relays.is_due(&pass));
        clock.advance(Duration::from_min(1));
        assert!(relays.is_due(&pass));
        relays.renew(&mut pass);
        assert!(!relays.is_due(&pass) && name(&pass) != first);
        let nobody = Relays::none();
        let old = Pass { expires_unix_s: 0, ..pass };
        assert!(!nobody.is_due(&old) && nobody.ice_servers(&old).is_empty());
    }
}
