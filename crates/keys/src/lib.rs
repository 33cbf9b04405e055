//! Keys and sealing: key-encryption keys, data keys, and the sealing of single values.
//!
//! The hierarchy has three steps. A [`Kek`] (key-encryption key) never leaves its provider and
//! only wraps other keys. A [`DataKey`] is 32 random bytes, one for the staff data of a clinic, one for
//! each visit and one for what the audit log says about each patient; it is stored wrapped. From a data key, HKDF derives one key per
//! [`SealPurpose`], and that key seals values with AES-256-GCM.
//!
//! A sealed value is bound to its place by [`Aad`]: organisation, table, column and row. Moved to
//! another row, or to another clinic, it does not open.
//!
//! This crate never talks to a database or a network (providers that do are in `kms`), never logs, and never shows key material:
//! no type that holds a key has `Debug`.

mod age;
mod blind;
mod chunked;
mod data_key;
mod error;
mod kek;
mod keyring;
mod private_file;
mod secret_file;
mod signed;
mod unlock;

pub use age::{AgeIdentity, AgeReader, AgeRecipient, AgeWriter};
pub use blind::BlindIndex;
pub use chunked::{
    CHUNK_BYTES, OpenAt, OpenReader, STREAM_HEADER_BYTES, SealWriter, StreamKey, plain_length,
    sealed_length,
};
pub use data_key::{Aad, DataKey, SealPurpose, StreamPurpose};
pub use error::KeyError;
pub use kek::{Kek, KeyContext, KeyScope, WrapHeader};
pub use keyring::FileKeyring;
pub use secret_file::{read_or_make_secret, read_secret};
pub use signed::{Signer, verify_signed};
pub use unlock::Unlock;
/// Wipes its content on drop; what opened plaintext comes back in.
pub use zeroize::{Zeroize, Zeroizing};

/// Bytes in a data key and in a key-encryption key.
pub const KEY_BYTES: usize = 32;

/// Appends `field` with its length in front (four bytes, big-endian), so that two different lists
/// of fields never give the same bytes.
fn push_field(out: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(field);
}
