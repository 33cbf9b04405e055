//! One allocation: its relayed addresses, permissions, channels and meters (RFC 8656 §3.2 to §3.5).
//!
//! Lists are short and bounded, so they are searched from the start. Entries that ran out do not
//! count from that moment on, whether or not they were taken out yet.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use stun_types::AddressFamily;
use stun_types::message::TransactionId;

use crate::client::Client;
use crate::config::Limits;
use crate::credentials::Holder;
use crate::limit::Meter;
use crate::stats::Refused;

/// How long a permission lasts (RFC 8656 §9).
pub(crate) const PERMISSION: Duration = Duration::from_secs(300);
/// How long a channel lasts (RFC 8656 §12).
pub(crate) const CHANNEL: Duration = Duration::from_secs(600);

/// See the module's head. Holds a seat: no `Debug`.
pub(crate) struct Allocation {
    pub client: Client,
    pub holder: Holder,
    /// At most one of each family, the first asked for first.
    pub relayed: Vec<SocketAddr>,
    pub expires_at: Instant,
    /// What the client was told when it allocated; a repeated request is told the same.
    pub made: Made,
    pub up: Meter,
    pub down: Meter,
    pub up_bytes: u64,
    pub down_bytes: u64,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
}

/// The answer to the request that made an allocation.
#[derive(Clone)]
pub(crate) struct Made {
    pub transaction: TransactionId,
    pub lifetime_s: u32,
    pub relayed: Vec<SocketAddr>,
    /// A second family was asked for and could not be had.
    pub failed: Option<(AddressFamily, Refused)>,
}

struct Permission {
    ip: IpAddr,
    until: Instant,
}

struct Channel {
    number: u16,
    peer: SocketAddr,
    until: Instant,
}

/// A list of an allocation is full.
pub(crate) struct Full;

/// A channel cannot be bound so.
pub(crate) enum BindError {
    /// The number has another peer, or the peer another number (RFC 8656 §12.2).
    Taken,
    /// No more channels or permissions.
    Full,
}

impl Allocation {
    pub(crate) fn new(
        now: Instant,
        client: Client,
        holder: Holder,
        made: Made,
        limits: &Limits,
    ) -> Self {
        Self {
            client,
            holder,
            relayed: made.relayed.clone(),
            expires_at: now + Duration::from_secs(made.lifetime_s.into()),
            made,
            up: Meter::new(now, limits),
            down: Meter::new(now, limits),
            up_bytes: 0,
            down_bytes: 0,
            permissions: Vec::new(),
            channels: Vec::new(),
        }
    }

    /// The relayed address of the family of `peer`.
    pub(crate) fn relayed_for(&self, peer: SocketAddr) -> Option<SocketAddr> {
        self.relayed.iter().find(|r| r.is_ipv4() == peer.is_ipv4()).copied()
    }

    /// Whether `ip` may send to this client and be sent to.
    pub(crate) fn permits(&self, now: Instant, ip: IpAddr) -> bool {
        self.permissions.iter().any(|p| p.ip == ip && p.until > now)
    }

    /// Installs or renews permissions for all of `ips`, or for none.
    pub(crate) fn permit(
        &mut self,
        now: Instant,
        ips: &[IpAddr],
        limits: &Limits,
    ) -> Result<(), Full> {
        self.permissions.retain(|p| p.until > now);
        let fresh = |(i, ip): (usize, &IpAddr)| {
            !ips[..i].contains(ip) && self.permissions.iter().all(|p| p.ip != *ip)
        };
        let wanted = ips.iter().enumerate().filter(|entry| fresh(*entry)).count();
        if self.permissions.len() + wanted > limits.permissions {
            return Err(Full);
        }
        let until = now + PERMISSION;
        for ip in ips {
            match self.permissions.iter_mut().find(|p| p.ip == *ip) {
                Some(held) => held.until = until,
                None => self.permissions.push(Permission { ip: *ip, until }),
            }
        }
        Ok(())
    }

    /// Binds a channel or renews it, and the permission with it (RFC 8656 §12.2).
    pub(crate) fn bind(
        &mut self,
        now: Instant,
        number: u16,
        peer: SocketAddr,
        limits: &Limits,
    ) -> Result<(), BindError> {
        self.channels.retain(|c| c.until > now);
        let held = self.channels.iter().position(|c| c.number == number || c.peer == peer);
        match held.and_then(|i| self.channels.get(i)) {
            Some(c) if c.number != number || c.peer != peer => return Err(BindError::Taken),
            None if self.channels.len() >= limits.channels => return Err(BindError::Full),
            _ => {}
        }
        self.permit(now, &[peer.ip()], limits).map_err(|Full| BindError::Full)?;
        let until = now + CHANNEL;
        match held.and_then(|i| self.channels.get_mut(i)) {
            Some(channel) => channel.until = until,
            None => self.channels.push(Channel { number, peer, until }),
        }
        Ok(())
    }

    /// The peer of a channel.
    pub(crate) fn peer_of(&self, now: Instant, number: u16) -> Option<SocketAddr> {
        self.channels.iter().find(|c| c.number == number && c.until > now).map(|c| c.peer)
    }

    /// The channel of a peer.
    pub(crate) fn channel_of(&self, now: Instant, peer: SocketAddr) -> Option<u16> {
        self.channels.iter().find(|c| c.peer == peer && c.until > now).map(|c| c.number)
    }

    /// Permissions and channels in memory.
    pub(crate) fn entries(&self) -> usize {
        self.permissions.len() + self.channels.len()
    }
}
