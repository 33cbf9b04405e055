//! Consent per purpose, with the version of the text that was shown. The log is append-only: the
//! latest record of a purpose is what holds, all earlier ones stay.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a person can say yes or no to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Being treated by video at all. Without it nobody waits or enters.
    Visit,
    /// Being recorded.
    Recording,
    /// Speech turned into text by the clinic's server.
    Captions,
}

impl Purpose {
    /// Every purpose, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Visit, Self::Recording, Self::Captions];

    /// The name used in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Recording => "recording",
            Self::Captions => "captions",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConsentDecision {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// Yes earlier, no from now on.
    Withdrawn,
}

impl ConsentDecision {
    /// Every decision, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Given, Self::Refused, Self::Withdrawn];

    /// The name used in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }
}

/// One answer on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// To what.
    pub purpose: Purpose,
    /// The answer.
    pub decision: ConsentDecision,
    /// Which version of the text was on the screen, such as `visit-2026-11`.
    pub text_version: String,
    /// The language it was shown in (BCP 47).
    pub locale: String,
    /// When.
    pub at: Timestamp,
}

/// The answer that holds for `purpose`, if any was given.
#[must_use]
pub fn current(records: &[ConsentRecord], purpose: Purpose) -> Option<ConsentDecision> {
    records.iter().rev().find(|r| r.purpose == purpose).map(|r| r.decision)
}
