//! Bad paths: what stays when there is little, late or lossy room. Sound always does.

use std::collections::BTreeSet;
use std::time::Duration;

use sfu::{Command, SfuEvent, Tile};
use visit::Source;

use crate::common::{Net, ms, seat, visit};

/// Two people who look at each other's large picture, settled.
fn call(seed: u64) -> Net {
    let mut net = Net::new(seed);
    net.call(&[1, 2]);
    for (me, other) in [(1, 2), (2, 1)] {
        let tiles = vec![Tile {
            seat: seat(other),
            source: Source::Camera,
            width_px: 1280,
            height_px: 720,
            pinned: false,
        }];
        let transport = net.client(me).transport;
        net.command(Command::View { visit: visit(), transport, tiles });
    }
    net.run(ms(8_000));
    net
}

/// Sound packets per second that 1 hears of 2 over the next `span`, the least of all seconds.
fn least_sound(net: &mut Net, span: Duration) -> usize {
    let mut least = usize::MAX;
    for _ in 0..span.as_secs() {
        let t = net.now;
        net.run(ms(1_000));
        least = least.min(net.client(1).got(seat(2), Source::Mic, t).len());
    }
    least
}

/// Sound packets of 2 that never reached 1, of those 50 in a row that fared worst, over the next
/// `span`. What only came late is not lost.
fn worst_sound_loss(net: &mut Net, span: Duration, change: impl Fn(&mut Net, u64)) -> usize {
    let t = net.now;
    for second in 0..span.as_secs() {
        change(net, second);
        net.run(ms(1_000));
    }
    let came: BTreeSet<u64> =
        net.client(1).got(seat(2), Source::Mic, t).iter().map(|p| p.seq).collect();
    let (first, last) = (came.first().copied(), came.last().copied());
    let (Some(first), Some(last)) = (first, last) else { return 50 };
    assert!(last - first + 50 >= span.as_secs() * 50, "the sound ended");
    (first..=last - 49).map(|from| 50 - came.range(from..from + 50).count()).max().unwrap_or(50)
}

fn layer_changes(net: &mut Net, since: std::time::Instant) -> usize {
    let got = net.client(1).got(seat(2), Source::Camera, since);
    let mut layers: Vec<usize> = got.iter().map(|p| p.layer).collect();
    layers.dedup();
    layers.len().saturating_sub(1)
}

#[test]
fn at_100_kbit_the_sound_is_whole() {
    let mut net = call(60);
    net.downlink_bps = 100_000;
    // The queue before the bottleneck drains first.
    net.run(ms(6_000));
    let lost = worst_sound_loss(&mut net, Duration::from_secs(10), |_, _| ());
    assert!(lost <= 1, "{lost} of 50 sound packets lost in the worst second");
    let paused = |e: &SfuEvent| matches!(e, SfuEvent::VideoPaused { paused: true, .. });
    assert!(net.log.iter().any(|(_, e)| paused(e)), "the page was told why there is no picture");
    net.downlink_bps = 0;
    let t = net.now;
    let back = net.wait(ms(30_000), |net| {
        net.client(1).got(seat(2), Source::Camera, t).iter().any(|p| p.layer == 2)
    });
    assert!(back, "the large picture comes back by itself");
}

#[test]
fn thirty_percent_loss_leaves_the_visit_up_and_sound_as_it_arrives() {
    let mut net = call(61);
    net.loss = 0.3;
    net.run(ms(4_000));
    let t = net.now;
    net.run(ms(20_000));
    let sound = net.client(1).got(seat(2), Source::Mic, t).len();
    // Two hops of 70 % each leave 49 %; nothing more may be lost by us.
    assert!((420..=560).contains(&sound), "{sound} of 1,000 sound packets");
    assert!(net.closed().is_empty());
    net.loss = 0.0;
    net.run(ms(5_000));
    assert!(least_sound(&mut net, Duration::from_secs(3)) >= 49);
}

#[test]
fn half_a_second_of_jitter_loses_no_sound() {
    let mut net = call(62);
    net.jitter = ms(500);
    net.run(ms(3_000));
    let t = net.now;
    net.run(ms(20_000));
    let mut seqs: Vec<u64> =
        net.client(1).got(seat(2), Source::Mic, t).iter().map(|p| p.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let span = seqs[seqs.len() - 1] - seqs[0] + 1;
    // The last ones of the window are still under way.
    assert!(seqs.len() as u64 + 50 >= span, "{} of {span}", seqs.len());
    assert!(net.closed().is_empty());
}

#[test]
fn a_sawtooth_path_does_not_make_the_picture_swing() {
    let mut net = call(63);
    let t = net.now;
    const TEETH_BPS: [u64; 6] = [2_500_000, 1_800_000, 1_200_000, 800_000, 500_000, 350_000];
    let lost = worst_sound_loss(&mut net, Duration::from_secs(72), |net, second| {
        net.downlink_bps = TEETH_BPS[(second / 2 % 6) as usize];
    });
    assert!(lost <= 5, "{lost} of 50 sound packets lost in the worst second");
    let video = net.client(1).got(seat(2), Source::Camera, t).len();
    assert!(video >= 300, "{video} packets of the picture in 72 s");
    // Each of the six teeth may bring a step down or two and one up again.
    let changes = layer_changes(&mut net, t);
    assert!(changes <= 6 * 4, "{changes} changes of layer in 72 s");
    assert!(net.closed().is_empty());
}
