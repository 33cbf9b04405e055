//! Secrets that people carry: session and device cookies, links, join tokens.
//!
//! A secret is 256 random bits. It leaves the server once, as 43 characters of base64url
//! (RFC 4648 §5, no padding); the server keeps a hash only. Each kind is hashed with its own label,
//! so a secret of one kind is worthless as another.

use crate::{Entropy, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::SecretHash;
use zeroize::Zeroizing;

/// Bytes in a secret.
pub const SECRET_BYTES: usize = 32;
/// Characters in its text form.
pub const SECRET_CHARS: usize = 43;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The cookie of a staff session.
    Session,
    /// A one-time link of staff.
    StaffLink,
    /// A guest's link.
    GuestLink,
    /// The cookie of a browser that holds seats.
    Device,
    /// A token for opening a socket.
    JoinToken,
    /// The challenge or state of a step of signing in.
    SignInStep,
    /// The cookie of a browser that is on its way to the identity provider and back.
    Browser,
}

impl SecretKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::Session,
        Self::StaffLink,
        Self::GuestLink,
        Self::Device,
        Self::JoinToken,
        Self::SignInStep,
        Self::Browser,
    ];

    /// The label in front of the hashed bytes. Changing one voids all secrets of the kind.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"bedside/session/v1\0",
            Self::StaffLink => b"bedside/staff-link/v1\0",
            Self::GuestLink => b"bedside/guest-link/v1\0",
            Self::Device => b"bedside/device/v1\0",
            Self::JoinToken => b"bedside/join-token/v1\0",
            Self::SignInStep => b"bedside/sign-in-step/v1\0",
            Self::Browser => b"bedside/browser/v1\0",
        }
    }
}

/// 256 bits that prove something. Wiped on drop; no `Debug`, no `Display`.
///
/// ```compile_fail
/// fn leak(secret: &auth::Secret) -> String {
///     format!("{secret:?}")
/// }
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

impl Secret {
    /// Draws a new one.
    ///
    /// # Errors
    /// [`crate::AuthError::Internal`] when there are no random numbers.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Reads the 43 characters. `None` for anything else, also for a second spelling of the same
    /// bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != SECRET_CHARS {
            return None;
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(SECRET_BYTES) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The 43 characters to hand out. Shown once, never logged.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// The secret with these bytes. `None` when they are not [`SECRET_BYTES`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes themselves.
    pub(crate) fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// What the server keeps. Rows are found by this hash; finding them leaks nothing useful by
    /// its timing, because nobody can steer a hash towards a stored one.
    #[must_use]
    pub fn hash(&self, kind: SecretKind) -> SecretHash {
        let label = kind.label();
        let mut input = Zeroizing::new(Vec::with_capacity(label.len() + SECRET_BYTES));
        input.extend_from_slice(label);
        input.extend_from_slice(self.0.as_slice());
        SecretHash::of(&input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use std::collections::HashSet;

    #[test]
    fn text_round_trips() {
        let secret = Secret::generate(&SystemEntropy).unwrap();
        let text = secret.to_text();
        assert_eq!(text.len(), SECRET_CHARS);
        let back = Secret::parse(&text).unwrap();
        assert!(back.hash(SecretKind::Session) == secret.hash(SecretKind::Session));
    }

    #[test]
    fn a_kind_is_worthless_as_another() {
        let secret = Secret(Zeroizing::new([7; SECRET_BYTES]));
        let hashes: HashSet<[u8; 32]> =
            SecretKind::ALL.into_iter().map(|kind| secret.hash(kind).0).collect();
        assert_eq!(hashes.len(), SecretKind::ALL.len());
        assert!(!hashes.contains(&SecretHash::of(&[7; SECRET_BYTES]).0));
    }

    #[test]
    fn only_one_spelling_is_accepted() {
        let text = Secret(Zeroizing::new([0; SECRET_BYTES])).to_text().to_string();
        assert!(Secret::parse(&text).is_some());
        // The last character carries four bits only; the two spare ones must be zero.
        for last in ["B", "C", "D"] {
            assert!(Secret::parse(&format!("{}{last}", &text[..42])).is_none());
        }
        for bad in [
            String::new(),
            text[..42].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            format!("{} ", &text[..42]),
            format!("{}+", &text[..42]),
            format!("{}é", &text[..41]),
        ] {
            assert!(Secret::parse(&bad).is_none());
        }
    }
}
