//! Bodies of the HTTP calls about people and access: accounts of the clinic, emergency access to a
//! restricted visit, and what is kept of a patient, for how long. Same rules as [`crate::http`].

use crate::BoardVisit;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use visit::{GrantId, PatientId, Timestamp, UserId, VisitId};

// --- Accounts ---

/// What an account may do outside of visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Runs the installation: accounts and settings, besides all that a clinician can.
    Admin,
    /// Answers for privacy and security: the log, reviews, retention. Sees no visits.
    Officer,
    /// Holds visits.
    Clinician,
    /// Reception: books visits and rooms patients.
    Staff,
}

/// An account as the people page shows it.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct StaffPerson {
    /// Which.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// What it may do.
    pub role: StaffRole,
    /// It may be used.
    pub active: bool,
    /// Its owner has never come: there is nothing yet to sign in with.
    pub invited: bool,
    /// Its owner has a second factor here.
    pub has_second_factor: bool,
    /// Its owner has signed in by the clinic's own identity provider.
    pub by_provider: bool,
    /// Made at.
    pub created_at: Timestamp,
    /// Live sessions.
    pub sessions: u32,
    /// It is the reader's own.
    pub me: bool,
}

/// `GET /api/people`, for administrators and officers: all accounts, sorted by name.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct People {
    /// The accounts.
    pub people: Vec<StaffPerson>,
    /// Whether the reader may change them.
    pub may_change: bool,
}

/// `POST /api/people`: a new account. Answer: [`PersonChanged`] with the invitation.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AddPerson {
    /// Name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// What it may do.
    pub role: StaffRole,
}

/// `POST /api/people/{person}`: changes an account. Answer: [`PersonChanged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChangePerson {
    /// It may not be used any more. Sessions, sockets, seats and links end within seconds.
    Disable {},
    /// It may be used again.
    Enable {},
    /// A link for a new password.
    NewPassword {},
    /// Takes the second factor, the password and all sessions away; a link sets both anew.
    ResetSecondFactor {},
    /// Another role. The person is signed out and signs in again with it.
    Role {
        /// Which.
        role: StaffRole,
    },
}

/// Answer to a change of an account.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PersonChanged {
    /// The account as it is now.
    pub person: StaffPerson,
    /// A one-time link for its owner, shown once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<PersonLink>,
}

/// A one-time link for somebody of the clinic.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PersonLink {
    /// The whole address, secret in the fragment.
    pub url: String,
    /// Whether it was e-mailed to them.
    pub mailed: bool,
    /// Until when it works.
    pub expires_at: Timestamp,
}

// --- Emergency access ---

/// `POST /api/visits/{visit}/emergency`: opens a restricted visit of somebody else for an hour.
/// Answer: [`EmergencyOpened`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EmergencyRequest {
    /// Why, in the person's own words; [`crate::limits::MIN_REASON_CHARS`] to
    /// [`crate::limits::MAX_NOTE_CHARS`] characters.
    pub reason: String,
}

/// Answer to `emergency`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct EmergencyOpened {
    /// Until when.
    pub ends_at: Timestamp,
    /// The visit as the board now shows it.
    pub visit: BoardVisit,
}

/// One opening of a restricted visit in an emergency.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Emergency {
    /// Which, for `review`.
    pub id: GrantId,
    /// Who opened it.
    pub person: String,
    /// It was the reader, who therefore cannot review it.
    pub mine: bool,
    /// Which visit.
    pub visit: VisitId,
    /// Whose visit it is.
    pub host_name: String,
    /// When the visit was booked for.
    pub scheduled_at: Timestamp,
    /// Why, in the person's own words.
    pub reason: String,
    /// From when.
    pub began_at: Timestamp,
    /// To when.
    pub ends_at: Timestamp,
    /// What the review found, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub review: Option<EmergencyReview>,
    /// Not reviewed within [`crate::limits::REVIEW_WITHIN_H`] hours.
    pub overdue: bool,
}

/// What a review found.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct EmergencyReview {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether there was reason enough.
    pub justified: bool,
    /// What else the reviewer wrote.
    pub note: String,
}

/// `GET /api/emergencies`, for officers and administrators: unreviewed first, then newest first, at
/// most 200.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Emergencies {
    /// The openings.
    pub emergencies: Vec<Emergency>,
    /// How many are not reviewed.
    pub unreviewed: u32,
}

/// `POST /api/emergencies/{id}/review`. Answer: nothing (204).
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// Whether there was reason enough.
    pub justified: bool,
    /// What else there is to say; may be empty if it was justified.
    #[serde(default)]
    pub note: String,
}

// --- What is kept ---

/// A kind of data with a life of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeptKind {
    /// Chat and notes to people who waited.
    Chat,
    /// The clinic's note about a visit.
    Note,
    /// The measurements of a call.
    Quality,
    /// Everything about a visit: who it was with, and all of the above. Its key is destroyed, so a
    /// copy can be read only with a backup of the key, while there is one.
    Visit,
}

/// How long a kind of data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct KeptRule {
    /// Which kind.
    pub kind: KeptKind,
    /// Days after the end of the visit; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub days: Option<u32>,
}

/// `GET /api/retention`; `POST /api/retention` takes `rules` alone.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Retention {
    /// One rule per kind.
    pub rules: Vec<KeptRule>,
    /// Legal holds that are in force, newest first.
    pub holds: Vec<Hold>,
    /// When data was last looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub swept_at: Option<Timestamp>,
}

/// `POST /api/retention`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetRetention {
    /// The rules that change.
    pub rules: Vec<KeptRule>,
}

/// Somebody's data that must not be deleted.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Hold {
    /// Whose data.
    pub patient: PatientId,
    /// Their name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub placed_at: Timestamp,
    /// By whom.
    pub placed_by: String,
}

/// `POST /api/patients/find`: a patient by name, e-mail address or date of birth; at least one.
/// Answer: [`Patients`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FindPatient {
    /// Part of the name.
    #[serde(default)]
    pub name: String,
    /// The whole address.
    #[serde(default)]
    pub email: String,
    /// `YYYY-MM-DD`.
    #[serde(default)]
    pub birth_date: String,
}

/// A patient of the clinic.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Patient {
    /// Which.
    pub id: PatientId,
    /// Name, as written at the latest visit.
    pub name: String,
    /// E-mail address, or empty.
    pub email: String,
    /// Date of birth (`YYYY-MM-DD`), or empty.
    pub birth_date: String,
    /// How many visits are kept.
    pub visits: u32,
    /// When the latest was booked for.
    pub last_visit_at: Timestamp,
    /// Their data must not be deleted.
    pub held: bool,
}

/// Answer to `patients/find`: at most 50.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Patients {
    /// Who was found.
    pub patients: Vec<Patient>,
    /// There are more; ask more precisely.
    pub more: bool,
}

/// `POST /api/patients/{patient}/hold`: keeps everything about a patient until the hold is lifted.
/// `POST /api/patients/{patient}/unhold` lifts it. Answer: nothing (204).
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Why.
    pub reason: String,
}

/// `POST /api/patients/{patient}/erase`: destroys the keys of everything about a patient. Answer: the
/// certificate, as a file to keep.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// The patient's name typed once more, so that nobody is erased by a slip.
    pub name: String,
    /// Why, for example "request of the patient of 3 May".
    pub reason: String,
}
