//! Attacks on signalling that cost the attacker nothing: not reading, not speaking, not finishing.
//! Whoever means well gets through meanwhile.

use crate::common::people::{InRoom, chat, chat_texts, in_room};
use crate::common::{Clinic, PATIENCE};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use visit::Duration;

/// More than the kernel's buffers and the queue of a socket hold together.
const LINES: usize = 1_500;
/// The largest chat line, in bytes.
const LINE_BYTES: usize = 8_000;

#[tokio::test]
async fn a_page_that_never_reads_costs_bounded_memory_and_the_visit_goes_on() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut host, mut patient, guest, .. } = in_room(&clinic).await;
    host.settle().await;
    patient.settle().await;
    let before = guest.browser.heard_bytes();
    let line = "🙂".repeat(LINE_BYTES / 4);
    let mut echoed = 0;
    for n in 0..LINES {
        host.say(chat(&format!("n{n}"), &line)).await;
        if n % 10 == 9 {
            clinic.clock.advance(Duration::from_s(1));
            echoed += chat_texts(&host.settle().await).len();
        }
    }
    assert_eq!(echoed, LINES, "the host is served as before");
    // Reading again until the server answers. While its queue is full an answer may be dropped.
    for n in 1_000_000_u64.. {
        clinic.clock.advance(Duration::from_s(1));
        patient.say(json!({ "type": "ping", "n": n })).await;
        match patient.next().await {
            Some(message) if message["type"] == "pong" => break,
            Some(_) => {}
            // Being cut off is just as good.
            None => break,
        }
    }
    let kept = guest.browser.heard_bytes() - before;
    assert!(kept < LINES * LINE_BYTES * 2 / 3, "{kept} bytes were kept for a page that never read");
    assert_eq!(echoed, LINES);
    host.settle().await;
}

#[tokio::test]
async fn five_hundred_silent_sockets_hinder_nobody_and_are_closed() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut host, mut patient, guest, .. } = in_room(&clinic).await;
    let mut silent = Vec::new();
    for _ in 0..500 {
        silent.push(guest.browser.socket().await.expect("a socket"));
    }
    host.say(chat("one", "still here")).await;
    patient.wait("chat").await;
    for socket in &mut silent {
        assert!(socket.rest().await.is_empty(), "told something before its hello");
    }
    host.settle().await;
    patient.settle().await;
}

#[tokio::test]
async fn a_thousand_half_sent_requests_hinder_nobody_and_are_closed() {
    let clinic = Clinic::sqlite().await;
    let mut halves = Vec::new();
    for n in 0..1_000 {
        let mut stream = TcpStream::connect(clinic.address).await.expect("a connection");
        let head = ["", "P", "POST /api/link/look HTTP/1.1\r\nhost: ", "GET / HTTP/1.1\r\n"][n % 4];
        stream.write_all(head.as_bytes()).await.expect("the server takes it");
        halves.push(stream);
    }
    let InRoom { mut host, .. } = in_room(&clinic).await;
    host.settle().await;
    let closed = async {
        for stream in &mut halves {
            // An answer may come first (408); what counts is the end.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("whoever does not finish a request is closed");
}
