//! Seats, the queue, chat and consent.

use crate::common::Clinic;
use crate::common::people::{Guest, Staff, admit, chat, chat_texts, consent};
use audit::Kind;
use serde_json::json;
use visit::{Duration, VisitId};

#[tokio::test]
async fn one_seat_one_device() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let (mut first, _) = guest.wait().await;
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
async fn chat_is_stored_once_and_delivered_in_order() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let (mut patient, _) = guest.wait().await;
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
