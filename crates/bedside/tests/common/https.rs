//! One HTTPS request by somebody who trusts exactly the given roots.

use super::PATIENCE;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The server's own certificate.
    pub certificate: CertificateDer<'static>,
}

pub fn trusting(roots: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_root_certificates(store)
        .with_no_client_auth();
    // A resumed session would show the certificate of the first, whatever the server has now.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// A TLS connection to `name` at `address`.
pub async fn connect(
    address: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).expect("a name or an address");
    TlsConnector::from(Arc::clone(config)).connect(name, tcp).await
}

/// Sends one request. The `Host` header is added.
pub async fn send(
    address: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
    mut request: Request<Full<Bytes>>,
) -> io::Result<Answer> {
    let whole = async {
        let tls = connect(address, name, config).await?;
        let (_, session) = tls.get_ref();
        let first = session.peer_certificates().and_then(<[_]>::first);
        let certificate = first.expect("a handshake brings a certificate").clone().into_owned();
        let (mut sender, task) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
            .await
            .map_err(io::Error::other)?;
        // It ends with the connection.
        tokio::spawn(task);
        let host = format!("{name}:{}", address.port());
        request.headers_mut().insert(HOST, host.parse().expect("a plain header"));
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body, certificate })
    };
    tokio::time::timeout(PATIENCE, whole).await.expect("an answer comes")
}

/// `GET path`.
pub async fn get(
    address: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
    path: &str,
) -> io::Result<Answer> {
    let request = Request::get(path).body(Full::default()).expect("a plain request");
    send(address, name, config, request).await
}
