//! Token buckets: how many messages or requests are taken before one has to wait.
//!
//! Pure: time is an argument. A [`TokenBucket`] guards one socket; [`PrefixBuckets`] guards the
//! HTTP calls of many networks in bounded memory.

use crate::Prefix;
use std::collections::HashMap;
use visit::{Duration, Timestamp};

/// A limit: this many at once, and this many per second in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once; 1 or more.
    pub burst: u32,
    /// How many come back per second; 1 or more.
    pub per_s: u32,
}

impl Rate {
    /// A limit; values of 0 are raised to 1, because a bucket that never fills blocks for ever.
    #[must_use]
    pub const fn new(burst: u32, per_s: u32) -> Self {
        Self {
            burst: if burst == 0 { 1 } else { burst },
            per_s: if per_s == 0 { 1 } else { per_s },
        }
    }

    /// What a full bucket holds. The unit is a millionth of a token, so that `per_s` of them come
    /// back in every microsecond and nothing is ever rounded.
    const fn capacity(self) -> u64 {
        self.burst as u64 * MICRO
    }
}

const MICRO: u64 = 1_000_000;

/// One bucket, full at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    rate: Rate,
    /// Millionths of a token.
    level: u64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(rate: Rate, now: Timestamp) -> Self {
        Self { rate, level: rate.capacity(), filled_at: now }
    }

    /// Takes `count` tokens, or none and says how long to wait. Asking for more than the burst is
    /// refused for as long as a full bucket takes to fill.
    ///
    /// # Errors
    /// The time until the same call would work.
    pub fn take(&mut self, count: u32, now: Timestamp) -> Result<(), Duration> {
        self.fill(now);
        let wanted = u64::from(count) * MICRO;
        match self.level.checked_sub(wanted) {
            Some(rest) => {
                self.level = rest;
                Ok(())
            }
            None => {
                let missing = wanted.min(self.rate.capacity()).saturating_sub(self.level);
                let wait_us = missing.div_ceil(u64::from(self.rate.per_s)).max(1);
                Err(Duration(i64::try_from(wait_us).unwrap_or(i64::MAX)))
            }
        }
    }

    /// Whether nothing was taken lately: such a bucket need not be kept.
    #[must_use]
    pub fn is_full(&mut self, now: Timestamp) -> bool {
        self.fill(now);
        self.level == self.rate.capacity()
    }

    /// A clock that jumps back fills nothing; counting goes on from the new time.
    fn fill(&mut self, now: Timestamp) {
        let passed_us = u64::try_from(now.since(self.filled_at).0).unwrap_or(0);
        let gained = passed_us.saturating_mul(u64::from(self.rate.per_s));
        self.level = self.level.saturating_add(gained).min(self.rate.capacity());
        self.filled_at = now;
    }
}

/// A bucket for each network, at most `max_networks` of them. Full buckets are forgotten. When there
/// are too many busy networks, all newcomers share one more bucket: memory stays bounded, and those
/// who were there before notice nothing.
pub struct PrefixBuckets {
    rate: Rate,
    max_networks: usize,
    buckets: HashMap<Prefix, TokenBucket>,
    shared: TokenBucket,
    swept_at: Timestamp,
}

/// Looking for full buckets costs time in proportion to their number, so it is not done for every
/// newcomer of a flood.
const SWEEP_EVERY: Duration = Duration::from_s(1);

impl PrefixBuckets {
    /// No networks yet.
    #[must_use]
    pub fn new(rate: Rate, max_networks: usize, now: Timestamp) -> Self {
        Self {
            rate,
            max_networks,
            buckets: HashMap::new(),
            shared: TokenBucket::new(rate, now),
            swept_at: now,
        }
    }

    /// Takes one token for `prefix`.
    ///
    /// # Errors
    /// The time until the same call would work.
    pub fn take(&mut self, prefix: Prefix, now: Timestamp) -> Result<(), Duration> {
        if let Some(bucket) = self.buckets.get_mut(&prefix) {
            return bucket.take(1, now);
        }
        if self.buckets.len() >= self.max_networks && now.since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if self.buckets.len() >= self.max_networks {
            return self.shared.take(1, now);
        }
        let mut bucket = TokenBucket::new(self.rate, now);
        let taken = bucket.take(1, now);
        self.buckets.insert(prefix, bucket);
        taken
    }

    /// How many networks are remembered.
    #[must_use]
    pub fn networks(&self) -> usize {
        self.buckets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const START: Timestamp = Timestamp(1_750_000_000_000_000);

    fn network(n: u16) -> Prefix {
        let [high, low] = n.to_be_bytes();
        Prefix::of(IpAddr::V4(Ipv4Addr::new(10, high, low, 1)))
    }

    #[test]
    fn the_burst_is_free_and_the_wait_is_exact() {
        let mut bucket = TokenBucket::new(Rate::new(10, 4), START);
        for _ in 0..10 {
            assert_eq!(bucket.take(1, START), Ok(()));
        }
        let wait = bucket.take(1, START).unwrap_err();
        assert_eq!(wait, Duration::from_ms(250));
        assert!(bucket.take(1, START.plus(Duration(wait.0 - 1))).is_err());
        assert_eq!(bucket.take(1, START.plus(wait)), Ok(()));
    }

    #[test]
    fn the_long_run_rate_holds_whatever_the_pattern() {
        // Asking every 7,001 µs for an hour: the rate divides neither that nor a second.
        let rate = Rate::new(5, 3);
        let mut bucket = TokenBucket::new(rate, START);
        let (mut taken, mut now) = (0_u64, START);
        let end = START.plus(Duration::from_min(60));
        while now < end {
            taken += u64::from(bucket.take(1, now).is_ok());
            now = now.plus(Duration(7_001));
        }
        assert!((3 * 3600..=3 * 3600 + 5).contains(&taken), "{taken}");
    }

    #[test]
    fn more_than_the_burst_never_fits() {
        let mut bucket = TokenBucket::new(Rate::new(2, 1), START);
        assert!(bucket.take(3, START).is_err());
        assert!(bucket.take(3, START.plus(Duration::from_min(60))).is_err());
        assert_eq!(bucket.take(2, START.plus(Duration::from_min(60))), Ok(()));
    }

    #[test]
    fn clocks_that_jump_give_nothing_away_and_break_nothing() {
        let mut bucket = TokenBucket::new(Rate::new(1, 1), START);
        assert_eq!(bucket.take(1, START), Ok(()));
        assert!(bucket.take(1, Timestamp(i64::MIN)).is_err());
        assert_eq!(bucket.take(1, Timestamp(i64::MAX)), Ok(()));
        assert_eq!(Rate::new(0, 0), Rate::new(1, 1));
    }

    #[test]
    fn memory_is_bounded_and_old_networks_are_forgotten() {
        let mut buckets = PrefixBuckets::new(Rate::new(2, 1), 100, START);
        let mut refused = 0;
        for n in 0..1_000 {
            refused += u32::from(buckets.take(network(n), START).is_err());
            assert!(buckets.networks() <= 100);
        }
        // 100 networks have a bucket; of the 900 others the shared one served two.
        assert_eq!(refused, 898);
        assert_eq!(buckets.take(network(5), START), Ok(()));
        let later = START.plus(Duration::from_s(10));
        assert_eq!(buckets.take(network(2_000), later), Ok(()));
        assert_eq!(buckets.networks(), 1);
    }
}
