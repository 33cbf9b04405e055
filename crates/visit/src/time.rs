//! Wall-clock time as plain numbers, always passed in.

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS,
)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Timestamp(pub i64);

/// A span of time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Duration {
    /// `n` milliseconds.
    #[must_use]
    pub const fn from_ms(n: i64) -> Self {
        Self(n * 1_000)
    }

    /// `n` seconds.
    #[must_use]
    pub const fn from_s(n: i64) -> Self {
        Self(n * 1_000_000)
    }

    /// `n` minutes.
    #[must_use]
    pub const fn from_min(n: i64) -> Self {
        Self::from_s(n * 60)
    }
}

impl Timestamp {
    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        if self.0 < 0 { 0 } else { (self.0 / 1_000) as u64 }
    }

    /// The time `span` later; saturates instead of overflowing.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long `earlier` lies before this time; negative when it lies after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}
