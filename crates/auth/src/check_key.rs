//! The key in the link of a network check: lets anybody who has it try the ways to the server, and
//! nothing else, until it ends.
//!
//! It carries its end and a tag of the clinic over it, so nothing is stored, and the console makes one
//! beside the running server. It may be used more than once: the people who look after a network try
//! again and again. How often is the server's to limit.

use crate::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::Reader;
use subtle::ConstantTimeEq as _;
use visit::{Duration, Timestamp};

/// How long such a link is good: a working day.
pub const CHECK_KEY_LIFE: Duration = Duration::from_min(12 * 60);

/// Keeps the tag apart from all others.
const KIND: &str = "check_key";
const END_BYTES: usize = 8;
const KEY_BYTES: usize = END_BYTES + 32;

/// Makes a key that is good from `now` for [`CHECK_KEY_LIFE`].
///
/// # Errors
/// What the store says.
pub async fn make_check_key(reader: &mut Reader, now: Timestamp) -> Result<String> {
    let end = now.plus(CHECK_KEY_LIFE).0.to_be_bytes();
    let mut bytes = end.to_vec();
    bytes.extend_from_slice(&reader.own_tag(KIND, &end).await?);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether `text` is a key of this clinic that is good at `now`.
///
/// # Errors
/// What the store says.
pub async fn is_check_key(reader: &mut Reader, text: &str, now: Timestamp) -> Result<bool> {
    let Some(bytes) = URL_SAFE_NO_PAD.decode(text).ok().filter(|b| b.len() == KEY_BYTES) else {
        return Ok(false);
    };
    let (end, tag) = bytes.split_at(END_BYTES);
    let mut of_end = [0; END_BYTES];
    of_end.copy_from_slice(end);
    let is_ours = bool::from(reader.own_tag(KIND, end).await?.as_slice().ct_eq(tag));
    let end = Timestamp(i64::from_be_bytes(of_end));
    // One made by a clock that was ahead must not be good for longer.
    Ok(is_ours && now < end && end <= now.plus(CHECK_KEY_LIFE))
}
