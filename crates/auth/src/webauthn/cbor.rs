//! The part of CBOR (RFC 8949) that authenticators write: CTAP2's canonical form. Lengths are
//! definite and as short as can be, keys are there once, nesting is shallow. Everything else is
//! refused. Memory is bounded by the input: no length is believed before its bytes are there.

/// Deepest nesting (CTAP 2.1 §8: four levels).
const MAX_DEPTH: u8 = 4;

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Major types 0 and 1.
    Int(i64),
    /// Major type 2.
    Bytes(&'a [u8]),
    /// Major type 3.
    Text(&'a str),
    /// Major type 4.
    Array(Vec<Self>),
    /// Major type 5.
    Map(Vec<(Self, Self)>),
    /// `false` and `true`.
    Bool(bool),
}

impl<'a> Value<'a> {
    /// The bytes of a byte string.
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text of a text string.
    pub const fn as_text(&self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer.
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The members of a map.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Value::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The value behind a text key of a map.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.find(&Value::Text(name))
    }

    /// The value behind an integer key of a map.
    pub fn numbered(&self, key: i64) -> Option<&Self> {
        self.find(&Value::Int(key))
    }

    fn find(&self, key: &Value<'_>) -> Option<&Self> {
        self.as_map()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Reads one item; gives it and what follows. `None` for anything outside of the subset.
pub fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    read_at(bytes, MAX_DEPTH)
}

fn read_at(bytes: &[u8], depth: u8) -> Option<(Value<'_>, &[u8])> {
    let (major, argument, rest) = head(bytes)?;
    let length = usize::try_from(argument).ok();
    Some(match major {
        0 => (Value::Int(i64::try_from(argument).ok()?), rest),
        1 => (Value::Int(-1 - i64::try_from(argument).ok()?), rest),
        2 => {
            let (bytes, rest) = rest.split_at_checked(length?)?;
            (Value::Bytes(bytes), rest)
        }
        3 => {
            let (bytes, rest) = rest.split_at_checked(length?)?;
            (Value::Text(std::str::from_utf8(bytes).ok()?), rest)
        }
        4 => {
            let depth = depth.checked_sub(1)?;
            let (mut items, mut rest) = (Vec::new(), rest);
            for _ in 0..length? {
                let (item, behind) = read_at(rest, depth)?;
                items.push(item);
                rest = behind;
            }
            (Value::Array(items), rest)
        }
        5 => {
            let depth = depth.checked_sub(1)?;
            let (mut members, mut rest) = (Vec::new(), rest);
            for _ in 0..length? {
                let (key, behind) = read_at(rest, depth)?;
                let (value, behind) = read_at(behind, depth)?;
                let plain = matches!(key, Value::Int(_) | Value::Text(_));
                if !plain || members.len() >= MAX_MEMBERS || members.iter().any(|(k, _)| *k == key)
                {
                    return None;
                }
                members.push((key, value));
                rest = behind;
            }
            (Value::Map(members), rest)
        }
        7 if argument == 20 || argument == 21 => (Value::Bool(argument == 21), rest),
        _ => return None,
    })
}

/// More members than any map of an authenticator has; keeps the search for double keys short.
const MAX_MEMBERS: usize = 64;

/// Major type and argument (RFC 8949 §3), in the shortest form only.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 31);
    if short < 24 {
        return Some((major, u64::from(short), rest));
    }
    // Major type 7 has other rules for longer arguments; none of them is needed.
    if major == 7 {
        return None;
    }
    let (argument, least, rest) = match short {
        24 => {
            let (bytes, rest) = rest.split_first_chunk::<1>()?;
            (u64::from(bytes[0]), 24, rest)
        }
        25 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (u64::from(u16::from_be_bytes(*bytes)), 1 << 8, rest)
        }
        26 => {
            let (bytes, rest) = rest.split_first_chunk::<4>()?;
            (u64::from(u32::from_be_bytes(*bytes)), 1 << 16, rest)
        }
        27 => {
            let (bytes, rest) = rest.split_first_chunk::<8>()?;
            (u64::from_be_bytes(*bytes), 1 << 32, rest)
        }
        _ => return None,
    };
    (argument >= least).then_some((major, argument, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_8949_are_read() {
        // Appendix A.
        let cases: [(&[u8], Value<'_>); 11] = [
            (&[0x00], Value::Int(0)),
            (&[0x17], Value::Int(23)),
            (&[0x18, 0x18], Value::Int(24)),
            (&[0x19, 0x03, 0xe8], Value::Int(1_000)),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], Value::Int(1_000_000)),
            (&[0x39, 0x03, 0xe7], Value::Int(-1_000)),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(&[1, 2, 3, 4])),
            (b"\x64IETF", Value::Text("IETF")),
            (&[0xf5], Value::Bool(true)),
            (&[0x82, 0x01, 0x20], Value::Array(vec![Value::Int(1), Value::Int(-1)])),
            (b"\xa1\x61a\x01", Value::Map(vec![(Value::Text("a"), Value::Int(1))])),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes), Some((expected, &[][..])), "{bytes:?}");
        }
        assert_eq!(read(&[0x01, 0x02]), Some((Value::Int(1), &[0x02][..])));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        let refused: [&[u8]; 14] = [
            &[],
            &[0x18, 0x17],                         // 23, longer than needed
            &[0x19, 0x00, 0xff],                   // 255 in two bytes
            &[0x1b, 0, 0, 0, 0, 0xff, 0, 0, 0],    // fits four bytes
            &[0x1b, 0xff, 0, 0, 0, 0, 0, 0, 0],    // beyond i64
            &[0x5f, 0x41, 0x00, 0xff],             // indefinite length
            &[0x42, 0x00],                         // cut
            &[0x5a, 0xff, 0xff, 0xff, 0xff],       // a length without bytes
            &[0x9a, 0xff, 0xff, 0xff, 0xff],       // four milliards of items
            &[0x62, 0xff, 0xff],                   // no UTF-8
            &[0xa2, 0x01, 0x02, 0x01, 0x03],       // a key twice
            &[0xa1, 0xf5, 0x01],                   // a key that is no number or text
            &[0x81, 0x81, 0x81, 0x81, 0x81, 0x01], // too deep
            &[0xc0, 0x61, 0x61],                   // a tag
        ];
        for bytes in refused {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
