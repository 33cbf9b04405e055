//! A NAT that packets pass through.
//!
//! Owns the outer address and what happens to a packet on its way. The table is in
//! [`crate::mappings`], the bytes are changed by [`crate::packet`].

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use crate::Network;
use crate::counters::{Cause, Counters};
use crate::firewall::shapeless;
use crate::mappings::Mappings;
use crate::packet::{self, Body, Packet, Quoted, Side};

pub(crate) struct NatBox {
    pub mappings: Mappings,
    /// Where its outer side is.
    pub outer: Network,
    /// The outer address.
    pub address: Ipv4Addr,
    pub counters: Counters,
}

impl NatBox {
    /// Makes a packet from inside one of the outer network, or drops it.
    pub(crate) fn outbound(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        packet: &Packet,
    ) -> Result<(), Cause> {
        self.counters.came(bytes.len());
        let done = self.translate_outbound(now, bytes, packet);
        self.count(done, bytes.len())
    }

    /// Makes a packet to the outer address one for a host inside, or drops it.
    pub(crate) fn inbound(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        packet: &Packet,
    ) -> Result<(), Cause> {
        self.counters.came(bytes.len());
        let done = self.translate_inbound(now, bytes, packet);
        self.count(done, bytes.len())
    }

    fn count(&mut self, done: Result<(), Cause>, bytes: usize) -> Result<(), Cause> {
        match done {
            Ok(()) => self.counters.went(bytes),
            Err(cause) => self.counters.drop(cause),
        }
        done
    }

    fn translate_outbound(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        packet: &Packet,
    ) -> Result<(), Cause> {
        if packet.destination == self.address && !self.mappings.nat().hairpin {
            return Err(Cause::Hairpin);
        }
        if let Body::Error(quoted) = packet.body {
            return self.error_out(now, bytes, &quoted);
        }
        let (protocol, inside, remote) = packet.flow(true).ok_or_else(|| shapeless(packet))?;
        let request = matches!(packet.body, Body::Echo { request: true, .. });
        let flags = packet.tcp_flags();
        let port = self.mappings.outbound(now, protocol, inside, remote, flags, request)?;
        packet::rewrite(bytes, Side::Source, SocketAddrV4::new(self.address, port));
        Ok(())
    }

    fn translate_inbound(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        packet: &Packet,
    ) -> Result<(), Cause> {
        if let Body::Error(quoted) = packet.body {
            return self.error_in(now, bytes, &quoted);
        }
        let (protocol, remote, outer) = packet.flow(false).ok_or_else(|| shapeless(packet))?;
        let flags = packet.tcp_flags();
        let inside = self.mappings.inbound(now, protocol, outer.port(), remote, flags)?;
        packet::rewrite(bytes, Side::Destination, inside);
        Ok(())
    }

    fn error_out(&self, now: Instant, bytes: &mut [u8], quoted: &Quoted) -> Result<(), Cause> {
        let (inside, remote) = quoted.ends(true);
        let port = self.mappings.outbound_error(now, quoted.protocol, inside, remote)?;
        let outer = SocketAddrV4::new(self.address, port);
        packet::rewrite_error(bytes, Side::Source, self.address, outer);
        Ok(())
    }

    fn error_in(&self, now: Instant, bytes: &mut [u8], quoted: &Quoted) -> Result<(), Cause> {
        let (outer, remote) = quoted.ends(false);
        if *outer.ip() != self.address {
            return Err(Cause::Filtered);
        }
        let inside = self.mappings.inbound_error(now, quoted.protocol, outer.port(), remote)?;
        packet::rewrite_error(bytes, Side::Destination, *inside.ip(), inside);
        Ok(())
    }
}
