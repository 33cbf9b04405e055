//! Between the visit and the forwarding unit: who gets a transport, what they may send, and what
//! the forwarding unit reports.

use super::actor::Task;
use super::quality::Present;
use crate::relay::Pass;
use protocol::{ClientMessage, Direction, ErrorCode, QualityReport, ServerMessage, TrackLine};
use sfu::{Sfu, SfuEvent, Sources, Tile, TransportId};
use std::collections::HashSet;
use telemetry::input::RawTransport;
use visit::permission::permits;
use visit::{Action, Actor, Command, Pictures, SeatId, SeatState, Sending, Source, VisitId};

/// One person's transport.
pub(super) struct Media {
    pub id: TransportId,
    pub connected: bool,
    /// The page that held it is gone: the next page gets a new one.
    pub orphaned: bool,
    sharing: bool,
    /// Pictures that the forwarding unit leaves out, because the path to this person is narrow.
    paused: HashSet<(SeatId, Source)>,
    /// The page leaves out the camera, because the path from this person is narrow.
    pub camera_rests: bool,
    /// What the page may use relays with.
    pass: Pass,
}

/// The visit that an event is about.
pub(super) const fn visit_of(event: &SfuEvent) -> Option<VisitId> {
    match event {
        SfuEvent::Offer { visit, .. }
        | SfuEvent::Connected { visit, .. }
        | SfuEvent::Silent { visit, .. }
        | SfuEvent::Heard { visit, .. }
        | SfuEvent::Closed { visit, .. }
        | SfuEvent::ActiveSpeaker { visit, .. }
        | SfuEvent::Quality { visit, .. }
        | SfuEvent::FirstMedia { visit, .. }
        | SfuEvent::VideoPaused { visit, .. }
        | SfuEvent::Refused { visit, .. } => Some(*visit),
    }
}

fn tell(sfu: &Sfu, command: sfu::Command) {
    if sfu.send(command).is_err() {
        tracing::error!("the forwarding unit does not keep up with commands");
    }
}

impl Task {
    fn media_tell(&self, command: sfu::Command) {
        tell(&self.core.sfu, command);
    }

    /// Gives an admitted person a transport, unless their page resumes the one it has.
    pub(super) fn open_media(&mut self, seat: SeatId) {
        match self.state.media.get(&seat) {
            Some(media) if !media.orphaned => return,
            // The page that had this one is gone, and its right with it.
            Some(media) => self.core.relays.revoke(&media.pass),
            None => {}
        }
        self.give_transport(seat, self.core.relays.pass(self.state.relay_visit));
    }

    fn give_transport(&mut self, seat: SeatId, pass: Pass) {
        let Some(person) = self.state.visit.seat(seat) else { return };
        let may = |action| permits(person.role, person.state, action);
        let rights = Sources {
            mic: may(Action::PublishMic),
            camera: may(Action::PublishCamera),
            screen: may(Action::ShareScreen),
        };
        let (lets_out, pictures) = (person.lets_out(), person.pictures);
        let held = self.goes_directly(seat);
        let muted =
            Sources { mic: held || !lets_out.mic, camera: held || !lets_out.camera, screen: false };
        let transport = TransportId(self.core.next_transport());
        let media = Media {
            id: transport,
            connected: false,
            orphaned: false,
            sharing: false,
            paused: HashSet::new(),
            camera_rests: false,
            pass,
        };
        self.state.media.insert(seat, media);
        self.state.quality.forget(seat);
        let visit = self.state.visit.id;
        self.media_tell(sfu::Command::Join { visit, seat, transport, rights, muted });
        self.apply_pictures(seat, pictures);
    }

    /// Which pictures a person is sent, enforced where packets leave.
    pub(super) fn apply_pictures(&self, seat: SeatId, pictures: Pictures) {
        if let Some(media) = self.state.media.get(&seat) {
            let (visit, transport) = (self.state.visit.id, media.id);
            self.media_tell(sfu::Command::Pictures { visit, transport, pictures });
        }
    }

    /// Takes the transport away.
    pub(super) fn close_media(&mut self, seat: SeatId) {
        if let Some(media) = self.state.media.remove(&seat) {
            self.core.relays.revoke(&media.pass);
            self.state.quality.forget(seat);
            let visit = self.state.visit.id;
            self.media_tell(sfu::Command::Leave { visit, transport: media.id });
            // Who comes back has new pictures, and those begin unpaused.
            self.state.media.values_mut().for_each(|m| m.paused.retain(|(of, _)| *of != seat));
        }
    }

    /// The visit is over: nobody has media.
    pub(super) fn close_room(&mut self) {
        if !self.state.media.is_empty() {
            self.core.relays.revoke_visit(self.state.relay_visit);
        }
        self.state.media.clear();
        self.media_tell(sfu::Command::CloseVisit { visit: self.state.visit.id });
    }

    /// The same page is back on a new socket: its media went on meanwhile.
    pub(super) async fn resume_media(&mut self, seat: SeatId) {
        let Some(media) = self.state.media.get(&seat) else { return };
        let (transport, connected) = (media.id, media.connected);
        // An offer or answer may have been lost with the old socket.
        let visit = self.state.visit.id;
        self.media_tell(sfu::Command::RepeatOffer { visit, transport });
        // So may a word on pictures that rest: the page begins with none.
        for (whose, source) in &media.paused {
            let paused = ServerMessage::VideoPaused { seat: *whose, source: *source, paused: true };
            self.send(seat, paused);
        }
        if connected {
            self.system(Actor::Media, Command::MediaUp(seat)).await;
        }
    }

    /// Gives fresh rights to use relays before those run out. A relay takes them for a new path
    /// only, so each page looks for one.
    pub(super) fn renew_passes(&mut self) {
        let relays = &self.core.relays;
        let due = self.state.media.values_mut().filter(|m| relays.is_due(&m.pass));
        let transports = due.map(|media| {
            relays.renew(&mut media.pass);
            media.id
        });
        let visit = self.state.visit.id;
        for transport in transports {
            tell(&self.core.sfu, sfu::Command::RestartIce { visit, transport });
        }
    }

    /// What a person may send, enforced where packets enter.
    pub(super) fn apply_sending(&mut self, seat: SeatId, sending: Sending) {
        if !sending.screen {
            let gone = (seat, Source::Screen);
            for media in self.state.media.values_mut() {
                media.paused.remove(&gone);
            }
        }
        let visit = self.state.visit.id;
        let held = self.goes_directly(seat);
        for source in [Source::Mic, Source::Camera] {
            let muted = held || !sending.has(source);
            self.media_tell(sfu::Command::SetMuted { visit, seat, source, muted });
        }
        if let Some(media) = self.state.media.get_mut(&seat)
            && media.sharing != sending.screen
        {
            media.sharing = sending.screen;
            let (transport, on) = (media.id, sending.screen);
            self.media_tell(sfu::Command::Share { visit, transport, on });
        }
    }

    /// What a page says about its media.
    pub(super) fn media_message(
        &mut self,
        seat: SeatId,
        message: ClientMessage,
    ) -> Result<(), ErrorCode> {
        let visit = self.state.visit.id;
        let Some(media) = self.state.media.get_mut(&seat) else {
            return Err(ErrorCode::WrongState);
        };
        let transport = media.id;
        match message {
            ClientMessage::Answer { generation, sdp } => {
                self.media_tell(sfu::Command::Answer { visit, transport, generation, sdp });
            }
            ClientMessage::RestartIce {} => {
                self.core.relays.renew(&mut media.pass);
                self.media_tell(sfu::Command::RestartIce { visit, transport });
            }
            ClientMessage::NewTransport {} => {
                // The same page, so the same right; but it may have been given long ago.
                let mut pass = media.pass;
                self.core.relays.renew(&mut pass);
                let camera_rests = media.camera_rests;
                self.give_transport(seat, pass);
                if let Some(media) = self.state.media.get_mut(&seat) {
                    // Everybody was told so, and it is the page that knows better.
                    media.camera_rests = camera_rests;
                }
                if let Some(person) = self.state.visit.seat(seat) {
                    self.apply_sending(seat, person.lets_out());
                }
            }
            ClientMessage::View { tiles } => {
                let px = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
                let tiles = tiles
                    .into_iter()
                    .map(|t| Tile {
                        seat: t.seat,
                        source: t.source,
                        width_px: px(t.width_px),
                        height_px: px(t.height_px),
                        pinned: t.pinned,
                    })
                    .filter(|t| t.width_px > 0 && t.height_px > 0)
                    .collect();
                self.media_tell(sfu::Command::View { visit, transport, tiles });
            }
            ClientMessage::Quality { report } => return self.page_measured(seat, &report),
            _ => return Err(ErrorCode::BadMessage),
        }
        Ok(())
    }

    /// What the forwarding unit reports.
    pub(super) async fn media_event(&mut self, event: SfuEvent) {
        // Events of a transport that was replaced meanwhile are about nobody.
        let current = |seat: &SeatId, transport: &TransportId| {
            self.state.media.get(seat).is_some_and(|m| m.id == *transport)
        };
        match event {
            SfuEvent::Offer { seat, transport, generation, sdp, tracks, .. }
                if current(&seat, &transport) =>
            {
                let tracks = tracks.into_iter().map(track_line).collect();
                let pass = self.state.media.get(&seat).map(|m| m.pass);
                let ice_servers = pass.map_or_else(Vec::new, |p| self.core.relays.ice_servers(&p));
                let transport = transport.0;
                let offer =
                    ServerMessage::Offer { transport, generation, sdp, tracks, ice_servers };
                self.send(seat, offer);
            }
            SfuEvent::Connected { seat, transport, .. } if current(&seat, &transport) => {
                if let Some(media) = self.state.media.get_mut(&seat) {
                    media.connected = true;
                }
                self.send(seat, ServerMessage::MediaUp { transport: transport.0 });
                self.system(Actor::Media, Command::MediaUp(seat)).await;
            }
            SfuEvent::Silent { seat, transport, .. } if current(&seat, &transport) => {
                self.state.quality.silent(seat, true);
                self.tell_quality();
            }
            SfuEvent::Heard { seat, transport, silent_ms, .. } if current(&seat, &transport) => {
                self.core.calls.gap(silent_ms);
                self.state.quality.silent(seat, false);
                self.tell_quality();
            }
            SfuEvent::Closed { seat, transport, code, .. } if current(&seat, &transport) => {
                tracing::info!(visit = ?self.state.visit.id, ?code, "a media transport ended");
                if let Some(media) = self.state.media.remove(&seat) {
                    self.core.relays.revoke(&media.pass);
                }
                self.transport_ended(seat).await;
            }
            SfuEvent::ActiveSpeaker { seat, .. } => {
                let inside: Vec<SeatId> = self.state.visit.inside().map(|s| s.id).collect();
                for to in inside {
                    self.send(to, ServerMessage::Speaking { seat });
                }
            }
            SfuEvent::Quality { seat, transport, .. } if current(&seat, &transport) => {
                if let Some(raw) = transport_of(&event) {
                    let now = self.core.clock.now();
                    self.state.quality.see(now, seat, &raw, &self.core.calls);
                    self.tell_quality();
                }
            }
            SfuEvent::VideoPaused { viewer, transport, seat, source, paused, .. }
                if current(&viewer, &transport) =>
            {
                self.send(viewer, ServerMessage::VideoPaused { seat, source, paused });
                self.note_paused(viewer, (seat, source), paused);
            }
            SfuEvent::Refused { visit, transport, code } => {
                tracing::warn!(?visit, ?code, "a media command was refused");
                let seat =
                    self.state.media.iter().find(|(_, m)| m.id == transport).map(|(s, _)| *s);
                if let Some(seat) = seat {
                    let error = refusal(code).into();
                    self.send(seat, ServerMessage::Error { error, reply_to: None });
                }
            }
            _ => {}
        }
    }

    /// A transport died under a person who is still here: they get a new one.
    async fn transport_ended(&mut self, seat: SeatId) {
        let connected = self.state.visit.seat(seat).and_then(|s| s.connection);
        self.system(Actor::Media, Command::MediaLost(seat)).await;
        if let Some(connection) = connected {
            self.system(Actor::System, Command::Connect { seat, connection }).await;
        }
    }

    /// Everybody sees on whose way pictures are left out.
    fn note_paused(&mut self, viewer: SeatId, picture: (SeatId, Source), paused: bool) {
        let before = self.is_narrow(viewer);
        let Some(media) = self.state.media.get_mut(&viewer) else { return };
        if paused {
            media.paused.insert(picture);
        } else {
            media.paused.remove(&picture);
        }
        if self.is_narrow(viewer) != before {
            self.broadcast_room();
        }
    }

    /// Whether pictures are left out on the way to this person so that the sound stays good.
    pub(super) fn is_narrow(&self, viewer: SeatId) -> bool {
        let sent = |(seat, source): &(SeatId, Source)| {
            let seat = self.state.visit.seat(*seat);
            seat.is_some_and(|s| s.state.is_inside() && s.lets_out().has(*source))
        };
        self.state.media.get(&viewer).is_some_and(|m| m.paused.iter().any(sent))
    }

    /// What a page measured.
    fn page_measured(&mut self, seat: SeatId, report: &QualityReport) -> Result<(), ErrorCode> {
        let (now, present) = (self.core.clock.now(), self.present());
        self.state.quality.hear(now, seat, report, &present, &self.core.calls)?;
        self.tell_quality();
        let rests = report.camera.is_some_and(|camera| camera.rests == Some(true));
        if let Some(media) = self.state.media.get_mut(&seat)
            && std::mem::replace(&mut media.camera_rests, rests) != rests
        {
            self.broadcast_room();
        }
        Ok(())
    }

    /// Everybody inside who is here.
    fn present(&self) -> Vec<Present> {
        let here = self.state.visit.inside().filter(|s| s.state != SeatState::Away);
        here.map(|s| Present { seat: s.id, sending: s.lets_out() }).collect()
    }

    /// Tells whoever may know how everybody's call is.
    fn tell_quality(&self) {
        let now = self.core.clock.now();
        let has =
            |s: &visit::Seat| s.state != SeatState::Away && self.state.media.contains_key(&s.id);
        let inside: Vec<(SeatId, bool)> =
            self.state.visit.inside().map(|s| (s.id, has(s))).collect();
        let links = self.state.quality.links(now, &inside);
        let directions = self.state.quality.directions(now, &self.present());
        for to in self.state.visit.inside() {
            if permits(to.role, to.state, Action::SeeQuality) {
                let (links, directions) = (links.clone(), directions.clone());
                self.send(to.id, ServerMessage::Quality { links, directions });
            }
        }
    }
}

/// The figures of a quality event of the forwarding unit.
fn transport_of(event: &SfuEvent) -> Option<RawTransport> {
    let SfuEvent::Quality {
        uplink_loss_pct,
        downlink_loss_pct,
        rtt_ms,
        estimate_bps,
        wanted_bps,
        uplink_jitter_ms,
        loop_lag_ms,
        age_ms,
        ..
    } = event
    else {
        return None;
    };
    let figure = |f: &Option<f32>| f.map(f64::from);
    Some(RawTransport {
        uplink_loss_pct: figure(uplink_loss_pct),
        uplink_jitter_ms: figure(uplink_jitter_ms),
        downlink_loss_pct: figure(downlink_loss_pct),
        rtt_ms: figure(rtt_ms),
        downlink_estimate_bps: estimate_bps.map(|b| b as f64),
        downlink_wanted_bps: wanted_bps.map(|b| b as f64),
        loop_lag_ms: Some(f64::from(*loop_lag_ms)),
        age_ms: Some(*age_ms as f64),
        silent: false,
    })
}

fn track_line(line: sfu::TrackLine) -> TrackLine {
    TrackLine {
        mid: line.mid,
        seat: line.seat,
        source: line.source,
        direction: match line.direction {
            sfu::Direction::Send => Direction::Send,
            sfu::Direction::Receive => Direction::Receive,
        },
    }
}

const fn refusal(code: sfu::RefusalCode) -> ErrorCode {
    match code {
        sfu::RefusalCode::WrongGeneration => ErrorCode::StaleAnswer,
        sfu::RefusalCode::NoRight => ErrorCode::NotAllowed,
        _ => ErrorCode::BadSdp,
    }
}
