//! Getting in: staff by password and second factor, guests by links, and who may use which call.
//!
//! # What it owns
//! The rules: how passwords are hashed and which are refused, when a code is good, how failures
//! lock, how long sessions, links and tokens live, what the cookies look like, and the table of
//! routes. [`StaffAuth`] signs staff in and keeps accounts, [`GuestAuth`] issues and opens links,
//! [`JoinTokens`] opens sockets. Each of their methods is one step, and writes its audit entry in
//! the transaction that does it.
//!
//! # What it never does
//! It reads no clock and speaks no HTTP. It does not decide what somebody may do in a visit; that
//! is crate `visit`. It never logs, and never puts into an error, who it was that asked: secrets,
//! names and addresses have no `Debug` here.

pub mod account;
pub mod backoff;
pub mod check_key;
pub mod cookie;
pub mod enrol;
mod entropy;
mod error;
pub mod factor;
mod guard;
mod json;
pub mod link;
pub mod oidc;
pub mod outside;
pub mod passkey;
pub mod password;
pub mod policy;
pub mod rate;
pub mod recovery;
pub mod routes;
pub mod secret;
pub mod session;
pub mod staff;
#[doc(hidden)]
pub mod testing;
pub mod token;
pub mod totp;
pub mod webauthn;

pub use account::NewStaff;
pub use backoff::Prefix;
pub use check_key::{is_check_key, make_check_key};
pub use cookie::{Cookie, Transport};
pub use enrol::{Enrolled, Enrolment};
pub use entropy::{Entropy, SystemEntropy};
pub use error::{AuthError, Result};
pub use link::{GuestAuth, HeldSeat, LinkView, Opened};
pub use passkey::{PasskeyAdded, PasskeyCreation, PasskeyRequest};
pub use password::{Cost, Passwords};
pub use policy::WeakPassword;
pub use rate::{PrefixBuckets, Rate, TokenBucket};
pub use recovery::RecoveryCode;
pub use routes::{Caller, Route, may_use};
pub use secret::{Secret, SecretKind};
pub use session::Level;
pub use staff::{Factors, Next, Profile, StaffAuth, StaffSession, Step};
pub use token::{Cookies, JoinTokens, Joined, JoinedBy};
