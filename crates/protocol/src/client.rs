//! Messages from a browser.

use crate::{CheckReport, DirectSignal, ErrorCode, limits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use telemetry::input::{
    MAX_INTERVAL_MS, MIN_INTERVAL_MS, RawLink, RawReceiveAudio, RawReceiveVideo, RawSendAudio,
    RawSendVideo,
};
use ts_rs::TS;
use visit::{ConsentDecision, Pictures, Purpose, SeatId, Source, VisitId};

/// How one remote picture is shown right now. Drives the choice of the simulcast layer.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TileView {
    /// Whose.
    pub seat: SeatId,
    /// Camera or screen.
    pub source: Source,
    /// Width on the glass in device pixels; 0 when not visible.
    pub width_px: u32,
    /// Height on the glass in device pixels; 0 when not visible.
    pub height_px: u32,
    /// Pinned or otherwise most important to this viewer.
    pub pinned: bool,
}

/// What a browser measured over the last few seconds: differences, not totals, and no address. What
/// a figure may be is decided in `telemetry`, which leaves out what cannot be.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct QualityReport {
    /// Length of the interval in milliseconds, 1,000–30,000.
    pub interval_ms: u32,
    /// The transport.
    pub link: RawLink,
    /// The own microphone.
    pub mic: Option<RawSendAudio>,
    /// The own camera.
    pub camera: Option<RawSendVideo>,
    /// Everybody else, as they were heard and seen.
    pub from: Vec<HeardFrom>,
}

/// How one other person was heard and seen.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct HeardFrom {
    /// Whom.
    pub seat: SeatId,
    /// Their microphone.
    pub mic: Option<RawReceiveAudio>,
    /// Their camera. A shared screen is not judged: it may well stand still.
    pub camera: Option<RawReceiveVideo>,
}

/// Everything that a browser may say. The first message on a socket is `hello`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Opens the socket with a single-use join token fetched over HTTP within the last 60 s.
    Hello {
        /// [`crate::PROTOCOL_VERSION`] of the page.
        protocol: u32,
        /// The join token.
        token: String,
        /// The transport that the page still has, to be kept if the server still has it too.
        #[serde(default)]
        #[ts(optional, type = "number")]
        transport: Option<u64>,
        /// Last chat line that the page has; later ones follow.
        #[serde(default)]
        #[ts(optional, type = "number")]
        chat_after: Option<u64>,
    },
    /// Keeps the socket alive and measures the round trip; answered by `pong` with the same number.
    Ping {
        /// Any number.
        #[ts(type = "number")]
        n: u64,
    },

    // --- A guest's way in ---
    /// The device check is done, or was done again.
    Check {
        /// What came out.
        report: CheckReport,
    },
    /// Goes back to the device check before entering the waiting room.
    Recheck {},
    /// Answers, or takes back, one consent.
    Consent {
        /// To what.
        purpose: Purpose,
        /// The answer.
        decision: ConsentDecision,
        /// Version of the text on the screen.
        text_version: String,
        /// Language of the text on the screen.
        locale: String,
    },
    /// Asks to wait. Needs consent to the visit.
    Wait {},

    // --- The clinic ---
    /// Enters the call (clinic people only; everybody else is admitted).
    Enter {},
    /// Lets somebody in. On a board socket, `visit` says in which visit.
    Admit {
        /// Which visit, on a board socket.
        #[serde(default)]
        #[ts(optional)]
        visit: Option<VisitId>,
        /// Whom.
        seat: SeatId,
    },
    /// Sends somebody back to the waiting room.
    PutBack {
        /// Whom.
        seat: SeatId,
    },
    /// Puts somebody out; their link is dead.
    Remove {
        /// Whom.
        seat: SeatId,
    },
    /// Silences somebody's microphone.
    MuteOther {
        /// Whose.
        seat: SeatId,
    },
    /// Writes to somebody in the waiting room. Exactly once: `id` is the page's own.
    Note {
        /// Which visit, on a board socket.
        #[serde(default)]
        #[ts(optional)]
        visit: Option<VisitId>,
        /// To whom.
        seat: SeatId,
        /// The page's id of the message, 1–40 characters.
        id: String,
        /// The text.
        text: String,
    },
    /// Ends the visit for all.
    End {
        /// How.
        outcome: EndAs,
    },

    // --- In the call ---
    /// Answers the server's offer.
    Answer {
        /// Generation of the offer that this answers.
        generation: u32,
        /// The SDP.
        sdp: String,
    },
    /// The media path is silent: asks for an offer with fresh ICE credentials on the same transport.
    RestartIce {},
    /// The transport is beyond repair: asks for a new one.
    NewTransport {},
    /// What the person wants to send now. Takes effect at the server.
    Sending {
        /// Microphone on.
        mic: bool,
        /// Camera on.
        camera: bool,
    },
    /// Starts or stops sharing a screen.
    Share {
        /// Start or stop.
        on: bool,
    },
    /// With which pictures the person takes part. Takes effect at the server, and others are told.
    Pictures {
        /// All, small or none.
        pictures: Pictures,
    },
    /// What is on the glass.
    View {
        /// One entry per remote picture.
        tiles: Vec<TileView>,
    },
    /// What the page measured.
    Quality {
        /// The figures.
        report: QualityReport,
    },
    /// For the other of the two who try a direct way.
    DirectSignal {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
        /// What.
        signal: DirectSignal,
    },
    /// Everything arrives directly. When both say so, the forwarding unit rests.
    DirectUp {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
    },
    /// The direct way did not come about, or broke.
    DirectDown {
        /// Which attempt.
        #[ts(type = "number")]
        attempt: u64,
    },
    /// A chat message. Exactly once: sending the same `id` again changes nothing.
    Chat {
        /// The page's id of the message, 1–40 characters.
        id: String,
        /// The text.
        text: String,
    },
    /// The chat was on the screen up to this line.
    ChatRead {
        /// The last line seen.
        #[ts(type = "number")]
        seq: u64,
    },
    /// Leaves.
    Leave {},
    /// How it was, 1–5, asked on the goodbye page.
    Rate {
        /// 1 bad … 5 good.
        stars: u8,
    },
}

/// How a visit is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndAs {
    /// It took place.
    Done,
    /// The patient never came.
    NoShow,
    /// Technology failed.
    Failed,
}

impl ClientMessage {
    /// Whether every text and list is within [`limits`].
    ///
    /// # Errors
    /// [`ErrorCode::SdpTooLarge`] for a long SDP, [`ErrorCode::BadMessage`] for anything else: no
    /// page of ours gets there.
    pub(crate) fn check_limits(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Answer { sdp, .. } if sdp.len() > limits::MAX_SDP_BYTES => {
                Err(ErrorCode::SdpTooLarge)
            }
            _ if self.within_limits() => Ok(()),
            _ => Err(ErrorCode::BadMessage),
        }
    }

    fn within_limits(&self) -> bool {
        let id_ok = |id: &str| !id.is_empty() && id.len() <= 40 && id.is_ascii();
        let text_ok = |t: &str| !t.trim().is_empty() && t.chars().count() <= limits::MAX_CHAT_CHARS;
        match self {
            Self::Hello { token, .. } => token.len() <= 128,
            Self::Check { report } => report.outcomes.len() <= 4,
            Self::Consent { text_version, locale, .. } => {
                text_version.len() <= 40 && locale.len() <= 20
            }
            Self::Note { id, text, .. } | Self::Chat { id, text } => id_ok(id) && text_ok(text),
            Self::DirectSignal { signal, .. } => signal.within_limits(),
            Self::View { tiles } => tiles.len() <= limits::MAX_TILES,
            Self::Rate { stars } => (1..=5).contains(stars),
            Self::Quality { report } => {
                let known: BTreeSet<_> = report.from.iter().map(|f| f.seat).collect();
                report.from.len() <= limits::MAX_TILES
                    && known.len() == report.from.len()
                    && (MIN_INTERVAL_MS..=MAX_INTERVAL_MS).contains(&report.interval_ms.into())
            }
            _ => true,
        }
    }
}
