//! Which way what we send to a client goes: the one that the client chose last.
//!
//! Owns that way. The client controls ICE and marks the pair in use on each of its checks (RFC 8445
//! §8.1.1). The ICE agent below us stays on the pair of highest priority that was ever nominated, and
//! on the first of equal ones: a client whose NAT gave it another port, or that left its Wi-Fi, would
//! hear nothing until a restart. So the latest mark decides here. Only checks that passed the
//! integrity check are shown to this module.
//!
//! A check that somebody on the path wrote down passes that check for ever. So each counts from one
//! address only: the first that it came from.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

use str0m::net::{Protocol, Transmit};

use crate::demux::nominates;

/// Checks that are remembered. A browser makes one in two seconds or so, and an ICE restart changes the
/// keys: two hours, in at most 64 KiB.
const REMEMBERED: usize = 4_096;

/// The way in use of one transport.
#[derive(Default)]
pub(crate) struct Route {
    chosen: Option<Way>,
    /// Transaction ids and whence they came, oldest first.
    seen: VecDeque<(u64, u64)>,
}

struct Way {
    protocol: Protocol,
    ours: SocketAddr,
    theirs: SocketAddr,
}

impl Route {
    /// Whether a binding request that passed its integrity check is one of the client's own, and not one
    /// that was sent again from another address.
    pub(crate) fn admits(
        &mut self,
        protocol: Protocol,
        theirs: SocketAddr,
        request: &[u8],
    ) -> bool {
        // RFC 8489 §5: 96 bits, drawn anew for each request. Two thirds of them tell 4,096 apart.
        let Some(id) = request.get(8..16).and_then(|b| b.try_into().ok()) else { return false };
        let (id, whence) = (u64::from_be_bytes(id), fingerprint(protocol, theirs));
        if let Some((_, first)) = self.seen.iter().find(|(seen, _)| *seen == id) {
            return *first == whence;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((id, whence));
        true
    }

    /// A binding request came from `theirs` to `ours` and passed its integrity check. Whether the client
    /// chose that way by it.
    pub(crate) fn checked(
        &mut self,
        protocol: Protocol,
        theirs: SocketAddr,
        ours: SocketAddr,
        request: &[u8],
    ) -> bool {
        let chosen = nominates(request);
        if chosen {
            self.chosen = Some(Way { protocol, ours, theirs });
        }
        chosen
    }

    /// Puts DTLS and media on the way in use. Answers to checks stay on the way of the check.
    pub(crate) fn steer(&self, datagram: &mut Transmit) {
        let is_check = matches!(datagram.contents.first(), Some(0..=3));
        if let (Some(way), false) = (&self.chosen, is_check) {
            datagram.proto = way.protocol;
            datagram.source = way.ours;
            datagram.destination = way.theirs;
        }
    }
}

fn fingerprint(protocol: Protocol, address: SocketAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    (protocol, address).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(n: u64) -> Vec<u8> {
        let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        request.extend(n.to_be_bytes());
        request.extend([0; 4]);
        request
    }

    #[test]
    fn each_check_counts_from_the_first_address_only_and_memory_is_bounded() {
        let mut route = Route::default();
        let [own, other] = [1, 2].map(|n| SocketAddr::from(([198, 51, 100, n], 5_000)));
        for n in 0..10_000 {
            assert!(route.admits(Protocol::Udp, own, &request(n)));
        }
        for n in (10_000 - REMEMBERED as u64)..10_000 {
            assert!(!route.admits(Protocol::Udp, other, &request(n)));
            assert!(!route.admits(Protocol::Tcp, own, &request(n)));
            // What the client sends again itself, because the answer was lost, is its own.
            assert!(route.admits(Protocol::Udp, own, &request(n)));
        }
        assert_eq!(route.seen.len(), REMEMBERED);
        assert!(!route.admits(Protocol::Udp, own, &request(1)[..12]));
    }
}
