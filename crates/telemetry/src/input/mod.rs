//! What both ends measured, before and after it is checked.
//!
//! `Raw…` types hold figures as they came in: nothing about them is trusted. Each has a `check` that
//! gives the same thing with units, in range. A figure that cannot be is left out and counted: one
//! lying or broken browser must not spoil a score, and the count says that it happened. All figures
//! of a sample are about one interval of about five seconds (differences, not totals).
//!
//! A page sends a browser's `Raw…` types as they are, as JSON; that is read strictly: a key that is not
//! there is refused. There is no field for a name, an address or an id.

mod client;
mod server;

pub use client::{
    CandidateKind, LimitedBy, LinkSample, Loss, PathKind, Protocol, RawLink, RawReceiveAudio,
    RawReceiveVideo, RawSendAudio, RawSendVideo, ReceiveAudio, ReceiveVideo, SendAudio, SendVideo,
    SourceState,
};
pub use server::{RawTransport, TransportSample};

use std::ops::RangeInclusive;

/// Shortest interval of a sample, ms: with less there are too few packets to speak of a share.
pub const MIN_INTERVAL_MS: f64 = 1_000.0;
/// Longest interval of a sample, ms: a page that slept longer does not know what happened meanwhile.
pub const MAX_INTERVAL_MS: f64 = 30_000.0;

/// Round trips, ms.
const RTT_MS: RangeInclusive<f64> = 0.0..=30_000.0;
/// Jitter, ms.
const JITTER_MS: RangeInclusive<f64> = 0.0..=10_000.0;
/// Rates, bit/s.
const RATE_BPS: RangeInclusive<f64> = 0.0..=1e9;
/// Shares in percent.
const PCT: RangeInclusive<f64> = 0.0..=100.0;
/// Packets per second, both directions: no device here comes near.
const MOST_PACKETS_PER_S: f64 = 20_000.0;

/// Why nothing can be made of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The interval is missing, no number, or out of range.
    #[error(
        "the interval of the measurements is not between 1 and 30 seconds; send the next ones after five seconds"
    )]
    Interval,
}

impl InputError {
    /// A code that never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Interval => "bad_interval",
        }
    }
}

/// Checks the figures of one sample and counts those that it had to leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    interval_ms: f64,
    ignored: u32,
}

impl Check {
    /// Begins with the length of the interval in ms.
    ///
    /// # Errors
    /// [`InputError::Interval`] unless it lies within [`MIN_INTERVAL_MS`] and [`MAX_INTERVAL_MS`].
    pub fn new(interval_ms: f64) -> Result<Self, InputError> {
        // Also refuses not-a-number.
        if (MIN_INTERVAL_MS..=MAX_INTERVAL_MS).contains(&interval_ms) {
            Ok(Self { interval_ms, ignored: 0 })
        } else {
            Err(InputError::Interval)
        }
    }

    /// Length of the interval, ms.
    #[must_use]
    pub const fn interval_ms(&self) -> f64 {
        self.interval_ms
    }

    /// How many figures were impossible so far.
    #[must_use]
    pub const fn ignored(&self) -> u32 {
        self.ignored
    }

    /// A number in a range.
    fn real(&mut self, raw: Option<f64>, range: &RangeInclusive<f64>) -> Option<f64> {
        let value = raw?;
        // Not-a-number is in no range.
        if range.contains(&value) { Some(value) } else { self.ignore() }
    }

    /// A whole number from 0 to `most`. Browsers count in doubles.
    fn whole(&mut self, raw: Option<f64>, most: f64) -> Option<u32> {
        let value = self.real(raw, &(0.0..=most.min(f64::from(u32::MAX))))?;
        if value.fract() == 0.0 { Some(value as u32) } else { self.ignore() }
    }

    /// A count of packets in the interval.
    fn packets(&mut self, raw: Option<f64>) -> Option<u32> {
        self.whole(raw, MOST_PACKETS_PER_S * self.interval_ms / 1_000.0)
    }

    /// A count of lost packets. It may be below zero: packets of the interval before came after all.
    /// Then nothing was lost.
    fn packets_lost(&mut self, raw: Option<f64>) -> Option<u32> {
        let most = MOST_PACKETS_PER_S * self.interval_ms / 1_000.0;
        let value = self.real(raw, &(-most..=most))?;
        self.whole(Some(value.max(0.0)), most)
    }

    /// A duration within the interval, ms. Browsers add a freeze when it ends, so one that began
    /// earlier may be longer than the interval: it is cut to it.
    fn within(&mut self, raw: Option<f64>, most_ms: f64) -> Option<f64> {
        Some(self.real(raw, &(0.0..=most_ms))?.min(self.interval_ms))
    }

    /// Counts a figure that cannot be.
    fn ignore<T>(&mut self) -> Option<T> {
        self.ignored = self.ignored.saturating_add(1);
        None
    }
}
