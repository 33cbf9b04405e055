//! A shard's TCP side: connections that clients opened because their network lets no UDP out
//! (ICE-TCP, RFC 6544), with RFC 4571 framing: a 16-bit length before each datagram.
//!
//! A connection is kept only while it brings frames of a known client. What a slow connection does not
//! take is dropped as a whole datagram, never delayed: late media is worth less than none.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::handover::Neighbours;
use crate::config::SfuConfig;
use crate::shard::{Datagram, Shard};

/// Connections of one shard. More are not accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections from one address, so that one network cannot take all places. A clinic behind one
/// address fits.
const MAX_PER_ADDRESS: usize = 64;
/// A new connection has to bring a valid check within this time.
const PROVE_WITHIN: Duration = Duration::from_secs(10);
/// A connection without a valid frame for this long is closed; clients check consent every few
/// seconds (RFC 7675).
const IDLE: Duration = Duration::from_secs(60);
/// Bytes that may wait for a slow connection: about 0.2 s of a full call.
const MAX_WAITING_BYTES: usize = 64 * 1024;
/// Bytes read from one connection per round, so that one does not starve the rest.
const READ_BYTES: usize = 64 * 1024;
/// A shard that never sleeps looks this often for new connections; each look is a system call. One that
/// sleeps is woken by them.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(10);
/// New connections per round.
const ACCEPTS_PER_ROUND: usize = 16;

/// See the module's head.
pub(super) struct TcpWire {
    /// Where shards share a port, only the first listens and hands on what is not its own.
    listener: Option<TcpListener>,
    /// When it is looked at next; `None` is at once.
    next_accept: Option<Instant>,
    port: u16,
    connections: HashMap<SocketAddr, Connection>,
    buffer: Vec<u8>,
}

/// A connection that goes to the shard where its client lives.
pub(super) struct Moving {
    source: SocketAddr,
    connection: Connection,
    /// Frames that came already.
    frames: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Our address as the client reached it.
    local: SocketAddr,
    /// The start of a frame that is not complete.
    partial: Vec<u8>,
    /// Framed bytes that the system did not take yet.
    waiting: Vec<u8>,
    /// A valid frame has to come before this.
    deadline: Instant,
}

impl TcpWire {
    /// Listens on `port`.
    pub(super) fn bind(config: &SfuConfig, port: u16) -> io::Result<Self> {
        let v6 = config.bind.is_ipv6();
        let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if v6 {
            socket.set_only_v6(!config.bind.is_unspecified())?;
        }
        // A restart must not wait for connections of the last run to time out.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(SocketAddr::new(config.bind, port)))?;
        socket.listen(128)?;
        Ok(Self { listener: Some(socket.into()), ..Self::without_listener(port) })
    }

    /// For connections that another shard accepts on `port`.
    pub(super) fn without_listener(port: u16) -> Self {
        Self {
            listener: None,
            next_accept: None,
            port,
            connections: HashMap::new(),
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Everything whose readability means work.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let connections = self.connections.values().map(|c| c.stream.as_fd());
        self.listener.iter().map(AsFd::as_fd).chain(connections)
    }

    /// When the next connection runs out of time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.connections.values().map(|c| c.deadline).min()
    }

    /// Somebody waits to be accepted, perhaps.
    pub(super) fn look_soon(&mut self) {
        self.next_accept = None;
    }

    /// Accepts, reads, and hands frames to the shard. Whether more may be waiting.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        shard: &mut Shard,
        public: &[IpAddr],
        neighbours: Option<&Neighbours>,
    ) -> bool {
        let accepts = self.next_accept.is_none_or(|at| at <= now);
        let mut more = accepts && self.accept(now, public);
        if accepts {
            self.next_accept = (!more).then_some(now + ACCEPT_INTERVAL);
        }
        let buffer = &mut self.buffer;
        let mut leaving = Vec::new();
        self.connections.retain(|source, connection| {
            if connection.deadline <= now {
                return false;
            }
            let read = match connection.stream.read(buffer) {
                Ok(0) => return false,
                Ok(n) => n,
                Err(e) => {
                    return matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
                }
            };
            more |= read == buffer.len();
            let local = connection.local;
            let (mut known, mut frames, mut to) = (false, Vec::new(), None);
            deframe(&mut connection.partial, &buffer[..read], |frame| {
                to = to.or_else(|| neighbours?.owner_of_check(frame));
                match to {
                    Some(_) => put_frame(&mut frames, frame),
                    None => known |= shard.handle_frame(now, *source, local, frame),
                }
            });
            if known {
                connection.deadline = now + IDLE;
            }
            leaving.extend(to.map(|to| (to, *source, frames)));
            true
        });
        for (to, source, frames) in leaving {
            if let (Some(neighbours), Some(connection)) =
                (neighbours, self.connections.remove(&source))
            {
                neighbours.give(to, Moving { source, connection, frames });
            }
        }
        more
    }

    /// Takes a connection that another shard accepted. Without a place for it, it is closed.
    pub(super) fn take_over(&mut self, now: Instant, moving: Moving, shard: &mut Shard) {
        let Moving { source, mut connection, frames } = moving;
        if self.is_full(source) {
            return;
        }
        let (mut known, mut none) = (false, Vec::new());
        deframe(&mut none, &frames, |frame| {
            known |= shard.handle_frame(now, source, connection.local, frame);
        });
        connection.deadline = now + if known { IDLE } else { PROVE_WITHIN };
        self.connections.insert(source, connection);
    }

    fn is_full(&self, source: SocketAddr) -> bool {
        let same = self.connections.keys().filter(|a| a.ip() == source.ip()).count();
        self.connections.len() >= MAX_CONNECTIONS || same >= MAX_PER_ADDRESS
    }

    fn accept(&mut self, now: Instant, public: &[IpAddr]) -> bool {
        for _ in 0..ACCEPTS_PER_ROUND {
            let Some(listener) = &self.listener else { return false };
            let (stream, source) = match listener.accept() {
                Ok(accepted) => accepted,
                // Out of descriptors counts as nothing to do: the next round tries again.
                Err(e) => return e.kind() == ErrorKind::Interrupted,
            };
            let source = SocketAddr::new(source.ip().to_canonical(), source.port());
            let ready = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
            let Ok(local) = stream.local_addr() else { continue };
            if self.is_full(source) || ready.is_err() {
                continue;
            }
            let reached = super::socket::reached(public, Some(local.ip().to_canonical()));
            self.connections.insert(
                source,
                Connection {
                    stream,
                    local: SocketAddr::new(reached, self.port),
                    partial: Vec::new(),
                    waiting: Vec::new(),
                    deadline: now + PROVE_WITHIN,
                },
            );
        }
        true
    }

    /// Sends one datagram. False: it was dropped.
    pub(super) fn send(&mut self, datagram: &Datagram) -> bool {
        let Some(connection) = self.connections.get_mut(&datagram.destination) else {
            return false;
        };
        if u16::try_from(datagram.contents.len()).is_err() {
            return false;
        }
        connection.push();
        if connection.waiting.len() + datagram.contents.len() > MAX_WAITING_BYTES {
            return false;
        }
        put_frame(&mut connection.waiting, &datagram.contents);
        connection.push();
        true
    }

    /// Gives waiting bytes to connections that take them again.
    pub(super) fn push(&mut self) {
        self.connections.values_mut().for_each(Connection::push);
    }

    /// Whether bytes wait for a slow connection, so that the next round must not sleep for long.
    pub(super) fn is_waiting(&self) -> bool {
        self.connections.values().any(|c| !c.waiting.is_empty())
    }
}

impl Connection {
    fn push(&mut self) {
        while !self.waiting.is_empty() {
            match self.stream.write(&self.waiting) {
                Ok(0) => return,
                Ok(n) => drop(self.waiting.drain(..n)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    // Reading finds the end too and removes it.
                    self.waiting.clear();
                    return;
                }
            }
        }
    }
}

/// Adds a frame of at most 65,535 bytes.
pub(crate) fn put_frame(stream: &mut Vec<u8>, frame: &[u8]) {
    let length = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    stream.extend(length.to_be_bytes());
    stream.extend(&frame[..length.into()]);
}

/// Cuts a stream into frames. What is left of an incomplete frame stays in `partial`, which never
/// holds more than one frame.
pub(crate) fn deframe(partial: &mut Vec<u8>, mut input: &[u8], mut frame: impl FnMut(&[u8])) {
    while !partial.is_empty() {
        let wanted = match partial[..] {
            [hi, lo, ..] => 2 + usize::from(u16::from_be_bytes([hi, lo])),
            _ => 2,
        };
        let missing = wanted - partial.len();
        if missing == 0 {
            frame(&partial[2..]);
            partial.clear();
            break;
        }
        if input.is_empty() {
            return;
        }
        let (head, tail) = input.split_at(missing.min(input.len()));
        partial.extend_from_slice(head);
        input = tail;
    }
    while let [hi, lo, rest @ ..] = input {
        let length = usize::from(u16::from_be_bytes([*hi, *lo]));
        if rest.len() < length {
            break;
        }
        let (whole, tail) = rest.split_at(length);
        frame(whole);
        input = tail;
    }
    partial.extend_from_slice(input);
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
