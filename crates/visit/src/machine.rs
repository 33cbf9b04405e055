//! One visit and everybody in it. [`Visit::apply`] is the only way to change it: it checks who asks,
//! whether the tables in [`crate::state`] and [`crate::permission`] allow it, and says what has to
//! happen outside as [`Effect`]s. On a refusal nothing has changed.

mod command;
mod connection;
mod direct;
mod end;
mod seat;

pub use command::{Actor, Command, DropReason, Effect, Refusal, RefusalCode, VisitOutcome};
pub use direct::{DirectPair, DirectPolicy, DirectRules};
pub use seat::{Seat, SeatInit, Sending};

use crate::permission::{Action, permits};
use crate::{
    ConsentDecision, ConsentRecord, Duration, OrgId, Pictures, Purpose, Role, SeatId, SeatState,
    SeatTrigger, Timestamp, UserId, VisitId, VisitState, VisitTrigger, consent,
};

/// How long a seat is held for somebody whose connection was lost.
pub const AWAY_HOLD: Duration = Duration::from_min(5);
/// A visit that took place ends by itself when nobody has been inside for this long.
pub const EMPTY_END: Duration = Duration::from_min(30);
/// A visit that never started is closed this long after its planned end, if nobody is connected.
pub const LATE_CLOSE: Duration = Duration::from_min(60);
/// Most people inside at once, unless the visit says otherwise.
pub const DEFAULT_MAX_INSIDE: usize = 12;

/// One visit.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit.
    pub id: VisitId,
    /// Whose clinic.
    pub org: OrgId,
    /// Whose visit.
    pub host: UserId,
    /// Where it stands.
    pub state: VisitState,
    /// Booked for.
    pub scheduled_at: Timestamp,
    /// Planned length in minutes.
    pub duration_min: u32,
    /// Purposes beyond the visit itself that consent is asked for.
    pub asks: Vec<Purpose>,
    /// Most people inside at once.
    pub max_inside: usize,
    /// First person came.
    pub opened_at: Option<Timestamp>,
    /// Clinic and guest met.
    pub started_at: Option<Timestamp>,
    /// Over.
    pub ended_at: Option<Timestamp>,
    /// Nobody inside since.
    pub empty_since: Option<Timestamp>,
    /// Everybody invited.
    pub seats: Vec<Seat>,
    /// The clinic's rules of direct ways.
    pub direct_rules: DirectRules,
    /// Two who talk directly, or try to. Not stored: a restarted server has no transports.
    pub direct: Option<DirectPair>,
}

/// A new visit.
pub struct VisitInit {
    /// Its id.
    pub id: VisitId,
    /// Whose clinic.
    pub org: OrgId,
    /// Whose visit.
    pub host: UserId,
    /// Booked for.
    pub scheduled_at: Timestamp,
    /// Planned length in minutes.
    pub duration_min: u32,
    /// Purposes beyond the visit itself that consent is asked for.
    pub asks: Vec<Purpose>,
}

impl Visit {
    /// A visit that nobody has come to yet. The caller adds the seats.
    #[must_use]
    pub fn new(init: VisitInit) -> Self {
        Self {
            id: init.id,
            org: init.org,
            host: init.host,
            state: VisitState::Scheduled,
            scheduled_at: init.scheduled_at,
            duration_min: init.duration_min,
            asks: init.asks,
            max_inside: DEFAULT_MAX_INSIDE,
            opened_at: None,
            started_at: None,
            ended_at: None,
            empty_since: None,
            seats: Vec::new(),
            direct_rules: DirectRules::default(),
            direct: None,
        }
    }

    /// The seat with this id.
    #[must_use]
    pub fn seat(&self, id: SeatId) -> Option<&Seat> {
        self.seats.iter().find(|s| s.id == id)
    }

    /// People inside the room.
    pub fn inside(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|s| s.state.is_inside())
    }

    /// Adds a seat.
    ///
    /// # Errors
    /// [`RefusalCode::VisitOver`] when the visit is over.
    pub fn add_seat(&mut self, init: SeatInit) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::VisitOver);
        }
        self.seats.push(init.into());
        Ok(())
    }

    /// Whether the patient has ever opened the visit.
    #[must_use]
    pub fn patient_came(&self) -> bool {
        self.seats.iter().any(|s| s.role == Role::Patient && s.came_at.is_some())
    }

    /// Whether `actor` may do `action` now.
    ///
    /// # Errors
    /// [`RefusalCode::NotAllowed`], or [`RefusalCode::NoSuchSeat`] for a seat of another visit.
    pub fn may(&self, actor: Actor, action: Action) -> Result<(), Refusal> {
        let allowed = match actor {
            Actor::Seat(id) => {
                let seat = self.seat(id).ok_or(Refusal::NoSuchSeat)?;
                permits(seat.role, seat.state, action)
            }
            // From the board one is outside the room.
            Actor::Clinic(_, role) => permits(role, SeatState::Invited, action),
            Actor::Media | Actor::System => false,
        };
        if allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    /// Does `command` for `actor` at `now`.
    ///
    /// # Errors
    /// A [`Refusal`]; the visit is then unchanged.
    pub fn apply(
        &mut self,
        now: Timestamp,
        actor: Actor,
        command: Command,
    ) -> Result<Vec<Effect>, Refusal> {
        let mut next = self.clone();
        let mut step = Step { visit: &mut next, now, effects: Vec::new() };
        step.run(actor, command)?;
        step.review_direct();
        let effects = step.effects;
        *self = next;
        Ok(effects)
    }
}

/// One command under way, on a copy of the visit.
struct Step<'a> {
    visit: &'a mut Visit,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Step<'_> {
    fn run(&mut self, actor: Actor, command: Command) -> Result<(), Refusal> {
        if self.visit.state.is_final() {
            // Late closings of sockets and late ticks are harmless; all else is over.
            return match command {
                Command::Disconnect { .. }
                | Command::Tick
                | Command::MediaLost(_)
                | Command::CloseDirect => Ok(()),
                _ => Err(Refusal::VisitOver),
            };
        }
        match command {
            Command::Connect { seat, connection } => self.connect(seat, connection),
            Command::Disconnect { seat, connection } => self.disconnect(seat, connection),
            Command::CheckDone => self.own(actor, SeatTrigger::CheckDone),
            Command::Recheck => self.own(actor, SeatTrigger::Recheck),
            Command::Consent(record) => self.consent(own_seat(actor)?, record),
            Command::Wait => self.wait(own_seat(actor)?),
            Command::Enter => self.enter(own_seat(actor)?),
            Command::Admit(seat) => {
                self.visit.may(actor, Action::Admit)?;
                self.need_room()?;
                self.move_seat(seat, SeatTrigger::Admitted)
            }
            Command::PutBack(seat) => {
                self.visit.may(actor, Action::PutBack)?;
                self.not_clinic(seat)?;
                self.move_seat(seat, SeatTrigger::PutBack)
            }
            Command::Remove(seat) => {
                self.visit.may(actor, Action::Remove)?;
                self.not_clinic(seat)?;
                self.move_seat(seat, SeatTrigger::Removed)?;
                self.drop_connection(seat, DropReason::Removed);
                Ok(())
            }
            Command::ReplaceLink(seat) => {
                self.visit.may(actor, Action::Invite)?;
                self.replace_link(seat)
            }
            Command::MuteOther(seat) => {
                self.visit.may(actor, Action::MuteOther)?;
                self.mute(seat)
            }
            Command::Send { mic, camera } => self.send(own_seat(actor)?, mic, camera),
            Command::Share(on) => self.share(own_seat(actor)?, on),
            Command::Pictures(pictures) => self.pictures(own_seat(actor)?, pictures),
            Command::MediaUp(seat) => self.media_up(actor, seat),
            Command::MediaLost(seat) => self.media_lost(actor, seat),
            Command::OpenDirect => self.open_direct(actor),
            Command::CloseDirect => self.close_direct(actor),
            Command::Leave => {
                let seat = own_seat(actor)?;
                self.move_seat(seat, SeatTrigger::Leave)?;
                self.drop_connection(seat, DropReason::Left);
                Ok(())
            }
            Command::End(outcome) => {
                self.visit.may(actor, Action::EndVisit)?;
                self.end(outcome)
            }
            Command::Tick => self.tick(),
        }
    }

    // --- The way in ---

    fn own(&mut self, actor: Actor, trigger: SeatTrigger) -> Result<(), Refusal> {
        self.move_seat(own_seat(actor)?, trigger)
    }

    fn consent(&mut self, id: SeatId, mut record: ConsentRecord) -> Result<(), Refusal> {
        record.at = self.now;
        let asked = record.purpose == Purpose::Visit || self.visit.asks.contains(&record.purpose);
        let seat = self.seat_mut(id)?;
        let before = consent::current(&seat.consents, record.purpose);
        let possible = match record.decision {
            // Only a "yes" that holds can be taken back.
            ConsentDecision::Withdrawn => before == Some(ConsentDecision::Given),
            ConsentDecision::Given | ConsentDecision::Refused => asked,
        };
        let in_place = seat.state == SeatState::Consenting
            || seat.state == SeatState::Waiting
            || seat.state.is_inside();
        if !possible || !in_place {
            return Err(Refusal::WrongState);
        }
        // A later "no" to the visit itself is a withdrawal, by whatever name.
        let ends_part = record.purpose == Purpose::Visit
            && record.decision != ConsentDecision::Given
            && seat.state != SeatState::Consenting;
        seat.consents.push(record.clone());
        self.effects.push(Effect::Consent { seat: id, record });
        if ends_part {
            self.move_seat(id, SeatTrigger::ConsentWithdrawn)?;
        }
        Ok(())
    }

    fn wait(&mut self, id: SeatId) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if consent::current(&seat.consents, Purpose::Visit) != Some(ConsentDecision::Given) {
            return Err(Refusal::ConsentMissing);
        }
        self.move_seat(id, SeatTrigger::Consented)
    }

    fn enter(&mut self, id: SeatId) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if !seat.role.is_clinic() {
            return Err(Refusal::NotAllowed);
        }
        if seat.state.is_inside() {
            return Ok(());
        }
        self.need_room()?;
        self.move_seat(id, SeatTrigger::StaffEntered)?;
        if self.visit.state == VisitState::Scheduled {
            self.move_visit(VisitTrigger::Opened)?;
        }
        Ok(())
    }

    fn need_room(&self) -> Result<(), Refusal> {
        if self.visit.inside().count() >= self.visit.max_inside {
            return Err(Refusal::VisitFull);
        }
        Ok(())
    }

    /// The clinic's own people are neither put back nor put out from inside a visit.
    fn not_clinic(&mut self, id: SeatId) -> Result<(), Refusal> {
        if self.seat_mut(id)?.role.is_clinic() { Err(Refusal::NotAllowed) } else { Ok(()) }
    }

    // --- In the call ---

    fn send(&mut self, id: SeatId, mic: bool, camera: bool) -> Result<(), Refusal> {
        for (on, action) in [(mic, Action::PublishMic), (camera, Action::PublishCamera)] {
            if on {
                self.visit.may(Actor::Seat(id), action)?;
            }
        }
        let seat = self.seat_mut(id)?;
        let wanted = Sending { mic, camera, ..seat.sending };
        self.set_sending(id, wanted)
    }

    fn share(&mut self, id: SeatId, on: bool) -> Result<(), Refusal> {
        if on {
            self.visit.may(Actor::Seat(id), Action::ShareScreen)?;
        }
        let seat = self.seat_mut(id)?;
        let wanted = Sending { screen: on, ..seat.sending };
        self.set_sending(id, wanted)
    }

    fn pictures(&mut self, id: SeatId, pictures: Pictures) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if !seat.state.is_inside() {
            return Err(Refusal::WrongState);
        }
        let before = (seat.pictures, seat.lets_out());
        seat.pictures = pictures;
        let lets_out = seat.lets_out();
        if before.0 != pictures {
            self.effects.push(Effect::Pictures(id, pictures));
        }
        if before.1 != lets_out {
            self.effects.push(Effect::Sending(id, lets_out));
        }
        Ok(())
    }

    fn mute(&mut self, id: SeatId) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if !seat.state.is_inside() {
            return Err(Refusal::WrongState);
        }
        if seat.sending.mic {
            let wanted = Sending { mic: false, ..seat.sending };
            self.set_sending(id, wanted)?;
            self.effects.push(Effect::Muted(id));
        }
        Ok(())
    }

    fn set_sending(&mut self, id: SeatId, wanted: Sending) -> Result<(), Refusal> {
        let seat = self.seat_mut(id)?;
        if seat.sending != wanted {
            let before = seat.lets_out();
            seat.sending = wanted;
            let lets_out = seat.lets_out();
            if before != lets_out {
                self.effects.push(Effect::Sending(id, lets_out));
            }
        }
        Ok(())
    }

    // --- The two tables at work ---

    fn move_seat(&mut self, id: SeatId, trigger: SeatTrigger) -> Result<(), Refusal> {
        let now = self.now;
        let seat = self.seat_mut(id)?;
        let from = seat.state;
        let to = from.next(trigger).ok_or(Refusal::WrongState)?;
        seat.state = to;
        // The place in the queue dates from the first time of waiting in a row; a detour back to
        // consent or being put back does not cost it.
        if to == SeatState::Waiting {
            seat.waiting_since.get_or_insert(now);
        }
        if to == SeatState::Left || to == SeatState::Removed {
            seat.waiting_since = None;
            seat.left_at = Some(now);
        }
        // Told on coming back, and for as long as nothing else has happened since.
        seat.hold_expired = trigger == SeatTrigger::HoldExpired
            || (seat.hold_expired && trigger == SeatTrigger::Arrived);
        seat.away_since = (to == SeatState::Away).then_some(now);
        if to == SeatState::Admitted {
            // A guest who was outside meanwhile does not get what was said without them.
            if trigger == SeatTrigger::Admitted {
                seat.admitted_at = Some(now);
            }
            seat.admitted_at.get_or_insert(now);
            seat.left_at = None;
        }
        self.effects.push(Effect::SeatMoved { seat: id, from, to, trigger });
        if to == SeatState::Admitted {
            self.effects.push(Effect::OpenMedia(id));
        }
        if from.is_inside() && !to.is_inside() {
            let seat = self.seat_mut(id)?;
            seat.sending = Sending::default();
            seat.pictures = Pictures::default();
            self.effects.push(Effect::CloseMedia(id));
        }
        self.after_move()
    }

    /// Follows up on who is inside: starts the visit, remembers since when it is empty.
    fn after_move(&mut self) -> Result<(), Refusal> {
        let in_call = |clinic: bool| {
            move |s: &&Seat| s.state == SeatState::InCall && s.role.is_clinic() == clinic
        };
        let met = self.visit.seats.iter().any(|s| in_call(true)(&s))
            && self.visit.seats.iter().any(|s| in_call(false)(&s));
        if met && self.visit.state == VisitState::Open {
            self.move_visit(VisitTrigger::BothInCall)?;
        }
        let empty = self.visit.inside().next().is_none();
        self.visit.empty_since =
            if empty { self.visit.empty_since.or(Some(self.now)) } else { None };
        Ok(())
    }

    fn move_visit(&mut self, trigger: VisitTrigger) -> Result<(), Refusal> {
        let from = self.visit.state;
        let to = from.next(trigger).ok_or(Refusal::WrongState)?;
        self.visit.state = to;
        let stamp = match to {
            VisitState::Open => &mut self.visit.opened_at,
            VisitState::InProgress => &mut self.visit.started_at,
            VisitState::Scheduled => return Err(Refusal::WrongState),
            VisitState::Ended | VisitState::NoShow | VisitState::Failed => &mut self.visit.ended_at,
        };
        stamp.get_or_insert(self.now);
        self.effects.push(Effect::VisitMoved { from, to });
        Ok(())
    }

    fn seat_mut(&mut self, id: SeatId) -> Result<&mut Seat, Refusal> {
        self.visit.seats.iter_mut().find(|s| s.id == id).ok_or(Refusal::NoSuchSeat)
    }
}

fn own_seat(actor: Actor) -> Result<SeatId, Refusal> {
    match actor {
        Actor::Seat(id) => Ok(id),
        _ => Err(Refusal::NotAllowed),
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
