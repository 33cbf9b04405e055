//! Which packets the air swallows.
//!
//! Owns the loss models and their state. Draws come from a seeded generator that the caller holds.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::SettingError;

/// How packets are lost. Shares are between 0 and 1.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub enum Loss {
    /// None.
    #[default]
    None,
    /// Each packet alone, with this probability.
    Uniform(f64),
    /// Two states, good and bad, with a step before each packet (Gilbert, Bell System Technical
    /// Journal 39, 1960; Elliott, 42, 1963). The model counts packets, not time.
    GilbertElliott {
        /// Probability of going from good to bad.
        to_bad: f64,
        /// Probability of going from bad to good.
        to_good: f64,
        /// Share of packets lost in the good state.
        loss_in_good: f64,
        /// Share of packets lost in the bad state.
        loss_in_bad: f64,
    },
}

impl Loss {
    /// Bursts in which everything is lost: `share` of all packets, `burst_packets` (1 or more) in
    /// a row on average. The good state loses nothing.
    pub fn bursts(share: f64, burst_packets: f64) -> Self {
        let to_good = 1.0 / burst_packets;
        let to_bad = to_good * share / (1.0 - share);
        Self::GilbertElliott { to_bad, to_good, loss_in_good: 0.0, loss_in_bad: 1.0 }
    }

    /// The share of packets that is lost in the long run.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Uniform(share) => share,
            Self::GilbertElliott { to_bad, to_good, loss_in_good, loss_in_bad } => {
                let steps = to_bad + to_good;
                let bad = if steps == 0.0 { 0.0 } else { to_bad / steps };
                loss_in_good * (1.0 - bad) + loss_in_bad * bad
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        let shares = match *self {
            Self::None => return Ok(()),
            Self::Uniform(share) => [share; 4],
            Self::GilbertElliott { to_bad, to_good, loss_in_good, loss_in_bad } => {
                [to_bad, to_good, loss_in_good, loss_in_bad]
            }
        };
        if shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            Ok(())
        } else {
            Err(SettingError::Loss)
        }
    }
}

/// The state of a loss model.
#[derive(Default)]
pub(crate) struct LossState {
    bad: bool,
}

impl LossState {
    /// Whether the next packet is lost. `loss` has been checked.
    pub(crate) fn takes_next(&mut self, loss: &Loss, rng: &mut StdRng) -> bool {
        match *loss {
            Loss::None => false,
            Loss::Uniform(share) => rng.random_bool(share),
            Loss::GilbertElliott { to_bad, to_good, loss_in_good, loss_in_bad } => {
                if rng.random_bool(if self.bad { to_good } else { to_bad }) {
                    self.bad = !self.bad;
                }
                rng.random_bool(if self.bad { loss_in_bad } else { loss_in_good })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const PACKETS: usize = 200_000;

    fn outcomes(loss: Loss, seed: u64) -> Vec<bool> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut state = LossState::default();
        (0..PACKETS).map(|_| state.takes_next(&loss, &mut rng)).collect()
    }

    fn share(outcomes: &[bool]) -> f64 {
        outcomes.iter().filter(|lost| **lost).count() as f64 / outcomes.len() as f64
    }

    /// The lengths of the runs of lost packets.
    fn bursts(outcomes: &[bool]) -> Vec<usize> {
        outcomes.split(|lost| !lost).map(<[bool]>::len).filter(|len| *len > 0).collect()
    }

    #[test]
    fn uniform_loss_takes_its_share() {
        for (seed, wanted) in [(1, 0.01), (2, 0.1), (3, 0.5)] {
            let got = share(&outcomes(Loss::Uniform(wanted), seed));
            // Six standard deviations of a binomial share.
            let bound = 6.0 * (wanted * (1.0 - wanted) / PACKETS as f64).sqrt();
            assert!((got - wanted).abs() < bound, "seed {seed}: {got} of {wanted}");
        }
    }

    #[test]
    fn bursts_have_their_share_and_their_length() {
        for (seed, wanted, packets) in [(4, 0.02, 5.0), (5, 0.1, 10.0), (6, 0.3, 3.0)] {
            let loss = Loss::bursts(wanted, packets);
            assert!((loss.mean() - wanted).abs() < 1e-12);
            let outcomes = outcomes(loss, seed);
            let got = share(&outcomes);
            assert!((got - wanted).abs() < 0.15 * wanted, "seed {seed}: {got} of {wanted}");
            let bursts = bursts(&outcomes);
            let mean = bursts.iter().sum::<usize>() as f64 / bursts.len() as f64;
            assert!((mean - packets).abs() < 0.15 * packets, "seed {seed}: {mean} of {packets}");
        }
    }

    #[test]
    fn bursts_are_longer_than_chance_would_make_them() {
        let by_chance = bursts(&outcomes(Loss::Uniform(0.1), 7));
        let in_bursts = bursts(&outcomes(Loss::bursts(0.1, 8.0), 7));
        let longest = |runs: &[usize]| runs.iter().copied().max().unwrap();
        assert!(longest(&in_bursts) > 4 * longest(&by_chance));
    }

    #[test]
    fn the_same_seed_loses_the_same_packets() {
        let loss = Loss::bursts(0.05, 4.0);
        assert_eq!(outcomes(loss, 8), outcomes(loss, 8));
        assert_ne!(outcomes(loss, 8), outcomes(loss, 9));
    }

    #[test]
    fn shares_outside_of_zero_to_one_are_refused() {
        assert_eq!(Loss::Uniform(1.1).check(), Err(SettingError::Loss));
        assert_eq!(Loss::Uniform(f64::NAN).check(), Err(SettingError::Loss));
        assert_eq!(Loss::bursts(0.99, 1.0).check(), Err(SettingError::Loss));
        assert_eq!(Loss::bursts(0.5, 1.0).check(), Ok(()));
    }
}
