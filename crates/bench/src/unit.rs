//! What is put under load: a forwarding unit of one thread in this process, or a server in a process
//! of its own.
//!
//! Owns the talk with it, in the few words that a measurement needs. It makes no load and measures
//! no packet.

mod child;
mod shard;

use std::time::Duration;

use protocol::TrackLine;
use serde::{Deserialize, Serialize};
use visit::SeatId;

pub(crate) use child::ChildShard;
pub use child::serve_shard;
pub(crate) use shard::LocalShard;

use crate::BenchError;

/// What a server under load is asked. A person's number counts over all rooms. A link is one
/// transport: number `2 n` is that of person `n`, `2 n + 1` another one, where a server wants one to
/// send and one to receive.
#[derive(Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// A person comes into a room.
    Join { room: u32, person: u32, sends: bool },
    /// The answer to [`Told::Offer`].
    Answer { room: u32, link: u32, generation: u32, sdp: String },
    /// The offer that [`Told::Publish`] asked for.
    Offer { link: u32, sdp: String },
    /// A person looks at the cameras of others, each as large as this.
    Look { room: u32, person: u32, others: Vec<u32>, width_px: u16, height_px: u16 },
    /// A person goes.
    Leave { room: u32, person: u32 },
}

/// What a server under load tells.
#[derive(Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub(crate) enum Told {
    /// Somebody is to answer this.
    Offer { link: u32, generation: u32, sdp: String, tracks: Vec<TrackLine> },
    /// Somebody is to make an offer.
    Publish { link: u32 },
    /// The answer to it.
    Answer { link: u32, sdp: String },
    /// It ended somebody's transport that was not to end, or itself.
    Failed { code: String },
}

/// What the server has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time of the part that is measured.
    pub cpu: Duration,
    /// Time for which that part was ready and had to wait for a core; zero when unknown.
    pub waited: Duration,
    /// Media packets forwarded, if the server counts them.
    pub forwarded: Option<u64>,
    /// Memory of its process in RAM, bytes.
    pub resident_bytes: u64,
}

/// A server under load. What it tells goes to whoever started it.
pub(crate) trait Unit {
    /// Asks something.
    ///
    /// # Errors
    /// [`BenchError`] when the server cannot be asked any more.
    fn ask(&mut self, ask: Ask) -> Result<(), BenchError>;

    /// What it has used.
    ///
    /// # Errors
    /// [`BenchError::CpuTime`] when the system does not tell.
    fn usage(&self) -> Result<Usage, BenchError>;
}

/// The seat of a person.
pub(crate) fn seat(person: u32) -> SeatId {
    SeatId::new(1, person.into())
}
