//! The visit as data: who is invited, waiting, admitted, consenting, in the call, gone.
//!
//! This crate owns the only state machine of a visit. The media plane, the pages and (later) the
//! recorder obey it; none of them decides. It never does IO, never reads a clock and never draws a
//! random number: time and ids are arguments, so every test runs in virtual time.

pub mod consent;
pub mod id;
pub mod machine;
pub mod permission;
pub mod person;
pub mod state;
pub mod time;

pub use consent::{ConsentDecision, ConsentRecord, Purpose};
pub use id::{ChatSeq, GrantId, OrgId, PatientId, SeatId, UserId, VisitId};
pub use machine::{
    Actor, Command, DirectPair, DirectPolicy, DirectRules, DropReason, Effect, Refusal,
    RefusalCode, Seat, SeatInit, Sending, Visit, VisitInit, VisitOutcome,
};
pub use permission::{Action, permits};
pub use person::{Pictures, Role, Source};
pub use state::{SeatState, SeatTrigger, VisitState, VisitTrigger};
pub use time::{Duration, Timestamp};
