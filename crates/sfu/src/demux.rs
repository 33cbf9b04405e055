//! From a datagram to the transport it belongs to, in constant time.
//!
//! STUN requests name their transport by the ICE user fragment (RFC 8445 §7.2.2). Everything else is
//! found by its source address, which is learned only from STUN requests whose integrity check
//! passed. An unknown address finds nothing, so an off-path sender cannot reach any transport.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::config::MAX_ADDRESSES_PER_PEER;
use crate::peer::PeerKey;
use crate::shard::Wire;

/// STUN binding request (RFC 8489 §5). An ICE-lite agent sends no requests, so it expects no
/// responses either: every other STUN message is dropped.
const BINDING_REQUEST: u16 = 0x0001;
const MAGIC_COOKIE: u32 = 0x2112_a442;
const ATTR_USERNAME: u16 = 0x0006;
const ATTR_USE_CANDIDATE: u16 = 0x0025;

/// What kind of datagram it is, by its first byte (RFC 7983 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// A STUN binding request and our user fragment in it.
    Check(&'a str),
    /// DTLS, RTP or RTCP.
    Media,
    /// Nothing that belongs here.
    Garbage,
}

/// Classifies a datagram.
pub(crate) fn kind(datagram: &[u8]) -> Kind<'_> {
    match datagram.first() {
        Some(0..=3) => local_ufrag(datagram).map_or(Kind::Garbage, Kind::Check),
        Some(20..=63 | 128..=191) if datagram.len() > 2 => Kind::Media,
        _ => Kind::Garbage,
    }
}

/// The part of USERNAME before the colon: the fragment of the agent that is asked, us.
fn local_ufrag(message: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(attribute(message, ATTR_USERNAME)?).ok()?;
    name.split_once(':').map(|(local, _)| local)
}

/// Whether a binding request marks the pair that its sender uses (RFC 8445 §7.1.2).
pub(crate) fn nominates(message: &[u8]) -> bool {
    attribute(message, ATTR_USE_CANDIDATE).is_some()
}

/// The value of the first such attribute of a binding request.
fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let be16 = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let cookie = u32::from_be_bytes(message.get(4..8)?.try_into().ok()?);
    if be16(0)? != BINDING_REQUEST || cookie != MAGIC_COOKIE {
        return None;
    }
    let end = 20 + usize::from(be16(2)?);
    if end > message.len() {
        return None;
    }
    let mut at = 20;
    while at + 4 <= end {
        let (kind, len) = (be16(at)?, usize::from(be16(at + 2)?));
        if kind == wanted {
            return message.get(at + 4..at + 4 + len);
        }
        // Attributes are padded to four bytes (RFC 8489 §14).
        at += 4 + len.next_multiple_of(4);
    }
    None
}

/// The two maps.
#[derive(Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, PeerKey>,
    by_address: HashMap<(Wire, SocketAddr), PeerKey>,
    /// Addresses of each transport, oldest first, so that they can be taken out again.
    addresses: HashMap<PeerKey, VecDeque<(Wire, SocketAddr)>>,
}

impl Demux {
    /// The transport with this user fragment.
    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<PeerKey> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// The transport that was reached from this address.
    pub(crate) fn by_address(&self, wire: Wire, source: SocketAddr) -> Option<PeerKey> {
        self.by_address.get(&(wire, source)).copied()
    }

    /// From now on `ufrag` names `peer`.
    pub(crate) fn add_ufrag(&mut self, ufrag: String, peer: PeerKey) {
        self.by_ufrag.insert(ufrag, peer);
    }

    /// Forgets a fragment that an ICE restart replaced.
    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// `peer` proved, by a STUN request with the right key, that it sends from `source`.
    pub(crate) fn learn(&mut self, wire: Wire, source: SocketAddr, peer: PeerKey) {
        let source = (wire, source);
        match self.by_address.insert(source, peer) {
            Some(known) if known == peer => return,
            // The address moved to another transport, as after a rejoin from the same port.
            Some(other) => {
                if let Some(list) = self.addresses.get_mut(&other) {
                    list.retain(|a| *a != source);
                }
            }
            None => {}
        }
        let list = self.addresses.entry(peer).or_default();
        list.push_back(source);
        if list.len() > MAX_ADDRESSES_PER_PEER
            && let Some(oldest) = list.pop_front()
        {
            self.by_address.remove(&oldest);
        }
    }

    /// Forgets a transport.
    pub(crate) fn remove(&mut self, peer: PeerKey) {
        self.by_ufrag.retain(|_, p| *p != peer);
        for address in self.addresses.remove(&peer).unwrap_or_default() {
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(username: &[u8], kind: u16, declared: Option<u16>) -> Vec<u8> {
        let mut m = Vec::new();
        let padded = username.len().next_multiple_of(4);
        m.extend(kind.to_be_bytes());
        m.extend(declared.unwrap_or((4 + padded) as u16).to_be_bytes());
        m.extend(MAGIC_COOKIE.to_be_bytes());
        m.extend([7; 12]);
        m.extend(ATTR_USERNAME.to_be_bytes());
        m.extend((username.len() as u16).to_be_bytes());
        m.extend(username);
        m.resize(20 + 4 + padded, 0);
        m
    }

    #[test]
    fn only_a_binding_request_names_a_transport() {
        assert_eq!(kind(&request(b"ours:theirs", 1, None)), Kind::Check("ours"));
        for other in [0x0011, 0x0101, 0x0111, 0x0003] {
            assert_eq!(kind(&request(b"ours:theirs", other, None)), Kind::Garbage);
        }
        assert_eq!(kind(&request(b"no colon", 1, None)), Kind::Garbage);
        assert_eq!(kind(&request(b"\xff:x", 1, None)), Kind::Garbage);
        assert_eq!(kind(&request(b"ours:theirs", 1, Some(2_000))), Kind::Garbage);
        assert_eq!(kind(&[]), Kind::Garbage);
        assert_eq!(kind(&[22, 254, 253]), Kind::Media);
        assert_eq!(kind(&[0x80, 96, 1]), Kind::Media);
        assert_eq!(kind(&[70, 0, 0]), Kind::Garbage);
    }

    #[test]
    fn only_a_marked_request_nominates() {
        let plain = request(b"ours:theirs", 1, None);
        assert!(!nominates(&plain));
        let mut marked = plain.clone();
        marked.extend(ATTR_USE_CANDIDATE.to_be_bytes());
        marked.extend([0, 0]);
        assert!(!nominates(&marked), "behind the end that the head declares");
        let length = (marked.len() - 20) as u16;
        marked[2..4].copy_from_slice(&length.to_be_bytes());
        assert!(nominates(&marked));
        marked[..2].copy_from_slice(&0x0101_u16.to_be_bytes());
        assert!(!nominates(&marked), "an answer");
    }

    #[test]
    fn every_truncation_is_harmless() {
        let whole = request(b"ours:theirs", 1, None);
        for n in 0..whole.len() {
            assert_eq!(kind(&whole[..n]), Kind::Garbage, "{n} bytes");
        }
    }

    #[test]
    fn addresses_are_bounded_and_forgotten_with_their_transport() {
        let mut d = Demux::default();
        let at = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
        d.add_ufrag("u".into(), 1);
        for port in 0..100 {
            d.learn(Wire::Udp, at(port), 1);
        }
        assert_eq!(d.by_address(Wire::Udp, at(99)), Some(1));
        assert_eq!(d.by_address(Wire::Udp, at(0)), None);
        assert_eq!(d.by_address(Wire::Tcp, at(99)), None, "another wire is another address");
        assert_eq!(d.by_address.len(), MAX_ADDRESSES_PER_PEER);
        d.learn(Wire::Udp, at(99), 2);
        d.remove(1);
        assert_eq!(d.by_address(Wire::Udp, at(99)), Some(2));
        assert_eq!((d.by_ufrag("u"), d.by_address(Wire::Udp, at(98))), (None, None));
    }
}
