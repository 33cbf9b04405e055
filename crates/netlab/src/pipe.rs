//! One direction of a link at work: queue, wire and flight.
//!
//! Owns the packets that are on the way, and their times. It never reads a clock, and knows nothing
//! of addresses.
//!
//! ```text
//! push ─▶ queue (bytes, tail drop) ─▶ wire (rate) ─▶ loss ─▶ flight (delay, jitter, stalls) ─▶ step
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::counters::{Cause, Counters};
use crate::link::Direction;
use crate::loss::LossState;

pub(crate) struct Pipe {
    direction: Direction,
    up: bool,
    rng: StdRng,
    loss: LossState,
    queue: VecDeque<Vec<u8>>,
    queued_bytes: usize,
    /// The head of the queue while it is on the wire.
    wire: Option<Wire>,
    flight: BinaryHeap<Reverse<InFlight>>,
    stalls: Stalls,
    /// Arrival of the latest packet that must not be overtaken.
    last_arrival: Option<Instant>,
    next_number: u64,
    pub counters: Counters,
}

impl Pipe {
    pub(crate) fn new(direction: Direction, seed: u64) -> Self {
        Self {
            direction,
            up: true,
            rng: StdRng::seed_from_u64(seed),
            loss: LossState::default(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            wire: None,
            flight: BinaryHeap::new(),
            stalls: Stalls::default(),
            last_arrival: None,
            next_number: 0,
            counters: Counters::default(),
        }
    }

    pub(crate) fn direction(&self) -> &Direction {
        &self.direction
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    /// Takes a packet, or says why not. Whoever calls has looked at the size.
    pub(crate) fn push(&mut self, now: Instant, bytes: Vec<u8>) -> Result<(), Cause> {
        self.counters.came(bytes.len());
        if !self.up {
            return Err(self.dropped(Cause::Down));
        }
        if self.direction.rate_bps.is_none() {
            self.fly(now, bytes);
            return Ok(());
        }
        let full = self.queued_bytes + bytes.len() > self.direction.queue_bytes;
        if full && !self.queue.is_empty() {
            return Err(self.dropped(Cause::Queue));
        }
        self.queued_bytes += bytes.len();
        self.queue.push_back(bytes);
        if self.wire.is_none() {
            self.start_wire(now);
        }
        Ok(())
    }

    /// When something happens here next.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        let wire = self.wire.as_ref().map(|wire| wire.done_at);
        let flight = self.flight.peek().map(|Reverse(packet)| packet.at);
        [wire, flight].into_iter().flatten().min()
    }

    /// Does what happens at [`Self::next_at`], which must not be later than now. A packet that
    /// arrives is returned.
    pub(crate) fn step(&mut self) -> Option<Vec<u8>> {
        let at = self.next_at()?;
        if self.wire.as_ref().is_some_and(|wire| wire.done_at == at) {
            self.finish_wire(at);
            return None;
        }
        let Reverse(packet) = self.flight.pop()?;
        self.counters.went(packet.bytes.len());
        Some(packet.bytes)
    }

    /// Changes the link while packets are on it. What waits goes at the new rate; what flies
    /// arrives as it was going to.
    pub(crate) fn change(&mut self, now: Instant, direction: Direction) {
        if let Some(wire) = &mut self.wire {
            let sent = now.saturating_duration_since(wire.since).as_nanos();
            // A wire exists only while there is a rate.
            let old_rate = u128::from(self.direction.rate_bps.unwrap_or(1));
            let sent_bits = u64::try_from(sent * old_rate / NANOS).unwrap_or(u64::MAX);
            wire.left_bits = wire.left_bits.saturating_sub(sent_bits);
            wire.since = now;
        }
        self.direction = direction;
        match self.direction.rate_bps {
            Some(rate_bps) => {
                if let Some(wire) = &mut self.wire {
                    wire.done_at = wire.since + time_on_wire(wire.left_bits, rate_bps);
                }
            }
            None => {
                self.wire = None;
                self.queued_bytes = 0;
                for bytes in std::mem::take(&mut self.queue) {
                    self.fly(now, bytes);
                }
            }
        }
    }

    /// Takes the link down or up. What is on a link that goes down is gone.
    pub(crate) fn set_up(&mut self, up: bool) {
        self.up = up;
        if up {
            return;
        }
        for _ in 0..self.queue.len() + self.flight.len() {
            self.counters.drop(Cause::Down);
        }
        self.queue.clear();
        self.queued_bytes = 0;
        self.wire = None;
        self.flight.clear();
        self.last_arrival = None;
    }

    /// Counts a drop for which the reason was found elsewhere.
    pub(crate) fn dropped(&mut self, cause: Cause) -> Cause {
        self.counters.drop(cause);
        cause
    }

    /// Packets that wait or fly.
    #[cfg(test)]
    pub(crate) fn held_packets(&self) -> usize {
        self.queue.len() + self.flight.len()
    }

    #[cfg(test)]
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    fn start_wire(&mut self, now: Instant) {
        self.wire = match (self.queue.front(), self.direction.rate_bps) {
            (Some(head), Some(rate_bps)) => {
                let left_bits = head.len() as u64 * 8;
                Some(Wire {
                    left_bits,
                    since: now,
                    done_at: now + time_on_wire(left_bits, rate_bps),
                })
            }
            _ => None,
        };
    }

    fn finish_wire(&mut self, at: Instant) {
        if let Some(bytes) = self.queue.pop_front() {
            self.queued_bytes -= bytes.len();
            self.fly(at, bytes);
        }
        self.start_wire(at);
    }

    fn fly(&mut self, at: Instant, bytes: Vec<u8>) {
        if self.loss.takes_next(&self.direction.loss, &mut self.rng) {
            self.counters.drop(Cause::Loss);
            return;
        }
        let jitter_ns = u64::try_from(self.direction.jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = Duration::from_nanos(match jitter_ns {
            0 => 0,
            most => self.rng.random_range(0..=most),
        });
        let at = self.stalls.passes(at, self.direction.stall, &mut self.rng);
        let mut arrival = at + self.direction.delay + extra;
        if !self.direction.reorder {
            arrival = self.last_arrival.map_or(arrival, |last| last.max(arrival));
            self.last_arrival = Some(arrival);
        }
        self.flight.push(Reverse(InFlight { at: arrival, number: self.next_number, bytes }));
        self.next_number += 1;
    }
}

/// The stall that is now or comes next; none yet before the first packet.
#[derive(Default)]
struct Stalls(Option<(Instant, Instant)>);

/// Between the end of a stall and the next one, on average.
const BETWEEN_STALLS: Duration = Duration::from_millis(350);

impl Stalls {
    /// When what comes at `at` gets through. Times never go back.
    fn passes(&mut self, at: Instant, longest: Duration, rng: &mut StdRng) -> Instant {
        if longest.is_zero() {
            self.0 = None;
            return at;
        }
        loop {
            match self.0 {
                Some((from, _)) if at < from => return at,
                Some((_, to)) if at < to => return to,
                // Nobody saw the stalls of an idle link.
                _ => {
                    let gap = rng.random_range(0.5..1.5);
                    let length = rng.random_range(0.5..=1.0);
                    let from = at + BETWEEN_STALLS.mul_f64(gap);
                    self.0 = Some((from, from + longest.mul_f64(length)));
                }
            }
        }
    }
}

/// The packet on the wire.
struct Wire {
    left_bits: u64,
    since: Instant,
    done_at: Instant,
}

/// Ordered by arrival, then by departure.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct InFlight {
    at: Instant,
    number: u64,
    bytes: Vec<u8>,
}

const NANOS: u128 = 1_000_000_000;

/// How long so many bits take, rounded up: no link is faster than its rate.
fn time_on_wire(bits: u64, rate_bps: u64) -> Duration {
    let nanos = (u128::from(bits) * NANOS).div_ceil(u128::from(rate_bps.max(1)));
    // A day stands for “practically never”; the sum with an instant stays within range.
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(Duration::from_secs(86_400))
}

#[cfg(test)]
#[path = "pipe_tests.rs"]
mod tests;
