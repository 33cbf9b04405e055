//! The whole table of special ranges, in every way of writing an address, by every method.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use stun_types::AddressFamily;
use turn_types::attribute::{AdditionalAddressFamily, RequestedTransport};
use turn_types::message::ALLOCATE;

use crate::policy::{Denied, Known, Net, Rules, SPECIAL, judge};
use crate::testing::{Person, Rig, client, config, visit};
use crate::{Dropped, Mode, OpenRules, RelayConfig};

/// First, second, middle, last but one and last address of a range.
fn samples(net: &Net) -> Vec<IpAddr> {
    match net.bounds() {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            [first, first + 1, first + (last - first) / 2, last - 1, last]
                .map(|bits| Ipv4Addr::from_bits(bits).into())
                .to_vec()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let inner = (last - first).min(1);
            [first, first + inner, first + (last - first) / 2, last - inner, last]
                .map(|bits| Ipv6Addr::from_bits(bits).into())
                .to_vec()
        }
        _ => unreachable!("one family"),
    }
}

/// An IPv4 address in every form that IPv6 has for it, and as it is.
fn forms(v4: Ipv4Addr) -> Vec<IpAddr> {
    let bits = u128::from(v4.to_bits());
    let v6 = |bits: u128| IpAddr::V6(Ipv6Addr::from_bits(bits));
    vec![
        v4.into(),
        v6(bits),
        v6(0xffff << 32 | bits),
        v6(0xffff << 48 | bits),
        v6(0x0064_ff9b << 96 | bits),
        v6(0x2002 << 112 | bits << 80),
        v6(0x2002 << 112 | bits << 80 | 0x1234_5678),
        // Teredo: as its server, and as its client (inverted).
        v6(0x2001_0000 << 96 | bits << 64 | u128::from(!0x0808_0808_u32)),
        v6(0x2001_0000 << 96 | 0x0808_0808 << 64 | (bits ^ 0xffff_ffff)),
        // ISATAP behind a public prefix, both forms of its interface.
        v6(0x2a00_0001 << 96 | 0x0000_5efe << 32 | bits),
        v6(0x2a00_0001 << 96 | 0x0200_5efe << 32 | bits),
    ]
}

/// Every address that must never be reached.
fn forbidden() -> Vec<IpAddr> {
    let mut all = Vec::new();
    for range in SPECIAL {
        for ip in samples(&range.net) {
            match ip {
                IpAddr::V4(v4) => all.extend(forms(v4)),
                IpAddr::V6(_) => all.push(ip),
            }
        }
    }
    all
}

fn open() -> RelayConfig {
    let mut config = config();
    config.addresses.push("2a00:1::9".parse().expect("a constant"));
    config.mode = Mode::Open(OpenRules::default());
    config.limits.peers_per_visit = 1_024;
    config
}

/// Somebody with an IPv4 and an IPv6 relayed address.
fn dual(rig: &mut Rig) -> Person {
    let mut person = Person::new(client(1), 1, 1);
    let transport = RequestedTransport::new(RequestedTransport::UDP);
    let second = AdditionalAddressFamily::new(AddressFamily::IPV6);
    let reply = rig.ask(&mut person, ALLOCATE, &[&transport, &second]);
    assert_eq!(reply.relayed.len(), 2);
    person
}

#[test]
fn no_special_address_is_reached_by_any_method_in_any_form() {
    for config in [open(), RelayConfig { mode: Mode::Closed, ..open() }] {
        let mut rig = Rig::new(config);
        let mut person = dual(&mut rig);
        let all = forbidden();
        assert!(all.len() > 18 * 5 * 11);
        for (i, ip) in all.iter().enumerate() {
            // Signalled as well, by mistake or on purpose; the list is emptied before it is full.
            if i % 500 == 0 {
                rig.relay.forget_peers(visit(1));
            }
            rig.relay.allow_peer(visit(1), *ip).expect("room");
            let peer = SocketAddr::new(*ip, 5_000);
            assert_eq!(rig.permit(&mut person, &[peer]).code, Some(403), "CreatePermission {ip}");
            assert_eq!(rig.bind(&mut person, 0x4000, peer).code, Some(403), "ChannelBind {ip}");
            let denied = rig.relay.stats().dropped(Dropped::Denied);
            assert!(rig.send(&person, peer, b"x").is_empty(), "Send {ip}");
            assert_eq!(rig.relay.stats().dropped(Dropped::Denied), denied + 1, "Send {ip}");
            assert!(rig.channel(&person, 0x4000, b"x").is_empty());
        }
        assert_eq!(rig.relay.stats().relayed_up, 0);
        assert_eq!(rig.relay.sizes().entries, 0, "no permission and no channel came of it");
    }
}

#[test]
fn each_range_is_counted_by_its_name() {
    let mut rig = Rig::new(open());
    let mut person = dual(&mut rig);
    for range in SPECIAL {
        let peer = SocketAddr::new(range.net.bounds().0, 5_000);
        assert_eq!(rig.permit(&mut person, &[peer]).code, Some(403));
    }
    let counted: Vec<_> = rig.relay.stats().denied().filter(|(_, n)| *n > 0).collect();
    // The unspecified and the loopback address of IPv6 also embed an IPv4 address, and each range
    // counts where its own name comes first.
    assert_eq!(counted.len(), SPECIAL.len());
    assert!(counted.iter().all(|(_, n)| *n == 1));
}

#[test]
fn one_forbidden_peer_spoils_the_whole_request() {
    let mut rig = Rig::new(open());
    let mut person = dual(&mut rig);
    let good: SocketAddr = "8.8.8.8:5000".parse().expect("a constant");
    let bad: SocketAddr = "10.0.0.1:5000".parse().expect("a constant");
    rig.relay.allow_peer(visit(1), good.ip()).expect("room");
    for peers in [[good, bad], [bad, good]] {
        assert_eq!(rig.permit(&mut person, &peers).code, Some(403));
    }
    assert!(rig.send(&person, good, b"x").is_empty(), "no part of it was kept");
    assert_eq!(rig.permit(&mut person, &[good]).code, None);
    assert_eq!(rig.send(&person, good, b"x").len(), 1);
}

#[test]
fn public_addresses_in_ipv6_are_judged_as_what_they_mean() {
    let (own, deny) = ([], []);
    let rules = Rules { own: &own, deny: &deny };
    let known = Known { relayed: None, unit: false, signalled: true };
    let at = |ip: IpAddr| judge(SocketAddr::new(ip, 5_000), known, Some(&rules));
    let mut reached = 0;
    for ip in forms(Ipv4Addr::new(8, 8, 8, 8)) {
        match at(ip) {
            Ok(_) => reached += 1,
            // Whole ranges that only stand for other addresses stay closed.
            Err(Denied::Special(index)) => {
                assert!(["v6_6to4", "v6_protocol"].contains(&SPECIAL[index].name));
            }
            Err(other) => panic!("{ip}: {other:?}"),
        }
    }
    assert_eq!(reached, 7, "so the test above refuses the range and not the form");
}
