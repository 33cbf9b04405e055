//! TLS settings for HTTPS: from PEM, or ordered from a certificate authority (ACME, RFC 8555, with
//! the TLS-ALPN-01 challenge of RFC 8737, so that one port is enough).

use crate::config::Certificate;
use crate::error::Failure;
use futures_util::StreamExt as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
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

/// As the settings say. Certificates that are ordered are kept in `cache`.
///
/// # Errors
/// [`Failure::Tls`] or [`Failure::Io`].
pub fn from_settings(
    certificate: &Certificate,
    domain: &str,
    cache: &Path,
) -> Result<Arc<ServerConfig>, Failure> {
    match certificate {
        Certificate::Files { chain, key } => {
            let read = |path: &Path| {
                std::fs::read(path)
                    .map_err(|e| Failure::Tls(format!("{}: {}", path.display(), e.kind())))
            };
            from_pem(&read(chain)?, &read(key)?)
        }
        Certificate::Acme { contact, directory } => {
            let mut acme = AcmeConfig::new([domain])
                .contact_push(format!("mailto:{contact}"))
                .cache(DirCache::new(cache.to_owned()));
            acme = match directory {
                Some(url) => acme.directory(url),
                None => acme.directory_lets_encrypt(true),
            };
            let mut state = acme.state();
            let config =
                ServerConfig::builder().with_no_client_auth().with_cert_resolver(state.resolver());
            let mut config = with_http1(config);
            config.alpn_protocols.push(b"acme-tls/1".to_vec());
            tokio::spawn(async move {
                while let Some(event) = state.next().await {
                    match event {
                        Ok(ok) => tracing::info!(event = ?ok, "certificate"),
                        Err(error) => tracing::error!(%error, "certificate"),
                    }
                }
            });
            Ok(Arc::new(config))
        }
    }
}

fn with_http1(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
