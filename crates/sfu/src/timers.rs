//! When each transport wants to be looked at again: a heap keyed by transport.
//!
//! Deadlines move with nearly every packet, so entries are never taken out: an entry that comes up
//! too early is put back at the true deadline. Each transport has at most one entry that counts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use crate::peer::PeerKey;

/// The timers of a shard.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, PeerKey)>>,
}

impl Timers {
    /// Asks for `peer` at `deadline`. `queued` is the transport's own note of its earliest entry;
    /// nothing is pushed when that comes up before anyway.
    pub(crate) fn arm(&mut self, peer: PeerKey, deadline: Instant, queued: &mut Option<Instant>) {
        if queued.is_some_and(|at| at <= deadline) {
            return;
        }
        *queued = Some(deadline);
        self.heap.push(Reverse((deadline, peer)));
    }

    /// The earliest entry. It may be stale: then the visit finds nothing to do.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out the next entry that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, PeerKey)> {
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at <= now => self.heap.pop().map(|Reverse(entry)| entry),
            _ => None,
        }
    }
}
