//! Pings, silence, death, quality.

use std::net::SocketAddr;
use std::time::Duration;

use sfu::{CloseCode, SfuEvent};
use visit::Source;

use crate::common::{Net, ms, seat};

#[test]
fn at_least_five_pings_a_second_without_any_media() {
    let mut net = Net::new(60);
    net.call(&[1]);
    net.run(ms(1_000));
    let from = net.client(1).pings.len();
    net.run(ms(10_000));
    let pings = &net.client(1).pings[from..];
    assert!(pings.len() >= 50, "{} in 10 s", pings.len());
    let gap = pings.windows(2).map(|w| w[1].0 - w[0].0).max();
    assert!(gap <= Some(ms(200)), "{gap:?}");
    assert!(pings.windows(2).all(|w| w[1].1 == w[0].1 + 1));
}

#[test]
fn silence_is_told_within_a_second_and_death_after_thirty() {
    let mut net = Net::new(61);
    net.call(&[1, 2]);
    net.run(ms(2_000));
    assert!(!net.log.iter().any(|(_, e)| matches!(e, SfuEvent::Silent { .. })));
    let died = net.now;
    net.client(1).dead = true;
    assert!(net.wait(ms(1_000), |net| net.log.iter().any(|(_, e)| {
        matches!(e, SfuEvent::Silent { seat: s, since_ms, .. } if *s == seat(1) && *since_ms >= 600)
    })));
    assert!(net.now - died <= ms(700), "{:?}", net.now - died);
    let transport = net.client(1).transport;
    assert!(net.wait(ms(40_000), |net| !net.closed().is_empty()));
    assert!(net.closed() == [(transport, CloseCode::Lost)]);
    assert!(net.now - died >= Duration::from_secs(29));
}

#[test]
fn a_short_gap_is_told_and_taken_back() {
    let mut net = Net::new(62);
    net.call(&[1, 2]);
    net.run(ms(1_000));
    net.loss = 1.0;
    net.run(ms(1_500));
    net.loss = 0.0;
    net.run(ms(1_000));
    let count = |net: &Net, f: fn(&SfuEvent) -> bool| net.log.iter().filter(|(_, e)| f(e)).count();
    assert_eq!(count(&net, |e| matches!(e, SfuEvent::Silent { .. })), 2);
    assert_eq!(count(&net, |e| matches!(e, SfuEvent::Heard { silent_ms: 600.., .. })), 2);
    assert!(net.closed().is_empty());
}

#[test]
fn media_follows_a_client_whose_nat_forgot_it() {
    let mut net = Net::new(64);
    net.call(&[1, 2]);
    net.run(ms(1_000));
    // The NAT shows another port from now on, and nothing gets in at the old one. The client does not
    // know, and nobody asks for a restart: its next check, within 16 s, is all that there is.
    let inside = net.client(1).address;
    let mut last = net.now;
    for port in [50_001, 50_002] {
        net.outside.insert(inside, SocketAddr::from(([198, 51, 100, 1], port)));
        let moved = net.now;
        assert!(net.wait(ms(20_000), |net| {
            !net.client(1).got(seat(2), Source::Mic, moved + ms(25)).is_empty()
        }));
        last = net.now;
        net.run(ms(2_000));
        assert!(net.client(1).got(seat(2), Source::Mic, last).len() > 90);
        assert!(net.client(2).got(seat(1), Source::Mic, last).len() > 90);
    }
    assert!(net.client(1).got(seat(2), Source::Camera, last).len() > 20);
    assert!(net.closed().is_empty());
}

#[test]
fn quality_tells_rate_round_trip_and_loss() {
    let mut net = Net::new(63);
    net.delay = ms(40);
    net.call(&[1, 2]);
    net.run(ms(10_000));
    let last = net.log.iter().rev().find_map(|(_, e)| match e {
        SfuEvent::Quality {
            seat: s,
            uplink_bps,
            downlink_bps,
            rtt_ms,
            estimate_bps,
            downlink_loss_pct,
            ..
        } if *s == seat(1) => {
            Some((*uplink_bps, *downlink_bps, *rtt_ms, *estimate_bps, *downlink_loss_pct))
        }
        _ => None,
    });
    let (up, down, rtt, estimate, loss) = last.expect("a report");
    // Three layers of 200, 400 and 1,000 kbit/s and sound of 40.
    assert!((1_400_000..2_000_000).contains(&up), "up {up}");
    assert!((200_000..700_000).contains(&down), "down {down}");
    assert!(rtt.is_some_and(|r| (75.0..130.0).contains(&r)), "rtt {rtt:?}");
    assert!(estimate.is_some_and(|e| e > 500_000), "estimate {estimate:?}");
    assert!(loss.is_none_or(|l| l < 1.0), "loss {loss:?}");
    let (wanted, jitter, lag, age) = net
        .log
        .iter()
        .rev()
        .find_map(|(_, e)| match e {
            SfuEvent::Quality {
                seat: s,
                wanted_bps,
                uplink_jitter_ms,
                loop_lag_ms,
                age_ms,
                ..
            } if *s == seat(1) => Some((*wanted_bps, *uplink_jitter_ms, *loop_lag_ms, *age_ms)),
            _ => None,
        })
        .expect("a report");
    assert_eq!(wanted, None, "everything fits");
    assert!(jitter.is_some_and(|j| (0.0..5.0).contains(&j)), "jitter {jitter:?}");
    assert!(lag < 2.0, "lag {lag}");
    assert!((8_000..=10_000).contains(&age), "age {age}");

    net.loss = 0.10;
    net.run(ms(8_000));
    let lossy = net.log.iter().rev().find_map(|(_, e)| match e {
        SfuEvent::Quality { uplink_loss_pct: Some(l), .. } => Some(*l),
        _ => None,
    });
    assert!(lossy.is_some_and(|l| (3.0..20.0).contains(&l)), "{lossy:?}");
}

#[test]
fn a_wire_that_lets_no_handshake_through_is_left_to_others_once() {
    let mut net = Net::new(65);
    net.no_dtls = true;
    net.join(1);
    // Checks pass, so ICE is content, and nothing else comes through. The page gives up after 4 s.
    net.run(ms(4_100));
    assert_eq!(net.connected(), 0);
    let checked = |net: &Net| net.shard.stats().udp_checks;
    assert!(checked(&net) > 0);
    // The next transport of the seat answers no check over UDP, though handshakes would pass by now.
    net.no_dtls = false;
    net.join(1);
    let before = checked(&net);
    net.run(ms(4_100));
    assert_eq!((net.connected(), checked(&net)), (0, before));
    // Here is no other wire, so the one after it takes UDP again.
    net.join(1);
    assert!(net.wait(ms(3_000), |net| net.connected() == 1));
    // A page that is loaded anew soon, and one whose call worked, lose nothing.
    net.join(1);
    assert!(net.wait(ms(3_000), |net| net.connected() == 2));
    net.run(ms(5_000));
    net.join(1);
    assert!(net.wait(ms(3_000), |net| net.connected() == 3));
}
