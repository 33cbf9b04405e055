//! What goes to Vault and comes back, as JSON.

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
