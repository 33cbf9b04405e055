//! The way of data: from a client to a peer, and from a peer to a client.
//!
//! Each datagram is judged again here, whatever a permission said earlier: an address may have passed
//! to another visit since. Dropped data is counted and never answered (RFC 8656 §11.2, §12.6).

use std::net::SocketAddr;
use std::time::Instant;

use rand::RngExt;
use stun_types::message::{MAGIC_COOKIE, Message};

use crate::client::Client;
use crate::frame;
use crate::message::{DATA_INDICATION_BYTES, with_send, write_data};
use crate::outbox::To;
use crate::policy::Way;
use crate::relay::Relay;
use crate::stats::Dropped;
use crate::table::Slot;

impl Relay {
    /// Channel data of a client (RFC 8656 §12.6).
    pub(crate) fn handle_channel_data(&mut self, now: Instant, client: Client, bytes: &[u8]) {
        let Some((number, data)) = frame::channel_data(bytes) else {
            return self.drop_for(Dropped::Garbage);
        };
        let Some(slot) = self.table.of_client(&client) else {
            return self.drop_for(Dropped::NoAllocation);
        };
        match self.table.get(slot).and_then(|a| a.peer_of(now, number)) {
            Some(peer) => self.send(now, slot, peer, data),
            None => self.drop_for(Dropped::NoChannel),
        }
    }

    /// A Send indication of a client (RFC 8656 §11.2).
    pub(crate) fn handle_send(&mut self, now: Instant, client: Client, message: &Message<'_>) {
        let Some(slot) = self.table.of_client(&client) else {
            return self.drop_for(Dropped::NoAllocation);
        };
        if with_send(message, |peer, data| self.send(now, slot, peer, data)).is_none() {
            self.drop_for(Dropped::NotServed);
        }
    }

    /// Data of an allocation to a peer.
    fn send(&mut self, now: Instant, slot: Slot, to: SocketAddr, data: &[u8]) {
        let Some(sender) = self.table.get_mut(slot) else { return };
        if sender.expires_at <= now {
            return self.drop_for(Dropped::NoAllocation);
        }
        let visit = sender.holder.visit;
        if !sender.permits(now, to.ip()) {
            // Tell a forbidden address from one that was only not asked for: the first is worth
            // looking at.
            return match self.judge(visit, to) {
                Err(denied) => self.deny(denied),
                Ok(_) => self.drop_for(Dropped::NoPermission),
            };
        }
        let Some(from) = sender.relayed_for(to) else {
            return self.drop_for(Dropped::NoPermission);
        };
        if !sender.up.admit(now, data.len(), &self.config.limits) {
            return self.drop_for(Dropped::Rate);
        }
        let way = match self.judge(visit, to) {
            Ok(way) => way,
            Err(denied) => return self.deny(denied),
        };
        if let Some(sender) = self.table.get_mut(slot) {
            sender.up_bytes += data.len() as u64;
        }
        self.stats.relayed_up += 1;
        self.stats.relayed_up_bytes += data.len() as u64;
        let queued = match way {
            Way::Relayed => return self.hand_over(now, to, from, data),
            Way::Unit => self.outbox.push(To::Unit { from, to }, data),
            Way::Outside => self.outbox.push(To::Peer { from, to }, data),
        };
        if !queued {
            self.drop_for(Dropped::Outbox);
        }
    }

    /// Data that arrived at a relayed address, to its client (RFC 8656 §11.3, §12.7).
    pub(crate) fn hand_over(
        &mut self,
        now: Instant,
        relayed: SocketAddr,
        from: SocketAddr,
        data: &[u8],
    ) {
        let limits = &self.config.limits;
        let slot = self.table.of_relayed(relayed);
        let Some((slot, receiver)) = slot.and_then(|s| Some((s, self.table.get_mut(s)?))) else {
            return self.drop_for(Dropped::NoAllocation);
        };
        if receiver.expires_at <= now {
            return self.drop_for(Dropped::NoAllocation);
        }
        if !receiver.permits(now, from.ip()) {
            return self.drop_for(Dropped::NoPermission);
        }
        if data.len() + DATA_INDICATION_BYTES > frame::MAX_MESSAGE_BYTES {
            return self.drop_for(Dropped::TooLong);
        }
        if !receiver.down.admit(now, data.len(), limits) {
            return self.drop_for(Dropped::Rate);
        }
        receiver.down_bytes += data.len() as u64;
        self.stats.relayed_down += 1;
        self.stats.relayed_down_bytes += data.len() as u64;
        let client = receiver.client;
        let queued = match receiver.channel_of(now, from) {
            Some(number) => self.outbox.push_channel(client, slot, number, data),
            None => self.push_indication(client, slot, from, data),
        };
        if !queued {
            self.drop_for(Dropped::Outbox);
        }
    }

    fn push_indication(
        &mut self,
        client: Client,
        group: Slot,
        from: SocketAddr,
        data: &[u8],
    ) -> bool {
        let mut room = [0; frame::MAX_MESSAGE_BYTES];
        let transaction = u128::from(MAGIC_COOKIE) << 96 | self.rng.random::<u128>() >> 32;
        match write_data(&mut room, transaction.into(), from, data) {
            Ok(length) => self.outbox.push(To::Client { client, group }, &room[..length]),
            Err(_) => false,
        }
    }
}
