//! Bodies of the HTTP calls that read the audit log. Same rules as [`crate::http`].

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use visit::{PatientId, SeatId, Timestamp, UserId, VisitId};

/// Most entries of one answer.
pub const MAX_AUDIT_PAGE: u32 = 100;

/// Body of `POST /api/audit/search`: who did what. In a body, so that no id stands in an address.
#[derive(Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSearch {
    /// Only what happened in this visit.
    pub visit: Option<VisitId>,
    /// Only what happened in visits of this patient.
    #[ts(optional)]
    pub patient: Option<PatientId>,
    /// Only what this account did, or what was done to it.
    pub person: Option<UserId>,
    /// Only entries before this place: the answer's `next`. The newest if absent.
    #[ts(type = "number | null")]
    pub before: Option<u64>,
}

/// Body of `POST /api/audit/export`: the log as a file. In a body, as above. The answer is the file itself.
#[derive(Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct AuditExportRequest {
    /// In which form.
    pub format: AuditFormat,
    /// Only what happened in this visit.
    #[serde(default)]
    pub visit: Option<VisitId>,
    /// Only what happened in visits of this patient.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// Only what this account did, or what was done to it.
    #[serde(default)]
    pub person: Option<UserId>,
    /// Only what happened at this time or later.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Only what happened before this time.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// A form of the audit log as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// JSON lines: one entry each, as stored, with its place and its leaf hash.
    Jsonl,
    /// A bundle of FHIR R4 `AuditEvent`s by IHE BALP.
    Fhir,
}

impl AuditFormat {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Fhir => "fhir",
        }
    }
}

/// Answer: the newest first.
#[derive(Serialize, Deserialize, TS)]
pub struct AuditFound {
    /// Up to [`MAX_AUDIT_PAGE`].
    pub entries: Vec<AuditLine>,
    /// Where to go on; absent at the end.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
}

/// One entry.
#[derive(Serialize, Deserialize, TS)]
pub struct AuditLine {
    /// Its place in the log, counted from 0; what `bedside audit prove` takes.
    #[ts(type = "number")]
    pub place: u64,
    /// When.
    pub at: Timestamp,
    /// What happened, as a code such as `chat.read`.
    pub kind: String,
    /// Who did it.
    pub actor: AuditActor,
    /// In which visit.
    pub visit: Option<VisitId>,
    /// To which seat.
    pub seat: Option<SeatId>,
    /// To which account.
    pub person: Option<UserId>,
    /// Why it was not done; absent when it was.
    pub refused: Option<String>,
    /// Codes beside it.
    pub details: BTreeMap<String, String>,
    /// What stands beside it in plain words; absent when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub words: Option<AuditWords>,
}

/// Words beside an entry, sealed under a key of the patient whom it is about.
#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AuditWords {
    /// The key is there.
    Open {
        /// The network address that it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<String>,
        /// With what: browser and system, as the browser said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        with: Option<String>,
        /// The name of who did it, at that time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        name: Option<String>,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reason: Option<String>,
    },
    /// The key was destroyed, with the patient's data.
    Erased,
    /// They are not what was sealed for this entry: somebody changed the log.
    Altered,
}

/// Who did something.
#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum AuditActor {
    /// A member of staff.
    Staff(UserId),
    /// A person in a seat who came by a link.
    Seat(SeatId),
    /// The program itself.
    System,
    /// Somebody who has not shown who they are.
    Anonymous,
}
