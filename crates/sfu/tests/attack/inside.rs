//! Somebody in the room who encrypts correctly what nobody should send. The worst that may happen
//! is that their own transport ends. The others hear each other as before.

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use sfu::TransportId;

use crate::common::{Net, ms, seat};
use crate::hostile::{Hostile, fix_sctp_checksum};
use crate::sound_pct;

/// A call of three; seat 3 is hostile.
fn scene(seed: u64) -> (Net, Hostile, StdRng, Instant) {
    let mut net = Net::new(seed);
    net.join(1);
    net.join(2);
    let hostile = Hostile::join(&mut net, 3);
    assert!(net.wait(ms(5_000), |net| net.connected() == 3), "all connect");
    for honest in [1, 2] {
        net.client(honest).sends_anything = Some(seat(3));
    }
    net.run(ms(1_500));
    let t = net.now;
    (net, hostile, StdRng::seed_from_u64(seed), t)
}

/// Nothing panicked, and nobody but the hostile one was harmed.
fn assert_only_oneself_harmed(mut net: Net, t: Instant) {
    net.run(ms(1_000));
    assert_eq!(net.shard.stats().panics, 0);
    let hostile: TransportId = net.client(3).transport;
    assert!(net.closed().iter().all(|(t, _)| *t == hostile), "somebody else was put out");
    let sound = sound_pct(&mut net, t);
    assert!(sound >= 98.0, "{sound:.1} % of the sound arrived");
}

#[test]
fn what_the_hostile_client_seals_is_taken_for_genuine() {
    // Otherwise the rest of this file proves nothing.
    let (mut net, hostile, ..) = scene(70);
    net.client(3).layers = 0;
    let packet = hostile.last_rtp(&mut net).expect("it sends");
    let before = net.shard.stats().packets_in;
    for n in 0..200_u16 {
        let mut packet = packet.clone();
        let seq = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(100 + n);
        packet[2..4].copy_from_slice(&seq.to_be_bytes());
        hostile.send_rtp(&mut net, &packet);
    }
    // Less than a packet interval of the honest senders.
    net.run(ms(11));
    let taken = net.shard.stats().packets_in - before;
    assert!(taken >= 200, "{taken} of 200");
}

#[test]
fn malformed_padding_is_survived() {
    let (mut net, hostile, mut rng, t) = scene(71);
    let good = hostile.last_rtp(&mut net).expect("it sends");
    let mut seq = u16::from_be_bytes([good[2], good[3]]).wrapping_add(1_000);
    for len in [12, 13, 14, 15, 16, 20, 28, 40, 100, 268, 300] {
        for pad in [0, 1, 2, 3, 4, 8, 127, 200, 254, 255] {
            for fill in [pad, 0, 255] {
                // The padding bit, and a count that is none, too large or larger than the payload.
                let mut packet = good[..12].to_vec();
                packet[0] = 0xa0 | (packet[0] & 0x0f & rng.random::<u8>());
                seq = seq.wrapping_add(1);
                packet[2..4].copy_from_slice(&seq.to_be_bytes());
                packet.resize(len, fill);
                if let Some(last) = packet[12..].last_mut() {
                    *last = pad;
                }
                hostile.send_rtp(&mut net, &packet);
                // The same behind the extensions of a real packet.
                let mut real = good.clone();
                real[0] |= 0x20;
                seq = seq.wrapping_add(1);
                real[2..4].copy_from_slice(&seq.to_be_bytes());
                if let Some(last) = real.last_mut() {
                    *last = pad;
                }
                hostile.send_rtp(&mut net, &real);
            }
        }
        net.run(ms(20));
    }
    assert_only_oneself_harmed(net, t);
}

#[test]
fn oversized_and_cut_header_extensions_are_survived() {
    let (mut net, hostile, mut rng, t) = scene(72);
    let good = hostile.last_rtp(&mut net).expect("it sends");
    let mut seq = u16::from_be_bytes([good[2], good[3]]).wrapping_add(1_000);
    let mut send = |net: &mut Net, profile: u16, words: u16, elements: &[u8], rest: usize| {
        let mut packet = good[..12].to_vec();
        packet[0] = 0x90;
        seq = seq.wrapping_add(1);
        packet[2..4].copy_from_slice(&seq.to_be_bytes());
        packet.extend(profile.to_be_bytes());
        packet.extend(words.to_be_bytes());
        packet.extend(elements);
        packet.resize(packet.len() + rest, 7);
        hostile.send_rtp(net, &packet);
    };
    for profile in [0x1000, 0x100f, 0xbede, 0x0000, 0xffff] {
        // One element of every id with a length that fits, is cut, or runs over the end.
        for id in 0..=255_u8 {
            for (len, room) in [(0, 4), (1, 4), (255, 260), (255, 8), (200, 204), (16, 20)] {
                let mut element = vec![id, len];
                element.resize(room, id);
                let words = (room / 4) as u16;
                send(&mut net, profile, words, &element, 50);
            }
        }
        net.run(ms(20));
        // The whole field: longer than the packet, nothing, all padding, all of id 15.
        for (words, elements) in [
            (0xffff, vec![]),
            (0xffff, vec![0; 1_000]),
            (0, vec![]),
            (250, vec![0; 1_000]),
            (250, vec![0xff; 1_000]),
            (250, vec![0xf0; 1_000]),
            (2, vec![0x10, 0xff, 0, 0, 0, 0, 0, 0]),
        ] {
            send(&mut net, profile, words, &elements, 0);
        }
        for _ in 0..500 {
            let mut elements = vec![0; 4 * rng.random_range(1..60)];
            rng.fill_bytes(&mut elements);
            let words = (elements.len() / 4) as u16;
            send(&mut net, profile, words, &elements, 30);
        }
        net.run(ms(20));
    }
    assert_only_oneself_harmed(net, t);
}

#[test]
fn numbers_that_step_back_across_zero_take_no_memory() {
    // A count that went below zero would make the next report list 2^64 packets.
    let (mut net, hostile, mut rng, t) = scene(76);
    for round in 0..50_u32 {
        let steps: [u16; 5] = [rng.random_range(0..100), 0xfff0, rng.random(), 40_000, 3];
        for (n, transport) in steps.into_iter().enumerate() {
            // Padding alone, an empty payload, a payload of a stream that nobody knows.
            let first = [0xb0, 0x90, 0x90][n % 3];
            let mut packet = vec![first, 111, 0, n as u8, 0, 0, 0, 1];
            packet.extend((0x4000_0000 + round).to_be_bytes());
            packet.extend([0xbe, 0xde, 0, 1, 0x31]);
            packet.extend(transport.to_be_bytes());
            packet.extend([0, 0, 0, 4]);
            packet.truncate([24, 20, 22][n % 3]);
            hostile.send_rtp(&mut net, &packet);
        }
        net.run(ms(120));
    }
    // The same with RTP's own numbers, on streams that are named by their m-line.
    let mic = net.client(3).tracks.iter().find(|t| t.source == visit::Source::Mic);
    let mid = mic.expect("a microphone").mid.clone();
    for round in 0..50_u32 {
        for (seq, roc) in [(5, 0), (65_000, u32::MAX), (6, 0), (40_000, u32::MAX), (7, 0)] {
            let mut packet = vec![0x90, 111];
            packet.extend(u16::to_be_bytes(seq));
            packet.extend([0, 0, 0, 1]);
            packet.extend((0x5000_0000 + round).to_be_bytes());
            let mut element = vec![0x40 | (mid.len() as u8 - 1)];
            element.extend(mid.as_bytes());
            element.resize(element.len().next_multiple_of(4), 0);
            packet.extend([0xbe, 0xde, 0, (element.len() / 4) as u8]);
            packet.extend(element);
            packet.extend(*b"mark\x03\0\0\0");
            hostile.send_rtp_at(&mut net, &packet, roc);
        }
        net.run(ms(60));
    }
    assert_only_oneself_harmed(net, t);
}

#[test]
fn altered_media_of_a_participant_is_survived() {
    let (mut net, hostile, mut rng, t) = scene(73);
    let good = hostile.last_rtp(&mut net).expect("it sends");
    let ssrcs = hostile.ssrcs(&mut net);
    let mut seq = u16::from_be_bytes([good[2], good[3]]).wrapping_add(100);
    for n in 0..5_000_usize {
        let mut packet = good.clone();
        for _ in 0..rng.random_range(1..8) {
            let at = rng.random_range(0..packet.len().min(60));
            packet[at] = rng.random();
        }
        if n.is_multiple_of(3) {
            let cut = rng.random_range(0..packet.len());
            packet.truncate(cut);
        }
        if packet.len() >= 12 {
            packet[0] = 0x80 | packet[0] & 0x3f;
            seq = seq.wrapping_add([1, 1, 1, 300, 0xfff0][n % 5]);
            packet[2..4].copy_from_slice(&seq.to_be_bytes());
            packet[8..12].copy_from_slice(&ssrcs[n % ssrcs.len()].to_be_bytes());
            // Each payload type that was offered, and some that were not.
            packet[1] = [111, 96, 97, 108, 109, 0, 127, rng.random()][n % 8];
        }
        // What is forwarded is looked at by the other test client.
        packet.extend(*b"mark\x03\0\0\0");
        hostile.send_rtp(&mut net, &packet);
        if n.is_multiple_of(100) {
            net.run(ms(20));
        }
    }
    assert_only_oneself_harmed(net, t);
}

#[test]
fn rtcp_nonsense_of_a_participant_is_survived() {
    let (mut net, mut hostile, mut rng, t) = scene(74);
    let ssrcs = hostile.ssrcs(&mut net);
    // Every type and count, with every claim about the length.
    for kind in 192..=223_u8 {
        for count in 0..32_u8 {
            for words in [0_u16, 1, 2, 7, 60, 300, 0xffff] {
                let mut packet = vec![0x80 | count, kind];
                packet.extend(words.to_be_bytes());
                for _ in 0..rng.random_range(1..80) {
                    let word = match rng.random_range(0..4) {
                        0 => ssrcs[rng.random_range(0..ssrcs.len())],
                        1 => 0,
                        2 => u32::MAX,
                        _ => rng.random(),
                    };
                    packet.extend(word.to_be_bytes());
                }
                if words < 80 && count % 2 == 0 {
                    packet.resize(4 * (usize::from(words) + 1), 0);
                }
                hostile.send_rtcp(&mut net, &packet);
            }
        }
        net.run(ms(20));
    }
    // Padding that is larger than the packet (RFC 3550 §6.4.1), and transport-wide feedback whose
    // chunks claim more packets than there are (RTPFB, FMT 15).
    for pad in [0, 1, 3, 4, 200, 255] {
        hostile.send_rtcp(&mut net, &[0xa0, 200, 0, 2, 0, 0, 0, 1, 0, 0, 0, pad]);
    }
    for n in 0..2_000_usize {
        let mut packet = vec![0x8f, 205, 0, 0];
        packet.extend(ssrcs[n % ssrcs.len()].to_be_bytes());
        packet.extend(ssrcs[(n / 2) % ssrcs.len()].to_be_bytes());
        packet.extend(rng.random::<u16>().to_be_bytes());
        packet.extend([0u16, 1, 14, 0xffff][n % 4].to_be_bytes());
        packet.extend(rng.random::<u32>().to_be_bytes());
        for _ in 0..rng.random_range(0..20) {
            // Runs of the longest kind, runs of the reserved symbol, vectors.
            let chunk = [0x7fff_u16, 0x3fff, 0x1fff, 0xffff, 0x8000, rng.random()][n % 6];
            packet.extend(chunk.to_be_bytes());
        }
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = (packet.len() / 4 - 1) as u16;
        packet[2..4].copy_from_slice(&words.to_be_bytes());
        hostile.send_rtcp(&mut net, &packet);
        if n.is_multiple_of(100) {
            net.run(ms(20));
        }
    }
    assert_only_oneself_harmed(net, t);
}

#[test]
fn sctp_nonsense_of_a_participant_is_survived() {
    for seed in 0..8 {
        let (mut net, hostile, mut rng, t) = scene(750 + seed);
        let good = hostile.last_sctp().expect("the channel is open");
        for n in 0..1_000_usize {
            let mut packet = match n % 4 {
                // Noise of every length.
                0 => vec![0; n % 200],
                // The header of the association with chunks of every type and any length.
                1 | 2 => {
                    let mut packet = good[..12].to_vec();
                    for _ in 0..rng.random_range(1..4) {
                        packet
                            .push([0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 130, 192, rng.random()][n % 13]);
                        packet.push(rng.random());
                        let claim = [0, 1, 4, 5, 20, 65_535, rng.random_range(0..100)][n % 7];
                        packet.extend((claim as u16).to_be_bytes());
                        let mut body = vec![0; rng.random_range(0..64)];
                        rng.fill_bytes(&mut body);
                        packet.extend(body);
                    }
                    packet
                }
                // A real packet with some bytes changed.
                _ => {
                    let mut packet = good.clone();
                    for _ in 0..rng.random_range(1..6) {
                        let at = rng.random_range(12.min(packet.len() - 1)..packet.len());
                        packet[at] = rng.random();
                    }
                    packet
                }
            };
            if n % 4 == 0 {
                rng.fill_bytes(&mut packet);
            }
            if n % 5 != 0 {
                fix_sctp_checksum(&mut packet);
            }
            hostile.send_sctp(&mut net, &packet);
            if n.is_multiple_of(50) {
                net.run(ms(20));
            }
        }
        assert_only_oneself_harmed(net, t);
    }
}
