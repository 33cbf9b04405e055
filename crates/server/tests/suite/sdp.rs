//! Answers that no browser would give.

use crate::common::Clinic;
use crate::common::people::{Waiting, waiting};
use serde_json::{Value, json};

fn answer(generation: &Value, sdp: &str) -> Value {
    json!({ "type": "answer", "generation": generation, "sdp": sdp })
}

#[tokio::test]
async fn bad_session_descriptions_get_stable_codes() {
    let clinic = Clinic::sqlite().await;
    let Waiting { mut gray, booked, mut guest, mut patient } = waiting(&clinic).await;
    let (mut host, _) = gray.enter(&booked.visit).await;
    host.say(json!({ "type": "admit", "seat": guest.seat })).await;
    let offer = patient.wait("offer").await;
    let generation = &offer["generation"];
    let offered = offer["sdp"].as_str().expect("an offer").to_owned();

    let many = format!("v=0\n{}", "m=\n".repeat(10_000));
    for (sdp, what) in [
        (many.as_str(), "10,000 m-lines"),
        ("v=0\r\n\0\0\0", "NUL bytes"),
        ("", "nothing"),
        ("v=0\r\n", "no media"),
        ("ünïcödé", "nonsense"),
        (
            &offered.replace("a=setup:actpass", "a=setup:nonsense").replace("m=audio", "m=tea"),
            "tea",
        ),
    ] {
        assert_eq!(patient.refused(answer(generation, sdp)).await, "bad_sdp", "{what}");
        host.settle().await;
    }
    let old = json!(generation.as_u64().unwrap_or_default() + 1);
    assert_eq!(patient.refused(answer(&old, &offered)).await, "stale_answer");
    let long = format!("v=0\r\ns={}", "x".repeat(60_000));
    assert_eq!(patient.refused(answer(generation, &long)).await, "sdp_too_large", "60 kB");
    let longer = "x".repeat(70_000);
    assert_eq!(patient.refused(answer(generation, &longer)).await, "message_too_large");
    assert!(patient.rest().await.iter().all(|m| m["type"] != "error"), "closed");

    // The other is still there, and so is the seat.
    let away = host.until(|m| m.to_string().contains("\"away\"")).await;
    assert_eq!(away["people"].as_array().map(Vec::len), Some(2));
    host.settle().await;
    let mut back = guest.connect().await;
    back.wait("offer").await;
    assert_eq!(guest.browser.get("/healthz").await.status, 200);
}
