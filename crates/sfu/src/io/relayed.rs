//! Between the shards and a relay in the same program: datagrams change threads in memory, in
//! batches, and never touch a socket. Nobody waits: a full queue loses what does not fit.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::wake::Waker;
use crate::shard::{Datagram, Shard};

/// Batches that may wait for one shard; each is one round of the relay's thread.
const BATCH_QUEUE: usize = 256;
/// Batches per round, so that a flood through the relay does not starve the rest.
const BATCHES_PER_ROUND: usize = 16;

/// Where shards leave what is for relayed addresses. Called on a shard's thread: it must return at
/// once.
pub trait RelayExit: Send + Sync {
    /// Takes datagrams whose destinations are relayed addresses, or drops them: `false`.
    fn send(&self, datagrams: Vec<Datagram>) -> bool;
}

/// The exit once it is known; shared by all shards.
pub(super) type Exit = Arc<OnceLock<Box<dyn RelayExit>>>;

/// Datagrams in one buffer.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

struct Part {
    relayed: SocketAddr,
    to: SocketAddr,
    length: usize,
}

/// What a shard's thread takes batches from.
pub(super) struct Inbox(Receiver<Batch>);

/// The sending side of an [`Inbox`].
pub(super) type Outlet = SyncSender<Batch>;

pub(super) fn queue() -> (Outlet, Inbox) {
    let (outlet, batches) = sync_channel(BATCH_QUEUE);
    (outlet, Inbox(batches))
}

impl Inbox {
    /// Hands what waits to the shard. Whether more may be waiting.
    pub(super) fn receive(&self, now: Instant, shard: &mut Shard) -> bool {
        for _ in 0..BATCHES_PER_ROUND {
            // Disconnected only while the program stops.
            let Ok(batch) = self.0.try_recv() else { return false };
            let mut rest = &batch.bytes[..];
            for part in &batch.parts {
                let (datagram, tail) = rest.split_at(part.length);
                rest = tail;
                shard.handle_relayed(now, part.relayed, part.to, datagram);
            }
        }
        true
    }
}

/// Where a relay leaves datagrams for the forwarding unit. It finds the shard by the port that the
/// client sent to.
pub struct RelayEntry {
    doors: Vec<Door>,
}

pub(super) struct Door {
    pub port: u16,
    pub outlet: Outlet,
    pub waker: Arc<Waker>,
    pub batch: Batch,
}

impl RelayEntry {
    pub(super) const fn new(doors: Vec<Door>) -> Self {
        Self { doors }
    }

    /// Adds a datagram from a relayed address to one of ours.
    pub fn push(&mut self, relayed: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        // To no port of ours: nobody is there.
        let Some(door) = self.doors.iter_mut().find(|d| d.port == to.port()) else { return };
        door.batch.bytes.extend_from_slice(datagram);
        door.batch.parts.push(Part { relayed, to, length: datagram.len() });
    }

    /// Hands over what was added. A shard that does not keep up loses it.
    pub fn flush(&mut self) {
        for door in self.doors.iter_mut().filter(|d| !d.batch.parts.is_empty()) {
            if door.outlet.try_send(std::mem::take(&mut door.batch)).is_ok() {
                door.waker.wake();
            }
        }
    }
}

#[cfg(test)]
#[path = "relayed_tests.rs"]
mod tests;
