//! Runs a [`Client`] on a UDP socket with tokio.
//!
//! Owns the socket and the waiting. It decides nothing: what the client wants is sent, what arrives
//! is handed in, and an [`Observer`] hears about both.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Instant, SystemTime};

use protocol::TrackLine;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::client::{Client, ClientError, ClientEvent, ReceiveCounters};

/// Buffers of one receive call, and the bytes of each: room for a train of joined datagrams.
const BATCH: usize = 4;
const BUFFER_BYTES: usize = 65_536;
/// Asked of the system for each direction. It may give less.
const SOCKET_BUFFER_BYTES: usize = 1024 * 1024;
/// A client that wants to be called again at once gets the socket served in between.
const MAX_TURNS: usize = 64;

/// What a client is told while it runs.
pub enum DriverCommand {
    /// An offer of the server. The answer comes through [`Observer::on_answer`].
    Offer {
        /// Its number.
        generation: u32,
        /// The SDP.
        sdp: String,
        /// What its lines carry.
        tracks: Vec<TrackLine>,
    },
    /// What was received so far, one entry per remote track.
    Count(oneshot::Sender<Vec<ReceiveCounters>>),
    /// Say goodbye and end.
    Stop,
}

/// Hears what a running client does. Every method is called on the client's task and must be quick.
pub trait Observer {
    /// An offer was answered, or could not be.
    fn on_answer(&mut self, generation: u32, answer: Result<String, ClientError>);
    /// Something happened at `now`. For a packet, `received_unix_ns` is when the kernel got it.
    fn on_event(&mut self, now: Instant, received_unix_ns: Option<u64>, event: ClientEvent);
    /// A packet with an id is about to be given to the kernel.
    fn on_send(&mut self, _id: u64, _unix_ns: u64) {}
}

/// A bound UDP socket.
pub struct MediaSocket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl MediaSocket {
    /// Binds a free port of `ip`. Call inside a tokio runtime.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(ip: IpAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // Smaller buffers than asked for only cost packets under load.
        let _ = state.set_recv_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES);
        let _ = state.set_send_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES);
        let local = socket.local_addr()?;
        Ok(Self { io: UdpSocket::from_std(socket)?, state, local })
    }

    /// The address it is bound to.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits for datagrams and takes as many as one call gives.
    async fn recv(&self, buffers: &mut [Vec<u8>], metas: &mut [RecvMeta]) -> io::Result<usize> {
        loop {
            self.io.readable().await?;
            let taken = self.io.try_io(Interest::READABLE, || {
                let mut slices: [IoSliceMut<'_>; BATCH] = {
                    let mut all = buffers.iter_mut();
                    std::array::from_fn(|_| {
                        IoSliceMut::new(all.next().map_or(&mut [][..], |b| &mut b[..]))
                    })
                };
                self.state.recv((&self.io).into(), &mut slices, metas)
            });
            match taken {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // A refused port of the other side shows up here (RFC 1122 §4.1.3.3); the next
                // datagram may be fine.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {}
                other => return other,
            }
        }
    }

    fn send(&self, destination: SocketAddr, contents: &[u8]) {
        let transmit =
            Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None };
        // A full buffer or a missing route loses the datagram, as a network would.
        let _ = self
            .io
            .try_io(Interest::WRITABLE, || self.state.try_send((&self.io).into(), &transmit));
    }
}

/// Nanoseconds since the Unix epoch; what the kernel stamps datagrams with.
pub(crate) fn unix_ns() -> u64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// Runs a client until [`DriverCommand::Stop`], the end of `commands`, or the server's goodbye.
/// Gives back what was received.
///
/// # Errors
/// What the system says about the socket.
pub async fn drive<O: Observer>(
    mut client: Client,
    socket: MediaSocket,
    mut commands: mpsc::UnboundedReceiver<DriverCommand>,
    observer: &mut O,
) -> io::Result<Client> {
    let mut buffers = vec![vec![0; BUFFER_BYTES]; BATCH];
    let mut metas = [RecvMeta::default(); BATCH];
    let sleep = tokio::time::sleep_until(client.poll_timeout().into());
    tokio::pin!(sleep);
    loop {
        for _ in 0..MAX_TURNS {
            let now = Instant::now();
            if client.poll_timeout() > now {
                break;
            }
            client.handle_timeout(now);
            if flush(&mut client, &socket, observer, None) {
                return Ok(client);
            }
        }
        sleep.as_mut().reset(client.poll_timeout().into());
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(DriverCommand::Offer { generation, sdp, tracks }) => {
                    let answer = client.answer(Instant::now(), &sdp, &tracks);
                    observer.on_answer(generation, answer);
                }
                Some(DriverCommand::Count(reply)) => {
                    // Who asked may have gone meanwhile.
                    let _ = reply.send(client.received().iter().map(|t| t.counters).collect());
                }
                Some(DriverCommand::Stop) | None => {
                    client.close(Instant::now());
                    flush(&mut client, &socket, observer, None);
                    return Ok(client);
                }
            },
            received = socket.recv(&mut buffers, &mut metas) => {
                let received = received?;
                for (meta, buffer) in metas.iter().zip(&buffers).take(received) {
                    let at = meta.timestamp.map(|t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
                    for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                        client.handle_datagram(Instant::now(), meta.addr, datagram);
                        if flush(&mut client, &socket, observer, at) {
                            return Ok(client);
                        }
                    }
                }
            }
            () = &mut sleep => {}
        }
        if flush(&mut client, &socket, observer, None) {
            return Ok(client);
        }
    }
}

/// Sends and reports everything that the client has. True when the server closed the transport.
fn flush<O: Observer>(
    client: &mut Client,
    socket: &MediaSocket,
    observer: &mut O,
    received_unix_ns: Option<u64>,
) -> bool {
    while let Some(out) = client.poll_transmit() {
        if let Some(id) = out.id {
            observer.on_send(id, unix_ns());
        }
        socket.send(out.destination, &out.contents);
    }
    let mut closed = false;
    while let Some(event) = client.poll_event() {
        closed |= matches!(event, ClientEvent::Closed);
        observer.on_event(Instant::now(), received_unix_ns, event);
    }
    closed
}
