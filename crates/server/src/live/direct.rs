//! A direct way between two people: when to try, what is passed on between them, and what the
//! forwarding unit holds back meanwhile. Who may is decided by the visit; what they say to each other
//! is not read.
//!
//! The way through the forwarding unit stays up and idle all the time. It is held back only while
//! both pages say that the direct way brings everything, and goes on before the direct way ends.

use super::actor::Task;
use protocol::direct::DirectSignal;
use protocol::limits::MAX_DIRECT_CANDIDATES;
use protocol::{ErrorCode, ServerMessage};
use visit::{Actor, Command, DirectPair, DirectPolicy, Duration, SeatId, Timestamp};

/// Two people are left alone for so long before the first try: people come and go at the start.
const SETTLE: Duration = Duration::from_s(2);
/// A try that has not come to anything in this time is given up.
const TRY_WITHIN: Duration = Duration::from_s(15);
/// After a try that failed the next one waits so long; twice as long after each further one.
const RETRY: Duration = Duration::from_s(30);
/// Tries that fail in a row before it is let be for the rest of the visit.
const MAX_FAILURES: u32 = 5;

/// What a visit's task knows about direct ways.
#[derive(Default)]
pub(super) struct Direct {
    open: Option<Attempt>,
    /// Counts up, so that pages can tell late words about an older attempt.
    attempts: u64,
    failures: u32,
    /// Two people could since.
    possible_since: Option<Timestamp>,
    not_before: Option<Timestamp>,
}

/// One try, or a way that works.
struct Attempt {
    number: u64,
    pair: DirectPair,
    opened_at: Timestamp,
    offered: bool,
    answered: bool,
    /// Candidates passed on, of the offering side and of the answering one.
    candidates: [u32; 2],
    /// Who said that everything arrives, in the same order.
    flows: [bool; 2],
}

impl Attempt {
    fn is_on(&self) -> bool {
        self.flows == [true, true]
    }

    fn side(&self, seat: SeatId) -> Option<usize> {
        self.pair.seats().into_iter().position(|s| s == seat)
    }

    /// Whether `seat` may say this now; counts it.
    fn admits(&mut self, side: usize, signal: &DirectSignal) -> Result<(), ErrorCode> {
        let first = |done: &mut bool| !std::mem::replace(done, true);
        let right = match (signal, side) {
            (DirectSignal::Offer { .. }, 0) => first(&mut self.offered),
            (DirectSignal::Answer { .. }, 1) => self.offered && first(&mut self.answered),
            (DirectSignal::Candidate { .. }, _) => {
                self.candidates[side] += 1;
                if self.candidates[side] > MAX_DIRECT_CANDIDATES {
                    return Err(ErrorCode::TooFast);
                }
                true
            }
            _ => false,
        };
        if right { Ok(()) } else { Err(ErrorCode::WrongState) }
    }
}

impl Task {
    /// Whether the forwarding unit holds back the microphone and camera of this person, because they
    /// arrive directly.
    pub(super) fn goes_directly(&self, seat: SeatId) -> bool {
        let open = self.state.direct.open.as_ref();
        open.is_some_and(|a| a.is_on() && a.side(seat).is_some())
    }

    /// After every step: remembers since when two have been able to.
    pub(super) fn note_direct(&mut self) {
        let possible = self.state.visit.may_be_direct().is_some();
        let since = &mut self.state.direct.possible_since;
        *since = possible.then(|| since.unwrap_or(self.core.clock.now()));
    }

    /// Every second: begins a try when two have been able to for a while, and ends one that comes to
    /// nothing.
    pub(super) async fn tick_direct(&mut self) {
        let now = self.core.clock.now();
        let direct = &mut self.state.direct;
        if let Some(attempt) = &direct.open {
            if !attempt.is_on() && now.since(attempt.opened_at) >= TRY_WITHIN {
                self.fail_direct(Actor::System, audit::Actor::System).await;
            }
            return;
        }
        let settled = direct.possible_since.is_some_and(|since| now.since(since) >= SETTLE);
        let waited = direct.not_before.is_none_or(|t| now >= t);
        if settled && waited && direct.failures < MAX_FAILURES {
            self.system(Actor::System, Command::OpenDirect).await;
        }
    }

    /// The visit allows it, and it is on record: both may begin.
    pub(super) fn direct_opened(&mut self, pair: DirectPair) {
        let opened_at = self.core.clock.now();
        let direct = &mut self.state.direct;
        direct.attempts += 1;
        let number = direct.attempts;
        direct.open = Some(Attempt {
            number,
            pair,
            opened_at,
            offered: false,
            answered: false,
            candidates: [0; 2],
            flows: [false; 2],
        });
        let relay_only = self.state.visit.direct_rules.policy == DirectPolicy::AlwaysRelay;
        for (seat, other) in [(pair.offers, pair.answers), (pair.answers, pair.offers)] {
            let offers = seat == pair.offers;
            let open =
                ServerMessage::DirectOpen { attempt: number, seat: other, offers, relay_only };
            self.send(seat, open);
        }
    }

    /// It may not be any more, or did not come about: everything through the forwarding unit, from
    /// now on.
    pub(super) fn direct_closed(&mut self, at_once: bool) {
        let Some(attempt) = self.state.direct.open.take() else { return };
        if attempt.is_on() {
            self.hold_back(attempt.pair);
        }
        for seat in attempt.pair.seats() {
            let close = ServerMessage::DirectClose { attempt: attempt.number, at_once };
            self.send(seat, close);
        }
    }

    /// Passes a word on to the other of the two.
    pub(super) fn direct_signal(
        &mut self,
        from: SeatId,
        number: u64,
        signal: DirectSignal,
    ) -> Result<(), ErrorCode> {
        let Some((attempt, side)) = self.attempt_of(from, number)? else { return Ok(()) };
        attempt.admits(side, &signal)?;
        let to = attempt.pair.seats()[1 - side];
        self.send(to, ServerMessage::DirectSignal { attempt: number, signal });
        Ok(())
    }

    /// Everything arrives at `from` directly. When both say so, the forwarding unit rests.
    pub(super) fn direct_up(&mut self, from: SeatId, number: u64) -> Result<(), ErrorCode> {
        let Some((attempt, side)) = self.attempt_of(from, number)? else { return Ok(()) };
        // Nothing can arrive where nothing was agreed.
        if !attempt.answered {
            return Err(ErrorCode::WrongState);
        }
        let before = attempt.is_on();
        attempt.flows[side] = true;
        let (on, pair) = (attempt.is_on(), attempt.pair);
        if on && !before {
            self.state.direct.failures = 0;
            self.hold_back(pair);
            for seat in pair.seats() {
                self.send(seat, ServerMessage::DirectOn { attempt: number });
            }
        }
        Ok(())
    }

    /// A page says that it does not work.
    pub(super) async fn direct_down(&mut self, from: SeatId, number: u64) -> Result<(), ErrorCode> {
        if self.attempt_of(from, number)?.is_none() {
            return Ok(());
        }
        let by = self.audit_actor(from);
        self.fail_direct(Actor::Seat(from), by).await;
        Ok(())
    }

    async fn fail_direct(&mut self, actor: Actor, by: audit::Actor) {
        let now = self.core.clock.now();
        let direct = &mut self.state.direct;
        let wait = Duration(RETRY.0 << direct.failures.min(MAX_FAILURES));
        direct.failures += 1;
        direct.not_before = Some(now.plus(wait));
        // The unit goes on even if the database cannot take the step just now.
        if let Some(attempt) = direct.open.as_mut().filter(|a| a.is_on()) {
            attempt.flows = [false; 2];
            attempt.answered = false;
            let pair = attempt.pair;
            self.hold_back(pair);
        }
        self.surely(actor, by, Command::CloseDirect).await;
    }

    /// Tells the forwarding unit anew what it lets through of these two.
    fn hold_back(&mut self, pair: DirectPair) {
        for id in pair.seats() {
            if let Some(seat) = self.state.visit.seat(id) {
                self.apply_sending(id, seat.lets_out());
            }
        }
    }

    /// The attempt of that number with the side that `from` has in it. None when it ended meanwhile:
    /// what was said about it has lost a race.
    fn attempt_of(
        &mut self,
        from: SeatId,
        number: u64,
    ) -> Result<Option<(&mut Attempt, usize)>, ErrorCode> {
        if !self.state.visit.seat(from).is_some_and(|s| s.state.is_inside()) {
            return Err(ErrorCode::WrongState);
        }
        let Some(attempt) = self.state.direct.open.as_mut().filter(|a| a.number == number) else {
            return Ok(None);
        };
        let side = attempt.side(from).ok_or(ErrorCode::NotAllowed)?;
        Ok(Some((attempt, side)))
    }
}
