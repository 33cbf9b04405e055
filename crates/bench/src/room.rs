//! How much one core of the forwarding unit carries, and what it adds to a packet's way.
//!
//! A real forwarding unit with one shard (one thread) runs in this process; synthetic people on
//! another thread join it over real UDP sockets on the loopback interface. With two cores or more,
//! each of the two threads is kept on one of its own. What is measured, over a window after
//! everybody has a picture:
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
//!   share of those expected by sequence number. What the load's socket had no room for is the
//!   load's fault and taken off.
//!
//! A run is **void** when the load itself was late by more than 1 ms (99 of 100 sendings) or dropped
//! datagrams: then nothing can be said of the server.

mod report;
mod search;
mod stage;

use std::time::Duration;

pub(crate) use report::round;
pub use report::{FullReport, Measured, RoomReport, SoakReport};
pub use search::until_full;
pub(crate) use stage::{GUESTS_FROM, Heard, Stage, tell};

use crate::BenchError;
use crate::clip::LAYERS;
use crate::cpu::two_cores;
use crate::floor::{FloorOptions, floor};
use crate::progress::Progress;
use crate::unit::LocalShard;

/// What to run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RoomOptions {
    /// Rooms at once, 1 to 1,000. Default 50.
    pub rooms: u32,
    /// People in each, 2 to 12. Default 2.
    pub people: u32,
    /// How many of them send, 1 to all. Default all.
    pub senders: Option<u32>,
    /// Layers of each camera, 1 (only the largest) to 3. Default 3.
    pub layers: u32,
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
            senders: None,
            layers: 3,
            window: Duration::from_secs(10),
            settle: Duration::from_secs(5),
            floor: FloorOptions::default().each,
            seed: 1,
        }
    }
}

/// Most rooms at once.
pub(crate) const MAX_ROOMS: u32 = 1_000;

impl RoomOptions {
    pub(crate) fn validate(&self) -> Result<(), BenchError> {
        let fail = |what| Err(BenchError::Options(what));
        if !(1..=MAX_ROOMS).contains(&self.rooms) {
            return fail("rooms: 1 to 1,000");
        }
        if !(2..=12).contains(&self.people) {
            return fail("people: 2 to 12");
        }
        if self.senders.is_some_and(|n| !(1..=self.people).contains(&n)) {
            return fail("senders: 1 to all people of a room");
        }
        if !(1..=LAYERS as u32).contains(&self.layers) {
            return fail("layers: 1 to 3");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.window) {
            return fail("window: 1 s to 10 min");
        }
        if self.settle > Duration::from_secs(60) {
            return fail("settle: at most 1 min");
        }
        Ok(())
    }

    pub(crate) fn shape(&self) -> Shape {
        let senders = self.senders.unwrap_or(self.people);
        Shape { people: self.people, senders, layers: self.layers, seed: self.seed }
    }
}

/// What a room is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub people: u32,
    pub senders: u32,
    pub layers: u32,
    pub seed: u64,
}

impl Shape {
    /// How large people see each other: one other sender large, more of them in a gallery.
    pub fn tile_px(&self) -> (u16, u16) {
        if self.sees_one_large() { (1_280, 720) } else { (640, 360) }
    }

    /// Whether nobody has more than one picture before them.
    pub fn sees_one_large(&self) -> bool {
        self.senders == 1 || self.people == 2
    }
}

/// Runs the rooms. Blocks the calling thread; must not be called inside a tokio runtime.
///
/// # Errors
/// [`BenchError`]: options out of range, no sockets, no CPU time from the system, people who do not
/// get a picture in time. A void run is no error: see [`RoomReport::void_reason`].
pub fn room(options: RoomOptions, progress: Progress<'_>) -> Result<RoomReport, BenchError> {
    options.validate()?;
    let floor = floor(FloorOptions { each: options.floor }, progress)?;
    let mut stage = local_stage(&options)?;
    stage.fill(options.rooms, progress)?;
    stage.pass(options.settle, "settling", progress)?;
    let measured = stage.measure(options.window, "measuring", progress)?;
    Ok(RoomReport::new(options.rooms, options.shape(), &floor, &measured))
}

/// Runs the rooms for a long time and looks whether memory stays where it is. `length` is 1 min to
/// 24 h, a fifth of it (at least 10 s, at most 6 min) is warm-up: the caches of sent packets fill for minutes.
///
/// # Errors
/// As [`room`].
pub fn soak(
    options: RoomOptions,
    length: Duration,
    progress: Progress<'_>,
) -> Result<SoakReport, BenchError> {
    options.validate()?;
    if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(&length) {
        return Err(BenchError::Options("length of a soak: 1 min to 24 h"));
    }
    let floor = floor(FloorOptions { each: options.floor }, progress)?;
    let mut stage = local_stage(&options)?;
    stage.fill(options.rooms, progress)?;
    let warm_up = (length / 5).clamp(Duration::from_secs(10), Duration::from_secs(360));
    stage.pass(warm_up, "warming up", progress)?;
    let start = stage.unit_resident_bytes()?;
    let measured = stage.measure(length - warm_up, "measuring", progress)?;
    let room = RoomReport::new(options.rooms, options.shape(), &floor, &measured);
    Ok(SoakReport::new(room, start, measured.resident_bytes))
}

/// A shard in this process and its load, each on a core of its own if there are two.
pub(crate) fn local_stage(options: &RoomOptions) -> Result<Stage<LocalShard>, BenchError> {
    let cores = two_cores();
    let server = cores.map(|(server, _)| server);
    Stage::start(options.shape(), cores.map(|(_, load)| load), |heard| {
        LocalShard::start(options.seed, server, tell(heard))
    })
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
