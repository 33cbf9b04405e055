//! Links: what they tell, what uses them up, and what kills them.

use crate::common::Clinic;
use crate::common::browser::Browser;
use crate::common::people::{Guest, Staff, sign_in};
use serde_json::json;
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
