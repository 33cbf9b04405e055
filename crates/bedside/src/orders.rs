//! Ordering the server's certificate and renewing it, for as long as the server runs (ACME,
//! RFC 8555).
//!
//! Owns the course of the orders, the hand-over from one run of the client library to the next, and
//! what the log says of them. It never ends the server: without a certificate it goes on asking, and
//! a certificate in use stays in use until there is a newer one.

use crate::order_trouble::Trouble;
use futures_util::StreamExt as _;
use rustls::ClientConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_acme::caches::DirCache;
use rustls_acme::{
    AcmeConfig, AcmeState, EventError, EventOk, ResolvesServerCertAcme, is_tls_alpn_challenge,
};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A try that takes longer is given up. The client library itself waits for ever on an authority that
/// takes a connection and then says nothing. Its own waits within one try add up to 18 minutes.
const TRY_WITHIN: Duration = Duration::from_secs(30 * 60);
/// A kept certificate is looked at again after this long, so that a renewal that hangs is noticed too.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Pause after an authority sent something that is no certificate. The library would ask again at once.
const UNUSABLE_PAUSE: Duration = Duration::from_secs(60 * 60);
/// The library doubles its wait after each failure, from 1 s, this many times at most.
const MOST_DOUBLINGS: u32 = 16;

type State = AcmeState<io::Error, io::Error>;
type Event = Result<EventOk, EventError<io::Error, io::Error>>;

/// What to order, and from whom.
pub struct Plan {
    /// The name in the certificate.
    pub domain: String,
    /// Whom the authority may write to: an e-mail address.
    pub contact: String,
    /// The authority's directory; Let's Encrypt if absent.
    pub directory: Option<String>,
    /// Whom to trust on the way to the authority; the public authorities if absent.
    pub trust: Option<Arc<ClientConfig>>,
    /// Folder for the account and the certificate. They are in it with their private keys.
    pub cache: PathBuf,
}

impl Plan {
    fn begin(&self) -> State {
        let config = match &self.trust {
            Some(trust) => AcmeConfig::new_with_client_config([&self.domain], Arc::clone(trust)),
            None => AcmeConfig::new([&self.domain]),
        };
        let config = match &self.directory {
            Some(url) => config.directory(url),
            None => config.directory_lets_encrypt(true),
        };
        config
            .contact_push(format!("mailto:{}", self.contact))
            .cache(DirCache::new(self.cache.clone()))
            .state()
    }
}

/// The orders of one server. See the module's head.
pub struct Orders {
    plan: Plan,
    state: State,
    handover: Arc<Handover>,
    pace: Pace,
}

impl Orders {
    /// Does nothing yet: that is for [`Self::run`], when the server listens.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let state = plan.begin();
        let handover = Arc::new(Handover::new(state.resolver()));
        Self { plan, state, handover, pace: Pace::default() }
    }

    /// Gives handshakes their certificate: browsers the one in use, the authority the proof that it
    /// asked for (RFC 8737).
    #[must_use]
    pub fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::clone(&self.handover) as Arc<dyn ResolvesServerCert>
    }

    /// Orders, renews, and tries again. Does not end.
    pub async fn run(mut self) {
        loop {
            let next = self.state.next();
            let event = match self.pace.longest_wait() {
                Some(longest) => tokio::time::timeout(longest, next).await,
                None => Ok(next.await),
            };
            match event {
                Ok(Some(event)) => self.on_event(event).await,
                // The library promises no end; without it there is nothing left to do.
                Ok(None) => return,
                Err(_) => self.begin_anew(),
            }
        }
    }

    async fn on_event(&mut self, event: Event) {
        let had_one = self.pace.serving;
        let after_failure = self.pace.on(&event);
        match &event {
            Ok(ok) => self.say_progress(ok, had_one),
            Err(error) => say_trouble(error, had_one, after_failure),
        }
        if matches!(event, Err(EventError::NewCertParse(_))) {
            tokio::time::sleep(UNUSABLE_PAUSE).await;
        }
    }

    fn say_progress(&self, ok: &EventOk, had_one: bool) {
        match ok {
            EventOk::AccountCacheStore => {
                tracing::info!("the key of the account at the certificate authority is kept");
            }
            EventOk::DeployedNewCert => {
                self.handover.settle();
                tracing::info!("a new certificate is in use");
            }
            EventOk::DeployedCachedCert => {
                self.handover.settle();
                if had_one {
                    tracing::debug!("the kept certificate was looked at again");
                } else {
                    tracing::info!("the kept certificate is in use");
                }
            }
            EventOk::CertCacheStore => tracing::info!("the certificate is kept for the next start"),
        }
    }

    fn begin_anew(&mut self) {
        if self.pace.is_waiting_for_authority() {
            let trouble = Trouble::Slow;
            tracing::error!(code = trouble.code(), "{trouble}; it is asked again now");
        }
        self.state = self.plan.begin();
        self.handover.begin(self.state.resolver());
        self.pace = Pace { serving: self.pace.serving, ..Pace::default() };
    }
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    /// An order is under way, or what is kept is being read.
    #[default]
    Ordering,
    /// An order failed; the library waits and then orders again.
    Failed,
    /// A certificate is in use that a next start finds too.
    Kept,
    /// A certificate is in use that only this run knows.
    Unkept,
}

/// How the orders went so far, and how long the next event may take.
#[derive(Default)]
struct Pace {
    stage: Stage,
    failures: u32,
    serving: bool,
}

impl Pace {
    /// Takes note. After a failed order: how long the library waits before the next.
    fn on(&mut self, event: &Event) -> Option<Duration> {
        match event {
            Ok(EventOk::DeployedNewCert) => {
                *self = Self { stage: Stage::Unkept, failures: 0, serving: true };
            }
            Ok(EventOk::DeployedCachedCert) => {
                self.serving = true;
                self.stage = Stage::Kept;
            }
            Ok(EventOk::CertCacheStore) => self.stage = Stage::Kept,
            Err(EventError::Order(_)) => {
                self.stage = Stage::Failed;
                self.failures = self.failures.saturating_add(1);
                return Some(self.pause());
            }
            Err(EventError::NewCertParse(_)) => self.stage = Stage::Ordering,
            Ok(EventOk::AccountCacheStore) | Err(_) => {}
        }
        None
    }

    /// The longest that the next event may take; none if there may be none for months.
    fn longest_wait(&self) -> Option<Duration> {
        match self.stage {
            Stage::Ordering => Some(TRY_WITHIN),
            Stage::Failed => Some(self.pause() + TRY_WITHIN),
            Stage::Kept => Some(LOOK_AGAIN),
            // Beginning anew would order one more each time, and authorities count.
            Stage::Unkept => None,
        }
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(1 << self.failures.saturating_sub(1).min(MOST_DOUBLINGS))
    }

    fn is_waiting_for_authority(&self) -> bool {
        matches!(self.stage, Stage::Ordering | Stage::Failed)
    }
}

fn say_trouble(
    error: &EventError<io::Error, io::Error>,
    have_one: bool,
    again_after: Option<Duration>,
) {
    let folder = "Let the server write to the folder `certificates` beside the keyring";
    match error {
        EventError::Order(error) => {
            let trouble = Trouble::of(error);
            let lead =
                if have_one { "the certificate was not renewed" } else { "no certificate yet" };
            let again_in_s = again_after.map_or(0, |pause| pause.as_secs());
            let (code, problem) = (trouble.code(), trouble.problem());
            tracing::error!(
                code,
                problem,
                again_in_s,
                "{lead}: {trouble}. It is tried again by itself"
            );
        }
        EventError::CertCacheLoad(e) | EventError::AccountCacheLoad(e) => {
            let (code, kind) = ("acme_cache_unreadable", e.kind());
            tracing::error!(code, %kind, "what is kept of the certificate cannot be read. {folder}");
        }
        EventError::CertCacheStore(e) | EventError::AccountCacheStore(e) => {
            let (code, kind) = ("acme_cache_unwritable", e.kind());
            tracing::error!(
                code,
                %kind,
                "the certificate cannot be kept, so each start orders one more, and authorities limit \
                 how many. {folder}"
            );
        }
        EventError::CachedCertParse(_) => {
            let code = "acme_cache_damaged";
            tracing::warn!(code, "the kept certificate is damaged; a new one is ordered");
        }
        EventError::NewCertParse(_) => {
            let (code, again_in_s) = ("acme_unusable", UNUSABLE_PAUSE.as_secs());
            tracing::error!(
                code,
                again_in_s,
                "the certificate authority sent something that is no certificate. Check \
                 web.certificate.directory. It is tried again by itself"
            );
        }
    }
}

/// Where handshakes find certificates while runs of the library follow each other: browsers stay
/// with the last run that had a certificate, the authority's challenge belongs to the newest.
struct Handover {
    newest: RwLock<Arc<ResolvesServerCertAcme>>,
    settled: RwLock<Arc<ResolvesServerCertAcme>>,
}

impl Handover {
    fn new(first: Arc<ResolvesServerCertAcme>) -> Self {
        Self { newest: RwLock::new(Arc::clone(&first)), settled: RwLock::new(first) }
    }

    fn begin(&self, newest: Arc<ResolvesServerCertAcme>) {
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = newest;
    }

    /// The newest run has a certificate.
    fn settle(&self) {
        let newest = read(&self.newest);
        *self.settled.write().unwrap_or_else(PoisonError::into_inner) = newest;
    }
}

impl ResolvesServerCert for Handover {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let from = if is_tls_alpn_challenge(&hello) { &self.newest } else { &self.settled };
        read(from).resolve(hello)
    }
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover").finish_non_exhaustive()
    }
}

fn read(from: &RwLock<Arc<ResolvesServerCertAcme>>) -> Arc<ResolvesServerCertAcme> {
    Arc::clone(&from.read().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls_acme::acme::AcmeError;
    use rustls_acme::{CertParseError, OrderError};

    fn fail(pace: &mut Pace) -> Option<Duration> {
        pace.on(&Err(EventError::Order(OrderError::Acme(AcmeError::NoTlsAlpn01Challenge))))
    }

    #[test]
    fn a_silent_authority_is_given_up_and_a_failed_order_gets_its_pause_on_top() {
        let mut pace = Pace::default();
        assert_eq!(pace.longest_wait(), Some(TRY_WITHIN));
        assert!(pace.is_waiting_for_authority());
        for pause_s in [1, 2, 4, 8] {
            assert_eq!(fail(&mut pace), Some(Duration::from_secs(pause_s)));
            assert_eq!(pace.longest_wait(), Some(Duration::from_secs(pause_s) + TRY_WITHIN));
        }
        for _ in 0..100 {
            fail(&mut pace);
        }
        assert_eq!(fail(&mut pace), Some(Duration::from_secs(65_536)));
        assert!(!pace.serving);
    }

    #[test]
    fn a_certificate_is_looked_at_daily_only_if_it_is_kept() {
        let mut pace = Pace::default();
        fail(&mut pace);
        assert_eq!(pace.on(&Ok(EventOk::DeployedNewCert)), None);
        assert!(pace.serving && pace.longest_wait().is_none());
        pace.on(&Err(EventError::CertCacheStore(io::ErrorKind::StorageFull.into())));
        assert_eq!(pace.longest_wait(), None, "it would be ordered anew each day");
        pace.on(&Ok(EventOk::CertCacheStore));
        assert_eq!(pace.longest_wait(), Some(LOOK_AGAIN));
        assert!(!pace.is_waiting_for_authority());
        // The renewal fails: the pauses begin small again, and the certificate is still in use.
        assert_eq!(fail(&mut pace), Some(Duration::from_secs(1)));
        assert!(pace.serving);
    }

    #[test]
    fn a_kept_certificate_serves_at_once_and_an_unusable_one_does_not() {
        let mut pace = Pace::default();
        pace.on(&Ok(EventOk::DeployedCachedCert));
        assert_eq!((pace.serving, pace.longest_wait()), (true, Some(LOOK_AGAIN)));
        let mut pace = Pace::default();
        pace.on(&Err(EventError::NewCertParse(CertParseError::TooFewPem(1))));
        assert_eq!((pace.serving, pace.longest_wait()), (false, Some(TRY_WITHIN)));
    }
}
