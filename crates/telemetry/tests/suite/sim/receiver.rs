//! The listener: a jitter buffer, a decoder, a screen.

use super::way::Jitter;
use super::{Dice, FRAME_MS, FROM_MS, Scene, TO_MS};
use telemetry::input::{RawReceiveAudio, RawReceiveVideo};

#[derive(Default)]
pub(super) struct Receiver {
    pub(super) voice: Vec<(f64, Option<f64>)>,
    /// When each frame was complete; not-a-number when a part never came.
    pub(super) frames: Vec<f64>,
}

impl Receiver {
    pub(super) fn frame(&mut self, number: usize, at_ms: Option<f64>) {
        if self.frames.len() <= number {
            self.frames.resize(number + 1, 0.0);
        }
        let complete_ms = &mut self.frames[number];
        *complete_ms = at_ms.map_or(f64::NAN, |at| {
            if complete_ms.is_nan() { *complete_ms } else { complete_ms.max(at) }
        });
    }

    pub(super) fn hear(&self, dice: &mut Dice, scene: &Scene) -> RawReceiveAudio {
        let mut jitter = Jitter::default();
        let (mut got, mut lost, mut concealed, mut waits) = (0.0, 0.0, 0.0, 0.0);
        let mut recent: Vec<f64> = Vec::new();
        for (n, (sent_ms, at_ms)) in self.voice.iter().enumerate() {
            let counts = f64::from(u8::from(*sent_ms >= FROM_MS));
            let Some(at_ms) = at_ms else {
                lost += counts;
                // One lost packet is mended from the next.
                let mended = self.voice.get(n + 1).is_some_and(|(_, next)| next.is_some());
                concealed += counts * f64::from(u8::from(!mended));
                continue;
            };
            jitter.hear(*sent_ms, *at_ms);
            got += counts;
            let delay_ms = at_ms - sent_ms;
            let mut seen = recent[recent.len().saturating_sub(150)..].to_vec();
            seen.sort_by(f64::total_cmp);
            let least_ms = seen.first().copied().unwrap_or(delay_ms);
            let most_ms = seen.get(seen.len() * 98 / 100).copied().unwrap_or(delay_ms);
            // One packet of room beyond what nearly all needed.
            let target_ms = (most_ms - least_ms + 20.0).clamp(40.0, 300.0);
            waits += counts * target_ms;
            // A busy device now and then asks the buffer too late as well.
            let starved = scene.decode_ms > FRAME_MS && dice.chance(0.03);
            concealed += counts * f64::from(u8::from(delay_ms - least_ms > target_ms || starved));
            recent.push(delay_ms);
        }
        RawReceiveAudio {
            codec: telemetry::Codec::OpusFec,
            packets_received: Some(got),
            packets_lost: Some(lost),
            loss_bursts: None,
            jitter_ms: Some(jitter.jitter_ms),
            total_samples: Some(240_000.0),
            concealed_samples: Some(concealed * 960.0),
            silent_concealed_samples: Some(0.0),
            jitter_buffer_ms: Some(if got > 0.0 { waits / got } else { 0.0 }),
        }
    }

    pub(super) fn see(&self, dice: &mut Dice, scene: &Scene, layer_bps: f64) -> RawReceiveVideo {
        let (mut decoded, mut dropped, mut decoding_ms) = (0.0, 0.0, 0.0);
        let (mut freezes, mut frozen_ms) = (0.0, 0.0);
        let (mut free_ms, mut shown_ms, mut broken) = (0.0_f64, FROM_MS, 0);
        for complete_ms in self.frames.iter().copied() {
            if complete_ms.is_nan() {
                // Until a whole picture comes again.
                broken = 8;
                continue;
            }
            let counts = f64::from(u8::from((FROM_MS..TO_MS).contains(&complete_ms)));
            if broken > 0 {
                broken -= 1;
                continue;
            }
            if free_ms - complete_ms > 5.0 * FRAME_MS {
                dropped += counts;
                continue;
            }
            let took_ms = scene.decode_ms * dice.within(0.8..1.2);
            free_ms = free_ms.max(complete_ms) + took_ms;
            decoded += counts;
            decoding_ms += counts * took_ms;
            if free_ms - shown_ms > FRAME_MS + 150.0 && counts > 0.0 {
                freezes += 1.0;
                frozen_ms += free_ms - shown_ms;
            }
            shown_ms = free_ms;
        }
        let width = |bps: f64| {
            if bps > 1e6 {
                1_280.0
            } else if bps > 300e3 {
                640.0
            } else {
                320.0
            }
        };
        RawReceiveVideo {
            codec: None,
            packets_received: None,
            packets_lost: None,
            frames_decoded: Some(decoded),
            frames_dropped: Some(dropped),
            decode_ms: Some(decoding_ms),
            freeze_count: Some(freezes),
            freeze_ms: Some(frozen_ms),
            width_px: Some(width(layer_bps)),
            height_px: Some(width(layer_bps) * 9.0 / 16.0),
            wanted_width_px: Some(1_280.0),
            wanted_height_px: Some(720.0),
        }
    }
}
