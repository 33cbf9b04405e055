//! Accepting connections, plain or TLS. Handshakes run beside each other, so a client that stalls
//! its own handshake stalls nobody else's. A port may be shared with the relay: what is sent first
//! inside TLS tells its clients from browsers that want a page.

use axum::serve::Listener;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use turn::frame::begins_turn;
use turn::io::{Movable, RelayHandle};

/// A handshake that takes longer is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a connection has to be there within this time where it decides whose it is.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(15);
/// What is read to find it. Longer reads go past this buffer.
const FIRST_BYTES: usize = 512;
/// Handshakes under way at once; more wait in the kernel's queue.
const MAX_HANDSHAKES: usize = 256;

/// A connection of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// Gives the handshaken connections of one address to axum.
pub struct Incoming {
    ready: mpsc::Receiver<(Box<dyn Stream>, SocketAddr)>,
    address: SocketAddr,
}

impl Incoming {
    /// Plain HTTP.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn plain(listener: TcpListener) -> io::Result<Self> {
        Self::start(listener, None)
    }

    /// HTTPS.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn tls(listener: TcpListener, config: Arc<ServerConfig>) -> io::Result<Self> {
        Self::start(listener, Some(Tls { acceptor: config.into(), relay: None }))
    }

    /// HTTPS, and clients of the relay on the same port.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn tls_with_relay(
        listener: TcpListener,
        config: Arc<ServerConfig>,
        relay: RelayHandle,
    ) -> io::Result<Self> {
        Self::start(listener, Some(Tls { acceptor: config.into(), relay: Some(relay) }))
    }

    fn start(listener: TcpListener, tls: Option<Tls>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (tx, ready) = mpsc::channel(64);
        tokio::spawn(accept(listener, tls, tx));
        Ok(Self { ready, address })
    }
}

#[derive(Clone)]
struct Tls {
    acceptor: TlsAcceptor,
    relay: Option<RelayHandle>,
}

async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    ready: mpsc::Sender<(Box<dyn Stream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely. Wait for some to come back.
                tracing::warn!(kind = ?error.kind(), "accept failed");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let (tls, ready) = (tls.clone(), ready.clone());
        tokio::spawn(async move {
            let Some(tls) = tls else {
                if stream.set_nodelay(true).is_ok() {
                    drop(place);
                    let _ = ready.send((Box::new(stream), peer)).await;
                }
                return;
            };
            let Ok(local) = stream.local_addr() else { return };
            let Some(stream) = handshake(stream, &tls.acceptor).await else { return };
            drop(place);
            let stream: Option<Box<dyn Stream>> = match tls.relay {
                Some(relay) => unless_turn(stream, &relay, peer, local).await,
                None => Some(Box::new(stream)),
            };
            if let Some(stream) = stream {
                let _ = ready.send((stream, peer)).await;
            }
        });
    }
}

async fn handshake(stream: TcpStream, tls: &TlsAcceptor) -> Option<TlsStream<Movable>> {
    stream.set_nodelay(true).ok()?;
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(Movable::new(stream))).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(_)) | Err(_) => None,
    }
}

/// Gives a connection back, unless it speaks TURN: then the relay takes it.
async fn unless_turn(
    stream: TlsStream<Movable>,
    relay: &RelayHandle,
    peer: SocketAddr,
    local: SocketAddr,
) -> Option<Box<dyn Stream>> {
    let mut stream = BufReader::with_capacity(FIRST_BYTES, stream);
    let read = tokio::time::timeout(FIRST_BYTE_WITHIN, stream.fill_buf()).await;
    let first = *read.ok()?.ok()?.first()?;
    if !begins_turn(first) {
        return Some(Box::new(stream));
    }
    let socket = stream.get_mut().get_mut().0;
    socket.tune();
    socket.leave();
    // Refused, it is closed, and the client looks for another way.
    let _ = relay.accept_stream(stream, peer, local, turn::Transport::Tls);
    None
}

impl Listener for Incoming {
    type Io = Box<dyn Stream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with this one.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Address of the other end, for handlers.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);
