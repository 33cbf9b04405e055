//! Values about people in the clear, as they live in memory. None has `Debug` or `Display`.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// SHA-256 of a secret that somebody carries: a session id, a link, a token, a device cookie. The
/// secrets have 128 random bits or more, so an unsalted hash cannot be reversed by guessing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Hashes a secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
        Self(out)
    }

    /// The bytes as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Who sits in a seat. Sealed under the visit's key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSecret {
    /// What the person is called in the visit.
    pub name: String,
    /// Where the invitation goes.
    pub email: Option<String>,
    /// Date of birth as `YYYY-MM-DD`, for the second check.
    pub dob: Option<String>,
}

/// A member of staff. Sealed under the organisation's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffSecret {
    /// What colleagues and patients see.
    pub name: String,
    /// The address to sign in with, as typed.
    pub email: String,
}

/// What staff wrote about a visit. Sealed under the visit's key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitText {
    /// A short title.
    pub title: Option<String>,
    /// A note for the clinic's eyes.
    pub note: Option<String>,
}
