//! Which way what we send to a client goes: the one that the client chose last.
//!
//! Owns that way. The client controls ICE and marks the pair in use on each of its checks (RFC 8445
//! §8.1.1). The ICE agent below us stays on the pair of highest priority that was ever nominated, and
//! on the first of equal ones: a client whose NAT gave it another port, or that left its Wi-Fi, would
//! hear nothing until a restart. So the latest mark decides here. Only checks that passed the
//! integrity check are shown to this module.

use std::net::SocketAddr;

use str0m::net::{Protocol, Transmit};

use crate::demux::nominates;

/// The way in use of one transport.
#[derive(Default)]
pub(crate) struct Route {
    chosen: Option<Way>,
}

struct Way {
    protocol: Protocol,
    ours: SocketAddr,
    theirs: SocketAddr,
}

impl Route {
    /// A binding request came from `theirs` to `ours` and passed its integrity check.
    pub(crate) fn checked(
        &mut self,
        protocol: Protocol,
        theirs: SocketAddr,
        ours: SocketAddr,
        request: &[u8],
    ) {
        if nominates(request) {
            self.chosen = Some(Way { protocol, ours, theirs });
        }
    }

    /// Puts DTLS and media on the way in use. Answers to checks stay on the way of the check.
    pub(crate) fn steer(&self, datagram: &mut Transmit) {
        let is_check = matches!(datagram.contents.first(), Some(0..=3));
        if let (Some(way), false) = (&self.chosen, is_check) {
            datagram.proto = way.protocol;
            datagram.source = way.ours;
            datagram.destination = way.theirs;
        }
    }
}
