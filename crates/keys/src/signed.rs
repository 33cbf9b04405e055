//! Signed statements: certificates of destroyed keys, evidence of drills. Ed25519 (RFC 8032).
//!
//! What is signed is the text of the statement, byte by byte, so nothing depends on how somebody's
//! program writes JSON.

use crate::private_file::{self, Place};
use crate::{KEY_BYTES, KeyError, Zeroizing};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use zeroize::Zeroize as _;

const FORMAT: &str = "bedside-signed-v1";
/// Keeps these signatures apart from all others that the same key might make.
const LABEL: &[u8] = b"bedside/signed/v1\0";

/// The file of the key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    format: u32,
    ed25519: String,
}

impl Drop for KeyForm {
    fn drop(&mut self) {
        self.ed25519.zeroize();
    }
}

/// A statement as it is handed out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    statement: String,
    public_key: String,
    signature: String,
}

/// The key that a clinic's server signs statements with.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// Reads the key from a file that only its owner may read; makes one when there is none.
    ///
    /// # Errors
    /// As [`crate::FileKeyring::create_or_open`].
    pub fn create_or_open(path: &Path) -> Result<Self, KeyError> {
        match private_file::read(path) {
            Ok((text, _)) => return Self::from_file(path, &text),
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(other) => return Err(other),
        }
        let mut seed = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(seed.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
        let form = KeyForm { format: 1, ed25519: BASE64.encode(seed.as_slice()) };
        let text = Zeroizing::new(serde_json::to_vec(&form).map_err(|_| KeyError::Crypto)?);
        match private_file::write(path, &text, Place::New) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            written => written?,
        }
        // Somebody else may have been faster: what is in the file is the key.
        Self::from_file(path, &private_file::read(path)?.0)
    }

    fn from_file(path: &Path, text: &[u8]) -> Result<Self, KeyError> {
        let damaged = |what| KeyError::Damaged { path: path.to_owned(), what };
        let form: KeyForm = serde_json::from_slice(text)
            .map_err(|_| damaged("not the form of a key for signatures"))?;
        let seed = BASE64.decode(&form.ed25519).map(Zeroizing::new);
        let seed = seed.map_err(|_| damaged("a key is not base 64"))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        pair.map(Self).map_err(|_| damaged("a key is not 256 bits long"))
    }

    /// The public key, base 64: what a reader of statements has to know.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64.encode(self.0.public_key().as_ref())
    }

    /// Signs a statement. The result is JSON.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the statement cannot be written as JSON.
    pub fn sign<T: Serialize>(&self, statement: &T) -> Result<String, KeyError> {
        let statement = serde_json::to_string(statement).map_err(|_| KeyError::Crypto)?;
        let signature = self.0.sign(&[LABEL, statement.as_bytes()].concat());
        let envelope = Envelope {
            format: FORMAT.to_owned(),
            statement,
            public_key: self.public_key(),
            signature: BASE64.encode(signature.as_ref()),
        };
        serde_json::to_string_pretty(&envelope).map_err(|_| KeyError::Crypto)
    }
}

/// The statement in what [`Signer::sign`] gave, if it was signed by `public_key`.
///
/// # Errors
/// [`KeyError::Open`] when it was altered, is none, or somebody else signed it.
pub fn verify_signed(text: &str, public_key: &str) -> Result<serde_json::Value, KeyError> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|_| KeyError::Open)?;
    if envelope.format != FORMAT || envelope.public_key != public_key {
        return Err(KeyError::Open);
    }
    let key = BASE64.decode(public_key).map_err(|_| KeyError::Open)?;
    let signature = BASE64.decode(&envelope.signature).map_err(|_| KeyError::Open)?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&[LABEL, envelope.statement.as_bytes()].concat(), &signature)
        .map_err(|_| KeyError::Open)?;
    serde_json::from_str(&envelope.statement).map_err(|_| KeyError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_verifies_for_its_signer_only_and_not_when_altered() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("evidence.key");
        let signer = Signer::create_or_open(&path).expect("makes one");
        let text = signer.sign(&serde_json::json!({ "what": "visit" })).expect("signs");
        let again = Signer::create_or_open(&path).expect("reads it");
        assert_eq!(again.public_key(), signer.public_key());
        let statement = verify_signed(&text, &again.public_key()).expect("verifies");
        assert_eq!(statement["what"], "visit");
        let other = Signer::create_or_open(&folder.path().join("other.key")).expect("makes one");
        assert!(verify_signed(&text, &other.public_key()).is_err());
        let altered = text.replace("visit", "visiT");
        assert_ne!(altered, text);
        assert!(verify_signed(&altered, &signer.public_key()).is_err());
    }
}
