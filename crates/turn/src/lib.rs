//! The relay: a TURN server (RFC 8656) for people whose network lets no direct path through.
//!
//! This crate owns allocations, their permissions and channels, the credentials and nonces that
//! guard them, the rules of which peers may be reached, and the listeners over UDP, TCP and TLS.
//! It never decides who may be in a visit: whoever holds valid credentials may allocate, and
//! [`Relay::revoke`] ends that. It never looks into what it relays, never stores it, and never logs
//! an address, a user name or a [`visit::SeatId`].
//!
//! # Closed by default
//! A closed relay reaches two kinds of peers only: relayed addresses of the same visit, and the
//! addresses of our own forwarding unit. Both are reached in memory. A relayed address is *virtual*:
//! nothing is bound there, so no range of ports is opened, and no packet of the relay can reach a
//! third machine. [`Mode::Open`] adds addresses that were signalled
//! in the visit, after the table of special ranges in [`policy`].
//!
//! # Inside
//! [`Relay`] is the whole server and does no IO. Datagrams, frames and a time go in; bytes for
//! clients, for the forwarding unit and for peers wait in its [`Outbox`]. Everything random comes
//! from a seed. [`io`] runs one relay on one thread, with its sockets around it.
//!
//! # What is not here
//! TCP allocations (RFC 6062), DTLS to the client, mobility (RFC 8016), reservation of port pairs,
//! and DONT-FRAGMENT: browsers use none of them. They are refused as the RFC says.

mod allocation;
mod client;
mod config;
mod credentials;
mod forward;
pub mod frame;
pub mod io;
mod limit;
mod message;
mod nonce;
mod outbox;
pub mod policy;
mod relay;
mod requests;
mod stats;
mod table;

#[cfg(test)]
mod deny_tests;
#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod relay_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vector_tests;

pub use client::{Client, Transport};
pub use config::{
    ConfigError, Limits, Mode, OpenRules, RelayConfig, Secret, VIRTUAL_V4, VIRTUAL_V6,
};
pub use credentials::Credentials;
pub use outbox::{Outbox, Output, To};
pub use relay::{CloseReason, PeerListFull, Relay, RelayEvent, Scope, Sizes};
pub use stats::{Dropped, Refused, Stats};
