//! Wires that a transport is not taken on: those on which a handshake never came through.
//!
//! Owns that memory, from one transport of a seat to the next. Some networks let ICE checks pass over
//! UDP and drop DTLS. The client then gives the transport up and asks for a new one (it hears nothing,
//! so it cannot know why), and its ICE would choose the same way again, for ever. So what the transport
//! before was nominated on, without a handshake, is not answered on the next one: ICE finds the next
//! way by itself, over TCP or by a relay. It closes no way for good.

use std::time::{Duration, Instant};

use crate::shard::Wire;

/// So long a handshake has to have been possible, while the client was there, before its wire is to blame.
/// Clients wait for 4 s and are heard about once a second; a page that is loaded anew before says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module's head.
#[derive(Default)]
pub(crate) struct RefusedWires {
    refused: Vec<Wire>,
    /// Wires that the client nominated, in the order and with the time of the first nomination. Some
    /// browsers nominate whatever is answered, and send over the first one.
    nominated: Vec<(Wire, Instant)>,
}

impl RefusedWires {
    /// For the transport that takes the place of this one. `connected`: its handshake was done; `heard`:
    /// when the client was heard last.
    pub(crate) fn next(self, heard: Instant, connected: bool) -> Self {
        // Without a nomination nothing was left to try: then everything is open again.
        let Some((wire, since)) = self.nominated.first().copied().filter(|_| !connected) else {
            return Self::default();
        };
        let mut refused = self.refused;
        if heard.saturating_duration_since(since) >= PATIENCE {
            refused.push(wire);
        }
        Self { refused, nominated: Vec::new() }
    }

    /// A check nominated a pair on `wire`.
    pub(crate) fn nominated(&mut self, now: Instant, wire: Wire) {
        if !self.nominated.iter().any(|(before, _)| *before == wire) {
            self.nominated.push((wire, now));
        }
    }

    /// Whether nothing is taken on `wire`.
    pub(crate) fn has(&self, wire: Wire) -> bool {
        self.refused.contains(&wire)
    }

    /// The client restarts ICE on a transport whose handshake is done: its network is another one now.
    pub(crate) fn forget(&mut self) {
        self.refused.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(wires: RefusedWires, wire: Wire, wait_ms: u64, connected: bool) -> RefusedWires {
        let mut wires = wires;
        let begin = Instant::now();
        wires.nominated(begin, wire);
        wires.nominated(begin + Duration::from_millis(wait_ms / 2), wire);
        wires.next(begin + Duration::from_millis(wait_ms), connected)
    }

    #[test]
    fn a_wire_is_refused_when_its_handshake_had_time_and_never_came_through() {
        // Of what was refused before nothing is forgotten by a short visit.
        let short =
            after(after(RefusedWires::default(), Wire::Udp, 4_000, false), Wire::Tcp, 900, false);
        assert!(short.has(Wire::Udp) && !short.has(Wire::Tcp));
        let refuses =
            |wires: &RefusedWires| [Wire::Udp, Wire::Tcp, Wire::Relay].map(|wire| wires.has(wire));
        let first = || RefusedWires::default();
        assert_eq!(refuses(&after(first(), Wire::Udp, 2_000, false)), [true, false, false]);
        assert_eq!(refuses(&after(first(), Wire::Udp, 1_999, false)), [false; 3], "too early");
        assert_eq!(refuses(&after(first(), Wire::Udp, 9_000, true)), [false; 3], "it works");
        // One after the other; and when nothing is left, all anew.
        let second = after(after(first(), Wire::Udp, 4_000, false), Wire::Tcp, 4_000, false);
        assert_eq!(refuses(&second), [true, true, false]);
        assert_eq!(refuses(&second.next(Instant::now(), false)), [false; 3]);
    }

    #[test]
    fn the_first_of_several_is_to_blame_and_another_network_starts_afresh() {
        let begin = Instant::now();
        let mut wires = RefusedWires::default();
        wires.nominated(begin, Wire::Udp);
        wires.nominated(begin + Duration::from_millis(50), Wire::Relay);
        let wires = wires.next(begin + Duration::from_secs(4), false);
        assert!(wires.has(Wire::Udp) && !wires.has(Wire::Relay));

        let mut wires = after(RefusedWires::default(), Wire::Udp, 4_000, false);
        wires.forget();
        assert!(!wires.has(Wire::Udp));
    }
}
