//! Call quality: how good a direction of a call is, what holds it back, and what stays of it after
//! the visit.
//!
//! The way of a figure: a browser and the forwarding unit each measure for about five seconds. What
//! they say is checked ([`input`]); what is impossible is ignored and counted. [`judge`] joins both
//! ends of one direction into a [`Verdict`]: a score for sound ([`AudioPath`]), one for the picture
//! ([`VideoPath`]), and the [`Cause`] with its evidence. [`message()`] turns a verdict into a stable
//! code for the pages. [`Recorder`] keeps a bounded record of a visit, and [`metrics`] says which
//! histograms and counters an operator gets.
//!
//! This crate owns the scores, the rules of blame, the shape of the record and the buckets. It never
//! does IO, never reads a clock and never draws a number: time is an argument. It holds no name, no
//! address and no id of a person: seats are small numbers that mean something inside one visit only.

mod evidence;
pub mod input;
pub mod message;
pub mod metrics;
mod record;
mod recorder;
mod score;
mod series;
mod smooth;
mod suspects;
pub mod thresholds;
mod verdict;
mod video;

pub use evidence::{Ends, Evidence};
pub use message::{Message, message};
pub use record::{CulpritTime, PathTime, Record, RecordError, SeatPaths, Summary, Track, VERSION};
pub use recorder::{Full, Link, MAX_TRACKS, Recorder};
pub use score::{AudioPath, Codec, Mos, POOR_MOS, Rating};
pub use series::{LinkPoint, MAX_POINTS, Point};
pub use smooth::Smoother;
pub use verdict::{Cause, Confidence, Culprit, Verdict, judge};
pub use video::{PictureCodec, VideoPath};
