//! What the server's commands do to a shard.

use std::time::Instant;

use visit::{SeatId, Source, VisitId};

use crate::command::{CloseCode, Command, RefusalCode, SfuEvent, Sources, Tile, TransportId};
use crate::negotiate::{self, AnswerError};
use crate::peer::{Peer, PeerInit, PeerKey};
use crate::refused::RefusedWires;
use crate::room::Room;
use crate::shard::{Shard, guarded};

/// Most tiles read from one `View`.
const MAX_TILES: usize = 64;

impl Shard {
    /// Carries out one command. Call [`Shard::flush`] afterwards.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Join { visit, seat, transport, rights, muted } => {
                self.join(now, visit, seat, transport, rights, muted);
            }
            Command::Answer { visit, transport, generation, sdp } => {
                if let Some(key) = self.find(visit, transport) {
                    self.answer(now, key, generation, &sdp);
                }
            }
            Command::RestartIce { visit, transport } => {
                if let Some(key) = self.find(visit, transport) {
                    let peer = &mut self.peers[key];
                    peer.negotiation.restart_wanted = true;
                    if peer.connected {
                        peer.refused.forget();
                    }
                    self.repeat_offer(key);
                    self.settle(now, visit);
                }
            }
            Command::RepeatOffer { visit, transport } => {
                if let Some(key) = self.find(visit, transport) {
                    self.repeat_offer(key);
                }
            }
            Command::SetMuted { visit, seat, source, muted } => {
                self.set_muted(now, visit, seat, source, muted);
            }
            Command::Share { visit, transport, on } => {
                if let Some(key) = self.find(visit, transport) {
                    self.share(now, key, on);
                }
            }
            Command::View { visit, transport, tiles } => {
                if let Some(key) = self.find(visit, transport) {
                    self.view(now, key, tiles);
                }
            }
            Command::Pictures { visit, transport, pictures } => {
                if let Some(key) = self.find(visit, transport) {
                    self.peers[key].pictures = pictures;
                    self.allocate(now, key);
                }
            }
            Command::Leave { visit, transport } => {
                if let Some(key) = self.find(visit, transport) {
                    self.close_and_settle(now, key, CloseCode::Left);
                }
            }
            Command::CloseVisit { visit } => {
                let keys = self.rooms.remove(&visit).map(|r| r.peers).unwrap_or_default();
                for key in keys {
                    self.close(now, key, CloseCode::VisitClosed);
                }
            }
        }
    }

    /// A transport, if it is in that room.
    fn find(&self, visit: VisitId, transport: TransportId) -> Option<PeerKey> {
        let key = *self.transports.get(&transport)?;
        (self.peers.get(key)?.visit == visit).then_some(key)
    }

    fn join(
        &mut self,
        now: Instant,
        visit: VisitId,
        seat: SeatId,
        transport: TransportId,
        rights: Sources,
        muted: Sources,
    ) {
        let refuse = |shard: &mut Self, code| {
            shard.events.push_back(SfuEvent::Closed { visit, seat, transport, code });
        };
        if self.transports.contains_key(&transport) {
            return refuse(self, CloseCode::DuplicateTransport);
        }
        let room = self.rooms.entry(visit).or_insert_with(|| Room::new(now));
        let old = room.peer_of(&self.peers, seat);
        if old.is_none() && room.peers.len() >= self.max_people {
            return refuse(self, CloseCode::RoomFull);
        }
        room.muted.retain(|(s, _)| *s != seat);
        room.muted.push((seat, muted));
        let mut refused = RefusedWires::default();
        if let Some(old) = old {
            if let Some(peer) = self.peers.get_mut(old) {
                refused = std::mem::take(&mut peer.refused).next(peer.last_heard, peer.connected);
            }
            self.close(now, old, CloseCode::Replaced);
        }
        let init = PeerInit {
            now,
            visit,
            seat,
            transport,
            rights,
            muted,
            crypto: self.crypto.clone(),
            certificate: self.certificate.clone(),
            candidates: &self.candidates,
            home: self.home,
            refused,
        };
        let Some(peer) = guarded(|| Peer::new(init)) else {
            self.stats.panics += 1;
            refuse(self, CloseCode::Internal);
            return self.settle(now, visit);
        };
        let ufrag = peer.negotiation.ufrag.clone();
        let key = self.peers.insert(peer);
        self.transports.insert(transport, key);
        self.demux.add_ufrag(ufrag, key);
        if let Some(room) = self.rooms.get_mut(&visit) {
            room.peers.push(key);
        }
        tracing::info!(?visit, "transport joined");
        self.settle(now, visit);
        self.touch(key);
    }

    fn answer(&mut self, now: Instant, key: PeerKey, generation: u32, sdp: &str) {
        let peer = &mut self.peers[key];
        let (visit, transport) = (peer.visit, peer.transport);
        match guarded(|| negotiate::accept(peer, generation, sdp)) {
            Some(Ok(accepted)) => {
                if let Some(old) = accepted.old_ufrag {
                    let new = self.peers[key].negotiation.ufrag.clone();
                    self.demux.remove_ufrag(&old);
                    self.demux.add_ufrag(new, key);
                }
                self.touch(key);
                self.settle(now, visit);
            }
            Some(Err(AnswerError::Refused(code))) => self.refuse(visit, transport, code),
            Some(Err(AnswerError::Broken)) => {
                self.refuse(visit, transport, RefusalCode::AnswerMismatch);
                self.close_and_settle(now, key, CloseCode::BadAnswer);
            }
            None => self.panicked(now, key),
        }
    }

    fn set_muted(
        &mut self,
        now: Instant,
        visit: VisitId,
        seat: SeatId,
        source: Source,
        muted: bool,
    ) {
        let Some(room) = self.rooms.get_mut(&visit) else { return };
        let Some((_, set)) = room.muted.iter_mut().find(|(s, _)| *s == seat) else { return };
        set.set(source, muted);
        if source == Source::Mic && muted {
            room.speaker.forget(seat);
        }
        let Some(key) = room.peer_of(&self.peers, seat) else { return };
        self.peers[key].muted.set(source, muted);
        if muted {
            // Packets of the running batch came in before the command but must not leave after it.
            self.batch.retain(|i| !(i.from == key && i.source == source));
            self.forget_recent(key, source);
        }
        self.restart_feeds(now, key, source);
    }

    /// What was sent before a mute is not shown to anybody after it.
    fn forget_recent(&mut self, key: PeerKey, source: Source) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.publication(source).layers.iter_mut().for_each(|l| l.recent.forget());
        }
    }

    /// After a gap viewers start a new feed: sound at once, video with a keyframe.
    fn restart_feeds(&mut self, now: Instant, key: PeerKey, source: Source) {
        let viewers = self.peers[key].publication(source).viewers.clone();
        for (viewer, index) in viewers {
            if let Some(slot) = self.peers.get_mut(viewer).and_then(|p| p.slots.get_mut(index)) {
                slot.rewriter.change_feed();
                slot.current = None;
                slot.target = None;
            }
            self.allocate(now, viewer);
        }
    }

    fn share(&mut self, now: Instant, key: PeerKey, on: bool) {
        let peer = &mut self.peers[key];
        let (visit, transport) = (peer.visit, peer.transport);
        if on && !peer.rights.screen {
            return self.refuse(visit, transport, RefusalCode::NoRight);
        }
        if peer.sharing != on {
            peer.sharing = on;
            self.batch.retain(|i| !(i.from == key && i.source == Source::Screen));
            self.forget_recent(key, Source::Screen);
            self.settle(now, visit);
        }
    }

    fn view(&mut self, now: Instant, key: PeerKey, mut tiles: Vec<Tile>) {
        tiles.truncate(MAX_TILES);
        tiles.retain(|t| t.source != Source::Mic);
        self.peers[key].tiles = Some(tiles);
        self.allocate(now, key);
    }

    fn repeat_offer(&mut self, key: PeerKey) {
        let peer = &self.peers[key];
        if let Some(open) = &peer.negotiation.open {
            self.events.push_back(SfuEvent::Offer {
                visit: peer.visit,
                seat: peer.seat,
                transport: peer.transport,
                generation: peer.negotiation.generation,
                sdp: open.sdp.clone(),
                tracks: open.tracks.clone(),
            });
        }
    }

    /// Brings a room into order after somebody or something came or went: offers where something is
    /// to be negotiated, feeds where something is live. Forgets an empty room.
    pub(crate) fn settle(&mut self, now: Instant, visit: VisitId) {
        let Some(room) = self.rooms.get(&visit) else { return };
        let members = room.peers.clone();
        if members.is_empty() {
            self.rooms.remove(&visit);
            return;
        }
        let mut failed = Vec::new();
        for key in &members {
            let Some(room) = self.rooms.get(&visit) else { return };
            let wanted = room.wanted_by(&self.peers, *key);
            let seed = self.random();
            let Some(peer) = self.peers.get_mut(*key) else { continue };
            let mut random = seed;
            let next = || {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                random ^ (random >> 33)
            };
            match guarded(|| negotiate::offer(peer, now, &wanted, next)) {
                Some(true) => {
                    self.stats.offers += 1;
                    self.repeat_offer(*key);
                    self.touch(*key);
                }
                Some(false) => {}
                None => failed.push(*key),
            }
        }
        if let Some(room) = self.rooms.get(&visit) {
            room.rebind(&mut self.peers);
        }
        for key in &members {
            self.allocate(now, *key);
        }
        for key in failed {
            self.panicked(now, key);
        }
    }
}
