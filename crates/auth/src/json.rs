//! JSON that came from outside: from an identity provider, or a browser's key.
//!
//! Owns that all of it is read. `serde_json` steps over members that nobody asked for: bytes that are
//! no UTF-8 (RFC 8259 §8.1), halves of surrogate pairs and numbers without end pass there. Whoever else
//! reads the same bytes may refuse them, and two readers of one signed text must not differ.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads `bytes`; `None` if they are no JSON throughout, or not of this form. A member that comes twice
/// is refused where it is asked for.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice::<Value>(bytes).ok()?;
    serde_json::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct One {
        wanted: u8,
    }

    #[test]
    fn members_that_nobody_asked_for_are_read_too() {
        let good = b"{\"wanted\": 7, \"other\": \"\xc3\xa9\"}";
        assert_eq!(read::<One>(good).map(|one| one.wanted), Some(7));
        for other in [&b"\"\xa4\""[..], b"\"\\ud800\"", b"1e999"] {
            let bad = [b"{\"wanted\": 7, \"other\": ", other, b"}"].concat();
            assert!(read::<One>(&bad).is_none());
            assert!(serde_json::from_slice::<One>(&bad).is_ok(), "then this module is not needed");
        }
        assert!(read::<One>(b"{\"wanted\": 7, \"wanted\": 8}").is_none());
    }
}
