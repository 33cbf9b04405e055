//! Files and segments of any length: C2SP chunked encryption, instance Cobblestone-256
//! (<https://c2sp.org/chunked-encryption>, v1): HKDF-Expand with SHA-512, AES-256-GCM, chunks of 16 KiB.
//!
//! A sealed file is `salt (24) | commitment (32) | chunk …`. Each chunk is its ciphertext and a tag of 16
//! bytes. The last one is always shorter than a full one, so a file that was cut is found out. The
//! commitment ties the file to its key and context before the first chunk is opened.
//!
//! Owns the format. It holds one chunk in memory, never a file, and lets out no byte of a chunk that
//! was not authenticated.

mod read;
mod write;

pub use read::{OpenAt, OpenReader};
pub use write::SealWriter;

use crate::{KEY_BYTES, KeyError, Zeroizing};
use aws_lc_rs::{aead, constant_time, hkdf, rand};

/// Plaintext bytes of a chunk that is not the last.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Bytes before the first chunk: salt and commitment.
pub const STREAM_HEADER_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;

const SALT_BYTES: usize = 24;
const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// "The message MUST NOT exceed 2^38 chunks."
const MAX_CHUNKS: u64 = 1 << 38;
const LABEL: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// A uniformly random key for files of one purpose. Wiped on drop.
pub struct StreamKey(Zeroizing<[u8; KEY_BYTES]>);

impl StreamKey {
    /// Takes 32 uniformly random bytes, such as the output of a key derivation.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(bytes)
    }
}

/// Length of the sealed form of `plain_bytes`; `None` when that is more than the format can hold.
#[must_use]
pub fn sealed_length(plain_bytes: u64) -> Option<u64> {
    let chunks = plain_bytes / CHUNK_BYTES as u64 + 1;
    if chunks > MAX_CHUNKS {
        return None;
    }
    plain_bytes.checked_add(chunks * TAG_BYTES as u64 + STREAM_HEADER_BYTES as u64)
}

/// Length of what a sealed file of `sealed_bytes` holds; `None` when no file has that length, so it was
/// cut or is none.
#[must_use]
pub fn plain_length(sealed_bytes: u64) -> Option<u64> {
    let body = sealed_bytes.checked_sub(STREAM_HEADER_BYTES as u64)?;
    let (full, last) = (body / SEALED_CHUNK_BYTES as u64, body % SEALED_CHUNK_BYTES as u64);
    let last = last.checked_sub(TAG_BYTES as u64)?;
    (full < MAX_CHUNKS).then_some(full * CHUNK_BYTES as u64 + last)
}

/// What seals and opens the chunks of one file.
struct Chunks {
    key: aead::LessSafeKey,
    base_nonce: [u8; aead::NONCE_LEN],
}

/// The first bytes of a file.
type Header = [u8; STREAM_HEADER_BYTES];

impl Chunks {
    /// For a new file: draws a salt, gives the header.
    fn begin(key: &StreamKey, context: &[u8]) -> Result<(Self, Header), KeyError> {
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(|_| KeyError::Crypto)?;
        let (chunks, commitment) = Self::derive(key, &salt, context)?;
        let mut header = [0; STREAM_HEADER_BYTES];
        header[..SALT_BYTES].copy_from_slice(&salt);
        header[SALT_BYTES..].copy_from_slice(&commitment);
        Ok((chunks, header))
    }

    /// For a file that exists.
    fn resume(key: &StreamKey, context: &[u8], header: &Header) -> Result<Self, KeyError> {
        let (salt, stored) = header.split_at(SALT_BYTES);
        let (chunks, commitment) = Self::derive(key, salt, context)?;
        constant_time::verify_slices_are_equal(&commitment, stored).map_err(|_| KeyError::Open)?;
        Ok(chunks)
    }

    fn derive(
        key: &StreamKey,
        salt: &[u8],
        context: &[u8],
    ) -> Result<(Self, [u8; COMMITMENT_BYTES]), KeyError> {
        let mut out = Zeroizing::new([0; Derived::BYTES]);
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, key.0.as_slice())
            .expand(&[LABEL, salt, context], Derived)
            .and_then(|okm| okm.fill(out.as_mut_slice()))
            .map_err(|_| KeyError::Crypto)?;
        let (key, rest) = out.split_at(KEY_BYTES);
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| KeyError::Crypto)?;
        let (mut base_nonce, mut commitment) = ([0; aead::NONCE_LEN], [0; COMMITMENT_BYTES]);
        base_nonce.copy_from_slice(&rest[..aead::NONCE_LEN]);
        commitment.copy_from_slice(&rest[aead::NONCE_LEN..]);
        Ok((Self { key: aead::LessSafeKey::new(key), base_nonce }, commitment))
    }

    /// "The XOR of the base nonce and the chunk number as a big-endian integer."
    fn nonce(&self, number: u64) -> Result<aead::Nonce, KeyError> {
        if number >= MAX_CHUNKS {
            return Err(KeyError::Crypto);
        }
        let mut nonce = self.base_nonce;
        for (byte, mask) in nonce[aead::NONCE_LEN - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= mask;
        }
        Ok(aead::Nonce::assume_unique_for_key(nonce))
    }

    /// Seals a chunk where it is and appends its tag.
    fn seal(&self, number: u64, chunk: &mut Vec<u8>) -> Result<(), KeyError> {
        self.key
            .seal_in_place_append_tag(self.nonce(number)?, aead::Aad::empty(), chunk)
            .map_err(|_| KeyError::Crypto)
    }

    /// Opens a chunk where it is and cuts its tag off. After an error nothing of it is left.
    fn open(&self, number: u64, chunk: &mut Vec<u8>) -> Result<(), KeyError> {
        match self.key.open_in_place(self.nonce(number)?, aead::Aad::empty(), chunk) {
            Ok(plain) => {
                let length = plain.len();
                chunk.truncate(length);
                Ok(())
            }
            Err(_) => {
                chunk.clear();
                Err(KeyError::Open)
            }
        }
    }
}

struct Derived;

impl Derived {
    const BYTES: usize = KEY_BYTES + aead::NONCE_LEN + COMMITMENT_BYTES;
}

impl hkdf::KeyType for Derived {
    fn len(&self) -> usize {
        Self::BYTES
    }
}

/// As an error of a reader or a writer.
fn io_error(error: KeyError) -> std::io::Error {
    let kind = match error {
        KeyError::Open => std::io::ErrorKind::InvalidData,
        _ => std::io::ErrorKind::Other,
    };
    std::io::Error::new(kind, error)
}

#[cfg(test)]
#[path = "chunked_tests.rs"]
mod tests;
