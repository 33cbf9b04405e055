//! One HTTPS request, for looking at a server: what it serves, and what it answers.
//!
//! Verifying is the caller's: a server whose certificate is bad has to be looked at too. Nothing of
//! what is sent or received is a secret.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, DATE, HOST, ORIGIN};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest wait for the whole.
pub const WITHIN: Duration = Duration::from_secs(6);
/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody listens there.
    Refused,
    /// No connection came about.
    Unreachable,
    /// It took too long.
    Slow,
    /// Somebody listens, but does not speak TLS, or ends the handshake.
    NotTls,
    /// The certificate was not accepted. Only when it is verified.
    Untrusted,
    /// TLS, but no HTTP.
    NotHttp,
}

/// What came back.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The `Date` header.
    pub date: Option<String>,
    /// The body.
    pub body: Bytes,
    /// The certificates as they were served, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Whom to trust.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Everybody: the certificate is looked at afterwards.
    pub fn everybody() -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(LookOnly(provider)))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(Arc::new(config))
    }

    /// The given authorities and nobody else.
    pub fn only(roots: RootCertStore) -> Self {
        let mut config =
            ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(Arc::new(config))
    }

    /// The public authorities.
    pub fn public() -> Self {
        Self::only(egress::public_roots())
    }
}

/// `GET path` of `host` (as it stands in the `Host` header) at `address`.
///
/// # Errors
/// [`NoAnswer`].
pub async fn get(
    address: SocketAddr,
    host: &str,
    path: &str,
    trust: &Trust,
) -> Result<Answer, NoAnswer> {
    let request = Request::get(path).body(Full::default()).map_err(|_| NoAnswer::NotHttp)?;
    exchange(address, host, request, trust).await
}

/// `POST path` with JSON, as the page of that host would.
///
/// # Errors
/// [`NoAnswer`].
pub async fn post(
    address: SocketAddr,
    host: &str,
    path: &str,
    json: Vec<u8>,
    trust: &Trust,
) -> Result<Answer, NoAnswer> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(ORIGIN, format!("https://{host}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(json))
        .map_err(|_| NoAnswer::NotHttp)?;
    exchange(address, host, request, trust).await
}

async fn exchange(
    address: SocketAddr,
    host: &str,
    mut request: Request<Full<Bytes>>,
    trust: &Trust,
) -> Result<Answer, NoAnswer> {
    let header = host.parse().map_err(|_| NoAnswer::NotHttp)?;
    request.headers_mut().insert(HOST, header);
    let whole = async {
        let tcp = TcpStream::connect(address).await.map_err(|e| match e.kind() {
            std::io::ErrorKind::ConnectionRefused => NoAnswer::Refused,
            _ => NoAnswer::Unreachable,
        })?;
        let name = name_of(host)?;
        let tls = TlsConnector::from(Arc::clone(&trust.0)).connect(name, tcp).await;
        let tls =
            tls.map_err(|e| if is_distrust(&e) { NoAnswer::Untrusted } else { NoAnswer::NotTls })?;
        let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|c| c.clone().into_owned()).collect();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
            .await
            .map_err(|_| NoAnswer::NotHttp)?;
        // It ends with the sender.
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|_| NoAnswer::NotHttp)?;
        let status = answer.status().as_u16();
        let date = answer.headers().get(DATE).and_then(|d| d.to_str().ok()).map(str::to_owned);
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|_| NoAnswer::NotHttp)?.to_bytes();
        Ok(Answer { status, date, body, chain })
    };
    tokio::time::timeout(WITHIN, whole).await.unwrap_or(Err(NoAnswer::Slow))
}

/// The name without the port.
fn name_of(host: &str) -> Result<ServerName<'static>, NoAnswer> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(name).map_err(|_| NoAnswer::NotTls)
}

fn is_distrust(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// Takes every certificate, so that it can be looked at. The handshake itself is verified: who
/// serves a certificate has its key.
#[derive(Debug)]
struct LookOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for LookOnly {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
