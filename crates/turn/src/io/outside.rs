//! Sockets of relayed addresses in open mode: one per port, bound from the start.
//!
//! So an allocation never fails for want of a socket, and a port that is not bound is never given
//! out. In closed mode there are none.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::rc::Rc;
use std::time::Instant;

use tokio::net::UdpSocket;

use super::core::Shared;
use super::{ListenConfig, MAX_OPEN_PORTS, StartError, udp};
use crate::config::RelayConfig;
use crate::frame::MAX_MESSAGE_BYTES;

/// Buffer asked of the system for each socket and direction. There are many; each carries little.
const BUFFER_BYTES: usize = 256 * 1024;
/// Datagrams before other tasks get their turn.
const RECEIVES_PER_TURN: usize = 32;

/// A bound socket and the relayed address that it stands for.
pub(super) struct OutsideSocket {
    pub relayed: SocketAddr,
    pub socket: StdSocket,
}

/// Binds all ports of all relayed addresses.
pub(super) fn bind(
    relay: &RelayConfig,
    listen: &ListenConfig,
) -> Result<Vec<OutsideSocket>, StartError> {
    relay.validate()?;
    if relay.ports.len() > MAX_OPEN_PORTS {
        return Err(StartError::OpenPorts);
    }
    let mut sockets = Vec::new();
    for address in &relay.addresses {
        let of_family = listen.open_bind.iter().find(|ip| ip.is_ipv4() == address.is_ipv4());
        let ip = *of_family.ok_or(StartError::OpenPorts)?;
        for port in relay.ports.clone() {
            let socket = udp::bind(SocketAddr::new(ip, port), BUFFER_BYTES)?;
            sockets.push(OutsideSocket { relayed: SocketAddr::new(*address, port), socket });
        }
    }
    Ok(sockets)
}

/// The sockets by relayed address.
pub(super) struct Outside {
    sockets: HashMap<SocketAddr, Rc<UdpSocket>>,
}

impl Outside {
    /// Call on the relay's thread, inside its runtime.
    pub(super) fn new(sockets: Vec<OutsideSocket>) -> io::Result<Self> {
        let watch = |s: OutsideSocket| Ok((s.relayed, Rc::new(UdpSocket::from_std(s.socket)?)));
        Ok(Self { sockets: sockets.into_iter().map(watch).collect::<io::Result<_>>()? })
    }

    pub(super) fn sockets(&self) -> Vec<(SocketAddr, Rc<UdpSocket>)> {
        self.sockets.iter().map(|(relayed, socket)| (*relayed, socket.clone())).collect()
    }

    /// Sends, or drops: `false`.
    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        self.sockets.get(&from).is_some_and(|socket| socket.try_send_to(bytes, to).is_ok())
    }
}

/// Serves one socket until the thread ends.
pub(super) async fn receive(core: Shared, relayed: SocketAddr, socket: Rc<UdpSocket>) {
    while socket.readable().await.is_ok() {
        take(&core, relayed, &socket);
        tokio::task::yield_now().await;
    }
}

fn take(core: &Shared, relayed: SocketAddr, socket: &UdpSocket) {
    let mut core = core.borrow_mut();
    let now = Instant::now();
    // One more than is taken, so that a longer datagram is seen to be too long.
    let mut buffer = [0; MAX_MESSAGE_BYTES + 1];
    for _ in 0..RECEIVES_PER_TURN {
        match socket.try_recv_from(&mut buffer) {
            Ok((length, from)) => {
                let from = SocketAddr::new(from.ip().to_canonical(), from.port());
                core.relay.handle_peer(now, relayed, from, &buffer[..length]);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
            // An ICMP error of an earlier send; it concerns one datagram.
            Err(_) => {}
        }
    }
    core.flush(now);
}
