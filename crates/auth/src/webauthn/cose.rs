//! Public keys as authenticators write them (COSE, RFC 9052 §7 and RFC 9053 §7), for the three
//! algorithms that we ask for. A key says which algorithm it is for, and is used for no other.

use super::{Fault, cbor};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

/// ECDSA on P-256 with SHA-256.
const ES256: i64 = -7;
/// EdDSA; with this curve Ed25519.
const EDDSA: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256: what Windows' own keys use.
const RS256: i64 = -257;
/// What browsers are asked for, the best first (IANA, COSE Algorithms).
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

/// Bytes of the longest RSA modulus: 4096 bits.
const MAX_MODULUS_BYTES: usize = 512;
/// Bytes of the shortest.
const MIN_MODULUS_BYTES: usize = 256;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// For ES256: an uncompressed point (SEC 1 §2.3.3).
    Es256([u8; 65]),
    /// For EdDSA.
    Ed25519([u8; 32]),
    /// For RS256.
    Rs256 {
        /// Modulus, big-endian, without leading zeros.
        n: Vec<u8>,
        /// Exponent, the same.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a COSE key.
    ///
    /// # Errors
    /// [`Fault::BadKey`] when it is none, or of a kind that we did not ask for.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        Self::read(bytes).ok_or(Fault::BadKey)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = cbor::read(bytes)?;
        if !rest.is_empty() {
            return None;
        }
        let int = |label| key.numbered(label).and_then(cbor::Value::as_int);
        let octets = |label| key.numbered(label).and_then(cbor::Value::as_bytes);
        // Labels: 1 kty, 3 alg, -1 crv or n, -2 x or e, -3 y.
        match (int(1)?, int(3)?) {
            (2, ES256) if int(-1) == Some(1) => {
                let (x, y) = (octets(-2)?, octets(-3)?);
                let mut point = [4; 65];
                (x.len() == 32 && y.len() == 32).then_some(())?;
                point[1..33].copy_from_slice(x);
                point[33..].copy_from_slice(y);
                Some(Self::Es256(point))
            }
            (1, EDDSA) if int(-1) == Some(6) => Some(Self::Ed25519(octets(-2)?.try_into().ok()?)),
            (3, RS256) => {
                let (n, e) = (octets(-1)?, octets(-2)?);
                let fits = (MIN_MODULUS_BYTES..=MAX_MODULUS_BYTES).contains(&n.len())
                    && (1..=8).contains(&e.len())
                    && n[0] != 0
                    && e[0] != 0;
                fits.then(|| Self::Rs256 { n: n.to_vec(), e: e.to_vec() })
            }
            _ => None,
        }
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`Fault::BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        }
        .map_err(|_| Fault::BadSignature)
    }
}
