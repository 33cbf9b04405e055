//! ClientHellos of DTLS as an old device or an attacker would begin them, and what comes back
//! (RFC 6347 §4.2, RFC 5246 §7.4.1, RFC 5764 §4.1).
//!
//! Owns the bytes of the first two messages of a handshake. It never finishes one.

/// Type of a DTLS record (RFC 5246 §6.2.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
/// Length of a record's head, and of a handshake message's.
const RECORD_HEAD: usize = 13;
const MESSAGE_HEAD: usize = 12;

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtlsOffer {
    /// DTLS 1.0 with the ciphers of its time.
    Dtls10,
    /// DTLS 1.2 with ciphers that are broken or weak: none, RC4, 3DES, CBC, and no forward secrecy.
    Weak,
    /// DTLS 1.2 with forward secrecy and AEAD, as browsers offer it.
    Good,
}

/// What a datagram of the server says to an offer.
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

impl DtlsOffer {
    const fn version(self) -> [u8; 2] {
        match self {
            Self::Dtls10 => [0xfe, 0xff],
            Self::Weak | Self::Good => [0xfe, 0xfd],
        }
    }

    const fn ciphers(self) -> &'static [u16] {
        match self {
            // ECDHE and RSA with AES-CBC, 3DES.
            Self::Dtls10 => &[0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a],
            // NULL, RC4, 3DES, CBC, and AEAD without forward secrecy.
            Self::Weak => {
                &[0x0002, 0x0005, 0x000a, 0xc013, 0xc014, 0xc009, 0x002f, 0x0035, 0x009c, 0x009d]
            }
            Self::Good => &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9],
        }
    }

    /// The ClientHello in one record; `cookie` is empty the first time, as `number` is 0. The second
    /// one has to have the same `random`.
    #[must_use]
    pub fn hello(self, random: [u8; 32], cookie: &[u8], number: u8) -> Vec<u8> {
        let mut body = self.version().to_vec();
        body.extend(random);
        body.push(0);
        body.push(u8::try_from(cookie.len()).unwrap_or(u8::MAX));
        body.extend(&cookie[..cookie.len().min(255)]);
        put16(&mut body, &self.ciphers().iter().flat_map(|c| c.to_be_bytes()).collect::<Vec<_>>());
        body.extend([1, 0]);
        put16(&mut body, &extensions());

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
}

impl Reply {
    /// Reads the first record of a datagram.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Self {
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
}

fn extensions() -> Vec<u8> {
    let mut out = Vec::new();
    let mut extension = |kind: u16, data: &[u8]| {
        out.extend(kind.to_be_bytes());
        put16(&mut out, data);
    };
    // supported_groups: x25519, secp256r1, secp384r1; ec_point_formats: uncompressed.
    extension(10, &[0, 6, 0, 29, 0, 23, 0, 24]);
    extension(11, &[1, 0]);
    // signature_algorithms: ECDSA and RSA (both forms) with SHA-256 and SHA-384.
    extension(13, &[0, 12, 4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1]);
    // use_srtp: both AEAD profiles, and AES-CM with SHA-1.
    extension(14, &[0, 6, 0, 7, 0, 8, 0, 1, 0]);
    // extended_master_secret (RFC 7627), renegotiation_info (RFC 5746 §3.4).
    extension(23, &[]);
    extension(0xff01, &[0]);
    out
}

/// A length of two bytes and what it counts.
fn put16(out: &mut Vec<u8>, data: &[u8]) {
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fit_in_one_another() {
        for offer in [DtlsOffer::Dtls10, DtlsOffer::Weak, DtlsOffer::Good] {
            for cookie in [&[][..], &[7; 32]] {
                let hello = offer.hello([1; 32], cookie, 1);
                let be = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
                assert_eq!(be(11), hello.len() - RECORD_HEAD);
                assert_eq!(be(15), hello.len() - RECORD_HEAD - MESSAGE_HEAD);
                assert_eq!(be(23), be(15), "one fragment");
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
        assert_eq!(Reply::read(&verify), Reply::Again(vec![8, 9]));
        for cut in 0..verify.len() {
            assert_eq!(Reply::read(&verify[..cut]), Reply::Other, "{cut} bytes");
        }
        assert_eq!(Reply::read(&record(HANDSHAKE, &[SERVER_HELLO])), Reply::Taken);
        assert_eq!(Reply::read(&record(ALERT, &[2, 70])), Reply::Refused);
        assert_eq!(Reply::read(&record(23, &[2])), Reply::Other);
    }
}
