//! Smoothing of a score over time: down fast, up slowly.
//!
//! People notice a fall at once and trust a recovery only after a while. Owns the last value and its
//! time. Never reads a clock.

use crate::score::Mos;

/// After this long, ms, 63 % of a fall are shown.
const FALL_MS: f64 = 2_000.0;
/// After this long, ms, 63 % of a rise are shown. Three reports of 5 s: one good report among bad ones
/// does not call the all-clear.
const RISE_MS: f64 = 15_000.0;

/// A score that falls fast and rises slowly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Smoother {
    last: Option<(u64, Mos)>,
}

impl Smoother {
    /// Takes a measured score and gives the smoothed one.
    ///
    /// `now_ms` is any clock that does not run backwards; if it does, no time has passed. The first
    /// score is taken as it is. The result always lies between the one before and `measured`.
    pub fn update(&mut self, now_ms: u64, measured: Mos) -> Mos {
        let Some((at_ms, before)) = self.last else {
            self.last = Some((now_ms, measured));
            return measured;
        };
        let passed_ms = now_ms.saturating_sub(at_ms) as f64;
        let time_ms = if measured < before { FALL_MS } else { RISE_MS };
        let part = 1.0 - (-passed_ms / time_ms).exp();
        let now = Mos::new(before.value() + (measured.value() - before.value()) * part);
        self.last = Some((now_ms.max(at_ms), now));
        now
    }

    /// The last smoothed score; `None` before the first.
    #[must_use]
    pub fn value(&self) -> Option<Mos> {
        self.last.map(|(_, mos)| mos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fall_shows_fast_and_a_rise_slowly() {
        let (good, bad) = (Mos::new(4.4), Mos::new(1.4));
        let mut falls = Smoother::default();
        falls.update(0, good);
        let fallen = falls.update(5_000, bad);
        // 1 − e^(−5/2) of three points
        assert!((fallen.value() - (4.4 - 3.0 * 0.917_915)).abs() < 1e-5);
        let mut rises = Smoother::default();
        rises.update(0, bad);
        let risen = rises.update(5_000, good);
        // 1 − e^(−5/15) of three points
        assert!((risen.value() - (1.4 + 3.0 * 0.283_469)).abs() < 1e-5);
    }

    #[test]
    fn a_clock_that_steps_back_changes_nothing() {
        let mut smoother = Smoother::default();
        smoother.update(10_000, Mos::new(4.0));
        assert_eq!(smoother.update(3_000, Mos::new(1.0)), Mos::new(4.0));
        // And time goes on from where it was.
        assert_eq!(smoother.update(10_000, Mos::new(1.0)), Mos::new(4.0));
        assert!(smoother.update(10_001, Mos::new(1.0)) < Mos::new(4.0));
    }

    proptest! {
        #[test]
        fn it_lies_between_and_does_not_depend_on_how_often_it_is_asked(
            from in 1.0..4.5, to in 1.0..4.5, first_ms in 0u64..20_000, then_ms in 0u64..20_000,
        ) {
            let (from, to) = (Mos::new(from), Mos::new(to));
            let mut twice = Smoother::default();
            twice.update(0, from);
            let half = twice.update(first_ms, to);
            let whole = twice.update(first_ms + then_ms, to);
            let mut once = Smoother::default();
            once.update(0, from);
            let straight = once.update(first_ms + then_ms, to);
            prop_assert!((whole.value() - straight.value()).abs() < 1e-9);
            let (low, high) = if from < to { (from, to) } else { (to, from) };
            prop_assert!(low <= half && half <= high);
            prop_assert!(low <= whole && whole <= high);
        }
    }
}
