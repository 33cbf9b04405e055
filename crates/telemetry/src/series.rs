//! A line over the length of a visit that never takes more room than a fixed number of points.
//!
//! A point stands for a stretch of time. When there would be too many, stretches become twice as long
//! and neighbours are joined: the mean stays the mean over time, the worst stays the worst. Never:
//! knows whose line it is.

use crate::score::{Mos, held};
use serde::{Deserialize, Serialize};

/// Most points of one line. Four hours, the longest visit, then have a point per 80 s; the first 20
/// minutes have every measurement.
pub const MAX_POINTS: usize = 240;
/// Length of the first stretches, seconds: one measurement.
const FIRST_STRETCH_S: u32 = 5;

/// One point as it is kept, in a row of six whole numbers: small, and the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u32; 6]", into = "[u32; 6]")]
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
}

impl From<[u32; 6]> for Point {
    fn from(row: [u32; 6]) -> Self {
        let short = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        Self {
            at_s: row[0],
            audio_mean: short(row[1]),
            audio_worst: short(row[2]),
            video_mean: short(row[3]),
            loss_permille: short(row[4]),
            delay_ms: short(row[5]),
        }
    }
}

impl From<Point> for [u32; 6] {
    fn from(point: Point) -> Self {
        [
            point.at_s,
            point.audio_mean.into(),
            point.audio_worst.into(),
            point.video_mean.into(),
            point.loss_permille.into(),
            point.delay_ms.into(),
        ]
    }
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
    }
}

/// What one measurement adds to a line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub(crate) audio: Option<Mos>,
    pub(crate) video: Option<Mos>,
    pub(crate) loss_pct: Option<f64>,
    pub(crate) delay_ms: Option<f64>,
}

/// The line.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    stretch_s: u32,
    stretches: Vec<Stretch>,
}

/// A point in the making: sums, so that joining does not round.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    at_s: u32,
    audio: Mean,
    audio_worst: f32,
    video: Mean,
    loss_pct: f32,
    delay_ms: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f32,
    count: u32,
}

impl Default for Series {
    fn default() -> Self {
        Self { stretch_s: FIRST_STRETCH_S, stretches: Vec::new() }
    }
}

impl Series {
    /// Adds a measurement of second `at_s`. One that comes late counts for the newest stretch.
    pub(crate) fn push(&mut self, at_s: u32, measured: &Measured) {
        let stretch = Stretch::new(at_s / self.stretch_s * self.stretch_s, measured);
        match self.stretches.last_mut() {
            Some(last) if stretch.at_s <= last.at_s => last.join(&stretch),
            _ => self.stretches.push(stretch),
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
    pub(crate) fn points(&self) -> Vec<Point> {
        self.stretches.iter().map(Stretch::point).collect()
    }

    /// Doubles the stretches. Ends, because in a long enough stretch everything is one point; and a
    /// second that fits into 32 bits is reached before the length overflows.
    fn halve(&mut self) {
        self.stretch_s = self.stretch_s.saturating_mul(2);
        let stretch_s = self.stretch_s;
        let mut joined: Vec<Stretch> = Vec::with_capacity(MAX_POINTS + 1);
        for mut stretch in self.stretches.drain(..) {
            stretch.at_s = stretch.at_s / stretch_s * stretch_s;
            match joined.last_mut() {
                Some(last) if last.at_s == stretch.at_s => last.join(&stretch),
                _ => joined.push(stretch),
            }
        }
        self.stretches = joined;
    }
}

impl Stretch {
    fn new(at_s: u32, measured: &Measured) -> Self {
        let small = |v: Option<f64>| held(v.unwrap_or(0.0), 0.0, 65_535.0, 0.0) as f32;
        Self {
            at_s,
            audio: Mean::of(measured.audio),
            audio_worst: measured.audio.map_or(f32::INFINITY, |m| m.value() as f32),
            video: Mean::of(measured.video),
            loss_pct: small(measured.loss_pct).min(100.0),
            delay_ms: small(measured.delay_ms),
        }
    }

    fn join(&mut self, other: &Self) {
        self.audio.add(other.audio);
        self.audio_worst = self.audio_worst.min(other.audio_worst);
        self.video.add(other.video);
        self.loss_pct = self.loss_pct.max(other.loss_pct);
        self.delay_ms = self.delay_ms.max(other.delay_ms);
    }

    fn point(&self) -> Point {
        let audio_mean = self.audio.hundredths();
        let worst = if self.audio.count == 0 { 0.0 } else { self.audio_worst * 100.0 };
        Point {
            at_s: self.at_s,
            audio_mean,
            audio_worst: (worst.round() as u16).min(audio_mean),
            video_mean: self.video.hundredths(),
            loss_permille: (self.loss_pct * 10.0).round() as u16,
            delay_ms: self.delay_ms.round() as u16,
        }
    }
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sound(mos: f64) -> Measured {
        Measured { audio: Some(Mos::new(mos)), ..Measured::default() }
    }

    #[test]
    fn a_short_visit_keeps_every_measurement() {
        let mut series = Series::default();
        for n in 0..240 {
            series.push(n * 5, &sound(4.0));
        }
        assert_eq!(series.points().len(), 240);
        assert_eq!(series.stretch_s(), 5);
        series.push(1_200, &sound(2.0));
        assert_eq!(series.points().len(), 121);
        assert_eq!(series.stretch_s(), 10);
    }

    #[test]
    fn joining_keeps_the_mean_and_the_worst() {
        let mut series = Series::default();
        for n in 0..480 {
            series.push(n * 5, &sound(if n % 2 == 0 { 4.0 } else { 2.0 }));
        }
        for point in series.points() {
            assert_eq!((point.audio_mean, point.audio_worst, point.video_mean), (300, 200, 0));
        }
    }

    #[test]
    fn a_stretch_without_sound_says_so() {
        let mut series = Series::default();
        series.push(
            0,
            &Measured { loss_pct: Some(2.55), delay_ms: Some(1e9), ..Measured::default() },
        );
        let points = series.points();
        assert_eq!(<[u32; 6]>::from(points[0]), [0, 0, 0, 0, 26, 65_535]);
        assert!(points[0].is_sound());
    }

    proptest! {
        #[test]
        fn it_never_grows_beyond_its_room_and_stays_in_order(
            times in proptest::collection::vec(any::<u32>(), 1..1_500),
        ) {
            let mut series = Series::default();
            for at_s in times {
                series.push(at_s, &sound(3.0));
                prop_assert!(series.stretches.len() <= MAX_POINTS);
                prop_assert!(series.stretches.capacity() <= 256);
            }
            let points = series.points();
            prop_assert!(points.is_sorted_by(|a, b| a.at_s < b.at_s));
            prop_assert!(points.iter().all(|p| p.is_sound() && p.audio_mean == 300));
        }

        #[test]
        fn a_row_of_numbers_comes_back(row in any::<[u16; 5]>(), at_s in any::<u32>()) {
            let [a, b, c, d, e] = row.map(u32::from);
            let numbers = [at_s, a, b, c, d, e];
            prop_assert_eq!(<[u32; 6]>::from(Point::from(numbers)), numbers);
        }
    }
}
