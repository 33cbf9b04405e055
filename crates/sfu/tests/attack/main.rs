//! Named attacks on the media core, in virtual time: what a stranger can send (`outside`), what
//! somebody in the room can send (`inside`), and what signalling can ask for (`signalling`).
//! `docs/security.md` lists them.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/hostile.rs"]
mod hostile;

mod inside;
mod outside;
mod signalling;

use std::time::Instant;

use common::{Net, seat};
use visit::Source;

/// Sound that seat 2 sent and seat 1 got since `t`, in percent of the 50 packets a second that were
/// sent.
fn sound_pct(net: &mut Net, t: Instant) -> f64 {
    let sent = (net.now - t).as_secs_f64() * 50.0;
    net.client(1).got(seat(2), Source::Mic, t).len() as f64 / sent * 100.0
}

/// Nobody was put out and nothing panicked.
fn assert_unharmed(net: &Net) {
    assert!(net.closed().is_empty(), "a transport was closed");
    assert_eq!(net.shard.stats().panics, 0);
}
