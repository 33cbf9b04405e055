//! Call quality with real media: who is blamed, what the clinician hears, what stays, and who may read.

use crate::common::browser::Browser;
use crate::common::media::Page;
use crate::common::people::{Guest, InRoom, Staff, in_room};
use crate::common::{Clinic, METRICS_TOKEN};
use audit::Kind;
use serde_json::{Value, json};
use store::UserRole;
use visit::Duration;

/// Two people in a call, with media that flows.
struct Call {
    clinic: Clinic,
    gray: Staff,
    visit: String,
    host: Page,
    host_seat: String,
    guest: Guest,
    patient: Page,
}

async fn call() -> Call {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, host, host_seat, mut guest, patient } = in_room(&clinic).await;
    // The visit's page is opened again, so that no offer was missed.
    drop((host, patient));
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut patient = Page::sending(guest.connect().await);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;
    Call { clinic, gray, visit: booked.visit, host, host_seat, guest, patient }
}

/// Says what a page really counted while this many more packets came: the only remote person's sound
/// and picture, as one.
async fn report(page: &mut Page, from: &str, packets: usize) {
    let before = page.counted().await;
    page.receives(packets).await;
    let after = page.counted().await;
    // Late packets may make up for missing ones.
    let missing = after.missing.saturating_sub(before.missing);
    let mic = json!({
        "codec": "opus_fec",
        "packets_received": after.packets - before.packets,
        "packets_lost": missing,
    });
    page.say(json!({ "type": "quality", "report": {
        "interval_ms": 5_000,
        "link": { "candidate": "host", "protocol": "udp", "peer_to_peer": false },
        "mic": { "source": "live" },
        "from": [{ "seat": from, "mic": mic }],
    }}));
}

/// Waits until the clinician is told this about one direction.
async fn told(page: &mut Page, from: &str, to: &str, subject: &str, codes: &[&str]) {
    let said = |way: &Value| {
        way["from"] == from
            && way["to"] == to
            && way["subject"] == subject
            && codes.iter().any(|code| way["code"] == *code)
    };
    page.until(|m| m["directions"].as_array().is_some_and(|ways| ways.iter().any(said))).await;
}

fn track(quality: &Value, from: &str, to: &str) -> Value {
    let stretch = &quality["stretches"][0];
    let number = |seat: &str| {
        let seats = stretch["seats"].as_array().expect("seats");
        seats.iter().position(|s| s == seat).expect("measured")
    };
    let (from, to) = (number(from), number(to));
    let tracks = stretch["record"]["tracks"].as_array().expect("tracks");
    tracks.iter().find(|t| t["from"] == from && t["to"] == to).expect("a track").clone()
}

/// Reports until the record blames the sender's uplink: a machine that is busy just then may rightly
/// blame itself first.
async fn noted(
    clinic: &Clinic,
    staff: &mut Staff,
    path: &str,
    page: &mut Page,
    from: &str,
    to: &str,
) -> Value {
    for _ in 0..20 {
        clinic.clock.advance(Duration::from_s(5));
        report(page, from, 300).await;
        page.settle().await;
        let quality = staff.browser.get(path).await.good();
        let culprits = track(&quality, from, to)["summary"]["culprits"].clone();
        let culprits = culprits.as_array().expect("culprits");
        if culprits.iter().any(|c| c["culprit"] == "sender_uplink") {
            return quality;
        }
    }
    panic!("the record never blamed the sender's uplink");
}

#[tokio::test]
async fn loss_on_the_patients_uplink_is_blamed_on_it_live_and_in_the_record() {
    let Call { clinic, mut gray, visit, mut host, host_seat, guest, mut patient } = call().await;
    patient.lose_own_media();
    report(&mut host, &guest.seat, 300).await;
    told(&mut host, &guest.seat, &host_seat, "sender", &["uplink_loss"]).await;
    report(&mut patient, &host_seat, 300).await;
    patient.settle().await;
    host.settle().await;

    let path = format!("/api/visits/{visit}/quality");
    assert_eq!(clinic.audited(Kind::QualityViewed).await, 0);
    let quality = noted(&clinic, &mut gray, &path, &mut host, &guest.seat, &host_seat).await;
    assert!(clinic.audited(Kind::QualityViewed).await > 0);
    let people = quality["people"].as_array().expect("people");
    assert_eq!(people.len(), 2);
    let hurt = track(&quality, &guest.seat, &host_seat);
    assert!(hurt["points"].as_array().is_some_and(|p| !p.is_empty()));
    let own = track(&quality, &host_seat, &guest.seat);
    let culprits = own["summary"]["culprits"].as_array().expect("culprits");
    assert!(culprits.iter().all(|c| c["culprit"] != "sender_uplink"), "{culprits:?}");

    let token = format!("Bearer {METRICS_TOKEN}");
    let mut browser = Browser::new(&clinic);
    let metrics = browser.request("GET", "/metrics", &[("authorization", &token)], "").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for line in [
        "bedside_call_blamed_seconds_total{culprit=\"sender_uplink\"}",
        "bedside_media_packets_expected_total{path=\"sfu\"}",
        "bedside_media_packets_received_total",
        "bedside_loop_lag_seconds_bucket",
        "bedside_media_codec_seconds_total{codec=\"opus_fec\"}",
        "bedside_picture_frozen_seconds_total",
    ] {
        assert!(metrics.contains(line), "{line} is missing");
    }
    assert!(!metrics.contains(&guest.seat) && !metrics.contains(&visit), "no label names anybody");
}

#[tokio::test]
async fn everybody_is_told_whose_camera_rests_so_that_the_sound_stays_good() {
    let Call { clinic: _clinic, mut host, guest, patient, .. } = call().await;
    for rests in [true, false] {
        patient.say(json!({ "type": "quality", "report": {
            "interval_ms": 1_000,
            "link": { "candidate": "host", "protocol": "udp", "peer_to_peer": false },
            "camera": { "source": "live", "rests": rests },
            "from": [],
        }}));
        let theirs =
            |person: &Value| person["seat"] == guest.seat && person["camera_rests"] == rests;
        host.until(|m| {
            m["type"] == "room"
                && m["people"].as_array().is_some_and(|people| people.iter().any(theirs))
        })
        .await;
    }
}

#[tokio::test]
async fn loss_on_the_patients_downlink_is_blamed_on_it() {
    let Call { clinic: _clinic, mut host, host_seat, guest, mut patient, .. } = call().await;
    patient.lose_media();
    report(&mut patient, &host_seat, 100).await;
    let codes = ["downlink_loss", "downlink_rate"];
    told(&mut host, &host_seat, &guest.seat, "receiver", &codes).await;
}

#[tokio::test]
async fn what_was_measured_is_read_by_the_clinic_only_and_outlives_the_server() {
    let Call { clinic, mut gray, visit, mut host, host_seat, mut guest, mut patient } =
        call().await;
    report(&mut patient, &host_seat, 100).await;
    patient.settle().await;
    let path = format!("/api/visits/{visit}/quality");
    assert_eq!(guest.browser.get(&path).await.code(), "not_signed_in");
    let mut desk = Staff::of(&clinic, "d@clinic.example", "Desk", UserRole::Staff).await;
    let seen = desk.browser.get(&path).await.good();
    track(&seen, &host_seat, &guest.seat);
    let missing = desk.browser.get("/api/visits/00000000000000000000000000/quality").await;
    assert_eq!(missing.code(), "not_found");
    let nonsense = desk.browser.get("/api/visits/nonsense/quality").await;
    assert_eq!(nonsense.code(), "not_found");
    // The patient's page hears nothing about links.
    let heard = guest.browser.heard(0);
    assert!(!heard.contains("\"quality\"") && !heard.contains("directions"));

    let (db, clock) = clinic.kill().await;
    while host.next().await.is_some() {}
    let clinic = Clinic::start(db, clock, None).await;
    gray.browser = gray.browser.towards(&clinic);
    let again = gray.browser.get(&path).await.good();
    assert_eq!(again["stretches"], seen["stretches"]);
    clinic.verify_audit().await;
}

#[tokio::test]
async fn reports_on_more_time_than_passes_are_refused() {
    let Call { clinic: _clinic, mut patient, host_seat, host: _host, .. } = call().await;
    patient.settle().await;
    // The clock of the test stands still: a minute may be caught up on.
    for _ in 0..13 {
        patient.say(json!({ "type": "quality", "report": {
            "interval_ms": 5_000,
            "link": { "peer_to_peer": false },
            "from": [{ "seat": host_seat }],
        }}));
    }
    let refused = patient.wait("error").await;
    assert_eq!(refused["error"]["code"], "too_fast");
}
