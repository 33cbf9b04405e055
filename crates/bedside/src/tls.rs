//! TLS settings for HTTPS: from PEM, or ordered from a certificate authority (ACME, RFC 8555, with
//! the TLS-ALPN-01 challenge of RFC 8737, so that one port is enough). It reads files and connects
//! nowhere; the ordering is done by [`crate::orders`].

use crate::config::Certificate;
use crate::error::Failure;
use crate::orders::{Orders, Plan};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_acme::acme::ACME_TLS_ALPN_NAME;
use std::path::Path;
use std::sync::Arc;

/// From PEM texts.
///
/// # Errors
/// [`Failure::Tls`].
pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, Failure> {
    let bad = |what: &str| Failure::Tls(what.to_owned());
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| bad("the chain is not PEM"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| bad("the key is not PEM"))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| Failure::Tls(e.to_string()))?;
    Ok(Arc::new(with_http1(config)))
}

/// HTTPS as the settings want it.
pub struct Https {
    /// For the listener.
    pub config: Arc<ServerConfig>,
    /// To be run once the server listens; none when the certificate comes from files.
    pub orders: Option<Orders>,
}

/// As the settings say. Certificates that are ordered are kept in `cache`.
///
/// # Errors
/// [`Failure::Tls`] when a file cannot be used.
pub fn from_settings(
    certificate: &Certificate,
    domain: &str,
    cache: &Path,
) -> Result<Https, Failure> {
    match certificate {
        Certificate::Files { chain, key } => {
            let config = from_pem(&read(chain)?, &read(key)?)?;
            Ok(Https { config, orders: None })
        }
        Certificate::Acme { contact, directory, authority_root } => {
            let orders = Orders::new(Plan {
                domain: domain.to_owned(),
                contact: contact.clone(),
                directory: directory.clone(),
                trust: authority_root.as_deref().map(trust_only).transpose()?,
                cache: cache.to_owned(),
            });
            let config =
                ServerConfig::builder().with_no_client_auth().with_cert_resolver(orders.resolver());
            let mut config = with_http1(config);
            config.alpn_protocols.push(ACME_TLS_ALPN_NAME.to_vec());
            Ok(Https { config: Arc::new(config), orders: Some(orders) })
        }
    }
}

/// Trusts the authorities in this file and nobody else.
fn trust_only(path: &Path) -> Result<Arc<ClientConfig>, Failure> {
    let roots = roots_in(path)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

/// The authorities in this file.
///
/// # Errors
/// [`Failure::Tls`] when it cannot be read or holds none.
pub fn roots_in(path: &Path) -> Result<RootCertStore, Failure> {
    let bad = || {
        let path = path.display();
        Failure::Tls(format!("{path} holds no certificate of an authority in PEM"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(path)?) {
        roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
    }
    if roots.is_empty() { Err(bad()) } else { Ok(roots) }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::Tls(format!("{}: {}", path.display(), e.kind())))
}

fn with_http1(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
