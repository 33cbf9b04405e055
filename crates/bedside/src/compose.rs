//! Puts the parts together and takes them apart in order: the only place that knows every crate.

use crate::audit_log::witnessing;
use crate::config;
use crate::error::Failure;
use crate::evidence::Records;
use audit::{KeyKind, SigningKey};
use auth::{Cost, GuestAuth, JoinTokens, Passwords, PrefixBuckets, Rate, StaffAuth, SystemEntropy};
use keys::{FileKeyring, Kek, Zeroizing};
use server::live::Core;
use server::log_keeper;
use server::metrics::Metrics;
use server::{
    App, Clock, GuestStarter, Incoming, LogStatus, Mailer, Operator, OtherRelay, OwnRelay,
    OwnRelayPlan, Relays, ServerConfig, Statements,
};
use sfu::{Sfu, SfuConfig, SfuThreads};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Sequencer, Store, StoreConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long pages are given to take the goodbye, and requests to finish.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// Looks and opens of links that one network may make: a burst, then this many a second.
const LINK_RATE: Rate = Rate::new(60, 5);
/// How often a process looks whether another one destroyed a data key.
const FORGET_EVERY: Duration = Duration::from_secs(2);
/// Networks whose rates are remembered.
const MAX_NETWORKS: usize = 10_000;

/// What to build a running server from.
pub struct Parts {
    /// Where data is kept.
    pub store: Store,
    /// The audit log's key and files.
    pub log: LogPlan,
    /// Settings of the server part.
    pub config: ServerConfig,
    /// Settings of the forwarding unit.
    pub media: SfuConfig,
    /// Our own relay, if it runs.
    pub relay: Option<OwnRelayPlan>,
    /// Other TURN servers.
    pub other_relays: Vec<OtherRelay>,
    /// Whether two people may talk directly.
    pub direct: visit::DirectPolicy,
    /// Mail, if any.
    pub mailer: Option<Mailer>,
    /// What signs certificates.
    pub statements: Statements,
    /// The clinic's identity provider, if any.
    pub sso: Option<server::sso::Sso>,
    /// Records of commands, for the page about the server.
    pub records: Records,
    /// The synthetic patient, in a demo.
    pub guest: Option<GuestStarter>,
}

/// A running server.
pub struct Running {
    /// What handlers share.
    pub app: Arc<App>,
    store: Store,
    threads: SfuThreads,
    stop: watch::Sender<bool>,
    signals: Signals,
    servers: Vec<JoinHandle<std::io::Result<()>>>,
    helpers: Vec<JoinHandle<()>>,
    /// Signs the audit log; gives back what closes it, if it still may sign.
    log_keeper: Option<JoinHandle<Option<Sequencer>>>,
}

/// The two signals that ask the program to end, caught from when this is made.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them. One that came before the call counts.
    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Makes keys and database, or opens those that are there.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn make_store(url: &str, keyring: &Path) -> Result<Store, Failure> {
    open_store(url, Arc::new(FileKeyring::create_or_open(keyring)?)).await
}

/// Opens a database that is in use, to look only.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn store_beside(url: &str, kek: Arc<dyn Kek>) -> Result<Store, Failure> {
    Ok(Store::beside(&StoreConfig::new(url), kek).await?)
}

/// Opens keys and database. Lost keys are an error and never replaced by new ones: the data needs the
/// keys that it was sealed with.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn open_store(url: &str, kek: Arc<dyn Kek>) -> Result<Store, Failure> {
    let config = StoreConfig::new(url);
    let now = Clock::system().now();
    Ok(Store::open(&config, kek, now, rand::random()).await?)
}

/// Keys that any process destroyed leave this one's memory.
async fn forget_destroyed_keys(store: Store) {
    let mut every = tokio::time::interval(FORGET_EVERY);
    loop {
        every.tick().await;
        match store.forget_destroyed_keys().await {
            Ok(false) => {}
            Ok(true) => tracing::info!("data keys were destroyed; all of them left the memory"),
            Err(error) => {
                tracing::warn!(code = error.code(), "could not look for destroyed keys");
            }
        }
    }
}

/// What signs the audit log, and where its files are.
pub struct LogPlan {
    /// The key of the log.
    pub key: SigningKey,
    /// Folder of tiles, entries and checkpoint.
    pub folder: PathBuf,
    /// Who witnesses it.
    pub witnesses: Vec<witnessing::Line>,
}

impl LogPlan {
    /// Reads the key; makes one at the first start. Key and folder are beside the keyring unless the
    /// settings say otherwise: never in the database that they vouch for.
    ///
    /// # Errors
    /// [`Failure`], with what to do.
    pub fn new(store: &Store, keyring: &Path, settings: &config::Audit) -> Result<Self, Failure> {
        let path = settings.key_path(keyring);
        let make = || {
            let mut seed = Zeroizing::new([0; 32]);
            rand::fill(seed.as_mut_slice());
            let name = format!("bedside-audit/{}", store.default_org().to_text());
            let text = audit::secret_text(&name, KeyKind::Log, &seed);
            text.map(Zeroizing::new).map_err(|_| keys::KeyError::Crypto)
        };
        let text = keys::read_or_make_secret(&path, make)?;
        let witnesses = settings.witnesses.iter().map(witnessing::Line::new);
        Ok(Self {
            key: read_key(&path, &text)?,
            folder: settings.folder_path(keyring),
            witnesses: witnesses.collect::<Result<_, _>>()?,
        })
    }
}

/// The key in the text of a key file.
///
/// # Errors
/// [`Failure::Keys`] when it is none.
pub fn read_key(path: &Path, text: &str) -> Result<SigningKey, Failure> {
    let damaged = |_| keys::KeyError::Damaged { path: path.to_owned(), what: "not a signing key" };
    Ok(SigningKey::parse(text).map_err(damaged)?)
}

/// The part of `auth` that needs nothing but the store: for accounts from the command line.
///
/// # Errors
/// [`Failure`] when the system has no randomness.
pub fn staff_auth(store: &Store) -> Result<StaffAuth, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let passwords = Passwords::new(Cost::STANDARD, cores, &SystemEntropy)?;
    Ok(StaffAuth::new(store.clone(), passwords, Arc::new(SystemEntropy)))
}

/// Starts everything that needs no web address yet.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn start(parts: Parts) -> Result<Running, Failure> {
    let Parts {
        store,
        log,
        config,
        mut media,
        relay,
        other_relays,
        direct,
        mailer,
        statements,
        sso,
        records,
        guest,
    } = parts;
    // Before anything is open: a signal that comes while the rest starts must end it in order.
    let signals = Signals::catch()?;
    let clock = Clock::system();
    let org = store.default_org();
    let (stop, _) = watch::channel(false);
    let folder = log.folder.clone();
    let status = LogStatus::new(log.witnesses.iter().map(|line| line.name().to_owned()));
    let (witnesses, asked) =
        witnessing::Witnessing::new(folder, log.witnesses, status.clone(), clock.clone());
    let log_keeper = match Sequencer::open(store.clone(), log.key, log.folder).await {
        Ok(sequencer) => {
            let (clock, status) = (clock.clone(), status.clone());
            let kept = log_keeper::keep(sequencer, clock, status, asked, stop.subscribe());
            let runtime = tokio::runtime::Handle::current();
            Some(tokio::task::spawn_blocking(move || runtime.block_on(kept)))
        }
        // Patients come first: entries are kept, and signed when somebody has looked after it.
        Err(trouble) => {
            status.troubled(&trouble, clock.now());
            log_keeper::say(&trouble);
            None
        }
    };
    let staff = staff_auth(&store)?;
    let (events_tx, events) = tokio::sync::mpsc::unbounded_channel();
    if relay.is_some() {
        media.relayed = server::relay::virtual_addresses(&media.advertised);
    }
    let (sfu, threads) = Sfu::start(media, events_tx)?;
    // Its thread ends when it is told to, or with its last handle.
    let own = relay.map(|plan| OwnRelay::start(plan, &sfu)).transpose()?.map(|(own, _)| own);
    let relays = Relays::new(own, other_relays, clock.clone());
    let core = Core::new(store.clone(), sfu, relays, clock.clone(), direct);
    let requests = PrefixBuckets::new(LINK_RATE, MAX_NETWORKS, clock.now());
    let app = Arc::new(App::new(server::app::AppParts {
        config,
        org,
        core: Arc::clone(&core),
        staff,
        guests: GuestAuth::new(store.clone(), Arc::new(SystemEntropy)),
        tokens: JoinTokens::new(store.clone(), Arc::new(SystemEntropy)),
        requests: Mutex::new(requests),
        clock: clock.clone(),
        mailer,
        sso,
        assets: Box::new(crate::assets::WebApp),
        metrics: Metrics::default(),
        statements,
        operator: Operator {
            version: env!("CARGO_PKG_VERSION"),
            started_at: clock.now(),
            log: status,
            surroundings: Arc::new(records),
        },
        guest_starter: guest,
    }));
    let mut helpers = vec![
        tokio::spawn(Arc::clone(&core).pump_media_events(events)),
        tokio::spawn(Arc::clone(&core).keep_awake(org)),
        tokio::spawn(server::kept::keep_tidy(Arc::clone(&core), org)),
        tokio::spawn(forget_destroyed_keys(store.clone())),
    ];
    helpers.push(tokio::spawn(witnesses.keep()));
    Ok(Running { app, store, threads, stop, signals, servers: Vec::new(), helpers, log_keeper })
}

impl Running {
    /// Serves one more address over TLS; the relay shares it if it runs and `relay` says so.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn serve_tls(
        &mut self,
        listener: TcpListener,
        config: Arc<rustls::ServerConfig>,
        relay: bool,
    ) -> std::io::Result<()> {
        let incoming = match self.app.core.relays.own().filter(|_| relay) {
            Some(relay) => Incoming::tls_with_relay(listener, config, relay.clone())?,
            None => Incoming::tls(listener, config)?,
        };
        self.serve(incoming);
        Ok(())
    }

    /// Serves one more address.
    pub fn serve(&mut self, incoming: Incoming) {
        let (app, stop) = (Arc::clone(&self.app), self.stop.subscribe());
        self.servers.push(tokio::spawn(server::serve(app, incoming, stop)));
    }

    /// Runs something beside the server, until the server closes.
    pub fn beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.helpers.push(tokio::spawn(task));
    }

    /// Waits for Ctrl-C or SIGTERM (or a broken server) and then closes in order: pages are told,
    /// sockets end, media ends, the log says so.
    ///
    /// # Errors
    /// [`Failure`] when a server broke or the log could not be closed.
    pub async fn run(mut self) -> Result<(), Failure> {
        let mut broken = Ok(());
        let first = self.servers.pop();
        tokio::select! {
            () = self.signals.received() => {}
            ended = async { match first { Some(task) => task.await, None => std::future::pending().await } } => {
                broken = ended.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
            }
        }
        tracing::info!("closing");
        self.close().await?;
        Ok(broken?)
    }

    /// Closes in order.
    ///
    /// # Errors
    /// [`Failure`] when the log could not be closed.
    pub async fn close(self) -> Result<(), Failure> {
        self.app.begin_closing();
        self.stop.send_replace(true);
        let all = async {
            for server in self.servers {
                let _ = server.await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, all).await;
        for helper in self.helpers {
            helper.abort();
        }
        self.app.core.relays.shutdown();
        drop(self.app);
        drop(self.threads);
        let now = Clock::system().now();
        let sequencer = match self.log_keeper {
            Some(keeper) => keeper.await.ok().flatten(),
            None => None,
        };
        match sequencer {
            Some(sequencer) => sequencer.close(now).await?,
            None => self.store.close(now).await?,
        }
        Ok(())
    }
}
