//! A whole clinic in one process: real database, real forwarding unit, real HTTP and WebSocket on
//! loopback. Only the clock is moved by hand. It lives on a runtime of its own, so that a test can
//! kill it in the middle of whatever it does.

// Each test program uses its own part of this.
#![allow(dead_code, clippy::expect_used)]

pub mod browser;
pub mod idp;
pub mod media;
pub mod people;
pub mod tap;
pub mod turn;

use audit::{KeyKind, SigningKey};
use auth::{Cost, GuestAuth, JoinTokens, Passwords, PrefixBuckets, Rate, StaffAuth, SystemEntropy};
use keys::Signer;
use server::app::AppParts;
use server::live::Core;
use server::metrics::Metrics;
use server::relay::virtual_addresses;
use server::{
    App, Assets, Clock, Incoming, LogStatus, Mailer, Operator, OwnRelay, OwnRelayPlan, Relays,
    ServerConfig, Statements, Surrounding, Surroundings,
};
use sfu::{Sfu, SfuConfig, SfuThreads};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Store;
use store::testing::{NOON, TestDb};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use visit::DirectPolicy;

/// Longest time that a test waits for anything. Reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The token of `GET /metrics`.
pub const METRICS_TOKEN: &str = "metrics-token-of-the-tests";
/// The name of the log's witness.
pub const WITNESS: &str = "witness.example/w";
/// A second address of the same server, reached over TLS through a proxy.
pub const TLS_HOST: &str = "clinic.example";

/// A running server.
pub struct Clinic {
    pub app: Arc<App>,
    pub clock: Clock,
    pub address: SocketAddr,
    pub db: Arc<TestDb>,
    threads: Option<SfuThreads>,
    runtime: Option<Runtime>,
}

struct Started {
    app: Arc<App>,
    address: SocketAddr,
    threads: SfuThreads,
}

impl Clinic {
    /// On a SQLite database of its own.
    pub async fn sqlite() -> Self {
        Self::start(Arc::new(TestDb::sqlite()), Clock::manual(NOON), None).await
    }

    /// The same with a relay on loopback. It goes by the wall clock, so the clinic begins there.
    pub async fn with_relay() -> Self {
        let clock = Clock::manual(Clock::system().now());
        let also = Also { relay: true, ..Also::default() };
        Self::start_as(Arc::new(TestDb::sqlite()), clock, None, also).await
    }

    /// The same, where two people may talk directly.
    pub async fn direct() -> Self {
        let (db, clock) = (Arc::new(TestDb::sqlite()), Clock::manual(NOON));
        let also = Also { direct: DirectPolicy::Auto, ..Also::default() };
        Self::start_as(db, clock, None, also).await
    }

    /// The same, only over the relay, which is there.
    pub async fn direct_by_relay() -> Self {
        let clock = Clock::manual(Clock::system().now());
        let also = Also { relay: true, direct: DirectPolicy::AlwaysRelay, ..Also::default() };
        Self::start_as(Arc::new(TestDb::sqlite()), clock, None, also).await
    }

    /// The same with an identity provider, whose word for a hardware key counts as a second factor.
    pub async fn with_sso() -> (Self, Arc<idp::Idp>) {
        let (db, clock) = (Arc::new(TestDb::sqlite()), Clock::manual(NOON));
        let redirect_uri = format!("https://{TLS_HOST}/signin/back");
        let idp = idp::Idp::start(&redirect_uri, clock.clone()).await;
        let also = Also { idp: Some(Arc::clone(&idp)), ..Also::default() };
        (Self::start_as(db, clock, None, also).await, idp)
    }

    /// The same, where commands left these records.
    pub async fn among(surroundings: Arc<dyn Surroundings>) -> Self {
        let also = Also { surroundings: Some(surroundings), ..Also::default() };
        Self::start_as(Arc::new(TestDb::sqlite()), Clock::manual(NOON), None, also).await
    }

    /// On a database that may have been used before.
    pub async fn start(db: Arc<TestDb>, clock: Clock, mailer: Option<Mailer>) -> Self {
        Self::start_as(db, clock, mailer, Also::default()).await
    }

    async fn start_as(db: Arc<TestDb>, clock: Clock, mailer: Option<Mailer>, also: Also) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let started = runtime.spawn(start(Arc::clone(&db), clock.clone(), mailer, also)).await;
        let Started { app, address, threads } = started.expect("the server starts");
        Self { app, clock, address, db, threads: Some(threads), runtime: Some(runtime) }
    }

    /// The database, for looking behind the curtain.
    pub fn store(&self) -> &Store {
        &self.app.core.store
    }

    /// Ends the server at whatever it does, without any orderly close.
    pub async fn kill(mut self) -> (Arc<TestDb>, Clock) {
        let (runtime, threads) = (self.runtime.take(), self.threads.take());
        let ended = tokio::task::spawn_blocking(move || {
            if let Some(runtime) = runtime {
                runtime.shutdown_timeout(PATIENCE);
            }
            drop(threads);
        });
        ended.await.expect("the server dies");
        (Arc::clone(&self.db), self.clock.clone())
    }

    /// All entries of the audit log as text, one per line, oldest writer first.
    pub async fn audit_text(&self) -> String {
        let mut text = String::new();
        for writer in self.store().audit_writers().await.expect("writers") {
            let mut from = Some(0);
            while let Some(seq) = from {
                let page = self.store().audit_page(&writer.writer, seq, 1_000).await;
                let page = page.expect("a page");
                for entry in &page.entries {
                    text.push_str(std::str::from_utf8(&entry.bytes).expect("text"));
                    text.push('\n');
                }
                from = page.next_seq;
            }
        }
        text
    }

    /// Gives every entry that was written its place in the tree, as the server does twice a second.
    pub async fn place_entries(&self) {
        let key = SigningKey::from_seed("clinic.example/log", KeyKind::Log, &[1; 32]);
        let key = key.expect("a name");
        let step = async || {
            let now = self.clock.now();
            self.store().extend_audit_tree(now, &key, 1_000).await.expect("steps").1
        };
        while step().await > 0 {}
    }

    /// How many entries of this kind the audit log has.
    pub async fn audited(&self, kind: audit::Kind) -> usize {
        let wanted = format!("\"{}\"", kind.as_str());
        self.audit_text().await.lines().filter(|line| line.contains(&wanted)).count()
    }

    /// Fails unless the audit log verifies from end to end.
    pub async fn verify_audit(&self) {
        let report = self.store().verify_audit().await.expect("a report");
        assert!(report.faults.is_empty() && report.entries > 0, "the audit log is broken");
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What not every clinic has.
#[derive(Clone, Default)]
struct Also {
    idp: Option<Arc<idp::Idp>>,
    relay: bool,
    direct: DirectPolicy,
    surroundings: Option<Arc<dyn Surroundings>>,
}

async fn start(db: Arc<TestDb>, clock: Clock, mailer: Option<Mailer>, also: Also) -> Started {
    let store = db.open().await;
    let org = store.default_org();
    let entropy = Arc::new(SystemEntropy);
    // Cheap on purpose: what a hash costs is tested where it is made.
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let passwords = Passwords::new(cost, 1, &SystemEntropy).expect("hashes");
    let mut media = SfuConfig::new(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    media.bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
    media.shards = 1;
    if also.relay {
        media.relayed = virtual_addresses(&media.advertised);
    }
    let addresses = media.advertised.clone();
    let (events_tx, events) = mpsc::unbounded_channel();
    let (sfu, threads) = Sfu::start(media, events_tx).expect("the forwarding unit starts");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let own = also.relay.then(|| {
        let listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
        let plan = OwnRelayPlan { listen, addresses, tls: Vec::new() };
        OwnRelay::start(plan, &sfu).expect("the relay starts").0
    });
    let relays = Relays::new(own, Vec::new(), clock.clone());
    let core = Core::new(store.clone(), sfu, relays, clock.clone(), also.direct);
    let sso_clock = clock.clone();
    let started_at = clock.now();
    let app = Arc::new(App::new(AppParts {
        config: ServerConfig {
            clinic: "Hillside Clinic".to_owned(),
            help_phone: "555 0100".to_owned(),
            origins: vec![format!("http://{address}"), format!("https://{TLS_HOST}")],
            trusted_proxies: Vec::new(),
            metrics_token: Some(METRICS_TOKEN.to_owned()),
        },
        org,
        core: Arc::clone(&core),
        staff: StaffAuth::new(store.clone(), passwords, entropy.clone()),
        guests: GuestAuth::new(store.clone(), entropy.clone()),
        tokens: JoinTokens::new(store, entropy),
        requests: Mutex::new(PrefixBuckets::new(Rate::new(60, 5), 1_000, clock.now())),
        clock,
        mailer,
        sso: also.idp.as_deref().map(|idp| sso(idp, sso_clock)),
        assets: Box::new(Pages),
        metrics: Metrics::default(),
        statements: Statements {
            signer: Signer::create_or_open(&db.dir().join("evidence.key")).expect("a key"),
            backups_live_days: 30,
        },
        operator: Operator {
            version: "0.0.1-test",
            started_at,
            log: LogStatus::new([WITNESS.to_owned()]),
            surroundings: also.surroundings.unwrap_or_else(|| Arc::new(Nothing)),
        },
        guest_starter: None,
    }));
    tokio::spawn(Arc::clone(&core).pump_media_events(events));
    tokio::spawn(core.keep_awake(org));
    let incoming = Incoming::plain(listener).expect("a listener");
    let served = Arc::clone(&app);
    tokio::spawn(async move {
        let (_open, stop) = watch::channel(false);
        server::serve(served, incoming, stop).await
    });
    Started { app, address, threads }
}

/// What the clinic has agreed with its identity provider.
fn sso(idp: &idp::Idp, clock: Clock) -> server::sso::Sso {
    let settings = auth::oidc::OidcSettings {
        issuer: idp.issuer.clone(),
        client_id: idp::CLIENT.to_owned(),
        client_secret: keys::Zeroizing::new(idp::CLIENT_SECRET.to_owned()),
        redirect_uri: idp.redirect_uri.clone(),
        hosts: Vec::new(),
        email_domains: vec!["clinic.example".to_owned()],
        second_factor_acr: Vec::new(),
        second_factor_amr: vec!["hwk".to_owned()],
    };
    let client = egress::Client::new(egress::public_roots());
    server::sso::Sso::new(settings, "Hospital account".to_owned(), client, clock)
}

/// A folder in which no command has left a record, on a disk that does not say what is left. Records of
/// real commands are tested where commands are: crate `bedside`.
struct Nothing;

impl Surroundings for Nothing {
    fn look(&self) -> Surrounding {
        Surrounding::default()
    }
}

/// The least that pages can be.
struct Pages;

impl Assets for Pages {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let text: &[u8] = match path {
            "patient.html" | "clinic.html" => b"<!doctype html><title>Bedside</title>",
            "icon.svg" => b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "assets/app.js" => b"export {};",
            _ => return None,
        };
        Some(Cow::Borrowed(text))
    }
}
