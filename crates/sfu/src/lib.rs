//! Forwarding of media: who receives which packet of whom, and how it reaches them.
//!
//! This crate owns rooms, their WebRTC transports, the negotiation of those transports, the choice
//! of video layers, the active speaker, and the UDP sockets. It never decides who may be in a room:
//! it obeys [`Command`]s, and a seat that was not joined has no transport, so it gets nothing and
//! can send nothing. It never stores media, never reads signalling from a client (the server passes
//! answers on), and never logs an address, a name or a [`visit::SeatId`].
//!
//! # Use
//! ```no_run
//! use sfu::{Command, Sfu, SfuConfig, SfuEvent, Sources, TransportId};
//! use visit::{SeatId, VisitId};
//!
//! # async fn run(visit: VisitId, seat: SeatId) -> Result<(), Box<dyn std::error::Error>> {
//! let (events_tx, mut events) = tokio::sync::mpsc::unbounded_channel();
//! let (sfu, threads) = Sfu::start(SfuConfig::new(vec!["192.0.2.1".parse()?]), events_tx)?;
//! sfu.send(Command::Join {
//!     visit,
//!     seat,
//!     transport: TransportId(1),
//!     rights: Sources::ALL,
//!     muted: Sources::NONE,
//! })?;
//! while let Some(event) = events.recv().await {
//!     if let SfuEvent::Offer { generation, sdp, tracks, .. } = event {
//!         // Send to the client of that transport; its answer comes back as Command::Answer.
//!         let _ = (generation, sdp, tracks);
//!     }
//! }
//! drop(sfu);
//! threads.join();
//! # Ok(())
//! # }
//! ```
//!
//! # The talk between server and forwarding unit
//! 1. [`Command::Join`] → [`SfuEvent::Offer`] (generation 1). The client answers at once; ICE is
//!    lite on our side and needs no trickle: our candidates are in the offer, the client's are
//!    learned from its checks. [`Command::Answer`] → [`SfuEvent::Connected`].
//! 2. Whenever a track comes or goes, another [`SfuEvent::Offer`] with the next generation follows.
//!    At most one exchange is open per transport; changes meanwhile are gathered into the next.
//! 3. Each offer carries the whole list of live m-lines as [`TrackLine`]s: which seat and source is
//!    on which `mid`. An m-line keeps its place for ever, but its owner changes from offer to
//!    offer: never remember a `mid` longer than one offer. A seat that joins again keeps its lines.
//! 4. [`Command::Leave`], [`Command::CloseVisit`], a replaced or dead transport end in exactly one
//!    [`SfuEvent::Closed`]. After it nothing of that [`TransportId`] is sent or received.
//!
//! # What a client does
//! - Create the data channel before the first answer:
//!   `createDataChannel("bedside", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 })`.
//!   Every 150 ms a message of 8 bytes arrives on it (a big-endian counter). 600 ms without any
//!   message means that the path is dead: ask the server for [`Command::RestartIce`].
//! - `setRemoteDescription(offer)`; for each track line with [`Direction::Send`] take the transceiver
//!   of that `mid`, set `direction = "sendonly"` and `sender.replaceTrack(track)`; then
//!   `createAnswer` and `setLocalDescription`. The camera line offers three layers with the rids
//!   [`RIDS`], the screen line two with [`SCREEN_RIDS`]. After the answer was set, give each encoding
//!   its `scaleResolutionDownBy` (camera: q 4, h 2, f 1) and `maxBitrate` (camera 120, 400, 1,500 kbit/s;
//!   screen 2,500 kbit/s) with `sender.setParameters`: browsers do not take them from an offer.
//! - A lost answer or offer after a signalling gap: [`Command::RepeatOffer`] emits the open offer
//!   again, with the same generation; answering it twice is harmless.
//!
//! # Inside
//! [`Shard`] is the whole forwarding unit for a part of the visits and does no IO: datagrams,
//! commands and time go in, datagrams and events come out. Everything random comes from a seed,
//! except keys, certificates and ICE credentials, which str0m draws itself. [`Sfu`] runs one shard
//! per OS thread, each on its own UDP port.

// The test clients in tests/common name this crate from the outside and from the inside.
#[cfg(test)]
extern crate self as sfu;

mod command;
mod commands;
mod config;
mod demux;
mod forward;
mod fragment;
#[doc(hidden)]
pub mod fuzzing;
pub mod io;
mod keyframe;
mod layers;
mod negotiate;
mod peer;
mod pump;
mod recent;
mod refused;
mod room;
mod route;
mod sdp_guard;
mod shard;
mod speaker;
mod stats;
mod tick;
mod timers;
mod wrap_guard;

pub use command::{
    CloseCode, Command, Direction, RefusalCode, SfuEvent, Sources, Tile, TrackLine, TransportId,
};
pub use config::{ConfigError, RIDS, SCREEN_RIDS, SfuConfig};
pub use io::{Overloaded, RelayEntry, RelayExit, Sfu, SfuThreads, StartError};
pub use shard::{Datagram, Shard, Wire};
pub use stats::Stats;
