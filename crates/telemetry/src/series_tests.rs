//! Lines: bounded, in order, means stay means and the worst stays the worst.

use super::*;
use crate::evidence::Ends;
use crate::verdict::judge;
use proptest::prelude::*;

fn measured(audio: Option<f64>, evidence: Evidence) -> Measured {
    let audio = audio.map(Mos::new);
    Measured::of(&Verdict { audio, video: None, evidence, ..judge(&Ends::default()) })
}

fn sound(mos: f64) -> Measured {
    measured(Some(mos), Evidence::default())
}

#[test]
fn a_short_visit_keeps_every_measurement() {
    let mut series = Series::default();
    for n in 0..240 {
        series.push(n * 5, sound(4.0));
    }
    assert_eq!(series.points().len(), 240);
    assert_eq!(series.stretch_s(), 5);
    series.push(1_200, sound(2.0));
    assert_eq!(series.points().len(), 121);
    assert_eq!(series.stretch_s(), 10);
}

#[test]
fn joining_keeps_the_mean_and_the_worst() {
    let mut series = Series::default();
    for n in 0..480 {
        series.push(n * 5, sound(if n % 2 == 0 { 4.0 } else { 2.0 }));
    }
    for point in series.points() {
        assert_eq!((point.audio_mean, point.audio_worst, point.video_mean), (300, 200, 0));
    }
}

#[test]
fn a_stretch_without_sound_says_so() {
    let mut series = Series::default();
    let evidence = Evidence {
        loss_pct: Some(2.55),
        one_way_ms: Some(1e9),
        jitter_ms: Some(12.4),
        frozen_share: Some(0.25),
        picture_px: Some(230_400.0),
        ..Evidence::default()
    };
    series.push(0, measured(None, evidence));
    let points = series.points();
    assert_eq!(<[u32; 9]>::from(points[0]), [0, 0, 0, 0, 26, 65_535, 12, 250, 230]);
    assert!(points[0].is_sound());
}

proptest! {
    #[test]
    fn it_never_grows_beyond_its_room_and_stays_in_order(
        times in proptest::collection::vec(any::<u32>(), 1..1_500),
    ) {
        let mut series = Series::default();
        for at_s in times {
            series.push(at_s, sound(3.0));
            prop_assert!(series.stretches.len() <= MAX_POINTS);
            prop_assert!(series.stretches.capacity() <= 256);
        }
        let points = series.points();
        prop_assert!(points.is_sorted_by(|a, b| a.at_s < b.at_s));
        prop_assert!(points.iter().all(|p| p.is_sound() && p.audio_mean == 300));
    }

    #[test]
    fn a_row_of_numbers_comes_back(row in any::<[u16; 8]>(), at_s in any::<u32>()) {
        let [a, b, c, d, e, f, g, h] = row.map(u32::from);
        let numbers = [at_s, a, b, c, d, e, f, g, h];
        prop_assert_eq!(<[u32; 9]>::from(Point::from(numbers)), numbers);
        let link = [at_s, a, b, c, d];
        prop_assert_eq!(<[u32; 5]>::from(LinkPoint::from(link)), link);
    }
}

#[test]
fn a_path_keeps_its_worst_and_the_smaller_of_two_round_trips() {
    let server = TransportSample {
        rtt_ms: Some(80.0),
        uplink_loss_pct: Some(4.0),
        ..TransportSample::default()
    };
    let page = LinkSample {
        rtt_ms: Some(60.0),
        available_outgoing_bps: None,
        path: crate::input::PathKind::Sfu,
    };
    let mut series = Series::default();
    series.push(0, MeasuredLink::of(Some(&server), Some(&page)));
    series.push(1, MeasuredLink::of(Some(&server), None));
    series.push(2, MeasuredLink::of(None, Some(&page)));
    assert_eq!(<[u32; 5]>::from(series.points()[0]), [0, 80, 40, 0, 0]);
}
