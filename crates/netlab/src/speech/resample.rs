//! Sound at another number of samples per second.

use std::f64::consts::PI;

/// Half the length of the filter, in samples of the slower rate.
const HALF_TAPS: f64 = 32.0;

/// The same sound with `to_hz` samples per second; what the slower rate cannot hold is filtered out.
/// A sinc under a Hann window, taken at each new sample.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz || from_hz == 0 || to_hz == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from_hz) / f64::from(to_hz);
    // A little below half the slower rate, so that the filter's slope is over by then.
    let cutoff = 0.95 / step.max(1.0);
    let reach = HALF_TAPS * step.max(1.0);
    let count = (samples.len() as f64 / step) as usize;
    (0..count).map(|n| at(samples, n as f64 * step, cutoff, reach)).collect()
}

fn at(samples: &[f32], place: f64, cutoff: f64, reach: f64) -> f32 {
    let first = (place - reach).ceil().max(0.0) as usize;
    let last = ((place + reach).floor() as usize).min(samples.len().saturating_sub(1));
    let taps = samples.iter().enumerate().take(last + 1).skip(first);
    let sum: f64 = taps
        .map(|(index, sample)| {
            let distance = index as f64 - place;
            let window = 0.5 + 0.5 * (PI * distance / reach).cos();
            f64::from(*sample) * cutoff * sinc(cutoff * distance) * window
        })
        .sum();
    sum as f32
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate_hz: u32, seconds: f64) -> Vec<f32> {
        let count = (f64::from(rate_hz) * seconds) as usize;
        (0..count).map(|n| (2.0 * PI * hz * n as f64 / f64::from(rate_hz)).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_what_it_is() {
        for from_hz in [8_000, 16_000, 22_050, 48_000] {
            let got = resample(&tone(1_000.0, from_hz, 0.5), from_hz, 10_000);
            let want = tone(1_000.0, 10_000, 0.5);
            assert!(got.len().abs_diff(want.len()) <= 1);
            let worst = (200..4_000).map(|n| (got[n] - want[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{worst} from {from_hz}");
        }
    }

    #[test]
    fn what_the_slower_rate_cannot_hold_is_gone() {
        let got = resample(&tone(7_000.0, 48_000, 0.5), 48_000, 10_000);
        assert!(got[200..4_000].iter().all(|sample| sample.abs() < 0.01));
    }
}
