//! Entries that come without a change of their own: many callers share one commit.
//!
//! What was merely looked at has to be on record before it is shown, and each record would cost a
//! commit, which waits for the disk. So whoever comes while a commit is under way joins the next one.
//! Nobody is answered before the commit that holds their entries is durable.

use crate::{Result, Store, StoreError};
use audit::Event;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use visit::{OrgId, Timestamp};

/// Most callers whose entries go into one commit.
const MAX_SHARED: usize = 256;

/// The entries of one caller, and whom to tell.
struct Job {
    org: OrgId,
    now: Timestamp,
    events: Vec<Event>,
    done: oneshot::Sender<Result<()>>,
}

/// Those who wait for the next commit.
#[derive(Default)]
pub(crate) struct Recorder {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    /// Whether a task is committing; it goes on until nobody waits.
    committing: bool,
}

impl Recorder {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in line. `true` when nobody is committing: the caller then sees to it.
    fn put(&self, job: Job) -> bool {
        let mut waiting = self.waiting();
        waiting.jobs.push(job);
        !std::mem::replace(&mut waiting.committing, true)
    }

    /// Those who go into the next commit; with nobody waiting the committing is over.
    fn take(&self) -> Vec<Job> {
        let mut waiting = self.waiting();
        let count = waiting.jobs.len().min(MAX_SHARED);
        waiting.committing = count > 0;
        waiting.jobs.drain(..count).collect()
    }
}

/// Hands the line over when its task ends before its time, as with the runtime: whoever comes next
/// would otherwise wait for nobody. Those who waited hear that their entries are not stored.
struct Line {
    store: Store,
    over: bool,
}

impl Line {
    /// Nobody waits any more. Somebody else may commit already: nothing of theirs is touched.
    fn end(mut self) {
        self.over = true;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.over {
            *self.store.recorder().waiting() = Waiting::default();
        }
    }
}

impl Store {
    /// Stores entries about something that changed nothing, and returns when they are durable.
    ///
    /// # Errors
    /// [`StoreError::Bug`] without events; otherwise what the database says. Then none of them is
    /// stored, and what they are about must not happen.
    pub async fn record(&self, org: OrgId, now: Timestamp, events: Vec<Event>) -> Result<()> {
        if events.is_empty() {
            return Err(StoreError::Bug("record without events".into()));
        }
        self.warm_words_keys(org, &events).await?;
        let (done, answer) = oneshot::channel();
        if self.recorder().put(Job { org, now, events, done }) {
            let line = Line { store: self.clone(), over: false };
            // A task of its own: a caller who goes away must not undo what others wait for.
            tokio::spawn(async move {
                loop {
                    let jobs = line.store.recorder().take();
                    if jobs.is_empty() {
                        break;
                    }
                    line.store.commit_jobs(jobs).await;
                }
                line.end();
            });
        }
        answer.await.unwrap_or(Err(StoreError::Busy))
    }

    async fn commit_jobs(&self, mut jobs: Vec<Job>) {
        if jobs.len() > 1 && self.commit_together(&jobs).await.is_ok() {
            for job in jobs {
                // Somebody who does not wait any more needs no answer.
                let _ = job.done.send(Ok(()));
            }
            return;
        }
        // Alone each of them hears their own error, and nobody suffers from another's.
        for job in jobs.drain(..) {
            let done = self.commit_together(std::slice::from_ref(&job)).await;
            let _ = job.done.send(done);
        }
    }

    async fn commit_together(&self, jobs: &[Job]) -> Result<()> {
        let Some(first) = jobs.first() else { return Ok(()) };
        let mut tx = self.begin(first.org, first.now).await?;
        let events = jobs
            .iter()
            .flat_map(|job| job.events.iter().map(|event| (job.org, job.now, event.clone())));
        tx.append_all(events.collect()).await?;
        tx.commit_plain("its entries were written above").await
    }
}
