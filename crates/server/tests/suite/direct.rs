//! Two people talk past the forwarding unit: by whose word, what is passed on, and that the unit has
//! everything back before the direct way ends.

use crate::common::Clinic;
use crate::common::browser::{kind, text};
use crate::common::media::Page;
use crate::common::people::{Guest, InRoom, Staff, in_room};
use crate::silence::{OWN_MESSAGES, assert_silent};
use serde_json::{Value, json};
use visit::{Duration, Source};

/// The text of consent that says that an address is seen.
const DIRECT_TEXT: &str = "visit-2026-11-direct";

/// Clinician and patient in the call with media, and the patient has agreed to the text.
struct Two {
    gray: Staff,
    visit: String,
    guest: Guest,
    host_seat: String,
    host: Page,
    patient: Page,
}

async fn two(clinic: &Clinic) -> Two {
    let InRoom { mut gray, booked, host, host_seat, mut guest, patient } = in_room(clinic).await;
    drop((host, patient));
    let mut host = Page::sending(gray.connect(&booked.visit).await);
    let mut patient = Page::sending(guest.connect().await);
    host.sees(&[&guest.seat]).await;
    patient.sees(&[&host_seat]).await;
    let both = |m: &Value| {
        let people = m["people"].as_array();
        people.is_some_and(|p| p.len() == 2 && p.iter().all(|p| p["state"] == "in_call"))
    };
    host.until(both).await;
    patient.until(both).await;
    Two { gray, visit: booked.visit, guest, host_seat, host, patient }
}

fn agree() -> Value {
    json!({
        "type": "consent", "purpose": "visit", "decision": "given",
        "text_version": DIRECT_TEXT, "locale": "en",
    })
}

/// Both are told to try. The number of the attempt.
async fn opened(clinic: &Clinic, two: &mut Two) -> u64 {
    two.patient.say(agree());
    two.patient.settle().await;
    clinic.clock.advance(Duration::from_s(2));
    let to_host = two.host.wait("direct_open").await;
    let to_patient = two.patient.wait("direct_open").await;
    assert_eq!((&to_host["offers"], &to_patient["offers"]), (&json!(true), &json!(false)));
    assert_eq!(to_host["seat"], two.guest.seat.as_str());
    assert_eq!(to_patient["seat"], two.host_seat.as_str());
    assert_eq!(to_host["relay_only"], false);
    assert_eq!(to_host["attempt"], to_patient["attempt"]);
    to_host["attempt"].as_u64().expect("a number")
}

fn signal(attempt: u64, signal: Value) -> Value {
    json!({ "type": "direct_signal", "attempt": attempt, "signal": signal })
}

fn candidate(n: usize) -> Value {
    json!({ "kind": "candidate", "candidate": format!("candidate:{n}"), "mid": "0" })
}

/// Offer and answer go through, and both say that everything arrives.
async fn flowing(clinic: &Clinic, two: &mut Two) -> u64 {
    let attempt = opened(clinic, two).await;
    for (offers, words) in [
        (true, json!({ "kind": "offer", "sdp": "canary-of-the-host" })),
        (false, json!({ "kind": "answer", "sdp": "canary-of-the-patient" })),
        (true, candidate(1)),
        (false, candidate(2)),
    ] {
        let (from, to) = match offers {
            true => (&mut two.host, &mut two.patient),
            false => (&mut two.patient, &mut two.host),
        };
        from.say(signal(attempt, words.clone()));
        let heard = to.wait("direct_signal").await;
        assert_eq!(heard, signal(attempt, words));
    }
    let up = json!({ "type": "direct_up", "attempt": attempt });
    two.host.say(up.clone());
    two.host.settle().await;
    two.patient.say(up);
    two.host.wait("direct_on").await;
    two.patient.wait("direct_on").await;
    attempt
}

#[tokio::test]
async fn the_unit_rests_while_both_flow_and_is_back_before_a_third_is_seen() {
    let clinic = Clinic::direct().await;
    let mut two = two(&clinic).await;
    let attempt = flowing(&clinic, &mut two).await;
    let stats = || clinic.app.core.sfu.stats();
    // The unit counts what it holds back, and reports to the host every 2 s.
    let resting = stats().packets_muted;
    while stats().packets_muted < resting + 100 {
        two.host.wait("quality").await;
    }
    let (forwarded, held) = (stats().packets_forwarded, stats().packets_muted);
    while stats().packets_muted < held + 200 {
        two.host.wait("quality").await;
    }
    assert_eq!(stats().packets_forwarded, forwarded, "nothing is forwarded between the two");

    let family = two.gray.invite(&two.visit, "family", "Fred Family").await;
    let mut fred = Guest::open(&clinic, &family).await;
    let (socket, _) = fred.wait().await;
    let fred_page = Page::of(socket);
    two.host.say(json!({ "type": "admit", "seat": fred.seat }));
    for page in [&mut two.host, &mut two.patient] {
        let close = page.wait("direct_close").await;
        assert_eq!(close, json!({ "type": "direct_close", "attempt": attempt, "at_once": false }));
    }
    while !two.host.sources(20).await.contains(&Source::Camera) {}
    while !two.patient.sources(20).await.contains(&Source::Camera) {}
    drop(fred_page);
    // Late words about it reach nobody.
    two.host.say(signal(attempt, candidate(3)));
    two.host.settle().await;
    two.patient.say(json!({ "type": "ping", "n": 77 }));
    let heard = two.patient.until(|m| ["pong", "direct_signal"].contains(&kind(m).as_str())).await;
    assert_eq!(kind(&heard), "pong");
    assert_eq!(clinic.audited(audit::Kind::DirectOpened).await, 1);
    assert_eq!(clinic.audited(audit::Kind::DirectClosed).await, 1);
    assert!(!clinic.audit_text().await.contains("canary"));
}

#[tokio::test]
async fn over_the_relay_alone_the_usual_consent_is_enough() {
    let clinic = Clinic::direct_by_relay().await;
    let mut two = two(&clinic).await;
    clinic.clock.advance(Duration::from_s(2));
    for page in [&mut two.host, &mut two.patient] {
        assert_eq!(page.wait("direct_open").await["relay_only"], true);
    }
}

#[tokio::test]
async fn nobody_outside_hears_of_a_direct_way() {
    let clinic = Clinic::direct().await;
    let mut two = two(&clinic).await;
    let family = two.gray.invite(&two.visit, "family", "Fred Family").await;
    let mut fred = Guest::open(&clinic, &family).await;
    let (mut waiting, _) = fred.wait().await;
    let attempt = flowing(&clinic, &mut two).await;
    let code = waiting.refused(signal(attempt, candidate(9))).await;
    assert_eq!(code, "wrong_state");
    let said = waiting.settle().await;
    assert!(said.iter().all(|m| OWN_MESSAGES.contains(&kind(m).as_str())));
    let secrets = ["canary", "candidate:", two.guest.seat.as_str(), two.host_seat.as_str()];
    assert_silent(&fred.browser.heard(0), &secrets, "waiting beside a direct way");
}

#[tokio::test]
async fn who_is_removed_leaves_nothing_open_behind() {
    let clinic = Clinic::direct().await;
    let mut two = two(&clinic).await;
    flowing(&clinic, &mut two).await;
    two.host.say(json!({ "type": "remove", "seat": two.guest.seat }));
    assert_eq!(two.host.wait("direct_close").await["at_once"], true);
    two.patient.wait("removed").await;
}

#[tokio::test]
async fn without_consent_to_the_text_nobody_is_asked_to_try() {
    let clinic = Clinic::direct().await;
    let mut two = two(&clinic).await;
    // The patient came by the older text. Only with the newer answer does it begin.
    clinic.clock.advance(Duration::from_s(60));
    let first = |m: &Value| ["quality", "direct_open"].contains(&kind(m).as_str());
    // The unit reports every 2 s, the visit looks every second.
    for _ in 0..3 {
        assert_eq!(kind(&two.host.until(first).await), "quality");
    }
    opened(&clinic, &mut two).await;
}

#[tokio::test]
async fn what_is_passed_on_is_bounded_and_in_order() {
    let clinic = Clinic::direct().await;
    let mut two = two(&clinic).await;
    let attempt = opened(&clinic, &mut two).await;
    let offer = || signal(attempt, json!({ "kind": "offer", "sdp": "v=0" }));
    let answer = || signal(attempt, json!({ "kind": "answer", "sdp": "v=0" }));
    let up = || json!({ "type": "direct_up", "attempt": attempt });
    let refused = async |page: &mut Page, message: Value| {
        page.say(message);
        text(&page.wait("error").await["error"]["code"])
    };
    assert_eq!(refused(&mut two.patient, offer()).await, "wrong_state", "the other one offers");
    assert_eq!(refused(&mut two.patient, answer()).await, "wrong_state", "nothing to answer yet");
    assert_eq!(refused(&mut two.host, up()).await, "wrong_state", "nothing was agreed");
    two.host.say(offer());
    two.patient.wait("direct_signal").await;
    assert_eq!(refused(&mut two.host, offer()).await, "wrong_state", "one offer each time");
    two.patient.say(answer());
    two.host.wait("direct_signal").await;
    assert_eq!(refused(&mut two.patient, answer()).await, "wrong_state");
    for n in 0..protocol::limits::MAX_DIRECT_CANDIDATES as usize {
        two.host.say(signal(attempt, candidate(n)));
        two.patient.wait("direct_signal").await;
    }
    assert_eq!(refused(&mut two.host, signal(attempt, candidate(99))).await, "too_fast");

    // One says that it does not work: both are told, and the next try waits.
    two.patient.say(json!({ "type": "direct_down", "attempt": attempt }));
    two.host.wait("direct_close").await;
    two.patient.wait("direct_close").await;
    clinic.clock.advance(Duration::from_s(30));
    assert_eq!(two.host.wait("direct_open").await["attempt"], attempt + 1);
}
