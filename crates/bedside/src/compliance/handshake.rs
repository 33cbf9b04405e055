//! Handshakes with the own HTTPS port as an attacker or an old device would begin them. Only the first
//! message is sent; what comes back says what the server takes (RFC 8446 §4.1, RFC 5246 §7.4.1).

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest time for one handshake.
const WITHIN: Duration = Duration::from_secs(5);

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// TLS 1.0 with the ciphers of its time.
    Tls10,
    /// TLS 1.1 with the ciphers of its time.
    Tls11,
    /// TLS 1.2 with ciphers that are broken or weak: none, RC4, 3DES, CBC, and no forward secrecy.
    Tls12Weak,
    /// TLS 1.2 with forward secrecy and AEAD.
    Tls12,
}

/// What the server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes on.
    Taken,
    /// It refused, by an alert or by closing.
    Refused,
    /// It did not answer in time, or not in TLS.
    Unclear,
}

/// Begins one handshake.
pub async fn begin(address: SocketAddr, name: &str, offer: Offer, random: [u8; 32]) -> Answer {
    let hello = hello(name, offer, random);
    let talk = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(&hello).await.ok()?;
        let mut head = [0; 6];
        match stream.read_exact(&mut head).await {
            Ok(_) => Some(Some(head)),
            Err(_) => Some(None),
        }
    };
    match timeout(WITHIN, talk).await {
        // Handshake, ServerHello.
        Ok(Some(Some([22, _, _, _, _, 2]))) => Answer::Taken,
        // An alert, or the connection was closed.
        Ok(Some(Some([21, ..]) | None)) => Answer::Refused,
        _ => Answer::Unclear,
    }
}

/// A ClientHello in one record.
fn hello(name: &str, offer: Offer, random: [u8; 32]) -> Vec<u8> {
    let version: u16 = match offer {
        Offer::Tls10 => 0x0301,
        Offer::Tls11 => 0x0302,
        Offer::Tls12 | Offer::Tls12Weak => 0x0303,
    };
    let ciphers: &[u16] = match offer {
        // ECDHE and RSA with AES-CBC, 3DES.
        Offer::Tls10 | Offer::Tls11 => &[0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a],
        // NULL, RC4, 3DES, CBC, and AEAD without forward secrecy.
        Offer::Tls12Weak => {
            &[0x0002, 0x0005, 0x000a, 0xc013, 0xc014, 0xc009, 0x002f, 0x0035, 0x009c, 0x009d]
        }
        Offer::Tls12 => &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9],
    };
    let mut body = version.to_be_bytes().to_vec();
    body.extend(random);
    body.push(0);
    put16(&mut body, &ciphers.iter().flat_map(|c| c.to_be_bytes()).collect::<Vec<_>>());
    body.extend([1, 0]);
    put16(&mut body, &extensions(name, version));
    let mut message = vec![1, 0];
    put16(&mut message, &body);
    let mut record = vec![22, 3, 1];
    put16(&mut record, &message);
    record
}

fn extensions(name: &str, version: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut extension = |kind: u16, data: &[u8]| {
        out.extend(kind.to_be_bytes());
        put16(&mut out, data);
    };
    // server_name (RFC 6066 §3).
    let mut host = vec![0];
    put16(&mut host, name.as_bytes());
    let mut list = Vec::new();
    put16(&mut list, &host);
    extension(0, &list);
    // supported_groups: secp256r1, secp384r1, x25519; ec_point_formats: uncompressed.
    extension(10, &[0, 6, 0, 23, 0, 24, 0, 29]);
    extension(11, &[1, 0]);
    if version == 0x0303 {
        // signature_algorithms: ECDSA and RSA (both forms) with SHA-256 and SHA-384, Ed25519.
        extension(13, &[0, 14, 4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1, 8, 7]);
        // extended_master_secret (RFC 7627).
        extension(23, &[]);
    }
    // renegotiation_info (RFC 5746 §3.4).
    extension(0xff01, &[0]);
    out
}

/// A length of two bytes and what it counts.
fn put16(out: &mut Vec<u8>, data: &[u8]) {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fit_in_one_another() {
        for offer in [Offer::Tls10, Offer::Tls11, Offer::Tls12Weak, Offer::Tls12] {
            let bytes = hello("clinic.example", offer, [7; 32]);
            assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
            assert_eq!(usize::from(u16::from_be_bytes([bytes[7], bytes[8]])), bytes.len() - 9);
            assert_eq!((bytes[5], bytes[6]), (1, 0), "a ClientHello of less than 64 KiB");
        }
    }

    #[tokio::test]
    async fn a_port_that_is_not_tls_or_closes_is_told_apart() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = tokio::spawn(async move {
            let taken = [22, 3, 3, 0, 4, 2, 0, 0, 0];
            let alert = [21, 3, 1, 0, 2, 2, 70];
            for text in [&b"HTTP/1.1 400 "[..], b"", &taken, &alert] {
                let (mut stream, _) = listener.accept().await.expect("somebody");
                let mut some = [0; 16];
                let _ = stream.read(&mut some).await;
                let _ = stream.write_all(text).await;
            }
        });
        let ask = || begin(address, "clinic.example", Offer::Tls12, [7; 32]);
        assert_eq!(ask().await, Answer::Unclear);
        assert_eq!(ask().await, Answer::Refused, "closed");
        assert_eq!(ask().await, Answer::Taken);
        assert_eq!(ask().await, Answer::Refused, "an alert");
        answer.await.expect("ends");
        assert_eq!(ask().await, Answer::Unclear, "nobody listens");
    }
}
