//! The shard in virtual time: what needs a look inside. The rest is in `tests/`.

use visit::Source;

use super::common::{Net, ms, seat, server, visit};
use crate::{CloseCode, Command, SfuEvent};

#[test]
fn a_panic_in_one_transport_leaves_the_others_alone() {
    let mut net = Net::new(1);
    net.call(&[1, 2, 3]);
    net.run(ms(500));
    let victim = net.client(2).transport;
    let key = net.shard.transports[&victim];
    net.shard.peers[key].panic_next = true;
    assert!(net.wait(ms(1_000), |net| !net.closed().is_empty()));
    assert!(net.closed() == [(victim, CloseCode::Internal)]);
    let then = net.now;
    net.run(ms(1_000));
    assert!(net.client(1).got(seat(3), Source::Mic, then).len() > 40);
    assert!(net.client(3).got(seat(1), Source::Camera, then).len() > 20);
    assert_eq!(net.shard.stats().panics, 1);
    assert_eq!(net.shard.stats().transports, 2);
    // The seat comes back as if nothing had been.
    net.join(2);
    assert!(net.wait(ms(2_000), |net| net.connected() == 4));
}

#[test]
fn nothing_is_kept_of_a_closed_visit() {
    let mut net = Net::new(2);
    net.call(&[1, 2]);
    net.run(ms(300));
    net.command(Command::CloseVisit { visit: visit() });
    let shard = &net.shard;
    assert!(shard.peers.is_empty() && shard.rooms.is_empty() && shard.transports.is_empty());
    assert!(shard.batch.is_empty() && shard.dirty.is_empty());
    let ended = net
        .log
        .iter()
        .filter(|(_, e)| matches!(e, SfuEvent::Closed { code: CloseCode::VisitClosed, .. }));
    assert_eq!(ended.count(), 2);
    // Late datagrams of the old clients find nobody.
    let before = net.shard.stats().unknown;
    let packet = net.client(1).last_media_sent.clone().expect("it sent media");
    let from = net.client(1).address;
    net.launch(from, server(), packet);
    net.run(ms(1_000));
    assert!(net.shard.stats().unknown > before);
    // Stale timers run out by themselves.
    net.run(ms(70_000));
    assert!(net.shard.poll_timeout().is_none());
}
