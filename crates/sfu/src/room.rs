//! One room: who is in it and who receives what of whom.

use std::time::Instant;

use slab::Slab;
use visit::{SeatId, Source};

use crate::command::Sources;
use crate::peer::{Peer, PeerKey, SlotPhase};
use crate::speaker::SpeakerWatch;

/// The transports of one visit, in the order in which they joined.
pub(crate) struct Room {
    pub peers: Vec<PeerKey>,
    /// What is muted, by seat. Outlives a replaced transport.
    pub muted: Vec<(SeatId, Sources)>,
    pub speaker: SpeakerWatch,
    pub next_judgement: Instant,
}

impl Room {
    /// An empty room.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            peers: Vec::new(),
            muted: Vec::new(),
            speaker: SpeakerWatch::default(),
            next_judgement: now,
        }
    }

    /// What the viewer should receive: every source that another seat may send now.
    pub(crate) fn wanted_by(&self, peers: &Slab<Peer>, viewer: PeerKey) -> Vec<(SeatId, Source)> {
        let mut wanted = Vec::new();
        for key in self.peers.iter().filter(|k| **k != viewer) {
            let Some(peer) = peers.get(*key) else { continue };
            for source in Source::ALL {
                if peer.rights.has(source) && (source != Source::Screen || peer.sharing) {
                    wanted.push((peer.seat, source));
                }
            }
        }
        wanted
    }

    /// The transport of a seat.
    pub(crate) fn peer_of(&self, peers: &Slab<Peer>, seat: SeatId) -> Option<PeerKey> {
        self.peers.iter().copied().find(|k| peers.get(*k).is_some_and(|p| p.seat == seat))
    }

    /// Connects live m-lines with the transports that feed them now, and tells publishers who
    /// watches. A line whose feeder changed starts a new feed.
    pub(crate) fn rebind(&self, peers: &mut Slab<Peer>) {
        for key in &self.peers {
            if let Some(peer) = peers.get_mut(*key) {
                peer.publications.iter_mut().for_each(|p| p.viewers.clear());
            }
        }
        for viewer in &self.peers {
            let slots = peers.get(*viewer).map_or(0, |p| p.slots.len());
            for index in 0..slots {
                let owner = {
                    let slot = &peers[*viewer].slots[index];
                    slot.owner.filter(|_| slot.phase == SlotPhase::Live)
                };
                let feeder = owner.and_then(|(seat, _)| self.peer_of(peers, seat));
                let slot = &mut peers[*viewer].slots[index];
                if slot.feeder != feeder {
                    slot.feeder = feeder;
                    slot.current = None;
                    slot.target = None;
                    slot.feed_ssrc = None;
                    slot.rewriter.change_feed();
                }
                if let (Some((_, source)), Some(feeder)) = (owner, feeder) {
                    peers[feeder].publication(source).viewers.push((*viewer, index));
                }
            }
        }
    }
}
