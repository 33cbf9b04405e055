//! A line over the length of a visit that never takes more room than a fixed number of points.
//!
//! A point stands for a stretch of time. When there would be too many, stretches become twice as long
//! and neighbours are joined: the mean stays the mean over time, the worst stays the worst. Never:
//! knows whose line it is.

use crate::evidence::{Evidence, smaller};
use crate::input::{LinkSample, TransportSample};
use crate::score::{Mos, held};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Most points of one line. Four hours, the longest visit, then have a point per 80 s; the first 20
/// minutes have every measurement.
pub const MAX_POINTS: usize = 240;
/// Length of the first stretches, seconds: one measurement.
const FIRST_STRETCH_S: u32 = 5;

/// One point of a direction as it is kept, in a row of whole numbers: small, and the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(from = "[u32; 9]", into = "[u32; 9]")]
#[ts(as = "[u32; 9]", rename = "QualityPoint")]
pub struct Point {
    /// Where its stretch begins, seconds since the visit's first measurement.
    pub at_s: u32,
    /// Mean score of the sound times 100, 100–450; 0 for none.
    pub audio_mean: u16,
    /// Worst score of the sound times 100; 0 for none.
    pub audio_worst: u16,
    /// Mean score of the picture times 100; 0 for none.
    pub video_mean: u16,
    /// Largest loss of the whole way, in tenths of a percent, 0–1000.
    pub loss_permille: u16,
    /// Largest delay from socket to socket, ms; cut at 65,535.
    pub delay_ms: u16,
    /// Largest jitter of the sound where it is heard, ms; cut at 65,535.
    pub jitter_ms: u16,
    /// Largest share of five seconds in which the picture stood, in tenths of a percent, 0–1000.
    pub frozen_permille: u16,
    /// Smallest picture that arrived, in thousands of pixels; 0 for none.
    pub picture_kpx: u16,
}

/// One point of somebody's own path, in a row of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(from = "[u32; 5]", into = "[u32; 5]")]
#[ts(as = "[u32; 5]")]
pub struct LinkPoint {
    /// Where its stretch begins, seconds since the visit's first measurement.
    pub at_s: u32,
    /// Largest round trip to the server, ms; cut at 65,535.
    pub rtt_ms: u16,
    /// Largest loss from the person to the server, in tenths of a percent, 0–1000.
    pub uplink_permille: u16,
    /// Largest loss from the server to the person, in tenths of a percent, 0–1000.
    pub downlink_permille: u16,
    /// Largest jitter of the person's sound at the server, ms; cut at 65,535.
    pub jitter_ms: u16,
}

impl From<[u32; 9]> for Point {
    fn from(row: [u32; 9]) -> Self {
        Self {
            at_s: row[0],
            audio_mean: short(row[1]),
            audio_worst: short(row[2]),
            video_mean: short(row[3]),
            loss_permille: short(row[4]),
            delay_ms: short(row[5]),
            jitter_ms: short(row[6]),
            frozen_permille: short(row[7]),
            picture_kpx: short(row[8]),
        }
    }
}

impl From<Point> for [u32; 9] {
    fn from(point: Point) -> Self {
        [
            point.at_s,
            point.audio_mean.into(),
            point.audio_worst.into(),
            point.video_mean.into(),
            point.loss_permille.into(),
            point.delay_ms.into(),
            point.jitter_ms.into(),
            point.frozen_permille.into(),
            point.picture_kpx.into(),
        ]
    }
}

impl From<[u32; 5]> for LinkPoint {
    fn from(row: [u32; 5]) -> Self {
        Self {
            at_s: row[0],
            rtt_ms: short(row[1]),
            uplink_permille: short(row[2]),
            downlink_permille: short(row[3]),
            jitter_ms: short(row[4]),
        }
    }
}

impl From<LinkPoint> for [u32; 5] {
    fn from(point: LinkPoint) -> Self {
        [
            point.at_s,
            point.rtt_ms.into(),
            point.uplink_permille.into(),
            point.downlink_permille.into(),
            point.jitter_ms.into(),
        ]
    }
}

fn short(n: u32) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

impl Point {
    /// Whether every number is in its range.
    pub(crate) fn is_sound(&self) -> bool {
        let score = |s: u16| s == 0 || (100..=450).contains(&s);
        score(self.audio_mean)
            && score(self.audio_worst)
            && score(self.video_mean)
            && self.audio_worst <= self.audio_mean
            && self.loss_permille <= 1_000
            && self.frozen_permille <= 1_000
    }
}

impl LinkPoint {
    /// Whether every number is in its range.
    pub(crate) fn is_sound(&self) -> bool {
        self.uplink_permille <= 1_000 && self.downlink_permille <= 1_000
    }
}

/// What a stretch of a line holds while it can still grow: sums, so that joining does not round.
pub(crate) trait Stretch: Copy {
    /// What becomes of it.
    type Point;
    /// Takes a neighbour in.
    fn join(&mut self, other: &Self);
    /// The point that stands for it.
    fn point(&self, at_s: u32) -> Self::Point;
}

/// The line.
#[derive(Clone, Debug)]
pub(crate) struct Series<S> {
    stretch_s: u32,
    stretches: Vec<(u32, S)>,
}

impl<S> Default for Series<S> {
    fn default() -> Self {
        Self { stretch_s: FIRST_STRETCH_S, stretches: Vec::new() }
    }
}

impl<S: Stretch> Series<S> {
    /// Adds a measurement of second `at_s`. One that comes late counts for the newest stretch.
    pub(crate) fn push(&mut self, at_s: u32, measured: S) {
        let at_s = at_s / self.stretch_s * self.stretch_s;
        match self.stretches.last_mut() {
            Some((last_s, last)) if at_s <= *last_s => last.join(&measured),
            _ => self.stretches.push((at_s, measured)),
        }
        while self.stretches.len() > MAX_POINTS {
            self.halve();
        }
    }

    /// Length of each stretch, seconds.
    pub(crate) fn stretch_s(&self) -> u32 {
        self.stretch_s
    }

    /// The points, in order of time; stretches without a measurement have none.
    pub(crate) fn points(&self) -> Vec<S::Point> {
        self.stretches.iter().map(|(at_s, stretch)| stretch.point(*at_s)).collect()
    }

    /// Doubles the stretches. Ends, because in a long enough stretch everything is one point; and a
    /// second that fits into 32 bits is reached before the length overflows.
    fn halve(&mut self) {
        self.stretch_s = self.stretch_s.saturating_mul(2);
        let stretch_s = self.stretch_s;
        let mut joined: Vec<(u32, S)> = Vec::with_capacity(MAX_POINTS + 1);
        for (at_s, stretch) in self.stretches.drain(..) {
            let at_s = at_s / stretch_s * stretch_s;
            match joined.last_mut() {
                Some((last_s, last)) if *last_s == at_s => last.join(&stretch),
                _ => joined.push((at_s, stretch)),
            }
        }
        self.stretches = joined;
    }
}

/// What measurements of a direction add up to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    audio: Mean,
    audio_worst: f32,
    video: Mean,
    loss_pct: f32,
    delay_ms: f32,
    jitter_ms: f32,
    frozen_share: f32,
    picture_px: f32,
}

impl Measured {
    /// One measurement.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        let Evidence { loss_pct, one_way_ms, jitter_ms, frozen_share, picture_px, .. } =
            verdict.evidence;
        Self {
            audio: Mean::of(verdict.audio),
            audio_worst: verdict.audio.map_or(f32::INFINITY, |m| m.value() as f32),
            video: Mean::of(verdict.video),
            loss_pct: small(loss_pct).min(100.0),
            delay_ms: small(one_way_ms),
            jitter_ms: small(jitter_ms),
            frozen_share: small(frozen_share).min(1.0),
            picture_px: picture_px.map_or(f32::INFINITY, |px| held(px, 0.0, 3e8, 0.0) as f32),
        }
    }
}

impl Stretch for Measured {
    type Point = Point;

    fn join(&mut self, other: &Self) {
        self.audio.add(other.audio);
        self.audio_worst = self.audio_worst.min(other.audio_worst);
        self.video.add(other.video);
        self.loss_pct = self.loss_pct.max(other.loss_pct);
        self.delay_ms = self.delay_ms.max(other.delay_ms);
        self.jitter_ms = self.jitter_ms.max(other.jitter_ms);
        self.frozen_share = self.frozen_share.max(other.frozen_share);
        self.picture_px = self.picture_px.min(other.picture_px);
    }

    fn point(&self, at_s: u32) -> Point {
        let audio_mean = self.audio.hundredths();
        let worst = if self.audio.count == 0 { 0.0 } else { self.audio_worst * 100.0 };
        let picture_px = if self.picture_px.is_finite() { self.picture_px } else { 0.0 };
        Point {
            at_s,
            audio_mean,
            audio_worst: (worst.round() as u16).min(audio_mean),
            video_mean: self.video.hundredths(),
            loss_permille: (self.loss_pct * 10.0).round() as u16,
            delay_ms: self.delay_ms.round() as u16,
            jitter_ms: self.jitter_ms.round() as u16,
            frozen_permille: (self.frozen_share * 1_000.0).round() as u16,
            picture_kpx: (picture_px / 1_000.0).round() as u16,
        }
    }
}

/// What measurements of somebody's own path add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MeasuredLink {
    rtt_ms: f32,
    uplink_pct: f32,
    downlink_pct: f32,
    jitter_ms: f32,
}

impl MeasuredLink {
    /// One measurement: the smaller round trip, since whoever measures adds their own delays.
    pub(crate) fn of(server: Option<&TransportSample>, page: Option<&LinkSample>) -> Self {
        let rtt_ms = smaller(server.and_then(|s| s.rtt_ms), page.and_then(|p| p.rtt_ms));
        Self {
            rtt_ms: small(rtt_ms),
            uplink_pct: small(server.and_then(|s| s.uplink_loss_pct)).min(100.0),
            downlink_pct: small(server.and_then(|s| s.downlink_loss_pct)).min(100.0),
            jitter_ms: small(server.and_then(|s| s.uplink_jitter_ms)),
        }
    }
}

impl Stretch for MeasuredLink {
    type Point = LinkPoint;

    fn join(&mut self, other: &Self) {
        self.rtt_ms = self.rtt_ms.max(other.rtt_ms);
        self.uplink_pct = self.uplink_pct.max(other.uplink_pct);
        self.downlink_pct = self.downlink_pct.max(other.downlink_pct);
        self.jitter_ms = self.jitter_ms.max(other.jitter_ms);
    }

    fn point(&self, at_s: u32) -> LinkPoint {
        LinkPoint {
            at_s,
            rtt_ms: self.rtt_ms.round() as u16,
            uplink_permille: (self.uplink_pct * 10.0).round() as u16,
            downlink_permille: (self.downlink_pct * 10.0).round() as u16,
            jitter_ms: self.jitter_ms.round() as u16,
        }
    }
}

/// What nobody measured is drawn as 0.
fn small(figure: Option<f64>) -> f32 {
    held(figure.unwrap_or(0.0), 0.0, 65_535.0, 0.0) as f32
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f32,
    count: u32,
}

impl Mean {
    fn of(mos: Option<Mos>) -> Self {
        mos.map_or(Self::default(), |m| Self { sum: m.value() as f32, count: 1 })
    }

    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
    }

    /// The mean times 100; 0 for none.
    fn hundredths(self) -> u16 {
        if self.count == 0 { 0 } else { (self.sum / self.count as f32 * 100.0).round() as u16 }
    }
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
