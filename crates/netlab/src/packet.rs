//! IPv4 packets as the router sees them: reading and rewriting.
//!
//! Owns the layout of IPv4 (RFC 791), UDP (RFC 768), TCP (RFC 9293) and ICMP (RFC 792) headers, as far
//! as routing and translating need it. It never decides where a packet goes, and makes no packets
//! (see [`crate::answer`]).

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::checksum;

/// What a mapping, a flow or a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Protocol {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// ICMP echo. The identifier plays the part of the port; the far side has port 0 (RFC 5508).
    Echo,
}

/// One packet that was read and found well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Packet {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    /// Length of the IPv4 header, bytes.
    pub header_bytes: usize,
    /// Length of the packet by its header, bytes. What follows in the buffer is padding.
    pub total_bytes: usize,
    pub dont_fragment: bool,
    pub body: Body,
}

/// What a packet carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    Udp {
        source: u16,
        destination: u16,
    },
    Tcp {
        source: u16,
        destination: u16,
        flags: TcpFlags,
    },
    Echo {
        identifier: u16,
        request: bool,
    },
    /// An ICMP error with the start of the packet that caused it.
    Error(Quoted),
    /// A part of a larger packet.
    Fragment,
    /// Any other protocol.
    Other,
}

/// The packet that an ICMP error quotes. For an echo both ports are the identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quoted {
    pub protocol: Protocol,
    pub source: SocketAddrV4,
    pub destination: SocketAddrV4,
}

impl Quoted {
    /// The near and the far end of the flow that the error is about. `outbound` says that the error
    /// goes out, so that the quoted packet had come in. The far end of an echo has port 0.
    pub(crate) fn ends(&self, outbound: bool) -> (SocketAddrV4, SocketAddrV4) {
        let (near, mut far) = if outbound {
            (self.destination, self.source)
        } else {
            (self.source, self.destination)
        };
        if self.protocol == Protocol::Echo {
            far.set_port(0);
        }
        (near, far)
    }
}

/// The flags of a TCP segment (RFC 9293, section 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TcpFlags(u8);

/// Why bytes are not a packet that the router carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unreadable {
    /// Another version of IP, IPv6 for one.
    NotIpv4,
    /// Lengths or the header's checksum are wrong.
    Malformed,
}

/// Which side of a packet to rewrite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Source,
    Destination,
}

impl TcpFlags {
    const FIN: u8 = 0x01;
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;

    pub(crate) fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    pub(crate) fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    pub(crate) fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    pub(crate) fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }

    /// The first segment of a connection.
    pub(crate) fn opens(self) -> bool {
        self.syn() && !self.ack()
    }
}

impl Packet {
    /// Reads the packet at the start of `bytes`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes.first().map(|byte| byte >> 4) {
            Some(4) => {}
            Some(_) => return Err(Unreadable::NotIpv4),
            None => return Err(Unreadable::Malformed),
        }
        let header = read_header(bytes).ok_or(Unreadable::Malformed)?;
        if header.total_bytes > bytes.len() || checksum::of(&[&bytes[..header.header_bytes]]) != 0 {
            return Err(Unreadable::Malformed);
        }
        let body = if header.fragment {
            Body::Fragment
        } else {
            read_body(header.protocol, &bytes[header.header_bytes..header.total_bytes])
                .ok_or(Unreadable::Malformed)?
        };
        Ok(Self {
            source: header.source,
            destination: header.destination,
            header_bytes: header.header_bytes,
            total_bytes: header.total_bytes,
            dont_fragment: header.dont_fragment,
            body,
        })
    }

    /// What stands behind the IPv4 header in `bytes`, from which this was read.
    pub(crate) fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.header_bytes..self.total_bytes).unwrap_or_default()
    }

    /// Protocol and both ends, for what has ports. Echoes: see [`Protocol::Echo`]; `outbound` says
    /// on which side the identifier belongs.
    pub(crate) fn flow(&self, outbound: bool) -> Option<(Protocol, SocketAddrV4, SocketAddrV4)> {
        let (protocol, source, destination) = match self.body {
            Body::Udp { source, destination } => (Protocol::Udp, source, destination),
            Body::Tcp { source, destination, .. } => (Protocol::Tcp, source, destination),
            Body::Echo { identifier, .. } if outbound => (Protocol::Echo, identifier, 0),
            Body::Echo { identifier, .. } => (Protocol::Echo, 0, identifier),
            Body::Error(_) | Body::Fragment | Body::Other => return None,
        };
        Some((
            protocol,
            SocketAddrV4::new(self.source, source),
            SocketAddrV4::new(self.destination, destination),
        ))
    }

    /// The flags, if this is TCP.
    pub(crate) fn tcp_flags(&self) -> Option<TcpFlags> {
        match self.body {
            Body::Tcp { flags, .. } => Some(flags),
            _ => None,
        }
    }
}

/// Puts another address and port (or echo identifier) on one side of a packet and mends its
/// checksums. `bytes` must have been read by [`Packet::read`].
pub(crate) fn rewrite(bytes: &mut [u8], side: Side, to: SocketAddrV4) {
    let Some(header) = read_header(bytes) else { return };
    rewrite_parts(bytes, &header, side, to);
}

/// The same for an ICMP error: its outer address, and the matching side of the packet it quotes.
/// An error that comes in names us as its destination and quotes what we sent, and the other way
/// round (RFC 5508, section 4).
pub(crate) fn rewrite_error(bytes: &mut [u8], outer: Side, outer_to: Ipv4Addr, to: SocketAddrV4) {
    let Some(header) = read_header(bytes) else { return };
    let end = header.total_bytes.min(bytes.len());
    rewrite_address(bytes, &header, outer, outer_to);
    let Some(icmp) = bytes.get_mut(header.header_bytes..end) else { return };
    if icmp.len() < ICMP_ERROR_BYTES {
        return;
    }
    let quoted = &mut icmp[ICMP_ERROR_BYTES..];
    if let Some(inner) = read_header(quoted) {
        let side = match outer {
            Side::Source => Side::Destination,
            Side::Destination => Side::Source,
        };
        rewrite_parts(quoted, &inner, side, to);
    }
    icmp[2..4].fill(0);
    let sum = checksum::of(&[icmp]);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
}

/// Length of an ICMP error before the packet that it quotes, bytes.
pub(crate) const ICMP_ERROR_BYTES: usize = 8;
pub(crate) const IP_ICMP: u8 = 1;
pub(crate) const IP_TCP: u8 = 6;
pub(crate) const IP_UDP: u8 = 17;
const MIN_HEADER_BYTES: usize = 20;

struct Header {
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: u8,
    header_bytes: usize,
    total_bytes: usize,
    dont_fragment: bool,
    fragment: bool,
}

/// The header alone. A quoted packet may be shorter than its header says, so that is not looked at.
fn read_header(bytes: &[u8]) -> Option<Header> {
    let fixed = bytes.get(..MIN_HEADER_BYTES)?;
    let header_bytes = usize::from(fixed[0] & 0x0f) * 4;
    let total_bytes = usize::from(u16_at(fixed, 2)?);
    if fixed[0] >> 4 != 4
        || header_bytes < MIN_HEADER_BYTES
        || header_bytes > total_bytes
        || header_bytes > bytes.len()
    {
        return None;
    }
    let fragment = u16_at(fixed, 6)?;
    Some(Header {
        source: address_at(fixed, 12)?,
        destination: address_at(fixed, 16)?,
        protocol: fixed[9],
        header_bytes,
        total_bytes,
        dont_fragment: fragment & 0x4000 != 0,
        // More fragments follow, or this one does not stand at the start.
        fragment: fragment & 0x3fff != 0,
    })
}

fn read_body(protocol: u8, body: &[u8]) -> Option<Body> {
    Some(match protocol {
        IP_UDP if body.len() >= 8 => {
            Body::Udp { source: u16_at(body, 0)?, destination: u16_at(body, 2)? }
        }
        IP_TCP if body.len() >= 20 => Body::Tcp {
            source: u16_at(body, 0)?,
            destination: u16_at(body, 2)?,
            flags: TcpFlags(body[13]),
        },
        IP_ICMP if body.len() >= 8 => match body[0] {
            0 => Body::Echo { identifier: u16_at(body, 4)?, request: false },
            8 => Body::Echo { identifier: u16_at(body, 4)?, request: true },
            // Unreachable, source quench, time exceeded, parameter problem (RFC 792).
            3 | 4 | 11 | 12 => {
                read_quoted(&body[ICMP_ERROR_BYTES..]).map_or(Body::Other, Body::Error)
            }
            _ => Body::Other,
        },
        IP_UDP | IP_TCP | IP_ICMP => return None,
        _ => Body::Other,
    })
}

fn read_quoted(bytes: &[u8]) -> Option<Quoted> {
    let header = read_header(bytes)?;
    let body = &bytes[header.header_bytes..];
    let (protocol, source, destination) = match header.protocol {
        IP_UDP => (Protocol::Udp, u16_at(body, 0)?, u16_at(body, 2)?),
        IP_TCP => (Protocol::Tcp, u16_at(body, 0)?, u16_at(body, 2)?),
        IP_ICMP if matches!(body.first(), Some(0 | 8)) => {
            (Protocol::Echo, u16_at(body, 4)?, u16_at(body, 4)?)
        }
        _ => return None,
    };
    Some(Quoted {
        protocol,
        source: SocketAddrV4::new(header.source, source),
        destination: SocketAddrV4::new(header.destination, destination),
    })
}

/// Rewrites address and port in the packet at the start of `bytes`, which may be cut off.
fn rewrite_parts(bytes: &mut [u8], header: &Header, side: Side, to: SocketAddrV4) {
    rewrite_address(bytes, header, side, *to.ip());
    let Some(body) = bytes.get_mut(header.header_bytes..) else { return };
    let port = to.port().to_be_bytes();
    let old_address = match side {
        Side::Source => header.source,
        Side::Destination => header.destination,
    };
    let (port_at, sum_at, pseudo_header) = match (header.protocol, side) {
        (IP_UDP, Side::Source) => (0, 6, true),
        (IP_UDP, Side::Destination) => (2, 6, true),
        (IP_TCP, Side::Source) => (0, 16, true),
        (IP_TCP, Side::Destination) => (2, 16, true),
        (IP_ICMP, _) => (4, 2, false),
        _ => return,
    };
    let Some(field) = body.get_mut(port_at..port_at + 2) else { return };
    let old_port = [field[0], field[1]];
    field.copy_from_slice(&port);
    let Some(field) = body.get_mut(sum_at..sum_at + 2) else { return };
    let before = u16::from_be_bytes([field[0], field[1]]);
    // A UDP datagram may go without a checksum (RFC 768).
    if header.protocol == IP_UDP && before == 0 {
        return;
    }
    let mut after = checksum::mended(before, &old_port, &port);
    if pseudo_header {
        after = checksum::mended(after, &old_address.octets(), &to.ip().octets());
    }
    // Zero would mean “none”; in one's complement 0xffff is the same number.
    if header.protocol == IP_UDP && after == 0 {
        after = 0xffff;
    }
    field.copy_from_slice(&after.to_be_bytes());
}

fn rewrite_address(bytes: &mut [u8], header: &Header, side: Side, to: Ipv4Addr) {
    let (at, old) = match side {
        Side::Source => (12, header.source),
        Side::Destination => (16, header.destination),
    };
    bytes[at..at + 4].copy_from_slice(&to.octets());
    let before = u16::from_be_bytes([bytes[10], bytes[11]]);
    let after = checksum::mended(before, &old.octets(), &to.octets());
    bytes[10..12].copy_from_slice(&after.to_be_bytes());
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]))
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    bytes.get(at..at + 4).map(|b| Ipv4Addr::new(b[0], b[1], b[2], b[3]))
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
