//! A network in user space for tests: hosts, links, NATs and firewalls on one machine.
//!
//! This crate owns a seeded router that does no IO ([`Router`]), and labs that put real programs
//! around it ([`Lab`]): each host is a network namespace with a TUN device, and one thread of the
//! test's process carries packets between the devices and the router. It needs root and
//! `/dev/net/tun`; no traffic shaping of the kernel, and no tool. It is for tests alone: the product
//! never depends on it. It carries IPv4 only and never fragments. It never writes a packet's content
//! or address anywhere. [`speech`] measures what a network left of a voice.
//!
//! # Use
//! ```no_run
//! use std::process::Command;
//! use std::time::Duration;
//!
//! use netlab::{Access, Firewall, Lab, Link, Nat};
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // In a test: `let Some(mut lab) = Lab::new_or_skip("name of the test", 7) else { return };`
//! let mut lab = Lab::new(7)?;
//! let server = lab.host("server").start()?;
//! let patient = lab
//!     .host("patient")
//!     .behind(Nat::home())
//!     .link(Link::home())
//!     .interface("wlan0")
//!     .and(Access::new().behind(Nat::carrier()).link(Link::cellular()).interface("cell0"))
//!     .start()?;
//!
//! // A program, and code of the test itself, each in the network of a host.
//! let mut listener = Command::new("some-server");
//! listener.arg(server.address().to_string());
//! let _running = server.spawn(listener)?;
//! let socket = patient.run(|| std::net::UdpSocket::bind("0.0.0.0:0"))??;
//! socket.send_to(b"hello", (server.address(), 3478))?;
//!
//! // Wait for packets, not for time.
//! let id = server.paths()[0].id;
//! lab.wait("a packet for the server", Duration::from_secs(20), |router| {
//!     router.counters(id).down.out_packets > 0
//! })?;
//!
//! // Things happen to networks.
//! patient.set_firewall(0, Some(Firewall::udp_blocked()))?;
//! patient.swap_to(1)?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is repeatable
//! Every draw (loss, jitter, ports) comes from the seed, packet by packet. In a lab the packets
//! themselves come from real programs, so their order and times are not. Tests that must be exact
//! use [`Router`] with a clock of their own.

mod access;
mod answer;
mod checksum;
mod counters;
mod error;
mod firewall;
mod host;
mod io;
mod lab;
mod link;
mod loss;
mod mappings;
mod nat;
mod nat_box;
mod packet;
mod pipe;
mod profile;
mod router;
pub mod speech;
#[cfg(test)]
mod testing;

pub use access::{Access, Attachment};
pub use counters::{Cause, Counters, PathCounters};
pub use error::{LabError, SettingError};
pub use firewall::{Firewall, Refusal, Rule};
pub use host::{Host, HostPath, NamespaceFiles};
pub use io::Process;
pub use lab::{HostBuilder, Lab};
pub use link::{Direction, Link};
pub use loss::Loss;
pub use mappings::MappingEntry;
pub use nat::{Filtering, Mapping, Nat};
pub use packet::Protocol;
pub use profile::Profile;
pub use router::Router;

/// One interface of a host in the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathId(usize);

/// A NAT in the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NatId(usize);

/// Where something is attached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Network {
    /// The public network in the middle.
    Public,
    /// The network inside a NAT.
    Behind(NatId),
}
