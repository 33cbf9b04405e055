//! Passkeys: the checks of a relying party after W3C Web Authentication Level 3 §7.1 and §7.2.
//!
//! # What it owns
//! Reading what a browser hands over (client data, attestation object, authenticator data), and
//! saying whether it proves what it should: this challenge, this origin, this relying party, a
//! person present and, if asked for, verified, a signature by the key that was registered, and a
//! counter that has grown.
//!
//! # What it never does
//! It keeps no challenge, reads no clock and asks no database: [`crate::passkey`] does. It trusts no
//! attestation. We ask for none, and what an authenticator says about its maker is not looked at:
//! staff bring the keys that they have, and no rule of the clinic depends on the make.

mod cbor;
mod cose;

pub use cose::{ALGORITHMS, PublicKey};

use crate::json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cbor::Value;
use serde::Deserialize;
use store::SecretHash;
use subtle::ConstantTimeEq as _;

/// The longest credential id, in bytes (§7.1 step 25).
pub const MAX_CREDENTIAL_ID_BYTES: usize = 1_023;
/// The longest client data, in bytes. Browsers send some 150.
const MAX_CLIENT_DATA_BYTES: usize = 4_096;
/// The longest attestation object or authenticator data, in bytes. Without an attestation it is some
/// 200, with a chain of certificates a few thousand.
const MAX_AUTHENTICATOR_BYTES: usize = 12_288;

/// Flags of the authenticator data (§6.1).
mod flag {
    pub const USER_PRESENT: u8 = 1;
    pub const USER_VERIFIED: u8 = 1 << 2;
    pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
    pub const BACKED_UP: u8 = 1 << 4;
    pub const ATTESTED: u8 = 1 << 6;
    pub const EXTENSIONS: u8 = 1 << 7;
}

/// Who asks for a passkey: one origin, and the domain that keys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    /// The relying party of an origin as browsers write it. `None` where browsers offer no passkeys:
    /// by an IP address, or over plain HTTP elsewhere than on `localhost`.
    #[must_use]
    pub fn of(origin: &str) -> Option<Self> {
        let (secure, rest) = match origin.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, origin.strip_prefix("http://")?),
        };
        if rest.starts_with('[') {
            return None;
        }
        let host = rest.split(':').next().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        let named = !host.is_empty()
            && host.bytes().all(plain)
            && host.parse::<std::net::Ipv4Addr>().is_err();
        (named && (secure || host == "localhost"))
            .then(|| Self { id: host.to_owned(), origin: origin.to_owned() })
    }

    /// The domain that keys are bound to.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The only origin that is accepted.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Why a passkey was not accepted. The codes go into audit entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Not what a browser sends, or too long.
    Malformed,
    /// Made for registering and used for signing in, or the other way round.
    WrongCeremony,
    /// Another challenge than ours.
    WrongChallenge,
    /// Made by a page of another origin, or in a frame of one.
    WrongOrigin,
    /// Made for another domain.
    WrongRelyingParty,
    /// Nobody touched the authenticator.
    NotPresent,
    /// Nobody showed it a finger, a face or a PIN, and that was asked for.
    NotVerified,
    /// A kind of key that was not asked for, or one that is none.
    BadKey,
    /// The signature is not by this key, or not over this.
    BadSignature,
    /// The counter has not grown: there are two of this key.
    Counter,
}

impl Fault {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongCeremony => "wrong_ceremony",
            Self::WrongChallenge => "wrong_challenge",
            Self::WrongOrigin => "wrong_origin",
            Self::WrongRelyingParty => "wrong_relying_party",
            Self::NotPresent => "not_present",
            Self::NotVerified => "not_verified",
            Self::BadKey => "bad_key",
            Self::BadSignature => "bad_signature",
            Self::Counter => "counter",
        }
    }
}

/// What a browser hands over after making a key.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `attestationObject`.
    pub attestation: &'a [u8],
}

/// What a browser hands over after using one.
#[derive(Clone, Copy)]
pub struct Assertion<'a> {
    /// Which key.
    pub credential: &'a [u8],
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `signature`.
    pub signature: &'a [u8],
    /// `userHandle`, if the authenticator gave one.
    pub user_handle: Option<&'a [u8]>,
}

/// A key that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id, 1 to [`MAX_CREDENTIAL_ID_BYTES`] bytes.
    pub credential: Vec<u8>,
    /// The public key, as the authenticator wrote it (COSE).
    pub public_key: Vec<u8>,
    /// Where the counter stands; 0 when there is none.
    pub sign_count: u32,
    /// Whether the key may be copied to other devices of its owner.
    pub backup_eligible: bool,
    /// Whether its owner was verified.
    pub user_verified: bool,
}

/// The use of a key that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// Where the counter stands now.
    pub sign_count: u32,
    /// Whether its owner was verified.
    pub user_verified: bool,
}

/// What is known about a key when it is used.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The public key (COSE).
    pub public_key: &'a [u8],
    /// Where the counter stood.
    pub sign_count: u32,
    /// What was said about copies when it was registered.
    pub backup_eligible: bool,
}

/// `create` or `get`, as the client data names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ceremony {
    Create,
    Get,
}

impl Ceremony {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// `CollectedClientData` (§5.8.1). It may have more members than these; double ones are refused.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

impl ClientData {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_CLIENT_DATA_BYTES {
            return Err(Fault::Malformed);
        }
        json::read(bytes).ok_or(Fault::Malformed)
    }

    fn challenge(&self) -> Result<Vec<u8>, Fault> {
        URL_SAFE_NO_PAD.decode(&self.challenge).map_err(|_| Fault::Malformed)
    }

    fn check(&self, party: &RelyingParty, ceremony: Ceremony, wanted: &[u8]) -> Result<(), Fault> {
        if self.ceremony != ceremony.name() {
            return Err(Fault::WrongCeremony);
        }
        if !bool::from(self.challenge()?.ct_eq(wanted)) {
            return Err(Fault::WrongChallenge);
        }
        if self.origin != party.origin || self.cross_origin || self.top_origin.is_some() {
            return Err(Fault::WrongOrigin);
        }
        Ok(())
    }
}

/// The challenge that client data claims to answer, for finding what is known about it. Nothing is
/// checked yet.
///
/// # Errors
/// [`Fault::Malformed`].
pub fn claimed_challenge(client_data: &[u8]) -> Result<Vec<u8>, Fault> {
    ClientData::parse(client_data)?.challenge()
}

/// Checks a new key (§7.1).
///
/// # Errors
/// The first [`Fault`].
pub fn check_registration(
    party: &RelyingParty,
    challenge: &[u8],
    new: Registration<'_>,
) -> Result<Registered, Fault> {
    ClientData::parse(new.client_data)?.check(party, Ceremony::Create, challenge)?;
    if new.attestation.len() > MAX_AUTHENTICATOR_BYTES {
        return Err(Fault::Malformed);
    }
    let (object, rest) = cbor::read(new.attestation).ok_or(Fault::Malformed)?;
    let statement = object.member("attStmt").and_then(Value::as_map);
    let format = object.member("fmt").and_then(Value::as_text);
    let data = object.member("authData").and_then(Value::as_bytes);
    let (Some(statement), Some(format), Some(data), []) = (statement, format, data, rest) else {
        return Err(Fault::Malformed);
    };
    // §8.7: "none" says nothing.
    if format == "none" && !statement.is_empty() {
        return Err(Fault::Malformed);
    }
    let data = AuthenticatorData::parse(data)?;
    data.check(party)?;
    let (credential, public_key) = data.attested.ok_or(Fault::Malformed)?;
    // A key that cannot be used later is refused now.
    PublicKey::parse(public_key)?;
    Ok(Registered {
        credential: credential.to_vec(),
        public_key: public_key.to_vec(),
        sign_count: data.sign_count,
        backup_eligible: data.has(flag::BACKUP_ELIGIBLE),
        user_verified: data.has(flag::USER_VERIFIED),
    })
}

/// Checks the use of a key (§7.2). Whose key it is, and that the user handle is that person's, is the
/// caller's.
///
/// # Errors
/// The first [`Fault`].
pub fn check_assertion(
    party: &RelyingParty,
    challenge: &[u8],
    used: Assertion<'_>,
    known: Known<'_>,
    must_verify: bool,
) -> Result<Asserted, Fault> {
    ClientData::parse(used.client_data)?.check(party, Ceremony::Get, challenge)?;
    if used.authenticator_data.len() > MAX_AUTHENTICATOR_BYTES {
        return Err(Fault::Malformed);
    }
    let data = AuthenticatorData::parse(used.authenticator_data)?;
    data.check(party)?;
    if must_verify && !data.has(flag::USER_VERIFIED) {
        return Err(Fault::NotVerified);
    }
    // Step 19: it is said once and for all when the key is made.
    if data.has(flag::BACKUP_ELIGIBLE) != known.backup_eligible {
        return Err(Fault::Malformed);
    }
    let mut signed = used.authenticator_data.to_vec();
    signed.extend_from_slice(SecretHash::of(used.client_data).as_bytes());
    PublicKey::parse(known.public_key)?.verify(&signed, used.signature)?;
    // Step 22. Both 0 means that the authenticator does not count.
    if (data.sign_count != 0 || known.sign_count != 0) && data.sign_count <= known.sign_count {
        return Err(Fault::Counter);
    }
    Ok(Asserted { sign_count: data.sign_count, user_verified: data.has(flag::USER_VERIFIED) })
}

/// Authenticator data (§6.1).
struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    sign_count: u32,
    /// Credential id and public key of a new key.
    attested: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> AuthenticatorData<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        Self::read(bytes).ok_or(Fault::Malformed)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32)?;
        let (&[flags, a, b, c, d], mut rest) = rest.split_first_chunk::<5>()?;
        let mut attested = None;
        if flags & flag::ATTESTED != 0 {
            let (_aaguid, after) = rest.split_at_checked(16)?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            if !(1..=MAX_CREDENTIAL_ID_BYTES).contains(&length) {
                return None;
            }
            let (credential, after) = after.split_at_checked(length)?;
            let (_, behind) = cbor::read(after)?;
            attested = Some((credential, after.get(..after.len() - behind.len())?));
            rest = behind;
        }
        if flags & flag::EXTENSIONS != 0 {
            let (extensions, behind) = cbor::read(rest)?;
            extensions.as_map()?;
            rest = behind;
        }
        let sign_count = u32::from_be_bytes([a, b, c, d]);
        rest.is_empty().then_some(Self { rp_id_hash, flags, sign_count, attested })
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn check(&self, party: &RelyingParty) -> Result<(), Fault> {
        if self.rp_id_hash != SecretHash::of(party.id.as_bytes()).as_bytes() {
            return Err(Fault::WrongRelyingParty);
        }
        if !self.has(flag::USER_PRESENT) {
            return Err(Fault::NotPresent);
        }
        // A copy of a key that cannot be copied.
        if self.has(flag::BACKED_UP) && !self.has(flag::BACKUP_ELIGIBLE) {
            return Err(Fault::Malformed);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
