//! One browser's measurements (W3C webrtc-stats), as differences over the interval.
//!
//! Owns the ranges of what a browser may say. Never talks to a browser.

use super::{Check, JITTER_MS, RATE_BPS, RTT_MS};
use crate::score::Codec;
use crate::video::PictureCodec;
use serde::{Deserialize, Deserializer, Serialize, de};
use ts_rs::TS;

/// Widest and tallest picture, pixels (the largest of VP8).
const MOST_PX: f64 = 16_383.0;
/// Frames per second beyond which a count is no count.
const MOST_FPS: f64 = 240.0;
/// Samples per second of a sound card, at most.
const MOST_SAMPLES_PER_S: f64 = 192_000.0;
/// Longest mean wait in a jitter buffer, ms.
const MOST_BUFFER_MS: f64 = 10_000.0;
/// Encoding may run on several threads, so its time may be several times the interval.
const MOST_THREADS: f64 = 64.0;
/// Longest freeze that is believed, ms: a tab that slept.
const MOST_FREEZE_MS: f64 = 3_600_000.0;

/// The kind of a candidate (`candidateType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CandidateKind {
    /// The device's own address.
    Host,
    /// The outside of a NAT, by STUN.
    #[serde(rename = "srflx")]
    ServerReflexive,
    /// The outside of a NAT, learned from checks.
    #[serde(rename = "prflx")]
    PeerReflexive,
    /// A relay.
    Relay,
}

/// What carries packets (`protocol` or `relayProtocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "PathProtocol")]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
}

/// The way that media takes, for records and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// From browser to browser.
    P2p,
    /// To the forwarding unit over UDP.
    Sfu,
    /// To the forwarding unit over TCP.
    SfuTcp,
    /// By a relay, to which UDP is spoken.
    TurnUdp,
    /// By a relay, to which TCP is spoken.
    TurnTcp,
    /// By a relay, to which TLS is spoken.
    TurnTls,
    /// Not known.
    Unknown,
}

impl PathKind {
    /// Every kind, in the order of records.
    pub const ALL: [Self; 7] = [
        Self::P2p,
        Self::Sfu,
        Self::SfuTcp,
        Self::TurnUdp,
        Self::TurnTcp,
        Self::TurnTls,
        Self::Unknown,
    ];

    /// The value of the label `path` in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::P2p => "p2p",
            Self::Sfu => "sfu",
            Self::SfuTcp => "sfu_tcp",
            Self::TurnUdp => "turn_udp",
            Self::TurnTcp => "turn_tcp",
            Self::TurnTls => "turn_tls",
            Self::Unknown => "unknown",
        }
    }
}

/// What holds the camera's picture back most (`qualityLimitationReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// Nothing.
    None,
    /// The uplink.
    Bandwidth,
    /// The device is too slow.
    Cpu,
    /// Something else.
    Other,
}

/// How a microphone or camera stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It gives sound or pictures.
    Live,
    /// The person switched it off.
    Muted,
    /// It is not there any more: unplugged, taken by another program, its track ended.
    Absent,
}

/// The transport as the browser sees it, unchecked. `None`: the browser does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RawLink {
    /// Round trip of the chosen candidate pair, ms.
    #[serde(default, deserialize_with = "figure")]
    pub rtt_ms: Option<f64>,
    /// What the browser believes it can send, bit/s (`availableOutgoingBitrate`).
    #[serde(default, deserialize_with = "figure")]
    pub available_outgoing_bps: Option<f64>,
    /// Kind of the local candidate of the chosen pair.
    pub candidate: Option<CandidateKind>,
    /// Its protocol.
    pub protocol: Option<Protocol>,
    /// Protocol to the relay, for a relayed candidate.
    pub relay_protocol: Option<Protocol>,
    /// The other end is a browser, not the forwarding unit.
    pub peer_to_peer: bool,
}

/// The transport as the browser sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkSample {
    /// Round trip, ms, 0–30,000.
    pub rtt_ms: Option<f64>,
    /// What the browser believes it can send, bit/s.
    pub available_outgoing_bps: Option<f64>,
    /// The way of the media.
    pub path: PathKind,
}

impl RawLink {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> LinkSample {
        LinkSample {
            rtt_ms: check.real(self.rtt_ms, &RTT_MS),
            available_outgoing_bps: check.real(self.available_outgoing_bps, &RATE_BPS),
            path: self.path(),
        }
    }

    fn path(&self) -> PathKind {
        match (self.candidate, self.relay_protocol.or(self.protocol)) {
            (Some(CandidateKind::Relay), Some(Protocol::Udp)) => PathKind::TurnUdp,
            (Some(CandidateKind::Relay), Some(Protocol::Tcp)) => PathKind::TurnTcp,
            (Some(CandidateKind::Relay), Some(Protocol::Tls)) => PathKind::TurnTls,
            (Some(CandidateKind::Relay), None) | (None, _) => PathKind::Unknown,
            (Some(_), _) if self.peer_to_peer => PathKind::P2p,
            (Some(_), _) => match self.protocol {
                Some(Protocol::Udp) => PathKind::Sfu,
                Some(Protocol::Tcp | Protocol::Tls) => PathKind::SfuTcp,
                None => PathKind::Unknown,
            },
        }
    }
}

/// Packets that came and that did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Packets expected: arrived or lost.
    pub expected: u32,
    /// Packets lost.
    pub lost: u32,
}

impl Loss {
    /// Share lost, percent 0–100; `None` when too little was expected to speak of a share (20 packets:
    /// one lost packet then weighs 5 %).
    #[must_use]
    pub fn pct(self) -> Option<f64> {
        const LEAST: u32 = 20;
        (self.expected >= LEAST).then(|| f64::from(self.lost) / f64::from(self.expected) * 100.0)
    }

    /// From arrived and lost.
    fn from_arrived(check: &mut Check, arrived: Option<f64>, lost: Option<f64>) -> Option<Self> {
        let arrived = check.packets(arrived);
        let lost = check.packets_lost(lost);
        let (arrived, lost) = (arrived?, lost?);
        Some(Self { expected: arrived + lost, lost })
    }

    /// From sent and lost.
    fn from_sent(check: &mut Check, sent: Option<f64>, lost: Option<f64>) -> Option<Self> {
        let expected = check.packets(sent);
        let lost = check.packets_lost(lost);
        let (expected, lost) = (expected?, lost?);
        // Reports lag behind by up to a second, so a little more than was sent may be reported lost.
        Some(Self { expected, lost: lost.min(expected) })
    }
}

/// The microphone's stream at its sender, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RawSendAudio {
    /// How the microphone stands.
    pub source: SourceState,
    /// Packets sent.
    #[serde(default, deserialize_with = "figure")]
    pub packets_sent: Option<f64>,
    /// Of these lost, by the other side's receiver reports (`remote-inbound-rtp`).
    #[serde(default, deserialize_with = "figure")]
    pub remote_packets_lost: Option<f64>,
    /// Jitter at the other side by its receiver reports, ms.
    #[serde(default, deserialize_with = "figure")]
    pub remote_jitter_ms: Option<f64>,
}

/// The microphone's stream at its sender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SendAudio {
    /// How the microphone stands.
    pub source: SourceState,
    /// Sent, and lost on the way to the server.
    pub loss: Option<Loss>,
    /// Jitter at the server, ms.
    pub remote_jitter_ms: Option<f64>,
}

impl SendAudio {
    /// A microphone that the person switched off.
    #[must_use]
    pub const fn off() -> Self {
        Self { source: SourceState::Muted, loss: None, remote_jitter_ms: None }
    }
}

impl RawSendAudio {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> SendAudio {
        SendAudio {
            source: self.source,
            loss: Loss::from_sent(check, self.packets_sent, self.remote_packets_lost),
            remote_jitter_ms: check.real(self.remote_jitter_ms, &JITTER_MS),
        }
    }
}

/// The camera's stream at its sender, all layers together, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RawSendVideo {
    /// How the camera stands.
    pub source: SourceState,
    /// Frames that the camera gave (`media-source`).
    #[serde(default, deserialize_with = "figure")]
    pub frames_captured: Option<f64>,
    /// Frames encoded in the layer that had the most.
    #[serde(default, deserialize_with = "figure")]
    pub frames_encoded: Option<f64>,
    /// Time spent encoding, ms, the sum of all layers.
    #[serde(default, deserialize_with = "figure")]
    pub encode_ms: Option<f64>,
    /// What holds the picture back.
    pub limited_by: Option<LimitedBy>,
    /// The page leaves it out so that the sound stays good, since the path out is too narrow for both.
    pub rests: Option<bool>,
    /// Width of the largest layer sent, pixels.
    #[serde(default, deserialize_with = "figure")]
    pub width_px: Option<f64>,
    /// Height of the largest layer sent, pixels.
    #[serde(default, deserialize_with = "figure")]
    pub height_px: Option<f64>,
}

/// The camera's stream at its sender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SendVideo {
    /// How the camera stands.
    pub source: SourceState,
    /// Frames that the camera gave per second.
    pub captured_fps: Option<f64>,
    /// Share of the captured frames that were not encoded, percent 0–100.
    pub skipped_pct: Option<f64>,
    /// Share of the interval spent encoding, percent; more than 100 with several threads.
    pub encode_busy_pct: Option<f64>,
    /// What holds the picture back.
    pub limited_by: Option<LimitedBy>,
    /// Pixels of the largest layer sent.
    pub area_px: Option<f64>,
}

impl SendVideo {
    /// A camera that the person switched off.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            source: SourceState::Muted,
            captured_fps: None,
            skipped_pct: None,
            encode_busy_pct: None,
            limited_by: None,
            area_px: None,
        }
    }
}

impl RawSendVideo {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> SendVideo {
        let captured = frames(check, self.frames_captured);
        let encoded = frames(check, self.frames_encoded);
        let busy_ms = check.real(self.encode_ms, &(0.0..=MOST_THREADS * check.interval_ms));
        SendVideo {
            source: self.source,
            captured_fps: captured.map(|n| f64::from(n) * 1_000.0 / check.interval_ms),
            skipped_pct: captured.zip(encoded).filter(|(c, _)| *c > 0).map(|(c, e)| {
                // A frame of the interval before may still have been in the encoder.
                f64::from(c.saturating_sub(e)) / f64::from(c) * 100.0
            }),
            encode_busy_pct: busy_ms.map(|ms| ms / check.interval_ms * 100.0),
            limited_by: self.limited_by,
            area_px: area(check, self.width_px, self.height_px),
        }
    }
}

/// One remote microphone at its listener, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RawReceiveAudio {
    /// What carries it.
    pub codec: Codec,
    /// Packets that arrived.
    #[serde(default, deserialize_with = "figure")]
    pub packets_received: Option<f64>,
    /// Packets lost.
    #[serde(default, deserialize_with = "figure")]
    pub packets_lost: Option<f64>,
    /// Runs of lost packets, if the transport counted them.
    #[serde(default, deserialize_with = "figure")]
    pub loss_bursts: Option<f64>,
    /// Jitter, ms.
    #[serde(default, deserialize_with = "figure")]
    pub jitter_ms: Option<f64>,
    /// Samples played.
    #[serde(default, deserialize_with = "figure")]
    pub total_samples: Option<f64>,
    /// Of these invented to cover a gap.
    #[serde(default, deserialize_with = "figure")]
    pub concealed_samples: Option<f64>,
    /// Of the invented ones silence: nothing that anybody hears (nobody spoke, or muted).
    #[serde(default, deserialize_with = "figure")]
    pub silent_concealed_samples: Option<f64>,
    /// Mean wait in the jitter buffer, ms.
    #[serde(default, deserialize_with = "figure")]
    pub jitter_buffer_ms: Option<f64>,
}

/// One remote microphone at its listener.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReceiveAudio {
    /// What carries it.
    pub codec: Codec,
    /// Arrived, and lost anywhere on the way from the speaker.
    pub loss: Option<Loss>,
    /// Mean run of lost packets over what random loss would have, 1 and more.
    pub burst_ratio: Option<f64>,
    /// Jitter, ms, of the whole way.
    pub jitter_ms: Option<f64>,
    /// Share of the sound that was invented while somebody spoke, percent 0–100.
    pub concealed_pct: Option<f64>,
    /// Mean wait in the jitter buffer, ms.
    pub jitter_buffer_ms: Option<f64>,
}

impl RawReceiveAudio {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> ReceiveAudio {
        let loss = Loss::from_arrived(check, self.packets_received, self.packets_lost);
        let bursts = check.packets(self.loss_bursts);
        ReceiveAudio {
            codec: self.codec,
            loss,
            burst_ratio: loss.zip(bursts).and_then(|(l, b)| burst_ratio(check, l, b)),
            jitter_ms: check.real(self.jitter_ms, &JITTER_MS),
            concealed_pct: self.concealed(check),
            jitter_buffer_ms: check.real(self.jitter_buffer_ms, &(0.0..=MOST_BUFFER_MS)),
        }
    }

    fn concealed(&self, check: &mut Check) -> Option<f64> {
        let most = MOST_SAMPLES_PER_S * check.interval_ms / 1_000.0;
        let total = check.whole(self.total_samples, most);
        let concealed = check.whole(self.concealed_samples, most);
        let silent = check.whole(self.silent_concealed_samples, most).unwrap_or(0);
        let (total, concealed) = (total?, concealed?);
        if concealed > total || silent > concealed {
            return check.ignore();
        }
        (total > 0).then(|| f64::from(concealed - silent) / f64::from(total) * 100.0)
    }
}

/// Mean length of a run over `1 / (1 − p)`, the mean of random loss (G.107 clause 7.5).
fn burst_ratio(check: &mut Check, loss: Loss, bursts: u32) -> Option<f64> {
    match (loss.lost, bursts) {
        (0, 0) => None,
        (lost, bursts) if bursts == 0 || bursts > lost => check.ignore(),
        (lost, bursts) => {
            let arrived_share = 1.0 - f64::from(lost) / f64::from(loss.expected);
            Some((f64::from(lost) / f64::from(bursts) * arrived_share).max(1.0))
        }
    }
}

/// One remote picture at its viewer, unchecked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RawReceiveVideo {
    /// What carries it.
    pub codec: Option<PictureCodec>,
    /// Packets that arrived.
    #[serde(default, deserialize_with = "figure")]
    pub packets_received: Option<f64>,
    /// Packets lost and not mended.
    #[serde(default, deserialize_with = "figure")]
    pub packets_lost: Option<f64>,
    /// Frames decoded (`framesDecoded`); those dropped are not among them.
    #[serde(default, deserialize_with = "figure")]
    pub frames_decoded: Option<f64>,
    /// Frames dropped before they were decoded.
    #[serde(default, deserialize_with = "figure")]
    pub frames_dropped: Option<f64>,
    /// Time spent decoding, ms.
    #[serde(default, deserialize_with = "figure")]
    pub decode_ms: Option<f64>,
    /// Freezes that ended.
    #[serde(default, deserialize_with = "figure")]
    pub freeze_count: Option<f64>,
    /// Their time together, ms.
    #[serde(default, deserialize_with = "figure")]
    pub freeze_ms: Option<f64>,
    /// Width of the picture that arrives, pixels.
    #[serde(default, deserialize_with = "figure")]
    pub width_px: Option<f64>,
    /// Height of it.
    #[serde(default, deserialize_with = "figure")]
    pub height_px: Option<f64>,
    /// Width of the tile on the glass, device pixels; 0 when not visible.
    #[serde(default, deserialize_with = "figure")]
    pub wanted_width_px: Option<f64>,
    /// Height of it.
    #[serde(default, deserialize_with = "figure")]
    pub wanted_height_px: Option<f64>,
}

/// One remote picture at its viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReceiveVideo {
    /// What carries it.
    pub codec: PictureCodec,
    /// Arrived, and lost for good.
    pub loss: Option<Loss>,
    /// Frames shown per second.
    pub frames_per_s: Option<f64>,
    /// Share of the frames that the device dropped, percent 0–100.
    pub dropped_pct: Option<f64>,
    /// Share of the interval spent decoding, percent; more than 100 with several threads.
    pub decode_busy_pct: Option<f64>,
    /// Freezes per minute.
    pub freezes_per_min: Option<f64>,
    /// Share of the interval in which the picture stood, 0–1.
    pub frozen_share: Option<f64>,
    /// Pixels of the picture that arrives.
    pub area_px: Option<f64>,
    /// Pixels of the tile; 0 when nobody can see it.
    pub wanted_area_px: Option<f64>,
}

impl RawReceiveVideo {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> ReceiveVideo {
        let seconds = check.interval_ms / 1_000.0;
        let decoded = frames(check, self.frames_decoded);
        let dropped = frames(check, self.frames_dropped);
        let freezes = frames(check, self.freeze_count);
        let busy_ms = check.real(self.decode_ms, &(0.0..=MOST_THREADS * check.interval_ms));
        ReceiveVideo {
            codec: self.codec.unwrap_or_default(),
            loss: Loss::from_arrived(check, self.packets_received, self.packets_lost),
            frames_per_s: decoded.map(|n| f64::from(n) / seconds),
            dropped_pct: decoded
                .zip(dropped)
                .filter(|(decoded, dropped)| decoded + dropped > 0)
                .map(|(decoded, dropped)| {
                    f64::from(dropped) / f64::from(decoded + dropped) * 100.0
                }),
            decode_busy_pct: busy_ms.map(|ms| ms / check.interval_ms * 100.0),
            freezes_per_min: freezes.map(|n| f64::from(n) * 60.0 / seconds),
            frozen_share: check
                .within(self.freeze_ms, MOST_FREEZE_MS)
                .map(|ms| ms / check.interval_ms),
            area_px: area(check, self.width_px, self.height_px),
            wanted_area_px: area(check, self.wanted_width_px, self.wanted_height_px),
        }
    }
}

/// Figures travel in single precision: more digits than any of them has, and the same number however
/// often it is written and read. One that does not fit is no figure of a browser.
fn figure<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let raw = Option::<f32>::deserialize(from)?;
    if raw.is_some_and(|f| !f.is_finite()) {
        return Err(de::Error::custom("a figure that is no number"));
    }
    Ok(raw.map(f64::from))
}

fn frames(check: &mut Check, raw: Option<f64>) -> Option<u32> {
    check.whole(raw, MOST_FPS * check.interval_ms / 1_000.0)
}

fn area(check: &mut Check, width: Option<f64>, height: Option<f64>) -> Option<f64> {
    let width = check.whole(width, MOST_PX);
    let height = check.whole(height, MOST_PX);
    Some(f64::from(width?) * f64::from(height?))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
