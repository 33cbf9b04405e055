//! Packets, and a network in virtual time, for the tests of this crate.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use crate::answer::{ipv4, transport_sum};
use crate::checksum;
use crate::packet::{Body, ICMP_ERROR_BYTES, IP_ICMP, IP_TCP, IP_UDP, Packet};
use crate::{Link, Nat, NatId, Network, PathId, Router};

/// A socket address from text.
pub(crate) fn addr(text: &str) -> SocketAddrV4 {
    text.parse().unwrap()
}

/// A UDP datagram.
pub(crate) fn udp(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&from.port().to_be_bytes());
    body.extend_from_slice(&to.port().to_be_bytes());
    body.extend_from_slice(&(8 + payload.len() as u16).to_be_bytes());
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(payload);
    let sum = match transport_sum(IP_UDP, *from.ip(), *to.ip(), &body) {
        0 => 0xffff,
        sum => sum,
    };
    body[6..8].copy_from_slice(&sum.to_be_bytes());
    ipv4(IP_UDP, *from.ip(), *to.ip(), &body)
}

/// A TCP segment with sequence number 1000.
pub(crate) fn tcp(from: SocketAddrV4, to: SocketAddrV4, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&from.port().to_be_bytes());
    body.extend_from_slice(&to.port().to_be_bytes());
    body.extend_from_slice(&1000_u32.to_be_bytes());
    body.extend_from_slice(&2000_u32.to_be_bytes());
    body.extend_from_slice(&[0x50, flags, 0x10, 0, 0, 0, 0, 0]);
    body.extend_from_slice(payload);
    let sum = transport_sum(IP_TCP, *from.ip(), *to.ip(), &body);
    body[16..18].copy_from_slice(&sum.to_be_bytes());
    ipv4(IP_TCP, *from.ip(), *to.ip(), &body)
}

/// An ICMP echo request or reply.
pub(crate) fn echo(
    from: Ipv4Addr,
    to: Ipv4Addr,
    identifier: u16,
    request: bool,
    payload: &[u8],
) -> Vec<u8> {
    let mut body = vec![if request { 8 } else { 0 }, 0, 0, 0];
    body.extend_from_slice(&identifier.to_be_bytes());
    body.extend_from_slice(&[0, 1]);
    body.extend_from_slice(payload);
    let sum = checksum::of(&[&body]);
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    ipv4(IP_ICMP, from, to, &body)
}

/// The payload of a UDP datagram, or what follows the first 20 bytes of a TCP segment.
pub(crate) fn payload(bytes: &[u8]) -> &[u8] {
    let packet = Packet::read(bytes).unwrap();
    let body = &bytes[packet.header_bytes..packet.total_bytes];
    match packet.body {
        Body::Tcp { .. } => &body[20..],
        _ => &body[8..],
    }
}

/// Whether every checksum in the packet is right, counted anew; also those of a quoted packet, as
/// far as it is quoted whole.
pub(crate) fn checksums_hold(bytes: &[u8], packet: &Packet) -> bool {
    let body = &bytes[packet.header_bytes..packet.total_bytes];
    let transport = match packet.body {
        Body::Udp { .. } => transport_sum(IP_UDP, packet.source, packet.destination, body) == 0,
        Body::Tcp { .. } => transport_sum(IP_TCP, packet.source, packet.destination, body) == 0,
        Body::Echo { .. } => checksum::of(&[body]) == 0,
        Body::Error(_) => {
            let quoted = &body[ICMP_ERROR_BYTES..];
            let header_holds = checksum::of(&[&quoted[..20]]) == 0;
            let inner_holds = match Packet::read(quoted) {
                Ok(inner) => checksums_hold(quoted, &inner),
                // Cut off: its transport checksum cannot be counted.
                Err(_) => true,
            };
            checksum::of(&[body]) == 0 && header_holds && inner_holds
        }
        Body::Fragment | Body::Other => true,
    };
    checksum::of(&[&bytes[..packet.header_bytes]]) == 0 && transport
}

/// A network in virtual time.
pub(crate) struct Net {
    pub router: Router,
    pub now: Instant,
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self { router: Router::new(seed), now: Instant::now() }
    }

    /// A host in the public network on a perfect link.
    pub(crate) fn public(&mut self, address: &str) -> PathId {
        let address = address.parse().unwrap();
        self.router.add_path(address, Network::Public, Link::perfect(), None).unwrap()
    }

    /// A host behind a NAT on a perfect link.
    pub(crate) fn behind(&mut self, nat: NatId, address: &str) -> PathId {
        let address = address.parse().unwrap();
        self.router.add_path(address, Network::Behind(nat), Link::perfect(), None).unwrap()
    }

    /// A NAT in the public network.
    pub(crate) fn nat(&mut self, nat: Nat, address: &str) -> NatId {
        self.router.add_nat(nat, Network::Public, address.parse().unwrap()).unwrap()
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Sends a packet and lets the network come to rest: what arrives where.
    pub(crate) fn send(&mut self, from: PathId, bytes: &[u8]) -> Vec<(PathId, Vec<u8>)> {
        self.router.handle_packet(self.now, from, bytes);
        self.rest()
    }

    /// Sends a UDP datagram: who got it, and from which address it seems to come.
    pub(crate) fn probe(
        &mut self,
        from: PathId,
        source: SocketAddrV4,
        to: SocketAddrV4,
    ) -> Option<(PathId, SocketAddrV4)> {
        let mut arrived = self.send(from, &udp(source, to, b"probe"));
        assert!(arrived.len() <= 1, "one packet became several");
        let (path, bytes) = arrived.pop()?;
        let packet = Packet::read(&bytes).unwrap();
        assert!(checksums_hold(&bytes, &packet));
        assert_eq!(payload(&bytes), b"probe");
        packet.flow(true).map(|(_, source, _)| (path, source))
    }

    /// Lets everything that is on the way arrive.
    pub(crate) fn rest(&mut self) -> Vec<(PathId, Vec<u8>)> {
        let mut arrived = Vec::new();
        loop {
            while let Some(output) = self.router.poll_output() {
                arrived.push(output);
            }
            let Some(at) = self.router.poll_timeout() else { return arrived };
            self.now = self.now.max(at);
            self.router.handle_timeout(self.now);
        }
    }
}
