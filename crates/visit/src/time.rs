//! Wall-clock time as plain numbers, always passed in.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, SecondsFormat};
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

    /// `n` days of 24 hours.
    #[must_use]
    pub const fn from_days(n: i64) -> Self {
        Self::from_min(n * 24 * 60)
    }
}

impl Timestamp {
    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        if self.0 < 0 { 0 } else { (self.0 / 1_000) as u64 }
    }

    /// As people and programs write it, to the millisecond: RFC 3339, in UTC. Empty for a time beyond the
    /// years that have a form there.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        DateTime::from_timestamp_micros(self.0)
            .filter(|time| (0..=9_999).contains(&time.year()))
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
            .unwrap_or_default()
    }

    /// Reads RFC 3339, with any offset; also a day alone (`2026-11-21`), which is its beginning in UTC.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        let time = match DateTime::parse_from_rfc3339(text) {
            Ok(time) => time.to_utc(),
            Err(_) => text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc(),
        };
        Some(Self(time.timestamp_micros()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_as_rfc_3339() {
        let noon = Timestamp(1_795_348_800_123_456);
        assert_eq!(noon.to_rfc3339(), "2026-11-22T12:00:00.123Z");
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(i64::MAX).to_rfc3339(), "", "beyond the year 9999");
        for (text, us) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T01:00:00.000001+01:00", Some(1)),
            ("1970-01-02", Some(Duration::from_days(1).0)),
            (" 1970-01-02 ", Some(86_400_000_000)),
            ("1970-01-02T00:00:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::from_rfc3339(text).map(|t| t.0), us, "{text}");
        }
        assert_eq!(
            Timestamp::from_rfc3339(&noon.to_rfc3339()),
            Some(Timestamp(1_795_348_800_123_000))
        );
    }
}
