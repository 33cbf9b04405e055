//! The task of one living visit: takes inputs one by one, asks the state machine, saves, and then
//! lets the effects happen.

use super::direct::Direct;
use super::input::{Input, Outgoing, Said, SocketSender};
use super::line::LineView;
use super::media::Media;
use super::quality::CallQuality;
use super::{Core, DOZE, events, persist};
use crate::http::error::{refusal_code, store_code};
use audit::Words;
use protocol::client::EndAs;
use protocol::server::YouBecause;
use protocol::{EndReason, ErrorCode, ServerMessage};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use store::{SeatRow, VisitRow};
use tokio::sync::mpsc;
use visit::machine::DropReason;
use visit::{
    Actor, Command, Effect, SeatId, SeatState, SeatTrigger, Timestamp, UserId, Visit, VisitId,
    VisitOutcome,
};

pub(super) struct Conn {
    pub id: u64,
    pub sender: SocketSender,
    pub chat_after: u64,
    /// What the audit log says of whoever sits here in plain words.
    pub words: Arc<Words>,
}

/// Everything about one living visit. Holds names: no `Debug`.
pub struct State {
    pub(super) visit: Visit,
    pub(super) row: VisitRow,
    pub(super) people: HashMap<SeatId, SeatRow>,
    pub(super) host_name: String,
    pub(super) second_device: HashSet<SeatId>,
    pub(super) notes: HashMap<SeatId, u32>,
    pub(super) conns: HashMap<SeatId, Conn>,
    pub(super) media: HashMap<SeatId, Media>,
    /// The visit's name towards relays, drawn each time it wakes.
    pub(super) relay_visit: VisitId,
    pub(super) quality: CallQuality,
    pub(super) quality_tried_at: Option<Timestamp>,
    pub(super) told_line: HashMap<SeatId, LineView>,
    /// Who opened this restricted visit in an emergency, and until when.
    pub(super) emergencies: Vec<(UserId, Timestamp)>,
    pub(super) direct: Direct,
    pub(super) revision: u64,
    /// Steps that must not be lost and that the database could not take yet.
    overdue: VecDeque<(Actor, audit::Actor, Command)>,
    idle_since: Option<Timestamp>,
}

impl State {
    pub(super) fn new(
        visit: Visit,
        row: VisitRow,
        people: HashMap<SeatId, SeatRow>,
        host_name: String,
        second_device: Vec<SeatId>,
        notes: HashMap<SeatId, u32>,
        emergencies: Vec<(UserId, Timestamp)>,
    ) -> Self {
        Self {
            visit,
            row,
            people,
            host_name,
            second_device: second_device.into_iter().collect(),
            notes,
            conns: HashMap::new(),
            media: HashMap::new(),
            relay_visit: VisitId::from_u128(rand::random()),
            quality: CallQuality::default(),
            quality_tried_at: None,
            told_line: HashMap::new(),
            emergencies,
            direct: Direct::default(),
            revision: 0,
            overdue: VecDeque::new(),
            idle_since: None,
        }
    }
}

/// One visit's task with its surroundings.
pub(super) struct Task {
    pub core: Arc<Core>,
    pub state: State,
    pub queue: mpsc::UnboundedSender<Input>,
    /// Who asks just now from outside the room.
    pub said: Option<Said>,
}

/// Runs a visit until it has nothing more to do.
pub(super) async fn run(
    core: Arc<Core>,
    mut state: State,
    queue: mpsc::UnboundedSender<Input>,
    mut inputs: mpsc::UnboundedReceiver<Input>,
) {
    // Clients take a lower revision than they have seen for stale, also across a restart.
    state.revision = core.clock.now().unix_ms();
    let mut task = Task { core, state, queue, said: None };
    task.after_restart().await;
    let mut every_second = tokio::time::interval(std::time::Duration::from_secs(1));
    every_second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            input = inputs.recv() => match input {
                Some(Input::Forget) => {
                    task.core.give_up(task.state.visit.id);
                    task.close_everything();
                    break;
                }
                Some(input) => task.take(input).await,
                None => break,
            },
            _ = every_second.tick() => {
                task.tick().await;
                if task.may_sleep() && task.core.retire(task.state.visit.id, &mut inputs) {
                    break;
                }
            }
        }
    }
    task.core.lines.remove(task.state.visit.host, task.state.visit.id);
}

impl Task {
    /// Whoever was inside when the program last stopped is away until the page is back.
    async fn after_restart(&mut self) {
        let inside: Vec<SeatId> = self.state.visit.inside().map(|s| s.id).collect();
        for seat in inside {
            self.system(Actor::Media, Command::MediaLost(seat)).await;
        }
        self.publish();
    }

    async fn take(&mut self, input: Input) {
        match input {
            Input::Open(open) => self.open(open).await,
            Input::Message { seat, connection, message } => {
                if self.state.conns.get(&seat).is_some_and(|c| c.id == connection) {
                    self.message(seat, *message).await;
                }
            }
            Input::Closed { seat, connection } => {
                if self.state.conns.get(&seat).is_some_and(|c| c.id == connection) {
                    self.state.conns.remove(&seat);
                }
                self.system(Actor::System, Command::Disconnect { seat, connection }).await;
                self.publish();
            }
            Input::SessionEnded { seat, connection } => {
                if self.state.conns.get(&seat).is_some_and(|c| c.id == connection) {
                    // Their socket told them why; sound and pictures end here.
                    self.state.conns.remove(&seat);
                    self.surely(Actor::Seat(seat), audit::Actor::System, Command::Leave).await;
                    self.publish();
                }
            }
            Input::Call(call, said) => {
                self.said = said;
                self.call(call).await;
                self.said = None;
            }
            Input::Media(event) => self.media_event(*event).await,
            Input::LineChanged => self.tell_line(),
            Input::ServerCloses => {
                for conn in self.state.conns.values() {
                    let _ = conn
                        .sender
                        .try_send(Outgoing::Message(Box::new(ServerMessage::Closing {})));
                    let _ = conn.sender.try_send(Outgoing::Close);
                }
                // Best effort: what is lost is at most a minute of figures.
                let _ = self.keep_quality().await;
            }
            Input::Forget | Input::Wake => {}
        }
    }

    /// Ends every socket and transport without another step: there is nothing left to store it in.
    fn close_everything(&mut self) {
        for conn in self.state.conns.values() {
            let _ = conn.sender.try_send(Outgoing::Close);
        }
        self.close_room();
    }

    async fn tick(&mut self) {
        for _ in 0..self.state.overdue.len() {
            if let Some((actor, by, command)) = self.state.overdue.pop_front() {
                self.surely(actor, by, command).await;
            }
        }
        self.system(Actor::System, Command::Tick).await;
        self.forget_emergencies();
        self.renew_passes();
        self.keep_quality_now_and_then().await;
        self.tick_direct().await;
    }

    fn may_sleep(&mut self) -> bool {
        let v = &self.state.visit;
        let held = v.seats.iter().any(|s| s.state == SeatState::Away);
        let busy = !self.state.conns.is_empty()
            || !self.state.media.is_empty()
            || !self.state.overdue.is_empty()
            || !self.state.emergencies.is_empty()
            || self.state.quality.to_keep().is_some()
            || held;
        let now = self.core.clock.now();
        if busy {
            self.state.idle_since = None;
            return false;
        }
        // Somebody's place in the queue is only kept by a visit that is awake.
        let awaited = matches!(v.state, visit::VisitState::Open | visit::VisitState::InProgress);
        let since = *self.state.idle_since.get_or_insert(now);
        !awaited && now.since(since) >= DOZE
    }

    // --- Steps ---

    /// A step that somebody asked for. On an error nothing has happened.
    pub(super) async fn step(
        &mut self,
        actor: Actor,
        by: audit::Actor,
        command: Command,
    ) -> Result<(), ErrorCode> {
        self.step_with(actor, by, command, Vec::new()).await
    }

    /// The same, with entries of the audit log that stand or fall with it.
    pub(super) async fn step_with(
        &mut self,
        actor: Actor,
        by: audit::Actor,
        command: Command,
        also: Vec<audit::Event>,
    ) -> Result<(), ErrorCode> {
        let now = self.core.clock.now();
        let mut next = self.state.visit.clone();
        let effects = next.apply(now, actor, command).map_err(refusal_code)?;
        let mut events = events::of(next.id, by, &effects);
        events.extend(also);
        let events = self.beside(events);
        let saved = persist::save(&self.core.store, now, &self.state, &next, &effects, events)
            .await
            .map_err(|e| store_code(&e))?;
        self.state.visit = next;
        self.state.row = saved.row;
        for row in saved.seats {
            self.state.people.insert(row.id, row);
        }
        self.happen(effects).await;
        Ok(())
    }

    /// A step that nobody asked for.
    pub(super) async fn system(&mut self, actor: Actor, command: Command) {
        self.surely(actor, audit::Actor::System, command).await;
    }

    /// A step that must not be lost: tried again until it is stored.
    pub(super) async fn surely(&mut self, actor: Actor, by: audit::Actor, command: Command) {
        let done = self.step(actor, by, command.clone()).await;
        // A refusal means that the step lost a race against something that was stored first.
        if let Err(ErrorCode::StoreBusy | ErrorCode::StoreFull | ErrorCode::Internal) = done {
            self.state.overdue.push_back((actor, by, command));
        }
    }

    async fn happen(&mut self, effects: Vec<Effect>) {
        let changes = events::changes_room(&effects);
        let entered: Vec<SeatId> = effects.iter().filter_map(events::entered).collect();
        for effect in effects {
            match effect {
                Effect::SeatMoved { seat, to, trigger, .. } => {
                    let because = match trigger {
                        SeatTrigger::Admitted => Some(YouBecause::Admitted),
                        SeatTrigger::PutBack => Some(YouBecause::PutBack),
                        SeatTrigger::HoldExpired => Some(YouBecause::HoldExpired),
                        SeatTrigger::Arrived if self.hold_expired(seat) => {
                            Some(YouBecause::HoldExpired)
                        }
                        SeatTrigger::ConsentWithdrawn => Some(YouBecause::ConsentWithdrawn),
                        _ => None,
                    };
                    self.send(seat, ServerMessage::You { state: to, because });
                    self.state.told_line.remove(&seat);
                }
                Effect::DropConnection { seat, connection, reason } => {
                    self.drop_connection(seat, connection, reason);
                }
                Effect::OpenMedia(seat) => self.open_media(seat),
                Effect::CloseMedia(seat) => self.close_media(seat),
                Effect::Sending(seat, sending) => self.apply_sending(seat, sending),
                Effect::Pictures(seat, pictures) => self.apply_pictures(seat, pictures),
                Effect::DirectOpened(pair) => self.direct_opened(pair),
                Effect::DirectClosed { at_once, .. } => self.direct_closed(at_once),
                Effect::Muted(seat) => self.send(seat, ServerMessage::MutedByClinic {}),
                Effect::VisitMoved { .. } | Effect::Consent { .. } => {}
            }
        }
        for seat in entered {
            let after = self.state.conns.get(&seat).map_or(0, |c| c.chat_after);
            self.send_chat_history(seat, after).await;
        }
        self.note_direct();
        if self.state.visit.state.is_final() {
            self.close_room();
        }
        if changes {
            self.publish();
        }
    }

    fn hold_expired(&self, seat: SeatId) -> bool {
        self.state.visit.seat(seat).is_some_and(|s| s.hold_expired)
    }

    fn drop_connection(&mut self, seat: SeatId, connection: u64, reason: DropReason) {
        if self.state.conns.get(&seat).is_none_or(|c| c.id != connection) {
            return;
        }
        let message = match reason {
            DropReason::TakenOver => ServerMessage::TakenOver {},
            DropReason::Removed => ServerMessage::Removed {},
            DropReason::Left => ServerMessage::Ended { reason: EndReason::YouLeft },
            DropReason::LinkReplaced => ErrorCode::LinkReplaced.into(),
            DropReason::Ended => ServerMessage::Ended { reason: self.end_reason() },
        };
        self.send(seat, message);
        if let Some(conn) = self.state.conns.remove(&seat) {
            let _ = conn.sender.try_send(Outgoing::Close);
        }
    }

    /// Tells everybody who may know what has changed: the room, the queue, the board.
    pub(super) fn publish(&mut self) {
        self.broadcast_room();
        self.update_line();
        self.tell_line();
        self.publish_board();
    }

    pub(super) fn audit_actor(&self, seat: SeatId) -> audit::Actor {
        match self.state.visit.seat(seat).and_then(|s| s.user) {
            Some(user) => audit::Actor::Staff(user),
            None => audit::Actor::Seat(seat),
        }
    }

    /// Puts beside each event what is known in plain words of who did it.
    pub(super) fn beside(&self, events: Vec<audit::Event>) -> Vec<audit::Event> {
        let beside = |event: audit::Event| match self.words_of(event.actor()) {
            Some(words) => words.beside(event),
            None => event,
        };
        events.into_iter().map(beside).collect()
    }

    /// Whoever asks from outside the room is who asks; of others the open page tells.
    pub(super) fn words_of(&self, by: audit::Actor) -> Option<&Arc<Words>> {
        if let (audit::Actor::Staff(user), Some((who, words))) = (by, &self.said)
            && user == *who
        {
            return Some(words);
        }
        let seat = match by {
            audit::Actor::Seat(seat) => seat,
            audit::Actor::Staff(user) => {
                self.state.visit.seats.iter().find(|s| s.user == Some(user))?.id
            }
            audit::Actor::System | audit::Actor::Anonymous => return None,
        };
        self.state.conns.get(&seat).map(|conn| &conn.words)
    }

    pub(super) fn end_reason(&self) -> EndReason {
        match self.state.visit.state {
            visit::VisitState::NoShow => EndReason::NoShow,
            visit::VisitState::Failed => EndReason::Failed,
            _ => EndReason::Done,
        }
    }
}

pub(super) const fn machine_outcome(outcome: EndAs) -> VisitOutcome {
    match outcome {
        EndAs::Done => VisitOutcome::Done,
        EndAs::NoShow => VisitOutcome::NoShow,
        EndAs::Failed => VisitOutcome::Failed,
    }
}
