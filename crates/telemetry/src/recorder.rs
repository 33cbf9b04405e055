//! Gathers the verdicts of one visit in bounded memory.
//!
//! Owns one line and a few sums per direction, and one line per seat with the time that it spent on
//! each kind of path. Seats are numbers 0–255 that the caller hands out within the visit. Never: holds a name, an
//! address or an id, or reads a clock.

use crate::input::{LinkSample, PathKind, TransportSample};
use crate::record::{CulpritTime, PathTime, Record, SeatPaths, Summary, Track, VERSION};
use crate::score::{Codec, Mos};
use crate::series::{Measured, MeasuredLink, Series};
use crate::verdict::{Culprit, Verdict};
use crate::video::PictureCodec;
use std::collections::BTreeMap;

/// Most directions of one visit: sixteen people, each hearing all others. A line takes less than
/// 12 kB, so a visit stays below 3 MB.
pub const MAX_TRACKS: usize = 240;
/// Longest stretch that one verdict may stand for, ms.
const MOST_INTERVAL_MS: u32 = 30_000;
/// Steps of the scores that medians are made of: 0.05 each from 1.0 to 4.5.
const STEPS: usize = 71;

/// A visit already has as many directions as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of this visit is full; quality of further pairs of people is not kept")]
pub struct Full;

impl Full {
    /// A code that never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "quality_record_full"
    }
}

/// The record of a visit in the making.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    began_ms: Option<u64>,
    tracks: BTreeMap<(u8, u8), Gathered>,
    seats: BTreeMap<u8, GatheredLink>,
    ignored: u64,
}

#[derive(Clone, Debug)]
struct Gathered {
    series: Series<Measured>,
    codec: Codec,
    picture_codec: PictureCodec,
    measured_ms: u64,
    poor_ms: u64,
    audio: Scores,
    video: Scores,
    culprits: [u64; Culprit::ALL.len()],
}

/// What a seat's own path was.
#[derive(Clone, Debug, Default)]
struct GatheredLink {
    series: Series<MeasuredLink>,
    paths: [u64; PathKind::ALL.len()],
}

/// What is known about a seat's own path for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Link {
    /// Its transport, by the page.
    pub page: Option<LinkSample>,
    /// Its transport, by the server.
    pub server: Option<TransportSample>,
    /// How many of its figures were impossible.
    pub ignored: u32,
}

impl Recorder {
    /// Notes the verdict on the direction from seat `from` to seat `to`, which stands for the last
    /// `interval_ms` (cut at 30 s).
    ///
    /// `now_ms` is any clock that does not run backwards, the same for the whole visit.
    ///
    /// # Errors
    /// [`Full`] for a new direction when [`MAX_TRACKS`] are there. Nothing is noted then.
    pub fn note(
        &mut self,
        now_ms: u64,
        interval_ms: u32,
        (from, to): (u8, u8),
        verdict: &Verdict,
    ) -> Result<(), Full> {
        if !self.tracks.contains_key(&(from, to)) && self.tracks.len() >= MAX_TRACKS {
            return Err(Full);
        }
        let at_s = self.at_s(now_ms);
        let track = self.tracks.entry((from, to)).or_default();
        track.add(at_s, interval_ms.min(MOST_INTERVAL_MS).into(), verdict);
        Ok(())
    }

    /// Notes how a seat's own path was for the last `interval_ms` (cut at 30 s).
    pub fn note_link(&mut self, now_ms: u64, interval_ms: u32, seat: u8, link: &Link) {
        let at_s = self.at_s(now_ms);
        let gathered = self.seats.entry(seat).or_default();
        gathered.series.push(at_s, MeasuredLink::of(link.server.as_ref(), link.page.as_ref()));
        let path = link.page.map_or(PathKind::Unknown, |p| p.path);
        for (kind, time_ms) in PathKind::ALL.into_iter().zip(&mut gathered.paths) {
            if kind == path {
                *time_ms += u64::from(interval_ms.min(MOST_INTERVAL_MS));
            }
        }
        self.ignored = self.ignored.saturating_add(link.ignored.into());
    }

    /// Seconds since the first measurement of the visit.
    fn at_s(&mut self, now_ms: u64) -> u32 {
        let began_ms = *self.began_ms.get_or_insert(now_ms);
        u32::try_from(now_ms.saturating_sub(began_ms) / 1_000).unwrap_or(u32::MAX)
    }

    /// Whether nothing was noted yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.began_ms.is_none()
    }

    /// The record so far; at the end of the visit, the record.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            v: VERSION,
            tracks: self.tracks.iter().map(|(seats, track)| track.track(*seats)).collect(),
            seats: self
                .seats
                .iter()
                .map(|(seat, link)| SeatPaths {
                    seat: *seat,
                    paths: named(&PathKind::ALL, &link.paths)
                        .map(|(path, seconds)| PathTime { path, seconds })
                        .collect(),
                    stretch_s: link.series.stretch_s(),
                    points: link.series.points(),
                })
                .collect(),
            ignored: self.ignored,
        }
    }
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            series: Series::default(),
            codec: Codec::default(),
            picture_codec: PictureCodec::default(),
            measured_ms: 0,
            poor_ms: 0,
            audio: Scores::default(),
            video: Scores::default(),
            culprits: [0; Culprit::ALL.len()],
        }
    }
}

impl Gathered {
    fn add(&mut self, at_s: u32, interval_ms: u64, verdict: &Verdict) {
        self.series.push(at_s, Measured::of(verdict));
        self.codec = verdict.evidence.codec.unwrap_or(self.codec);
        let known = verdict.evidence.picture_codec.filter(|c| *c != PictureCodec::Unknown);
        self.picture_codec = known.unwrap_or(self.picture_codec);
        self.measured_ms += interval_ms;
        self.audio.add(verdict.audio, interval_ms);
        self.video.add(verdict.video, interval_ms);
        if verdict.audio.is_some_and(Mos::is_poor) {
            self.poor_ms += interval_ms;
        }
        let culprit = verdict.blamed();
        for (one, time_ms) in Culprit::ALL.into_iter().zip(&mut self.culprits) {
            if one == culprit {
                *time_ms += interval_ms;
            }
        }
    }

    fn track(&self, (from, to): (u8, u8)) -> Track {
        let culprits: Vec<CulpritTime> = named(&Culprit::ALL, &self.culprits)
            .filter(|(culprit, _)| *culprit != Culprit::None)
            .map(|(culprit, seconds)| CulpritTime { culprit, seconds })
            .collect();
        // Of equals the first, which is the one nearer to the sender.
        let main_culprit =
            culprits.iter().rev().max_by_key(|c| c.seconds).map_or(Culprit::None, |c| c.culprit);
        Track {
            from,
            to,
            stretch_s: self.series.stretch_s(),
            summary: Summary {
                measured_s: seconds(self.measured_ms),
                poor_s: seconds(self.poor_ms),
                audio_median: self.audio.reached_for(0.5),
                audio_p95: self.audio.reached_for(0.95),
                audio_worst: self.audio.worst,
                video_median: self.video.reached_for(0.5),
                video_p95: self.video.reached_for(0.95),
                video_worst: self.video.worst,
                main_culprit,
                culprits,
                codec: self.codec,
                picture_codec: self.picture_codec,
            },
            points: self.series.points(),
        }
    }
}

/// How long each score stood.
#[derive(Clone, Debug)]
struct Scores {
    times_ms: [u64; STEPS],
    worst: Option<Mos>,
}

impl Default for Scores {
    fn default() -> Self {
        Self { times_ms: [0; STEPS], worst: None }
    }
}

impl Scores {
    fn add(&mut self, mos: Option<Mos>, interval_ms: u64) {
        let Some(mos) = mos else { return };
        let last = (STEPS - 1) as f64;
        let range = Mos::BEST.value() - Mos::WORST.value();
        // In range by the range of a score.
        let step = ((mos.value() - Mos::WORST.value()) / range * last).round() as usize;
        if let Some(time_ms) = self.times_ms.get_mut(step) {
            *time_ms += interval_ms;
        }
        self.worst = Some(self.worst.map_or(mos, |w| if mos < w { mos } else { w }));
    }

    /// The best score that was reached for at least this share of the time, within 0.025.
    fn reached_for(&self, share: f64) -> Option<Mos> {
        let all: u64 = self.times_ms.iter().sum();
        let needed = all as f64 * share;
        let mut so_far = 0;
        let range = Mos::BEST.value() - Mos::WORST.value();
        self.times_ms.iter().enumerate().rev().find_map(|(step, time_ms)| {
            so_far += time_ms;
            (so_far > 0 && so_far as f64 >= needed)
                .then(|| Mos::new(Mos::WORST.value() + range * step as f64 / (STEPS - 1) as f64))
        })
    }
}

/// Names and their times in seconds, without those that never were.
fn named<'a, N: Copy>(names: &'a [N], times_ms: &'a [u64]) -> impl Iterator<Item = (N, u32)> + 'a {
    names
        .iter()
        .zip(times_ms)
        .filter(|(_, time_ms)| **time_ms > 0)
        .map(|(name, time_ms)| (*name, seconds(*time_ms)))
}

fn seconds(time_ms: u64) -> u32 {
    u32::try_from((time_ms + 500) / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
