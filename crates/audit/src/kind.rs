//! The list of things that are written down.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened. The text of a kind is stored and never changes its meaning; new kinds
        /// are added at will.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stored text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// A process opened the store; the first entry of every writer.
    ServerStarted = "server.started",
    /// A process closed the store in order; the last entry of every writer.
    ServerStopped = "server.stopped",
    /// A new version of the key-encryption key is in use.
    KeyRotated = "key.rotated",
    /// A data key was destroyed: nobody can read the data of this visit any more.
    KeyDestroyed = "key.destroyed",
    /// Settings of the organisation changed.
    SettingsChanged = "settings.changed",

    /// A member of staff signed in, or failed to.
    SignIn = "auth.sign_in",
    /// An account or a network was locked after failures.
    SignInLocked = "auth.locked",
    /// A member of staff signed out.
    SignOut = "auth.sign_out",
    /// A session was revoked by somebody else or by a rule.
    SessionRevoked = "auth.session_revoked",
    /// A second factor was enrolled.
    MfaEnrolled = "auth.mfa_enrolled",
    /// A second factor was taken away.
    MfaReset = "auth.mfa_reset",
    /// A recovery code was used, or a wrong one was tried.
    RecoveryCodeUsed = "auth.recovery_code_used",
    /// New recovery codes replaced the old ones.
    RecoveryCodesReplaced = "auth.recovery_codes_replaced",
    /// A passkey was registered, or failed to be.
    PasskeyEnrolled = "auth.passkey_enrolled",
    /// A passkey was taken away.
    PasskeyRemoved = "auth.passkey_removed",
    /// A passkey was used, or one was not accepted.
    PasskeyUsed = "auth.passkey_used",
    /// Somebody who is signed in showed a second factor again, or failed to.
    FactorShown = "auth.factor_shown",
    /// An account was bound to somebody at the clinic's identity provider.
    OutsideBound = "auth.outside_bound",
    /// Somebody came back from the clinic's identity provider, or was refused.
    OutsideUsed = "auth.outside_used",
    /// A password was set or changed.
    PasswordChanged = "auth.password_changed",
    /// A one-time link for sign-in, enrolment or reset was made.
    StaffLinkIssued = "auth.link_issued",
    /// A one-time link for sign-in, enrolment or reset was used, or failed to.
    StaffLinkUsed = "auth.link_used",

    /// An account was made.
    UserCreated = "user.created",
    /// An account was disabled.
    UserDisabled = "user.disabled",
    /// A disabled account was enabled again.
    UserEnabled = "user.enabled",
    /// The role of an account changed.
    UserRoleChanged = "user.role_changed",
    /// Name or e-mail address of an account changed.
    UserChanged = "user.changed",

    /// A visit was made.
    VisitCreated = "visit.created",
    /// Time, title, note or options of a visit changed.
    VisitChanged = "visit.changed",
    /// The first person came to a visit.
    VisitOpened = "visit.opened",
    /// The clinician and somebody else are in the call.
    VisitStarted = "visit.started",
    /// A visit is over; the detail says how.
    VisitEnded = "visit.ended",

    /// Two people were let make a way of their own: each may have seen the other's address.
    DirectOpened = "visit.direct_opened",
    /// Their own way ended.
    DirectClosed = "visit.direct_closed",

    /// Somebody was given a seat in a visit.
    SeatInvited = "seat.invited",
    /// A guest came.
    SeatArrived = "seat.arrived",
    /// A guest finished the device check.
    SeatCheckDone = "seat.check_done",
    /// A guest waits.
    SeatWaiting = "seat.waiting",
    /// A guest was let in.
    SeatAdmitted = "seat.admitted",
    /// A person's media connected.
    SeatJoined = "seat.joined",
    /// A person's connection was lost; the seat is held.
    SeatAway = "seat.away",
    /// A person came back to a held seat.
    SeatReturned = "seat.returned",
    /// A person was put back into the waiting room.
    SeatPutBack = "seat.put_back",
    /// A person left.
    SeatLeft = "seat.left",
    /// A person was put out.
    SeatRemoved = "seat.removed",
    /// Another device took over a seat.
    SeatTakenOver = "seat.taken_over",
    /// Somebody muted another person or turned their camera off.
    SeatMuted = "seat.muted",

    /// A guest's link was made.
    LinkIssued = "link.issued",
    /// A guest's link was opened, or failed to.
    LinkOpened = "link.opened",
    /// A guest's link was opened on another device than before.
    LinkOpenedElsewhere = "link.opened_elsewhere",
    /// The second check of a link was passed, or failed.
    LinkSecondCheck = "link.second_check",
    /// A guest's link was revoked.
    LinkRevoked = "link.revoked",

    /// Somebody said yes to a purpose.
    ConsentGiven = "consent.given",
    /// Somebody said no to a purpose.
    ConsentRefused = "consent.refused",
    /// Somebody took a yes back.
    ConsentWithdrawn = "consent.withdrawn",

    /// A chat message was stored.
    ChatSent = "chat.sent",
    /// Chat messages were handed to somebody.
    ChatRead = "chat.read",
    /// Staff wrote to somebody who waits.
    WaitingMessaged = "chat.waiting_messaged",

    /// Somebody opened a restricted visit in an emergency.
    EmergencyOpened = "access.emergency_opened",
    /// An emergency access ended.
    EmergencyEnded = "access.emergency_ended",
    /// An emergency access was reviewed; the detail says what was found.
    EmergencyReviewed = "access.emergency_reviewed",

    /// Data of a visit was deleted because its time was over; the detail says which kind.
    DataDeleted = "data.deleted",
    /// Everything about a visit was destroyed on request.
    VisitErased = "data.visit_erased",
    /// Everything about a patient was handed out.
    PatientExported = "data.patient_exported",
    /// Somebody looked for a patient over all visits.
    PatientsSearched = "data.patients_searched",
    /// A legal hold was placed.
    HoldPlaced = "data.hold_placed",
    /// A legal hold was lifted.
    HoldLifted = "data.hold_lifted",
    /// How long data is kept was changed.
    RetentionChanged = "data.retention_changed",
    /// The probes of a report ran.
    ReportMade = "report.made",
    /// Somebody's word about a control was put on record.
    ControlAttested = "report.attested",
    /// Somebody looked at the list of accounts.
    PeopleViewed = "data.people_viewed",
    /// Somebody looked at the emergency accesses.
    EmergenciesViewed = "data.emergencies_viewed",
    /// Somebody looked at the list of visits.
    BoardViewed = "data.board_viewed",
    /// Somebody looked at what is known about a patient.
    PatientViewed = "data.patient_viewed",
    /// Somebody looked at how the call of a visit was.
    QualityViewed = "data.quality_viewed",
    /// Entries that a restored database lacked were put back from the files of this log.
    AuditRecovered = "audit.recovered",
    /// Somebody read or exported this log.
    AuditViewed = "data.audit_viewed",
    /// An action was refused by the permission table.
    ActionRefused = "data.action_refused",
}

impl Kind {
    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == text)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("unknown kind"))
    }
}
