//! Links, firewalls and routes as two hosts see them, in virtual time.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::packet::Body;
use crate::testing::{self, Net, addr};
use crate::{Direction, Loss, Protocol, Rule};

const CLIENT: &str = "198.51.100.7:5000";
const SERVER: &str = "203.0.113.1:443";
const SYN: u8 = 0x02;

fn pair(link: Link, firewall: Option<Firewall>) -> (Net, PathId, PathId) {
    let mut net = Net::new(5);
    let address = *addr(CLIENT).ip();
    let client = net.router.add_path(address, Network::Public, link, firewall).unwrap();
    let server = net.public("203.0.113.1");
    (net, client, server)
}

#[test]
fn a_round_trip_takes_both_delays_to_the_nanosecond() {
    let delay = Duration::from_millis(40);
    let (mut net, client, server) = pair(Link::perfect().delay(delay), None);
    let start = net.now;
    assert_eq!(net.probe(client, addr(CLIENT), addr(SERVER)), Some((server, addr(CLIENT))));
    assert_eq!(net.now - start, delay);
    assert!(net.probe(server, addr(SERVER), addr(CLIENT)).is_some());
    assert_eq!(net.now - start, 2 * delay);
}

#[test]
fn packets_are_forwarded_at_their_own_time_however_late_somebody_looks() {
    let delay = Duration::from_millis(40);
    let (mut net, client, _) = pair(Link::perfect().delay(delay).rate(1_000_000, 9000), None);
    let start = net.now;
    net.router.handle_packet(start, client, &testing::udp(addr(CLIENT), addr(SERVER), &[0; 97]));
    // Nobody looks for a second; a second packet comes then.
    let late = start + Duration::from_secs(1);
    net.router.handle_packet(late, client, &testing::udp(addr(CLIENT), addr(SERVER), &[1; 97]));
    assert!(net.router.poll_output().is_some(), "the first has long arrived");
    assert!(net.router.poll_output().is_none());
    // 125 bytes at 1 Mbps take 1 ms.
    net.rest();
    assert_eq!(net.now, late + delay + Duration::from_millis(1));
}

#[test]
fn a_packet_that_does_not_fit_is_answered_or_swallowed() {
    for tells in [true, false] {
        let (mut net, client, server) = pair(Link::perfect().mtu(600, tells), None);
        let large = testing::udp(addr(CLIENT), addr(SERVER), &[0; 700]);
        let up = net.send(client, &large);
        let large = testing::udp(addr(SERVER), addr(CLIENT), &[0; 700]);
        let down = net.send(server, &large);
        for (arrived, sender) in [(up, client), (down, server)] {
            if !tells {
                assert!(arrived.is_empty());
                continue;
            }
            assert_eq!(arrived.len(), 1);
            assert_eq!(arrived[0].0, sender);
            // Type 3, code 4, and the size that fits (RFC 1191, section 4).
            assert_eq!(arrived[0].1[20..22], [3, 4]);
            assert_eq!(arrived[0].1[26..28], 600_u16.to_be_bytes());
        }
        let counters = net.router.counters(client);
        assert_eq!((counters.up.dropped(Cause::Mtu), counters.down.dropped(Cause::Mtu)), (1, 1));
        let fits = testing::udp(addr(CLIENT), addr(SERVER), &[0; 572]);
        assert_eq!(net.send(client, &fits).len(), 1);
    }
}

#[test]
fn too_big_is_told_through_a_nat() {
    let mut net = Net::new(5);
    let nat = net.nat(Nat::symmetric(), "198.51.100.1");
    let inside = "10.0.0.2".parse().unwrap();
    let narrow = Link::perfect().mtu(600, true);
    let host = net.router.add_path(inside, Network::Behind(nat), narrow.clone(), None).unwrap();
    let wide = net.behind(nat, "10.0.0.3");
    let server = net.public("203.0.113.1");
    let far = "203.0.113.2".parse().unwrap();
    net.router.add_path(far, Network::Public, narrow, None).unwrap();

    // To a host inside that has the narrow link: the server hears of it.
    let (_, mapped) = net.probe(host, addr("10.0.0.2:5000"), addr(SERVER)).unwrap();
    let arrived = net.send(server, &testing::udp(addr(SERVER), mapped, &[0; 700]));
    let read = Packet::read(&arrived[0].1).unwrap();
    let Body::Error(quoted) = read.body else { panic!("no error") };
    assert_eq!((arrived[0].0, quoted.destination), (server, mapped));

    // From a host inside to a narrow link outside: the host hears of it, in its own addresses.
    let large = testing::udp(addr("10.0.0.3:5000"), addr("203.0.113.2:443"), &[0; 700]);
    let arrived = net.send(wide, &large);
    let read = Packet::read(&arrived[0].1).unwrap();
    let Body::Error(quoted) = read.body else { panic!("no error") };
    assert_eq!((arrived[0].0, quoted.source), (wide, addr("10.0.0.3:5000")));
    assert!(testing::checksums_hold(&arrived[0].1, &read));
}

#[test]
fn a_host_cannot_speak_for_another_and_nobody_answers_for_nobody() {
    let (mut net, client, _) = pair(Link::perfect(), None);
    let forged = testing::udp(addr("198.51.100.8:5000"), addr(SERVER), b"x");
    assert!(net.send(client, &forged).is_empty());
    let nowhere = testing::udp(addr(CLIENT), addr("203.0.113.77:443"), b"x");
    assert!(net.send(client, &nowhere).is_empty());
    assert!(net.send(client, &[0x60; 40]).is_empty());
    assert!(net.send(client, &[0x45; 12]).is_empty());
    let drops: Vec<_> = net.router.counters(client).network.drops().collect();
    assert_eq!(
        drops,
        [(Cause::NotIpv4, 1), (Cause::Malformed, 1), (Cause::WrongSource, 1), (Cause::NoRoute, 1)]
    );
}

#[test]
fn a_link_that_is_down_carries_nothing_and_comes_back() {
    let (mut net, client, server) = pair(Link::perfect(), None);
    net.router.set_up(net.now, client, false).unwrap();
    assert_eq!(net.probe(client, addr(CLIENT), addr(SERVER)), None);
    assert_eq!(net.probe(server, addr(SERVER), addr(CLIENT)), None);
    net.router.set_up(net.now, client, true).unwrap();
    assert!(net.probe(client, addr(CLIENT), addr(SERVER)).is_some());
    assert!(net.probe(server, addr(SERVER), addr(CLIENT)).is_some());
}

#[test]
fn blocked_udp_is_blocked_both_ways_and_tcp_passes() {
    let (mut net, client, server) = pair(Link::perfect(), Some(Firewall::udp_blocked()));
    assert_eq!(net.probe(client, addr(CLIENT), addr(SERVER)), None);
    assert_eq!(net.probe(server, addr(SERVER), addr(CLIENT)), None);
    let syn = testing::tcp(addr(CLIENT), addr(SERVER), SYN, b"");
    assert_eq!(net.send(client, &syn).len(), 1);
    let answer = testing::tcp(addr(SERVER), addr(CLIENT), 0x12, b"");
    assert_eq!(net.send(server, &answer).len(), 1);
    let stranger = testing::tcp(addr("203.0.113.1:80"), addr(CLIENT), SYN, b"");
    assert!(net.send(server, &stranger).is_empty());
    assert_eq!(net.router.counters(client).firewall.dropped(Cause::Firewall), 3);
}

#[test]
fn dtls_is_dropped_both_ways_and_other_udp_passes() {
    let (mut net, client, server) = pair(Link::perfect(), Some(Firewall::dtls_blocked()));
    // A ClientHello, and a binding request.
    for (first, passes) in
        [(22, false), (20, false), (63, false), (0, true), (64, true), (128, true)]
    {
        let contents = [first, 1, 2, 3];
        let out = net.send(client, &testing::udp(addr(CLIENT), addr(SERVER), &contents));
        let back = net.send(server, &testing::udp(addr(SERVER), addr(CLIENT), &contents));
        assert_eq!((out.len(), back.len()), if passes { (1, 1) } else { (0, 0) }, "{first}");
    }
    // TLS over TCP begins with the same bytes.
    let hello = testing::tcp(addr(CLIENT), addr(SERVER), SYN, &[22, 3, 1]);
    assert_eq!(net.send(client, &hello).len(), 1);
    assert!(net.send(client, &testing::udp(addr(CLIENT), addr(SERVER), b"")).len() == 1);
}

#[test]
fn only_443_means_tcp_to_443_and_a_refusal_can_be_heard() {
    for answers in [false, true] {
        let firewall = Firewall::tcp_443_only();
        let firewall = if answers { firewall.answering() } else { firewall };
        let (mut net, client, server) = pair(Link::perfect(), Some(firewall));
        assert_eq!(
            net.send(client, &testing::tcp(addr(CLIENT), addr(SERVER), SYN, b""))[0].0,
            server
        );
        let other = addr("203.0.113.1:3478");
        let refused = net.send(client, &testing::tcp(addr(CLIENT), other, SYN, b""));
        let ignored = net.send(client, &testing::udp(addr(CLIENT), addr(SERVER), b"x"));
        if !answers {
            assert!(refused.is_empty() && ignored.is_empty());
            continue;
        }
        assert_eq!((refused[0].0, ignored[0].0), (client, client));
        let reset = Packet::read(&refused[0].1).unwrap();
        assert!(reset.tcp_flags().unwrap().rst());
        assert_eq!(reset.flow(true).unwrap().1, other);
        assert_eq!(ignored[0].1[20..22], [3, 13]);
    }
}

#[test]
fn a_firewall_forgets_an_idle_flow() {
    let (mut net, client, server) = pair(Link::perfect(), Some(Firewall::stateful()));
    assert_eq!(net.probe(server, addr(SERVER), addr(CLIENT)), None);
    net.probe(client, addr(CLIENT), addr(SERVER)).unwrap();
    net.pass(Duration::from_secs(29));
    assert!(net.probe(server, addr(SERVER), addr(CLIENT)).is_some());
    net.pass(Duration::from_secs(30));
    assert_eq!(net.probe(server, addr(SERVER), addr(CLIENT)), None);
}

#[test]
fn a_firewall_put_up_in_a_call_cuts_it() {
    let (mut net, client, server) = pair(Link::perfect(), None);
    assert!(net.probe(client, addr(CLIENT), addr(SERVER)).is_some());
    net.router.set_firewall(net.now, client, Some(Firewall::udp_blocked())).unwrap();
    assert_eq!(net.probe(client, addr(CLIENT), addr(SERVER)), None);
    assert_eq!(net.probe(server, addr(SERVER), addr(CLIENT)), None);
    net.router.set_firewall(net.now, client, None).unwrap();
    assert!(net.probe(server, addr(SERVER), addr(CLIENT)).is_some());
}

#[test]
fn an_open_port_lets_strangers_in_there_alone() {
    let rule = Rule::port(Protocol::Udp, 5000);
    let firewall = Firewall { lets_in: true, ..Firewall::only(vec![rule]) };
    let (mut net, _, server) = pair(Link::perfect(), Some(firewall));
    assert!(net.probe(server, addr(SERVER), addr(CLIENT)).is_some());
    assert_eq!(net.probe(server, addr(SERVER), addr("198.51.100.7:5001")), None);
}

#[test]
fn bad_settings_are_refused_by_name() {
    let mut router = Router::new(1);
    let address = "203.0.113.1".parse().unwrap();
    let add = |router: &mut Router, link| router.add_path(address, Network::Public, link, None);
    assert_eq!(add(&mut router, Link::perfect().loss(Loss::Uniform(2.0))), Err(SettingError::Loss));
    assert_eq!(add(&mut router, Link::perfect().rate(0, 9)), Err(SettingError::Rate));
    assert_eq!(add(&mut router, Link::perfect().mtu(67, true)), Err(SettingError::Mtu));
    let long = Duration::from_secs(3601);
    assert_eq!(add(&mut router, Link::perfect().delay(long)), Err(SettingError::Delay));
    let firewall = Firewall { udp_idle: Duration::MAX, ..Firewall::stateful() };
    let guarded = router.add_path(address, Network::Public, Link::perfect(), Some(firewall));
    assert_eq!(guarded, Err(SettingError::Life));
    let nat = Nat::home().udp_idle(Duration::MAX);
    assert_eq!(router.add_nat(nat, Network::Public, address), Err(SettingError::Life));
    let nat = Nat { ports: 0..=10, ..Nat::home() };
    assert_eq!(router.add_nat(nat, Network::Public, address), Err(SettingError::Ports));
    assert_eq!(add(&mut router, Link::perfect()), Ok(PathId(0)));
    assert_eq!(add(&mut router, Link::perfect()), Err(SettingError::AddressTaken));
    assert_eq!(
        router.add_nat(Nat::home(), Network::Behind(NatId(0)), address),
        Err(SettingError::Unknown)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Two runs with one seed are the same run; nothing is lost that is not counted.
    #[test]
    fn a_seed_repeats_a_run(seed: u64, gaps_us in proptest::collection::vec(0..20_000_u64, 1..80)) {
        let base = Instant::now();
        let run = || {
            let mut net = Net::new(seed);
            net.now = base;
            let nat = net.nat(Nat::symmetric(), "198.51.100.1");
            let inside = "10.0.0.2".parse().unwrap();
            let link = Link::same(Direction { reorder: true, ..Link::poor_wifi().up });
            let host = net.router.add_path(inside, Network::Behind(nat), link, None).unwrap();
            net.public("203.0.113.1");
            let mut log = Vec::new();
            for (number, gap_us) in gaps_us.iter().enumerate() {
                net.pass(Duration::from_micros(*gap_us));
                let datagram = testing::udp(addr("10.0.0.2:5000"), addr(SERVER), &[number as u8; 300]);
                net.router.handle_packet(net.now, host, &datagram);
                while let Some((path, bytes)) = net.router.poll_output() {
                    log.push((net.now - base, path, bytes));
                }
            }
            log.extend(net.rest().into_iter().map(|(path, bytes)| (Duration::MAX, path, bytes)));
            let counters = net.router.counters(host);
            (log, counters)
        };
        let (log, counters) = run();
        prop_assert_eq!(log.len() as u64 + counters.up.dropped_packets(), gaps_us.len() as u64);
        prop_assert_eq!((log, counters), run());
    }

    /// Whatever a host sends, the network neither panics nor hangs.
    #[test]
    fn no_bytes_break_the_network(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..90), 1..30), seed: u64) {
        let mut net = Net::new(seed);
        let nat = net.nat(Nat::home(), "198.51.100.1");
        let inside = "10.0.0.2".parse().unwrap();
        let firewall = Some(Firewall::stateful().answering());
        let host = net.router.add_path(inside, Network::Behind(nat), Link::home(), firewall).unwrap();
        for mut bytes in packets {
            if bytes.len() >= 28 {
                // Half-way sensible: a good header around nonsense.
                let body = bytes.split_off(20);
                let protocol = [1, 6, 17][usize::from(bytes[0]) % 3];
                let to = if bytes[1] & 1 == 0 { [198, 51, 100, 1] } else { [10, 0, 0, 2] };
                bytes = answer::ipv4(protocol, inside, to.into(), &body);
            }
            net.send(host, &bytes);
        }
        let network = net.router.counters(host).network;
        prop_assert!(network.in_packets > 0);
    }
}
