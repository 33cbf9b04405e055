//! The real program, started and watched as by somebody at a terminal. Nothing here reaches into it:
//! settings go in by files and options, what it says and serves comes out.

// Each test program uses its own part of this.
#![allow(dead_code, clippy::expect_used)]

pub mod clinic;
pub mod https;
pub mod program;

use std::time::Duration;

/// Longest time that a test waits for anything. Reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);
