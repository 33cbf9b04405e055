//! Where log lines go and which of them: ours at info, other crates' warnings only. Media crates
//! print addresses and SDP at lower levels, so nothing below a warning of theirs is ever shown.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Crates of ours; everything else is capped. The parser of STUN warns about strangers' bytes and
/// quotes them: a sender of garbage could fill the log.
const OURS: &str = "warn,stun_types=error,bedside=info,server=info,store=info,auth=info,sfu=info,\
                    turn=info,keys=info,kms=info,audit=info,bench=info";

/// How much of our own crates is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Warnings only: for measurements, whose output is the figures.
    Quiet,
    /// What an operator wants to know.
    Normal,
    /// Everything. Never who.
    Verbose,
}

/// Starts logging to standard error.
pub fn start(json: bool, detail: Detail) {
    let filter = match detail {
        Detail::Quiet => "warn,stun_types=error".to_owned(),
        Detail::Normal => OURS.to_owned(),
        Detail::Verbose => OURS.replace("info", "debug"),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(true);
    if json {
        builder.json().init();
    } else {
        builder.compact().init();
    }
}
