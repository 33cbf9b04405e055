//! Senders without a key: off-path hellos, bad tags, forged STUN, forged alerts.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use sfu::SfuEvent;
use visit::Source;

use crate::common::{Net, ms, seat, server};
use crate::{assert_unharmed, sound_pct};

/// A DTLS 1.2 ClientHello (RFC 6347 §4.2) that offers one cipher suite that nobody takes.
fn client_hello(rng: &mut StdRng) -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    let mut random = [0; 32];
    rng.fill_bytes(&mut random);
    body.extend(random);
    body.extend([0, 0, 0, 2, 0x00, 0x2f, 1, 0]);
    let len = body.len() as u8;
    let mut hello = vec![1, 0, 0, len, 0, 0, 0, 0, 0, 0, 0, len];
    hello.extend(body);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, hello.len() as u8];
    record.extend(hello);
    record
}

fn stranger(rng: &mut StdRng) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, rng.random()], rng.random_range(1_024..65_000)))
}

/// The user fragment that the offer to seat `n` names.
fn ufrag(net: &Net, n: u8) -> String {
    let offer = net.log.iter().rev().find_map(|(_, e)| match e {
        SfuEvent::Offer { seat: s, sdp, .. } if *s == seat(n) => Some(sdp),
        _ => None,
    });
    let lines = offer.expect("an offer").lines();
    let found = lines.filter_map(|l| l.strip_prefix("a=ice-ufrag:")).next();
    found.expect("a user fragment").to_owned()
}

/// A STUN binding request (RFC 8489 §5) to `ufrag` with these attributes behind USERNAME.
fn binding_request(rng: &mut StdRng, ufrag: &str, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    let user = (6, format!("{ufrag}:them").into_bytes());
    for (kind, value) in std::iter::once(&user).chain(attributes) {
        body.extend(kind.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut message = vec![0, 1];
    message.extend((body.len() as u16).to_be_bytes());
    message.extend([0x21, 0x12, 0xa4, 0x42]);
    let mut id = [0; 12];
    rng.fill_bytes(&mut id);
    message.extend(id);
    message.extend(body);
    message
}

#[test]
fn ten_thousand_off_path_hellos_hinder_no_call() {
    let mut rng = StdRng::seed_from_u64(60);
    for seed in 0..10 {
        let mut net = Net::new(600 + seed);
        net.join(1);
        net.join(2);
        let mut sent = 0;
        let connected = net.wait(ms(3_000), |net| {
            for _ in 0..8 {
                if sent < 1_000 {
                    sent += 1;
                    // Strangers, and the callers' own hosts with other ports: a shared NAT.
                    let from = match sent % 4 {
                        0 => {
                            SocketAddr::from(([198, 51, 100, 1], rng.random_range(10_000..60_000)))
                        }
                        1 => {
                            SocketAddr::from(([198, 51, 100, 2], rng.random_range(10_000..60_000)))
                        }
                        _ => stranger(&mut rng),
                    };
                    let hello = client_hello(&mut rng);
                    net.launch(from, server(), hello);
                }
            }
            net.connected() == 2 && sent == 1_000
        });
        assert!(connected, "seed {seed}");
        let t = net.now;
        net.run(ms(500));
        assert_eq!(net.shard.stats().unknown, 1_000, "no hello reached a transport");
        assert!(sound_pct(&mut net, t) > 90.0);
        assert_unharmed(&net);
    }
}

/// `from` gives the source of packet `n`. All packets are altered copies of real ones of seat 1.
fn bad_tags(seed: u64, mut from: impl FnMut(&mut Net, &mut StdRng, usize) -> SocketAddr) {
    const BURST: usize = 500;
    let mut net = Net::new(seed);
    net.call(&[1, 2]);
    net.run(ms(500));
    let mut rng = StdRng::seed_from_u64(seed);
    let t = net.now;
    let mut launched = 0;
    while launched < 100_000 {
        let mut packet = net.client(1).last_media_sent.clone().expect("it sends");
        // Everything behind the first byte, so that it stays what it is taken for.
        let at = rng.random_range(1..packet.len());
        packet[at] ^= 1 << rng.random_range(0..8);
        let source = from(&mut net, &mut rng, launched);
        net.launch(source, server(), packet);
        launched += 1;
        if launched.is_multiple_of(BURST) {
            net.run(ms(20));
        }
    }
    net.run(ms(200));
    assert_unharmed(&net);
    let back = sound_pct(&mut net, t);
    assert!(back >= 99.0, "{back:.1} % of the other's sound arrived");
    let heard = net.client(2).got(seat(1), Source::Mic, t);
    assert!(heard.iter().all(|p| p.from == 1), "nothing was slipped in");
    let share = heard.len() as f64 / ((net.now - t).as_secs_f64() * 50.0);
    assert!(share >= 0.98, "{share:.3} of the attacked one's sound arrived");
}

#[test]
fn a_hundred_thousand_bad_tags_from_the_callers_own_address_cost_nothing() {
    bad_tags(61, |net, _, _| net.client(1).address);
}

#[test]
fn a_hundred_thousand_bad_tags_from_foreign_addresses_cost_nothing() {
    // Every other one from the second caller's address: known, but with other keys.
    bad_tags(
        62,
        |net, rng, n| {
            if n.is_multiple_of(2) { net.client(2).address } else { stranger(rng) }
        },
    );
}

#[test]
fn forged_checks_teach_no_address_and_get_no_answer() {
    let mut net = Net::new(63);
    net.call(&[1, 2]);
    let ufrag = ufrag(&net, 1);
    let mut rng = StdRng::seed_from_u64(63);
    let out = net.shard.stats().datagrams_out;
    let before = net.client(1).datagrams + net.client(2).datagrams;
    let t = net.now;
    let mut unknown = 0;
    for n in 0..10_000_usize {
        let from = stranger(&mut rng);
        let mut noise = vec![0; rng.random_range(0..64)];
        rng.fill_bytes(&mut noise);
        let attributes = match n % 5 {
            // MESSAGE-INTEGRITY of nobody, with and without USE-CANDIDATE, of wrong length, none.
            0 => vec![(8, vec![7; 20]), (0x8028, vec![0; 4])],
            1 => vec![(0x25, vec![]), (0x24, vec![0, 0, 1, 0]), (8, vec![7; 20])],
            2 => vec![(8, noise)],
            3 => vec![],
            _ => vec![(rng.random(), noise), (8, vec![0; 20])],
        };
        let mut request = binding_request(&mut rng, &ufrag, &attributes);
        if n.is_multiple_of(7) {
            let cut = rng.random_range(1..request.len());
            request.truncate(cut);
        }
        net.launch(from, server(), request);
        // Had the address been learned, this would find a transport.
        net.launch(from, server(), client_hello(&mut rng));
        unknown += 1;
        if n.is_multiple_of(100) {
            net.run(ms(20));
        }
    }
    net.run(ms(200));
    let stats = net.shard.stats();
    assert!(stats.unknown >= unknown, "{} hellos found a transport", unknown - stats.unknown);
    let got = net.client(1).datagrams + net.client(2).datagrams - before;
    assert!(got.abs_diff(stats.datagrams_out - out) < 40, "something went to a stranger");
    assert!(sound_pct(&mut net, t) >= 99.0);
    assert_unharmed(&net);
}

/// USE-CANDIDATE (RFC 8445 §7.1.2).
const ATTR_USE_CANDIDATE: [u8; 4] = [0, 0x25, 0, 0];

#[test]
fn checks_that_are_sent_again_from_elsewhere_turn_nothing_aside() {
    let mut net = Net::new(66);
    net.call(&[1, 2]);
    net.run(ms(5_000));
    let checks = net.client(1).checks_sent.clone();
    let marks = |check: &&Vec<u8>| check.windows(4).any(|w| w == ATTR_USE_CANDIDATE);
    assert!(checks.iter().filter(marks).count() >= 2, "some of {} mark the pair", checks.len());
    let mut rng = StdRng::seed_from_u64(66);
    let (t, before) = (net.now, net.shard.stats());
    let arrived = net.client(1).datagrams + net.client(2).datagrams;
    let mut launched = 0;
    for n in 0..2_000_usize {
        // From strangers, and from the other caller's own address.
        let other = net.client(2).address;
        let from = if n.is_multiple_of(3) { other } else { stranger(&mut rng) };
        let again = checks[rng.random_range(0..checks.len())].clone();
        net.launch(from, server(), again);
        launched += 1;
        if n.is_multiple_of(10) {
            net.run(ms(20));
        }
    }
    net.run(ms(200));
    let stats = net.shard.stats();
    assert_eq!(stats.rejected - before.rejected, launched);
    let got = net.client(1).datagrams + net.client(2).datagrams - arrived;
    let sent = stats.datagrams_out - before.datagrams_out;
    assert!(got.abs_diff(sent) < 40, "something went to a stranger");
    let (heard, passed) = (net.client(2).got(seat(1), Source::Mic, t).len(), net.now - t);
    assert!(heard as f64 >= passed.as_secs_f64() * 50.0 * 0.98, "{heard} packets of sound");
    assert!(sound_pct(&mut net, t) >= 99.0);
    assert_unharmed(&net);
}

#[test]
fn stun_garbage_from_a_callers_address_is_survived() {
    let mut net = Net::new(64);
    net.call(&[1, 2]);
    let ufrag = ufrag(&net, 1);
    let own = net.client(1).address;
    let mut rng = StdRng::seed_from_u64(64);
    let t = net.now;
    for n in 0..20_000_usize {
        let mut noise = vec![0; rng.random_range(0..200)];
        rng.fill_bytes(&mut noise);
        let kind = [6, 8, 9, 0x14, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802a][n % 10];
        let mut request = binding_request(&mut rng, &ufrag, &[(kind, noise)]);
        for _ in 0..n % 4 {
            let at = rng.random_range(0..request.len());
            request[at] = rng.random();
        }
        request[0] &= 3;
        net.launch(own, server(), request);
        if n.is_multiple_of(200) {
            net.run(ms(20));
        }
    }
    net.run(ms(200));
    assert!(sound_pct(&mut net, t) >= 99.0);
    assert_unharmed(&net);
}

#[test]
fn forged_alerts_and_records_from_a_callers_address_end_no_call() {
    let mut net = Net::new(65);
    net.call(&[1, 2]);
    let own = net.client(1).address;
    let mut rng = StdRng::seed_from_u64(65);
    let t = net.now;
    for n in 0..5_000_u64 {
        // Epoch 0 is not encrypted; epoch 1 is, and nobody else can do that.
        let epoch = [0, 0, 1, 2][n as usize % 4];
        let mut record = vec![[20, 21, 22, 23, 24, 25][n as usize % 6], 0xfe, 0xfd, 0, epoch];
        record.extend(&rng.random::<u64>().to_be_bytes()[2..]);
        let body: Vec<u8> = match n % 3 {
            // close_notify, handshake_failure (RFC 5246 §7.2).
            0 => vec![1, 0],
            1 => vec![2, 40],
            _ => (0..rng.random_range(1..200)).map(|_| rng.random()).collect(),
        };
        record.extend((body.len() as u16).to_be_bytes());
        record.extend(body);
        net.launch(own, server(), record);
        if n % 5 == 0 {
            net.launch(own, server(), client_hello(&mut rng));
        }
        if n.is_multiple_of(100) {
            net.run(ms(20));
        }
    }
    net.run(ms(200));
    assert_unharmed(&net);
    assert!(sound_pct(&mut net, t) >= 99.0);
    let heard = net.client(2).got(seat(1), Source::Mic, t).len() as f64;
    assert!(heard >= (net.now - t).as_secs_f64() * 49.0, "the attacked one is heard");
}
