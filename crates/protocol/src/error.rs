//! Stable error codes. A page shows the sentence for the code in the reader's language; the English
//! sentence travels along for everybody else.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $text:literal;)*) => {
        /// Why something was refused. The names never change; new ones may come.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code, for tables and tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// One plain sentence and the next step.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// Not JSON, an unknown or duplicate key, a wrong type or an over-long text.
    BadMessage = 400, "The server did not understand this message. Reload the page.";
    /// More bytes than a message may have.
    MessageTooLarge = 413, "This message is too large. Send less at once.";
    /// More messages than allowed.
    TooFast = 429, "Too many messages at once. Wait a moment and try again.";
    /// The page speaks another version of the protocol.
    ProtocolVersion = 426, "This page is out of date. Reload it.";
    /// The request came from a page of another site.
    BadOrigin = 403, "This request came from another site. Open the page of your clinic.";
    /// Join token unknown, used or older than 60 s.
    TokenExpired = 401, "This key to the visit has expired. The page fetches a new one by itself.";
    /// Not signed in, or the session ended.
    NotSignedIn = 401, "You are signed out. Sign in again.";
    /// Password or code wrong. Says not which.
    BadCredentials = 401, "E-mail, password or code is wrong. Try again.";
    /// Signed in with a password only; the second factor is missing.
    SecondFactorNeeded = 401, "One more step: type the code from your authenticator app.";
    /// The second factor is not set up yet.
    EnrolmentNeeded = 403, "Set up your authenticator app first.";
    /// Too many failures from this account or network.
    LockedOut = 429, "Too many tries. Wait until the time shown is over, then try again.";
    /// The password is too short or too common.
    WeakPassword = 422, "Choose a longer password: at least 12 characters, not a common one.";
    /// A passkey was not accepted. Says not why.
    PasskeyRefused = 401, "This passkey was not accepted. Try again, or sign in another way.";
    /// The identity provider's answer was not accepted.
    SsoRefused = 401, "The clinic's sign-in did not let you in. Try again, or use your password.";
    /// The identity provider vouches for somebody without an account.
    SsoUnknown = 403, "There is no account for you here. Ask your administrator to make one for your work address.";
    /// The identity provider does not answer.
    SsoUnreachable = 502, "The clinic's sign-in cannot be reached. Use your password, or try again later.";
    /// A second step has to be shown again first.
    FactorNeeded = 403, "Show your second step again, then go on.";
    /// The only second step of an account.
    LastFactor = 409, "This is your only second step. Add another one first, then remove this one.";
    /// The link does not open a visit: unknown, expired, revoked or not this person's.
    NoSuchVisit = 404, "This link does not open a visit. Ask your clinic for a new one.";
    /// The second check was wrong; tries are left.
    SecondCheckFailed = 403, "That does not match what the clinic has. Try again.";
    /// The link needs the second check first.
    SecondCheckNeeded = 403, "One question first, so that only you can open this visit.";
    /// Role or state does not allow it.
    NotAllowed = 403, "You cannot do this here.";
    /// The visit is restricted, and the person is not among those let in.
    EmergencyNeeded = 403, "This visit is restricted. In an emergency, open it and say why.";
    /// An account that somebody wants to change is their own.
    OwnAccount = 409, "You cannot do this to your own account. Ask another administrator.";
    /// A legal hold keeps the data.
    OnHold = 409, "A legal hold keeps this data. Lift the hold first.";
    /// The state of the visit or seat does not allow it now.
    WrongState = 409, "This is not possible right now. The page shows what is.";
    /// Consent to the visit is missing.
    ConsentMissing = 409, "We need your consent to the video visit first.";
    /// The patient came, so this cannot be a no-show.
    NotANoShow = 409, "The patient did come. End the visit as failed for technical reasons.";
    /// Another device has taken over the seat.
    TakenOver = 409, "This visit was opened on another device. Press the button to bring it back.";
    /// The clinic made a fresh link for this seat; the link that this page came by is dead.
    LinkReplaced = 410, "Your clinic sent a new link, and this one is closed. Open the new link.";
    /// The visit is over.
    VisitOver = 410, "This visit is over. Ask your clinic for a new one.";
    /// The visit is full.
    VisitFull = 409, "This visit is full. Somebody has to leave first.";
    /// The clinic is closing the server.
    ServerClosing = 503, "The clinic closed the visit for a moment. Your link still works.";
    /// SDP that cannot be used.
    BadSdp = 400, "The call could not be set up. The page tries again by itself.";
    /// SDP longer than [`crate::limits::MAX_SDP_BYTES`].
    SdpTooLarge = 413, "This browser describes its call at too great a length. Reload the page, or use another browser.";
    /// An answer to an offer that is no longer current.
    StaleAnswer = 409, "The call has changed meanwhile. The page tries again by itself.";
    /// The form has a mistake; `field` says where.
    BadField = 422, "Please check the marked field.";
    /// The thing asked for is not there, or not yours.
    NotFound = 404, "There is nothing here for you.";
    /// The database is busy.
    StoreBusy = 503, "The server is busy. Nothing was lost. Try again in a moment.";
    /// The disk is full.
    StoreFull = 507, "The server cannot save anything: its disk is full. Tell your clinic's IT.";
    /// The mail could not be sent.
    MailFailed = 502, "The e-mail could not be sent. Copy the link and send it yourself.";
    /// Something broke inside.
    Internal = 500, "Something went wrong on our side. Nothing was lost. Try again.";
}

/// The body of every HTTP error answer, and the payload of a WebSocket `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorBody {
    /// What went wrong.
    pub code: ErrorCode,
    /// One plain English sentence with the next step.
    pub message: String,
    /// Which field of a form, when the fault is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// When to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub retry_after_ms: Option<u64>,
    /// How many tries are left, for a second check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tries_left: Option<u32>,
}

impl From<ErrorCode> for ErrorBody {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.sentence().to_owned(),
            field: None,
            retry_after_ms: None,
            tries_left: None,
        }
    }
}
