//! How a page gets to its seat: who may open it, what is put on record, and what is said first.

use super::actor::{Conn, Task};
use super::input::{ConnOpen, Outgoing, SocketSender};
use crate::http::error::store_code;
use audit::{Event, Kind};
use protocol::server::YouBecause;
use protocol::{ErrorCode, ServerMessage};
use std::sync::Arc;
use store::SecretHash;
use tokio::sync::mpsc;
use visit::{Actor, Command, Role, SeatId};

impl Task {
    pub(super) async fn open(&mut self, open: ConnOpen) {
        let ConnOpen { seat, connection, sender, device, transport, chat_after, words } = open;
        let name = self.state.people.get(&seat).map(|row| row.person.name.as_str());
        let words = Arc::new(words.named(name.unwrap_or_default()));
        if let Err(code) = self.still_holds(seat, device).await {
            refuse(&sender, code.into());
            return;
        }
        let same_page =
            transport.is_some() && self.state.media.get(&seat).map(|m| m.id.0) == transport;
        if same_page {
            // The same page on a new socket: not a takeover, whatever became of the old one.
            if let Some(old) = self.state.conns.remove(&seat) {
                let _ = old.sender.try_send(Outgoing::Close);
                let connection = old.id;
                self.system(Actor::System, Command::Disconnect { seat, connection }).await;
            }
        } else if let Some(media) = self.state.media.get_mut(&seat) {
            media.orphaned = true;
        }
        let by = self.audit_actor(seat);
        let page = Conn { id: connection, sender: sender.clone(), chat_after, words };
        let result = self.connect(seat, by, page).await;
        if let Err(code) = result {
            let message = match (code, self.state.visit.state.is_final()) {
                (ErrorCode::VisitOver, true) => ServerMessage::Ended { reason: self.end_reason() },
                (ErrorCode::NotAllowed, _) => ServerMessage::Removed {},
                _ => code.into(),
            };
            refuse(&sender, message);
            return;
        }
        if same_page {
            self.resume_media(seat).await;
        }
        self.send_notes(seat).await;
        self.publish();
    }

    async fn connect(
        &mut self,
        seat: SeatId,
        by: audit::Actor,
        page: Conn,
    ) -> Result<(), ErrorCode> {
        let before = self.state.visit.seat(seat).map(|s| s.state);
        let was_inside = before.is_some_and(visit::SeatState::is_inside);
        // The welcome must be the first message, but only a stored step may be announced: so the
        // messages of the step are held back until the welcome is out.
        let (held, mut messages) = mpsc::channel(64);
        let Conn { id: connection, sender, chat_after, words } = page;
        let page = Conn { id: connection, sender: held, chat_after, words };
        let older = self.state.conns.insert(seat, page);
        let step = Command::Connect { seat, connection };
        let viewed = self.patients_viewed(seat, by);
        if let Err(code) = self.step_with(Actor::System, by, step, viewed).await {
            match older {
                Some(older) => {
                    self.state.conns.insert(seat, Conn { chat_after: 0, ..older });
                }
                None => {
                    self.state.conns.remove(&seat);
                }
            }
            return Err(code);
        }
        if let Some(Conn { sender: older, .. }) = older {
            let _ = older.try_send(Outgoing::Message(Box::new(ServerMessage::TakenOver {})));
            let _ = older.try_send(Outgoing::Close);
        }
        if let Some(conn) = self.state.conns.get_mut(&seat) {
            conn.sender = sender.clone();
        }
        self.send_welcome(seat);
        if let Some(now) = self.state.visit.seat(seat)
            && now.hold_expired
            && Some(now.state) == before
        {
            // Who moved by coming back is told with the move.
            let (state, because) = (now.state, Some(YouBecause::HoldExpired));
            self.send(seat, ServerMessage::You { state, because });
        }
        // A new page has not heard its place in the queue, however often an older one has.
        self.state.told_line.remove(&seat);
        if was_inside {
            self.send_chat_history(seat, chat_after).await;
        }
        while let Ok(message) = messages.try_recv() {
            let _ = sender.try_send(message);
        }
        Ok(())
    }

    /// Whether a guest's browser holds the seat still. Asked here, where fresh links are told too,
    /// so that no socket of an older link can slip in between.
    async fn still_holds(&self, seat: SeatId, device: Option<SecretHash>) -> Result<(), ErrorCode> {
        let Some(device) = device else { return Ok(()) };
        let v = &self.state.visit;
        let mut reader = self.core.store.read(v.org).await.map_err(|e| store_code(&e))?;
        let bound = reader.is_bound(device, v.id, seat).await.map_err(|e| store_code(&e))?;
        if bound { Ok(()) } else { Err(ErrorCode::LinkReplaced) }
    }

    /// Staff who open a visit's page see who the patient is: no record, no page.
    fn patients_viewed(&self, seat: SeatId, by: audit::Actor) -> Vec<Event> {
        let v = &self.state.visit;
        if !v.seat(seat).is_some_and(|s| s.role.is_clinic()) {
            return Vec::new();
        }
        let user = v.seat(seat).and_then(|s| s.user);
        let access = self.access();
        let in_emergency =
            user.is_some_and(|user| access.emergency_until(user, self.core.clock.now()).is_some());
        let patients = v.seats.iter().filter(|s| s.role == Role::Patient);
        let viewed = patients.map(|s| Event::new(Kind::PatientViewed, by).visit(v.id).seat(s.id));
        viewed.map(|e| if in_emergency { e.detail("by", "emergency") } else { e }).collect()
    }
}

fn refuse(sender: &SocketSender, message: ServerMessage) {
    let _ = sender.try_send(Outgoing::Message(Box::new(message)));
    let _ = sender.try_send(Outgoing::Close);
}
