//! Where log lines go and which of them: ours at info, other crates' warnings only. Media crates
//! print addresses and SDP at lower levels, so nothing below a warning of theirs is ever shown.

use tracing_subscriber::EnvFilter;

/// Crates of ours; everything else is capped.
const OURS: &str =
    "warn,bedside=info,server=info,store=info,auth=info,sfu=info,keys=info,audit=info,bench=info";

/// Starts logging to standard error. `verbose` shows debug lines of our own crates.
pub fn start(json: bool, verbose: bool) {
    let filter = if verbose { OURS.replace("info", "debug") } else { OURS.to_owned() };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_target(true);
    if json {
        builder.json().init();
    } else {
        builder.compact().init();
    }
}
