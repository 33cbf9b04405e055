//! Checking the entries of one writer.

use crate::{BadEntry, Entry, GENESIS, Hash, Sealed, WriterId, leaf_hash};
use visit::Timestamp;

/// What is wrong with a chain. The number is the place where it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are not an entry.
    #[error("entry {seq}: {why}")]
    Entry {
        /// The expected number.
        seq: u64,
        /// What is wrong with the bytes.
        why: BadEntry,
    },
    /// The stored hash is not the hash of the stored bytes.
    #[error("entry {seq}: the bytes do not have the stored hash")]
    Leaf {
        /// The expected number.
        seq: u64,
    },
    /// The entry was written by somebody else.
    #[error("entry {seq}: belongs to another writer")]
    Writer {
        /// The expected number.
        seq: u64,
    },
    /// Another number was due: an entry is missing, doubled or out of order.
    #[error("entry {expected} is due, but {found} stands there")]
    Sequence {
        /// The number that was due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The entry does not name the hash of the one before.
    #[error("entry {seq}: does not follow from the entry before")]
    Previous {
        /// Its number.
        seq: u64,
    },
    /// The entry is older than the one before.
    #[error("entry {seq}: is older than the entry before")]
    Time {
        /// Its number.
        seq: u64,
    },
    /// The chain is shorter or other than the writer's own record of it.
    #[error("the writer recorded {recorded} entries, {found} were found or the last one differs")]
    End {
        /// How many the writer recorded.
        recorded: u64,
        /// How many were read.
        found: u64,
    },
}

/// Reads the entries of one writer in order and stops at the first that is not right.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    writer: WriterId,
    count: u64,
    last_leaf: Hash,
    last_at: Timestamp,
}

impl ChainVerifier {
    /// Starts before the first entry of `writer`.
    #[must_use]
    pub const fn new(writer: WriterId) -> Self {
        Self { writer, count: 0, last_leaf: GENESIS, last_at: Timestamp(i64::MIN) }
    }

    /// Takes the next entry and returns it as read.
    ///
    /// # Errors
    /// [`ChainError`] when it is not the one that is due, unchanged.
    pub fn push(&mut self, stored: &Sealed) -> Result<Entry, ChainError> {
        let seq = self.count + 1;
        if stored.seq != seq {
            return Err(ChainError::Sequence { expected: seq, found: stored.seq });
        }
        if leaf_hash(&stored.bytes) != stored.leaf {
            return Err(ChainError::Leaf { seq });
        }
        let entry = Entry::parse(&stored.bytes).map_err(|why| ChainError::Entry { seq, why })?;
        self.follow(&entry, stored.leaf)?;
        Ok(entry)
    }

    /// Takes the next entry as read, together with the leaf hash of its bytes.
    ///
    /// # Errors
    /// [`ChainError`] when it is not the one that is due.
    pub fn follow(&mut self, entry: &Entry, leaf: Hash) -> Result<(), ChainError> {
        let seq = self.count + 1;
        if entry.writer != self.writer {
            return Err(ChainError::Writer { seq });
        }
        if entry.seq != seq {
            return Err(ChainError::Sequence { expected: seq, found: entry.seq });
        }
        if entry.prev != self.last_leaf {
            return Err(ChainError::Previous { seq });
        }
        if entry.at < self.last_at {
            return Err(ChainError::Time { seq });
        }
        self.count = seq;
        self.last_leaf = leaf;
        self.last_at = entry.at;
        Ok(())
    }

    /// Compares the end with the writer's own record: what was cut off at the end shows here.
    ///
    /// # Errors
    /// [`ChainError::End`] when the two differ.
    pub fn finish(self, next_seq: u64, last_leaf: Hash) -> Result<u64, ChainError> {
        let recorded = next_seq.saturating_sub(1);
        if recorded == self.count && last_leaf == self.last_leaf {
            Ok(self.count)
        } else {
            Err(ChainError::End { recorded, found: self.count })
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
