//! The task of one living visit: takes inputs one by one, asks the state machine, saves, and then
//! lets the effects happen.

use super::board::BoardEntry;
use super::line::LineView;
use super::media::Media;
use super::{Core, DOZE, events, persist};
use crate::http::error::{refusal_code, store_code};
use protocol::client::EndAs;
use protocol::server::YouBecause;
use protocol::{ClientMessage, EndReason, ErrorBody, ErrorCode, ServerMessage};
use sfu::SfuEvent;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use store::{SeatRow, UserRole, VisitRow};
use tokio::sync::{mpsc, oneshot};
use visit::machine::DropReason;
use visit::{
    Actor, Command, ConsentRecord, Effect, SeatId, SeatState, SeatTrigger, Timestamp, UserId,
    Visit, VisitOutcome,
};

/// What goes to a socket's writer.
pub enum Outgoing {
    /// A message.
    Message(Box<ServerMessage>),
    /// Close the socket after what was sent.
    Close,
}

/// The way to a socket's writer. Bounded: a page that does not read is cut off, not waited for.
pub type SocketSender = mpsc::Sender<Outgoing>;

/// A socket that proved its token.
pub struct ConnOpen {
    /// Whose.
    pub seat: SeatId,
    /// Unique number of the socket.
    pub connection: u64,
    /// The way back.
    pub sender: SocketSender,
    /// The transport that the page still has.
    pub transport: Option<u64>,
    /// Last chat line that the page has.
    pub chat_after: u64,
}

/// What a visit's task takes.
pub enum Input {
    /// A socket opened.
    Open(ConnOpen),
    /// A socket said something.
    Message {
        /// Whose socket.
        seat: SeatId,
        /// Which.
        connection: u64,
        /// What.
        message: Box<ClientMessage>,
    },
    /// A socket closed.
    Closed {
        /// Whose socket.
        seat: SeatId,
        /// Which.
        connection: u64,
    },
    /// Something from HTTP or a board.
    Call(Call),
    /// The forwarding unit reports.
    Media(Box<SfuEvent>),
    /// The clinician's line changed.
    LineChanged,
    /// The server goes down in order.
    ServerCloses,
    /// Nothing; shows whether the task lives.
    Wake,
}

type Reply<T> = oneshot::Sender<Result<T, ErrorCode>>;

/// What HTTP and boards may ask.
pub enum Call {
    /// The visit as the board shows it.
    BoardEntry(Reply<BoardEntry>),
    /// The seat of a member of staff, made if there is none.
    ClinicSeat {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Their name.
        name: String,
        /// The seat.
        reply: Reply<SeatId>,
    },
    /// A new guest's seat.
    AddGuest {
        /// Who invites.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// The seat as it will be stored.
        seat: Box<SeatRow>,
        /// Done.
        reply: Reply<()>,
    },
    /// Whether a member of staff may invite into this visit, and the row of a seat in it.
    SeatRow {
        /// Who asks.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Which seat.
        seat: SeatId,
        /// The row.
        reply: Reply<Box<SeatRow>>,
    },
    /// Lets somebody in, from the board.
    Admit {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Whom.
        seat: SeatId,
        /// Done.
        reply: Reply<()>,
    },
    /// Writes to somebody who waits, from the board.
    Note {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Their name.
        name: String,
        /// To whom.
        seat: SeatId,
        /// The page's id of the message.
        id: String,
        /// The text.
        text: String,
        /// Done.
        reply: Reply<()>,
    },
    /// Closes the visit, from the board.
    End {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// How.
        outcome: EndAs,
        /// Done.
        reply: Reply<()>,
    },
    /// The rating on the goodbye page.
    Rate {
        /// Whose.
        seat: SeatId,
        /// 1–5.
        stars: u8,
        /// Done.
        reply: Reply<()>,
    },
    /// A guest's link was opened on a second device.
    SecondDevice(SeatId),
}

pub(super) struct Conn {
    pub id: u64,
    pub sender: SocketSender,
    pub chat_after: u64,
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
    pub(super) told_line: HashMap<SeatId, LineView>,
    pub(super) revision: u64,
    /// Steps of the system that the database could not take yet.
    overdue: VecDeque<(Actor, Command)>,
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
            told_line: HashMap::new(),
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
    let mut task = Task { core, state, queue };
    task.after_restart().await;
    let mut every_second = tokio::time::interval(std::time::Duration::from_secs(1));
    every_second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            input = inputs.recv() => match input {
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
            Input::Call(call) => self.call(call).await,
            Input::Media(event) => self.media_event(*event).await,
            Input::LineChanged => self.tell_line(),
            Input::ServerCloses => {
                for conn in self.state.conns.values() {
                    let _ = conn
                        .sender
                        .try_send(Outgoing::Message(Box::new(ServerMessage::Closing {})));
                    let _ = conn.sender.try_send(Outgoing::Close);
                }
            }
            Input::Wake => {}
        }
    }

    async fn tick(&mut self) {
        for _ in 0..self.state.overdue.len() {
            if let Some((actor, command)) = self.state.overdue.pop_front() {
                self.system(actor, command).await;
            }
        }
        self.system(Actor::System, Command::Tick).await;
    }

    fn may_sleep(&mut self) -> bool {
        let v = &self.state.visit;
        let held = v.seats.iter().any(|s| s.state == SeatState::Away);
        let busy = !self.state.conns.is_empty()
            || !self.state.media.is_empty()
            || !self.state.overdue.is_empty()
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
        let now = self.core.clock.now();
        let mut next = self.state.visit.clone();
        let effects = next.apply(now, actor, command).map_err(refusal_code)?;
        let saved = persist::save(&self.core.store, now, &self.state, &next, &effects, by)
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

    /// A step that nobody asked for and that must not be lost: tried again until it is stored.
    pub(super) async fn system(&mut self, actor: Actor, command: Command) {
        let done = self.step(actor, audit::Actor::System, command.clone()).await;
        // A refusal means that the step lost a race against something that was stored first.
        if let Err(ErrorCode::StoreBusy | ErrorCode::StoreFull | ErrorCode::Internal) = done {
            self.state.overdue.push_back((actor, command));
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
                Effect::Muted(seat) => self.send(seat, ServerMessage::MutedByClinic {}),
                Effect::VisitMoved { .. } | Effect::Consent { .. } => {}
            }
        }
        for seat in entered {
            let after = self.state.conns.get(&seat).map_or(0, |c| c.chat_after);
            self.send_chat_history(seat, after).await;
        }
        if self.state.visit.state.is_final() {
            self.close_room();
        }
        if changes {
            self.publish();
        }
    }

    fn drop_connection(&mut self, seat: SeatId, connection: u64, reason: DropReason) {
        if self.state.conns.get(&seat).is_none_or(|c| c.id != connection) {
            return;
        }
        let message = match reason {
            DropReason::TakenOver => ServerMessage::TakenOver {},
            DropReason::Removed => ServerMessage::Removed {},
            DropReason::Left => ServerMessage::Ended { reason: EndReason::YouLeft },
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

    // --- Sockets ---

    async fn open(&mut self, open: ConnOpen) {
        let ConnOpen { seat, connection, sender, transport, chat_after } = open;
        let same_page =
            transport.is_some() && self.state.media.get(&seat).map(|m| m.id.0) == transport;
        if same_page {
            // The same page on a new socket: not a takeover, whatever became of the old one.
            if let Some(old) = self.state.conns.remove(&seat) {
                let _ = old.sender.try_send(Outgoing::Close);
                let connection = old.id;
                self.system(Actor::System, Command::Disconnect { seat, connection }).await;
            }
        } else if let Some(media) = self.state.media.get_mut(&seat) {
            media.orphaned = true;
        }
        let by = self.audit_actor(seat);
        let result = self.connect(seat, by, connection, &sender, chat_after).await;
        if let Err(code) = result {
            let error = ErrorBody::from(code);
            let message = match (code, self.state.visit.state.is_final()) {
                (ErrorCode::VisitOver, true) => ServerMessage::Ended { reason: self.end_reason() },
                (ErrorCode::NotAllowed, _) => ServerMessage::Removed {},
                _ => ServerMessage::Error { error, reply_to: None },
            };
            let _ = sender.try_send(Outgoing::Message(Box::new(message)));
            let _ = sender.try_send(Outgoing::Close);
            return;
        }
        if same_page {
            self.resume_media(seat).await;
        }
        self.send_notes(seat).await;
        self.publish();
    }

    async fn connect(
        &mut self,
        seat: SeatId,
        by: audit::Actor,
        connection: u64,
        sender: &SocketSender,
        chat_after: u64,
    ) -> Result<(), ErrorCode> {
        let was_inside = self.state.visit.seat(seat).is_some_and(|s| s.state.is_inside());
        // The welcome must be the first message, but only a stored step may be announced: so the
        // messages of the step are held back until the welcome is out.
        let (held, mut messages) = mpsc::channel(64);
        let old = self.state.conns.insert(seat, Conn { id: connection, sender: held, chat_after });
        let older = old.map(|old| (old.id, old.sender));
        let step = Command::Connect { seat, connection };
        if let Err(code) = self.step(Actor::System, by, step).await {
            match older {
                Some((id, sender)) => {
                    self.state.conns.insert(seat, Conn { id, sender, chat_after: 0 });
                }
                None => {
                    self.state.conns.remove(&seat);
                }
            }
            return Err(code);
        }
        if let Some((_, older)) = older {
            let _ = older.try_send(Outgoing::Message(Box::new(ServerMessage::TakenOver {})));
            let _ = older.try_send(Outgoing::Close);
        }
        if let Some(conn) = self.state.conns.get_mut(&seat) {
            conn.sender = sender.clone();
        }
        self.send_welcome(seat);
        // A new page has not heard its place in the queue, however often an older one has.
        self.state.told_line.remove(&seat);
        if was_inside {
            self.send_chat_history(seat, chat_after).await;
        }
        while let Ok(message) = messages.try_recv() {
            let _ = sender.try_send(message);
        }
        Ok(())
    }

    async fn message(&mut self, seat: SeatId, message: ClientMessage) {
        let (actor, by) = (Actor::Seat(seat), self.audit_actor(seat));
        let reply_to = match &message {
            ClientMessage::Chat { id, .. } | ClientMessage::Note { id, .. } => Some(id.clone()),
            _ => None,
        };
        let result = match message {
            ClientMessage::Check { report } => self.check(seat, by, report).await,
            ClientMessage::Recheck {} => self.step(actor, by, Command::Recheck).await,
            ClientMessage::Consent { purpose, decision, text_version, locale } => {
                if crate::consent::is_known(purpose, &text_version) {
                    let at = self.core.clock.now();
                    let record = ConsentRecord { purpose, decision, text_version, locale, at };
                    self.step(actor, by, Command::Consent(record)).await
                } else {
                    Err(ErrorCode::BadMessage)
                }
            }
            ClientMessage::Wait {} => self.step(actor, by, Command::Wait).await,
            ClientMessage::Enter {} => self.step(actor, by, Command::Enter).await,
            ClientMessage::Admit { seat, .. } => self.step(actor, by, Command::Admit(seat)).await,
            ClientMessage::PutBack { seat } => self.step(actor, by, Command::PutBack(seat)).await,
            ClientMessage::Remove { seat } => self.step(actor, by, Command::Remove(seat)).await,
            ClientMessage::MuteOther { seat } => {
                self.step(actor, by, Command::MuteOther(seat)).await
            }
            ClientMessage::Note { seat: to, id, text, .. } => {
                self.note(actor, seat, to, &id, &text).await
            }
            ClientMessage::End { outcome } => {
                self.step(actor, by, Command::End(machine_outcome(outcome))).await
            }
            ClientMessage::Sending { mic, camera } => {
                self.step(actor, by, Command::Send { mic, camera }).await
            }
            ClientMessage::Share { on } => self.step(actor, by, Command::Share(on)).await,
            ClientMessage::Leave {} => self.step(actor, by, Command::Leave).await,
            ClientMessage::Chat { id, text } => self.chat(seat, &id, &text).await,
            ClientMessage::ChatRead { seq } => self.chat_read(seat, seq).await,
            ClientMessage::Rate { stars } => self.rate(seat, stars).await,
            ClientMessage::Answer { .. }
            | ClientMessage::RestartIce {}
            | ClientMessage::NewTransport {}
            | ClientMessage::View { .. }
            | ClientMessage::Quality { .. } => self.media_message(seat, message),
            // Answered here and not by the socket, so that a pong says: all before it is done.
            ClientMessage::Ping { n } => {
                self.send(seat, ServerMessage::Pong { n });
                Ok(())
            }
            // The socket itself has taken the only one that there is.
            ClientMessage::Hello { .. } => Ok(()),
        };
        if let Err(code) = result {
            if code == ErrorCode::NotAllowed {
                self.record_refusal(seat, by).await;
            }
            self.send(seat, ServerMessage::Error { error: code.into(), reply_to });
        }
    }

    /// Trying what one may not do is worth a line for whoever reads the log. The refusal stands
    /// whether the line could be written or not.
    async fn record_refusal(&self, seat: SeatId, by: audit::Actor) {
        let event = audit::Event::new(audit::Kind::ActionRefused, by);
        let event = event.visit(self.state.visit.id).seat(seat).refused("not_allowed");
        let now = self.core.clock.now();
        if let Ok(tx) = self.core.store.begin(self.state.visit.org, now).await {
            let _ = tx.commit_with(vec![event]).await;
        }
    }

    async fn check(
        &mut self,
        seat: SeatId,
        by: audit::Actor,
        report: protocol::CheckReport,
    ) -> Result<(), ErrorCode> {
        let stored = persist::device_report(&report).ok_or(ErrorCode::BadMessage)?;
        let row = self.state.people.get_mut(&seat).ok_or(ErrorCode::NotFound)?;
        let before = row.device_report.replace(stored);
        // The report itself is saved with the next step of this seat; moving on is that step.
        let checking = self.state.visit.seat(seat).is_some_and(|s| s.state == SeatState::Checking);
        let result = if checking {
            self.step(Actor::Seat(seat), by, Command::CheckDone).await
        } else {
            Ok(())
        };
        if result.is_err() {
            if let Some(row) = self.state.people.get_mut(&seat) {
                row.device_report = before;
            }
        } else {
            self.publish_board();
        }
        result
    }

    // --- From HTTP and boards ---

    async fn call(&mut self, call: Call) {
        match call {
            Call::BoardEntry(reply) => {
                let _ = reply.send(Ok(self.board_entry()));
            }
            Call::ClinicSeat { user, role, name, reply } => {
                let _ = reply.send(self.clinic_seat(user, role, name).await);
            }
            Call::AddGuest { user, role, seat, reply } => {
                let actor = self.clinic_actor(user, role);
                let _ = reply.send(self.add_guest(actor, user, *seat).await);
            }
            Call::SeatRow { user, role, seat, reply } => {
                let actor = self.clinic_actor(user, role);
                let result = self.state.visit.may(actor, visit::Action::Invite);
                let row = self.state.people.get(&seat).filter(|s| !s.role.is_clinic());
                let _ = reply.send(match (result, row) {
                    (Err(code), _) => Err(refusal_code(code)),
                    (Ok(()), None) => Err(ErrorCode::NotFound),
                    (Ok(()), Some(row)) => Ok(Box::new(row.clone())),
                });
            }
            Call::Admit { user, role, seat, reply } => {
                let (actor, by) = (self.clinic_actor(user, role), audit::Actor::Staff(user));
                let _ = reply.send(self.step(actor, by, Command::Admit(seat)).await);
            }
            Call::Note { user, role, name, seat, id, text, reply } => {
                let actor = self.clinic_actor(user, role);
                let result = match self.clinic_seat(user, role, name).await {
                    Ok(from) => self.note(actor, from, seat, &id, &text).await,
                    Err(code) => Err(code),
                };
                let _ = reply.send(result);
            }
            Call::End { user, role, outcome, reply } => {
                let (actor, by) = (self.clinic_actor(user, role), audit::Actor::Staff(user));
                let command = Command::End(machine_outcome(outcome));
                let _ = reply.send(self.step(actor, by, command).await);
            }
            Call::Rate { seat, stars, reply } => {
                let _ = reply.send(self.rate(seat, stars).await);
            }
            Call::SecondDevice(seat) => {
                self.state.second_device.insert(seat);
                self.publish();
            }
        }
    }

    fn clinic_actor(&self, user: UserId, role: UserRole) -> Actor {
        Actor::Clinic(user, super::clinic_role(user, role, self.state.visit.host))
    }

    pub(super) fn audit_actor(&self, seat: SeatId) -> audit::Actor {
        match self.state.visit.seat(seat).and_then(|s| s.user) {
            Some(user) => audit::Actor::Staff(user),
            None => audit::Actor::Seat(seat),
        }
    }

    fn end_reason(&self) -> EndReason {
        match self.state.visit.state {
            visit::VisitState::NoShow => EndReason::NoShow,
            visit::VisitState::Failed => EndReason::Failed,
            _ => EndReason::Done,
        }
    }
}

const fn machine_outcome(outcome: EndAs) -> VisitOutcome {
    match outcome {
        EndAs::Done => VisitOutcome::Done,
        EndAs::NoShow => VisitOutcome::NoShow,
        EndAs::Failed => VisitOutcome::Failed,
    }
}
