//! Requests of clients: who asks, whether they may, and what they get (RFC 8656 §7 to §12).
//!
//! Nothing is remembered about a client before it has shown a nonce of ours and the proof that it
//! has a password. Quotas come before anything is taken from a table.

use std::time::{Duration, Instant};

use stun_types::AddressFamily;
use stun_types::message::{BINDING, IntegrityKey, Message, MessageClass};
use turn_types::attribute::RequestedTransport;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

use crate::allocation::{Allocation, BindError, Full, Made};
use crate::client::Client;
use crate::credentials::Holder;
use crate::frame::CHANNEL_NUMBERS;
use crate::message::{Answer, Refusal, Request, Writer, parse};
use crate::outbox::To;
use crate::relay::{CloseReason, Relay};
use crate::stats::{Dropped, Refused};
use crate::table::Slot;

/// Who asks, and with what.
struct Asked<'a> {
    now: Instant,
    client: Client,
    holder: Holder,
    message: &'a Message<'a>,
    request: &'a Request,
}

impl Relay {
    /// A STUN message of a client.
    pub(crate) fn handle_stun(&mut self, now: Instant, client: Client, bytes: &[u8]) {
        let Some(message) = parse(bytes) else { return self.drop_for(Dropped::Garbage) };
        match (message.class(), message.method()) {
            (MessageClass::Request, BINDING) => self.handle_binding(now, client, &message),
            (MessageClass::Request, ALLOCATE | REFRESH | CREATE_PERMISSION | CHANNEL_BIND) => {
                self.handle_request(now, client, &message);
            }
            (MessageClass::Indication, SEND) => self.handle_send(now, client, &message),
            // A keepalive (RFC 8489 §6.3.2): heard, and nothing to do.
            (MessageClass::Indication, BINDING) => {}
            _ => self.drop_for(Dropped::NotServed),
        }
    }

    /// Says what the client's address looks like from here (RFC 8489 §6.3.1). Anybody may ask.
    fn handle_binding(&mut self, now: Instant, client: Client, message: &Message<'_>) {
        let request = Request::read(message);
        if !self.may_answer_stranger(now, &client) {
            return self.drop_for(Dropped::Stranger);
        }
        let outcome = if request.unknown.is_empty() {
            Ok(Answer::Binding)
        } else {
            Err(Refusal::Unknown(request.unknown.clone()))
        };
        self.answer(client, message, &request, None, &outcome);
    }

    fn handle_request(&mut self, now: Instant, client: Client, message: &Message<'_>) {
        let request = Request::read(message);
        let (holder, key) = match self.authenticate(now, &client, message, &request) {
            Ok(proved) => proved,
            Err(_) if !self.may_answer_stranger(now, &client) => {
                return self.drop_for(Dropped::Stranger);
            }
            Err(refusal) => return self.answer(client, message, &request, None, &Err(refusal)),
        };
        let outcome = self.serve(&Asked { now, client, holder, message, request: &request });
        self.answer(client, message, &request, Some(&key), &outcome);
    }

    /// Whether the request proves that its sender has credentials of ours (RFC 8489 §9.2.4). The
    /// nonce comes first: it is the cheapest to check.
    fn authenticate(
        &self,
        now: Instant,
        client: &Client,
        message: &Message<'_>,
        request: &Request,
    ) -> Result<(Holder, IntegrityKey), Refusal> {
        let age_s = self.age(now).as_secs() as u32;
        let challenge = |refused| Refusal::Challenge(refused, self.nonces.issue(age_s, client));
        if !request.has_integrity {
            return Err(challenge(Refused::Unauthorized));
        }
        let (Some(username), Some(realm), Some(nonce)) =
            (&request.username, &request.realm, &request.nonce)
        else {
            return Err(Refused::BadRequest.into());
        };
        if !self.nonces.is_fresh(age_s, client, nonce.nonce()) {
            return Err(challenge(Refused::StaleNonce));
        }
        let unauthorized = || challenge(Refused::Unauthorized);
        if realm.realm() != self.config.realm {
            return Err(unauthorized());
        }
        let holder = Holder::parse(username.username()).ok_or_else(unauthorized)?;
        let key = self.issuer.integrity_key(username.username(), &self.config.realm);
        message.validate_integrity_with_key(&key).map_err(|_| unauthorized())?;
        let unix_s = self.unix_s(now);
        let latest_s = unix_s.saturating_add(self.config.limits.max_credential_s);
        let current = (unix_s + 1..=latest_s).contains(&holder.expires_unix_s);
        if !current || self.is_revoked(&holder) {
            return Err(unauthorized());
        }
        Ok((holder, key))
    }

    fn serve(&mut self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        if !asked.request.unknown.is_empty() {
            return Err(Refusal::Unknown(asked.request.unknown.clone()));
        }
        if asked.request.malformed {
            return Err(Refused::BadRequest.into());
        }
        match asked.message.method() {
            ALLOCATE => self.allocate(asked).map_err(Refusal::from),
            REFRESH => self.refresh(asked).map_err(Refusal::from),
            CREATE_PERMISSION => self.create_permission(asked).map_err(Refusal::from),
            _ => self.bind_channel(asked).map_err(Refusal::from),
        }
    }

    /// RFC 8656 §7.2.
    fn allocate(&mut self, asked: &Asked<'_>) -> Result<Answer, Refused> {
        if let Some(slot) = self.live(asked) {
            let made = self.table.get(slot).filter(|a| a.holder == asked.holder).map(|a| &a.made);
            // The answer was lost, and the client asks again: it gets the same one.
            return made
                .filter(|made| made.transaction == asked.message.transaction_id())
                .map(told)
                .ok_or(Refused::AllocationMismatch);
        }
        let families = self.wanted_families(asked.request)?;
        self.check_quotas(asked)?;
        let even = asked.request.even_port.is_some();
        let mut relayed = Vec::with_capacity(2);
        let mut failed = None;
        for family in families {
            let v4 = family == AddressFamily::IPV4;
            match self.table.draw(&mut self.rng, v4, even) {
                Some(address) => relayed.push(address),
                None if self.table.has_family(v4) => {
                    failed = Some((family, Refused::InsufficientCapacity));
                }
                None => failed = Some((family, Refused::FamilyNotSupported)),
            }
        }
        if let (true, Some((_, refused))) = (relayed.is_empty(), failed) {
            return Err(refused);
        }
        let made = Made {
            transaction: asked.message.transaction_id(),
            lifetime_s: self.lifetime_s(asked),
            relayed,
            failed,
        };
        let answer = told(&made);
        let limits = &self.config.limits;
        let allocation = Allocation::new(asked.now, asked.client, asked.holder, made, limits);
        self.table.insert(allocation);
        self.opened(&asked.holder, asked.client);
        Ok(answer)
    }

    /// Families of relayed addresses that an Allocate asks for, the first always to be served.
    fn wanted_families(&self, request: &Request) -> Result<Vec<AddressFamily>, Refused> {
        match request.transport {
            None => return Err(Refused::BadRequest),
            Some(RequestedTransport::UDP) => {}
            Some(_) => return Err(Refused::UnsupportedTransport),
        }
        let (one, second) = (request.family, request.additional_family);
        if request.has_reservation {
            // We reserve nothing, so no token is ours; but some requests contradict themselves.
            let clash = one.is_some() || second.is_some() || request.even_port.is_some();
            return Err(if clash { Refused::BadRequest } else { Refused::InsufficientCapacity });
        }
        let reserve = request.even_port.as_ref().is_some_and(|even| even.requested());
        let both = one.is_some() || request.bad_family;
        if second == Some(AddressFamily::IPV4) || second.is_some() && (both || reserve) {
            return Err(Refused::BadRequest);
        }
        if request.bad_family {
            return Err(Refused::FamilyNotSupported);
        }
        if reserve {
            return Err(Refused::InsufficientCapacity);
        }
        if second.is_some() {
            return Ok(vec![AddressFamily::IPV4, AddressFamily::IPV6]);
        }
        // Browsers name no family and mean whatever there is.
        let usual =
            if self.table.has_family(true) { AddressFamily::IPV4 } else { AddressFamily::IPV6 };
        let family = one.unwrap_or(usual);
        if !self.table.has_family(family == AddressFamily::IPV4) {
            return Err(Refused::FamilyNotSupported);
        }
        Ok(vec![family])
    }

    fn check_quotas(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        let (limits, holder) = (&self.config.limits, &asked.holder);
        let room = self.table.count_of_seat(holder.visit, holder.seat)
            < limits.allocations_per_seat
            && self.table.count_of_visit(holder.visit) < limits.allocations_per_visit as usize
            && self.table.count_of_address(asked.client.remote.ip())
                < limits.allocations_per_address
            && self.table.len() < limits.allocations as usize;
        if room { Ok(()) } else { Err(Refused::QuotaReached) }
    }

    /// RFC 8656 §8.2. A family that is named gives up that relayed address, or renews everything.
    fn refresh(&mut self, asked: &Asked<'_>) -> Result<Answer, Refused> {
        let slot = self.own(asked)?;
        if asked.request.bad_family {
            return Err(Refused::PeerFamilyMismatch);
        }
        let held = self.table.get(slot).map(|a| a.relayed.clone()).unwrap_or_default();
        let named = match asked.request.family {
            None => None,
            Some(family) => {
                let v4 = family == AddressFamily::IPV4;
                let address = held.iter().find(|address| address.is_ipv4() == v4);
                Some(*address.ok_or(Refused::PeerFamilyMismatch)?)
            }
        };
        if asked.request.lifetime_s != Some(0) {
            let lifetime_s = self.lifetime_s(asked);
            self.table.set_expiry(slot, asked.now + Duration::from_secs(lifetime_s.into()));
            return Ok(Answer::Refresh { lifetime_s });
        }
        match named {
            Some(address) if held.len() > 1 => self.table.release(slot, address),
            _ => self.close(slot, CloseReason::Refreshed),
        }
        Ok(Answer::Refresh { lifetime_s: 0 })
    }

    /// RFC 8656 §10.2: all of the peers, or none.
    fn create_permission(&mut self, asked: &Asked<'_>) -> Result<Answer, Refused> {
        let slot = self.own(asked)?;
        let peers = &asked.request.peers;
        if peers.is_empty() {
            return Err(Refused::BadRequest);
        }
        for peer in peers {
            self.check_peer(slot, asked, *peer)?;
        }
        let ips: Vec<_> = peers.iter().map(std::net::SocketAddr::ip).collect();
        let limits = &self.config.limits;
        let allocation = self.table.get_mut(slot).ok_or(Refused::AllocationMismatch)?;
        let full = |Full| Refused::InsufficientCapacity;
        allocation.permit(asked.now, &ips, limits).map_err(full)?;
        Ok(Answer::Done)
    }

    /// RFC 8656 §12.2.
    fn bind_channel(&mut self, asked: &Asked<'_>) -> Result<Answer, Refused> {
        let slot = self.own(asked)?;
        let number = asked.request.channel.filter(|n| CHANNEL_NUMBERS.contains(n));
        let peer = asked.request.peers.first().copied();
        let (Some(number), Some(peer)) = (number, peer) else { return Err(Refused::BadRequest) };
        self.check_peer(slot, asked, peer)?;
        let limits = &self.config.limits;
        let allocation = self.table.get_mut(slot).ok_or(Refused::AllocationMismatch)?;
        allocation.bind(asked.now, number, peer, limits).map_err(|error| match error {
            BindError::Taken => Refused::BadRequest,
            BindError::Full => Refused::InsufficientCapacity,
        })?;
        Ok(Answer::Done)
    }

    fn check_peer(
        &mut self,
        slot: Slot,
        asked: &Asked<'_>,
        peer: std::net::SocketAddr,
    ) -> Result<(), Refused> {
        if let Err(denied) = self.judge(asked.holder.visit, peer) {
            self.stats.count_denied(denied);
            return Err(Refused::Forbidden);
        }
        let reachable = self.table.get(slot).is_some_and(|a| a.relayed_for(peer).is_some());
        if reachable { Ok(()) } else { Err(Refused::PeerFamilyMismatch) }
    }

    /// The allocation of the client, if it has not run out by now.
    fn live(&mut self, asked: &Asked<'_>) -> Option<Slot> {
        let slot = self.table.of_client(&asked.client)?;
        if self.table.get(slot)?.expires_at <= asked.now {
            self.close(slot, CloseReason::Expired);
            return None;
        }
        Some(slot)
    }

    /// The same, if it belongs to these credentials (RFC 8656 §5).
    fn own(&mut self, asked: &Asked<'_>) -> Result<Slot, Refused> {
        let slot = self.live(asked).ok_or(Refused::AllocationMismatch)?;
        let ours = self.table.get(slot).is_some_and(|a| a.holder == asked.holder);
        if ours { Ok(slot) } else { Err(Refused::WrongCredentials) }
    }

    /// RFC 8656 §7.2: no shorter than usual, no longer than allowed; and never past the end of the
    /// credentials.
    fn lifetime_s(&self, asked: &Asked<'_>) -> u32 {
        let limits = &self.config.limits;
        let asked_s = asked.request.lifetime_s.unwrap_or(limits.lifetime_s);
        let granted_s = asked_s.clamp(limits.lifetime_s, limits.max_lifetime_s);
        let left_s = asked.holder.expires_unix_s.saturating_sub(self.unix_s(asked.now));
        granted_s.min(u32::try_from(left_s).unwrap_or(u32::MAX))
    }

    fn answer(
        &mut self,
        client: Client,
        message: &Message<'_>,
        request: &Request,
        key: Option<&IntegrityKey>,
        outcome: &Result<Answer, Refusal>,
    ) {
        if let Err(refusal) = outcome {
            self.stats.count_refused(refusal.reason());
        }
        let writer =
            Writer { message, request, remote: client.remote, realm: &self.config.realm, key };
        let written = match outcome {
            Ok(answer) => writer.success(answer),
            Err(refusal) => writer.error(refusal),
        };
        let to = To::Client { client, group: Slot::MAX };
        // An answer that cannot be written would be a fault of ours; the client asks again.
        if !written.is_ok_and(|bytes| self.outbox.push(to, &bytes)) {
            self.drop_for(Dropped::Outbox);
        }
    }
}

fn told(made: &Made) -> Answer {
    Answer::Allocate {
        relayed: made.relayed.clone(),
        lifetime_s: made.lifetime_s,
        failed: made.failed,
    }
}
