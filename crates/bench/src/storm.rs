//! Many joins at once while rooms run: how many one core takes, and what the calls notice of it.
//!
//! Rooms run as in [`crate::room`]. A first window is quiet. In a second one of the same length,
//! guests come at a steady rate, each into a room of its own: offer and answer, ICE, DTLS, until media
//! could flow; then they leave. They send nothing, so all that is added is the joins. The media of
//! the rooms is measured in both windows, and the CPU time that the second one took more is what the
//! joins cost.
//!
//! The guests are on a thread of their own that steps back behind the rooms' people: when that core
//! is short, joins are slower, but media is not sent late.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::client::{Client, ClientOptions};
use crate::cpu::two_cores;
use crate::load::{Load, Note, Order, PersonId};
use crate::progress::{Progress, Step};
use crate::room::{
    GUESTS_FROM, Heard, Measured, RoomOptions, RoomReport, Stage, local_stage, round,
};
use crate::stats::percentiles;
use crate::unit::{Ask, LocalShard, Told, Unit};
use crate::{BenchError, FloorReport};

/// What to run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StormOptions {
    /// The rooms that run meanwhile, and the length of each window.
    pub room: RoomOptions,
    /// Joins per second, 1 to 1,000. Default 100.
    pub joins_per_s: u32,
}

impl Default for StormOptions {
    fn default() -> Self {
        Self { room: RoomOptions { rooms: 10, ..RoomOptions::default() }, joins_per_s: 100 }
    }
}

/// What came out. `Display` is the summary for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StormReport {
    /// Rooms that ran.
    pub rooms: u32,
    /// People in each.
    pub people: u32,
    /// Joins begun.
    pub joins: u64,
    /// Joins that were through within 5 s of the window's end.
    pub joins_done: u64,
    /// Joins that were through in the window, per second.
    pub joins_per_s: f64,
    /// Joins per second of the shard's CPU time that they cost; 0 when the cost drowned in noise.
    pub joins_per_s_per_core: u64,
    /// Median time of a join, ms.
    pub join_p50_ms: f64,
    /// 95th percentile, ms.
    pub join_p95_ms: f64,
    /// 99th percentile of the media's added latency without joins, µs.
    pub quiet_added_p99_us: f64,
    /// The same with joins.
    pub storm_added_p99_us: f64,
    /// Share of a core that the shard used without joins.
    pub quiet_core_share: f64,
    /// The same with joins.
    pub storm_core_share: f64,
    /// Share of the rooms' packets lost with joins.
    pub storm_server_loss: f64,
    /// The figures say nothing about the server.
    pub void: bool,
    /// Why not.
    pub void_reason: Option<String>,
}

/// How long joins may still take after the window.
const LATE: Duration = Duration::from_secs(5);

/// Runs the rooms and the joins. Blocks the calling thread; not inside a tokio runtime.
///
/// # Errors
/// As [`crate::room::room`].
pub fn storm(options: StormOptions, progress: Progress<'_>) -> Result<StormReport, BenchError> {
    options.room.validate()?;
    if !(1..=1_000).contains(&options.joins_per_s) {
        return Err(BenchError::Options("joins per second: 1 to 1,000"));
    }
    let room = &options.room;
    let mut stage = local_stage(room)?;
    stage.fill(room.rooms, progress)?;
    stage.pass(room.settle, "settling", progress)?;
    let quiet = stage.measure(room.window, "measuring", progress)?;

    let load = stage.second_load(two_cores().map(|(_, load)| load))?;
    load.step_back();
    let mut guests = Guests { load, begun: HashMap::new(), took_us: Vec::new(), next: 0 };
    let begun = stage.begin()?;
    let begin = Instant::now();
    while begin.elapsed() < room.window {
        progress(Step {
            what: "joining",
            done: begin.elapsed().as_secs(),
            total: room.window.as_secs(),
        });
        let due = begin + Duration::from_secs(1) * guests.next / options.joins_per_s;
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            guests.come(&mut stage)?;
        } else if let Some(heard) = stage.step(wait)? {
            guests.on_heard(heard, &mut stage)?;
        }
    }
    let measured = stage.end(&begun)?;
    let in_window = guests.took_us.len() as u64;
    let end = Instant::now() + LATE;
    while !guests.begun.is_empty() && Instant::now() < end {
        if let Some(heard) = stage.step(end.saturating_duration_since(Instant::now()))? {
            guests.on_heard(heard, &mut stage)?;
        }
    }
    Ok(report(&options, &quiet, &measured, in_window, guests.next.into(), guests.took_us))
}

/// Those who come and go.
struct Guests {
    load: Load,
    /// When each that is on its way began.
    begun: HashMap<u32, Instant>,
    took_us: Vec<u64>,
    next: u32,
}

impl Guests {
    fn come(&mut self, stage: &mut Stage<LocalShard>) -> Result<(), BenchError> {
        let person = GUESTS_FROM + self.next;
        self.next += 1;
        self.begun.insert(person, Instant::now());
        stage.unit.ask(Ask::Join { room: person, person, sends: false })
    }

    fn on_heard(&mut self, heard: Heard, stage: &mut Stage<LocalShard>) -> Result<(), BenchError> {
        match heard {
            Heard::Unit(Told::Offer { link, generation, sdp, tracks }) => {
                let person = PersonId(link);
                let options =
                    ClientOptions { seed: link.into(), packets: false, ..ClientOptions::default() };
                let address = self.load.address(person);
                let client = Client::new(Instant::now(), address, options, None)?;
                self.load.order(Order::Add(person, Box::new(client)))?;
                self.load.order(Order::Offer { person, generation, sdp, tracks })
            }
            Heard::Load(Note::Answer { person: PersonId(link), generation, answer }) => {
                let room = link / 2;
                stage.unit.ask(Ask::Answer { room, link, generation, sdp: answer? })
            }
            Heard::Load(Note::Connected { person: PersonId(link) }) => {
                let person = link / 2;
                if let Some(begun) = self.begun.remove(&person) {
                    let took = begun.elapsed().as_micros();
                    self.took_us.push(u64::try_from(took).unwrap_or(u64::MAX));
                }
                self.load.order(Order::Remove(PersonId(link)))?;
                stage.unit.ask(Ask::Leave { room: person, person })
            }
            _ => Ok(()),
        }
    }
}

fn report(
    options: &StormOptions,
    quiet: &Measured,
    storm: &Measured,
    in_window: u64,
    joins: u64,
    took_us: Vec<u64>,
) -> StormReport {
    let room = &options.room;
    let named =
        |measured| RoomReport::new(room.rooms, room.shape(), &FloorReport::default(), measured);
    let (calm, busy) = (named(quiet), named(storm));
    let wall_s = storm.wall.as_secs_f64().max(0.001);
    let extra_s = busy.core_share - calm.core_share;
    let joins_per_s = in_window as f64 / wall_s;
    let joins_done = took_us.len() as u64;
    let [p50, p95] = percentiles(took_us, [50.0, 95.0]);
    let ms = |us: u64| round(us as f64 / 1_000.0, 10.0);
    let void_reason = calm.void_reason.or(busy.void_reason);
    StormReport {
        rooms: room.rooms,
        people: room.people,
        joins,
        joins_done,
        joins_per_s: round(joins_per_s, 10.0),
        joins_per_s_per_core: if extra_s > 0.0 { (joins_per_s / extra_s) as u64 } else { 0 },
        join_p50_ms: ms(p50),
        join_p95_ms: ms(p95),
        quiet_added_p99_us: calm.added_p99_us,
        storm_added_p99_us: busy.added_p99_us,
        quiet_core_share: calm.core_share,
        storm_core_share: busy.core_share,
        storm_server_loss: busy.server_loss,
        void: void_reason.is_some(),
        void_reason,
    }
}

impl fmt::Display for StormReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} joins came through, {:.1} per second: {:.0} ms (median), {:.0} ms (95 of 100). One \
             core takes {} per second.\nBeside them {} rooms of {} ran: a packet's way took {:.0} µs (99 of \
             100) without joins and {:.0} µs with; the core was {:.0} % and {:.0} % busy; {:.3} % were lost.",
            self.joins_done,
            self.joins,
            self.joins_per_s,
            self.join_p50_ms,
            self.join_p95_ms,
            self.joins_per_s_per_core,
            self.rooms,
            self.people,
            self.quiet_added_p99_us,
            self.storm_added_p99_us,
            self.quiet_core_share * 100.0,
            self.storm_core_share * 100.0,
            self.storm_server_loss * 100.0,
        )?;
        if let Some(reason) = &self.void_reason {
            write!(f, "\nThis run is void: {reason}.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_come_and_go_while_a_room_runs() {
        let room = RoomOptions {
            rooms: 1,
            window: Duration::from_secs(1),
            settle: Duration::ZERO,
            ..RoomOptions::default()
        };
        let report = storm(StormOptions { room, joins_per_s: 5 }, &mut |_| {}).unwrap();
        // On a machine that is held up fewer begin; whoever began came through.
        assert!(report.joins >= 1 && report.joins_done == report.joins, "{report}");
        assert!(report.join_p95_ms >= report.join_p50_ms && report.join_p50_ms > 0.1, "{report}");
        assert!(report.quiet_added_p99_us > 1.0 && report.storm_added_p99_us > 1.0, "{report}");
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for joins_per_s in [0, 1_001] {
            let options = StormOptions { joins_per_s, ..StormOptions::default() };
            assert!(matches!(storm(options, &mut |_| {}), Err(BenchError::Options(_))));
        }
    }
}
