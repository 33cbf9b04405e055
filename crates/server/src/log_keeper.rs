//! Keeps the tree over the audit log up with its entries while the server runs.
//!
//! It decides nothing: what may be signed is `store`'s. A trouble that does not pass by itself ends the
//! signing, not the server: visits go on, their entries are kept, and the log says what to do.

use crate::Clock;
use std::time::Duration;
use store::{LogTrouble, MAX_STEP, Sequencer};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Longest time for which a committed entry has no place in the signed tree.
pub const EVERY: Duration = Duration::from_millis(500);

/// Works until `stop` says so, and gives the sequencer back if it still may sign. It writes files: run
/// it on a thread that may block.
pub async fn keep(
    mut sequencer: Sequencer,
    clock: Clock,
    mut stop: watch::Receiver<bool>,
) -> Option<Sequencer> {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_troubled = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return Some(sequencer),
        }
        match catch_up(&mut sequencer, &clock).await {
            Ok(()) if is_troubled => {
                is_troubled = false;
                tracing::info!("the audit log is signed again");
            }
            Ok(()) => {}
            Err(trouble) if trouble.is_passing() => {
                if !is_troubled {
                    tracing::warn!(code = trouble.code(), "the audit log is not signed just now");
                }
                is_troubled = true;
            }
            Err(trouble) => {
                say(&trouble);
                return None;
            }
        }
    }
}

async fn catch_up(sequencer: &mut Sequencer, clock: &Clock) -> Result<(), LogTrouble> {
    while sequencer.step(clock.now()).await?.1 == u64::from(MAX_STEP) {}
    Ok(())
}

/// Says why the log is not signed, and what to do. No trouble carries anything about a person.
pub fn say(trouble: &LogTrouble) {
    tracing::error!(code = trouble.code(), "{trouble}");
}
