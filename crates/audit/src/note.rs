//! Signed notes: a text and lines of signatures below it (C2SP signed-note), with Ed25519 keys of
//! logs and of witnesses (C2SP tlog-cosignature).
//!
//! A signature of a key that nobody asked about is kept as it is and never judged.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// No note of ours comes near it; what is longer is not read.
pub const MAX_NOTE_BYTES: usize = 65_536;
const MAX_SIGNATURES: usize = 64;
const SIGNED_LINE: &str = "\u{2014} ";
const SECRET_BEGIN: &str = "PRIVATE+KEY+";

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The text of the note: signature type 0x01.
    Log,
    /// The text together with a time: signature type 0x04, `cosignature/v1`.
    Witness,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// What is not a note or a key, or does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("this is not a signed note")]
    Malformed,
    /// Not a key in the written form.
    #[error("this is not a key; a verification key looks like name+1234abcd+AbCd…")]
    BadKey,
    /// No line of the key is there.
    #[error("the note has no signature of this key")]
    Unsigned,
    /// A line of the key is there and is wrong.
    #[error("the signature does not fit the note")]
    BadSignature,
}

/// A public key with its name, such as `example.org/log+1234abcd+AQ…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyKey {
    name: String,
    kind: KeyKind,
    public: [u8; 32],
}

impl VerifyKey {
    /// Reads the written form.
    ///
    /// # Errors
    /// [`NoteError::BadKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, id, data) = three_parts(text.trim()).ok_or(NoteError::BadKey)?;
        let (kind, key) = read_key(data)?;
        let found = Self { name: name.to_owned(), kind, public: key };
        let is_right = is_name(name) && id.len() == 8 && id == format!("{:08x}", found.id());
        if is_right { Ok(found) } else { Err(NoteError::BadKey) }
    }

    /// The written form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut data = vec![self.kind.byte()];
        data.extend_from_slice(&self.public);
        format!("{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(data))
    }

    /// The name of the log or witness.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The short number that its lines carry.
    #[must_use]
    pub fn id(&self) -> u32 {
        key_id(&self.name, self.kind, &self.public)
    }

    /// The time of a witness's signature, or 0 for a log's.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] when no line is of this key, [`NoteError::BadSignature`] when any that
    /// is does not verify.
    pub fn verify(&self, note: &Note) -> Result<u64, NoteError> {
        let id = self.id();
        let mut newest = Err(NoteError::Unsigned);
        for line in note.signatures.iter().filter(|s| s.id == id && s.name == self.name) {
            let at = self.verify_line(&note.text, line)?;
            newest = Ok(newest.unwrap_or(0).max(at));
        }
        newest
    }

    fn verify_line(&self, text: &str, line: &Signature) -> Result<u64, NoteError> {
        let (at, message, signature) = match self.kind {
            KeyKind::Log => (0, text.as_bytes().to_vec(), line.bytes.as_slice()),
            KeyKind::Witness => {
                let (at, rest) = line.bytes.split_first_chunk().ok_or(NoteError::BadSignature)?;
                let at = u64::from_be_bytes(*at);
                (at, cosigned_message(text, at), rest)
            }
        };
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(&message, signature).map_err(|_| NoteError::BadSignature)?;
        Ok(at)
    }
}

/// A private key with its name. Never shown: it has no `Debug`.
pub struct SigningKey {
    name: String,
    kind: KeyKind,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// [`NoteError::BadKey`] for a name that a key cannot have: empty, or with white space or `+`.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::BadKey);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::BadKey)?;
        Ok(Self { name: name.to_owned(), kind, pair })
    }

    /// Reads the form that [`secret_text`] wrote.
    ///
    /// # Errors
    /// [`NoteError::BadKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text.trim().strip_prefix(SECRET_BEGIN).ok_or(NoteError::BadKey)?;
        let (name, id, data) = three_parts(rest).ok_or(NoteError::BadKey)?;
        let (kind, seed) = read_key(data)?;
        let key = Self::from_seed(name, kind, &seed)?;
        let is_right = id == format!("{:08x}", key.public().id());
        if is_right { Ok(key) } else { Err(NoteError::BadKey) }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> VerifyKey {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        VerifyKey { name: self.name.clone(), kind: self.kind, public }
    }

    /// Signs a text that ends with a new line. `at_s`, seconds since the Unix epoch, stands in a
    /// witness's signature; a log's has no time.
    #[must_use]
    pub fn sign(&self, text: &str, at_s: u64) -> Signature {
        let mut bytes = Vec::with_capacity(72);
        let message = match self.kind {
            KeyKind::Log => text.as_bytes().to_vec(),
            KeyKind::Witness => {
                bytes.extend_from_slice(&at_s.to_be_bytes());
                cosigned_message(text, at_s)
            }
        };
        bytes.extend_from_slice(self.pair.sign(&message).as_ref());
        Signature { name: self.name.clone(), id: self.public().id(), bytes }
    }
}

/// The written form of the private key from `seed`, for a file that only its owner can read.
///
/// # Errors
/// [`NoteError::BadKey`] as [`SigningKey::from_seed`].
pub fn secret_text(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<String, NoteError> {
    let id = SigningKey::from_seed(name, kind, seed)?.public().id();
    let mut data = vec![kind.byte()];
    data.extend_from_slice(seed);
    Ok(format!("{SECRET_BEGIN}{name}+{id:08x}+{}\n", STANDARD.encode(data)))
}

/// One line below a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whose.
    pub name: String,
    /// Number of the key.
    pub id: u32,
    /// The signature as its type writes it.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads one line, without its end.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix(SIGNED_LINE).ok_or(NoteError::Malformed)?;
        let (name, data) = rest.split_once(' ').ok_or(NoteError::Malformed)?;
        let data = STANDARD.decode(data).map_err(|_| NoteError::Malformed)?;
        let (id, bytes) = data.split_first_chunk().ok_or(NoteError::Malformed)?;
        if !is_name(name) || bytes.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }

    /// The line with its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut data = self.id.to_be_bytes().to_vec();
        data.extend_from_slice(&self.bytes);
        format!("{SIGNED_LINE}{} {}\n", self.name, STANDARD.encode(data))
    }
}

/// A text with its signatures, none of them judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The signed text; ends with a new line.
    pub text: String,
    /// At least one.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads the whole of a note.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Malformed);
        }
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if all.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let split = all.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = (&all[..=split], &all[split + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(Signature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The note as it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines: String = self.signatures.iter().map(Signature::to_line).collect();
        format!("{}\n{lines}", self.text)
    }

    /// Adds a line in place of an older one of the same key.
    pub fn put(&mut self, signature: Signature) {
        self.signatures.retain(|s| s.id != signature.id || s.name != signature.name);
        self.signatures.push(signature);
    }
}

fn cosigned_message(text: &str, at_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {at_s}\n{text}").into_bytes()
}

fn key_id(name: &str, kind: KeyKind, public: &[u8; 32]) -> u32 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(name.as_bytes());
    context.update(&[b'\n', kind.byte()]);
    context.update(public);
    let hash = context.finish();
    hash.as_ref().first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn read_key(data: &str) -> Result<(KeyKind, [u8; 32]), NoteError> {
    let data = STANDARD.decode(data).map_err(|_| NoteError::BadKey)?;
    let (kind, key) = data.split_first().ok_or(NoteError::BadKey)?;
    let kind = match kind {
        0x01 => KeyKind::Log,
        0x04 => KeyKind::Witness,
        _ => return Err(NoteError::BadKey),
    };
    Ok((kind, key.try_into().map_err(|_| NoteError::BadKey)?))
}

/// `name+number+data`.
fn three_parts(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('+')?;
    let (id, data) = rest.split_once('+')?;
    Some((name, id, data))
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
