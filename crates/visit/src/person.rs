//! The kinds of person in a visit and what they can send into the room.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What somebody is in one visit. The same member of staff may host one visit and be a colleague
/// in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The clinician whose visit it is.
    Host,
    /// Another clinician of the same clinic.
    Colleague,
    /// The patient.
    Patient,
    /// A relative or caregiver of the patient.
    Family,
    /// An interpreter.
    Interpreter,
    /// Reception or a nurse who rooms patients.
    Staff,
}

impl Role {
    /// Every role, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Host, Self::Colleague, Self::Patient, Self::Family, Self::Interpreter, Self::Staff];

    /// Whether this person signs in to the clinic (true) or comes by a link (false).
    #[must_use]
    pub const fn is_clinic(self) -> bool {
        matches!(self, Self::Host | Self::Colleague | Self::Staff)
    }

    /// The name used in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Colleague => "colleague",
            Self::Patient => "patient",
            Self::Family => "family",
            Self::Interpreter => "interpreter",
            Self::Staff => "staff",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// Something that a person can send into the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Microphone audio.
    Mic,
    /// Camera video.
    Camera,
    /// The picture of a shared screen or window.
    Screen,
}

/// Which pictures a person takes part with. Their own choice, for a narrow or costly line, and known
/// to everybody inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Pictures {
    /// Every picture, as large as it is shown.
    #[default]
    Full,
    /// Faces in their smallest size; shared screens in full.
    Small,
    /// Sound only: no picture goes to the person, and none of their camera goes out.
    None,
}

impl Pictures {
    /// Every choice, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Full, Self::Small, Self::None];
}

impl Source {
    /// Every source, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Mic, Self::Camera, Self::Screen];

    /// The name used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mic => "mic",
            Self::Camera => "camera",
            Self::Screen => "screen",
        }
    }
}
