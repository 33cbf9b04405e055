//! Bodies of the HTTP calls. All calls are POST with JSON unless said otherwise; secrets travel in
//! bodies and cookies only, never in a path or query.

pub use crate::sign_in::*;
use crate::{BoardVisit, IceServer};
use serde::{Deserialize, Serialize};
use telemetry::Record;
use ts_rs::TS;
use visit::{Role, SeatId, Timestamp, UserId, VisitId};

/// `POST /api/link/look`: what the button page may show before the link is used. Consumes nothing.
/// Also `POST /api/link/open`: uses the link and binds the seat to this device.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The secret from the URL fragment.
    pub secret: String,
    /// The answer to the second check (`YYYY-MM-DD`), when asked.
    #[serde(default)]
    #[ts(optional)]
    pub birth_date: Option<String>,
}

/// Answer to `link/look`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LinkLook {
    /// The clinic's name.
    pub clinic: String,
    /// With whom the visit is.
    pub host_name: String,
    /// When it is booked for.
    pub scheduled_at: Timestamp,
    /// Whether the second check comes next.
    pub second_check: bool,
    /// Whether another device holds this seat now; opening takes over.
    pub elsewhere: bool,
    /// The role that the link invites to.
    pub role: Role,
}

/// `GET /api/clinic`: what every page may know.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Clinic {
    /// The clinic's name.
    pub clinic: String,
    /// Its help line, or empty.
    pub help_phone: String,
}

/// Answer to `link/open`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LinkOpened {
    /// The seat that this device now holds.
    pub seat: SeatId,
    /// Its visit.
    pub visit: VisitId,
}

/// `POST /api/seat/mine` (cookie of the device): the seats that this device holds and that live.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct MySeats {
    /// The seats, newest first.
    pub seats: Vec<LinkOpened>,
}

/// `POST /api/seat/token`: a join token for a seat's socket. Needs the device cookie (guests) or
/// the session (clinic people, who name the visit and get or make their own seat in it).
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Which visit.
    pub visit: VisitId,
    /// Which seat, for guests.
    #[serde(default)]
    #[ts(optional)]
    pub seat: Option<SeatId>,
}

/// Answer to `seat/token` and `board/token`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Token {
    /// Works once, for 60 s.
    pub token: String,
}

/// `POST /api/signin`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// `POST /api/signin/code`: second step, a TOTP code or a recovery code.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignInCode {
    /// Six digits, or a recovery code.
    pub code: String,
}

/// `POST /api/signin/link`: one-time link (first sign-in of a new person, reset, demo). With
/// `password` it also sets the password, which an invitation or reset asks for.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignInLink {
    /// The secret from the URL fragment.
    pub secret: String,
    /// The new password, when the link is an invitation or a reset.
    #[serde(default)]
    #[ts(optional)]
    pub password: Option<String>,
}

/// What comes next in signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignInNext {
    /// Type the code of the authenticator app.
    Code,
    /// Set up the authenticator app: call `POST /api/mfa/start`.
    Enrol,
    /// Choose a password first (call `signin/link` again with it).
    Password,
    /// Done.
    Done,
}

/// What can be shown after the password. A recovery code always can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code of the authenticator app.
    App,
    /// A passkey.
    Passkey,
}

/// Answer to every step of signing in.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct SignInStep {
    /// What comes next.
    pub next: SignInNext,
    /// With `code`: what this person can show.
    #[serde(default)]
    pub factors: Vec<SecondFactor>,
}

/// Answer to `POST /api/mfa/start`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct MfaStart {
    /// QR code of the `otpauth:` address as an SVG document.
    pub qr_svg: String,
    /// The secret in base 32, for typing.
    pub secret: String,
}

/// `POST /api/mfa/finish`: proves the app works. Answer: [`MfaDone`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MfaFinish {
    /// Six digits.
    pub code: String,
}

/// Shown once.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct MfaDone {
    /// Ten single-use recovery codes.
    pub recovery_codes: Vec<String>,
}

/// `GET /api/me`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Me {
    /// Own name.
    pub name: String,
    /// Own e-mail.
    pub email: String,
    /// The clinic's name.
    pub clinic: String,
    /// `admin`, `officer`, `clinician` or `staff`.
    pub role: String,
    /// Whether invitations can be e-mailed.
    pub mail: bool,
    /// Whether a synthetic patient can be invited (demo).
    pub demo_guest: bool,
    /// Recovery codes left.
    pub recovery_codes_left: u32,
    /// Live sign-ins of this person, this one included.
    pub sessions: u32,
    /// What waits for a review; absent for who reviews nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reviews: Option<ReviewsToDo>,
}

/// Emergency accesses that nobody has reviewed yet: figures, so that a menu can show them and nobody has
/// looked at anything.
#[derive(Clone, Copy, Serialize, Deserialize, TS)]
pub struct ReviewsToDo {
    /// All of them.
    pub open: u32,
    /// Those that wait longer than they may.
    pub overdue: u32,
}

/// One of the clinic's people for whom a visit can be booked, and who can be invited into one.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Clinician {
    /// Who.
    pub id: UserId,
    /// The name as the clinic wrote it.
    pub name: String,
}

/// `GET /api/clinicians`, for staff.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Clinicians {
    /// Sorted by name. The caller is among them if a visit can be theirs.
    pub clinicians: Vec<Clinician>,
}

/// `POST /api/visits`: books a visit. Answer: [`VisitCreated`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateVisit {
    /// The clinician whose visit it is, one of `GET /api/clinicians`. Absent: the caller, who has to
    /// be one; reception names somebody.
    #[serde(default)]
    #[ts(optional)]
    pub host: Option<UserId>,
    /// The patient's name.
    pub patient_name: String,
    /// Where to send the invitation; empty to copy the link instead.
    #[serde(default)]
    pub patient_email: String,
    /// Date of birth (`YYYY-MM-DD`) for the second check; empty for none.
    #[serde(default)]
    pub patient_birth_date: String,
    /// When; now if absent.
    #[serde(default)]
    #[ts(optional)]
    pub scheduled_at: Option<Timestamp>,
    /// Planned length in minutes, [`crate::limits::MIN_VISIT_MIN`] to
    /// [`crate::limits::MAX_VISIT_MIN`].
    pub duration_min: u32,
    /// A short note for the clinic.
    #[serde(default)]
    pub note: String,
    /// Ask consent to recording as well.
    #[serde(default)]
    pub ask_recording: bool,
    /// Ask consent to captions as well.
    #[serde(default)]
    pub ask_captions: bool,
    /// Only whoever's visit it is and those invited into it see who it is with.
    #[serde(default)]
    pub restricted: bool,
    /// Language of the invitation (`en`, `es`).
    #[serde(default)]
    pub locale: String,
    /// The browser's offset from UTC in minutes, so that the mail shows the local time.
    #[serde(default)]
    pub utc_offset_min: i32,
}

/// Answer to `visits`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct VisitCreated {
    /// The visit as the board shows it.
    pub visit: BoardVisit,
    /// The patient's invitation.
    pub invitation: Invitation,
}

/// `POST /api/visits/{visit}/invite`: one more person, or a fresh link for a seat.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// A fresh link for this seat; the old link dies. Otherwise a new seat is made.
    #[serde(default)]
    #[ts(optional)]
    pub seat: Option<SeatId>,
    /// Role of the new person: `family` or `interpreter` (or `patient` with `seat`).
    pub role: Role,
    /// Their name.
    #[serde(default)]
    pub name: String,
    /// Where to send it; empty to copy.
    #[serde(default)]
    pub email: String,
    /// Language of the invitation.
    #[serde(default)]
    pub locale: String,
    /// The browser's offset from UTC in minutes.
    #[serde(default)]
    pub utc_offset_min: i32,
}

/// `POST /api/visits/{visit}/colleague`: invites a clinician of the same clinic. There is no link:
/// the visit says on their board that they were invited, and they join with their own session.
/// Inviting the same person twice is the same as once. Answer: nothing (204).
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct InviteColleague {
    /// Whom, one of `GET /api/clinicians`, and not the one whose visit it is.
    pub user: UserId,
}

/// A link to send, and the text to send it with.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Invitation {
    /// The seat invited.
    pub seat: SeatId,
    /// The whole address, secret in the fragment. Shown once.
    pub url: String,
    /// QR code of it as an SVG document.
    pub qr_svg: String,
    /// A ready text to paste into a message.
    pub text: String,
    /// The invitation as an iCalendar file.
    pub ics: String,
    /// Whether it was e-mailed.
    pub mailed: bool,
}

/// `POST /api/visits/{visit}/outcome`: closes a visit from the board.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetOutcome {
    /// How.
    pub outcome: crate::client::EndAs,
}

/// `POST /api/seat/rate` after the goodbye (device cookie).
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RateRequest {
    /// Which visit.
    pub visit: VisitId,
    /// Which seat.
    pub seat: SeatId,
    /// 1 bad … 5 good.
    pub stars: u8,
}

/// Answer of `GET /api/visits/{visit}/quality`: how the call was, for whoever looks into a complaint.
/// There is one stretch, and one more for each time that the server started while the visit was under
/// way.
#[derive(Serialize, Deserialize, TS)]
pub struct VisitQuality {
    /// Everybody who was ever invited, by seat.
    pub people: Vec<QualityPerson>,
    /// The stretches, oldest first.
    pub stretches: Vec<QualityStretch>,
}

/// Somebody whose call was measured.
#[derive(Serialize, Deserialize, TS)]
pub struct QualityPerson {
    /// Their seat.
    pub seat: SeatId,
    /// Their name, as the clinic wrote it.
    pub name: String,
    /// What they were here.
    pub role: Role,
}

/// What was measured in one stretch.
#[derive(Serialize, Deserialize, TS)]
pub struct QualityStretch {
    /// When the first measurement came in; second 0 of every line.
    pub began_at: Timestamp,
    /// The seat behind each number of the record.
    pub seats: Vec<SeatId>,
    /// The figures.
    pub record: Record,
}

/// `POST /api/net/probe`: asks for a media transport of one's own, in an empty room, to try the ways of
/// audio and video before anybody is let in.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    /// The key in the link of `bedside doctor --browser`. Without it a seat's device or a session of
    /// staff is needed.
    #[serde(default)]
    #[ts(optional)]
    pub key: Option<String>,
    /// Which of the media ports; without it the one of the device's own visit, or any.
    #[serde(default)]
    #[ts(optional)]
    pub port: Option<u16>,
}

/// Answer to `net/probe`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ProbeOffer {
    /// Names the trial in `net/probe/answer`.
    pub probe: VisitId,
    /// The offer (RFC 8866): one data channel, candidates for UDP and for TCP (RFC 6544).
    pub sdp: String,
    /// Every port of audio and video, UDP and TCP.
    pub ports: Vec<u16>,
    /// Whether anybody reached the server over UDP since it started, from another machine.
    pub udp_seen: bool,
    /// Whether anybody reached the media ports over TCP since it started, from another machine.
    pub tcp_seen: bool,
    /// The trial ends by itself after this long, in milliseconds.
    pub lives_ms: u32,
    /// Relays that may be tried, with a right that ends with the trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<IceServer>>")]
    pub ice_servers: Vec<IceServer>,
}

/// `POST /api/net/probe/answer`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProbeAnswer {
    /// Which trial.
    pub probe: VisitId,
    /// The answer to its offer (RFC 8866).
    pub sdp: String,
}
