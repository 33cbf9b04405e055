//! How strongly each possible cause is suspected.
//!
//! # The rules
//!
//! Every suspect has one figure and two thresholds: from the first on an attentive person notices,
//! from the second on the conversation suffers. The figure becomes a *severity*: 1 at the first
//! threshold, 3 at the second, straight lines between, 4 at most. So a loss of 3 % and a round trip
//! of 300 ms weigh the same, and the heaviest suspect is the cause. With equal weight the one nearer
//! to the sender is blamed, since whatever comes later on the way suffers from it too.
//!
//! Six rules keep a fault from being seen twice:
//!
//! 1. **The server first.** A late loop makes both paths look slow and unsteady, so its lateness is
//!    taken off round trips and jitters before they are looked at. When it is severely late, its own
//!    sockets overflow: then the paths weigh half.
//! 2. **Each path by its own figures.** Loss on the uplink is what the server missed, loss on the
//!    downlink is what transport feedback reports; the sum that the receiver sees blames nobody.
//!    Jitter of the downlink is what is left of the receiver's after the uplink's is taken off.
//!    A jitter figure understates a path that stalls and then delivers in order. So what the
//!    listener's buffer suffers (long waits, sound that came too late) is counted too, and goes to the
//!    path with more jitter; the other gets as much of it as its part in the sum of squares allows.
//! 3. **Rate.** The sender's browser says itself when its uplink holds the picture back; how much is
//!    missing says how bad it is. Browsers that send several sizes leave the larger ones out without a
//!    word: then a picture smaller than the receiver wants counts, where the estimate is low and neither
//!    the sender's device nor the receiver's downlink explains it. For the downlink the server compares its estimate with what the
//!    receiver wants to see. In the first seconds of a transport both estimates are still growing, so
//!    neither counts. The queue before a narrow path makes jitter by itself, so where the rate is
//!    noticed, jitter weighs half.
//! 4. **Devices by what they say.** A sender's device is slow if the browser says so, or if frames
//!    are skipped although neither rate nor camera explains it. A receiver's device is slow if it
//!    drops frames that arrived or decodes all the time. Pictures that come in rows are dropped by any
//!    device: with an unsteady uplink they count nothing, with other jitter or a narrow uplink half. A device that decodes all the time also
//!    answers late, which spoils the estimate of its downlink: then that estimate weighs half.
//! 5. **Playing out.** Sound that was invented although its packets came in time points to the
//!    receiver's device. With jitter, or with a buffer that has grown, packets may be there but late,
//!    so then it says nothing.
//! 6. **Microphones.** One that is gone or gives nothing outweighs everything: nobody can hear the
//!    rest. One that the person switched off is no fault, so it is named only when nothing else is.
//!
//! The thresholds that pages need too are in [`crate::thresholds`].

use crate::evidence::{Ends, Evidence, live_video};
use crate::input::{LimitedBy, SourceState, TransportSample};
use crate::score::held;
use crate::thresholds::{JITTER_MS, LOSS_PCT, NOTICED, RTT_MS, SEVERE};
use crate::verdict::Cause;

/// Nothing is worse.
const WORST: f64 = 4.0;

/// Mean wait in the listener's jitter buffer in ms. Buffers hold 40 to 80 ms on a steady path; 120 ms
/// leave little of the 150 ms that ITU-T G.114 asks for, 300 ms alone are twice that.
const WAIT_MS: (f64, f64) = (120.0, 300.0);
/// Sound that was invented although it was not lost, percent: as loss, but it comes in longer runs.
const LATE_PCT: (f64, f64) = (3.0, 10.0);
/// Loop lag in ms. 20 ms is one packet of sound; 100 ms is more than a jitter buffer holds.
const LAG_MS: (f64, f64) = (20.0, 100.0);
/// Share of the wanted rate that does not fit, percent. Estimates waver by a tenth or more; with 70 %
/// missing only the smallest layer is left.
const MISSING_PCT: (f64, f64) = (20.0, 70.0);
/// An uplink with this rate, bit/s, carries sound and a picture that suits a face.
const COMFORT_BPS: f64 = 800_000.0;
/// With this rate, bit/s, there is sound and at best a still picture.
const NARROW_BPS: f64 = 150_000.0;
/// A picture with less than this share of the wanted pixels misses at least the largest size: each
/// has a quarter of the next one's.
const SMALLER_SHARE: f64 = 0.5;
/// Frames that the sender's device did not encode, percent. One in ten is hardly seen; of two in five
/// a talking mouth is not readable.
const SKIPPED_PCT: (f64, f64) = (10.0, 40.0);
/// Severity when the browser itself says what holds the picture back and no figure says how much:
/// somewhat above noticed, since it says so only after it made the picture smaller.
const SAID: f64 = 1.5;
/// Frames that the receiver's device dropped, percent. Also without load some are, when a picture
/// comes in bursts.
const DROPPED_PCT: (f64, f64) = (5.0, 30.0);
/// Time spent decoding, percent of the time. From 85 % on a frame has to wait; from 100 % on frames
/// pile up. (Reports sum over threads, but one stream is decoded by one.)
const BUSY_PCT: (f64, f64) = (85.0, 110.0);
/// Sound invented without a reason on the way, percent.
const PLAYOUT_PCT: (f64, f64) = (5.0, 20.0);
/// Below this jitter, ms, half of a packet of sound, packets come in time for any jitter buffer.
const CALM_JITTER_MS: f64 = 10.0;
/// Frame rate of a camera that is at ease, frames per second.
const CAMERA_FPS: f64 = 25.0;
/// Frames per second that a camera is short of [`CAMERA_FPS`]. With 15 left a mouth begins not to fit
/// the words; 5 are a row of pictures. (In the dark cameras give 10 or fewer.)
const SHORT_FPS: (f64, f64) = (10.0, 20.0);
/// A missing camera is worse than a bad one, but sound comes first.
const NO_CAMERA: f64 = 2.0;
/// Younger transports, ms, have estimates that still grow from a low start.
const WARM_UP_MS: f64 = 10_000.0;

/// Every suspect with its severity, in the order of the way from sender to receiver.
pub(crate) fn suspects(ends: &Ends, evidence: &Evidence) -> [(Cause, f64); 18] {
    let lag = weigh(evidence.server_lag_ms, LAG_MS);
    let path = if lag >= SEVERE { 0.5 } else { 1.0 };
    let steady = |rate: f64| if rate >= NOTICED { 0.5 } else { 1.0 };
    let up_rate = uplink_rate(ends, evidence);
    let decoding = receiver_cpu(evidence, steady(up_rate));
    let estimate = if decoding >= SEVERE { 0.5 } else { 1.0 };
    let (mic_gone, camera_gone) = gone(ends);
    let down_rate = downlink_rate(ends, evidence);
    let (up_jitter, down_jitter) = unsteady(evidence);
    [
        (Cause::MicAbsent, mic_gone),
        (Cause::CameraAbsent, camera_gone),
        (Cause::CameraSlow, camera_slow(evidence)),
        (Cause::SenderCpu, sender_cpu(ends, evidence)),
        (Cause::UplinkSilent, silent(ends.uplink)),
        (Cause::UplinkLoss, path * weigh(evidence.uplink_loss_pct, LOSS_PCT)),
        (Cause::UplinkJitter, path * steady(up_rate) * up_jitter),
        (Cause::UplinkRate, path * up_rate),
        (Cause::UplinkDelay, path * weigh(evidence.uplink_rtt_ms, RTT_MS)),
        (Cause::ServerLag, lag),
        (Cause::DownlinkSilent, silent(ends.downlink)),
        (Cause::DownlinkLoss, path * weigh(evidence.downlink_loss_pct, LOSS_PCT)),
        (Cause::DownlinkJitter, path * steady(down_rate) * down_jitter),
        (Cause::DownlinkRate, path * estimate * down_rate),
        (Cause::DownlinkDelay, path * weigh(evidence.downlink_rtt_ms, RTT_MS)),
        (Cause::ReceiverCpu, decoding),
        (Cause::ReceiverPlayout, playout(evidence)),
        // No severity of its own: see rule 6.
        (Cause::MicMuted, 0.0),
    ]
}

/// Whether the sender's microphone is switched off on purpose.
pub(crate) fn mic_muted(ends: &Ends) -> bool {
    ends.send_audio.is_some_and(|a| a.source == SourceState::Muted)
}

fn gone(ends: &Ends) -> (f64, f64) {
    let mic = ends.send_audio.is_some_and(|a| match a.source {
        SourceState::Absent => true,
        SourceState::Muted => false,
        // Even silence is sent, as a packet now and then: nothing at all means that nothing is there.
        SourceState::Live => a.loss.is_some_and(|l| l.expected == 0),
    });
    let camera = ends.send_video.is_some_and(|v| v.source == SourceState::Absent);
    (if mic { WORST } else { 0.0 }, if camera { NO_CAMERA } else { 0.0 })
}

fn silent(transport: Option<TransportSample>) -> f64 {
    if transport.is_some_and(|t| t.silent) { WORST } else { 0.0 }
}

fn camera_slow(evidence: &Evidence) -> f64 {
    weigh(evidence.captured_fps.map(|fps| (CAMERA_FPS - fps).max(0.0)), SHORT_FPS)
}

fn sender_cpu(ends: &Ends, evidence: &Evidence) -> f64 {
    let Some(video) = live_video(ends) else { return 0.0 };
    let skipped = weigh(evidence.sender_skipped_pct, SKIPPED_PCT);
    match video.limited_by {
        Some(LimitedBy::Cpu) => skipped.max(SAID),
        // A narrow uplink makes the encoder skip frames too.
        Some(LimitedBy::Bandwidth) => 0.0,
        Some(LimitedBy::None | LimitedBy::Other) | None => skipped,
    }
}

/// Uplink and downlink, by rule 2.
fn unsteady(evidence: &Evidence) -> (f64, f64) {
    let (up, down) = (evidence.uplink_jitter_ms, evidence.downlink_jitter_ms);
    let own = (weigh(up, JITTER_MS), weigh(down, JITTER_MS));
    let Some((up_ms, down_ms)) = up.zip(down) else { return own };
    let more_ms = up_ms.max(down_ms);
    if more_ms < CALM_JITTER_MS {
        return own;
    }
    let harm = weigh(evidence.jitter_buffer_ms, WAIT_MS)
        .max(weigh(evidence.unexplained_concealed_pct, LATE_PCT));
    let part = |jitter_ms: f64| harm * (jitter_ms / more_ms).powi(2);
    (own.0.max(part(up_ms)), own.1.max(part(down_ms)))
}

fn uplink_rate(ends: &Ends, evidence: &Evidence) -> f64 {
    let limited = match live_video(ends).and_then(|v| v.limited_by) {
        Some(LimitedBy::Bandwidth) => true,
        Some(LimitedBy::Cpu) => false,
        Some(LimitedBy::None | LimitedBy::Other) | None => too_small(ends, evidence),
    };
    if !limited || young(ends.uplink) {
        return 0.0;
    }
    let Some(available_bps) = evidence.uplink_available_bps else { return SAID };
    let short = (COMFORT_BPS - available_bps) / (COMFORT_BPS - NARROW_BPS);
    NOTICED + (SEVERE - NOTICED) * held(short, 0.0, 1.0, 0.0)
}

/// The sender leaves out sizes that the receiver wants and whose downlink has room for.
fn too_small(ends: &Ends, evidence: &Evidence) -> bool {
    let wanted = ends.receive_video.and_then(|v| v.wanted_area_px);
    let smaller = evidence.sent_area_px.zip(wanted).is_some_and(|(s, w)| s < SMALLER_SHARE * w);
    let low = evidence.uplink_available_bps.is_some_and(|bps| bps < COMFORT_BPS);
    let room = evidence.downlink_missing_pct.is_some_and(|m| weigh(Some(m), MISSING_PCT) < NOTICED);
    smaller && low && room
}

fn downlink_rate(ends: &Ends, evidence: &Evidence) -> f64 {
    if young(ends.downlink) { 0.0 } else { weigh(evidence.downlink_missing_pct, MISSING_PCT) }
}

fn young(transport: Option<TransportSample>) -> bool {
    transport.and_then(|t| t.age_ms).is_some_and(|age| age < WARM_UP_MS)
}

fn receiver_cpu(evidence: &Evidence, steady: f64) -> f64 {
    let jumps = |jitter: Option<f64>| jitter.is_some_and(|j| j >= CALM_JITTER_MS);
    // By rule 4. The server's own view of the uplink is beyond doubt; jitter that only the receiver
    // sees may be its own.
    let dropped = if jumps(evidence.uplink_jitter_ms) {
        0.0
    } else if jumps(evidence.jitter_ms) {
        0.5
    } else {
        1.0
    };
    (dropped * steady * weigh(evidence.receiver_dropped_pct, DROPPED_PCT))
        .max(weigh(evidence.receiver_busy_pct, BUSY_PCT))
}

fn playout(evidence: &Evidence) -> f64 {
    let calm = evidence.jitter_ms.is_some_and(|j| j < CALM_JITTER_MS);
    let grown = evidence.jitter_buffer_ms.is_some_and(|wait| wait >= WAIT_MS.0);
    if calm && !grown { weigh(evidence.unexplained_concealed_pct, PLAYOUT_PCT) } else { 0.0 }
}

/// The severity of a figure; 0 when nobody measured it.
fn weigh(figure: Option<f64>, (noticed, severe): (f64, f64)) -> f64 {
    let Some(figure) = figure else { return 0.0 };
    let severity = if figure < noticed {
        NOTICED * figure / noticed
    } else {
        NOTICED + (SEVERE - NOTICED) * (figure - noticed) / (severe - noticed)
    };
    held(severity, 0.0, WORST, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_is_one_where_it_is_noticed_and_three_where_it_hurts() {
        assert_eq!(weigh(None, LOSS_PCT), 0.0);
        assert_eq!(weigh(Some(0.0), LOSS_PCT), 0.0);
        assert_eq!(weigh(Some(1.5), LOSS_PCT), 0.5);
        assert_eq!(weigh(Some(3.0), LOSS_PCT), 1.0);
        assert_eq!(weigh(Some(10.0), LOSS_PCT), 3.0);
        assert_eq!(weigh(Some(100.0), LOSS_PCT), 4.0);
        assert_eq!(weigh(Some(f64::NAN), LOSS_PCT), 0.0);
    }

    #[test]
    fn the_table_holds_every_cause_once() {
        let table = suspects(&Ends::default(), &Evidence::default());
        for cause in Cause::ALL {
            let named = table.iter().filter(|(c, _)| *c == cause).count();
            let expected = usize::from(!matches!(cause, Cause::None | Cause::Unexplained));
            assert_eq!(named, expected, "{cause:?}");
        }
        assert!(table.iter().all(|(_, severity)| *severity == 0.0));
    }
}
