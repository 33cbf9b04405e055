//! Who may do what inside a visit: one table, default deny. It depends on the role and on where
//! the seat stands, both of which are server state; no token carries a permission.

use crate::{Role, SeatState};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that a person may try to do in a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Hear and see the others, know who they are, read the chat.
    BeInRoom,
    /// Send microphone audio.
    PublishMic,
    /// Send camera video.
    PublishCamera,
    /// Share a screen.
    ShareScreen,
    /// Write in the visit's chat.
    Chat,
    /// See who waits, how long, and how their device check went.
    SeeWaitingRoom,
    /// Write to somebody who waits.
    MessageWaiting,
    /// Let somebody in.
    Admit,
    /// Send somebody back to the waiting room.
    PutBack,
    /// Put somebody out for good.
    Remove,
    /// Silence another person's microphone (never un-silence it).
    MuteOther,
    /// Invite family, an interpreter or a colleague.
    Invite,
    /// See how good everybody's connection is.
    SeeQuality,
    /// End the visit for all.
    EndVisit,
}

impl Action {
    /// Every action, for tables and tests.
    pub const ALL: [Self; 14] = [
        Self::BeInRoom,
        Self::PublishMic,
        Self::PublishCamera,
        Self::ShareScreen,
        Self::Chat,
        Self::SeeWaitingRoom,
        Self::MessageWaiting,
        Self::Admit,
        Self::PutBack,
        Self::Remove,
        Self::MuteOther,
        Self::Invite,
        Self::SeeQuality,
        Self::EndVisit,
    ];

    /// Whether one has to be inside the room for it. Rooming a patient is done from the board,
    /// before the call.
    #[must_use]
    pub const fn needs_to_be_inside(self) -> bool {
        matches!(
            self,
            Self::BeInRoom
                | Self::PublishMic
                | Self::PublishCamera
                | Self::ShareScreen
                | Self::Chat
        )
    }
}

/// The role half of the table. Everything not listed is denied.
#[must_use]
pub const fn role_permits(role: Role, action: Action) -> bool {
    use Action as A;
    match role {
        Role::Host => true,
        Role::Colleague => !matches!(action, A::EndVisit | A::Remove),
        Role::Staff => matches!(
            action,
            A::BeInRoom
                | A::PublishMic
                | A::PublishCamera
                | A::Chat
                | A::SeeWaitingRoom
                | A::MessageWaiting
                | A::Admit
                | A::PutBack
                | A::Invite
                | A::SeeQuality
        ),
        Role::Patient | Role::Interpreter | Role::Family => matches!(
            action,
            A::BeInRoom | A::PublishMic | A::PublishCamera | A::ShareScreen | A::Chat
        ),
    }
}

/// Whether a person in `role`, whose seat is in `state`, may do `action` now.
#[must_use]
pub const fn permits(role: Role, state: SeatState, action: Action) -> bool {
    if matches!(state, SeatState::Removed) {
        return false;
    }
    role_permits(role, action) && (!action.needs_to_be_inside() || state.is_inside())
}

#[cfg(test)]
#[path = "permission_tests.rs"]
mod tests;
