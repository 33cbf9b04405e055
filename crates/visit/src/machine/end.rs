//! How a visit ends: by the clinic, or by itself when it was forgotten.

use super::{DropReason, EMPTY_END, LATE_CLOSE, Refusal, Step, VisitOutcome};
use crate::{Duration, SeatId, SeatTrigger, VisitState, VisitTrigger};

impl Step<'_> {
    pub(super) fn end(&mut self, outcome: VisitOutcome) -> Result<(), Refusal> {
        let trigger = match outcome {
            VisitOutcome::Done => VisitTrigger::Finished,
            VisitOutcome::NoShow if self.visit.patient_came() => return Err(Refusal::NotANoShow),
            VisitOutcome::NoShow => VisitTrigger::PatientNeverCame,
            VisitOutcome::Failed => VisitTrigger::TechnologyFailed,
        };
        self.close(trigger)
    }

    fn close(&mut self, trigger: VisitTrigger) -> Result<(), Refusal> {
        self.move_visit(trigger)?;
        let ids: Vec<SeatId> = self.visit.seats.iter().map(|s| s.id).collect();
        for id in ids {
            // First the goodbye: whoever is there hears "the visit is over", not "you left".
            self.drop_connection(id, DropReason::Ended);
            let state = self.seat_mut(id)?.state;
            if state.next(SeatTrigger::Leave).is_some() {
                self.move_seat(id, SeatTrigger::Leave)?;
            }
        }
        Ok(())
    }

    pub(super) fn tick(&mut self) -> Result<(), Refusal> {
        let now = self.now;
        self.end_holds()?;
        let connected = self.visit.seats.iter().any(|s| s.connection.is_some());
        if connected {
            return Ok(());
        }
        let planned_end =
            self.visit.scheduled_at.plus(Duration::from_min(i64::from(self.visit.duration_min)));
        match self.visit.state {
            VisitState::InProgress
                if self.visit.empty_since.is_some_and(|s| now.since(s) >= EMPTY_END) =>
            {
                self.close(VisitTrigger::Finished)
            }
            VisitState::Scheduled | VisitState::Open if now.since(planned_end) >= LATE_CLOSE => {
                if self.visit.patient_came() {
                    self.close(VisitTrigger::TechnologyFailed)
                } else {
                    self.close(VisitTrigger::PatientNeverCame)
                }
            }
            _ => Ok(()),
        }
    }
}
