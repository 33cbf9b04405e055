//! What is written down about every security-relevant step, and how to tell that nothing was
//! changed afterwards.
//!
//! An [`Event`] says who did what, to which visit, with what outcome. It carries codes and ids
//! only: no name, no address, no free text can get in. A [`Writer`] turns events into [`Sealed`]
//! entries: canonical bytes that name the writer, a gapless number, and the hash of the entry
//! before. A [`ChainVerifier`] reads them back and finds any entry that is missing, moved or
//! changed.
//!
//! The hash of an entry is the leaf hash of RFC 6962 §2.1, `SHA-256(0x00 || entry)`, and entries
//! stay below 65,536 bytes, so that the same leaves can later stand in one Merkle tree served as
//! C2SP tiles. The chain of a writer covers the time until then: an entry that was committed but is
//! not in the tree yet cannot vanish unseen.
//!
//! This crate does no IO and reads no clock. `store` keeps entries, in the same transaction as the
//! change that they describe.

mod chain;
mod entry;
mod event;
mod kind;

pub use chain::{ChainError, ChainVerifier};
pub use entry::{
    BadEntry, Entry, GENESIS, Hash, MAX_ENTRY_BYTES, Sealed, Writer, WriterId, leaf_hash,
};
pub use event::{Actor, BadDetail, Detail, Event, Outcome};
pub use kind::Kind;
