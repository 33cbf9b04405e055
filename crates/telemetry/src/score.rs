//! The score of sound: a simplified E-model (ITU-T G.107), from delay, loss and codec to a rating R
//! and from R to a mean opinion score.
//!
//! Simplified means: everything that a call over packets cannot change (loudness, side tone, noise of
//! the line, echo that is cancelled) keeps the default values of G.107, which leaves
//! `R = 93.2 − Id − Ie,eff`. `Id` is the usual two-part line for the delay impairment of G.107 clause
//! 7.4 without echo, as published by Cole and Rosenbluth (2001). `Ie,eff` is G.107 clause 7.5.
//!
//! The scale is the narrowband one. Sound here is mostly wideband, and G.107.1 has a longer scale for
//! that (R up to 129), which this module does not use: the ITU-T has no impairment of Opus on it, and
//! a number that is comparable between a browser and a telephone line is worth more. So a score says
//! how much a path takes away, not how fine the sound of a perfect path is. G.107 stands for delays up
//! to 500 ms and losses up to 20 %; beyond, a score only says that it is bad.
//!
//! Never: decides who is to blame, or smooths.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Below this score nearly everybody is dissatisfied (G.107 Annex B: R below 60).
pub const POOR_MOS: f64 = 3.1;

/// R of a call with every default of G.107.
const BEST_RATING: f64 = 93.2;
/// Slope of the delay impairment, R per ms (Cole and Rosenbluth).
const DELAY_SLOPE: f64 = 0.024;
/// From this mouth-to-ear delay on, ms, people talk into each other's words (Cole and Rosenbluth).
const DELAY_KNEE_MS: f64 = 177.3;
/// Additional slope beyond the knee, R per ms (Cole and Rosenbluth).
const DELAY_SLOPE_BEYOND: f64 = 0.11;
/// Most that the equipment impairment can grow to (G.107 clause 7.5).
const MOST_IMPAIRMENT: f64 = 95.0;
/// Range of the burst ratio for which G.107 stands.
const MOST_BURST_RATIO: f64 = 8.0;
/// Delays longer than this, ms, are as bad as this one: R is 0 long before.
const MOST_DELAY_MS: f64 = 60_000.0;
/// Sound cards and the browser's own audio path on both ends, ms. An assumption: 10 ms each.
const DEVICE_DELAY_MS: f64 = 20.0;
/// A 20 ms frame and 6.5 ms of look-ahead (RFC 6716 §2), ms.
const CODEC_DELAY_MS: f64 = 26.5;

/// What carries the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "SoundCodec")]
pub enum Codec {
    /// Opus with in-band forward error correction (RFC 6716 §2.1.7), which mends a single lost packet
    /// from the next one.
    OpusFec,
    /// Opus that only conceals what is missing.
    Opus,
    /// G.711 with concealment (G.711 Appendix I), as telephone lines have it.
    G711,
    /// Not known.
    #[default]
    Unknown,
}

impl Codec {
    /// The value of the label `codec` in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpusFec => "opus_fec",
            Self::Opus => "opus",
            Self::G711 => "g711",
            Self::Unknown => "unknown",
        }
    }

    /// Equipment impairment without loss (`Ie`).
    ///
    /// G.711 is the reference of the scale: 0 by definition (G.113 Appendix I). There is no value of
    /// the ITU-T for Opus. **Assumption:** at the rates in use here, 24 kbit/s and more, it is no
    /// worse than G.711, so 0 too.
    const fn impairment(self) -> f64 {
        match self {
            Self::OpusFec | Self::Opus | Self::G711 | Self::Unknown => 0.0,
        }
    }

    /// Robustness against random loss (`Bpl`); more is better.
    ///
    /// G.711 with concealment has 25.1 and GSM EFR 10.0 (G.113 Appendix I). **Assumptions:** Opus that
    /// conceals gets 20, a little less than G.711, whose packets depend on nothing before them. With
    /// error correction twice as much: a mended packet is there, but at a lower rate, so half of the
    /// harm of a loss is taken to stay; 40 is also the most that G.107 takes. An unknown codec gets
    /// the weakest of these.
    const fn robustness(self) -> f64 {
        match self {
            Self::OpusFec => 40.0,
            Self::Opus => 20.0,
            Self::G711 => 25.1,
            Self::Unknown => 10.0,
        }
    }
}

/// What the sound of one direction goes through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioPath {
    /// From one device's network socket to the other's, ms. Below 0 counts as 0, not-a-number as
    /// endless.
    pub one_way_delay_ms: f64,
    /// Time that sound waits in the listener's jitter buffer, ms; treated alike.
    pub jitter_buffer_ms: f64,
    /// Share of the sound that is missing: lost, or too late, percent 0–100. Not-a-number counts as
    /// everything.
    pub loss_pct: f64,
    /// Mean length of a run of lost packets, divided by what random loss of the same share would
    /// have: 1 is random, more comes in bursts. Held to 1–8; not-a-number counts as 1.
    pub burst_ratio: f64,
    /// What carries it.
    pub codec: Codec,
}

impl AudioPath {
    /// The rating R of this path. Never rises with delay, loss or burst ratio.
    #[must_use]
    pub fn rating(&self) -> Rating {
        let delay_ms = held(self.one_way_delay_ms, 0.0, MOST_DELAY_MS, MOST_DELAY_MS)
            + held(self.jitter_buffer_ms, 0.0, MOST_DELAY_MS, MOST_DELAY_MS)
            + DEVICE_DELAY_MS
            + CODEC_DELAY_MS;
        let loss_pct = held(self.loss_pct, 0.0, 100.0, 100.0);
        let burst_ratio = held(self.burst_ratio, 1.0, MOST_BURST_RATIO, 1.0);
        Rating::new(
            BEST_RATING
                - delay_impairment(delay_ms)
                - loss_impairment(self.codec, loss_pct, burst_ratio),
        )
    }

    /// The score of this path.
    #[must_use]
    pub fn mos(&self) -> Mos {
        self.rating().mos()
    }
}

/// `Id` of a mouth-to-ear delay in ms.
fn delay_impairment(delay_ms: f64) -> f64 {
    DELAY_SLOPE * delay_ms + DELAY_SLOPE_BEYOND * (delay_ms - DELAY_KNEE_MS).max(0.0)
}

/// `Ie,eff` (G.107 clause 7.5) of a loss in percent.
fn loss_impairment(codec: Codec, loss_pct: f64, burst_ratio: f64) -> f64 {
    let own = codec.impairment();
    own + (MOST_IMPAIRMENT - own) * loss_pct / (loss_pct / burst_ratio + codec.robustness())
}

/// The transmission rating R, 0–100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rating(f64);

impl Rating {
    /// Held to 0–100; not-a-number is 0.
    #[must_use]
    pub fn new(r: f64) -> Self {
        Self(held(r, 0.0, 100.0, 0.0))
    }

    /// The number, 0–100.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// The score that goes with it (G.107 Annex B). Below R = 6.5 the cubic of the recommendation
    /// falls under 1 before it turns; there the score is 1.
    #[must_use]
    pub fn mos(self) -> Mos {
        let r = self.0;
        Mos::new(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6)
    }
}

/// A mean opinion score, 1.0 (bad) to 4.5 (the best that the scale of G.107 has).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, TS)]
#[serde(from = "f64", into = "f64")]
#[ts(as = "f64")]
pub struct Mos(f64);

impl Mos {
    /// The worst score.
    pub const WORST: Self = Self(1.0);
    /// The best score.
    pub const BEST: Self = Self(4.5);

    /// Held to 1.0–4.5; not-a-number is 1.0.
    #[must_use]
    pub fn new(score: f64) -> Self {
        Self(held(score, Self::WORST.0, Self::BEST.0, Self::WORST.0))
    }

    /// The number, 1.0–4.5.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Whether nearly everybody would be dissatisfied.
    #[must_use]
    pub fn is_poor(self) -> bool {
        self.0 < POOR_MOS
    }
}

impl From<f64> for Mos {
    fn from(score: f64) -> Self {
        Self::new(score)
    }
}

impl From<Mos> for f64 {
    fn from(mos: Mos) -> Self {
        mos.0
    }
}

/// `value` held to a range, and something else for not-a-number. (`f64::clamp` lets it through.)
pub(crate) fn held(value: f64, least: f64, most: f64, if_nan: f64) -> f64 {
    if value.is_nan() { if_nan } else { value.clamp(least, most) }
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
