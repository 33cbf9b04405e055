//! Each mapping and each filtering against the definitions of RFC 4787, seen by two servers.

use std::net::SocketAddrV4;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::packet::{Body, Protocol, Side};
use crate::testing::{self, Net, addr};
use crate::{Filtering, Mapping};

const MAPPINGS: [Mapping; 3] =
    [Mapping::EndpointIndependent, Mapping::AddressDependent, Mapping::AddressAndPortDependent];
const FILTERINGS: [Filtering; 3] = [
    Filtering::EndpointIndependent,
    Filtering::AddressDependent,
    Filtering::AddressAndPortDependent,
];

const INSIDE: &str = "10.0.0.2:5000";
const SERVER_A: &str = "203.0.113.1:3478";
const SERVER_A_OTHER_PORT: &str = "203.0.113.1:3479";
const SERVER_B: &str = "203.0.113.2:3478";
const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const FIN_ACK: u8 = 0x11;
const RST: u8 = 0x04;

/// One host behind a NAT, and two servers.
struct Lab {
    net: Net,
    nat: NatId,
    host: PathId,
    a: PathId,
    b: PathId,
}

fn lab(nat: Nat) -> Lab {
    let mut net = Net::new(11);
    let nat = net.nat(nat, "198.51.100.1");
    let host = net.behind(nat, "10.0.0.2");
    let a = net.public("203.0.113.1");
    let b = net.public("203.0.113.2");
    Lab { net, nat, host, a, b }
}

impl Lab {
    /// The host sends to `to`: where it seems to come from.
    fn out(&mut self, to: &str) -> SocketAddrV4 {
        self.net.probe(self.host, addr(INSIDE), addr(to)).expect("a packet out gets out").1
    }

    /// A server sends to `mapped`: whether the host gets it.
    fn gets_in(&mut self, from: &str, mapped: SocketAddrV4) -> bool {
        let server = if addr(from).ip() == addr(SERVER_A).ip() { self.a } else { self.b };
        match self.net.probe(server, addr(from), mapped) {
            Some((path, source)) => {
                assert_eq!((path, source), (self.host, addr(from)));
                true
            }
            None => false,
        }
    }

    fn dropped(&self, cause: Cause) -> u64 {
        self.net.router.nat_counters(self.nat).dropped(cause)
    }

    fn tcp(
        &mut self,
        from: PathId,
        source: SocketAddrV4,
        to: SocketAddrV4,
        flags: u8,
    ) -> Vec<(PathId, Vec<u8>)> {
        self.net.send(from, &testing::tcp(source, to, flags, b""))
    }

    /// Opens a connection to server A: its outer address.
    fn connect(&mut self) -> SocketAddrV4 {
        let (inside, server) = (addr(INSIDE), addr(SERVER_A));
        let arrived = self.tcp(self.host, inside, server, SYN);
        let outer = Packet::read(&arrived[0].1).unwrap().flow(true).unwrap().1;
        assert_eq!(self.tcp(self.a, server, outer, SYN_ACK).len(), 1);
        assert_eq!(self.tcp(self.host, inside, server, ACK).len(), 1);
        outer
    }
}

#[test]
fn each_mapping_is_what_rfc_4787_section_4_1_defines() {
    for mapping in MAPPINGS {
        for filtering in FILTERINGS {
            let mut lab = lab(Nat::new(mapping, filtering));
            let first = lab.out(SERVER_A);
            assert_eq!(
                lab.out(SERVER_A),
                first,
                "{mapping:?}: the same destination, the same port"
            );
            let same_across_ports = lab.out(SERVER_A_OTHER_PORT) == first;
            let same_across_addresses = lab.out(SERVER_B) == first;
            let wanted = match mapping {
                Mapping::EndpointIndependent => (true, true),
                Mapping::AddressDependent => (true, false),
                Mapping::AddressAndPortDependent => (false, false),
            };
            assert_eq!((same_across_ports, same_across_addresses), wanted, "{mapping:?}");
            assert_eq!(first.ip().to_string(), "198.51.100.1");
        }
    }
}

#[test]
fn each_filtering_is_what_rfc_4787_section_5_defines() {
    for mapping in MAPPINGS {
        for filtering in FILTERINGS {
            let mut lab = lab(Nat::new(mapping, filtering));
            let mapped = lab.out(SERVER_A);
            let got = (
                lab.gets_in(SERVER_A, mapped),
                lab.gets_in(SERVER_A_OTHER_PORT, mapped),
                lab.gets_in(SERVER_B, mapped),
            );
            let wanted = match filtering {
                Filtering::EndpointIndependent => (true, true, true),
                Filtering::AddressDependent => (true, true, false),
                Filtering::AddressAndPortDependent => (true, false, false),
            };
            assert_eq!(got, wanted, "{mapping:?} {filtering:?}");
            let refused = 3 - u64::from(got.0) - u64::from(got.1) - u64::from(got.2);
            assert_eq!(lab.dropped(Cause::Filtered), refused);
            // What came in opened the filter for nobody.
            assert_eq!(lab.gets_in(SERVER_B, mapped), wanted.2);
        }
    }
}

#[test]
fn sending_to_a_second_server_opens_the_filter_for_it() {
    let mut lab = lab(Nat::port_restricted());
    let mapped = lab.out(SERVER_A);
    assert!(!lab.gets_in(SERVER_B, mapped));
    assert_eq!(lab.out(SERVER_B), mapped);
    assert!(lab.gets_in(SERVER_B, mapped));
}

#[test]
fn a_port_that_was_never_mapped_lets_nobody_in() {
    let mut lab = lab(Nat::full_cone());
    assert!(!lab.gets_in(SERVER_A, addr("198.51.100.1:5000")));
    assert_eq!(lab.dropped(Cause::NoMapping), 1);
}

#[test]
fn a_mapping_ends_after_its_idle_time_and_sending_keeps_it() {
    let idle = Duration::from_secs(30);
    let mut lab = lab(Nat::full_cone().udp_idle(idle));
    let mapped = lab.out(SERVER_A);
    lab.net.pass(idle - Duration::from_millis(1));
    assert_eq!(lab.out(SERVER_A), mapped);
    lab.net.pass(idle - Duration::from_millis(1));
    assert!(lab.gets_in(SERVER_A, mapped));
    // That packet came in, which keeps nothing alive here.
    lab.net.pass(Duration::from_millis(1));
    assert!(!lab.gets_in(SERVER_A, mapped));
    assert_eq!(lab.net.router.mappings(lab.net.now, lab.nat), []);
    assert_ne!(lab.out(SERVER_A), mapped, "a new mapping has a drawn port");
}

#[test]
fn packets_that_come_in_keep_a_mapping_only_if_they_may() {
    let idle = Duration::from_secs(30);
    for inbound_refreshes in [false, true] {
        for from in [SERVER_A, SERVER_B] {
            let mut lab = lab(Nat { inbound_refreshes, ..Nat::full_cone().udp_idle(idle) });
            let mapped = lab.out(SERVER_A);
            lab.net.pass(idle / 2);
            assert!(lab.gets_in(from, mapped));
            lab.net.pass(idle / 2);
            assert_eq!(lab.gets_in(from, mapped), inbound_refreshes);
        }
    }
}

#[test]
fn filter_entries_end_alone() {
    let idle = Duration::from_secs(30);
    let mut lab = lab(Nat::port_restricted().udp_idle(idle));
    let mapped = lab.out(SERVER_A);
    lab.net.pass(idle / 2);
    lab.out(SERVER_B);
    lab.net.pass(idle / 2);
    // The mapping lives on through B; A's entry has run out.
    assert!(!lab.gets_in(SERVER_A, mapped));
    assert!(lab.gets_in(SERVER_B, mapped));
}

#[test]
fn hairpinning_shows_the_outer_address_and_obeys_the_filter() {
    for hairpin in [false, true] {
        for filtering in FILTERINGS {
            let nat = Nat::new(Mapping::EndpointIndependent, filtering).hairpin(hairpin);
            let mut lab = lab(nat);
            let other = lab.net.behind(lab.nat, "10.0.0.3");
            let mapped = lab.out(SERVER_A);
            let from = addr("10.0.0.3:6000");
            let outer = lab.net.probe(other, from, addr(SERVER_A)).unwrap().1;
            let got = lab.net.probe(other, from, mapped);
            if !hairpin {
                assert_eq!(got, None);
                assert_eq!(lab.dropped(Cause::Hairpin), 1);
            } else if filtering == Filtering::EndpointIndependent {
                assert_eq!(got, Some((lab.host, outer)));
            } else {
                assert_eq!(got, None);
                lab.net.probe(lab.host, addr(INSIDE), outer);
                assert_eq!(lab.net.probe(other, from, mapped), Some((lab.host, outer)));
            }
        }
    }
}

#[test]
fn neighbours_behind_one_nat_reach_each_other_directly() {
    let mut lab = lab(Nat::symmetric());
    let other = lab.net.behind(lab.nat, "10.0.0.3");
    let got = lab.net.probe(other, addr("10.0.0.3:6000"), addr(INSIDE));
    assert_eq!(got, Some((lab.host, addr("10.0.0.3:6000"))));
}

#[test]
fn a_kept_port_is_kept_unless_somebody_has_it() {
    let mut lab = lab(Nat::home());
    let other = lab.net.behind(lab.nat, "10.0.0.3");
    assert_eq!(lab.out(SERVER_A), addr("198.51.100.1:5000"));
    let second = lab.net.probe(other, addr("10.0.0.3:5000"), addr(SERVER_A)).unwrap().1;
    assert_ne!(second.port(), 5000);
}

#[test]
fn used_up_ports_are_told_and_come_back() {
    let idle = Duration::from_secs(30);
    let mut lab = lab(Nat { ports: 2000..=2009, ..Nat::symmetric().udp_idle(idle) });
    for port in 0..10 {
        let to = SocketAddrV4::new(*addr(SERVER_A).ip(), 7000 + port);
        assert!(lab.net.probe(lab.host, addr(INSIDE), to).is_some());
    }
    let to = addr("203.0.113.1:8000");
    assert_eq!(lab.net.probe(lab.host, addr(INSIDE), to), None);
    assert_eq!(lab.dropped(Cause::PortsUsedUp), 1);
    lab.net.pass(idle);
    assert!(lab.net.probe(lab.host, addr(INSIDE), to).is_some());
}

#[test]
fn a_rebound_nat_forgets_and_gives_other_ports() {
    for nat in [Nat::home(), Nat::symmetric()] {
        let mut lab = lab(nat);
        let before = lab.out(SERVER_A);
        lab.net.router.rebind(lab.net.now, lab.nat, None).unwrap();
        assert!(!lab.gets_in(SERVER_A, before));
        let after = lab.out(SERVER_A);
        assert_eq!(after.ip(), before.ip());
        assert_ne!(after.port(), before.port());
        let moved = "198.51.100.99".parse().unwrap();
        lab.net.router.rebind(lab.net.now, lab.nat, Some(moved)).unwrap();
        assert_eq!(*lab.out(SERVER_A).ip(), moved);
        assert!(!lab.gets_in(SERVER_A, after), "nobody has the old address");
    }
}

#[test]
fn tcp_begins_with_a_syn_from_inside() {
    let mut lab = lab(Nat::port_restricted());
    let (inside, server) = (addr(INSIDE), addr(SERVER_A));
    assert!(lab.tcp(lab.host, inside, server, ACK).is_empty());
    let outer = lab.connect();
    assert_eq!(lab.tcp(lab.a, server, outer, ACK).len(), 1);
    assert!(lab.tcp(lab.b, addr(SERVER_B), outer, SYN).is_empty(), "a stranger");
    // A connection of the same inner port to elsewhere needs its own SYN.
    assert!(lab.tcp(lab.host, inside, addr(SERVER_B), ACK).is_empty());
    assert_eq!(lab.tcp(lab.host, inside, addr(SERVER_B), SYN).len(), 1);
}

#[test]
fn an_open_filter_takes_a_connection_from_outside() {
    let mut lab = lab(Nat::full_cone());
    let outer = lab.connect();
    let stranger = addr(SERVER_B);
    assert!(lab.tcp(lab.b, stranger, outer, ACK).is_empty(), "no connection");
    assert_eq!(lab.tcp(lab.b, stranger, outer, SYN).len(), 1);
    assert_eq!(lab.tcp(lab.host, addr(INSIDE), stranger, SYN_ACK).len(), 1);
    assert_eq!(lab.tcp(lab.b, stranger, outer, ACK).len(), 1);
}

#[test]
fn tcp_lives_long_while_open_and_short_while_opening_or_closed() {
    let nat = Nat::port_restricted();
    let (server, inside) = (addr(SERVER_A), addr(INSIDE));

    let mut open = lab(nat.clone());
    let outer = open.connect();
    open.net.pass(nat.tcp_idle - Duration::from_secs(1));
    assert_eq!(open.tcp(open.a, server, outer, ACK).len(), 1);

    let mut opening = lab(nat.clone());
    let arrived = opening.tcp(opening.host, inside, server, SYN);
    let outer = Packet::read(&arrived[0].1).unwrap().flow(true).unwrap().1;
    opening.net.pass(nat.tcp_transitory);
    assert!(opening.tcp(opening.a, server, outer, SYN_ACK).is_empty());

    let mut closed = lab(nat.clone());
    let outer = closed.connect();
    closed.tcp(closed.host, inside, server, FIN_ACK);
    closed.net.pass(nat.tcp_transitory);
    assert_eq!(closed.tcp(closed.a, server, outer, FIN_ACK).len(), 1, "half closed is open");
    closed.net.pass(nat.tcp_transitory);
    assert!(closed.tcp(closed.host, inside, server, ACK).is_empty());

    let mut reset = lab(nat.clone());
    let outer = reset.connect();
    reset.tcp(reset.a, server, outer, RST);
    reset.net.pass(nat.tcp_transitory);
    assert!(reset.tcp(reset.host, inside, server, ACK).is_empty());
}

#[test]
fn an_echo_goes_out_and_its_reply_comes_back() {
    let mut lab = lab(Nat::symmetric());
    let (inside, server) = (*addr(INSIDE).ip(), *addr(SERVER_A).ip());
    let arrived = lab.net.send(lab.host, &testing::echo(inside, server, 77, true, b"x"));
    let request = Packet::read(&arrived[0].1).unwrap();
    assert!(testing::checksums_hold(&arrived[0].1, &request));
    let Body::Echo { identifier, .. } = request.body else { panic!("no echo") };
    let reply = testing::echo(server, request.source, identifier, false, b"x");
    let arrived = lab.net.send(lab.a, &reply);
    let reply = Packet::read(&arrived[0].1).unwrap();
    assert_eq!(reply.body, Body::Echo { identifier: 77, request: false });
    assert_eq!((arrived[0].0, reply.destination), (lab.host, inside));
    assert!(testing::checksums_hold(&arrived[0].1, &reply));
    // A request from outside has no mapping, and a reply that nobody asked for makes none.
    let request = testing::echo(server, "198.51.100.1".parse().unwrap(), 5, true, b"x");
    assert!(lab.net.send(lab.a, &request).is_empty());
    assert!(lab.net.send(lab.host, &testing::echo(inside, server, 78, false, b"x")).is_empty());
}

#[test]
fn an_error_from_outside_finds_the_host_and_quotes_its_own_packet() {
    let mut lab = lab(Nat::symmetric());
    let (inside, server) = (addr(INSIDE), addr(SERVER_A));
    let arrived = lab.net.send(lab.host, &testing::udp(inside, server, b"hello"));
    let sent = Packet::read(&arrived[0].1).unwrap();
    let error = answer::error(&arrived[0].1, &sent, Trouble::Prohibited).unwrap();
    // The error comes from the server itself.
    let mut error = error;
    packet_from(&mut error, server);
    let back = lab.net.send(lab.a, &error);
    assert_eq!(back.len(), 1);
    let read = Packet::read(&back[0].1).unwrap();
    assert!(testing::checksums_hold(&back[0].1, &read));
    let Body::Error(quoted) = read.body else { panic!("no error") };
    assert_eq!((back[0].0, read.destination), (lab.host, *inside.ip()));
    assert_eq!((quoted.source, quoted.destination), (inside, server));
}

#[test]
fn an_error_from_inside_hides_the_inner_address() {
    let mut lab = lab(Nat::full_cone());
    let (inside, server) = (addr(INSIDE), addr(SERVER_A));
    let mapped = lab.out(SERVER_A);
    let arrived = lab.net.send(lab.a, &testing::udp(server, mapped, b"hello"));
    let got = Packet::read(&arrived[0].1).unwrap();
    let mut error = answer::error(&arrived[0].1, &got, Trouble::Prohibited).unwrap();
    packet_from(&mut error, inside);
    let back = lab.net.send(lab.host, &error);
    let read = Packet::read(&back[0].1).unwrap();
    assert!(testing::checksums_hold(&back[0].1, &read));
    let Body::Error(quoted) = read.body else { panic!("no error") };
    assert_eq!((back[0].0, read.source), (lab.a, *mapped.ip()));
    assert_eq!((quoted.source, quoted.destination), (server, mapped));
}

#[test]
fn two_nats_in_a_row_both_translate() {
    let mut net = Net::new(3);
    let carrier = net.nat(Nat::carrier(), "198.51.100.1");
    let home = net
        .router
        .add_nat(Nat::home(), Network::Behind(carrier), "100.64.0.2".parse().unwrap())
        .unwrap();
    let host = net.behind(home, "10.0.0.2");
    let server = net.public("203.0.113.1");
    let (path, seen) = net.probe(host, addr(INSIDE), addr(SERVER_A)).unwrap();
    assert_eq!((path, seen.ip().to_string()), (server, "198.51.100.1".to_owned()));
    assert_eq!(net.router.mappings(net.now, home)[0].port, 5000);
    assert_eq!(net.probe(server, addr(SERVER_A), seen), Some((host, addr(SERVER_A))));
}

#[test]
fn a_fragment_and_an_unknown_protocol_do_not_pass_a_nat() {
    let mut lab = lab(Nat::full_cone());
    let (inside, server) = (*addr(INSIDE).ip(), *addr(SERVER_A).ip());
    assert!(lab.net.send(lab.host, &answer::ipv4(132, inside, server, b"sctp")).is_empty());
    assert_eq!(lab.dropped(Cause::Protocol), 1);
    let mut fragment = testing::udp(addr(INSIDE), addr(SERVER_A), b"hello");
    fragment[6] = 0x20;
    fragment[10..12].fill(0);
    let sum = crate::checksum::of(&[&fragment[..20]]);
    fragment[10..12].copy_from_slice(&sum.to_be_bytes());
    assert!(lab.net.send(lab.host, &fragment).is_empty());
    assert_eq!(lab.dropped(Cause::Fragment), 1);
}

/// Makes an ICMP error come from `source` instead of a router.
fn packet_from(error: &mut [u8], source: SocketAddrV4) {
    // Only the address of an error is rewritten here: its “port” field holds the MTU's unused half.
    let unused = u16::from_be_bytes([error[24], error[25]]);
    crate::packet::rewrite(error, Side::Source, SocketAddrV4::new(*source.ip(), unused));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent, no two live mappings share an outer port, and what comes back reaches
    /// exactly who sent.
    #[test]
    fn mappings_never_cross(
        mapping in 0..3_usize, filtering in 0..3_usize, preserves_ports: bool, seed: u64,
        sends in proptest::collection::vec((0..4_u8, 1..4_u16, 0..2_u8, 1..4_u16, 0..40_u64), 1..60),
    ) {
        let mut net = Net::new(seed);
        let settings = Nat {
            preserves_ports,
            ports: 1..=30,
            ..Nat::new(MAPPINGS[mapping], FILTERINGS[filtering]).udp_idle(Duration::from_secs(60))
        };
        let nat = net.nat(settings, "198.51.100.1");
        let hosts: Vec<_> = (0..4).map(|n| net.behind(nat, &format!("10.0.0.{}", n + 2))).collect();
        let servers: Vec<_> = (0..2).map(|n| net.public(&format!("203.0.113.{}", n + 1))).collect();
        for (host, port, server, to_port, wait_s) in sends {
            net.pass(Duration::from_secs(wait_s));
            let inside = SocketAddrV4::new([10, 0, 0, host + 2].into(), port);
            let remote = SocketAddrV4::new([203, 0, 113, server + 1].into(), to_port);
            let Some((path, outer)) = net.probe(hosts[usize::from(host)], inside, remote) else {
                prop_assert!(net.router.nat_counters(nat).dropped(Cause::PortsUsedUp) > 0);
                continue;
            };
            prop_assert_eq!(path, servers[usize::from(server)]);
            prop_assert_eq!(
                net.probe(path, remote, outer),
                Some((hosts[usize::from(host)], remote))
            );
            let live = net.router.mappings(net.now, nat);
            let mine = live.iter().find(|entry| entry.port == outer.port()).unwrap();
            prop_assert_eq!((mine.protocol, mine.inside), (Protocol::Udp, inside));
            let mut ports: Vec<_> = live.iter().map(|entry| entry.port).collect();
            ports.dedup();
            prop_assert_eq!(ports.len(), live.len());
        }
    }
}
