//! The load of a room run: a forwarding unit with one shard, and everybody else on one thread.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sfu::{Command, Sfu, SfuConfig, SfuEvent, SfuThreads, Sources, Stats, Tile, TransportId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use visit::{SeatId, Source, VisitId};

use super::meter::Meter;
use super::trace::{PacketIds, Trace, packet_id};
use super::{Measured, RoomOptions};
use crate::BenchError;
use crate::client::{
    Client, ClientError, ClientEvent, ClientOptions, ReceiveCounters, wire_tracks,
};
use crate::cpu::{ThreadId, ThreadTime, current_thread, thread_time, threads_named};
use crate::driver::{DriverCommand, MediaSocket, Observer, drive};
use crate::progress::{Progress, Step};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Joins that may be under way at once: handshakes must not starve those who are in already.
const JOINS_AT_ONCE: usize = 8;
/// Longest wait for the next person to get all pictures.
const JOIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Somebody of the load, as the control part knows them.
struct Person {
    visit: VisitId,
    seat: SeatId,
    transport: TransportId,
}

/// What a client tells the control part.
enum Note {
    Picture,
    Failed(ClientError),
}

/// The observer of one client.
struct Viewer {
    sfu: Sfu,
    visit: VisitId,
    transport: TransportId,
    meter: Arc<Meter>,
    notes: mpsc::UnboundedSender<Note>,
}

impl Observer for Viewer {
    fn on_answer(&mut self, generation: u32, answer: Result<String, ClientError>) {
        let (visit, transport) = (self.visit, self.transport);
        match answer {
            // A command that is not taken shows up as a person without a picture.
            Ok(sdp) => {
                let _ = self.sfu.send(Command::Answer { visit, transport, generation, sdp });
            }
            Err(e) => {
                let _ = self.notes.send(Note::Failed(e));
            }
        }
    }

    fn on_event(&mut self, _now: Instant, received_unix_ns: Option<u64>, event: ClientEvent) {
        match event {
            ClientEvent::FirstPicture { .. } => {
                let _ = self.notes.send(Note::Picture);
            }
            // A repaired packet's way says nothing of the server's speed.
            ClientEvent::Packet(packet) if !packet.repaired => {
                if let Some((id, at)) = packet_id(&packet.payload).zip(received_unix_ns) {
                    self.meter.arrived(id, at);
                }
            }
            _ => {}
        }
    }

    fn on_send(&mut self, id: u64, unix_ns: u64) {
        self.meter.sent(id, unix_ns);
    }
}

/// Runs everything. Blocks.
pub(super) fn run(options: RoomOptions, progress: Progress<'_>) -> Result<Measured, BenchError> {
    let (events_tx, events) = mpsc::unbounded_channel();
    let mut config = SfuConfig::new(vec![LOOPBACK]);
    config.bind = LOOPBACK;
    config.shards = 1;
    config.seed = options.seed;
    let before = threads_named("sfu-");
    let (sfu, threads) = Sfu::start(config, events_tx)?;
    let stopping = StopOnDrop { sfu: sfu.clone(), threads: Some(threads) };
    // The thread names itself as it starts running.
    let begin = Instant::now();
    let shard = loop {
        if let Some(new) = threads_named("sfu-").difference(&before).next() {
            break *new;
        }
        if begin.elapsed() > Duration::from_secs(5) {
            return Err(BenchError::CpuTime);
        }
        std::thread::yield_now();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = Load {
        options,
        sfu,
        shard,
        thread: current_thread().ok_or(BenchError::CpuTime)?,
        ports: HashSet::new(),
        meter: Arc::default(),
        ids: PacketIds::default(),
        people: Vec::new(),
        clients: HashMap::new(),
    };
    let measured = LocalSet::new().block_on(&runtime, load.run(events, progress));
    drop(stopping);
    measured
}

/// Ends the forwarding unit on every way out.
struct StopOnDrop {
    sfu: Sfu,
    threads: Option<SfuThreads>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.sfu.shutdown();
        if let Some(threads) = self.threads.take() {
            threads.join();
        }
    }
}

struct Load {
    options: RoomOptions,
    sfu: Sfu,
    shard: ThreadId,
    /// The thread of everybody else.
    thread: ThreadId,
    ports: HashSet<u16>,
    meter: Arc<Meter>,
    ids: PacketIds,
    people: Vec<Person>,
    clients: HashMap<TransportId, mpsc::UnboundedSender<DriverCommand>>,
}

impl Load {
    async fn run(
        mut self,
        mut events: mpsc::UnboundedReceiver<SfuEvent>,
        progress: Progress<'_>,
    ) -> Result<Measured, BenchError> {
        let (notes_tx, mut notes) = mpsc::unbounded_channel();
        self.join_all(&mut events, &notes_tx, &mut notes, progress).await?;
        self.watch()?;
        self.pass(&mut events, self.options.settle, "settling", progress).await?;

        let counted_before = self.count().await?;
        let before = self.server()?;
        self.meter.begin();
        self.pass(&mut events, self.options.window, "measuring", progress).await?;
        let after = self.server()?;
        let travel_ns = self.meter.end();
        let counted = self.count().await?;

        Ok(Measured {
            forwarded: after.stats.packets_forwarded - before.stats.packets_forwarded,
            cpu: after.shard.on_cpu.saturating_sub(before.shard.on_cpu),
            waited: after.shard.waiting.saturating_sub(before.shard.waiting),
            load_cpu: after.load.on_cpu.saturating_sub(before.load.on_cpu),
            wall: after.at - before.at,
            travel_ns,
            received: counted.received - counted_before.received,
            repaired: counted.repaired - counted_before.repaired,
            // A hole from before the window may have been filled in it.
            missing: counted.missing.saturating_sub(counted_before.missing),
            load_dropped: counted.dropped.saturating_sub(counted_before.dropped),
        })
    }

    /// Lets everybody in, a few at a time, until each has the pictures of all others in the room.
    async fn join_all(
        &mut self,
        events: &mut mpsc::UnboundedReceiver<SfuEvent>,
        notes_tx: &mpsc::UnboundedSender<Note>,
        notes: &mut mpsc::UnboundedReceiver<Note>,
        progress: Progress<'_>,
    ) -> Result<(), BenchError> {
        let per_room = u64::from(self.options.people);
        let all = u64::from(self.options.rooms) * per_room;
        let (mut pictures, mut expected) = (0, 0);
        let mut joined = 0;
        while joined < all || pictures < expected {
            // Who joins as the n-th of a room gives and gets n - 1 pictures.
            while joined < all && expected - pictures < JOINS_AT_ONCE as u64 {
                self.join_one(joined, notes_tx)?;
                expected += 2 * (joined % per_room);
                joined += 1;
            }
            tokio::select! {
                event = events.recv() => self.on_event(event)?,
                note = notes.recv() => match note {
                    Some(Note::Failed(e)) => return Err(e.into()),
                    Some(Note::Picture) | None => {
                        pictures += 1;
                        progress(Step { what: "joining", done: joined, total: all });
                    }
                },
                () = tokio::time::sleep(JOIN_TIMEOUT) => {
                    return Err(BenchError::Timeout("somebody got no picture"));
                }
            }
        }
        Ok(())
    }

    fn join_one(
        &mut self,
        number: u64,
        notes: &mpsc::UnboundedSender<Note>,
    ) -> Result<(), BenchError> {
        let visit = VisitId::new(1, u128::from(number / u64::from(self.options.people)));
        let seat = SeatId::new(1, u128::from(number));
        let transport = TransportId(number);
        let socket = MediaSocket::bind(LOOPBACK)?;
        self.ports.insert(socket.local().port());
        let seed = self.options.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let trace = Box::new(Trace::new(seed, self.ids.clone()));
        let client_options = ClientOptions { seed, packets: true };
        let client = Client::new(Instant::now(), socket.local(), client_options, Some(trace))?;
        let mut viewer = Viewer {
            sfu: self.sfu.clone(),
            visit,
            transport,
            meter: self.meter.clone(),
            notes: notes.clone(),
        };
        let (commands_tx, commands) = mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            // A socket that fails shows up as loss.
            let _ = drive(client, socket, commands, &mut viewer).await;
        });
        self.clients.insert(transport, commands_tx);
        self.people.push(Person { visit, seat, transport });
        self.sfu
            .send(Command::Join {
                visit,
                seat,
                transport,
                rights: Sources { mic: true, camera: true, screen: false },
                muted: Sources::NONE,
            })
            .map_err(|_| BenchError::Overloaded)
    }

    /// Everybody looks at everybody: two people large, more of them in a gallery.
    fn watch(&self) -> Result<(), BenchError> {
        let (width_px, height_px) =
            if self.options.people == 2 { (1_280, 720) } else { (640, 360) };
        for viewer in &self.people {
            let others =
                self.people.iter().filter(|p| p.visit == viewer.visit && p.seat != viewer.seat);
            let tile = |p: &Person| Tile {
                seat: p.seat,
                source: Source::Camera,
                width_px,
                height_px,
                pinned: false,
            };
            let (visit, transport) = (viewer.visit, viewer.transport);
            self.sfu
                .send(Command::View { visit, transport, tiles: others.map(tile).collect() })
                .map_err(|_| BenchError::Overloaded)?;
        }
        Ok(())
    }

    /// Lets time pass while the control part goes on.
    async fn pass(
        &self,
        events: &mut mpsc::UnboundedReceiver<SfuEvent>,
        time: Duration,
        what: &'static str,
        progress: Progress<'_>,
    ) -> Result<(), BenchError> {
        let end = tokio::time::Instant::now() + time;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let total = time.as_secs();
        let mut done = 0;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end) => return Ok(()),
                event = events.recv() => self.on_event(event)?,
                _ = second.tick() => {
                    progress(Step { what, done: done.min(total), total });
                    done += 1;
                }
            }
        }
    }

    fn on_event(&self, event: Option<SfuEvent>) -> Result<(), BenchError> {
        match event {
            Some(SfuEvent::Offer { transport, generation, sdp, tracks, .. }) => {
                if let Some(client) = self.clients.get(&transport) {
                    let tracks = wire_tracks(&tracks);
                    let _ = client.send(DriverCommand::Offer { generation, sdp, tracks });
                }
                Ok(())
            }
            Some(SfuEvent::Closed { code, .. }) => Err(BenchError::Dropped(code.as_str())),
            None => Err(BenchError::Ended),
            Some(_) => Ok(()),
        }
    }

    /// The server's figures, all of the same moment.
    fn server(&self) -> Result<Server, BenchError> {
        let time = |thread| thread_time(thread).ok_or(BenchError::CpuTime);
        Ok(Server {
            at: Instant::now(),
            stats: self.sfu.stats(),
            shard: time(self.shard)?,
            load: time(self.thread)?,
        })
    }

    /// What everybody received, and what their sockets had no room for.
    async fn count(&self) -> Result<Counted, BenchError> {
        let mut counted = Counted { dropped: socket_drops(&self.ports)?, ..Counted::default() };
        for client in self.clients.values() {
            let (reply, counters) = oneshot::channel();
            let _ = client.send(DriverCommand::Count(reply));
            let counters: Vec<ReceiveCounters> = counters.await.map_err(|_| BenchError::Ended)?;
            for track in counters {
                counted.received += track.packets;
                counted.repaired += track.repaired;
                counted.missing += track.missing;
            }
        }
        Ok(counted)
    }
}

struct Server {
    at: Instant,
    stats: Stats,
    shard: ThreadTime,
    load: ThreadTime,
}

#[derive(Default)]
struct Counted {
    received: u64,
    repaired: u64,
    missing: u64,
    dropped: u64,
}

/// Datagrams that the UDP sockets of this machine with these IPv4 ports had no room for, as the
/// kernel counts them.
fn socket_drops(ports: &HashSet<u16>) -> Result<u64, BenchError> {
    Ok(parse_socket_drops(&std::fs::read_to_string("/proc/net/udp")?, ports))
}

/// The table has one line per socket: the second column ends in the port in hexadecimal, the last
/// one is the number of drops.
fn parse_socket_drops(table: &str, ports: &HashSet<u16>) -> u64 {
    let drops = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let port = columns.nth(1)?.split_once(':')?.1;
        let ours = ports.contains(&u16::from_str_radix(port, 16).ok()?);
        let drops: u64 = columns.next_back()?.parse().ok()?;
        ours.then_some(drops)
    };
    table.lines().filter_map(drops).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1188: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 7
 1189: 0100007F:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 5
";

    #[test]
    fn drops_of_the_named_sockets_are_added() {
        let of = |ports: &[u16]| parse_socket_drops(TABLE, &ports.iter().copied().collect());
        assert_eq!((of(&[8_080]), of(&[8_080, 8_081]), of(&[1]), of(&[])), (7, 12, 0, 0));
        assert_eq!(parse_socket_drops("junk\n: :\n1 x:zz 3", &HashSet::from([0])), 0);
    }

    #[test]
    fn the_kernel_counts_what_a_full_socket_drops() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let ports = HashSet::from([address.port()]);
        assert_eq!(socket_drops(&ports).unwrap(), 0);
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        // Four times what the largest usual buffer holds.
        for _ in 0..20_000 {
            sender.send_to(&[0; 1_200], address).unwrap();
        }
        assert!(socket_drops(&ports).unwrap() > 1_000);
    }
}
