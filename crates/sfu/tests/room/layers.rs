//! Which layer a viewer gets: by tile, by bandwidth, with throttled keyframe requests.

use sfu::{Command, SfuEvent, Tile};
use visit::{Pictures, Source};

use crate::common::{Net, ms, seat, visit};

fn tile(n: u8, width_px: u16, height_px: u16) -> Tile {
    Tile { seat: seat(n), source: Source::Camera, width_px, height_px, pinned: false }
}

fn view(net: &mut Net, n: u8, tiles: Vec<Tile>) {
    let transport = net.client(n).transport;
    net.command(Command::View { visit: visit(), transport, tiles });
}

/// The layers that `me` got of `other` since `t`.
fn layers(net: &mut Net, me: u8, other: u8, t: std::time::Instant) -> Vec<usize> {
    let mut l: Vec<usize> =
        net.client(me).got(seat(other), Source::Camera, t).iter().map(|p| p.layer).collect();
    l.dedup();
    l
}

#[test]
fn the_tile_chooses_the_layer() {
    let mut net = Net::new(30);
    let start = net.start;
    net.call(&[1, 2]);
    for (size, layer) in [((160, 90), 0), ((1280, 720), 2), ((640, 360), 1), ((320, 180), 0)] {
        view(&mut net, 1, vec![tile(2, size.0, size.1)]);
        assert!(
            net.wait(ms(6_000), |net| {
                let last = net.client(1).received.iter().rev().find(|p| p.source == Source::Camera);
                last.is_some_and(|p| p.layer == layer)
            }),
            "layer {layer}"
        );
        // The last of the old layer may have come in the same instant.
        net.run(ms(1));
        let t = net.now;
        net.run(ms(1_000));
        assert_eq!(layers(&mut net, 1, 2, t), [layer]);
    }
    // Each change of layer came with a keyframe.
    let c = net.client(1);
    let video = c.got(seat(2), Source::Camera, start);
    for w in video.windows(2) {
        assert!(w[0].layer == w[1].layer || w[1].keyframe);
    }
    let mut seqs: Vec<u64> = video.iter().map(|p| p.seq).collect();
    seqs.sort_unstable();
    assert!(seqs.windows(2).all(|w| w[1] == w[0] + 1), "one unbroken stream over all changes");
}

#[test]
fn what_the_page_does_not_show_is_not_sent() {
    let mut net = Net::new(31);
    net.call(&[1, 2, 3]);
    net.run(ms(1_000));
    view(&mut net, 1, vec![tile(3, 320, 180)]);
    net.run(net.delay + ms(5));
    let t = net.now;
    net.run(ms(1_500));
    assert_eq!(net.client(1).got(seat(2), Source::Camera, t).len(), 0);
    assert!(net.client(1).got(seat(3), Source::Camera, t).len() > 20);
    assert!(net.client(1).got(seat(2), Source::Mic, t).len() > 60, "sound is never left out");
}

#[test]
fn who_chose_sound_gets_no_picture_and_who_chose_small_the_smallest() {
    let mut net = Net::new(35);
    net.call(&[1, 2, 3]);
    let sharing = net.client(3).transport;
    net.command(Command::Share { visit: visit(), transport: sharing, on: true });
    let big = |source| Tile { source, ..tile(3, 1280, 720) };
    view(&mut net, 1, vec![tile(2, 1280, 720), big(Source::Screen)]);
    let top = |net: &mut Net| net.client(1).received.iter().any(|p| p.layer == 2);
    assert!(net.wait(ms(8_000), top), "the whole picture first");
    let transport = net.client(1).transport;
    let choose = |net: &mut Net, pictures| {
        net.command(Command::Pictures { visit: visit(), transport, pictures });
    };

    choose(&mut net, Pictures::Small);
    net.run(ms(1_000));
    let t = net.now;
    net.run(ms(1_500));
    assert_eq!(layers(&mut net, 1, 2, t), [0]);
    let screen = net.client(1).got(seat(3), Source::Screen, t);
    assert!(screen.iter().any(|p| p.layer == 1), "a screen has to be read: it stays as it was");

    let said = net.log.len();
    choose(&mut net, Pictures::None);
    net.run(net.delay + ms(5));
    let t = net.now;
    // What the page asks for does not matter now.
    view(&mut net, 1, vec![tile(2, 1280, 720), tile(3, 1280, 720), big(Source::Screen)]);
    net.run(ms(1_500));
    let got = |net: &mut Net, n, source| net.client(1).got(seat(n), source, t).len();
    for (n, source) in [(2, Source::Camera), (3, Source::Camera), (3, Source::Screen)] {
        assert_eq!(got(&mut net, n, source), 0, "{n} {}", source.as_str());
    }
    assert!(got(&mut net, 2, Source::Mic) > 60, "sound goes on");
    let paused = |e: &SfuEvent| matches!(e, SfuEvent::VideoPaused { viewer, paused: true, .. } if *viewer == seat(1));
    assert!(!net.log[said..].iter().any(|(_, e)| paused(e)), "a choice is no narrow path");

    choose(&mut net, Pictures::Full);
    let t = net.now;
    assert!(net.wait(ms(6_000), |net| layers(net, 1, 2, t).contains(&2)), "back in full");
}

#[test]
fn a_stopped_layer_is_replaced() {
    let mut net = Net::new(32);
    net.call(&[1, 2]);
    view(&mut net, 1, vec![tile(2, 1280, 720)]);
    assert!(
        net.wait(ms(8_000), |net| { net.client(1).received.last().is_some_and(|p| p.layer == 2) })
    );
    net.client(2).layers = 1;
    net.run(ms(3_000));
    let t = net.now;
    net.run(ms(1_000));
    assert_eq!(layers(&mut net, 1, 2, t), [0]);
}

#[test]
fn a_narrow_path_pauses_video_and_keeps_sound() {
    let mut net = Net::new(33);
    net.call(&[1, 2]);
    view(&mut net, 1, vec![tile(2, 1280, 720)]);
    net.run(ms(6_000));
    // The client's path collapses to less than the base layer beside the sound. The other path is
    // narrowed with it, which does not matter here.
    net.downlink_bps = 170_000;
    let paused = |e: &SfuEvent, want: bool| matches!(e, SfuEvent::VideoPaused { viewer, paused, .. } if *viewer == seat(1) && *paused == want);
    assert!(net.wait(ms(20_000), |net| net.log.iter().any(|(_, e)| paused(e, true))), "paused");
    // The queues before the bottleneck run empty first.
    net.run(ms(5_000));
    let t = net.now;
    net.run(ms(2_000));
    assert!(net.client(1).got(seat(2), Source::Mic, t).len() > 90, "sound goes on");
    assert_eq!(net.client(1).got(seat(2), Source::Camera, t).len(), 0);

    net.downlink_bps = 0;
    assert!(net.wait(ms(60_000), |net| net.log.iter().any(|(_, e)| paused(e, false))), "resumed");
    let t = net.now;
    net.run(ms(2_000));
    assert!(!net.client(1).got(seat(2), Source::Camera, t).is_empty());
}

#[test]
fn keyframe_requests_are_merged() {
    let mut net = Net::new(34);
    net.call(&[1, 2, 3, 4]);
    net.run(ms(3_000));
    net.client(1).keyframes_asked.clear();
    let t = net.now;
    // Three viewers ask at once, again and again, for two seconds.
    while net.now < t + ms(2_000) {
        for n in [2, 3, 4] {
            let c = net.client(n);
            let track = c.tracks.iter().find(|t| t.seat == seat(1) && t.source == Source::Camera);
            let mid = track.expect("a camera line").mid.clone();
            c.ask_keyframe(&mid);
        }
        net.run(ms(20));
    }
    let asked = &net.client(1).keyframes_asked;
    // One layer, two seconds, one per 500 ms and the first at once.
    let rid = asked[0].1.clone();
    let of_layer = asked.iter().filter(|a| a.1 == rid).count();
    assert!((3..=6).contains(&of_layer), "{of_layer} requests");
}
