//! The wire: everything that a browser and the server say to each other.
//!
//! This crate owns the shapes and their version, and generates `web/sdk/src/protocol.ts` from them
//! (see `tests/typescript.rs`; a stale copy fails). It never decides anything.
//!
//! Rules of the wire:
//! - JSON text frames, one message each, tagged by `type`.
//! - What comes *in* is strict: unknown keys, duplicate keys and oversized texts are refused.
//! - What goes *out* may grow: clients ignore keys that they do not know.
//! - The sender of a message is always the seat of the socket, never a field of the message.

pub mod access;
pub mod audit_log;
pub mod check;
pub mod client;
pub mod direct;
pub mod error;
pub mod http;
pub mod limits;
pub mod server;
mod sign_in;
pub mod system;

pub use check::{CheckCode, CheckItem, CheckOutcome, CheckReport};
pub use client::{ClientMessage, HeardFrom, QualityReport, TileView};
pub use direct::DirectSignal;
pub use error::{ErrorBody, ErrorCode};
pub use server::{
    BoardSeat, BoardVisit, ChatLine, Direction, DirectionQuality, EndReason, IceServer,
    LinkQuality, Person, QualityLevel, ServerMessage, TrackLine, WaitingNote,
};

/// Version of the wire. A client that speaks another one is told to reload.
pub const PROTOCOL_VERSION: u32 = 2;

/// Reads one client message, strictly.
///
/// # Errors
/// [`ErrorCode::MessageTooLarge`] above [`limits::MAX_CLIENT_MESSAGE_BYTES`],
/// [`ErrorCode::SdpTooLarge`] for an SDP above [`limits::MAX_SDP_BYTES`],
/// [`ErrorCode::BadMessage`] for anything that is not exactly a [`ClientMessage`] or breaks a
/// length limit.
pub fn parse_client(text: &str) -> Result<ClientMessage, ErrorCode> {
    if text.len() > limits::MAX_CLIENT_MESSAGE_BYTES {
        return Err(ErrorCode::MessageTooLarge);
    }
    let message: ClientMessage = serde_json::from_str(text).map_err(|_| ErrorCode::BadMessage)?;
    message.check_limits().map(|()| message)
}
