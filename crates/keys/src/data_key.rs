//! Data keys and sealed values.
//!
//! A sealed value is `format (1 byte) | nonce (12) | ciphertext | tag (16)`: AES-256-GCM with a
//! random 96-bit nonce (NIST SP 800-38D §8.2.2). That construction allows 2³² values per key; a key
//! here is one purpose of one visit, or of one clinic's staff, far below the limit.

use crate::{BlindIndex, KEY_BYTES, Kek, KeyContext, KeyError, StreamKey, Zeroizing, push_field};
use aws_lc_rs::{aead, hkdf, hmac, rand};
use visit::OrgId;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + aead::NONCE_LEN;
const TAG_BYTES: usize = 16;

/// What a value is. Each purpose has its own key, so a value sealed as one never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SealPurpose {
    /// Name, e-mail address and date of birth of a person.
    Person,
    /// A chat message.
    Chat,
    /// Title and note of a visit.
    Note,
    /// Text of an e-mail that is waiting to be sent.
    Email,
    /// A secret of the program itself, such as a TOTP seed.
    Secret,
    /// What was measured in a call.
    Quality,
    /// Words beside an entry of the audit log.
    Audit,
    /// The name of the key that seals such words.
    AuditKey,
}

impl SealPurpose {
    /// Every purpose, for tests.
    pub const ALL: [Self; 8] = [
        Self::Person,
        Self::Chat,
        Self::Note,
        Self::Email,
        Self::Secret,
        Self::Quality,
        Self::Audit,
        Self::AuditKey,
    ];

    /// The derivation label. Changing one makes everything sealed under it unreadable.
    const fn label(self) -> &'static str {
        match self {
            Self::Person => "bedside/seal/v1/person",
            Self::Chat => "bedside/seal/v1/chat",
            Self::Note => "bedside/seal/v1/note",
            Self::Email => "bedside/seal/v1/email",
            Self::Secret => "bedside/seal/v1/secret",
            Self::Quality => "bedside/seal/v1/quality",
            Self::Audit => "bedside/seal/v1/audit",
            Self::AuditKey => "bedside/seal/v1/audit-key",
        }
    }
}

/// What a sealed file is. Each purpose has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamPurpose {
    /// A file that somebody gave in a visit.
    File,
    /// A segment of a recording.
    Recording,
}

impl StreamPurpose {
    /// The derivation label. Changing one makes everything sealed under it unreadable.
    const fn label(self) -> &'static str {
        match self {
            Self::File => "bedside/stream/v1/file",
            Self::Recording => "bedside/stream/v1/recording",
        }
    }
}

/// The place of a sealed value; it is authenticated with the value but not stored beside it.
#[derive(Clone, Copy)]
pub struct Aad<'a> {
    /// The organisation that owns the row.
    pub org: OrgId,
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's key as text.
    pub row: &'a str,
}

impl Aad<'_> {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        push_field(&mut out, b"bedside/aad/v1");
        push_field(&mut out, self.org.to_text().as_bytes());
        push_field(&mut out, self.table.as_bytes());
        push_field(&mut out, self.column.as_bytes());
        push_field(&mut out, self.row.as_bytes());
        out
    }
}

/// 32 random bytes from which all keys of one visit, or of one clinic's staff data, are derived.
/// Wiped on drop.
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    /// Draws a new key from the system's random number generator.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the system has no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
        Ok(Self(bytes))
    }

    /// Wraps the key for storage.
    ///
    /// # Errors
    /// As [`Kek::wrap`].
    pub fn wrap(&self, kek: &dyn Kek, context: KeyContext<'_>) -> Result<Vec<u8>, KeyError> {
        kek.wrap(context, &self.0)
    }

    /// Brings a wrapped key back.
    ///
    /// # Errors
    /// As [`Kek::unwrap`].
    pub fn unwrap(
        kek: &dyn Kek,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Self, KeyError> {
        kek.unwrap(context, wrapped).map(Self)
    }

    /// Seals `plaintext` for the place `aad`.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the system has no random numbers.
    pub fn seal(
        &self,
        purpose: SealPurpose,
        aad: &Aad<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Crypto)?;
        let mut out = Vec::with_capacity(HEADER_BYTES + plaintext.len() + TAG_BYTES);
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plaintext);
        let tag = self
            .cipher(purpose)?
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(aad.to_bytes()),
                &mut out[HEADER_BYTES..],
            )
            .map_err(|_| KeyError::Crypto)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what [`Self::seal`] made for the same purpose and place.
    ///
    /// # Errors
    /// [`KeyError::Open`] for anything else, [`KeyError::UnknownFormat`] for a newer format.
    pub fn open(
        &self,
        purpose: SealPurpose,
        aad: &Aad<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match sealed.first() {
            Some(&FORMAT) if sealed.len() >= HEADER_BYTES + TAG_BYTES => {}
            Some(&FORMAT) | None => return Err(KeyError::Open),
            Some(&other) => return Err(KeyError::UnknownFormat(other)),
        }
        let nonce = aead::Nonce::try_assume_unique_for_key(&sealed[1..HEADER_BYTES])
            .map_err(|_| KeyError::Open)?;
        let mut buffer = Zeroizing::new(sealed[HEADER_BYTES..].to_vec());
        let length = self
            .cipher(purpose)?
            .open_in_place(nonce, aead::Aad::from(aad.to_bytes()), &mut buffer)
            .map_err(|_| KeyError::Open)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The key for files of one purpose ([`crate::SealWriter`]).
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the derivation is refused.
    pub fn stream_key(&self, purpose: StreamPurpose) -> Result<StreamKey, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let prk = self.prk();
        prk.expand(&[purpose.label().as_bytes()], StreamKeyLength)
            .and_then(|okm| okm.fill(bytes.as_mut_slice()))
            .map_err(|_| KeyError::Crypto)?;
        Ok(StreamKey::new(bytes))
    }

    /// The keyed index that goes with this key.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the derivation is refused.
    pub fn blind_index(&self) -> Result<BlindIndex, KeyError> {
        let prk = self.prk();
        let key =
            prk.expand(&[b"bedside/index/v1"], hmac::HMAC_SHA256).map_err(|_| KeyError::Crypto)?;
        Ok(BlindIndex::new(hmac::Key::from(key)))
    }

    /// The key is uniformly random, so HKDF needs no extract step (RFC 5869 §3.3).
    fn prk(&self) -> hkdf::Prk {
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, self.0.as_slice())
    }

    fn cipher(&self, purpose: SealPurpose) -> Result<aead::LessSafeKey, KeyError> {
        let prk = self.prk();
        let info = [purpose.label().as_bytes()];
        let okm = prk.expand(&info, &aead::AES_256_GCM).map_err(|_| KeyError::Crypto)?;
        Ok(aead::LessSafeKey::new(aead::UnboundKey::from(okm)))
    }
}

struct StreamKeyLength;

impl hkdf::KeyType for StreamKeyLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

#[cfg(test)]
#[path = "data_key_tests.rs"]
mod tests;
