//! The network itself: who is where, and what happens to a packet between two hosts.
//!
//! Owns paths, NATs, firewalls and everything that is on the way. It does no IO, reads no clock and
//! draws from seeded generators only: the same calls with the same times and seed give the same
//! packets. Each direction of a link and each NAT draws from its own generator, so a change at one
//! place does not shift the chances of another.
//!
//! ```text
//! host ─▶ up ─▶ firewall ─▶ NAT(s) ─▶ public network ─▶ NAT(s) ─▶ firewall ─▶ down ─▶ host
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Instant;

use crate::answer::{self, Trouble};
use crate::counters::{Cause, Counters, PathCounters};
use crate::firewall::{Firewall, Guard, Refusal};
use crate::link::Link;
use crate::mappings::{MappingEntry, Mappings};
use crate::nat::Nat;
use crate::nat_box::NatBox;
use crate::packet::{Packet, Unreadable};
use crate::pipe::Pipe;
use crate::{NatId, Network, PathId, SettingError};

/// A network with a seed.
pub struct Router {
    seed: u64,
    members: BTreeMap<(Network, Ipv4Addr), Member>,
    paths: Vec<Path>,
    nats: Vec<NatBox>,
    outputs: VecDeque<(PathId, Vec<u8>)>,
}

impl Router {
    /// An empty network.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            members: BTreeMap::new(),
            paths: Vec::new(),
            nats: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Puts a NAT into `outer`, where it has `address`.
    ///
    /// # Errors
    /// A setting is out of range, or the address is taken there.
    pub fn add_nat(
        &mut self,
        nat: Nat,
        outer: Network,
        address: Ipv4Addr,
    ) -> Result<NatId, SettingError> {
        nat.check()?;
        let id = NatId(self.nats.len());
        self.take_address(outer, address, Member::Nat(id))?;
        let mappings = Mappings::new(nat, self.seed_for(NAT_STREAM, id.0));
        self.nats.push(NatBox { mappings, outer, address, counters: Counters::default() });
        Ok(id)
    }

    /// Puts a host's interface into `network`, where it has `address`.
    ///
    /// # Errors
    /// A setting is out of range, or the address is taken there.
    pub fn add_path(
        &mut self,
        address: Ipv4Addr,
        network: Network,
        link: Link,
        firewall: Option<Firewall>,
    ) -> Result<PathId, SettingError> {
        link.check()?;
        firewall.as_ref().map_or(Ok(()), Firewall::check)?;
        let id = PathId(self.paths.len());
        self.take_address(network, address, Member::Path(id))?;
        self.paths.push(Path {
            address,
            network,
            up: Pipe::new(link.up, self.seed_for(UP_STREAM, id.0)),
            down: Pipe::new(link.down, self.seed_for(DOWN_STREAM, id.0)),
            guard: firewall.map(Guard::new),
            counters: PathCounters::default(),
        });
        Ok(id)
    }

    /// A host sends an IP packet.
    pub fn handle_packet(&mut self, now: Instant, path: PathId, bytes: &[u8]) {
        self.handle_timeout(now);
        let Some(from) = self.paths.get_mut(path.0) else { return };
        from.counters.network.came(bytes.len());
        let packet = match Packet::read(bytes) {
            Ok(packet) if packet.source == from.address => packet,
            Ok(_) => return from.counters.network.drop(Cause::WrongSource),
            Err(Unreadable::NotIpv4) => return from.counters.network.drop(Cause::NotIpv4),
            Err(Unreadable::Malformed) => return from.counters.network.drop(Cause::Malformed),
        };
        from.counters.network.went(bytes.len());
        let bytes = &bytes[..packet.total_bytes];
        // What a link does not take, it counts.
        let _ = match too_big(&mut from.up, bytes, &packet) {
            Fit::Fits => from.up.push(now, bytes.to_vec()),
            Fit::TooBig(Some(answer)) => from.down.push(now, answer),
            Fit::TooBig(None) => Ok(()),
        };
    }

    /// Does everything that is due at `now` or before, in order, each at its own time.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, index, heading)) = self.next_event().filter(|event| event.0 <= now) {
            let path = &mut self.paths[index];
            match heading {
                Heading::Up => {
                    if let Some(bytes) = path.up.step() {
                        self.leave(at, PathId(index), bytes);
                    }
                }
                Heading::Down => {
                    if let Some(bytes) = path.down.step() {
                        self.outputs.push_back((PathId(index), bytes));
                    }
                }
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_event().map(|event| event.0)
    }

    /// The next packet that arrived at a host.
    pub fn poll_output(&mut self) -> Option<(PathId, Vec<u8>)> {
        self.outputs.pop_front()
    }

    /// Changes a link while packets are on it.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such path.
    pub fn set_link(&mut self, now: Instant, path: PathId, link: Link) -> Result<(), SettingError> {
        link.check()?;
        self.handle_timeout(now);
        let path = self.paths.get_mut(path.0).ok_or(SettingError::Unknown)?;
        path.up.change(now, link.up);
        path.down.change(now, link.down);
        Ok(())
    }

    /// The settings of a link.
    pub fn link(&self, path: PathId) -> Option<Link> {
        let path = self.paths.get(path.0)?;
        Some(Link { up: path.up.direction().clone(), down: path.down.direction().clone() })
    }

    /// Takes a link down or up. What is on a link that goes down is gone.
    ///
    /// # Errors
    /// There is no such path.
    pub fn set_up(&mut self, now: Instant, path: PathId, up: bool) -> Result<(), SettingError> {
        self.handle_timeout(now);
        let path = self.paths.get_mut(path.0).ok_or(SettingError::Unknown)?;
        path.up.set_up(up);
        path.down.set_up(up);
        Ok(())
    }

    /// Whether a link is up.
    pub fn is_up(&self, path: PathId) -> bool {
        self.paths.get(path.0).is_some_and(|path| path.up.is_up())
    }

    /// Puts another firewall in front of a host, or none. What the old one remembered is forgotten.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such path.
    pub fn set_firewall(
        &mut self,
        now: Instant,
        path: PathId,
        firewall: Option<Firewall>,
    ) -> Result<(), SettingError> {
        firewall.as_ref().map_or(Ok(()), Firewall::check)?;
        self.handle_timeout(now);
        let path = self.paths.get_mut(path.0).ok_or(SettingError::Unknown)?;
        path.guard = firewall.map(Guard::new);
        Ok(())
    }

    /// Gives a NAT other settings; its mappings stay.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such NAT.
    pub fn set_nat(&mut self, now: Instant, nat: NatId, to: Nat) -> Result<(), SettingError> {
        to.check()?;
        self.handle_timeout(now);
        self.nats.get_mut(nat.0).ok_or(SettingError::Unknown)?.mappings.set_nat(to);
        Ok(())
    }

    /// A NAT starts anew: every mapping is gone, new ones get other ports, and the outer address
    /// becomes `address` if one is given.
    ///
    /// # Errors
    /// The address is taken, or there is no such NAT.
    pub fn rebind(
        &mut self,
        now: Instant,
        nat: NatId,
        address: Option<Ipv4Addr>,
    ) -> Result<(), SettingError> {
        self.handle_timeout(now);
        let (outer, old) = {
            let nat = self.nats.get(nat.0).ok_or(SettingError::Unknown)?;
            (nat.outer, nat.address)
        };
        if let Some(address) = address.filter(|address| *address != old) {
            self.take_address(outer, address, Member::Nat(nat))?;
            self.members.remove(&(outer, old));
            self.nats[nat.0].address = address;
        }
        self.nats[nat.0].mappings.forget();
        Ok(())
    }

    /// The live mappings of a NAT, in a stable order.
    pub fn mappings(&self, now: Instant, nat: NatId) -> Vec<MappingEntry> {
        self.nats.get(nat.0).map(|nat| nat.mappings.list(now)).unwrap_or_default()
    }

    /// The outer address of a NAT.
    pub fn nat_address(&self, nat: NatId) -> Option<Ipv4Addr> {
        self.nats.get(nat.0).map(|nat| nat.address)
    }

    /// What went through a path so far. Zeros if there is no such path.
    pub fn counters(&self, path: PathId) -> PathCounters {
        let Some(path) = self.paths.get(path.0) else { return PathCounters::default() };
        PathCounters {
            up: path.up.counters.clone(),
            down: path.down.counters.clone(),
            ..path.counters.clone()
        }
    }

    /// What went through a NAT so far. Zeros if there is no such NAT.
    pub fn nat_counters(&self, nat: NatId) -> Counters {
        self.nats.get(nat.0).map(|nat| nat.counters.clone()).unwrap_or_default()
    }

    /// Counts a packet that arrived and that the host's interface did not take.
    pub(crate) fn not_taken(&mut self, path: PathId) {
        if let Some(path) = self.paths.get_mut(path.0) {
            path.counters.network.drop(Cause::Interface);
        }
    }

    /// A packet has come over the link from its host.
    fn leave(&mut self, now: Instant, id: PathId, bytes: Vec<u8>) {
        let path = &mut self.paths[id.0];
        // It was read before; nothing has changed it since.
        let Ok(packet) = Packet::read(&bytes) else { return };
        if let Some(guard) = &mut path.guard {
            let counters = &mut path.counters.firewall;
            counters.came(bytes.len());
            match guard.outbound(now, &packet, packet.payload(&bytes)) {
                Ok(()) => counters.went(bytes.len()),
                Err(cause) => {
                    counters.drop(cause);
                    if guard.refusal() == Refusal::Answer
                        && let Some(answer) = refusal(&bytes, &packet)
                    {
                        let _ = path.down.push(now, answer);
                    }
                    return;
                }
            }
        }
        let network = path.network;
        self.route(now, network, bytes, id);
    }

    /// Carries a packet through the networks, out first and then in, to the host that has its
    /// destination. `origin` is where it came from, for counting.
    fn route(&mut self, now: Instant, mut network: Network, mut bytes: Vec<u8>, origin: PathId) {
        let mut inwards = false;
        loop {
            let Ok(packet) = Packet::read(&bytes) else { return };
            match (self.members.get(&(network, packet.destination)), network) {
                (Some(Member::Path(id)), _) => return self.arrive(now, *id, bytes, &packet),
                (Some(Member::Nat(id)), _) => {
                    if self.nats[id.0].inbound(now, &mut bytes, &packet).is_err() {
                        return;
                    }
                    network = Network::Behind(*id);
                    inwards = true;
                }
                (None, Network::Behind(id)) if !inwards => {
                    let nat = &mut self.nats[id.0];
                    if nat.outbound(now, &mut bytes, &packet).is_err() {
                        return;
                    }
                    network = nat.outer;
                }
                (None, _) => {
                    return self.paths[origin.0].counters.network.drop(Cause::NoRoute);
                }
            }
        }
    }

    /// A packet has come to the network of its receiver.
    fn arrive(&mut self, now: Instant, id: PathId, bytes: Vec<u8>, packet: &Packet) {
        let path = &mut self.paths[id.0];
        if let Some(guard) = &mut path.guard {
            let counters = &mut path.counters.firewall;
            counters.came(bytes.len());
            if let Err(cause) = guard.inbound(now, packet, packet.payload(&bytes)) {
                return counters.drop(cause);
            }
            counters.went(bytes.len());
        }
        match too_big(&mut path.down, &bytes, packet) {
            Fit::Fits => {
                let _ = path.down.push(now, bytes);
            }
            Fit::TooBig(None) => {}
            // An error is never answered by another, so this ends.
            Fit::TooBig(Some(answer)) => {
                let network = path.network;
                self.route(now, network, answer, id);
            }
        }
    }

    /// The earliest event; of several at once the one of the first path, its way up first.
    fn next_event(&self) -> Option<(Instant, usize, Heading)> {
        let events = self.paths.iter().enumerate().flat_map(|(index, path)| {
            let up = path.up.next_at().map(|at| (at, index, Heading::Up));
            let down = path.down.next_at().map(|at| (at, index, Heading::Down));
            [up, down].into_iter().flatten()
        });
        events.min()
    }

    fn take_address(
        &mut self,
        network: Network,
        address: Ipv4Addr,
        member: Member,
    ) -> Result<(), SettingError> {
        if let Network::Behind(nat) = network
            && nat.0 >= self.nats.len()
        {
            return Err(SettingError::Unknown);
        }
        if self.members.contains_key(&(network, address)) {
            return Err(SettingError::AddressTaken);
        }
        self.members.insert((network, address), member);
        Ok(())
    }

    /// A seed of its own for each part (SplitMix64's constant spreads them).
    fn seed_for(&self, stream: u64, index: usize) -> u64 {
        let part = stream + 4 * index as u64 + 1;
        self.seed.wrapping_add(part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

struct Path {
    address: Ipv4Addr,
    network: Network,
    up: Pipe,
    down: Pipe,
    guard: Option<Guard>,
    /// The parts that the pipes do not count themselves.
    counters: PathCounters,
}

#[derive(Clone, Copy)]
enum Member {
    Path(PathId),
    Nat(NatId),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heading {
    Up,
    Down,
}

/// Whether a packet fits onto a link.
enum Fit {
    Fits,
    /// It does not and was dropped; its sender may be told so.
    TooBig(Option<Vec<u8>>),
}

const UP_STREAM: u64 = 0;
const DOWN_STREAM: u64 = 1;
const NAT_STREAM: u64 = 2;

/// Looks at the size of a packet before it goes onto a link. The lab never fragments.
fn too_big(pipe: &mut Pipe, bytes: &[u8], packet: &Packet) -> Fit {
    let mtu_bytes = pipe.direction().mtu_bytes;
    if bytes.len() <= usize::from(mtu_bytes) {
        return Fit::Fits;
    }
    pipe.counters.came(bytes.len());
    pipe.dropped(Cause::Mtu);
    let tells = pipe.direction().tells_too_big && packet.dont_fragment;
    let answer = tells.then(|| answer::error(bytes, packet, Trouble::TooBig { mtu_bytes }));
    Fit::TooBig(answer.flatten())
}

/// How a firewall answers a packet that it does not let out.
fn refusal(bytes: &[u8], packet: &Packet) -> Option<Vec<u8>> {
    match packet.tcp_flags() {
        Some(_) => answer::reset(bytes, packet),
        None => answer::error(bytes, packet, Trouble::Prohibited),
    }
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "nat_tests.rs"]
mod nat_tests;
