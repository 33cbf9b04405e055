//! Living visits. Each is one task that owns everything about it: the state machine, the sockets of
//! its people, its media transports. Others talk to it through a queue only, so there are no locks
//! and no races inside a visit, and one broken visit cannot stop another.
//!
//! Order of every change: the state machine says what would happen → it is saved together with its
//! audit entries → only then it takes effect and people hear of it.

mod actor;
mod board;
mod calls;
mod chat;
mod direct;
mod emergency;
mod events;
mod input;
mod line;
mod media;
mod messages;
mod opening;
mod persist;
pub mod probe;
pub(crate) mod quality;
mod quality_kept;
mod quality_metrics;
mod views;

pub use board::{Access, BoardChange, BoardEntry, clinic_role};
pub use input::{Call, ConnOpen, Input, Outgoing, Said, SocketSender};
pub use line::Lines;
pub use quality_metrics::CallMetrics;

use crate::clock::Clock;
use crate::relay::Relays;
use audit::{Event, Kind};
use protocol::ErrorCode;
use sfu::{Sfu, SfuEvent};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::{Store, VisitWithSeats};
use tokio::sync::{broadcast, mpsc, oneshot};
use visit::{DirectPolicy, Duration, OrgId, Timestamp, VisitId};

/// Board changes that a slow board socket may lag behind before it gets everything anew.
const BOARD_BACKLOG: usize = 512;

/// What all living visits share.
pub struct Core {
    /// Persistence.
    pub store: Store,
    /// Forwarding.
    pub sfu: Sfu,
    /// Relays on the way to it.
    pub relays: Relays,
    /// Time.
    pub clock: Clock,
    /// Who is before whom.
    pub lines: Lines,
    /// How good calls are, over all visits.
    pub calls: CallMetrics,
    /// Trials of the ways of media.
    pub probes: probe::Probes,
    /// Whether two people may talk directly.
    pub direct: DirectPolicy,
    next_transport: AtomicU64,
    boards: Mutex<HashMap<OrgId, broadcast::Sender<Arc<BoardChange>>>>,
    visits: Mutex<HashMap<VisitId, mpsc::UnboundedSender<Input>>>,
}

impl Core {
    /// Nothing living yet.
    #[must_use]
    pub fn new(
        store: Store,
        sfu: Sfu,
        relays: Relays,
        clock: Clock,
        direct: DirectPolicy,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            sfu,
            relays,
            clock,
            lines: Lines::default(),
            calls: CallMetrics::default(),
            probes: probe::Probes::default(),
            direct,
            next_transport: AtomicU64::new(1),
            boards: Mutex::default(),
            visits: Mutex::default(),
        })
    }

    /// A new id under the present time.
    pub(crate) fn fresh<T>(&self, make: impl FnOnce(u64, u128) -> T) -> T {
        make(self.clock.now().unix_ms(), rand::random())
    }

    pub(crate) fn next_transport(&self) -> u64 {
        self.next_transport.fetch_add(1, Ordering::Relaxed)
    }

    /// The changes on this clinic's board from now on.
    pub fn watch_board(&self, org: OrgId) -> broadcast::Receiver<Arc<BoardChange>> {
        self.board(org).subscribe()
    }

    pub(crate) fn board(&self, org: OrgId) -> broadcast::Sender<Arc<BoardChange>> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.entry(org).or_insert_with(|| broadcast::channel(BOARD_BACKLOG).0).clone()
    }

    /// Passes `input` to a visit, waking it up from the database first if it sleeps.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] when the clinic has no such visit; what the store says otherwise.
    pub async fn send(
        self: &Arc<Self>,
        org: OrgId,
        visit: VisitId,
        input: Input,
    ) -> Result<(), ErrorCode> {
        let Some(input) = self.send_if_alive(visit, input) else { return Ok(()) };
        let mut reader = self.store.read(org).await.map_err(|e| code(&e))?;
        let rows = reader.load_visit(visit).await.map_err(|e| code(&e))?;
        let rows = rows.ok_or(ErrorCode::NotFound)?;
        self.wake(org, rows, &mut reader).await?;
        match self.send_if_alive(visit, input) {
            None => Ok(()),
            Some(_) => Err(ErrorCode::Internal),
        }
    }

    /// Passes `input` on if the visit is awake; gives it back otherwise.
    pub(crate) fn send_if_alive(&self, visit: VisitId, input: Input) -> Option<Input> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        match visits.get(&visit) {
            Some(queue) => queue.send(input).err().map(|e| e.0),
            None => Some(input),
        }
    }

    /// Asks a visit for something and waits for the answer.
    ///
    /// # Errors
    /// As [`Self::send`], or what the visit answers.
    pub async fn ask<T>(
        self: &Arc<Self>,
        org: OrgId,
        visit: VisitId,
        call: impl FnOnce(oneshot::Sender<Result<T, ErrorCode>>) -> Call,
    ) -> Result<T, ErrorCode> {
        let (tx, rx) = oneshot::channel();
        self.send(org, visit, Input::Call(call(tx), None)).await?;
        rx.await.unwrap_or(Err(ErrorCode::Internal))
    }

    /// The same for somebody of the clinic, of whom the audit log says more.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_as<T>(
        self: &Arc<Self>,
        said: Said,
        org: OrgId,
        visit: VisitId,
        call: impl FnOnce(oneshot::Sender<Result<T, ErrorCode>>) -> Call,
    ) -> Result<T, ErrorCode> {
        let (tx, rx) = oneshot::channel();
        self.send(org, visit, Input::Call(call(tx), Some(said))).await?;
        rx.await.unwrap_or(Err(ErrorCode::Internal))
    }

    async fn wake(
        self: &Arc<Self>,
        org: OrgId,
        rows: VisitWithSeats,
        reader: &mut store::Reader,
    ) -> Result<(), ErrorCode> {
        let visit = rows.visit.id;
        let state = persist::load(org, rows, self.direct, self.clock.now(), reader).await;
        let state = state.map_err(|e| code(&e))?;
        let (tx, rx) = mpsc::unbounded_channel();
        {
            let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
            if visits.get(&visit).is_some_and(|queue| !queue.is_closed()) {
                return Ok(()); // Somebody else was faster.
            }
            visits.insert(visit, tx.clone());
        }
        tokio::spawn(actor::run(Arc::clone(self), state, tx, rx));
        Ok(())
    }

    /// Takes a visit that has nothing to do out of the registry, unless something is in its queue.
    pub(crate) fn retire(
        &self,
        visit: VisitId,
        queue: &mut mpsc::UnboundedReceiver<Input>,
    ) -> bool {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.is_empty() {
            return false;
        }
        visits.remove(&visit);
        queue.close();
        true
    }

    /// Lets go of what is in memory of a visit of which something was deleted. `gone`: all of it.
    pub fn forget(&self, org: OrgId, visit: VisitId, gone: bool) {
        let _ = self.send_if_alive(visit, Input::Forget);
        if gone {
            let _ = self.board(org).send(Arc::new(BoardChange::Gone(visit)));
        }
    }

    /// Takes a visit out of the registry, whatever waits for it.
    pub(crate) fn give_up(&self, visit: VisitId) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.remove(&visit);
    }

    /// Wakes every visit that is under way, or that should have ended by itself meanwhile. Called
    /// at start and once a minute.
    ///
    /// # Errors
    /// What the store says; the next round tries again.
    pub async fn wake_unfinished(self: &Arc<Self>, org: OrgId) -> Result<(), ErrorCode> {
        let now = self.clock.now();
        let mut reader = self.store.read(org).await.map_err(|e| code(&e))?;
        for rows in reader.visits_not_final().await.map_err(|e| code(&e))? {
            let overdue = rows.visit.scheduled_at < now;
            let under_way = rows.visit.state != visit::VisitState::Scheduled;
            let asleep = self.send_if_alive(rows.visit.id, Input::Wake).is_some();
            if asleep && (overdue || under_way) {
                self.wake(org, rows, &mut reader).await?;
            }
        }
        Ok(())
    }

    /// The board as it is now: visits of `[from, to)` and everything else that is not over.
    ///
    /// # Errors
    /// What the store says.
    pub async fn board_now(
        self: &Arc<Self>,
        org: OrgId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<BoardEntry>, ErrorCode> {
        let mut reader = self.store.read(org).await.map_err(|e| code(&e))?;
        let mut ids: Vec<VisitId> = Vec::new();
        for rows in reader.visits_between(from, to).await.map_err(|e| code(&e))? {
            ids.push(rows.visit.id);
        }
        for rows in reader.visits_not_final().await.map_err(|e| code(&e))? {
            // Bookings of later days are not today's business.
            if rows.visit.scheduled_at < to && !ids.contains(&rows.visit.id) {
                ids.push(rows.visit.id);
            }
        }
        drop(reader);
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            entries.push(self.ask(org, id, Call::BoardEntry).await?);
        }
        entries.sort_by_key(|e| (e.scheduled_at, e.visit));
        Ok(entries)
    }

    /// Tells every living visit to say goodbye to its people.
    pub fn close_all(&self) {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in visits.values() {
            let _ = queue.send(Input::ServerCloses);
        }
    }

    /// Passes the forwarding unit's events on to their visits until it ends.
    pub async fn pump_media_events(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<SfuEvent>) {
        while let Some(event) = events.recv().await {
            let Some(event) = self.take_probe_event(event) else { continue };
            if let Some(visit) = media::visit_of(&event) {
                // A visit that is gone has no use for its events.
                let _ = self.send_if_alive(visit, Input::Media(Box::new(event)));
            }
        }
    }

    /// Puts on record that emergency accesses have ended.
    ///
    /// # Errors
    /// What the store says; the next round tries again.
    pub async fn note_ended_emergencies(&self, org: OrgId) -> Result<(), ErrorCode> {
        let mut tx = self.store.begin(org, self.clock.now()).await.map_err(|e| code(&e))?;
        let ended = tx.note_ended_emergencies().await.map_err(|e| code(&e))?;
        let event = |&(_, visit, user): &(_, VisitId, _)| {
            Event::new(Kind::EmergencyEnded, audit::Actor::System).visit(visit).user(user)
        };
        let events: Vec<Event> = ended.iter().map(event).collect();
        let done = match events.is_empty() {
            true => tx.commit_plain("no emergency access ended").await,
            false => tx.commit_with(events).await,
        };
        done.map_err(|e| code(&e))
    }

    /// Wakes unfinished visits every minute, for ever.
    pub async fn keep_awake(self: Arc<Self>, org: OrgId) {
        let mut every = tokio::time::interval(std::time::Duration::from_secs(60));
        loop {
            every.tick().await;
            if let Err(code) = self.wake_unfinished(org).await {
                tracing::warn!(?code, "could not look for unfinished visits");
            }
            if let Err(code) = self.note_ended_emergencies(org).await {
                tracing::warn!(?code, "could not note the end of emergency accesses");
            }
        }
    }
}

pub(crate) fn code(error: &store::StoreError) -> ErrorCode {
    crate::http::error::store_code(error)
}

/// How long a visit stays awake with nobody connected and nothing to wait for.
pub(crate) const DOZE: Duration = Duration::from_s(60);
