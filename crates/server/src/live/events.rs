//! From what happened in a visit to what is written down about it.

use audit::{Actor, Event, Kind};
use visit::machine::DropReason;
use visit::{ConsentDecision, Effect, SeatState, SeatTrigger, VisitId, VisitState};

/// The audit entries of one step, in order.
pub fn of(visit: VisitId, by: Actor, effects: &[Effect]) -> Vec<Event> {
    effects.iter().filter_map(|effect| one(by, effect)).map(|event| event.visit(visit)).collect()
}

fn one(by: Actor, effect: &Effect) -> Option<Event> {
    let event = match effect {
        Effect::SeatMoved { seat, from, to, trigger } => {
            let event = Event::new(seat_kind(*trigger), by).seat(*seat);
            event.detail("from", from.as_str()).detail("to", to.as_str())
        }
        Effect::VisitMoved { to, .. } => {
            let kind = match to {
                VisitState::Scheduled | VisitState::Open => Kind::VisitOpened,
                VisitState::InProgress => Kind::VisitStarted,
                VisitState::Ended | VisitState::NoShow | VisitState::Failed => Kind::VisitEnded,
            };
            Event::new(kind, by).detail("state", to.as_str())
        }
        Effect::Consent { seat, record } => {
            let kind = match record.decision {
                ConsentDecision::Given => Kind::ConsentGiven,
                ConsentDecision::Refused => Kind::ConsentRefused,
                ConsentDecision::Withdrawn => Kind::ConsentWithdrawn,
            };
            let event = Event::new(kind, by).seat(*seat);
            event.detail("purpose", record.purpose.as_str()).detail("text", &record.text_version)
        }
        Effect::DropConnection { seat, reason: DropReason::TakenOver, .. } => {
            Event::new(Kind::SeatTakenOver, by).seat(*seat)
        }
        Effect::DirectOpened(pair) => Event::new(Kind::DirectOpened, by).seat(pair.answers),
        Effect::DirectClosed { pair, .. } => Event::new(Kind::DirectClosed, by).seat(pair.answers),
        Effect::Muted(seat) => Event::new(Kind::SeatMuted, by).seat(*seat),
        Effect::DropConnection { .. }
        | Effect::OpenMedia(_)
        | Effect::CloseMedia(_)
        | Effect::Sending(..)
        | Effect::Pictures(..) => return None,
    };
    Some(event)
}

const fn seat_kind(trigger: SeatTrigger) -> Kind {
    match trigger {
        SeatTrigger::Arrived => Kind::SeatArrived,
        SeatTrigger::CheckDone | SeatTrigger::Recheck => Kind::SeatCheckDone,
        SeatTrigger::Consented => Kind::SeatWaiting,
        SeatTrigger::Admitted | SeatTrigger::StaffEntered => Kind::SeatAdmitted,
        SeatTrigger::MediaUp => Kind::SeatJoined,
        SeatTrigger::ConnectionLost => Kind::SeatAway,
        SeatTrigger::Returned => Kind::SeatReturned,
        SeatTrigger::PutBack => Kind::SeatPutBack,
        SeatTrigger::HoldExpired | SeatTrigger::Leave | SeatTrigger::ConsentWithdrawn => {
            Kind::SeatLeft
        }
        SeatTrigger::Removed => Kind::SeatRemoved,
    }
}

/// Whether somebody inside would see a difference.
pub fn changes_room(effects: &[Effect]) -> bool {
    effects.iter().any(|e| {
        matches!(
            e,
            Effect::SeatMoved { .. }
                | Effect::VisitMoved { .. }
                | Effect::Sending(..)
                | Effect::Pictures(..)
        )
    })
}

/// Whether somebody moved from outside to inside.
pub fn entered(effect: &Effect) -> Option<visit::SeatId> {
    match effect {
        Effect::SeatMoved { seat, from, to: SeatState::Admitted, .. } if !from.is_inside() => {
            Some(*seat)
        }
        _ => None,
    }
}
