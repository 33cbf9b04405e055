//! A synthetic person in a visit, from the first message to the last: the guest's way in, or the
//! clinician's, and the media.
//!
//! It obeys the server: states come from `welcome` and `you`, media from offers. It decides nothing
//! but what a willing person would: the check is fine, consent is given, whoever waits is admitted.

use std::collections::HashSet;
use std::future::Future;
use std::time::{Duration, Instant};

use protocol::client::EndAs;
use protocol::server::ConsentAsk;
use protocol::{
    CheckItem, CheckOutcome, CheckReport, ClientMessage, EndReason, ServerMessage, TrackLine,
};
use tokio::sync::mpsc;
use visit::{ConsentDecision, SeatState};

use crate::BenchError;
use crate::client::{Client, ClientError, ClientEvent, ClientOptions};
use crate::clip::Clip;
use crate::driver::{DriverCommand, MediaSocket, Observer, drive};
use crate::media::ClipPlayer;
use crate::signalling::SeatSocket;

/// How often the socket is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What a participant is in the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Came by a link: checks, consents, waits.
    Guest,
    /// The clinician: enters, admits whoever waits, and ends the visit on leaving.
    Host,
}

/// What a participant has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the waiting room.
    Waiting,
    /// Let in.
    Inside,
    /// ICE and DTLS are up.
    MediaUp,
    /// The first whole keyframe of a remote camera arrived.
    FirstPicture {
        /// When its last packet was there.
        at: Instant,
    },
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to stop, and left.
    Stopped,
    /// Another device took the seat.
    TakenOver,
    /// The clinic put it out.
    Removed,
    /// The visit is over.
    Over(EndReason),
    /// The server is closing.
    Closing,
    /// The socket closed without a word.
    Disconnected,
}

/// One synthetic person. See the module's head.
pub struct Participant {
    part: Part,
    socket: SeatSocket,
    clip: &'static Clip,
    stages: mpsc::UnboundedSender<Stage>,
    asks: Vec<ConsentAsk>,
    entered: bool,
    inside: bool,
    admitted: HashSet<u128>,
    media: Option<Media>,
    answers: mpsc::UnboundedSender<FromMedia>,
}

/// The running media client.
struct Media {
    transport: u64,
    /// Dropping it ends the client, which says goodbye.
    commands: mpsc::UnboundedSender<DriverCommand>,
}

/// What the media client tells the participant.
enum FromMedia {
    Answer { transport: u64, generation: u32, answer: Result<String, ClientError> },
    Stage(Stage),
}

impl Participant {
    /// A participant on a socket that has said hello. Stages go to `stages`; nobody need listen.
    ///
    /// # Errors
    /// [`BenchError::Clip`] if the shipped clip is unusable.
    pub fn new(
        part: Part,
        socket: SeatSocket,
        stages: mpsc::UnboundedSender<Stage>,
    ) -> Result<Self, BenchError> {
        let (answers, _) = mpsc::unbounded_channel();
        Ok(Self {
            part,
            socket,
            clip: Clip::shipped()?,
            stages,
            asks: Vec::new(),
            entered: false,
            inside: false,
            admitted: HashSet::new(),
            media: None,
            answers,
        })
    }

    /// Takes part until `stop`, or until the server ends it.
    ///
    /// # Errors
    /// [`BenchError::Refused`] when the server refuses a step on the way in; failures of the socket
    /// or of the media client.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<End, BenchError> {
        let (answers, mut from_media) = mpsc::unbounded_channel();
        self.answers = answers;
        let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut pings = 0;
        tokio::pin!(stop);
        let end = loop {
            tokio::select! {
                () = &mut stop => {
                    let goodbye = match self.part {
                        Part::Guest => ClientMessage::Leave {},
                        Part::Host => ClientMessage::End { outcome: EndAs::Done },
                    };
                    // A socket that is gone is left already.
                    let _ = self.socket.send(&goodbye).await;
                    break End::Stopped;
                }
                message = self.socket.next() => match message? {
                    None => break End::Disconnected,
                    Some(message) => if let Some(end) = self.on_message(message).await? {
                        break end;
                    }
                },
                Some(told) = from_media.recv() => self.on_media(told).await?,
                _ = keep_alive.tick() => {
                    pings += 1;
                    self.socket.send(&ClientMessage::Ping { n: pings }).await?;
                }
            }
        };
        self.media = None;
        self.socket.close().await;
        Ok(end)
    }

    async fn on_message(&mut self, message: ServerMessage) -> Result<Option<End>, BenchError> {
        match message {
            ServerMessage::Welcome { state, asks, .. } => {
                self.asks = asks;
                self.on_state(state).await?;
            }
            ServerMessage::You { state, .. } => self.on_state(state).await?,
            ServerMessage::Offer { transport, generation, sdp, tracks, .. } => {
                self.on_offer(transport, generation, sdp, tracks)?;
            }
            ServerMessage::Room { waiting, .. } if self.part == Part::Host => {
                for seat in waiting.iter().filter(|s| s.state == SeatState::Waiting) {
                    if self.admitted.insert(seat.seat.to_u128()) {
                        self.socket
                            .send(&ClientMessage::Admit { visit: None, seat: seat.seat })
                            .await?;
                    }
                }
            }
            ServerMessage::TakenOver {} => return Ok(Some(End::TakenOver)),
            ServerMessage::Removed {} => return Ok(Some(End::Removed)),
            ServerMessage::Ended { reason } => return Ok(Some(End::Over(reason))),
            ServerMessage::Closing {} => return Ok(Some(End::Closing)),
            ServerMessage::Error { error, .. } => {
                // Once inside, a refused detail does not end the call.
                if !self.inside {
                    return Err(BenchError::Refused(error.code));
                }
                tracing::debug!(code = ?error.code, "the server refused something");
            }
            _ => {}
        }
        Ok(None)
    }

    async fn on_state(&mut self, state: SeatState) -> Result<(), BenchError> {
        let inside = matches!(state, SeatState::Admitted | SeatState::InCall);
        if inside && !self.inside {
            self.stage(Stage::Inside);
            self.socket.send(&ClientMessage::Sending { mic: true, camera: true }).await?;
        }
        self.inside = inside;
        if inside {
            return Ok(());
        }
        self.media = None;
        match (self.part, state) {
            (Part::Host, _) => {
                if !self.entered {
                    self.entered = true;
                    self.socket.send(&ClientMessage::Enter {}).await?;
                }
            }
            (Part::Guest, SeatState::Invited | SeatState::Checking | SeatState::Left) => {
                self.socket.send(&ClientMessage::Check { report: all_fine() }).await?;
            }
            (Part::Guest, SeatState::Consenting) => {
                for ask in std::mem::take(&mut self.asks) {
                    let consent = ClientMessage::Consent {
                        purpose: ask.purpose,
                        decision: ConsentDecision::Given,
                        text_version: ask.text_version,
                        locale: "en".to_owned(),
                    };
                    self.socket.send(&consent).await?;
                }
                self.socket.send(&ClientMessage::Wait {}).await?;
            }
            (Part::Guest, SeatState::Waiting) => self.stage(Stage::Waiting),
            (Part::Guest, _) => {}
        }
        Ok(())
    }

    fn on_offer(
        &mut self,
        transport: u64,
        generation: u32,
        sdp: String,
        tracks: Vec<TrackLine>,
    ) -> Result<(), BenchError> {
        if self.media.as_ref().is_none_or(|m| m.transport != transport) {
            self.media = None;
            self.media = Some(self.start_media(transport)?);
        }
        if let Some(media) = &self.media {
            // A media client that ended was closed by the server; another offer may come.
            let _ = media.commands.send(DriverCommand::Offer { generation, sdp, tracks });
        }
        Ok(())
    }

    fn start_media(&self, transport: u64) -> Result<Media, BenchError> {
        let socket = MediaSocket::bind(self.socket.local())?;
        let options =
            ClientOptions { seed: rand::random(), packets: false, ..ClientOptions::default() };
        let player = Box::new(ClipPlayer::new(self.clip));
        let client = Client::new(Instant::now(), socket.local(), options, Some(player))?;
        let (commands, from_us) = mpsc::unbounded_channel();
        let mut observer = Relay { transport, to: self.answers.clone() };
        tokio::spawn(async move {
            // A socket that fails ends the media; the server notices the silence.
            let _ = drive(client, socket, from_us, &mut observer).await;
        });
        Ok(Media { transport, commands })
    }

    async fn on_media(&mut self, told: FromMedia) -> Result<(), BenchError> {
        match told {
            FromMedia::Stage(stage) => self.stage(stage),
            FromMedia::Answer { transport, generation, answer } => {
                let current = self.media.as_ref().is_some_and(|m| m.transport == transport);
                if current {
                    let sdp = answer?;
                    self.socket.send(&ClientMessage::Answer { generation, sdp }).await?;
                }
            }
        }
        Ok(())
    }

    fn stage(&self, stage: Stage) {
        // Nobody need listen.
        let _ = self.stages.send(stage);
    }
}

/// Passes on what the media client does.
struct Relay {
    transport: u64,
    to: mpsc::UnboundedSender<FromMedia>,
}

impl Observer for Relay {
    fn on_answer(&mut self, generation: u32, answer: Result<String, ClientError>) {
        let transport = self.transport;
        let _ = self.to.send(FromMedia::Answer { transport, generation, answer });
    }

    fn on_event(&mut self, now: Instant, _received_unix_ns: Option<u64>, event: ClientEvent) {
        let stage = match event {
            ClientEvent::Connected => Stage::MediaUp,
            ClientEvent::FirstPicture { source: visit::Source::Camera, .. } => {
                Stage::FirstPicture { at: now }
            }
            _ => return,
        };
        let _ = self.to.send(FromMedia::Stage(stage));
    }
}

/// A device check without a fault. A synthetic person's devices are files.
fn all_fine() -> CheckReport {
    let items = [CheckItem::Camera, CheckItem::Microphone, CheckItem::Speaker, CheckItem::Network];
    CheckReport {
        outcomes: items.map(|item| CheckOutcome { item, ok: true, code: None }).into(),
        rtt_ms: None,
    }
}
