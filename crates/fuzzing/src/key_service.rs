//! Answers of key services over the network: a key comes out of what the form says and out of nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keys::KEY_BYTES;
use kms::fuzzing::{self, Again};
use serde_json::Value;

use crate::input::Input;
use crate::json::Once;

/// Nonce, ciphertext and tag of a data key, as Vault gives them.
const VAULT_SEALED_BYTES: usize = 12 + KEY_BYTES + 16;
/// As KMS limits it.
const AWS_SEALED_BYTES: usize = 6_144;
/// A token is not renewed more often than this, ms.
const LEAST_WAIT_MS: u64 = 5_000;

/// An answer; the first byte says of which service and to what.
pub fn key_service(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 6 {
        0 => {
            let answer = input.rest();
            let key = fuzzing::vault_key(answer).map(|key| BASE64.encode(*key));
            assert_said(answer, &["data", "plaintext"], key, is_key);
        }
        1 => vault_sealed(&mut input),
        2 => vault_token(&mut input),
        3 => {
            let answer = input.rest();
            let key = fuzzing::aws_key(answer).map(|key| BASE64.encode(*key));
            assert_said(answer, &["Plaintext"], key, is_key);
        }
        4 => {
            let answer = input.rest();
            let sealed = fuzzing::aws_sealed(answer).map(|sealed| BASE64.encode(sealed));
            assert_said(answer, &["CiphertextBlob"], sealed, |text| {
                BASE64.decode(text).is_ok_and(|b| (1..=AWS_SEALED_BYTES).contains(&b.len()))
            });
        }
        _ => aws_refusal(&mut input),
    }
}

fn is_key(text: &str) -> bool {
    BASE64.decode(text).is_ok_and(|bytes| bytes.len() == KEY_BYTES)
}

/// `taken` was read out of `answer`, written as it should stand there. It does stand there, under these
/// names if there are names; and what stands there and `fits` is always taken.
fn assert_said(answer: &[u8], names: &[&str], taken: Option<String>, fits: impl Fn(&str) -> bool) {
    // Without double keys, so that both readings speak of the same value.
    let whole = serde_json::from_slice::<Once>(answer).ok().map(|Once(value)| value);
    let named = whole.as_ref().and_then(|whole| {
        names.iter().try_fold(whole, |value, name| value.get(*name)).and_then(Value::as_str)
    });
    match taken {
        Some(taken) => {
            assert!(holds(answer, &taken), "something was taken that nobody sent");
            assert!(named.is_none_or(|named| named == taken), "taken from another place");
        }
        None => assert!(!named.is_some_and(fits), "a good answer was not taken"),
    }
}

/// Whether the text stands in a body, where a letter may be written as `\u0041`.
fn holds(body: &[u8], text: &str) -> bool {
    text.is_empty()
        || body.contains(&b'\\')
        || body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What Vault sealed says under which version; it is never taken for another one's.
fn vault_sealed(input: &mut Input<'_>) {
    let version = u32::from(input.u8());
    let answer = input.rest();
    let begin = format!("vault:v{version}:");
    let sealed = fuzzing::vault_sealed(answer, version);
    if sealed.is_some() {
        assert!(fuzzing::vault_sealed(answer, version + 1).is_none(), "of two versions");
    }
    let text = sealed.map(|sealed| format!("{begin}{}", BASE64.encode(sealed)));
    assert_said(answer, &["data", "ciphertext"], text, |text| {
        let sealed = text.strip_prefix(&begin).and_then(|text| BASE64.decode(text).ok());
        sealed.is_some_and(|sealed| sealed.len() == VAULT_SEALED_BYTES)
    });
}

/// However long Vault says that a token lasts: it is good when it comes, and is not renewed in a storm.
fn vault_token(input: &mut Input<'_>) {
    let given_ms = u64::from(input.u32());
    let Some((is_over, next_ms)) = fuzzing::vault_token_life(input.rest(), given_ms) else {
        return;
    };
    assert!(!is_over, "over at once: every request would ask for another one");
    assert!(next_ms.is_none_or(|at_ms| at_ms >= given_ms + LEAST_WAIT_MS));
}

/// A refusal has one name, and only one that is sure to have done nothing counts as that.
fn aws_refusal(input: &mut Input<'_>) {
    let status = 100 + input.u16() % 900;
    let header = Some(input.piece()).filter(|header| !header.is_empty());
    let body = input.rest();
    let Some((name, again)) = fuzzing::aws_refusal(status, header, body) else { return };
    if status == 200 {
        return assert!(name.is_empty() && again == Again::No, "an answer is no refusal");
    }
    assert!(!name.contains([':', '#']), "{name:?} is no name");
    assert!(header.is_some_and(|header| holds(header, &name)) || holds(body, &name));
    let throttled = matches!(&*name, "ThrottlingException" | "TooManyRequestsException");
    let broken = (500..600).contains(&status);
    match again {
        Again::Undone => assert!(status == 429 || throttled),
        Again::Unknown => assert!(broken || name == "KeyUnavailableException"),
        Again::No => assert!(!broken && status != 429 && !throttled),
    }
}
