//! The same load against two servers in turns: our forwarding unit and a Janus gateway.
//!
//! Both run as a process of their own on the same core; the load is on another. In each round each
//! server starts anew, the same rooms fill, and a window is measured. What is compared:
//!
//! - **Packets per second and core**: media packets that reached viewers, divided by the CPU time of
//!   the server's *whole* process in the window. Nothing is taken from a server's own counters.
//! - **Added latency** and **loss**, as in [`crate::room`].
//!
//! The same: people, traces and seeds, cameras' layers, which layer a viewer is sent, the cipher that
//! the load offers, loopback, ICE-lite servers, the core. What differs, because the servers do:
//!
//! - Our unit has one transport per person; Janus' room plugin has one to send and one to receive.
//! - Our unit estimates each viewer's bandwidth, paces what it sends and chooses the layer by itself;
//!   Janus forwards at once what the viewer asked for. So Janus gets the easier task.
//! - Our unit listens on one port, and joins datagrams in both directions where the kernel can.
//! - Janus takes no loopback address. So all of this runs in a network namespace of its own, where the
//!   network for measurements is this machine (`scripts/bench-peers.sh` makes it). The kernel carries
//!   the packets of both servers the same way.
//!
//! The figures are the median of the rounds. If the load fell short in any round, all is void.

mod janus;
mod process;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cpu::two_cores;
use crate::load::Range;
use crate::progress::Progress;
use crate::room::{RoomOptions, RoomReport, Stage, tell};
use crate::unit::{ChildShard, Unit};
use crate::{BenchError, FloorReport};
use janus::Janus;

/// What to run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeersOptions {
    /// Rooms, people, layers, window, seed.
    pub room: RoomOptions,
    /// Rounds, 1 to 20. Default 3.
    pub rounds: u32,
    /// This program's own file, which is started for our side.
    pub program: PathBuf,
}

impl PeersOptions {
    /// Defaults, for this program's own file.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { room: RoomOptions { rooms: 20, ..RoomOptions::default() }, rounds: 3, program }
    }
}

/// What one server came to: the medians of its rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// Packets to viewers per second of CPU time of the whole process.
    pub packets_per_s_per_core: u64,
    /// Packets to viewers per second.
    pub packets_per_s: u64,
    /// Mean RTP payload, bytes.
    pub payload_bytes: u64,
    /// Median of the added latency, µs.
    pub added_p50_us: f64,
    /// 99th percentile, µs.
    pub added_p99_us: f64,
    /// 999th of 1,000, µs.
    pub added_p999_us: f64,
    /// Share of packets lost, 0 to 1.
    pub loss: f64,
    /// Share of the core in use, 0 to 1.
    pub core_share: f64,
    /// Memory of the process, bytes.
    pub resident_bytes: u64,
}

/// Both sides. Serialized flat, with the side's name before each key.
#[derive(Clone, Debug, PartialEq)]
pub struct PeersReport {
    /// Rooms at once.
    pub rooms: u32,
    /// People in each.
    pub people: u32,
    /// How many of them send.
    pub senders: u32,
    /// Layers of each camera.
    pub layers: u32,
    /// Rounds.
    pub rounds: u32,
    /// Our unit.
    pub bedside: Side,
    /// Janus.
    pub janus: Side,
    /// How many times as many packets our unit forwards with the same CPU time.
    pub ratio: f64,
    /// The least of that in any round.
    pub ratio_min: f64,
    /// The most of that in any round.
    pub ratio_max: f64,
    /// Why the figures say nothing, if so.
    pub void_reason: Option<String>,
}

/// Runs the rounds. Blocks the calling thread; must not be called inside a tokio runtime.
///
/// # Errors
/// [`BenchError`]: options out of range, no Janus on this machine, only one core, or what either
/// server says.
pub fn peers(options: &PeersOptions, progress: Progress<'_>) -> Result<PeersReport, BenchError> {
    options.room.validate()?;
    if !(1..=20).contains(&options.rounds) {
        return Err(BenchError::Options("rounds: 1 to 20"));
    }
    if Range::of_this_machine() != Range::MEASURING {
        return Err(BenchError::Options(
            "a network of its own for Janus: start it by scripts/bench-peers.sh",
        ));
    }
    let (server, load) = two_cores()
        .ok_or(BenchError::Options("two cores: one for the server, one for the load"))?;
    let room = &options.room;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        ours.push(round(room, load, progress, |told| {
            ChildShard::start(&options.program, room.seed, Some(server), told)
        })?);
        theirs.push(round(room, load, progress, |told| Janus::start(room.shape(), server, told))?);
    }
    Ok(report(room, &ours, &theirs))
}

/// One server from start to end.
fn round<U: Unit>(
    room: &RoomOptions,
    core: usize,
    progress: Progress<'_>,
    start: impl FnOnce(Box<dyn FnMut(crate::unit::Told) + Send>) -> Result<U, BenchError>,
) -> Result<RoomReport, BenchError> {
    let mut stage = Stage::start(room.shape(), Some(core), |heard| start(Box::new(tell(heard))))?;
    stage.fill(room.rooms, progress)?;
    stage.pass(room.settle, "settling", progress)?;
    let measured = stage.measure(room.window, "measuring", progress)?;
    Ok(RoomReport::new(room.rooms, room.shape(), &FloorReport::default(), &measured))
}

fn report(room: &RoomOptions, ours: &[RoomReport], theirs: &[RoomReport]) -> PeersReport {
    let shape = room.shape();
    let (bedside, janus) = (side(ours), side(theirs));
    let ratio = |a: u64, b: u64| crate::room::round(a as f64 / b.max(1) as f64, 100.0);
    let of_rounds: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| ratio(a.packets_per_s_per_core, b.packets_per_s_per_core))
        .collect();
    let named = |name: &'static str, all: &[RoomReport]| {
        let reason = all.iter().find_map(|r| r.void_reason.clone())?;
        Some(format!("against {name}, {reason}"))
    };
    PeersReport {
        rooms: room.rooms,
        people: shape.people,
        senders: shape.senders,
        layers: shape.layers,
        rounds: ours.len() as u32,
        bedside,
        janus,
        ratio: ratio(bedside.packets_per_s_per_core, janus.packets_per_s_per_core),
        ratio_min: of_rounds.iter().copied().fold(f64::INFINITY, f64::min),
        ratio_max: of_rounds.iter().copied().fold(0.0, f64::max),
        void_reason: named("bedside", ours)
            .or_else(|| named("janus", theirs))
            .or_else(|| unequal(bedside, janus)),
    }
}

/// Servers that forward packets of another size or number were not given the same task.
fn unequal(a: Side, b: Side) -> Option<String> {
    let near = |a: u64, b: u64| a.abs_diff(b) * 20 <= a.max(b);
    let equal = near(a.payload_bytes, b.payload_bytes) && near(a.packets_per_s, b.packets_per_s);
    (!equal).then(|| {
        format!(
            "the two did not forward the same: {} packets per second of {} bytes, and {} of {}",
            a.packets_per_s, a.payload_bytes, b.packets_per_s, b.payload_bytes
        )
    })
}

fn side(rounds: &[RoomReport]) -> Side {
    let whole = |of: fn(&RoomReport) -> u64| median(rounds.iter().map(of).collect());
    let part = |of: fn(&RoomReport) -> f64| median(rounds.iter().map(of).collect());
    Side {
        packets_per_s_per_core: whole(|r| r.packets_per_s_per_core),
        packets_per_s: whole(|r| r.packets_per_s),
        payload_bytes: whole(|r| r.payload_bytes),
        added_p50_us: part(|r| r.added_p50_us),
        added_p99_us: part(|r| r.added_p99_us),
        added_p999_us: part(|r| r.added_p999_us),
        loss: part(|r| r.server_loss),
        core_share: part(|r| r.core_share),
        resident_bytes: whole(|r| r.resident_bytes),
    }
}

/// The middle one; of an even number the lower.
fn median<T: PartialOrd + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

impl Serialize for PeersReport {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(None)?;
        let (a, b) = (&self.bedside, &self.janus);
        map.serialize_entry("rooms", &self.rooms)?;
        map.serialize_entry("people", &self.people)?;
        map.serialize_entry("senders", &self.senders)?;
        map.serialize_entry("layers", &self.layers)?;
        map.serialize_entry("rounds", &self.rounds)?;
        for (key, of) in WHOLE {
            map.serialize_entry(&format!("bedside_{key}"), &of(a))?;
            map.serialize_entry(&format!("janus_{key}"), &of(b))?;
        }
        for (key, of) in PART {
            map.serialize_entry(&format!("bedside_{key}"), &of(a))?;
            map.serialize_entry(&format!("janus_{key}"), &of(b))?;
        }
        map.serialize_entry("ratio", &self.ratio)?;
        map.serialize_entry("ratio_min", &self.ratio_min)?;
        map.serialize_entry("ratio_max", &self.ratio_max)?;
        map.serialize_entry("void", &self.void_reason.is_some())?;
        map.serialize_entry("void_reason", &self.void_reason)?;
        map.end()
    }
}

type Figure<T> = (&'static str, fn(&Side) -> T);
const WHOLE: [Figure<u64>; 4] = [
    ("packets_per_s_per_core", |s| s.packets_per_s_per_core),
    ("packets_per_s", |s| s.packets_per_s),
    ("payload_bytes", |s| s.payload_bytes),
    ("resident_bytes", |s| s.resident_bytes),
];
const PART: [Figure<f64>; 5] = [
    ("added_p50_us", |s| s.added_p50_us),
    ("added_p99_us", |s| s.added_p99_us),
    ("added_p999_us", |s| s.added_p999_us),
    ("loss", |s| s.loss),
    ("core_share", |s| s.core_share),
];

impl fmt::Display for PeersReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rooms of {} ({} of them send), {} layers, {} rounds each:",
            self.rooms, self.people, self.senders, self.layers, self.rounds
        )?;
        writeln!(f, "{:<24}{:>14}{:>14}", "", "bedside", "janus")?;
        for (key, of) in WHOLE {
            writeln!(f, "{key:<24}{:>14}{:>14}", of(&self.bedside), of(&self.janus))?;
        }
        for (key, of) in PART {
            writeln!(f, "{key:<24}{:>14}{:>14}", of(&self.bedside), of(&self.janus))?;
        }
        write!(
            f,
            "With the same CPU time bedside forwards {:.2} times as many packets ({:.2} to {:.2}).",
            self.ratio, self.ratio_min, self.ratio_max
        )?;
        if let Some(reason) = &self.void_reason {
            write!(f, "\nThis comparison is void: {reason}.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "peers_tests.rs"]
mod tests;
