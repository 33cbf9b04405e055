//! Senders that are not in the room, and broken packets of those who are.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use visit::Source;

use crate::common::{Net, ms, seat, server};

/// A DTLS 1.2 ClientHello that offers nothing usable.
fn client_hello() -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    body.extend([7; 32]);
    body.extend([0, 0, 0, 2, 0x00, 0x2f, 1, 0]);
    let mut hello = vec![1, 0, 0, body.len() as u8, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
    hello.extend(body);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, hello.len() as u8];
    record.extend(hello);
    record
}

fn stranger(rng: &mut StdRng) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, rng.random()], rng.random_range(1_024..65_000)))
}

#[test]
fn all_calls_connect_under_a_spray_of_hellos_and_garbage() {
    let mut rng = StdRng::seed_from_u64(50);
    for seed in 0..10 {
        let mut net = Net::new(500 + seed);
        net.join(1);
        net.join(2);
        let mut sent = 0;
        // 1,000 per call while it connects: 10,000 over the ten.
        let connected = net.wait(ms(3_000), |net| {
            for _ in 0..8 {
                if sent < 1_000 {
                    sent += 1;
                    let from = stranger(&mut rng);
                    let contents = match sent % 4 {
                        0 | 1 => client_hello(),
                        2 => {
                            let mut junk = vec![0; rng.random_range(1..1_400)];
                            rng.fill_bytes(&mut junk);
                            junk
                        }
                        _ => {
                            let mut rtp = vec![0x80, 96, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];
                            rtp.resize(200, 7);
                            rtp
                        }
                    };
                    net.launch(from, server(), contents);
                }
            }
            net.connected() == 2 && sent == 1_000
        });
        assert!(connected, "seed {seed}");
        let t = net.now;
        net.run(ms(1_000));
        assert!(net.client(1).got(seat(2), Source::Mic, t).len() > 45);
        assert!(net.closed().is_empty());
        assert_eq!(net.shard.stats().panics, 0);
    }
}

#[test]
fn hellos_from_the_clients_own_host_but_another_port_break_nothing() {
    let mut net = Net::new(51);
    net.join(1);
    let mut from = net.client(1).address;
    for n in 0..500 {
        from.set_port(20_000 + n);
        net.launch(from, server(), client_hello());
    }
    assert!(net.wait(ms(2_000), |net| net.connected() == 1));
}

#[test]
fn packets_with_bad_tags_neither_end_a_call_nor_cost_it_a_packet() {
    let mut net = Net::new(52);
    net.call(&[1, 2]);
    net.run(ms(500));
    let t = net.now;
    let mut rng = StdRng::seed_from_u64(52);
    let own = net.client(1).address;
    for round in 0..200 {
        let Some(mut packet) = net.client(1).last_media_sent.clone() else { continue };
        for _ in 0..50 {
            let n = rng.random_range(2..packet.len());
            packet[n] ^= 1 << rng.random_range(0..8);
            let from = if round % 2 == 0 { own } else { stranger(&mut rng) };
            net.launch(from, server(), packet.clone());
        }
        net.run(ms(10));
    }
    net.run(ms(200));
    let audio = net.client(2).got(seat(1), Source::Mic, t);
    assert!(audio.len() >= 105, "{} in 2.2 s", audio.len());
    assert!(audio.iter().all(|p| p.from == 1), "nothing was slipped in");
    assert!(net.closed().is_empty());
    assert_eq!(net.shard.stats().panics, 0);
}

#[test]
fn malformed_packets_from_a_real_participant_are_survived() {
    let mut net = Net::new(53);
    net.call(&[1, 2]);
    let own = net.client(1).address;
    let mut rng = StdRng::seed_from_u64(53);
    // Every short length of every kind, then random bytes behind plausible first ones.
    for first in [0u8, 1, 3, 20, 22, 23, 63, 128, 0x90, 0xbf, 255] {
        for len in 0..64 {
            let mut p = vec![first; len];
            if len > 1 {
                p[1] = rng.random();
            }
            net.launch(own, server(), p);
        }
    }
    for _ in 0..2_000 {
        let mut p = vec![0; rng.random_range(1..300)];
        rng.fill_bytes(&mut p);
        p[0] = [0x80, 0x90, 22, 23, 0][rng.random_range(0..5)];
        net.launch(own, server(), p);
    }
    let t = net.now;
    net.run(ms(1_500));
    assert!(net.client(2).got(seat(1), Source::Mic, t).len() > 60);
    assert_eq!(net.shard.stats().panics, 0);
}

#[test]
fn an_address_that_never_joined_gets_no_datagram() {
    let mut net = Net::new(54);
    net.call(&[1, 2]);
    let mut rng = StdRng::seed_from_u64(54);
    let media = net.client(1).last_media_sent.clone();
    let out = net.shard.stats().datagrams_out;
    let sent_to_clients = |net: &mut Net| net.client(1).datagrams + net.client(2).datagrams;
    let before = sent_to_clients(&mut net);
    for _ in 0..300 {
        let from = stranger(&mut rng);
        net.launch(from, server(), client_hello());
        if let Some(m) = &media {
            net.launch(from, server(), m.clone());
        }
        net.run(ms(5));
    }
    net.run(ms(100));
    let (out, got) = (net.shard.stats().datagrams_out - out, sent_to_clients(&mut net) - before);
    // All that was sent went to the two clients (a few are still under way).
    assert!(out.abs_diff(got) < 40, "{out} sent, {got} arrived at the two");
    assert!(net.shard.stats().unknown >= 300);
}
