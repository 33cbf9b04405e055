//! Calls with real media: who gets it, and that it ends when it must.

use crate::common::Clinic;
use crate::common::browser::{Socket, kind, text};
use crate::common::media::{Page, candidate};
use crate::common::people::{Guest, InRoom, Staff, Waiting, consent, in_room, waiting};
use crate::silence::{OWN_MESSAGES, assert_silent, pry};
use protocol::{ErrorCode, ServerMessage};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::UdpSocket;
use store::UserRole;
use visit::Source;

/// A guest with this link, let in by the host, with media.
async fn join(clinic: &Clinic, host: &Page, secret: &str) -> (Guest, Page) {
    let mut guest = Guest::open(clinic, secret).await;
    let (socket, _) = guest.wait().await;
    let page = let_in(host, &guest.seat, socket).await;
    (guest, page)
}

async fn let_in(host: &Page, seat: &str, mut socket: Socket) -> Page {
    host.say(json!({ "type": "admit", "seat": seat }));
    socket.wait("room").await;
    Page::sending(socket)
}

#[tokio::test]
async fn six_people_hear_and_see_each_other() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let mut owen = Staff::of(&clinic, "o@clinic.example", "Dr. Owen", UserRole::Clinician).await;
    let booked = gray.book(json!({})).await;
    let (socket, host_seat) = gray.enter(&booked.visit).await;
    let host = Page::sending(socket);
    gray.invite_colleague(&booked.visit, owen.user).await;
    let (socket, owen_seat) = owen.enter(&booked.visit).await;
    let (mut seats, mut pages) = (vec![host_seat, owen_seat], vec![Page::sending(socket)]);
    let mut secrets = vec![booked.secret.clone()];
    for (role, name) in [("interpreter", "Ines"), ("family", "Fred"), ("family", "Fay")] {
        secrets.push(gray.invite(&booked.visit, role, name).await);
    }
    for secret in &secrets {
        let (guest, page) = join(&clinic, &host, secret).await;
        seats.push(guest.seat);
        pages.push(page);
    }
    pages.insert(0, host);

    for (n, page) in pages.iter_mut().enumerate() {
        let others: Vec<&str> = others(&seats, n).collect();
        page.sees(&others).await;
        page.flows(others.len() * 2).await;
    }
    for (n, page) in pages.iter().enumerate() {
        let got = page.stop_media().await;
        for source in [Source::Mic, Source::Camera] {
            let from = got.iter().filter(|t| t.source == source && t.packets > 0);
            let from: BTreeSet<&str> = from.map(|t| t.seat.as_str()).collect();
            assert!(from == others(&seats, n).collect(), "person {n}, {}", source.as_str());
        }
    }
    assert_eq!(clinic.app.core.sfu.stats().panics, 0);
}

fn others(seats: &[String], own: usize) -> impl Iterator<Item = &str> {
    seats.iter().enumerate().filter(move |(n, _)| *n != own).map(|(_, s)| s.as_str())
}

#[tokio::test]
async fn waiting_room_is_silent_beside_a_call_with_media() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, guest, patient: mut waiting } = waiting(&clinic).await;
    let interpreter = gray.invite(&booked.visit, "interpreter", "Ines Interpreter").await;
    let family = gray.invite(&booked.visit, "family", "Fred Family").await;
    let (socket, host_seat) = gray.enter(&booked.visit).await;
    let mut host = Page::sending(socket);
    let server = candidate(&text(&host.wait("offer").await["sdp"]));
    let (ines, mut ines_page) = join(&clinic, &host, &interpreter).await;
    let (fred, mut fred_page) = join(&clinic, &host, &family).await;
    let inside = [host_seat.as_str(), &ines.seat, &fred.seat];

    // A whole call: pictures, sound, a speaker, quality, and a path that is too narrow.
    host.sees(&[&ines.seat, &fred.seat]).await;
    ines_page.sees(&[&host_seat, &fred.seat]).await;
    host.hears(&["quality", "speaking"]).await;
    fred_page.hears(&["speaking"]).await;
    host.lose_media();
    host.hears(&["video_paused"]).await;

    // The patient asks by the socket, and by UDP as far as one can without a transport.
    pry(&mut waiting, &guest.seat, &ines.seat).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
    stranger.set_nonblocking(true).expect("sets");
    let binding_request = [
        &[0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42][..], // RFC 8489 §5, without attributes
        &[7; 12],
    ];
    for datagram in [binding_request.concat(), vec![0x80; 60], vec![0x16; 60], vec![0xff; 1_000]] {
        stranger.send_to(&datagram, server).expect("loopback");
    }
    ines_page.receives(100).await;
    let nothing = stranger.recv_from(&mut [0; 2_000]).map(|_| ()).map_err(|e| e.kind());
    assert_eq!(nothing, Err(ErrorKind::WouldBlock), "no datagram to somebody outside");
    assert_eq!(clinic.app.core.sfu.stats().transports, 3, "one for each person inside");

    let said = waiting.settle().await;
    assert!(said.iter().all(|m| OWN_MESSAGES.contains(&kind(m).as_str())));
    let mut secrets = vec!["Ines Interpreter", "Fred Family"];
    secrets.extend(inside);
    assert_silent(&guest.browser.heard(0), &secrets, "waiting beside media");
}

/// How somebody's part in a call ends.
#[derive(Clone, Copy, Debug)]
enum Way {
    Removed,
    PutBack,
    ConsentWithdrawn,
    LinkReplaced,
    Left,
}

/// From the moment on in which the others are told to take somebody's media off the page, the server
/// sends that person nothing.
async fn not_a_packet_after(way: Way) {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, host, host_seat, guest, patient } = in_room(&clinic).await;
    let family = gray.invite(&booked.visit, "family", "Fred Family").await;
    // The visit's page is opened again, so that no offer was missed.
    drop((host, patient));
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut guest = guest;
    let mut patient = Page::sending(guest.connect().await);
    let (fred, mut fred_page) = join(&clinic, &host, &family).await;
    patient.sees(&[&host_seat, &fred.seat]).await;
    host.sees(&[&guest.seat, &fred.seat]).await;

    // Media flows over the wire that is listened to.
    patient.receives(150).await;
    // Offers of before are not those that are waited for.
    host.settle().await;
    fred_page.settle().await;
    match way {
        Way::Removed => host.say(json!({ "type": "remove", "seat": guest.seat })),
        Way::PutBack => host.say(json!({ "type": "put_back", "seat": guest.seat })),
        Way::ConsentWithdrawn => patient.say(consent("withdrawn")),
        Way::LinkReplaced => {
            gray.fresh_link(&booked).await;
        }
        Way::Left => patient.say(json!({ "type": "leave" })),
    }
    host.without(&guest.seat).await;
    fred_page.without(&guest.seat).await;
    let before = patient.sent_by_server().await;
    assert!(before > 100, "the wire is listened to");
    // Life goes on for the others, long enough for anything that is still on its way.
    fred_page.receives(200).await;
    host.receives(200).await;
    assert_eq!(patient.sent_by_server().await - before, 0, "{way:?}");
    assert_eq!(clinic.app.core.sfu.stats().transports, 2, "{way:?}");
    let told = match way {
        Way::Removed => json!({ "type": "removed" }),
        Way::PutBack => json!({ "type": "you", "state": "waiting", "because": "put_back" }),
        Way::ConsentWithdrawn => {
            json!({ "type": "you", "state": "consenting", "because": "consent_withdrawn" })
        }
        Way::LinkReplaced => {
            serde_json::to_value(ServerMessage::from(ErrorCode::LinkReplaced)).expect("a message")
        }
        Way::Left => json!({ "type": "ended", "reason": "you_left" }),
    };
    patient.until(|m| *m == told).await;
}

#[tokio::test]
async fn who_is_removed_gets_no_packet_after() {
    not_a_packet_after(Way::Removed).await;
}

#[tokio::test]
async fn who_is_put_back_gets_no_packet_after() {
    not_a_packet_after(Way::PutBack).await;
}

#[tokio::test]
async fn taking_consent_back_stops_media_at_once() {
    not_a_packet_after(Way::ConsentWithdrawn).await;
}

#[tokio::test]
async fn a_fresh_link_stops_the_media_of_the_older_one() {
    not_a_packet_after(Way::LinkReplaced).await;
}

#[tokio::test]
async fn who_leaves_gets_no_packet_after() {
    not_a_packet_after(Way::Left).await;
}

#[tokio::test]
async fn sound_only_stops_pictures_both_ways_and_everybody_sees_it() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, host, host_seat, mut guest, patient } = in_room(&clinic).await;
    drop((host, patient));
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut patient = Page::sending(guest.connect().await);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;

    patient.say(json!({ "type": "pictures", "pictures": "none" }));
    let seat = guest.seat.clone();
    let sound_only = |m: &serde_json::Value| {
        m["people"].as_array().is_some_and(|people| {
            people.iter().any(|p| {
                p["seat"] == seat.as_str() && p["pictures"] == "none" && p["camera"] == false
            })
        })
    };
    host.until(sound_only).await;
    // The switch of the camera lets nothing out while the choice stands.
    patient.say(json!({ "type": "sending", "mic": true, "camera": true }));
    patient.settle().await;
    // What was on its way has arrived; from here on there is sound, both ways, and nothing else.
    let sound = BTreeSet::from([Source::Mic]);
    host.receives(50).await;
    assert!(host.sources(100).await == sound, "nothing of the camera goes out");
    assert!(patient.sources(100).await == sound, "no picture comes in");

    // A new page of the same seat finds the choice as it was.
    drop(patient);
    let mut patient = Page::sending(guest.connect().await);
    let room = patient.until(sound_only).await;
    assert_eq!(room["people"].as_array().map(Vec::len), Some(2));
    assert!(patient.sources(100).await == sound, "also on a new transport");
    patient.say(json!({ "type": "pictures", "pictures": "full" }));
    patient.sees(&[&host_seat]).await;
    while !host.sources(50).await.contains(&Source::Camera) {}
}

#[tokio::test]
async fn after_a_crash_in_the_middle_of_media_both_see_each_other_again() {
    let clinic = Clinic::sqlite().await;
    let InRoom { mut gray, booked, host, host_seat, mut guest, patient } = in_room(&clinic).await;
    drop((host, patient));
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut patient = Page::sending(guest.connect().await);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;

    let (db, clock) = clinic.kill().await;
    while host.next().await.is_some() {}
    while patient.next().await.is_some() {}
    let clinic = Clinic::start(db, clock, None).await;
    guest.browser = guest.browser.towards(&clinic);
    gray.browser = gray.browser.towards(&clinic);
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut patient = Page::sending(guest.connect().await);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;
    host.flows(2).await;
    patient.flows(2).await;
    let room = host.until(|m| m["people"].as_array().is_some_and(|p| p.len() == 2)).await;
    assert_eq!(room["visit_state"], "in_progress");
    clinic.verify_audit().await;
}
