use std::sync::Arc;
use std::time::Instant;

use super::super::handover::{Door, LANE, Parcel, lane};
use super::super::wake::wake_pair;
use super::*;
use crate::config::SfuConfig;
use crate::shard::Shard;

#[test]
fn datagrams_find_their_shard_by_the_port_and_a_full_queue_loses_the_rest() {
    let local = [127, 0, 0, 1].into();
    let relayed = SocketAddr::from(([192, 0, 0, 8], 50_000));
    let mut config = SfuConfig::new(vec![local]);
    config.relayed = vec![relayed.ip()];
    let mut shard = Shard::new(&config, 0, 7_000).expect("a valid configuration");
    let (waker, _sleeper) = wake_pair().expect("a pair");
    let (outlet, inbox) = lane();
    let door = Door::new(outlet, Arc::new(waker));
    let mut entry = RelayEntry::new(vec![(7_000, Pile::new(door, None))]);
    for _ in 0..LANE + 5 {
        entry.push(relayed, SocketAddr::new(local, 7_000), b"\xff one");
        entry.push(relayed, SocketAddr::new(local, 7_001), b"\xff for nobody");
        entry.push(relayed, SocketAddr::new(local, 7_000), b"");
        entry.flush();
    }
    let now = Instant::now();
    while let Some(Parcel::Datagrams(batch)) = inbox.take() {
        batch.unpack(now, &mut shard, None);
    }
    assert_eq!(shard.stats().datagrams_in, 2 * LANE as u64);
    assert_eq!(shard.stats().bytes_in, 5 * LANE as u64);
}

#[test]
fn nobody_else_may_seem_to_come_from_a_relayed_address() {
    let local = [127, 0, 0, 1].into();
    let mut config = SfuConfig::new(vec![local]);
    config.relayed = vec![[192, 0, 0, 8].into()];
    let mut shard = Shard::new(&config, 0, 7_000).expect("a valid configuration");
    let (now, to) = (Instant::now(), SocketAddr::new(local, 7_000));
    let relayed = SocketAddr::from(([192, 0, 0, 8], 50_000));
    let other = SocketAddr::from(([198, 51, 100, 1], 50_000));
    // DTLS of somebody unknown; what counts is the reason why it is dropped.
    let datagram = [22, 254, 253, 0];
    shard.handle_datagram(now, relayed, to, &datagram);
    shard.handle_frame(now, relayed, to, &datagram);
    shard.handle_relayed(now, other, to, &datagram);
    assert_eq!((shard.stats().garbage, shard.stats().unknown), (3, 0));
    shard.handle_datagram(now, other, to, &datagram);
    shard.handle_relayed(now, relayed, to, &datagram);
    assert_eq!((shard.stats().garbage, shard.stats().unknown), (3, 2));
}
