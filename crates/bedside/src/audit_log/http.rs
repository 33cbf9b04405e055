//! One HTTP request of the audit log: a file of it, or a checkpoint to a witness. What is asked and
//! answered is public; who vouches for it is a signature, not the connection.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const WITHIN: Duration = Duration::from_secs(10);
/// A bundle of 256 entries of the largest size.
const MAX_BYTES: usize = 256 * (65_535 + 2);

/// Where a log or a witness is: `http://…` or `https://…`, without a `/` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

impl Place {
    /// Reads an address. `None` when it is none.
    pub fn parse(url: &str) -> Option<Self> {
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return None,
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if secure { 443 } else { 80 }),
        };
        let odd = |c: char| c.is_whitespace() || c.is_control() || "?#@\\".contains(c);
        if host.is_empty() || host.contains(odd) || path.contains(odd) {
            return None;
        }
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { secure, host, port, path })
    }

    /// `GET` of a file below the place; status and body.
    ///
    /// # Errors
    /// What stood in the way.
    pub async fn get(&self, file: &str) -> io::Result<(u16, Bytes)> {
        self.call(Method::GET, file, Bytes::new()).await
    }

    /// `POST` of a text below the place; status and body.
    ///
    /// # Errors
    /// What stood in the way.
    pub async fn post(&self, file: &str, text: String) -> io::Result<(u16, Bytes)> {
        self.call(Method::POST, file, text.into()).await
    }

    async fn call(&self, method: Method, file: &str, body: Bytes) -> io::Result<(u16, Bytes)> {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{file}", self.path))
            .header(HOST, format!("{host}:{}", self.port))
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(Full::new(body))
            .map_err(io::Error::other)?;
        let call = async {
            let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
            if !self.secure {
                return exchange(tcp, request).await;
            }
            let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
            let roots = crate::doctor::https::public_roots();
            let config =
                rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
            exchange(tls, request).await
        };
        tokio::time::timeout(WITHIN, call).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> io::Result<(u16, Bytes)>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends with the sender.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
    Ok((status, body.map_err(|_| io::ErrorKind::InvalidData)?.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let place = Place::parse("https://witness.example/a/").expect("an address");
        assert_eq!((place.secure, place.port, place.path.as_str()), (true, 443, "/a"));
        let place = Place::parse("http://[::1]:8080").expect("an address");
        assert_eq!((place.host.as_str(), place.port, place.path.as_str()), ("::1", 8080, ""));
        let place = Place::parse("http://127.0.0.1:9/x/y").expect("an address");
        assert_eq!(
            (place.host.as_str(), place.port, place.path.as_str()),
            ("127.0.0.1", 9, "/x/y")
        );
        for bad in
            ["", "witness.example", "ftp://a", "http://", "http://a:b", "http://a b", "http://u@a"]
        {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
