//! The server as browsers meet it: over real HTTP and WebSockets, on a real database, with a real
//! forwarding unit behind it.

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod headers;
mod links;
mod mail;
mod sdp;
mod seats;
mod silence;
mod sockets;
mod staff;
mod trouble;
mod whole_visit;
