//! Sign-in by the clinic's identity provider, against a provider of our own.

use crate::common::Clinic;
use crate::common::browser::{Answer, Browser, text};
use crate::common::idp::Idp;
use crate::common::people::{Staff, account};
use audit::Kind;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::UserRole;
use visit::{Duration, UserId};

/// A clinic that trusts the provider's word for a second factor.
async fn clinic() -> (Clinic, Arc<Idp>, UserId) {
    let (clinic, idp) = Clinic::with_sso().await;
    let gray = account(&clinic, "gray@clinic.example", "Dr. Gray", UserRole::Clinician).await;
    (clinic, idp, gray)
}

/// To the provider and back; gives what stands in the address then.
async fn there(browser: &mut Browser, idp: &Idp) -> HashMap<String, String> {
    let way = browser.post("/api/signin/sso/start", &json!({})).await.good();
    idp.agree(&text(&way["url"])).await
}

async fn back(browser: &mut Browser, address: &HashMap<String, String>) -> Answer {
    let body = json!({
        "state": address.get("state"), "code": address.get("code"), "iss": address.get("iss"),
    });
    browser.post("/api/signin/sso/finish", &body).await
}

pub async fn sign_in(clinic: &Clinic, idp: &Idp) -> (Browser, Answer) {
    let mut browser = Browser::new(clinic);
    let address = there(&mut browser, idp).await;
    let answer = back(&mut browser, &address).await;
    (browser, answer)
}

fn twist(idp: &Idp, change: impl Fn(&mut Value) + Send + 'static) {
    *idp.twist.lock().expect("no panic") = Some(Box::new(change));
}

#[tokio::test]
async fn an_account_is_found_by_its_address_once_and_by_its_subject_from_then_on() {
    let (clinic, idp, _) = clinic().await;
    let ways = Browser::new(&clinic).get("/api/signin/ways").await.good();
    assert_eq!(ways["sso"]["label"], "Hospital account");
    // The provider asked for a password only: our own second step comes next.
    let (mut browser, answer) = sign_in(&clinic, &idp).await;
    assert_eq!(answer.good()["next"], "enrol");
    assert_eq!(browser.get("/api/me").await.code(), "enrolment_needed");
    assert_eq!(browser.get("/api/clinicians").await.code(), "enrolment_needed");
    // With its second factor one is in.
    idp.person.lock().expect("no panic")["amr"] = json!(["pwd", "hwk"]);
    let (mut browser, answer) = sign_in(&clinic, &idp).await;
    assert_eq!(answer.good()["next"], "done");
    assert_eq!(browser.get("/api/me").await.good()["name"], "Dr. Gray");
    let ways = browser.get("/api/signin/ways").await.good();
    assert_eq!(ways["sso"]["sign_out"], format!("{}/logout", idp.issuer));
    let mut ada = Staff::of(&clinic, "admin@clinic.example", "Ada Min", UserRole::Admin).await;
    let list = ada.browser.get("/api/people").await.good();
    let gray = list["people"].as_array().into_iter().flatten().find(|p| p["name"] == "Dr. Gray");
    let standing = gray.map(|p| (&p["invited"], &p["by_provider"], &p["has_second_factor"]));
    assert_eq!(standing, Some((&json!(false), &json!(true), &json!(false))));
    // The address may change; the subject is the same person.
    idp.person.lock().expect("no panic")["email"] = json!("married@clinic.example");
    assert_eq!(sign_in(&clinic, &idp).await.1.good()["next"], "done");
    // The address may pass to somebody else; the account does not.
    *idp.person.lock().expect("no panic") =
        json!({"sub": "u-18", "email": "gray@clinic.example", "email_verified": true});
    assert_eq!(sign_in(&clinic, &idp).await.1.code(), "sso_unknown");
    assert_eq!(clinic.audited(Kind::OutsideBound).await, 1);
    clinic.verify_audit().await;
}

#[tokio::test]
async fn nobody_gets_an_account_by_it() {
    let (clinic, idp, gray) = clinic().await;
    for person in [
        json!({"sub": "a", "email": "nobody@clinic.example", "email_verified": true}),
        json!({"sub": "a", "email": "gray@clinic.example", "email_verified": false}),
        json!({"sub": "a", "email": "gray@clinic.example"}),
        json!({"sub": "a", "email": "gray@evil.example", "email_verified": true}),
        json!({"sub": "a"}),
    ] {
        *idp.person.lock().expect("no panic") = person;
        let (mut browser, answer) = sign_in(&clinic, &idp).await;
        assert_eq!(answer.code(), "sso_unknown");
        assert_eq!(browser.get("/api/me").await.code(), "not_signed_in");
    }
    *idp.person.lock().expect("no panic") =
        json!({"sub": "g", "email": "gray@clinic.example", "email_verified": true});
    let (app, now) = (&clinic.app, clinic.clock.now());
    app.staff.disable(app.org, audit::Actor::System, gray, now).await.expect("disables");
    assert_eq!(sign_in(&clinic, &idp).await.1.code(), "sso_refused");
    assert_eq!(clinic.audited(Kind::OutsideBound).await, 0);
}

#[tokio::test]
async fn a_token_that_is_not_right_lets_nobody_in() {
    let (clinic, idp, _) = clinic().await;
    idp.person.lock().expect("no panic")["amr"] = json!(["hwk"]);
    let second = clinic.clock.now().0 / 1_000_000;
    for (part, name, value) in [
        ("head", "alg", json!("none")),
        ("head", "alg", json!("HS256")),
        ("head", "alg", json!("RS256")),
        ("head", "crit", json!(["exp"])),
        ("claims", "iss", json!("https://evil.example")),
        ("claims", "aud", json!("another")),
        ("claims", "aud", json!(["bedside", "another"])),
        ("claims", "azp", json!("another")),
        ("claims", "nonce", json!("another")),
        ("claims", "exp", json!(second - 61)),
        ("claims", "iat", json!(second + 3_600)),
        ("claims", "sub", json!("")),
    ] {
        twist(&idp, move |whole| whole[part][name] = value.clone());
        let (mut browser, answer) = sign_in(&clinic, &idp).await;
        assert_eq!(answer.code(), "sso_refused", "{part} {name}");
        assert_eq!(browser.get("/api/me").await.code(), "not_signed_in");
    }
    *idp.twist.lock().expect("no panic") = None;
    assert_eq!(sign_in(&clinic, &idp).await.1.good()["next"], "done");
}

#[tokio::test]
async fn a_way_is_gone_once_by_the_browser_that_began_it() {
    let (clinic, idp, _) = clinic().await;
    idp.person.lock().expect("no panic")["amr"] = json!(["hwk"]);
    let mut mine = Browser::new(&clinic);
    let address = there(&mut mine, &idp).await;
    // Somebody sends their own way back to another browser, which has a way of its own, or none.
    let mut victim = Browser::new(&clinic);
    assert_eq!(back(&mut victim, &address).await.code(), "sso_refused");
    let mut victim = Browser::new(&clinic);
    let own = there(&mut victim, &idp).await;
    let foreign = there(&mut mine, &idp).await;
    assert_eq!(back(&mut victim, &foreign).await.code(), "sso_refused");
    // Their code in one's own way: the verifier is another one.
    let mixed = HashMap::from([
        ("state".to_owned(), own["state"].clone()),
        ("code".to_owned(), there(&mut mine, &idp).await["code"].clone()),
        ("iss".to_owned(), own["iss"].clone()),
    ]);
    assert_eq!(back(&mut victim, &mixed).await.code(), "sso_refused");
    // Once; and not for ever.
    let address = there(&mut mine, &idp).await;
    assert_eq!(back(&mut mine, &address).await.good()["next"], "done");
    assert_eq!(back(&mut mine, &address).await.code(), "sso_refused");
    let address = there(&mut mine, &idp).await;
    clinic.clock.advance(Duration::from_min(10));
    assert_eq!(back(&mut mine, &address).await.code(), "sso_refused");
    // The provider said no, another provider answered, or the address is made up.
    for (name, value) in [
        ("code", None),
        ("iss", None),
        ("iss", Some("https://evil.example")),
        ("code", Some("made-up")),
        ("state", Some("made-up")),
    ] {
        let mut address = there(&mut mine, &idp).await;
        match value {
            Some(value) => address.insert(name.to_owned(), value.to_owned()),
            None => address.remove(name),
        };
        assert_eq!(back(&mut mine, &address).await.code(), "sso_refused", "{name}");
    }
}

#[tokio::test]
async fn a_provider_that_answers_badly_is_said_to_be_away() {
    let (clinic, idp, _) = clinic().await;
    type Instead = fn() -> axum::response::Response;
    let answers: [Instead; 4] = [
        || (StatusCode::FOUND, [(header::LOCATION, "http://169.254.169.254/")]).into_response(),
        || "x".repeat(300 * 1024).into_response(),
        || "<html>".into_response(),
        || StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    ];
    for instead in answers {
        *idp.instead.lock().expect("no panic") = Some(instead);
        assert_eq!(sign_in(&clinic, &idp).await.1.code(), "sso_unreachable");
    }
    *idp.instead.lock().expect("no panic") = None;
    // It describes itself anew once an hour; what leads elsewhere is not followed.
    for (name, value) in [
        ("issuer", "http://127.0.0.1:9/realm"),
        ("token_endpoint", "http://127.0.0.1:9/token"),
        ("jwks_uri", "https://evil.example/jwks"),
    ] {
        clinic.clock.advance(Duration::from_min(60));
        *idp.twist_description.lock().expect("no panic") =
            Some(Box::new(move |description| description[name] = json!(value)));
        let start = Browser::new(&clinic).post("/api/signin/sso/start", &json!({})).await;
        assert_eq!(start.code(), "sso_unreachable", "{name}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_and_a_made_up_one_is_not_asked_for_again_and_again() {
    let (clinic, idp, _) = clinic().await;
    idp.person.lock().expect("no panic")["amr"] = json!(["hwk"]);
    let advance = |minutes| clinic.clock.advance(Duration::from_min(minutes));
    let asked = || idp.keys_asked.load(Ordering::SeqCst);
    assert_eq!(sign_in(&clinic, &idp).await.1.good()["next"], "done");
    assert_eq!(sign_in(&clinic, &idp).await.1.good()["next"], "done");
    assert_eq!(asked(), 1);
    advance(2);
    idp.rotate("k2", true);
    assert_eq!(sign_in(&clinic, &idp).await.1.good()["next"], "done");
    assert_eq!(asked(), 2);
    advance(2);
    idp.rotate("k3", false);
    for _ in 0..5 {
        assert_eq!(sign_in(&clinic, &idp).await.1.code(), "sso_refused");
    }
    assert_eq!(asked(), 3, "once a minute");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let clinic = Clinic::sqlite().await;
    let mut browser = Browser::new(&clinic);
    assert!(browser.get("/api/signin/ways").await.good().get("sso").is_none());
    assert_eq!(browser.post("/api/signin/sso/start", &json!({})).await.code(), "not_found");
    let body = json!({ "state": "x" });
    assert_eq!(browser.post("/api/signin/sso/finish", &body).await.code(), "not_found");
}
