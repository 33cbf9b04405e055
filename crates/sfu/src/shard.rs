//! A shard: the whole forwarding unit for a part of the visits, without IO.
//!
//! Datagrams, commands and time go in; datagrams and events come out. What came in is worked off in
//! batches: each datagram is decrypted at once, but the packets in it are written to their viewers
//! only in [`Shard::flush`], all packets of the batch to a viewer before that viewer is drained
//! once. Draining is the larger part of the cost of forwarding, so this saves a third to a half.
//!
//! Invariants
//! - A transport that is not in `peers` is in no map, no queue and no timer that counts.
//! - Whatever touches a str0m instance runs under [`guarded`]: a panic ends that transport alone.
//! - A transport is in `dirty` whenever its str0m instance was changed and not drained since.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use slab::Slab;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::net::{Protocol, Receive, TcpType, Transmit};
use str0m::{Candidate, Input};
use visit::VisitId;

use crate::command::{CloseCode, RefusalCode, SfuEvent, TransportId};
use crate::config::SfuConfig;
use crate::demux::{Demux, Kind, kind};
use crate::fragment::Home;
use crate::io::StartError;
use crate::peer::{Drained, Peer, PeerKey};
use crate::pump::Inbound;
use crate::room::Room;
use crate::stats::Stats;
use crate::timers::Timers;

/// What carries datagrams between a client and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// UDP.
    Udp,
    /// A TCP connection that the client opened, framed as RFC 4571 says (ICE-TCP, RFC 6544). For
    /// networks that let no UDP out.
    Tcp,
    /// A relay in this program, which stands for the client under a relayed address.
    Relay,
}

/// A datagram to send.
pub struct Datagram {
    /// What it goes over.
    pub wire: Wire,
    /// Our address that the peer was reached on: one of the advertised ones and the shard's port.
    pub source: SocketAddr,
    /// Where to send it.
    pub destination: SocketAddr,
    /// At most about 1,250 bytes.
    pub contents: Vec<u8>,
}

impl Wire {
    const fn protocol(self) -> Protocol {
        match self {
            // What a relay carries are datagrams, and to WebRTC it is no different (RFC 8656 §2).
            Self::Udp | Self::Relay => Protocol::Udp,
            Self::Tcp => Protocol::Tcp,
        }
    }
}

/// See the module's head. Not `Send`-bound to anything: one thread drives it.
pub struct Shard {
    pub(crate) max_people: usize,
    pub(crate) dead_after: Duration,
    pub(crate) answer_within: Duration,
    relayed: Vec<IpAddr>,
    pub(crate) home: Home,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) crypto: Arc<CryptoProvider>,
    pub(crate) certificate: DtlsCert,
    pub(crate) rng: StdRng,
    pub(crate) peers: Slab<Peer>,
    pub(crate) transports: HashMap<TransportId, PeerKey>,
    pub(crate) rooms: HashMap<VisitId, Room>,
    pub(crate) demux: Demux,
    pub(crate) timers: Timers,
    pub(crate) batch: Vec<Inbound>,
    pub(crate) dirty: Vec<PeerKey>,
    pub(crate) scratch: Drained,
    pub(crate) transmits: Vec<Transmit>,
    sending: VecDeque<Transmit>,
    pub(crate) events: VecDeque<SfuEvent>,
    pub(crate) stats: Stats,
}

/// Runs code that touches a str0m instance. `None` when it panicked: the instance is thrown away,
/// so nobody sees the state it was left in.
pub(crate) fn guarded<T>(f: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

impl Shard {
    /// A shard whose clients reach it on `port` of every advertised address.
    ///
    /// # Errors
    /// [`StartError`] when the configuration is bad or no certificate could be made.
    pub fn new(config: &SfuConfig, index: u16, port: u16) -> Result<Self, StartError> {
        config.validate()?;
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate =
            crypto.dtls_provider.generate_certificate().ok_or(StartError::Certificate)?;
        let at = |ip: &IpAddr| SocketAddr::new(*ip, port);
        let udp =
            config.advertised.iter().map(|ip| Candidate::builder().udp().host(at(ip)).build());
        let passive =
            |ip| Candidate::builder().tcp().host(at(ip)).tcptype(TcpType::Passive).build();
        let tcp = config.advertised.iter().filter(|_| config.tcp).map(passive);
        let candidates =
            udp.chain(tcp).collect::<Result<Vec<_>, _>>().map_err(|_| StartError::Address)?;
        Ok(Self {
            max_people: usize::from(config.max_people),
            dead_after: config.dead_after,
            answer_within: config.answer_within,
            relayed: config.relayed.clone(),
            home: Home { node: config.node, shard: index },
            candidates,
            crypto,
            certificate,
            rng: StdRng::seed_from_u64(config.seed.wrapping_add(u64::from(index))),
            peers: Slab::new(),
            transports: HashMap::new(),
            rooms: HashMap::new(),
            demux: Demux::default(),
            timers: Timers::default(),
            batch: Vec::new(),
            dirty: Vec::new(),
            scratch: Drained::default(),
            transmits: Vec::new(),
            sending: VecDeque::new(),
            events: VecDeque::new(),
            stats: Stats::default(),
        })
    }

    /// A datagram that arrived at `now` from `source` on our `destination` (an advertised address).
    /// Call [`Shard::flush`] after the last one of a batch. Says whether it came from a client that is
    /// known by now.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        self.handle(now, Wire::Udp, source, destination, datagram)
    }

    /// The same for a frame that came over TCP. A connection that brings only what comes from nobody
    /// known is not worth keeping.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        frame: &[u8],
    ) -> bool {
        self.handle(now, Wire::Tcp, source, destination, frame)
    }

    /// The same for a datagram that a relay in this program carried: `relayed` is the address that
    /// it gave to the client, one of [`SfuConfig::relayed`].
    pub fn handle_relayed(
        &mut self,
        now: Instant,
        relayed: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        self.handle(now, Wire::Relay, relayed, destination, datagram)
    }

    /// Whether a transport of this shard was reached from that address.
    pub(crate) fn knows(&self, wire: Wire, source: SocketAddr) -> bool {
        self.demux.by_address(wire, source).is_some()
    }

    pub(crate) fn handle(
        &mut self,
        now: Instant,
        wire: Wire,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        self.stats.datagrams_in += 1;
        self.stats.bytes_in += datagram.len() as u64;
        // Answers to a relayed address leave by the relay: nobody else may seem to come from there.
        if (wire == Wire::Relay) != self.relayed.contains(&source.ip()) {
            self.stats.garbage += 1;
            return false;
        }
        let (key, is_check) = match kind(datagram) {
            Kind::Check(ufrag) => (self.demux.by_ufrag(ufrag), true),
            Kind::Media => (self.demux.by_address(wire, source), false),
            Kind::Garbage => {
                self.stats.garbage += 1;
                return false;
            }
        };
        let Some((key, peer)) = key.and_then(|k| Some((k, self.peers.get_mut(k)?))) else {
            self.stats.unknown += 1;
            return false;
        };
        let Ok(receive) = Receive::new(wire.protocol(), source, destination, datagram) else {
            self.stats.garbage += 1;
            return false;
        };

        if peer.refused.has(wire) || !peer.wrap_guard.admits(datagram) {
            self.stats.rejected += 1;
            return false;
        }

        let now = peer.advance(now);
        let (transmits, drained) = (&mut self.transmits, &mut self.scratch);
        let accepted = guarded(|| {
            let input = Input::Receive(now, receive);
            // The instance itself does not look at where a datagram came from. Without this,
            // anybody could break a handshake with a ClientHello of their own.
            if !peer.rtc.accepts(&input) {
                return false;
            }
            if is_check {
                if !peer.route.admits(wire.protocol(), source, datagram) {
                    return false;
                }
                if peer.route.checked(wire.protocol(), source, destination, datagram) {
                    peer.refused.nominated(now, wire);
                }
            }
            if peer.input(input).is_err() {
                drained.errors += 1;
            }
            peer.drain_received(transmits, drained);
            true
        });
        match accepted {
            Some(true) => {
                if is_check {
                    self.demux.learn(wire, source, key);
                    self.count_check(wire, source);
                }
                self.heard(now, key);
                self.mark(key, false);
                self.after_drain(now, key);
            }
            Some(false) => self.stats.rejected += 1,
            None => self.panicked(now, key),
        }
        accepted == Some(true)
    }

    /// Checks from this very machine, or through its own relay, say nothing about the media ports, so
    /// they do not count.
    fn count_check(&mut self, wire: Wire, source: SocketAddr) {
        match wire {
            _ if source.ip().is_loopback() => {}
            Wire::Udp => self.stats.udp_checks += 1,
            Wire::Tcp => self.stats.tcp_checks += 1,
            Wire::Relay => {}
        }
    }

    /// Time passed. Call it at [`Shard::poll_timeout`] or later, and [`Shard::flush`] afterwards.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, key)) = self.timers.pop_due(now) {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            if peer.queued == Some(at) {
                peer.queued = None;
            }
            let ticks = peer.next_tick <= now;
            if ticks || peer.rtc_deadline <= now {
                self.touch(key);
                if ticks {
                    self.tick(now, key);
                }
            } else {
                self.arm(key);
            }
        }
    }

    /// When [`Shard::handle_timeout`] wants to be called; `None` with no transports.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The next datagram to send. Datagrams of one transport come in a row.
    pub fn poll_transmit(&mut self) -> Option<Datagram> {
        if self.sending.is_empty() {
            self.sending.extend(self.transmits.drain(..));
        }
        let t = self.sending.pop_front()?;
        self.stats.datagrams_out += 1;
        self.stats.bytes_out += t.contents.len() as u64;
        let (source, destination) = (t.source, t.destination);
        let wire = match t.proto {
            Protocol::Tcp => Wire::Tcp,
            _ if self.relayed.contains(&destination.ip()) => Wire::Relay,
            _ => Wire::Udp,
        };
        Some(Datagram { wire, source, destination, contents: t.contents.into() })
    }

    /// The next event for the server.
    pub fn poll_event(&mut self) -> Option<SfuEvent> {
        self.events.pop_front()
    }

    /// Counters so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { rooms: self.rooms.len() as u64, transports: self.peers.len() as u64, ..self.stats }
    }

    /// Ends every transport with [`CloseCode::Shutdown`]. Poll the datagrams once more after it:
    /// they tell clients that the connection is closed.
    pub fn shutdown(&mut self, now: Instant) {
        let keys: Vec<_> = self.peers.iter().map(|(k, _)| k).collect();
        for key in keys {
            self.close(now, key, CloseCode::Shutdown);
        }
        self.rooms.clear();
    }

    // What follows is used by the other parts of the shard.

    /// Notes that an instance was changed and has to be drained.
    pub(crate) fn touch(&mut self, key: PeerKey) {
        self.mark(key, true);
    }

    /// Puts a transport among those to drain; `changed`: by us, not only by a datagram or by packets
    /// written to it.
    pub(crate) fn mark(&mut self, key: PeerKey, changed: bool) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.changed |= changed;
            if !std::mem::replace(&mut peer.dirty, true) {
                self.dirty.push(key);
            }
        }
    }

    /// Puts the transport's next deadline into the timers.
    pub(crate) fn arm(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            let deadline = peer.rtc_deadline.min(peer.next_tick);
            self.timers.arm(key, deadline, &mut peer.queued);
        }
    }

    pub(crate) fn random(&mut self) -> u64 {
        self.rng.random()
    }

    /// Takes a transport out of everything and says so. Its room is kept, even empty, and not
    /// settled: the caller does that once.
    pub(crate) fn close(&mut self, now: Instant, key: PeerKey, code: CloseCode) {
        let Some(mut peer) = self.peers.try_remove(key) else { return };
        self.demux.remove(key);
        self.transports.remove(&peer.transport);
        self.batch.retain(|i| i.from != key);
        self.dirty.retain(|k| *k != key);
        if let Some(room) = self.rooms.get_mut(&peer.visit) {
            room.peers.retain(|k| *k != key);
            room.speaker.forget(peer.seat);
        }
        if !matches!(code, CloseCode::Internal | CloseCode::Lost) {
            self.say_goodbye(now, &mut peer);
        }
        tracing::info!(visit = ?peer.visit, code = code.as_str(), "transport closed");
        self.events.push_back(SfuEvent::Closed {
            visit: peer.visit,
            seat: peer.seat,
            transport: peer.transport,
            code,
        });
    }

    /// Tells the client that the connection ends. Only DTLS leaves: media that was still queued
    /// must not reach somebody who was just removed.
    fn say_goodbye(&mut self, now: Instant, peer: &mut Peer) {
        let mut out = Vec::new();
        let mut ignored = Drained::default();
        guarded(|| {
            let now = peer.advance(now);
            if peer.rtc.close().is_ok() && peer.rtc.handle_input(Input::Timeout(now)).is_ok() {
                peer.drain(&mut out, &mut ignored);
            }
        });
        let is_dtls = |t: &Transmit| matches!(t.contents.first(), Some(20..=63));
        self.transmits.extend(out.into_iter().filter(is_dtls));
    }

    /// Ends a transport whose handling panicked; the others of its room go on.
    pub(crate) fn panicked(&mut self, now: Instant, key: PeerKey) {
        self.scratch = Drained::default();
        self.stats.panics += 1;
        self.close_and_settle(now, key, CloseCode::Internal);
    }

    /// [`Shard::close`], then the room goes on without it.
    pub(crate) fn close_and_settle(&mut self, now: Instant, key: PeerKey, code: CloseCode) {
        let Some(visit) = self.peers.get(key).map(|p| p.visit) else { return };
        self.close(now, key, code);
        self.settle(now, visit);
    }

    pub(crate) fn refuse(&mut self, visit: VisitId, transport: TransportId, code: RefusalCode) {
        self.stats.refusals += 1;
        self.events.push_back(SfuEvent::Refused { visit, transport, code });
    }
}

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
