//! What is kept of patients: for how long, on whose word longer, and how it is handed out or erased.

use crate::common::Clinic;
use crate::common::browser::{Answer, Socket, text};
use crate::common::people::{Booked, Guest, InRoom, Staff, chat, in_room, sign_in};
use audit::Kind;
use serde_json::{Value, json};
use server::kept::sweep;
use store::UserRole;
use visit::{Duration, VisitId};

const DAY: Duration = Duration::from_min(24 * 60);

async fn officer(clinic: &Clinic) -> Staff {
    Staff::of(clinic, "officer@clinic.example", "Olga Officer", UserRole::Officer).await
}

/// A visit that took place, with a chat line of each side, and is over.
async fn over(clinic: &Clinic) -> (Staff, Booked, Guest) {
    let InRoom { gray, booked, mut host, guest, mut patient, .. } = in_room(clinic).await;
    host.say(chat("1", "take-one-a-day")).await;
    patient.until(|m| m["type"] == "chat").await;
    patient.say(chat("1", "and-with-food")).await;
    host.until(|m| m["lines"][0]["text"] == "and-with-food").await;
    end(&mut host).await;
    (gray, booked, guest)
}

/// Without media the visit never began, so this is how it can end.
async fn end(host: &mut Socket) {
    host.say(json!({ "type": "end", "outcome": "failed" })).await;
    host.wait("ended").await;
}

async fn find(by: &mut Staff, what: Value) -> Vec<Value> {
    let found = by.browser.post("/api/patients/find", &what).await.good();
    found["patients"].as_array().cloned().unwrap_or_default()
}

async fn act(by: &mut Staff, patient: &Value, what: &str, body: Value) -> Answer {
    by.browser.post(&format!("/api/patients/{}/{what}", text(&patient["id"])), &body).await
}

async fn chat_lines(clinic: &Clinic, booked: &Booked) -> usize {
    let visit = VisitId::parse(&booked.visit).expect("an id");
    let mut reader = clinic.store().read(clinic.app.org).await.expect("reads");
    reader.chat_after(visit, 0, 10).await.expect("reads").len()
}

async fn exists(clinic: &Clinic, booked: &Booked) -> bool {
    let visit = VisitId::parse(&booked.visit).expect("an id");
    let mut reader = clinic.store().read(clinic.app.org).await.expect("reads");
    reader.load_visit(visit).await.expect("reads").is_some()
}

/// Signed in again, since days pass.
async fn again(clinic: &Clinic, staff: &Staff) -> Staff {
    Staff { browser: sign_in(clinic, staff.user).await, user: staff.user }
}

#[tokio::test]
async fn nothing_goes_early_and_everything_goes_when_its_time_is_over() {
    let clinic = Clinic::sqlite().await;
    let (_, booked, _) = over(&clinic).await;
    let ended = clinic.clock.now();
    let (core, org) = (&clinic.app.core, clinic.app.org);
    assert_eq!(sweep(core, org).await.expect("sweeps"), 0);
    clinic.clock.advance(Duration(DAY.0 * 3_650));
    assert_eq!(sweep(core, org).await.expect("sweeps"), 0, "without rules nothing is deleted");

    let mut olga = officer(&clinic).await;
    let far =
        json!({ "rules": [{ "kind": "chat", "days": 4_000 }, { "kind": "visit", "days": 5_000 }] });
    assert_eq!(olga.browser.post("/api/retention", &far).await.status, 204);
    for wrong in [json!({ "rules": [] }), json!({ "rules": [{ "kind": "chat", "days": 0 }] })] {
        assert_eq!(olga.browser.post("/api/retention", &wrong).await.json()["field"], "days");
    }
    let rules = olga.browser.get("/api/retention").await.good();
    assert_eq!(rules["rules"][0], json!({ "kind": "chat", "days": 4_000 }));
    assert_eq!(rules["rules"][1], json!({ "kind": "note" }), "for ever");
    assert!(rules["swept_at"].is_i64());

    let mut steps = [(4_000, 0), (5_000, 0)];
    for (days, gone) in &mut steps {
        let due = ended.plus(Duration(DAY.0 * *days));
        let left = due.since(clinic.clock.now());
        clinic.clock.advance(Duration(left.0 - 1));
        assert_eq!(sweep(core, org).await.expect("sweeps"), 0, "a microsecond early");
        assert!(exists(&clinic, &booked).await);
        clinic.clock.advance(Duration(1));
        *gone = sweep(core, org).await.expect("sweeps");
        assert_eq!(sweep(core, org).await.expect("sweeps"), 0, "once");
        assert_eq!(chat_lines(&clinic, &booked).await, 0);
    }
    assert_eq!(steps.map(|(_, gone)| gone), [1, 1]);
    assert!(!exists(&clinic, &booked).await);
    assert_eq!(clinic.audited(Kind::DataDeleted).await, 2);
    assert_eq!(clinic.audited(Kind::RetentionChanged).await, 2);
    clinic.verify_audit().await;
}

#[tokio::test]
async fn a_visit_that_is_not_over_is_never_touched() {
    let clinic = Clinic::sqlite().await;
    let room = in_room(&clinic).await;
    let mut olga = officer(&clinic).await;
    let all = ["chat", "note", "quality", "visit"].map(|kind| json!({ "kind": kind, "days": 1 }));
    assert_eq!(olga.browser.post("/api/retention", &json!({ "rules": all })).await.status, 204);
    clinic.clock.advance(Duration(DAY.0 * 30));
    assert_eq!(sweep(&clinic.app.core, clinic.app.org).await.expect("sweeps"), 0);
    assert!(exists(&clinic, &room.booked).await);
}

#[tokio::test]
async fn a_legal_hold_goes_before_every_rule_and_every_request() {
    let clinic = Clinic::sqlite().await;
    let (_, booked, _) = over(&clinic).await;
    let mut olga = officer(&clinic).await;
    let patient = find(&mut olga, json!({ "name": "pat" })).await.remove(0);
    assert_eq!((&patient["visits"], &patient["held"]), (&json!(1), &json!(false)));
    let short = act(&mut olga, &patient, "hold", json!({ "reason": "law" })).await;
    assert_eq!(short.json()["field"], "reason");
    let reason = json!({ "reason": "Letter of the court of 3 May" });
    assert_eq!(act(&mut olga, &patient, "hold", reason.clone()).await.status, 204);
    assert_eq!(act(&mut olga, &patient, "hold", reason).await.code(), "wrong_state");
    let rules = json!({ "rules": [{ "kind": "chat", "days": 1 }, { "kind": "visit", "days": 1 }] });
    assert_eq!(olga.browser.post("/api/retention", &rules).await.status, 204);
    let look = olga.browser.get("/api/retention").await.good();
    assert_eq!(text(&look["holds"][0]["name"]), "Pat Ient");
    assert_eq!(text(&look["holds"][0]["placed_by"]), "Olga Officer");

    clinic.clock.advance(Duration(DAY.0 * 400));
    let mut olga = again(&clinic, &olga).await;
    assert_eq!(sweep(&clinic.app.core, clinic.app.org).await.expect("sweeps"), 0);
    assert_eq!(chat_lines(&clinic, &booked).await, 2);
    let erase = json!({ "name": "Pat Ient", "reason": "The patient asked for it" });
    assert_eq!(act(&mut olga, &patient, "erase", erase).await.code(), "on_hold");
    assert_eq!(act(&mut olga, &patient, "unhold", json!({})).await.status, 204);
    assert_eq!(act(&mut olga, &patient, "unhold", json!({})).await.code(), "wrong_state");
    assert_eq!(sweep(&clinic.app.core, clinic.app.org).await.expect("sweeps"), 1);
    assert!(!exists(&clinic, &booked).await);
    for kind in [Kind::HoldPlaced, Kind::HoldLifted] {
        assert_eq!(clinic.audited(kind).await, 1);
    }
}

#[tokio::test]
async fn patients_are_found_by_officers_only_and_every_search_is_on_record() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let born = json!({ "patient_name": "Ana López", "patient_birth_date": "1970-01-02",
        "patient_email": "ana@home.example" });
    gray.book(born.clone()).await;
    gray.book(born).await;
    gray.book(json!({ "patient_name": "Ben Ruiz" })).await;
    let mut olga = officer(&clinic).await;
    for (asked, expected) in [
        (json!({ "name": "LÓP" }), 1),
        (json!({ "email": "ANA@home.example " }), 1),
        (json!({ "birth_date": "1970-01-02" }), 1),
        (json!({ "name": "ana", "birth_date": "1970-01-03" }), 0),
        (json!({ "email": "ana@home" }), 0),
        (json!({ "name": "e" }), 2),
    ] {
        let found = find(&mut olga, asked.clone()).await.len();
        let with_e = asked == json!({ "name": "e" });
        assert_eq!(found, if with_e { 2 } else { expected }, "{asked}");
    }
    assert_eq!(find(&mut olga, json!({ "name": "ana" })).await[0]["visits"], 2);
    let nothing = olga.browser.post("/api/patients/find", &json!({ "name": "  " })).await;
    assert_eq!(nothing.json()["field"], "name");
    assert_eq!(clinic.audited(Kind::PatientsSearched).await, 7);
    let asked = json!({ "name": "ana" });
    assert_eq!(gray.browser.post("/api/patients/find", &asked).await.code(), "not_allowed");
    assert_eq!(gray.browser.get("/api/retention").await.code(), "not_allowed");
}

#[tokio::test]
async fn a_patient_gets_everything_about_them_and_nothing_about_others() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, mut host, mut patient, .. } = in_room(&clinic).await;
    let family = gray.invite(&booked.visit, "family", "Felicia Canary").await;
    let mut family = Guest::open(&clinic, &family).await;
    let (mut waits, _) = family.wait().await;
    let note =
        json!({ "type": "note", "seat": family.seat, "id": "n", "text": "canary-for-felicia" });
    host.say(note).await;
    waits.wait("note").await;
    host.say(chat("1", "take-one-a-day")).await;
    patient.until(|m| m["type"] == "chat").await;
    end(&mut host).await;

    let mut olga = officer(&clinic).await;
    let found = find(&mut olga, json!({ "name": "pat" })).await.remove(0);
    let path = format!("/api/patients/{}/export", text(&found["id"]));
    assert_eq!(gray.browser.get(&path).await.code(), "not_allowed");
    clinic.place_entries().await;
    let answer = olga.browser.get(&path).await;
    let saved = answer.header("content-disposition").unwrap_or_default().to_owned();
    assert!(saved.contains("attachment") && !saved.contains("Pat"), "{saved}");
    let file = answer.good();
    assert_eq!(file["format"], "bedside-patient-export-1");
    assert_eq!(file["patient"]["name"], "Pat Ient");
    let visit = &file["visits"][0];
    assert_eq!((text(&visit["with"]), text(&visit["state"])), ("Dr. Gray".into(), "failed".into()));
    assert_eq!(visit["chat"][0]["text"], "take-one-a-day");
    assert_eq!(visit["consents"][0]["answer"], "given");
    assert!(text(&visit["ended_at"]).starts_with("20"), "RFC 3339");
    let log = visit["who_did_what"].as_array().expect("a list");
    let looked = |l: &Value| l["what"] == "data.patient_viewed" && l["by"] == "Dr. Gray";
    assert!(log.iter().any(looked) && log.iter().any(|l| l["by"] == "Pat Ient"));
    let whole = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!whole.contains("Felicia") && !whole.contains("canary-for-felicia"));
    assert!(whole.contains("(family)"), "that somebody was there is theirs to know");
    assert_eq!(clinic.audited(Kind::PatientExported).await, 1);
    let unknown = "/api/patients/01JX0000000000000000000000/export";
    assert_eq!(olga.browser.get(unknown).await.code(), "not_found");
}

#[tokio::test]
async fn an_erased_patient_is_gone_from_boards_links_and_the_database() {
    let clinic = Clinic::sqlite().await;
    let (mut gray, booked, guest) = over(&clinic).await;
    let planned = gray.book(json!({})).await;
    let mut olga = officer(&clinic).await;
    let patients = find(&mut olga, json!({ "name": "pat" })).await;
    assert_eq!(patients.len(), 2, "of whom only a name is known");
    let mut board = gray.board().await;
    board.wait("board").await;
    for patient in &patients {
        let other = json!({ "name": "Pat", "reason": "The patient asked for it" });
        assert_eq!(act(&mut olga, patient, "erase", other).await.json()["field"], "name");
        let erase = json!({ "name": " pat ient", "reason": "The patient asked for it" });
        let answer = act(&mut olga, patient, "erase", erase).await;
        answer.good();
        let signed = String::from_utf8_lossy(&answer.body).into_owned();
        let key = clinic.app.statements.signer.public_key();
        let says = keys::verify_signed(&signed, &key).expect("it verifies");
        assert_eq!(says["visits"].as_array().map(Vec::len), Some(1));
        assert_eq!(says["backups_live_days"], 30);
        let until = text(&says["backups_hold_them_until"]);
        assert!(until > text(&says["erased_at"]), "a backup may hold it a while: {until}");
        board.wait("board_gone").await;
    }
    for visit in [&booked, &planned] {
        assert!(!exists(&clinic, visit).await);
        let token = json!({ "visit": visit.visit });
        assert_eq!(gray.browser.post("/api/seat/token", &token).await.code(), "not_found");
        let look = json!({ "secret": visit.secret });
        let mut browser = crate::common::browser::Browser::new(&clinic);
        assert_eq!(browser.post("/api/link/look", &look).await.code(), "no_such_visit");
    }
    let mut device = guest.browser;
    let seats = device.post("/api/seat/mine", &json!({})).await.good();
    assert_eq!(seats["seats"], json!([]));
    let whole = gray.board().await.wait("board").await;
    assert_eq!(whole["visits"], json!([]));
    assert!(find(&mut olga, json!({ "name": "pat" })).await.is_empty());
    assert_eq!(clinic.audited(Kind::VisitErased).await, 2);
    clinic.verify_audit().await;
    // Nothing wakes it again.
    clinic.app.core.wake_unfinished(clinic.app.org).await.expect("wakes the others");
}

#[tokio::test]
async fn whoever_is_in_a_visit_is_not_erased_under_way() {
    let clinic = Clinic::sqlite().await;
    let room = in_room(&clinic).await;
    let mut olga = officer(&clinic).await;
    let patient = find(&mut olga, json!({ "name": "pat" })).await.remove(0);
    let erase = json!({ "name": "Pat Ient", "reason": "The patient asked for it" });
    assert_eq!(act(&mut olga, &patient, "erase", erase).await.code(), "wrong_state");
    assert!(exists(&clinic, &room.booked).await);
}
