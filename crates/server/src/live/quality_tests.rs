//! Reports of pages and of the forwarding unit put together, in virtual time.

use super::*;
use protocol::HeardFrom;
use telemetry::Codec;
use telemetry::Culprit;
use telemetry::input::{RawLink, RawReceiveAudio, RawSendAudio};
use telemetry::message::{Figure, MessageCode, Subject};

const PATIENT: SeatId = SeatId::new(1, 1);
const DOCTOR: SeatId = SeatId::new(1, 2);
const STRANGER: SeatId = SeatId::new(1, 3);
const BEGIN: Timestamp = Timestamp(1_000_000_000_000);

fn at(seconds: i64) -> Timestamp {
    BEGIN.plus(Duration::from_s(seconds))
}

fn inside(seat: SeatId) -> Present {
    Present { seat, sending: Sending { mic: true, ..Sending::default() } }
}

fn both() -> [Present; 2] {
    [inside(PATIENT), inside(DOCTOR)]
}

/// Five seconds in which this share of the sound of `from` was lost on the whole way.
fn report(from: SeatId, lost: f64) -> QualityReport {
    let mic = RawReceiveAudio {
        codec: Codec::OpusFec,
        packets_received: Some(250.0 - lost),
        packets_lost: Some(lost),
        loss_bursts: None,
        jitter_ms: Some(3.0),
        total_samples: None,
        concealed_samples: None,
        silent_concealed_samples: None,
        jitter_buffer_ms: Some(40.0),
    };
    QualityReport {
        interval_ms: 5_000,
        link: RawLink { rtt_ms: Some(30.0), ..RawLink::default() },
        mic: Some(RawSendAudio {
            source: SourceState::Live,
            packets_sent: Some(250.0),
            remote_packets_lost: None,
            remote_jitter_ms: None,
        }),
        camera: None,
        from: vec![HeardFrom { seat: from, mic: Some(mic), camera: None }],
    }
}

fn path(uplink_pct: f64, downlink_pct: f64) -> RawTransport {
    RawTransport {
        uplink_loss_pct: Some(uplink_pct),
        uplink_jitter_ms: Some(2.0),
        downlink_loss_pct: Some(downlink_pct),
        rtt_ms: Some(31.0),
        loop_lag_ms: Some(0.2),
        age_ms: Some(60_000.0),
        ..RawTransport::default()
    }
}

/// The patient's uplink loses a tenth, for a minute.
fn lossy_uplink() -> CallQuality {
    let (mut quality, metrics) = (CallQuality::default(), CallMetrics::default());
    for n in 1..=12 {
        quality.see(at(n * 5), PATIENT, &path(10.0, 0.0), &metrics);
        quality.see(at(n * 5), DOCTOR, &path(0.0, 0.0), &metrics);
        let (to_doctor, to_patient) = (report(PATIENT, 25.0), report(DOCTOR, 0.0));
        assert_eq!(quality.hear(at(n * 5), DOCTOR, &to_doctor, &both(), &metrics), Ok(()));
        assert_eq!(quality.hear(at(n * 5), PATIENT, &to_patient, &both(), &metrics), Ok(()));
    }
    quality
}

#[test]
fn loss_on_one_uplink_is_said_of_one_direction_with_its_figure() {
    let told = lossy_uplink().directions(at(60), &both());
    assert_eq!(told.len(), 1);
    let way = &told[0];
    assert!(way.from == PATIENT && way.to == DOCTOR && way.severe);
    let said = (way.code, way.subject, way.figure);
    assert_eq!(said, (MessageCode::UplinkLoss, Subject::Sender, Some(Figure::Percent(10))));
}

#[test]
fn the_record_blames_the_same_and_comes_back_from_storage() {
    let quality = lossy_uplink();
    let (began_at, kept) = quality.to_keep().unwrap_or_else(|| panic!("there is a record"));
    assert_eq!(began_at, at(5));
    let text = serde_json::to_string(&kept).unwrap_or_else(|e| panic!("{e}"));
    let kept: Kept = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}"));
    let number = |seat| kept.seats.iter().position(|s| *s == seat);
    let track = |from, to| {
        let is = |t: &&telemetry::Track| {
            (Some(t.from.into()), Some(t.to.into())) == (number(from), number(to))
        };
        kept.record.tracks.iter().find(is).unwrap_or_else(|| panic!("a track"))
    };
    let hurt = &track(PATIENT, DOCTOR).summary;
    assert_eq!((hurt.main_culprit, hurt.measured_s), (Culprit::SenderUplink, 60));
    assert_eq!(track(DOCTOR, PATIENT).summary.main_culprit, Culprit::None);
    let links = kept.record.seats.iter().find(|s| Some(s.seat.into()) == number(PATIENT));
    let points = &links.unwrap_or_else(|| panic!("a path")).points;
    assert!(points.iter().all(|p| p.uplink_permille == 100 && p.rtt_ms == 30), "{points:?}");
}

#[test]
fn what_was_kept_is_not_written_again() {
    let mut quality = lossy_uplink();
    quality.kept();
    assert!(quality.to_keep().is_none());
    let metrics = CallMetrics::default();
    assert_eq!(quality.hear(at(70), DOCTOR, &report(PATIENT, 0.0), &both(), &metrics), Ok(()));
    assert!(quality.to_keep().is_some());
}

#[test]
fn nobody_reports_on_more_time_than_has_passed() {
    let (mut quality, metrics) = (CallQuality::default(), CallMetrics::default());
    let mut hear = |now| quality.hear(now, DOCTOR, &report(PATIENT, 0.0), &both(), &metrics);
    // A minute may be caught up on at once, and not a second more.
    for _ in 0..12 {
        assert_eq!(hear(at(0)), Ok(()));
    }
    assert_eq!(hear(at(4)), Err(ErrorCode::TooFast));
    assert_eq!(hear(at(5)), Ok(()));
    assert_eq!(hear(at(5)), Err(ErrorCode::TooFast));
    let seconds = quality.recorder.record().tracks[0].summary.measured_s;
    assert_eq!(seconds, 65);
}

#[test]
fn one_speaks_neither_about_oneself_nor_about_somebody_outside() {
    let (mut quality, metrics) = (CallQuality::default(), CallMetrics::default());
    for about in [STRANGER, DOCTOR] {
        let heard = quality.hear(at(0), DOCTOR, &report(about, 250.0), &both(), &metrics);
        assert_eq!(heard, Ok(()));
    }
    assert!(quality.recorder.record().tracks.is_empty());
    assert!(quality.directions(at(0), &both()).is_empty());
}

#[test]
fn a_microphone_that_the_server_holds_back_is_nobodys_fault() {
    let (mut quality, metrics) = (CallQuality::default(), CallMetrics::default());
    let muted = Present { seat: PATIENT, sending: Sending::default() };
    let inside = [muted, inside(DOCTOR)];
    // The page of the patient says nothing, and the doctor hears nothing.
    let silence = report(PATIENT, 250.0);
    assert_eq!(quality.hear(at(0), DOCTOR, &silence, &inside, &metrics), Ok(()));
    let record = quality.recorder.record();
    assert_eq!(record.tracks[0].summary.audio_worst, None);
}

#[test]
fn a_broken_path_is_said_at_once_and_in_both_directions() {
    let mut quality = lossy_uplink();
    quality.silent(PATIENT, true);
    let told = quality.directions(at(60), &both());
    let codes: Vec<_> = told.iter().map(|way| way.code).collect();
    assert_eq!(codes, [MessageCode::DownlinkSilent, MessageCode::UplinkSilent]);
    let links = quality.links(at(60), &[(PATIENT, true), (DOCTOR, true)]);
    assert_eq!(links[0].level, QualityLevel::Lost);
    assert_eq!(links[1].level, QualityLevel::Good);
}

#[test]
fn old_figures_are_not_told() {
    let quality = lossy_uplink();
    assert!(quality.directions(at(60 + 17), &both()).is_empty());
}

#[test]
fn a_new_transport_begins_without_the_old_ones_figures() {
    let mut quality = lossy_uplink();
    quality.forget(PATIENT);
    let links = quality.links(at(60), &[(PATIENT, true)]);
    assert_eq!(links[0].level, QualityLevel::Good);
    // What the doctor heard was true, but nothing says any more that the uplink was it.
    assert!(quality.directions(at(60), &both()).iter().all(|w| w.code != MessageCode::UplinkLoss));
}

#[test]
fn who_has_no_media_is_lost_and_who_just_came_is_not() {
    let quality = CallQuality::default();
    let links = quality.links(at(0), &[(PATIENT, false), (DOCTOR, true)]);
    assert_eq!(links[0].level, QualityLevel::Lost);
    assert_eq!(links[1].level, QualityLevel::Good);
}
