//! A UDP socket of the relay: batches in, runs of equal datagrams out in one call.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::StartError;
use crate::client::{Client, Transport};
use crate::outbox::{Outbox, To};

/// Room for one receive with coalesced datagrams.
const BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes of one send with segmentation; the length field of UDP is 16 bits.
const MAX_RUN_BYTES: usize = 60_000;

/// Binds a socket with large buffers.
pub(super) fn bind(address: SocketAddr, buffer_bytes: usize) -> Result<StdSocket, StartError> {
    let bound = || -> io::Result<StdSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(address))?;
        // The system may grant less.
        let _ = socket.set_recv_buffer_size(buffer_bytes);
        let _ = socket.set_send_buffer_size(buffer_bytes);
        Ok(socket.into())
    };
    bound().map_err(|source| StartError::Bind { port: address.port(), source })
}

/// See the module's head.
pub(super) struct UdpPort {
    io: UdpSocket,
    state: UdpSocketState,
    bound: SocketAddr,
    link: u64,
}

/// Memory of receiving. One per task.
pub(super) struct Buffers(Vec<u8>);

impl Default for Buffers {
    fn default() -> Self {
        Self(vec![0; BATCH_SIZE * BUFFER_BYTES])
    }
}

/// Memory of sending.
#[derive(Default)]
pub(super) struct Sending {
    /// Outputs of the batch that go out here: their group and their index in the outbox.
    pub order: Vec<(u32, usize)>,
    run: Vec<u8>,
}

impl UdpPort {
    /// Call on the relay's thread, inside its runtime. `link` is the number of this socket.
    pub(super) fn new(socket: StdSocket, link: u64) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let bound = socket.local_addr()?;
        tracing::info!(
            port = bound.port(),
            receive_buffer_bytes = state.recv_buffer_size((&socket).into()).unwrap_or(0),
            segments_per_send = state.max_gso_segments(),
            "relay port open"
        );
        Ok(Self { io: UdpSocket::from_std(socket)?, state, bound, link })
    }

    /// Waits until something may be there.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    /// Receives one batch and calls `f` for each datagram. Returns how many buffers were filled; 0
    /// when nothing waits.
    pub(super) fn receive(&self, buffers: &mut Buffers, mut f: impl FnMut(Client, &[u8])) -> usize {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let received = {
            let mut chunks = buffers.0.chunks_exact_mut(BUFFER_BYTES);
            let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
                std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            let receive = || self.state.recv((&self.io).into(), &mut slices, &mut metas);
            // ICMP errors of earlier sends come up here too; they concern one datagram.
            self.io.try_io(Interest::READABLE, receive).unwrap_or(0)
        };
        for (meta, buffer) in metas[..received].iter().zip(buffers.0.chunks_exact(BUFFER_BYTES)) {
            let client = Client {
                transport: Transport::Udp,
                remote: SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port()),
                local: meta.dst_ip.unwrap_or(self.bound.ip()).to_canonical(),
                link: self.link,
            };
            for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                f(client, datagram);
            }
        }
        received
    }

    /// Sends the outputs in `sending.order`, all of them to clients of this socket. Those of one
    /// allocation keep their order; a run of equal sizes (the last may be shorter) leaves in one
    /// call. Returns how many the system did not take.
    pub(super) fn send(&self, outbox: &Outbox, sending: &mut Sending) -> u64 {
        let Sending { order, run } = sending;
        order.sort_unstable();
        let mut dropped = 0;
        let mut rest = &order[..];
        while !rest.is_empty() {
            let n = self.row(outbox, rest);
            let (row, tail) = rest.split_at(n);
            rest = tail;
            if n > 1 && self.send_row(outbox, row, run).is_ok() {
                continue;
            }
            // One, or a path without segmentation: one by one.
            for (_, index) in row {
                dropped += u64::from(self.send_one(outbox, *index).is_err());
            }
        }
        dropped
    }

    /// How many from the start can leave in one call.
    fn row(&self, outbox: &Outbox, order: &[(u32, usize)]) -> usize {
        let part = |i: &usize| match outbox.get(*i).map(|out| (out.to, out.bytes.len())) {
            Some((To::Client { client, .. }, length)) => Some((client, length)),
            _ => None,
        };
        let Some((client, size)) = order.first().and_then(|(_, i)| part(i)) else { return 1 };
        let most = self.state.max_gso_segments().min(MAX_RUN_BYTES / size.max(1)).max(1);
        let mut n = 1;
        for (_, index) in &order[1..] {
            match part(index) {
                Some((other, length)) if n < most && other == client && length <= size => {
                    n += 1;
                    if length < size {
                        break;
                    }
                }
                _ => break,
            }
        }
        n
    }

    fn send_row(
        &self,
        outbox: &Outbox,
        row: &[(u32, usize)],
        copy: &mut Vec<u8>,
    ) -> io::Result<()> {
        let indexes = || row.iter().map(|(_, index)| *index);
        let first = indexes().next().and_then(|i| outbox.get(i)).ok_or(io::ErrorKind::NotFound)?;
        let run = match outbox.run(indexes()) {
            Some(run) => run,
            None => {
                copy.clear();
                indexes().filter_map(|i| outbox.get(i)).for_each(|out| copy.extend(out.bytes));
                copy
            }
        };
        self.transmit(first.to, run, Some(first.bytes.len()))
    }

    fn send_one(&self, outbox: &Outbox, index: usize) -> io::Result<()> {
        let out = outbox.get(index).ok_or(io::ErrorKind::NotFound)?;
        self.transmit(out.to, out.bytes, None)
    }

    fn transmit(&self, to: To, contents: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let To::Client { client, .. } = to else { return Err(io::ErrorKind::NotFound.into()) };
        let transmit = Transmit {
            destination: SocketAddr::new(self.family(client.remote.ip()), client.remote.port()),
            ecn: None,
            contents,
            segment_size,
            // A socket of one address answers from it anyway.
            src_ip: self.bound.ip().is_unspecified().then(|| self.family(client.local)),
        };
        self.state.try_send((&self.io).into(), &transmit)
    }

    /// An address as the socket's family wants it.
    fn family(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.bound.is_ipv6() => IpAddr::V6(v4.to_ipv6_mapped()),
            other => other,
        }
    }
}
