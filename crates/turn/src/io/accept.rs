//! Accepting streams, and how many there may be.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;

use super::core::Command;
use super::movable::Movable;
use super::stream::{Carrier, NewStream};
use super::{RelayHandle, StartError};
use crate::client::Transport;
use crate::table::site;

/// A handshake takes at most so long.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// After an error of accepting (no file descriptors, say), wait so long.
const PAUSE_TIME: Duration = Duration::from_millis(100);
/// Bytes that the kernel may hold unsent for a stream. More would only be delay.
const UNSENT_BYTES: u32 = 16 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1_024;

/// Makes a TCP socket fit for media: no waiting for more bytes, and no long queue in the kernel.
/// Errors leave it as it was.
pub fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_notsent_lowat(UNSENT_BYTES);
}

/// Counts streams, in all and by address.
pub(super) struct Gate {
    counts: Mutex<Counts>,
    most: usize,
    most_per_address: usize,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right to one stream, given back when dropped.
pub(super) struct Pass {
    gate: Arc<Gate>,
    ip: IpAddr,
}

impl Gate {
    pub(super) fn new(most: usize, most_per_address: usize) -> Self {
        Self { counts: Mutex::default(), most, most_per_address }
    }

    pub(super) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Pass> {
        let ip = site(ip);
        let mut counts = self.counts();
        let here = counts.by_address.get(&ip).copied().unwrap_or(0);
        if counts.all >= self.most || here >= self.most_per_address {
            return None;
        }
        counts.all += 1;
        counts.by_address.insert(ip, here + 1);
        Some(Pass { gate: self.clone(), ip })
    }

    /// Plain numbers: nothing in them is half done when a thread ends.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.all -= 1;
        if let Some(count) = counts.by_address.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.ip);
            }
        }
    }
}

pub(super) fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<StdListener>, StartError> {
    let bind = |address: &SocketAddr| {
        listen(*address).map_err(|source| StartError::Bind { port: address.port(), source })
    };
    addresses.iter().map(bind).collect()
}

fn listen(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A restart must not wait for connections of the last run.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts on the caller's runtime until the relay ends.
pub(super) fn serve(
    runtime: &Handle,
    relay: &RelayHandle,
    listener: StdListener,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> Result<(), StartError> {
    let entered = runtime.enter();
    let listener = TcpListener::from_std(listener).map_err(StartError::Thread)?;
    drop(entered);
    runtime.spawn(accept(relay.clone(), listener, tls.map(TlsAcceptor::from)));
    Ok(())
}

async fn accept(relay: RelayHandle, listener: TcpListener, tls: Option<TlsAcceptor>) {
    loop {
        let accepted = tokio::select! {
            () = relay.commands.closed() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, remote)) = accepted else {
            tokio::time::sleep(PAUSE_TIME).await;
            continue;
        };
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let (Some(pass), Ok(local)) = (relay.gate.enter(remote.ip()), stream.local_addr()) else {
            continue;
        };
        tune(&stream);
        let local = local.ip().to_canonical();
        let mut stream = Movable::new(stream);
        match tls.clone() {
            None => {
                stream.leave();
                let stream: Box<dyn Carrier> = Box::new(stream);
                let new = NewStream { stream, remote, local, transport: Transport::Tcp, pass };
                relay.tell(Command::Stream(new));
            }
            Some(tls) => {
                let relay = relay.clone();
                tokio::spawn(async move {
                    let shaken = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream)).await;
                    let Ok(Ok(mut stream)) = shaken else { return };
                    stream.get_mut().0.leave();
                    let stream: Box<dyn Carrier> = Box::new(stream);
                    let new = NewStream { stream, remote, local, transport: Transport::Tls, pass };
                    relay.tell(Command::Stream(new));
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_in_all_and_by_address() {
        let gate = Arc::new(Gate::new(3, 2));
        let ip = |last: u8| IpAddr::from([198, 51, 100, last]);
        let one = gate.enter(ip(1));
        let two = gate.enter(ip(1));
        assert!(one.is_some() && two.is_some());
        assert!(gate.enter(ip(1)).is_none(), "of one address");
        let three = gate.enter(ip(2));
        assert!(three.is_some());
        assert!(gate.enter(ip(3)).is_none(), "in all");
        drop(one);
        assert!(gate.enter(ip(3)).is_some());
        drop((two, three));
        assert!(gate.counts().all == 0 && gate.counts().by_address.is_empty());
    }
}
