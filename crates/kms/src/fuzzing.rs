//! What is read of the answers of key services, laid open for fuzzing and for the replay of what it found.
//! Nothing here is part of the interface, and nothing here does anything of its own.

use crate::ask::Verdict;
use crate::{aws, vault};
use egress::header::{HeaderMap, HeaderValue};
use egress::{Answer, Bytes, StatusCode};
use keys::{KEY_BYTES, Zeroizing};

/// The data key in Vault's answer to a decryption.
#[must_use]
pub fn vault_key(answer: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    vault::key_in(Bytes::copy_from_slice(answer))
}

/// What Vault's answer to an encryption under this version sealed.
#[must_use]
pub fn vault_sealed(answer: &[u8], version: u32) -> Option<Vec<u8>> {
    vault::sealed_in(answer, version)
}

/// Of Vault's answer to a login or about a token: whether the token is over at once, and when it needs a
/// renewal or a successor, if ever.
#[must_use]
pub fn vault_token_life(answer: &[u8], given_ms: u64) -> Option<(bool, Option<u64>)> {
    vault::life_in(answer, given_ms)
}

/// The data key in the answer of KMS to `Decrypt`.
#[must_use]
pub fn aws_key(answer: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    aws::key_in(Bytes::copy_from_slice(answer))
}

/// What the answer of KMS to `Encrypt` or `ReEncrypt` sealed.
#[must_use]
pub fn aws_sealed(answer: &[u8]) -> Option<Vec<u8>> {
    aws::sealed_in(answer)
}

/// Whether KMS is asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// No: this is the answer.
    No,
    /// Yes: it did nothing.
    Undone,
    /// Only what may be done twice: it may have done it.
    Unknown,
}

/// The name of KMS's refusal, and whether it is asked once more. `None` when HTTP has no such status or
/// header.
#[must_use]
pub fn aws_refusal(status: u16, kind: Option<&[u8]>, body: &[u8]) -> Option<(String, Again)> {
    let mut headers = HeaderMap::new();
    if let Some(kind) = kind {
        headers.insert("x-amzn-errortype", HeaderValue::from_bytes(kind).ok()?);
    }
    let status = StatusCode::from_u16(status).ok()?;
    let answer = Answer { status, headers, body: Bytes::copy_from_slice(body) };
    let again = match aws::again(&answer) {
        Verdict::Final => Again::No,
        Verdict::Undone(_) => Again::Undone,
        Verdict::Unknown(_) => Again::Unknown,
    };
    Some((aws::kind(&answer), again))
}
