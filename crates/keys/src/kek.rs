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
    /// What the audit log says about one patient in plain words.
    Patient,
}

impl KeyScope {
    /// The name used in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Visit => "visit",
            Self::Patient => "patient",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Org, Self::Visit, Self::Patient].into_iter().find(|scope| scope.as_str() == text)
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
    /// Which one: the id of the organisation or of the visit, or the name of the key, as text.
    pub scope_id: &'a str,
}

impl KeyContext<'_> {
    /// The associated data of a wrapped key: organisation, scope, id and the version that wraps it.
    #[must_use]
    pub fn to_bytes(self, kek_version: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        push_field(&mut out, b"bedside/kek/v1");
        push_field(&mut out, self.org.to_text().as_bytes());
        push_field(&mut out, self.scope.as_str().as_bytes());
        push_field(&mut out, self.scope_id.as_bytes());
        push_field(&mut out, &kek_version.to_be_bytes());
        out
    }
}

/// A provider of key-encryption keys. It keeps every version that something is still wrapped under,
/// wraps with the newest and unwraps with any.
///
/// Calls block. Where they may wait for a device or a network ([`Self::waits`]), the caller runs them
/// beside its runtime, not on it.
pub trait Kek: Send + Sync {
    /// Its name in the settings, such as `file`.
    fn provider(&self) -> &'static str;

    /// Whether calls may wait for something outside this process.
    fn waits(&self) -> bool;

    /// The newest version that this provider knows of, without asking anybody. [`Self::wrap`] may
    /// find a newer one, made by another process.
    fn current_version(&self) -> u32;

    /// Every version that can unwrap, in rising order.
    ///
    /// # Errors
    /// Whatever stands in the way of asking.
    fn versions(&self) -> Result<Vec<u32>, KeyError>;

    /// Wraps a data key under the newest version. The result names its format and version.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the system has no random numbers; otherwise what the provider says.
    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`Self::wrap`] made, under whichever version it names.
    ///
    /// # Errors
    /// [`KeyError::Open`] for anything altered or under another context,
    /// [`KeyError::UnknownVersion`] when the version is not held here, [`KeyError::Disabled`] when it
    /// is held but may not be used.
    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError>;

    /// Wraps what `wrapped` holds under the newest version. A provider that can do it inside itself
    /// never shows the data key meanwhile.
    ///
    /// # Errors
    /// As [`Self::unwrap`] and [`Self::wrap`].
    fn rewrap(&self, context: KeyContext<'_>, wrapped: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = self.unwrap(context, wrapped)?;
        self.wrap(context, &key)
    }

    /// Makes a new version, which wraps from now on. Older ones stay and still unwrap. Returns it.
    ///
    /// # Errors
    /// What the provider says; the older version then stays in force.
    fn create(&self) -> Result<u32, KeyError>;

    /// Destroys a version for ever. What is still wrapped under it can never be opened again: the
    /// caller has counted that there is nothing.
    ///
    /// # Errors
    /// [`KeyError::InUse`] for the version that wraps now, [`KeyError::UnknownVersion`] for one that
    /// is not there; otherwise what the provider says.
    fn destroy(&self, version: u32) -> Result<(), KeyError>;

    /// Whether the provider can work now, asked of the provider itself. It also takes note of a newer
    /// version. Called at the start and by health checks.
    ///
    /// # Errors
    /// Whatever stands in the way.
    fn health(&self) -> Result<(), KeyError>;

    /// The version that wrapped `wrapped`; rotation looks for old ones with it.
    ///
    /// # Errors
    /// [`KeyError::Open`] or [`KeyError::UnknownFormat`] when it is not a wrapped key of this provider.
    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError>;
}

/// The beginning of every wrapped key: which provider made it, and under which version.
///
/// `format (1 byte) | key version (4, big-endian)`; what follows is the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapHeader {
    /// The provider's form: 1 file, 2 PKCS#11, 3 Vault, 4 AWS KMS.
    pub format: u8,
    /// Version of the key-encryption key, from 1 on.
    pub version: u32,
}

impl WrapHeader {
    /// Length in bytes.
    pub const BYTES: usize = 5;

    /// Appends it to `out`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.push(self.format);
        out.extend_from_slice(&self.version.to_be_bytes());
    }

    /// Takes a wrapped key of `format` apart: its version, and the provider's part.
    ///
    /// # Errors
    /// [`KeyError::Open`] when it is cut short, [`KeyError::OtherProvider`] when another provider
    /// made it, [`KeyError::UnknownFormat`] when no provider of this program did.
    pub fn read(wrapped: &[u8], format: u8) -> Result<(u32, &[u8]), KeyError> {
        let Some((head, body)) = wrapped.split_first_chunk::<{ Self::BYTES }>() else {
            return Err(KeyError::Open);
        };
        match head[0] {
            found if found == format => {}
            found => match Self::provider(found) {
                Some(provider) => return Err(KeyError::OtherProvider(provider)),
                None => return Err(KeyError::UnknownFormat(found)),
            },
        }
        Ok((u32::from_be_bytes([head[1], head[2], head[3], head[4]]), body))
    }

    const fn provider(format: u8) -> Option<&'static str> {
        Some(match format {
            1 => "file",
            2 => "pkcs11",
            3 => "vault",
            4 => "aws-kms",
            _ => return None,
        })
    }
}
