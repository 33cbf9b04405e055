//! Synthetic people in a call through a real shard, without sockets and in virtual time.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bench::client::{Client, ClientEvent, ClientOptions, ReceiveCounters, wire_tracks};
use bench::clip::Clip;
use bench::media::ClipPlayer;
use sfu::{Command, SfuConfig, SfuEvent, Shard, Sources, Tile, TransportId};
use visit::{SeatId, Source, VisitId};

const PORT: u16 = 4_000;

fn server() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], PORT))
}

/// A datagram on its way.
struct Flight {
    arrives: Instant,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// A shard, clients, and the network between them: 10 ms each way, with every n-th datagram of
/// media lost if asked for.
struct Net {
    now: Instant,
    shard: Shard,
    clients: Vec<(SocketAddr, TransportId, Client)>,
    flights: VecDeque<Flight>,
    lose_every: Option<u32>,
    media: u32,
    events: Vec<(usize, &'static str)>,
    pings: HashMap<usize, u64>,
}

const DELAY: Duration = Duration::from_millis(10);
const VISIT: u128 = 77;

impl Net {
    fn new() -> Self {
        let now = Instant::now();
        let mut config = SfuConfig::new(vec![server().ip()]);
        config.seed = 5;
        let shard = Shard::new(&config, 0, PORT).unwrap();
        Self {
            now,
            shard,
            clients: Vec::new(),
            flights: VecDeque::new(),
            lose_every: None,
            media: 0,
            events: Vec::new(),
            pings: HashMap::new(),
        }
    }

    fn visit() -> VisitId {
        VisitId::new(1, VISIT)
    }

    fn seat(n: usize) -> SeatId {
        SeatId::new(1, n as u128)
    }

    /// Somebody joins with the clip. Gives their number.
    fn join(&mut self) -> usize {
        let n = self.clients.len();
        let address = SocketAddr::from(([10, 0, 1, n as u8 + 1], 5_000));
        let transport = TransportId(n as u64 + 1);
        let player = Box::new(ClipPlayer::new(Clip::shipped().unwrap()));
        let options = ClientOptions { seed: n as u64, packets: false, ..ClientOptions::default() };
        let client = Client::new(self.now, address, options, Some(player)).unwrap();
        self.clients.push((address, transport, client));
        let (visit, seat, rights) = (Self::visit(), Self::seat(n), Sources::ALL);
        let muted = Sources::NONE;
        self.shard
            .handle_command(self.now, Command::Join { visit, seat, transport, rights, muted });
        n
    }

    fn counters(&self, viewer: usize, of: usize, source: Source) -> ReceiveCounters {
        let tracks = self.clients[viewer].2.received();
        let track = tracks.iter().find(|t| t.seat == Self::seat(of) && t.source == source);
        track.map(|t| t.counters).unwrap_or_default()
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.exchange();
            let due = self
                .clients
                .iter()
                .map(|(.., c)| c.poll_timeout())
                .chain(self.shard.poll_timeout())
                .chain(self.flights.iter().map(|f| f.arrives))
                .min()
                .unwrap_or(end);
            // Time moves on even if somebody wants to be called at once.
            self.now = due.clamp(self.now + Duration::from_micros(10), end.max(self.now));
        }
        self.exchange();
    }

    /// Everything that is due now.
    fn exchange(&mut self) {
        let now = self.now;
        while let Some(at) = self.flights.iter().position(|f| f.arrives <= now) {
            let Some(f) = self.flights.remove(at) else { break };
            if f.to == server() {
                self.shard.handle_datagram(now, f.from, f.to, &f.bytes);
            } else if let Some((.., client)) = self.clients.iter_mut().find(|c| c.0 == f.to) {
                client.handle_datagram(now, f.from, &f.bytes);
            }
        }
        self.shard.handle_timeout(now);
        self.shard.flush(now);
        while let Some(event) = self.shard.poll_event() {
            if let SfuEvent::Offer { transport, generation, sdp, tracks, .. } = event {
                let client = self.clients.iter_mut().find(|c| c.1 == transport);
                let Some((.., client)) = client else { continue };
                let sdp = client.answer(now, &sdp, &wire_tracks(&tracks)).unwrap();
                let visit = Self::visit();
                let answer = Command::Answer { visit, transport, generation, sdp };
                self.shard.handle_command(now, answer);
            }
        }
        self.shard.flush(now);
        while let Some(d) = self.shard.poll_transmit() {
            self.fly(d.source, d.destination, d.contents);
        }
        for n in 0..self.clients.len() {
            let (address, _, client) = &mut self.clients[n];
            let address = *address;
            if client.poll_timeout() <= now {
                client.handle_timeout(now);
            }
            while let Some(event) = client.poll_event() {
                let name = match event {
                    ClientEvent::Connected => "connected",
                    ClientEvent::FirstPicture { .. } => "picture",
                    ClientEvent::KeyframeWanted { .. } => "keyframe wanted",
                    ClientEvent::Closed => "closed",
                    ClientEvent::Ping { .. } => {
                        *self.pings.entry(n).or_default() += 1;
                        continue;
                    }
                    ClientEvent::Packet(_) => continue,
                };
                self.events.push((n, name));
            }
            while let Some(out) = self.clients[n].2.poll_transmit() {
                self.fly(address, out.destination, out.contents);
            }
        }
    }

    fn fly(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        // RTP and RTCP (RFC 7983).
        if bytes.first().is_some_and(|b| (128..192).contains(b)) {
            self.media += 1;
            if self.lose_every.is_some_and(|n| self.media.is_multiple_of(n)) {
                return;
            }
        }
        self.flights.push_back(Flight { arrives: self.now + DELAY, from, to, bytes });
    }

    fn happened(&self, who: usize, what: &str) -> usize {
        self.events.iter().filter(|(n, w)| (*n, *w) == (who, what)).count()
    }
}

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn two_people_see_and_hear_each_other() {
    let mut net = Net::new();
    let (a, b) = (net.join(), net.join());
    net.run(SECONDS(5));
    for (viewer, of) in [(a, b), (b, a)] {
        assert_eq!(net.happened(viewer, "connected"), 1);
        assert_eq!(net.happened(viewer, "picture"), 1);
        let video = net.counters(viewer, of, Source::Camera);
        // The clip has 20 frames per second; connecting takes well below a second here.
        assert!(video.frames >= 75, "{video:?}");
        assert!(video.keyframes >= 1 && video.missing == 0 && video.repaired == 0, "{video:?}");
        let sound = net.counters(viewer, of, Source::Mic);
        assert!(sound.packets >= 190, "{sound:?}");
        assert_eq!((sound.missing, sound.frames), (0, 0));
        // At least five pings per second are promised.
        assert!(net.pings[&viewer] >= 20, "{:?}", net.pings);
        assert!(net.clients[viewer].2.last_ping().is_some());
    }
}

#[test]
fn a_newcomer_gets_a_picture_soon_although_the_clip_is_between_keyframes() {
    let mut net = Net::new();
    let a = net.join();
    net.run(Duration::from_millis(2_450));
    let b = net.join();
    let joined = net.now;
    net.run(SECONDS(3));
    let first = net.counters(b, a, Source::Camera).first_picture_at.unwrap();
    let took = first - joined;
    assert!(took < Duration::from_millis(700), "{took:?}");
    assert!(net.happened(a, "keyframe wanted") >= 1);
}

#[test]
fn lost_packets_are_repaired_and_counted() {
    let mut net = Net::new();
    let (a, b) = (net.join(), net.join());
    net.run(SECONDS(2));
    net.lose_every = Some(25);
    net.run(SECONDS(6));
    net.lose_every = None;
    net.run(SECONDS(1));
    let video = net.counters(b, a, Source::Camera);
    assert!(video.repaired > 0, "{video:?}");
    assert!(video.frames >= 120, "{video:?}");
    assert!(net.counters(b, a, Source::Mic).packets > 300);
}

#[test]
fn a_large_tile_brings_the_large_layer() {
    let mut net = Net::new();
    let (a, b) = (net.join(), net.join());
    let view = |net: &mut Net, width_px, height_px| {
        let tile =
            Tile { seat: Net::seat(a), source: Source::Camera, width_px, height_px, pinned: true };
        let (visit, transport) = (Net::visit(), net.clients[b].1);
        net.shard.handle_command(net.now, Command::View { visit, transport, tiles: vec![tile] });
        net.run(SECONDS(8));
        let before = net.counters(b, a, Source::Camera).bytes;
        net.run(SECONDS(4));
        (net.counters(b, a, Source::Camera).bytes - before) * 8 / 4
    };
    net.run(SECONDS(1));
    let small_bps = view(&mut net, 160, 90);
    let large_bps = view(&mut net, 640, 360);
    assert!((40_000..120_000).contains(&small_bps), "{small_bps}");
    assert!(large_bps > 300_000, "{large_bps}");
    let video = net.counters(b, a, Source::Camera);
    assert_eq!(video.missing, 0, "a switch of layers must not look like loss: {video:?}");
}

#[test]
fn a_goodbye_reaches_the_server_and_the_others_go_on() {
    let mut net = Net::new();
    let (a, b, c) = (net.join(), net.join(), net.join());
    net.run(SECONDS(2));
    let now = net.now;
    net.clients[b].2.close(now);
    net.run(SECONDS(1));
    assert_eq!(net.shard.stats().transports, 2);
    let before = (net.counters(a, b, Source::Mic), net.counters(a, c, Source::Mic));
    net.run(SECONDS(2));
    assert_eq!(net.counters(a, b, Source::Mic), before.0);
    assert!(net.counters(a, c, Source::Mic).packets >= before.1.packets + 95);
}

#[test]
fn a_transport_that_the_server_closes_is_reported() {
    let mut net = Net::new();
    let a = net.join();
    net.run(SECONDS(1));
    let (visit, transport) = (Net::visit(), net.clients[a].1);
    net.shard.handle_command(net.now, Command::Leave { visit, transport });
    net.run(SECONDS(1));
    assert_eq!(net.happened(a, "closed"), 1);
}

#[test]
fn what_is_no_offer_is_refused_and_garbage_is_dropped() {
    let mut net = Net::new();
    let a = net.join();
    net.run(SECONDS(1));
    let now = net.now;
    let client = &mut net.clients[a].2;
    for bad in ["", "v=0\r\n", "hello", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"] {
        assert!(client.answer(now, bad, &[]).is_err(), "{bad}");
    }
    for garbage in [&[][..], &[0], &[22; 40], &[128; 11], &[128; 1_200], &[200; 60]] {
        client.handle_datagram(now, server(), garbage);
    }
    let b = net.join();
    net.run(SECONDS(2));
    assert_eq!(net.happened(a, "picture") + net.happened(b, "picture"), 2);
}
