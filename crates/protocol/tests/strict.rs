//! What comes in is read strictly.

use protocol::{ClientMessage, ErrorCode, parse_client};

fn refused(text: &str) -> ErrorCode {
    match parse_client(text) {
        Ok(_) => panic!("accepted"),
        Err(code) => code,
    }
}

#[test]
fn a_good_message_is_read() {
    assert!(matches!(parse_client(r#"{"type":"ping","n":7}"#), Ok(ClientMessage::Ping { n: 7 })));
    assert!(matches!(parse_client(r#"{"type":"leave"}"#), Ok(ClientMessage::Leave {})));
}

#[test]
fn unknown_duplicate_and_missing_keys_are_refused() {
    for bad in [
        r#"{"type":"ping","n":7,"x":1}"#,
        r#"{"type":"ping","n":7,"n":8}"#,
        r#"{"type":"ping","type":"leave","n":7}"#,
        r#"{"type":"leave","x":1}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"nonsense"}"#,
        r#"{"n":7}"#,
        r#"[]"#,
        r#""#,
        "\u{0}",
        r#"{"type":"ping","n":-1}"#,
        r#"{"type":"check","report":{"outcomes":[{"item":"camera","ok":true,"label":"x"}]}}"#,
    ] {
        assert_eq!(refused(bad), ErrorCode::BadMessage, "{bad}");
    }
}

#[test]
fn long_texts_are_refused() {
    let chat = |n: usize| format!(r#"{{"type":"chat","id":"a","text":"{}"}}"#, "x".repeat(n));
    assert!(parse_client(&chat(2_000)).is_ok());
    assert_eq!(refused(&chat(2_001)), ErrorCode::BadMessage);
    assert_eq!(refused(&chat(70_000)), ErrorCode::MessageTooLarge);
    assert_eq!(refused(&chat(0)), ErrorCode::BadMessage);
}

#[test]
fn a_long_session_description_is_refused_by_its_own_name() {
    let answer =
        |n: usize| format!(r#"{{"type":"answer","generation":1,"sdp":"{}"}}"#, "x".repeat(n));
    assert!(parse_client(&answer(protocol::limits::MAX_SDP_BYTES)).is_ok());
    assert_eq!(refused(&answer(protocol::limits::MAX_SDP_BYTES + 1)), ErrorCode::SdpTooLarge);
    assert_eq!(refused(&answer(70_000)), ErrorCode::MessageTooLarge);
}

#[test]
fn words_for_the_other_page_are_bounded() {
    let direct =
        |signal: &str| format!(r#"{{"type":"direct_signal","attempt":1,"signal":{signal}}}"#);
    let sdp = |n: usize| direct(&format!(r#"{{"kind":"offer","sdp":"{}"}}"#, "x".repeat(n)));
    assert!(parse_client(&sdp(protocol::limits::MAX_SDP_BYTES)).is_ok());
    assert_eq!(refused(&sdp(protocol::limits::MAX_SDP_BYTES + 1)), ErrorCode::BadMessage);
    assert_eq!(refused(&sdp(0)), ErrorCode::BadMessage);
    let candidate = |text: &str, mid: &str| {
        direct(&format!(r#"{{"kind":"candidate","candidate":"{text}","mid":"{mid}"}}"#))
    };
    assert!(parse_client(&candidate(&"x".repeat(512), "0")).is_ok());
    for (text, mid) in [
        ("x".repeat(513), "0"),
        (String::new(), "0"),
        ("a\\nb".to_owned(), "0"),
        ("a".to_owned(), "01234567890123456"),
    ] {
        assert_eq!(refused(&candidate(&text, mid)), ErrorCode::BadMessage);
    }
    assert_eq!(refused(&direct(r#"{"kind":"offer","sdp":"x","to":"y"}"#)), ErrorCode::BadMessage);
    assert_eq!(refused(&direct(r#"{"kind":"hello"}"#)), ErrorCode::BadMessage);
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let bomb = "[".repeat(60_000);
    assert_eq!(refused(&bomb), ErrorCode::BadMessage);
}

#[test]
fn figures_of_a_call_are_bounded() {
    let report = |interval: &str, from: &str| {
        format!(
            r#"{{"type":"quality","report":{{"interval_ms":{interval},"link":{{"peer_to_peer":false}},"from":[{from}]}}}}"#
        )
    };
    let seat = |n: usize| format!(r#"{{"seat":"{n:026}"}}"#);
    let seats = |n: usize| (1..=n).map(seat).collect::<Vec<_>>().join(",");
    assert!(parse_client(&report("5000", &seats(24))).is_ok());
    assert_eq!(refused(&report("5000", &seats(25))), ErrorCode::BadMessage);
    assert_eq!(refused(&report("5000", &[seat(1), seat(1)].join(","))), ErrorCode::BadMessage);
    for interval in ["999", "30001", "-5000", "5e3", "1e300"] {
        assert_eq!(refused(&report(interval, "")), ErrorCode::BadMessage, "{interval}");
    }
    let with = |link: &str| report("5000", "").replace(r#""peer_to_peer":false"#, link);
    assert!(parse_client(&with(r#""peer_to_peer":false,"rtt_ms":23.5"#)).is_ok());
    for link in [
        r#""peer_to_peer":false,"rtt_ms":1e300"#,
        r#""peer_to_peer":false,"rtt_ms":"23""#,
        r#""peer_to_peer":false,"address":"192.0.2.1""#,
        r#""peer_to_peer":false,"candidate":"carrier pigeon""#,
    ] {
        assert_eq!(refused(&with(link)), ErrorCode::BadMessage, "{link}");
    }
}
