//! Booking for others, and inviting colleagues: no links, only the board.

use crate::common::Clinic;
use crate::common::browser::{Browser, text};
use crate::common::people::{Guest, Staff, account};
use audit::{Actor, Kind};
use serde_json::{Value, json};
use store::UserRole;

async fn reception(clinic: &Clinic) -> Staff {
    Staff::of(clinic, "r@clinic.example", "Rita Reception", UserRole::Staff).await
}

async fn owen(clinic: &Clinic) -> Staff {
    Staff::of(clinic, "o@clinic.example", "Dr. Owen", UserRole::Clinician).await
}

fn names(answer: &Value) -> Vec<String> {
    let clinicians = answer["clinicians"].as_array().cloned().unwrap_or_default();
    clinicians.iter().map(|c| text(&c["name"])).collect()
}

#[tokio::test]
async fn reception_books_for_a_clinician() {
    let clinic = Clinic::sqlite().await;
    let mut owen = owen(&clinic).await;
    let mut gray = Staff::clinician(&clinic).await;
    let mut rita = reception(&clinic).await;
    account(&clinic, "a@clinic.example", "Ada Admin", UserRole::Admin).await;
    let list = rita.browser.get("/api/clinicians").await.good();
    assert_eq!(names(&list), ["Ada Admin", "Dr. Gray", "Dr. Owen"]);
    let first = list["clinicians"][1].clone();
    assert_eq!(first, json!({ "id": gray.user.to_text(), "name": "Dr. Gray" }), "nothing else");

    // Reception holds no visits, so somebody has to be named, and somebody who does.
    for host in [Value::Null, json!(rita.user.to_text())] {
        let refused = rita.try_book(json!({ "host": host })).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "bad_field"));
        assert_eq!(refused.json()["field"], "host");
    }
    let nobody = visit::UserId::new(1, 1).to_text();
    assert_eq!(rita.try_book(json!({ "host": nobody })).await.code(), "bad_field");
    assert_eq!(rita.try_book(json!({ "host": "Dr. Gray" })).await.code(), "bad_message");

    let mut board = gray.board().await;
    board.wait("board").await;
    let booked = rita.book(json!({ "host": gray.user.to_text() })).await;
    let answer = &booked.body["visit"];
    assert_eq!((&answer["host_name"], &answer["mine"]), (&json!("Dr. Gray"), &json!(false)));
    let seen = board.until(|m| m["visit"]["visit"] == booked.visit.as_str()).await;
    assert_eq!((&seen["visit"]["mine"], &seen["visit"]["invited"]), (&json!(true), &json!(false)));
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let welcome = guest.connect().await.wait("welcome").await;
    assert_eq!(welcome["host_name"], "Dr. Gray");
    // The clinician's own: they end it, reception does not.
    let path = format!("/api/visits/{}/outcome", booked.visit);
    let failed = json!({ "outcome": "failed" });
    assert_eq!(rita.browser.post(&path, &failed).await.code(), "not_allowed");
    assert_eq!(gray.browser.post(&path, &failed).await.status, 204);

    // Colleagues cover for each other, and whoever left the clinic has no visits any more.
    owen.book(json!({ "host": gray.user.to_text() })).await;
    let own = owen.book(json!({})).await;
    assert_eq!(own.body["visit"]["mine"], true);
    let (app, now) = (&clinic.app, clinic.clock.now());
    app.staff.disable(app.org, Actor::System, gray.user, now).await.expect("disables");
    let refused = rita.try_book(json!({ "host": gray.user.to_text() })).await;
    assert_eq!(refused.code(), "bad_field");
    let list = rita.browser.get("/api/clinicians").await.good();
    assert_eq!(names(&list), ["Ada Admin", "Dr. Owen"]);

    // Names of staff are for staff.
    assert_eq!(guest.browser.get("/api/clinicians").await.code(), "not_signed_in");
    assert_eq!(Browser::new(&clinic).get("/api/clinicians").await.code(), "not_signed_in");
    clinic.verify_audit().await;
}

#[tokio::test]
async fn a_colleague_is_invited_on_the_board_and_joins_without_a_link() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let (mut owen, mut rita) = (owen(&clinic).await, reception(&clinic).await);
    let booked = gray.book(json!({})).await;
    let mut board = owen.board().await;
    assert_eq!(board.wait("board").await["visits"][0]["invited"], false);
    let mut grays = gray.board().await;
    grays.wait("board").await;

    let path = format!("/api/visits/{}/colleague", booked.visit);
    for user in [gray.user, rita.user, visit::UserId::new(1, 1)] {
        let refused = gray.browser.post(&path, &json!({ "user": user.to_text() })).await;
        assert_eq!(
            (refused.code().as_str(), &refused.json()["field"]),
            ("bad_field", &json!("user"))
        );
    }
    let owens = json!({ "user": owen.user.to_text() });
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    assert_eq!(guest.browser.post(&path, &owens).await.code(), "not_signed_in");
    assert_eq!(clinic.audited(Kind::SeatInvited).await, 0);

    gray.invite_colleague(&booked.visit, owen.user).await;
    let seen = board.until(|m| m["visit"]["invited"] == true).await;
    let seats = seen["visit"]["seats"].as_array().cloned().unwrap_or_default();
    let seat = seats.iter().find(|s| s["role"] == "colleague").expect("a seat");
    assert_eq!((&seat["name"], &seat["state"]), (&json!("Dr. Owen"), &json!("invited")));
    let own = grays.until(|m| m["visit"]["seats"].as_array().map(Vec::len) == Some(3)).await;
    assert_eq!(own["visit"]["invited"], false, "only for the invited");
    // Twice is the same as once, whoever asks; nobody invites themselves.
    rita.invite_colleague(&booked.visit, owen.user).await;
    assert_eq!(owen.browser.post(&path, &owens).await.code(), "bad_field");
    assert_eq!(clinic.audited(Kind::SeatInvited).await, 1);

    // A new board shows it too; entering ends it.
    let mut again = owen.board().await;
    assert_eq!(again.wait("board").await["visits"][0]["invited"], true);
    let (_room, owen_seat) = owen.enter(&booked.visit).await;
    assert_eq!(json!(owen_seat), seat["seat"]);
    board
        .until(|m| m["visit"]["visit"] == booked.visit.as_str() && m["visit"]["invited"] == false)
        .await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    let room = host.until(|m| m["people"].as_array().map(Vec::len) == Some(2)).await;
    assert!(room.to_string().contains("Dr. Owen"));
}

#[tokio::test]
async fn an_invitation_outlives_a_restart_and_ends_with_the_visit() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let mut owen = owen(&clinic).await;
    let booked = gray.book(json!({})).await;
    // Writing to the patient from the board has given a seat already, but that is no invitation.
    let mut board = owen.board().await;
    board.wait("board").await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let (mut patient, _) = guest.wait().await;
    let note = json!({
        "type": "note", "visit": booked.visit, "seat": guest.seat, "id": "n", "text": "Soon",
    });
    board.say(note).await;
    patient.wait("note").await;
    let mut again = owen.board().await;
    assert_eq!(again.wait("board").await["visits"][0]["invited"], false);
    gray.invite_colleague(&booked.visit, owen.user).await;
    board.until(|m| m["visit"]["invited"] == true).await;

    let (db, clock) = clinic.kill().await;
    let clinic = Clinic::start(db, clock, None).await;
    (gray.browser, owen.browser) = (gray.browser.towards(&clinic), owen.browser.towards(&clinic));
    let mut board = owen.board().await;
    assert_eq!(board.wait("board").await["visits"][0]["invited"], true);
    let path = format!("/api/visits/{}/outcome", booked.visit);
    let ended = gray.browser.post(&path, &json!({ "outcome": "failed" })).await;
    assert_eq!(ended.status, 204);
    let over = board.until(|m| m["visit"]["state"] == "failed").await;
    assert_eq!(over["visit"]["invited"], false);
    let path = format!("/api/visits/{}/colleague", booked.visit);
    let third = account(&clinic, "t@clinic.example", "Dr. Third", UserRole::Clinician).await;
    let late = json!({ "user": third.to_text() });
    assert_eq!(gray.browser.post(&path, &late).await.code(), "visit_over");
}
