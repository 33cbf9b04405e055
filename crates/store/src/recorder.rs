//! Entries that come without a change of their own: many callers share one commit.
//!
//! What was merely looked at has to be on record before it is shown, and each record would cost a
//! commit, which waits for the disk. So whoever comes while a commit is under way joins the next one.
//! Nobody is answered before the commit that holds their entries is durable.

use crate::{Result, Store, StoreError};
use audit::Event;
use std::sync::{Mutex, PoisonError};
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
    queue: Mutex<Vec<Job>>,
    /// Held during a commit. Fair: whoever waits longest commits next, for all who wait.
    turn: tokio::sync::Mutex<()>,
}

impl Recorder {
    fn put(&self, job: Job) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(job);
    }

    fn take(&self) -> Vec<Job> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let count = queue.len().min(MAX_SHARED);
        queue.drain(..count).collect()
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
        let (done, answer) = oneshot::channel();
        self.recorder().put(Job { org, now, events, done });
        let turn = self.recorder().turn.lock().await;
        let jobs = self.recorder().take();
        if !jobs.is_empty() {
            let store = self.clone();
            // A task of its own: a caller who goes away must not undo what others wait for.
            let commit = tokio::spawn(async move { store.commit_jobs(jobs).await });
            let _ = commit.await;
        }
        drop(turn);
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
