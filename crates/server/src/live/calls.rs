//! What HTTP handlers and boards ask of a visit.

use super::actor::{Task, machine_outcome};
use super::input::Call;
use crate::http::error::refusal_code;
use protocol::ErrorCode;
use store::UserRole;
use visit::{Actor, Command, SeatState, UserId};

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
                let actor = self.clinic_actor(user, role);
                let _ = reply.send(self.add_guest(actor, user, *seat).await);
            }
            Call::InviteColleague { user, role, colleague, name, reply } => {
                let actor = self.clinic_actor(user, role);
                let _ = reply.send(self.invite_colleague(actor, user, colleague, name).await);
            }
            Call::LinkReplaced { user, role, seat, reply } => {
                let (actor, by) = (self.clinic_actor(user, role), audit::Actor::Staff(user));
                self.surely(actor, by, Command::ReplaceLink(seat)).await;
                self.publish();
                let _ = reply.send(Ok(()));
            }
            Call::SeatRow { user, role, seat, reply } => {
                let actor = self.clinic_actor(user, role);
                let result = self.state.visit.may(actor, visit::Action::Invite);
                let row = self.state.people.get(&seat).filter(|s| !s.role.is_clinic());
                let _ = reply.send(match (result, row) {
                    (Err(code), _) => Err(refusal_code(code)),
                    (Ok(()), None) => Err(ErrorCode::NotFound),
                    // A link to a seat that somebody was put out of would open nothing.
                    (Ok(()), Some(row)) if row.state == SeatState::Removed => {
                        Err(ErrorCode::WrongState)
                    }
                    (Ok(()), Some(row)) => Ok(Box::new(row.clone())),
                });
            }
            Call::Admit { user, role, seat, reply } => {
                let (actor, by) = (self.clinic_actor(user, role), audit::Actor::Staff(user));
                let _ = reply.send(self.step(actor, by, Command::Admit(seat)).await);
            }
            Call::Note { user, role, name, seat, id, text, reply } => {
                let actor = self.clinic_actor(user, role);
                let result = match self.clinic_seat(user, role, name).await {
                    Ok(from) => self.note(actor, from, seat, &id, &text).await,
                    Err(code) => Err(code),
                };
                let _ = reply.send(result);
            }
            Call::End { user, role, outcome, reply } => {
                let (actor, by) = (self.clinic_actor(user, role), audit::Actor::Staff(user));
                let command = Command::End(machine_outcome(outcome));
                let _ = reply.send(self.step(actor, by, command).await);
            }
            Call::KeepQuality { user, role, reply } => {
                let actor = self.clinic_actor(user, role);
                let result = match self.state.visit.may(actor, visit::Action::SeeQuality) {
                    Ok(()) => self.keep_quality().await.map(|()| self.measured_people()),
                    Err(code) => Err(refusal_code(code)),
                };
                let _ = reply.send(result);
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

    fn clinic_actor(&self, user: UserId, role: UserRole) -> Actor {
        Actor::Clinic(user, super::clinic_role(user, role, self.state.visit.host))
    }
}
