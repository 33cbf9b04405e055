//! Why somebody was not let in. The texts and codes say nothing about who asked.

use store::StoreError;
use visit::Timestamp;

/// A refusal or a failure. [`Self::code`] is stable and matches the codes that pages know.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No session, or it has ended.
    #[error("not signed in")]
    NotSignedIn,
    /// E-mail, password or code is wrong. Never says which.
    #[error("e-mail, password or code is wrong")]
    BadCredentials,
    /// The password was right; the second factor is missing.
    #[error("the second factor is missing")]
    SecondFactorNeeded,
    /// The password was right; no second factor is set up yet.
    #[error("no second factor is set up")]
    EnrolmentNeeded,
    /// Too many failures. Nothing was checked.
    #[error("too many failures")]
    LockedOut {
        /// When the next try is allowed.
        until: Timestamp,
    },
    /// The new password is refused; the reason is a stable code.
    #[error("the new password is too weak")]
    WeakPassword(crate::WeakPassword),
    /// A one-time link or a join token is unknown, used or expired.
    #[error("unknown, used or expired")]
    TokenExpired,
    /// A passkey was not accepted. Never says why.
    #[error("the passkey was not accepted")]
    PasskeyRefused,
    /// The identity provider's answer did not let this person in. Never says why.
    #[error("the identity provider's answer was not accepted")]
    OutsideRefused,
    /// The identity provider vouches for somebody who has no account here.
    #[error("no account for whom the identity provider vouches for")]
    OutsideUnknown,
    /// The identity provider was not reached, or does not answer as it must.
    #[error("the identity provider does not answer")]
    OutsideUnreachable,
    /// A second factor has to be shown again first.
    #[error("the second factor was not shown lately")]
    FactorNeeded,
    /// The only second factor; it cannot be taken away.
    #[error("the last second factor stays")]
    LastFactor,
    /// A guest's link opens nothing: unknown, expired, revoked, out of tries, or the person was put
    /// out of the visit. Never says which.
    #[error("this link does not open a visit")]
    NoSuchVisit,
    /// The link is good, but the visit that it opens is over.
    #[error("this visit is over")]
    VisitOver,
    /// The link asks for the date of birth first.
    #[error("the second check is missing")]
    SecondCheckNeeded,
    /// The answer to the second check is wrong.
    #[error("the second check failed")]
    SecondCheckFailed {
        /// How many tries are left; at 0 the link is dead.
        tries_left: u32,
    },
    /// Signed in, but not for this.
    #[error("not allowed")]
    NotAllowed,
    /// There is no such account, seat or session here.
    #[error("not found")]
    NotFound,
    /// An account with this e-mail address exists already.
    #[error("already there")]
    AlreadyThere,
    /// A name or an e-mail address cannot be used.
    #[error("the field cannot be used: {0}")]
    BadField(&'static str),
    /// Too many sign-ins at once. The same call may work in a moment.
    #[error("too many sign-ins at once")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something inside broke: the random number generator, a stored hash, a worker thread.
    #[error("a fault inside: {0}")]
    Internal(&'static str),
}

impl AuthError {
    /// The stable code for pages, audit entries and alerts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::BadCredentials => "bad_credentials",
            Self::SecondFactorNeeded => "second_factor_needed",
            Self::EnrolmentNeeded => "enrolment_needed",
            Self::LockedOut { .. } => "locked_out",
            Self::WeakPassword(_) => "weak_password",
            Self::TokenExpired => "token_expired",
            Self::PasskeyRefused => "passkey_refused",
            Self::OutsideRefused => "sso_refused",
            Self::OutsideUnknown => "sso_unknown",
            Self::OutsideUnreachable => "sso_unreachable",
            Self::FactorNeeded => "factor_needed",
            Self::LastFactor => "last_factor",
            Self::NoSuchVisit => "no_such_visit",
            Self::VisitOver => "visit_over",
            Self::SecondCheckNeeded => "second_check_needed",
            Self::SecondCheckFailed { .. } => "second_check_failed",
            Self::NotAllowed => "not_allowed",
            Self::NotFound => "not_found",
            Self::AlreadyThere => "conflict",
            Self::BadField(_) => "bad_field",
            Self::Busy => "store_busy",
            Self::Store(error) => error.code(),
            Self::Internal(_) => "internal",
        }
    }
}

/// The result of every call.
pub type Result<T> = std::result::Result<T, AuthError>;
