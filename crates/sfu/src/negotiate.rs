//! Offers and answers of one transport.
//!
//! The server always offers; the client only answers. At most one exchange is open. Whatever changes
//! meanwhile is only noted, and the next offer is made from what is wanted then, so a burst of joins
//! costs one exchange and nothing depends on the order of events.
//!
//! M-lines are never added while one of the same kind is free: an m-line whose track went is offered
//! as inactive and, once that is answered, takes the next track of its kind. So the description grows
//! with the most tracks at a time, not with the number of tracks that ever were.

use std::time::Instant;

use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, Reliability};
use str0m::media::{Direction as RtpDirection, MediaKind, Simulcast, SimulcastLayer};
use visit::{SeatId, Source};

use crate::command::{Direction, RefusalCode, TrackLine};
use crate::config::rids;
use crate::forward::Rewriter;
use crate::peer::{Peer, Slot, SlotPhase};
use crate::sdp_guard;

/// An offer that waits for its answer.
pub(crate) struct OpenOffer {
    pub sdp: String,
    pub tracks: Vec<TrackLine>,
    pub since: Instant,
    pending: SdpPendingOffer,
    restarts_ice: bool,
}

/// The negotiation of one transport.
pub(crate) struct Negotiation {
    /// Generation of the last offer made.
    pub generation: u32,
    pub open: Option<OpenOffer>,
    /// An ICE restart was asked for.
    pub restart_wanted: bool,
    /// The user fragment by which clients' checks find this transport.
    pub ufrag: String,
}

/// What an accepted answer changed.
pub(crate) struct Accepted {
    /// The user fragment that is no longer used, after an ICE restart.
    pub old_ufrag: Option<String>,
}

/// Why an answer was not accepted.
pub(crate) enum AnswerError {
    /// Nothing was changed; the offer stays open.
    Refused(RefusalCode),
    /// The exchange is lost and with it the transport.
    Broken,
}

fn channel_config() -> ChannelConfig {
    ChannelConfig {
        label: "bedside".to_owned(),
        ordered: false,
        reliability: Reliability::MaxRetransmits { retransmits: 0 },
        negotiated: Some(0),
        protocol: String::new(),
    }
}

impl Negotiation {
    /// No offer yet.
    pub(crate) fn new(rtc: &mut Rtc) -> Self {
        Self {
            generation: 0,
            open: None,
            restart_wanted: false,
            ufrag: rtc.direct_api().local_ice_credentials().ufrag,
        }
    }
}

/// Makes the next offer if anything differs from what was negotiated. `wanted` are the tracks that
/// this viewer should receive. `random` seeds the rewriters of new m-lines.
pub(crate) fn offer(
    peer: &mut Peer,
    now: Instant,
    wanted: &[(SeatId, Source)],
    mut random: impl FnMut() -> u64,
) -> bool {
    if peer.negotiation.open.is_some() {
        return false;
    }
    let Peer { rtc, negotiation, publications, slots, rights, sharing, channel, home, .. } = peer;
    let mut api = rtc.sdp_api();

    // The channel comes first: the first m-line carries the candidates and never goes away.
    channel.get_or_insert_with(|| api.add_channel_with_config(channel_config()));
    for source in Source::ALL {
        let publication = &mut publications[source as usize];
        let active = rights.has(source) && (source != Source::Screen || *sharing);
        if active == publication.active {
            continue;
        }
        publication.active = active;
        publication.first_packet = None;
        match publication.mid {
            Some(mid) if active => api.set_direction(mid, RtpDirection::RecvOnly),
            Some(mid) => api.set_direction(mid, RtpDirection::Inactive),
            None => {
                let kind = kind_of(source);
                let simulcast = (!rids(source).is_empty()).then(|| layers_of(source));
                publication.mid =
                    Some(api.add_media(kind, RtpDirection::RecvOnly, None, None, simulcast));
            }
        }
    }
    for slot in slots.iter_mut() {
        let gone = slot.owner.is_some_and(|owner| !wanted.contains(&owner));
        if gone {
            api.set_direction(slot.mid, RtpDirection::Inactive);
            slot.retire();
        }
    }
    for (seat, source) in wanted {
        if slots.iter().any(|s| s.owner == Some((*seat, *source))) {
            continue;
        }
        let audio = *source == Source::Mic;
        let free = slots.iter_mut().find(|s| s.phase == SlotPhase::Free && s.audio == audio);
        if let Some(slot) = free {
            api.set_direction(slot.mid, RtpDirection::SendOnly);
            slot.owner = Some((*seat, *source));
            slot.phase = SlotPhase::Offered;
            slot.rewriter.change_feed();
        } else {
            let mid = api.add_media(kind_of(*source), RtpDirection::SendOnly, None, None, None);
            slots.push(Slot::new(mid, audio, (*seat, *source), random()));
        }
    }
    let restarts_ice = std::mem::take(&mut negotiation.restart_wanted);
    if restarts_ice {
        api.ice_restart_with(home.credentials(), true);
    }
    let Some((offer, pending)) = api.apply() else { return false };
    negotiation.generation += 1;
    let tracks = track_lines(peer);
    peer.negotiation.open =
        Some(OpenOffer { sdp: offer.to_sdp_string(), tracks, since: now, pending, restarts_ice });
    true
}

/// Takes the client's answer.
pub(crate) fn accept(peer: &mut Peer, generation: u32, sdp: &str) -> Result<Accepted, AnswerError> {
    sdp_guard::check(sdp).map_err(AnswerError::Refused)?;
    if generation != peer.negotiation.generation {
        return Err(AnswerError::Refused(RefusalCode::WrongGeneration));
    }
    let Some(open) = peer.negotiation.open.take() else {
        return Err(AnswerError::Refused(RefusalCode::WrongGeneration));
    };
    let refuse = |peer: &mut Peer, open, code| {
        peer.negotiation.open = Some(open);
        Err(AnswerError::Refused(code))
    };
    let Ok(answer) = SdpAnswer::from_sdp_string(sdp) else {
        return refuse(peer, open, RefusalCode::SdpMalformed);
    };
    if !sdp_guard::fits(&open.sdp, sdp) {
        return refuse(peer, open, RefusalCode::AnswerMismatch);
    }
    if peer.rtc.sdp_api().accept_answer(open.pending, answer).is_err() {
        return Err(AnswerError::Broken);
    }

    for slot in &mut peer.slots {
        match slot.phase {
            SlotPhase::Retiring => slot.phase = SlotPhase::Free,
            SlotPhase::Offered => {
                slot.phase = SlotPhase::Live;
                slot.ssrc =
                    peer.rtc.direct_api().stream_tx_by_mid(slot.mid, None).map(|s| s.ssrc());
                let media = peer.rtc.media(slot.mid);
                slot.pts = media.map(|m| m.remote_pts().to_vec()).unwrap_or_default();
            }
            SlotPhase::Live | SlotPhase::Free => {}
        }
    }
    let mut old_ufrag = None;
    if open.restarts_ice {
        let ufrag = peer.rtc.direct_api().local_ice_credentials().ufrag;
        if ufrag != peer.negotiation.ufrag {
            old_ufrag = Some(std::mem::replace(&mut peer.negotiation.ufrag, ufrag));
        }
    }
    Ok(Accepted { old_ufrag })
}

fn kind_of(source: Source) -> MediaKind {
    match source {
        Source::Mic => MediaKind::Audio,
        Source::Camera | Source::Screen => MediaKind::Video,
    }
}

fn layers_of(source: Source) -> Simulcast {
    let mut simulcast = Simulcast::new();
    for rid in rids(source) {
        simulcast.add_recv_layer(SimulcastLayer::new(rid));
    }
    simulcast
}

fn track_lines(peer: &Peer) -> Vec<TrackLine> {
    let sent = Source::ALL.into_iter().filter_map(|source| {
        let publication = &peer.publications[source as usize];
        let mid = publication.mid.filter(|_| publication.active)?;
        Some(TrackLine {
            mid: mid.to_string(),
            seat: peer.seat,
            source,
            direction: Direction::Send,
        })
    });
    let received = peer.slots.iter().filter_map(|slot| {
        let (seat, source) = slot.owner?;
        Some(TrackLine { mid: slot.mid.to_string(), seat, source, direction: Direction::Receive })
    });
    sent.chain(received).collect()
}

impl Slot {
    fn new(mid: str0m::media::Mid, audio: bool, owner: (SeatId, Source), random: u64) -> Self {
        Self {
            mid,
            audio,
            phase: SlotPhase::Offered,
            owner: Some(owner),
            feeder: None,
            ssrc: None,
            pts: Vec::new(),
            rewriter: Rewriter::new(if audio { 48_000 } else { 90_000 }, random),
            current: None,
            target: None,
            feed_ssrc: None,
            paused: false,
        }
    }

    /// The track went: nothing is forwarded from now on.
    fn retire(&mut self) {
        self.phase = SlotPhase::Retiring;
        self.owner = None;
        self.feeder = None;
        self.current = None;
        self.target = None;
        self.feed_ssrc = None;
        self.paused = false;
    }
}
