//! Nonces that need no table: a time and a proof that we wrote it for this client.
//!
//! A nonce is 4 bytes of time and 16 bytes of HMAC-SHA256 over that time and the client's
//! five-tuple, in Base64. A million strangers who ask for one leave nothing behind.

use std::net::IpAddr;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::client::{Client, Transport};

/// Bytes of the time and of the proof.
const TIME_BYTES: usize = 4;
const PROOF_BYTES: usize = 16;

/// Writes and checks nonces.
pub(crate) struct Nonces {
    key: hmac::Key,
    lifetime_s: u32,
}

impl Nonces {
    /// `key` is 32 random bytes, new with each start. `lifetime_s` is how long a nonce is good.
    pub(crate) fn new(key: &[u8; 32], lifetime_s: u32) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), lifetime_s }
    }

    /// A nonce for `client`. `now_s` is the age of the relay in seconds.
    pub(crate) fn issue(&self, now_s: u32, client: &Client) -> String {
        let mut bytes = [0; TIME_BYTES + PROOF_BYTES];
        bytes[..TIME_BYTES].copy_from_slice(&now_s.to_be_bytes());
        bytes[TIME_BYTES..].copy_from_slice(&self.proof(now_s, client));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether we wrote `nonce` for `client`, not longer ago than a nonce lives.
    pub(crate) fn is_fresh(&self, now_s: u32, client: &Client, nonce: &str) -> bool {
        let mut bytes = [0; TIME_BYTES + PROOF_BYTES];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(bytes.len()) {
            return false;
        }
        let (time, proof) = bytes.split_at(TIME_BYTES);
        let written_s = time.iter().fold(0, |n, byte| n << 8 | u32::from(*byte));
        let recent = now_s.checked_sub(written_s).is_some_and(|age_s| age_s < self.lifetime_s);
        let ours = constant_time::verify_slices_are_equal(proof, &self.proof(written_s, client));
        recent && ours.is_ok()
    }

    fn proof(&self, written_s: u32, client: &Client) -> [u8; PROOF_BYTES] {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(&written_s.to_be_bytes());
        for ip in [client.remote.ip(), client.local] {
            mac.update(&as_v6(ip));
        }
        mac.update(&client.remote.port().to_be_bytes());
        mac.update(&client.link.to_be_bytes());
        mac.update(&[match client.transport {
            Transport::Udp => 0,
            Transport::Tcp => 1,
            Transport::Tls => 2,
        }]);
        let mut proof = [0; PROOF_BYTES];
        proof.copy_from_slice(&mac.sign().as_ref()[..PROOF_BYTES]);
        proof
    }
}

fn as_v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(port: u16) -> Client {
        Client {
            transport: Transport::Udp,
            remote: ([198, 51, 100, 7], port).into(),
            local: [192, 0, 2, 1].into(),
            link: 0,
        }
    }

    #[test]
    fn a_nonce_is_good_for_its_time_and_its_client_only() {
        let nonces = Nonces::new(&[1; 32], 600);
        let nonce = nonces.issue(1_000, &client(5_000));
        assert!(nonces.is_fresh(1_000, &client(5_000), &nonce));
        assert!(nonces.is_fresh(1_599, &client(5_000), &nonce));
        assert!(!nonces.is_fresh(1_600, &client(5_000), &nonce), "too old");
        assert!(!nonces.is_fresh(999, &client(5_000), &nonce), "from the future");
        assert!(!nonces.is_fresh(1_000, &client(5_001), &nonce), "another port");
        let over_tcp = Client { transport: Transport::Tcp, ..client(5_000) };
        assert!(!nonces.is_fresh(1_000, &over_tcp, &nonce), "another transport");
        assert!(!Nonces::new(&[2; 32], 600).is_fresh(1_000, &client(5_000), &nonce), "another key");
    }

    #[test]
    fn no_changed_character_is_accepted() {
        let nonces = Nonces::new(&[1; 32], 600);
        let nonce = nonces.issue(7, &client(5_000));
        for i in 0..nonce.len() {
            let mut bytes = nonce.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(!nonces.is_fresh(7, &client(5_000), &changed));
        }
        for bad in ["", "A", &nonce[1..], &format!("{nonce}A"), &"A".repeat(763)] {
            assert!(!nonces.is_fresh(7, &client(5_000), bad));
        }
    }
}
