//! What changes threads in memory: datagrams of a relay in this program, and, where shards share a
//! port, whatever the kernel gave to a shard that it is not for.
//!
//! Owns the lanes between threads and each shard's note of whose an address is. Nobody waits: a full
//! lane loses what does not fit. An address is noted only on the word of its owner, who verified a
//! check from it; a forged check is handed over and changes nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::tcp::Moving;
use super::wake::Waker;
use crate::demux::{Kind, kind};
use crate::fragment::Home;
use crate::shard::{Shard, Wire};

/// Parcels that may wait for one shard; each is one round of the thread that brings it.
pub(super) const LANE: usize = 256;
/// An address that its owner did not confirm for this long is forgotten. Clients check every few
/// seconds (RFC 7675).
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);
/// Addresses of others that one shard remembers: several for each of 10,000 people.
const MAX_OWNERS: usize = 65_536;

/// What one thread brings to a shard.
pub(super) enum Parcel {
    Datagrams(Batch),
    /// A TCP connection whose client lives at the shard that gets it.
    Connection(Box<Moving>),
    /// The sender verified a check from this address: what comes from there is for it.
    Owner(Wire, SocketAddr, u16),
}

/// Datagrams in one buffer.
pub(super) struct Batch {
    wire: Wire,
    /// The shard that hands them over; `None`: a relay.
    from: Option<u16>,
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

#[derive(Clone, Copy)]
struct Part {
    source: SocketAddr,
    destination: SocketAddr,
    length: usize,
}

/// What a shard's thread takes parcels from.
pub(super) struct Inbox(Receiver<Parcel>);

/// The sending side of an [`Inbox`].
pub(super) type Outlet = SyncSender<Parcel>;

pub(super) fn lane() -> (Outlet, Inbox) {
    let (outlet, parcels) = sync_channel(LANE);
    (outlet, Inbox(parcels))
}

impl Inbox {
    /// What waits longest. `None` also while the program stops.
    pub(super) fn take(&self) -> Option<Parcel> {
        self.0.try_recv().ok()
    }
}

impl Batch {
    fn new(wire: Wire, from: Option<u16>) -> Self {
        Self { wire, from, bytes: Vec::new(), parts: Vec::new() }
    }

    fn push(&mut self, source: SocketAddr, destination: SocketAddr, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.parts.push(Part { source, destination, length: datagram.len() });
    }

    /// Takes it apart for a shard. What a relay brought may be another shard's; what a shard handed
    /// over is for this one, and the other learns whose the address is.
    pub(super) fn unpack(
        &self,
        now: Instant,
        shard: &mut Shard,
        mut neighbours: Option<&mut Neighbours>,
    ) {
        let mut rest = &self.bytes[..];
        for Part { source, destination, length } in self.parts.iter().copied() {
            let (datagram, tail) = rest.split_at(length);
            rest = tail;
            if self.from.is_none()
                && let Some(neighbours) = neighbours.as_deref_mut()
                && neighbours.take(now, shard, self.wire, (source, destination), datagram)
            {
                continue;
            }
            let known = shard.handle(now, self.wire, source, destination, datagram);
            if let (true, Some(from), Some(neighbours)) = (known, self.from, neighbours.as_deref())
                && matches!(kind(datagram), Kind::Check(_))
            {
                neighbours.confirm(from, self.wire, source);
            }
        }
    }
}

/// Where datagrams for one shard are left.
#[derive(Clone)]
pub(super) struct Door {
    outlet: Outlet,
    waker: Arc<Waker>,
}

impl Door {
    pub(super) const fn new(outlet: Outlet, waker: Arc<Waker>) -> Self {
        Self { outlet, waker }
    }

    fn hand_over(&self, parcel: Parcel) {
        if self.outlet.try_send(parcel).is_ok() {
            self.waker.wake();
        }
    }
}

/// A door, and what is to go through it at the next [`Pile::flush`].
pub(super) struct Pile {
    door: Door,
    batches: [Batch; 2],
}

impl Pile {
    /// For what `from` hands over; `None`: a relay.
    pub(super) fn new(door: Door, from: Option<u16>) -> Self {
        Self { door, batches: [Wire::Udp, Wire::Relay].map(|wire| Batch::new(wire, from)) }
    }

    /// Adds a datagram that came over UDP or by a relay.
    pub(super) fn push(
        &mut self,
        wire: Wire,
        (source, destination): (SocketAddr, SocketAddr),
        datagram: &[u8],
    ) {
        self.batches[usize::from(wire == Wire::Relay)].push(source, destination, datagram);
    }

    /// Hands over what was added. A shard that does not keep up loses it.
    pub(super) fn flush(&mut self) {
        for batch in self.batches.iter_mut().filter(|batch| !batch.parts.is_empty()) {
            let full = std::mem::replace(batch, Batch::new(batch.wire, batch.from));
            self.door.hand_over(Parcel::Datagrams(full));
        }
    }
}

/// The other shards on this port, as one shard sees them.
pub(super) struct Neighbours {
    me: Home,
    /// By number of the shard; the own one is never used.
    piles: Vec<Pile>,
    owners: HashMap<(Wire, SocketAddr), Owner>,
    handed_over: u64,
}

struct Owner {
    shard: u16,
    confirmed: Instant,
}

impl Neighbours {
    /// As shard `me.shard` sees them, by their doors.
    pub(super) fn new(me: Home, doors: &[Door]) -> Self {
        let pile = |door: &Door| Pile::new(door.clone(), Some(me.shard));
        Self { me, piles: doors.iter().map(pile).collect(), owners: HashMap::new(), handed_over: 0 }
    }

    /// Takes a datagram that is another shard's: `true`.
    pub(super) fn take(
        &mut self,
        now: Instant,
        shard: &Shard,
        wire: Wire,
        way: (SocketAddr, SocketAddr),
        datagram: &[u8],
    ) -> bool {
        let owner = match kind(datagram) {
            Kind::Check(_) => self.owner_of_check(datagram),
            Kind::Media if !shard.knows(wire, way.0) => self.owner_of(now, wire, way.0),
            Kind::Media | Kind::Garbage => None,
        };
        let Some(pile) = owner.and_then(|owner| self.piles.get_mut(usize::from(owner))) else {
            return false;
        };
        pile.push(wire, way, datagram);
        self.handed_over += 1;
        true
    }

    /// Datagrams taken so far.
    pub(super) const fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// The other shard that a check names.
    pub(super) fn owner_of_check(&self, datagram: &[u8]) -> Option<u16> {
        let Kind::Check(ufrag) = kind(datagram) else { return None };
        let home = Home::of(ufrag)?;
        let is_other = home.node == self.me.node && home.shard != self.me.shard;
        (is_other && usize::from(home.shard) < self.piles.len()).then_some(home.shard)
    }

    fn owner_of(&mut self, now: Instant, wire: Wire, source: SocketAddr) -> Option<u16> {
        let owner = self.owners.get(&(wire, source))?;
        if now.saturating_duration_since(owner.confirmed) <= CONFIRMED_WITHIN {
            return Some(owner.shard);
        }
        self.owners.remove(&(wire, source));
        None
    }

    /// Notes what an owner said.
    pub(super) fn learn(&mut self, now: Instant, wire: Wire, source: SocketAddr, shard: u16) {
        if self.owners.len() >= MAX_OWNERS {
            let fresh =
                |owner: &Owner| now.saturating_duration_since(owner.confirmed) <= CONFIRMED_WITHIN;
            self.owners.retain(|_, owner| fresh(owner));
        }
        if self.owners.len() < MAX_OWNERS || self.owners.contains_key(&(wire, source)) {
            self.owners.insert((wire, source), Owner { shard, confirmed: now });
        }
    }

    /// Tells a shard that what comes from this address is ours.
    fn confirm(&self, to: u16, wire: Wire, source: SocketAddr) {
        if let Some(pile) = self.piles.get(usize::from(to)) {
            pile.door.hand_over(Parcel::Owner(wire, source, self.me.shard));
        }
    }

    /// Gives a connection to the shard that its check names. With a full lane it is closed.
    pub(super) fn give(&self, to: u16, moving: Moving) {
        if let Some(pile) = self.piles.get(usize::from(to)) {
            pile.door.hand_over(Parcel::Connection(Box::new(moving)));
        }
    }

    /// Hands over what was taken.
    pub(super) fn flush(&mut self) {
        self.piles.iter_mut().for_each(Pile::flush);
    }
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
#[cfg(test)]
pub(super) use tests::check_for;
