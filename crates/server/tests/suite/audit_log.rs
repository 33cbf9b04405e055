//! Reading the audit log over HTTP.

use crate::common::Clinic;
use crate::common::browser::Answer;
use crate::common::people::Staff;
use audit::{Actor, Event, Kind};
use serde_json::{Value, json};
use store::UserRole;
use visit::{Timestamp, VisitId};

fn kinds(answer: &Value) -> Vec<&str> {
    let entries = answer["entries"].as_array().expect("a list");
    entries.iter().filter_map(|entry| entry["kind"].as_str()).collect()
}

#[tokio::test]
async fn who_looked_is_found_by_visit_and_by_person_and_the_reader_is_on_record() {
    let clinic = Clinic::sqlite().await;
    let mut officer =
        Staff::of(&clinic, "officer@clinic.example", "Olga Officer", UserRole::Officer).await;
    let doctor = Staff::of(&clinic, "doc@clinic.example", "Doc", UserRole::Clinician).await;
    let (visit, other) = (VisitId::new(1, 1), VisitId::new(1, 2));
    let viewed = |visit| Event::new(Kind::QualityViewed, Actor::Staff(doctor.user)).visit(visit);
    let org = clinic.store().default_org();
    let events = (0..120).map(|_| viewed(visit)).chain([viewed(other)]).collect();
    clinic.store().record(org, Timestamp(1), events).await.expect("recorded");
    clinic.place_entries().await;

    let search = json!({ "visit": visit.to_text() });
    let first = officer.browser.post("/api/audit/search", &search).await.good();
    assert_eq!(kinds(&first), ["data.quality_viewed"; 100]);
    assert_eq!(first["entries"][0]["actor"]["id"], doctor.user.to_text());
    assert_eq!(first["entries"][0]["visit"], visit.to_text());
    let search = json!({ "visit": visit.to_text(), "before": first["next"] });
    let second = officer.browser.post("/api/audit/search", &search).await.good();
    assert_eq!((kinds(&second).len(), &second["next"]), (20, &Value::Null));

    let search = json!({ "person": doctor.user.to_text(), "visit": other.to_text() });
    let found = officer.browser.post("/api/audit/search", &search).await.good();
    assert_eq!(kinds(&found), ["data.quality_viewed"]);

    clinic.place_entries().await;
    let all = officer.browser.post("/api/audit/search", &json!({})).await.good();
    assert_eq!(kinds(&all)[..3], ["data.audit_viewed"; 3], "reading it is on record");
    assert_eq!(all["entries"][0]["person"], doctor.user.to_text());
    let odd = officer.browser.post("/api/audit/search", &json!({ "name": "Doc" })).await;
    assert_eq!(odd.code(), "bad_message");
    clinic.verify_audit().await;
}

/// The lines of an export.
fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200);
    let file = std::str::from_utf8(&answer.body).expect("text");
    file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn an_officer_takes_the_log_of_a_visit_or_a_patient_as_a_file_and_that_is_on_record() {
    let clinic = Clinic::sqlite().await;
    let officer = "officer@clinic.example";
    let mut olga = Staff::of(&clinic, officer, "Olga Officer", UserRole::Officer).await;
    let mut gray = Staff::clinician(&clinic).await;
    let person = json!({ "patient_name": "Pat Ient", "patient_email": "pat@mail.example" });
    let (first, second) = (gray.book(person.clone()).await, gray.book(person).await);
    let other = gray.book(json!({ "patient_name": "Oth Er" })).await;
    let id = VisitId::parse(&first.visit).expect("an id");
    let org = clinic.store().default_org();
    // More than one page of the export, in one visit.
    let read = || Event::new(Kind::ChatRead, Actor::Staff(gray.user)).visit(id);
    let now = clinic.clock.now();
    clinic.store().record(org, now, (0..1_100).map(|_| read()).collect()).await.expect("recorded");
    clinic.place_entries().await;

    let mut export = async |mut body: Value, format: &str| {
        body["format"] = format.into();
        olga.browser.post("/api/audit/export", &body).await
    };
    let of_visit = export(json!({ "visit": first.visit }), "jsonl").await;
    assert_eq!(of_visit.header("content-type"), Some("application/jsonl"));
    let of_visit = lines(&of_visit);
    assert!(of_visit.len() > 1_100 && of_visit.iter().all(|l| l["entry"]["visit"] == *first.visit));
    let places: Vec<u64> = of_visit.iter().filter_map(|l| l["index"].as_u64()).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "in the order of the log, each once");

    let find = json!({ "name": "pat ient", "email": "", "birth_date": "" });
    let mut ada = Staff::of(&clinic, "admin@clinic.example", "Ada Min", UserRole::Admin).await;
    let patient = ada.browser.post("/api/patients/find", &find).await.good();
    let patient = &patient["patients"][0]["id"];
    let of_patient = lines(&export(json!({ "patient": patient }), "jsonl").await);
    assert!(of_patient.iter().any(|l| l["entry"]["visit"] == *second.visit));
    assert!(of_patient.iter().all(|l| l["entry"]["visit"] != *other.visit));
    let bundle = export(json!({ "patient": patient }), "fhir").await.json();
    let events = bundle["entry"].as_array().expect("a list");
    assert_eq!(events.len(), of_patient.len());
    let reads = events.iter().filter(|e| {
        e["resource"]["meta"]["profile"][0].as_str().is_some_and(|p| p.ends_with("PatientRead"))
    });
    assert_eq!(reads.count(), 1_100);
    assert!(!bundle.to_string().contains("Pat Ient"), "ids, no names");

    let mut search = async |patient: &Value| {
        ada.browser.post("/api/audit/search", &json!({ "patient": patient })).await
    };
    let page = search(patient).await.good();
    assert_eq!(kinds(&page).len(), 100);
    let newest = &page["entries"][0]["visit"];
    assert!([&first.visit, &second.visit].iter().any(|visit| newest == visit.as_str()));
    assert_eq!(search(&"01JX0000000000000000000000".into()).await.code(), "not_found");

    let late = now.0 + 1;
    assert!(lines(&export(json!({ "from": late }), "jsonl").await).is_empty());
    let everything = lines(&export(json!({}), "jsonl").await).len();
    let until = lines(&export(json!({ "until": late }), "jsonl").await).len();
    assert_eq!(until, everything, "nothing was placed since");
    let nobody = export(json!({ "patient": "01JX0000000000000000000000" }), "jsonl").await;
    assert_eq!(nobody.code(), "not_found");
    assert_eq!(export(json!({ "name": "Pat" }), "jsonl").await.code(), "bad_message");
    // One for the visit, two for each of the two exports and the search of the patient, three of
    // everything.
    assert_eq!(clinic.audited(Kind::AuditViewed).await, 1 + 3 * 2 + 3);
    assert_eq!(
        gray.browser.post("/api/audit/export", &json!({ "format": "fhir" })).await.code(),
        "not_allowed"
    );
    clinic.verify_audit().await;
}

#[tokio::test]
async fn only_administrators_and_officers_read_the_log() {
    let clinic = Clinic::sqlite().await;
    for (n, (role, may)) in [
        (UserRole::Admin, true),
        (UserRole::Officer, true),
        (UserRole::Clinician, false),
        (UserRole::Staff, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut staff = Staff::of(&clinic, &format!("p{n}@clinic.example"), "Somebody", role).await;
        let before = clinic.audited(Kind::AuditViewed).await;
        let answer = staff.browser.post("/api/audit/search", &json!({})).await;
        let is_read = clinic.audited(Kind::AuditViewed).await > before;
        assert_eq!((answer.status == 200, is_read), (may, may), "{n}");
    }
}
