//! The edge: namespaces, devices and the thread that carries packets between them.
//!
//! Everything that talks to the kernel is here. Nothing here decides what happens to a packet.

mod driver;
mod namespace;
mod process;
mod sys;

pub(crate) use driver::{Driver, Shared};
pub(crate) use namespace::Namespace;
pub use process::Process;
pub(crate) use process::{spawn_background, spawn_foreground};
pub(crate) use sys::{Interface, Route};
