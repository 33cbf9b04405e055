//! The relay as pages get it: who is given rights to it, and when these end.

use crate::common::browser::{Browser, kind, text};
use crate::common::media::Page;
use crate::common::people::{InRoom, Staff, Waiting, consent, in_room, waiting};
use crate::common::turn::{Login, TurnClient};
use crate::common::{Clinic, METRICS_TOKEN};
use serde_json::{Value, json};
use visit::{Duration, VisitId};

/// A call of two, with the page of the patient and what it was given.
struct Call {
    room: InRoom,
    page: Page,
    login: Login,
}

async fn call(clinic: &Clinic) -> Call {
    let mut room = in_room(clinic).await;
    let mut page = Page::of(room.guest.connect().await);
    let login = Login::of(&page.wait("offer").await);
    // The host has heard of this page; what comes from here on is news.
    room.host.settle().await;
    Call { room, page, login }
}

/// Works now, and what is tried after the end does not.
struct Allocated {
    login: Login,
    held: TurnClient,
}

impl Allocated {
    async fn with(login: &Login) -> Self {
        let mut held = TurnClient::new(login).await;
        assert_eq!(held.allocate().await, Ok(()));
        assert_eq!(held.refresh().await, Ok(()));
        Self { login: login.clone(), held }
    }

    /// The allocation is gone, and neither it nor another can be had with these credentials.
    async fn is_dead(&mut self, clinic: &Clinic, visit: &str) {
        // Both have done by now what they were asked for before.
        let visit = VisitId::parse(visit).expect("an id");
        let asked = clinic.app.core.ask(clinic.app.org, visit, server::live::Call::BoardEntry);
        assert!(asked.await.is_ok());
        let report = clinic.app.core.relays.report().await.expect("it runs");
        assert_eq!(report.sizes.allocations, 0);
        assert_eq!(self.held.refresh().await, Err(401));
        assert_eq!(TurnClient::new(&self.login).await.allocate().await, Err(401));
    }
}

#[tokio::test]
async fn rights_to_the_relay_end_with_the_visit() {
    let clinic = Clinic::with_relay().await;
    let Call { mut room, mut page, login } = call(&clinic).await;
    let mut allocated = Allocated::with(&login).await;
    room.host.say(json!({ "type": "end", "outcome": "failed" })).await;
    page.wait("ended").await;
    allocated.is_dead(&clinic, &room.booked.visit).await;
}

#[tokio::test]
async fn rights_to_the_relay_end_with_ones_part_in_the_visit() {
    for way in ["remove", "put_back", "withdrawn", "fresh_link", "leave", "other_page"] {
        let clinic = Clinic::with_relay().await;
        let Call { mut room, page, login } = call(&clinic).await;
        let mut allocated = Allocated::with(&login).await;
        let seat = &room.guest.seat;
        match way {
            "remove" | "put_back" => room.host.say(json!({ "type": way, "seat": seat })).await,
            "withdrawn" => page.say(consent("withdrawn")),
            "fresh_link" => drop(room.gray.fresh_link(&room.booked).await),
            "leave" => page.say(json!({ "type": "leave" })),
            _ => {
                // The newer page gets a right of its own.
                let mut newer = Page::of(room.guest.connect().await);
                let fresh = Login::of(&newer.wait("offer").await);
                assert!(fresh.username != login.username);
                allocated.is_dead(&clinic, &room.booked.visit).await;
                Allocated::with(&fresh).await;
                continue;
            }
        }
        let without =
            |m: &Value| kind(m) == "room" && m["people"].as_array().is_some_and(|p| p.len() == 1);
        while !without(&room.host.next().await.expect("it is open")) {}
        allocated.is_dead(&clinic, &room.booked.visit).await;
    }
}

#[tokio::test]
async fn a_name_towards_the_relay_says_nothing_about_anybody() {
    let clinic = Clinic::with_relay().await;
    let Call { room, login, .. } = call(&clinic).await;
    for secret in [&room.booked.visit, &room.guest.seat, &room.host_seat] {
        assert!(!login.username.contains(secret.as_str()));
    }
    assert!(login.urls.iter().all(|url| url.starts_with("turn:127.0.0.1:")));
}

#[tokio::test]
async fn nobody_outside_is_told_of_the_relay() {
    let clinic = Clinic::with_relay().await;
    let Waiting { guest, mut patient, .. } = waiting(&clinic).await;
    patient.settle().await;
    assert!(!guest.browser.heard(0).contains("ice_servers"));
}

#[tokio::test]
async fn a_new_search_for_a_path_comes_with_fresh_rights_and_so_does_their_end() {
    let clinic = Clinic::with_relay().await;
    let Call { mut room, login, .. } = call(&clinic).await;
    let mut page = Page::sending(room.guest.connect().await);
    let first = page.wait("offer").await;
    let first = (Login::of(&first), text(&first["sdp"]));
    assert!(first.0.username != login.username, "another page");
    page.wait("media_up").await;
    clinic.clock.advance(Duration::from_s(2));
    page.say(json!({ "type": "restart_ice" }));
    let changed = |before: &(Login, String)| {
        let ufrag = ice_ufrag(&before.1);
        move |m: &Value| kind(m) == "offer" && ice_ufrag(&text(&m["sdp"])) != ufrag
    };
    let second = page.until(changed(&first)).await;
    let second = (Login::of(&second), text(&second["sdp"]));
    assert!(second.0.username != first.0.username);
    Allocated::with(&second.0).await;
    // Half an hour before the end the page is told to look for a path again, with fresh rights.
    clinic.clock.advance(Duration::from_min(4 * 60 - 29));
    let third = Login::of(&page.until(changed(&second)).await);
    assert!(third.username != second.0.username);
}

fn ice_ufrag(sdp: &str) -> String {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).expect("one").to_owned()
}

#[tokio::test]
async fn the_relays_figures_are_among_the_metrics_and_name_nobody() {
    let clinic = Clinic::with_relay().await;
    let Call { room, login, .. } = call(&clinic).await;
    let _allocated = Allocated::with(&login).await;
    let token = format!("Bearer {METRICS_TOKEN}");
    let mut anybody = Browser::new(&clinic);
    let metrics = anybody.request("GET", "/metrics", &[("authorization", &token)], "").await;
    let metrics = String::from_utf8(metrics.body).expect("a text");
    for line in ["relay_allocations 1", "relay_allocations_made 1", "relay_refused{code=\"401\"} 1"]
    {
        assert!(metrics.contains(&format!("bedside_{line}\n")), "{line}:\n{}", metrics);
    }
    let pseudonym = login.username.rsplit(':').next().unwrap_or_default();
    for secret in [&room.booked.visit, &room.guest.seat, pseudonym, "127.0.0.1"] {
        assert!(!metrics.contains(secret));
    }
}

#[tokio::test]
async fn staff_get_rights_too() {
    let clinic = Clinic::with_relay().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let (mut socket, _) = gray.enter(&booked.visit).await;
    let login = Login::of(&socket.wait("offer").await);
    Allocated::with(&login).await;
}
