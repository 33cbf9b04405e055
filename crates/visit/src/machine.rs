//! One visit and everybody in it. [`Visit::apply`] is the only way to change it: it checks who asks,
//! whether the tables in [`crate::state`] and [`crate::permission`] allow it, and says what has to
//! happen outside as [`Effect`]s. On a refusal nothing has changed.

use crate::permission::{Action, permits};
use crate::{
    ConsentDecision, ConsentRecord, Duration, OrgId, Purpose, Role, SeatId, SeatState, SeatTrigger,
    Source, Timestamp, UserId, VisitId, VisitState, VisitTrigger, consent,
};

/// How long a seat is held for somebody whose connection was lost.
pub const AWAY_HOLD: Duration = Duration::from_min(5);
/// A visit that took place ends by itself when nobody has been inside for this long.
pub const EMPTY_END: Duration = Duration::from_min(30);
/// A visit that never started is closed this long after its planned end, if nobody is connected.
pub const LATE_CLOSE: Duration = Duration::from_min(60);
/// Most people inside at once, unless the visit says otherwise.
pub const DEFAULT_MAX_INSIDE: usize = 12;

/// What a person sends right now. Nothing until the person's page says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Microphone.
    pub mic: bool,
    /// Camera.
    pub camera: bool,
    /// Shared screen.
    pub screen: bool,
}

/// One person's place.
#[derive(Clone, PartialEq, Eq)]
pub struct Seat {
    /// The seat.
    pub id: SeatId,
    /// What the person is here.
    pub role: Role,
    /// Which member of staff, for clinic people.
    pub user: Option<UserId>,
    /// Where the person stands.
    pub state: SeatState,
    /// First time the person opened the visit.
    pub came_at: Option<Timestamp>,
    /// In the waiting room since. Kept over reloads and lost connections.
    pub waiting_since: Option<Timestamp>,
    /// Let in at: the chat is visible from then on. Kept over lost connections.
    pub admitted_at: Option<Timestamp>,
    /// Connection lost since.
    pub away_since: Option<Timestamp>,
    /// Gone since.
    pub left_at: Option<Timestamp>,
    /// Every consent answer, oldest first.
    pub consents: Vec<ConsentRecord>,
    /// What the person sends.
    pub sending: Sending,
    /// The one live device, if any. Not stored: a restarted server has no connections.
    pub connection: Option<u64>,
}

/// A new seat.
pub struct SeatInit {
    /// Its id.
    pub id: SeatId,
    /// What the person is.
    pub role: Role,
    /// Which member of staff, for clinic people.
    pub user: Option<UserId>,
}

impl From<SeatInit> for Seat {
    fn from(init: SeatInit) -> Self {
        Self {
            id: init.id,
            role: init.role,
            user: init.user,
            state: SeatState::Invited,
            came_at: None,
            waiting_since: None,
            admitted_at: None,
            away_since: None,
            left_at: None,
            consents: Vec::new(),
            sending: Sending::default(),
            connection: None,
        }
    }
}

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

/// Who asks. The server derives it from the socket or session, never from the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person on a seat.
    Seat(SeatId),
    /// A member of staff from the board, with their role towards this visit.
    Clinic(UserId, Role),
    /// The media plane reports.
    Media,
    /// Time passes, sockets open and close.
    System,
}

/// How a visit is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitOutcome {
    /// It took place.
    Done,
    /// The patient never came.
    NoShow,
    /// Technology failed.
    Failed,
}

/// What is asked for.
#[derive(Clone)]
pub enum Command {
    /// A device opened the seat's socket. The newer device always wins.
    Connect {
        /// Which seat.
        seat: SeatId,
        /// Unique number of the socket.
        connection: u64,
    },
    /// A socket closed.
    Disconnect {
        /// Which seat.
        seat: SeatId,
        /// Unique number of the socket.
        connection: u64,
    },
    /// Own device check is done.
    CheckDone,
    /// Back to the device check.
    Recheck,
    /// Own consent answer.
    Consent(ConsentRecord),
    /// Into the waiting room.
    Wait,
    /// Clinic people enter the call.
    Enter,
    /// Let in.
    Admit(SeatId),
    /// Back to the waiting room.
    PutBack(SeatId),
    /// Out for good.
    Remove(SeatId),
    /// Silence a microphone.
    MuteOther(SeatId),
    /// Own microphone and camera.
    Send {
        /// Microphone on.
        mic: bool,
        /// Camera on.
        camera: bool,
    },
    /// Own shared screen.
    Share(bool),
    /// Media of this seat flows.
    MediaUp(SeatId),
    /// Media of this seat is dead and its transport gone.
    MediaLost(SeatId),
    /// Leave.
    Leave,
    /// End for all.
    End(VisitOutcome),
    /// Time passes. Call at least every few seconds.
    Tick,
}

/// Why a connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// A newer device took the seat.
    TakenOver,
    /// The clinic put the person out.
    Removed,
    /// The visit is over.
    Ended,
    /// The person left.
    Left,
}

/// What has to happen outside, in order.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// A seat moved.
    SeatMoved {
        /// Which.
        seat: SeatId,
        /// From.
        from: SeatState,
        /// To.
        to: SeatState,
        /// By.
        trigger: SeatTrigger,
    },
    /// The visit moved.
    VisitMoved {
        /// From.
        from: VisitState,
        /// To.
        to: VisitState,
    },
    /// A consent answer is on record.
    Consent {
        /// Whose.
        seat: SeatId,
        /// The answer.
        record: ConsentRecord,
    },
    /// Tell this socket why, and close it.
    DropConnection {
        /// Whose.
        seat: SeatId,
        /// Which socket.
        connection: u64,
        /// Why.
        reason: DropReason,
    },
    /// Give the seat a media transport.
    OpenMedia(SeatId),
    /// Take the seat's media transport away, at once.
    CloseMedia(SeatId),
    /// What the seat may send changed.
    Sending(SeatId, Sending),
    /// The clinic silenced this microphone.
    Muted(SeatId),
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalCode {
    /// Role or place does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// Not possible from the present state.
    #[error("not possible in this state")]
    WrongState,
    /// Consent to the visit is missing.
    #[error("consent to the visit is missing")]
    ConsentMissing,
    /// The patient came, so it is no no-show.
    #[error("the patient came")]
    NotANoShow,
    /// The visit is over.
    #[error("the visit is over")]
    VisitOver,
    /// Nobody else fits in.
    #[error("the visit is full")]
    VisitFull,
    /// No such seat in this visit.
    #[error("no such seat")]
    NoSuchSeat,
}

/// A refusal: nothing has changed.
pub type Refusal = RefusalCode;

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
                Command::Disconnect { .. } | Command::Tick | Command::MediaLost(_) => Ok(()),
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
            Command::MuteOther(seat) => {
                self.visit.may(actor, Action::MuteOther)?;
                self.mute(seat)
            }
            Command::Send { mic, camera } => self.send(own_seat(actor)?, mic, camera),
            Command::Share(on) => self.share(own_seat(actor)?, on),
            Command::MediaUp(seat) => self.media_up(actor, seat),
            Command::MediaLost(seat) => self.media_lost(actor, seat),
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

    // --- Connections ---

    fn connect(&mut self, id: SeatId, connection: u64) -> Result<(), Refusal> {
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

    fn disconnect(&mut self, id: SeatId, connection: u64) -> Result<(), Refusal> {
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

    fn drop_connection(&mut self, id: SeatId, reason: DropReason) {
        let taken = self.seat_mut(id).ok().and_then(|s| s.connection.take());
        if let Some(connection) = taken {
            self.effects.push(Effect::DropConnection { seat: id, connection, reason });
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
            seat.sending = wanted;
            self.effects.push(Effect::Sending(id, wanted));
        }
        Ok(())
    }

    fn media_up(&mut self, actor: Actor, id: SeatId) -> Result<(), Refusal> {
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

    fn media_lost(&mut self, actor: Actor, id: SeatId) -> Result<(), Refusal> {
        if actor != Actor::Media {
            return Err(Refusal::NotAllowed);
        }
        if matches!(self.seat_mut(id)?.state, SeatState::Admitted | SeatState::InCall) {
            self.move_seat(id, SeatTrigger::ConnectionLost)?;
        }
        Ok(())
    }

    // --- The end ---

    fn end(&mut self, outcome: VisitOutcome) -> Result<(), Refusal> {
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

    fn tick(&mut self) -> Result<(), Refusal> {
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
            self.seat_mut(id)?.sending = Sending::default();
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

impl Sending {
    /// Whether this source is on.
    #[must_use]
    pub const fn has(self, source: Source) -> bool {
        match source {
            Source::Mic => self.mic,
            Source::Camera => self.camera,
            Source::Screen => self.screen,
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
