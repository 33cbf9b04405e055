//! An authenticator in software, for tests only. It does what a security key does (W3C Web
//! Authentication §6) and what the browser in front of it does (§5.8.1), and lies only where a test
//! tells it to.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::SecretHash;

/// One key in a software authenticator, with the browser in front of it.
pub struct SoftKey {
    pair: EcdsaKeyPair,
    /// Its id.
    pub credential: Vec<u8>,
    /// The user handle that it was made with.
    pub user_handle: Vec<u8>,
    /// How often it was used; 0 for good when it does not count.
    pub counter: u32,
    /// Whether it counts.
    pub counts: bool,
    /// Where the browser is.
    pub origin: String,
    /// The domain that the browser passes on.
    pub rp_id: String,
    /// Whether its owner shows a finger.
    pub verifies: bool,
    /// Whether its owner touches it.
    pub touched: bool,
}

/// What a browser hands over after making a key.
pub struct Made {
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation: Vec<u8>,
}

/// What a browser hands over after using one.
pub struct Used {
    /// `rawId`.
    pub credential: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
    /// `userHandle`.
    pub user_handle: Vec<u8>,
}

impl Used {
    /// The same, borrowed.
    #[must_use]
    pub fn assertion(&self) -> crate::webauthn::Assertion<'_> {
        crate::webauthn::Assertion {
            credential: &self.credential,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: Some(&self.user_handle),
        }
    }
}

impl Made {
    /// The same, borrowed.
    #[must_use]
    pub fn registration(&self) -> crate::webauthn::Registration<'_> {
        crate::webauthn::Registration {
            client_data: &self.client_data,
            attestation: &self.attestation,
        }
    }
}

impl SoftKey {
    /// A new key for pages of `origin`, whose host is the domain.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new(origin: &str, user_handle: &[u8]) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let Ok(pair) = pair else { panic!("no key pair") };
        let mut credential = vec![0; 24];
        assert!(aws_lc_rs::rand::fill(&mut credential).is_ok());
        let host = origin.split("://").nth(1).and_then(|rest| rest.split(':').next());
        Self {
            pair,
            credential,
            user_handle: user_handle.to_vec(),
            counter: 0,
            counts: true,
            origin: origin.to_owned(),
            rp_id: host.unwrap_or_default().to_owned(),
            verifies: true,
            touched: true,
        }
    }

    /// Makes the key known: the answer to `navigator.credentials.create`.
    #[must_use]
    pub fn create(&mut self, challenge: &[u8]) -> Made {
        let client_data = self.client_data("webauthn.create", challenge);
        let mut data = self.authenticator_data(0x40);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&(self.credential.len() as u16).to_be_bytes());
        data.extend_from_slice(&self.credential);
        let point = self.pair.public_key().as_ref();
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&point[1..33]);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&point[33..65]);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData".to_vec();
        attestation.extend_from_slice(&[0x58, data.len() as u8]);
        attestation.extend_from_slice(&data);
        Made { client_data, attestation }
    }

    /// Uses the key: the answer to `navigator.credentials.get`.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn get(&mut self, challenge: &[u8]) -> Used {
        let client_data = self.client_data("webauthn.get", challenge);
        if self.counts {
            self.counter += 1;
        }
        let authenticator_data = self.authenticator_data(0);
        let mut signed = authenticator_data.clone();
        signed.extend_from_slice(SecretHash::of(&client_data).as_bytes());
        let Ok(signature) = self.pair.sign(&SystemRandom::new(), &signed) else {
            panic!("no signature")
        };
        Used {
            credential: self.credential.clone(),
            client_data,
            authenticator_data,
            signature: signature.as_ref().to_vec(),
            user_handle: self.user_handle.clone(),
        }
    }

    fn client_data(&self, ceremony: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let origin = &self.origin;
        format!(
            r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        )
        .into_bytes()
    }

    fn authenticator_data(&self, more_flags: u8) -> Vec<u8> {
        let flags = more_flags | u8::from(self.touched) | (u8::from(self.verifies) << 2);
        let mut data = SecretHash::of(self.rp_id.as_bytes()).as_bytes().to_vec();
        data.push(flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }
}
