//! The loop of one shard's thread.
//!
//! Each round: receive one batch, carry out one command, run timers, flush the shard once, send. What
//! came first is sent before more is taken in, and a burst of joins, each a good part of a
//! millisecond, does not hold up media. It sleeps only when a round found nothing to receive. It never
//! waits for company of a datagram: that saves no system calls that a busy shard would not save by
//! itself, and delays what has come.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::handover::{Inbox, Neighbours, Parcel};
use super::relayed::Exit;
use super::socket::{BATCH, ShardSocket};
use super::tcp::TcpWire;
use super::wake::Sleeper;
use crate::command::{Command, SfuEvent};
use crate::shard::{Datagram, Shard, Wire};
use crate::stats::{SharedStats, Stats};

/// TCP connections are looked at this often while the shard is busy: each look costs a system call
/// per connection. A sleeping shard is woken by them at once.
const TCP_INTERVAL: Duration = Duration::from_millis(1);
/// While bytes wait for a slow TCP connection, it is tried again this often.
const RETRY_TCP: Duration = Duration::from_millis(5);
/// Parcels of other threads per round, so that a flood of them does not starve the rest.
const PARCELS_PER_ROUND: usize = 16;

pub(super) struct Driver {
    pub shard: Shard,
    pub socket: ShardSocket,
    pub tcp: Option<TcpWire>,
    pub inbox: Inbox,
    /// Where shards share a port.
    pub neighbours: Option<Neighbours>,
    pub exit: Exit,
    pub advertised: Vec<IpAddr>,
    /// When TCP connections are looked at next.
    pub next_tcp: Instant,
    pub sleeper: Sleeper,
    pub commands: Receiver<Command>,
    pub events: UnboundedSender<SfuEvent>,
    pub stats: Arc<SharedStats>,
    pub stop: Arc<AtomicBool>,
}

impl Driver {
    /// Runs until the program stops or every handle is gone.
    pub(super) fn run(mut self) {
        let mut sending: Vec<Datagram> = Vec::new();
        let mut io = Stats::default();
        Sleeper::be_punctual();
        Sleeper::go_first();
        loop {
            let more = self.receive();
            let (more_commands, gone) = self.carry_out();
            let now = Instant::now();
            self.shard.handle_timeout(now);
            let stopping = gone || self.stop.load(Ordering::Acquire);
            if stopping {
                self.shard.shutdown(now);
            }
            self.shard.flush(now);

            sending.clear();
            sending.extend(std::iter::from_fn(|| self.shard.poll_transmit()));
            io.send_dropped += self.leave_by_relay(&mut sending);
            if let Some(tcp) = &mut self.tcp {
                sending.retain(|d| {
                    let framed = d.wire == Wire::Tcp;
                    io.send_dropped += u64::from(framed && !tcp.send(d));
                    !framed
                });
                tcp.push();
            }
            let sent = self.socket.send(&sending);
            io.send_calls += sent.calls;
            io.send_dropped += sent.dropped;
            while let Some(event) = self.shard.poll_event() {
                // Nobody listens any more only while the program stops.
                let _ = self.events.send(event);
            }
            let stats = self.shard.stats();
            self.stats.publish(&Stats {
                handed_over: self.neighbours.as_ref().map_or(0, Neighbours::handed_over),
                send_calls: io.send_calls,
                send_dropped: io.send_dropped,
                ..stats
            });
            if stopping {
                return;
            }
            if !more && !more_commands {
                self.sleep();
            }
        }
    }

    /// Takes out what goes to relayed addresses and gives it to the relay. Returns how many it did
    /// not take.
    fn leave_by_relay(&self, sending: &mut Vec<Datagram>) -> u64 {
        if !sending.iter().any(|d| d.wire == Wire::Relay) {
            return 0;
        }
        let relayed: Vec<Datagram> = sending.extract_if(.., |d| d.wire == Wire::Relay).collect();
        let count = relayed.len() as u64;
        let taken = self.exit.get().is_some_and(|exit| exit.send(relayed));
        if taken { 0 } else { count }
    }

    fn sleep(&mut self) {
        let now = Instant::now();
        let tcp = self.tcp.as_ref();
        let due =
            self.shard.poll_timeout().into_iter().chain(tcp.and_then(TcpWire::deadline)).min();
        let mut timeout = due.map(|at| at.saturating_duration_since(now));
        if tcp.is_some_and(TcpWire::is_waiting) {
            timeout = Some(timeout.map_or(RETRY_TCP, |t| t.min(RETRY_TCP)));
        }
        let sockets =
            std::iter::once(self.socket.fd()).chain(tcp.into_iter().flat_map(TcpWire::fds));
        let by_tcp = self.sleeper.sleep(sockets, timeout);
        if let (true, Some(tcp)) = (by_tcp, &mut self.tcp) {
            self.next_tcp = now;
            tcp.look_soon();
        }
    }

    /// Whether more may be waiting.
    fn receive(&mut self) -> bool {
        let more = self.receive_all();
        if let Some(neighbours) = &mut self.neighbours {
            neighbours.flush();
        }
        more
    }

    fn receive_all(&mut self) -> bool {
        let now = Instant::now();
        let mut more = self.take_parcels(now);
        if let Some(tcp) = self.tcp.as_mut().filter(|_| self.next_tcp <= now) {
            self.next_tcp = now + TCP_INTERVAL;
            let neighbours = self.neighbours.as_ref();
            more |= tcp.receive(now, &mut self.shard, &self.advertised, neighbours);
        }
        let (shard, neighbours) = (&mut self.shard, &mut self.neighbours);
        let filled = self.socket.receive(|source, destination, datagram| {
            let way = (source, destination);
            let is_others = |n: &mut Neighbours| n.take(now, shard, Wire::Udp, way, datagram);
            if !neighbours.as_mut().is_some_and(is_others) {
                shard.handle_datagram(now, source, destination, datagram);
            }
        });
        more | (filled == BATCH)
    }

    /// Whether more may be waiting.
    fn take_parcels(&mut self, now: Instant) -> bool {
        for _ in 0..PARCELS_PER_ROUND {
            let Some(parcel) = self.inbox.take() else { return false };
            match (parcel, &mut self.neighbours, &mut self.tcp) {
                (Parcel::Datagrams(batch), neighbours, _) => {
                    batch.unpack(now, &mut self.shard, neighbours.as_mut());
                }
                (Parcel::Connection(moving), _, Some(tcp)) => {
                    tcp.take_over(now, *moving, &mut self.shard);
                }
                (Parcel::Owner(wire, source, owner), Some(neighbours), _) => {
                    neighbours.learn(now, wire, source, owner);
                }
                // Nobody moves connections without TCP, or names owners without neighbours.
                (Parcel::Connection(_) | Parcel::Owner(..), ..) => {}
            }
        }
        true
    }

    /// Whether more commands may be waiting, and whether every handle is gone.
    fn carry_out(&mut self) -> (bool, bool) {
        match self.commands.try_recv() {
            Ok(command) => {
                self.shard.handle_command(Instant::now(), command);
                (true, false)
            }
            Err(TryRecvError::Empty) => (false, false),
            Err(TryRecvError::Disconnected) => (false, true),
        }
    }
}
