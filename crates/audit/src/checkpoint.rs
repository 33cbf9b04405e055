//! What a log signs (C2SP tlog-checkpoint) and the proof of one entry as a file (C2SP tlog-proof).

use crate::Hash;
use crate::merkle::{MAX_PROOF, root_by_inclusion};
use crate::note::{Note, NoteError, VerifyKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long the log is and what its root is. The signature makes it a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log; also the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a note. Lines behind the third are allowed and mean nothing to us.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').ok_or(NoteError::Malformed)?.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let (Some(origin), Some(size), Some(root)) = (origin, size, root) else {
            return Err(NoteError::Malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(NoteError::Malformed);
        }
        let size = read_number(size).ok_or(NoteError::Malformed)?;
        let root = read_hash(root).ok_or(NoteError::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads a note and holds it against the key of its log.
    ///
    /// # Errors
    /// [`NoteError`]; also [`NoteError::Unsigned`] when the origin is not the name of the key.
    pub fn open(bytes: &[u8], key: &VerifyKey) -> Result<(Self, Note), NoteError> {
        let note = Note::parse(bytes)?;
        key.verify(&note)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin != key.name() {
            return Err(NoteError::Unsigned);
        }
        Ok((checkpoint, note))
    }
}

/// That one entry is in the log, to be checked without the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Place of the entry, counted from 0.
    pub index: u64,
    /// Hashes from the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub note: Note,
    /// Bytes beside it that nothing vouches for: here the entry itself, or none.
    pub extra: Vec<u8>,
}

/// Why a proof does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not a proof file.
    #[error("this is not a .tlog-proof file")]
    Malformed,
    /// The checkpoint in it.
    #[error("its checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The hashes lead to another root.
    #[error("the entry is not the one that the checkpoint vouches for")]
    OtherRoot,
}

const PROOF_BEGIN: &str = "c2sp.org/tlog-proof@v1\n";

impl Proof {
    /// The file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = PROOF_BEGIN.to_owned();
        if !self.extra.is_empty() {
            text += &format!("extra {}\n", STANDARD.encode(&self.extra));
        }
        text += &format!("index {}\n", self.index);
        for hash in &self.hashes {
            text += &STANDARD.encode(hash);
            text.push('\n');
        }
        text + "\n" + &self.note.to_text()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], or what is wrong with the form of its checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let bad = ProofError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| bad)?;
        let text = text.strip_prefix(PROOF_BEGIN).ok_or(bad)?;
        let (head, note) = text.split_once("\n\n").ok_or(bad)?;
        let mut lines = head.split('\n').peekable();
        let mut extra = Vec::new();
        if let Some(data) = lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            extra = STANDARD.decode(data).map_err(|_| bad)?;
            lines.next();
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(bad)?;
        let index = read_number(index).ok_or(bad)?;
        let hashes = lines.map(read_hash).collect::<Option<Vec<_>>>().ok_or(bad)?;
        if hashes.len() > MAX_PROOF {
            return Err(bad);
        }
        Ok(Self { index, hashes, note: Note::parse(note.as_bytes())?, extra })
    }

    /// Whether the entry with this leaf hash stands where the proof says, in the log of `key`.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn check(&self, leaf: Hash, key: &VerifyKey) -> Result<Checkpoint, ProofError> {
        let (checkpoint, _) = Checkpoint::open(self.note.to_text().as_bytes(), key)?;
        match root_by_inclusion(self.index, checkpoint.size, leaf, &self.hashes) {
            Some(root) if root == checkpoint.root => Ok(checkpoint),
            _ => Err(ProofError::OtherRoot),
        }
    }
}

/// A decimal number without leading zeros or signs.
pub(crate) fn read_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in base64.
pub(crate) fn read_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
