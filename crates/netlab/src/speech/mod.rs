//! What a network leaves of speech: how well a person understands what arrived.
//!
//! Owns the measure and what it needs: another sampling rate, and the place of each part of a
//! recording in what was sent. It does no IO and hears no words.

mod align;
mod resample;
mod stoi;

pub use align::{Aligned, align};
pub use resample::resample;
pub use stoi::{RATE_HZ, stoi};

/// What was found in a recording.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Heard {
    /// Short-time objective intelligibility, at most 1. Above about 0.75 nearly every word of a
    /// sentence is understood.
    pub stoi: f64,
    /// Share of the recording, 0 to 1, whose place in what was sent is certain. The rest counts as
    /// not understood where it can be placed by its neighbours.
    pub placed: f64,
    /// Seconds of speech that were compared.
    pub seconds: f64,
}

/// Compares a recording with what was sent again and again, each with its own samples per second.
/// `None` if they hold no speech, or nothing of one in the other.
pub fn compare(sent: &[f32], sent_hz: u32, heard: &[f32], heard_hz: u32) -> Option<Heard> {
    let sent = resample(sent, sent_hz, RATE_HZ);
    let heard = resample(heard, heard_hz, RATE_HZ);
    let aligned = align(&sent, &heard)?;
    let stoi = stoi(&aligned.sent, &aligned.heard)?;
    let seconds = aligned.heard.len() as f64 / f64::from(RATE_HZ);
    Some(Heard { stoi, placed: aligned.placed, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White noise between −1 and 1.
    pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    /// Something with the rhythm and the bands of speech: syllables of a voice with changing vowels,
    /// and hisses between them, never the same.
    pub(super) fn speechlike(seconds: f64) -> Vec<f32> {
        let count = (seconds * f64::from(RATE_HZ)) as usize;
        let (hiss, draws) = (noise(count, 1), noise(count, 2));
        (0..count)
            .map(|n| {
                let time = n as f64 / f64::from(RATE_HZ);
                let syllable = n / 1_700;
                let draw = |k: usize| f64::from(draws[(syllable * 7 + k) % count]).abs();
                let within = (n % 1_700) as f64 / 1_700.0;
                let loud = (std::f64::consts::PI * within).sin().powi(2) * draw(0);
                let pitch = 100.0 + 60.0 * draw(1);
                let voice: f64 = (1..30)
                    .map(|k| {
                        let hz = pitch * f64::from(k);
                        let formant = |at: f64| (-((hz - at) / 150.0).powi(2)).exp();
                        let gain =
                            formant(300.0 + 500.0 * draw(2)) + formant(900.0 + 1_500.0 * draw(3));
                        gain * (std::f64::consts::TAU * hz * time).sin()
                    })
                    .sum();
                let hissed = if draw(4) > 0.6 { f64::from(hiss[n]) * 0.3 } else { 0.0 };
                (0.3 * loud * (voice + hissed)) as f32
            })
            .collect()
    }

    #[test]
    fn a_recording_at_another_rate_and_place_is_perfect_and_a_torn_one_is_not() {
        let sent = resample(&speechlike(5.0), RATE_HZ, 22_050);
        let repeated: Vec<f32> = sent.iter().cycle().take(sent.len() * 3).copied().collect();
        let heard = resample(&repeated[31_000..250_000], 22_050, 16_000);
        let whole = compare(&sent, 22_050, &heard, 16_000).unwrap();
        assert!(whole.stoi > 0.98 && whole.placed > 0.9, "{whole:?}");
        assert!(whole.seconds >= 9.0);
        // Every fifth tenth of a second is missing.
        let torn: Vec<f32> = heard
            .iter()
            .enumerate()
            .map(|(n, sample)| if (n / 1_600) % 5 == 0 { 0.0 } else { *sample })
            .collect();
        let torn = compare(&sent, 22_050, &torn, 16_000).unwrap();
        assert!(torn.stoi < whole.stoi - 0.05 && torn.stoi > 0.4, "{torn:?}");
        assert_eq!(compare(&sent, 22_050, &noise(100_000, 4), 16_000), None);
    }
}
