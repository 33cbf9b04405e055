//! An event in its place in the log: canonical bytes, number, and the hash of the one before.
//!
//! # The bytes
//! One JSON object, UTF-8, no white space between tokens, members in the order of the fields of
//! [`Entry`], members of `details` sorted by name, absent ids and absent sealed words left out. The hash is over the
//! bytes as stored; a reader that parses them and writes them back must get the same bytes, or the
//! entry is refused.

use crate::{Actor, Detail, Event, Kind, Outcome, SealedWords};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use visit::{OrgId, SeatId, Timestamp, UserId, VisitId};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What stands as "hash before" in the first entry of a writer.
pub const GENESIS: Hash = [0; 32];

/// The limit of an entry bundle in C2SP tlog-tiles, whose length prefix has 16 bits.
pub const MAX_ENTRY_BYTES: usize = 65_535;

const FORMAT: u32 = 1;

/// `SHA-256(0x00 || entry)`: RFC 6962 §2.1.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(entry);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// A line of an export: its place in the tree, its leaf hash, and the entry's bytes as they are stored. What
/// stands between `"entry":` and the last `}` is what the hash is over. `None` for bytes that are no text.
#[must_use]
pub fn json_line(place: u64, entry: &[u8]) -> Option<String> {
    let (leaf, text) = (crate::balp::hex(&leaf_hash(entry)), std::str::from_utf8(entry).ok()?);
    Some(format!("{{\"index\":{place},\"leaf\":\"{leaf}\",\"entry\":{text}}}\n"))
}

/// Who numbers entries: one lane of one process, from its start to its end. Chosen by `store`, at
/// most 64 characters of ASCII letters, digits, `/` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WriterId(String);

impl WriterId {
    /// Takes the name of a writer.
    ///
    /// # Errors
    /// [`BadEntry::Malformed`] when the text does not have the form.
    pub fn new(text: impl Into<String>) -> Result<Self, BadEntry> {
        let text = text.into();
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'-');
        if fits { Ok(Self(text)) } else { Err(BadEntry::Malformed) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WriterId {
    type Error = BadEntry;
    fn try_from(text: String) -> Result<Self, BadEntry> {
        Self::new(text)
    }
}

impl From<WriterId> for String {
    fn from(id: WriterId) -> Self {
        id.0
    }
}

/// An entry as read. Holds ids of people, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The format of the bytes; 1.
    pub v: u32,
    /// Who numbered it.
    pub writer: WriterId,
    /// 1, 2, 3, … within the writer.
    pub seq: u64,
    /// Leaf hash of the writer's entry before, 64 hexadecimal digits.
    #[serde(with = "hex_hash")]
    pub prev: Hash,
    /// When, in microseconds since the Unix epoch. Never smaller than in the entry before.
    pub at: Timestamp,
    /// The organisation.
    pub org: OrgId,
    /// What happened.
    pub kind: Kind,
    /// Who did it.
    pub actor: Actor,
    /// In which visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// To which seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatId>,
    /// To which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// How it went.
    pub outcome: Outcome,
    /// Codes beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, Detail>,
    /// Words beside it, sealed under the audit key of the patient whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedWords>,
}

/// Bytes that are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    /// Not the form described at the head of the module.
    #[error("not an audit entry")]
    Malformed,
    /// Parses, but is not written the one canonical way.
    #[error("an audit entry that is not in canonical form")]
    NotCanonical,
    /// Longer than [`MAX_ENTRY_BYTES`].
    #[error("an audit entry of more than 65,535 bytes")]
    TooLong,
}

impl Entry {
    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`BadEntry`] for anything that [`Writer::append`] would not have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadEntry> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(BadEntry::TooLong);
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(|_| BadEntry::Malformed)?;
        if entry.v != FORMAT {
            return Err(BadEntry::Malformed);
        }
        if entry.to_bytes()? != bytes {
            return Err(BadEntry::NotCanonical);
        }
        Ok(entry)
    }

    fn to_bytes(&self) -> Result<Vec<u8>, BadEntry> {
        let bytes = serde_json::to_vec(self).map_err(|_| BadEntry::Malformed)?;
        if bytes.len() > MAX_ENTRY_BYTES { Err(BadEntry::TooLong) } else { Ok(bytes) }
    }
}

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its number within the writer.
    pub seq: u64,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// Their leaf hash.
    pub leaf: Hash,
}

/// Numbers and links the entries of one writer. Its three parts are stored with every append, and
/// loaded before the next: that keeps the numbers gapless when a transaction is rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    id: WriterId,
    next_seq: u64,
    last_leaf: Hash,
    last_at: Timestamp,
}

impl Writer {
    /// A writer that has written nothing.
    #[must_use]
    pub const fn new(id: WriterId) -> Self {
        Self { id, next_seq: 1, last_leaf: GENESIS, last_at: Timestamp(i64::MIN) }
    }

    /// A writer that goes on where it stopped.
    #[must_use]
    pub const fn resume(id: WriterId, next_seq: u64, last_leaf: Hash, last_at: Timestamp) -> Self {
        Self { id, next_seq, last_leaf, last_at }
    }

    /// Writes `event` down. A clock that went backwards is held at the last time written, so that
    /// times never fall within a writer.
    ///
    /// # Errors
    /// [`BadEntry::TooLong`] for an event that does not fit; nothing is numbered then.
    pub fn append(&mut self, org: OrgId, at: Timestamp, event: Event) -> Result<Sealed, BadEntry> {
        let at = at.max(self.last_at);
        let entry = Entry {
            v: FORMAT,
            writer: self.id.clone(),
            seq: self.next_seq,
            prev: self.last_leaf,
            at,
            org,
            kind: event.kind,
            actor: event.actor,
            visit: event.visit,
            seat: event.seat,
            user: event.user,
            outcome: event.outcome,
            details: event.details,
            sealed: event.sealed,
        };
        let bytes = entry.to_bytes()?;
        let leaf = leaf_hash(&bytes);
        self.next_seq += 1;
        self.last_leaf = leaf;
        self.last_at = at;
        Ok(Sealed { seq: entry.seq, bytes, leaf })
    }

    /// The name.
    #[must_use]
    pub const fn id(&self) -> &WriterId {
        &self.id
    }

    /// The number that the next entry gets.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Leaf hash of the last entry, or [`GENESIS`].
    #[must_use]
    pub const fn last_leaf(&self) -> Hash {
        self.last_leaf
    }

    /// Time of the last entry.
    #[must_use]
    pub const fn last_at(&self) -> Timestamp {
        self.last_at
    }
}

/// A hash as 64 lower-case hexadecimal digits.
mod hex_hash {
    use super::Hash;
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use std::fmt::Write as _;

    pub fn serialize<S: Serializer>(hash: &Hash, s: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in hash {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        s.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(d)?;
        if text.len() != 64 || !text.is_ascii() {
            return Err(de::Error::custom("not a hash"));
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16)
                .map_err(|_| de::Error::custom("not a hash"))?;
        }
        Ok(out)
    }
}
