//! The score of sound: worked examples, and what holds for any input.

use super::*;
use proptest::prelude::*;

const CODECS: [Codec; 4] = [Codec::OpusFec, Codec::Opus, Codec::G711, Codec::Unknown];

fn path(one_way_delay_ms: f64, loss_pct: f64) -> AudioPath {
    AudioPath {
        one_way_delay_ms,
        jitter_buffer_ms: 0.0,
        loss_pct,
        burst_ratio: 1.0,
        codec: Codec::Opus,
    }
}

fn near(is: f64, should: f64, by: f64) {
    assert!((is - should).abs() <= by, "{is} is not {should} ± {by}");
}

#[test]
fn delay_impairment_as_worked_by_hand() {
    near(delay_impairment(0.0), 0.0, 1e-9);
    near(delay_impairment(100.0), 2.4, 1e-9);
    // 0.024 · 177.3
    near(delay_impairment(177.3), 4.2552, 1e-9);
    // 0.024 · 400 + 0.11 · 222.7
    near(delay_impairment(400.0), 34.097, 1e-9);
}

#[test]
fn loss_impairment_as_worked_by_hand() {
    // 95 · 5 / (5 + 25.1)
    near(loss_impairment(Codec::G711, 5.0, 1.0), 15.7807, 1e-4);
    // 95 · 5 / (2.5 + 25.1): in bursts it is worse.
    near(loss_impairment(Codec::G711, 5.0, 2.0), 17.2101, 1e-4);
    // 95 · 5 / (5 + 20) and 95 · 5 / (5 + 40)
    near(loss_impairment(Codec::Opus, 5.0, 1.0), 19.0, 1e-9);
    near(loss_impairment(Codec::OpusFec, 5.0, 1.0), 10.5556, 1e-4);
}

#[test]
fn scores_of_the_table_in_g107_annex_b() {
    // The recommendation prints 4.03 for R = 80, where its formula gives 4.024.
    for (r, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
        near(Rating::new(r).mos().value(), mos, 0.01);
    }
    assert_eq!(Rating::new(0.0).mos(), Mos::WORST);
    assert_eq!(Rating::new(100.0).mos(), Mos::BEST);
    assert!(Rating::new(59.9).mos().is_poor());
    assert!(!Rating::new(60.1).mos().is_poor());
}

#[test]
fn whole_paths_as_worked_by_hand() {
    // 93.2 − 0.024 · 46.5
    near(path(0.0, 0.0).rating().value(), 92.084, 1e-9);
    // 53.5 ms on the way and 46.5 ms fixed: 93.2 − 2.4 − 19.0
    near(path(53.5, 5.0).rating().value(), 71.8, 1e-9);
    near(path(53.5, 5.0).mos().value(), 3.68, 0.01);
    // A round trip of 800 ms by way of a satellite: 446.5 ms from mouth to ear.
    near(path(400.0, 0.0).rating().value(), 93.2 - 10.716 - 29.612, 1e-9);
    // The jitter buffer counts like the way.
    let waiting = AudioPath { jitter_buffer_ms: 100.0, ..path(300.0, 0.0) };
    assert_eq!(waiting.rating(), path(400.0, 0.0).rating());
}

#[test]
fn garbage_never_flatters() {
    for bad in [f64::NAN, f64::INFINITY, f64::MAX] {
        assert_eq!(path(bad, 0.0).mos(), Mos::WORST);
        assert!(path(0.0, bad).mos().value() < 1.7);
    }
    assert_eq!(path(-5.0, f64::NEG_INFINITY).rating(), path(0.0, 0.0).rating());
    assert_eq!(Mos::new(f64::NAN), Mos::WORST);
    assert_eq!(Rating::new(f64::NAN).value(), 0.0);
}

/// Any bit pattern at all, and often a sensible number.
fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -10.0..2_000.0]
}

proptest! {
    #[test]
    fn any_input_gives_a_score_in_range(
        delay in anything(), buffer in anything(), loss in anything(), burst in anything(),
        codec in proptest::sample::select(&CODECS[..]),
    ) {
        let path = AudioPath {
            one_way_delay_ms: delay, jitter_buffer_ms: buffer, loss_pct: loss, burst_ratio: burst, codec,
        };
        prop_assert!((0.0..=100.0).contains(&path.rating().value()));
        prop_assert!((1.0..=4.5).contains(&path.mos().value()));
    }

    #[test]
    fn more_delay_or_loss_or_bursts_is_never_better(
        delay in 0.0..3_000.0, loss in 0.0..100.0, burst in 1.0..8.0,
        more_delay in 0.0..3_000.0, more_loss in 0.0..100.0, more_burst in 0.0..7.0,
        codec in proptest::sample::select(&CODECS[..]),
    ) {
        let base = AudioPath { burst_ratio: burst, codec, ..path(delay, loss) };
        for worse in [
            AudioPath { one_way_delay_ms: delay + more_delay, ..base },
            AudioPath { jitter_buffer_ms: more_delay, ..base },
            AudioPath { loss_pct: loss + more_loss, ..base },
            AudioPath { burst_ratio: burst + more_burst, ..base },
        ] {
            prop_assert!(worse.rating() <= base.rating());
            prop_assert!(worse.mos() <= base.mos());
        }
    }

    #[test]
    fn a_small_change_is_a_small_change(
        delay in 0.0..3_000.0, loss in 0.0..99.0, burst in 1.0..8.0,
        codec in proptest::sample::select(&CODECS[..]),
    ) {
        // Steepest slopes: 0.134 R per ms, and 95 / 10 R per percent (the weakest codec, no loss).
        const STEP: f64 = 0.01;
        let base = AudioPath { burst_ratio: burst, codec, ..path(delay, loss) };
        let later = AudioPath { one_way_delay_ms: delay + STEP, ..base };
        let leakier = AudioPath { loss_pct: loss + STEP, ..base };
        prop_assert!(base.rating().value() - later.rating().value() <= 0.135 * STEP);
        prop_assert!(base.rating().value() - leakier.rating().value() <= 9.51 * STEP);
        // The cubic of Annex B is nowhere steeper than 0.055 per R.
        prop_assert!(base.mos().value() - leakier.mos().value() <= 9.51 * STEP * 0.055);
    }
}
