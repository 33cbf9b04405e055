//! Bad paths: what stays when there is little, late or lossy room. Sound always does.

use std::time::Duration;

use sfu::{Command, Tile};
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
