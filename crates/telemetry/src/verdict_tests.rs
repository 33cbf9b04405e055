//! Single rules of blame, by hand-made measurements. Whole faults are simulated in `tests/faults.rs`.

use super::*;
use crate::input::{
    Check, LimitedBy, LinkSample, Loss, PathKind, RawReceiveAudio, RawReceiveVideo, RawSendAudio,
    RawSendVideo, RawTransport, ReceiveAudio, ReceiveVideo, SendAudio, SendVideo, TransportSample,
};
use proptest::prelude::*;

const SOUND: SendAudio = SendAudio {
    source: SourceState::Live,
    loss: Some(Loss { expected: 250, lost: 0 }),
    remote_jitter_ms: Some(3.0),
};
const CAMERA: SendVideo = SendVideo {
    source: SourceState::Live,
    captured_fps: Some(30.0),
    skipped_pct: Some(0.0),
    encode_busy_pct: Some(20.0),
    limited_by: Some(LimitedBy::None),
    area_px: Some(921_600.0),
};
const PATH: TransportSample = TransportSample {
    uplink_loss_pct: Some(0.0),
    uplink_jitter_ms: Some(3.0),
    downlink_loss_pct: Some(0.0),
    rtt_ms: Some(40.0),
    downlink_estimate_bps: Some(3e6),
    downlink_wanted_bps: Some(1.5e6),
    loop_lag_ms: Some(1.0),
    age_ms: Some(60_000.0),
    silent: false,
};
const HEARD: ReceiveAudio = ReceiveAudio {
    codec: Codec::OpusFec,
    loss: Some(Loss { expected: 250, lost: 0 }),
    burst_ratio: None,
    jitter_ms: Some(5.0),
    concealed_pct: Some(0.0),
    jitter_buffer_ms: Some(50.0),
};
const SEEN: ReceiveVideo = ReceiveVideo {
    codec: crate::PictureCodec::Vp8,
    loss: Some(Loss { expected: 700, lost: 0 }),
    frames_per_s: Some(30.0),
    dropped_pct: Some(0.0),
    decode_busy_pct: Some(10.0),
    freezes_per_min: Some(0.0),
    frozen_share: Some(0.0),
    area_px: Some(921_600.0),
    wanted_area_px: Some(921_600.0),
};

fn fine() -> Ends {
    Ends {
        sender_link: None,
        send_audio: Some(SOUND),
        send_video: Some(CAMERA),
        uplink: Some(PATH),
        downlink: Some(PATH),
        receiver_link: None,
        receive_audio: Some(HEARD),
        receive_video: Some(SEEN),
    }
}

#[test]
fn a_fine_call_blames_nobody() {
    let verdict = judge(&fine());
    assert_eq!((verdict.cause, verdict.also), (Cause::None, None));
    assert!(verdict.confidence.value() > 0.9);
    assert!(verdict.audio.is_some_and(|m| m.value() > 4.2));
    assert_eq!(verdict.video, Some(Mos::BEST));
}

#[test]
fn nothing_known_is_no_verdict() {
    let verdict = judge(&Ends::default());
    assert_eq!((verdict.cause, verdict.audio, verdict.video), (Cause::None, None, None));
    assert_eq!(verdict.confidence.value(), 0.0);
}

#[test]
fn a_late_server_is_blamed_before_the_paths() {
    let late = TransportSample {
        loop_lag_ms: Some(120.0),
        uplink_loss_pct: Some(12.0),
        rtt_ms: Some(400.0),
        ..PATH
    };
    let verdict = judge(&Ends { uplink: Some(late), downlink: Some(late), ..fine() });
    assert_eq!((verdict.cause, verdict.also), (Cause::ServerLag, Some(Cause::UplinkLoss)));
}

#[test]
fn two_equal_faults_name_the_first_and_the_other_and_are_less_sure() {
    let up = TransportSample { uplink_loss_pct: Some(8.0), ..PATH };
    let down = TransportSample { downlink_loss_pct: Some(8.0), ..PATH };
    let verdict = judge(&Ends { uplink: Some(up), downlink: Some(down), ..fine() });
    assert_eq!((verdict.cause, verdict.also), (Cause::UplinkLoss, Some(Cause::DownlinkLoss)));
    assert!((verdict.confidence.value() - 0.5).abs() < 1e-9);
    let alone = judge(&Ends { uplink: Some(up), ..fine() });
    assert!(alone.confidence > verdict.confidence);
}

#[test]
fn fewer_observers_are_less_sure() {
    let up = TransportSample { uplink_loss_pct: Some(8.0), ..PATH };
    let all = judge(&Ends { uplink: Some(up), ..fine() });
    let one = judge(&Ends { uplink: Some(up), ..Ends::default() });
    assert_eq!((all.cause, one.cause), (Cause::UplinkLoss, Cause::UplinkLoss));
    assert!(one.confidence.value() <= 0.25);
}

#[test]
fn a_young_transport_is_not_called_narrow() {
    let narrow = TransportSample { downlink_estimate_bps: Some(300_000.0), ..PATH };
    let judged = |age_ms| {
        let young = TransportSample { age_ms: Some(age_ms), ..narrow };
        judge(&Ends { downlink: Some(young), ..fine() }).cause
    };
    assert_eq!(judged(5_000.0), Cause::None);
    assert_eq!(judged(20_000.0), Cause::DownlinkRate);
}

#[test]
fn pictures_that_come_in_rows_do_not_make_the_receiver_slow() {
    let dropping = ReceiveVideo { dropped_pct: Some(20.0), ..SEEN };
    let waiting = ReceiveAudio { jitter_ms: Some(18.0), jitter_buffer_ms: Some(210.0), ..HEARD };
    let stalls = TransportSample { uplink_jitter_ms: Some(16.0), ..PATH };
    let slow = Ends { receive_video: Some(dropping), ..fine() };
    assert_eq!(judge(&slow).cause, Cause::ReceiverCpu);
    let uplink = Ends { uplink: Some(stalls), receive_audio: Some(waiting), ..slow };
    assert_eq!(judge(&uplink).cause, Cause::UplinkJitter);
    let downlink = Ends { receive_audio: Some(waiting), ..slow };
    assert_eq!(judge(&downlink).cause, Cause::DownlinkJitter);
}

#[test]
fn a_narrow_uplink_is_not_called_unsteady() {
    let limited = SendVideo { limited_by: Some(LimitedBy::Bandwidth), ..CAMERA };
    let queue = TransportSample { uplink_jitter_ms: Some(60.0), ..PATH };
    let waiting = ReceiveAudio { jitter_ms: Some(60.0), jitter_buffer_ms: Some(200.0), ..HEARD };
    let ends = Ends { uplink: Some(queue), receive_audio: Some(waiting), ..fine() };
    assert_eq!(judge(&ends).cause, Cause::UplinkJitter);
    assert_eq!(judge(&Ends { send_video: Some(limited), ..ends }).cause, Cause::UplinkRate);
}

#[test]
fn sizes_that_are_left_out_without_a_word_point_to_a_narrow_uplink() {
    let link =
        |bps| LinkSample { rtt_ms: None, available_outgoing_bps: Some(bps), path: PathKind::Sfu };
    let small = SendVideo { area_px: Some(57_600.0), ..CAMERA };
    let narrow = Ends { sender_link: Some(link(300_000.0)), send_video: Some(small), ..fine() };
    assert_eq!(judge(&narrow).cause, Cause::UplinkRate);
    // Each of these explains the small picture otherwise, or there is nothing to explain.
    let thumbnail = ReceiveVideo { wanted_area_px: Some(57_600.0), ..SEEN };
    let slow = SendVideo { limited_by: Some(LimitedBy::Cpu), ..small };
    let tight = TransportSample { downlink_estimate_bps: Some(300_000.0), ..PATH };
    for (ends, cause) in [
        (Ends { receive_video: Some(thumbnail), ..narrow }, Cause::None),
        (Ends { sender_link: Some(link(2e6)), ..narrow }, Cause::None),
        (Ends { send_video: Some(CAMERA), ..narrow }, Cause::None),
        (Ends { send_video: Some(slow), ..narrow }, Cause::SenderCpu),
        (Ends { downlink: Some(tight), ..narrow }, Cause::DownlinkRate),
    ] {
        assert_eq!(judge(&ends).cause, cause);
    }
}

#[test]
fn bursts_out_of_a_narrow_uplink_do_not_make_the_receiver_slow() {
    let dropping = ReceiveVideo { dropped_pct: Some(12.0), ..SEEN };
    let limited = SendVideo { limited_by: Some(LimitedBy::Bandwidth), ..CAMERA };
    let link =
        LinkSample { rtt_ms: None, available_outgoing_bps: Some(700_000.0), path: PathKind::Sfu };
    let slow = Ends { receive_video: Some(dropping), ..fine() };
    assert_eq!(judge(&slow).cause, Cause::ReceiverCpu);
    let narrow = Ends { sender_link: Some(link), send_video: Some(limited), ..slow };
    assert_eq!(judge(&narrow).cause, Cause::UplinkRate);
    // A device that decodes all the time is slow on any path.
    let busy = ReceiveVideo { decode_busy_pct: Some(110.0), ..dropping };
    assert_eq!(judge(&Ends { receive_video: Some(busy), ..narrow }).cause, Cause::ReceiverCpu);
}

#[test]
fn a_busy_device_spoils_the_estimate_of_its_downlink() {
    let spoiled = TransportSample { downlink_estimate_bps: Some(450_000.0), ..PATH };
    let busy = ReceiveVideo { dropped_pct: Some(30.0), ..SEEN };
    let ends = Ends { downlink: Some(spoiled), ..fine() };
    assert_eq!(judge(&ends).cause, Cause::DownlinkRate);
    let verdict = judge(&Ends { receive_video: Some(busy), ..ends });
    assert_eq!((verdict.cause, verdict.also), (Cause::ReceiverCpu, Some(Cause::DownlinkRate)));
    // Half of the weight: the verdict is surer than between two equals.
    assert!((verdict.confidence.value() - 0.75).abs() < 1e-9);
}

#[test]
fn an_encoder_that_waits_for_its_uplink_is_no_slow_device() {
    let skipping = SendVideo { skipped_pct: Some(35.0), ..CAMERA };
    assert_eq!(judge(&Ends { send_video: Some(skipping), ..fine() }).cause, Cause::SenderCpu);
    let limited = SendVideo { limited_by: Some(LimitedBy::Bandwidth), ..skipping };
    assert_eq!(judge(&Ends { send_video: Some(limited), ..fine() }).cause, Cause::UplinkRate);
}

#[test]
fn late_sound_lowers_the_score_like_lost_sound() {
    let late = ReceiveAudio { concealed_pct: Some(10.0), ..HEARD };
    let lost = ReceiveAudio { loss: Some(Loss { expected: 250, lost: 25 }), ..HEARD };
    let score = |heard| judge(&Ends { receive_audio: Some(heard), ..fine() }).audio;
    assert_eq!(score(late), score(lost));
    assert!(score(late) < score(HEARD));
}

#[test]
fn a_switched_off_microphone_is_named_only_when_nothing_else_is() {
    let muted = SendAudio { source: SourceState::Muted, ..SOUND };
    let verdict = judge(&Ends { send_audio: Some(muted), ..fine() });
    assert_eq!((verdict.cause, verdict.audio), (Cause::MicMuted, None));
    let down = TransportSample { downlink_loss_pct: Some(8.0), ..PATH };
    let verdict = judge(&Ends { send_audio: Some(muted), downlink: Some(down), ..fine() });
    assert_eq!(verdict.cause, Cause::DownlinkLoss);
}

#[test]
fn a_live_microphone_that_sends_nothing_is_gone() {
    let dead = SendAudio { loss: Some(Loss { expected: 0, lost: 0 }), ..SOUND };
    assert_eq!(judge(&Ends { send_audio: Some(dead), ..fine() }).cause, Cause::MicAbsent);
}

#[test]
fn sound_that_was_sent_and_never_came_is_poor_and_unexplained() {
    let deaf =
        ReceiveAudio { loss: Some(Loss { expected: 0, lost: 0 }), concealed_pct: None, ..HEARD };
    let verdict = judge(&Ends { receive_audio: Some(deaf), ..fine() });
    assert!(verdict.audio.is_some_and(Mos::is_poor));
    assert_eq!(verdict.cause, Cause::Unexplained);
    assert_eq!(verdict.confidence.value(), 0.0);
}

#[test]
fn invented_sound_points_to_the_device_only_when_packets_come_evenly() {
    let gaps = ReceiveAudio { concealed_pct: Some(15.0), ..HEARD };
    assert_eq!(judge(&Ends { receive_audio: Some(gaps), ..fine() }).cause, Cause::ReceiverPlayout);
    let uneven = ReceiveAudio { jitter_ms: Some(50.0), ..gaps };
    assert_eq!(judge(&Ends { receive_audio: Some(uneven), ..fine() }).cause, Cause::DownlinkJitter);
}

#[test]
fn jitter_that_nobody_can_place_blames_nobody() {
    let unplaced = TransportSample { uplink_jitter_ms: None, ..PATH };
    let sent = SendAudio { remote_jitter_ms: None, ..SOUND };
    let uneven = ReceiveAudio { jitter_ms: Some(90.0), concealed_pct: Some(40.0), ..HEARD };
    let verdict = judge(&Ends {
        uplink: Some(unplaced),
        send_audio: Some(sent),
        receive_audio: Some(uneven),
        ..fine()
    });
    assert_eq!(verdict.cause, Cause::Unexplained);
}

#[test]
fn a_dark_room_is_no_slow_device() {
    let dark = SendVideo { captured_fps: Some(8.0), ..CAMERA };
    assert_eq!(judge(&Ends { send_video: Some(dark), ..fine() }).cause, Cause::CameraSlow);
}

#[test]
fn nobody_sees_a_hidden_tile_or_a_camera_that_is_off() {
    let hidden = ReceiveVideo { wanted_area_px: Some(0.0), frames_per_s: Some(0.0), ..SEEN };
    assert_eq!(judge(&Ends { receive_video: Some(hidden), ..fine() }).video, None);
    let off = SendVideo { source: SourceState::Muted, ..CAMERA };
    let still = ReceiveVideo { frames_per_s: Some(0.0), ..SEEN };
    let verdict = judge(&Ends { send_video: Some(off), receive_video: Some(still), ..fine() });
    assert_eq!((verdict.video, verdict.cause), (None, Cause::None));
}

#[test]
fn a_silent_transport_outweighs_old_figures() {
    let gone = TransportSample { silent: true, ..PATH };
    assert_eq!(judge(&Ends { uplink: Some(gone), ..fine() }).cause, Cause::UplinkSilent);
    let verdict = judge(&Ends { downlink: Some(gone), ..fine() });
    assert_eq!(verdict.culprit(), Culprit::ReceiverDownlink);
}

/// Any bit pattern at all, often a sensible number, or nothing.
fn anything() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        any::<u64>().prop_map(|bits| Some(f64::from_bits(bits))),
        (0u32..2_000).prop_map(|n| Some(f64::from(n))),
    ]
}

fn source() -> impl Strategy<Value = SourceState> {
    use SourceState::{Absent, Live, Muted};
    proptest::sample::select(&[Live, Muted, Absent][..])
}

proptest! {
    #[test]
    fn whatever_is_reported_the_verdict_is_in_range(
        raw in proptest::collection::vec(anything(), 40), mic in source(), camera in source(),
        silent in any::<bool>(), present in any::<[bool; 6]>(),
    ) {
        let mut check = Check::new(5_000.0).unwrap_or_else(|e| panic!("{e}"));
        let mut raw = raw.into_iter();
        let mut next = || raw.next().flatten();
        let mut transport = || RawTransport {
            uplink_loss_pct: next(), uplink_jitter_ms: next(), downlink_loss_pct: next(),
            rtt_ms: next(), downlink_estimate_bps: next(), downlink_wanted_bps: next(),
            loop_lag_ms: next(), age_ms: None, silent,
        };
        let (uplink, downlink) = (transport(), transport());
        let send_audio = RawSendAudio {
            source: mic, packets_sent: next(), remote_packets_lost: next(), remote_jitter_ms: next(),
        };
        let send_video = RawSendVideo {
            rests: None,
            source: camera, frames_captured: next(), frames_encoded: next(), encode_ms: next(),
            limited_by: None, width_px: next(), height_px: next(),
        };
        let receive_audio = RawReceiveAudio {
            codec: Codec::Unknown, packets_received: next(), packets_lost: next(),
            loss_bursts: next(), jitter_ms: next(), total_samples: next(),
            concealed_samples: next(), silent_concealed_samples: None, jitter_buffer_ms: next(),
        };
        let receive_video = RawReceiveVideo {
            packets_received: next(), packets_lost: next(), frames_decoded: next(),
            frames_dropped: next(), decode_ms: next(), freeze_count: next(), freeze_ms: next(),
            width_px: next(), height_px: next(), ..RawReceiveVideo::default()
        };
        let verdict = judge(&Ends {
            sender_link: None,
            send_audio: present[0].then(|| send_audio.check(&mut check)),
            send_video: present[1].then(|| send_video.check(&mut check)),
            uplink: present[2].then(|| uplink.check(&mut check)),
            downlink: present[3].then(|| downlink.check(&mut check)),
            receiver_link: None,
            receive_audio: present[4].then(|| receive_audio.check(&mut check)),
            receive_video: present[5].then(|| receive_video.check(&mut check)),
        });
        prop_assert!((0.0..=1.0).contains(&verdict.confidence.value()));
        for score in [verdict.audio, verdict.video].into_iter().flatten() {
            prop_assert!((1.0..=4.5).contains(&score.value()));
        }
        let evidence = verdict.evidence;
        for figure in [
            evidence.uplink_loss_pct, evidence.downlink_loss_pct, evidence.loss_pct,
            evidence.downlink_missing_pct, evidence.unexplained_concealed_pct,
            evidence.receiver_dropped_pct, evidence.sender_skipped_pct,
        ] {
            prop_assert!(figure.is_none_or(|f| (0.0..=100.0).contains(&f)), "{figure:?}");
        }
        for figure in [
            evidence.uplink_jitter_ms, evidence.downlink_jitter_ms, evidence.one_way_ms,
            evidence.uplink_rtt_ms, evidence.downlink_rtt_ms,
        ] {
            prop_assert!(figure.is_none_or(|f| f >= 0.0 && f.is_finite()), "{figure:?}");
        }
        prop_assert!(verdict.also.is_none_or(|c| c.culprit() != verdict.culprit()));
    }
}
