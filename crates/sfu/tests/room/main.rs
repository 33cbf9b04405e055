//! Rooms in virtual time with str0m clients, and the driver on a real socket.

#[path = "../common/mod.rs"]
mod common;

mod attack;
mod crowd;
mod driver;
mod layers;
mod liveness;
mod media;
mod negotiation;
mod pressure;
