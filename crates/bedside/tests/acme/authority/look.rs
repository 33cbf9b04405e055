//! The look at a server for the challenge tls-alpn-01 (RFC 8737 §3): a real handshake with it, and a
//! check of the certificate that it shows.

use super::problem::Problem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

const PROTOCOL: &[u8] = b"acme-tls/1";
/// id-pe-acmeIdentifier (RFC 8737 §6.1).
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";

/// Whether the server at `address` proves for `name` that it works for the account whose `proof` this
/// is.
pub async fn look(address: SocketAddr, name: &str, proof: [u8; 32]) -> Result<(), Problem> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let server = ServerName::try_from(name.to_owned())
        .map_err(|_| Problem::new(400, "rejectedIdentifier", "no name of a host"))?;

    let tcp = TcpStream::connect(address).await.map_err(|_| {
        Problem::new(400, "connection", format!("{name} does not take connections"))
    })?;
    let tls = TlsConnector::from(Arc::new(config))
        .connect(server, tcp)
        .await
        .map_err(|_| Problem::new(400, "tls", format!("the handshake with {name} failed")))?;
    let (_, session) = tls.get_ref();
    let unauthorized = |detail| Problem::new(403, "unauthorized", detail);
    if session.alpn_protocol() != Some(PROTOCOL) {
        return Err(unauthorized("the server does not speak acme-tls/1"));
    }
    match session.peer_certificates() {
        Some([certificate]) => check(certificate, name, proof).map_err(unauthorized),
        _ => Err(unauthorized("there is one certificate")),
    }
}

/// RFC 8737 §3: self-signed, for this one name, and with the proof in a critical extension.
fn check(certificate: &[u8], name: &str, proof: [u8; 32]) -> Result<(), &'static str> {
    let (rest, certificate) =
        X509Certificate::from_der(certificate).map_err(|_| "the certificate is damaged")?;
    if !rest.is_empty() {
        return Err("something follows the certificate");
    }
    if certificate.issuer() != certificate.subject() {
        return Err("the certificate is not signed by itself");
    }
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names = alternatives.as_ref().map(|a| a.value.general_names.as_slice());
    match names {
        Some([GeneralName::DNSName(only)]) if only.eq_ignore_ascii_case(name) => {}
        _ => return Err("the certificate is not for this name alone"),
    }
    let mut extensions =
        certificate.extensions().iter().filter(|e| e.oid.to_id_string() == ACME_IDENTIFIER);
    let (Some(extension), None) = (extensions.next(), extensions.next()) else {
        return Err("there is one extension acmeIdentifier");
    };
    if !extension.critical {
        return Err("the extension acmeIdentifier is critical");
    }
    // An OCTET STRING of 32 bytes (X.690 §8.7).
    if extension.value != [&[0x04, 0x20][..], &proof].concat() {
        return Err("the proof is not that of the account");
    }
    Ok(())
}

/// Takes any certificate, because [`check`] looks at it afterwards. That the server holds its key is
/// verified as always.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    /// By the bare key: the usual way refuses critical extensions that it does not know.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let damaged = Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
        let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| damaged)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
