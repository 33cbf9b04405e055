//! Nobody who was not let in hears anything about the room.

use crate::common::Clinic;
use crate::common::browser::{Socket, kind};
use crate::common::people::{Guest, Staff, Waiting, admit, chat, chat_texts, waiting};
use serde_json::json;
use visit::Duration;

pub const OWN_MESSAGES: [&str; 6] = ["welcome", "you", "waiting", "note", "pong", "error"];
const ROOM_MESSAGES: [&str; 15] = [
    "room",
    "offer",
    "media_up",
    "speaking",
    "video_paused",
    "muted_by_clinic",
    "direct_open",
    "direct_signal",
    "direct_on",
    "direct_close",
    "chat",
    "quality",
    "board",
    "board_visit",
    "board_gone",
];

/// Fails when any of these words, or any message about the room, is in what a browser got.
pub fn assert_silent(heard: &str, secrets: &[&str], when: &str) {
    for secret in secrets {
        assert!(!heard.contains(secret), "{when}: `{secret}` got out");
    }
    for message in ROOM_MESSAGES {
        assert!(!heard.contains(&format!("\"type\":\"{message}\"")), "{when}: {message} got out");
    }
}

/// Everything that somebody outside can try to get something out of the room.
pub async fn pry(patient: &mut Socket, own: &str, other: &str) {
    let attempts = [
        json!({ "type": "chat", "id": "p1", "text": "hello?" }),
        json!({ "type": "chat_read", "seq": 1 }),
        json!({ "type": "enter" }),
        json!({ "type": "admit", "seat": own }),
        json!({ "type": "put_back", "seat": other }),
        json!({ "type": "remove", "seat": other }),
        json!({ "type": "mute_other", "seat": other }),
        json!({ "type": "note", "seat": other, "id": "n1", "text": "psst" }),
        json!({ "type": "end", "outcome": "done" }),
        json!({ "type": "sending", "mic": true, "camera": true }),
        json!({ "type": "share", "on": true }),
        json!({ "type": "answer", "generation": 1, "sdp": "v=0\r\n" }),
        json!({ "type": "restart_ice" }),
        json!({ "type": "new_transport" }),
        json!({ "type": "view", "tiles": [] }),
        json!({ "type": "pictures", "pictures": "none" }),
        json!({
            "type": "direct_signal", "attempt": 1,
            "signal": { "kind": "offer", "sdp": "v=0\r\n" },
        }),
        json!({ "type": "direct_up", "attempt": 1 }),
        json!({ "type": "direct_down", "attempt": 1 }),
    ];
    for attempt in attempts {
        let what = kind(&attempt);
        let code = patient.refused(attempt).await;
        assert!(["not_allowed", "wrong_state"].contains(&code.as_str()), "{what}: {code}");
    }
}

#[tokio::test]
async fn waiting_room_is_silent() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({ "note": "booking-note-of-staff" })).await;
    let interpreter = gray.invite(&booked.visit, "interpreter", "Ines Interpreter").await;
    let family = gray.invite(&booked.visit, "family", "Fred Family").await;
    let mut patient = Guest::open(&clinic, &booked.secret).await;
    let (mut waiting, _) = patient.wait().await;

    let (mut host, host_seat) = gray.enter(&booked.visit).await;
    let mut ines = Guest::open(&clinic, &interpreter).await;
    let mut fred = Guest::open(&clinic, &family).await;
    let (mut ines_socket, _) = ines.wait().await;
    let (mut fred_socket, _) = fred.wait().await;
    let secrets = [
        "Ines Interpreter",
        "Fred Family",
        "before-admission",
        "while-put-back",
        "after-removal",
        "note-for-fred",
        "booking-note-of-staff",
        &host_seat,
        &ines.seat,
        &fred.seat,
    ];

    // Life in and around the room.
    host.say(json!({ "type": "note", "seat": fred.seat, "id": "w1", "text": "note-for-fred" }))
        .await;
    fred_socket.wait("note").await;
    admit(&mut host, &ines.seat, &mut ines_socket).await;
    admit(&mut host, &fred.seat, &mut fred_socket).await;
    ines_socket.say(json!({ "type": "sending", "mic": true, "camera": true })).await;
    ines_socket.say(json!({ "type": "share", "on": true })).await;
    for (n, socket) in [&mut host, &mut ines_socket, &mut fred_socket].into_iter().enumerate() {
        socket.say(chat(&format!("c{n}"), "before-admission")).await;
        socket.wait("chat").await;
    }
    host.say(json!({ "type": "mute_other", "seat": ines.seat })).await;
    ines_socket.wait("muted_by_clinic").await;
    host.say(json!({ "type": "put_back", "seat": fred.seat })).await;
    fred_socket.until(|m| m["because"] == "put_back").await;
    admit(&mut host, &fred.seat, &mut fred_socket).await;
    fred_socket.say(json!({ "type": "leave" })).await;
    fred_socket.wait("ended").await;

    // The patient asks in every way there is.
    pry(&mut waiting, &patient.seat, &ines.seat).await;
    let said = waiting.settle().await;
    assert!(said.iter().all(|m| OWN_MESSAGES.contains(&kind(m).as_str())));
    let browser = &mut patient.browser;
    let own = json!({ "visit": patient.visit, "seat": patient.seat });
    browser.post("/api/link/look", &json!({ "secret": booked.secret })).await.good();
    browser.post("/api/seat/mine", &json!({})).await.good();
    browser.post("/api/seat/token", &own).await.good();
    let stolen = json!({ "visit": patient.visit, "seat": ines.seat });
    assert_eq!(browser.post("/api/seat/token", &stolen).await.code(), "no_such_visit");
    let as_staff = json!({ "visit": patient.visit });
    assert_eq!(browser.post("/api/seat/token", &as_staff).await.code(), "not_signed_in");
    assert_eq!(browser.post("/api/board/token", &json!({})).await.code(), "not_signed_in");
    for path in ["/v", "/clinic", "/api/me", "/api/clinic", "/metrics", "/healthz"] {
        browser.get(path).await;
    }
    let heard = patient.browser.heard(0);
    assert!(heard.contains("\"type\":\"waiting\""), "the recorder hears the socket");
    assert_silent(&heard, &secrets, "waiting");

    // Admitted: the room, and the chat from now on.
    clinic.clock.advance(Duration::from_s(1));
    host.say(json!({ "type": "admit", "seat": patient.seat })).await;
    let room = waiting.wait("room").await.to_string();
    assert!(room.contains("Ines Interpreter") && room.contains(&host_seat));
    assert!(!room.contains("Fred Family"), "who waits is for staff to know");
    host.say(chat("d1", "welcome-in")).await;
    let line = waiting.wait("chat").await;
    assert_eq!(chat_texts(&[line]), ["welcome-in"]);
    assert!(!patient.browser.heard(0).contains("before-admission"));

    // Put back: silent again.
    host.say(json!({ "type": "put_back", "seat": patient.seat })).await;
    waiting.until(|m| m["because"] == "put_back").await;
    let from = patient.browser.heard_bytes();
    host.say(chat("e1", "while-put-back")).await;
    host.wait("chat").await;
    ines_socket.say(json!({ "type": "sending", "mic": true, "camera": false })).await;
    ines_socket.settle().await;
    pry(&mut waiting, &patient.seat, &ines.seat).await;
    assert_silent(&patient.browser.heard(from), &secrets, "put back");

    // Removed: silent for good, also on a new socket and for the link.
    clinic.clock.advance(Duration::from_s(1));
    host.say(json!({ "type": "admit", "seat": patient.seat })).await;
    waiting.wait("room").await;
    let token = patient.token().await;
    host.say(json!({ "type": "remove", "seat": patient.seat })).await;
    waiting.wait("removed").await;
    let from = patient.browser.heard_bytes();
    host.say(chat("f1", "after-removal")).await;
    host.wait("chat").await;
    assert!(waiting.rest().await.is_empty(), "the socket is closed");
    let mut again = patient.browser.hello(&token, json!({})).await;
    for message in again.rest().await {
        assert!(["removed", "error"].contains(&kind(&message).as_str()), "{}", kind(&message));
    }
    patient.browser.post("/api/link/look", &json!({ "secret": booked.secret })).await;
    patient.browser.post("/api/link/open", &json!({ "secret": booked.secret })).await;
    patient.browser.post("/api/seat/mine", &json!({})).await;
    patient.browser.post("/api/seat/token", &own).await;
    assert_silent(&patient.browser.heard(from), &secrets, "removed");
}

#[tokio::test]
async fn a_removed_persons_link_is_dead() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, guest: mut patient, patient: mut page } =
        waiting(&clinic).await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    host.say(json!({ "type": "remove", "seat": patient.seat })).await;
    page.wait("removed").await;
    let look = patient.browser.post("/api/link/look", &json!({ "secret": booked.secret })).await;
    assert_eq!(look.code(), "no_such_visit");
    let open = patient.browser.post("/api/link/open", &json!({ "secret": booked.secret })).await;
    assert_eq!(open.code(), "no_such_visit");
    let own = json!({ "visit": patient.visit, "seat": patient.seat });
    assert_eq!(patient.browser.post("/api/seat/token", &own).await.code(), "no_such_visit");
}
