//! Keeps the tree over the audit log up with its entries while the server runs.
//!
//! It decides nothing: what may be signed is `store`'s. A trouble that does not pass by itself ends the
//! signing, not the server: visits go on, their entries are kept, and the log says what to do.

use crate::Clock;
use crate::log_status::LogStatus;
use std::time::Duration;
use store::{LogTrouble, MAX_STEP, Sequencer};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Longest time for which a committed entry has no place in the signed tree.
pub const EVERY: Duration = Duration::from_millis(500);

/// Works until `stop` says so, and gives the sequencer back if it still may sign. It writes files: run
/// it on a thread that may block. Nothing is signed before `asked` is over: the witnesses are asked for
/// their word about what stands already, since what is signed once cannot be taken back.
pub async fn keep(
    mut sequencer: Sequencer,
    clock: Clock,
    status: LogStatus,
    asked: impl Future<Output = ()>,
    mut stop: watch::Receiver<bool>,
) -> Option<Sequencer> {
    tokio::select! {
        () = asked => {}
        _ = stop.wait_for(|stop| *stop) => return status.contradiction().is_none().then_some(sequencer),
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_troubled = false;
    loop {
        tokio::select! {
            biased;
            found = status.contradicted() => {
                let trouble = found.into();
                status.troubled(&trouble, clock.now());
                say(&trouble);
                return None;
            }
            _ = stop.wait_for(|stop| *stop) => return Some(sequencer),
            _ = ticks.tick() => {}
        }
        match catch_up(&mut sequencer, &clock).await {
            Ok(size) => {
                status.signed(size, clock.now());
                if is_troubled {
                    is_troubled = false;
                    tracing::info!("the audit log is signed again");
                }
            }
            Err(trouble) if trouble.is_passing() => {
                status.troubled(&trouble, clock.now());
                if !is_troubled {
                    tracing::warn!(code = trouble.code(), "the audit log is not signed just now");
                }
                is_troubled = true;
            }
            Err(trouble) => {
                status.troubled(&trouble, clock.now());
                say(&trouble);
                return None;
            }
        }
    }
}

/// Gives the size of the signed tree.
async fn catch_up(sequencer: &mut Sequencer, clock: &Clock) -> Result<u64, LogTrouble> {
    loop {
        let (tree, placed) = sequencer.step(clock.now()).await?;
        if placed < u64::from(MAX_STEP) {
            return Ok(tree.edge.size());
        }
    }
}

/// Says why the log is not signed, and what to do. No trouble carries anything about a person.
pub fn say(trouble: &LogTrouble) {
    tracing::error!(code = trouble.code(), "{trouble}");
}
