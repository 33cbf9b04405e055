//! Who gets what: forwarding, continuity, mute, newcomers, people who leave.

use std::collections::BTreeSet;

use sfu::{CloseCode, Command, SfuEvent, Sources, Tile};
use visit::Source;

use crate::common::client::Received;
use crate::common::{Net, ms, seat, visit};

/// No number twice, no gap larger than what the network lost, never back in time, never ahead by
/// more than the longest mute here.
fn assert_continuous(packets: &[&Received], most_missing: u64) {
    let mut seqs: Vec<u64> = packets.iter().map(|p| p.seq).collect();
    seqs.sort_unstable();
    assert!(seqs.windows(2).all(|w| w[0] != w[1]), "a sequence number twice");
    let span = seqs.last().unwrap_or(&0) - seqs.first().unwrap_or(&0) + 1;
    let missing = span - seqs.len() as u64;
    assert!(missing <= most_missing, "{missing} of {span} missing");
    let mut by_seq: Vec<&&Received> = packets.iter().collect();
    by_seq.sort_by_key(|p| p.seq);
    for w in by_seq.windows(2) {
        let step = w[1].timestamp.wrapping_sub(w[0].timestamp) as i32;
        assert!((0..5 * 90_000).contains(&step), "timestamp moved by {step}");
    }
}

#[test]
fn two_people_hear_and_see_each_other() {
    let mut net = Net::new(10);
    net.call(&[1, 2]);
    let t = net.now;
    net.run(ms(4_000));
    for (me, other) in [(1, 2), (2, 1)] {
        let c = net.client(me);
        let audio = c.got(seat(other), Source::Mic, t);
        assert!(audio.len() > 190, "{} audio packets in 4 s", audio.len());
        assert!(audio.iter().all(|p| p.from == other));
        assert_continuous(&audio, 0);
        let video = c.got(seat(other), Source::Camera, c.received[0].at);
        assert!(video.len() > 95);
        assert!(video[0].keyframe, "the first packet of a picture is a keyframe");
        assert_continuous(&video, 0);
    }
    for source in [Source::Mic, Source::Camera] {
        let first =
            |e: &SfuEvent| matches!(e, SfuEvent::FirstMedia { source: s, .. } if *s == source);
        assert_eq!(net.log.iter().filter(|(_, e)| first(e)).count(), 2);
    }
}

#[test]
fn six_people_all_get_everybody() {
    let mut net = Net::new(11);
    net.call(&[1, 2, 3, 4, 5, 6]);
    // Five pictures at once are more than a new path is trusted with; probing makes room.
    let all = net.wait(ms(5_000), |net| {
        (1..=6).all(|me| {
            let c = net.client(me);
            (1..=6)
                .filter(|o| *o != me)
                .all(|o| !c.got(seat(o), Source::Camera, c.since).is_empty())
        })
    });
    assert!(all, "everybody sees everybody within 5 s");
    net.run(ms(500));
    let t = net.now;
    net.run(ms(2_000));
    for me in 1..=6 {
        for other in (1..=6).filter(|o| *o != me) {
            let c = net.client(me);
            let audio = c.got(seat(other), Source::Mic, t);
            assert!(audio.len() > 95, "{me} hears {other}: {}", audio.len());
            let video = c.got(seat(other), Source::Camera, t);
            assert!(video.len() > 40, "{me} sees {other}: {}", video.len());
            assert!(audio.iter().chain(&video).all(|p| p.from == other));
            assert_continuous(&audio, 0);
            assert_continuous(&video, 0);
        }
        assert!(net.client(me).strays.is_empty());
    }
}

#[test]
fn loss_is_repaired_by_repeats() {
    let mut net = Net::new(12);
    net.loss = 0.03;
    net.call(&[1, 2]);
    // One layer throughout: what is missing before a change of layer is not repaired any more.
    let (width_px, height_px) = (320, 180);
    let tile = Tile { seat: seat(2), source: Source::Camera, width_px, height_px, pinned: false };
    let transport = net.client(1).transport;
    net.command(Command::View { visit: visit(), transport, tiles: vec![tile] });
    net.run(ms(3_000));
    let t = net.now;
    net.run(ms(16_000));
    let seqs = |net: &mut Net| -> BTreeSet<u64> {
        net.client(1).got(seat(2), Source::Camera, t).iter().map(|p| p.seq).collect()
    };
    let last = seqs(&mut net).last().copied().expect("pictures");
    // Repeats of the last ones are still under way.
    net.run(ms(500));
    let came = seqs(&mut net);
    let first = came.first().copied().expect("pictures");
    let span = last - first + 1;
    let missing = span - came.range(first..=last).count() as u64;
    // Two lossy hops of 3 % each: without repeats about 6 % would be missing.
    assert!(span > 350 && missing * 100 <= span, "{missing} of {span} missing");
}

#[test]
fn a_newcomer_starts_with_a_keyframe_within_a_second() {
    let mut net = Net::new(13);
    net.call(&[1, 2]);
    net.run(ms(5_000));
    let t = net.now;
    net.join(3);
    assert!(net.wait(ms(1_000), |net| {
        let c = net.client(3);
        [1, 2].iter().all(|n| !c.got(seat(*n), Source::Camera, t).is_empty())
    }));
    for other in [1, 2] {
        let c = net.client(3);
        assert!(c.got(seat(other), Source::Camera, t)[0].keyframe);
    }
}

#[test]
fn mute_takes_effect_at_the_server() {
    let mut net = Net::new(14);
    let start = net.start;
    net.call(&[1, 2]);
    net.run(ms(1_500));
    for source in [Source::Mic, Source::Camera] {
        net.command(Command::SetMuted { visit: visit(), seat: seat(1), source, muted: true });
    }
    // What is under way arrives; then nothing, although the client goes on sending.
    net.run(net.delay + ms(1));
    let t = net.now;
    let before = net.shard.stats().packets_muted;
    net.run(ms(2_000));
    assert!(net.shard.stats().packets_muted > before + 100, "the client did send");
    assert_eq!(net.client(2).received.iter().filter(|p| p.at >= t && p.from == 1).count(), 0);

    for source in [Source::Mic, Source::Camera] {
        net.command(Command::SetMuted { visit: visit(), seat: seat(1), source, muted: false });
    }
    let t = net.now;
    net.run(ms(1_500));
    let c = net.client(2);
    let video = c.got(seat(1), Source::Camera, t);
    assert!(video.len() > 20 && video[0].keyframe);
    // Over the mute the stream is one: nothing looks lost, nothing is asked again.
    let all = c.got(seat(1), Source::Mic, start);
    assert_continuous(&c.got(seat(1), Source::Camera, start), 0);
    assert_continuous(&all, 0);
}

#[test]
fn who_joins_muted_is_not_heard() {
    let mut net = Net::new(15);
    let start = net.start;
    net.join(1);
    net.join_with(2, Sources::ALL, Sources { mic: true, ..Sources::NONE });
    net.run(ms(3_000));
    let c = net.client(1);
    assert_eq!(c.got(seat(2), Source::Mic, start).len(), 0);
    assert!(!c.got(seat(2), Source::Camera, start).is_empty());
}

#[test]
fn what_a_seat_may_not_send_has_no_line() {
    let mut net = Net::new(16);
    net.join(1);
    net.join_with(2, Sources { mic: true, camera: false, screen: false }, Sources::NONE);
    net.run(ms(2_000));
    let tracks = &net.client(1).tracks;
    assert!(tracks.iter().any(|t| t.seat == seat(2) && t.source == Source::Mic));
    assert!(!tracks.iter().any(|t| t.seat == seat(2) && t.source == Source::Camera));
    assert!(!net.client(2).tracks.iter().any(|t| t.seat == seat(2) && t.source == Source::Camera));
}

#[test]
fn who_is_removed_gets_nothing_after() {
    let mut net = Net::new(17);
    net.call(&[1, 2, 3]);
    net.run(ms(2_000));
    let transport = net.client(3).transport;
    // A faster network than the shard: every datagram sent after `Closed` would be seen.
    net.command(Command::Leave { visit: visit(), transport });
    assert!(net.closed() == [(transport, CloseCode::Left)]);
    net.run(net.delay + ms(1));
    let (datagrams, packets) = (net.client(3).datagrams, net.client(3).received.len());
    net.run(ms(3_000));
    assert_eq!(net.client(3).datagrams - datagrams, 0);
    assert_eq!(net.client(3).received.len() - packets, 0);
    // And nobody hears it, though it goes on sending.
    let t = net.now;
    net.run(ms(1_000));
    assert!(net.client(1).received.iter().all(|p| p.at < t || p.from != 3));
    assert!(net.client(1).got(seat(2), Source::Mic, t).len() > 40);
}

#[test]
fn a_seat_that_joins_again_keeps_its_lines_and_its_streams() {
    let mut net = Net::new(18);
    let start = net.start;
    net.call(&[1, 2]);
    net.run(ms(2_000));
    let old = net.client(2).transport;
    let tracks = net.client(1).tracks.clone();
    let offers = net.shard.stats().offers;
    let t = net.now;
    net.join(2);
    assert!(net.closed() == [(old, CloseCode::Replaced)]);
    net.run(ms(3_000));
    assert_eq!(net.shard.stats().offers, offers + 1, "the viewer needs no new offer");
    assert!(net.client(1).tracks == tracks);
    let c = net.client(1);
    assert!(c.got(seat(2), Source::Mic, t).len() > 100);
    assert_continuous(&c.got(seat(2), Source::Mic, start), 0);
    assert_continuous(&c.got(seat(2), Source::Camera, start), 0);
}

#[test]
fn the_room_has_an_end() {
    let mut net = Net::new(19);
    for n in 1..=17 {
        net.join(n);
    }
    let full: Vec<_> = net.closed();
    assert!(full.len() == 1 && full[0].1 == CloseCode::RoomFull);
}

#[test]
fn the_speaker_is_named() {
    let mut net = Net::new(20);
    net.call(&[1, 2]);
    net.client(1).level_dbov = -90;
    net.client(2).level_dbov = -25;
    assert!(net.wait(ms(2_000), |net| net.log.iter().any(|(_, e)| {
        matches!(e, SfuEvent::ActiveSpeaker { seat: Some(s), .. } if *s == seat(2))
    })));
}
