//! A NAT at work: its table of mappings.
//!
//! Owns mappings, their filters and their lives. It never touches a packet ([`crate::packet`] does)
//! and reads no clock. What ran out is removed when somebody looks for it or for a free port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::counters::Cause;
use crate::nat::{Filtering, Mapping, Nat};
use crate::packet::{Protocol, TcpFlags};

/// A live mapping, for looking at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct MappingEntry {
    /// What is mapped.
    pub protocol: Protocol,
    /// Inner address and port.
    pub inside: SocketAddrV4,
    /// Outer port.
    pub port: u16,
    /// Whom packets were sent to.
    pub contacted: Vec<SocketAddrV4>,
}

pub(crate) struct Mappings {
    nat: Nat,
    rng: StdRng,
    by_inside: BTreeMap<Key, u16>,
    by_port: BTreeMap<(Protocol, u16), Entry>,
    /// Ports from before the latest [`Self::forget`]: a box that starts anew gives others.
    retired: BTreeSet<(Protocol, u16)>,
}

impl Mappings {
    pub(crate) fn new(nat: Nat, seed: u64) -> Self {
        Self {
            nat,
            rng: StdRng::seed_from_u64(seed),
            by_inside: BTreeMap::new(),
            by_port: BTreeMap::new(),
            retired: BTreeSet::new(),
        }
    }

    pub(crate) fn nat(&self) -> &Nat {
        &self.nat
    }

    /// Other settings; what is mapped stays.
    pub(crate) fn set_nat(&mut self, nat: Nat) {
        self.nat = nat;
    }

    /// Forgets everything, as a box does that starts anew. New mappings get new ports.
    pub(crate) fn forget(&mut self) {
        self.by_inside.clear();
        self.retired = std::mem::take(&mut self.by_port).into_keys().collect();
    }

    /// A packet goes out: its outer port. `flags` are those of a TCP segment; `request` says that an
    /// echo is a request.
    pub(crate) fn outbound(
        &mut self,
        now: Instant,
        protocol: Protocol,
        inside: SocketAddrV4,
        remote: SocketAddrV4,
        flags: Option<TcpFlags>,
        request: bool,
    ) -> Result<u16, Cause> {
        let opens = match protocol {
            Protocol::Udp => true,
            Protocol::Tcp => flags.is_some_and(TcpFlags::opens),
            Protocol::Echo => request,
        };
        let key = Key { protocol, inside, remote: self.remote_part(remote) };
        let port = match self.by_inside.get(&key) {
            Some(port) if self.is_alive(now, protocol, *port) => *port,
            _ if opens => self.open(now, key)?,
            _ => return Err(Cause::NoMapping),
        };
        let Some(entry) = self.by_port.get_mut(&(protocol, port)) else {
            return Err(Cause::NoMapping);
        };
        let session = match entry.sessions.get_mut(&remote) {
            Some(session) if session.until > now => session,
            _ if opens => entry.sessions.entry(remote).insert_entry(Session::new(now)).into_mut(),
            _ => return Err(Cause::NoMapping),
        };
        session.saw(now, protocol, flags, Heading::Out, &self.nat);
        Ok(port)
    }

    /// A packet comes to an outer port: whom it is for.
    pub(crate) fn inbound(
        &mut self,
        now: Instant,
        protocol: Protocol,
        port: u16,
        remote: SocketAddrV4,
        flags: Option<TcpFlags>,
    ) -> Result<SocketAddrV4, Cause> {
        if !self.is_alive(now, protocol, port) {
            return Err(Cause::NoMapping);
        }
        let nat = &self.nat;
        let Some(entry) = self.by_port.get_mut(&(protocol, port)) else {
            return Err(Cause::NoMapping);
        };
        if !entry.lets_in(now, remote, nat.filtering) {
            return Err(Cause::Filtered);
        }
        match entry.sessions.get_mut(&remote).filter(|session| session.until > now) {
            Some(session) => session.saw(now, protocol, flags, Heading::In, nat),
            // A connection from a stranger that the filter lets in.
            None if flags.is_some_and(TcpFlags::opens) => {
                let mut session = Session::new(now);
                session.saw(now, protocol, flags, Heading::In, nat);
                entry.sessions.insert(remote, session);
            }
            None if protocol == Protocol::Tcp => return Err(Cause::Filtered),
            None if nat.inbound_refreshes => {
                entry.kept_until = entry.kept_until.max(now + idle(nat, protocol));
            }
            None => {}
        }
        Ok(entry.key.inside)
    }

    /// Whom an ICMP error is for that quotes a packet which left by `port` to `remote`.
    pub(crate) fn inbound_error(
        &self,
        now: Instant,
        protocol: Protocol,
        port: u16,
        remote: SocketAddrV4,
    ) -> Result<SocketAddrV4, Cause> {
        let entry = self.by_port.get(&(protocol, port)).filter(|entry| entry.is_alive(now));
        match entry {
            // Errors lengthen no life (RFC 5508, section 4).
            Some(entry) if entry.sessions.contains_key(&remote) => Ok(entry.key.inside),
            Some(_) => Err(Cause::Filtered),
            None => Err(Cause::NoMapping),
        }
    }

    /// The outer port of a packet from `remote` that an inner host answers with an ICMP error.
    pub(crate) fn outbound_error(
        &self,
        now: Instant,
        protocol: Protocol,
        inside: SocketAddrV4,
        remote: SocketAddrV4,
    ) -> Result<u16, Cause> {
        let key = Key { protocol, inside, remote: self.remote_part(remote) };
        match self.by_inside.get(&key) {
            Some(port) if self.is_alive(now, protocol, *port) => Ok(*port),
            _ => Err(Cause::NoMapping),
        }
    }

    /// Every live mapping, in a stable order.
    pub(crate) fn list(&self, now: Instant) -> Vec<MappingEntry> {
        let live = self.by_port.iter().filter(|(_, entry)| entry.is_alive(now));
        live.map(|((protocol, port), entry)| MappingEntry {
            protocol: *protocol,
            inside: entry.key.inside,
            port: *port,
            contacted: entry.sessions.keys().copied().collect(),
        })
        .collect()
    }

    /// The part of the destination that a mapping depends on.
    fn remote_part(&self, remote: SocketAddrV4) -> (Option<Ipv4Addr>, Option<u16>) {
        match self.nat.mapping {
            Mapping::EndpointIndependent => (None, None),
            Mapping::AddressDependent => (Some(*remote.ip()), None),
            Mapping::AddressAndPortDependent => (Some(*remote.ip()), Some(remote.port())),
        }
    }

    fn is_alive(&self, now: Instant, protocol: Protocol, port: u16) -> bool {
        self.by_port.get(&(protocol, port)).is_some_and(|entry| entry.is_alive(now))
    }

    fn open(&mut self, now: Instant, key: Key) -> Result<u16, Cause> {
        if let Some(old) = self.by_inside.remove(&key) {
            self.by_port.remove(&(key.protocol, old));
        }
        let port = self.free_port(now, key)?;
        if let Some(old) = self.by_port.remove(&(key.protocol, port)) {
            self.by_inside.remove(&old.key);
        }
        self.by_inside.insert(key, port);
        let entry = Entry { key, sessions: BTreeMap::new(), kept_until: now };
        self.by_port.insert((key.protocol, port), entry);
        Ok(port)
    }

    fn free_port(&mut self, now: Instant, key: Key) -> Result<u16, Cause> {
        let ports = self.nat.ports.clone();
        let is_free = |mappings: &Self, port: u16| {
            !mappings.is_alive(now, key.protocol, port)
                && !mappings.retired.contains(&(key.protocol, port))
        };
        let own = key.inside.port();
        if self.nat.preserves_ports && ports.contains(&own) && is_free(self, own) {
            return Ok(own);
        }
        // From a drawn port onwards, once around.
        let drawn = self.rng.random_range(ports.clone());
        let around = (drawn..=*ports.end()).chain(*ports.start()..drawn);
        let mut around = around.filter(|port| !self.is_alive(now, key.protocol, *port));
        let first = around.next().ok_or(Cause::PortsUsedUp)?;
        // A retired port only if there is no other.
        Ok(std::iter::once(first).chain(around).find(|port| is_free(self, *port)).unwrap_or(first))
    }
}

/// What a mapping is found by from inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    protocol: Protocol,
    inside: SocketAddrV4,
    remote: (Option<Ipv4Addr>, Option<u16>),
}

struct Entry {
    key: Key,
    sessions: BTreeMap<SocketAddrV4, Session>,
    /// Life that was given by packets of nobody's session.
    kept_until: Instant,
}

impl Entry {
    fn is_alive(&self, now: Instant) -> bool {
        self.kept_until > now || self.sessions.values().any(|session| session.until > now)
    }

    fn lets_in(&self, now: Instant, remote: SocketAddrV4, filtering: Filtering) -> bool {
        let sent_to = |same: &dyn Fn(&SocketAddrV4) -> bool| {
            self.sessions.iter().any(|(to, session)| same(to) && session.until > now)
        };
        match filtering {
            Filtering::EndpointIndependent => true,
            Filtering::AddressDependent => sent_to(&|to| to.ip() == remote.ip()),
            Filtering::AddressAndPortDependent => sent_to(&|to| *to == remote),
        }
    }
}

/// What goes on between one mapping and one far end. For UDP it is the entry of the filter.
struct Session {
    until: Instant,
    opened: Sides,
    finished: Sides,
    reset: bool,
}

#[derive(Clone, Copy)]
enum Heading {
    Out,
    In,
}

#[derive(Default)]
struct Sides {
    out: bool,
    inward: bool,
}

impl Sides {
    fn mark(&mut self, heading: Heading) {
        match heading {
            Heading::Out => self.out = true,
            Heading::In => self.inward = true,
        }
    }

    fn both(&self) -> bool {
        self.out && self.inward
    }
}

impl Session {
    fn new(now: Instant) -> Self {
        Self { until: now, opened: Sides::default(), finished: Sides::default(), reset: false }
    }

    fn saw(
        &mut self,
        now: Instant,
        protocol: Protocol,
        flags: Option<TcpFlags>,
        heading: Heading,
        nat: &Nat,
    ) {
        let Some(flags) = flags else {
            let refreshes = match (protocol, heading) {
                (Protocol::Udp, Heading::In) => nat.inbound_refreshes,
                _ => true,
            };
            if refreshes {
                self.until = now + idle(nat, protocol);
            }
            return;
        };
        if flags.opens() && (self.reset || self.finished.both()) {
            // The same ports serve a new connection.
            *self = Self::new(now);
        }
        self.opened.mark(heading);
        if flags.fin() {
            self.finished.mark(heading);
        }
        self.reset |= flags.rst();
        let is_open = self.opened.both() && !self.finished.both() && !self.reset;
        self.until = now + if is_open { nat.tcp_idle } else { nat.tcp_transitory };
    }
}

fn idle(nat: &Nat, protocol: Protocol) -> std::time::Duration {
    match protocol {
        Protocol::Udp => nat.udp_idle,
        Protocol::Tcp => nat.tcp_idle,
        Protocol::Echo => nat.echo_idle,
    }
}
