//! A room in virtual time: one shard, any number of str0m clients, and a network between them with
//! seeded loss and delay. No sockets, no sleeping, no clock.
#![allow(dead_code)]

pub mod client;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sfu::{CloseCode, Command, SfuConfig, SfuEvent, Shard, Sources, TransportId};
use visit::{SeatId, VisitId};

pub use client::Client;

pub const SERVER_IP: [u8; 4] = [192, 0, 2, 1];
pub const SERVER_PORT: u16 = 40_000;

pub fn server() -> SocketAddr {
    SocketAddr::from((SERVER_IP, SERVER_PORT))
}

pub fn visit() -> VisitId {
    VisitId::new(1_700_000_000_000, 1)
}

pub fn seat(n: u8) -> SeatId {
    SeatId::new(1_700_000_000_000, u128::from(n))
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A datagram under way.
struct Flight {
    source: SocketAddr,
    destination: SocketAddr,
    contents: Vec<u8>,
}

/// Shard, clients and the network.
pub struct Net {
    pub start: Instant,
    pub now: Instant,
    pub shard: Shard,
    /// By seat number.
    pub clients: BTreeMap<u8, Client>,
    /// Every event so far, with the time since the start.
    pub log: Vec<(Duration, SfuEvent)>,
    pub delay: Duration,
    /// Each datagram takes up to this much longer, so that they overtake each other.
    pub jitter: Duration,
    /// Share of datagrams lost, 0..=1, in both directions.
    pub loss: f64,
    /// What the network shows of a client's address, where that is another one, as a NAT does.
    pub outside: BTreeMap<SocketAddr, SocketAddr>,
    /// The network drops DTLS (first byte 20 to 63, RFC 7983), as some inspect UDP.
    pub no_dtls: bool,
    /// Clients answer offers by themselves.
    pub answer: bool,
    /// Bits per second from the server to each client; 0: no limit.
    pub downlink_bps: u64,
    free_at: BTreeMap<SocketAddr, Instant>,
    flights: BTreeMap<u64, Flight>,
    arrivals: BinaryHeap<Reverse<(Instant, u64)>>,
    next_flight: u64,
    next_transport: u64,
    rng: StdRng,
}

impl Net {
    pub fn new(seed: u64) -> Self {
        let mut config = SfuConfig::new(vec![IpAddr::from(SERVER_IP)]);
        config.seed = seed;
        let now = Instant::now();
        Self {
            start: now,
            now,
            shard: Shard::new(&config, 0, SERVER_PORT).expect("a valid configuration"),
            clients: BTreeMap::new(),
            log: Vec::new(),
            delay: ms(10),
            jitter: Duration::ZERO,
            loss: 0.0,
            outside: BTreeMap::new(),
            no_dtls: false,
            answer: true,
            downlink_bps: 0,
            free_at: BTreeMap::new(),
            flights: BTreeMap::new(),
            arrivals: BinaryHeap::new(),
            next_flight: 0,
            next_transport: 1,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// A new client takes the seat `n`; an older one of that seat stops existing.
    pub fn join(&mut self, n: u8) -> TransportId {
        self.join_with(n, Sources::ALL, Sources::NONE)
    }

    pub fn join_with(&mut self, n: u8, rights: Sources, muted: Sources) -> TransportId {
        let transport = TransportId(self.next_transport);
        self.next_transport += 1;
        let address = SocketAddr::from(([198, 51, 100, n], 5_000 + transport.0 as u16));
        self.clients.insert(n, Client::new(self.now, n, transport, address));
        self.command(Command::Join { visit: visit(), seat: seat(n), transport, rights, muted });
        transport
    }

    pub fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
        self.pump_shard();
    }

    /// Runs for `span`.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.run_until(end, |_| false);
    }

    /// Runs until `done`, at most `span`. Whether it was done.
    pub fn wait(&mut self, span: Duration, done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + span;
        self.run_until(end, done)
    }

    fn run_until(&mut self, end: Instant, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        loop {
            if done(self) {
                return true;
            }
            let arrival = self.arrivals.peek().map(|Reverse((at, _))| *at);
            let clients = self.clients.values().map(Client::deadline).min();
            let next = [arrival, self.shard.poll_timeout(), clients].into_iter().flatten().min();
            let next = next.unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return done(self);
            }
            self.now = next;
            self.step();
        }
    }

    fn step(&mut self) {
        let mut to_server = false;
        while let Some(Reverse((at, id))) = self.arrivals.peek().copied() {
            if at > self.now {
                break;
            }
            self.arrivals.pop();
            let Some(f) = self.flights.remove(&id) else { continue };
            if f.destination == server() {
                to_server = true;
                self.shard.handle_datagram(self.now, f.source, f.destination, &f.contents);
            } else if let Some(c) = self
                .clients
                .values_mut()
                .find(|c| *self.outside.get(&c.address).unwrap_or(&c.address) == f.destination)
            {
                c.receive(self.now, f.source, &f.contents);
            }
        }
        if self.shard.poll_timeout().is_some_and(|at| at <= self.now) {
            self.shard.handle_timeout(self.now);
            to_server = true;
        }
        if to_server {
            self.pump_shard();
        }
        self.pump_clients();
    }

    /// What the shard and the clients have to say goes on its way.
    pub fn pump_shard(&mut self) {
        self.shard.flush(self.now);
        while let Some(d) = self.shard.poll_transmit() {
            assert_eq!(d.source, server());
            self.launch(d.source, d.destination, d.contents);
        }
        while let Some(event) = self.shard.poll_event() {
            self.on_event(event);
        }
    }

    fn pump_clients(&mut self) {
        let mut out = Vec::new();
        for client in self.clients.values_mut() {
            client.run(self.now);
            out.append(&mut client.outbox);
        }
        for (source, contents) in out {
            let source = *self.outside.get(&source).unwrap_or(&source);
            self.launch(source, server(), contents);
        }
    }

    /// Puts a datagram on the network. Also for attackers.
    pub fn launch(&mut self, source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) {
        if self.loss > 0.0 && self.rng.random_bool(self.loss) {
            return;
        }
        if self.no_dtls && matches!(contents.first(), Some(20..=63)) {
            return;
        }
        let mut at = self.now;
        if self.downlink_bps > 0 && source == server() {
            // A queue of at most 300 ms before the bottleneck; what does not fit is lost.
            let free = self.free_at.entry(destination).or_insert(at);
            let begin = (*free).max(at);
            if begin > at + ms(300) {
                return;
            }
            let us = (contents.len() as u64 + 28) * 8_000_000 / self.downlink_bps;
            *free = begin + Duration::from_micros(us);
            at = *free;
        }
        if !self.jitter.is_zero() {
            at += self.rng.random_range(Duration::ZERO..=self.jitter);
        }
        let id = self.next_flight;
        self.next_flight += 1;
        self.flights.insert(id, Flight { source, destination, contents });
        self.arrivals.push(Reverse((at + self.delay, id)));
    }

    fn on_event(&mut self, event: SfuEvent) {
        if let SfuEvent::Offer { transport, generation, sdp, tracks, .. } = &event {
            let client = self.clients.values_mut().find(|c| c.transport == *transport);
            if let (Some(client), true) = (client, self.answer) {
                let answer = client.answer(self.now, sdp, tracks);
                let (transport, generation) = (*transport, *generation);
                self.log.push((self.now - self.start, event));
                self.shard.handle_command(
                    self.now,
                    Command::Answer { visit: visit(), transport, generation, sdp: answer },
                );
                self.pump_shard();
                self.pump_clients();
                return;
            }
        }
        self.log.push((self.now - self.start, event));
    }

    pub fn client(&mut self, n: u8) -> &mut Client {
        self.clients.get_mut(&n).expect("a client that joined")
    }

    /// Joins the seats and waits until all are connected and publish.
    pub fn call(&mut self, seats: &[u8]) {
        for n in seats {
            self.join(*n);
        }
        let all = seats.len();
        assert!(self.wait(ms(5_000), |net| net.connected() == all), "all connect");
    }

    pub fn connected(&self) -> usize {
        self.log.iter().filter(|(_, e)| matches!(e, SfuEvent::Connected { .. })).count()
    }

    pub fn closed(&self) -> Vec<(TransportId, CloseCode)> {
        let closed = |e: &SfuEvent| match e {
            SfuEvent::Closed { transport, code, .. } => Some((*transport, *code)),
            _ => None,
        };
        self.log.iter().filter_map(|(_, e)| closed(e)).collect()
    }
}
