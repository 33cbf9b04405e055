//! Sockets that break the rules get a stable code, and nobody else notices.

use crate::common::Clinic;
use crate::common::browser::{Browser, Socket};
use crate::common::people::{Booked, Guest, Staff};
use protocol::PROTOCOL_VERSION;
use serde_json::json;
use std::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use visit::Duration;

/// A visit that has nothing to do with the trouble.
struct Bystander {
    socket: Socket,
    _guest: Guest,
}

impl Bystander {
    async fn new(clinic: &Clinic, staff: &mut Staff) -> Self {
        let booked = staff.book(json!({})).await;
        let mut guest = Guest::open(clinic, &booked.secret).await;
        let (socket, _) = guest.wait().await;
        Self { socket, _guest: guest }
    }

    async fn is_undisturbed(&mut self) {
        let seen = self.socket.settle().await;
        assert!(seen.iter().all(|m| m["type"] == "waiting"), "only the queue may have moved");
    }
}

struct Scene {
    clinic: Clinic,
    bystander: Bystander,
    guest: Guest,
    _booked: Booked,
}

async fn scene() -> Scene {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let bystander = Bystander::new(&clinic, &mut gray).await;
    let booked = gray.book(json!({})).await;
    let guest = Guest::open(&clinic, &booked.secret).await;
    Scene { clinic, bystander, guest, _booked: booked }
}

#[tokio::test]
async fn pages_of_other_sites_get_no_socket() {
    let mut scene = scene().await;
    let own = scene.guest.browser.host.clone();
    for origin in
        [None, Some("https://evil.example"), Some("null"), Some(&format!("https://{own}"))]
    {
        scene.guest.browser.origin = origin.map(str::to_owned);
        let refused = scene.guest.browser.socket().await.err().expect("refused");
        assert_eq!(refused, (403, "bad_origin".to_owned()));
    }
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_token_opens_one_socket_within_a_minute_in_its_own_browser() {
    let mut scene = scene().await;
    let expired = |code: String| assert_eq!(code, "token_expired");

    let token = scene.guest.token().await;
    let mut first = scene.guest.browser.hello(&token, json!({})).await;
    first.wait("welcome").await;
    let mut second = scene.guest.browser.hello(&token, json!({})).await;
    expired(second.refusal().await);
    assert!(second.rest().await.is_empty(), "closed");
    first.settle().await;

    let token = scene.guest.token().await;
    let mut stranger = Browser::new(&scene.clinic).hello(&token, json!({})).await;
    expired(stranger.refusal().await);
    let mut burnt = scene.guest.browser.hello(&token, json!({})).await;
    expired(burnt.refusal().await);

    let token = scene.guest.token().await;
    scene.clinic.clock.advance(Duration::from_s(61));
    expired(scene.guest.browser.hello(&token, json!({})).await.refusal().await);

    for nonsense in ["", "x", &"A".repeat(43), &"A".repeat(128)] {
        expired(scene.guest.browser.hello(nonsense, json!({})).await.refusal().await);
    }
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_socket_begins_with_a_hello_of_this_protocol() {
    let mut scene = scene().await;
    let token = scene.guest.token().await;
    for (first, code) in [
        (json!({ "type": "ping", "n": 1 }), "bad_message"),
        (
            json!({ "type": "hello", "protocol": PROTOCOL_VERSION + 1, "token": token }),
            "protocol_version",
        ),
    ] {
        let mut socket = scene.guest.browser.socket().await.expect("a socket");
        assert_eq!(socket.refused(first).await, code);
        assert!(socket.rest().await.is_empty(), "closed");
    }
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_socket_that_never_says_hello_is_closed_after_ten_seconds() {
    let mut scene = scene().await;
    let opened = Instant::now();
    let mut socket = scene.guest.browser.socket().await.expect("a socket");
    // A sign of life is not a hello.
    socket.say_frame(Message::Ping(vec![1].into())).await;
    assert!(socket.rest().await.is_empty(), "closed without a word");
    assert!(opened.elapsed().as_secs() >= 10, "and not before");
    scene.guest.connect().await.wait("welcome").await;
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn malformed_messages_are_refused_and_the_socket_goes_on() {
    let mut scene = scene().await;
    let mut socket = scene.guest.connect().await;
    socket.wait("welcome").await;
    let hello = json!({ "type": "hello", "protocol": protocol::PROTOCOL_VERSION, "token": "x" });
    assert_eq!(socket.refused(hello).await, "bad_message");
    for text in [
        "",
        "nonsense",
        "[]",
        r#"{"type":"unheard_of"}"#,
        r#"{"type":"ping","n":1,"unknown":2}"#,
        r#"{"type":"ping","n":1,"n":2}"#,
        r#"{"type":"wait","type":"wait"}"#,
        r#"{"type":"ping","n":-1}"#,
        r#"{"type":"chat","id":"","text":"x"}"#,
    ] {
        socket.say_text(text.to_owned()).await;
        assert_eq!(socket.refusal().await, "bad_message", "{text}");
    }
    socket.say_frame(Message::Binary(vec![0; 16].into())).await;
    assert_eq!(socket.refusal().await, "bad_message");
    socket.settle().await;
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_message_of_65_kb_ends_the_socket() {
    let mut scene = scene().await;
    let mut socket = scene.guest.connect().await;
    socket.wait("welcome").await;
    socket.say_text("x".repeat(65 * 1024)).await;
    assert_eq!(socket.refusal().await, "message_too_large");
    assert!(socket.rest().await.is_empty(), "closed");
    scene.guest.connect().await.wait("welcome").await;
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn two_hundred_messages_at_once_are_too_fast() {
    let mut scene = scene().await;
    let mut socket = scene.guest.connect().await;
    socket.wait("welcome").await;
    for n in 0..200 {
        socket.say(json!({ "type": "ping", "n": n })).await;
    }
    let seen = socket.rest().await;
    let pongs = seen.iter().filter(|m| m["type"] == "pong").count();
    let refused = seen.iter().filter(|m| m["error"]["code"] == "too_fast").count();
    assert_eq!(refused, 21, "then the socket is closed");
    assert!(pongs <= 59, "the burst is 60, and the hello was one of them");
    scene.guest.connect().await.wait("welcome").await;
    scene.bystander.is_undisturbed().await;
}

#[tokio::test]
async fn nothing_but_nonsense_closes_the_socket() {
    let mut scene = scene().await;
    let mut socket = scene.guest.connect().await;
    socket.wait("welcome").await;
    for _ in 0..25 {
        socket.say_text("nonsense".to_owned()).await;
    }
    let seen = socket.rest().await;
    let refused = seen.iter().filter(|m| m["error"]["code"] == "bad_message").count();
    assert_eq!(refused, 21, "then the socket is closed");
    scene.guest.connect().await.wait("welcome").await;
    scene.bystander.is_undisturbed().await;
}
