//! A locked database, a full disk, and a server that dies.

use crate::common::Clinic;
use crate::common::people::{Guest, InRoom, Staff, chat, chat_texts, consent, in_room};
use audit::Kind;
use serde_json::json;
use server::Clock;
use sqlx::Executor as _;
use std::sync::Arc;
use store::testing::{NOON, TestDb};
use visit::{Duration, VisitId};

#[tokio::test]
async fn a_locked_database_loses_nothing_that_was_acknowledged() {
    let mut db = TestDb::sqlite();
    db.config.busy_timeout_ms = 100;
    let clinic = Clinic::start(Arc::new(db), Clock::manual(NOON), None).await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let mut patient = guest.check().await;

    // Another connection to the same file takes the lock and keeps it.
    let other = clinic.db.open().await;
    let lock = other.begin(clinic.app.org, clinic.clock.now()).await.expect("the lock");
    assert_eq!(patient.refused(consent("given")).await, "store_busy");
    assert_eq!(patient.refused(json!({ "type": "wait" })).await, "consent_missing");
    let refused = gray.try_book(json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "store_busy"));
    drop(lock);

    // The lock is given back when its connection is back in its pool.
    other.close(clinic.clock.now()).await.expect("closes");
    assert_eq!(clinic.audited(Kind::ConsentGiven).await, 0, "refused means not done");
    patient.say(consent("given")).await;
    patient.say(json!({ "type": "wait" })).await;
    patient.wait("waiting").await;
    assert_eq!(clinic.audited(Kind::ConsentGiven).await, 1);
    let visit = VisitId::parse(&booked.visit).expect("an id");
    let mut reader = clinic.store().read(clinic.app.org).await.expect("a reader");
    assert_eq!(reader.consents(visit).await.expect("consents").len(), 1);
    drop(reader);
    clinic.verify_audit().await;
}

#[tokio::test]
async fn a_full_disk_refuses_bookings_and_keeps_the_others() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let pool = clinic.store().write_pool();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await.expect("reads");
    let limit = format!("PRAGMA max_page_count = {}", pages + 4);
    pool.execute(sqlx::AssertSqlSafe(limit)).await.expect("sets");
    let mut booked = 0;
    let refused = loop {
        let answer = gray.try_book(json!({ "note": "n".repeat(400) })).await;
        if answer.status != 200 {
            break answer;
        }
        booked += 1;
        assert!(booked < 100, "the disk never fills");
    };
    assert_eq!((refused.status, refused.code().as_str()), (507, "store_full"));
    assert_eq!(gray.browser.get("/api/me").await.status, 200, "reading goes on");
    pool.execute("PRAGMA max_page_count = 1000000").await.expect("sets");
    gray.book(json!({})).await;
    let board = gray.board().await.wait("board").await;
    assert_eq!(board["visits"].as_array().map(Vec::len), Some(booked + 1));
    assert_eq!(clinic.audited(Kind::VisitCreated).await, booked + 1);
    clinic.verify_audit().await;
}

#[tokio::test]
async fn after_a_crash_everybody_is_back_in_the_same_visit() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, mut host, host_seat, mut guest, mut patient } =
        in_room(&clinic).await;
    for (socket, id) in [(&mut patient, "a"), (&mut host, "b")] {
        socket.say(chat(id, &format!("line {id}"))).await;
        socket.until(|m| m["lines"][0]["id"] == id).await;
    }

    let (db, clock) = clinic.kill().await;
    patient.rest().await;
    host.rest().await;
    clock.advance(Duration::from_s(20));
    let clinic = Clinic::start(db, clock, None).await;
    guest.browser = guest.browser.towards(&clinic);
    gray.browser = gray.browser.towards(&clinic);

    let mut host = gray.connect(&booked.visit).await;
    let welcome = host.wait("welcome").await;
    assert_eq!((&welcome["seat"], &welcome["state"]), (&json!(host_seat), &json!("admitted")));
    let room = host.wait("room").await;
    let people = room["people"].as_array().cloned().unwrap_or_default();
    let patient_now = people.iter().find(|p| p["seat"] == guest.seat.as_str());
    assert_eq!(patient_now.map(|p| &p["state"]), Some(&json!("away")), "held until they are back");

    let mine = guest.browser.post("/api/seat/mine", &json!({})).await.good();
    assert_eq!(mine["seats"][0], json!({ "seat": guest.seat, "visit": guest.visit }));
    let mut patient = guest.connect().await;
    let welcome = patient.wait("welcome").await;
    assert_eq!(welcome["state"], "admitted");
    assert_eq!(welcome["consents"][0]["decision"], "given");
    let lines = patient.wait("chat").await;
    assert_eq!(chat_texts(&[lines]), ["line a", "line b"]);
    patient.wait("offer").await;
    host.say(chat("c", "still here")).await;
    let line = patient.wait("chat").await;
    assert_eq!(chat_texts(&[line]), ["still here"]);
    clinic.verify_audit().await;
}
