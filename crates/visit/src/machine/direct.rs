//! When two people may talk without the forwarding unit between them, and when that has to end.
//!
//! Sound and pictures then go from device to device, and each device sees the network address of
//! the other. So it needs the clinic's word, the word of every guest, and two people who need nothing
//! of the server: no third person, no recording, no captions, no smaller pictures.

use super::{Actor, Effect, Refusal, Step, Visit};
use crate::{ConsentDecision, Pictures, Purpose, Seat, SeatId, SeatState};

/// Whether the clinic lets two people talk directly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DirectPolicy {
    /// Everything goes through the clinic's server. Nobody sees anybody's address.
    #[default]
    Never,
    /// Directly where it can be. Each sees the other's address.
    Auto,
    /// Directly over the clinic's relay: the server cannot read along, and nobody sees an address.
    AlwaysRelay,
}

impl DirectPolicy {
    /// Every policy, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Never, Self::Auto, Self::AlwaysRelay];

    /// The name used in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Auto => "auto",
            Self::AlwaysRelay => "always_relay",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

/// What a visit has to know of the clinic's rules.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct DirectRules {
    /// The clinic's word.
    pub policy: DirectPolicy,
    /// Versions of the text of consent to the visit that say that an address is seen. Where one is,
    /// every guest must have agreed to one of these.
    pub texts: &'static [&'static str],
}

/// Two people who talk directly, or try to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DirectPair {
    /// Makes the offer.
    pub offers: SeatId,
    /// Answers it.
    pub answers: SeatId,
}

impl DirectPair {
    /// Both.
    #[must_use]
    pub const fn seats(self) -> [SeatId; 2] {
        [self.offers, self.answers]
    }

    /// The one beside `seat`; none when `seat` is not of the pair.
    #[must_use]
    pub fn other(self, seat: SeatId) -> Option<SeatId> {
        match seat {
            _ if seat == self.offers => Some(self.answers),
            _ if seat == self.answers => Some(self.offers),
            _ => None,
        }
    }
}

impl Visit {
    /// The two who may talk directly now; none while anything stands against it.
    #[must_use]
    pub fn may_be_direct(&self) -> Option<DirectPair> {
        let needs_server = [Purpose::Recording, Purpose::Captions];
        if self.direct_rules.policy == DirectPolicy::Never
            || self.state.is_final()
            || self.asks.iter().any(|purpose| needs_server.contains(purpose))
        {
            return None;
        }
        let mut inside = self.inside();
        let (Some(first), Some(second), None) = (inside.next(), inside.next(), inside.next())
        else {
            return None;
        };
        let ready = |s: &Seat| {
            s.state == SeatState::InCall
                && s.connection.is_some()
                && s.pictures == Pictures::Full
                && self.agreed_to_direct(s)
        };
        if !ready(first) || !ready(second) {
            return None;
        }
        // Among guests alone there is nobody who speaks for the clinic.
        let (offers, answers) = match (first.role.is_clinic(), second.role.is_clinic()) {
            (true, _) => (first.id, second.id),
            (false, true) => (second.id, first.id),
            (false, false) => return None,
        };
        Some(DirectPair { offers, answers })
    }

    fn agreed_to_direct(&self, seat: &Seat) -> bool {
        if seat.role.is_clinic() || self.direct_rules.policy != DirectPolicy::Auto {
            return true;
        }
        let answer = seat.consents.iter().rev().find(|c| c.purpose == Purpose::Visit);
        answer.is_some_and(|c| {
            c.decision == ConsentDecision::Given
                && self.direct_rules.texts.contains(&c.text_version.as_str())
        })
    }
}

impl Step<'_> {
    /// Both may make a connection of their own from now on.
    pub(super) fn open_direct(&mut self, actor: Actor) -> Result<(), Refusal> {
        if actor != Actor::System {
            return Err(Refusal::NotAllowed);
        }
        let pair = self.visit.may_be_direct().ok_or(Refusal::WrongState)?;
        if self.visit.direct.is_none() {
            self.visit.direct = Some(pair);
            self.effects.push(Effect::DirectOpened(pair));
        }
        Ok(())
    }

    /// It did not come about, or broke.
    pub(super) fn close_direct(&mut self, actor: Actor) -> Result<(), Refusal> {
        let of_pair = match actor {
            Actor::System => true,
            Actor::Seat(seat) => self.visit.direct.is_some_and(|p| p.other(seat).is_some()),
            Actor::Clinic(..) | Actor::Media => false,
        };
        if !of_pair {
            return Err(Refusal::NotAllowed);
        }
        self.end_direct();
        Ok(())
    }

    /// After every step: what may not be any more ends with it.
    pub(super) fn review_direct(&mut self) {
        if self.visit.direct.is_some() && self.visit.direct != self.visit.may_be_direct() {
            self.end_direct();
        }
    }

    fn end_direct(&mut self) {
        let Some(pair) = self.visit.direct.take() else { return };
        let inside = |id: SeatId| self.visit.seat(id).is_some_and(|s| s.state.is_inside());
        let at_once = !pair.seats().into_iter().all(inside);
        self.effects.push(Effect::DirectClosed { pair, at_once });
    }
}

#[cfg(test)]
#[path = "direct_tests.rs"]
mod tests;
