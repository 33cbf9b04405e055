//! Where a data key belongs, as a provider over the network is told: a hash.

use aws_lc_rs::digest;
use keys::{KeyContext, KeyScope};
use visit::OrgId;

/// SHA-256 of [`KeyContext::to_bytes`]. Providers write down what they are asked; the ids of organisations and
/// visits are none of their business.
pub(crate) fn hash_of(context: KeyContext<'_>, version: u32) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, &context.to_bytes(version)).as_ref());
    out
}

/// The place of a data key, for whichever version wraps it.
pub(crate) struct Places {
    org: OrgId,
    scope: KeyScope,
    scope_id: String,
}

impl Places {
    pub(crate) fn of(context: KeyContext<'_>) -> Self {
        Self { org: context.org, scope: context.scope, scope_id: context.scope_id.to_owned() }
    }

    /// The hash under this version.
    pub(crate) fn at(&self, version: u32) -> [u8; 32] {
        let context = KeyContext { org: self.org, scope: self.scope, scope_id: &self.scope_id };
        hash_of(context, version)
    }
}
