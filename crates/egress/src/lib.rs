//! The one way out: HTTP/1.1 requests of this server to hosts that its settings name, such as an
//! identity provider, a key service or a witness of the audit log.
//!
//! Owns the connection, its limits and its trust. It never follows a redirect, keeps no connection and
//! no cookie, never asks a host that the caller did not name, and puts nothing of a request or an
//! answer into an error.

use http_body_util::{BodyExt as _, Full, Limited};
pub use hyper::body::Bytes;
pub use hyper::header;
use hyper::header::{HOST, HeaderMap, HeaderValue};
pub use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
pub use url::Url;

/// Why there is no answer. A status that is not 200 is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The address names no host that can be asked by HTTP or HTTPS.
    #[error("the address is not one of a web server")]
    Address,
    /// Nobody is at the address, or no way leads there.
    #[error("the host cannot be reached")]
    Unreachable,
    /// The host is there and nothing listens.
    #[error("the host refuses the connection")]
    Refused,
    /// Its certificate is not signed by an authority that is trusted here, or is another host's.
    #[error("the certificate of the host is not trusted here")]
    Untrusted,
    /// The TLS handshake failed otherwise.
    #[error("the host does not speak TLS as it should")]
    NotTls,
    /// What came back is not HTTP.
    #[error("the host does not answer by HTTP")]
    NotHttp,
    /// The answer is longer than the limit.
    #[error("the answer is longer than allowed")]
    TooLong,
    /// There was no whole answer in time.
    #[error("the host did not answer in time")]
    Slow,
}

impl NoAnswer {
    /// Whether the host cannot have acted on the request: nothing of it was sent.
    #[must_use]
    pub const fn is_before_sending(self) -> bool {
        matches!(
            self,
            Self::Address | Self::Unreachable | Self::Refused | Self::Untrusted | Self::NotTls
        )
    }
}

/// What came back.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// How hosts are asked: whom to trust, how long to wait, how much to read.
#[derive(Clone)]
pub struct Client {
    tls: Arc<ClientConfig>,
    within: Duration,
    max_answer_bytes: usize,
}

impl Client {
    /// A client that trusts these authorities, waits 10 s and reads 256 KiB.
    #[must_use]
    pub fn new(roots: RootCertStore) -> Self {
        let mut tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: Arc::new(tls), within: Duration::from_secs(10), max_answer_bytes: 256 * 1024 }
    }

    /// Waits this long for one whole answer, connecting included.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Reads this much of a body; a longer one is [`NoAnswer::TooLong`].
    #[must_use]
    pub const fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer_bytes = bytes;
        self
    }

    /// Asks `url`. The request brings method, headers and body; its address and `Host` are set here.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn send(&self, url: &Url, request: Request<Bytes>) -> Result<Answer, NoAnswer> {
        tokio::time::timeout(self.within, self.exchange(url, request))
            .await
            .unwrap_or(Err(NoAnswer::Slow))
    }

    async fn exchange(&self, url: &Url, request: Request<Bytes>) -> Result<Answer, NoAnswer> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(NoAnswer::Address);
        };
        let mut request = request.map(Full::new);
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        *request.uri_mut() = path.parse().map_err(|_| NoAnswer::Address)?;
        let named = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let named = HeaderValue::from_str(&named).map_err(|_| NoAnswer::Address)?;
        request.headers_mut().insert(HOST, named);

        // The form of an IPv6 address in a URL has brackets.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let connect = async || {
            TcpStream::connect((bare, port)).await.map_err(|e| match e.kind() {
                io::ErrorKind::ConnectionRefused => NoAnswer::Refused,
                _ => NoAnswer::Unreachable,
            })
        };
        match url.scheme() {
            "http" => self.speak(connect().await?, request).await,
            "https" => {
                let name = ServerName::try_from(bare.to_owned()).map_err(|_| NoAnswer::Address)?;
                let tls = TlsConnector::from(Arc::clone(&self.tls));
                let tls = tls.connect(name, connect().await?).await;
                let untrusted = |e: &io::Error| {
                    let inner = e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
                    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
                };
                let tls = tls.map_err(|e| {
                    if untrusted(&e) { NoAnswer::Untrusted } else { NoAnswer::NotTls }
                })?;
                self.speak(tls, request).await
            }
            _ => Err(NoAnswer::Address),
        }
    }

    async fn speak<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| NoAnswer::NotHttp)?;
        // A set is aborted when it is dropped, also by the time-out of the caller.
        let mut connections = tokio::task::JoinSet::new();
        connections.spawn(connection);
        let answer = sender.send_request(request).await.map_err(|_| NoAnswer::NotHttp)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = Limited::new(answer.into_body(), self.max_answer_bytes).collect().await;
        let body = body.map_err(|e| {
            if e.is::<http_body_util::LengthLimitError>() {
                NoAnswer::TooLong
            } else {
                NoAnswer::NotHttp
            }
        })?;
        Ok(Answer { status, headers, body: body.to_bytes() })
    }
}

/// The authorities that browsers trust.
#[must_use]
pub fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// The authorities of one PEM text alone, such as a clinic's own.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when it holds no certificate, or one that cannot be read.
pub fn roots_of(pem: &[u8]) -> io::Result<RootCertStore> {
    let bad = |_| io::Error::from(io::ErrorKind::InvalidData);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(bad)?).map_err(|_| io::ErrorKind::InvalidData)?;
    }
    if roots.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
