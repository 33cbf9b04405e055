//! What HTTP handlers and boards ask of a visit.

use super::actor::{Task, machine_outcome};
use super::input::Call;
use crate::http::error::refusal_code;
use protocol::ErrorCode;
use store::{SeatRow, UserRole};
use visit::{Actor, Command, SeatId, SeatState, UserId};

impl Task {
    pub(super) async fn call(&mut self, call: Call) {
        match call {
            Call::BoardEntry(reply) => {
                let _ = reply.send(Ok(self.board_entry()));
            }
            Call::ClinicSeat { user, role, name, reply } => {
                let _ = reply.send(self.clinic_seat(user, role, name).await);
            }
            Call::AddGuest { user, role, seat, reply } => {
                let done = match self.clinic_actor(user, role) {
                    Ok(actor) => self.add_guest(actor, user, *seat).await,
                    Err(code) => Err(code),
                };
                let _ = reply.send(done);
            }
            Call::InviteColleague { user, role, colleague, name, reply } => {
                let done = match self.clinic_actor(user, role) {
                    Ok(actor) => self.invite_colleague(actor, user, colleague, name).await,
                    Err(code) => Err(code),
                };
                let _ = reply.send(done);
            }
            Call::LinkReplaced { user, role, seat, reply } => {
                let done = self.clinic_actor(user, role);
                if let Ok(actor) = done {
                    let by = audit::Actor::Staff(user);
                    self.surely(actor, by, Command::ReplaceLink(seat)).await;
                    self.publish();
                }
                let _ = reply.send(done.map(|_| ()));
            }
            Call::SeatRow { user, role, seat, reply } => {
                let _ = reply.send(self.guest_row(user, role, seat));
            }
            Call::Admit { user, role, seat, reply } => {
                let _ = reply.send(self.clinic_step(user, role, Command::Admit(seat)).await);
            }
            Call::Note { user, role, name, seat, id, text, reply } => {
                let from = self.clinic_seat(user, role, name).await;
                let done = match (self.clinic_actor(user, role), from) {
                    (Ok(actor), Ok(from)) => self.note(actor, from, seat, &id, &text).await,
                    (Err(code), _) | (_, Err(code)) => Err(code),
                };
                let _ = reply.send(done);
            }
            Call::End { user, role, outcome, reply } => {
                let command = Command::End(machine_outcome(outcome));
                let _ = reply.send(self.clinic_step(user, role, command).await);
            }
            Call::KeepQuality { user, role, reply } => {
                let result = match self.clinic_may(user, role, visit::Action::SeeQuality) {
                    Ok(()) => self.keep_quality().await.map(|()| self.measured_people()),
                    Err(code) => Err(code),
                };
                let _ = reply.send(result);
            }
            Call::Emergency { user, role, reason, reply } => {
                let _ = reply.send(self.open_in_emergency(user, role, &reason).await);
            }
            Call::Rate { seat, stars, reply } => {
                let _ = reply.send(self.rate(seat, stars).await);
            }
            Call::SecondDevice(seat) => {
                self.state.second_device.insert(seat);
                self.publish();
            }
        }
    }

    /// The row of a guest's seat, for whoever may invite into this visit.
    fn guest_row(
        &self,
        user: UserId,
        role: UserRole,
        seat: SeatId,
    ) -> Result<Box<SeatRow>, ErrorCode> {
        self.clinic_may(user, role, visit::Action::Invite)?;
        let row = self.state.people.get(&seat).filter(|s| !s.role.is_clinic());
        match row {
            None => Err(ErrorCode::NotFound),
            // A link to a seat that somebody was put out of would open nothing.
            Some(row) if row.state == SeatState::Removed => Err(ErrorCode::WrongState),
            Some(row) => Ok(Box::new(row.clone())),
        }
    }

    async fn clinic_step(
        &mut self,
        user: UserId,
        role: UserRole,
        command: Command,
    ) -> Result<(), ErrorCode> {
        let actor = self.clinic_actor(user, role)?;
        self.step(actor, audit::Actor::Staff(user), command).await
    }

    fn clinic_may(
        &self,
        user: UserId,
        role: UserRole,
        action: visit::Action,
    ) -> Result<(), ErrorCode> {
        let actor = self.clinic_actor(user, role)?;
        self.state.visit.may(actor, action).map_err(refusal_code)
    }

    /// Somebody of the clinic who is not in the room, if they may know this visit.
    pub(super) fn clinic_actor(&self, user: UserId, role: UserRole) -> Result<Actor, ErrorCode> {
        let host = self.state.visit.host;
        let role = super::clinic_role(user, role, host).ok_or(ErrorCode::NotAllowed)?;
        if self.access().lets_in(user, host, self.core.clock.now()) {
            Ok(Actor::Clinic(user, role))
        } else {
            Err(ErrorCode::EmergencyNeeded)
        }
    }
}
