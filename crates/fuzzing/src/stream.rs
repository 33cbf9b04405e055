//! The rewriter: whatever feeds a viewer, the viewer sees one stream.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sfu::fuzzing::Stream;
use str0m::rtp::Vp8Descriptor;

use crate::input::Input;

/// Jump inside a feed that counts as another sender, packets.
const MAX_GAP: u64 = 3_000;
/// The receiver's window is far below; str0m extends 16 bits to at most 48.
const SEQ_SPACE: u64 = 1 << 48;

/// Packets, changes of feed and time, as the input says.
pub fn rewriter(data: &[u8]) {
    let mut input = Input::new(data);
    let random = input.u64();
    let start = Instant::now();
    let mut now = start;
    let mut stream = Stream::new(if random & 1 == 0 { 48_000 } else { 90_000 }, random);
    // The model: the feed's first and highest number, what its first went out as, and the highest
    // number that ever went out.
    let mut feed: Option<(u64, u64, u64)> = None;
    let mut top = random & 0x7fff;
    let mut seen = HashMap::new();
    let mut seq = 0;
    let mut timestamp = 0_u32;
    let mut offset = 0;
    let mut picture_id: Option<u16> = None;
    while !input.is_empty() {
        let what = input.u8();
        match what % 8 {
            0 => {
                stream.change_feed();
                feed = None;
                seen.clear();
                continue;
            }
            1 => seq = input.u64() % SEQ_SPACE,
            2 => seq = (seq + u64::from(input.u16())) % SEQ_SPACE,
            3 => seq = seq.saturating_sub(u64::from(input.u8())),
            4 => timestamp = input.u32(),
            5 => now += Duration::from_micros(u64::from(input.u32())),
            _ => seq += 1,
        }
        let payload = if what & 0x80 == 0 { &[][..] } else { input.take(6) };
        let vp8 = Vp8Descriptor::parse(payload).ok();
        let out = stream.rewrite(now, seq, timestamp, vp8.as_ref());

        if feed.is_some_and(|(_, highest, _)| seq > highest + MAX_GAP) {
            feed = None;
            seen.clear();
        }
        let begins = feed.is_none();
        let (first, highest, first_out) = feed.unwrap_or((seq, seq, top + 1));
        if seq < first {
            assert!(out.is_none(), "older than its feed");
            continue;
        }
        let Some((out_seq, out_timestamp, patch)) = out else { panic!("dropped without reason") };
        assert_eq!(out_seq, first_out + (seq - first), "gaps are kept, and no others are made");
        assert!(begins || out_seq >= first_out);
        if begins {
            assert_eq!(out_seq, top + 1, "no seam");
            offset = out_timestamp.wrapping_sub(timestamp);
        }
        assert_eq!(out_timestamp.wrapping_sub(timestamp), offset, "one offset for a feed");
        assert_eq!(
            *seen.entry(seq).or_insert(out_seq),
            out_seq,
            "the same packet, the same number"
        );
        feed = Some((first, highest.max(seq), first_out));
        top = top.max(out_seq);

        let fields = vp8.map(|d| (d.picture_id(), d.tl0_pic_idx(), d.key_idx()));
        let any = fields
            .is_some_and(|(id, tl0, key)| id.or(tl0.map(u16::from)).is_some() || key.is_some());
        assert_eq!(patch.is_some(), any, "every id is rewritten, and nothing else");
        if let (Some(d), Some((Some(id), None, None))) = (vp8.as_ref(), fields) {
            // A long id goes on by one when the feed changes (RFC 7741 §4.2).
            let long = payload.get(2).is_some_and(|b| b & 0x80 != 0);
            let expected = picture_id.map(|before| before.wrapping_add(1) & 0x7fff);
            if let (true, true, Some(expected)) = (begins, long, expected) {
                assert_eq!(patch, d.patch().picture_id(expected).build().ok(), "{id}");
            }
        }
        picture_id = newest_id(vp8.as_ref(), patch, picture_id, begins);
    }
}

/// The newest long picture id that went out, when it can be told: only the first packet of a feed
/// shows it, since later ones may be late.
fn newest_id(
    vp8: Option<&Vp8Descriptor>,
    patch: Option<str0m::rtp::Vp8Patch>,
    before: Option<u16>,
    begins: bool,
) -> Option<u16> {
    match (vp8, patch) {
        (None, _) | (_, None) => before,
        (Some(d), Some(patch)) if begins && d.tl0_pic_idx().is_none() && d.key_idx().is_none() => {
            // A short id does not show its upper bits.
            d.patch().picture_id(1 << 14).build().ok()?;
            (0..1 << 15).find(|id| d.patch().picture_id(*id).build().ok() == Some(patch))
        }
        _ => None,
    }
}
