//! Links: what they tell, what uses them up, and what kills them.

use crate::common::Clinic;
use crate::common::browser::Browser;
use crate::common::people::{Guest, InRoom, Staff, Waiting, in_room, sign_in, waiting};
use audit::Kind;
use serde_json::json;
use sqlx::Executor as _;
use visit::Duration;

#[tokio::test]
async fn links_that_open_nothing_cannot_be_told_apart() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let expired = gray.book(json!({})).await.secret;
    clinic.clock.advance(Duration::from_min(3 * 24 * 60));
    gray.browser = sign_in(&clinic, gray.user).await;
    let booked = gray.book(json!({})).await;
    let revoked = booked.secret;
    let path = format!("/api/visits/{}/invite", booked.visit);
    let body = json!({ "role": "patient", "seat": booked.seat });
    gray.browser.post(&path, &body).await.good();
    // Good secrets of the same form that are no guest's link.
    let foreign = gray.browser.cookie("bedside-session");
    let now = clinic.clock.now();
    let staff_link =
        clinic.app.staff.sign_in_link(clinic.app.org, audit::Actor::System, gray.user, now);
    let staff_link = staff_link.await.expect("a link").to_text().to_string();

    for path in ["/api/link/look", "/api/link/open"] {
        let mut answers = Vec::new();
        let long = "A".repeat(4_000);
        let absent = "A".repeat(43);
        for secret in
            ["", "short", "ünïcödé", &long, &absent, &expired, &revoked, &foreign, &staff_link]
        {
            let mut browser = Browser::new(&clinic);
            let answer = browser.post(path, &json!({ "secret": secret })).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_visit"));
            answers.push(answer.without_date());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}");
        clinic.clock.advance(Duration::from_s(30));
    }
}

#[tokio::test]
async fn looking_uses_nothing_up() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let secret = gray.book(json!({ "patient_birth_date": "1950-02-03" })).await.secret;
    // A mail scanner: pages and looks, as often as it likes.
    let mut scanner = Browser::new(&clinic);
    for _ in 0..8 {
        assert_eq!(scanner.get("/v").await.status, 200);
        let look = scanner.post("/api/link/look", &json!({ "secret": secret })).await.good();
        assert_eq!((&look["second_check"], &look["elsewhere"]), (&json!(true), &json!(false)));
        let open = scanner.post("/api/link/open", &json!({ "secret": secret })).await;
        assert_eq!(open.code(), "second_check_needed");
    }
    assert_eq!(scanner.cookie("bedside-device"), "");
    let mut patient = Browser::new(&clinic);
    let wrong = json!({ "secret": secret, "birth_date": "1950-03-02" });
    let failed = patient.post("/api/link/open", &wrong).await;
    assert_eq!(failed.json()["tries_left"], 4, "no try was spent before");
    let right = json!({ "secret": secret, "birth_date": "1950-02-03" });
    patient.post("/api/link/open", &right).await.good();
}

#[tokio::test]
async fn five_wrong_dates_of_birth_kill_the_link() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let secret = gray.book(json!({ "patient_birth_date": "1950-02-03" })).await.secret;
    let mut browser = Browser::new(&clinic);
    for left in (0..5).rev() {
        let body = json!({ "secret": secret, "birth_date": "1999-09-09" });
        let answer = browser.post("/api/link/open", &body).await;
        assert_eq!(answer.code(), "second_check_failed");
        assert_eq!(answer.json()["tries_left"], left);
    }
    let right = json!({ "secret": secret, "birth_date": "1950-02-03" });
    assert_eq!(browser.post("/api/link/open", &right).await.code(), "no_such_visit");
    let mut other = Browser::new(&clinic);
    assert_eq!(other.post("/api/link/look", &right).await.code(), "no_such_visit");
}

#[tokio::test]
async fn a_fresh_link_closes_the_page_of_the_older_one() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, mut guest, mut patient } = waiting(&clinic).await;
    let early = guest.token().await;
    let since = guest.connect().await.wait("waiting").await["since"].clone();
    patient.wait("taken_over").await;
    let mut patient = guest.connect().await;
    patient.wait("waiting").await;
    clinic.clock.advance(Duration::from_s(20));

    let fresh = gray.fresh_link(&booked).await;
    assert_eq!(patient.refusal().await, "link_replaced");
    assert!(patient.rest().await.is_empty(), "closed");
    // A key to the socket that was fetched before is void as well.
    let mut late = guest.browser.hello(&early, json!({})).await;
    let heard = late.rest().await;
    assert_eq!(heard.len(), 1, "not even a welcome");
    assert_eq!(heard[0]["error"]["code"], "link_replaced");
    let own = json!({ "visit": guest.visit, "seat": guest.seat });
    assert_eq!(guest.browser.post("/api/seat/token", &own).await.code(), "no_such_visit");

    // The fresh one opens the same seat at the same place in the queue.
    let mut phone = Guest::open(&clinic, &fresh).await;
    let mut page = phone.connect().await;
    assert_eq!(page.wait("welcome").await["state"], "waiting");
    assert_eq!(page.wait("waiting").await["since"], since);
    // A link for somebody else leaves this page alone.
    gray.invite(&booked.visit, "family", "Fred Family").await;
    page.settle().await;
    assert_eq!(clinic.audited(Kind::LinkRevoked).await, 1);

    // Put out is out: there is no fresh link to such a seat.
    let (mut host, _) = gray.enter(&booked.visit).await;
    host.say(json!({ "type": "remove", "seat": booked.seat })).await;
    page.wait("removed").await;
    let path = format!("/api/visits/{}/invite", booked.visit);
    let body = json!({ "role": "patient", "seat": booked.seat });
    assert_eq!(gray.browser.post(&path, &body).await.code(), "wrong_state");
}

#[tokio::test]
async fn an_older_link_is_closed_as_soon_as_that_can_be_stored() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, mut host, guest, mut patient, .. } = in_room(&clinic).await;
    // The step that puts the older page out cannot be stored; the link can.
    let refuse = "CREATE TRIGGER stuck BEFORE UPDATE ON seats BEGIN SELECT RAISE(ABORT, 'no'); END";
    let pool = clinic.store().write_pool();
    pool.execute(refuse).await.expect("a trigger");
    gray.fresh_link(&booked).await;
    pool.execute("DROP TRIGGER stuck").await.expect("drops");
    assert_eq!(patient.refusal().await, "link_replaced");
    assert!(patient.rest().await.is_empty(), "closed");
    host.until(|m| m["people"].as_array().is_some_and(|p| p.len() == 1)).await;
    host.until(|m| m["waiting"][0]["seat"] == guest.seat.as_str()).await;
}

#[tokio::test]
async fn a_second_device_is_shown_on_the_board() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut board = gray.board().await;
    board.wait("board").await;
    let second = |m: &serde_json::Value| {
        let seats = m["visit"]["seats"].as_array().cloned().unwrap_or_default();
        seats.iter().any(|s| s["seat"] == booked.seat.as_str() && s["second_device"] == true)
    };
    let mut phone = Guest::open(&clinic, &booked.secret).await;
    // The same browser again is no second device.
    phone.browser.post("/api/link/open", &json!({ "secret": booked.secret })).await.good();
    let (_waiting, _) = phone.wait().await;
    let seen = board.until(|m| m.to_string().contains("\"state\":\"waiting\"")).await;
    assert!(!second(&seen));
    let mut tablet = Browser::new(&clinic);
    let look = tablet.post("/api/link/look", &json!({ "secret": booked.secret })).await.good();
    assert_eq!(look["elsewhere"], true);
    tablet.post("/api/link/open", &json!({ "secret": booked.secret })).await.good();
    board.until(second).await;
}
