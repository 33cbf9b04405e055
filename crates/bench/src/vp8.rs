//! VP8 over RTP (RFC 7741): frames into packets, packets into frames.
//!
//! Never looks into a picture beyond its first byte, and never waits: a frame is whole or it is not.

use std::collections::VecDeque;

use str0m::rtp::Vp8Descriptor;

/// Most bytes of an RTP payload that this sender makes, descriptor included. With RTP header,
/// extensions and the SRTP tag the datagram stays below 1,200 bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1_120;

/// Bytes of the payload descriptor that [`packetize`] writes.
pub const DESCRIPTOR_BYTES: usize = 4;

/// Cuts a frame into RTP payloads of nearly equal size, at most `max_bytes` each (at least 16), and
/// hands each with whether it is the last. `picture_id` counts frames; its low 15 bits are sent.
/// The payload handed out is lent: whoever keeps it copies it, changed or not.
pub fn packetize(
    frame: &[u8],
    picture_id: u16,
    max_bytes: usize,
    mut emit: impl FnMut(&mut [u8], bool),
) {
    let room = max_bytes.max(16) - DESCRIPTOR_BYTES;
    let count = frame.len().div_ceil(room).max(1);
    // Equal parts: a tiny last packet costs as much to forward as a full one.
    let part = frame.len().div_ceil(count).max(1);
    let mut parts = frame.chunks(part).enumerate().peekable();
    let mut payload = Vec::with_capacity(DESCRIPTOR_BYTES + part);
    while let Some((n, bytes)) = parts.next() {
        payload.clear();
        // X and, on the first packet, S; then I: a 15-bit picture id follows (RFC 7741 §4.2).
        payload.push(0x80 | if n == 0 { 0x10 } else { 0 });
        payload.push(0x80);
        payload.extend((picture_id | 0x8000).to_be_bytes());
        payload.extend(bytes);
        emit(&mut payload, parts.peek().is_none());
    }
}

/// How many frames may be under way at once before the oldest is given up.
const MAX_OPEN_FRAMES: usize = 16;

/// A frame that became whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeFrame {
    /// RTP time stamp, 90 kHz.
    pub timestamp: u32,
    /// Bytes of VP8 in it.
    pub bytes: usize,
    /// Whether it can be decoded on its own.
    pub keyframe: bool,
}

#[derive(Default)]
struct OpenFrame {
    first: Option<u64>,
    last: Option<u64>,
    packets: u64,
    bytes: usize,
    keyframe: bool,
}

/// Counts the packets of frames together and says when one is whole. Packets may come in any order;
/// each sequence number must be given once.
#[derive(Default)]
pub struct FrameAssembler {
    /// By time stamp; the oldest arrival is in front.
    open: VecDeque<(u32, OpenFrame)>,
}

impl FrameAssembler {
    /// Takes a packet: extended sequence number, RTP time stamp, marker bit and payload. Answers
    /// with the frame that it completes, if it does. A payload that is not VP8 counts for nothing.
    pub fn push(
        &mut self,
        seq: u64,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Option<WholeFrame> {
        let descriptor = Vp8Descriptor::parse(payload).ok()?;
        let start = payload[0] & 0x10 != 0 && payload[0] & 0x07 == 0;

        let at = self.open.iter().position(|(t, _)| *t == timestamp).unwrap_or_else(|| {
            self.open.push_back((timestamp, OpenFrame::default()));
            self.open.len() - 1
        });
        let (_, frame) = self.open.get_mut(at)?;
        frame.packets += 1;
        frame.bytes += payload.len() - descriptor_bytes(payload);
        if start {
            frame.first = Some(seq);
            frame.keyframe = descriptor.starts_keyframe(payload);
        }
        if marker {
            frame.last = Some(seq);
        }
        let span = frame.first.zip(frame.last).and_then(|(first, last)| last.checked_sub(first));
        if span.is_some_and(|span| span + 1 == frame.packets) {
            let frame = WholeFrame { timestamp, bytes: frame.bytes, keyframe: frame.keyframe };
            self.open.remove(at);
            return Some(frame);
        }
        if self.open.len() > MAX_OPEN_FRAMES {
            self.open.pop_front();
        }
        None
    }
}

/// Length of the payload descriptor (RFC 7741 §4.2). The payload was parsed before, so the length
/// is within it.
fn descriptor_bytes(payload: &[u8]) -> usize {
    if payload[0] & 0x80 == 0 {
        return 1;
    }
    let extension = payload[1];
    let mut length = 2;
    if extension & 0x80 != 0 {
        length += if payload[2] & 0x80 != 0 { 2 } else { 1 };
    }
    if extension & 0x40 != 0 {
        length += 1;
    }
    if extension & 0x30 != 0 {
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(frame: &[u8], max: usize) -> Vec<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        packetize(frame, 0x1234, max, |payload, last| out.push((payload.to_vec(), last)));
        out
    }

    #[test]
    fn a_frame_survives_being_cut_and_put_together_in_any_order() {
        for length in [1, 15, 16, 17, 1_000, 1_116, 1_117, 5_000] {
            let frame: Vec<u8> = (0..length).map(|i| (i * 7) as u8 & 0xfe).collect();
            let cut = packets(&frame, MAX_PAYLOAD_BYTES);
            assert!(cut.iter().all(|(p, _)| p.len() <= MAX_PAYLOAD_BYTES), "{length}");
            let joined: Vec<u8> =
                cut.iter().flat_map(|(p, _)| p[DESCRIPTOR_BYTES..].to_vec()).collect();
            assert_eq!(joined, frame);
            assert_eq!(cut.iter().filter(|(_, last)| *last).count(), 1);

            let mut assembler = FrameAssembler::default();
            let mut whole = Vec::new();
            for (n, (payload, last)) in cut.iter().enumerate().rev() {
                whole.extend(assembler.push(70_000 + n as u64, 9, *last, payload));
            }
            assert_eq!(whole, [WholeFrame { timestamp: 9, bytes: length, keyframe: true }]);
        }
    }

    #[test]
    fn packets_carry_a_picture_id_and_mark_the_start() {
        let cut = packets(&[1; 40], 24);
        for (n, (payload, _)) in cut.iter().enumerate() {
            let descriptor = Vp8Descriptor::parse(payload).unwrap();
            assert_eq!(descriptor.picture_id(), Some(0x1234));
            assert_eq!(payload[0] & 0x10 != 0, n == 0);
            assert!(!descriptor.starts_keyframe(payload));
        }
        assert_eq!(cut.len(), 2);
    }

    #[test]
    fn a_frame_with_a_hole_is_never_whole() {
        let cut = packets(&[2; 4_000], 1_000);
        for missing in 0..cut.len() {
            let mut assembler = FrameAssembler::default();
            for (n, (payload, last)) in cut.iter().enumerate().filter(|(n, _)| *n != missing) {
                assert_eq!(assembler.push(n as u64, 1, *last, payload), None);
            }
        }
    }

    #[test]
    fn broken_frames_do_not_pile_up_and_garbage_counts_for_nothing() {
        let cut = packets(&[2; 40], 24);
        let mut assembler = FrameAssembler::default();
        for t in 0..1_000 {
            assert_eq!(assembler.push(u64::from(t) * 2, t, false, &cut[0].0), None);
        }
        assert!(assembler.open.len() <= MAX_OPEN_FRAMES);
        for garbage in [&[][..], &[0x80], &[0x80, 0x80], &[0x90, 0xc0, 1, 2]] {
            assert_eq!(assembler.push(5_000, 1, true, garbage), None);
        }
    }
}
