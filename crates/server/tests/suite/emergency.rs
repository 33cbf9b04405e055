//! Restricted visits: who sees what, and what happens in an emergency.

use crate::common::Clinic;
use crate::common::browser::text;
use crate::common::people::{Booked, Guest, Staff};
use crate::mail::{mailer, next_mail, smtp_server};
use audit::Kind;
use protocol::limits::{EMERGENCY_MIN, REVIEW_WITHIN_H};
use serde_json::{Value, json};
use server::Clock;
use std::sync::Arc;
use store::UserRole;
use store::testing::{NOON, TestDb};
use visit::Duration;

/// Nobody who is not let in may ever be sent these.
const NAME: &str = "Zephyrine Canary";
const NOTE: &str = "canary-note-of-the-visit";
const REASON: &str = "The patient is unconscious and Dr. Gray is on a plane.";

struct Rig {
    clinic: Clinic,
    gray: Staff,
    other: Staff,
    booked: Booked,
}

async fn rig() -> Rig {
    rig_in(Clinic::sqlite().await).await
}

async fn rig_in(clinic: Clinic) -> Rig {
    let mut gray = Staff::clinician(&clinic).await;
    let other = Staff::of(&clinic, "o@clinic.example", "Dr. Other", UserRole::Clinician).await;
    let fields = json!({ "patient_name": NAME, "note": NOTE, "restricted": true });
    let booked = gray.book(fields).await;
    Rig { clinic, gray, other, booked }
}

/// The name in the patient's seat. Seats made in one millisecond stand in any order.
fn patient_of(visit: &Value) -> String {
    let seats = visit["seats"].as_array().expect("seats");
    let patient = seats.iter().find(|seat| seat["role"] == "patient");
    text(&patient.expect("a patient")["name"])
}

impl Rig {
    async fn open(&mut self, reason: &str) -> crate::common::browser::Answer {
        let path = format!("/api/visits/{}/emergency", self.booked.visit);
        self.other.browser.post(&path, &json!({ "reason": reason })).await
    }

    async fn seen_by_other(&mut self) -> Value {
        self.other.board().await.wait("board").await["visits"][0].clone()
    }
}

#[tokio::test]
async fn colleagues_see_that_there_is_a_restricted_visit_and_not_who_it_is_with() {
    let mut rig = rig().await;
    let own = rig.gray.board().await.wait("board").await["visits"][0].clone();
    assert_eq!((&own["restricted"], &own["hidden"]), (&json!(true), &json!(false)));
    assert_eq!((text(&own["note"]), patient_of(&own)), (NOTE.into(), NAME.into()));

    let mut guest = Guest::open(&rig.clinic, &rig.booked.secret).await;
    let (_patient, _) = guest.wait().await;
    let visit = rig.booked.visit.clone();
    let roles = [UserRole::Clinician, UserRole::Admin, UserRole::Staff];
    for role in roles {
        let email = format!("{}@clinic.example", role.as_str());
        let mut other = Staff::of(&rig.clinic, &email, "Somebody Else", role).await;
        let from = other.browser.heard_bytes();
        let mut board = other.board().await;
        let shown = board.wait("board").await["visits"][0].clone();
        assert_eq!((&shown["hidden"], &shown["may"]), (&json!(true), &json!([])), "{role:?}");
        assert_eq!(text(&shown["host_name"]), "Dr. Gray");
        // Nothing that is done to it works, and nothing that is answered tells.
        let seat = rig.booked.seat.clone();
        let seat_token = json!({ "visit": visit });
        let invite = json!({ "role": "family", "name": "F" });
        let fresh = json!({ "role": "patient", "seat": seat });
        let colleague = json!({ "user": rig.other.user.to_text() });
        for (path, body) in [
            ("/api/seat/token".to_owned(), &seat_token),
            (format!("/api/visits/{visit}/invite"), &invite),
            (format!("/api/visits/{visit}/invite"), &fresh),
            (format!("/api/visits/{visit}/colleague"), &colleague),
            (format!("/api/visits/{visit}/outcome"), &json!({ "outcome": "done" })),
        ] {
            let answer = other.browser.post(&path, body).await;
            assert_eq!(answer.code(), "emergency_needed", "{role:?} {path}");
        }
        let quality = other.browser.get(&format!("/api/visits/{visit}/quality")).await;
        assert_eq!(quality.code(), "emergency_needed");
        let admit = json!({ "type": "admit", "visit": visit, "seat": seat });
        assert_eq!(board.refused(admit).await, "emergency_needed");
        let note = json!({
            "type": "note", "visit": visit, "seat": seat, "id": "1", "text": "hello",
        });
        assert_eq!(board.refused(note).await, "emergency_needed");
        // Changes are pushed to open boards in the same form.
        rig.gray.fresh_link(&rig.booked).await;
        board.wait("board_visit").await;
        let heard = other.browser.heard(from);
        assert!(!heard.contains(NAME) && !heard.contains(NOTE), "{role:?}");
    }
}

#[tokio::test]
async fn the_invited_are_let_in() {
    let mut rig = rig().await;
    rig.gray.invite_colleague(&rig.booked.visit, rig.other.user).await;
    let shown = rig.seen_by_other().await;
    assert_eq!((&shown["hidden"], text(&shown["note"])), (&json!(false), NOTE.to_owned()));
    rig.other.enter(&rig.booked.visit).await;
    assert_eq!(rig.open(REASON).await.code(), "wrong_state", "there is nothing to open");
}

#[tokio::test]
async fn an_emergency_opens_it_for_an_hour_and_every_step_is_on_record() {
    let mut rig = rig().await;
    assert_eq!(rig.open("  urgent ").await.json()["field"], "reason", "a reason says something");
    assert_eq!(rig.clinic.audited(Kind::EmergencyOpened).await, 0);
    let mut board = rig.other.board().await;
    board.wait("board").await;
    let opened = rig.open(REASON).await.good();
    assert_eq!(text(&opened["visit"]["note"]), NOTE);
    let ends_at = NOON.plus(Duration::from_min(EMERGENCY_MIN));
    assert_eq!(opened["ends_at"], ends_at.0);
    let pushed = board.until(|m| m["visit"]["emergency_until"].is_i64()).await;
    assert_eq!(patient_of(&pushed["visit"]), NAME);
    let (room, _) = rig.other.enter(&rig.booked.visit).await;

    // It is over to the microsecond, also on boards that are open; the session is kept in use.
    for _ in 0..5 {
        rig.clinic.clock.advance(Duration::from_min(12));
        assert_eq!(rig.gray.browser.get("/api/me").await.status, 200);
        assert_eq!(rig.other.browser.get("/api/me").await.status, 200);
    }
    board.until(|m| m["visit"]["hidden"] == true).await;
    let token = json!({ "visit": rig.booked.visit });
    let again = rig.other.browser.post("/api/seat/token", &token).await;
    assert_eq!(again.code(), "emergency_needed");
    drop(room);
    rig.clinic.app.core.note_ended_emergencies(rig.clinic.app.org).await.expect("notes");
    rig.clinic.app.core.note_ended_emergencies(rig.clinic.app.org).await.expect("notes");
    let log = rig.clinic.audit_text().await;
    let lines = |kind: Kind| log.lines().filter(|l| l.contains(kind.as_str())).collect::<Vec<_>>();
    assert_eq!(lines(Kind::EmergencyOpened).len(), 1);
    assert_eq!(lines(Kind::EmergencyEnded).len(), 1, "once");
    let seen = lines(Kind::PatientViewed);
    assert!(seen.iter().any(|l| l.contains("\"by\":\"emergency\"")), "marked as such");
    assert!(!log.contains("unconscious"), "the reason is not in the log");
    rig.clinic.verify_audit().await;
}

#[tokio::test]
async fn an_opening_outlives_a_restart_and_ends_all_the_same() {
    let mut rig = rig().await;
    rig.open(REASON).await.good();
    let Rig { clinic, other, booked, .. } = rig;
    let (db, clock) = clinic.kill().await;
    clock.advance(Duration::from_min(1));
    let clinic = Clinic::start(db, clock, None).await;
    let mut browser = other.browser.towards(&clinic);
    let token = json!({ "visit": booked.visit });
    assert_eq!(browser.post("/api/seat/token", &token).await.status, 200);
    for _ in 0..5 {
        clinic.clock.advance(Duration::from_min(12));
        assert_eq!(browser.get("/api/me").await.status, 200);
    }
    assert_eq!(browser.post("/api/seat/token", &token).await.code(), "emergency_needed");
}

#[tokio::test]
async fn reception_and_officers_open_nothing_and_nobody_opens_what_is_open() {
    let mut rig = rig().await;
    let path = format!("/api/visits/{}/emergency", rig.booked.visit);
    let body = json!({ "reason": REASON });
    for role in [UserRole::Staff, UserRole::Officer] {
        let email = format!("{}@clinic.example", role.as_str());
        let mut other = Staff::of(&rig.clinic, &email, "Somebody Else", role).await;
        assert_eq!(other.browser.post(&path, &body).await.code(), "not_allowed", "{role:?}");
    }
    assert_eq!(rig.gray.browser.post(&path, &body).await.code(), "wrong_state", "one's own");
    let open = rig.gray.book(json!({})).await;
    let path = format!("/api/visits/{}/emergency", open.visit);
    assert_eq!(rig.other.browser.post(&path, &body).await.code(), "wrong_state", "an ordinary one");
}

#[tokio::test]
async fn officers_are_told_and_review_and_nobody_reviews_their_own() {
    let (port, mut mails) = smtp_server().await;
    let db = Arc::new(TestDb::sqlite());
    let clinic = Clinic::start(db, Clock::manual(NOON), Some(mailer(port))).await;
    let mut ada = Staff::of(&clinic, "admin@clinic.example", "Ada Min", UserRole::Admin).await;
    let officer = "officer@clinic.example";
    let mut olga = Staff::of(&clinic, officer, "Olga Officer", UserRole::Officer).await;
    let mut rig = rig_in(clinic).await;
    rig.open(REASON).await.good();
    let mail = next_mail(&mut mails).await;
    assert_eq!(mail.to, officer, "officers, not administrators, where there is one");
    assert!(mail.data.contains("Dr. Other") && mail.data.contains("#reviews"));
    assert!(!mail.data.contains(NAME) && !mail.data.contains("unconscious"));
    // An administrator's own opening, of which the officer hears too.
    let path = format!("/api/visits/{}/emergency", rig.booked.visit);
    ada.browser.post(&path, &json!({ "reason": REASON })).await.good();
    assert_eq!(next_mail(&mut mails).await.to, officer);

    // The count for a menu comes with who one is, and counting is not looking.
    let menu =
        async |staff: &mut Staff| staff.browser.get("/api/me").await.good()["reviews"].clone();
    assert_eq!(menu(&mut olga).await, json!({ "open": 2, "overdue": 0 }));
    assert_eq!(menu(&mut ada).await, json!({ "open": 2, "overdue": 0 }));
    assert_eq!(menu(&mut rig.other).await, Value::Null, "who reviews nothing hears no figure");
    assert_eq!(rig.clinic.audited(Kind::EmergenciesViewed).await, 0);

    let list = olga.browser.get("/api/emergencies").await.good();
    assert_eq!(
        (&list["unreviewed"], &list["emergencies"][0]["overdue"]),
        (&json!(2), &json!(false))
    );
    let find = |list: &Value, person: &str| {
        let all = list["emergencies"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|e| e["person"] == person).expect("it is listed")
    };
    let by_other = find(&list, "Dr. Other");
    assert_eq!(text(&by_other["reason"]), REASON);
    assert_eq!(text(&by_other["host_name"]), "Dr. Gray");
    let own = find(&ada.browser.get("/api/emergencies").await.good(), "Ada Min");
    assert_eq!(own["mine"], true);
    let review = |id: &Value| format!("/api/emergencies/{}/review", text(id));
    let fine = json!({ "justified": true });
    assert_eq!(ada.browser.post(&review(&own["id"]), &fine).await.code(), "not_allowed");
    let bare = json!({ "justified": false });
    assert_eq!(olga.browser.post(&review(&own["id"]), &bare).await.json()["field"], "note");
    let words = json!({ "justified": false, "note": "The host was in the next room." });
    assert_eq!(olga.browser.post(&review(&own["id"]), &words).await.status, 204);
    assert_eq!(olga.browser.post(&review(&own["id"]), &fine).await.code(), "wrong_state", "once");
    assert_eq!(rig.other.browser.get("/api/emergencies").await.code(), "not_allowed");

    // What stays unreviewed is overdue after three days.
    rig.clinic.clock.advance(Duration::from_min(REVIEW_WITHIN_H * 60 + 1));
    let mut olga = Staff {
        browser: crate::common::people::sign_in(&rig.clinic, olga.user).await,
        user: olga.user,
    };
    assert_eq!(menu(&mut olga).await, json!({ "open": 1, "overdue": 1 }));
    let list = olga.browser.get("/api/emergencies").await.good();
    assert_eq!(list["unreviewed"], 1);
    assert_eq!(list["emergencies"][0]["person"], "Dr. Other", "unreviewed first");
    assert_eq!(list["emergencies"][0]["overdue"], true);
    let done = find(&list, "Ada Min");
    assert_eq!(
        (&done["review"]["justified"], text(&done["review"]["by"])),
        (&json!(false), "Olga Officer".to_owned())
    );
    assert_eq!(rig.clinic.audited(Kind::EmergencyReviewed).await, 1);
    rig.clinic.verify_audit().await;
}
