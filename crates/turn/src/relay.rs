//! The relay as its caller sees it: what goes in, what comes out, and what ends allocations.
//!
//! Requests are in `requests`, the way of data in `forward`. Nothing here reads a clock or a socket.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use visit::{SeatId, VisitId};

use crate::client::{Client, Transport};
use crate::config::{ConfigError, Mode, RelayConfig};
use crate::credentials::{Holder, Issuer};
use crate::frame::{Kind, MAX_MESSAGE_BYTES};
use crate::limit::Strangers;
use crate::nonce::Nonces;
use crate::outbox::Outbox;
use crate::policy;
use crate::stats::{Dropped, Stats};
use crate::table::{Slot, Table};

/// A whole TURN server without IO. See the head of the crate.
///
/// Time never goes backwards between calls. After each batch of input the caller sends what waits in
/// [`Self::outbox`] and clears it, takes the events, and calls [`Self::handle_timeout`] at
/// [`Self::poll_timeout`].
pub struct Relay {
    pub(crate) config: RelayConfig,
    pub(crate) issuer: Issuer,
    pub(crate) nonces: Nonces,
    pub(crate) strangers: Strangers,
    pub(crate) table: Table,
    pub(crate) outbox: Outbox,
    pub(crate) stats: Stats,
    pub(crate) rng: StdRng,
    events: VecDeque<RelayEvent>,
    revoked: HashMap<Scope, Instant>,
    revoked_order: VecDeque<(Instant, Scope)>,
    peers: HashMap<VisitId, HashSet<IpAddr>>,
    unit: HashSet<SocketAddr>,
    own: Vec<IpAddr>,
    started: Instant,
    wall: Wall,
}

/// What a point in time means in seconds since the Unix epoch.
struct Wall {
    at: Instant,
    unix_s: u64,
}

/// Whose relaying ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everybody's in a visit.
    Visit(VisitId),
    /// One seat's. Names a person, so there is no `Debug`.
    Seat(VisitId, SeatId),
}

/// Something that the caller may want to act on or count.
#[derive(Clone, Copy)]
pub enum RelayEvent {
    /// An allocation was made.
    Opened {
        /// Its visit.
        visit: VisitId,
        /// Its seat.
        seat: SeatId,
        /// Its client. A stream that has opened once is closed when its allocation ends.
        client: Client,
    },
    /// An allocation ended.
    Closed {
        /// Its visit.
        visit: VisitId,
        /// Its seat.
        seat: SeatId,
        /// Its client.
        client: Client,
        /// Why.
        reason: CloseReason,
        /// Bytes relayed from the client.
        up_bytes: u64,
        /// Bytes relayed to the client.
        down_bytes: u64,
    },
}

/// Why an allocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client did not refresh it in time, or its credentials ran out.
    Expired,
    /// The client gave it up.
    Refreshed,
    /// Its stream ended.
    Gone,
    /// [`Relay::revoke`].
    Revoked,
}

/// A visit has as many signalled addresses as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the visit has too many signalled addresses")]
pub struct PeerListFull;

/// How much a relay holds. For tests and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Allocations.
    pub allocations: usize,
    /// Permissions and channels of all of them.
    pub entries: usize,
    /// Slots of the table of strangers; never changes.
    pub stranger_slots: usize,
    /// Revocations that are still remembered.
    pub revocations: usize,
    /// Signalled addresses.
    pub peers: usize,
}

impl Relay {
    /// A relay that starts at `now`, which is `unix_s` seconds after the Unix epoch. `seed` is
    /// random and secret: nonces and relayed addresses come from it.
    ///
    /// # Errors
    /// [`ConfigError`]: a setting cannot be used.
    pub fn new(
        config: RelayConfig,
        seed: [u8; 32],
        now: Instant,
        unix_s: u64,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut rng = StdRng::from_seed(seed);
        let mut nonce_key = [0; 32];
        rng.fill(&mut nonce_key);
        let mut own = config.addresses.clone();
        if let Mode::Open(rules) = &config.mode {
            own.extend(&rules.own);
        }
        Ok(Self {
            issuer: Issuer::new(&config.secret),
            nonces: Nonces::new(&nonce_key, config.limits.nonce_s),
            strangers: Strangers::new(rng.random(), &config.limits),
            table: Table::new(&config.addresses, &config.ports),
            outbox: Outbox::default(),
            stats: Stats::default(),
            rng,
            events: VecDeque::new(),
            revoked: HashMap::new(),
            revoked_order: VecDeque::new(),
            peers: HashMap::new(),
            unit: config.unit.iter().copied().collect(),
            own,
            started: now,
            wall: Wall { at: now, unix_s },
            config,
        })
    }

    /// Takes one datagram of a client, or one message out of its stream.
    pub fn handle_message(&mut self, now: Instant, client: Client, bytes: &[u8]) {
        self.stats.messages_in += 1;
        if bytes.len() > MAX_MESSAGE_BYTES {
            return self.drop_for(Dropped::TooLong);
        }
        match bytes.first().copied().and_then(Kind::of) {
            Some(Kind::Channel) => self.handle_channel_data(now, client, bytes),
            Some(Kind::Stun) => self.handle_stun(now, client, bytes),
            None => self.drop_for(Dropped::Garbage),
        }
    }

    /// Takes a datagram of our forwarding unit: `from` is its address, `relayed` the client's.
    pub fn handle_unit(
        &mut self,
        now: Instant,
        relayed: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if !self.is_unit(from) {
            return self.drop_for(Dropped::Denied);
        }
        self.hand_over(now, relayed, from, bytes);
    }

    /// Takes a datagram that another machine sent to a relayed address. Only in open mode.
    pub fn handle_peer(
        &mut self,
        now: Instant,
        relayed: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        let slot = self.table.of_relayed(relayed);
        let Some(visit) = slot.and_then(|s| self.table.get(s)).map(|a| a.holder.visit) else {
            return self.drop_for(Dropped::NoAllocation);
        };
        // Whoever writes our own address as the sender gets in by no other door.
        match self.judge(visit, from) {
            Ok(policy::Way::Outside) => self.hand_over(now, relayed, from, bytes),
            Ok(_) => self.drop_for(Dropped::Denied),
            Err(denied) => self.deny(denied),
        }
    }

    /// The stream of a client ended; its allocation ends with it.
    pub fn client_gone(&mut self, client: &Client) {
        if let Some(slot) = self.table.of_client(client) {
            self.close(slot, CloseReason::Gone);
        }
    }

    /// Ends all allocations in `scope` at once, and refuses its credentials for as long as any that
    /// were issued by now can live.
    pub fn revoke(&mut self, now: Instant, scope: Scope) {
        let (visit, only) = match scope {
            Scope::Visit(visit) => (visit, None),
            Scope::Seat(visit, seat) => (visit, Some(seat)),
        };
        if only.is_none() {
            self.peers.remove(&visit);
        }
        for slot in self.table.of_visit(visit) {
            let seat = self.table.get(slot).map(|a| a.holder.seat);
            if only.is_none() || only == seat {
                self.close(slot, CloseReason::Revoked);
            }
        }
        let until = now + Duration::from_secs(self.config.limits.max_credential_s);
        self.revoked.insert(scope, until);
        self.revoked_order.push_back((until, scope));
    }

    /// Takes a revocation back: a seat that left comes again.
    pub fn reinstate(&mut self, scope: Scope) {
        self.revoked.remove(&scope);
    }

    /// Notes that `ip` was signalled in a visit. In open mode its seats may then reach it, unless a
    /// rule forbids the address; a closed relay reaches it never. Forgotten by [`Self::revoke`] of
    /// the visit.
    ///
    /// # Errors
    /// [`PeerListFull`]: the visit has as many as the limits let it have.
    pub fn allow_peer(&mut self, visit: VisitId, ip: IpAddr) -> Result<(), PeerListFull> {
        let most = self.config.limits.peers_per_visit;
        let held = self.peers.entry(visit).or_default();
        let ip = policy::canonical(ip);
        if held.len() >= most && !held.contains(&ip) {
            return Err(PeerListFull);
        }
        held.insert(ip);
        Ok(())
    }

    /// Forgets what was signalled in a visit. Permissions that stand already no longer help.
    pub fn forget_peers(&mut self, visit: VisitId) {
        self.peers.remove(&visit);
    }

    /// Replaces the addresses of our forwarding unit.
    pub fn set_unit(&mut self, unit: Vec<SocketAddr>) {
        self.unit = unit.into_iter().collect();
    }

    /// Says again what time it is on the wall, for when that clock was set. Credentials are dated by
    /// it; nothing else is.
    pub fn set_wall_clock(&mut self, now: Instant, unix_s: u64) {
        self.wall = Wall { at: now, unix_s };
    }

    /// When [`Self::handle_timeout`] has something to do next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let revocation = self.revoked_order.front().map(|(at, _)| *at);
        self.table.next_expiry().into_iter().chain(revocation).min()
    }

    /// Ends what has run out.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(slot) = self.table.expired(now) {
            self.close(slot, CloseReason::Expired);
        }
        while let Some((at, scope)) = self.revoked_order.pop_front_if(|(at, _)| *at <= now) {
            // It may have been revoked again since, for longer.
            if self.revoked.get(&scope).is_some_and(|until| *until <= at) {
                self.revoked.remove(&scope);
            }
        }
    }

    /// What waits to be sent.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Forgets what was waiting: it has been sent.
    pub fn clear_outbox(&mut self) {
        self.outbox.clear();
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<RelayEvent> {
        self.events.pop_front()
    }

    /// Counters.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How much the relay holds.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            allocations: self.table.len(),
            entries: self.table.iter().map(crate::allocation::Allocation::entries).sum(),
            stranger_slots: self.strangers.len(),
            revocations: self.revoked_order.len(),
            peers: self.peers.values().map(HashSet::len).sum(),
        }
    }

    /// Judges a peer of a visit by what the relay knows at this moment.
    pub(crate) fn judge(
        &self,
        visit: VisitId,
        peer: SocketAddr,
    ) -> Result<policy::Way, policy::Denied> {
        let owner = self.table.of_relayed(peer).and_then(|slot| self.table.get(slot));
        let ip = policy::canonical(peer.ip());
        let known = policy::Known {
            relayed: owner.map(|a| a.holder.visit == visit),
            unit: self.is_unit(peer),
            signalled: self.peers.get(&visit).is_some_and(|ips| ips.contains(&ip)),
        };
        match &self.config.mode {
            Mode::Closed => policy::judge(peer, known, None),
            Mode::Open(open) => {
                let rules = policy::Rules { own: &self.own, deny: &open.deny };
                policy::judge(peer, known, Some(&rules))
            }
        }
    }

    pub(crate) fn is_unit(&self, address: SocketAddr) -> bool {
        self.unit.contains(&address)
    }

    pub(crate) fn is_revoked(&self, holder: &Holder) -> bool {
        self.revoked.contains_key(&Scope::Visit(holder.visit))
            || self.revoked.contains_key(&Scope::Seat(holder.visit, holder.seat))
    }

    /// Whether one more answer may go to somebody who has not proved who they are. A stream's
    /// address is proved by its handshake.
    pub(crate) fn may_answer_stranger(&mut self, now: Instant, client: &Client) -> bool {
        client.transport != Transport::Udp
            || self.strangers.admit(self.age(now).as_millis() as u64, client.remote.ip())
    }

    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    pub(crate) fn unix_s(&self, now: Instant) -> u64 {
        self.wall.unix_s.saturating_add(now.saturating_duration_since(self.wall.at).as_secs())
    }

    pub(crate) fn close(&mut self, slot: Slot, reason: CloseReason) {
        let Some(ended) = self.table.remove(slot) else { return };
        self.stats.allocations = self.table.len() as u64;
        self.events.push_back(RelayEvent::Closed {
            visit: ended.holder.visit,
            seat: ended.holder.seat,
            client: ended.client,
            reason,
            up_bytes: ended.up_bytes,
            down_bytes: ended.down_bytes,
        });
    }

    pub(crate) fn opened(&mut self, holder: &Holder, client: Client) {
        self.stats.allocated += 1;
        self.stats.allocations = self.table.len() as u64;
        let (visit, seat) = (holder.visit, holder.seat);
        self.events.push_back(RelayEvent::Opened { visit, seat, client });
    }

    pub(crate) fn drop_for(&mut self, reason: Dropped) {
        self.stats.count_dropped(reason);
    }

    pub(crate) fn deny(&mut self, denied: policy::Denied) {
        self.stats.count_denied(denied);
        self.drop_for(Dropped::Denied);
    }
}
