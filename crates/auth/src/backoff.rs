//! Slowing down guesses: some failures are free, then every further one locks for longer.
//!
//! Failures are counted for two keys at once. The **account** stops many guesses at one person; the
//! **network prefix** stops one guess at each of many people. A key is counted whether or not the
//! account exists, so a lock reveals nothing.
//!
//! The network prefix is /24 for IPv4 and /64 for IPv6. A /64 is what one household or one rented
//! machine gets, so a narrower IPv6 prefix would not bind anybody. In IPv4 the cheapest way around a
//! limit per address is a rented block of neighbouring addresses, which a /24 covers; spreading
//! over more networks costs real money. The price is that honest neighbours share a counter, among
//! them all the people of a hospital behind one address: so the prefix has many free failures, and
//! a lock ends by itself within minutes.
//!
//! For an account, a try is counted **before** it is checked, and all is forgotten when it was
//! right. Otherwise a thousand tries at once would all be checked before the first of them counts.
//! For a network, failures are counted after the check, and a success forgets nothing: or anybody
//! with one good account could guess at all the others.

use std::net::IpAddr;
use store::AttemptRow;
use visit::{Duration, Timestamp};

/// How many failures are free and how locks grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffPolicy {
    /// Failures without a lock.
    pub free: u32,
    /// The lock after the first failure that is not free; doubles with every further one.
    pub first_lock: Duration,
    /// Locks never get longer than this.
    pub longest_lock: Duration,
    /// Failures are forgotten when this much time has passed since the first of them.
    pub window: Duration,
}

/// What becomes of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be checked. Should it be wrong, the key is locked until then.
    Check {
        /// The end of the lock that this failure brings; `None` while failures are free.
        lock_until: Option<Timestamp>,
    },
    /// It is not even checked.
    Locked {
        /// When the next try is allowed.
        until: Timestamp,
    },
}

impl BackoffPolicy {
    /// For an account: about 100 guesses a day, far too few for a password that passed the policy.
    pub const ACCOUNT: Self = Self {
        free: 5,
        first_lock: Duration::from_s(30),
        longest_lock: Duration::from_min(15),
        window: Duration::from_days(1),
    };

    /// For the second factor of an account. Counted apart from the password: whoever has the
    /// password could otherwise clear the count by typing it again, and guess codes for ever.
    pub const SECOND_FACTOR: Self = Self::ACCOUNT;

    /// For a network prefix.
    pub const PREFIX: Self = Self {
        free: 50,
        first_lock: Duration::from_s(30),
        longest_lock: Duration::from_min(15),
        window: Duration::from_min(60),
    };

    /// Judges a try that `counted` includes already.
    #[must_use]
    pub fn judge(&self, counted: &AttemptRow, now: Timestamp) -> Verdict {
        match locked(counted, now) {
            Some(until) => Verdict::Locked { until },
            None => Verdict::Check {
                lock_until: self.lock_after(counted.failures).map(|span| now.plus(span)),
            },
        }
    }

    /// How long failure number `failures` locks. `None` while failures are free.
    #[must_use]
    pub fn lock_after(&self, failures: u32) -> Option<Duration> {
        let doublings = failures.checked_sub(self.free)?.checked_sub(1)?;
        // 2^40 times the smallest lock is longer than any that is granted.
        let factor = 1_i64 << doublings.min(40);
        let span = self.first_lock.0.saturating_mul(factor);
        Some(Duration(span.min(self.longest_lock.0)))
    }
}

/// The end of a lock that runs at `now`.
#[must_use]
pub fn locked(counted: &AttemptRow, now: Timestamp) -> Option<Timestamp> {
    counted.locked_until.filter(|&until| now < until)
}

/// The network that a request comes from: /24 for IPv4, /64 for IPv6. Tells where a person is, so
/// it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix([u8; 9]);

impl Prefix {
    /// The prefix of an address. An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`, RFC 4291
    /// §2.5.5.2) counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let mut key = [0; 9];
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                key[0] = 4;
                key[1..4].copy_from_slice(&v4.octets()[..3]);
            }
            IpAddr::V6(v6) => {
                key[0] = 6;
                key[1..9].copy_from_slice(&v6.octets()[..8]);
            }
        }
        Self(key)
    }

    /// The bytes to key a counter with: 4 or 6, then the prefix.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
#[path = "backoff_tests.rs"]
mod tests;
