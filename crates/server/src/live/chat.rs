//! Chat in the room, notes to people who wait, new seats and ratings: what is stored beside the
//! state machine.

use super::actor::Task;
use crate::http::error::{refusal_code, store_code};
use audit::{Event, Kind};
use protocol::{ChatLine, ErrorCode, ServerMessage, WaitingNote};
use store::{ChatRow, NewChat, PersonSecret, Posted, SeatRow, UserRole};
use visit::{Action, Actor, Role, SeatId, SeatInit, SeatState, UserId, VisitId};

impl Task {
    /// Stores a chat message and hands it to everybody inside. A resend finds the stored one.
    pub(super) async fn chat(
        &mut self,
        seat: SeatId,
        id: &str,
        text: &str,
    ) -> Result<(), ErrorCode> {
        self.state.visit.may(Actor::Seat(seat), Action::Chat).map_err(refusal_code)?;
        let new = NewChat { seat, client_id: id, audience: None, body: text };
        let posted = self.post(&new, Kind::ChatSent).await?;
        match posted {
            Posted::New(row) => {
                let inside: Vec<SeatId> = self.state.visit.inside().map(|s| s.id).collect();
                for to in inside {
                    self.send(to, ServerMessage::Chat { lines: vec![self.line(&row)] });
                }
            }
            Posted::Again(row) => {
                self.send(seat, ServerMessage::Chat { lines: vec![self.line(&row)] });
            }
        }
        Ok(())
    }

    /// Stores a note to somebody who waits and shows it to them.
    pub(super) async fn note(
        &mut self,
        actor: Actor,
        from: SeatId,
        to: SeatId,
        id: &str,
        text: &str,
    ) -> Result<(), ErrorCode> {
        self.state.visit.may(actor, Action::MessageWaiting).map_err(refusal_code)?;
        let target = self.state.visit.seat(to).ok_or(ErrorCode::NotFound)?;
        if target.role.is_clinic() || target.state.is_inside() || self.state.visit.state.is_final()
        {
            return Err(ErrorCode::WrongState);
        }
        let new = NewChat { seat: from, client_id: id, audience: Some(to), body: text };
        if let Posted::New(row) = self.post(&new, Kind::WaitingMessaged).await? {
            *self.state.notes.entry(to).or_default() += 1;
            self.send(to, ServerMessage::Note { note: note_of(&row) });
            self.publish();
        }
        Ok(())
    }

    async fn post(&mut self, new: &NewChat<'_>, kind: Kind) -> Result<Posted, ErrorCode> {
        let by = self.audit_actor(new.seat);
        let visit = self.state.visit.id;
        let now = self.core.clock.now();
        let mut tx =
            self.core.store.begin(self.state.visit.org, now).await.map_err(|e| store_code(&e))?;
        let posted = tx.post_chat(visit, new).await.map_err(|e| store_code(&e))?;
        let done = match &posted {
            Posted::New(row) => {
                let mut event = Event::new(kind, by).visit(visit).count("seq", row.seq);
                if let Some(to) = row.audience {
                    event = event.seat(to);
                }
                tx.commit_with(self.beside(vec![event])).await
            }
            Posted::Again(_) => tx.commit_plain("a message that was stored before").await,
        };
        done.map_err(|e| store_code(&e))?;
        Ok(posted)
    }

    fn line(&self, row: &ChatRow) -> ChatLine {
        let name = self.state.people.get(&row.seat).map(|p| p.person.name.clone());
        ChatLine {
            seq: row.seq,
            seat: row.seat,
            name: name.unwrap_or_default(),
            id: row.client_id.clone(),
            text: row.body.to_string(),
            at: row.at,
        }
    }

    /// The lines after `after` that this person may see: written for all, since they were first let
    /// in. Handing them over is put on record.
    pub(super) async fn send_chat_history(&mut self, seat: SeatId, after: u64) {
        let Some(since) = self.state.visit.seat(seat).and_then(|s| s.admitted_at) else { return };
        let lines = match self.all_chat(after).await {
            Ok(rows) => rows
                .iter()
                .filter(|row| row.audience.is_none() && row.at >= since)
                .map(|row| self.line(row))
                .collect::<Vec<_>>(),
            Err(code) => {
                self.send(seat, ServerMessage::Error { error: code.into(), reply_to: None });
                return;
            }
        };
        let Some(last) = lines.last().map(|l| l.seq) else { return };
        if let Err(code) = self.record_read(seat, last).await {
            // What cannot be put on record is not shown.
            self.send(seat, ServerMessage::Error { error: code.into(), reply_to: None });
            return;
        }
        self.send(seat, ServerMessage::Chat { lines });
    }

    /// Notes that were written to this person while outside.
    pub(super) async fn send_notes(&mut self, seat: SeatId) {
        let outside = self.state.visit.seat(seat).is_some_and(|s| !s.state.is_inside());
        if !outside || !self.state.notes.contains_key(&seat) {
            return;
        }
        if let Ok(rows) = self.all_chat(0).await {
            for row in rows.iter().filter(|row| row.audience == Some(seat)) {
                self.send(seat, ServerMessage::Note { note: note_of(row) });
            }
        }
    }

    async fn all_chat(&self, mut after: u64) -> Result<Vec<ChatRow>, ErrorCode> {
        let store = &self.core.store;
        let mut reader = store.read(self.state.visit.org).await.map_err(|e| store_code(&e))?;
        let mut all = Vec::new();
        loop {
            let page = reader
                .chat_after(self.state.visit.id, after, store::MAX_PAGE)
                .await
                .map_err(|e| store_code(&e))?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.seq;
            all.extend(page);
        }
    }

    /// The page says that the chat was on the screen.
    pub(super) async fn chat_read(&mut self, seat: SeatId, seq: u64) -> Result<(), ErrorCode> {
        self.state.visit.may(Actor::Seat(seat), Action::BeInRoom).map_err(refusal_code)?;
        self.record_read(seat, seq).await
    }

    async fn record_read(&mut self, seat: SeatId, seq: u64) -> Result<(), ErrorCode> {
        let visit = self.state.visit.id;
        let event = Event::new(Kind::ChatRead, self.audit_actor(seat)).visit(visit).seat(seat);
        let (org, now) = (self.state.visit.org, self.core.clock.now());
        let events = self.beside(vec![event.count("seq", seq)]);
        let recorded = self.core.store.record(org, now, events).await;
        recorded.map_err(|e| store_code(&e))
    }

    // --- Seats and ratings ---

    pub(super) async fn clinic_seat(
        &mut self,
        user: UserId,
        role: UserRole,
        name: String,
    ) -> Result<SeatId, ErrorCode> {
        let Actor::Clinic(_, role) = self.clinic_actor(user, role)? else {
            return Err(ErrorCode::NotAllowed);
        };
        if let Some(seat) = self.state.visit.seats.iter().find(|s| s.user == Some(user)) {
            return Ok(seat.id);
        }
        let id = self.core.fresh(SeatId::new);
        let person = PersonSecret { name, email: None, dob: None };
        let mut row = SeatRow::invited(id, role, person, self.core.clock.now());
        row.user = Some(user);
        self.add_seat(row, audit::Actor::Staff(user)).await?;
        Ok(id)
    }

    pub(super) async fn add_guest(
        &mut self,
        actor: Actor,
        user: UserId,
        row: SeatRow,
    ) -> Result<(), ErrorCode> {
        self.state.visit.may(actor, Action::Invite).map_err(refusal_code)?;
        self.add_seat(row, audit::Actor::Staff(user)).await
    }

    /// Gives a clinician of the same clinic a seat, or marks the one that they have. Who is here
    /// already needs no invitation.
    pub(super) async fn invite_colleague(
        &mut self,
        actor: Actor,
        user: UserId,
        colleague: UserId,
        name: String,
    ) -> Result<(), ErrorCode> {
        self.state.visit.may(actor, Action::Invite).map_err(refusal_code)?;
        let by = audit::Actor::Staff(user);
        let seat = self.state.visit.seats.iter().find(|s| s.user == Some(colleague));
        let Some(seat) = seat.map(|s| s.id) else {
            let id = self.core.fresh(SeatId::new);
            let person = PersonSecret { name, email: None, dob: None };
            let now = self.core.clock.now();
            let mut row = SeatRow::invited(id, Role::Colleague, person, now);
            (row.user, row.invited_by) = (Some(colleague), Some(user));
            return self.add_seat(row, by).await;
        };
        if self.state.visit.state.is_final() {
            return Err(ErrorCode::VisitOver);
        }
        let mut row = self.state.people.get(&seat).cloned().ok_or(ErrorCode::NotFound)?;
        if row.invited_by.is_some() || row.state != SeatState::Invited {
            return Ok(());
        }
        row.invited_by = Some(user);
        self.save_row(row, Some(by)).await?;
        self.publish();
        Ok(())
    }

    async fn add_seat(&mut self, row: SeatRow, by: audit::Actor) -> Result<(), ErrorCode> {
        let mut next = self.state.visit.clone();
        next.add_seat(SeatInit { id: row.id, role: row.role, user: row.user })
            .map_err(refusal_code)?;
        let now = self.core.clock.now();
        let mut tx = self.core.store.begin(next.org, now).await.map_err(|e| store_code(&e))?;
        let seats = std::slice::from_ref(&row);
        let version = tx.save_visit(&self.state.row, seats).await.map_err(|e| store_code(&e))?;
        let events = self.beside(vec![invited(next.id, &row, by)]);
        tx.commit_with(events).await.map_err(|e| store_code(&e))?;
        self.state.visit = next;
        self.state.row.version = version;
        self.state.people.insert(row.id, row);
        self.publish();
        Ok(())
    }

    pub(super) async fn rate(&mut self, seat: SeatId, stars: u8) -> Result<(), ErrorCode> {
        let mut row = self.state.people.get(&seat).cloned().ok_or(ErrorCode::NotFound)?;
        row.rating = Some(stars);
        self.save_row(row, None).await
    }

    /// Saves a seat that the state machine knows nothing new about: an invitation by somebody, or a
    /// rating.
    async fn save_row(
        &mut self,
        row: SeatRow,
        invited_by: Option<audit::Actor>,
    ) -> Result<(), ErrorCode> {
        let (org, now) = (self.state.visit.org, self.core.clock.now());
        let mut tx = self.core.store.begin(org, now).await.map_err(|e| store_code(&e))?;
        let seats = std::slice::from_ref(&row);
        let version = tx.save_visit(&self.state.row, seats).await.map_err(|e| store_code(&e))?;
        let done = match invited_by {
            Some(by) => {
                let event = invited(self.state.visit.id, &row, by);
                tx.commit_with(self.beside(vec![event])).await
            }
            None => tx.commit_plain("a rating is an opinion, not access").await,
        };
        done.map_err(|e| store_code(&e))?;
        self.state.row.version = version;
        self.state.people.insert(row.id, row);
        Ok(())
    }
}

fn invited(visit: VisitId, row: &SeatRow, by: audit::Actor) -> Event {
    let event = Event::new(Kind::SeatInvited, by).visit(visit).seat(row.id);
    let event = event.detail("role", row.role.as_str());
    match row.user {
        Some(user) => event.user(user),
        None => event,
    }
}

fn note_of(row: &ChatRow) -> WaitingNote {
    WaitingNote { seq: row.seq, text: row.body.to_string(), at: row.at }
}
