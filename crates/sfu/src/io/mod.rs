//! Sockets and threads around the shards.
//!
//! One OS thread, one UDP and one TCP port of the same number, and one shard each; a visit is pinned
//! to a shard by its id, so nothing is shared on the packet path and no packet takes a lock. One port
//! per shard steers packets to the right thread without help from the kernel. Shards may share one
//! port instead ([`SfuConfig::single_port`]): then each hands on what is not its own.

mod driver;
mod handover;
mod relayed;
mod socket;
mod tcp;
mod wake;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use visit::VisitId;

use crate::command::{Command, SfuEvent};
use crate::config::{ConfigError, SfuConfig};
use crate::shard::Shard;
use crate::stats::{SharedStats, Stats};
use driver::Driver;
use handover::{Door, Neighbours, Pile};
use relayed::Exit;
pub use relayed::{RelayEntry, RelayExit};
use socket::ShardSocket;
use tcp::TcpWire;
pub(crate) use tcp::{deframe, put_frame};
use wake::{Waker, wake_pair};

/// Commands that may wait for one shard. A shard works off thousands per second; more than this
/// waiting means that it is stuck or flooded.
const COMMAND_QUEUE: usize = 4_096;

/// The handle of the running forwarding unit. Cheap to clone; never blocks.
#[derive(Clone)]
pub struct Sfu {
    inner: Arc<Inner>,
}

struct Inner {
    shards: Vec<ShardHandle>,
    stop: Arc<AtomicBool>,
    exit: Exit,
}

struct ShardHandle {
    commands: SyncSender<Command>,
    door: Door,
    waker: Arc<Waker>,
    stats: Arc<SharedStats>,
    port: u16,
}

/// The threads of the forwarding unit. They end after [`Sfu::shutdown`] or when the last handle is
/// dropped.
pub struct SfuThreads {
    threads: Vec<JoinHandle<()>>,
    kernel_ids: Vec<u32>,
}

/// The forwarding unit could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No DTLS certificate could be made.
    #[error("could not make a DTLS certificate")]
    Certificate,
    /// An advertised address cannot be an ICE candidate.
    #[error("an advertised address cannot be used")]
    Address,
    /// A UDP port could not be bound.
    #[error("could not bind UDP port {port}: {source}")]
    Bind {
        /// The port (0: any).
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A TCP port could not be bound.
    #[error("could not bind TCP port {port}: {source}")]
    BindTcp {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A thread or its wake-up socket could not be made.
    #[error("could not start a shard: {0}")]
    Thread(#[source] io::Error),
}

impl StartError {
    /// Stable name for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "sfu_config",
            Self::Certificate => "sfu_certificate",
            Self::Address => "sfu_address",
            Self::Bind { .. } => "sfu_bind",
            Self::BindTcp { .. } => "sfu_bind_tcp",
            Self::Thread(_) => "sfu_thread",
        }
    }
}

/// The shard of that visit does not take commands: its queue is full, or it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the forwarding unit does not take commands")]
pub struct Overloaded;

impl Sfu {
    /// Binds the ports and starts the threads. Events of all shards go to `events`.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub fn start(
        config: SfuConfig,
        events: UnboundedSender<SfuEvent>,
    ) -> Result<(Self, SfuThreads), StartError> {
        config.validate()?;
        let stop = Arc::new(AtomicBool::new(false));
        let exit = Exit::new(OnceLock::new());
        let (mut shards, mut drivers) = (Vec::new(), Vec::new());
        for index in 0..config.shards {
            let first = shards.first().map(|first: &ShardHandle| first.port);
            let (socket, tcp) = match first.filter(|_| config.single_port) {
                Some(port) => join(&config, port)?,
                None if config.port_base == 0 => bind(&config, 0)?,
                None => bind(&config, config.port_base + index)?,
            };
            let port = socket.port();
            let (waker, sleeper) = wake_pair().map_err(StartError::Thread)?;
            let waker = Arc::new(waker);
            let (commands, queue) = sync_channel(COMMAND_QUEUE);
            let (outlet, inbox) = handover::lane();
            let stats = Arc::new(SharedStats::default());
            drivers.push(Driver {
                shard: Shard::new(&config, index, port)?,
                socket,
                tcp,
                inbox,
                neighbours: None,
                exit: exit.clone(),
                advertised: config.advertised.clone(),
                next_tcp: Instant::now(),
                sleeper,
                commands: queue,
                events: events.clone(),
                stats: stats.clone(),
                stop: stop.clone(),
            });
            let door = Door::new(outlet, waker.clone());
            shards.push(ShardHandle { commands, door, waker, stats, port });
        }
        if config.single_port && config.shards > 1 {
            let doors: Vec<_> = shards.iter().map(|shard| shard.door.clone()).collect();
            for driver in &mut drivers {
                driver.neighbours = Some(Neighbours::new(driver.shard.home, &doors));
            }
        }
        let inner = Arc::new(Inner { shards, stop, exit });
        let (mut threads, mut kernel_ids) = (Vec::new(), Vec::new());
        for (index, driver) in drivers.into_iter().enumerate() {
            let (started, id) = sync_channel(1);
            let thread = std::thread::Builder::new()
                .name(format!("sfu-{index}"))
                .spawn(move || {
                    // Nobody waits for it any more only when the start failed.
                    let _ = started.send(kernel_id());
                    driver.run();
                })
                .map_err(StartError::Thread)?;
            threads.push(thread);
            kernel_ids.extend(id.recv());
        }
        Ok((Self { inner }, SfuThreads { threads, kernel_ids }))
    }

    /// Hands a command to the shard of its visit. Returns at once; the outcome is an event.
    ///
    /// # Errors
    /// [`Overloaded`] when the command was not taken.
    pub fn send(&self, command: Command) -> Result<(), Overloaded> {
        let shard = &self.inner.shards[self.shard_of(command.visit())];
        match shard.commands.try_send(command) {
            Ok(()) => {
                shard.waker.wake();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Overloaded),
        }
    }

    /// Counters of all shards together.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut total = Stats::default();
        for shard in &self.inner.shards {
            shard.stats.add_to(&mut total);
        }
        total
    }

    /// The ports in use, one per shard or one for all; UDP and, unless it is off, TCP.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<_> = self.inner.shards.iter().map(|s| s.port).collect();
        ports.dedup();
        ports
    }

    /// Where a relay in this program leaves datagrams for the shards.
    #[must_use]
    pub fn relay_entry(&self) -> RelayEntry {
        let door = |shard: &ShardHandle| (shard.port, Pile::new(shard.door.clone(), None));
        RelayEntry::new(self.inner.shards.iter().map(door).collect())
    }

    /// Says where datagrams to relayed addresses go ([`SfuConfig::relayed`]). Once; `false` when it
    /// was said before. Until then there are none to send: they answer what came by
    /// [`Self::relay_entry`].
    pub fn set_relay_exit(&self, exit: Box<dyn RelayExit>) -> bool {
        self.inner.exit.set(exit).is_ok()
    }

    /// The port on which the media of this visit goes.
    #[must_use]
    pub fn port_of(&self, visit: VisitId) -> u16 {
        self.inner.shards[self.shard_of(visit)].port
    }

    /// Ends every transport and every thread. Clients are told.
    pub fn shutdown(&self) {
        self.inner.stop.store(true, Ordering::Release);
        for shard in &self.inner.shards {
            shard.waker.wake();
        }
    }

    /// The low bits of an id are random, so visits spread evenly.
    fn shard_of(&self, visit: VisitId) -> usize {
        (visit.to_u128() % self.inner.shards.len() as u128) as usize
    }
}

/// Both sockets of a shard, on one port number.
fn bind(config: &SfuConfig, wanted: u16) -> Result<(ShardSocket, Option<TcpWire>), StartError> {
    if config.single_port && wanted != 0 {
        // A shared port can be bound by a second program too, which would get half of the datagrams.
        std::net::UdpSocket::bind((config.bind, wanted))
            .map_err(|source| StartError::Bind { port: wanted, source })?;
    }
    // A port that the system chose for UDP may be taken for TCP.
    let mut tries = if wanted == 0 { 16 } else { 1 };
    loop {
        tries -= 1;
        let socket = ShardSocket::bind(config, wanted)
            .map_err(|source| StartError::Bind { port: wanted, source })?;
        let port = socket.port();
        match config.tcp.then(|| TcpWire::bind(config, port)).transpose() {
            Ok(tcp) => return Ok((socket, tcp)),
            Err(source) if tries == 0 => return Err(StartError::BindTcp { port, source }),
            Err(_) => {}
        }
    }
}

/// The sockets of a further shard on a port that the first one holds.
fn join(config: &SfuConfig, port: u16) -> Result<(ShardSocket, Option<TcpWire>), StartError> {
    let socket =
        ShardSocket::bind(config, port).map_err(|source| StartError::Bind { port, source })?;
    Ok((socket, config.tcp.then(|| TcpWire::without_listener(port))))
}

/// The calling thread as the kernel and its tools number it.
fn kernel_id() -> u32 {
    // SAFETY: gettid takes nothing, touches no memory of ours and cannot fail.
    unsafe { libc::gettid() }.cast_unsigned()
}

impl SfuThreads {
    /// The threads as the kernel numbers them, one per shard: for `/proc/<pid>/task/<id>`, `top -H`.
    #[must_use]
    pub fn kernel_ids(&self) -> &[u32] {
        &self.kernel_ids
    }

    /// Waits until all threads have ended.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a media thread ended by a panic");
            }
        }
    }
}
