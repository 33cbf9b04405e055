//! One UDP socket that plays many people.
//!
//! The whole of 127.0.0.0/8 is this machine. Each person has an address in it, and all share one
//! port: the kernel says which address a datagram was for, and sends from the one that is named. To
//! a server they are as many clients as they have addresses, but one system call serves them all.
//! Datagrams for other addresses are dropped unread. Where the network for measurements,
//! 198.18.0.0/15 (RFC 2544 §C.2.2), is this machine too, addresses are taken from it: some servers do
//! not talk to loopback addresses.
//!
//! Receives take up to 32 trains of joined datagrams (UDP_GRO) in one call; sends join datagrams of
//! equal size to one destination (UDP_SEGMENT).

use std::collections::HashSet;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::PersonId;
use crate::BenchError;
use crate::client::Outgoing;
use crate::driver::unix_ns;

/// Room for one train of joined datagrams.
const BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes of one joined send; the length field of UDP is 16 bits.
const MAX_JOINED_BYTES: usize = 60_000;
/// Asked of the system for each direction: several hundredths of a second of the heaviest load.
const SOCKET_BUFFER_BYTES: usize = 32 * 1024 * 1024;

/// Where the addresses of the people of one load are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    most: u32,
}

impl Range {
    /// 127.1.0.0 to 127.127.255.255.
    const LOOPBACK: Self = Self { first: u32::from_be_bytes([127, 1, 0, 0]), most: 0x7f_0000 };
    /// 198.18.1.0 to 198.19.254.255: the rest is for servers.
    pub const MEASURING: Self = Self { first: u32::from_be_bytes([198, 18, 1, 0]), most: 0x1_fe00 };

    /// The network for measurements where it is this machine, else loopback.
    pub fn of_this_machine() -> Self {
        let last = Self::MEASURING.first + Self::MEASURING.most - 1;
        match UdpSocket::bind((Ipv4Addr::from_bits(last), 0)) {
            Ok(_) => Self::MEASURING,
            Err(_) => Self::LOOPBACK,
        }
    }

    /// The address of a person.
    pub fn address(self, person: PersonId, port: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::from_bits(self.first + person.0 % self.most), port))
    }

    /// Who has this address.
    fn person(self, ip: IpAddr) -> Option<PersonId> {
        let IpAddr::V4(ip) = ip else { return None };
        let number = ip.to_bits().checked_sub(self.first)?;
        (number < self.most).then_some(PersonId(number))
    }
}

/// A datagram that arrived.
pub(super) struct Arrived<'a> {
    pub to: PersonId,
    pub from: SocketAddr,
    /// When the kernel got it, ns since the Unix epoch.
    pub unix_ns: Option<u64>,
    pub bytes: &'a [u8],
}

/// See the module's head.
pub(super) struct CrowdSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    range: Range,
    port: u16,
    buffers: Vec<u8>,
    joined: Vec<u8>,
}

/// Ends a [`CrowdSocket::sleep`] from another thread, by a datagram to an address of nobody.
pub(super) struct Waker {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Waker {
    pub fn wake(&self) {
        // A socket that is full is awake.
        let _ = self.socket.send_to(&[], self.to);
    }
}

impl CrowdSocket {
    pub fn bind() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // The system may grant less; what that costs is counted as dropped.
        let _ = state.set_recv_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES);
        let _ = state.set_send_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES);
        let (range, port) = (Range::of_this_machine(), socket.local_addr()?.port());
        let buffers = vec![0; BATCH_SIZE * BUFFER_BYTES];
        Ok(Self {
            socket,
            state,
            range,
            port,
            buffers,
            joined: Vec::with_capacity(MAX_JOINED_BYTES),
        })
    }

    pub const fn range(&self) -> Range {
        self.range
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn waker(&self) -> io::Result<Waker> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Waker { socket, to: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)) })
    }

    /// Receives one batch and calls `f` for each datagram of a person. True when more may wait.
    pub fn receive(&mut self, mut f: impl FnMut(Arrived<'_>)) -> bool {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let received = {
            let mut chunks = self.buffers.chunks_exact_mut(BUFFER_BYTES);
            let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
                std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            // Errors of earlier sends come up here too; they concern one datagram.
            self.state.recv((&self.socket).into(), &mut slices, &mut metas).unwrap_or(0)
        };
        for (meta, buffer) in metas[..received].iter().zip(self.buffers.chunks_exact(BUFFER_BYTES))
        {
            let Some(to) = meta.dst_ip.and_then(|ip| self.range.person(ip)) else { continue };
            let unix_ns = meta.timestamp.map(|t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
            for bytes in buffer[..meta.len].chunks(meta.stride.max(1)) {
                f(Arrived { to, from: meta.addr, unix_ns, bytes });
            }
        }
        received == BATCH_SIZE
    }

    /// Sends datagrams of one person in order, as few calls as possible. `stamp` is told the time
    /// just before the call that sends a datagram, ns since the Unix epoch. Gives how many the
    /// system did not take.
    pub fn send(
        &mut self,
        from: PersonId,
        datagrams: &[Outgoing],
        mut stamp: impl FnMut(&Outgoing, u64),
    ) -> u64 {
        let src_ip = Some(self.range.address(from, self.port).ip());
        let mut refused = 0;
        let mut rest = datagrams;
        while let Some(first) = rest.first() {
            let (row, tail) = rest.split_at(self.row(rest));
            rest = tail;
            let contents = if row.len() > 1 {
                self.joined.clear();
                row.iter().for_each(|d| self.joined.extend_from_slice(&d.contents));
                &self.joined
            } else {
                &first.contents
            };
            let transmit = Transmit {
                destination: first.destination,
                ecn: None,
                contents,
                segment_size: (row.len() > 1).then_some(first.contents.len()),
                src_ip,
            };
            let now = unix_ns();
            row.iter().for_each(|d| stamp(d, now));
            if self.state.try_send((&self.socket).into(), &transmit).is_err() {
                refused += row.len() as u64;
            }
        }
        refused
    }

    /// How many datagrams from the start can go out in one call: one destination, equal sizes, the
    /// last one may be shorter.
    fn row(&self, datagrams: &[Outgoing]) -> usize {
        let first = &datagrams[0];
        let size = first.contents.len().max(1);
        let most = self.state.max_gso_segments().min(MAX_JOINED_BYTES / size).max(1);
        let mut n = 1;
        for d in datagrams[1..].iter().take(most - 1) {
            if d.destination != first.destination || d.contents.len() > size {
                break;
            }
            n += 1;
            if d.contents.len() < size {
                break;
            }
        }
        n
    }

    /// Sleeps until a datagram is there or `timeout` passed (none: no limit).
    pub fn sleep(&self, timeout: Option<Duration>) {
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        let limit = timeout.and_then(|t| Timespec::try_from(t).ok());
        // A signal only wakes early.
        let _ = poll(&mut fds, limit.as_ref());
    }
}

/// Datagrams that the UDP sockets of this machine with these IPv4 ports had no room for, as the
/// kernel counts them.
pub(super) fn drops(ports: &HashSet<u16>) -> Result<u64, BenchError> {
    Ok(parse_drops(&std::fs::read_to_string("/proc/net/udp")?, ports))
}

/// The table has one line per socket: the second column ends in the port in hexadecimal, the last
/// one is the number of drops.
fn parse_drops(table: &str, ports: &HashSet<u16>) -> u64 {
    let drops = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let port = columns.nth(1)?.split_once(':')?.1;
        let ours = ports.contains(&u16::from_str_radix(port, 16).ok()?);
        let drops: u64 = columns.next_back()?.parse().ok()?;
        ours.then_some(drops)
    };
    table.lines().filter_map(drops).sum()
}

/// How long until `at`; zero when it passed.
pub(super) fn until(at: Instant) -> Duration {
    at.saturating_duration_since(Instant::now())
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
