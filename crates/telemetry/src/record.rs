//! What stays of a visit's call quality: a stable, compact shape with a version.
//!
//! Seats are numbers within the visit, points are rows of whole numbers, scores in summaries have two
//! digits. A record is read back with the same strictness as anything from outside. Never: changes
//! the meaning of a field within a version; a change raises [`VERSION`].

use crate::input::PathKind;
use crate::recorder::MAX_TRACKS;
use crate::score::{Codec, Mos};
use crate::series::{LinkPoint, MAX_POINTS, Point};
use crate::verdict::Culprit;
use crate::video::PictureCodec;
use serde::{Deserialize, Serialize, Serializer};
use ts_rs::TS;

/// Version of the shape that is written. 2 has what carries the picture; 1 is read, too.
pub const VERSION: u8 = 2;

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It was written by a newer release, or is none.
    #[error(
        "this record of call quality has another version; read it with the release that wrote it"
    )]
    Version,
    /// It has more directions, seats or points than any visit has.
    #[error("this record of call quality is larger than any can be; it was damaged, leave it out")]
    TooLarge,
    /// A number in it cannot be.
    #[error("this record of call quality holds impossible numbers; it was damaged, leave it out")]
    OutOfRange,
}

impl RecordError {
    /// A code that never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Version => "quality_record_version",
            Self::TooLarge => "quality_record_too_large",
            Self::OutOfRange => "quality_record_out_of_range",
        }
    }
}

/// Call quality of one visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(try_from = "Unchecked")]
#[ts(rename = "QualityRecord")]
pub struct Record {
    /// [`VERSION`].
    pub v: u8,
    /// One per direction in which somebody was heard or seen.
    pub tracks: Vec<Track>,
    /// One per person.
    pub seats: Vec<SeatPaths>,
    /// Figures of browsers that could not be and were left out.
    #[ts(type = "number")]
    pub ignored: u64,
}

/// One direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "QualityTrack")]
pub struct Track {
    /// Whose sound and picture.
    pub from: u8,
    /// Who heard and saw it.
    pub to: u8,
    /// The whole in a few numbers.
    pub summary: Summary,
    /// Length of the stretch of each point, seconds.
    pub stretch_s: u32,
    /// The line, in order of time.
    pub points: Vec<Point>,
}

/// One direction in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "QualitySummary")]
pub struct Summary {
    /// Time for which there are measurements, seconds.
    pub measured_s: u32,
    /// Time in which the sound scored below [`crate::POOR_MOS`], seconds.
    pub poor_s: u32,
    /// Half of the time the sound was at least this good.
    #[serde(serialize_with = "two_digits")]
    pub audio_median: Option<Mos>,
    /// For 95 % of the time it was at least this good.
    #[serde(serialize_with = "two_digits")]
    pub audio_p95: Option<Mos>,
    /// The worst measurement.
    #[serde(serialize_with = "two_digits")]
    pub audio_worst: Option<Mos>,
    /// Half of the time the picture was at least this good.
    #[serde(serialize_with = "two_digits")]
    pub video_median: Option<Mos>,
    /// For 95 % of the time it was at least this good.
    #[serde(serialize_with = "two_digits")]
    pub video_p95: Option<Mos>,
    /// The worst measurement.
    #[serde(serialize_with = "two_digits")]
    pub video_worst: Option<Mos>,
    /// Who or what was to blame for the longest time; none if nobody ever was.
    pub main_culprit: Culprit,
    /// How long who or what was to blame.
    pub culprits: Vec<CulpritTime>,
    /// What carried the sound last.
    pub codec: Codec,
    /// What carried the picture last; not known in version 1.
    #[serde(default)]
    pub picture_codec: PictureCodec,
}

impl Summary {
    /// Time in which the sound scored below [`crate::POOR_MOS`], minutes.
    #[must_use]
    pub fn poor_min(&self) -> f64 {
        f64::from(self.poor_s) / 60.0
    }
}

/// A culprit and their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CulpritTime {
    /// Who or what.
    pub culprit: Culprit,
    /// How long, seconds.
    pub seconds: u32,
}

/// One person's own path to the server, by which all others hear and see them and the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SeatPaths {
    /// Whose.
    pub seat: u8,
    /// Each kind that was used.
    pub paths: Vec<PathTime>,
    /// Length of the stretch of each point, seconds.
    pub stretch_s: u32,
    /// The line, in order of time.
    pub points: Vec<LinkPoint>,
}

impl SeatPaths {
    /// Share of the time on one kind of path, 0–1; 0 when there is no time at all.
    #[must_use]
    pub fn share(&self, path: PathKind) -> f64 {
        let all: u64 = self.paths.iter().map(|p| u64::from(p.seconds)).sum();
        let this: u64 =
            self.paths.iter().filter(|p| p.path == path).map(|p| u64::from(p.seconds)).sum();
        if all == 0 { 0.0 } else { this as f64 / all as f64 }
    }
}

/// A kind of path and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PathTime {
    /// Which.
    pub path: PathKind,
    /// How long, seconds.
    pub seconds: u32,
}

/// A record as it was read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    v: u8,
    tracks: Vec<Track>,
    seats: Vec<SeatPaths>,
    ignored: u64,
}

impl TryFrom<Unchecked> for Record {
    type Error = RecordError;

    fn try_from(raw: Unchecked) -> Result<Self, RecordError> {
        let Unchecked { v, tracks, seats, ignored } = raw;
        if !(1..=VERSION).contains(&v) {
            return Err(RecordError::Version);
        }
        let too_large = tracks.len() > MAX_TRACKS
            || seats.len() > usize::from(u8::MAX) + 1
            || seats
                .iter()
                .any(|s| s.paths.len() > PathKind::ALL.len() || s.points.len() > MAX_POINTS)
            || tracks.iter().any(|t| {
                t.points.len() > MAX_POINTS || t.summary.culprits.len() > Culprit::ALL.len()
            });
        if too_large {
            return Err(RecordError::TooLarge);
        }
        let sound = tracks.iter().all(|t| {
            t.stretch_s > 0
                && t.points.iter().all(Point::is_sound)
                && t.points.is_sorted_by(|a, b| a.at_s < b.at_s)
                && t.summary.poor_s <= t.summary.measured_s
        });
        let sound_links = seats.iter().all(|s| {
            s.stretch_s > 0
                && s.points.iter().all(LinkPoint::is_sound)
                && s.points.is_sorted_by(|a, b| a.at_s < b.at_s)
        });
        if !sound || !sound_links {
            return Err(RecordError::OutOfRange);
        }
        Ok(Self { v: VERSION, tracks, seats, ignored })
    }
}

/// Hundredths are more than a score can tell.
fn two_digits<S: Serializer>(mos: &Option<Mos>, to: S) -> Result<S::Ok, S::Error> {
    mos.map(|m| (m.value() * 100.0).round() / 100.0).serialize(to)
}
