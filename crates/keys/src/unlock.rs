//! What a sealed keyring opens with: a passphrase, or a credential that systemd hands to the service.
//!
//! Owns the derivation of the key that the file's keys are sealed under. It never stores the secret.

use crate::{KEY_BYTES, KeyError, Zeroizing, push_field};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{aead, hkdf, rand};
use serde::{Deserialize, Serialize};

/// Bytes of random salt (RFC 9106 §3.1).
pub(crate) const SALT_BYTES: usize = 16;
/// argon2id: 46 MiB, one pass, one lane (OWASP password storage cheat sheet).
const MEMORY_KIB: u32 = 47_104;
/// More than any file of ours says; a file that says more would only make the start slow.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// A credential is a key, not a password: shorter ones can be guessed.
const MIN_CREDENTIAL_BYTES: usize = 32;
/// As for passwords of staff.
const MIN_PASSPHRASE_BYTES: usize = 12;

/// The secret that a keyring file is sealed with. Wiped on drop.
pub enum Unlock {
    /// Words that a person chose: stretched by argon2id.
    Passphrase(Zeroizing<Vec<u8>>),
    /// Random bytes, at least 32, such as a systemd credential.
    Credential(Zeroizing<Vec<u8>>),
}

/// How the keys in a file are sealed; it stands beside them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum SealForm {
    /// argon2id (RFC 9106), version 0x13.
    Passphrase { salt: String, memory_kib: u32, passes: u32, lanes: u32 },
    /// HKDF-SHA-512 (RFC 5869).
    Credential { salt: String },
}

impl SealForm {
    pub(crate) fn fresh(unlock: &Unlock, salt: String) -> Self {
        match unlock {
            Unlock::Passphrase(_) => {
                Self::Passphrase { salt, memory_kib: MEMORY_KIB, passes: 1, lanes: 1 }
            }
            Unlock::Credential(_) => Self::Credential { salt },
        }
    }

    pub(crate) fn salt(&self) -> &str {
        match self {
            Self::Passphrase { salt, .. } | Self::Credential { salt } => salt,
        }
    }
}

/// Why no key could be derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The file was sealed in the other way.
    OtherKind,
    /// The numbers in the file are out of range.
    Numbers,
    /// The secret is too short to be one.
    TooShort,
}

/// The key that a file's keys are sealed under.
pub(crate) struct SealKey(aead::LessSafeKey);

impl SealKey {
    pub(crate) fn derive(unlock: &Unlock, form: &SealForm, salt: &[u8]) -> Result<Self, Refusal> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        match (unlock, form) {
            (Unlock::Passphrase(words), SealForm::Passphrase { memory_kib, passes, lanes, .. }) => {
                if *memory_kib > MAX_MEMORY_KIB || *passes > 16 || *lanes > 16 {
                    return Err(Refusal::Numbers);
                }
                if words.len() < MIN_PASSPHRASE_BYTES {
                    return Err(Refusal::TooShort);
                }
                let params = Params::new(*memory_kib, *passes, *lanes, Some(KEY_BYTES))
                    .map_err(|_| Refusal::Numbers)?;
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(words, salt, bytes.as_mut_slice())
                    .map_err(|_| Refusal::Numbers)?;
            }
            (Unlock::Credential(secret), SealForm::Credential { .. }) => {
                if secret.len() < MIN_CREDENTIAL_BYTES {
                    return Err(Refusal::TooShort);
                }
                let prk = hkdf::Salt::new(hkdf::HKDF_SHA512, salt).extract(secret);
                prk.expand(&[b"bedside/keyring/v1"], Length)
                    .and_then(|okm| okm.fill(bytes.as_mut_slice()))
                    .map_err(|_| Refusal::Numbers)?;
            }
            _ => return Err(Refusal::OtherKind),
        }
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, bytes.as_slice());
        Ok(Self(aead::LessSafeKey::new(key.map_err(|_| Refusal::Numbers)?)))
    }

    /// `nonce (12) | ciphertext (32) | tag (16)`, bound to the version.
    pub(crate) fn seal(&self, version: u32, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Crypto)?;
        let mut sealed = Zeroizing::new(key.to_vec());
        let tag = self
            .0
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(place(version)),
                &mut sealed,
            )
            .map_err(|_| KeyError::Crypto)?;
        Ok([&nonce, sealed.as_slice(), tag.as_ref()].concat())
    }

    pub(crate) fn open(
        &self,
        version: u32,
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let (nonce, body) = sealed.split_at_checked(aead::NONCE_LEN).ok_or(KeyError::Open)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Open)?;
        let mut buffer = Zeroizing::new(body.to_vec());
        let plain = self
            .0
            .open_in_place(nonce, aead::Aad::from(place(version)), &mut buffer)
            .map_err(|_| KeyError::Open)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if plain.len() != KEY_BYTES {
            return Err(KeyError::Open);
        }
        key.copy_from_slice(plain);
        Ok(key)
    }
}

fn place(version: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    push_field(&mut out, b"bedside/keyring/v1");
    push_field(&mut out, &version.to_be_bytes());
    out
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}
