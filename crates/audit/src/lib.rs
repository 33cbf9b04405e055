//! What is written down about every security-relevant step, and how to tell that nothing was
//! changed afterwards.
//!
//! An [`Event`] says who did what, to which visit, with what outcome. It carries codes and ids
//! only: no name, no address, no free text can get in, but for [`Words`] that were sealed before. A [`Writer`] turns events into [`Sealed`]
//! entries: canonical bytes that name the writer, a gapless number, and the hash of the entry
//! before. A [`ChainVerifier`] reads them back and finds any entry that is missing, moved or
//! changed.
//!
//! The hash of an entry is the leaf hash of RFC 6962 §2.1, `SHA-256(0x00 || entry)`. All entries
//! stand in one Merkle tree ([`merkle`]), which is published as files ([`tile`]) under a signed
//! [`Checkpoint`]; [`verify_log`] checks the whole of it, a [`Proof`] shows one entry without the
//! others, and a [`witness`] holds the log to what it said. The chain of a writer covers the time
//! until an entry is in the tree: one that was committed cannot vanish unseen.
//!
//! This crate does no IO and reads no clock. `store` keeps entries, in the same transaction as the
//! change that they describe.

pub mod balp;
mod chain;
mod checkpoint;
mod entry;
mod event;
mod kind;
pub mod merkle;
mod note;
pub mod tile;
mod verify;
pub mod witness;
mod words;

pub use chain::{ChainError, ChainVerifier};
pub use checkpoint::{Checkpoint, Proof, ProofError};
pub use entry::{
    BadEntry, Entry, GENESIS, Hash, MAX_ENTRY_BYTES, Sealed, Writer, WriterId, json_line, leaf_hash,
};
pub use event::{Actor, BadDetail, Detail, Event, Outcome};
pub use kind::Kind;
pub use note::{
    KeyKind, MAX_NOTE_BYTES, Note, NoteError, Signature, SigningKey, VerifyKey, secret_text,
};
pub use tile::{CHECKPOINT_PATH, WITNESSED_PATH};
pub use verify::{LogError, LogFault, LogFigures, Trust, Verified, verify_log};
pub use words::{MAX_SEALED_CHARS, SealedWords, Words};
