//! A shard's UDP socket: receive batches, segmentation offload, and which of our addresses was
//! reached.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::config::SfuConfig;
use crate::shard::Datagram;

/// Trains of joined datagrams taken in one receive. Each is packets for all viewers of a room: with 32
/// in a burst the first waited for the last, and 99 of 100 packets took twice as long; with fewer than
/// eight more is spent on receiving.
pub(super) const BATCH: usize = 8;
/// Room for one receive with coalesced datagrams.
const BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes of one send with segmentation; the length field of UDP is 16 bits.
const MAX_GSO_BYTES: usize = 60_000;

/// See the module's head.
pub(super) struct ShardSocket {
    socket: Socket,
    state: UdpSocketState,
    port: u16,
    v6: bool,
    advertised: Vec<IpAddr>,
    /// Advertised addresses at which something arrived: they are this machine's own, so answers can
    /// be sent from them.
    local: Vec<IpAddr>,
    buffers: Vec<u8>,
    run: Vec<u8>,
}

/// What sending a row of datagrams came to.
#[derive(Default)]
pub(super) struct Sent {
    pub calls: u64,
    pub dropped: u64,
}

impl ShardSocket {
    pub(super) fn bind(config: &SfuConfig, port: u16) -> io::Result<Self> {
        let v6 = config.bind.is_ipv6();
        let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if v6 {
            socket.set_only_v6(!config.bind.is_unspecified())?;
        }
        // The kernel then spreads senders over the sockets of the shards.
        socket.set_reuse_port(config.single_port && config.shards > 1)?;
        socket.bind(&SockAddr::from(SocketAddr::new(config.bind, port)))?;
        let state = UdpSocketState::new((&socket).into())?;
        // The system may grant less (net.core.rmem_max); a short buffer drops bursts of keyframes.
        let _ = state.set_recv_buffer_size((&socket).into(), config.socket_buffer_bytes);
        let _ = state.set_send_buffer_size((&socket).into(), config.socket_buffer_bytes);
        let port = socket.local_addr()?.as_socket().map_or(port, |a| a.port());
        tracing::info!(
            port,
            receive_buffer_bytes = state.recv_buffer_size((&socket).into()).unwrap_or(0),
            send_buffer_bytes = state.send_buffer_size((&socket).into()).unwrap_or(0),
            segments_per_send = state.max_gso_segments(),
            "media port open"
        );
        Ok(Self {
            socket,
            state,
            port,
            v6,
            advertised: config.advertised.clone(),
            local: Vec::new(),
            buffers: vec![0; BATCH * BUFFER_BYTES],
            run: Vec::with_capacity(MAX_GSO_BYTES),
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Receives one batch and calls `f(source, destination, bytes)` for each datagram. Returns how
    /// many buffers were filled; 0 when nothing waits.
    pub(super) fn receive(&mut self, mut f: impl FnMut(SocketAddr, SocketAddr, &[u8])) -> usize {
        let mut metas = [RecvMeta::default(); BATCH];
        let received = {
            let mut chunks = self.buffers.chunks_exact_mut(BUFFER_BYTES);
            let mut slices: [IoSliceMut<'_>; BATCH] =
                std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            // ICMP errors of earlier sends come up here too; they concern one datagram.
            self.state.recv((&self.socket).into(), &mut slices, &mut metas).unwrap_or(0)
        };
        for (meta, buffer) in metas[..received].iter().zip(self.buffers.chunks_exact(BUFFER_BYTES))
        {
            let source = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let reached = reached(&self.advertised, meta.dst_ip.map(|ip| ip.to_canonical()));
            if meta.dst_ip.map(|ip| ip.to_canonical()) == Some(reached)
                && !self.local.contains(&reached)
            {
                self.local.push(reached);
            }
            let destination = SocketAddr::new(reached, self.port);
            for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                f(source, destination, datagram);
            }
        }
        received
    }

    /// Sends datagrams in order. A row to one destination of equal sizes (the last may be shorter)
    /// goes out in one call.
    pub(super) fn send(&mut self, datagrams: &[Datagram]) -> Sent {
        let mut sent = Sent::default();
        let mut rest = datagrams;
        while let Some(first) = rest.first() {
            let n = self.row(rest);
            let (row, tail) = rest.split_at(n);
            rest = tail;
            sent.calls += 1;
            if n > 1 {
                self.run.clear();
                row.iter().for_each(|d| self.run.extend_from_slice(&d.contents));
                if self.send_one(first, &self.run, Some(first.contents.len())).is_ok() {
                    continue;
                }
                // No segmentation on this path: one by one, as without it.
            }
            for d in row {
                sent.calls += u64::from(n > 1);
                sent.dropped += u64::from(self.send_one(d, &d.contents, None).is_err());
            }
        }
        sent
    }

    /// How many datagrams from the start can go out in one call.
    fn row(&self, datagrams: &[Datagram]) -> usize {
        let first = &datagrams[0];
        let size = first.contents.len().max(1);
        let most = self.state.max_gso_segments().min(MAX_GSO_BYTES / size).max(1);
        let mut n = 1;
        for d in &datagrams[1..] {
            let same = d.destination == first.destination && d.source == first.source;
            if n == most || !same || d.contents.len() > size {
                break;
            }
            n += 1;
            if d.contents.len() < size {
                break;
            }
        }
        n
    }

    fn send_one(&self, to: &Datagram, contents: &[u8], segment: Option<usize>) -> io::Result<()> {
        // Answer from the address that was reached. Where it is a NAT's, the system chooses.
        let source = to.source.ip();
        let src_ip = self.local.contains(&source).then(|| self.family(source));
        let ip = self.family(to.destination.ip());
        self.state.try_send(
            (&self.socket).into(),
            &Transmit {
                destination: SocketAddr::new(ip, to.destination.port()),
                ecn: None,
                contents,
                segment_size: segment,
                src_ip,
            },
        )
    }

    /// An address as the socket's family wants it.
    fn family(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.v6 => IpAddr::V6(v4.to_ipv6_mapped()),
            other => other,
        }
    }
}

/// The advertised address that a datagram was meant for. Behind a NAT it arrives at another one;
/// then it is the first of the same family.
pub(super) fn reached(advertised: &[IpAddr], local: Option<IpAddr>) -> IpAddr {
    let family = |ip: &&IpAddr| local.is_none_or(|l| l.is_ipv4() == ip.is_ipv4());
    local
        .filter(|ip| advertised.contains(ip))
        .or_else(|| advertised.iter().find(family).copied())
        .unwrap_or(advertised[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_natted_address_counts_as_the_advertised_one_of_its_family() {
        let public: IpAddr = [203, 0, 113, 9].into();
        let v6: IpAddr = "2001:db8::1".parse().expect("a constant");
        let all = [v6, public];
        assert_eq!(reached(&all, Some(public)), public);
        assert_eq!(reached(&all, Some([10, 0, 0, 5].into())), public);
        assert_eq!(reached(&all, Some("fd00::5".parse().expect("a constant"))), v6);
        assert_eq!(reached(&all, None), v6);
    }
}
