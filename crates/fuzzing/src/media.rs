//! What the forwarding unit reads before any of it is trusted: the kind of a datagram, the size of a
//! session description, the head of a video payload.

use sfu::RefusalCode;
use sfu::fuzzing::{self, Seen};
use str0m::rtp::Vp8Descriptor;
use stun_types::attribute::Username;
use stun_types::message::{BINDING, Message, MessageClass};

use crate::input::Input;

/// A datagram from anywhere. Another STUN parser is the judge of what a check is.
pub fn datagram_kind(data: &[u8]) {
    let seen = fuzzing::classify(data);
    let first = data.first().copied();
    match seen {
        Seen::Check(ufrag) => {
            assert!(
                data.len() >= 20 && data[..2] == [0, 1] && data[4..8] == [0x21, 0x12, 0xa4, 0x42]
            );
            assert!(!ufrag.contains(':'));
            let named = [ufrag.as_bytes(), b":"].concat();
            assert!(data.windows(named.len()).any(|w| w == named));
        }
        Seen::Media => {
            assert!(matches!(first, Some(20..=63 | 128..=191)) && data.len() > 2);
        }
        Seen::Garbage => {
            assert!(data.len() <= 2 || !matches!(first, Some(20..=63 | 128..=191)));
        }
    }
    // The judge reads on behind the stated length.
    let whole =
        data.len() >= 20 && data.len() - 20 == usize::from(data[2]) << 8 | usize::from(data[3]);
    if whole
        && let Ok(message) = Message::from_bytes(data)
        && message.has_method(BINDING)
        && message.has_class(MessageClass::Request)
        && let Ok(username) = message.attribute::<Username>()
        && let Some((ours, _)) = username.username().split_once(':')
    {
        assert_eq!(seen, Seen::Check(ours));
    }
}

/// A session description, of which the first byte repeats the rest.
pub fn sdp_limits(data: &[u8]) {
    let mut input = Input::new(data);
    let times = usize::from(input.u8()) + 1;
    let text = String::from_utf8_lossy(input.rest()).repeat(times);
    let verdict = fuzzing::check_sdp(&text);
    let lines = text.lines().count();
    let media = text.lines().filter(|l| l.starts_with("m=")).count();
    let candidates = text.lines().filter(|l| l.starts_with("a=candidate")).count();
    let control = |c: char| c.is_ascii_control() && !matches!(c, '\r' | '\n' | '\t' | '\u{7f}');
    match verdict {
        Ok(()) => {
            assert!(text.len() <= 128 * 1024 && lines <= 4_096 && media <= 64 && candidates <= 64);
            assert!(text.starts_with("v=0") && !text.contains(control));
        }
        Err(RefusalCode::SdpTooLong) => assert!(text.len() > 128 * 1024),
        Err(RefusalCode::SdpControlCharacter) => assert!(text.contains(control)),
        Err(RefusalCode::SdpTooManyLines) => assert!(lines > 4_096),
        Err(RefusalCode::SdpTooManyMedia) => assert!(media > 64),
        Err(RefusalCode::SdpTooManyCandidates) => assert!(candidates > 64),
        Err(RefusalCode::SdpMalformed) => assert!(!text.starts_with("v=0")),
        Err(other) => panic!("{other:?} is no limit"),
    }
    // Whatever fits has as many m-lines, and a description fits itself if it has any.
    assert_eq!(fuzzing::answer_fits(&text, &text), media > 0);
    let more = format!("{text}\nm=x");
    assert!(!fuzzing::answer_fits(&text, &more));
}

/// The payload of a video packet.
pub fn video_payload(data: &[u8]) {
    let h264 = fuzzing::h264(data);
    assert!(h264.vp8.is_none() && h264.size_px.is_none());
    assert_eq!(h264.keyframe, holds_h264_start(data));

    let vp8 = fuzzing::vp8(data);
    assert_eq!(vp8.vp8.is_some(), Vp8Descriptor::parse(data).is_ok());
    if vp8.keyframe {
        // The start bit of the first partition (RFC 7741 §4.2) and the frame tag's inverse key bit.
        assert!(vp8.vp8.is_some() && data[0] & 0x17 == 0x10);
    }
    if let Some((width, height)) = vp8.size_px {
        assert!(vp8.keyframe && (1..1 << 14).contains(&width) && (1..1 << 14).contains(&height));
    }
}

/// A second reading of RFC 6184 §5: an IDR slice or a sequence parameter set, alone, in an aggregate
/// before anything broken, or as the first fragment of an IDR slice.
fn holds_h264_start(payload: &[u8]) -> bool {
    let starts = |unit: u8| matches!(unit & 0x1f, 5 | 7);
    let Some((&first, mut rest)) = payload.split_first() else { return false };
    match first & 0x1f {
        24 => loop {
            let Some((len, units)) = rest.split_first_chunk::<2>() else { return false };
            let len = usize::from(u16::from_be_bytes(*len));
            match units.first() {
                Some(unit) if starts(*unit) => return true,
                Some(_) if (1..=units.len()).contains(&len) => rest = &units[len..],
                _ => return false,
            }
        },
        28 => rest.first().is_some_and(|fu| fu >> 7 == 1 && fu & 0x1f == 5),
        _ => starts(first),
    }
}
