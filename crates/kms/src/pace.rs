//! Time and chance of the providers over the network: given from outside, so that tests decide both.

use aws_lc_rs::rand;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// How many times one thing is asked at most.
const TRIES: u32 = 4;
/// The longest first wait, ms; it doubles.
const FIRST_WAIT_MS: u64 = 200;
const MOST_WAIT_MS: u64 = 2_000;
/// After this long nothing is asked once more, ms.
const GIVE_UP_MS: u64 = 10_000;

/// A clock that can be waited by, and chance.
pub trait Pace: Send + Sync + 'static {
    /// Milliseconds since any beginning. Never goes back.
    fn now_ms(&self) -> u64;

    /// Milliseconds since 1970, for signatures that carry a date.
    fn unix_ms(&self) -> u64;

    /// Any number. It spreads the waits of many processes; nothing is kept secret by it.
    fn random(&self) -> u64;

    /// Ends after this many milliseconds.
    fn wait(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's.
pub struct SystemPace {
    begun: Instant,
}

impl SystemPace {
    /// Begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Default for SystemPace {
    fn default() -> Self {
        Self::new()
    }
}

impl Pace for SystemPace {
    fn now_ms(&self) -> u64 {
        whole_ms(self.begun.elapsed())
    }

    fn unix_ms(&self) -> u64 {
        whole_ms(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without chance the waits are the same for all, which is no reason to fail.
        let _ = rand::fill(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    fn wait(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// When something is asked once more, and when no more.
pub(crate) struct Retries {
    begun_ms: u64,
    tried: u32,
}

impl Retries {
    pub(crate) const fn begin(now_ms: u64) -> Self {
        Self { begun_ms: now_ms, tried: 0 }
    }

    /// After a failure: how long to wait before the next try, ms. `None`: give up.
    pub(crate) fn after_failure(&mut self, now_ms: u64, random: u64) -> Option<u64> {
        self.tried += 1;
        if self.tried >= TRIES || now_ms.saturating_sub(self.begun_ms) >= GIVE_UP_MS {
            return None;
        }
        // Half of it by chance, so that all who were refused together do not come back together.
        let most = (FIRST_WAIT_MS << (self.tried - 1)).min(MOST_WAIT_MS);
        Some(most / 2 + random % (most / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_are_spread_and_end() {
        for random in [0, 1, 99, 12_345, u64::MAX] {
            let mut retries = Retries::begin(7);
            for most in [200, 400, 800] {
                let wait = retries.after_failure(7, random).expect("once more");
                assert!((most / 2..=most).contains(&wait), "{wait} of {most}");
            }
            assert_eq!(retries.after_failure(7, random), None, "four tries");
        }
        let mut shortest = Retries::begin(0);
        let mut longest = Retries::begin(0);
        assert_eq!(shortest.after_failure(0, 0), Some(100));
        assert_eq!(longest.after_failure(0, 100), Some(200));
    }

    #[test]
    fn slow_failures_end_earlier() {
        let mut retries = Retries::begin(1_000);
        assert!(retries.after_failure(6_000, 0).is_some());
        assert_eq!(retries.after_failure(11_000, 0), None);
    }
}
