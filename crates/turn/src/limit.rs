//! Rates: token buckets for allocations, and a table of fixed size for strangers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::config::Limits;

/// What an allocation may pass in one direction: datagrams and bytes per second. Half a second's
/// worth may come at once; what is over is dropped, never delayed.
pub(crate) struct Meter {
    packets: Bucket,
    bytes: Bucket,
}

impl Meter {
    /// A full meter.
    pub(crate) fn new(now: Instant, limits: &Limits) -> Self {
        Self {
            packets: Bucket::new(now, limits.packets_per_s),
            bytes: Bucket::new(now, limits.bytes_per_s),
        }
    }

    /// Whether a datagram of that size may pass now. Takes nothing if it may not.
    pub(crate) fn admit(&mut self, now: Instant, size_bytes: usize, limits: &Limits) -> bool {
        self.packets.refill(now, limits.packets_per_s);
        self.bytes.refill(now, limits.bytes_per_s);
        let (one, size) = (MICRO, (size_bytes as u64).saturating_mul(MICRO));
        let fits = self.packets.level >= one && self.bytes.level >= size;
        if fits {
            self.packets.level -= one;
            self.bytes.level -= size;
        }
        fits
    }
}

/// Levels are kept in millionths, so that a refill over a microsecond is exact.
const MICRO: u64 = 1_000_000;

struct Bucket {
    level: u64,
    at: Instant,
}

impl Bucket {
    fn new(now: Instant, rate_per_s: u64) -> Self {
        Self { level: Self::full(rate_per_s), at: now }
    }

    fn refill(&mut self, now: Instant, rate_per_s: u64) {
        let passed = now.saturating_duration_since(self.at);
        let passed_us = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        let gained = passed_us.saturating_mul(rate_per_s);
        self.level = self.level.saturating_add(gained).min(Self::full(rate_per_s));
        self.at += Duration::from_micros(passed_us);
    }

    const fn full(rate_per_s: u64) -> u64 {
        (rate_per_s / 2).saturating_mul(MICRO)
    }
}

/// Slots of the table. With 100 answers per second each, a flood from all over needs more than a
/// million datagrams per second to shut out everybody.
const SLOTS: usize = 16_384;

/// Answers to networks that have not proved who they are, so that nobody can have us shout at a
/// stranger. Its size never changes: networks share slots by a keyed hash.
pub(crate) struct Strangers {
    key: u64,
    slots: Vec<Slot>,
    rate_per_s: u64,
    burst: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Thousandths of an answer that are left.
    level: u32,
    at_ms: u32,
}

impl Strangers {
    /// `key` is random, so that nobody can aim at a slot.
    pub(crate) fn new(key: u64, limits: &Limits) -> Self {
        let burst = u64::from(limits.answers_burst) * 1_000;
        let level = u32::try_from(burst).unwrap_or(u32::MAX);
        Self {
            key,
            slots: vec![Slot { level, at_ms: 0 }; SLOTS],
            rate_per_s: limits.answers_per_s.into(),
            burst,
        }
    }

    /// Whether one more answer may go to `ip`. `now_ms` is the age of the relay.
    pub(crate) fn admit(&mut self, now_ms: u64, ip: IpAddr) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.key, network(ip)).hash(&mut hasher);
        let slot = &mut self.slots[hasher.finish() as usize % SLOTS];
        // The clock of a slot may wrap after 49 days; then it counts from the wrap.
        let now_ms = now_ms as u32;
        let passed_ms = u64::from(now_ms.wrapping_sub(slot.at_ms));
        let level = (u64::from(slot.level) + passed_ms * self.rate_per_s).min(self.burst);
        let admitted = level >= 1_000;
        let left = if admitted { level - 1_000 } else { level };
        *slot = Slot { level: u32::try_from(left).unwrap_or(u32::MAX), at_ms: now_ms };
        admitted
    }

    /// Slots in the table.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// The network that an address is counted with: IPv4 /24, IPv6 /56.
fn network(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => 1 << 127 | v6.to_bits() >> 72,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_passes_half_a_second_at_once_and_then_its_rate() {
        let limits = Limits { packets_per_s: 100, bytes_per_s: 1_000_000, ..Limits::default() };
        let mut now = Instant::now();
        let mut meter = Meter::new(now, &limits);
        let passed = (0..1_000).filter(|_| meter.admit(now, 100, &limits)).count();
        assert_eq!(passed, 50);
        let mut passed = 0;
        for _ in 0..10_000 {
            now += Duration::from_millis(1);
            passed += usize::from(meter.admit(now, 100, &limits));
        }
        assert_eq!(passed, 1_000);
    }

    #[test]
    fn a_refused_datagram_costs_nothing() {
        let limits = Limits { packets_per_s: 10, bytes_per_s: 10_000, ..Limits::default() };
        let now = Instant::now();
        let mut meter = Meter::new(now, &limits);
        for _ in 0..100 {
            assert!(!meter.admit(now, 5_001, &limits));
        }
        assert!(meter.admit(now, 5_000, &limits));
        assert!(!meter.admit(now, 1, &limits));
        assert!(meter.admit(now, 0, &limits), "packets are counted apart from bytes");
    }

    #[test]
    fn a_network_gets_its_burst_and_then_its_rate() {
        let limits = Limits { answers_per_s: 10, answers_burst: 20, ..Limits::default() };
        let mut strangers = Strangers::new(1, &limits);
        let ip = |last: u8| IpAddr::from([198, 51, 100, last]);
        let count =
            |s: &mut Strangers, now_ms| (0..=255).filter(|i| s.admit(now_ms, ip(*i))).count();
        assert_eq!(count(&mut strangers, 0), 20);
        assert_eq!(count(&mut strangers, 1_000), 10);
        assert_eq!(count(&mut strangers, 3_600_000), 20);
        assert!(strangers.admit(3_600_000, [203, 0, 113, 1].into()), "others are not touched");
    }
}
