//! A relay with its sockets, on a thread of its own.
//!
//! One OS thread named [`THREAD_NAME`] owns the [`Relay`] and everything that carries data: the UDP
//! sockets and the streams. So no datagram takes a lock or changes threads. Accepting and TLS
//! handshakes, which strangers can ask for, run on the caller's tokio runtime.
//!
//! Nothing queues for long: a UDP socket that is full and a stream whose reader is slow lose
//! datagrams.

mod accept;
mod core;
mod movable;
mod outside;
mod stream;
mod udp;

#[cfg(test)]
mod io_tests;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use visit::VisitId;

use crate::client::Transport;
use crate::config::{ConfigError, Mode, RelayConfig};
use crate::relay::{PeerListFull, Relay, RelayEvent, Scope, Sizes};
use crate::stats::Stats;
use accept::Gate;
pub use accept::tune;
use core::{Command, Core, Sockets};
pub use movable::Movable;
use stream::NewStream;

/// Name of the relay's thread, for whoever measures it.
pub const THREAD_NAME: &str = "relay";

/// Most ports that open mode binds. Each is a socket, bound from the start.
pub const MAX_OPEN_PORTS: usize = 4_096;

/// Batches of the forwarding unit that may wait.
const UNIT_QUEUE: usize = 256;

/// Where a relay listens, and what it may use.
#[derive(Clone)]
#[non_exhaustive]
pub struct ListenConfig {
    /// UDP addresses. `[::]` takes IPv4 too.
    pub udp: Vec<SocketAddr>,
    /// TCP addresses.
    pub tcp: Vec<SocketAddr>,
    /// TCP addresses with TLS; they need `tls_config`.
    pub tls: Vec<SocketAddr>,
    /// Certificates for TLS. Its resolver may change them at any time.
    pub tls_config: Option<Arc<rustls::ServerConfig>>,
    /// Where open mode binds the ports of relayed addresses, one address per family. Behind a NAT it
    /// is not the public one.
    pub open_bind: Vec<IpAddr>,
    /// Streams at the same time, 1 to 100,000.
    pub streams: usize,
    /// Streams of one client address (IPv6: of one /64) at the same time, 1 to 100,000.
    pub streams_per_address: usize,
    /// Buffer asked of the system for each UDP socket and direction, in bytes. It may give less
    /// (`net.core.rmem_max`); a short buffer loses bursts.
    pub socket_buffer_bytes: usize,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            udp: Vec::new(),
            tcp: Vec::new(),
            tls: Vec::new(),
            tls_config: None,
            open_bind: Vec::new(),
            streams: 2_048,
            streams_per_address: 512,
            socket_buffer_bytes: 4 * 1024 * 1024,
        }
    }
}

/// The forwarding unit as the relay sees it. Called on the relay's thread: it must return at once.
pub trait Unit: Send {
    /// A datagram of a client: `from` is its relayed address, `to` one of the unit's.
    fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]);
    /// That was all for now.
    fn flush(&mut self);
}

/// A datagram of the forwarding unit to a client.
pub struct UnitDatagram {
    /// The client's relayed address.
    pub relayed: SocketAddr,
    /// The unit's address that it comes from.
    pub from: SocketAddr,
    /// What.
    pub contents: Vec<u8>,
}

/// The relay could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// TLS addresses without certificates.
    #[error("the relay listens with TLS but has no certificate; set one, or listen without TLS")]
    NoCertificate,
    /// More ports than open mode can bind, or no address to bind them at.
    #[error("an open relay needs an address to bind and at most {MAX_OPEN_PORTS} ports")]
    OpenPorts,
    /// A port could not be bound.
    #[error("could not bind port {port} of the relay: {source}")]
    Bind {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// There is no tokio runtime, or the thread could not be made.
    #[error("could not start the relay's thread: {0}")]
    Thread(#[source] io::Error),
}

impl StartError {
    /// Stable name for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::NoCertificate => "relay_certificate",
            Self::OpenPorts => "relay_open_ports",
            Self::Bind { .. } => "relay_bind",
            Self::Thread(_) => "relay_thread",
        }
    }
}

/// A stream was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamRefused {
    /// There are as many streams as may be, in all or of that address.
    #[error("the relay has too many connections; try again later")]
    TooMany,
    /// The relay has ended.
    #[error("the relay has ended")]
    Ended,
}

/// What a running relay says about itself.
#[derive(Clone, Debug)]
pub struct Report {
    /// Counters of the relay.
    pub stats: Stats,
    /// How much it holds.
    pub sizes: Sizes,
    /// Streams, now.
    pub streams: usize,
    /// Datagrams that a UDP socket did not take.
    pub udp_dropped: u64,
    /// Datagrams dropped because the reader of a stream was slow.
    pub stream_dropped: u64,
    /// CPU time of the relay's thread so far. None where the system does not tell.
    pub cpu_time: Option<Duration>,
}

/// Addresses that were bound: ports that were 0 are known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// UDP.
    pub udp: Vec<SocketAddr>,
    /// TCP.
    pub tcp: Vec<SocketAddr>,
    /// TCP with TLS.
    pub tls: Vec<SocketAddr>,
}

/// The handle of a running relay. Cheap to clone; never blocks.
#[derive(Clone)]
pub struct RelayHandle {
    commands: mpsc::UnboundedSender<Command>,
    from_unit: mpsc::Sender<Vec<UnitDatagram>>,
    gate: Arc<Gate>,
    bound: Arc<Bound>,
}

/// The thread of a relay. It ends after [`RelayHandle::shutdown`].
pub struct RelayThread {
    thread: JoinHandle<()>,
}

/// Binds everything and starts the thread. Call inside a tokio runtime, which accepts streams from
/// then on. `seed` is random and secret. What opens and closes goes to `events`.
///
/// # Errors
/// [`StartError`]; nothing is left running.
pub fn start(
    relay: RelayConfig,
    listen: &ListenConfig,
    seed: [u8; 32],
    unit: Box<dyn Unit>,
    events: mpsc::UnboundedSender<RelayEvent>,
) -> Result<(RelayHandle, RelayThread), StartError> {
    if !listen.tls.is_empty() && listen.tls_config.is_none() {
        return Err(StartError::NoCertificate);
    }
    let runtime = tokio::runtime::Handle::try_current()
        .map_err(|_| StartError::Thread(io::Error::other("no tokio runtime")))?;
    let outside = match relay.mode {
        Mode::Closed => Vec::new(),
        Mode::Open(_) => outside::bind(&relay, listen)?,
    };
    let relay = Relay::new(relay, seed, std::time::Instant::now(), core::unix_s())?;
    let udp = listen
        .udp
        .iter()
        .map(|address| udp::bind(*address, listen.socket_buffer_bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let tcp = accept::bind_all(&listen.tcp)?;
    let tls = accept::bind_all(&listen.tls)?;
    let local = |address: io::Result<SocketAddr>| address.map_err(StartError::Thread);
    let bound = Bound {
        udp: udp.iter().map(|s| local(s.local_addr())).collect::<Result<_, _>>()?,
        tcp: tcp.iter().map(|s| local(s.local_addr())).collect::<Result<_, _>>()?,
        tls: tls.iter().map(|s| local(s.local_addr())).collect::<Result<_, _>>()?,
    };

    let (commands, queue) = mpsc::unbounded_channel();
    let (from_unit, unit_queue) = mpsc::channel(UNIT_QUEUE);
    let gate = Arc::new(Gate::new(listen.streams, listen.streams_per_address));
    let handle = RelayHandle { commands, from_unit, gate, bound: Arc::new(bound) };
    let sockets = Sockets { udp, outside };
    let thread = std::thread::Builder::new()
        .name(THREAD_NAME.to_owned())
        .spawn(move || Core::run(relay, sockets, unit, events, queue, unit_queue))
        .map_err(StartError::Thread)?;
    for listener in tcp {
        accept::serve(&runtime, &handle, listener, None)?;
    }
    for listener in tls {
        accept::serve(&runtime, &handle, listener, listen.tls_config.clone())?;
    }
    Ok((handle, RelayThread { thread }))
}

impl RelayHandle {
    /// Takes over a stream that speaks TURN. A server that shares its port with HTTP asks
    /// [`crate::frame::begins_turn`] about the first byte after its TLS handshake; what it read must
    /// come out of `stream` again. It calls [`tune`] on the TCP socket before. A socket that another
    /// runtime watches works, but each read crosses threads: put it into a [`Movable`] and tell that
    /// to leave.
    ///
    /// # Errors
    /// [`StreamRefused`]; the stream is closed.
    pub fn accept_stream<S>(
        &self,
        stream: S,
        peer_addr: SocketAddr,
        local_addr: SocketAddr,
        transport: Transport,
    ) -> Result<(), StreamRefused>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let remote = SocketAddr::new(peer_addr.ip().to_canonical(), peer_addr.port());
        let pass = self.gate.enter(remote.ip()).ok_or(StreamRefused::TooMany)?;
        let (stream, local) = (Box::new(stream), local_addr.ip().to_canonical());
        self.command(Command::Stream(NewStream { stream, remote, local, transport, pass }))
            .map_err(|Ended| StreamRefused::Ended)
    }

    /// Gives datagrams of the forwarding unit to clients. They are dropped when the relay cannot keep
    /// up; `false` says so.
    pub fn from_unit(&self, datagrams: Vec<UnitDatagram>) -> bool {
        self.from_unit.try_send(datagrams).is_ok()
    }

    /// See [`Relay::revoke`].
    pub fn revoke(&self, scope: Scope) {
        self.tell(Command::Revoke(scope));
    }

    /// See [`Relay::reinstate`].
    pub fn reinstate(&self, scope: Scope) {
        self.tell(Command::Reinstate(scope));
    }

    /// See [`Relay::set_unit`].
    pub fn set_unit(&self, unit: Vec<SocketAddr>) {
        self.tell(Command::SetUnit(unit));
    }

    /// See [`Relay::allow_peer`]. A relay that has ended allows nothing, and nobody asks it.
    ///
    /// # Errors
    /// [`PeerListFull`].
    pub async fn allow_peer(&self, visit: VisitId, ip: IpAddr) -> Result<(), PeerListFull> {
        let (reply, outcome) = oneshot::channel();
        self.tell(Command::AllowPeer { visit, ip, reply });
        outcome.await.unwrap_or(Ok(()))
    }

    /// How it goes. None when the relay has ended.
    pub async fn report(&self) -> Option<Report> {
        let (reply, report) = oneshot::channel();
        self.tell(Command::Report(reply));
        report.await.ok()
    }

    /// Where it listens.
    #[must_use]
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// Ends every allocation, every stream and the thread.
    pub fn shutdown(&self) {
        self.tell(Command::Shutdown);
    }

    /// A relay that has ended holds nothing that a command could change.
    fn tell(&self, command: Command) {
        let _ = self.command(command);
    }

    fn command(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).map_err(|_| Ended)
    }
}

/// The thread of the relay has ended.
struct Ended;

impl RelayThread {
    /// Waits until the thread has ended.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the relay's thread ended by a panic");
        }
    }
}
