//! What is known about one direction, and the figures that blame rests on.
//!
//! Both ends and the server measure overlapping stretches of the way. This module takes them apart,
//! so that each figure is about one stretch: the sender's uplink, the server, the receiver's downlink.
//! Never: judges a figure.

use crate::input::{
    LinkSample, ReceiveAudio, ReceiveVideo, SendAudio, SendVideo, SourceState, TransportSample,
};
use crate::score::Codec;
use crate::video::PictureCodec;

/// Everything known about the direction from one person to another over the same five seconds. What
/// is missing is `None`; the less is there, the less sure the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ends {
    /// The sender's transport, by the sender.
    pub sender_link: Option<LinkSample>,
    /// The sender's microphone, by the sender.
    pub send_audio: Option<SendAudio>,
    /// The sender's camera, by the sender.
    pub send_video: Option<SendVideo>,
    /// The sender's transport, by the server.
    pub uplink: Option<TransportSample>,
    /// The receiver's transport, by the server.
    pub downlink: Option<TransportSample>,
    /// The receiver's transport, by the receiver.
    pub receiver_link: Option<LinkSample>,
    /// The sender's voice, by the receiver.
    pub receive_audio: Option<ReceiveAudio>,
    /// The sender's picture, by the receiver.
    pub receive_video: Option<ReceiveVideo>,
}

impl Ends {
    /// How many of the four observers spoke, as a share: the sender, the server about each transport,
    /// the receiver.
    pub(crate) fn completeness(&self) -> f64 {
        let sender =
            self.sender_link.is_some() || self.send_audio.is_some() || self.send_video.is_some();
        let receiver = self.receive_audio.is_some() || self.receive_video.is_some();
        let seen = [sender, self.uplink.is_some(), self.downlink.is_some(), receiver];
        seen.iter().filter(|s| **s).count() as f64 / seen.len() as f64
    }
}

/// The figures that a verdict rests on. `None`: nobody measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Lost from the sender to the server, percent.
    pub uplink_loss_pct: Option<f64>,
    /// Jitter from the sender to the server, ms, without the server's own lateness.
    pub uplink_jitter_ms: Option<f64>,
    /// Round trip between sender and server, ms, without the server's own lateness.
    pub uplink_rtt_ms: Option<f64>,
    /// What the sender believes it can send, bit/s.
    pub uplink_available_bps: Option<f64>,
    /// How late the server's loop was, ms, the worse of the two transports.
    pub server_lag_ms: Option<f64>,
    /// Lost from the server to the receiver, percent.
    pub downlink_loss_pct: Option<f64>,
    /// Jitter that the downlink added, ms.
    pub downlink_jitter_ms: Option<f64>,
    /// Round trip between server and receiver, ms, without the server's own lateness.
    pub downlink_rtt_ms: Option<f64>,
    /// What the path to the receiver can carry, bit/s.
    pub downlink_estimate_bps: Option<f64>,
    /// Share of what the receiver wants to see that does not fit, percent.
    pub downlink_missing_pct: Option<f64>,
    /// Frames per second that the camera gives.
    pub captured_fps: Option<f64>,
    /// Share of the frames that the sender's device did not encode, percent.
    pub sender_skipped_pct: Option<f64>,
    /// Share of the time that the sender's device encodes, percent; more than 100 with several threads.
    /// Not blamed by itself: a machine with many threads may be at ease with it.
    pub sender_busy_pct: Option<f64>,
    /// Pixels of the largest picture that the sender sends.
    pub sent_area_px: Option<f64>,
    /// Share of the frames that the receiver's device dropped, percent.
    pub receiver_dropped_pct: Option<f64>,
    /// Share of the time that the receiver's device decodes, percent.
    pub receiver_busy_pct: Option<f64>,
    /// Share of the sound that the receiver invented although it was not lost, percent: it came too
    /// late, or the device did not play it.
    pub unexplained_concealed_pct: Option<f64>,
    /// Lost on the whole way, percent.
    pub loss_pct: Option<f64>,
    /// Jitter of the whole way, ms.
    pub jitter_ms: Option<f64>,
    /// Mean wait in the receiver's jitter buffer, ms.
    pub jitter_buffer_ms: Option<f64>,
    /// What carries the sound.
    pub codec: Option<Codec>,
    /// What carries the picture.
    pub picture_codec: Option<PictureCodec>,
    /// Share of the time in which the picture stood, 0–1.
    pub frozen_share: Option<f64>,
    /// Pixels of the picture that arrives.
    pub picture_px: Option<f64>,
    /// From network socket to network socket, ms; half of each round trip and the server.
    pub one_way_ms: Option<f64>,
}

impl Evidence {
    /// Takes the measurements apart.
    pub(crate) fn gather(ends: &Ends) -> Self {
        let lag_ms = larger(
            ends.uplink.and_then(|t| t.loop_lag_ms),
            ends.downlink.and_then(|t| t.loop_lag_ms),
        );
        let late_ms = lag_ms.unwrap_or(0.0);
        let rtt_ms = |server: Option<TransportSample>, link: Option<LinkSample>| {
            // Whoever measures adds their own delays, so the smaller figure is the path's.
            smaller(server.and_then(|t| t.rtt_ms), link.and_then(|l| l.rtt_ms))
                .map(|rtt| (rtt - late_ms).max(0.0))
        };
        let uplink_rtt_ms = rtt_ms(ends.uplink, ends.sender_link);
        let downlink_rtt_ms = rtt_ms(ends.downlink, ends.receiver_link);

        let loss_pct = heard_loss_pct(ends);
        // Gaps that the server saw come first: reports to the sender are rarer and may be lost.
        let uplink_loss_pct = ends
            .uplink
            .and_then(|t| t.uplink_loss_pct)
            .or_else(|| ends.send_audio.and_then(|a| a.loss?.pct()));
        let downlink_loss_pct = ends
            .downlink
            .and_then(|t| t.downlink_loss_pct)
            .or_else(|| Some(rest_pct(loss_pct?, uplink_loss_pct?)));

        let jitter_ms = ends.receive_audio.and_then(|a| a.jitter_ms);
        let seen_jitter_ms = ends
            .uplink
            .and_then(|t| t.uplink_jitter_ms)
            .or_else(|| ends.send_audio.and_then(|a| a.remote_jitter_ms));
        let downlink_jitter_ms = jitter_ms
            .zip(seen_jitter_ms)
            .map(|(whole, before)| without(without(whole, before), late_ms));

        Self {
            uplink_loss_pct,
            uplink_jitter_ms: seen_jitter_ms.map(|j| without(j, late_ms)),
            uplink_rtt_ms,
            uplink_available_bps: ends.sender_link.and_then(|l| l.available_outgoing_bps),
            server_lag_ms: lag_ms,
            downlink_loss_pct,
            downlink_jitter_ms,
            downlink_rtt_ms,
            downlink_estimate_bps: ends.downlink.and_then(|t| t.downlink_estimate_bps),
            downlink_missing_pct: ends.downlink.and_then(missing_pct),
            captured_fps: live_video(ends).and_then(|v| v.captured_fps),
            sender_skipped_pct: live_video(ends).and_then(|v| v.skipped_pct),
            sender_busy_pct: live_video(ends).and_then(|v| v.encode_busy_pct),
            sent_area_px: live_video(ends).and_then(|v| v.area_px),
            receiver_dropped_pct: ends.receive_video.and_then(|v| v.dropped_pct),
            receiver_busy_pct: ends.receive_video.and_then(|v| v.decode_busy_pct),
            unexplained_concealed_pct: ends
                .receive_audio
                .and_then(|a| a.concealed_pct)
                .zip(loss_pct)
                .map(|(concealed, lost)| (concealed - lost).max(0.0)),
            loss_pct,
            jitter_ms,
            jitter_buffer_ms: ends.receive_audio.and_then(|a| a.jitter_buffer_ms),
            codec: ends.receive_audio.map(|a| a.codec),
            picture_codec: ends.receive_video.map(|v| v.codec),
            frozen_share: ends.receive_video.and_then(|v| v.frozen_share),
            // Of a picture that stopped the browser keeps the last size.
            picture_px: (ends.receive_video)
                .filter(|v| v.frames_per_s.is_none_or(|f| f > 0.0))
                .and_then(|v| v.area_px)
                .filter(|px| *px > 0.0),
            one_way_ms: uplink_rtt_ms
                .zip(downlink_rtt_ms)
                .map(|(up, down)| up / 2.0 + late_ms + down / 2.0),
        }
    }
}

/// The camera, if it is on.
pub(crate) fn live_video(ends: &Ends) -> Option<SendVideo> {
    ends.send_video.filter(|v| v.source == SourceState::Live)
}

/// Loss of the whole way by the receiver; everything, if the sender sent and nothing came.
fn heard_loss_pct(ends: &Ends) -> Option<f64> {
    let heard = ends.receive_audio?.loss?;
    let sent = ends.send_audio.and_then(|a| a.loss).map_or(0, |l| l.expected);
    if heard.expected == 0 && sent >= 20 { Some(100.0) } else { heard.pct() }
}

/// What the second stretch lost, when both together and the first are known.
fn rest_pct(both_pct: f64, first_pct: f64) -> f64 {
    let through_first = 1.0 - first_pct / 100.0;
    if through_first <= 0.0 {
        return 0.0;
    }
    ((1.0 - (1.0 - both_pct / 100.0) / through_first) * 100.0).clamp(0.0, 100.0)
}

/// Independent jitters add like the sides of a right triangle; this gives the other side back.
fn without(whole_ms: f64, part_ms: f64) -> f64 {
    (whole_ms * whole_ms - part_ms * part_ms).max(0.0).sqrt()
}

fn missing_pct(transport: TransportSample) -> Option<f64> {
    let (estimate, wanted) = (transport.downlink_estimate_bps?, transport.downlink_wanted_bps?);
    (wanted > 0.0).then(|| (1.0 - estimate / wanted).max(0.0) * 100.0)
}

pub(crate) fn smaller(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a.min(b)).or(a).or(b)
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_two_stretches_come_apart() {
        // 10 % and then 20 %: 28 % together.
        assert!((rest_pct(28.0, 10.0) - 20.0).abs() < 1e-9);
        assert_eq!(rest_pct(5.0, 10.0), 0.0);
        assert_eq!(rest_pct(100.0, 100.0), 0.0);
    }

    #[test]
    fn jitters_of_two_stretches_come_apart() {
        assert!((without(50.0, 30.0) - 40.0).abs() < 1e-9);
        assert_eq!(without(30.0, 50.0), 0.0);
    }

    #[test]
    fn the_servers_lateness_is_not_held_against_the_paths() {
        let late = TransportSample {
            rtt_ms: Some(120.0),
            uplink_jitter_ms: Some(50.0),
            loop_lag_ms: Some(40.0),
            ..TransportSample::default()
        };
        let ends = Ends { uplink: Some(late), ..Ends::default() };
        let evidence = Evidence::gather(&ends);
        assert_eq!(evidence.uplink_rtt_ms, Some(80.0));
        assert!((evidence.uplink_jitter_ms.unwrap_or(0.0) - 30.0).abs() < 1e-9);
        assert_eq!(evidence.server_lag_ms, Some(40.0));
        assert_eq!(evidence.downlink_rtt_ms, None);
    }
}
