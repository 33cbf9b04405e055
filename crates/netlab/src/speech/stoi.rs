//! Short-time objective intelligibility.
//!
//! Owns the measure of Taal, Hendriks, Heusdens and Jensen, "An Algorithm for Intelligibility
//! Prediction of Time-Frequency Weighted Noisy Speech" (IEEE Transactions on Audio, Speech and
//! Language Processing 19(7), 2011), with the constants given there.

use std::f64::consts::PI;

/// Samples per second of both signals.
pub const RATE_HZ: u32 = 10_000;
/// Samples of a frame; frames overlap by half.
const FRAME: usize = 256;
const HOP: usize = FRAME / 2;
/// Points of the transform: frames are padded with zeros.
const POINTS: usize = 512;
/// One-third octave bands, and the centre of the lowest, hertz.
const BANDS: usize = 15;
const LOWEST_HZ: f64 = 150.0;
/// Frames of a segment: 384 ms.
const SEGMENT: usize = 30;
/// Lower bound of the signal-to-distortion ratio of a cell, decibels.
const CLIP_DB: f64 = -15.0;
/// Frames this far below the loudest of the sent speech are silence, decibels.
const SILENCE_DB: f64 = 40.0;

/// How intelligible `heard` is, when `sent` was said: 1 is perfect. Both have [`RATE_HZ`] samples per
/// second and the same beginning; what is longer is cut. `None` if there is less speech than one
/// segment.
pub fn stoi(sent: &[f32], heard: &[f32]) -> Option<f64> {
    let (sent, heard) = without_silence(sent, heard);
    let (sent, heard) = (bands(&sent), bands(&heard));
    let frames = sent.len();
    if frames < SEGMENT {
        return None;
    }
    let mut sum = 0.0;
    for end in SEGMENT..=frames {
        for band in 0..BANDS {
            let cells = |of: &[[f64; BANDS]]| -> [f64; SEGMENT] {
                std::array::from_fn(|n| of[end - SEGMENT + n][band])
            };
            sum += likeness(&cells(&sent), &cells(&heard));
        }
    }
    Some(sum / ((frames - SEGMENT + 1) * BANDS) as f64)
}

/// The correlation of a band in a segment, after the heard one was brought to the loudness of the
/// sent one and clipped.
fn likeness(sent: &[f64; SEGMENT], heard: &[f64; SEGMENT]) -> f64 {
    let scale = norm(sent) / (norm(heard) + f64::EPSILON);
    let most = 1.0 + 10_f64.powf(-CLIP_DB / 20.0);
    let clipped: [f64; SEGMENT] = std::array::from_fn(|n| (heard[n] * scale).min(sent[n] * most));
    let (sent, heard) = (centred(sent), centred(&clipped));
    let dot: f64 = sent.iter().zip(&heard).map(|(a, b)| a * b).sum();
    dot / ((norm(&sent) + f64::EPSILON) * (norm(&heard) + f64::EPSILON))
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn centred(values: &[f64; SEGMENT]) -> [f64; SEGMENT] {
    let mean = values.iter().sum::<f64>() / SEGMENT as f64;
    values.map(|value| value - mean)
}

/// Both signals without the frames in which the sent one is silent, overlapped again.
fn without_silence(sent: &[f32], heard: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let length = sent.len().min(heard.len());
    let starts: Vec<usize> = (0..).map(|n| n * HOP).take_while(|at| at + FRAME < length).collect();
    let window = window();
    let framed = |of: &[f32], at: usize| -> Vec<f64> {
        (0..FRAME).map(|n| f64::from(of[at + n]) * window[n]).collect()
    };
    let level = |frame: &[f64]| 20.0 * (norm(frame) + f64::EPSILON).log10();
    let levels: Vec<f64> = starts.iter().map(|at| level(&framed(sent, *at))).collect();
    let loudest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let kept: Vec<usize> = starts
        .iter()
        .zip(&levels)
        .filter(|(_, level)| **level > loudest - SILENCE_DB)
        .map(|(at, _)| *at)
        .collect();
    let overlapped = |of: &[f32]| {
        let mut out = vec![0.0; kept.len() * HOP + HOP];
        for (n, at) in kept.iter().enumerate() {
            for (place, value) in framed(of, *at).into_iter().enumerate() {
                out[n * HOP + place] += value;
            }
        }
        out
    };
    if kept.is_empty() { (Vec::new(), Vec::new()) } else { (overlapped(sent), overlapped(heard)) }
}

/// A Hann window without its zeros at both ends.
fn window() -> [f64; FRAME] {
    std::array::from_fn(|n| 0.5 - 0.5 * (2.0 * PI * (n + 1) as f64 / (FRAME + 1) as f64).cos())
}

/// The magnitude in each band of each frame.
fn bands(signal: &[f64]) -> Vec<[f64; BANDS]> {
    let (window, edges) = (window(), edges());
    let turns: Vec<(f64, f64)> =
        (0..POINTS).map(|n| (2.0 * PI * n as f64 / POINTS as f64).sin_cos()).collect();
    let power = |frame: &[f64], bin: usize| -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, value) in frame.iter().enumerate() {
            let (sin, cos) = turns[n * bin % POINTS];
            re += value * cos;
            im -= value * sin;
        }
        re * re + im * im
    };
    let starts = (0..).map(|n| n * HOP).take_while(|at| at + FRAME < signal.len());
    starts
        .map(|at| {
            let frame: Vec<f64> = (0..FRAME).map(|n| signal[at + n] * window[n]).collect();
            std::array::from_fn(|band| {
                let (low, high) = edges[band];
                (low..high).map(|bin| power(&frame, bin)).sum::<f64>().sqrt()
            })
        })
        .collect()
}

/// The first bin of each band, and the first behind it: the bins next to its edges.
fn edges() -> [(usize, usize); BANDS] {
    let bin_hz = f64::from(RATE_HZ) / POINTS as f64;
    let nearest = |hz: f64| (hz / bin_hz).round() as usize;
    std::array::from_fn(|band| {
        let centre = LOWEST_HZ * 2_f64.powf(band as f64 / 3.0);
        let sixth = 2_f64.powf(1.0 / 6.0);
        (nearest(centre / sixth), nearest(centre * sixth))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::tests::{noise, speechlike};

    #[test]
    fn what_arrives_as_it_was_sent_is_perfect_at_any_loudness() {
        let sent = speechlike(4.0);
        assert!((stoi(&sent, &sent).unwrap() - 1.0).abs() < 1e-9);
        let quiet: Vec<f32> = sent.iter().map(|sample| sample * 0.03).collect();
        assert!((stoi(&sent, &quiet).unwrap() - 1.0).abs() < 1e-6);
    }

    /// Of each 200 ms so many 20 ms are missing.
    fn holed(sent: &[f32], twentieths: usize) -> Vec<f32> {
        let missing = |n: usize| n % 2_000 < twentieths * 200;
        sent.iter().enumerate().map(|(n, s)| if missing(n) { 0.0 } else { *s }).collect()
    }

    #[test]
    fn more_noise_and_more_holes_are_less_intelligible_as_much_as_another_implementation_says() {
        // The figures are those of pystoi 0.4.1 for the same signals.
        let sent = speechlike(4.0);
        let noise = noise(sent.len(), 3);
        let noisy = |gain: f32| sent.iter().zip(&noise).map(|(s, n)| s + gain * n).collect();
        let of: [(Vec<f32>, f64); 9] = [
            (noisy(0.03), 0.945_375),
            (noisy(0.1), 0.845_680),
            (noisy(0.3), 0.728_958),
            (noisy(1.0), 0.571_648),
            (noisy(3.0), 0.498_961),
            (holed(&sent, 1), 0.945_658),
            (holed(&sent, 2), 0.853_876),
            (holed(&sent, 4), 0.691_110),
            (holed(&sent, 8), 0.281_256),
        ];
        for (heard, want) in of {
            let got = stoi(&sent, &heard).unwrap();
            assert!((got - want).abs() < 1e-5, "{got} instead of {want}");
        }
    }

    #[test]
    fn what_was_not_said_is_not_understood() {
        let sent = speechlike(4.0);
        let other: Vec<f32> = sent.iter().rev().copied().collect();
        assert!(stoi(&sent, &other).unwrap() < 0.1);
        assert!(stoi(&sent, &vec![0.0; sent.len()]).unwrap() < 0.1);
    }

    #[test]
    fn too_little_speech_is_no_speech() {
        assert_eq!(stoi(&[], &[]), None);
        assert_eq!(stoi(&[0.1; 300], &[0.1; 300]), None);
    }
}
