//! Packets that the network itself sends: ICMP errors and TCP resets.
//!
//! Owns their layout. It never decides when one is sent.

use std::net::Ipv4Addr;

use crate::checksum;
use crate::packet::{Body, ICMP_ERROR_BYTES, IP_ICMP, IP_TCP, Packet};

/// The address that errors of the network come from: the dummy address of RFC 7600, section 8.
pub(crate) const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);

/// Why a packet was not carried on, in the words of ICMP (RFC 792, RFC 1812 section 5.2.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// Type 3 code 4, with the largest size that fits, bytes (RFC 1191).
    TooBig { mtu_bytes: u16 },
    /// Type 3 code 13: a firewall does not want it.
    Prohibited,
}

/// The ICMP error about `bytes`, addressed to its sender. `None` if no error may be sent about it:
/// never about an error, nor a fragment (RFC 1122, section 3.2.2).
pub(crate) fn error(bytes: &[u8], packet: &Packet, trouble: Trouble) -> Option<Vec<u8>> {
    if matches!(packet.body, Body::Error(_) | Body::Fragment) {
        return None;
    }
    let (code, mtu_bytes) = match trouble {
        Trouble::TooBig { mtu_bytes } => (4, mtu_bytes),
        Trouble::Prohibited => (13, 0),
    };
    let quoted = bytes.get(..packet.total_bytes.min(MAX_QUOTE_BYTES))?;
    let mut icmp = vec![3, code, 0, 0, 0, 0];
    icmp.extend_from_slice(&mtu_bytes.to_be_bytes());
    debug_assert_eq!(icmp.len(), ICMP_ERROR_BYTES);
    icmp.extend_from_slice(quoted);
    let sum = checksum::of(&[&icmp]);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    Some(ipv4(IP_ICMP, ROUTER, packet.source, &icmp))
}

/// The reset that refuses a TCP segment, in the name of its receiver (RFC 9293, section 3.10.7.1).
/// `None` for what is no TCP, and for a reset.
pub(crate) fn reset(bytes: &[u8], packet: &Packet) -> Option<Vec<u8>> {
    let Body::Tcp { source, destination, flags } = packet.body else { return None };
    if flags.rst() {
        return None;
    }
    let segment = bytes.get(packet.header_bytes..packet.total_bytes)?;
    let number =
        |at: usize| segment.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let data_offset = usize::from(segment.get(12)? >> 4) * 4;
    let (sequence, acknowledged, bits) = if flags.ack() {
        (number(8)?, 0, 0x04_u8)
    } else {
        let payload = segment.len().saturating_sub(data_offset) as u32;
        let length = payload + u32::from(flags.syn()) + u32::from(flags.fin());
        (0, number(4)?.wrapping_add(length), 0x14)
    };
    let mut tcp = Vec::with_capacity(20);
    tcp.extend_from_slice(&destination.to_be_bytes());
    tcp.extend_from_slice(&source.to_be_bytes());
    tcp.extend_from_slice(&sequence.to_be_bytes());
    tcp.extend_from_slice(&acknowledged.to_be_bytes());
    tcp.extend_from_slice(&[0x50, bits, 0, 0, 0, 0, 0, 0]);
    let sum = transport_sum(IP_TCP, packet.destination, packet.source, &tcp);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    Some(ipv4(IP_TCP, packet.destination, packet.source, &tcp))
}

/// An IPv4 packet around `body`.
pub(crate) fn ipv4(protocol: u8, source: Ipv4Addr, to: Ipv4Addr, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(20 + body.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
    packet.extend_from_slice(&source.octets());
    packet.extend_from_slice(&to.octets());
    let sum = checksum::of(&[&packet]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

/// The checksum of a UDP datagram or TCP segment with its pseudo-header.
pub(crate) fn transport_sum(protocol: u8, source: Ipv4Addr, to: Ipv4Addr, body: &[u8]) -> u16 {
    let length = (body.len() as u16).to_be_bytes();
    checksum::of(&[&source.octets(), &to.octets(), &[0, protocol], &length, body])
}

/// As much as fits into an error of 576 bytes (RFC 1812, section 4.3.2.3).
const MAX_QUOTE_BYTES: usize = 576 - 20 - ICMP_ERROR_BYTES;
