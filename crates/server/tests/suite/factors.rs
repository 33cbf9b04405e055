//! Every HTTP route × what somebody has shown so far: without a second factor nobody of the clinic gets
//! anything about a patient. The routes are read from the router's own source, so none can be forgotten.

use crate::common::Clinic;
use crate::common::browser::{Answer, Browser, text};
use crate::common::idp::Idp;
use crate::common::people::{Staff, account};
use crate::sso;
use audit::Actor;
use auth::testing::SoftKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use store::UserRole;
use visit::UserId;

const ROUTER: &str = include_str!("../../src/http/mod.rs");
const PASSWORD: &str = "feathered-morning-song";
/// What must not be in any answer.
const PATIENT: &str = "Canaria Pajarito";

/// Routes that ask for no session, or are the ways to a second factor. What they do is tested where they are.
const OPEN: [&str; 21] = [
    "/link/look",
    "/link/open",
    "/seat/mine",
    "/seat/rate",
    "/signin",
    "/signin/code",
    "/signin/link",
    "/signin/ways",
    "/signin/sso/start",
    "/signin/sso/finish",
    "/signin/passkey/start",
    "/signin/passkey",
    "/passkeys/start",
    "/passkeys/finish",
    "/signout",
    "/mfa/start",
    "/mfa/finish",
    "/net/echo",
    "/net/blob",
    "/net/probe/answer",
    "/clinic",
];

/// Bodies that are understood, so that the answer is about who asks.
fn body(path: &str, visit: &str, user: &str) -> Value {
    match path {
        "/seat/token" => json!({ "visit": visit }),
        "/visits" => json!({ "patient_name": "Pat Ient", "duration_min": 20 }),
        "/visits/{visit}/invite" => json!({ "role": "family", "name": "Fay" }),
        "/visits/{visit}/colleague" => json!({ "user": user }),
        "/visits/{visit}/outcome" => json!({ "outcome": "failed" }),
        "/visits/{visit}/emergency" => json!({ "reason": "The patient fell." }),
        "/emergencies/{id}/review" => json!({ "justified": true }),
        "/retention" => json!({ "rules": [] }),
        "/patients/find" => json!({ "name": PATIENT, "email": "", "birth_date": "" }),
        "/patients/{patient}/hold" => json!({ "reason": "court order" }),
        "/patients/{patient}/erase" => json!({ "name": PATIENT, "reason": "asked" }),
        "/audit/export" => json!({ "format": "jsonl" }),
        "/people" => json!({ "name": "N", "email": "n@clinic.example", "role": "staff" }),
        "/people/{person}" => json!({ "action": "disable" }),
        "/factor/code" => json!({ "code": "123456" }),
        "/factor/passkey" => json!({
            "credential": "AA", "client_data": "AA", "authenticator_data": "AA", "signature": "AA",
        }),
        "/passkeys/remove" => json!({ "passkey": "x" }),
        _ => json!({}),
    }
}

/// Method and path of every route below `/api`.
fn routes() -> Vec<(&'static str, &'static str)> {
    let api = ROUTER.split(".fallback(").next().expect("the API's part");
    let mut all = Vec::new();
    for line in api.split(".route(\"").skip(1) {
        let (path, handlers) = line.split_once("\", ").expect("a path and its handlers");
        let mut methods = 0;
        for (method, mark) in [("GET", "get("), ("POST", "post(")] {
            if handlers.contains(mark) {
                all.push((method, path));
                methods += 1;
            }
        }
        assert!(methods > 0, "{path}: teach this test the method");
    }
    assert!(all.len() > 40, "the router is read");
    all
}

async fn ask(browser: &mut Browser, route: (&str, &str), visit: &str, user: UserId) -> Answer {
    let (method, path) = route;
    let id = user.to_text();
    let filled = path.split('/').map(|part| match part {
        "{visit}" => visit,
        part if part.starts_with('{') => &id,
        part => part,
    });
    let url = format!("/api{}", filled.collect::<Vec<_>>().join("/"));
    match method {
        "GET" => browser.get(&url).await,
        _ => browser.post(&url, &body(path, visit, &id)).await,
    }
}

/// A colleague who followed the invitation as far as the password.
async fn newcomer(clinic: &Clinic, email: &str, role: UserRole) -> (UserId, Browser) {
    let (app, now) = (&clinic.app, clinic.clock.now());
    let user = account(clinic, email, "Dr. New", role).await;
    let link = app.staff.password_link(app.org, Actor::System, user, now).await.expect("a link");
    let mut browser = Browser::new(clinic);
    let body = json!({ "secret": link.to_text().as_str(), "password": PASSWORD });
    assert_eq!(browser.post("/api/signin/link", &body).await.good()["next"], "enrol");
    (user, browser)
}

/// The password again, in another browser.
async fn password(clinic: &Clinic, email: &str) -> Browser {
    let mut browser = Browser::new(clinic);
    let body = json!({ "email": email, "password": PASSWORD });
    assert_eq!(browser.post("/api/signin", &body).await.good()["next"], "code");
    browser
}

async fn enrol_passkey(clinic: &Clinic, browser: &mut Browser) {
    let origin = clinic.app.config.relying_party().expect("a name").origin().to_owned();
    let asked = browser.post("/api/passkeys/start", &json!({})).await.good();
    let bytes = |value: &Value| URL_SAFE_NO_PAD.decode(text(value)).expect("base64url");
    let mut key = SoftKey::new(&origin, &bytes(&asked["user_handle"]));
    let made = key.create(&bytes(&asked["challenge"]));
    let new = json!({
        "name": "Key",
        "client_data": URL_SAFE_NO_PAD.encode(&made.client_data),
        "attestation": URL_SAFE_NO_PAD.encode(&made.attestation),
    });
    browser.post("/api/passkeys/finish", &new).await.good();
}

/// The same person by the clinic's identity provider.
async fn by_provider(clinic: &Clinic, idp: &Idp, email: &str, next: &str) -> Browser {
    *idp.person.lock().expect("no panic") =
        json!({ "sub": email, "email": email, "email_verified": true });
    let (browser, answer) = sso::sign_in(clinic, idp).await;
    assert_eq!(answer.good()["next"], next);
    browser
}

#[tokio::test]
async fn without_a_second_factor_nobody_gets_anything_about_a_patient() {
    let (clinic, idp) = Clinic::with_sso().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({ "patient_name": PATIENT })).await;
    let every = routes();
    for open in OPEN {
        assert!(every.iter().any(|(_, path)| *path == open), "{open} is no route");
    }
    let roles = [UserRole::Staff, UserRole::Clinician, UserRole::Officer, UserRole::Admin];
    for (n, role) in roles.into_iter().enumerate() {
        let (plain, keyed) = (format!("a{n}@clinic.example"), format!("b{n}@clinic.example"));
        let (user, none) = newcomer(&clinic, &plain, role).await;
        let (_, mut with_key) = newcomer(&clinic, &keyed, role).await;
        enrol_passkey(&clinic, &mut with_key).await;
        let half = password(&clinic, &keyed).await;
        // The provider's word for them, without a second factor there.
        let sso_none = by_provider(&clinic, &idp, &plain, "enrol").await;
        let sso_half = by_provider(&clinic, &idp, &keyed, "code").await;
        for (mut browser, expected) in [
            (Browser::new(&clinic), "not_signed_in"),
            (none, "enrolment_needed"),
            (half, "second_factor_needed"),
            (sso_none, "enrolment_needed"),
            (sso_half, "second_factor_needed"),
        ] {
            for route in &every {
                // Requests are counted per network; a whole table of them takes its time.
                clinic.clock.advance(visit::Duration::from_s(1));
                if OPEN.contains(&route.1) {
                    continue;
                }
                let answer = ask(&mut browser, *route, &booked.visit, user).await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(!body.contains(PATIENT), "{route:?} {expected}");
                assert!(answer.status >= 400, "{route:?} {expected}: {}", answer.status);
                assert_eq!(answer.code(), expected, "{route:?} as {role:?}");
            }
        }
        // Who works stays signed in; all this took minutes.
        gray.browser.get("/api/me").await.good();
    }
    // The name is there for whoever has shown both: otherwise this test could not fail.
    let found = gray.browser.get(&format!("/api/visits/{}/quality", booked.visit)).await;
    assert!(found.status == 200, "{}", found.status);
    let mut board = gray.board().await;
    assert!(board.wait("board").await.to_string().contains(PATIENT));
}
