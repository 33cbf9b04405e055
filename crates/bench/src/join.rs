//! From the click on a link to the first picture.
//!
//! For each join a visit is booked and its clinician is in the call already, sending. Then a guest
//! clicks: the time runs from before the first request (looking at the link) until the last packet
//! of the first whole keyframe of the clinician's camera has arrived. In it are: opening the link,
//! the join token, the WebSocket, check, consent, waiting room, admission (at once, by the
//! clinician's client), offer and answer, ICE, DTLS, and the wait for a keyframe. Not in it: loading
//! and starting the page, people, and decoding.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::BenchError;
use crate::guest::Guest;
use crate::http::{Http, TlsRoot};
use crate::participant::{End, Part, Participant, Stage};
use crate::progress::{Progress, Step};
use crate::signalling::{GuestLink, SeatSocket, create_visit, sign_in};
use crate::stats::percentile_of_sorted;

/// What to run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct JoinOptions {
    /// How many joins, one after the other, 1 to 10,000. Default 20.
    pub joins: u32,
    /// Longest wait for one picture, 1 s to 2 min. Default 20 s.
    pub timeout: Duration,
}

impl Default for JoinOptions {
    fn default() -> Self {
        Self { joins: 20, timeout: Duration::from_secs(20) }
    }
}

/// What came out. `Display` is the summary for people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct JoinReport {
    /// How many joins were measured.
    pub joins: u32,
    /// Median, ms.
    pub p50_ms: f64,
    /// 95th percentile, ms.
    pub p95_ms: f64,
}

impl fmt::Display for JoinReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} joins: from the click to the first picture {:.0} ms (median), {:.0} ms (95 of 100).",
            self.joins, self.p50_ms, self.p95_ms
        )
    }
}

/// A server to join. It gives fresh links of visits whose clinician is in the call, sends a camera,
/// and admits at once.
pub trait JoinTarget {
    /// Prepares one visit and gives its patient's link. Not part of the measured time.
    fn prepare(&mut self) -> impl Future<Output = Result<GuestLink, BenchError>> + Send;
    /// The visit prepared last is not needed any more.
    fn finish(&mut self) -> impl Future<Output = Result<(), BenchError>> + Send;
    /// The authority that guests trust, for `https`.
    fn tls_root(&self) -> Option<TlsRoot>;
}

/// Measures joins on `target`, one after the other. Call on a tokio runtime.
///
/// # Errors
/// [`BenchError::Options`], [`BenchError::Timeout`] when a picture does not come, or what the target
/// or the server says.
pub async fn join<T: JoinTarget>(
    target: &mut T,
    options: JoinOptions,
    progress: Progress<'_>,
) -> Result<JoinReport, BenchError> {
    if !(1..=10_000).contains(&options.joins) {
        return Err(BenchError::Options("joins: 1 to 10,000"));
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(120)).contains(&options.timeout) {
        return Err(BenchError::Options("timeout: 1 s to 2 min"));
    }
    let mut took_us = Vec::new();
    for done in 0..options.joins {
        progress(Step { what: "joining", done: done.into(), total: options.joins.into() });
        let link = target.prepare().await?;
        let took = join_once(link, target.tls_root(), options.timeout).await;
        target.finish().await?;
        took_us.push(u64::try_from(took?.as_micros()).unwrap_or(u64::MAX));
    }
    progress(Step { what: "joining", done: options.joins.into(), total: options.joins.into() });
    took_us.sort_unstable();
    let ms = |percent| {
        let us = percentile_of_sorted(&took_us, percent).unwrap_or(0);
        (us as f64 / 100.0).round() / 10.0
    };
    Ok(JoinReport { joins: options.joins, p50_ms: ms(50.0), p95_ms: ms(95.0) })
}

async fn join_once(
    link: GuestLink,
    root: Option<TlsRoot>,
    timeout: Duration,
) -> Result<Duration, BenchError> {
    let (stages_tx, mut stages) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let clicked = Instant::now();
    let guest = Guest::with_link(link, root, stages_tx).run(async {
        let _ = stopped.await;
    });
    tokio::pin!(guest);
    let picture = async {
        while let Some(stage) = stages.recv().await {
            if let Stage::FirstPicture { at } = stage {
                return at;
            }
        }
        // The guest is gone; its own result says why.
        std::future::pending().await
    };
    let at = tokio::select! {
        at = picture => at,
        end = &mut guest => return end.and(Err(BenchError::Ended)),
        () = tokio::time::sleep(timeout) => return Err(BenchError::Timeout("no picture came")),
    };
    drop(stop);
    guest.await?;
    Ok(at.saturating_duration_since(clicked))
}

/// A running Bedside server, driven as its clinician.
pub struct StaffTarget {
    http: Http,
    root: Option<TlsRoot>,
    host: Option<Host>,
}

/// The clinician's client in the prepared visit.
struct Host {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<End, BenchError>>,
}

/// Longest wait for the clinician's own media.
const HOST_TIMEOUT: Duration = Duration::from_secs(20);

impl StaffTarget {
    /// Signs in by a one-time link (`…/clinic#in=<secret>`).
    ///
    /// # Errors
    /// As [`sign_in`].
    pub async fn sign_in(url: &str, root: Option<TlsRoot>) -> Result<Self, BenchError> {
        Ok(Self { http: sign_in(url, root.clone()).await?, root, host: None })
    }
}

impl JoinTarget for StaffTarget {
    async fn prepare(&mut self) -> Result<GuestLink, BenchError> {
        self.finish().await?;
        let created = create_visit(&mut self.http).await?;
        let socket = SeatSocket::connect(&mut self.http, created.visit.visit, None).await?;
        let (stages_tx, mut stages) = mpsc::unbounded_channel();
        let participant = Participant::new(Part::Host, socket, stages_tx)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(participant.run(async {
            let _ = stopped.await;
        }));
        self.host = Some(Host { stop, task });
        let up = async { while stages.recv().await.is_some_and(|s| s != Stage::MediaUp) {} };
        tokio::time::timeout(HOST_TIMEOUT, up)
            .await
            .map_err(|_| BenchError::Timeout("the clinician's media did not start"))?;
        if self.host.as_ref().is_some_and(|h| h.task.is_finished()) {
            self.finish().await?;
            return Err(BenchError::Ended);
        }
        let link = GuestLink::parse(&created.invitation.url)?;
        // The invitation names the clinic's public address; the measurement stays on the address
        // that it was given.
        Ok(GuestLink { base: self.http.base().clone(), ..link })
    }

    async fn finish(&mut self) -> Result<(), BenchError> {
        if let Some(host) = self.host.take() {
            drop(host.stop);
            host.task.await.map_err(|_| BenchError::Ended)??;
        }
        Ok(())
    }

    fn tls_root(&self) -> Option<TlsRoot> {
        self.root.clone()
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
