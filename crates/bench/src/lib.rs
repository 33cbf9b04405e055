//! Synthetic people and measurements.
//!
//! Owns a WebRTC client that plays a shipped clip ([`client`], [`guest`]), and three measurements:
//! [`floor()`] (what one core must spend on a packet), [`room()`] (what the forwarding unit makes of
//! it) and [`join()`] (from the click on a link to the first picture). It is only ever a client of
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
pub mod http;
pub mod join;
pub mod media;
pub mod participant;
pub mod progress;
pub mod room;
pub mod signalling;
pub mod stats;
pub mod vp8;

pub use error::BenchError;
pub use floor::{FloorOptions, FloorReport, floor};
pub use guest::{Guest, GuestEnd};
pub use http::TlsRoot;
pub use join::{JoinOptions, JoinReport, JoinTarget, StaffTarget, join};
pub use progress::{Progress, Step};
pub use room::{RoomOptions, RoomReport, room};
