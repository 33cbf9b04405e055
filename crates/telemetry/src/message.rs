//! From a verdict to a code that a page can put into words.
//!
//! A page knows names, languages and whether the subject is its own user; this module knows none of
//! that. It gives a code, whose trouble it is, and the one figure worth saying: `uplink_loss`, the
//! sender, 8 %. Codes are never renamed and never change their meaning.

use crate::evidence::Evidence;
use crate::verdict::{Cause, Culprit, Verdict};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "QualityCode")]
pub enum MessageCode {
    /// Nothing is known yet.
    Measuring,
    /// All is well.
    Good,
    /// It is poor, and nothing says why.
    Unsteady,
    /// The microphone is gone or gives nothing.
    MicAbsent,
    /// The microphone is switched off.
    MicMuted,
    /// The camera is gone.
    CameraAbsent,
    /// The camera gives few frames per second; more light helps. Figure: frames per second.
    CameraSlow,
    /// The device is too slow to send a good picture. Figure: percent of the frames left out.
    SenderCpu,
    /// Nothing arrives from the person.
    UplinkSilent,
    /// What the person sends is losing packets. Figure: percent.
    UplinkLoss,
    /// What the person sends arrives unsteadily. Figure: ms.
    UplinkJitter,
    /// The person can send only little. Figure: kbit/s.
    UplinkRate,
    /// What the person sends takes long. Figure: round trip, ms.
    UplinkDelay,
    /// The server is overloaded. Figure: ms.
    ServerLag,
    /// Nothing reaches the person.
    DownlinkSilent,
    /// What the person receives is losing packets. Figure: percent.
    DownlinkLoss,
    /// What the person receives arrives unsteadily. Figure: ms.
    DownlinkJitter,
    /// The person can receive only little. Figure: kbit/s.
    DownlinkRate,
    /// What the person receives takes long. Figure: round trip, ms.
    DownlinkDelay,
    /// The device is too slow to show the picture. Figure: percent of the frames dropped.
    ReceiverCpu,
    /// The device does not play the sound in time; other programs may keep it busy. Figure: percent.
    ReceiverPlayout,
}

/// Whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "QualitySubject")]
pub enum Subject {
    /// Nobody's.
    Nobody,
    /// Of the one who speaks in this direction.
    Sender,
    /// The server's.
    Server,
    /// Of the one who listens.
    Receiver,
}

/// The figure worth saying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "unit", content = "value")]
#[ts(rename = "QualityFigure")]
pub enum Figure {
    /// 0–100.
    Percent(u32),
    /// Milliseconds.
    Ms(u32),
    /// Kilobits per second.
    Kbps(u32),
    /// Frames per second.
    Fps(u32),
}

/// What to say about a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What.
    pub code: MessageCode,
    /// About whom.
    pub subject: Subject,
    /// With which figure, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
}

/// The message of a verdict.
#[must_use]
pub fn message(verdict: &Verdict) -> Message {
    let unknown = verdict.audio.is_none() && verdict.video.is_none();
    if verdict.cause == Cause::None && unknown {
        return Message { code: MessageCode::Measuring, subject: Subject::Nobody, figure: None };
    }
    about(verdict.cause, &verdict.evidence)
}

/// The message of what else is wrong, if anything.
#[must_use]
pub fn also(verdict: &Verdict) -> Option<Message> {
    verdict.also.map(|cause| about(cause, &verdict.evidence))
}

fn about(cause: Cause, evidence: &Evidence) -> Message {
    use MessageCode as M;
    let (code, figure) = match cause {
        Cause::None => (M::Good, None),
        Cause::Unexplained => (M::Unsteady, None),
        Cause::MicAbsent => (M::MicAbsent, None),
        Cause::MicMuted => (M::MicMuted, None),
        Cause::CameraAbsent => (M::CameraAbsent, None),
        Cause::CameraSlow => (M::CameraSlow, whole(evidence.captured_fps).map(Figure::Fps)),
        Cause::SenderCpu => (M::SenderCpu, percent(evidence.sender_skipped_pct)),
        Cause::UplinkSilent => (M::UplinkSilent, None),
        Cause::UplinkLoss => (M::UplinkLoss, percent(evidence.uplink_loss_pct)),
        Cause::UplinkJitter => (M::UplinkJitter, ms(evidence.uplink_jitter_ms)),
        Cause::UplinkRate => (M::UplinkRate, kbps(evidence.uplink_available_bps)),
        Cause::UplinkDelay => (M::UplinkDelay, ms(evidence.uplink_rtt_ms)),
        Cause::ServerLag => (M::ServerLag, ms(evidence.server_lag_ms)),
        Cause::DownlinkSilent => (M::DownlinkSilent, None),
        Cause::DownlinkLoss => (M::DownlinkLoss, percent(evidence.downlink_loss_pct)),
        Cause::DownlinkJitter => (M::DownlinkJitter, ms(evidence.downlink_jitter_ms)),
        Cause::DownlinkRate => (M::DownlinkRate, kbps(evidence.downlink_estimate_bps)),
        Cause::DownlinkDelay => (M::DownlinkDelay, ms(evidence.downlink_rtt_ms)),
        Cause::ReceiverCpu => (M::ReceiverCpu, percent(evidence.receiver_dropped_pct)),
        Cause::ReceiverPlayout => (M::ReceiverPlayout, percent(evidence.unexplained_concealed_pct)),
    };
    let subject = match cause.culprit() {
        Culprit::None => Subject::Nobody,
        Culprit::SenderDevice | Culprit::SenderUplink => Subject::Sender,
        Culprit::Server => Subject::Server,
        Culprit::ReceiverDownlink | Culprit::ReceiverDevice => Subject::Receiver,
    };
    Message { code, subject, figure }
}

fn percent(figure: Option<f64>) -> Option<Figure> {
    whole(figure).map(|n| Figure::Percent(n.min(100)))
}

fn ms(figure: Option<f64>) -> Option<Figure> {
    whole(figure).map(Figure::Ms)
}

fn kbps(figure_bps: Option<f64>) -> Option<Figure> {
    whole(figure_bps.map(|bps| bps / 1_000.0)).map(Figure::Kbps)
}

/// Rounded; a cast of floats to integers saturates, so nothing wraps.
fn whole(figure: Option<f64>) -> Option<u32> {
    figure.filter(|f| f.is_finite()).map(|f| f.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Ends;
    use crate::input::{Check, RawTransport};
    use crate::verdict::judge;

    fn seen(raw: RawTransport) -> Option<crate::input::TransportSample> {
        Check::new(5_000.0).ok().map(|mut check| raw.check(&mut check))
    }

    #[test]
    fn an_uplink_that_loses_is_said_with_its_figure() {
        let up = seen(RawTransport { uplink_loss_pct: Some(7.6), ..RawTransport::default() });
        let down = seen(RawTransport { downlink_loss_pct: Some(0.0), ..RawTransport::default() });
        let verdict = judge(&Ends { uplink: up, downlink: down, ..Ends::default() });
        let said = message(&verdict);
        assert_eq!(
            serde_json::to_string(&said).ok().as_deref(),
            Some(
                r#"{"code":"uplink_loss","subject":"sender","figure":{"unit":"percent","value":8}}"#
            )
        );
        assert_eq!(also(&verdict), None);
    }

    #[test]
    fn nothing_measured_is_not_called_good() {
        assert_eq!(message(&judge(&Ends::default())).code, MessageCode::Measuring);
    }

    #[test]
    fn every_cause_has_its_own_code_and_subject() {
        let mut codes: Vec<String> = Cause::ALL
            .iter()
            .filter_map(|c| serde_json::to_string(&about(*c, &Evidence::default()).code).ok())
            .collect();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            let nobody = about(cause, &Evidence::default()).subject == Subject::Nobody;
            assert_eq!(nobody, cause.culprit() == Culprit::None, "{cause:?}");
        }
    }
}
