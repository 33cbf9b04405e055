//! Messages to a browser.

use crate::{CheckReport, DirectSignal, ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};
use telemetry::message::{Figure, MessageCode, Subject};
use ts_rs::TS;
use visit::{
    Action, ConsentDecision, Pictures, Purpose, Role, SeatId, SeatState, Source, Timestamp,
    VisitId, VisitState,
};

/// Everything that the server may say.
///
/// A person who is not inside the room gets only `waiting`, `note`, `error`, `pong`, `closing`,
/// `taken_over`, `removed`, `ended` and a `welcome` about themselves. That is enforced where
/// messages are made, and proven by a test that records every byte.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Answer to `hello` on a seat's socket: everything about oneself, nothing about others.
    Welcome {
        /// Own seat.
        seat: SeatId,
        /// Which visit.
        visit: VisitId,
        /// Own role.
        role: Role,
        /// Own name, as the clinic wrote it.
        name: String,
        /// Where one stands.
        state: SeatState,
        /// Where the visit stands.
        visit_state: VisitState,
        /// The clinician's name, which the link told already.
        host_name: String,
        /// When the visit was booked for.
        scheduled_at: Timestamp,
        /// Consents that hold now.
        consents: Vec<ConsentNow>,
        /// Purposes that this visit asks consent for, and the text version in force.
        asks: Vec<ConsentAsk>,
        /// Server time, for clocks that are off.
        now: Timestamp,
        /// The transport that lives on after a resume; none when media starts anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        transport: Option<u64>,
        /// What one may do, given role (buttons follow it; the server checks again).
        may: Vec<Action>,
    },
    /// Own state changed (also sent after `welcome`).
    You {
        /// Where one stands.
        state: SeatState,
        /// Why, when the clinic or the server did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        because: Option<YouBecause>,
    },
    /// The waiting room, as the person who waits sees it.
    Waiting {
        /// People of this clinician who are before you.
        ahead: u32,
        /// Whether the clinician is in another visit just now.
        host_busy: bool,
        /// Whether the clinician is signed in and looking at the waiting room.
        host_here: bool,
        /// Since when you wait.
        since: Timestamp,
    },
    /// Something the clinic wrote to you while you wait.
    Note {
        /// The note.
        note: WaitingNote,
    },
    /// Everybody in the room. Sent whole after each change, to people inside only.
    Room {
        /// Counts up; a lower number than seen is stale.
        #[ts(type = "number")]
        revision: u64,
        /// Everybody inside, oneself included.
        people: Vec<Person>,
        /// Others who wait for this visit (only to those who may see the waiting room).
        waiting: Vec<BoardSeat>,
        /// Where the visit stands.
        visit_state: VisitState,
        /// Since when it has been in progress.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        started_at: Option<Timestamp>,
    },
    /// An SDP offer. Every negotiation starts at the server.
    Offer {
        /// The transport it is for. A new number means a new RTCPeerConnection.
        #[ts(type = "number")]
        transport: u64,
        /// Counts up per transport; the answer repeats it.
        generation: u32,
        /// The SDP.
        sdp: String,
        /// What each m-line carries.
        tracks: Vec<TrackLine>,
        /// Relays that the page may use beside the direct path. They take the place of those that an
        /// earlier offer named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<IceServer>>")]
        ice_servers: Vec<IceServer>,
    },
    /// The media path works.
    MediaUp {
        /// The transport.
        #[ts(type = "number")]
        transport: u64,
    },
    /// Who speaks now.
    Speaking {
        /// The person, or nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        seat: Option<SeatId>,
    },
    /// A remote picture was paused to keep the sound, or goes on.
    VideoPaused {
        /// Whose.
        seat: SeatId,
        /// Which picture.
        source: Source,
        /// Paused or going on.
        paused: bool,
    },
    /// Somebody silenced your microphone.
    MutedByClinic {},
    /// Try a direct way to the only other person. What goes through the server goes on meanwhile.
    DirectOpen {
        /// Counts up; everything about this try repeats it.
        #[ts(type = "number")]
        attempt: u64,
        /// The other person.
        seat: SeatId,
        /// Whether one makes the offer; otherwise one waits for it.
        offers: bool,
        /// Only over the relay, so that nobody sees an address.
        relay_only: bool,
    },
    /// What the other person's page says about finding the way. A stranger's word.
    DirectSignal {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
        /// What.
        signal: DirectSignal,
    },
    /// Both have everything directly: the way through the server rests.
    DirectOn {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
    },
    /// Back to the way through the server, which goes on already.
    DirectClose {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
        /// Nothing may flow directly any more. Otherwise only when pictures come through the server.
        at_once: bool,
    },
    /// Chat lines, in order, each exactly once per `hello`.
    Chat {
        /// The lines.
        lines: Vec<ChatLine>,
    },
    /// How good everybody's link is (only to those who may see it).
    Quality {
        /// One entry per person inside.
        links: Vec<LinkQuality>,
        /// Who hears whom and what stands in the way, the gravest first. A direction that nobody has
        /// measured yet is not there.
        directions: Vec<DirectionQuality>,
    },
    /// First message on a board socket: today's visits.
    Board {
        /// All visits of the day and everything still open.
        visits: Vec<BoardVisit>,
        /// Server time.
        now: Timestamp,
    },
    /// One visit on the board came or changed.
    BoardVisit {
        /// The visit as it is now.
        visit: BoardVisit,
    },
    /// A visit left the board.
    BoardGone {
        /// Which.
        visit: VisitId,
    },
    /// Answer to `ping`.
    Pong {
        /// The same number.
        #[ts(type = "number")]
        n: u64,
    },
    /// Another device took over this seat. The socket closes.
    TakenOver {},
    /// The clinic put you out. The socket closes.
    Removed {},
    /// The visit is over. The socket closes.
    Ended {
        /// How.
        reason: EndReason,
    },
    /// The server goes down in an orderly way; the page reconnects by itself.
    Closing {},
    /// Something was refused.
    Error {
        /// What and what next.
        error: ErrorBody,
        /// The page's own id of the message that was refused, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reply_to: Option<String>,
    },
}

/// A refusal of nothing in particular that the page said.
impl From<ErrorCode> for ServerMessage {
    fn from(code: ErrorCode) -> Self {
        Self::Error { error: code.into(), reply_to: None }
    }
}

impl ServerMessage {
    /// Whether this is about the room and so must not reach anybody outside it. Written out
    /// variant by variant, so that a new message has to be put on one side.
    #[must_use]
    pub const fn is_inside_only(&self) -> bool {
        match self {
            Self::Room { .. }
            | Self::Offer { .. }
            | Self::MediaUp { .. }
            | Self::Speaking { .. }
            | Self::VideoPaused { .. }
            | Self::MutedByClinic {}
            | Self::DirectOpen { .. }
            | Self::DirectSignal { .. }
            | Self::DirectOn { .. }
            | Self::DirectClose { .. }
            | Self::Chat { .. }
            | Self::Quality { .. }
            // Boards have sockets of their own; no seat ever gets these.
            | Self::Board { .. }
            | Self::BoardVisit { .. }
            | Self::BoardGone { .. } => true,
            Self::Welcome { .. }
            | Self::You { .. }
            | Self::Waiting { .. }
            | Self::Note { .. }
            | Self::Pong { .. }
            | Self::TakenOver {}
            | Self::Removed {}
            | Self::Ended { .. }
            | Self::Closing {}
            | Self::Error { .. } => false,
        }
    }
}

/// Why one's own state changed without one's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum YouBecause {
    /// Let in.
    Admitted,
    /// Sent back to the waiting room.
    PutBack,
    /// The hold of an away seat ran out.
    HoldExpired,
    /// Consent to the visit was withdrawn.
    ConsentWithdrawn,
}

/// A consent that holds.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ConsentNow {
    /// To what.
    pub purpose: Purpose,
    /// The answer.
    pub decision: ConsentDecision,
    /// Version of the text.
    pub text_version: String,
}

/// A consent that the visit asks for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ConsentAsk {
    /// To what.
    pub purpose: Purpose,
    /// Version of the text in force. The page has the text in each language under this name.
    pub text_version: String,
    /// Without it one cannot wait.
    pub required: bool,
}

/// Something the clinic wrote to somebody who waits.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct WaitingNote {
    /// Place in the visit's messages.
    #[ts(type = "number")]
    pub seq: u64,
    /// The text.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody in the room.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Person {
    /// The seat.
    pub seat: SeatId,
    /// The name as the clinic wrote it.
    pub name: String,
    /// What they are here.
    pub role: Role,
    /// Admitted, in call or away.
    pub state: SeatState,
    /// Microphone on, as the server enforces it.
    pub mic: bool,
    /// Camera on, as the server enforces it.
    pub camera: bool,
    /// Sharing a screen.
    pub screen: bool,
    /// Which pictures they take part with, by their own choice.
    pub pictures: Pictures,
    /// The path to them is so narrow that the server sends them sound and leaves out pictures.
    pub narrow: bool,
    /// The path from them is so narrow that their page sends sound and leaves out the camera.
    pub camera_rests: bool,
}

/// Whether an m-line sends or receives, seen from the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The browser sends on it.
    Send,
    /// The browser receives on it.
    Receive,
}

/// What one m-line of an offer carries.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct TrackLine {
    /// The `a=mid` of the m-line.
    pub mid: String,
    /// Whose media. One's own on a `send` line.
    pub seat: SeatId,
    /// Which.
    pub source: Source,
    /// Which way.
    pub direction: Direction,
}

/// A relay and the right to use it, as an `RTCIceServer` of the browser. The right ends with the
/// person's part in the visit.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct IceServer {
    /// Its addresses (RFC 7065).
    pub urls: Vec<String>,
    /// User name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    /// Password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

/// One chat line.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ChatLine {
    /// Place in the visit's chat.
    #[ts(type = "number")]
    pub seq: u64,
    /// Who wrote it.
    pub seat: SeatId,
    /// The writer's name then.
    pub name: String,
    /// The page's own id, so that the writer finds their message again.
    pub id: String,
    /// The text. Shown as text, links inert.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QualityLevel {
    /// Nothing to worry about.
    Good,
    /// Noticeable now and then.
    Fair,
    /// Hurts the conversation.
    Poor,
    /// Connection lost.
    Lost,
}

/// How good one person's link is.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LinkQuality {
    /// Whose.
    pub seat: SeatId,
    /// In one word.
    pub level: QualityLevel,
    /// Loss on the way to the server, 0–100.
    pub uplink_loss_pct: f32,
    /// Loss on the way from the server, 0–100.
    pub downlink_loss_pct: f32,
    /// Round trip in milliseconds.
    pub rtt_ms: u32,
    /// Estimate of what the person can receive, in bit/s; 0 when unknown.
    #[ts(type = "number")]
    pub downlink_bps: u64,
}

/// What to say about the way from one person to another.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DirectionQuality {
    /// Who is heard and seen.
    pub from: SeatId,
    /// By whom.
    pub to: SeatId,
    /// What is to be said.
    pub code: MessageCode,
    /// About whom.
    pub subject: Subject,
    /// With which figure, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// The conversation suffers; otherwise it is noticed now and then.
    pub severe: bool,
}

/// One visit on the clinic's board.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct BoardVisit {
    /// Which.
    pub visit: VisitId,
    /// Whose.
    pub host_name: String,
    /// Whether it is the reader's own visit.
    pub mine: bool,
    /// A colleague invited the reader into it, and the reader has not entered it yet.
    pub invited: bool,
    /// Where it stands.
    pub state: VisitState,
    /// Booked for.
    pub scheduled_at: Timestamp,
    /// Planned length in minutes.
    pub duration_min: u32,
    /// Since when in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub started_at: Option<Timestamp>,
    /// Over since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended_at: Option<Timestamp>,
    /// Everybody invited.
    pub seats: Vec<BoardSeat>,
    /// The clinic's own short note about the visit.
    pub note: String,
    /// What the reader may do with this visit.
    pub may: Vec<Action>,
    /// Only whoever's visit it is and those invited see who it is with.
    #[serde(default)]
    pub restricted: bool,
    /// The reader is not let in: names and note are left out. Emergency access opens it.
    #[serde(default)]
    pub hidden: bool,
    /// The reader is let in by emergency access until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub emergency_until: Option<Timestamp>,
}

/// One person on the clinic's board.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct BoardSeat {
    /// Which seat.
    pub seat: SeatId,
    /// Who.
    pub name: String,
    /// What they are here.
    pub role: Role,
    /// Where they stand.
    pub state: SeatState,
    /// Whether their page is connected right now.
    pub online: bool,
    /// In the waiting room since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waiting_since: Option<Timestamp>,
    /// Result of the device check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub check: Option<CheckReport>,
    /// The link was opened on a second device: worth a look.
    pub second_device: bool,
    /// Notes that were sent to them while waiting.
    pub notes: u32,
}

/// How a visit ended, as told to people in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The clinic ended it.
    Done,
    /// You left.
    YouLeft,
    /// The patient never came.
    NoShow,
    /// Technology failed; the clinic will call.
    Failed,
}
