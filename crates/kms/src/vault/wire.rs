//! What goes to Vault and comes back, as JSON.

use super::SEALED_BYTES;
use crate::ask::wipe;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use egress::Bytes;
use keys::{KEY_BYTES, Zeroizing};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize)]
pub(super) struct Encrypt<'a> {
    /// Base64.
    pub plaintext: &'a str,
    /// Base64.
    pub associated_data: &'a str,
    pub key_version: u32,
}

#[derive(Serialize)]
pub(super) struct Decrypt<'a> {
    /// `vault:v<version>:<base64>`.
    pub ciphertext: &'a str,
    /// Base64.
    pub associated_data: &'a str,
}

/// Everything but a login answers with `data`.
#[derive(Deserialize)]
pub(super) struct Data<T> {
    pub data: T,
}

#[derive(Deserialize)]
pub(super) struct Ciphertext {
    pub ciphertext: String,
}

#[derive(Deserialize)]
pub(super) struct Plaintext<'a> {
    /// Stays in the answer's memory, which is overwritten.
    #[serde(borrow)]
    pub plaintext: Cow<'a, str>,
}

/// What the answer to an encryption under this version sealed. `None`: it has another form.
pub(crate) fn sealed_in(answer: &[u8], version: u32) -> Option<Vec<u8>> {
    let text = serde_json::from_slice::<Data<Ciphertext>>(answer).ok()?.data.ciphertext;
    let sealed = BASE64.decode(text.strip_prefix(&format!("vault:v{version}:"))?).ok()?;
    (sealed.len() == SEALED_BYTES).then_some(sealed)
}

/// The data key in the answer to a decryption, which is overwritten. `None`: it has another form.
pub(crate) fn key_in(answer: Bytes) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let key = match serde_json::from_slice::<Data<Plaintext<'_>>>(&answer) {
        Ok(answer) => {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            let read = BASE64.decode_slice(answer.data.plaintext.as_bytes(), &mut *key);
            (read == Ok(KEY_BYTES)).then_some(key)
        }
        Err(_) => None,
    };
    wipe(answer);
    key
}

/// What `GET keys/<name>` says, as far as it matters here.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct KeyRing {
    pub latest_version: u32,
    /// Older ones do not decrypt.
    #[serde(default)]
    pub min_decryption_version: u32,
    /// Older ones do not encrypt; 0: all may.
    #[serde(default)]
    pub min_encryption_version: u32,
    /// Older ones are gone for ever.
    #[serde(default)]
    pub min_available_version: u32,
}

/// What kind of key it is.
#[derive(Deserialize)]
pub(super) struct KeyKind {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub derived: bool,
}

#[derive(Serialize)]
pub(super) struct NewKey {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub derived: bool,
    pub exportable: bool,
    pub allow_plaintext_backup: bool,
}

/// The least versions that may still be used; those that are absent stay as they are.
#[derive(Serialize, Default)]
pub(super) struct KeyConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_encryption_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_decryption_version: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Trim {
    pub min_available_version: u32,
}

#[derive(Serialize)]
pub(super) struct AppRoleLogin<'a> {
    pub role_id: &'a str,
    pub secret_id: &'a str,
}

#[derive(Deserialize)]
pub(super) struct AuthAnswer {
    pub auth: Auth,
}

#[derive(Deserialize)]
pub(super) struct Auth {
    pub client_token: String,
    /// Seconds; 0: without end.
    #[serde(default)]
    pub lease_duration: u64,
    #[serde(default)]
    pub renewable: bool,
}

#[derive(Deserialize)]
pub(super) struct LookupAnswer {
    pub data: Lookup,
}

#[derive(Deserialize)]
pub(super) struct Lookup {
    /// Seconds that are left; 0: without end.
    #[serde(default)]
    pub ttl: u64,
    #[serde(default)]
    pub renewable: bool,
}
