//! Credentials that need no table: the user name says who and until when, the password proves it.
//!
//! The user name is `expiry:visit:seat` and the password is the Base64 of HMAC-SHA1 over it, the
//! widespread convention for time-limited TURN credentials. So the same credentials work with any
//! TURN server that shares the secret. HMAC-SHA1 is not weakened by collisions of SHA-1 (RFC 6194).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stun_types::message::{IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials};
use visit::{SeatId, VisitId};

use crate::config::Secret;

/// What a browser is given. Names a person's seat: no `Debug`, no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `expiry:visit:seat`; the expiry in seconds since the Unix epoch.
    pub username: String,
    /// 28 characters of Base64.
    pub password: String,
}

impl Credentials {
    /// Credentials of a seat, good until `expires_unix_s`.
    #[must_use]
    pub fn issue(secret: &Secret, visit: VisitId, seat: SeatId, expires_unix_s: u64) -> Self {
        let username = Holder { visit, seat, expires_unix_s }.username();
        let password = Issuer::new(secret).password(&username);
        Self { username, password }
    }
}

/// Whose credentials, and until when. Its text form is the user name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub visit: VisitId,
    pub seat: SeatId,
    pub expires_unix_s: u64,
}

impl Holder {
    /// Reads a user name. Only the exact form that we write counts: so one holder has one name.
    pub(crate) fn parse(username: &str) -> Option<Self> {
        let mut parts = username.split(':');
        let (expiry, visit, seat) = (parts.next()?, parts.next()?, parts.next()?);
        let holder = Self {
            visit: VisitId::parse(visit).ok()?,
            seat: SeatId::parse(seat).ok()?,
            expires_unix_s: expiry.parse().ok()?,
        };
        (holder.username() == username).then_some(holder)
    }

    fn username(&self) -> String {
        format!("{}:{}:{}", self.expires_unix_s, self.visit.to_text(), self.seat.to_text())
    }
}

/// Derives passwords and the keys of MESSAGE-INTEGRITY.
pub(crate) struct Issuer {
    key: hmac::Key,
}

impl Issuer {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.bytes()) }
    }

    /// The long-term key of a user name (RFC 8489 §9.2.2).
    pub(crate) fn integrity_key(&self, username: &str, realm: &str) -> IntegrityKey {
        let password = self.password(username);
        LongTermKeyCredentials::new(username.to_owned(), password, realm.to_owned())
            .make_key(IntegrityAlgorithm::Sha1)
    }

    fn password(&self, username: &str) -> String {
        STANDARD.encode(hmac::sign(&self.key, username.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_what_other_servers_expect() {
        // printf %s 1790000000:… | openssl dgst -sha1 -hmac 0123456789abcdef -binary | base64
        let secret = Secret::new(b"0123456789abcdef").expect("long enough");
        let (visit, seat) = (VisitId::from_u128(1), SeatId::from_u128(2));
        let issued = Credentials::issue(&secret, visit, seat, 1_790_000_000);
        let username = "1790000000:00000000000000000000000001:00000000000000000000000002";
        assert!(issued.username == username);
        assert!(issued.password == "E9WD7V0Mwo3HOSHjrMFPbklZdUE=");
    }

    #[test]
    fn only_the_exact_form_of_a_user_name_counts() {
        let (visit, seat) = (VisitId::from_u128(77), SeatId::from_u128(99));
        let holder = Holder { visit, seat, expires_unix_s: 1_790_000_000 };
        let name = holder.username();
        assert!(Holder::parse(&name) == Some(holder));
        for bad in [
            String::new(),
            ":".to_owned(),
            name.to_lowercase(),
            format!("0{name}"),
            format!("+{name}"),
            format!("{name}:"),
            format!("{name} "),
            name.replacen(':', "::", 1),
            name.replacen("1790000000", "99999999999999999999999", 1),
        ] {
            assert!(Holder::parse(&bad).is_none());
        }
    }
}
