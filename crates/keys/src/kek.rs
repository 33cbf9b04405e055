//! The key-encryption key: what a provider must do, and what a wrapped key is bound to.

use crate::{KEY_BYTES, KeyError, Zeroizing, push_field};
use visit::OrgId;

/// What a data key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// The staff data of one organisation.
    Org,
    /// The data of one visit.
    Visit,
}

impl KeyScope {
    /// The name used in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Visit => "visit",
        }
    }
}

/// Where a data key belongs. A wrapped key unwraps only under the context it was wrapped with, so
/// a row moved to another visit or clinic is refused.
#[derive(Clone, Copy)]
pub struct KeyContext<'a> {
    /// The organisation.
    pub org: OrgId,
    /// What the key is for.
    pub scope: KeyScope,
    /// Which one: the id of the organisation or of the visit, as text.
    pub scope_id: &'a str,
}

impl KeyContext<'_> {
    /// The associated data of a wrapped key.
    pub(crate) fn to_bytes(self, kek_version: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        push_field(&mut out, b"bedside/kek/v1");
        push_field(&mut out, self.org.to_text().as_bytes());
        push_field(&mut out, self.scope.as_str().as_bytes());
        push_field(&mut out, self.scope_id.as_bytes());
        push_field(&mut out, &kek_version.to_be_bytes());
        out
    }
}

/// A provider of key-encryption keys. It keeps every version it ever used, wraps with the newest
/// and unwraps with any.
pub trait Kek: Send + Sync {
    /// The version that [`Self::wrap`] uses now.
    fn current_version(&self) -> u32;

    /// Wraps a data key under the newest version. The result names its format and version.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the system has no random numbers.
    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`Self::wrap`] made, under whichever version it names.
    ///
    /// # Errors
    /// [`KeyError::Open`] for anything altered or under another context,
    /// [`KeyError::UnknownVersion`] when the version is not held here.
    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError>;

    /// Whether the provider can work now. Called at the start and by health checks.
    ///
    /// # Errors
    /// Whatever stands in the way.
    fn health(&self) -> Result<(), KeyError>;

    /// The version that wrapped `wrapped`; rotation looks for old ones with it.
    ///
    /// # Errors
    /// [`KeyError::Open`] or [`KeyError::UnknownFormat`] when it is not a wrapped key.
    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError>;
}
