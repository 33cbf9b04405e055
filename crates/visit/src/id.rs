//! Typed ids. All are ULIDs: sortable by creation, stored and sent as 26 characters of Crockford
//! base 32 (<https://github.com/ulid/spec>).
//!
//! Ids of people ([`UserId`], [`SeatId`]) have neither `Debug` nor `Display`, so that they cannot
//! slip into a log, a panic or an error text. To store or send one, say so with `to_text()`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Builds an id from a time in milliseconds since the Unix epoch and 80 random bits
            /// (the upper bits of `random` are ignored). The caller supplies both.
            #[must_use]
            pub const fn new(unix_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(unix_ms, random).0)
            }

            /// The id as a number, for callers that need a fixed-size key.
            #[must_use]
            pub const fn to_u128(self) -> u128 {
                self.0
            }

            /// The reverse of [`Self::to_u128`].
            #[must_use]
            pub const fn from_u128(raw: u128) -> Self {
                Self(raw)
            }

            /// The 26 characters used in storage and on the wire. Never log them for a person.
            #[must_use]
            pub fn to_text(self) -> String {
                Ulid(self.0).to_string()
            }

            /// Reads the 26 characters back.
            ///
            /// # Errors
            /// [`BadId`] when the text is not a ULID.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                // 26 characters hold 130 bits: a first one above 7 would be a second spelling.
                if text.bytes().next().is_none_or(|first| first > b'7') {
                    return Err(BadId);
                }
                Ulid::from_string(text).map(|u| Self(u.0)).map_err(|_| BadId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.to_text())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Self::parse(&text).map_err(|_| de::Error::custom("not an id"))
            }
        }

        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String { "string".to_owned() }
            fn inline(_: &ts_rs::Config) -> String { "string".to_owned() }
        }
    };
}

/// A text that should have been an id was not one. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct BadId;

ulid_id! {
    /// A clinic. Every stored row belongs to one.
    OrgId
}
ulid_id! {
    /// One visit.
    VisitId
}
ulid_id! {
    /// One patient of a clinic, over all of their visits.
    PatientId
}
ulid_id! {
    /// One opening of a restricted visit in an emergency.
    GrantId
}
ulid_id! {
    /// One person's place in one visit. Identifies a person: no `Debug`, no `Display`.
    SeatId
}
ulid_id! {
    /// A member of staff. Identifies a person: no `Debug`, no `Display`.
    UserId
}

impl VisitId {
    /// The last eight characters: enough to follow one visit through the logs, too few to open or
    /// look up anything.
    #[must_use]
    pub fn short(self) -> String {
        self.to_text().split_off(18)
    }
}

impl std::fmt::Debug for VisitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "visit:{}", self.short())
    }
}

impl std::fmt::Debug for OrgId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "org:{}", self.to_text())
    }
}

/// Place of a chat message within its visit: 1, 2, 3, … without gaps.
pub type ChatSeq = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_bad_text_is_refused() {
        let id = SeatId::new(1_700_000_000_000, 42);
        assert!(SeatId::parse(&id.to_text()).is_ok_and(|back| back == id));
        let second_spelling = format!("8{}", &id.to_text()[1..]);
        for bad in [
            "",
            "short",
            "0000000000000000000000000U",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ1",
            &second_spelling,
        ] {
            assert!(SeatId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_log_shows_only_the_short_visit_id() {
        let id = VisitId::new(1_700_000_000_000, u128::MAX);
        assert_eq!(format!("{id:?}").len(), "visit:".len() + 8);
    }
}
