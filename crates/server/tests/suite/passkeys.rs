//! Passkeys over real HTTP, with an authenticator in software.

use crate::common::browser::{Browser, text};
use crate::common::people::Staff;
use crate::common::{Clinic, TLS_HOST};
use auth::testing::SoftKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use visit::Duration;

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text(value)).expect("base64url")
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Adds a key by the account page.
async fn add(browser: &mut Browser, origin: &str, name: &str) -> (SoftKey, Value) {
    let asked = browser.post("/api/passkeys/start", &json!({})).await.good();
    let mut key = SoftKey::new(origin, &bytes(&asked["user_handle"]));
    assert_eq!(text(&asked["rp_id"]), key.rp_id);
    let made = key.create(&bytes(&asked["challenge"]));
    let new = json!({
        "name": name,
        "client_data": base64(&made.client_data),
        "attestation": base64(&made.attestation),
    });
    let done = browser.post("/api/passkeys/finish", &new).await.good();
    (key, done)
}

fn answer(key: &mut SoftKey, asked: &Value) -> Value {
    let used = key.get(&bytes(&asked["challenge"]));
    json!({
        "credential": base64(&used.credential),
        "client_data": base64(&used.client_data),
        "authenticator_data": base64(&used.authenticator_data),
        "signature": base64(&used.signature),
        "user_handle": base64(&used.user_handle),
    })
}

#[tokio::test]
async fn a_passkey_is_added_signs_in_and_is_removed() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    // The first address of this clinic is an IP address, and no key can be bound to one.
    let party = clinic.app.config.relying_party().expect("a name among the addresses");
    let origin = party.origin().to_owned();
    assert_eq!(origin, format!("https://{TLS_HOST}"));
    assert_eq!(gray.browser.get("/api/signin/ways").await.good()["passkeys"], false);
    gray.browser.host = TLS_HOST.to_owned();
    assert_eq!(gray.browser.get("/api/signin/ways").await.good()["passkeys"], true);
    gray.browser.host = clinic.address.to_string();
    let (mut key, done) = add(&mut gray.browser, &origin, "Blue key").await;
    assert_eq!(done["recovery_codes"].as_array().map(Vec::len), Some(10), "there were none");
    let (_, done) = add(&mut gray.browser, &origin, "Second").await;
    assert_eq!(done["recovery_codes"].as_array().map(Vec::len), Some(0));

    let mut other = Browser::new(&clinic);
    let asked = other.post("/api/signin/passkey/start", &json!({ "alone": true })).await.good();
    assert!(asked["must_verify"] == true && asked["allow"] == json!([]));
    let use_it = answer(&mut key, &asked);
    let step = other.post("/api/signin/passkey", &use_it).await.good();
    assert_eq!(step["next"], "done");
    assert_eq!(other.get("/api/me").await.good()["sessions"], 2);
    // A second time with the same answer.
    let replay = Browser::new(&clinic).post("/api/signin/passkey", &use_it).await;
    assert_eq!(replay.code(), "passkey_refused");
    // Without a password there is nothing that a second step could follow.
    let second = json!({ "alone": false });
    let none = Browser::new(&clinic).post("/api/signin/passkey/start", &second).await;
    assert_eq!(none.code(), "not_signed_in");
    let odd = json!({ "alone": true, "user": "x" });
    assert_eq!(other.post("/api/signin/passkey/start", &odd).await.code(), "bad_message");

    let list = other.get("/api/passkeys").await.good();
    assert!(list["passkeys"].as_array().map(Vec::len) == Some(2) && list["app"] == false);
    // Both were made at one time of this clock, so their order is nobody's.
    let named = |name: &str| {
        let mut all = list["passkeys"].as_array().into_iter().flatten();
        let found = all.find(|one| one["name"] == name).expect("is listed");
        json!({ "passkey": found["passkey"] })
    };
    let (first, second) = (named("Blue key"), named("Second"));
    // Somebody who walks up to a browser that was left open takes nothing away.
    clinic.clock.advance(Duration::from_s(6 * 60));
    assert_eq!(other.post("/api/passkeys/remove", &first).await.code(), "factor_needed");
    let asked = other.post("/api/signin/passkey/start", &json!({ "alone": true })).await.good();
    other.post("/api/signin/passkey", &answer(&mut key, &asked)).await.good();
    assert_eq!(other.post("/api/passkeys/remove", &first).await.status, 204);
    assert_eq!(other.post("/api/passkeys/remove", &first).await.code(), "not_found");
    assert_eq!(other.post("/api/passkeys/remove", &second).await.code(), "last_factor");
    let asked = other.post("/api/signin/passkey/start", &json!({ "alone": true })).await.good();
    let removed = other.post("/api/signin/passkey", &answer(&mut key, &asked)).await;
    assert_eq!(removed.code(), "passkey_refused");
    clinic.verify_audit().await;
}
