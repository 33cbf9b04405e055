//! What goes to KMS and comes back, as JSON. The names are those of its API (2014-11-01).

use super::MAX_CIPHERTEXT_BYTES;
use crate::ask::wipe;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use egress::Bytes;
use keys::{KEY_BYTES, Zeroizing};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a ciphertext is bound to. KMS writes it into its log in the clear, so it is a hash.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    pub bedside: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Encrypt<'a> {
    pub key_id: &'a str,
    /// Base64.
    pub plaintext: &'a str,
    pub encryption_context: Context<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Decrypt<'a> {
    pub key_id: &'a str,
    /// Base64.
    pub ciphertext_blob: &'a str,
    pub encryption_context: Context<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReEncrypt<'a> {
    /// Base64.
    pub ciphertext_blob: &'a str,
    pub source_key_id: &'a str,
    pub source_encryption_context: Context<'a>,
    pub destination_key_id: &'a str,
    pub destination_encryption_context: Context<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ciphertext {
    pub ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Plaintext<'a> {
    /// Stays in the answer's memory, which is overwritten.
    #[serde(borrow)]
    pub plaintext: Cow<'a, str>,
}

/// What the answer to `Encrypt` or `ReEncrypt` sealed. `None`: it has another form.
pub(crate) fn sealed_in(answer: &[u8]) -> Option<Vec<u8>> {
    let sealed = serde_json::from_slice::<Ciphertext>(answer).ok()?.ciphertext_blob;
    let sealed = BASE64.decode(sealed).ok()?;
    (1..=MAX_CIPHERTEXT_BYTES).contains(&sealed.len()).then_some(sealed)
}

/// The data key in the answer to `Decrypt`, which is overwritten. `None`: it has another form.
pub(crate) fn key_in(answer: Bytes) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let key = match serde_json::from_slice::<Plaintext<'_>>(&answer) {
        Ok(plain) => {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            let read = BASE64.decode_slice(plain.plaintext.as_bytes(), &mut *key);
            (read == Ok(KEY_BYTES)).then_some(key)
        }
        Err(_) => None,
    };
    wipe(answer);
    key
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfKey<'a> {
    pub key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKey<'a> {
    pub description: &'a str,
    pub key_spec: &'a str,
    pub key_usage: &'a str,
}

/// The answer to `CreateKey` and `DescribeKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    pub key_metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    pub key_id: String,
    pub key_state: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateAlias<'a> {
    pub alias_name: &'a str,
    pub target_key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAliases<'a> {
    pub limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Aliases {
    pub aliases: Vec<Alias>,
    #[serde(default)]
    pub truncated: bool,
    pub next_marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Alias {
    pub alias_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleKeyDeletion<'a> {
    pub key_id: &'a str,
    pub pending_window_in_days: u32,
}

/// The body of a refusal. Its words are not looked at.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "__type")]
    pub kind: String,
}
