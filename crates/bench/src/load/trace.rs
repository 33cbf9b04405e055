//! A made-up camera and microphone: packets of the sizes and times of a real call, seeded.
//!
//! Three VP8 layers at 30 frames per second with the bitrates that pages set, frame sizes that vary,
//! keyframes only on request, Opus every 20 ms. A frame of more than one packet fills its packets, so
//! datagrams of the larger layers are close to 1,200 bytes. The payload descriptor and the first bytes
//! of a frame are true VP8, so that the forwarding unit treats it as such; the rest is filler. The
//! last eight bytes of each packet are its number, by which its travel time is found.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use visit::Source;

use crate::clip::LAYERS;
use crate::media::{AUDIO_CLOCK_HZ, MediaPacket, MediaSource, VIDEO_CLOCK_HZ};
use crate::vp8;

const FRAMES_PER_S: u32 = 30;
const AUDIO_MS: u32 = 20;
/// Picture size and bitrate of each layer, smallest first.
const CAMERA: [(u16, u16, u32); LAYERS] =
    [(320, 180, 120_000), (640, 360, 400_000), (1_280, 720, 1_500_000)];
/// A keyframe is about this many times as large as other frames.
const KEYFRAME_TIMES: u32 = 4;
/// Frames are at least this large, so that the header and the number fit.
const MIN_FRAME_BYTES: u32 = 64;

/// Gives numbers to packets, over all senders of one run.
pub type PacketIds = Arc<AtomicU64>;

/// See the module's head.
pub struct Trace {
    rng: StdRng,
    ids: PacketIds,
    layers: Range<usize>,
    started: Option<Instant>,
    next_frame: u64,
    next_audio: u64,
    keyframe_wanted: [bool; LAYERS],
    frame: Vec<u8>,
}

impl Trace {
    /// A trace of the `layers` largest layers (1 to [`LAYERS`]); the same for the same seed.
    pub fn new(seed: u64, layers: usize, ids: PacketIds) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            ids,
            layers: LAYERS - layers.clamp(1, LAYERS)..LAYERS,
            started: None,
            next_frame: 0,
            next_audio: 0,
            keyframe_wanted: [true; LAYERS],
            frame: Vec::new(),
        }
    }

    fn frame_due(&self) -> Option<Instant> {
        let ns = self.next_frame * 1_000_000_000 / u64::from(FRAMES_PER_S);
        self.started.map(|s| s + Duration::from_nanos(ns))
    }

    fn audio_due(&self) -> Option<Instant> {
        self.started.map(|s| s + Duration::from_millis(self.next_audio * u64::from(AUDIO_MS)))
    }

    fn make_frame(&mut self, layer: usize) {
        let (width, height, bps) = CAMERA[layer];
        let keyframe = std::mem::take(&mut self.keyframe_wanted[layer]);
        let mean = bps / 8 / FRAMES_PER_S * if keyframe { KEYFRAME_TIMES } else { 1 };
        let bytes = self.rng.random_range(mean * 7 / 10..=mean * 13 / 10).max(MIN_FRAME_BYTES);
        let full = (vp8::MAX_PAYLOAD_BYTES - vp8::DESCRIPTOR_BYTES) as u32;
        // To the nearest number of full packets: up as often as down.
        let bytes = if bytes < full { bytes } else { (bytes + full / 2) / full * full };
        self.frame.clear();
        // Frame tag, then for keyframes start code and size (RFC 6386 §9.1).
        if keyframe {
            self.frame.extend([0x10, 0, 0, 0x9d, 0x01, 0x2a]);
            self.frame.extend(width.to_le_bytes());
            self.frame.extend(height.to_le_bytes());
        } else {
            self.frame.extend([0x11, 0, 0]);
        }
        self.frame.resize(bytes as usize, 0xa5);
    }
}

impl MediaSource for Trace {
    fn start(&mut self, now: Instant) {
        if self.started.is_none() {
            // People do not start on the same tick.
            let phase = self.rng.random_range(0..1_000_000 / FRAMES_PER_S);
            self.started = Some(now + Duration::from_micros(u64::from(phase)));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.frame_due().min(self.audio_due())
    }

    /// The packets of one frame leave together, as browsers send them.
    fn produce(&mut self, now: Instant, emit: &mut dyn FnMut(MediaPacket)) {
        while self.audio_due().is_some_and(|at| at <= now) {
            let length = self.rng.random_range(60..=110);
            let mut payload = [0x78; 110];
            let (payload, id) = numbered(&self.ids, &mut payload[..length]);
            emit(MediaPacket {
                source: Source::Mic,
                layer: 0,
                timestamp: (self.next_audio * u64::from(AUDIO_CLOCK_HZ / 1_000 * AUDIO_MS)) as u32,
                marker: self.next_audio == 0,
                level: Some(40),
                payload,
                id,
            });
            self.next_audio += 1;
        }
        while self.frame_due().is_some_and(|at| at <= now) {
            let timestamp = (self.next_frame * u64::from(VIDEO_CLOCK_HZ / FRAMES_PER_S)) as u32;
            for layer in self.layers.clone() {
                self.make_frame(layer);
                let picture_id = self.next_frame as u16;
                let most = vp8::MAX_PAYLOAD_BYTES;
                vp8::packetize(&self.frame, picture_id, most, |payload, marker| {
                    let (payload, id) = numbered(&self.ids, payload);
                    let (source, level) = (Source::Camera, None);
                    emit(MediaPacket { source, layer, timestamp, marker, level, payload, id });
                });
            }
            self.next_frame += 1;
        }
    }

    fn keyframe_wanted(&mut self, source: Source, layer: usize) {
        if source == Source::Camera
            && let Some(wanted) = self.keyframe_wanted.get_mut(layer)
        {
            *wanted = true;
        }
    }
}

/// Writes the next number into the end of a payload.
fn numbered(ids: &PacketIds, payload: &mut [u8]) -> (Arc<[u8]>, Option<u64>) {
    let id = ids.fetch_add(1, Relaxed);
    if let Some(end) = payload.last_chunk_mut::<8>() {
        *end = id.to_be_bytes();
    }
    ((&*payload).into(), Some(id))
}

/// The number at the end of a packet of a [`Trace`].
pub fn packet_id(payload: &[u8]) -> Option<u64> {
    payload.last_chunk::<8>().map(|id| u64::from_be_bytes(*id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vp8::{FrameAssembler, WholeFrame};

    fn second(seed: u64) -> Vec<MediaPacket> {
        let begin = Instant::now();
        let mut trace = Trace::new(seed, LAYERS, PacketIds::default());
        trace.start(begin);
        let mut out = Vec::new();
        while let Some(due) = trace.next_due() {
            if due > begin + Duration::from_secs(10) {
                break;
            }
            if trace.next_frame == 60 {
                trace.keyframe_wanted(Source::Camera, 2);
            }
            trace.produce(due, &mut |p| out.push(p));
        }
        out
    }

    #[test]
    fn bitrates_are_those_of_a_real_call_and_keyframes_come_on_request() {
        let packets = second(1);
        for (layer, (_, _, bps)) in CAMERA.into_iter().enumerate() {
            let of_layer =
                || packets.iter().filter(|p| p.source == Source::Camera && p.layer == layer);
            let bits: usize = of_layer().map(|p| p.payload.len() * 8).sum();
            let rate = bits as f64 / 10.0 / f64::from(bps);
            assert!((0.9..1.2).contains(&rate), "layer {layer}: {rate}");

            let mut assembler = FrameAssembler::default();
            let frames: Vec<WholeFrame> = of_layer()
                .enumerate()
                .filter_map(|(n, p)| assembler.push(n as u64, p.timestamp, p.marker, &p.payload))
                .collect();
            assert!(frames.len() >= 299);
            let keyframes: Vec<_> = (0..frames.len()).filter(|n| frames[*n].keyframe).collect();
            assert_eq!(keyframes, if layer == 2 { vec![0, 60] } else { vec![0] });
        }
        assert!(packets.iter().filter(|p| p.source == Source::Mic).count() >= 499);
    }

    #[test]
    fn every_packet_has_its_own_number_and_the_seed_decides_the_rest() {
        let packets = second(7);
        for (n, packet) in packets.iter().enumerate() {
            assert_eq!(packet.id, Some(n as u64));
            assert_eq!(packet_id(&packet.payload), Some(n as u64));
        }
        assert!(second(7) == packets);
        assert!(second(8) != packets);
        assert_eq!(packet_id(&[1, 2, 3]), None);
    }
}
