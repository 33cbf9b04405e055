//! Reading the audit log over HTTP.

use crate::common::Clinic;
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
