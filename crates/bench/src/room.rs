//! How much one core of the forwarding unit carries, and what it adds to a packet's way.
//!
//! A real forwarding unit with one shard (one thread) runs in this process; synthetic people on
//! another thread join it over real UDP sockets on the loopback interface. What is measured, over a
//! window after everybody has a picture:
//!
//! - **Packets per second and core**: packets forwarded, divided by the CPU time that the shard's
//!   thread used in the window. Receiving, decrypting, choosing, encrypting, sending and the control
//!   traffic are all in that time, and so are the layers that nobody watches. It is the cost at this
//!   load: with few rooms there is little to batch and a packet costs more.
//! - **Added latency**: from just before the sender's system call to the kernel's receive stamp at
//!   the viewer's socket, for each packet. It holds the sender's system call, the wake-up of the
//!   shard, its work and its own system call: an upper bound for "socket in to socket out". The
//!   synthetic people's own delay in reading is not in it. When their thread and the shard's have to
//!   share a core, waiting for that core is.
//! - **Server loss**: packets that never came to a viewer or came only as a retransmission, as a
//!   share of those expected by sequence number. What the kernel counts as dropped because a viewer
//!   did not read in time is the load's fault and taken off.
//!
//! When the synthetic people's thread is busy all the time, they send late and read late; when other
//! programs want the cores, the shard waits for one. Latency and loss are then not the server's own.
//! The summary says so: use fewer rooms, or a machine that is idle.

mod load;
mod meter;
mod trace;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::floor::{FloorOptions, floor};
use crate::progress::Progress;
use crate::stats::percentiles;
use crate::{BenchError, FloorReport};

/// What to run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RoomOptions {
    /// Rooms at once, 1 to 400. Default 50.
    pub rooms: u32,
    /// People in each, 2 to 6. Default 2.
    pub people: u32,
    /// Length of the measured window, 1 s to 10 min. Default 10 s.
    pub window: Duration,
    /// Time between the first pictures and the window, for the bandwidth estimates to settle, at
    /// most 1 min. Default 5 s.
    pub settle: Duration,
    /// Time for each part of the floor, see [`FloorOptions::each`].
    pub floor: Duration,
    /// Seed of the traces.
    pub seed: u64,
}

impl Default for RoomOptions {
    fn default() -> Self {
        Self {
            rooms: 50,
            people: 2,
            window: Duration::from_secs(10),
            settle: Duration::from_secs(5),
            floor: FloorOptions::default().each,
            seed: 1,
        }
    }
}

impl RoomOptions {
    fn validate(&self) -> Result<(), BenchError> {
        let fail = |what| Err(BenchError::Options(what));
        if !(1..=400).contains(&self.rooms) {
            return fail("rooms: 1 to 400");
        }
        if !(2..=6).contains(&self.people) {
            return fail("people: 2 to 6");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.window) {
            return fail("window: 1 s to 10 min");
        }
        if self.settle > Duration::from_secs(60) {
            return fail("settle: at most 1 min");
        }
        Ok(())
    }
}

/// What came out. Exactly the named keys are serialized; `Display` is the summary for people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RoomReport {
    /// Rooms at once.
    pub rooms: u32,
    /// People in each.
    pub people: u32,
    /// Packets forwarded per second of the shard's CPU time.
    pub packets_per_s_per_core: u64,
    /// Median of the added latency, µs.
    pub added_p50_us: f64,
    /// 99th percentile of the added latency, µs.
    pub added_p99_us: f64,
    /// Share of packets lost, 0 to 1.
    pub server_loss: f64,
    /// What [`floor()`] gave on this machine in the same run, packets per second.
    pub floor_packets_per_s: u64,
    /// Packets forwarded in the window.
    #[serde(skip)]
    pub forwarded: u64,
    /// Share of a core that the shard used, 0 to 1.
    #[serde(skip)]
    pub core_share: f64,
    /// Share of the window in which the shard was ready and waited for a core, 0 to 1.
    #[serde(skip)]
    pub waited_share: f64,
    /// Share of a core that the synthetic people used, 0 to 1.
    #[serde(skip)]
    pub load_core_share: f64,
    /// Datagrams that the synthetic people's sockets had no room for.
    #[serde(skip)]
    pub load_dropped: u64,
}

impl RoomReport {
    /// Whether the synthetic people could not keep up, so that latency and loss are theirs.
    #[must_use]
    pub fn load_was_too_slow(&self) -> bool {
        self.load_dropped > 0 || self.load_core_share > 0.9
    }

    /// Whether other work on the machine held the shard up, so that latency and loss are not its own.
    #[must_use]
    pub fn machine_was_busy(&self) -> bool {
        self.waited_share > 0.05
    }
}

impl fmt::Display for RoomReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_floor = self.packets_per_s_per_core as f64 / self.floor_packets_per_s.max(1) as f64;
        writeln!(
            f,
            "{} rooms of {}: {} packets per second and core ({:.0} % of the floor of {}); the core was \
             {:.0} % busy.",
            self.rooms,
            self.people,
            self.packets_per_s_per_core,
            of_floor * 100.0,
            self.floor_packets_per_s,
            self.core_share * 100.0,
        )?;
        write!(
            f,
            "A packet's way through the server took {:.0} µs (median) and {:.0} µs (99 of 100); {:.3} % \
             were lost.",
            self.added_p50_us,
            self.added_p99_us,
            self.server_loss * 100.0,
        )?;
        if self.load_was_too_slow() {
            write!(
                f,
                "\nThe synthetic people could not keep up (their core was {:.0} % busy, their sockets \
                 dropped {} datagrams): latency and loss say little. Use fewer rooms.",
                self.load_core_share * 100.0,
                self.load_dropped,
            )?;
        }
        if self.machine_was_busy() {
            write!(
                f,
                "\nThe server's thread waited for a core for {:.0} % of the time: other work held it up. \
                 Measure again on an idle machine.",
                self.waited_share * 100.0,
            )?;
        }
        Ok(())
    }
}

/// What the load saw in the window.
struct Measured {
    forwarded: u64,
    cpu: Duration,
    waited: Duration,
    load_cpu: Duration,
    wall: Duration,
    travel_ns: Vec<u64>,
    received: u64,
    repaired: u64,
    missing: u64,
    load_dropped: u64,
}

/// Runs the rooms. Blocks the calling thread; must not be called inside a tokio runtime.
///
/// # Errors
/// [`BenchError`]: options out of range, no sockets, no CPU time from the system, people who do not
/// get a picture in time.
pub fn room(options: RoomOptions, progress: Progress<'_>) -> Result<RoomReport, BenchError> {
    options.validate()?;
    let FloorReport { packets_per_s: floor_packets_per_s, .. } =
        floor(FloorOptions { each: options.floor }, progress)?;
    let measured = load::run(options, progress)?;
    Ok(report(options, floor_packets_per_s, measured))
}

fn report(options: RoomOptions, floor_packets_per_s: u64, measured: Measured) -> RoomReport {
    let [p50, p99] = percentiles(measured.travel_ns, [50.0, 99.0]);
    let lost = (measured.missing + measured.repaired).saturating_sub(measured.load_dropped);
    let expected = measured.received + measured.missing;
    let cpu_s = measured.cpu.as_secs_f64();
    let wall_s = measured.wall.as_secs_f64().max(0.001);
    let round = |value: f64, digits: f64| (value * digits).round() / digits;
    RoomReport {
        rooms: options.rooms,
        people: options.people,
        packets_per_s_per_core: if cpu_s > 0.0 {
            (measured.forwarded as f64 / cpu_s) as u64
        } else {
            0
        },
        added_p50_us: round(p50 as f64 / 1_000.0, 10.0),
        added_p99_us: round(p99 as f64 / 1_000.0, 10.0),
        server_loss: round(lost as f64 / expected.max(1) as f64, 1e6),
        floor_packets_per_s,
        forwarded: measured.forwarded,
        core_share: round(cpu_s / wall_s, 1e3),
        waited_share: round(measured.waited.as_secs_f64() / wall_s, 1e3),
        load_core_share: round(measured.load_cpu.as_secs_f64() / wall_s, 1e3),
        load_dropped: measured.load_dropped,
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
