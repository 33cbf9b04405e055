//! A witness of other people's logs: C2SP tlog-witness, `add-checkpoint`.
//!
//! It remembers for each log the last checkpoint that it signed, and signs only what goes on from
//! there. So a log cannot show one history to one reader and another to the next. Keeping that
//! memory, one request at a time and before the answer leaves, is the caller's duty.

use crate::Hash;
use crate::checkpoint::{Checkpoint, read_hash, read_number};
use crate::merkle::{EMPTY_ROOT, MAX_PROOF, is_consistent};
use crate::note::{Note, NoteError, Signature, SigningKey, VerifyKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A request is never larger: 63 hashes and a note.
pub const MAX_REQUEST_BYTES: usize = 128 * 1_024;

/// What a log asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the last checkpoint that the witness signed, as the log believes.
    pub old_size: u64,
    /// Proof from there to the new one.
    pub proof: Vec<Hash>,
    /// The new checkpoint, signed by the log.
    pub note: Note,
}

impl AddCheckpoint {
    /// The body of the request.
    #[must_use]
    pub fn to_text(&self) -> String {
        let proof: String = self.proof.iter().map(|h| STANDARD.encode(h) + "\n").collect();
        format!("old {}\n{proof}\n{}", self.old_size, self.note.to_text())
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| bad)?;
        let (head, note) = text.split_once("\n\n").ok_or(bad)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(bad)?;
        let old_size = read_number(old).ok_or(bad)?;
        let proof = lines.map(read_hash).collect::<Option<Vec<_>>>().ok_or(bad)?;
        if proof.len() > MAX_PROOF {
            return Err(bad);
        }
        Ok(Self { old_size, proof, note: Note::parse(note.as_bytes())? })
    }
}

/// What a witness remembers of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a witness does not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request, or an old size beyond the new one.
    #[error("the request is not an add-checkpoint request")]
    BadRequest,
    /// No trusted key signed the checkpoint.
    #[error("no trusted key signed the checkpoint")]
    Forbidden,
    /// The log is not known here.
    #[error("this witness does not know the log")]
    UnknownLog,
    /// The witness stands elsewhere: at this size.
    #[error("the last checkpoint that was signed has {0} entries")]
    Conflict(u64),
    /// The new tree does not go on from the old one.
    #[error("the proof does not lead from the old checkpoint to the new one")]
    Inconsistent,
}

impl Refusal {
    /// The status of the HTTP answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// A witness: its key, and the logs that it looks at.
pub struct Witness {
    key: SigningKey,
    logs: Vec<VerifyKey>,
}

impl Witness {
    /// A witness with a key of [`crate::KeyKind::Witness`].
    ///
    /// # Errors
    /// [`NoteError::BadKey`] when the key signs something else.
    pub fn new(key: SigningKey, logs: Vec<VerifyKey>) -> Result<Self, NoteError> {
        if key.public().kind() != crate::KeyKind::Witness {
            return Err(NoteError::BadKey);
        }
        Ok(Self { key, logs })
    }

    /// Reads a request and says whose log it is about, so that its memory can be fetched.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(&self, body: &[u8]) -> Result<(AddCheckpoint, Checkpoint), Refusal> {
        let request = AddCheckpoint::parse(body).map_err(|_| Refusal::BadRequest)?;
        let said = Checkpoint::parse(&request.note.text).map_err(|_| Refusal::BadRequest)?;
        let mut keys = self.logs.iter().filter(|key| key.name() == said.origin).peekable();
        if keys.peek().is_none() {
            return Err(Refusal::UnknownLog);
        }
        if !keys.any(|key| key.verify(&request.note).is_ok()) {
            return Err(Refusal::Forbidden);
        }
        if request.old_size > said.size {
            return Err(Refusal::BadRequest);
        }
        Ok((request, said))
    }

    /// Decides about a request that [`Self::read`] gave, `seen` being what is remembered of its log.
    /// The memory and the signature; the memory is kept before the signature is handed out.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(
        &self,
        request: &AddCheckpoint,
        said: &Checkpoint,
        seen: Option<&Seen>,
        now_s: u64,
    ) -> Result<(Seen, Signature), Refusal> {
        let (size, root) = seen.map_or((0, EMPTY_ROOT), |seen| (seen.size, seen.root));
        if request.old_size != size || size == said.size && root != said.root {
            return Err(Refusal::Conflict(size));
        }
        if !is_consistent(size, &root, said.size, &said.root, &request.proof) {
            return Err(Refusal::Inconsistent);
        }
        let seen = Seen { size: said.size, root: said.root };
        Ok((seen, self.key.sign(&request.note.text, now_s)))
    }
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
