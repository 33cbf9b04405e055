//! A small HTTP/1.1 client for the server's own calls: JSON in, JSON out, cookies kept.
//!
//! Plain `http` or `https` with one given root certificate; the machine's own list of authorities is
//! never used. One connection is kept open and made anew when it broke. It follows no redirect.
//! Secrets and cookies are in no error and no log.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use protocol::ErrorBody;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::BenchError;

/// Longest wait for a connection or an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The certificate authority to trust for `https`.
#[derive(Clone)]
pub struct TlsRoot(Arc<ClientConfig>);

impl TlsRoot {
    /// Reads one or more certificates in PEM.
    ///
    /// # Errors
    /// [`BenchError::TlsRoot`] when there is none or one cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BenchError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| BenchError::TlsRoot)?;
            roots.add(certificate).map_err(|_| BenchError::TlsRoot)?;
        }
        if roots.is_empty() {
            return Err(BenchError::TlsRoot);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| BenchError::TlsRoot)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// Where a server is.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    secure: bool,
    host: String,
    port: u16,
}

impl BaseUrl {
    /// Takes an address apart: the server, and the fragment if there is one. Path and query are
    /// passed over.
    ///
    /// # Errors
    /// [`BenchError::Url`] when it is not `http://host[:port]…` or `https://host[:port]…`.
    pub fn parse(url: &str) -> Result<(Self, Option<&str>), BenchError> {
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(BenchError::Url("it must start with http:// or https://")),
        };
        let (before, fragment) = match rest.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (rest, None),
        };
        let authority = before.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, after) =
                    v6.split_once(']').ok_or(BenchError::Url("the bracket of the host is open"))?;
                (host, after.strip_prefix(':').or(if after.is_empty() { None } else { Some("") }))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(BenchError::Url("the host is missing or odd"));
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| BenchError::Url("the port is not a number"))?,
            None => {
                if secure {
                    443
                } else {
                    80
                }
            }
        };
        Ok((Self { secure, host: host.to_owned(), port }, fragment))
    }

    /// `host:port` as it stands in a `Host` header.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = if self.secure { 443 } else { 80 };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }

    /// The origin as a browser would send it (RFC 6454 §6.2).
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

/// A byte stream to the server.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// See the module's head.
pub struct Http {
    base: BaseUrl,
    root: Option<TlsRoot>,
    cookies: BTreeMap<String, String>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Http {
    /// A client without cookies. Connects at the first call.
    ///
    /// # Errors
    /// [`BenchError::TlsRoot`] for `https` without a root.
    pub fn new(base: BaseUrl, root: Option<TlsRoot>) -> Result<Self, BenchError> {
        if base.secure && root.is_none() {
            return Err(BenchError::TlsRoot);
        }
        Ok(Self { base, root, cookies: BTreeMap::new(), connection: None })
    }

    /// Where the server is.
    #[must_use]
    pub const fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// `POST path` with a JSON body, and the JSON answer. An empty answer reads as `null`.
    ///
    /// # Errors
    /// [`BenchError::Refused`] with the server's code, or a failure of the connection.
    pub async fn post<A: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, BenchError> {
        let body = serde_json::to_vec(body).map_err(|_| BenchError::Answer("body"))?;
        let call = async {
            self.connect_if_needed().await?;
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .header(HOST, self.base.authority())
                .header(ORIGIN, self.base.origin())
                .header(CONTENT_TYPE, "application/json")
                .header(COOKIE, self.cookie_header())
                .body(Full::new(Bytes::from(body)))
                .map_err(|_| BenchError::Url("the path is odd"))?;
            let connection = self.connection.as_mut().ok_or(BenchError::Connection("closed"))?;
            let answer = connection.send_request(request).await;
            let answer = answer.map_err(|_| BenchError::Connection("no answer"))?;
            self.keep_cookies(&answer);
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|_| BenchError::Connection("the answer broke off"))?.to_bytes();
            Ok((status, body))
        };
        let (status, body) = tokio::time::timeout(TIMEOUT, call)
            .await
            .unwrap_or(Err(BenchError::Timeout("the server did not answer a call")))?;
        if status.is_success() {
            let body: &[u8] = if body.is_empty() { b"null" } else { &body };
            serde_json::from_slice(body).map_err(|_| BenchError::Answer("the body of an answer"))
        } else {
            let refusal = serde_json::from_slice::<ErrorBody>(&body);
            Err(refusal.map_or(BenchError::Answer("a refusal without a code"), |e| {
                BenchError::Refused(e.code)
            }))
        }
    }

    async fn connect_if_needed(&mut self) -> Result<(), BenchError> {
        if let Some(connection) = &mut self.connection
            && connection.ready().await.is_ok()
        {
            return Ok(());
        }
        let (stream, _) = self.open().await?;
        let (connection, task) = handshake(TokioIo::new(stream))
            .await
            .map_err(|_| BenchError::Connection("not HTTP"))?;
        // It ends with the connection; `ready` tells.
        tokio::spawn(task);
        self.connection = Some(connection);
        Ok(())
    }

    /// A new stream to the server, encrypted if the address says so, and our own address on it.
    pub(crate) async fn open(&self) -> Result<(Box<dyn Stream>, IpAddr), BenchError> {
        let tcp = TcpStream::connect((self.base.host.as_str(), self.base.port)).await?;
        tcp.set_nodelay(true)?;
        let local = tcp.local_addr()?.ip();
        if !self.base.secure {
            return Ok((Box::new(tcp), local));
        }
        let root = self.root.as_ref().ok_or(BenchError::TlsRoot)?;
        let name = ServerName::try_from(self.base.host.clone())
            .map_err(|_| BenchError::Url("the host is missing or odd"))?;
        let tls = TlsConnector::from(root.0.clone()).connect(name, tcp).await;
        Ok((Box::new(tls.map_err(BenchError::Tls)?), local))
    }

    /// The cookies as one header value.
    pub(crate) fn cookie_header(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    fn keep_cookies<B>(&mut self, answer: &Response<B>) {
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let Some((name, value, gone)) = cookie.to_str().ok().and_then(parse_cookie) else {
                continue;
            };
            if gone {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Name, value, and whether the cookie is being deleted (RFC 6265 §5.2). Only one server is ever
/// talked to, so domain and path do not matter.
fn parse_cookie(header: &str) -> Option<(&str, &str, bool)> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let gone = parts.any(|p| {
        p.split_once('=').is_some_and(|(k, v)| {
            k.eq_ignore_ascii_case("max-age") && v.parse::<i64>().is_ok_and(|age| age <= 0)
        })
    });
    (!name.is_empty()).then_some((name, value, gone))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
