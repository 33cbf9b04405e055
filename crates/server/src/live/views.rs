//! What people are shown. The only place where messages to seats are sent, and therefore the place
//! that keeps everything about the room from people who are not inside.

use super::actor::Task;
use super::board::{Access, BoardChange, BoardEntry};
use super::input::Outgoing;
use super::line::LineEntry;
use super::persist::check_report;
use protocol::server::{ConsentAsk, ConsentNow};
use protocol::{BoardSeat, Person, ServerMessage};
use std::sync::Arc;
use visit::permission::permits;
use visit::{Action, Purpose, Role, Seat, SeatId, SeatState};

impl Task {
    /// Sends to one person, if connected. Whatever is about the room goes to people inside only.
    pub(super) fn send(&self, seat: SeatId, message: ServerMessage) {
        let Some(conn) = self.state.conns.get(&seat) else { return };
        let inside = self.state.visit.seat(seat).is_some_and(|s| s.state.is_inside());
        if message.is_inside_only() && !inside {
            return;
        }
        if conn.sender.try_send(Outgoing::Message(Box::new(message))).is_err() {
            // The page does not read, or is gone: the socket's task notices and reports.
            tracing::debug!(visit = ?self.state.visit.id, "a socket is full");
        }
    }

    pub(super) fn send_welcome(&self, id: SeatId) {
        let v = &self.state.visit;
        let (Some(seat), Some(row)) = (v.seat(id), self.state.people.get(&id)) else { return };
        let consents = Purpose::ALL
            .into_iter()
            .filter_map(|purpose| {
                let record = seat.consents.iter().rev().find(|r| r.purpose == purpose)?;
                let (decision, text_version) = (record.decision, record.text_version.clone());
                Some(ConsentNow { purpose, decision, text_version })
            })
            .collect();
        let asks = std::iter::once(Purpose::Visit)
            .chain(v.asks.iter().copied())
            .map(|purpose| ConsentAsk {
                purpose,
                text_version: crate::consent::current(purpose, self.core.direct).to_owned(),
                required: purpose == Purpose::Visit,
            })
            .collect();
        let kept = self.state.media.get(&id).filter(|m| !m.orphaned).map(|m| m.id.0);
        let may =
            Action::ALL.into_iter().filter(|a| permits(seat.role, SeatState::InCall, *a)).collect();
        self.send(
            id,
            ServerMessage::Welcome {
                seat: id,
                visit: v.id,
                role: seat.role,
                name: row.person.name.clone(),
                state: seat.state,
                visit_state: v.state,
                host_name: self.state.host_name.clone(),
                scheduled_at: v.scheduled_at,
                consents,
                asks,
                now: self.core.clock.now(),
                transport: kept,
                may,
            },
        );
    }

    pub(super) fn broadcast_room(&mut self) {
        self.state.revision += 1;
        let people: Vec<Person> = self.state.visit.inside().map(|s| self.person(s)).collect();
        let guests_outside: Vec<BoardSeat> = self
            .state
            .visit
            .seats
            .iter()
            .filter(|s| !s.role.is_clinic() && !s.state.is_inside())
            .filter(|s| s.state != SeatState::Removed)
            .map(|s| self.board_seat(s))
            .collect();
        for seat in self.state.visit.inside() {
            let sees_waiting = permits(seat.role, seat.state, Action::SeeWaitingRoom);
            self.send(
                seat.id,
                ServerMessage::Room {
                    revision: self.state.revision,
                    people: people.clone(),
                    waiting: if sees_waiting { guests_outside.clone() } else { Vec::new() },
                    visit_state: self.state.visit.state,
                    started_at: self.state.visit.started_at,
                },
            );
        }
    }

    fn person(&self, seat: &Seat) -> Person {
        let lets_out = seat.lets_out();
        Person {
            seat: seat.id,
            name: self.name(seat.id),
            role: seat.role,
            state: seat.state,
            mic: lets_out.mic,
            camera: lets_out.camera,
            screen: lets_out.screen,
            pictures: seat.pictures,
            narrow: self.is_narrow(seat.id),
            camera_rests: self.state.media.get(&seat.id).is_some_and(|media| media.camera_rests),
        }
    }

    fn name(&self, seat: SeatId) -> String {
        self.state.people.get(&seat).map(|p| p.person.name.clone()).unwrap_or_default()
    }

    fn board_seat(&self, seat: &Seat) -> BoardSeat {
        let row = self.state.people.get(&seat.id);
        BoardSeat {
            seat: seat.id,
            name: self.name(seat.id),
            role: seat.role,
            state: seat.state,
            online: seat.connection.is_some(),
            waiting_since: seat.waiting_since,
            check: row.and_then(|r| r.device_report.as_ref()).map(check_report),
            second_device: self.state.second_device.contains(&seat.id),
            notes: self.state.notes.get(&seat.id).copied().unwrap_or_default(),
        }
    }

    // --- The queue ---

    pub(super) fn update_line(&self) {
        let v = &self.state.visit;
        let waiting_since = v
            .seats
            .iter()
            .filter(|s| s.state == SeatState::Waiting && s.role == Role::Patient)
            .filter_map(|s| s.waiting_since)
            .min();
        let host_inside = v.inside().any(|s| s.role == Role::Host);
        if v.state.is_final() {
            self.core.lines.remove(v.host, v.id);
        } else {
            let scheduled_at = Some(v.scheduled_at);
            let entry = LineEntry { scheduled_at, waiting_since, host_inside };
            self.core.lines.put(v.host, v.id, entry, &self.queue);
        }
    }

    /// Tells everybody who waits their place, if it changed.
    pub(super) fn tell_line(&mut self) {
        let v = &self.state.visit;
        let view = self.core.lines.view(v.host, v.id);
        let waiting: Vec<(SeatId, visit::Timestamp)> = v
            .seats
            .iter()
            .filter(|s| s.state == SeatState::Waiting && s.connection.is_some())
            .filter_map(|s| s.waiting_since.map(|since| (s.id, since)))
            .collect();
        for (seat, since) in waiting {
            if self.state.told_line.insert(seat, view) != Some(view) {
                let (ahead, host_busy, host_here) = (view.ahead, view.host_busy, view.host_here);
                self.send(seat, ServerMessage::Waiting { ahead, host_busy, host_here, since });
            }
        }
    }

    // --- The board ---

    pub(super) fn board_entry(&self) -> BoardEntry {
        let v = &self.state.visit;
        BoardEntry {
            visit: v.id,
            host: v.host,
            host_name: self.state.host_name.clone(),
            state: v.state,
            scheduled_at: v.scheduled_at,
            duration_min: v.duration_min,
            started_at: v.started_at,
            ended_at: v.ended_at,
            seats: v.seats.iter().map(|s| self.board_seat(s)).collect(),
            note: self.state.row.text.note.clone().unwrap_or_default(),
            invited: self.invited(),
            access: self.access(),
        }
    }

    /// Who of the clinic may know this visit.
    pub(super) fn access(&self) -> Access {
        let rows = self.state.people.values().filter(|row| row.invited_by.is_some());
        Access {
            restricted: self.state.row.options.restricted,
            invited: rows.filter_map(|row| row.user).collect(),
            emergencies: self.state.emergencies.clone(),
        }
    }

    /// Staff whom a colleague invited and who have not come yet.
    fn invited(&self) -> Vec<visit::UserId> {
        let v = &self.state.visit;
        if v.state.is_final() {
            return Vec::new();
        }
        let rows = v.seats.iter().filter(|s| s.state == SeatState::Invited);
        let rows = rows.filter_map(|s| self.state.people.get(&s.id));
        rows.filter(|row| row.invited_by.is_some()).filter_map(|row| row.user).collect()
    }

    pub(super) fn publish_board(&self) {
        let board = self.core.board(self.state.visit.org);
        if board.receiver_count() > 0 {
            let _ = board.send(Arc::new(BoardChange::Visit(Box::new(self.board_entry()))));
        }
    }
}
