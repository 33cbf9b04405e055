//! The way of data in virtual time: between clients, to the forwarding unit, to the outside.

use std::net::SocketAddr;
use std::time::Duration;

use crate::frame::{channel_data, padded};
use crate::testing::{Person, Rig, client, client_over, config, data_indication, visit};
use crate::{Dropped, Mode, OpenRules, Refused, To, Transport};

const NANO: Duration = Duration::from_nanos(1);

/// Two people of one visit with allocations, and their relayed addresses.
fn pair(rig: &mut Rig) -> ((Person, SocketAddr), (Person, SocketAddr)) {
    let mut one = Person::new(client(1), 1, 1);
    let mut two = Person::new(client(2), 1, 2);
    let (a, b) = (rig.relayed(&mut one), rig.relayed(&mut two));
    ((one, a), (two, b))
}

fn rig() -> Rig {
    Rig::new(config())
}

#[test]
fn data_goes_from_one_seat_to_the_other_by_indication_and_channel() {
    let mut rig = rig();
    let ((mut one, a), (mut two, b)) = pair(&mut rig);
    assert_eq!(rig.permit(&mut one, &[b]).code, None);
    assert!(rig.send(&one, b, b"early").is_empty(), "the other side has not permitted it yet");
    assert_eq!(rig.permit(&mut two, &[a]).code, None);

    let sent = rig.send(&one, b, b"hello");
    assert_eq!(sent.len(), 1);
    assert!(matches!(sent[0].to, To::Client { client, .. } if client == two.client));
    assert_eq!(data_indication(&sent[0].bytes), (a, b"hello".to_vec()));

    assert_eq!(rig.bind(&mut two, 0x4abc, a).code, None);
    let sent = rig.send(&one, b, b"hello");
    assert_eq!(channel_data(&sent[0].bytes), Some((0x4abc, &b"hello"[..])));
    assert_eq!(sent[0].bytes.len(), 9, "a datagram is not padded");

    assert_eq!(rig.bind(&mut one, 0x4001, b).code, None);
    let sent = rig.channel(&one, 0x4001, b"again");
    assert_eq!(channel_data(&sent[0].bytes), Some((0x4abc, &b"again"[..])));
    let back = rig.channel(&two, 0x4abc, b"and back");
    assert_eq!(channel_data(&back[0].bytes), Some((0x4001, &b"and back"[..])));
    assert!(rig.channel(&one, 0x4002, b"x").is_empty(), "no such channel");
    let stats = rig.relay.stats();
    assert_eq!((stats.relayed_up, stats.relayed_down), (5, 4));
    assert_eq!((stats.relayed_up_bytes, stats.relayed_down_bytes), (28, 23));
}

#[test]
fn messages_into_a_stream_are_padded_whatever_their_length() {
    let mut rig = rig();
    let mut one = Person::new(client(1), 1, 1);
    let mut two = Person::new(client_over(Transport::Tls, 2), 1, 2);
    let (a, b) = (rig.relayed(&mut one), rig.relayed(&mut two));
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.permit(&mut two, &[a]).code, None);
    for bound in [false, true] {
        if bound {
            assert_eq!(rig.bind(&mut two, 0x4000, a).code, None);
        }
        for length in (0..=20).chain([168, 169, 170, 171, 1_100]) {
            let data = vec![7; length];
            let sent = rig.channel(&one, 0x4000, &data);
            assert!(sent[0].bytes.len().is_multiple_of(4));
            if bound {
                assert_eq!(sent[0].bytes.len(), padded(4 + length));
                assert_eq!(channel_data(&sent[0].bytes), Some((0x4000, &data[..])));
            } else {
                assert_eq!(data_indication(&sent[0].bytes), (a, data));
            }
        }
    }
}

#[test]
fn nothing_crosses_from_one_visit_to_another() {
    let mut rig = rig();
    let ((mut one, a), _) = pair(&mut rig);
    let mut stranger = Person::new(client(3), 2, 1);
    let theirs = rig.relayed(&mut stranger);
    assert_eq!(rig.permit(&mut stranger, &[a]).code, Some(403));
    assert_eq!(rig.bind(&mut stranger, 0x4000, a).code, Some(403));
    assert_eq!(rig.permit(&mut one, &[theirs]).code, Some(403));
    assert!(rig.send(&stranger, a, b"x").is_empty());
    // A permission is for an address without a port, and all relayed addresses share one. It must
    // not open the way to other visits.
    let mut second = Person::new(client(4), 2, 2);
    let own = rig.relayed(&mut second);
    assert_eq!(rig.permit(&mut stranger, &[own]).code, None);
    assert!(rig.send(&stranger, a, b"x").is_empty());
    assert_eq!(rig.relay.stats().relayed_up, 0);
    let other: u64 =
        rig.relay.stats().denied().filter(|(n, _)| *n == "other_visit").map(|d| d.1).sum();
    assert_eq!(other, 5);
}

#[test]
fn an_address_that_passed_to_another_visit_is_not_reached_by_an_old_channel() {
    let mut config = config();
    config.ports = 50_000..=50_001;
    let mut rig = Rig::new(config);
    let ((mut one, _), (mut two, b)) = pair(&mut rig);
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.refresh(&mut two, 0).code, None);
    let mut stranger = Person::new(client(3), 2, 1);
    assert_eq!(rig.relayed(&mut stranger), b, "the only free port");
    assert!(rig.channel(&one, 0x4000, b"x").is_empty());
    assert_eq!(rig.relay.stats().relayed_up, 0);
}

#[test]
fn permissions_and_channels_end_exactly_in_time() {
    let mut rig = rig();
    let ((mut one, a), (mut two, b)) = pair(&mut rig);
    assert_eq!(rig.permit(&mut two, &[a]).code, None);
    assert_eq!(rig.permit(&mut one, &[b]).code, None);
    rig.pass(Duration::from_secs(300) - NANO);
    assert_eq!(rig.send(&one, b, b"x").len(), 1);
    rig.pass(NANO);
    assert!(rig.send(&one, b, b"x").is_empty(), "a permission lasts 300 s");

    // Binding a channel renews the permission, and only that of this peer.
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.permit(&mut two, &[a]).code, None);
    assert_eq!(rig.channel(&one, 0x4000, b"x").len(), 1);
    rig.pass(Duration::from_secs(200));
    for _ in 0..2 {
        // Kept alive in all but the channel.
        assert_eq!(rig.refresh(&mut one, 3_000).code, None);
        assert_eq!(rig.refresh(&mut two, 3_000).code, None);
        assert_eq!(rig.permit(&mut one, &[b]).code, None);
        assert_eq!(rig.permit(&mut two, &[a]).code, None);
        rig.pass(Duration::from_secs(200) - NANO);
    }
    assert_eq!(rig.channel(&one, 0x4000, b"x").len(), 1);
    rig.pass(2 * NANO);
    assert!(rig.channel(&one, 0x4000, b"x").is_empty(), "a channel lasts 600 s");
    assert_eq!(rig.bind(&mut one, 0x4001, b).code, None, "the peer is free for another number");
}

#[test]
fn a_channel_has_one_peer_and_a_peer_one_channel() {
    let mut rig = rig();
    let ((mut one, _), (_, b)) = pair(&mut rig);
    let c = rig.relayed(&mut Person::new(client(3), 1, 3));
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None, "again is a renewal");
    assert_eq!(rig.bind(&mut one, 0x4000, c).code, Some(400));
    assert_eq!(rig.bind(&mut one, 0x4001, b).code, Some(400));
    assert_eq!(rig.bind(&mut one, 0x7ffe, c).code, None);
    for number in [0, 0x3fff, 0x7fff, 0x8000, 0xffff] {
        assert_eq!(rig.bind(&mut one, number, c).code, Some(400));
    }
    assert_eq!(rig.permit(&mut one, &[]).code, Some(400));
}

#[test]
fn lists_of_an_allocation_are_bounded() {
    let mut config = config();
    (config.limits.channels, config.limits.permissions) = (2, 1);
    config.addresses.push("2a00::9".parse().expect("a constant"));
    let mut rig = Rig::new(config);
    let ((mut one, _), (_, b)) = pair(&mut rig);
    let c = rig.relayed(&mut Person::new(client(3), 1, 3));
    let d = rig.relayed(&mut Person::new(client(4), 1, 4));
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.bind(&mut one, 0x4001, c).code, None);
    assert_eq!(rig.bind(&mut one, 0x4002, d).code, Some(508));
    assert_eq!(rig.relay.sizes().entries, 3);
    let unit: SocketAddr = "9.9.9.10:7000".parse().expect("a constant");
    rig.relay.set_unit(vec![unit]);
    assert_eq!(rig.permit(&mut one, &[unit]).code, Some(508));
    assert_eq!(rig.permit(&mut one, &[b, c, d]).code, None, "one address, so one permission");
}

#[test]
fn the_forwarding_unit_is_reached_in_memory() {
    let unit: SocketAddr = "9.9.9.9:7000".parse().expect("a constant");
    let mut config = config();
    config.unit = vec![unit];
    let mut rig = Rig::new(config);
    let ((mut one, a), (mut two, b)) = pair(&mut rig);
    rig.relay.handle_unit(rig.now, a, unit, b"early");
    assert!(rig.take().is_empty(), "no permission yet");
    assert_eq!(rig.bind(&mut one, 0x4000, unit).code, None);
    let sent = rig.channel(&one, 0x4000, b"up");
    assert!(matches!(sent[0].to, To::Unit { from, to } if from == a && to == unit));
    assert_eq!(sent[0].bytes, b"up");
    rig.relay.handle_unit(rig.now, a, unit, b"down");
    assert_eq!(channel_data(&rig.take()[0].bytes), Some((0x4000, &b"down"[..])));
    rig.relay.handle_unit(rig.now, b, unit, b"x");
    assert!(rig.take().is_empty(), "the other has no permission");
    let near = SocketAddr::new(unit.ip(), unit.port() + 1);
    assert_eq!(rig.permit(&mut two, &[near]).code, Some(403), "its other ports are not the unit");
    rig.relay.handle_unit(rig.now, a, near, b"x");
    assert!(rig.take().is_empty());
    rig.relay.set_unit(Vec::new());
    assert!(rig.channel(&one, 0x4000, b"x").is_empty(), "it is not the unit's address any more");
}

#[test]
fn an_open_relay_reaches_what_was_signalled_in_the_visit() {
    let mut config = config();
    config.mode = Mode::Open(OpenRules::default());
    config.limits.peers_per_visit = 1;
    let mut rig = Rig::new(config);
    let ((mut one, a), _) = pair(&mut rig);
    let peer: SocketAddr = "8.8.8.8:5000".parse().expect("a constant");
    assert_eq!(rig.permit(&mut one, &[peer]).code, Some(403), "nobody signalled it");
    rig.relay.allow_peer(visit(1), peer.ip()).expect("room");
    assert!(rig.relay.allow_peer(visit(1), peer.ip()).is_ok(), "again costs nothing");
    assert!(rig.relay.allow_peer(visit(1), [8, 8, 4, 4].into()).is_err(), "one too many");
    rig.relay.handle_peer(rig.now, a, peer, b"early");
    assert!(rig.take().is_empty(), "no permission yet");
    assert_eq!(rig.bind(&mut one, 0x4000, peer).code, None);
    let sent = rig.channel(&one, 0x4000, b"out");
    assert!(matches!(sent[0].to, To::Peer { from, to } if from == a && to == peer));
    rig.relay.handle_peer(rig.now, a, peer, b"in");
    assert_eq!(channel_data(&rig.take()[0].bytes), Some((0x4000, &b"in"[..])));
    let other_port = SocketAddr::new(peer.ip(), 6_000);
    rig.relay.handle_peer(rig.now, a, other_port, b"in");
    assert_eq!(data_indication(&rig.take()[0].bytes), (other_port, b"in".to_vec()));
    let forged = [a, "8.8.4.4:5000".parse().expect("a constant")];
    for from in forged {
        rig.relay.handle_peer(rig.now, a, from, b"x");
        assert!(rig.take().is_empty());
    }
    let mut other = Person::new(client(3), 2, 1);
    rig.relayed(&mut other);
    assert_eq!(rig.permit(&mut other, &[peer]).code, Some(403), "signalled in another visit");
    rig.relay.forget_peers(visit(1));
    assert!(rig.channel(&one, 0x4000, b"x").is_empty(), "it is forgotten");
}

#[test]
fn what_is_over_the_rate_is_dropped_and_not_delayed() {
    let mut config = config();
    config.limits.packets_per_s = 20;
    let mut rig = Rig::new(config);
    let ((mut one, a), (mut two, b)) = pair(&mut rig);
    assert_eq!(rig.bind(&mut one, 0x4000, b).code, None);
    assert_eq!(rig.bind(&mut two, 0x4000, a).code, None);
    let passed =
        |rig: &mut Rig| (0..100).filter(|_| !rig.channel(&one, 0x4000, b"x").is_empty()).count();
    assert_eq!(passed(&mut rig), 10);
    rig.pass(Duration::from_millis(250));
    assert_eq!(passed(&mut rig), 5);
    assert_eq!(rig.relay.stats().dropped(Dropped::Rate), 185);
    assert_eq!(rig.channel(&two, 0x4000, b"x").len(), 1, "each direction has its own");
    assert_eq!(rig.relay.stats().refused(Refused::Forbidden), 0);
}
