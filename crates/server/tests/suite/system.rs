//! How the server itself is, over HTTP: who may look, and that every figure comes from where it is.

use crate::common::people::Staff;
use crate::common::{Clinic, METRICS_TOKEN, WITNESS};
use audit::Kind;
use protocol::system::{BackupDone, DrillDone, Evidence, ReportDone, WitnessStanding};
use serde_json::{Value, json};
use server::log_status::Contradiction;
use server::{Surrounding, Surroundings};
use std::sync::Arc;
use store::testing::NOON;
use store::{LogTrouble, UserRole};
use visit::{Duration, Timestamp};

/// Records of a clinic that made a backup an hour ago and ran no drill for two months.
struct Records;

impl Surroundings for Records {
    fn look(&self) -> Surrounding {
        let ago = |hours: i64| Timestamp(NOON.0 - Duration::from_min(hours * 60).0);
        let drill = DrillDone {
            made_at: ago(60 * 24),
            backup_made_at: ago(61 * 24),
            took_ms: 900,
            rows: 70,
        };
        let report =
            ReportDone { made_at: ago(3), proved: 20, attested: 5, not_applicable: 1, open: 8 };
        Surrounding {
            backup: Some(BackupDone { made_at: ago(1), rows: 80, bytes: 9_000 }),
            drill: Some(drill),
            report: Some(report),
            not_believed: vec![Evidence::Report],
            free_bytes: Some(1_000_000),
        }
    }
}

async fn officer(clinic: &Clinic) -> Staff {
    Staff::of(clinic, "officer@clinic.example", "Olga Officer", UserRole::Officer).await
}

async fn look(staff: &mut Staff) -> Value {
    staff.browser.get("/api/system").await.good()
}

#[tokio::test]
async fn an_officer_sees_log_keys_and_storage_as_they_are() {
    let clinic = Clinic::sqlite().await;
    let mut olga = officer(&clinic).await;
    let before = look(&mut olga).await;
    let waiting = before["log"]["waiting"].as_u64().expect("a number");
    assert!(waiting > 0 && before["log"]["entries"] == 0, "{before}");
    clinic.place_entries().await;
    let state = look(&mut olga).await;
    assert_eq!((&state["log"]["entries"], &state["log"]["waiting"]), (&waiting.into(), &0.into()));
    assert_eq!(state["version"], "0.0.1-test");
    assert_eq!((&state["now"], &state["started_at"]), (&NOON.0.into(), &NOON.0.into()));

    let keys = &state["keys"];
    assert_eq!((&keys["healthy"], &keys["current_version"]), (&json!(true), &json!(1)));
    assert_eq!((&keys["oldest_in_use"], &keys["to_rewrap"]), (&json!(1), &json!(0)));
    let had = keys["versions"][0]["data_keys"].as_u64().expect("a number");
    Staff::clinician(&clinic).await.book(json!({})).await;
    let keys = &look(&mut olga).await["keys"];
    assert_eq!(
        keys["versions"],
        json!([{ "version": 1, "data_keys": had + 2 }]),
        "of the visit and of its patient"
    );

    assert_eq!(state["storage"]["database"], "sqlite");
    assert!(state["storage"]["database_bytes"].as_u64() > Some(10_000), "{state}");
    // Nobody has made a backup, so it is late; and no report is no report.
    assert_eq!(state["backup"], json!({ "late": true, "drill_late": true }));
    assert!(state.get("report").is_none() && state["not_believed"] == json!([]), "{state}");
}

#[tokio::test]
async fn records_of_commands_are_shown_with_whether_they_are_late() {
    let clinic = Clinic::among(Arc::new(Records)).await;
    let mut olga = officer(&clinic).await;
    let state = look(&mut olga).await;
    let backup = &state["backup"];
    assert_eq!((&backup["late"], &backup["drill_late"]), (&json!(false), &json!(true)));
    assert_eq!((&backup["newest"]["rows"], &backup["drill"]["took_ms"]), (&json!(80), &json!(900)));
    assert_eq!((&state["report"]["open"], &state["not_believed"]), (&json!(8), &json!(["report"])));
    assert_eq!(state["storage"]["free_bytes"], 1_000_000);
    clinic.clock.advance(Duration::from_min(47 * 60));
    let mut olga = Staff::of(&clinic, "o2@clinic.example", "Olaf", UserRole::Officer).await;
    assert_eq!(look(&mut olga).await["backup"]["late"], false, "48 hours are not yet too long");
    clinic.clock.advance(Duration::from_ms(1));
    assert_eq!(look(&mut olga).await["backup"]["late"], true);
}

#[tokio::test]
async fn trouble_of_the_log_and_its_witnesses_is_shown() {
    let clinic = Clinic::sqlite().await;
    let mut olga = officer(&clinic).await;
    let asked = json!([{ "name": WITNESS, "standing": "not_asked" }]);
    assert_eq!(look(&mut olga).await["log"]["witnesses"], asked);
    let (log, now) = (&clinic.app.operator.log, clinic.clock.now());
    log.signed(4, now);
    log.witness(0, WitnessStanding::Signed, Some(3), now);
    let state = look(&mut olga).await;
    assert_eq!(state["log"]["signed_at"], now.0);
    let witness =
        json!({ "name": WITNESS, "standing": "signed", "entries": 3, "signed_at": now.0 });
    assert_eq!(state["log"]["witnesses"], json!([witness]));
    let found = Contradiction::Ahead { ours: 4, theirs: 9 };
    log.troubled(&LogTrouble::from(found), now);
    let token = format!("Bearer {METRICS_TOKEN}");
    let metrics = olga.browser.request("GET", "/metrics", &[("authorization", &token)], "").await;
    let metrics = String::from_utf8(metrics.body).expect("text");
    assert!(metrics.contains("bedside_audit_trouble 2\n"), "{metrics}");
    assert!(metrics.contains("bedside_audit_entries 4\n"), "{metrics}");
    let trouble = json!({ "kind": "witness_ahead", "code": "audit_witness_ahead", "since": now.0 });
    assert_eq!(look(&mut olga).await["log"]["trouble"], trouble);
}

#[tokio::test]
async fn only_administrators_and_officers_look_and_nothing_of_it_is_about_a_patient() {
    let clinic = Clinic::sqlite().await;
    let roles = [UserRole::Admin, UserRole::Officer, UserRole::Clinician, UserRole::Staff];
    for (role, may) in roles.into_iter().zip([true, true, false, false]) {
        let email = format!("{}@clinic.example", role.as_str());
        let mut staff = Staff::of(&clinic, &email, "Somebody", role).await;
        let answer = staff.browser.get("/api/system").await;
        assert_eq!(answer.status == 200, may, "{role:?}");
        if !may {
            assert_eq!(answer.code(), "not_allowed");
        }
    }
    assert_eq!(clinic.audited(Kind::AuditViewed).await, 0);
}
