//! Synthetic people and measurements.
//!
//! Owns a WebRTC client that plays a shipped clip ([`client`], [`guest`]), and the measurements:
//! [`floor()`] (what one core must spend on a packet), [`room()`] (what the forwarding unit makes of
//! it; [`until_full()`] and [`soak()`] are longer forms), [`join()`] (from the click on a link to the
//! first picture), [`storm()`] (many joins while rooms run), [`peers()`] (the same load against
//! Janus) and [`relay()`] (what a relayed datagram costs, beside coturn). [`ways`] tries whether media
//! gets to a server at all. It is only ever a client of
//! the rest: it uses the wire types, HTTP, WebSocket and the public face of the forwarding unit. It
//! prints nothing and reads no configuration; the program does.
//!
//! Every report serializes to one flat JSON object and displays as a few sentences.

pub mod client;
pub mod clip;
pub mod cpu;
pub mod driver;
mod error;
pub mod floor;
pub mod guest;
pub mod hello;
pub mod http;
pub mod join;
mod load;
pub mod media;
pub mod participant;
pub mod peers;
pub mod progress;
pub mod relay;
pub mod room;
pub mod signalling;
pub mod stats;
pub mod storm;
mod unit;
pub mod vp8;
pub mod ways;

pub use error::BenchError;
pub use floor::{FloorOptions, FloorReport, floor};
pub use guest::{Guest, GuestEnd};
pub use http::TlsRoot;
pub use join::{JoinOptions, JoinReport, JoinTarget, StaffTarget, join};
pub use peers::{PeersOptions, PeersReport, peers};
pub use progress::{Progress, Step};
pub use relay::{RelayOptions, RelayReport, relay, serve_relay};
pub use room::{FullReport, RoomOptions, RoomReport, SoakReport, room, soak, until_full};
pub use storm::{StormOptions, StormReport, storm};
pub use unit::serve_shard;
