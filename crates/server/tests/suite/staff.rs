//! Staff: signing in, second factor, and what ends their sockets.

use crate::common::browser::{Browser, text};
use crate::common::media::Page;
use crate::common::people::{Staff, Waiting, account, sign_in, waiting};
use crate::common::{Clinic, PATIENCE};
use audit::Actor;
use auth::{NewStaff, Secret, SecretKind};
use serde_json::json;
use store::UserRole;
use visit::{Duration, Timestamp};

const PASSWORD: &str = "feathered-morning-song";

/// The code of an authenticator app: RFC 6238 over RFC 4226 §5.3.
fn totp(base32: &str, now: Timestamp) -> String {
    let bits = base32.bytes().map(|c| match c {
        b'A'..=b'Z' => c - b'A',
        b'2'..=b'7' => c - b'2' + 26,
        _ => panic!("no base 32"),
    });
    let (mut secret, mut buffer, mut held) = (Vec::new(), 0_u32, 0);
    for five in bits {
        buffer = (buffer << 5) | u32::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            secret.push((buffer >> held) as u8);
            buffer &= (1 << held) - 1;
        }
    }
    let step = now.unix_ms() / 30_000;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn a_new_colleague_enrols_and_signs_in_with_two_factors() {
    let clinic = Clinic::sqlite().await;
    let (app, email) = (&clinic.app, "new@clinic.example");
    let new = NewStaff { email, name: "Dr. New", role: UserRole::Clinician };
    let added = app.staff.add(app.org, Actor::System, &new, clinic.clock.now()).await;
    let secret = added.expect("an account").1.to_text().to_string();

    let mut browser = Browser::new(&clinic);
    let step = browser.post("/api/signin/link", &json!({ "secret": secret })).await.good();
    assert_eq!(step["next"], "password");
    let weak = json!({ "secret": secret, "password": "short" });
    assert_eq!(browser.post("/api/signin/link", &weak).await.code(), "weak_password");
    let good = json!({ "secret": secret, "password": PASSWORD });
    assert_eq!(browser.post("/api/signin/link", &good).await.good()["next"], "enrol");
    assert_eq!(browser.get("/api/me").await.code(), "enrolment_needed");
    let started = browser.post("/api/mfa/start", &json!({})).await.good();
    assert!(text(&started["qr_svg"]).starts_with("<svg"));
    let seed = text(&started["secret"]);
    let wrong = browser.post("/api/mfa/finish", &json!({ "code": "000000" })).await;
    assert_eq!(wrong.code(), "bad_credentials");
    let code = totp(&seed, clinic.clock.now());
    let done = browser.post("/api/mfa/finish", &json!({ "code": code })).await.good();
    assert_eq!(done["recovery_codes"].as_array().map(Vec::len), Some(10));
    assert_eq!(browser.get("/api/me").await.good()["recovery_codes_left"], 10);
    let used = Browser::new(&clinic).post("/api/signin/link", &good).await;
    assert_eq!(used.code(), "token_expired", "the link works once");

    // Password, then code; a code is good once.
    let mut other = Browser::new(&clinic);
    let wrong = json!({ "email": email, "password": "not-this-password" });
    assert_eq!(other.post("/api/signin", &wrong).await.code(), "bad_credentials");
    let unknown = json!({ "email": "nobody@clinic.example", "password": PASSWORD });
    assert_eq!(other.post("/api/signin", &unknown).await.code(), "bad_credentials");
    let right = json!({ "email": email, "password": PASSWORD });
    assert_eq!(other.post("/api/signin", &right).await.good()["next"], "code");
    assert_eq!(other.get("/api/me").await.code(), "second_factor_needed");
    let spent = other.post("/api/signin/code", &json!({ "code": code })).await;
    assert_eq!(spent.code(), "bad_credentials");
    clinic.clock.advance(Duration::from_s(30));
    let code = totp(&seed, clinic.clock.now());
    let step = other.post("/api/signin/code", &json!({ "code": code })).await.good();
    assert_eq!(step["next"], "done");
    assert_eq!(other.get("/api/me").await.good()["sessions"], 2);
    assert_eq!(other.post("/api/signout", &json!({})).await.status, 204);
    assert_eq!(other.get("/api/me").await.code(), "not_signed_in");
    assert_eq!(browser.get("/api/me").await.good()["sessions"], 1);
}

#[tokio::test]
async fn signing_out_everywhere_closes_the_sockets_elsewhere() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut board = gray.board().await;
    board.wait("board").await;
    let (mut room, _) = gray.enter(&booked.visit).await;
    let mut elsewhere = sign_in(&clinic, gray.user).await;
    assert_eq!(elsewhere.post("/api/signout/everywhere", &json!({})).await.status, 204);
    for socket in [&mut board, &mut room] {
        assert_eq!(socket.refusal().await, "not_signed_in");
        assert!(socket.rest().await.is_empty(), "closed");
    }
}

#[tokio::test]
async fn disabling_an_account_closes_its_sockets_and_nobody_elses() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let mut other = Staff::of(&clinic, "o@clinic.example", "Dr. O", UserRole::Clinician).await;
    let (mut mine, mut others) = (gray.board().await, other.board().await);
    mine.wait("board").await;
    others.wait("board").await;
    let app = &clinic.app;
    let disabled = app.staff.disable(app.org, Actor::System, gray.user, clinic.clock.now()).await;
    disabled.expect("disables");
    assert_eq!(mine.refusal().await, "not_signed_in");
    mine.rest().await;
    assert_eq!(gray.browser.get("/api/me").await.code(), "not_signed_in");
    others.settle().await;
}

#[tokio::test]
async fn idling_ends_a_board_but_never_a_live_call() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, guest, mut patient } = waiting(&clinic).await;
    let (socket, host_seat) = gray.enter(&booked.visit).await;
    let mut host = Page::sending(socket);
    host.say(json!({ "type": "admit", "seat": guest.seat }));
    patient.wait("room").await;
    let mut patient = Page::sending(patient);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;
    let watcher = account(&clinic, "w@clinic.example", "Wendy Watcher", UserRole::Staff).await;
    let mut watcher = Staff { browser: sign_in(&clinic, watcher).await, user: watcher };
    let mut board = watcher.board().await;
    board.wait("board").await;

    // The socket of the call uses the session; wait until that is on record.
    let cookie = gray.browser.cookie("bedside-session");
    let session = Secret::parse(&cookie).expect("a secret").hash(SecretKind::Session);
    clinic.clock.advance(Duration::from_min(8));
    let used = async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            look.tick().await;
            let mut reader = clinic.store().read(clinic.app.org).await.expect("a reader");
            let row = reader.session(session).await.expect("reads").expect("a session");
            if row.last_seen_at == clinic.clock.now() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, used).await.expect("a live call is use");

    clinic.clock.advance(Duration::from_min(8));
    assert_eq!(board.refusal().await, "not_signed_in", "16 minutes without use");
    assert!(board.rest().await.is_empty(), "closed");
    assert_eq!(watcher.browser.get("/api/me").await.code(), "not_signed_in");
    host.settle().await;
    patient.settle().await;
    host.receives(50).await;
    patient.receives(50).await;
    assert_eq!(gray.browser.get("/api/me").await.status, 200);
}
