//! What the law and the standards ask of a clinic's server, how Bedside answers, and what shows it.
//!
//! # What it owns
//! The catalogue of controls ([`CONTROLS`]), the three ways in which one can be answered
//! ([`Standing`]), and the report: as a page to read, as JSON, and as OSCAL assessment results.
//!
//! # What it never does
//! It runs no probe, does no IO and reads no clock: outcomes and the time are given to it. It never
//! says that anybody complies with anything: it says what was looked at, when, and what was found.
//! Whether that is enough is for people to judge.

mod attest;
mod catalogue;
mod html;
mod media;
mod oscal;
mod report;

pub use attest::{Attestation, Attestations, BadAttestation};
pub use catalogue::{CONTROLS, Control, Current, Probe, control};
pub use html::page;
pub use oscal::assessment_results;
pub use report::{Answer, Found, Report, Standing};
