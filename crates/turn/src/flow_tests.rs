//! What clients ask and get, in virtual time: allocations, credentials, quotas and their ends.

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::AddressFamily;
use stun_types::attribute::{
    Attribute, AttributeType, RawAttribute, UnknownAttributes, XorMappedAddress,
};
use stun_types::message::{BINDING, Message};
use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, DontFragment, EvenPort, Lifetime,
    RequestedAddressFamily, RequestedTransport, ReservationToken,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::testing::{
    Person, REALM, RELAY_V4, Rig, START_S, bare, client, client_over, config, seat, signed, visit,
};
use crate::{CloseReason, Dropped, Refused, RelayEvent, Scope, Transport};

const HOUR: Duration = Duration::from_secs(3_600);
const NANO: Duration = Duration::from_nanos(1);

fn rig() -> Rig {
    Rig::new(config())
}

fn udp() -> RequestedTransport {
    RequestedTransport::new(RequestedTransport::UDP)
}

#[test]
fn a_stranger_is_challenged_and_leaves_nothing_behind() {
    let mut rig = rig();
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        let request = bare(method, 7.into());
        let reply = rig.give_request(client(1), &request);
        assert_eq!(reply.code, Some(401));
        assert!(reply.nonce.is_some());
    }
    assert_eq!(rig.relay.sizes().allocations, 0);
    assert_eq!(rig.relay.stats().refused(Refused::Unauthorized), 4);
}

#[test]
fn anybody_may_ask_how_they_look_from_here() {
    let mut rig = rig();
    let reply = rig.give_request(client(5), &bare(BINDING, 9.into()));
    assert_eq!((reply.code, reply.mapped), (None, Some(client(5).remote)));
    let message = Message::from_bytes(&reply.bytes).expect("a message");
    let kinds: Vec<_> = message.iter_attributes().map(|(_, a)| a.get_type()).collect();
    assert_eq!(kinds, [XorMappedAddress::new(client(5).remote, 9.into()).get_type()]);
}

#[test]
fn an_allocation_says_where_it_is_and_proves_who_says_it() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    let reply = rig.allocate(&mut person);
    assert_eq!(reply.code, None);
    assert_eq!(reply.mapped, Some(person.client.remote));
    assert_eq!(reply.lifetime_s, Some(600));
    assert_eq!(reply.relayed.len(), 1);
    assert!(reply.relayed[0].ip() == RELAY_V4 && reply.relayed[0].port() >= 49_152);
    let message = Message::from_bytes(&reply.bytes).expect("a message with a good fingerprint");
    let key = stun_types::message::LongTermKeyCredentials::new(
        person.credentials.username.clone(),
        person.credentials.password.clone(),
        REALM.to_owned(),
    );
    assert!(message.validate_integrity(&key.into()).is_ok());
    // SOFTWARE would only tell an attacker what to try.
    assert!(!message.has_attribute(AttributeType::new(0x8022)));
}

#[test]
fn a_repeated_allocate_gets_the_same_answer() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    rig.allocate(&mut person);
    rig.relay.client_gone(&person.client);
    let request = rig.signed(&person, ALLOCATE, &[&udp()]);
    let first = rig.give_request(person.client, &request);
    rig.pass(Duration::from_secs(2));
    let again = rig.give_request(person.client, &request);
    assert_eq!((first.code, again.code), (None, None));
    assert!(first.bytes == again.bytes);
    assert_eq!(rig.relay.sizes().allocations, 1);
    let other = rig.signed(&person, ALLOCATE, &[&udp()]);
    assert_eq!(rig.give_request(person.client, &other).code, Some(437));
}

#[test]
fn only_good_credentials_of_now_count() {
    let mut rig = rig();
    let good = Person::new(client(1), 1, 1);
    let mut cases = Vec::new();
    let mut wrong = Person::new(client(1), 1, 1);
    wrong.credentials.password.insert(0, 'A');
    cases.push(("a wrong password", wrong));
    let mut wrong = Person::new(client(1), 1, 1);
    wrong.credentials.username = Person::new(client(1), 1, 2).credentials.username;
    cases.push(("the password of somebody else", wrong));
    let mut wrong = Person::new(client(1), 1, 1);
    wrong.credentials.username = "somebody".to_owned();
    cases.push(("a user name that is not ours", wrong));
    cases.push(("expired", Person::until(client(1), 1, 1, START_S)));
    cases.push(("dated too far ahead", Person::until(client(1), 1, 1, START_S + 86_401)));
    for (what, mut person) in cases {
        assert_eq!(rig.allocate(&mut person).code, Some(401), "{what}");
    }
    let mut edge = Person::until(client(1), 1, 1, START_S + 86_400);
    assert_eq!(rig.allocate(&mut edge).code, None);
    let mut last = Person::until(client(2), 1, 1, START_S + 1);
    assert_eq!(rig.allocate(&mut last).lifetime_s, Some(1));
    // Without the parts that a proof needs there is nothing to challenge.
    let mut bytes = signed(&good, ALLOCATE, 3.into(), &[&udp()]);
    let nonce_at = bytes.windows(4).position(|w| w == [0, 0x15, 0, 0]).expect("an empty nonce");
    bytes[nonce_at + 1] = 0xff;
    bytes[nonce_at] = 0xff;
    bytes.truncate(bytes.len() - 8);
    let length = u16::try_from(bytes.len() - 20).expect("short");
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(rig.give_request(client(9), &bytes).code, Some(400));
}

#[test]
fn a_stale_nonce_is_replaced_and_the_request_goes_on() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    rig.allocate(&mut person);
    rig.pass(Duration::from_secs(599));
    let request = rig.signed(&person, REFRESH, &[]);
    assert_eq!(rig.give_request(person.client, &request).code, None);
    rig.pass(Duration::from_secs(1));
    let request = rig.signed(&person, REFRESH, &[]);
    let stale = rig.give_request(person.client, &request);
    assert_eq!(stale.code, Some(438));
    person.nonce = stale.nonce.expect("a new nonce");
    let request = rig.signed(&person, REFRESH, &[]);
    assert_eq!(rig.give_request(person.client, &request).code, None);
    let other = Person { client: client(2), ..person };
    let request = rig.signed(&other, ALLOCATE, &[&udp()]);
    assert_eq!(rig.give_request(other.client, &request).code, Some(438), "a stolen nonce");
}

#[test]
fn other_credentials_do_not_touch_an_allocation() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    let relayed = rig.relayed(&mut person);
    for mut other in [Person::new(client(1), 1, 2), Person::until(client(1), 1, 1, START_S + 9)] {
        assert_eq!(rig.refresh(&mut other, 0).code, Some(441));
        assert_eq!(rig.permit(&mut other, &[relayed]).code, Some(441));
        assert_eq!(rig.bind(&mut other, 0x4000, relayed).code, Some(441));
        assert_eq!(rig.allocate(&mut other).code, Some(437));
    }
    assert_eq!(rig.refresh(&mut person, 600).code, None);
}

#[test]
fn without_an_allocation_there_is_nothing_to_change() {
    let mut rig = rig();
    let peer: SocketAddr = "8.8.8.8:5000".parse().expect("a constant");
    let mut person = Person::new(client(1), 1, 1);
    assert_eq!(rig.refresh(&mut person, 600).code, Some(437));
    assert_eq!(rig.permit(&mut person, &[peer]).code, Some(437));
    assert_eq!(rig.bind(&mut person, 0x4000, peer).code, Some(437));
    assert!(rig.send(&person, peer, b"x").is_empty());
    assert!(rig.channel(&person, 0x4000, b"x").is_empty());
    assert_eq!(rig.relay.stats().dropped(Dropped::NoAllocation), 2);
}

#[test]
fn a_lifetime_is_what_was_asked_for_within_bounds() {
    let mut rig = rig();
    let mut person = Person::until(client(1), 1, 1, START_S + 80_000);
    rig.allocate(&mut person);
    for (asked_s, granted_s) in
        [(1, 600), (600, 600), (601, 601), (3_600, 3_600), (u32::MAX, 3_600)]
    {
        assert_eq!(rig.refresh(&mut person, asked_s).lifetime_s, Some(granted_s));
    }
    assert_eq!(rig.ask(&mut person, REFRESH, &[]).lifetime_s, Some(600));
    let mut short = Person::until(client(2), 1, 2, START_S + 700);
    let lifetime = Lifetime::new(3_600);
    assert_eq!(rig.ask(&mut short, ALLOCATE, &[&udp(), &lifetime]).lifetime_s, Some(700));
    rig.pass(Duration::from_secs(300));
    assert_eq!(rig.refresh(&mut short, 3_600).lifetime_s, Some(400), "to the end of credentials");
    rig.pass(Duration::from_secs(400));
    assert_eq!(rig.refresh(&mut short, 600).code, Some(401), "expired");
}

#[test]
fn an_allocation_ends_exactly_when_it_was_said() {
    for explicit in [false, true] {
        let mut rig = rig();
        let mut person = Person::new(client(1), 1, 1);
        rig.allocate(&mut person);
        assert!(matches!(rig.relay.poll_event(), Some(RelayEvent::Opened { .. })));
        assert_eq!(rig.relay.poll_timeout(), Some(rig.now + Duration::from_secs(600)));
        rig.pass(Duration::from_secs(600) - NANO);
        assert_eq!(rig.relay.sizes().allocations, 1);
        if explicit {
            rig.pass(NANO);
            assert_eq!(rig.relay.sizes().allocations, 0);
        } else {
            // Nobody called handle_timeout; it counts as ended all the same.
            rig.now += NANO;
            assert!(rig.channel(&person, 0x4000, b"x").is_empty());
        }
        assert_eq!(rig.refresh(&mut person, 600).code, Some(437));
        let Some(RelayEvent::Closed { reason, .. }) = rig.relay.poll_event() else {
            panic!("it closed")
        };
        assert_eq!(reason, CloseReason::Expired);
        assert_eq!(rig.relay.poll_timeout(), None);
    }
}

#[test]
fn giving_up_frees_everything_at_once() {
    let mut rig = rig();
    let mut person = Person::new(client_over(Transport::Tcp, 1), 1, 1);
    let first = rig.relayed(&mut person);
    assert_eq!(rig.refresh(&mut person, 0).lifetime_s, Some(0));
    assert_eq!(rig.relay.table.index_sizes(), [0; 7]);
    let second = rig.relayed(&mut person);
    assert_ne!(first, second, "drawn at random");
    rig.relay.client_gone(&person.client);
    assert_eq!(rig.relay.table.index_sizes(), [0; 7]);
}

#[test]
fn each_quota_holds_before_anything_is_taken() {
    let with = |change: fn(&mut crate::Limits)| {
        let mut config = config();
        change(&mut config.limits);
        Rig::new(config)
    };
    let fill = |rig: &mut Rig, people: &[(u32, u128, u128)]| {
        let last = people.len() - 1;
        for (i, (c, v, s)) in people.iter().enumerate() {
            let code = rig.allocate(&mut Person::new(client(*c), *v, *s)).code;
            assert_eq!(code, (i == last).then_some(486), "number {i}");
        }
        assert_eq!(rig.relay.table.index_sizes(), [last; 7]);
    };
    let seat: Vec<_> = (0..25).map(|i| (i, 1, 1)).collect();
    fill(&mut rig(), &seat);
    let mut rig = with(|l| l.allocations_per_visit = 3);
    fill(&mut rig, &[(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 4)]);
    assert_eq!(rig.allocate(&mut Person::new(client(5), 2, 1)).code, None, "another visit");
    let mut rig = with(|l| l.allocations = 2);
    fill(&mut rig, &[(1, 1, 1), (2, 2, 2), (3, 3, 3)]);
    let mut rig = with(|l| l.allocations_per_address = 2);
    for (port, code) in [(1, None), (2, None), (3, Some(486))] {
        let mut client = client(1);
        client.remote.set_port(port);
        assert_eq!(rig.allocate(&mut Person::new(client, u128::from(port), 1)).code, code);
    }
    assert_eq!(rig.relay.stats().refused(Refused::QuotaReached), 1);
}

#[test]
fn when_no_port_is_free_the_answer_says_so() {
    let mut config = config();
    config.ports = 50_000..=50_003;
    let mut rig = Rig::new(config);
    let mut ports: Vec<_> =
        (1..=4).map(|i| rig.relayed(&mut Person::new(client(i), 1, i.into())).port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [50_000, 50_001, 50_002, 50_003]);
    assert_eq!(rig.allocate(&mut Person::new(client(5), 1, 5)).code, Some(508));
}

#[test]
fn what_an_allocate_may_ask_for() {
    let mut rig = rig();
    let v4 = RequestedAddressFamily::new(AddressFamily::IPV4);
    let v6 = RequestedAddressFamily::new(AddressFamily::IPV6);
    let also_v6 = AdditionalAddressFamily::new(AddressFamily::IPV6);
    let also_v4 = RawAttribute::new(AttributeType::new(0x8000), &[1, 0, 0, 0]);
    let (even, reserve) = (EvenPort::new(false), EvenPort::new(true));
    let token = ReservationToken::new(5);
    let (udp, tcp) = (udp(), RequestedTransport::new(RequestedTransport::TCP));
    let no_family = RawAttribute::new(AttributeType::new(0x0017), &[9, 0, 0, 0]);
    let cases: [(&str, &[&dyn stun_types::attribute::AttributeWrite], Option<u16>); 15] = [
        ("no transport", &[], Some(400)),
        ("TCP", &[&tcp], Some(442)),
        ("IPv6, of which there is none", &[&udp, &v6], Some(440)),
        ("a family that does not exist", &[&udp, &no_family], Some(440)),
        ("both ways of naming families", &[&udp, &v4, &also_v6], Some(400)),
        ("IPv4 in addition", &[&udp, &also_v4], Some(400)),
        ("a pair of ports in addition", &[&udp, &also_v6, &reserve], Some(400)),
        ("a pair of ports", &[&udp, &reserve], Some(508)),
        ("a reservation", &[&udp, &token], Some(508)),
        ("a reservation and a family", &[&udp, &token, &v4], Some(400)),
        ("a reservation and a port", &[&udp, &token, &even], Some(400)),
        ("no fragments", &[&udp, &DontFragment::new()], Some(420)),
        ("IPv4", &[&udp, &v4], None),
        ("an even port", &[&udp, &even], None),
        ("both families, of which there is one", &[&udp, &also_v6], None),
    ];
    for (i, (what, attributes, code)) in (1..).zip(cases) {
        let mut person = Person::new(client(i), 1, i.into());
        let reply = rig.ask(&mut person, ALLOCATE, attributes);
        assert_eq!(reply.code, code, "{what}");
        let message = Message::from_bytes(&reply.bytes).expect("a message");
        if code == Some(420) {
            let unknown = message.attribute::<UnknownAttributes>().expect("which ones");
            assert!(unknown.has_attribute(DontFragment::new().get_type()));
        }
        if what.contains("even") {
            assert!(reply.relayed[0].port().is_multiple_of(2));
        }
        if what.contains("both families") {
            let failed = message.attribute::<AddressErrorCode>().expect("which one failed");
            assert_eq!((failed.family(), failed.error().code()), (AddressFamily::IPV6, 440));
        }
    }
}

#[test]
fn two_families_live_and_end_apart() {
    let mut config = config();
    config.addresses.push("2a00::9".parse().expect("a constant"));
    let mut rig = Rig::new(config);
    let mut person = Person::new(client(1), 1, 1);
    let both = AdditionalAddressFamily::new(AddressFamily::IPV6);
    let reply = rig.ask(&mut person, ALLOCATE, &[&udp(), &both]);
    assert_eq!(reply.relayed.len(), 2);
    assert!(reply.relayed[0].is_ipv4() && reply.relayed[1].is_ipv6());
    let mut v4_only = Person::new(client(2), 1, 2);
    let other = rig.relayed(&mut v4_only);
    assert_eq!(rig.permit(&mut v4_only, &[reply.relayed[1]]).code, Some(443));
    assert_eq!(rig.bind(&mut v4_only, 0x4000, reply.relayed[1]).code, Some(443));
    assert_eq!(rig.refresh_family(&mut v4_only, 600, AddressFamily::IPV6).code, Some(443));
    assert_eq!(rig.permit(&mut person, &[other]).code, None);
    assert_eq!(rig.refresh_family(&mut person, 0, AddressFamily::IPV4).lifetime_s, Some(0));
    assert!(rig.send(&person, other, b"x").is_empty(), "no address of that family any more");
    assert_eq!(rig.permit(&mut person, &[other]).code, Some(443));
    assert_eq!(rig.refresh(&mut person, 600).code, None, "the other lives");
    assert_eq!(rig.refresh_family(&mut person, 0, AddressFamily::IPV6).lifetime_s, Some(0));
    assert_eq!(rig.refresh(&mut person, 600).code, Some(437));
}

#[test]
fn revoking_ends_allocations_at_once_and_refuses_the_credentials() {
    let mut rig = rig();
    let mut people: Vec<_> = [(1, 1), (1, 2), (2, 1)]
        .iter()
        .zip(1..)
        .map(|((v, s), c)| Person::new(client(c), *v, *s))
        .collect();
    let relayed: Vec<_> = people.iter_mut().map(|p| rig.relayed(p)).collect();
    assert_eq!(rig.bind(&mut people[1], 0x4000, relayed[0]).code, None);
    while rig.relay.poll_event().is_some() {}
    rig.relay.revoke(rig.now, Scope::Seat(visit(1), seat(1)));
    assert!(matches!(
        rig.relay.poll_event(),
        Some(RelayEvent::Closed { reason: CloseReason::Revoked, .. })
    ));
    assert!(rig.channel(&people[1], 0x4000, b"x").is_empty(), "nobody is there any more");
    assert_eq!(rig.refresh(&mut people[0], 600).code, Some(401));
    assert_eq!(rig.allocate(&mut people[0]).code, Some(401));
    assert_eq!(rig.refresh(&mut people[1], 600).code, None);
    rig.relay.reinstate(Scope::Seat(visit(1), seat(1)));
    assert_eq!(rig.allocate(&mut people[0]).code, None);

    rig.relay.revoke(rig.now, Scope::Visit(visit(1)));
    assert_eq!(rig.relay.sizes().allocations, 1);
    assert_eq!(rig.allocate(&mut people[0]).code, Some(401));
    assert_eq!(rig.allocate(&mut people[1]).code, Some(401));
    assert_eq!(rig.refresh(&mut people[2], 600).code, None, "another visit");
    rig.pass(24 * HOUR);
    assert_eq!(rig.relay.sizes().revocations, 0, "no credentials of then can be good any more");
}

#[test]
fn a_million_strangers_leave_nothing_behind() {
    let mut rig = rig();
    let before = rig.relay.sizes();
    let request = bare(ALLOCATE, 7.into());
    for n in 0..1_000_000 {
        rig.relay.handle_message(rig.now, client(n), &request);
        rig.relay.clear_outbox();
    }
    assert_eq!(rig.relay.sizes(), before);
    assert_eq!(rig.relay.table.index_sizes(), [0; 7]);
    assert!(rig.relay.poll_event().is_none() && rig.relay.poll_timeout().is_none());
    let (answered, silent) = (
        rig.relay.stats().refused(Refused::Unauthorized),
        rig.relay.stats().dropped(Dropped::Stranger),
    );
    assert_eq!(answered + silent, 1_000_000);
}

#[test]
fn a_network_that_proves_nothing_is_answered_so_often_and_no_more() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    rig.allocate(&mut person);
    let request = bare(ALLOCATE, 7.into());
    let answered = |rig: &mut Rig| {
        (0..1_000).filter(|i| !rig.give(client(1 + i % 200), &request).is_empty()).count()
    };
    assert_eq!(answered(&mut rig), 399, "the burst, less the challenge above");
    assert_eq!(rig.refresh(&mut person, 600).code, None, "who has proved it is served");
    rig.pass(Duration::from_secs(1));
    assert_eq!(answered(&mut rig), 100);
    let stream = client_over(Transport::Tcp, 1);
    assert_eq!(rig.give(stream, &request).len(), 1, "a stream's address is proved");
}

#[test]
fn what_is_not_understood_is_counted_and_not_answered() {
    let mut rig = rig();
    let mut other_method = bare(ALLOCATE, 7.into());
    other_method[1] = 0x0a;
    assert!(rig.give(client(1), &other_method).is_empty());
    assert_eq!(rig.relay.stats().dropped(Dropped::NotServed), 1);
    for garbage in [&[][..], &[0], &[0x40], &[0xff; 100], &[0; 20], &other_method[..19]] {
        assert!(rig.give(client(1), garbage).is_empty());
    }
    assert_eq!(rig.relay.stats().dropped(Dropped::Garbage), 6);
    assert!(rig.give(client(1), &[0x40; 5_000]).is_empty());
    assert_eq!(rig.relay.stats().dropped(Dropped::TooLong), 1);
}

#[test]
fn what_stands_after_the_integrity_changes_nothing() {
    let mut rig = rig();
    let mut person = Person::new(client(1), 1, 1);
    rig.allocate(&mut person);
    let mut request = rig.signed(&person, REFRESH, &[]);
    // The fingerprint goes, and somebody on the way adds a lifetime of zero.
    request.truncate(request.len() - 8);
    request.extend_from_slice(&[0x00, 0x0d, 0, 4, 0, 0, 0, 0]);
    let length = u16::try_from(request.len() - 20).expect("short");
    request[2..4].copy_from_slice(&length.to_be_bytes());
    let reply = rig.give_request(person.client, &request);
    assert_eq!((reply.code, reply.lifetime_s), (None, Some(600)));
    assert_eq!(rig.relay.sizes().allocations, 1);
}
