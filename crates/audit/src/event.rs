//! One thing that happened, before it has a place in the log.

use crate::{Kind, SealedWords, Words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use visit::{SeatId, UserId, VisitId};

/// Who did it. Ids only; holds ids of people, so it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A member of staff who is signed in.
    Staff(UserId),
    /// A person in a seat who came by a link.
    Seat(SeatId),
    /// The program itself: a timer, a start, a command on the server's console.
    System,
    /// Somebody who has not shown who they are.
    Anonymous,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was not done; the code says why.
    Refused(Detail),
}

/// A code or a number beside an event: lower-case letters, digits, `_`, `-`, `.` and `:`, at most
/// 64 of them. Names, addresses and sentences do not fit the form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Detail(String);

/// A detail is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code: 1 to 64 of a-z, 0-9, '_', '-', '.', ':'")]
pub struct BadDetail;

impl Detail {
    /// Takes a code.
    ///
    /// # Errors
    /// [`BadDetail`] when the text is not one.
    pub fn new(text: impl Into<String>) -> Result<Self, BadDetail> {
        let text = text.into();
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b':'));
        if fits { Ok(Self(text)) } else { Err(BadDetail) }
    }

    /// Takes anything: what is not a code becomes the code `unfit`. For values that come from
    /// outside and must not stop the entry from being written.
    #[must_use]
    pub fn or_unfit(text: &str) -> Self {
        Self::new(text).unwrap_or_else(|BadDetail| Self("unfit".to_owned()))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Detail {
    type Error = BadDetail;
    fn try_from(text: String) -> Result<Self, BadDetail> {
        Self::new(text)
    }
}

impl From<Detail> for String {
    fn from(detail: Detail) -> Self {
        detail.0
    }
}

/// One thing that happened. Made with [`Event::new`] and the methods that add to it:
///
/// ```
/// use audit::{Actor, Event, Kind};
/// # let (visit, seat) = (visit::VisitId::new(1, 1), visit::SeatId::new(1, 2));
/// let event = Event::new(Kind::ConsentGiven, Actor::Seat(seat))
///     .visit(visit)
///     .seat(seat)
///     .detail("purpose", "recording")
///     .detail("text", "recording-2026-11");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    pub(crate) kind: Kind,
    pub(crate) actor: Actor,
    pub(crate) visit: Option<VisitId>,
    pub(crate) seat: Option<SeatId>,
    pub(crate) user: Option<UserId>,
    pub(crate) outcome: Outcome,
    pub(crate) details: BTreeMap<String, Detail>,
    pub(crate) words: Option<Arc<Words>>,
    pub(crate) sealed: Option<SealedWords>,
}

/// More details than this are dropped; no event has reason for so many.
const MAX_DETAILS: usize = 16;

impl Event {
    /// Something that was done by `actor`.
    #[must_use]
    pub const fn new(kind: Kind, actor: Actor) -> Self {
        Self {
            kind,
            actor,
            visit: None,
            seat: None,
            user: None,
            outcome: Outcome::Ok,
            details: BTreeMap::new(),
            words: None,
            sealed: None,
        }
    }

    /// The visit it belongs to.
    #[must_use]
    pub const fn visit(mut self, visit: VisitId) -> Self {
        self.visit = Some(visit);
        self
    }

    /// The seat that it was done to.
    #[must_use]
    pub const fn seat(mut self, seat: SeatId) -> Self {
        self.seat = Some(seat);
        self
    }

    /// The account that it was done to.
    #[must_use]
    pub const fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// It was not done, for the reason `code`.
    #[must_use]
    pub fn refused(mut self, code: &str) -> Self {
        self.outcome = Outcome::Refused(Detail::or_unfit(code));
        self
    }

    /// A code beside it. What is not a code (see [`Detail`]) is recorded as `unfit`.
    #[must_use]
    pub fn detail(mut self, name: &'static str, code: &str) -> Self {
        if self.details.len() < MAX_DETAILS {
            let name = Detail::or_unfit(name).into();
            self.details.insert(name, Detail::or_unfit(code));
        }
        self
    }

    /// A number beside it.
    #[must_use]
    pub fn count(self, name: &'static str, number: u64) -> Self {
        self.detail(name, &number.to_string())
    }

    /// Words beside it. They get into the entry in sealed form only ([`Self::sealed`]), or not at all.
    #[must_use]
    pub fn words(mut self, words: &Arc<Words>) -> Self {
        self.words = Some(Arc::clone(words));
        self
    }

    /// The sealed form of its words.
    #[must_use]
    pub fn sealed(mut self, sealed: SealedWords) -> Self {
        self.sealed = Some(sealed);
        self
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Who did it.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The visit it belongs to.
    #[must_use]
    pub const fn visit_of(&self) -> Option<VisitId> {
        self.visit
    }

    /// The seat that it was done to.
    #[must_use]
    pub const fn seat_of(&self) -> Option<SeatId> {
        self.seat
    }

    /// The words beside it, which are to be sealed.
    #[must_use]
    pub fn words_beside(&self) -> Option<&Words> {
        self.words.as_deref().filter(|words| !words.is_empty())
    }
}
