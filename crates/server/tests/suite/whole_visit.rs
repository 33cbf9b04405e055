//! The whole path of a visit, the same on both databases.

use crate::common::Clinic;
use crate::common::people::{Guest, Staff, chat, chat_texts};
use audit::Kind;
use serde_json::json;
use server::Clock;
use std::sync::Arc;
use store::testing::{NOON, TestDb};

async fn from_booking_to_goodbye(db: TestDb) {
    let clinic = Clinic::start(Arc::new(db), Clock::manual(NOON), None).await;
    let mut gray = Staff::clinician(&clinic).await;
    let mut board = gray.board().await;
    assert_eq!(board.wait("board").await["visits"], json!([]));
    let booked = gray.book(json!({ "patient_birth_date": "" })).await;
    board.until(|m| m["visit"]["visit"] == booked.visit.as_str()).await;

    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let (mut patient, waiting) = guest.wait().await;
    assert_eq!((&waiting["ahead"], &waiting["host_here"]), (&json!(0), &json!(true)));
    let waits = board.until(|m| m.to_string().contains("\"state\":\"waiting\"")).await;
    assert!(waits.to_string().contains("no_camera"), "the check is on the board");
    let note = json!({
        "type": "note", "visit": booked.visit, "seat": guest.seat, "id": "n", "text": "Five minutes",
    });
    board.say(note).await;
    assert_eq!(patient.wait("note").await["note"]["text"], "Five minutes");

    let (mut host, _) = gray.enter(&booked.visit).await;
    let offer = host.wait("offer").await;
    assert!(offer["sdp"].as_str().is_some_and(|sdp| sdp.starts_with("v=0")));
    board.say(json!({ "type": "admit", "visit": booked.visit, "seat": guest.seat })).await;
    patient.until(|m| m["because"] == "admitted").await;
    patient.wait("room").await;
    patient.say(chat("1", "hello")).await;
    assert_eq!(chat_texts(&[host.wait("chat").await]), ["hello"]);
    host.say(json!({ "type": "end", "outcome": "no_show" })).await;
    assert_eq!(host.refusal().await, "not_a_no_show");
    host.say(json!({ "type": "end", "outcome": "failed" })).await;
    assert_eq!(patient.wait("ended").await["reason"], "failed");
    assert_eq!(host.wait("ended").await["reason"], "failed");
    assert!(patient.rest().await.is_empty() && host.rest().await.is_empty(), "closed");

    let rating = json!({ "visit": guest.visit, "seat": guest.seat, "stars": 4 });
    assert_eq!(guest.browser.post("/api/seat/rate", &rating).await.status, 204);
    for kind in [Kind::VisitCreated, Kind::SeatAdmitted, Kind::ChatSent, Kind::VisitEnded] {
        assert!(clinic.audited(kind).await > 0, "{}", kind.as_str());
    }
    clinic.verify_audit().await;
}

#[tokio::test]
async fn on_sqlite() {
    from_booking_to_goodbye(TestDb::sqlite()).await;
}

#[tokio::test]
async fn on_postgres() {
    from_booking_to_goodbye(TestDb::postgres().await).await;
}
