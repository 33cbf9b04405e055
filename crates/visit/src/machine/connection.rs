//! Sockets and media paths that come and go: takeover, lost connections, held seats.

use super::{AWAY_HOLD, Actor, DropReason, Effect, Refusal, Step};
use crate::{SeatId, SeatState, SeatTrigger, VisitState, VisitTrigger};

impl Step<'_> {
    pub(super) fn connect(&mut self, id: SeatId, connection: u64) -> Result<(), Refusal> {
        let now = self.now;
        let seat = self.seat_mut(id)?;
        if seat.state == SeatState::Removed {
            return Err(Refusal::NotAllowed);
        }
        let older = seat.connection.replace(connection).filter(|old| *old != connection);
        let (state, is_clinic) = (seat.state, seat.role.is_clinic());
        seat.came_at.get_or_insert(now);
        if let Some(connection) = older {
            let reason = DropReason::TakenOver;
            self.effects.push(Effect::DropConnection { seat: id, connection, reason });
        }
        match state {
            SeatState::Invited | SeatState::Left if !is_clinic => {
                self.move_seat(id, SeatTrigger::Arrived)?;
            }
            // The newer device starts its own media; the older one's must be gone first.
            SeatState::Admitted | SeatState::InCall if older.is_some() => {
                self.move_seat(id, SeatTrigger::ConnectionLost)?;
                self.effects.push(Effect::CloseMedia(id));
                self.move_seat(id, SeatTrigger::Returned)?;
            }
            SeatState::Away => self.move_seat(id, SeatTrigger::Returned)?,
            _ => {}
        }
        if self.visit.state == VisitState::Scheduled && !is_clinic {
            self.move_visit(VisitTrigger::Opened)?;
        }
        Ok(())
    }

    pub(super) fn disconnect(&mut self, id: SeatId, connection: u64) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if seat.connection != Some(connection) {
            return Ok(()); // An older socket of a seat that lives on elsewhere.
        }
        seat.connection = None;
        if matches!(seat.state, SeatState::Admitted | SeatState::InCall) {
            self.move_seat(id, SeatTrigger::ConnectionLost)?;
        }
        Ok(())
    }

    pub(super) fn drop_connection(&mut self, id: SeatId, reason: DropReason) {
        let taken = self.seat_mut(id).ok().and_then(|s| s.connection.take());
        if let Some(connection) = taken {
            self.effects.push(Effect::DropConnection { seat: id, connection, reason });
        }
    }

    pub(super) fn media_up(&mut self, actor: Actor, id: SeatId) -> Result<(), Refusal> {
        if actor != Actor::Media {
            return Err(Refusal::NotAllowed);
        }
        let seat = self.seat_mut(id)?;
        // Away with a live media path but no socket: the page is about to resume; stay away until
        // it does, because nobody could steer it.
        if seat.state == SeatState::InCall || seat.connection.is_none() {
            return Ok(());
        }
        self.move_seat(id, SeatTrigger::MediaUp)
    }

    pub(super) fn media_lost(&mut self, actor: Actor, id: SeatId) -> Result<(), Refusal> {
        if actor != Actor::Media {
            return Err(Refusal::NotAllowed);
        }
        if matches!(self.seat_mut(id)?.state, SeatState::Admitted | SeatState::InCall) {
            self.move_seat(id, SeatTrigger::ConnectionLost)?;
        }
        Ok(())
    }

    /// The link itself, and what it was bound to, is the caller's to void first.
    pub(super) fn replace_link(&mut self, id: SeatId) -> Result<(), Refusal> {
        self.not_clinic(id)?;
        // First the goodbye, so that it is the last that the older page hears.
        self.drop_connection(id, DropReason::LinkReplaced);
        if self.seat_mut(id)?.state.is_inside() {
            self.move_seat(id, SeatTrigger::PutBack)?;
        }
        Ok(())
    }

    /// Seats that were held for long enough are given up.
    pub(super) fn end_holds(&mut self) -> Result<(), Refusal> {
        let now = self.now;
        let expired: Vec<SeatId> = self
            .visit
            .seats
            .iter()
            .filter(|s| s.away_since.is_some_and(|since| now.since(since) >= AWAY_HOLD))
            .map(|s| s.id)
            .collect();
        for id in expired {
            self.move_seat(id, SeatTrigger::HoldExpired)?;
        }
        Ok(())
    }
}
