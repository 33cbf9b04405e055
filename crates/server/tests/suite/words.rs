//! What the log says in plain words of who did something to a patient's data, until the patient is erased.

use crate::common::Clinic;
use crate::common::browser::text;
use crate::common::people::{Booked, Guest, Staff, sign_in};
use audit::{ChainVerifier, Kind};
use serde_json::{Value, json};
use server::kept::sweep;
use store::UserRole;
use visit::Duration;

const REASON: &str = "The patient is unconscious and Dr. Gray is on a plane.";
const PATIENT: &str = "Zephyrine Canary";
const SENT: &str = "Firefox 128 on Linux";

struct Rig {
    clinic: Clinic,
    olga: Staff,
    gray: Staff,
    other: Staff,
    booked: Booked,
}

async fn rig() -> Rig {
    let clinic = Clinic::sqlite().await;
    let officer = "officer@clinic.example";
    let olga = Staff::of(&clinic, officer, "Olga Officer", UserRole::Officer).await;
    let mut gray = Staff::clinician(&clinic).await;
    let other = Staff::of(&clinic, "o@clinic.example", "Dr. Other", UserRole::Clinician).await;
    let fields =
        json!({ "patient_name": PATIENT, "patient_email": "z@home.example", "restricted": true });
    let booked = gray.book(fields).await;
    Rig { clinic, olga, gray, other, booked }
}

impl Rig {
    async fn open_in_emergency(&mut self) {
        let path = format!("/api/visits/{}/emergency", self.booked.visit);
        self.other.browser.post(&path, &json!({ "reason": REASON })).await.good();
    }

    /// The lines of the log about the visit, newest first.
    async fn lines(&mut self) -> Vec<Value> {
        self.clinic.place_entries().await;
        let search = json!({ "visit": self.booked.visit });
        let found = self.olga.browser.post("/api/audit/search", &search).await.good();
        found["entries"].as_array().cloned().expect("a list")
    }

    async fn words(&mut self, kind: Kind) -> Vec<Value> {
        let lines = self.lines().await;
        let of_kind = lines.into_iter().filter(|line| line["kind"] == kind.as_str());
        of_kind.map(|line| line["words"].clone()).collect()
    }

    async fn erase(&mut self) -> String {
        let asked = json!({ "name": "zephyrine" });
        let found = self.olga.browser.post("/api/patients/find", &asked).await.good();
        let path = format!("/api/patients/{}/erase", text(&found["patients"][0]["id"]));
        let body = json!({ "name": PATIENT, "reason": "The patient asked for it" });
        let answer = self.olga.browser.post(&path, &body).await;
        answer.good();
        String::from_utf8(answer.body).expect("text")
    }

    async fn exported(&mut self, format: &str) -> String {
        let answer =
            self.olga.browser.post("/api/audit/export", &json!({ "format": format })).await;
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.body).expect("text")
    }
}

#[tokio::test]
async fn words_say_from_where_with_what_who_and_why() {
    let mut rig = rig().await;
    rig.open_in_emergency().await;
    let open =
        |name: &str| json!({ "state": "open", "from": "127.0.0.1", "with": SENT, "name": name });
    let mut why = open("Dr. Other");
    why["reason"] = REASON.into();
    assert_eq!(rig.words(Kind::EmergencyOpened).await, [why]);
    assert_eq!(rig.words(Kind::VisitCreated).await, [open("Dr. Gray")]);
    assert_eq!(rig.words(Kind::LinkIssued).await, [open("Dr. Gray")]);
    // The clinician's page, the patient's link, and what each of them does then.
    let (mut room, _) = rig.gray.enter(&rig.booked.visit).await;
    assert_eq!(rig.words(Kind::PatientViewed).await, [open("Dr. Gray")]);
    let mut guest = Guest::open(&rig.clinic, &rig.booked.secret).await;
    let (mut page, _) = guest.wait().await;
    for kind in [Kind::LinkOpened, Kind::ConsentGiven, Kind::SeatWaiting] {
        assert_eq!(rig.words(kind).await, [open(PATIENT)], "{kind:?}");
    }
    crate::common::people::admit(&mut room, &guest.seat, &mut page).await;
    let admitted = rig.words(Kind::SeatAdmitted).await;
    assert_eq!(admitted, [open("Dr. Gray"), open("Dr. Gray")], "who lets in, not who is let in");
    let path = format!("/api/visits/{}/quality", rig.booked.visit);
    rig.gray.browser.get(&path).await.good();
    assert_eq!(rig.words(Kind::QualityViewed).await, [open("Dr. Gray")]);
    // Reading it is an entry with words of its own, and the program itself says none.
    assert_eq!(rig.words(Kind::AuditViewed).await[0], open("Olga Officer"));
    drop((room, page));
    rig.clinic.verify_audit().await;
}

#[tokio::test]
async fn a_review_says_what_it_found_and_a_hold_why() {
    let mut rig = rig().await;
    rig.open_in_emergency().await;
    let list = rig.olga.browser.get("/api/emergencies").await.good();
    let path = format!("/api/emergencies/{}/review", text(&list["emergencies"][0]["id"]));
    let note = "The host was in the next room.";
    let body = json!({ "justified": false, "note": note });
    assert_eq!(rig.olga.browser.post(&path, &body).await.status, 204);
    assert_eq!(rig.words(Kind::EmergencyReviewed).await[0]["reason"], note);
    let asked = json!({ "name": "zephyrine" });
    let found = rig.olga.browser.post("/api/patients/find", &asked).await.good();
    let path = format!("/api/patients/{}/hold", text(&found["patients"][0]["id"]));
    let body = json!({ "reason": "A complaint is under way" });
    assert_eq!(rig.olga.browser.post(&path, &body).await.status, 204);
    assert_eq!(rig.words(Kind::HoldPlaced).await[0]["reason"], "A complaint is under way");
}

#[tokio::test]
async fn erasing_a_patient_takes_the_words_and_leaves_the_log() {
    let mut rig = rig().await;
    rig.open_in_emergency().await;
    let before = rig.lines().await;
    assert!(before.iter().filter(|line| line["words"]["state"] == "open").count() >= 3);
    for format in ["jsonl", "fhir"] {
        let file = rig.exported(format).await;
        // Its own address stands in FHIR, with a port.
        for secret in [REASON, PATIENT, "\"127.0.0.1\"", SENT, "Dr. Other"] {
            assert!(!file.contains(secret), "{format} stays sealed");
        }
    }
    let file = rig.exported("jsonl").await;
    assert!(file.contains("\"sealed\":\""));
    let certificate = rig.erase().await;
    let key = rig.clinic.app.statements.signer.public_key();
    let says = keys::verify_signed(&certificate, &key).expect("it verifies");
    assert_eq!(text(&says["audit_key"]).len(), 32, "the certificate names it");

    // The same entries in the same places, and no word of them opens.
    let after = rig.lines().await;
    let of = |lines: &[Value], place: &Value| {
        lines.iter().find(|line| line["place"] == *place).cloned().expect("is there")
    };
    for line in &before {
        let (mut then, mut now) = (line.clone(), of(&after, &line["place"]));
        let words = |line: &mut Value| line.as_object_mut().and_then(|line| line.remove("words"));
        let (had, has) = (words(&mut then), words(&mut now));
        assert_eq!(then, now);
        assert_eq!(had.is_some(), has.is_some());
        assert!(has.is_none_or(|has| has == json!({ "state": "erased" })));
    }
    let unworded = |line: &&Value| line["kind"] == Kind::VisitErased.as_str();
    let erased = after.iter().find(unworded).expect("is on record");
    assert_eq!(erased["words"], Value::Null, "nobody is left whom it is about");
    rig.clinic.verify_audit().await;
    assert!(rig.exported("jsonl").await.starts_with(&file), "not a byte of it changed");
    // Whoever starts the program anew opens nothing either.
    let Rig { clinic, olga, booked, .. } = rig;
    let (db, clock) = clinic.kill().await;
    let clinic = Clinic::start(db, clock, None).await;
    let mut browser = olga.browser.towards(&clinic);
    let search = json!({ "visit": booked.visit });
    let found = browser.post("/api/audit/search", &search).await.good();
    let states = found["entries"].as_array().expect("a list").iter();
    let states: Vec<&Value> = states.map(|line| &line["words"]["state"]).collect();
    assert!(states.contains(&&json!("erased")) && !states.contains(&&json!("open")));
}

#[tokio::test]
async fn retention_takes_the_words_with_the_last_visit() {
    let mut rig = rig().await;
    let more = json!({ "patient_name": PATIENT, "patient_email": "z@home.example" });
    let second = rig.gray.book(more).await;
    let rule = json!({ "rules": [{ "kind": "visit", "days": 30 }] });
    assert_eq!(rig.olga.browser.post("/api/retention", &rule).await.status, 204);
    let mut opened = Vec::new();
    for (visit, left) in [(rig.booked.visit.clone(), "open"), (second.visit, "erased")] {
        let path = format!("/api/visits/{visit}/outcome");
        let no_show = json!({ "outcome": "no_show" });
        rig.clinic.clock.advance(Duration::from_min(60));
        let mut gray = Staff { browser: sign_in(&rig.clinic, rig.gray.user).await, ..rig.gray };
        assert_eq!(gray.browser.post(&path, &no_show).await.status, 204);
        rig.gray = gray;
        rig.clinic.clock.advance(Duration::from_days(31));
        rig.olga.browser = sign_in(&rig.clinic, rig.olga.user).await;
        assert_eq!(sweep(&rig.clinic.app.core, rig.clinic.app.org).await.expect("sweeps"), 1);
        opened.push(rig.words(Kind::VisitCreated).await[0]["state"].clone());
        assert_eq!(opened.last(), Some(&json!(left)));
    }
    rig.clinic.verify_audit().await;
}

/// Nobody needs the key to check the chain: a flipped character of the sealed words shows.
#[tokio::test]
async fn a_changed_character_of_sealed_words_breaks_the_chain() {
    let mut rig = rig().await;
    rig.open_in_emergency().await;
    for row in rig.clinic.store().audit_writers().await.expect("writers") {
        let page = rig.clinic.store().audit_page(&row.writer, 0, 1_000).await.expect("a page");
        let at =
            page.entries.iter().position(|e| e.bytes.windows(10).any(|w| w == b"\"sealed\":\""));
        let Some(at) = at else { continue };
        let mut bad = page.entries.clone();
        let last = bad[at].bytes.len() - 8;
        bad[at].bytes[last] = if bad[at].bytes[last] == b'A' { b'B' } else { b'A' };
        let check = |entries: &[audit::Sealed]| {
            let mut verifier = ChainVerifier::new(row.writer.clone());
            entries.iter().all(|entry| verifier.push(entry).is_ok())
        };
        assert!(check(&page.entries) && !check(&bad));
        return;
    }
    panic!("no entry has sealed words");
}
