//! Rewriting of RTP so that a viewer sees one unbroken stream, whatever feeds it.
//!
//! A viewer's m-line keeps its SSRC while its feed changes: another simulcast layer, a source that
//! was muted for a while, a seat that came back on another transport. Each feed has its own sequence
//! numbers, timestamps and VP8 picture ids. [`Rewriter`] maps them into one stream in which
//! - sequence numbers go on without a gap at a change of feed, and keep the gaps that real loss made
//!   inside a feed (so that the viewer asks for the missing packets),
//! - timestamps go on by the time that really passed,
//! - VP8 picture ids, TL0PICIDX and KEYIDX go on by one (RFC 7741 §4.2 lets a receiver drop a
//!   picture whose id jumps).
//!
//! It never decides which feed to show and never waits: the caller says [`Rewriter::change_feed`].

use std::time::Instant;

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

/// Largest forward jump of a sequence number inside a feed, packets. More than this is a restarted
/// sender, not loss; asking for 3,000 packets again would help nobody.
const MAX_GAP: u64 = 3_000;

/// What an outgoing packet carries instead of what came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// Extended sequence number.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Replacement of the VP8 descriptor fields, if the packet has any to replace.
    pub patch: Option<Vp8Patch>,
}

/// One viewer's m-line. See the module's head.
pub(crate) struct Rewriter {
    clock_hz: u32,
    /// Highest sequence number sent so far; the next feed starts one above.
    top_seq: u64,
    /// Timestamp of the newest frame sent and when it was sent. `None` before the first packet.
    top: Option<(u32, Instant)>,
    vp8: Vp8Ids,
    feed: Option<Feed>,
}

/// How the present feed maps to the outgoing stream.
#[derive(Clone, Copy)]
struct Feed {
    /// Incoming sequence number of its first packet; what is older belongs to before the change.
    first_in: u64,
    /// Highest incoming sequence number.
    top_in: u64,
    /// Outgoing sequence number of `first_in`.
    first_out: u64,
    /// Added to incoming timestamps.
    timestamp_offset: u32,
    /// Added to incoming VP8 ids.
    vp8_offset: Vp8Ids,
}

/// VP8 descriptor counters: values in the outgoing stream, or offsets to it. All wrap:
/// picture id at 15 bits, TL0PICIDX at 8, KEYIDX at 5.
#[derive(Clone, Copy, Default)]
struct Vp8Ids {
    picture_id: u16,
    tl0_pic_idx: u8,
    key_idx: u8,
}

impl Rewriter {
    /// A stream at `clock_hz` whose first sequence number, timestamp and picture id come from
    /// `random`. The first sequence number stays below 2^15: a receiver starts with a rollover
    /// counter of 0 (RFC 3711 §3.3.1) and must not meet a rollover in its first packets.
    pub(crate) fn new(clock_hz: u32, random: u64) -> Self {
        Self {
            clock_hz,
            top_seq: random & 0x7fff,
            top: None,
            vp8: Vp8Ids {
                picture_id: (random >> 16) as u16 & 0x7fff,
                tl0_pic_idx: (random >> 32) as u8,
                key_idx: (random >> 40) as u8 & 0x1f,
            },
            feed: None,
        }
    }

    /// The next packet starts another feed.
    pub(crate) fn change_feed(&mut self) {
        self.feed = None;
    }

    /// Maps one packet. `None`: it is older than the feed, drop it.
    pub(crate) fn rewrite(
        &mut self,
        now: Instant,
        seq: u64,
        timestamp: u32,
        vp8: Option<&Vp8Descriptor>,
    ) -> Option<Rewritten> {
        if self.feed.is_some_and(|f| seq > f.top_in + MAX_GAP) {
            self.feed = None;
        }
        let feed = match self.feed {
            Some(feed) if seq < feed.first_in => return None,
            Some(feed) => feed,
            None => self.start_feed(now, seq, timestamp, vp8),
        };

        let out_seq = feed.first_out + (seq - feed.first_in);
        let out_timestamp = timestamp.wrapping_add(feed.timestamp_offset);
        self.top_seq = self.top_seq.max(out_seq);
        if let Some(f) = &mut self.feed {
            f.top_in = f.top_in.max(seq);
        }
        // Late packets must not move the stream's newest timestamp back.
        if self.top.is_none_or(|(newest, _)| (out_timestamp.wrapping_sub(newest) as i32) >= 0) {
            self.top = Some((out_timestamp, now));
        }
        Some(Rewritten {
            seq: out_seq,
            timestamp: out_timestamp,
            patch: vp8.and_then(|d| self.patch(d, &feed.vp8_offset)),
        })
    }

    fn start_feed(
        &mut self,
        now: Instant,
        seq: u64,
        timestamp: u32,
        vp8: Option<&Vp8Descriptor>,
    ) -> Feed {
        let next_timestamp = match self.top {
            // The very first packet keeps its own random timestamp.
            None => timestamp,
            Some((newest, at)) => {
                let passed_us = u64::try_from(now.saturating_duration_since(at).as_micros())
                    .unwrap_or(u64::MAX);
                let ticks = passed_us.saturating_mul(u64::from(self.clock_hz)) / 1_000_000;
                // At least one tick: two frames must not share a timestamp.
                newest.wrapping_add((ticks as u32).max(1))
            }
        };
        let mut vp8_offset = Vp8Ids::default();
        if let Some(d) = vp8 {
            if let Some(id) = d.picture_id() {
                vp8_offset.picture_id = self.vp8.picture_id.wrapping_add(1).wrapping_sub(id);
            }
            if let Some(idx) = d.tl0_pic_idx() {
                vp8_offset.tl0_pic_idx = self.vp8.tl0_pic_idx.wrapping_add(1).wrapping_sub(idx);
            }
            if let Some(idx) = d.key_idx() {
                vp8_offset.key_idx = self.vp8.key_idx.wrapping_add(1).wrapping_sub(idx);
            }
        }
        let feed = Feed {
            first_in: seq,
            top_in: seq,
            first_out: self.top_seq + 1,
            timestamp_offset: next_timestamp.wrapping_sub(timestamp),
            vp8_offset,
        };
        self.feed = Some(feed);
        feed
    }

    fn patch(&mut self, d: &Vp8Descriptor, offset: &Vp8Ids) -> Option<Vp8Patch> {
        let mut patch = d.patch();
        let mut any = false;
        if let Some(id) = d.picture_id() {
            let mut out = id.wrapping_add(offset.picture_id) & 0x7fff;
            // Ids that go back belong to late packets and do not move the top.
            if out.wrapping_sub(self.vp8.picture_id) & 0x7fff < 0x4000 {
                self.vp8.picture_id = out;
            }
            if patch.picture_id(out).build().is_err() {
                // The sender uses the short form (RFC 7741 §4.2, M = 0): 7 bits.
                out &= 0x7f;
            }
            patch = patch.picture_id(out);
            any = true;
        }
        if let Some(idx) = d.tl0_pic_idx() {
            let out = idx.wrapping_add(offset.tl0_pic_idx);
            if out.wrapping_sub(self.vp8.tl0_pic_idx) < 0x80 {
                self.vp8.tl0_pic_idx = out;
            }
            patch = patch.tl0_pic_idx(out);
            any = true;
        }
        if let Some(idx) = d.key_idx() {
            let out = idx.wrapping_add(offset.key_idx) & 0x1f;
            if out.wrapping_sub(self.vp8.key_idx) & 0x1f < 0x10 {
                self.vp8.key_idx = out;
            }
            patch = patch.key_idx(out);
            any = true;
        }
        any.then(|| patch.build().ok()).flatten()
    }
}

/// What the payload of a video packet tells a forwarder.
#[derive(Clone, Copy, Default)]
pub(crate) struct VideoMeta {
    /// The VP8 descriptor (RFC 7741 §4.2); `None` for other codecs.
    pub vp8: Option<Vp8Descriptor>,
    /// Whether the packet is the first of a keyframe.
    pub keyframe: bool,
    /// Picture size in pixels, when the packet tells.
    pub size_px: Option<(u16, u16)>,
}

impl VideoMeta {
    /// Reads a VP8 payload. A malformed one yields no descriptor and is forwarded untouched:
    /// the viewer's decoder judges it.
    pub(crate) fn vp8(payload: &[u8]) -> Self {
        let Ok(d) = Vp8Descriptor::parse(payload) else { return Self::default() };
        let keyframe = d.starts_keyframe(payload);
        Self { vp8: Some(d), keyframe, size_px: keyframe.then(|| vp8_size(payload)).flatten() }
    }

    /// Reads an H.264 payload (RFC 6184): a keyframe starts with a sequence parameter set or an
    /// IDR slice.
    pub(crate) fn h264(payload: &[u8]) -> Self {
        Self { keyframe: h264_starts_keyframe(payload), ..Self::default() }
    }
}

/// Size in the header of a VP8 keyframe (RFC 6386 §9.1): after the 3-byte frame tag come the start
/// code 9d 01 2a and two 16-bit fields of 14 bits size and 2 bits scale. The descriptor's length is
/// not public, so the start code is looked for where it can be.
fn vp8_size(payload: &[u8]) -> Option<(u16, u16)> {
    let head = payload.get(..payload.len().min(24))?;
    let at = head.windows(3).position(|w| w == [0x9d, 0x01, 0x2a])?;
    let b = payload.get(at + 3..at + 7)?;
    let width = u16::from_le_bytes([b[0], b[1]]) & 0x3fff;
    let height = u16::from_le_bytes([b[2], b[3]]) & 0x3fff;
    (width > 0 && height > 0).then_some((width, height))
}

fn h264_starts_keyframe(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let Some(first) = payload.first() else { return false };
    match first & 0x1f {
        IDR | SPS => true,
        STAP_A => {
            let mut rest = &payload[1..];
            while let [hi, lo, tail @ ..] = rest {
                let len = usize::from(u16::from_be_bytes([*hi, *lo]));
                match tail.first() {
                    Some(nal) if matches!(nal & 0x1f, IDR | SPS) => return true,
                    Some(_) if len > 0 && len <= tail.len() => rest = &tail[len..],
                    _ => return false,
                }
            }
            false
        }
        FU_A => payload.get(1).is_some_and(|fu| fu & 0x80 != 0 && fu & 0x1f == IDR),
        _ => false,
    }
}

#[cfg(test)]
#[path = "forward_tests.rs"]
mod tests;
