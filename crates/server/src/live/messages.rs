//! What a page says to its visit, and what becomes of it.

use super::actor::{Task, machine_outcome};
use super::persist;
use protocol::{ClientMessage, ErrorCode, ServerMessage};
use visit::{Actor, Command, ConsentRecord, SeatId, SeatState};

impl Task {
    pub(super) async fn message(&mut self, seat: SeatId, message: ClientMessage) {
        let (actor, by) = (Actor::Seat(seat), self.audit_actor(seat));
        let reply_to = match &message {
            ClientMessage::Chat { id, .. } | ClientMessage::Note { id, .. } => Some(id.clone()),
            _ => None,
        };
        let result = match message {
            ClientMessage::Check { report } => self.check(seat, by, report).await,
            ClientMessage::Recheck {} => self.step(actor, by, Command::Recheck).await,
            ClientMessage::Consent { purpose, decision, text_version, locale } => {
                if crate::consent::is_known(purpose, &text_version) {
                    let at = self.core.clock.now();
                    let record = ConsentRecord { purpose, decision, text_version, locale, at };
                    self.step(actor, by, Command::Consent(record)).await
                } else {
                    Err(ErrorCode::BadMessage)
                }
            }
            ClientMessage::Wait {} => self.step(actor, by, Command::Wait).await,
            ClientMessage::Enter {} => self.step(actor, by, Command::Enter).await,
            ClientMessage::Admit { seat, .. } => self.step(actor, by, Command::Admit(seat)).await,
            ClientMessage::PutBack { seat } => self.step(actor, by, Command::PutBack(seat)).await,
            ClientMessage::Remove { seat } => self.step(actor, by, Command::Remove(seat)).await,
            ClientMessage::MuteOther { seat } => {
                self.step(actor, by, Command::MuteOther(seat)).await
            }
            ClientMessage::Note { seat: to, id, text, .. } => {
                self.note(actor, seat, to, &id, &text).await
            }
            ClientMessage::End { outcome } => {
                self.step(actor, by, Command::End(machine_outcome(outcome))).await
            }
            ClientMessage::Sending { mic, camera } => {
                self.step(actor, by, Command::Send { mic, camera }).await
            }
            ClientMessage::Pictures { pictures } => {
                self.step(actor, by, Command::Pictures(pictures)).await
            }
            ClientMessage::Share { on } => self.step(actor, by, Command::Share(on)).await,
            ClientMessage::DirectSignal { attempt, signal } => {
                self.direct_signal(seat, attempt, signal)
            }
            ClientMessage::DirectUp { attempt } => self.direct_up(seat, attempt),
            ClientMessage::DirectDown { attempt } => self.direct_down(seat, attempt).await,
            ClientMessage::Leave {} => self.step(actor, by, Command::Leave).await,
            ClientMessage::Chat { id, text } => self.chat(seat, &id, &text).await,
            ClientMessage::ChatRead { seq } => self.chat_read(seat, seq).await,
            ClientMessage::Rate { stars } => self.rate(seat, stars).await,
            ClientMessage::Answer { .. }
            | ClientMessage::RestartIce {}
            | ClientMessage::NewTransport {}
            | ClientMessage::View { .. }
            | ClientMessage::Quality { .. } => self.media_message(seat, message),
            // Answered here and not by the socket, so that a pong says: all before it is done.
            ClientMessage::Ping { n } => {
                self.send(seat, ServerMessage::Pong { n });
                Ok(())
            }
            // The socket itself has taken the only one that there is.
            ClientMessage::Hello { .. } => Ok(()),
        };
        if let Err(code) = result {
            if code == ErrorCode::NotAllowed {
                self.record_refusal(seat, by).await;
            }
            self.send(seat, ServerMessage::Error { error: code.into(), reply_to });
        }
    }

    /// Trying what one may not do is worth a line for whoever reads the log. The refusal stands
    /// whether the line could be written or not.
    async fn record_refusal(&self, seat: SeatId, by: audit::Actor) {
        let event = audit::Event::new(audit::Kind::ActionRefused, by);
        let event = event.visit(self.state.visit.id).seat(seat).refused("not_allowed");
        let events = self.beside(vec![event]);
        let now = self.core.clock.now();
        let _ = self.core.store.record(self.state.visit.org, now, events).await;
    }

    async fn check(
        &mut self,
        seat: SeatId,
        by: audit::Actor,
        report: protocol::CheckReport,
    ) -> Result<(), ErrorCode> {
        let stored = persist::device_report(&report).ok_or(ErrorCode::BadMessage)?;
        let row = self.state.people.get_mut(&seat).ok_or(ErrorCode::NotFound)?;
        let before = row.device_report.replace(stored);
        // The report itself is saved with the next step of this seat; moving on is that step.
        let checking = self.state.visit.seat(seat).is_some_and(|s| s.state == SeatState::Checking);
        let result = if checking {
            self.step(Actor::Seat(seat), by, Command::CheckDone).await
        } else {
            Ok(())
        };
        if result.is_err() {
            if let Some(row) = self.state.people.get_mut(&seat) {
                row.device_report = before;
            }
        } else {
            self.publish_board();
        }
        result
    }
}
