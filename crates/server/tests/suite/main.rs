//! The server as browsers meet it: over real HTTP and WebSockets, on a real database, with a real
//! forwarding unit behind it.

#[path = "../common/mod.rs"]
mod common;

mod attack;
mod audit_log;
mod booking;
mod closing;
mod direct;
mod emergency;
mod factors;
mod headers;
mod kept;
mod links;
mod mail;
mod media;
mod passkeys;
mod people;
mod probes;
mod quality;
mod relay;
mod sdp;
mod seats;
mod silence;
mod sockets;
mod sso;
mod staff;
mod system;
mod trouble;
mod whole_visit;
mod words;
