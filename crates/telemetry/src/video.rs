//! The score of a picture, from freezes, sharpness and frame rate.
//!
//! This is our own plain scale, not a standard: it is there to compare moments of a visit and to see
//! which of the three hurts. It shares the range of the score of sound so that both can stand in one
//! chart. Never: looks into the picture.

use crate::score::{Mos, held};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What carries a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PictureCodec {
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 (RFC 6184).
    H264,
    /// Another one, or not known.
    #[default]
    Unknown,
}

impl PictureCodec {
    /// The value of the label `codec` in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Vp8 => "vp8",
            Self::H264 => "h264",
            Self::Unknown => "unknown",
        }
    }
}

/// Frame rate from which on more is not noticed in a talking head, frames per second.
const SMOOTH_FPS: f64 = 24.0;
/// Part of the score that stays when the picture is only a few pixels: one still sees that somebody
/// is there and moves.
const BLURRED: f64 = 0.5;
/// A picture that stands for a third of the time is worth no more than none.
const FREEZE_WEIGHT: f64 = 3.0;
/// So many freezes per minute, five in five seconds, halve what is left: each one tears, however
/// short.
const HALVING_FREEZES_PER_MIN: f64 = 60.0;

/// How one remote picture was shown for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoPath {
    /// Share of the time in which the picture stood still, 0–1. Not-a-number counts as all of it.
    pub frozen_share: f64,
    /// Freezes per minute, 0 and more; not-a-number counts as endlessly many.
    pub freezes_per_min: f64,
    /// Width times height of what arrived over what the tile could show, 0–1. More is cut, since a
    /// sharper picture than the glass shows is no better. Not-a-number counts as 0.
    pub area_ratio: f64,
    /// Frames shown per second; not-a-number counts as 0.
    pub frames_per_s: f64,
}

impl VideoPath {
    /// The score. Never rises with freezes, never falls with sharpness or frame rate.
    #[must_use]
    pub fn mos(&self) -> Mos {
        let frozen = held(self.frozen_share, 0.0, 1.0, 1.0);
        let torn = held(self.freezes_per_min, 0.0, f64::MAX, f64::MAX);
        // Edges, not areas, are what an eye compares.
        let sharp = held(self.area_ratio, 0.0, 1.0, 0.0).sqrt();
        let fluent = held(self.frames_per_s, 0.0, SMOOTH_FPS, 0.0) / SMOOTH_FPS;
        let steady =
            (1.0 - FREEZE_WEIGHT * frozen).max(0.0) / (1.0 + torn / HALVING_FREEZES_PER_MIN);
        let whole = steady * fluent * (BLURRED + (1.0 - BLURRED) * sharp);
        Mos::new(Mos::WORST.value() + (Mos::BEST.value() - Mos::WORST.value()) * whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FINE: VideoPath =
        VideoPath { frozen_share: 0.0, freezes_per_min: 0.0, area_ratio: 1.0, frames_per_s: 30.0 };

    fn near(path: VideoPath, should: f64) {
        let is = path.mos().value();
        assert!((is - should).abs() < 1e-9, "{is} is not {should}");
    }

    #[test]
    fn worked_examples() {
        near(FINE, 4.5);
        // Half the frames: half of what is above 1.
        near(VideoPath { frames_per_s: 12.0, ..FINE }, 2.75);
        // A quarter of the pixels is half of the edges: 0.5 + 0.5 · 0.5 of what is above 1.
        near(VideoPath { area_ratio: 0.25, ..FINE }, 1.0 + 3.5 * 0.75);
        // Ten percent of the time: 1 − 0.3.
        near(VideoPath { frozen_share: 0.1, ..FINE }, 1.0 + 3.5 * 0.7);
        near(VideoPath { freezes_per_min: 60.0, ..FINE }, 2.75);
        near(VideoPath { frozen_share: 0.34, ..FINE }, 1.0);
        near(VideoPath { frames_per_s: 0.0, ..FINE }, 1.0);
        // A sharper picture than the tile shows is no better.
        near(VideoPath { area_ratio: 4.0, ..FINE }, 4.5);
    }

    fn anything() -> impl Strategy<Value = f64> {
        prop_oneof![any::<u64>().prop_map(f64::from_bits), 0.0..60.0]
    }

    proptest! {
        #[test]
        fn any_input_gives_a_score_in_range(
            frozen in anything(), torn in anything(), area in anything(), fps in anything(),
        ) {
            let path = VideoPath {
                frozen_share: frozen, freezes_per_min: torn, area_ratio: area, frames_per_s: fps,
            };
            prop_assert!((1.0..=4.5).contains(&path.mos().value()));
        }

        #[test]
        fn each_figure_pulls_its_own_way(
            frozen in 0.0..1.0, torn in 0.0..60.0, area in 0.0..1.0, fps in 0.0..30.0, by in 0.0..1.0,
        ) {
            let path = VideoPath {
                frozen_share: frozen, freezes_per_min: torn, area_ratio: area, frames_per_s: fps,
            };
            let frozen_longer = VideoPath { frozen_share: frozen + by, ..path };
            let torn_more = VideoPath { freezes_per_min: torn + 60.0 * by, ..path };
            let sharper = VideoPath { area_ratio: area + by, ..path };
            let fluent = VideoPath { frames_per_s: fps + 30.0 * by, ..path };
            prop_assert!(frozen_longer.mos() <= path.mos());
            prop_assert!(torn_more.mos() <= path.mos());
            prop_assert!(sharper.mos() >= path.mos());
            prop_assert!(fluent.mos() >= path.mos());
        }
    }
}
