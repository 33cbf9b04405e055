//! What stands beside an entry in plain words: from where, with what, under which name, why.
//!
//! Such words may identify somebody, so an entry never holds them in the clear. Whoever stores an entry
//! seals them under the audit key of the patient whom it is about and puts the result into the entry as
//! [`SealedWords`]; the hash of the entry covers the sealed form. With the key gone, the words are gone,
//! and the log verifies as before.
//!
//! This module bounds and forms the words. It never seals or opens them: keys are `keys`' and `store`'s.

use crate::{Actor, BadEntry, Event};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The longest sealed form, in characters of base64url. It holds the longest [`Words`].
pub const MAX_SEALED_CHARS: usize = 6_144;

const MAX_FROM_CHARS: usize = 64;
const MAX_WITH_CHARS: usize = 120;
const MAX_NAME_CHARS: usize = 200;
const MAX_REASON_CHARS: usize = 500;

/// Words beside an entry. They are about people: no `Debug`, and wiped on drop.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Words {
    /// The network address that a request came from, as the server saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// With what: browser and system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    /// The name under which the actor was known at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Why, in the actor's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Words {
    /// No words yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { from: None, with: None, name: None, reason: None }
    }

    /// The network address of the request. Longer ones than 64 characters are cut.
    #[must_use]
    pub fn seen_at(mut self, address: &str) -> Self {
        self.from = clean(address, MAX_FROM_CHARS);
        self
    }

    /// Browser and system. Longer texts than 120 characters are cut.
    #[must_use]
    pub fn through(mut self, program: &str) -> Self {
        self.with = clean(program, MAX_WITH_CHARS);
        self
    }

    /// The actor's name at that moment. Longer ones than 200 characters are cut.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = clean(name, MAX_NAME_CHARS);
        self
    }

    /// The reason that was given. Longer ones than 500 characters are cut.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = clean(reason, MAX_REASON_CHARS);
        self
    }

    /// The network address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// Browser and system.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        self.with.as_deref()
    }

    /// The actor's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether there is nothing to seal.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.from.is_none() && self.with.is_none() && self.name.is_none() && self.reason.is_none()
    }

    /// The form that is sealed.
    ///
    /// # Errors
    /// [`BadEntry::Malformed`] when it cannot be written.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, BadEntry> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(|_| BadEntry::Malformed)
    }

    /// Reads the opened form. What a newer program added is left out.
    ///
    /// # Errors
    /// [`BadEntry::Malformed`] for anything else.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadEntry> {
        serde_json::from_slice(bytes).map_err(|_| BadEntry::Malformed)
    }

    /// Puts these words beside an event that a person did in a visit and that has none of its own.
    /// What the program did by itself came from nowhere.
    #[must_use]
    pub fn beside(self: &Arc<Self>, mut event: Event) -> Event {
        let is_said = event.actor != Actor::System && event.visit.is_some();
        if is_said && event.words.is_none() {
            event.words = Some(Arc::clone(self));
        }
        event
    }

    /// The same for several.
    #[must_use]
    pub fn beside_all(self: &Arc<Self>, events: Vec<Event>) -> Vec<Event> {
        events.into_iter().map(|event| self.beside(event)).collect()
    }
}

/// One line of at most `max_chars` characters, or nothing.
fn clean(text: &str, max_chars: usize) -> Option<String> {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().take(max_chars).map(plain).collect();
    (!text.is_empty()).then_some(text)
}

/// Words that were sealed: base64url without padding, at most [`MAX_SEALED_CHARS`]. What it holds is the
/// business of whoever sealed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealedWords(String);

impl SealedWords {
    /// Takes sealed bytes.
    ///
    /// # Errors
    /// [`BadEntry::TooLong`] when they are more than an entry takes, [`BadEntry::Malformed`] without any.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadEntry> {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        if text.len() > MAX_SEALED_CHARS {
            return Err(BadEntry::TooLong);
        }
        Self::try_from(text)
    }

    /// The sealed bytes.
    ///
    /// # Errors
    /// [`BadEntry::Malformed`] when the text is not base64url as it is written here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadEntry> {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        engine.decode(&self.0).map_err(|_| BadEntry::Malformed)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SealedWords {
    type Error = BadEntry;
    fn try_from(text: String) -> Result<Self, BadEntry> {
        let fits = (1..=MAX_SEALED_CHARS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text)) } else { Err(BadEntry::Malformed) }
    }
}

impl From<SealedWords> for String {
    fn from(sealed: SealedWords) -> Self {
        sealed.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use visit::{SeatId, VisitId};

    #[test]
    fn the_longest_words_fit_into_an_entry_and_control_characters_do_not() {
        let long = "\u{10FFFF}".repeat(600) + "\n\0";
        let words = Words::new().seen_at(&long).through(&long).named(&long).because(&long);
        let json = words.to_json().expect("JSON");
        // What the store adds: two sealed values, one of them the name of the key.
        let sealed = vec![0xff; json.len() + 29 + 45];
        assert!(SealedWords::from_bytes(&sealed).is_ok(), "{}", json.len());
        assert!(Words::from_json(&json).expect("reads") == words);
        let odd = Words::new().because("a\nb\u{7}\t").named(" \n ");
        assert_eq!((odd.reason(), odd.name()), (Some("a b "), None));
        assert!(Words::new().is_empty() && !odd.is_empty());
    }

    #[test]
    fn sealed_words_are_base64url_of_bounded_length() {
        let sealed = SealedWords::from_bytes(&[0xfb, 0xff, 0]).expect("fits");
        assert_eq!((sealed.as_str(), sealed.to_bytes()), ("-_8A", Ok(vec![0xfb, 0xff, 0])));
        assert!(SealedWords::from_bytes(&[0; 5_000]).is_err());
        for bad in ["", "a b", "a=", "a+", "é"] {
            assert!(SealedWords::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        // A second spelling of the same bytes.
        assert!(SealedWords::try_from("-_9".to_owned()).expect("its form").to_bytes().is_err());
    }

    #[test]
    fn only_what_a_person_did_in_a_visit_gets_words() {
        let (visit, seat) = (VisitId::new(1, 1), SeatId::new(1, 2));
        let own = Arc::new(Words::new().because("of my own"));
        let words = Arc::new(Words::new().seen_at("192.0.2.7"));
        let by = |actor| Event::new(Kind::ChatRead, actor).visit(visit);
        let events = words.beside_all(vec![
            by(Actor::Seat(seat)),
            by(Actor::Anonymous),
            by(Actor::System),
            Event::new(Kind::SignIn, Actor::Seat(seat)),
            by(Actor::Seat(seat)).words(&own),
        ]);
        let found: Vec<_> = events.iter().map(|e| e.words_beside().map(|w| w.address())).collect();
        let here = Some(Some("192.0.2.7"));
        assert_eq!(found, [here, here, None, None, Some(None)]);
    }
}
