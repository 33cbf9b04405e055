//! Which metrics of call quality an operator gets: names, help, buckets, labels. Pure data; the server
//! registers them under its prefix and counts.
//!
//! Base units only (seconds, pixels), as Prometheus asks. No label ever names a person, a visit or an
//! address: the labels are [`crate::input::PathKind::label`] (`path`), [`crate::Culprit::label`]
//! (`culprit`), and [`crate::Codec::label`] and [`crate::PictureCodec::label`] (`codec`).

use crate::input::{LinkSample, ReceiveAudio, TransportSample};
use crate::score::{Codec, Mos, held};
use crate::verdict::Verdict;
use crate::video::PictureCodec;

/// A histogram to be registered.
#[derive(Debug, PartialEq)]
pub struct Histogram {
    /// Name without the prefix.
    pub name: &'static str,
    /// One sentence for operators.
    pub help: &'static str,
    /// Upper bounds, ascending; the one for everything beyond is added by whoever registers.
    pub bounds: &'static [f64],
}

/// A counter to be registered; the encoder appends `_total`.
#[derive(Debug, PartialEq)]
pub struct Counter {
    /// Name without the prefix and without `_total`.
    pub name: &'static str,
    /// One sentence for operators.
    pub help: &'static str,
}

/// Round trips between clients and the server; label `path`.
pub static MEDIA_RTT: Histogram = Histogram {
    name: "media_rtt_seconds",
    help: "Round trip between a client and the server",
    bounds: &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0],
};
/// Jitter of received sound; label `path`. Finest around the 30 ms at which it is noticed.
pub static MEDIA_JITTER: Histogram = Histogram {
    name: "media_jitter_seconds",
    help: "Jitter of sound where it is heard",
    bounds: &[0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.15, 0.3],
};
/// How late the forwarding unit's loop served a transport. 20 ms is one packet of sound.
pub static LOOP_LAG: Histogram = Histogram {
    name: "loop_lag_seconds",
    help: "How late the forwarding loop looked after a client, the worst but one look of two seconds",
    bounds: &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0],
};
/// Silence of a client's path that ended: packets came again over the same transport, mostly on another
/// path.
pub static FAILOVER_GAP: Histogram = Histogram {
    name: "failover_gap_seconds",
    help: "How long nothing had come from a client when its path worked again",
    bounds: &[0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0],
};
/// Scores of sound. The bounds are the classes of ITU-T G.107 Annex B (R 50, 60, 70, 80, 90) and two
/// below.
pub static AUDIO_SCORE: Histogram = Histogram {
    name: "audio_score",
    help: "Mean opinion score of sound by the E-model, 1.0 to 4.5",
    bounds: &[1.5, 2.0, 2.58, 3.1, 3.6, 4.03, 4.34],
};
/// Scores of pictures; the same bounds, so that both fit into one chart.
pub static VIDEO_SCORE: Histogram = Histogram {
    name: "video_score",
    help: "Score of pictures, 1.0 to 4.5",
    bounds: AUDIO_SCORE.bounds,
};
/// Heights of the pictures that arrive, as of pictures of 16:9. The bounds are those of the layers.
pub static PICTURE_HEIGHT: Histogram = Histogram {
    name: "picture_height_pixels",
    help: "Height of pictures where they are seen",
    bounds: &[90.0, 180.0, 270.0, 360.0, 540.0, 720.0, 1_080.0],
};

/// Every histogram.
pub static HISTOGRAMS: [&Histogram; 7] = [
    &MEDIA_RTT,
    &MEDIA_JITTER,
    &LOOP_LAG,
    &FAILOVER_GAP,
    &AUDIO_SCORE,
    &VIDEO_SCORE,
    &PICTURE_HEIGHT,
];

/// Packets of sound that did not reach their listener; label `path`.
pub static PACKETS_LOST: Counter = Counter {
    name: "media_packets_lost",
    help: "Packets of sound that did not reach their listener",
};
/// Packets of sound that should have; label `path`.
pub static PACKETS_EXPECTED: Counter = Counter {
    name: "media_packets_expected",
    help: "Packets of sound that listeners should have got",
};
/// Time by who or what was to blame; label `culprit`.
pub static BLAMED: Counter = Counter {
    name: "call_blamed_seconds",
    help: "Time of directions between two people, by who or what held them back",
};
/// Figures of browsers that were impossible.
pub static IGNORED: Counter = Counter {
    name: "measurements_ignored",
    help: "Figures from clients that were impossible and left out",
};

/// Time in which pictures stood still.
pub static FROZEN: Counter =
    Counter { name: "picture_frozen_seconds", help: "Time in which received pictures stood still" };
/// Time by what carried it; label `codec`.
pub static CARRIED: Counter = Counter {
    name: "media_codec_seconds",
    help: "Time of received sound and pictures, by what carried them",
};

/// Every counter.
pub static COUNTERS: [&Counter; 6] =
    [&PACKETS_LOST, &PACKETS_EXPECTED, &BLAMED, &IGNORED, &FROZEN, &CARRIED];

/// One value for one histogram, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Where it belongs.
    pub histogram: &'static Histogram,
    /// The value: seconds, or a score.
    pub value: f64,
}

/// What a client's view of its link gives.
pub fn of_link(link: &LinkSample) -> impl Iterator<Item = Observation> {
    timed(&MEDIA_RTT, link.rtt_ms)
}

/// What a listener's view of a voice gives.
pub fn of_audio(audio: &ReceiveAudio) -> impl Iterator<Item = Observation> {
    timed(&MEDIA_JITTER, audio.jitter_ms)
}

/// What the server's view of a transport gives.
pub fn of_transport(transport: &TransportSample) -> impl Iterator<Item = Observation> {
    timed(&LOOP_LAG, transport.loop_lag_ms)
}

/// What a verdict gives.
pub fn of_verdict(verdict: &Verdict) -> impl Iterator<Item = Observation> {
    let score = |mos: Option<Mos>| mos.map(Mos::value);
    let height = verdict.evidence.picture_px.map(|px| (px * 9.0 / 16.0).sqrt());
    [
        (&AUDIO_SCORE, score(verdict.audio)),
        (&VIDEO_SCORE, score(verdict.video)),
        (&PICTURE_HEIGHT, height),
    ]
    .into_iter()
    .filter_map(|(histogram, value)| value.map(|value| Observation { histogram, value }))
}

/// Time in which the picture of a direction stood in an interval of `interval_s`, seconds.
#[must_use]
pub fn frozen_s(verdict: &Verdict, interval_s: f64) -> f64 {
    held(verdict.evidence.frozen_share.unwrap_or(0.0), 0.0, 1.0, 0.0) * interval_s
}

/// What carried the sound and the picture of a direction: values of the label `codec`.
pub fn carriers(verdict: &Verdict) -> impl Iterator<Item = &'static str> {
    let sound = verdict.evidence.codec.map(Codec::label);
    sound.into_iter().chain(verdict.evidence.picture_codec.map(PictureCodec::label))
}

fn timed(histogram: &'static Histogram, time_ms: Option<f64>) -> impl Iterator<Item = Observation> {
    time_ms.map(|ms| Observation { histogram, value: ms / 1_000.0 }).into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;
    use crate::score::Rating;

    #[test]
    fn names_are_base_units_and_bounds_ascend() {
        for histogram in HISTOGRAMS {
            let name = histogram.name;
            let unit = ["_seconds", "_score", "_pixels"].iter().any(|unit| name.ends_with(unit));
            assert!(unit, "{name}");
            assert!(histogram.bounds.is_sorted_by(|a, b| a < b), "{name}");
        }
        let mut names: Vec<_> = HISTOGRAMS.iter().map(|h| h.name).collect();
        names.extend(COUNTERS.iter().map(|c| c.name));
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "twice the same name");
    }

    #[test]
    fn score_bounds_are_the_classes_of_the_recommendation() {
        for (r, bound) in [(50.0, 2.58), (60.0, 3.1), (70.0, 3.6), (80.0, 4.03), (90.0, 4.34)] {
            assert!((Rating::new(r).mos().value() - bound).abs() < 0.01);
            assert!(AUDIO_SCORE.bounds.contains(&bound));
        }
    }

    #[test]
    fn pictures_are_counted_by_height_standstill_and_carrier() {
        let evidence = Evidence {
            codec: Some(Codec::OpusFec),
            picture_codec: Some(PictureCodec::Vp8),
            frozen_share: Some(0.4),
            picture_px: Some(640.0 * 360.0),
            ..Evidence::default()
        };
        let verdict = Verdict { evidence, ..crate::judge(&crate::Ends::default()) };
        let seen: Vec<_> = of_verdict(&verdict).collect();
        assert_eq!(seen, [Observation { histogram: &PICTURE_HEIGHT, value: 360.0 }]);
        assert!((frozen_s(&verdict, 5.0) - 2.0).abs() < 1e-9);
        assert_eq!(carriers(&verdict).collect::<Vec<_>>(), ["opus_fec", "vp8"]);
        let nothing = crate::judge(&crate::Ends::default());
        assert_eq!((of_verdict(&nothing).count(), carriers(&nothing).count()), (0, 0));
        assert!(frozen_s(&nothing, 5.0).abs() < 1e-9);
    }

    #[test]
    fn observations_are_in_seconds() {
        let late = TransportSample { loop_lag_ms: Some(20.0), ..TransportSample::default() };
        let seen: Vec<_> = of_transport(&late).collect();
        assert_eq!(seen, [Observation { histogram: &LOOP_LAG, value: 0.02 }]);
        assert_eq!(of_transport(&TransportSample::default()).count(), 0);
    }
}
