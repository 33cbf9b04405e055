//! What is kept of a visit: sums, bounds, the written shape.

use super::*;
use crate::evidence::{Ends, Evidence};
use crate::record::RecordError;
use crate::verdict::{Cause, judge};

fn verdict(audio: f64, cause: Cause) -> Verdict {
    Verdict {
        audio: Some(Mos::new(audio)),
        video: None,
        cause,
        evidence: Evidence {
            loss_pct: Some(1.5),
            one_way_ms: Some(80.0),
            codec: Some(Codec::OpusFec),
            picture_codec: Some(PictureCodec::Vp8),
            ..Evidence::default()
        },
        ..judge(&Ends::default())
    }
}

fn by(path: PathKind, ignored: u32) -> Link {
    let page = LinkSample { rtt_ms: Some(42.0), available_outgoing_bps: None, path };
    let server = TransportSample {
        uplink_loss_pct: Some(0.7),
        downlink_loss_pct: Some(1.2),
        uplink_jitter_ms: Some(3.4),
        ..TransportSample::default()
    };
    Link { page: Some(page), server: Some(server), ignored }
}

fn ok(noted: Result<(), Full>) {
    assert_eq!(noted, Ok(()));
}

/// 80 s good, 15 s poor by the uplink, 5 s worse by the server.
fn a_visit() -> Recorder {
    let mut recorder = Recorder::default();
    for n in 0..20 {
        let verdict = match n {
            0..16 => verdict(4.2, Cause::None),
            16..19 => verdict(2.8, Cause::UplinkLoss),
            _ => verdict(1.4, Cause::ServerLag),
        };
        ok(recorder.note(1_000_000 + n * 5_000, 5_000, (1, 0), &verdict));
        let path = if n < 15 { PathKind::Sfu } else { PathKind::TurnTls };
        recorder.note_link(1_000_000 + n * 5_000, 5_000, 1, &by(path, 0));
    }
    recorder.note_link(1_100_000, 5_000, 0, &by(PathKind::Sfu, 3));
    recorder
}

#[test]
fn a_visit_in_a_few_numbers() {
    let record = a_visit().record();
    let summary = &record.tracks[0].summary;
    let value = |mos: Option<Mos>| mos.map(|m| (m.value() * 100.0).round());
    assert_eq!(summary.measured_s, 100);
    assert_eq!(summary.poor_s, 20);
    assert!((summary.poor_min() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(value(summary.audio_median), Some(420.0));
    assert_eq!(value(summary.audio_p95), Some(280.0));
    assert_eq!(value(summary.audio_worst), Some(140.0));
    assert_eq!(summary.video_median, None);
    assert_eq!(summary.main_culprit, Culprit::SenderUplink);
    let times: Vec<_> = summary.culprits.iter().map(|c| (c.culprit, c.seconds)).collect();
    assert_eq!(times, [(Culprit::SenderUplink, 15), (Culprit::Server, 5)]);
    assert_eq!(record.seats[1].share(PathKind::TurnTls), 0.25);
    assert_eq!(record.seats[1].share(PathKind::P2p), 0.0);
    assert_eq!(record.ignored, 3);
}

#[test]
fn a_muted_microphone_is_nobodys_fault() {
    let mut recorder = Recorder::default();
    ok(recorder.note(0, 5_000, (0, 1), &verdict(4.0, Cause::MicMuted)));
    assert_eq!(recorder.record().tracks[0].summary.main_culprit, Culprit::None);
    assert!(recorder.record().tracks[0].summary.culprits.is_empty());
}

#[test]
fn equal_times_blame_the_one_nearer_to_the_sender() {
    let mut recorder = Recorder::default();
    ok(recorder.note(0, 5_000, (0, 1), &verdict(2.0, Cause::ReceiverCpu)));
    ok(recorder.note(5_000, 5_000, (0, 1), &verdict(2.0, Cause::SenderCpu)));
    assert_eq!(recorder.record().tracks[0].summary.main_culprit, Culprit::SenderDevice);
}

#[test]
fn a_visit_keeps_a_bounded_number_of_directions() {
    let mut recorder = Recorder::default();
    let fine = verdict(4.0, Cause::None);
    for n in 0..MAX_TRACKS {
        ok(recorder.note(0, 5_000, (u8::try_from(n).unwrap_or(0), 0), &fine));
    }
    assert_eq!(recorder.note(0, 5_000, (255, 255), &fine), Err(Full));
    assert_eq!(recorder.note(5_000, 5_000, (7, 0), &fine), Ok(()));
    assert_eq!(recorder.record().tracks.len(), MAX_TRACKS);
}

/// Once written like this, always written like this.
const WRITTEN: &str = concat!(
    r#"{"v":2,"tracks":[{"from":1,"to":0,"summary":{"measured_s":10,"poor_s":5,"#,
    r#""audio_median":4.2,"audio_p95":2.8,"audio_worst":2.8,"#,
    r#""video_median":null,"video_p95":null,"video_worst":null,"#,
    r#""main_culprit":"sender_uplink","culprits":[{"culprit":"sender_uplink","seconds":5}],"#,
    r#""codec":"opus_fec","picture_codec":"vp8"},"#,
    r#""stretch_s":5,"points":[[0,420,420,0,15,80,0,0,0],[5,280,280,0,15,80,0,0,0]]}],"#,
    r#""seats":[{"seat":1,"paths":[{"path":"turn_udp","seconds":5}],"#,
    r#""stretch_s":5,"points":[[5,42,7,12,3]]}],"ignored":2}"#,
);

#[test]
fn the_written_shape_stays() {
    let mut recorder = Recorder::default();
    ok(recorder.note(70_000, 5_000, (1, 0), &verdict(4.2, Cause::None)));
    ok(recorder.note(75_000, 5_000, (1, 0), &verdict(2.8, Cause::UplinkLoss)));
    recorder.note_link(75_000, 5_000, 1, &by(PathKind::TurnUdp, 2));
    let written = serde_json::to_string(&recorder.record());
    assert_eq!(written.as_deref().ok(), Some(WRITTEN));
    let read: Record = serde_json::from_str(WRITTEN).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(serde_json::to_string(&read).as_deref().ok(), Some(WRITTEN));
}

#[test]
fn a_record_of_the_version_before_is_read() {
    let before = WRITTEN.replacen(r#""v":2"#, r#""v":1"#, 1);
    let before = before.replacen(r#","picture_codec":"vp8""#, "", 1);
    let read: Record = serde_json::from_str(&before).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((read.v, read.tracks[0].summary.picture_codec), (2, PictureCodec::Unknown));
}

#[test]
fn a_damaged_record_is_refused_by_name() {
    let refused = |from: &str, to: &str| {
        let damaged = WRITTEN.replacen(from, to, 1);
        assert_ne!(damaged, WRITTEN, "{from} is not in the record");
        serde_json::from_str::<Record>(&damaged).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let says = |text: String, error: RecordError| {
        assert!(text.contains(&error.to_string()), "{text}");
    };
    says(refused(r#""v":2"#, r#""v":3"#), RecordError::Version);
    says(refused("[0,420,420", "[0,900,420"), RecordError::OutOfRange);
    says(refused("[0,420,420", "[5,420,420"), RecordError::OutOfRange);
    says(refused(r#""stretch_s":5"#, r#""stretch_s":0"#), RecordError::OutOfRange);
    says(refused("[5,42,7", "[5,42,1007"), RecordError::OutOfRange);
    says(refused(r#""poor_s":5"#, r#""poor_s":11"#), RecordError::OutOfRange);
    let many = "[1,0,0,0,0,0,0,0,0],".repeat(MAX_TRACKS + 1);
    says(refused("[5,280", &format!("{many}[5,280")), RecordError::TooLarge);
    assert!(refused(r#""ignored":2"#, r#""ignored":2,"name":"x""#).contains("unknown field"));
}

#[test]
fn a_full_record_of_a_long_visit_is_small() {
    let mut recorder = Recorder::default();
    for n in 0..2_880 {
        ok(recorder.note(n * 5_000, 5_000, (0, 1), &verdict(4.2, Cause::None)));
    }
    let bytes = serde_json::to_string(&recorder.record()).map(|s| s.len()).unwrap_or(usize::MAX);
    assert!(bytes < 10_000, "{bytes} bytes");
}
