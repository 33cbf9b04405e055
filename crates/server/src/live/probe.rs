//! Trials: a media transport in an empty room of its own, so that somebody who was not let in yet can
//! find out which ways of audio and video work from where they are.
//!
//! A trial's room has one seat without any right to send, and nobody else ever joins it: there is
//! nothing in it to hear or see. Trials end by themselves, and there are never many of them.

use super::Core;
use crate::relay::Pass;
use auth::Prefix;
use protocol::{ErrorCode, IceServer};
use sfu::{Command, SfuEvent, Sources, TransportId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use visit::{SeatId, VisitId};

/// A trial ends after this long. Connecting takes a browser a few seconds where something is blocked.
pub const LIFE: Duration = Duration::from_secs(20);
/// Trials at once.
const MOST: usize = 128;
/// Trials at once of one network: a clinic's people may try behind one address.
const MOST_OF_A_NETWORK: usize = 16;
/// The forwarding unit makes an offer at once; longer means that it is stuck.
const OFFER_WITHIN: Duration = Duration::from_secs(5);

/// The trials that are under way.
#[derive(Default)]
pub struct Probes {
    trials: Mutex<HashMap<VisitId, Trial>>,
    count: watch::Sender<usize>,
}

struct Trial {
    transport: TransportId,
    /// For trying relays.
    pass: Pass,
    prefix: Prefix,
    /// Who waits for the offer.
    offer: Option<oneshot::Sender<String>>,
}

/// What a trial begins with.
pub struct Offered {
    /// Its room, by which the answer names it.
    pub room: VisitId,
    /// The offer (RFC 8866).
    pub sdp: String,
    /// Relays, with a right that ends with the trial.
    pub ice_servers: Vec<IceServer>,
}

impl Probes {
    /// How many there are, now and from now on.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<VisitId, Trial>> {
        self.trials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, room: VisitId, trial: Trial) -> Result<(), ErrorCode> {
        let mut trials = self.lock();
        let of_network = trials.values().filter(|other| other.prefix == trial.prefix).count();
        if trials.len() >= MOST || of_network >= MOST_OF_A_NETWORK {
            return Err(ErrorCode::TooFast);
        }
        trials.insert(room, trial);
        self.count.send_replace(trials.len());
        Ok(())
    }

    fn end(&self, room: VisitId) {
        let mut trials = self.lock();
        trials.remove(&room);
        self.count.send_replace(trials.len());
    }
}

impl Core {
    /// Takes an event of a trial; gives back what belongs to visits.
    pub(super) fn take_probe_event(&self, event: SfuEvent) -> Option<SfuEvent> {
        let room = super::media::visit_of(&event);
        let Some(room) = room.filter(|room| self.probes.lock().contains_key(room)) else {
            return Some(event);
        };
        match event {
            SfuEvent::Offer { sdp, .. } => {
                let mut trials = self.probes.lock();
                let waiting = trials.get_mut(&room).and_then(|trial| trial.offer.take());
                if let Some(waiting) = waiting {
                    // Who asked may have gone; the trial then ends by its time.
                    let _ = waiting.send(sdp);
                }
            }
            SfuEvent::Closed { .. } => self.end_probe(room),
            _ => {}
        }
        None
    }

    /// Begins a trial on the media port `port` (any if it is none of ours) and gives its offer.
    ///
    /// # Errors
    /// [`ErrorCode::TooFast`] when there are too many, [`ErrorCode::Internal`] when the forwarding unit
    /// does not keep up.
    pub async fn begin_probe(
        self: &Arc<Self>,
        prefix: Prefix,
        port: Option<u16>,
    ) -> Result<Offered, ErrorCode> {
        let room = self.room_on(port);
        let pass = self.relays.pass(room);
        let (transport, seat) = (TransportId(self.next_transport()), self.fresh(SeatId::new));
        let (offer, offered) = oneshot::channel();
        self.probes.begin(room, Trial { transport, pass, prefix, offer: Some(offer) })?;
        let core = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(LIFE).await;
            core.end_probe(room);
        });
        let (rights, muted) = (Sources::NONE, Sources::NONE);
        let join = Command::Join { visit: room, seat, transport, rights, muted };
        let joined = self.sfu.send(join);
        match tokio::time::timeout(OFFER_WITHIN, offered).await {
            Ok(Ok(sdp)) if joined.is_ok() => {
                Ok(Offered { room, sdp, ice_servers: self.relays.ice_servers(&pass) })
            }
            _ => {
                self.end_probe(room);
                Err(ErrorCode::Internal)
            }
        }
    }

    /// Passes the answer of a trial on. One that has ended has no use for it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] for a trial that is over, [`ErrorCode::Internal`] when the forwarding unit
    /// does not keep up.
    pub fn answer_probe(&self, room: VisitId, sdp: String) -> Result<(), ErrorCode> {
        let transport = self.probes.lock().get(&room).map(|trial| trial.transport);
        let transport = transport.ok_or(ErrorCode::NotFound)?;
        let answer = Command::Answer { visit: room, transport, generation: 1, sdp };
        self.sfu.send(answer).map_err(|_| ErrorCode::Internal)
    }

    fn end_probe(&self, room: VisitId) {
        let pass = self.probes.lock().get(&room).map(|trial| trial.pass);
        if let Some(pass) = pass {
            self.relays.revoke(&pass);
            self.probes.end(room);
            // A unit that takes no commands ends silent transports by itself.
            let _ = self.sfu.send(Command::CloseVisit { visit: room });
        }
    }

    /// A fresh room whose media goes over `port`.
    fn room_on(&self, port: Option<u16>) -> VisitId {
        let ports = self.sfu.ports();
        let mut room = self.fresh(VisitId::new);
        if let Some(port) = port.filter(|port| ports.contains(port)) {
            // Each draw hits one of at most 64 ports by chance.
            while self.sfu.port_of(room) != port {
                room = self.fresh(VisitId::new);
            }
        }
        room
    }
}
