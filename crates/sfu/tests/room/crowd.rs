//! Many people in one visit, and how soon a newcomer sees something.

use sfu::{Command, SfuEvent, Sources, Tile};
use visit::Source;

use crate::common::{Net, ms, seat, visit};

/// What a page with twelve people asks for: the speaker large, the rest small.
fn speaker_view(net: &mut Net, me: u8, speaker: u8) {
    let tiles = (1..=12)
        .filter(|n| *n != me)
        .map(|n| {
            let (width_px, height_px) = if n == speaker { (1280, 720) } else { (160, 90) };
            Tile { seat: seat(n), source: Source::Camera, width_px, height_px, pinned: false }
        })
        .collect();
    let transport = net.client(me).transport;
    net.command(Command::View { visit: visit(), transport, tiles });
}

#[test]
fn twelve_people_hear_everybody_and_see_who_speaks() {
    let mut net = Net::new(50);
    net.call(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for speaker in [3, 9] {
        for n in 1..=12 {
            net.client(n).level_dbov = if n == speaker { -25 } else { -80 };
        }
        let judged = net.wait(ms(5_000), |net| {
            let last = net.log.iter().rev().find_map(|(_, e)| match e {
                SfuEvent::ActiveSpeaker { seat, .. } => Some(*seat),
                _ => None,
            });
            last == Some(Some(seat(speaker)))
        });
        assert!(judged, "{speaker} is the active speaker");
        for me in 1..=12 {
            speaker_view(&mut net, me, speaker);
        }
        net.run(ms(12_000));
        let t = net.now;
        net.run(ms(2_000));
        for me in 1..=12 {
            for other in (1..=12).filter(|o| *o != me) {
                let sound = net.client(me).got(seat(other), Source::Mic, t).len();
                assert!(sound > 95, "{me} hears {other}: {sound} packets");
                let video = net.client(me).got(seat(other), Source::Camera, t);
                assert!(video.len() > 40, "{me} sees {other}: {} packets", video.len());
                assert!(video.iter().all(|p| p.from == other));
                if other == speaker {
                    let top = video.iter().map(|p| p.layer).max();
                    assert!(top > Some(0), "{me} sees the speaker larger than the rest");
                }
            }
        }
    }
}

/// Time from connecting to the first picture of `other`, for a client that is there.
fn first_picture(net: &mut Net, me: u8, other: u8) -> std::time::Duration {
    let since = net.start;
    let seen = net
        .wait(ms(3_000), |net| !net.client(me).got(seat(other), Source::Camera, since).is_empty());
    assert!(seen, "{me} never saw {other}");
    let transport = net.client(me).transport;
    let connected = net.log.iter().find_map(|(at, e)| match e {
        SfuEvent::Connected { transport: t, .. } if *t == transport => Some(since + *at),
        _ => None,
    });
    let first = net.client(me).got(seat(other), Source::Camera, since)[0].at;
    first.saturating_duration_since(connected.expect("connected"))
}

#[test]
fn a_newcomer_sees_a_picture_within_300_ms_of_connecting() {
    let mut net = Net::new(51);
    net.call(&[1, 2]);
    net.run(ms(3_000));
    // One after the other at all distances, so that some come while a keyframe is too young for
    // another to be asked for.
    for (n, gap) in [(3, 0), (4, 90), (5, 170), (6, 260), (7, 430), (8, 50)] {
        net.run(ms(gap));
        // They only look: a new path is trusted with two pictures, not with seven and their sound.
        net.join_with(n, Sources::ALL, Sources::ALL);
    }
    for n in 3..=8 {
        for other in [1, 2] {
            let took = first_picture(&mut net, n, other);
            assert!(took <= ms(300), "{n} saw {other} after {took:?}");
        }
    }
    assert!(net.shard.stats().replays > 0, "somebody was served from what was kept");
    // Nobody was shown anything from before they came, and every picture is whole.
    for n in 3..=8 {
        let since = net.client(n).since;
        for other in [1, 2] {
            let c = net.client(n);
            let mut got: Vec<_> = c.got(seat(other), Source::Camera, since).into_iter().collect();
            assert!(got[0].keyframe);
            got.sort_by_key(|p| p.seq);
            assert!(got.windows(2).all(|w| w[1].seq == w[0].seq + 1));
            let later = |a: u32, b: u32| b.wrapping_sub(a) < 1 << 31;
            assert!(got.windows(2).all(|w| later(w[0].timestamp, w[1].timestamp)));
        }
    }
}

#[test]
fn what_was_sent_before_a_mute_is_shown_to_nobody_after_it() {
    let mut net = Net::new(52);
    net.call(&[1, 2]);
    net.run(ms(3_000));
    // A keyframe is fresh when the camera goes off; somebody comes right after.
    net.join(3);
    assert!(net.wait(ms(3_000), |net| net.connected() == 3));
    let since = net.start;
    assert!(
        net.wait(ms(3_000), |net| !net.client(3).got(seat(1), Source::Camera, since).is_empty())
    );
    net.join(4);
    net.command(Command::SetMuted {
        visit: visit(),
        seat: seat(1),
        source: Source::Camera,
        muted: true,
    });
    net.run(ms(3_000));
    assert_eq!(net.connected(), 4);
    assert!(net.client(4).got(seat(1), Source::Camera, since).is_empty());
    assert!(!net.client(4).got(seat(2), Source::Camera, since).is_empty());
}
