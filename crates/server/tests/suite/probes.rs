//! Trials of the ways of audio and video, before anybody is let in.

use crate::common::browser::{Browser, text};
use crate::common::people::{Guest, Staff};
use crate::common::turn::{Login, TurnClient};
use crate::common::{Clinic, PATIENCE};
use auth::make_check_key;
use bench::hello::Offer;
use bench::ways::{DtlsAnswer, Try, Way};
use serde_json::{Value, json};
use std::time::Duration;
use visit::VisitId;

/// The key of a link that the console would print.
async fn key_of(clinic: &Clinic) -> String {
    let mut reader = clinic.store().read(clinic.app.org).await.expect("reads");
    make_check_key(&mut reader, clinic.clock.now()).await.expect("a key")
}

async fn begin(browser: &mut Browser, body: &Value) -> Value {
    browser.post("/api/net/probe", body).await.good()
}

/// Tries a way with an offer; gives whether it works.
async fn works(browser: &mut Browser, offer: &Value, way: Way) -> bool {
    let attempt = Try::begin(&text(&offer["sdp"]), way).await.expect("a socket");
    let answer = json!({ "probe": offer["probe"], "sdp": attempt.answer() });
    assert_eq!(browser.post("/api/net/probe/answer", &answer).await.status, 204);
    attempt.connect(PATIENCE).await.is_ok()
}

#[tokio::test]
async fn udp_and_tcp_are_tried_by_a_guest_by_staff_and_by_the_key_of_a_link() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(&clinic, &booked.secret).await;
    let mut stranger = Browser::new(&clinic);
    let key = json!({ "key": key_of(&clinic).await });
    let mine = json!({});
    let ports = clinic.app.core.sfu.ports();
    for way in [Way::Udp, Way::Tcp] {
        for (browser, body) in
            [(&mut guest.browser, &mine), (&mut gray.browser, &mine), (&mut stranger, &key)]
        {
            let offer = begin(browser, body).await;
            assert_eq!(offer["ports"], json!(ports));
            // One machine cannot tell that others reach it.
            assert_eq!((&offer["udp_seen"], &offer["tcp_seen"]), (&json!(false), &json!(false)));
            assert!(works(browser, &offer, way).await, "{way:?}");
        }
    }
}

#[tokio::test]
async fn weak_handshakes_are_not_taken_on_any_way() {
    let clinic = Clinic::sqlite().await;
    let mut stranger = Browser::new(&clinic);
    let key = json!({ "key": key_of(&clinic).await });
    for (way, offer, taken) in [
        (Way::Udp, Offer::V12, true),
        (Way::Udp, Offer::V10, false),
        (Way::Udp, Offer::V12Weak, false),
        (Way::Tcp, Offer::V12, true),
        (Way::Tcp, Offer::V12Weak, false),
    ] {
        let trial = begin(&mut stranger, &key).await;
        let attempt = Try::begin(&text(&trial["sdp"]), way).await.expect("a socket");
        let answer = json!({ "probe": trial["probe"], "sdp": attempt.answer() });
        assert_eq!(stranger.post("/api/net/probe/answer", &answer).await.status, 204);
        // What is not taken has to be waited for: there is no answer.
        let answer_within = if taken { PATIENCE } else { Duration::from_secs(1) };
        let answered = attempt.offer(offer, [7; 32], PATIENCE, answer_within).await.expect("a way");
        assert_eq!(answered == DtlsAnswer::Taken, taken, "{way:?} {offer:?}: {answered:?}");
    }
}

#[tokio::test]
async fn nobody_else_gets_a_trial_and_a_trial_has_nobody_else_in_it() {
    let clinic = Clinic::sqlite().await;
    let mut stranger = Browser::new(&clinic);
    let none = stranger.post("/api/net/probe", &json!({})).await;
    assert_eq!((none.status, none.code().as_str()), (401, "not_signed_in"));
    let odd = stranger.post("/api/net/probe", &json!({ "key": "none of ours" })).await;
    assert_eq!((odd.status, odd.code().as_str()), (404, "no_such_visit"));
    assert_eq!(*clinic.app.core.probes.count().borrow(), 0);

    // A key that has ended is none.
    let key = key_of(&clinic).await;
    clinic.clock.advance(auth::check_key::CHECK_KEY_LIFE);
    let late = stranger.post("/api/net/probe", &json!({ "key": key })).await;
    assert_eq!(late.status, 404);

    let key = json!({ "key": key_of(&clinic).await });
    let (one, two) = (begin(&mut stranger, &key).await, begin(&mut stranger, &key).await);
    assert_ne!(one["probe"], two["probe"], "each has a room of its own");
    let sdp = text(&one["sdp"]);
    assert_eq!(sdp.matches("\r\nm=").count(), 1, "one line, the data channel");
    assert!(sdp.contains("m=application"));

    // Answers to nothing, and answers that are none.
    let unknown = json!({ "probe": VisitId::new(1, 1).to_text(), "sdp": sdp });
    assert_eq!(stranger.post("/api/net/probe/answer", &unknown).await.status, 404);
    let nonsense = json!({ "probe": one["probe"], "sdp": "nonsense" });
    assert_eq!(stranger.post("/api/net/probe/answer", &nonsense).await.status, 204);
    // The refusal costs nobody anything: the same trial still works, and so does the other.
    assert!(works(&mut stranger, &one, Way::Udp).await);
    assert!(works(&mut stranger, &two, Way::Tcp).await);
}

#[tokio::test]
async fn one_network_gets_so_many_and_a_trial_that_is_done_makes_room() {
    let clinic = Clinic::sqlite().await;
    let mut stranger = Browser::new(&clinic);
    let key = json!({ "key": key_of(&clinic).await });
    let mut offers = Vec::new();
    let refused = loop {
        let answer = stranger.post("/api/net/probe", &key).await;
        if answer.status != 200 {
            break answer;
        }
        offers.push(answer.good());
        assert!(offers.len() <= 16, "there is a bound");
    };
    assert_eq!((offers.len(), refused.code().as_str()), (16, "too_fast"));
    // Connecting ends with a goodbye, which frees its place.
    assert!(works(&mut stranger, &offers[0], Way::Udp).await);
    let mut count = clinic.app.core.probes.count();
    let freed = tokio::time::timeout(PATIENCE, count.wait_for(|n| *n < 16)).await;
    assert!(freed.expect("the goodbye is heard").is_ok());
    begin(&mut stranger, &key).await;
}

#[tokio::test]
async fn a_right_to_try_relays_ends_with_its_trial() {
    let clinic = Clinic::with_relay().await;
    let mut stranger = Browser::new(&clinic);
    let key = json!({ "key": key_of(&clinic).await });
    let offer = begin(&mut stranger, &key).await;
    let login = Login::of(&offer);
    let mut held = TurnClient::new(&login).await;
    assert_eq!(held.allocate().await, Ok(()));
    // Connecting ends with a goodbye, and that ends the trial.
    assert!(works(&mut stranger, &offer, Way::Udp).await);
    let mut count = clinic.app.core.probes.count();
    let ended = tokio::time::timeout(PATIENCE, count.wait_for(|n| *n == 0)).await;
    assert!(ended.expect("the goodbye is heard").is_ok());
    let report = clinic.app.core.relays.report().await.expect("it runs");
    assert_eq!(report.sizes.allocations, 0);
    assert_eq!(held.refresh().await, Err(401));
    assert_eq!(TurnClient::new(&login).await.allocate().await, Err(401));
}
