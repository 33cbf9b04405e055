//! What a shard does by the clock: pings, silence, deadlines, keyframe repeats, the active speaker,
//! the choice of layers and the quality report.

use std::time::{Duration, Instant};

use str0m::stats::PeerStats;
use visit::{Pictures, Source};

use crate::command::{CloseCode, SfuEvent};
use crate::config::{
    ALLOCATE_INTERVAL, LEAST_DESIRED_BPS, PING_INTERVAL, PING_WHILE_SILENT, SILENT_AFTER,
};
use crate::layers::Video;
use crate::peer::{PeerKey, SlotPhase};
use crate::shard::{Shard, guarded};

/// Taken off a viewer's budget per microphone it hears, bits per second: Opus speech with headers.
const AUDIO_BPS: u64 = 50_000;
/// Estimates below this are not believed: they come from a path that was idle.
const LEAST_ESTIMATE_BPS: u64 = 100_000;
/// Share of the estimate for repeats and the data channel: 1/20.
const RESERVE: u64 = 20;
/// The tile taken before the first `View`.
const DEFAULT_TILE_PX: (u16, u16) = (640, 360);
/// The tile of a face for whoever chose small pictures: smaller than the smallest layer.
const SMALL_TILE_PX: (u16, u16) = (1, 1);
/// A video's layers begin within this time of each other.
const LAYERS_START_WITHIN: Duration = Duration::from_millis(500);
/// How often the speaker of a room is judged.
const JUDGE_INTERVAL: Duration = Duration::from_millis(100);

impl Shard {
    /// The transport's regular visit.
    pub(crate) fn tick(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let quiet = now.saturating_duration_since(peer.last_heard);
        if quiet >= self.dead_after {
            return self.close_and_settle(now, key, CloseCode::Lost);
        }
        let unanswered = peer.negotiation.open.as_ref().map(|o| o.since);
        if unanswered.is_some_and(|s| now.saturating_duration_since(s) >= self.answer_within) {
            return self.close_and_settle(now, key, CloseCode::NoAnswer);
        }
        if peer.connected && !peer.silent && quiet >= SILENT_AFTER {
            peer.silent = true;
            self.events.push_back(SfuEvent::Silent {
                visit: peer.visit,
                seat: peer.seat,
                transport: peer.transport,
                since_ms: quiet.as_millis() as u64,
            });
        }
        if quiet < PING_WHILE_SILENT && guarded(|| peer.ping()).is_none() {
            return self.panicked(now, key);
        }
        peer.lateness.note(now.saturating_duration_since(peer.next_tick));
        peer.next_tick = now + PING_INTERVAL;
        if peer.connected && !peer.silent {
            peer.next_tick = peer.next_tick.min(peer.last_heard + SILENT_AFTER);
        }
        let allocate = peer.next_allocation <= now;
        let visit = peer.visit;

        self.repeat_keyframe_requests(now, key);
        if allocate {
            self.allocate(now, key);
        }
        let Some(room) = self.rooms.get_mut(&visit) else { return };
        if room.next_judgement <= now {
            room.next_judgement = now + JUDGE_INTERVAL;
            if let Some(seat) = room.speaker.judge(now) {
                self.events.push_back(SfuEvent::ActiveSpeaker { visit, seat });
            }
        }
    }

    /// A datagram of the transport arrived.
    pub(crate) fn heard(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if std::mem::take(&mut peer.silent) {
            self.events.push_back(SfuEvent::Heard {
                visit: peer.visit,
                seat: peer.seat,
                transport: peer.transport,
                silent_ms: now.saturating_duration_since(peer.last_heard).as_millis() as u64,
            });
        }
        peer.last_heard = now;
    }

    fn repeat_keyframe_requests(&mut self, now: Instant, key: PeerKey) {
        for source in [Source::Camera, Source::Screen] {
            let layers =
                self.peers.get(key).map_or(0, |p| p.publications[source as usize].layers.len());
            for layer in 0..layers {
                let Some(peer) = self.peers.get_mut(key) else { return };
                let muted = peer.muted.has(source);
                let gate = &mut peer.publication(source).layers[layer].gate;
                if muted {
                    gate.forget();
                } else if gate.due(now) {
                    self.send_keyframe_request(now, key, source, layer);
                }
            }
        }
    }

    /// Chooses the layers that a viewer gets, and asks for the keyframes that this needs.
    pub(crate) fn allocate(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.next_allocation = now + ALLOCATE_INTERVAL;
        if !peer.connected {
            return;
        }
        let (indexes, videos, audio) = self.shown_to(now, key);
        let budget = self.peers[key].estimate_bps.max(LEAST_ESTIMATE_BPS);
        let budget = (budget - budget / RESERVE).saturating_sub(audio);

        let peer = &mut self.peers[key];
        let decision = peer.governor.decide(now, budget, &videos);
        peer.wanted_bps = decision.wanted_bps.map(|video| video + audio);
        let minimum = match decision.next_step_bps {
            0 => 0,
            video => video + audio,
        };
        let least = if decision.squeezed { 0 } else { LEAST_DESIRED_BPS };
        let desired = (decision.desired_bps + audio).max(least);
        if guarded(|| peer.probe_for(minimum, desired, decision.squeezed)).is_none() {
            return self.panicked(now, key);
        }

        let mut wanted = Vec::new();
        let (visit, viewer, transport) = (peer.visit, peer.seat, peer.transport);
        for (n, slot) in peer.slots.iter_mut().enumerate().filter(|(_, s)| !s.audio) {
            let shown = indexes.iter().position(|i| *i == n);
            let target = shown.and_then(|i| decision.targets[i]);
            let paused = shown.is_some_and(|i| decision.paused[i]);
            if let Some((seat, source)) = slot.owner {
                if slot.paused != paused {
                    slot.paused = paused;
                    self.events.push_back(SfuEvent::VideoPaused {
                        visit,
                        viewer,
                        transport,
                        seat,
                        source,
                        paused,
                    });
                }
                slot.target = target;
                match target {
                    None => slot.current = None,
                    Some(layer) if slot.current != Some(layer) => {
                        let newcomer = slot.current.is_none();
                        // The keyframe of the lower layer is a while away. What the path cannot
                        // carry until then would take the sound with it: the picture stands.
                        if decision.squeezed && Some(layer) < slot.current {
                            slot.current = None;
                        }
                        wanted.extend(slot.feeder.map(|f| (n, newcomer, (f, source, layer))));
                    }
                    Some(_) => {}
                }
            }
        }
        for (index, newcomer, (feeder, source, layer)) in wanted {
            // Who has a picture and only changes its layer has no need for a burst of old packets.
            if !newcomer || !self.replay(now, key, index, (feeder, source, layer)) {
                self.want_keyframe(now, feeder, source, layer);
            }
        }
    }

    /// The videos on the viewer's page that can be sent: their slots, and what the choice needs to
    /// know; and what its audio takes.
    fn shown_to(&self, now: Instant, key: PeerKey) -> (Vec<usize>, Vec<Video>, u64) {
        let viewer = &self.peers[key];
        let speaker = self.rooms.get(&viewer.visit).and_then(|r| r.speaker.current());
        let (mut indexes, mut videos, mut audio_bps) = (Vec::new(), Vec::new(), 0);
        for (n, slot) in viewer.slots.iter().enumerate() {
            let (Some((seat, source)), Some(feeder), SlotPhase::Live) =
                (slot.owner, slot.feeder, slot.phase)
            else {
                continue;
            };
            let Some(feeder) = self.peers.get(feeder) else { continue };
            if feeder.muted.has(source) {
                continue;
            }
            if slot.audio {
                audio_bps += AUDIO_BPS;
                continue;
            }
            let (tile_px, pinned) = match &viewer.tiles {
                None => (DEFAULT_TILE_PX, false),
                Some(tiles) => match tiles.iter().find(|t| t.seat == seat && t.source == source) {
                    Some(t) => ((t.width_px, t.height_px), t.pinned),
                    None => continue,
                },
            };
            let tile_px = match (viewer.pictures, source) {
                (Pictures::None, _) => continue,
                (Pictures::Small, Source::Camera) => SMALL_TILE_PX,
                _ => tile_px,
            };
            let priority = match source {
                _ if pinned || speaker == Some(seat) => 0,
                Source::Screen => 1,
                _ => 2,
            };
            let publication = &feeder.publications[source as usize];
            let layers = &publication.layers;
            // Layers start within a few packets of each other: no choice before the smallest is
            // there, unless it does not come.
            let age = publication
                .first_packet
                .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
            if layers[0].last_packet.is_none() && age < LAYERS_START_WITHIN {
                continue;
            }
            indexes.push(n);
            videos.push(Video {
                layers: layers.iter().enumerate().map(|(i, l)| l.info(now, source, i)).collect(),
                tile_px,
                priority,
                target: slot.target,
                paused: slot.paused,
            });
        }
        (indexes, videos, audio_bps)
    }

    pub(crate) fn report_quality(&mut self, now: Instant, key: PeerKey, stats: &PeerStats) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let totals = (stats.bytes_rx, stats.bytes_tx, now);
        let Some((rx, tx, at)) = peer.last_stats.replace(totals) else { return };
        if !peer.connected {
            return;
        }
        let passed_ms = (now.saturating_duration_since(at).as_millis() as u64).max(1);
        let rate = |new: u64, old: u64| new.saturating_sub(old) * 8_000 / passed_ms;
        let percent = |fraction: Option<f32>| fraction.map(|f| f * 100.0);
        self.events.push_back(SfuEvent::Quality {
            visit: peer.visit,
            seat: peer.seat,
            transport: peer.transport,
            uplink_loss_pct: percent(stats.ingress_loss_fraction),
            downlink_loss_pct: percent(stats.egress_loss_fraction),
            rtt_ms: stats.rtt.map(|r| r.as_secs_f32() * 1_000.0),
            estimate_bps: stats.bwe_tx.map(|b| b.as_u64()),
            wanted_bps: peer.wanted_bps,
            uplink_jitter_ms: peer.mic_jitter_ms.take(),
            loop_lag_ms: peer.lateness.take_ms(),
            age_ms: now.saturating_duration_since(peer.joined).as_millis() as u64,
            uplink_bps: rate(totals.0, rx),
            downlink_bps: rate(totals.1, tx),
        });
    }
}
