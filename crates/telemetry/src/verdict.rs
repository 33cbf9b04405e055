//! The verdict on one direction: how good it is, and who or what is to blame.
//!
//! Joins the scores and the suspects. The rules of suspicion are in `suspects`. Never: keeps anything
//! from one call to the next, so the same measurements always give the same verdict.

use crate::evidence::{Ends, Evidence, live_video};
use crate::input::SourceState;
use crate::score::{AudioPath, Codec, Mos, held};
use crate::suspects::{mic_muted, suspects};
use crate::thresholds::NOTICED;
use crate::video::VideoPath;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A tile larger than this, pixels, does not make the same camera worse: 1280 × 720.
const SHARP_ENOUGH_PX: f64 = 921_600.0;

/// Who or what holds a direction back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// Nobody, or nobody that the figures show.
    None,
    /// The sender's device: microphone, camera, processor.
    SenderDevice,
    /// The sender's way to the server.
    SenderUplink,
    /// The server.
    Server,
    /// The receiver's way from the server.
    ReceiverDownlink,
    /// The receiver's device.
    ReceiverDevice,
}

impl Culprit {
    /// Everyone, in the order of records.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::SenderDevice,
        Self::SenderUplink,
        Self::Server,
        Self::ReceiverDownlink,
        Self::ReceiverDevice,
    ];

    /// The value of the label `culprit` in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SenderDevice => "sender_device",
            Self::SenderUplink => "sender_uplink",
            Self::Server => "server",
            Self::ReceiverDownlink => "receiver_downlink",
            Self::ReceiverDevice => "receiver_device",
        }
    }
}

/// What exactly is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nothing.
    None,
    /// The direction is poor and no figure says why.
    Unexplained,
    /// The sender's microphone is gone, or gives nothing.
    MicAbsent,
    /// The sender switched the microphone off. No fault; named only when nothing else is.
    MicMuted,
    /// The sender's camera is gone.
    CameraAbsent,
    /// The sender's camera gives few frames: a dark room, mostly.
    CameraSlow,
    /// The sender's device is too slow.
    SenderCpu,
    /// Nothing comes from the sender.
    UplinkSilent,
    /// The uplink loses packets.
    UplinkLoss,
    /// The uplink is unsteady.
    UplinkJitter,
    /// The uplink is narrow.
    UplinkRate,
    /// The uplink is long.
    UplinkDelay,
    /// The server is late.
    ServerLag,
    /// Nothing comes from the receiver, so nothing reaches them either.
    DownlinkSilent,
    /// The downlink loses packets.
    DownlinkLoss,
    /// The downlink is unsteady.
    DownlinkJitter,
    /// The downlink is narrow.
    DownlinkRate,
    /// The downlink is long.
    DownlinkDelay,
    /// The receiver's device is too slow for the picture.
    ReceiverCpu,
    /// The receiver's device does not play the sound in time.
    ReceiverPlayout,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 20] = [
        Self::None,
        Self::Unexplained,
        Self::MicAbsent,
        Self::MicMuted,
        Self::CameraAbsent,
        Self::CameraSlow,
        Self::SenderCpu,
        Self::UplinkSilent,
        Self::UplinkLoss,
        Self::UplinkJitter,
        Self::UplinkRate,
        Self::UplinkDelay,
        Self::ServerLag,
        Self::DownlinkSilent,
        Self::DownlinkLoss,
        Self::DownlinkJitter,
        Self::DownlinkRate,
        Self::DownlinkDelay,
        Self::ReceiverCpu,
        Self::ReceiverPlayout,
    ];

    /// Whose it is.
    #[must_use]
    pub const fn culprit(self) -> Culprit {
        match self {
            Self::None | Self::Unexplained => Culprit::None,
            Self::MicAbsent
            | Self::MicMuted
            | Self::CameraAbsent
            | Self::CameraSlow
            | Self::SenderCpu => Culprit::SenderDevice,
            Self::UplinkSilent
            | Self::UplinkLoss
            | Self::UplinkJitter
            | Self::UplinkRate
            | Self::UplinkDelay => Culprit::SenderUplink,
            Self::ServerLag => Culprit::Server,
            Self::DownlinkSilent
            | Self::DownlinkLoss
            | Self::DownlinkJitter
            | Self::DownlinkRate
            | Self::DownlinkDelay => Culprit::ReceiverDownlink,
            Self::ReceiverCpu | Self::ReceiverPlayout => Culprit::ReceiverDevice,
        }
    }
}

/// How sure a verdict is, 0–1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    fn new(share: f64) -> Self {
        Self(held(share, 0.0, 1.0, 0.0))
    }

    /// The number, 0–1: the share of the observers that spoke, less up to half when another culprit
    /// is suspected as strongly.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// How one direction did over one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Score of the sound; `None` when there is none (muted, gone) or nobody measured.
    pub audio: Option<Mos>,
    /// Score of the picture; `None` when there is none, nobody looks, or nobody measured.
    pub video: Option<Mos>,
    /// What is wrong.
    pub cause: Cause,
    /// What else is wrong, if another culprit is noticed too.
    pub also: Option<Cause>,
    /// How bad it is, 0–4: from 1 on somebody notices, from 3 on the conversation suffers.
    pub severity: f64,
    /// How sure this is.
    pub confidence: Confidence,
    /// The figures behind it.
    pub evidence: Evidence,
}

impl Verdict {
    /// Who or what is to blame.
    #[must_use]
    pub const fn culprit(&self) -> Culprit {
        self.cause.culprit()
    }

    /// Whose time this counts as. To have switched the microphone off is no fault.
    #[must_use]
    pub const fn blamed(&self) -> Culprit {
        match self.cause {
            Cause::MicMuted => Culprit::None,
            cause => cause.culprit(),
        }
    }
}

/// Judges one direction from what both ends and the server measured over the same interval.
#[must_use]
pub fn judge(ends: &Ends) -> Verdict {
    let evidence = Evidence::gather(ends);
    let audio = audio_score(ends, &evidence);
    let video = video_score(ends);
    let Blame { cause, also, severity, confidence } = blame(ends, &evidence, [audio, video]);
    Verdict { audio, video, cause, also, severity, confidence, evidence }
}

struct Blame {
    cause: Cause,
    also: Option<Cause>,
    severity: f64,
    confidence: Confidence,
}

fn blame(ends: &Ends, evidence: &Evidence, scores: [Option<Mos>; 2]) -> Blame {
    let table = suspects(ends, evidence);
    let (first, severity) = worst(&table, |_| true);
    let (second, runner_up) = worst(&table, |c| c.culprit() != first.culprit());
    let known = ends.completeness();
    if severity >= NOTICED {
        let also = (runner_up >= NOTICED).then_some(second);
        let confidence = Confidence::new(known * (1.0 - runner_up / severity / 2.0));
        return Blame { cause: first, also, severity, confidence };
    }
    if scores.iter().flatten().any(|s| s.is_poor()) {
        let (cause, confidence) = (Cause::Unexplained, Confidence::new(0.0));
        return Blame { cause, also: None, severity: NOTICED, confidence };
    }
    // The nearer the strongest suspect is to being noticed, the less sure it is that all is well.
    let confidence = Confidence::new(known * (1.0 - severity / 2.0));
    let cause = if mic_muted(ends) { Cause::MicMuted } else { Cause::None };
    Blame { cause, also: None, severity, confidence }
}

/// The heaviest suspect that counts; the first of equals.
fn worst(table: &[(Cause, f64)], counts: impl Fn(Cause) -> bool) -> (Cause, f64) {
    table.iter().copied().filter(|(cause, _)| counts(*cause)).fold(
        (Cause::None, 0.0),
        |worst, suspect| if suspect.1 > worst.1 { suspect } else { worst },
    )
}

/// What nobody measured counts as nothing: a score is an upper bound of what is known.
fn audio_score(ends: &Ends, evidence: &Evidence) -> Option<Mos> {
    if ends.send_audio.is_some_and(|a| a.source != SourceState::Live) {
        return None;
    }
    let heard = ends.receive_audio;
    // Sound that came too late is as lost as a lost packet.
    let concealed_pct = heard.and_then(|a| a.concealed_pct);
    let loss_pct = match (evidence.loss_pct, concealed_pct) {
        (Some(lost), Some(concealed)) => lost.max(concealed),
        (Some(share), None) | (None, Some(share)) => share,
        (None, None) => along_pct(evidence.uplink_loss_pct?, evidence.downlink_loss_pct?),
    };
    let half = |rtt_ms: Option<f64>| rtt_ms.unwrap_or(0.0) / 2.0;
    let one_way_delay_ms = evidence.one_way_ms.unwrap_or_else(|| {
        half(evidence.uplink_rtt_ms)
            + half(evidence.downlink_rtt_ms)
            + evidence.server_lag_ms.unwrap_or(0.0)
    });
    let path = AudioPath {
        one_way_delay_ms,
        jitter_buffer_ms: heard.and_then(|a| a.jitter_buffer_ms).unwrap_or(0.0),
        loss_pct,
        burst_ratio: heard.and_then(|a| a.burst_ratio).unwrap_or(1.0),
        codec: heard.map_or(Codec::Unknown, |a| a.codec),
    };
    Some(path.mos())
}

/// Loss along two stretches, percent.
fn along_pct(first_pct: f64, second_pct: f64) -> f64 {
    (1.0 - (1.0 - first_pct / 100.0) * (1.0 - second_pct / 100.0)) * 100.0
}

fn video_score(ends: &Ends) -> Option<Mos> {
    if ends.send_video.is_some() && live_video(ends).is_none() {
        return None;
    }
    let seen = ends.receive_video?;
    let frames_per_s = seen.frames_per_s?;
    if seen.wanted_area_px == Some(0.0) {
        return None;
    }
    // Without the sender's word nothing tells a camera that is off from a picture that does not come.
    if ends.send_video.is_none() && seen.loss.is_none_or(|l| l.expected == 0) {
        return None;
    }
    let area_ratio = seen
        .area_px
        .zip(seen.wanted_area_px)
        .map_or(1.0, |(is, wanted)| is / wanted.min(SHARP_ENOUGH_PX));
    let path = VideoPath {
        frozen_share: seen.frozen_share.unwrap_or(0.0),
        freezes_per_min: seen.freezes_per_min.unwrap_or(0.0),
        area_ratio,
        frames_per_s,
    };
    Some(path.mos())
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
