//! Seats, the queue, chat and consent.

use crate::common::Clinic;
use crate::common::people::{
    Guest, InRoom, Staff, Waiting, admit, chat, chat_texts, consent, in_room, waiting,
};
use audit::Kind;
use serde_json::json;
use sqlx::Executor as _;
use visit::{Duration, VisitId};

#[tokio::test]
async fn one_seat_one_device() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, mut guest, patient: mut first } = waiting(&clinic).await;
    let mut second = guest.connect().await;
    assert_eq!(second.wait("welcome").await["state"], "waiting");
    first.wait("taken_over").await;
    assert!(first.rest().await.is_empty(), "closed");
    // What the first page still says is not heard.
    first.say(json!({ "type": "recheck" })).await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    admit(&mut host, &guest.seat, &mut second).await;
    // The same inside the room.
    let mut third = guest.connect().await;
    assert_eq!(third.wait("welcome").await["state"], "admitted");
    second.wait("taken_over").await;
    second.rest().await;
    third.wait("room").await;
    assert_eq!(clinic.audited(Kind::SeatTakenOver).await, 2);
}

#[tokio::test]
async fn leaving_the_page_does_not_cost_the_place_in_the_queue() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let (one, two) = (gray.book(json!({})).await, gray.book(json!({})).await);
    let mut board = gray.board().await;
    board.wait("board").await;
    let mut ana = Guest::open(&clinic, &one.secret).await;
    let (ana_page, ana_waiting) = ana.wait().await;
    clinic.clock.advance(Duration::from_s(40));
    let mut ben = Guest::open(&clinic, &two.secret).await;
    let (mut ben_page, ben_waiting) = ben.wait().await;
    assert_eq!((&ana_waiting["ahead"], &ben_waiting["ahead"]), (&json!(0), &json!(1)));

    ana_page.close().await;
    let gone = |m: &serde_json::Value| {
        let seats = m["visit"]["seats"].as_array().cloned().unwrap_or_default();
        seats.iter().any(|s| {
            s["seat"] == ana.seat.as_str() && s["state"] == "waiting" && s["online"] == false
        })
    };
    board.until(gone).await;
    clinic.clock.advance(Duration::from_min(3));
    let mut ana_page = ana.connect().await;
    assert_eq!(ana_page.wait("welcome").await["state"], "waiting");
    let again = ana_page.wait("waiting").await;
    assert_eq!((&again["ahead"], &again["since"]), (&json!(0), &ana_waiting["since"]));
    let moved = ben_page.settle().await;
    let ahead: Vec<_> = moved.iter().filter(|m| m["type"] == "waiting").collect();
    assert!(ahead.iter().all(|m| m["ahead"] == 1), "the second stays the second");
}

#[tokio::test]
async fn who_comes_back_after_the_hold_hears_why_they_begin_anew() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, mut host, mut guest, patient, .. } = in_room(&clinic).await;
    patient.close().await;
    host.until(|m| m["people"].to_string().contains("\"away\"")).await;
    clinic.clock.advance(Duration::from_min(5));
    host.until(|m| m["people"].as_array().is_some_and(|people| people.len() == 1)).await;
    let expired = json!({ "type": "you", "state": "checking", "because": "hold_expired" });
    for _ in 0..2 {
        // Also when the page is loaded once more.
        let mut patient = guest.connect().await;
        assert_eq!(patient.wait("welcome").await["state"], "checking");
        assert_eq!(patient.wait("you").await, expired);
    }
    let mut patient = guest.check().await;
    patient.settle().await;
    let mut patient = guest.connect().await;
    patient.wait("welcome").await;
    assert!(patient.settle().await.iter().all(|m| m["because"] != "hold_expired"), "old news");

    // The same for the clinic's own people, who need no check.
    host.close().await;
    let mut board = gray.board().await;
    let host_in = |state: &'static str| {
        move |m: &serde_json::Value| {
            let seats = m["visit"]["seats"].as_array().cloned().unwrap_or_default();
            seats.iter().any(|s| s["role"] == "host" && s["state"] == state)
        }
    };
    board.wait("board").await;
    clinic.clock.advance(Duration::from_min(5));
    board.until(host_in("left")).await;
    let mut host = gray.connect(&booked.visit).await;
    assert_eq!(host.wait("welcome").await["state"], "left");
    let expired = json!({ "type": "you", "state": "left", "because": "hold_expired" });
    assert_eq!(host.wait("you").await, expired);
}

#[tokio::test]
async fn staff_who_open_a_visit_are_on_record_or_do_not_open_it() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, .. } = waiting(&clinic).await;
    assert_eq!(clinic.audited(Kind::PatientViewed).await, 0);
    // Nothing of this kind can be written down.
    let pool = clinic.store().write_pool();
    let refuse = "CREATE TRIGGER no_view BEFORE INSERT ON audit_entries \
        WHEN instr(CAST(NEW.entry AS TEXT), 'data.patient_viewed') > 0 \
        BEGIN SELECT RAISE(ABORT, 'no'); END";
    pool.execute(refuse).await.expect("a trigger");
    let from = gray.browser.heard_bytes();
    let heard = gray.connect(&booked.visit).await.rest().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["type"], "error");
    assert!(!gray.browser.heard(from).contains("Pat Ient"));

    pool.execute("DROP TRIGGER no_view").await.expect("drops");
    let (mut host, _) = gray.enter(&booked.visit).await;
    assert_eq!(clinic.audited(Kind::PatientViewed).await, 1);
    let room = host.settle().await;
    assert!(room.iter().all(|m| m["type"] != "error"));
    let (viewer, seat) = (gray.user.to_text(), booked.seat.clone());
    let log = clinic.audit_text().await;
    let entry = log.lines().find(|l| l.contains(Kind::PatientViewed.as_str())).expect("an entry");
    assert!(entry.contains(&viewer) && entry.contains(&seat), "who looked at whom");
    clinic.verify_audit().await;
}

#[tokio::test]
async fn chat_is_stored_once_and_delivered_in_order() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, mut guest, mut patient } = waiting(&clinic).await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    assert_eq!(patient.refused(chat("early", "let me in")).await, "not_allowed");
    clinic.clock.advance(Duration::from_s(1));
    admit(&mut host, &guest.seat, &mut patient).await;

    for _ in 0..3 {
        patient.say(chat("one", "first")).await;
    }
    patient.say(chat("two", "second")).await;
    let own = chat_texts(&patient.settle().await);
    assert_eq!(own, ["first", "first", "first", "second"], "a resend is confirmed to the sender");
    host.say(chat("one", "third")).await;
    assert_eq!(chat_texts(&host.settle().await), ["first", "second", "third"]);

    let visit = VisitId::parse(&booked.visit).expect("an id");
    let mut reader = clinic.store().read(clinic.app.org).await.expect("a reader");
    let stored = reader.chat_after(visit, 0, 100).await.expect("lines");
    let texts: Vec<String> = stored.iter().map(|row| row.body.to_string()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
    assert!(stored.is_sorted_by(|a, b| a.seq < b.seq), "numbered in order");
    drop(reader);

    let token = guest.token().await;
    let after = json!({ "chat_after": stored[1].seq });
    let mut back = guest.browser.hello(&token, after).await;
    assert_eq!(chat_texts(&back.settle().await), ["third"]);
    let mut all = guest.connect().await;
    assert_eq!(chat_texts(&all.settle().await), ["first", "second", "third"]);
}

#[tokio::test]
async fn consent_is_asked_first_and_can_be_taken_back_in_the_call() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let mut patient = guest.check().await;
    assert_eq!(patient.refused(json!({ "type": "wait" })).await, "consent_missing");
    let mut unknown = consent("given");
    unknown["text_version"] = json!("visit-1999-01");
    assert_eq!(patient.refused(unknown).await, "bad_message");
    assert_eq!(patient.refused(json!({ "type": "wait" })).await, "consent_missing");
    let mut recording = consent("given");
    recording["purpose"] = json!("recording");
    recording["text_version"] = json!("recording-2026-11");
    assert_eq!(patient.refused(recording).await, "wrong_state", "nobody asked for it");
    patient.say(consent("refused")).await;
    assert_eq!(patient.refused(json!({ "type": "wait" })).await, "consent_missing");
    assert_eq!(clinic.audited(Kind::ConsentGiven).await, 0);

    patient.say(consent("given")).await;
    patient.say(json!({ "type": "wait" })).await;
    patient.wait("waiting").await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    admit(&mut host, &guest.seat, &mut patient).await;
    patient.say(consent("withdrawn")).await;
    let you = patient.until(|m| m["because"] == "consent_withdrawn").await;
    assert_eq!((&you["type"], &you["state"]), (&json!("you"), &json!("consenting")));
    host.until(|m| m["people"].as_array().is_some_and(|people| people.len() == 1)).await;
    assert_eq!(patient.refused(json!({ "type": "wait" })).await, "consent_missing");
    host.say(json!({ "type": "admit", "seat": guest.seat })).await;
    assert_eq!(host.refusal().await, "wrong_state");
    assert_eq!(clinic.audited(Kind::ConsentWithdrawn).await, 1);
    assert_eq!(clinic.audited(Kind::ConsentRefused).await, 1);
    clinic.verify_audit().await;
}
