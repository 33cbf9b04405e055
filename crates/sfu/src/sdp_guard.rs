//! Limits on session descriptions, checked on the bare text before any parser sees it.

use std::collections::HashSet;

use crate::RefusalCode;
use crate::config::{MAX_CANDIDATES, MAX_M_LINES, MAX_SDP_BYTES, MAX_SDP_LINES};

/// Checks size, characters and counts. One pass over the text, no allocation.
///
/// # Errors
/// The limit that was exceeded.
pub(crate) fn check(sdp: &str) -> Result<(), RefusalCode> {
    if sdp.len() > MAX_SDP_BYTES {
        return Err(RefusalCode::SdpTooLong);
    }
    if sdp.bytes().any(|b| b < 0x20 && !matches!(b, b'\r' | b'\n' | b'\t')) {
        return Err(RefusalCode::SdpControlCharacter);
    }
    let (mut lines, mut media, mut candidates) = (0, 0, 0);
    for line in sdp.lines() {
        lines += 1;
        media += usize::from(line.starts_with("m="));
        candidates += usize::from(line.starts_with("a=candidate"));
        if lines > MAX_SDP_LINES {
            return Err(RefusalCode::SdpTooManyLines);
        }
        if media > MAX_M_LINES {
            return Err(RefusalCode::SdpTooManyMedia);
        }
        if candidates > MAX_CANDIDATES {
            return Err(RefusalCode::SdpTooManyCandidates);
        }
    }
    if !sdp.starts_with("v=0") {
        return Err(RefusalCode::SdpMalformed);
    }
    Ok(())
}

/// The `a=mid` values in order of the m-lines; an m-line without one yields an empty text.
pub(crate) fn mids(sdp: &str) -> Vec<&str> {
    let mut mids = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            mids.push("");
        } else if let (Some(mid), Some(last)) = (line.strip_prefix("a=mid:"), mids.last_mut()) {
            *last = mid.trim();
        }
    }
    mids
}

/// Whether `answer` has the same m-lines as `offer`, in the same order (RFC 3264 §6), and leaves the
/// ids of header extensions as they were offered (RFC 8285 §6).
pub(crate) fn fits(offer: &str, answer: &str) -> bool {
    let answered = mids(answer);
    let offered: HashSet<_> = extension_ids(offer).collect();
    !answered.is_empty()
        && mids(offer) == answered
        && extension_ids(answer).all(|extension| offered.contains(&extension))
}

/// Id and URI of every `a=extmap` line. The id may be followed by a direction; attributes behind the
/// URI are left out.
fn extension_ids(sdp: &str) -> impl Iterator<Item = (&str, &str)> {
    sdp.lines().filter_map(|line| {
        let mut words = line.strip_prefix("a=extmap:")?.split_ascii_whitespace();
        let id = words.next()?.split('/').next()?;
        Some((id, words.next().unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_named() {
        let head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
        assert_eq!(check(head), Ok(()));
        assert_eq!(check(&"x".repeat(1024 * 1024)), Err(RefusalCode::SdpTooLong));
        assert_eq!(check(&format!("{head}a=\0")), Err(RefusalCode::SdpControlCharacter));
        let many_media = format!("{head}{}", "m=audio 9 X 0\r\n".repeat(65));
        assert_eq!(check(&many_media), Err(RefusalCode::SdpTooManyMedia));
        let many_candidates = format!("{head}{}", "a=candidate:1\r\n".repeat(65));
        assert_eq!(check(&many_candidates), Err(RefusalCode::SdpTooManyCandidates));
        let many_lines = format!("{head}{}", "a=x\r\n".repeat(5_000));
        assert_eq!(check(&many_lines), Err(RefusalCode::SdpTooManyLines));
        assert_eq!(check(""), Err(RefusalCode::SdpMalformed));
    }

    #[test]
    fn an_answer_fits_only_with_the_same_lines_in_order() {
        let offer = "v=0\r\nm=audio\r\na=mid:a\r\nm=video\r\na=mid:b\r\n";
        assert!(fits(offer, offer));
        assert!(!fits(offer, "v=0\r\nm=audio\r\na=mid:b\r\nm=video\r\na=mid:a\r\n"));
        assert!(!fits(offer, "v=0\r\nm=audio\r\na=mid:a\r\n"));
        assert!(!fits(offer, "v=0\r\na=mid:a\r\n"));
    }

    #[test]
    fn an_answer_keeps_the_ids_of_extensions() {
        let offer = "m=a\r\na=mid:a\r\na=extmap:3 urn:cc\r\na=extmap:4/sendrecv urn:mid x\r\n";
        let fits = |lines: &str| fits(offer, &format!("m=a\r\na=mid:a\r\n{lines}"));
        assert!(fits("") && fits("a=extmap:3 urn:cc\r\n"));
        assert!(fits("a=extmap:4/recvonly urn:mid\r\na=extmap:3 urn:cc\r\n"));
        for bad in ["a=extmap:5 urn:cc", "a=extmap:3 urn:mid", "a=extmap:3", "a=extmap:03 urn:cc"] {
            assert!(!fits(&format!("{bad}\r\n")), "{bad}");
        }
    }
}
