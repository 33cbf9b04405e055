//! All allocations of a relay, found by client, by relayed address and by visit, each in constant
//! time, and in the order in which they run out.
//!
//! Owns the counts that the quotas look at. Never decides whether there may be one more.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Instant;

use rand::RngExt;
use rand::rngs::StdRng;
use slab::Slab;
use visit::{SeatId, VisitId};

use crate::allocation::Allocation;
use crate::client::Client;

/// The number of an allocation while it lives. Numbers are used again.
pub(crate) type Slot = u32;

/// No allocation.
const NONE: Slot = Slot::MAX;

/// See the module's head.
pub(crate) struct Table {
    allocations: Slab<Allocation>,
    by_client: HashMap<Client, Slot>,
    by_visit: HashMap<VisitId, Vec<Slot>>,
    by_seat: HashMap<(VisitId, SeatId), u32>,
    by_address: HashMap<IpAddr, u32>,
    pools: Vec<Pool>,
    expiry: BTreeSet<(Instant, Slot)>,
}

/// The ports of one public address: the allocation that holds each. A row instead of a hash, since
/// each relayed datagram looks here.
struct Pool {
    ip: IpAddr,
    first: u16,
    holders: Vec<Slot>,
    free: usize,
}

impl Table {
    pub(crate) fn new(addresses: &[IpAddr], ports: &RangeInclusive<u16>) -> Self {
        let count = usize::from(ports.end() - ports.start()) + 1;
        let pool = |ip: &IpAddr| Pool {
            ip: *ip,
            first: *ports.start(),
            holders: vec![NONE; count],
            free: count,
        };
        Self {
            allocations: Slab::new(),
            by_client: HashMap::new(),
            by_visit: HashMap::new(),
            by_seat: HashMap::new(),
            by_address: HashMap::new(),
            pools: addresses.iter().map(pool).collect(),
            expiry: BTreeSet::new(),
        }
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Allocation> {
        self.allocations.get(slot as usize)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Allocation> {
        self.allocations.get_mut(slot as usize)
    }

    pub(crate) fn of_client(&self, client: &Client) -> Option<Slot> {
        self.by_client.get(client).copied()
    }

    /// Whose relayed address that is.
    pub(crate) fn of_relayed(&self, address: SocketAddr) -> Option<Slot> {
        let pool = self.pools.iter().find(|pool| pool.ip == address.ip())?;
        let index = address.port().checked_sub(pool.first)?;
        pool.holders.get(usize::from(index)).copied().filter(|slot| *slot != NONE)
    }

    pub(crate) fn of_visit(&self, visit: VisitId) -> Vec<Slot> {
        self.by_visit.get(&visit).cloned().unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.allocations.len()
    }

    pub(crate) fn count_of_visit(&self, visit: VisitId) -> usize {
        self.by_visit.get(&visit).map_or(0, Vec::len)
    }

    pub(crate) fn count_of_seat(&self, visit: VisitId, seat: SeatId) -> u32 {
        self.by_seat.get(&(visit, seat)).copied().unwrap_or(0)
    }

    pub(crate) fn count_of_address(&self, ip: IpAddr) -> u32 {
        self.by_address.get(&site(ip)).copied().unwrap_or(0)
    }

    /// Whether relayed addresses of that family exist at all.
    pub(crate) fn has_family(&self, v4: bool) -> bool {
        self.pools.iter().any(|pool| pool.ip.is_ipv4() == v4)
    }

    /// A free relayed address of that family, drawn at random so that nobody can guess the next.
    /// `even`: only even ports.
    pub(crate) fn draw(&self, rng: &mut StdRng, v4: bool, even: bool) -> Option<SocketAddr> {
        let pool = self.pools.iter().find(|pool| pool.ip.is_ipv4() == v4 && pool.free > 0)?;
        let count = pool.holders.len();
        let start = rng.random_range(0..count);
        (0..count).map(|i| (start + i) % count).find_map(|index| {
            let port = pool.first.checked_add(u16::try_from(index).ok()?)?;
            let fits = pool.holders[index] == NONE && (!even || port.is_multiple_of(2));
            fits.then(|| SocketAddr::new(pool.ip, port))
        })
    }

    /// Adds an allocation whose relayed addresses were drawn just before.
    pub(crate) fn insert(&mut self, allocation: Allocation) -> Slot {
        let holder = allocation.holder;
        let (client, expires_at) = (allocation.client, allocation.expires_at);
        let relayed = allocation.relayed.clone();
        // A slab of at most a million entries.
        let slot = self.allocations.insert(allocation) as Slot;
        for address in relayed {
            self.hold(address, slot);
        }
        self.by_client.insert(client, slot);
        self.by_visit.entry(holder.visit).or_default().push(slot);
        *self.by_seat.entry((holder.visit, holder.seat)).or_default() += 1;
        *self.by_address.entry(site(client.remote.ip())).or_default() += 1;
        self.expiry.insert((expires_at, slot));
        slot
    }

    /// Takes an allocation out, with everything that pointed to it.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Allocation> {
        let allocation = self.allocations.try_remove(slot as usize)?;
        for address in &allocation.relayed {
            self.hold(*address, NONE);
        }
        let (client, holder) = (allocation.client, allocation.holder);
        self.by_client.remove(&client);
        if let Some(slots) = self.by_visit.get_mut(&holder.visit) {
            slots.retain(|s| *s != slot);
            if slots.is_empty() {
                self.by_visit.remove(&holder.visit);
            }
        }
        less(&mut self.by_seat, &(holder.visit, holder.seat));
        less(&mut self.by_address, &site(client.remote.ip()));
        self.expiry.remove(&(allocation.expires_at, slot));
        Some(allocation)
    }

    /// Moves the end of an allocation.
    pub(crate) fn set_expiry(&mut self, slot: Slot, at: Instant) {
        if let Some(allocation) = self.allocations.get_mut(slot as usize) {
            self.expiry.remove(&(allocation.expires_at, slot));
            allocation.expires_at = at;
            self.expiry.insert((at, slot));
        }
    }

    /// Gives up one of the relayed addresses of an allocation.
    pub(crate) fn release(&mut self, slot: Slot, address: SocketAddr) {
        if let Some(allocation) = self.allocations.get_mut(slot as usize) {
            allocation.relayed.retain(|held| *held != address);
            self.hold(address, NONE);
        }
    }

    /// When the next allocation runs out.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.expiry.first().map(|(at, _)| *at)
    }

    /// The next allocation that has run out.
    pub(crate) fn expired(&self, now: Instant) -> Option<Slot> {
        self.expiry.first().filter(|(at, _)| *at <= now).map(|(_, slot)| *slot)
    }

    fn hold(&mut self, address: SocketAddr, slot: Slot) {
        let Some(pool) = self.pools.iter_mut().find(|pool| pool.ip == address.ip()) else { return };
        let index = usize::from(address.port().wrapping_sub(pool.first));
        if let Some(holder) = pool.holders.get_mut(index) {
            pool.free = pool.free + usize::from(*holder != NONE) - usize::from(slot != NONE);
            *holder = slot;
        }
    }

    /// Sizes of all indexes, for tests that hold them together: allocations, clients, visits' slots,
    /// seats' counts, addresses' counts, expiries, ports held.
    #[cfg(test)]
    pub(crate) fn index_sizes(&self) -> [usize; 7] {
        let sum = |counts: &mut dyn Iterator<Item = u32>| counts.map(|n| n as usize).sum();
        [
            self.allocations.len(),
            self.by_client.len(),
            self.by_visit.values().map(Vec::len).sum(),
            sum(&mut self.by_seat.values().copied()),
            sum(&mut self.by_address.values().copied()),
            self.expiry.len(),
            self.pools.iter().map(|pool| pool.holders.len() - pool.free).sum(),
        ]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Allocation> {
        self.allocations.iter().map(|(_, allocation)| allocation)
    }
}

/// What quotas of an address count together: IPv4 one address, IPv6 one /64.
pub(crate) fn site(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
