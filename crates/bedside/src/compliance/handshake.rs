//! Handshakes with the own HTTPS port as an attacker or an old device would begin them. Only the first
//! message is sent; what comes back says what the server takes (RFC 8446 §4.1, RFC 5246 §7.4.1).

use bench::hello::{Offer, Reply};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest time for one handshake.
const WITHIN: Duration = Duration::from_secs(5);

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
    let hello = offer.tls(name, random);
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
        // The connection was closed.
        Ok(Some(None)) => Answer::Refused,
        Ok(Some(Some(head))) => match Reply::of_tls(head) {
            Reply::Taken => Answer::Taken,
            Reply::Refused => Answer::Refused,
            Reply::Again(_) | Reply::Other => Answer::Unclear,
        },
        _ => Answer::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let ask = || begin(address, "clinic.example", Offer::V12, [7; 32]);
        assert_eq!(ask().await, Answer::Unclear);
        assert_eq!(ask().await, Answer::Refused, "closed");
        assert_eq!(ask().await, Answer::Taken);
        assert_eq!(ask().await, Answer::Refused, "an alert");
        answer.await.expect("ends");
        assert_eq!(ask().await, Answer::Unclear, "nobody listens");
    }
}
