//! What a synthetic person sends, in time.
//!
//! A [`MediaSource`] is asked when it has something and then gives RTP payloads. It knows nothing of
//! sequence numbers, SSRCs or sockets; [`crate::client::Client`] does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use visit::Source;

use crate::clip::{Clip, LAYERS, PACKET_MS};
use crate::vp8;

/// Ticks per second of a video time stamp (RFC 7741 §4.1).
pub const VIDEO_CLOCK_HZ: u32 = 90_000;
/// Ticks per second of an audio time stamp (RFC 7587 §4.1).
pub const AUDIO_CLOCK_HZ: u32 = 48_000;

/// Packets of one frame leave this far apart, so that a keyframe does not leave as one burst.
const PACING_STEP: Duration = Duration::from_millis(1);

/// One RTP payload to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPacket {
    /// Which source.
    pub source: Source,
    /// Simulcast layer for a camera, smallest first; 0 for everything else.
    pub layer: usize,
    /// Time since the source started, in ticks of its clock, wrapping.
    pub timestamp: u32,
    /// The RTP marker bit.
    pub marker: bool,
    /// Loudness in -dBov, 0 to 127, for audio.
    pub level: Option<u8>,
    /// The RTP payload.
    pub payload: Arc<[u8]>,
    /// The maker's own number of the packet, for measuring.
    pub id: Option<u64>,
}

/// Something that can be sent. Time is an argument everywhere and does not run backwards.
pub trait MediaSource: Send {
    /// The media path works from now on.
    fn start(&mut self, now: Instant);
    /// When [`Self::produce`] has something next; none before the start or at the end.
    fn next_due(&self) -> Option<Instant>;
    /// Hands out what is due at `now`.
    fn produce(&mut self, now: Instant, emit: &mut dyn FnMut(MediaPacket));
    /// A receiver of this source and layer needs a keyframe.
    fn keyframe_wanted(&mut self, source: Source, layer: usize);
}

/// Plays the clip in a loop, on microphone and camera.
///
/// Pictures follow the clock. When a keyframe is wanted, the layer goes back to its latest one and
/// plays on from there, a little late, until the clip's next keyframe; there it is on time again.
/// So no request is ever answered more than one frame later, and the lips never drift for long.
pub struct ClipPlayer {
    clip: &'static Clip,
    started: Option<Instant>,
    /// Next frame by the clock.
    next_frame: u64,
    next_packet: u64,
    layers: [LayerState; LAYERS],
    /// Packets of the present frame that wait for their turn.
    paced: VecDeque<(Instant, MediaPacket)>,
}

#[derive(Clone, Copy, Default)]
struct LayerState {
    /// How many frames behind the clock.
    behind: u64,
    keyframe_wanted: bool,
    picture_id: u16,
}

impl ClipPlayer {
    /// A player at the start of the clip.
    #[must_use]
    pub fn new(clip: &'static Clip) -> Self {
        Self {
            clip,
            started: None,
            next_frame: 0,
            next_packet: 0,
            layers: [LayerState::default(); LAYERS],
            paced: VecDeque::new(),
        }
    }

    fn frame_at(&self, started: Instant) -> Instant {
        let (rate, base) = self.clip.rate();
        // Not a multiple of a rounded step: rounding would pile up.
        let ns = u128::from(self.next_frame) * u128::from(base) * 1_000_000_000 / u128::from(rate);
        started + Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    fn packet_at(&self, started: Instant) -> Instant {
        started + Duration::from_millis(self.next_packet * u64::from(PACKET_MS))
    }

    fn emit_frame(&mut self, due: Instant) {
        let (rate, base) = self.clip.rate();
        let ticks = u128::from(self.next_frame) * u128::from(base) * u128::from(VIDEO_CLOCK_HZ);
        let timestamp = (ticks / u128::from(rate)) as u32;
        for (layer, state) in self.layers.iter_mut().enumerate() {
            let (_, on_time) = self.clip.frame(layer, self.next_frame);
            if on_time {
                state.behind = 0;
            } else if state.keyframe_wanted {
                state.behind = self.next_frame - self.clip.keyframe_before(self.next_frame);
            }
            state.keyframe_wanted = false;
            let (frame, _) = self.clip.frame(layer, self.next_frame - state.behind);
            let mut at = due;
            vp8::packetize(frame, state.picture_id, vp8::MAX_PAYLOAD_BYTES, |payload, marker| {
                let packet = MediaPacket {
                    source: Source::Camera,
                    layer,
                    timestamp,
                    marker,
                    level: None,
                    payload: (&*payload).into(),
                    id: None,
                };
                self.paced.push_back((at, packet));
                at += PACING_STEP;
            });
            state.picture_id = state.picture_id.wrapping_add(1);
        }
        self.paced.make_contiguous().sort_by_key(|(at, _)| *at);
        self.next_frame += 1;
    }
}

impl MediaSource for ClipPlayer {
    fn start(&mut self, now: Instant) {
        self.started.get_or_insert(now);
    }

    fn next_due(&self) -> Option<Instant> {
        let started = self.started?;
        let fresh = self.packet_at(started).min(self.frame_at(started));
        Some(self.paced.front().map_or(fresh, |(at, _)| fresh.min(*at)))
    }

    fn produce(&mut self, now: Instant, emit: &mut dyn FnMut(MediaPacket)) {
        let Some(started) = self.started else { return };
        while self.packet_at(started) <= now {
            let (payload, level) = self.clip.packet(self.next_packet);
            emit(MediaPacket {
                source: Source::Mic,
                layer: 0,
                timestamp: (self.next_packet * u64::from(AUDIO_CLOCK_HZ / 1_000 * PACKET_MS))
                    as u32,
                // The first packet of a talk spurt (RFC 3551 §4.1); this one never pauses.
                marker: self.next_packet == 0,
                level: Some(level),
                payload: payload.into(),
                id: None,
            });
            self.next_packet += 1;
        }
        while self.frame_at(started) <= now {
            self.emit_frame(self.frame_at(started));
        }
        while self.paced.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, packet)) = self.paced.pop_front() {
                emit(packet);
            }
        }
    }

    fn keyframe_wanted(&mut self, source: Source, layer: usize) {
        if source == Source::Camera
            && let Some(state) = self.layers.get_mut(layer)
        {
            state.keyframe_wanted = true;
        }
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
