//! Between the shards and a relay in the same program: datagrams change threads in memory, in
//! batches, and never touch a socket.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use super::handover::Pile;
use crate::shard::{Datagram, Wire};

/// Where shards leave what is for relayed addresses. Called on a shard's thread: it must return at
/// once.
pub trait RelayExit: Send + Sync {
    /// Takes datagrams whose destinations are relayed addresses, or drops them: `false`.
    fn send(&self, datagrams: Vec<Datagram>) -> bool;
}

/// The exit once it is known; shared by all shards.
pub(super) type Exit = Arc<OnceLock<Box<dyn RelayExit>>>;

/// Where a relay leaves datagrams for the forwarding unit. It finds the shard by the port that the
/// client sent to. Where shards share a port the first gets them and hands on what is not its own.
pub struct RelayEntry {
    doors: Vec<(u16, Pile)>,
}

impl RelayEntry {
    /// By the shards' ports.
    pub(super) const fn new(doors: Vec<(u16, Pile)>) -> Self {
        Self { doors }
    }

    /// Adds a datagram from a relayed address to one of ours.
    pub fn push(&mut self, relayed: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        // To no port of ours: nobody is there.
        let Some((_, pile)) = self.doors.iter_mut().find(|(port, _)| *port == to.port()) else {
            return;
        };
        pile.push(Wire::Relay, (relayed, to), datagram);
    }

    /// Hands over what was added. A shard that does not keep up loses it.
    pub fn flush(&mut self) {
        self.doors.iter_mut().for_each(|(_, pile)| pile.flush());
    }
}

#[cfg(test)]
#[path = "relayed_tests.rs"]
mod tests;
