//! Random walks in virtual time: whatever clients and time do, the invariants hold.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::testing::{Person, Rig, client, client_over, config, data_indication, seat, visit};
use crate::{Client, RelayConfig, RelayEvent, Scope, To, Transport, frame};

const PEOPLE: usize = 6;
const UNIT: &str = "9.9.9.10:7000";

/// One step. People and channels are numbers; a peer is the relayed address of a person, or the
/// forwarding unit.
#[derive(Clone, Debug)]
enum Step {
    Allocate(usize),
    Refresh(usize, u32),
    Permit(usize, usize),
    Bind(usize, u16, usize),
    Send(usize, usize, usize),
    Channel(usize, u16, usize),
    FromUnit(usize, usize),
    Gone(usize),
    RevokeSeat(usize),
    RevokeVisit(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = 0..PEOPLE;
    let peer = 0..=PEOPLE;
    let lifetime_s = prop_oneof![Just(0_u32), 1_u32..4_000];
    let number = 0x4000_u16..0x4004;
    let size = 0_usize..1_400;
    let step = prop_oneof![
        4 => person.clone().prop_map(Step::Allocate),
        2 => (person.clone(), lifetime_s).prop_map(|(p, l)| Step::Refresh(p, l)),
        6 => (person.clone(), peer.clone()).prop_map(|(p, q)| Step::Permit(p, q)),
        6 => (person.clone(), number.clone(), peer.clone()).prop_map(|(p, n, q)| Step::Bind(p, n, q)),
        10 => (person.clone(), peer, size.clone()).prop_map(|(p, q, s)| Step::Send(p, q, s)),
        10 => (person.clone(), number, size.clone()).prop_map(|(p, n, s)| Step::Channel(p, n, s)),
        4 => (person.clone(), size).prop_map(|(p, s)| Step::FromUnit(p, s)),
        1 => person.clone().prop_map(Step::Gone),
        1 => person.clone().prop_map(Step::RevokeSeat),
        1 => person.prop_map(Step::RevokeVisit),
        3 => (0_u64..400_000).prop_map(Step::Pass),
    ];
    vec(step, 1..120)
}

/// What must be true, kept by the simplest means: times when a permission was last granted.
struct Model {
    rig: Rig,
    people: Vec<Person>,
    relayed: Vec<Option<SocketAddr>>,
    /// By person and permitted address without port.
    permitted: HashMap<(usize, std::net::IpAddr), Instant>,
    ends: Vec<Option<Instant>>,
    revoked: Vec<bool>,
}

impl Model {
    fn new(config: RelayConfig) -> Self {
        let transport = |i: usize| [Transport::Udp, Transport::Tcp, Transport::Tls][i % 3];
        let people = (0..PEOPLE)
            .map(|i| {
                let client = match transport(i) {
                    Transport::Udp => client(i as u32),
                    stream => client_over(stream, i as u32),
                };
                // Two visits of three people, two of whom share a seat.
                Person::until(
                    client,
                    (i / 3) as u128,
                    (i % 2) as u128,
                    crate::testing::START_S + 80_000,
                )
            })
            .collect();
        Self {
            rig: Rig::new(config),
            people,
            relayed: vec![None; PEOPLE],
            permitted: HashMap::new(),
            ends: vec![None; PEOPLE],
            revoked: vec![false; PEOPLE],
        }
    }

    fn visit_of(person: usize) -> usize {
        person / 3
    }

    fn alive(&self, person: usize) -> bool {
        self.ends[person].is_some_and(|end| end > self.rig.now)
    }

    fn end(&mut self, person: usize) {
        self.ends[person] = None;
        self.relayed[person] = None;
        self.permitted.retain(|(p, _), _| *p != person);
    }

    fn peer(&self, peer: usize) -> SocketAddr {
        let unit = UNIT.parse().expect("a constant");
        if peer == PEOPLE { unit } else { self.relayed[peer].unwrap_or(unit) }
    }

    fn permits(&self, person: usize, ip: std::net::IpAddr) -> bool {
        let at = self.permitted.get(&(person, ip));
        self.alive(person) && at.is_some_and(|at| self.rig.now < *at + Duration::from_secs(300))
    }

    fn granted(&mut self, person: usize, peer: SocketAddr, code: Option<u16>) {
        if code.is_none() {
            assert!(self.alive(person), "nothing is granted without an allocation");
            self.permitted.insert((person, peer.ip()), self.rig.now);
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Allocate(p) => {
                let before = self.alive(p);
                let reply = self.rig.allocate(&mut self.people[p]);
                match reply.code {
                    None => {
                        assert!(!before && !self.revoked[p]);
                        self.end(p);
                        let lifetime_s = reply.lifetime_s.expect("a lifetime");
                        self.ends[p] = Some(self.rig.now + Duration::from_secs(lifetime_s.into()));
                        self.relayed[p] = Some(reply.relayed[0]);
                    }
                    Some(code) => assert!(before && code == 437 || self.revoked[p] || code == 486),
                }
            }
            Step::Refresh(p, lifetime_s) => {
                let reply = self.rig.refresh(&mut self.people[p], lifetime_s);
                assert_eq!(reply.code.is_none(), self.alive(p), "exactly while it lives");
                match reply.lifetime_s {
                    Some(0) => self.end(p),
                    Some(granted_s) => {
                        let end = self.rig.now + Duration::from_secs(granted_s.into());
                        self.ends[p] = Some(end);
                    }
                    None => {}
                }
            }
            Step::Permit(p, q) => {
                let peer = self.peer(q);
                let reply = self.rig.permit(&mut self.people[p], &[peer]);
                self.granted(p, peer, reply.code);
            }
            Step::Bind(p, number, q) => {
                let peer = self.peer(q);
                let reply = self.rig.bind(&mut self.people[p], number, peer);
                self.granted(p, peer, reply.code);
            }
            Step::Send(p, q, size) => {
                let peer = self.peer(q);
                let data = body(p, size);
                let sent = self.rig.send(&self.people[p], peer, &data);
                self.check(p, &data, sent);
            }
            Step::Channel(p, number, size) => {
                let data = body(p, size);
                let sent = self.rig.channel(&self.people[p], number, &data);
                self.check(p, &data, sent);
            }
            Step::FromUnit(p, size) => {
                let unit: SocketAddr = UNIT.parse().expect("a constant");
                let data = body(PEOPLE, size);
                let to = self.peer(p);
                self.rig.relay.handle_unit(self.rig.now, to, unit, &data);
                let sent = self.rig.take();
                assert_eq!(
                    !sent.is_empty(),
                    self.relayed[p].is_some() && self.permits(p, unit.ip())
                );
                self.check(PEOPLE, &data, sent);
            }
            Step::Gone(p) => {
                self.rig.relay.client_gone(&self.people[p].client);
                self.end(p);
            }
            Step::RevokeSeat(p) => {
                let (v, s) = (Self::visit_of(p), p % 2);
                let scope = Scope::Seat(visit(v as u128), seat(s as u128));
                self.rig.relay.revoke(self.rig.now, scope);
                (0..PEOPLE)
                    .filter(|q| Self::visit_of(*q) == v && q % 2 == s)
                    .for_each(|q| self.revoke(q));
            }
            Step::RevokeVisit(p) => {
                let v = Self::visit_of(p);
                self.rig.relay.revoke(self.rig.now, Scope::Visit(visit(v as u128)));
                (0..PEOPLE).filter(|q| Self::visit_of(*q) == v).for_each(|q| self.revoke(q));
            }
            Step::Pass(ms) => self.rig.pass(Duration::from_millis(ms)),
        }
        for p in 0..PEOPLE {
            if !self.alive(p) {
                self.end(p);
            }
        }
    }

    fn revoke(&mut self, person: usize) {
        self.revoked[person] = true;
        self.end(person);
    }

    /// Whatever left came from `sender`, is whole, and both sides had permitted each other.
    fn check(&self, sender: usize, data: &[u8], sent: Vec<crate::testing::Sent>) {
        assert!(sent.len() <= 1);
        for out in sent {
            match out.to {
                To::Client { client: to, .. } => {
                    let receiver = self.whose(to);
                    let (from, received) = self.read(&out.bytes, receiver);
                    assert!(received == data);
                    assert!(self.permits(receiver, from.ip()), "the receiver permits the sender");
                    if sender < PEOPLE {
                        assert_eq!(Some(from), self.relayed[sender]);
                        assert_eq!(Self::visit_of(sender), Self::visit_of(receiver), "one visit");
                        let to = self.relayed[receiver].expect("it lives");
                        assert!(self.permits(sender, to.ip()), "the sender permits the receiver");
                    }
                }
                To::Unit { from, to } => {
                    assert_eq!(Some(from), self.relayed[sender]);
                    assert_eq!(to, UNIT.parse().expect("a constant"));
                    assert!(self.permits(sender, to.ip()));
                    assert!(out.bytes == data);
                }
                To::Peer { .. } => panic!("a closed relay sends nothing outside"),
            }
        }
    }

    fn whose(&self, client: Client) -> usize {
        self.people.iter().position(|p| p.client == client).expect("somebody's")
    }

    /// Sender and data of what a client received; the sender of channel data is looked up.
    fn read(&self, bytes: &[u8], receiver: usize) -> (SocketAddr, Vec<u8>) {
        if frame::Kind::of(bytes[0]) == Some(frame::Kind::Stun) {
            return data_indication(bytes);
        }
        let (number, data) = frame::channel_data(bytes).expect("whole");
        let slot = self.rig.relay.table.of_client(&self.people[receiver].client).expect("it lives");
        let allocation = self.rig.relay.table.get(slot).expect("it lives");
        (allocation.peer_of(self.rig.now, number).expect("bound"), data.to_vec())
    }

    fn invariants(&mut self) {
        let alive = (0..PEOPLE).filter(|p| self.alive(*p)).count();
        self.rig.relay.handle_timeout(self.rig.now);
        assert_eq!(self.rig.relay.table.index_sizes(), [alive; 7], "all indexes agree");
        let limits = &self.rig.relay.config.limits;
        for p in 0..PEOPLE {
            let same_seat =
                (0..PEOPLE).filter(|q| Self::visit_of(*q) == Self::visit_of(p) && q % 2 == p % 2);
            let count = same_seat.filter(|q| self.alive(*q)).count();
            assert!(count <= limits.allocations_per_seat as usize, "the quota of a seat");
        }
        assert!(alive <= limits.allocations as usize, "the quota of the relay");
        let entries = limits.permissions + limits.channels;
        assert!(self.rig.relay.sizes().entries <= alive * entries);
        assert!(self.rig.relay.outbox().is_empty());
        let next = (0..PEOPLE).filter_map(|p| self.ends[p]).min();
        assert!(next.is_none_or(|end| self.rig.relay.poll_timeout().is_some_and(|at| at <= end)));
    }
}

/// Data that names its sender.
fn body(sender: usize, size: usize) -> Vec<u8> {
    (0..size).map(|i| (i + sender) as u8).collect()
}

fn small() -> RelayConfig {
    let mut config = config();
    config.unit = vec![UNIT.parse().expect("a constant")];
    config.limits.allocations_per_seat = 1;
    config.limits.allocations = 4;
    (config.limits.permissions, config.limits.channels) = (2, 2);
    config.limits.answers_burst = 100_000;
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_walk_breaks_an_invariant(steps in steps()) {
        let mut model = Model::new(small());
        let (mut opened, mut closed) = (0, 0);
        for step in &steps {
            model.step(step);
            model.invariants();
            while let Some(event) = model.rig.relay.poll_event() {
                match event {
                    RelayEvent::Opened { .. } => opened += 1,
                    RelayEvent::Closed { .. } => closed += 1,
                }
            }
        }
        prop_assert_eq!(opened - closed, model.rig.relay.sizes().allocations);
    }

    #[test]
    fn no_bytes_bring_it_down_or_get_an_answer_that_is_larger(
        bytes in vec(any::<u8>(), 0..200),
        method in prop_oneof![Just(1_u8), Just(3), Just(4), Just(6), Just(8), Just(9)],
    ) {
        let mut rig = Rig::new(small());
        let mut message = bytes;
        for garbage in [false, true] {
            if !garbage && message.len() >= 20 {
                // Close enough to a message that its attributes are looked at.
                let length = (message.len() - 20) / 4 * 4;
                message.truncate(20 + length);
                message[0] = 0;
                message[1] = method;
                message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
                message[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
            }
            let sent = rig.give(client(1), &message);
            prop_assert!(sent.len() <= 1);
            prop_assert!(sent.iter().all(|out| out.bytes.len() <= message.len() + 120));
            prop_assert_eq!(rig.relay.sizes().allocations, 0);
            message.reverse();
        }
    }

    #[test]
    fn a_stream_of_any_bytes_ends_or_goes_on_and_never_panics(
        bytes in vec(any::<u8>(), 0..600),
        cuts in vec(1_usize..40, 1..40),
    ) {
        let mut deframer = frame::Deframer::default();
        let mut rest = &bytes[..];
        let mut taken = 0;
        'stream: for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let n = cut.min(rest.len());
            deframer.space()[..n].copy_from_slice(&rest[..n]);
            deframer.filled(n);
            rest = &rest[n..];
            loop {
                match deframer.next_frame() {
                    Ok(Some(message)) => taken += message.len(),
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
        }
        prop_assert!(taken <= bytes.len());
    }
}
