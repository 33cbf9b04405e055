use std::time::Duration;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A VP8 packet with a 15-bit picture id, TL0PICIDX and KEYIDX (RFC 7741 §4.2).
fn vp8_payload(picture_id: u16, tl0: u8, key_idx: u8, keyframe: bool) -> Vec<u8> {
    let id = 0x8000 | (picture_id & 0x7fff);
    let mut p = vec![0x90, 0xf0, (id >> 8) as u8, id as u8, tl0, key_idx & 0x1f];
    p.extend([u8::from(!keyframe), 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]);
    p
}

#[test]
fn a_change_of_feed_leaves_no_gap_and_time_goes_on() {
    let t = Instant::now();
    let mut r = Rewriter::new(90_000, 0);
    let a = r.rewrite(t, 70_000, 1_000, None).expect("first");
    let b = r.rewrite(t + MS * 33, 70_001, 3_970, None).expect("second");
    assert_eq!((a.seq, b.seq), (1, 2));
    assert_eq!(b.timestamp - a.timestamp, 2_970);
    r.change_feed();
    let c = r.rewrite(t + MS * 66, 5, 4_000_000_000, None).expect("other layer");
    assert_eq!(c.seq, 3);
    assert_eq!(c.timestamp - b.timestamp, 2_970);
}

#[test]
fn loss_inside_a_feed_stays_visible_and_late_packets_find_their_place() {
    let t = Instant::now();
    let mut r = Rewriter::new(90_000, 99);
    let first = r.rewrite(t, 10, 0, None).expect("in order").seq;
    assert_eq!(r.rewrite(t, 13, 0, None).expect("after a gap").seq, first + 3);
    assert_eq!(r.rewrite(t, 11, 0, None).expect("late").seq, first + 1);
    assert!(r.rewrite(t, 9, 0, None).is_none(), "from before the feed");
    r.change_feed();
    assert_eq!(r.rewrite(t, 100, 0, None).expect("new feed").seq, first + 4);
    assert!(r.rewrite(t, 99, 0, None).is_none());
}

#[test]
fn a_jump_of_a_restarted_sender_is_no_loss() {
    let t = Instant::now();
    let mut r = Rewriter::new(48_000, 7);
    let a = r.rewrite(t, 10, 0, None).expect("first").seq;
    assert_eq!(r.rewrite(t, 50_000, 0, None).expect("restarted").seq, a + 1);
}

#[test]
fn picture_ids_go_on_by_one_across_feeds_and_wrap() {
    let t = Instant::now();
    // The stream's picture id starts at 0x7ffe, its TL0PICIDX at 254, its KEYIDX at 30.
    let mut r = Rewriter::new(90_000, (30 << 40) | (254 << 32) | (0x7ffe << 16));
    let feeds = [(100, 3, 1), (0x7fff, 255, 31), (0, 0, 0)];
    let expected = [(0x7fff, 255, 31), (0, 0, 0), (1, 1, 1)];
    for ((id, tl0, key), (out_id, out_tl0, out_key)) in feeds.into_iter().zip(expected) {
        r.change_feed();
        let payload = vp8_payload(id, tl0, key, true);
        let d = Vp8Descriptor::parse(&payload).expect("made here");
        let out = r.rewrite(t, 5, 0, Some(&d)).expect("sent");
        let patch = d.patch().picture_id(out_id).tl0_pic_idx(out_tl0).key_idx(out_key);
        assert_eq!(out.patch, patch.build().ok());
    }
}

#[test]
fn keyframes_are_recognised() {
    let key = VideoMeta::vp8(&vp8_payload(1, 1, 1, true));
    assert!(key.keyframe);
    assert_eq!(key.size_px, Some((640, 360)));
    assert!(!VideoMeta::vp8(&vp8_payload(1, 1, 1, false)).keyframe);
    for (payload, keyframe) in [
        (&[0x67u8, 1, 2][..], true),
        (&[0x65, 1], true),
        (&[0x61, 1], false),
        (&[0x78, 0, 2, 0x67, 0, 0, 1, 0x68], true),
        (&[0x78, 0, 1, 0x61, 0, 1, 0x61], false),
        (&[0x78, 0, 200, 0x61], false),
        (&[0x7c, 0x85, 0], true),
        (&[0x7c, 0x05, 0], false),
        (&[0x7c], false),
        (&[], false),
    ] {
        assert_eq!(VideoMeta::h264(payload).keyframe, keyframe, "{payload:x?}");
    }
}

proptest! {
    /// Any bytes: nothing panics and no patch is larger than the packet.
    #[test]
    fn any_payload_is_read_without_harm(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = VideoMeta::h264(&payload);
        let meta = VideoMeta::vp8(&payload);
        let mut r = Rewriter::new(90_000, 1);
        let _ = r.rewrite(Instant::now(), 1, 1, meta.vp8.as_ref());
    }

    /// Feeds of any start, with loss and reordering by neighbours: the outgoing numbers are unique,
    /// never smaller than the first, and have exactly the gaps that the feeds had.
    #[test]
    fn the_stream_is_continuous(
        seed in any::<u64>(),
        feeds in proptest::collection::vec((0u64..1 << 40, any::<u32>(), proptest::collection::vec((0u8..10, any::<bool>()), 1..60)), 1..8),
    ) {
        let t = Instant::now();
        let mut r = Rewriter::new(90_000, seed);
        let (mut seen, mut expected_top, mut now) = (std::collections::HashSet::new(), seed & 0x7fff, t);
        let mut newest: Option<u32> = None;
        for (start, ts, steps) in feeds {
            r.change_feed();
            let mut order = vec![];
            let mut seq = start;
            for (loss, swap) in &steps {
                order.push(seq);
                if *swap && order.len() > 2 {
                    let n = order.len();
                    order.swap(n - 1, n - 2);
                }
                seq += 1 + u64::from(*loss / 8);
            }
            let (first, top) = (order[0], order.iter().copied().max().unwrap_or(start));
            for seq in order {
                now += MS * 5;
                let timestamp = ts.wrapping_add((seq - start) as u32 * 450);
                let out = r.rewrite(now, seq, timestamp, None);
                if seq < first {
                    prop_assert!(out.is_none());
                    continue;
                }
                let out = out.expect("not older than its feed");
                prop_assert!(seen.insert(out.seq), "{} twice", out.seq);
                prop_assert_eq!(out.seq, expected_top + 1 + (seq - first));
                if let Some(before) = newest {
                    // Never far back and never far ahead of the time that passed.
                    let moved = out.timestamp.wrapping_sub(before) as i32;
                    prop_assert!((-90_000..90_000).contains(&moved), "moved {moved}");
                }
                newest = Some(newest.map_or(out.timestamp, |b| {
                    if (out.timestamp.wrapping_sub(b) as i32) > 0 { out.timestamp } else { b }
                }));
            }
            expected_top += 1 + (top - first);
        }
    }
}
