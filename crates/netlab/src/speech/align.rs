//! The place of each part of a recording in what was sent again and again.
//!
//! Owns the search. A receiver plays a little faster or slower to follow the network's delay, so one
//! shift for all does not do: each piece is looked for near the place of the one before.

use crate::speech::RATE_HZ;

/// Samples of one value of an envelope: 10 ms.
const STEP: usize = RATE_HZ as usize / 100;
/// Values of a piece: 1 s.
const PIECE: usize = 100;
/// How far a piece may be from where the one before says, in steps: 250 ms.
const WANDER: isize = 25;
/// A recording whose envelope is less like what was sent holds something else.
const LEAST_LIKENESS: f64 = 0.3;
/// The same for a single piece, whose place is then taken from the one before.
const SURE: f64 = 0.5;

/// Two signals of one length, moment for moment.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Aligned {
    /// What was sent.
    pub sent: Vec<f32>,
    /// What was heard at that time.
    pub heard: Vec<f32>,
    /// Share of pieces whose place is certain, 0 to 1.
    pub placed: f64,
}

/// Finds `heard` in repetitions of `sent`; both have [`RATE_HZ`] samples per second. `None` if it is
/// shorter than a second, or not in it.
pub fn align(sent: &[f32], heard: &[f32]) -> Option<Aligned> {
    let (said, got) = (envelope(sent), envelope(heard));
    if said.len() < PIECE || got.len() < PIECE {
        return None;
    }
    let (begin, like) = best((0..said.len() as isize).map(|at| (at, likeness(&said, at, &got))))?;
    if like < LEAST_LIKENESS {
        return None;
    }
    let mut found = Aligned { sent: Vec::new(), heard: Vec::new(), placed: 0.0 };
    let pieces = got.len() / PIECE;
    let mut shift = begin;
    for piece in 0..pieces {
        let from = piece * PIECE;
        let here = &got[from..from + PIECE];
        let near = (shift - WANDER..=shift + WANDER)
            .map(|shift| (shift, likeness(&said, shift + from as isize, here)));
        let (place, like) = best(near)?;
        let heard = &heard[from * STEP..(from + PIECE) * STEP];
        let mut at = (shift + from as isize) * STEP as isize;
        if like >= SURE {
            shift = place;
            found.placed += 1.0 / pieces as f64;
            at = to_the_sample(sent, (place + from as isize) * STEP as isize, heard);
        }
        found.sent.extend((0..heard.len()).map(|n| around(sent, at + n as isize)));
        found.heard.extend(heard);
    }
    Some(found)
}

/// The loudness of each step, with soft sounds raised: the root of the mean power's root.
fn envelope(signal: &[f32]) -> Vec<f64> {
    let power = |step: &[f32]| step.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    signal.chunks_exact(STEP).map(|step| (power(step) / STEP as f64).powf(0.25)).collect()
}

/// The correlation of `got` with as much of `said`, repeated, from `at` on.
fn likeness(said: &[f64], at: isize, got: &[f64]) -> f64 {
    let said = |n: usize| said[(at + n as isize).rem_euclid(said.len() as isize) as usize];
    let count = got.len() as f64;
    let mean_said = (0..got.len()).map(said).sum::<f64>() / count;
    let mean_got = got.iter().sum::<f64>() / count;
    let (mut dot, mut one, mut two) = (0.0, 0.0, 0.0);
    for (n, value) in got.iter().enumerate() {
        let (a, b) = (said(n) - mean_said, value - mean_got);
        dot += a * b;
        one += a * a;
        two += b * b;
    }
    dot / ((one * two).sqrt() + 1e-12)
}

/// The place within one step of `near` at which the waves fit best.
fn to_the_sample(sent: &[f32], near: isize, heard: &[f32]) -> isize {
    let step = STEP as isize;
    let fit = |at: isize| -> f64 {
        let pairs = heard.iter().enumerate();
        pairs.map(|(n, h)| f64::from(*h) * f64::from(around(sent, at + n as isize))).sum()
    };
    best((near - step..=near + step).map(|at| (at, fit(at)))).map_or(near, |(at, _)| at)
}

fn around(sent: &[f32], at: isize) -> f32 {
    sent[at.rem_euclid(sent.len() as isize) as usize]
}

fn best(candidates: impl Iterator<Item = (isize, f64)>) -> Option<(isize, f64)> {
    candidates.max_by(|one, two| one.1.total_cmp(&two.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::tests::{noise, speechlike};

    #[test]
    fn repetitions_are_found_and_followed_as_the_delay_changes() {
        let sent = speechlike(5.0);
        // Begins in the middle, loses 30 ms after 4 s and gains 120 ms after 8 s.
        let repeated: Vec<f32> = sent.iter().cycle().take(170_000).copied().collect();
        let mut heard = repeated[23_456..63_456].to_vec();
        heard.extend(&repeated[63_756..103_756]);
        heard.extend(vec![0.0; 1_200]);
        heard.extend(&repeated[103_756..143_756]);
        let aligned = align(&sent, &heard).unwrap();
        assert_eq!(aligned.sent.len(), aligned.heard.len());
        assert!(aligned.placed > 0.9, "{}", aligned.placed);
        let same = aligned.sent.iter().zip(&aligned.heard).filter(|(a, b)| a == b).count();
        assert!(same as f64 > 0.85 * aligned.heard.len() as f64, "{same}");
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(align(&speechlike(4.0), &noise(60_000, 9)), None);
        assert_eq!(align(&speechlike(4.0), &[]), None);
        assert_eq!(align(&[], &speechlike(4.0)), None);
        assert_eq!(align(&speechlike(4.0), &vec![0.0; 60_000]), None);
    }
}
