//! The packet path of a shard: from what a drain brought up to what viewers are sent.

use std::sync::Arc;
use std::time::Instant;

use str0m::Input;
use str0m::format::Codec;
use str0m::media::Pt;
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, Ssrc};
use visit::Source;

use crate::command::{CloseCode, SfuEvent};
use crate::forward::VideoMeta;
use crate::peer::{Drained, Peer, PeerKey, SlotPhase};
use crate::shard::{Shard, guarded};

/// Most passes over changed transports in one flush. Each pass can change others (a keyframe
/// request goes back to a publisher), but never in a circle of this length.
const MAX_PASSES: usize = 8;

/// A newcomer is shown kept pictures only if the path carries them in this part of a second.
const REPLAY_SHARE: u64 = 4;

/// A packet that waits for its viewers.
#[derive(Clone)]
pub(crate) struct Inbound {
    pub from: PeerKey,
    pub source: Source,
    pub layer: usize,
    pub ssrc: Ssrc,
    pub pt: Pt,
    pub marker: bool,
    /// Extended sequence number.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    pub arrived: Instant,
    /// Those that mean the same to viewers.
    pub extensions: ExtensionValues,
    pub payload: Arc<[u8]>,
    pub meta: VideoMeta,
}

/// What became of a packet at one viewer.
enum Fate {
    Sent,
    /// Sent, and with it the viewer was switched to this layer.
    Switched,
    Skipped,
}

impl Shard {
    /// Writes the packets of the batch to their viewers and drains every changed transport. After
    /// it, poll datagrams, events and the timeout.
    pub fn flush(&mut self, now: Instant) {
        for _ in 0..MAX_PASSES {
            self.forward_batch(now);
            if self.dirty.is_empty() {
                break;
            }
            for key in std::mem::take(&mut self.dirty) {
                self.drain(now, key);
            }
        }
        // Whatever is left is due now and comes up at the next timeout.
        for key in std::mem::take(&mut self.dirty) {
            if let Some(peer) = self.peers.get_mut(key) {
                peer.dirty = false;
                peer.rtc_deadline = now;
                self.arm(key);
            }
        }
    }

    fn drain(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.dirty = false;
        let (changed, written) =
            (std::mem::take(&mut peer.changed), std::mem::take(&mut peer.written));
        let at = peer.advance(now);
        let (transmits, drained) = (&mut self.transmits, &mut self.scratch);
        let done = guarded(|| {
            // Where packets were written and nothing else happened, the short way is enough.
            let whole = changed || (written && !peer.rtc.flush_rtp(at));
            if whole && peer.input(Input::Timeout(at)).is_err() {
                drained.errors += 1;
            }
            peer.drain(transmits, drained);
        });
        match done {
            Some(()) => {
                self.arm(key);
                self.after_drain(at, key);
            }
            None => self.panicked(now, key),
        }
    }

    /// Works off what the last drain of `key` left in the scratch.
    pub(crate) fn after_drain(&mut self, now: Instant, key: PeerKey) {
        self.stats.input_errors += u64::from(self.scratch.errors);
        self.scratch.errors = 0;
        if !self.scratch.packets.is_empty() {
            let mut packets = std::mem::take(&mut self.scratch.packets);
            for packet in packets.drain(..) {
                self.ingest(now, key, packet);
            }
            self.scratch.packets = packets;
        }
        let Drained { keyframe_requests, stats, connected, closed_by_client, estimate, .. } =
            &mut self.scratch;
        let (requests, stats) = (std::mem::take(keyframe_requests), stats.take());
        let (connected, closed) = (std::mem::take(connected), std::mem::take(closed_by_client));
        let estimate = std::mem::take(estimate);

        for mid in requests {
            self.viewer_asks_keyframe(now, key, mid);
        }
        if let Some(stats) = stats {
            self.report_quality(now, key, &stats);
        }
        if connected {
            self.on_connected(now, key);
        }
        if estimate {
            self.allocate(now, key);
        }
        let Some(peer) = self.peers.get(key) else { return };
        if closed {
            self.close_and_settle(now, key, CloseCode::ClosedByClient);
        } else if !peer.rtc.is_alive() {
            self.close_and_settle(now, key, CloseCode::Handshake);
        }
    }

    fn on_connected(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        // An ICE restart does not connect anew, but be sure to say it once.
        if !std::mem::replace(&mut peer.connected, true) {
            self.events.push_back(SfuEvent::Connected {
                visit: peer.visit,
                seat: peer.seat,
                transport: peer.transport,
            });
        }
        self.allocate(now, key);
    }

    /// One received packet: counted, judged, put into the batch.
    fn ingest(&mut self, now: Instant, key: PeerKey, packet: RtpPacket) {
        self.stats.packets_in += 1;
        let Some(peer) = self.peers.get_mut(key) else { return };
        if let Some(number) = packet.header.ext_vals.transport_cc {
            peer.wrap_guard.took(number);
        }
        let Some((source, layer)) = peer.identify(packet.header.ssrc) else { return };
        if peer.muted.has(source) {
            self.stats.packets_muted += 1;
            return;
        }
        let codec = peer
            .rtc
            .codec_config()
            .find(|p| p.pt() == packet.header.payload_type)
            .map(|p| p.spec().codec);
        let meta = match codec {
            Some(Codec::Vp8) => VideoMeta::vp8(&packet.payload),
            Some(Codec::H264) => VideoMeta::h264(&packet.payload),
            Some(Codec::Opus) => VideoMeta::default(),
            _ => return,
        };
        let (visit, seat, transport) = (peer.visit, peer.seat, peer.transport);
        let publication = peer.publication(source);
        if publication.first_packet.is_none() {
            publication.first_packet = Some(now);
            self.events.push_back(SfuEvent::FirstMedia { visit, seat, transport, source });
        }
        let state = &mut publication.layers[layer];
        let was_live = state.last_packet.is_some();
        state.count(now, packet.payload.len() + 40);
        if meta.keyframe {
            self.stats.keyframes += 1;
            state.gate.arrived();
            state.size_px = meta.size_px.or(state.size_px);
        }
        let fresh: Vec<PeerKey> = if was_live || source == Source::Mic {
            Vec::new()
        } else {
            publication.viewers.iter().map(|(v, _)| *v).collect()
        };
        if let (Source::Mic, Some(level)) = (source, packet.header.ext_vals.audio_level)
            && let Some(room) = self.rooms.get_mut(&visit)
        {
            room.speaker.heard(now, seat, level);
        }
        self.batch.push(Inbound {
            from: key,
            source,
            layer,
            ssrc: packet.header.ssrc,
            pt: packet.header.payload_type,
            marker: packet.header.marker,
            seq: *packet.seq_no,
            timestamp: packet.header.timestamp,
            arrived: packet.timestamp,
            extensions: kept_extensions(&packet.header.ext_vals),
            payload: packet.payload,
            meta,
        });
        // A layer that just came to life may be what somebody waits for. Its first packet is a
        // keyframe, and the choice is made before the batch is forwarded.
        for viewer in fresh {
            self.allocate(now, viewer);
        }
    }

    fn forward_batch(&mut self, now: Instant) {
        if self.batch.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        let mut failed = Vec::new();
        for item in &batch {
            let Some(from) = self.peers.get_mut(item.from) else { continue };
            let viewers = std::mem::take(&mut from.publication(item.source).viewers);
            for (viewer, index) in &viewers {
                let Some(peer) = self.peers.get_mut(*viewer) else { continue };
                match guarded(|| forward(peer, *index, item)) {
                    Some(Fate::Skipped) => continue,
                    Some(Fate::Switched) => self.stats.layer_switches += 1,
                    Some(Fate::Sent) => {}
                    None => {
                        failed.push(*viewer);
                        continue;
                    }
                }
                self.stats.packets_forwarded += 1;
                peer.written = true;
                self.mark(*viewer, false);
            }
            if let Some(from) = self.peers.get_mut(item.from) {
                let publication = from.publication(item.source);
                publication.viewers = viewers;
                if item.source != Source::Mic {
                    publication.layers[item.layer].recent.note(now, item);
                }
            }
        }
        batch.clear();
        // Keeps the allocation; nothing was added meanwhile.
        self.batch = batch;
        for key in failed {
            self.panicked(now, key);
        }
    }

    /// Shows a viewer what the wanted layer brought since its last keyframe, when that is fresh.
    /// False: a keyframe has to be asked for. Call it between batches only: what waits in the
    /// batch comes after the group.
    pub(crate) fn replay(
        &mut self,
        now: Instant,
        viewer: PeerKey,
        index: usize,
        (feeder, source, layer): (PeerKey, Source, usize),
    ) -> bool {
        let Some(peer) = self.peers.get(viewer) else { return false };
        let (joined, most_bytes) = (peer.joined, peer.estimate_bps / 8 / REPLAY_SHARE);
        let Some(from) = self.peers.get_mut(feeder) else { return false };
        let Some(state) = from.publication(source).layers.get(layer) else { return false };
        let group = state.recent.replay(now, joined, most_bytes);
        let Some(peer) = self.peers.get_mut(viewer) else { return false };
        let mut shown = false;
        for item in &group {
            match guarded(|| forward(peer, index, item)) {
                Some(Fate::Skipped) => {}
                Some(Fate::Switched | Fate::Sent) => shown = true,
                // The caller goes on with this viewer; it ends at its next drain.
                None => return false,
            }
        }
        if shown {
            self.stats.replays += 1;
            peer.written = true;
            self.mark(viewer, false);
        }
        shown
    }

    fn viewer_asks_keyframe(&mut self, now: Instant, viewer: PeerKey, mid: str0m::media::Mid) {
        let Some(peer) = self.peers.get(viewer) else { return };
        let Some(slot) = peer.slots.iter().find(|s| s.mid == mid) else { return };
        let (Some((_, source)), Some(feeder)) = (slot.owner, slot.feeder) else { return };
        if let Some(layer) = slot.current.or(slot.target) {
            self.want_keyframe(now, feeder, source, layer);
        }
    }

    /// Asks a publisher for a keyframe, unless one was asked for just now.
    pub(crate) fn want_keyframe(
        &mut self,
        now: Instant,
        key: PeerKey,
        source: Source,
        layer: usize,
    ) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(state) = peer.publication(source).layers.get_mut(layer) else { return };
        if state.gate.request(now) {
            self.send_keyframe_request(now, key, source, layer);
        }
    }

    pub(crate) fn send_keyframe_request(
        &mut self,
        now: Instant,
        key: PeerKey,
        source: Source,
        layer: usize,
    ) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        match guarded(|| peer.ask_keyframe(source, layer)) {
            Some(true) => {
                self.stats.keyframe_requests += 1;
                self.touch(key);
            }
            // The layer was not seen yet: it will begin with a keyframe.
            Some(false) => {}
            None => self.panicked(now, key),
        }
    }
}

/// Writes one packet to one viewer's m-line.
fn forward(viewer: &mut Peer, index: usize, item: &Inbound) -> Fate {
    let Some(slot) = viewer.slots.get_mut(index) else { return Fate::Skipped };
    let (Some(ssrc), SlotPhase::Live) = (slot.ssrc, slot.phase) else { return Fate::Skipped };
    if slot.feeder != Some(item.from) || !slot.pts.contains(&item.pt) {
        return Fate::Skipped;
    }
    let mut fate = Fate::Sent;
    if slot.audio {
        if slot.feed_ssrc != Some(item.ssrc) {
            slot.feed_ssrc = Some(item.ssrc);
            slot.rewriter.change_feed();
        }
    } else if slot.current != Some(item.layer) || slot.feed_ssrc != Some(item.ssrc) {
        // Another layer, or the same layer of a sender that started anew: only with a keyframe,
        // and only if it is the one we want.
        if slot.target != Some(item.layer) || !item.meta.keyframe {
            return Fate::Skipped;
        }
        slot.current = Some(item.layer);
        slot.feed_ssrc = Some(item.ssrc);
        slot.rewriter.change_feed();
        fate = Fate::Switched;
    }
    let vp8 = item.meta.vp8.as_ref();
    let out = slot.rewriter.rewrite(item.arrived, item.seq, item.timestamp, vp8);
    let Some(out) = out else { return Fate::Skipped };

    let mut write =
        RtpWrite::new(item.pt, out.seq.into(), out.timestamp, item.arrived, item.payload.clone())
            .marker(item.marker)
            .nackable(!slot.audio)
            .ext_vals(item.extensions.clone());
    if let Some(patch) = out.patch {
        write = write.vp8_patch(patch);
    }
    match viewer.rtc.direct_api().stream_tx(&ssrc) {
        Some(stream) => {
            stream.write_rtp(write);
            fate
        }
        None => Fate::Skipped,
    }
}

/// Header extensions that mean the same to the viewer. The rest belongs to the hop it came over.
fn kept_extensions(from: &ExtensionValues) -> ExtensionValues {
    ExtensionValues {
        audio_level: from.audio_level,
        voice_activity: from.voice_activity,
        video_orientation: from.video_orientation,
        abs_capture_time: from.abs_capture_time,
        ..ExtensionValues::default()
    }
}
