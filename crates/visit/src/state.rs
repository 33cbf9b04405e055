//! The two transition tables: of a visit and of a seat. Nothing else in Bedside changes a state.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// Booked; nobody has come yet.
    Scheduled,
    /// Somebody has opened it: a patient checks devices or waits, or the clinician is ready.
    Open,
    /// Somebody of the clinic and a guest have been in the call together.
    InProgress,
    /// It took place and is over.
    Ended,
    /// The patient never came. Final.
    NoShow,
    /// The patient came but technology failed them. Never counted as a no-show. Final.
    Failed,
}

impl VisitState {
    /// Every state, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Scheduled, Self::Open, Self::InProgress, Self::Ended, Self::NoShow, Self::Failed];

    /// No way leads out of a final state.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::NoShow | Self::Failed)
    }

    /// The name used in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Ended => "ended",
            Self::NoShow => "no_show",
            Self::Failed => "failed",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// The transition table. `None` means: not possible from here.
    #[must_use]
    pub const fn next(self, trigger: VisitTrigger) -> Option<Self> {
        use VisitState as S;
        use VisitTrigger as T;
        match (self, trigger) {
            (S::Scheduled, T::Opened) => Some(S::Open),
            (S::Open, T::BothInCall) => Some(S::InProgress),
            (S::InProgress, T::Finished) => Some(S::Ended),
            (S::Scheduled | S::Open, T::PatientNeverCame) => Some(S::NoShow),
            // Some patients fail before the page can even say that they came; they phone instead.
            (S::Scheduled | S::Open | S::InProgress, T::TechnologyFailed) => Some(S::Failed),
            _ => None,
        }
    }
}

/// What moves a visit from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VisitTrigger {
    /// The first person came.
    Opened,
    /// Somebody of the clinic and a guest are in the call at the same time.
    BothInCall,
    /// Over, after having taken place.
    Finished,
    /// Over, and the patient never came.
    PatientNeverCame,
    /// Over, because of technology.
    TechnologyFailed,
}

impl VisitTrigger {
    /// Every trigger, for tables and tests.
    pub const ALL: [Self; 5] = [
        Self::Opened,
        Self::BothInCall,
        Self::Finished,
        Self::PatientNeverCame,
        Self::TechnologyFailed,
    ];
}

/// Where one person stands in one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// Has a link or an account, has not come.
    Invited,
    /// Looks at the device check.
    Checking,
    /// Reads and answers the consent page.
    Consenting,
    /// In the waiting room. Kept while the page is closed: nobody loses the place in the queue.
    Waiting,
    /// Let in by the clinic; media is being set up.
    Admitted,
    /// Media flows.
    InCall,
    /// Connection lost; the seat is held for [`crate::machine::AWAY_HOLD`].
    Away,
    /// Left, by choice or because the hold ran out. May come back while the visit lives.
    Left,
    /// Put out by the clinic. Final, and the link is dead.
    Removed,
}

impl SeatState {
    /// Every state, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::Invited,
        Self::Checking,
        Self::Consenting,
        Self::Waiting,
        Self::Admitted,
        Self::InCall,
        Self::Away,
        Self::Left,
        Self::Removed,
    ];

    /// Inside the room: may receive media, names and chat.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        matches!(self, Self::Admitted | Self::InCall | Self::Away)
    }

    /// The name used in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Checking => "checking",
            Self::Consenting => "consenting",
            Self::Waiting => "waiting",
            Self::Admitted => "admitted",
            Self::InCall => "in_call",
            Self::Away => "away",
            Self::Left => "left",
            Self::Removed => "removed",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// The transition table. `None` means: not possible from here.
    #[must_use]
    pub const fn next(self, trigger: SeatTrigger) -> Option<Self> {
        use SeatState as S;
        use SeatTrigger as T;
        match (self, trigger) {
            // A guest's way in, one step after the other.
            (S::Invited | S::Left, T::Arrived) => Some(S::Checking),
            (S::Checking, T::CheckDone) => Some(S::Consenting),
            (S::Consenting, T::Consented) => Some(S::Waiting),
            (S::Waiting, T::Admitted) => Some(S::Admitted),
            // The clinic's people enter without a check, a consent page or a wait.
            (S::Invited | S::Left, T::StaffEntered) => Some(S::Admitted),
            // One may look at the devices again while consenting or waiting.
            (S::Consenting, T::Recheck) => Some(S::Checking),
            // The call.
            (S::Admitted | S::Away, T::MediaUp) => Some(S::InCall),
            (S::Admitted | S::InCall, T::ConnectionLost) => Some(S::Away),
            // Back on the wire with the seat still held; media follows.
            (S::Away, T::Returned) => Some(S::Admitted),
            (S::Away, T::HoldExpired) => Some(S::Left),
            (S::Admitted | S::InCall | S::Away, T::PutBack) => Some(S::Waiting),
            // Withdrawing the consent to the visit ends one's part in it at once.
            (S::Waiting | S::Admitted | S::InCall | S::Away, T::ConsentWithdrawn) => {
                Some(S::Consenting)
            }
            (
                S::Checking | S::Consenting | S::Waiting | S::Admitted | S::InCall | S::Away,
                T::Leave,
            ) => Some(S::Left),
            // The clinic may put out anybody who is not already out.
            (S::Removed, _) => None,
            (_, T::Removed) => Some(S::Removed),
            _ => None,
        }
    }
}

/// What moves a seat from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeatTrigger {
    /// A guest opened the link and pressed the button.
    Arrived,
    /// The device check is done (whatever it found).
    CheckDone,
    /// Goes back from consent to the device check.
    Recheck,
    /// Consent to the visit is on record and the person asked to wait.
    Consented,
    /// The clinic let the person in.
    Admitted,
    /// Somebody of the clinic entered the call.
    StaffEntered,
    /// The media transport is connected.
    MediaUp,
    /// WebSocket closed or no packet for 600 ms, and no resume in time.
    ConnectionLost,
    /// Reconnected while the seat was held.
    Returned,
    /// The hold of an away seat ran out.
    HoldExpired,
    /// The clinic put the person back into the waiting room.
    PutBack,
    /// Consent to the visit was withdrawn.
    ConsentWithdrawn,
    /// Left by choice.
    Leave,
    /// Put out by the clinic.
    Removed,
}

impl SeatTrigger {
    /// Every trigger, for tables and tests.
    pub const ALL: [Self; 14] = [
        Self::Arrived,
        Self::CheckDone,
        Self::Recheck,
        Self::Consented,
        Self::Admitted,
        Self::StaffEntered,
        Self::MediaUp,
        Self::ConnectionLost,
        Self::Returned,
        Self::HoldExpired,
        Self::PutBack,
        Self::ConsentWithdrawn,
        Self::Leave,
        Self::Removed,
    ];
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
