//! A whole shard with clients in virtual time: answers to its offers, datagrams of strangers, and a
//! participant who seals what nobody should send.

use std::net::SocketAddr;

use sfu::{CloseCode, Command, RefusalCode, SfuEvent, TransportId};

use self::common::{Net, ms, seat, server, visit};
use self::hostile::{Hostile, fix_sctp_checksum};
use crate::input::{Input, edited};

// The forwarding unit's own test bed; it has no library.
#[allow(clippy::expect_used)]
#[path = "../../sfu/tests/common/mod.rs"]
mod common;
#[allow(dead_code, clippy::expect_used)]
#[path = "../../sfu/tests/common/hostile.rs"]
mod hostile;

/// An answer to an open offer: any text (first byte even), or a good answer with changed lines.
pub fn sdp_answer(data: &[u8]) {
    let mut net = Net::new(1);
    net.answer = false;
    let transport = net.join(1);
    let Some((generation, offer)) = open_offer(&net, transport) else { panic!("no offer") };
    let now = net.now;
    let good = net.client(1).answer(now, &offer, &[]);
    let mut input = Input::new(data);
    let sdp = if input.u8().is_multiple_of(2) {
        String::from_utf8_lossy(input.rest()).into_owned()
    } else {
        changed_lines(&good, &mut input)
    };
    let events = net.log.len();
    net.command(Command::Answer { visit: visit(), transport, generation, sdp });
    assert_eq!(net.shard.stats().panics, 0);
    let outcome = net.log[events..].iter().find_map(|(_, e)| match e {
        SfuEvent::Refused { code, .. } => Some(Err(*code)),
        SfuEvent::Closed { code, .. } => Some(Ok(*code)),
        _ => None,
    });
    match outcome {
        // Refused: nothing was changed, so the good answer still counts.
        Some(Err(code)) => {
            assert!(code != RefusalCode::WrongGeneration && code != RefusalCode::NoRight);
            let events = net.log.len();
            net.command(Command::Answer { visit: visit(), transport, generation, sdp: good });
            let again = net.log[events..].iter().find_map(|(_, e)| match e {
                SfuEvent::Refused { code, .. } => Some(code.as_str()),
                SfuEvent::Closed { code, .. } => Some(code.as_str()),
                _ => None,
            });
            assert_eq!(again, None, "after {code:?} the good answer did not count");
        }
        Some(Ok(code)) => assert_eq!(code, CloseCode::BadAnswer),
        None => {}
    }
    net.run(ms(50));
    assert_eq!(net.shard.stats().panics, 0);
}

/// Two people whose handshake is under way, and datagrams of anybody in between.
pub fn strangers(data: &[u8]) {
    let mut net = Net::new(2);
    net.join(1);
    net.join(2);
    let mut input = Input::new(data);
    let ufrags: Vec<String> = [1, 2].iter().filter_map(|n| ufrag(&net, *n)).collect();
    while !input.is_empty() {
        let what = input.u8();
        let mut datagram = input.piece().to_vec();
        if what & 0x40 != 0 {
            // A check that names a transport.
            datagram = named_check(&ufrags[usize::from(what & 1)], &datagram);
        }
        let from = SocketAddr::from(([203, 0, 113, what & 3], 5_000 + u16::from(what)));
        net.launch(from, server(), datagram);
        if what & 0x80 != 0 {
            net.run(ms(5));
        }
    }
    net.run(ms(15));
    assert!(net.wait(ms(5_000), |net| net.connected() == 2), "all calls connect");
    assert!(net.closed().is_empty());
    assert_eq!(net.shard.stats().panics, 0);
}

/// A call of two in which one is hostile.
pub fn participant(data: &[u8]) {
    let mut net = Net::new(3);
    net.join(1);
    let mut hostile = Hostile::join(&mut net, 2);
    assert!(net.wait(ms(5_000), |net| net.connected() == 2));
    net.run(ms(60));
    let ssrcs = hostile.ssrcs(&mut net);
    let template = hostile.last_rtp(&mut net);
    let sctp = hostile.last_sctp().unwrap_or_default();
    let mut input = Input::new(data);
    let mut ahead = 1_000_u16;
    while !input.is_empty() {
        let what = input.u8();
        let piece = input.piece();
        match what % 8 {
            0 => hostile.send_rtp(&mut net, &marked(with_ssrcs(piece, &ssrcs))),
            1 => hostile.send_rtcp(&mut net, &with_ssrcs(piece, &ssrcs)),
            2 => hostile.send_raw(&mut net, piece.to_vec()),
            3 => {
                // The tag of the association, so that the chunks are looked at.
                let mut packet = [sctp.get(..12).unwrap_or_default(), piece].concat();
                fix_sctp_checksum(&mut packet);
                hostile.send_sctp(&mut net, &packet);
            }
            4 => {
                let mut packet = edited(&sctp, &mut Input::new(piece));
                fix_sctp_checksum(&mut packet);
                hostile.send_sctp(&mut net, &packet);
            }
            5 | 6 => {
                let Some(template) = &template else { continue };
                let mut packet = template.clone();
                ahead += 1;
                let seq = u16::from_be_bytes([template[2], template[3]]).wrapping_add(ahead);
                packet[2..4].copy_from_slice(&seq.to_be_bytes());
                hostile.send_rtp(&mut net, &marked(edited(&packet, &mut Input::new(piece))));
            }
            _ => net.run(ms(u64::from(what) + 1)),
        }
    }
    net.run(ms(400));
    assert_eq!(net.shard.stats().panics, 0, "something of a client panicked");
    let harmed = net.closed().iter().any(|(t, _)| *t != net.clients[&2].transport);
    assert!(!harmed, "somebody else was put out");
}

/// The newest offer to a transport.
fn open_offer(net: &Net, to: TransportId) -> Option<(u32, String)> {
    net.log.iter().rev().find_map(|(_, e)| match e {
        SfuEvent::Offer { transport, generation, sdp, .. } if *transport == to => {
            Some((*generation, sdp.clone()))
        }
        _ => None,
    })
}

fn ufrag(net: &Net, n: u8) -> Option<String> {
    net.log.iter().find_map(|(_, e)| match e {
        SfuEvent::Offer { seat: s, sdp, .. } if *s == seat(n) => {
            sdp.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).map(str::to_owned)
        }
        _ => None,
    })
}

/// Lines dropped, doubled, moved, replaced or changed.
fn changed_lines(good: &str, input: &mut Input<'_>) -> String {
    let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
    while !input.is_empty() && !lines.is_empty() {
        let (what, n) = (input.u8(), usize::from(input.u8()) % lines.len());
        match what % 6 {
            0 => drop(lines.remove(n)),
            1 => lines.insert(n, lines[n].clone()),
            2 => lines.swap(n, 0),
            3 => lines[n] = input.line(),
            4 => {
                let text = input.line();
                lines.insert(n, text);
            }
            _ => {
                let script = input.take(3);
                let bytes = edited(lines[n].as_bytes(), &mut Input::new(script));
                lines[n] = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    lines.join("\r\n") + "\r\n"
}

/// A STUN binding request to `ufrag` with these bytes behind USERNAME.
fn named_check(ufrag: &str, rest: &[u8]) -> Vec<u8> {
    let name = format!("{ufrag}:them");
    let padded = name.len().next_multiple_of(4);
    let mut message = vec![0, 1];
    message.extend(((4 + padded + rest.len()) as u16).to_be_bytes());
    message.extend([0x21, 0x12, 0xa4, 0x42]);
    message.extend([5; 12]);
    message.extend([0, 6]);
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name.as_bytes());
    message.resize(24 + padded, 0);
    message.extend(rest);
    message
}

/// Words `SSR<n>` replaced by SSRCs that are in use, so that what names one is looked at.
fn with_ssrcs(packet: &[u8], ssrcs: &[u32]) -> Vec<u8> {
    let mut out = packet.to_vec();
    for word in out.chunks_exact_mut(4) {
        if let ([b'S', b'S', b'R', n], false) = (&*word, ssrcs.is_empty()) {
            let ssrc = ssrcs[usize::from(*n) % ssrcs.len()];
            word.copy_from_slice(&ssrc.to_be_bytes());
        }
    }
    out
}

/// What the other test client looks for in whatever is forwarded to it.
fn marked(mut packet: Vec<u8>) -> Vec<u8> {
    packet.extend(*b"mark\x02\0\0\0");
    packet
}
