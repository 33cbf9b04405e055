//! What the server tells the forwarding unit, and what it hears back.
//!
//! None of these types has `Debug`: most of them name a seat.

use visit::{Pictures, SeatId, Source, VisitId};

/// One WebRTC transport. Chosen by the server, unique for the life of the process; a reconnect by a
/// full rejoin takes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransportId(pub u64);

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The microphone.
    pub mic: bool,
    /// The camera.
    pub camera: bool,
    /// A shared screen.
    pub screen: bool,
}

impl Sources {
    /// No source.
    pub const NONE: Self = Self { mic: false, camera: false, screen: false };
    /// Every source.
    pub const ALL: Self = Self { mic: true, camera: true, screen: true };

    /// Whether `source` is in the set.
    #[must_use]
    pub const fn has(self, source: Source) -> bool {
        match source {
            Source::Mic => self.mic,
            Source::Camera => self.camera,
            Source::Screen => self.screen,
        }
    }

    /// Puts `source` in or takes it out.
    pub const fn set(&mut self, source: Source, present: bool) {
        match source {
            Source::Mic => self.mic = present,
            Source::Camera => self.camera = present,
            Source::Screen => self.screen = present,
        }
    }
}

/// One picture on a viewer's page.
#[derive(Clone, Copy)]
pub struct Tile {
    /// Whose picture.
    pub seat: SeatId,
    /// [`Source::Camera`] or [`Source::Screen`]; a tile for a microphone is ignored.
    pub source: Source,
    /// Width on the page in device pixels.
    pub width_px: u16,
    /// Height on the page in device pixels.
    pub height_px: u16,
    /// Pinned pictures are served first when the path is narrow.
    pub pinned: bool,
}

/// What the server asks for. Commands of one visit are carried out in the order they were sent.
/// A command for a transport or visit that does not exist (any more) is ignored: it lost a race.
pub enum Command {
    /// Puts a seat into the room. Answered by [`SfuEvent::Offer`], or by [`SfuEvent::Closed`] with
    /// [`CloseCode::RoomFull`]. A seat has one transport: an older one is closed with
    /// [`CloseCode::Replaced`].
    Join {
        /// The room.
        visit: VisitId,
        /// The person.
        seat: SeatId,
        /// The new transport.
        transport: TransportId,
        /// What this seat may send. What it may not send has no m-line.
        rights: Sources,
        /// What is muted from the start.
        muted: Sources,
    },
    /// The client's answer to [`SfuEvent::Offer`] of the same generation.
    Answer {
        /// The room.
        visit: VisitId,
        /// The transport that was offered to.
        transport: TransportId,
        /// Generation of the offer that this answers.
        generation: u32,
        /// The answer as the browser made it (RFC 8866 text).
        sdp: String,
    },
    /// The client lost its path or changed networks: a new offer with new ICE credentials follows.
    /// The transport, its keys and its tracks stay. If an offer is open, it is repeated first and
    /// the restart follows its answer.
    RestartIce {
        /// The room.
        visit: VisitId,
        /// The transport to restart.
        transport: TransportId,
    },
    /// Emits the open offer again (same generation, same text). Does nothing if none is open.
    RepeatOffer {
        /// The room.
        visit: VisitId,
        /// The transport.
        transport: TransportId,
    },
    /// Mutes or unmutes a source of a seat. Takes effect where packets enter: from this command on
    /// nothing of a muted source is forwarded, whatever its client does. Each [`Command::Join`] of the
    /// seat states anew what is muted.
    SetMuted {
        /// The room.
        visit: VisitId,
        /// Whose source.
        seat: SeatId,
        /// Which source.
        source: Source,
        /// True to mute.
        muted: bool,
    },
    /// Starts or stops the screen share of a transport: an m-line for it comes or goes.
    /// [`SfuEvent::Refused`] with [`RefusalCode::NoRight`] if the seat may not share.
    Share {
        /// The room.
        visit: VisitId,
        /// The sharing transport.
        transport: TransportId,
        /// True to start.
        on: bool,
    },
    /// What the viewer's page shows. Replaces the previous list: video without a tile is not sent.
    /// Before the first `View` every picture is sent as if its tile were 640 × 360.
    /// At most 64 tiles are read.
    View {
        /// The room.
        visit: VisitId,
        /// The viewing transport.
        transport: TransportId,
        /// The pictures on the page.
        tiles: Vec<Tile>,
    },
    /// Which pictures a viewer is sent at all, whatever its page shows: every one, faces in their
    /// smallest layer only, or none. Sound is not touched. Until then: every one.
    Pictures {
        /// The room.
        visit: VisitId,
        /// The viewing transport.
        transport: TransportId,
        /// Which.
        pictures: Pictures,
    },
    /// Ends one transport ([`CloseCode::Left`]).
    Leave {
        /// The room.
        visit: VisitId,
        /// The transport to end.
        transport: TransportId,
    },
    /// Ends every transport of the room ([`CloseCode::VisitClosed`]) and forgets it.
    CloseVisit {
        /// The room.
        visit: VisitId,
    },
}

impl Command {
    /// The room that the command is about; all commands of a room go to the same shard.
    #[must_use]
    pub const fn visit(&self) -> VisitId {
        match self {
            Self::Join { visit, .. }
            | Self::Answer { visit, .. }
            | Self::RestartIce { visit, .. }
            | Self::RepeatOffer { visit, .. }
            | Self::SetMuted { visit, .. }
            | Self::Share { visit, .. }
            | Self::View { visit, .. }
            | Self::Pictures { visit, .. }
            | Self::Leave { visit, .. }
            | Self::CloseVisit { visit } => *visit,
        }
    }
}

/// Direction of a track line as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client sends on this line.
    Send,
    /// The client receives on this line.
    Receive,
}

/// What is on one live m-line of an offer.
#[derive(Clone, PartialEq, Eq)]
pub struct TrackLine {
    /// The `a=mid` value. Valid for this offer only.
    pub mid: String,
    /// Whose track. For [`Direction::Send`] the receiver of the offer itself.
    pub seat: SeatId,
    /// Which source.
    pub source: Source,
    /// Whether the client sends or receives here.
    pub direction: Direction,
}

/// What happened. Events of one transport come in order. Their number is bounded by the commands
/// sent and by timers (quality every 2 s, speaker at most about 2 per second and room), so the
/// channel is unbounded: losing an offer would hang a client.
pub enum SfuEvent {
    /// Pass to the client; its answer comes back as [`Command::Answer`].
    Offer {
        /// The room.
        visit: VisitId,
        /// Whose client.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
        /// 1, 2, 3, … per transport; repeated offers repeat it.
        generation: u32,
        /// The offer (RFC 8866 text).
        sdp: String,
        /// Every live m-line with media.
        tracks: Vec<TrackLine>,
    },
    /// ICE and DTLS are up: media flows. Once per transport.
    Connected {
        /// The room.
        visit: VisitId,
        /// The seat.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
    },
    /// Nothing at all was received from the client.
    Silent {
        /// The room.
        visit: VisitId,
        /// The seat.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
        /// How long nothing was received, ms (600 or a little more).
        since_ms: u64,
    },
    /// The client was heard again after [`SfuEvent::Silent`].
    Heard {
        /// The room.
        visit: VisitId,
        /// The seat.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
        /// How long it had been silent, ms.
        silent_ms: u64,
    },
    /// The transport is gone; nothing of it is sent or received after this.
    Closed {
        /// The room.
        visit: VisitId,
        /// The seat.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
        /// Why.
        code: CloseCode,
    },
    /// Who speaks now; `None` after a while of silence.
    ActiveSpeaker {
        /// The room.
        visit: VisitId,
        /// The speaking seat.
        seat: Option<SeatId>,
    },
    /// How well the path to a client works, every 2 s while connected. A figure that the last two
    /// seconds did not yield is `None`.
    Quality {
        /// The room.
        visit: VisitId,
        /// The seat.
        seat: SeatId,
        /// The transport.
        transport: TransportId,
        /// Packets lost from the client to us, percent.
        uplink_loss_pct: Option<f32>,
        /// Packets lost from us to the client, percent.
        downlink_loss_pct: Option<f32>,
        /// Round-trip time, ms.
        rtt_ms: Option<f32>,
        /// What the path to the client can carry, bits per second.
        estimate_bps: Option<u64>,
        /// What the client's tiles and the sound for it would take, bits per second, when not everything
        /// fits; `None` when nothing is held back.
        wanted_bps: Option<u64>,
        /// Jitter of the client's sound when it reached us, ms (RFC 3550 §6.4.1).
        uplink_jitter_ms: Option<f32>,
        /// How late our loop looked after this transport, ms: the worst but one of about thirteen
        /// looks, since one late look alone delays one packet of sound at most.
        loop_lag_ms: f32,
        /// Since when the transport is there, ms.
        age_ms: u64,
        /// What the client sent us in media, bits per second.
        uplink_bps: u64,
        /// What we sent the client in media, bits per second.
        downlink_bps: u64,
    },
    /// The first packet of a source arrived since its transport joined (for a screen: since the
    /// share began).
    FirstMedia {
        /// The room.
        visit: VisitId,
        /// Who sends.
        seat: SeatId,
        /// The transport that sends.
        transport: TransportId,
        /// What it sends.
        source: Source,
    },
    /// The viewer's path cannot carry this video beside the audio, or can again.
    VideoPaused {
        /// The room.
        visit: VisitId,
        /// The viewer.
        viewer: SeatId,
        /// The viewer's transport.
        transport: TransportId,
        /// Whose video.
        seat: SeatId,
        /// Which video.
        source: Source,
        /// True when it stopped, false when it goes on.
        paused: bool,
    },
    /// A command was refused; the transport goes on as it was.
    Refused {
        /// The room.
        visit: VisitId,
        /// The transport.
        transport: TransportId,
        /// Why.
        code: RefusalCode,
    },
}

/// Why a transport ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseCode {
    /// [`Command::Leave`].
    Left,
    /// [`Command::CloseVisit`].
    VisitClosed,
    /// The same seat joined with another transport.
    Replaced,
    /// The client closed its end (DTLS close_notify or SCTP abort).
    ClosedByClient,
    /// Not heard for [`crate::SfuConfig::dead_after`].
    Lost,
    /// An offer was not answered in time.
    NoAnswer,
    /// An answer passed every check but could not be applied; the exchange cannot be repeated.
    BadAnswer,
    /// The room has no place left.
    RoomFull,
    /// The transport id was already in use.
    DuplicateTransport,
    /// DTLS failed: wrong certificate or a broken handshake.
    Handshake,
    /// A fault in handling this transport. Others are not touched.
    Internal,
    /// The program is stopping.
    Shutdown,
}

impl CloseCode {
    /// Stable name for the wire, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::VisitClosed => "visit_closed",
            Self::Replaced => "replaced",
            Self::ClosedByClient => "closed_by_client",
            Self::Lost => "lost",
            Self::NoAnswer => "no_answer",
            Self::BadAnswer => "bad_answer",
            Self::RoomFull => "room_full",
            Self::DuplicateTransport => "duplicate_transport",
            Self::Handshake => "handshake",
            Self::Internal => "internal",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalCode {
    /// Longer than 128 KiB.
    #[error("the session description is too long")]
    SdpTooLong,
    /// More than 4,096 lines.
    #[error("the session description has too many lines")]
    SdpTooManyLines,
    /// More than 64 m-lines.
    #[error("the session description has too many media lines")]
    SdpTooManyMedia,
    /// More than 64 candidates.
    #[error("the session description has too many candidates")]
    SdpTooManyCandidates,
    /// A NUL or other control character.
    #[error("the session description holds a control character")]
    SdpControlCharacter,
    /// It could not be read, or misses something that is needed.
    #[error("the session description could not be read")]
    SdpMalformed,
    /// It does not answer what was offered.
    #[error("the answer does not fit the offer")]
    AnswerMismatch,
    /// No offer of that generation is open.
    #[error("no such offer is open")]
    WrongGeneration,
    /// The seat may not send this source.
    #[error("this seat may not send that")]
    NoRight,
}

impl RefusalCode {
    /// Stable name for the wire, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SdpTooLong => "sdp_too_long",
            Self::SdpTooManyLines => "sdp_too_many_lines",
            Self::SdpTooManyMedia => "sdp_too_many_media",
            Self::SdpTooManyCandidates => "sdp_too_many_candidates",
            Self::SdpControlCharacter => "sdp_control_character",
            Self::SdpMalformed => "sdp_malformed",
            Self::AnswerMismatch => "answer_mismatch",
            Self::WrongGeneration => "wrong_generation",
            Self::NoRight => "no_right",
        }
    }
}
