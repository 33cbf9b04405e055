//! Where a data key belongs, as a provider over the network is told: a hash.

use aws_lc_rs::digest;
use keys::KeyContext;

/// SHA-256 of [`KeyContext::to_bytes`]. Providers write down what they are asked; the ids of organisations and
/// visits are none of their business.
pub(crate) fn hash_of(context: KeyContext<'_>, version: u32) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, &context.to_bytes(version)).as_ref());
    out
}
