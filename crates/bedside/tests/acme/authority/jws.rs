//! Signed requests (RFC 8555 §6.2, RFC 7515): what they must look like, and whether the signature is
//! true. ES256 is the one algorithm.

use super::problem::Problem;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Deserialize;

/// A request whose form is good. Nothing is known of its truth before [`Self::verify`].
pub struct Jws {
    pub signer: Signer,
    pub nonce: String,
    pub url: String,
    pub payload: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
}

/// Who says to have signed: a key, or the address of an account.
pub enum Signer {
    Key(PublicKey),
    Account(String),
}

/// A point on P-256.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    x: [u8; 32],
    y: [u8; 32],
}

/// RFC 7515 §7.2.2. An unprotected header is refused (RFC 8555 §6.2).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
}

#[derive(Deserialize)]
struct Protected {
    alg: String,
    nonce: Option<String>,
    url: String,
    jwk: Option<Jwk>,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl Jws {
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, Problem> {
        if content_type != Some("application/jose+json") {
            return Err(Problem::new(
                415,
                "malformed",
                "the content type is application/jose+json",
            ));
        }
        let malformed = |detail| Problem::new(400, "malformed", detail);
        let flat: Flattened = serde_json::from_slice(body)
            .map_err(|_| malformed("the body is a flattened JWS without an unprotected header"))?;
        let head = decode(&flat.protected)?;
        let head: Protected = serde_json::from_slice(&head)
            .map_err(|_| malformed("the protected header has alg, nonce, url and jwk or kid"))?;
        if head.alg != "ES256" {
            return Err(Problem::new(400, "badSignatureAlgorithm", "the algorithm is ES256"));
        }
        let signer = match (head.jwk, head.kid) {
            (Some(jwk), None) => Signer::Key(PublicKey::from_jwk(&jwk)?),
            (None, Some(kid)) => Signer::Account(kid),
            _ => return Err(malformed("there is one of jwk and kid")),
        };
        Ok(Self {
            signer,
            nonce: head.nonce.ok_or(Problem::new(400, "badNonce", "the nonce is missing"))?,
            url: head.url,
            payload: decode(&flat.payload)?,
            signature: decode(&flat.signature)?,
            signed: format!("{}.{}", flat.protected, flat.payload),
        })
    }

    pub fn verify(&self, key: &PublicKey) -> Result<(), Problem> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point())
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| Problem::new(400, "malformed", "the signature is wrong"))
    }
}

impl PublicKey {
    fn from_jwk(jwk: &Jwk) -> Result<Self, Problem> {
        let bad = || Problem::new(400, "badPublicKey", "the key is a point on P-256");
        if jwk.kty != "EC" || jwk.crv != "P-256" {
            return Err(bad());
        }
        let coordinate = |text: &str| <[u8; 32]>::try_from(decode(text)?).map_err(|_| bad());
        Ok(Self { x: coordinate(&jwk.x)?, y: coordinate(&jwk.y)? })
    }

    /// Uncompressed (SEC 1 §2.3.3).
    pub fn point(&self) -> Vec<u8> {
        [&[4][..], &self.x, &self.y].concat()
    }

    /// RFC 7638 §3.
    fn thumbprint(&self) -> String {
        let [x, y] = [&self.x, &self.y].map(|c| BASE64_URL_SAFE_NO_PAD.encode(c));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }

    /// What the holder of this key shows for a challenge: SHA-256 of the key authorization
    /// (RFC 8555 §8.1, RFC 8737 §3).
    pub fn proof_for(&self, token: &str) -> [u8; 32] {
        let authorization = format!("{token}.{}", self.thumbprint());
        let hash = digest(&SHA256, authorization.as_bytes());
        hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

pub fn decode(text: &str) -> Result<Vec<u8>, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Problem::new(400, "malformed", "fields are base64url without padding"))
}
