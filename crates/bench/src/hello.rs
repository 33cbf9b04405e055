//! ClientHellos as an old device or an attacker would begin a handshake, over TLS and DTLS, and what
//! comes back (RFC 5246 §7.4.1, RFC 6347 §4.2, RFC 5764 §4.1).
//!
//! Owns the bytes of the first messages of a handshake. It never finishes one and opens no socket.

/// Type of a record (RFC 5246 §6.2.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
/// Length of a DTLS record's head, and of a handshake message's.
const RECORD_HEAD: usize = 13;
const MESSAGE_HEAD: usize = 12;

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// TLS 1.0 with the ciphers of its time. DTLS has no such version: there it is DTLS 1.0.
    V10,
    /// TLS 1.1, which is what DTLS 1.0 was made from, with the ciphers of its time.
    V11,
    /// Version 1.2 with ciphers that are broken or weak: none, RC4, 3DES, CBC, and no forward secrecy.
    V12Weak,
    /// Version 1.2 with forward secrecy and AEAD, as browsers offer it.
    V12,
}

/// What a datagram of a server says to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Say it again with this cookie; the server keeps nothing until then.
    Again(Vec<u8>),
    /// It goes on.
    Taken,
    /// It refuses, by an alert.
    Refused,
    /// Nothing of that kind.
    Other,
}

impl Offer {
    const fn ciphers(self) -> &'static [u16] {
        match self {
            // ECDHE and RSA with AES-CBC, 3DES.
            Self::V10 | Self::V11 => &[0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a],
            // NULL, RC4, 3DES, CBC, and AEAD without forward secrecy.
            Self::V12Weak => {
                &[0x0002, 0x0005, 0x000a, 0xc013, 0xc014, 0xc009, 0x002f, 0x0035, 0x009c, 0x009d]
            }
            Self::V12 => &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9],
        }
    }

    const fn is_12(self) -> bool {
        matches!(self, Self::V12 | Self::V12Weak)
    }

    /// The TLS record with a ClientHello to a server called `name`.
    #[must_use]
    pub fn tls(self, name: &str, random: [u8; 32]) -> Vec<u8> {
        let version = match self {
            Self::V10 => [3, 1],
            Self::V11 => [3, 2],
            Self::V12 | Self::V12Weak => [3, 3],
        };
        let body = self.body(version, random, None, &self.extensions(Some(name)));
        let mut message = vec![CLIENT_HELLO, 0];
        put16(&mut message, &body);
        let mut record = vec![HANDSHAKE, 3, 1];
        put16(&mut record, &message);
        record
    }

    /// The DTLS record with a ClientHello; `cookie` is empty the first time, as `number` is 0. The second
    /// one has to have the same `random`.
    #[must_use]
    pub fn dtls(self, random: [u8; 32], cookie: &[u8], number: u8) -> Vec<u8> {
        let version = if self.is_12() { [0xfe, 0xfd] } else { [0xfe, 0xff] };
        let cookie = &cookie[..cookie.len().min(255)];
        let body = self.body(version, random, Some(cookie), &self.extensions(None));
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut message = vec![CLIENT_HELLO, length[1], length[2], length[3], 0, number];
        // One fragment: from 0, all of it.
        message.extend([0, 0, 0, length[1], length[2], length[3]]);
        message.extend(body);
        // The record of a first flight says 1.0 (RFC 6347 §4.2.1). Epoch 0.
        let mut record = vec![HANDSHAKE, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, number];
        put16(&mut record, &message);
        record
    }

    fn body(
        self,
        version: [u8; 2],
        random: [u8; 32],
        cookie: Option<&[u8]>,
        extensions: &[u8],
    ) -> Vec<u8> {
        let mut body = version.to_vec();
        body.extend(random);
        // No session to go on with.
        body.push(0);
        if let Some(cookie) = cookie {
            body.push(u8::try_from(cookie.len()).unwrap_or(u8::MAX));
            body.extend(cookie);
        }
        put16(&mut body, &self.ciphers().iter().flat_map(|c| c.to_be_bytes()).collect::<Vec<_>>());
        // No compression.
        body.extend([1, 0]);
        put16(&mut body, extensions);
        body
    }

    /// Pages are asked for by `name`; without one it is about media.
    fn extensions(self, name: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut extension = |kind: u16, data: &[u8]| {
            out.extend(kind.to_be_bytes());
            put16(&mut out, data);
        };
        if let Some(name) = name {
            // server_name (RFC 6066 §3).
            let (mut host, mut list) = (vec![0], Vec::new());
            put16(&mut host, name.as_bytes());
            put16(&mut list, &host);
            extension(0, &list);
        }
        // supported_groups: secp256r1, secp384r1, x25519; ec_point_formats: uncompressed.
        extension(10, &[0, 6, 0, 23, 0, 24, 0, 29]);
        extension(11, &[1, 0]);
        if self.is_12() {
            // signature_algorithms: ECDSA and RSA (both forms) with SHA-256 and SHA-384, Ed25519.
            extension(13, &[0, 14, 4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1, 8, 7]);
            // extended_master_secret (RFC 7627).
            extension(23, &[]);
        }
        if name.is_none() {
            // use_srtp: both AEAD profiles, and AES-CM with SHA-1.
            extension(14, &[0, 6, 0, 7, 0, 8, 0, 1, 0]);
        }
        // renegotiation_info (RFC 5746 §3.4).
        extension(0xff01, &[0]);
        out
    }
}

impl Reply {
    /// Reads the first record of a datagram.
    #[must_use]
    pub fn of_dtls(datagram: &[u8]) -> Self {
        let message = datagram.get(RECORD_HEAD..).unwrap_or_default();
        match (datagram.first(), message.first()) {
            (Some(&ALERT), Some(_)) => Self::Refused,
            (Some(&HANDSHAKE), Some(&SERVER_HELLO)) => Self::Taken,
            (Some(&HANDSHAKE), Some(&HELLO_VERIFY_REQUEST)) => {
                // Version, then the cookie with its length.
                let cookie = message.get(MESSAGE_HEAD + 2..).and_then(|rest| {
                    let (length, rest) = rest.split_first()?;
                    rest.get(..usize::from(*length))
                });
                cookie.map_or(Self::Other, |cookie| Self::Again(cookie.to_vec()))
            }
            _ => Self::Other,
        }
    }

    /// Reads the beginning of a TLS stream: a record's head and the first byte of its message.
    #[must_use]
    pub const fn of_tls(head: [u8; 6]) -> Self {
        match head {
            [HANDSHAKE, .., SERVER_HELLO] => Self::Taken,
            [ALERT, ..] => Self::Refused,
            _ => Self::Other,
        }
    }
}

/// A length of two bytes and what it counts.
fn put16(out: &mut Vec<u8>, data: &[u8]) {
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: [Offer; 4] = [Offer::V10, Offer::V11, Offer::V12Weak, Offer::V12];

    fn be(bytes: &[u8], at: usize) -> usize {
        usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
    }

    #[test]
    fn lengths_of_tls_fit_in_one_another() {
        for offer in OFFERS {
            let hello = offer.tls("clinic.example", [7; 32]);
            assert_eq!(be(&hello, 3), hello.len() - 5);
            assert_eq!(be(&hello, 7), hello.len() - 9);
            assert_eq!((hello[5], hello[6]), (1, 0), "a ClientHello of less than 64 KiB");
        }
    }

    #[test]
    fn lengths_of_dtls_fit_in_one_another() {
        for offer in OFFERS {
            for cookie in [&[][..], &[7; 32]] {
                let hello = offer.dtls([1; 32], cookie, 1);
                assert_eq!(be(&hello, 11), hello.len() - RECORD_HEAD);
                assert_eq!(be(&hello, 14 + 1), hello.len() - RECORD_HEAD - MESSAGE_HEAD);
                assert_eq!(be(&hello, 22 + 1), be(&hello, 15), "one fragment");
                assert_eq!(usize::from(hello[60]), cookie.len());
            }
        }
    }

    #[test]
    fn replies_are_told_apart_and_cut_ones_are_none() {
        let record = |kind: u8, message: &[u8]| {
            let mut record = vec![kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
            put16(&mut record, message);
            record
        };
        let mut verify = vec![HELLO_VERIFY_REQUEST, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 5];
        verify.extend([0xfe, 0xff, 2, 8, 9]);
        let verify = record(HANDSHAKE, &verify);
        assert_eq!(Reply::of_dtls(&verify), Reply::Again(vec![8, 9]));
        for cut in 0..verify.len() {
            assert_eq!(Reply::of_dtls(&verify[..cut]), Reply::Other, "{cut} bytes");
        }
        assert_eq!(Reply::of_dtls(&record(HANDSHAKE, &[SERVER_HELLO])), Reply::Taken);
        assert_eq!(Reply::of_dtls(&record(ALERT, &[2, 70])), Reply::Refused);
        assert_eq!(Reply::of_dtls(&record(23, &[2])), Reply::Other);
        assert_eq!(Reply::of_tls([22, 3, 3, 0, 4, 2]), Reply::Taken);
        assert_eq!(Reply::of_tls([21, 3, 1, 0, 2, 2]), Reply::Refused);
        assert_eq!(Reply::of_tls(*b"HTTP/1"), Reply::Other);
    }
}
