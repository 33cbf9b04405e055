//! Checks of what a browser says: ranges, garbage, derived figures.

use super::*;
use crate::input::InputError;
use proptest::prelude::*;

fn check() -> Check {
    Check::new(5_000.0).unwrap_or_else(|e| panic!("{e}"))
}

fn audio() -> RawReceiveAudio {
    RawReceiveAudio {
        codec: Codec::OpusFec,
        packets_received: Some(240.0),
        packets_lost: Some(10.0),
        loss_bursts: Some(5.0),
        jitter_ms: Some(12.5),
        total_samples: Some(240_000.0),
        concealed_samples: Some(12_000.0),
        silent_concealed_samples: Some(2_400.0),
        jitter_buffer_ms: Some(60.0),
    }
}

#[test]
fn an_interval_that_cannot_be_is_refused_by_name() {
    for bad in [0.0, -5.0, 999.0, 30_001.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Check::new(bad), Err(InputError::Interval));
    }
    assert_eq!(InputError::Interval.code(), "bad_interval");
}

#[test]
fn a_voice_gives_shares() {
    let mut check = check();
    let audio = audio().check(&mut check);
    assert_eq!(audio.loss.and_then(Loss::pct), Some(4.0));
    assert_eq!(audio.concealed_pct, Some(4.0));
    // Ten losses in five runs; a run of random loss would be 1 / 0.96 long.
    assert_eq!(audio.burst_ratio, Some(1.92));
    assert_eq!(check.ignored(), 0);
}

#[test]
fn packets_that_came_after_all_are_no_loss() {
    let mut check = check();
    let audio = RawReceiveAudio { packets_lost: Some(-3.0), loss_bursts: Some(0.0), ..audio() };
    assert_eq!(audio.check(&mut check).loss.and_then(Loss::pct), Some(0.0));
    assert_eq!(check.ignored(), 0);
}

#[test]
fn a_handful_of_packets_is_no_share() {
    assert_eq!(Loss { expected: 19, lost: 5 }.pct(), None);
    assert_eq!(Loss { expected: 20, lost: 1 }.pct(), Some(5.0));
}

#[test]
fn what_contradicts_itself_is_ignored_and_counted() {
    let mut check = check();
    let audio = RawReceiveAudio {
        concealed_samples: Some(240_001.0),
        loss_bursts: Some(11.0),
        jitter_ms: Some(-1.0),
        packets_received: Some(0.5),
        ..audio()
    };
    let checked = audio.check(&mut check);
    assert_eq!(checked.concealed_pct, None);
    assert_eq!(checked.jitter_ms, None);
    assert_eq!(checked.loss, None);
    // Without a loss there is nothing to divide by, so the runs are not looked at.
    assert_eq!(check.ignored(), 3);
}

#[test]
fn more_runs_than_losses_cannot_be() {
    let mut check = check();
    let audio = RawReceiveAudio { loss_bursts: Some(11.0), ..audio() };
    assert_eq!(audio.check(&mut check).burst_ratio, None);
    assert_eq!(check.ignored(), 1);
}

#[test]
fn a_camera_gives_shares() {
    let mut check = check();
    let video = RawSendVideo {
        rests: None,
        source: SourceState::Live,
        frames_captured: Some(150.0),
        frames_encoded: Some(120.0),
        encode_ms: Some(4_000.0),
        limited_by: Some(LimitedBy::Cpu),
        width_px: Some(1_280.0),
        height_px: Some(720.0),
    };
    let video = video.check(&mut check);
    assert_eq!(video.captured_fps, Some(30.0));
    assert_eq!(video.skipped_pct, Some(20.0));
    assert_eq!(video.encode_busy_pct, Some(80.0));
    assert_eq!(video.area_px, Some(921_600.0));
}

#[test]
fn a_picture_gives_shares_and_old_freezes_are_cut() {
    let mut check = check();
    let video = RawReceiveVideo {
        frames_decoded: Some(90.0),
        frames_dropped: Some(10.0),
        freeze_count: Some(1.0),
        freeze_ms: Some(9_000.0),
        decode_ms: Some(500.0),
        ..RawReceiveVideo::default()
    };
    let video = video.check(&mut check);
    assert_eq!(video.frames_per_s, Some(18.0));
    assert_eq!(video.dropped_pct, Some(10.0));
    assert_eq!(video.freezes_per_min, Some(12.0));
    assert_eq!(video.frozen_share, Some(1.0));
    assert_eq!(video.decode_busy_pct, Some(10.0));
    assert_eq!(check.ignored(), 0);
}

#[test]
fn paths_are_told_apart() {
    use CandidateKind::{Host, PeerReflexive, Relay, ServerReflexive};
    use Protocol::{Tcp, Tls, Udp};
    for (candidate, protocol, relay_protocol, peer_to_peer, path) in [
        (Some(Host), Some(Udp), None, false, PathKind::Sfu),
        (Some(PeerReflexive), Some(Tcp), None, false, PathKind::SfuTcp),
        (Some(ServerReflexive), Some(Udp), None, true, PathKind::P2p),
        (Some(Relay), Some(Udp), Some(Udp), false, PathKind::TurnUdp),
        (Some(Relay), Some(Udp), Some(Tcp), true, PathKind::TurnTcp),
        (Some(Relay), Some(Udp), Some(Tls), false, PathKind::TurnTls),
        (Some(Relay), None, None, false, PathKind::Unknown),
        (Some(Host), None, None, false, PathKind::Unknown),
        (None, Some(Udp), None, false, PathKind::Unknown),
    ] {
        let raw =
            RawLink { candidate, protocol, relay_protocol, peer_to_peer, ..RawLink::default() };
        assert_eq!(raw.check(&mut check()).path, path);
    }
}

#[test]
fn labels_differ() {
    let mut labels: Vec<_> = PathKind::ALL.iter().map(|p| p.label()).collect();
    labels.sort_unstable();
    assert!(labels.is_sorted_by(|a, b| a < b));
}

/// Any bit pattern at all, often a sensible number, or nothing.
fn anything() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        any::<u64>().prop_map(|bits| Some(f64::from_bits(bits))),
        (0u32..1_000_000).prop_map(|n| Some(f64::from(n))),
    ]
}

fn within(value: Option<f64>, most: f64) -> bool {
    value.is_none_or(|v| (0.0..=most).contains(&v))
}

proptest! {
    #[test]
    fn whatever_a_browser_says_the_sample_is_in_range(
        raw in proptest::collection::vec(anything(), 11), interval in 1_000.0..30_000.0,
    ) {
        let mut check = Check::new(interval).unwrap_or_else(|e| panic!("{e}"));
        let audio = RawReceiveAudio {
            codec: Codec::Opus,
            packets_received: raw[0], packets_lost: raw[1], loss_bursts: raw[2], jitter_ms: raw[3],
            total_samples: raw[4], concealed_samples: raw[5], silent_concealed_samples: raw[6],
            jitter_buffer_ms: raw[7],
        }.check(&mut check);
        prop_assert!(within(audio.loss.and_then(Loss::pct), 100.0));
        prop_assert!(within(audio.concealed_pct, 100.0));
        prop_assert!(within(audio.jitter_ms, 10_000.0));
        prop_assert!(within(audio.jitter_buffer_ms, 10_000.0));
        prop_assert!(audio.burst_ratio.is_none_or(|b| b >= 1.0 && b.is_finite()));
        let video = RawReceiveVideo {
            codec: None,
            packets_received: raw[0], packets_lost: raw[1], frames_decoded: raw[2],
            frames_dropped: raw[3], decode_ms: raw[4], freeze_count: raw[5], freeze_ms: raw[6],
            width_px: raw[7], height_px: raw[8], wanted_width_px: raw[9], wanted_height_px: raw[10],
        }.check(&mut check);
        prop_assert!(within(video.dropped_pct, 100.0));
        prop_assert!(within(video.frozen_share, 1.0));
        prop_assert!(within(video.frames_per_s, 241.0));
        let sent = RawSendAudio {
            source: SourceState::Live, packets_sent: raw[0], remote_packets_lost: raw[1],
            remote_jitter_ms: raw[2],
        }.check(&mut check);
        prop_assert!(within(sent.loss.and_then(Loss::pct), 100.0));
        prop_assert!(check.ignored() <= 30);
    }
}
