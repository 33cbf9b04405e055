//! Offers and answers: generations, bombs, lost answers, reuse of m-lines, ICE restart.

use std::net::SocketAddr;

use sfu::{CloseCode, Command, Direction, RefusalCode, SfuEvent, Sources};
use visit::Source;

use crate::common::{Net, ms, seat, visit};

/// The newest offer to seat `n`: generation and text.
fn last_offer(net: &Net, n: u8) -> (u32, String) {
    let offers = net.log.iter().rev().find_map(|(_, e)| match e {
        SfuEvent::Offer { seat: s, generation, sdp, .. } if *s == seat(n) => {
            Some((*generation, sdp.clone()))
        }
        _ => None,
    });
    offers.expect("an offer")
}

fn m_lines(sdp: &str) -> usize {
    sdp.lines().filter(|l| l.starts_with("m=")).count()
}

fn refusals(net: &Net) -> Vec<RefusalCode> {
    let code = |e: &SfuEvent| match e {
        SfuEvent::Refused { code, .. } => Some(*code),
        _ => None,
    };
    net.log.iter().filter_map(|(_, e)| code(e)).collect()
}

#[test]
fn the_offer_asks_for_three_camera_layers_and_starts_with_the_data_channel() {
    let mut net = Net::new(40);
    net.join(1);
    let (generation, sdp) = last_offer(&net, 1);
    assert_eq!(generation, 1);
    let first = sdp.lines().find(|l| l.starts_with("m=")).expect("an m-line");
    assert!(first.starts_with("m=application"));
    for line in ["a=simulcast:recv q;h;f", "a=rid:q recv", "a=rid:f recv", "a=ice-lite"] {
        assert!(sdp.lines().any(|l| l == line), "{line}");
    }
    // RFC 7587 §6.1: the client mends single losses from the next packet, and sends next to nothing in silence.
    let opus = sdp.lines().find(|l| l.starts_with("a=fmtp:111 ")).expect("Opus");
    assert!(opus.contains("useinbandfec=1") && opus.contains("usedtx=1"), "{opus}");
    assert!(!sdp.contains("m=video 9 UDP/TLS/RTP/SAVPF 98"), "no other codecs");
    assert_eq!(m_lines(&sdp), 3);
}

#[test]
fn bombs_and_nonsense_are_refused_by_name_and_the_offer_stays_open() {
    let mut net = Net::new(41);
    net.answer = false;
    let transport = net.join(1);
    let (generation, offer) = last_offer(&net, 1);
    let good = {
        let tracks = vec![];
        let now = net.now;
        net.client(1).answer(now, &offer, &tracks)
    };
    let head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    let reordered = good.replacen("m=audio", "m=video", 1);
    let cases = [
        (
            format!("{head}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(10_000)),
            RefusalCode::SdpTooLong,
        ),
        (format!("{head}{}", "m=a\r\n".repeat(10_000)), RefusalCode::SdpTooManyMedia),
        ("x".repeat(1024 * 1024), RefusalCode::SdpTooLong),
        (good.replace("a=mid", "a=\0mid"), RefusalCode::SdpControlCharacter),
        (String::new(), RefusalCode::SdpMalformed),
        ("not an sdp".into(), RefusalCode::SdpMalformed),
        (format!("{head}{}", "a=candidate:x\r\n".repeat(100)), RefusalCode::SdpTooManyCandidates),
        (reordered[..reordered.len() / 2].to_owned(), RefusalCode::SdpMalformed),
    ];
    for (n, (sdp, code)) in cases.into_iter().enumerate() {
        net.command(Command::Answer { visit: visit(), transport, generation, sdp });
        let got = refusals(&net);
        assert_eq!(got.len(), n + 1);
        // A cut answer may still be readable; then it does not fit.
        let fits = got[n] == code
            || (code == RefusalCode::SdpMalformed && got[n] == RefusalCode::AnswerMismatch);
        assert!(fits, "case {n}: {:?}", got[n]);
    }
    net.command(Command::Answer { visit: visit(), transport, generation: 9, sdp: good.clone() });
    assert_eq!(refusals(&net).last(), Some(&RefusalCode::WrongGeneration));
    net.command(Command::Answer { visit: visit(), transport, generation, sdp: good });
    assert!(net.wait(ms(2_000), |net| net.connected() == 1), "the good answer still counts");
}

#[test]
fn every_truncation_of_an_answer_is_survived() {
    let mut net = Net::new(42);
    net.answer = false;
    let transport = net.join(1);
    let (generation, offer) = last_offer(&net, 1);
    let now = net.now;
    let good = net.client(1).answer(now, &offer, &[]);
    for cut in (0..good.len()).step_by(7) {
        let sdp = good[..cut].to_owned();
        net.command(Command::Answer { visit: visit(), transport, generation, sdp });
        if !net.closed().is_empty() {
            // Readable and with all lines, but something needed was cut off.
            assert!(net.closed() == [(transport, CloseCode::BadAnswer)]);
            break;
        }
    }
    assert_eq!(net.shard.stats().panics, 0);
}

#[test]
fn a_lost_answer_is_healed_by_repeating_the_offer() {
    let mut net = Net::new(43);
    net.answer = false;
    let transport = net.join(1);
    let first = last_offer(&net, 1);
    net.run(ms(1_000));
    net.answer = true;
    net.command(Command::RepeatOffer { visit: visit(), transport });
    assert!(last_offer(&net, 1) == first);
    assert!(net.wait(ms(2_000), |net| net.connected() == 1));
}

#[test]
fn an_unanswered_offer_ends_the_transport() {
    let mut net = Net::new(44);
    net.answer = false;
    let transport = net.join(1);
    net.run(ms(19_000));
    assert!(net.closed().is_empty());
    net.run(ms(2_000));
    assert!(net.closed() == [(transport, CloseCode::NoAnswer)]);
}

#[test]
fn screen_share_comes_and_goes_on_the_same_lines() {
    let mut net = Net::new(45);
    net.call(&[1, 2]);
    net.run(ms(1_000));
    let transport = net.client(1).transport;
    let mut counts = vec![];
    for round in 0..3 {
        net.command(Command::Share { visit: visit(), transport, on: true });
        let t = net.now;
        assert!(
            net.wait(ms(8_000), |net| net.client(2).got(seat(1), Source::Screen, t).len() > 20),
            "round {round}"
        );
        assert!(net.client(2).got(seat(1), Source::Screen, t)[0].keyframe);
        net.command(Command::Share { visit: visit(), transport, on: false });
        net.run(net.delay + ms(5));
        let t = net.now;
        net.run(ms(500));
        assert_eq!(net.client(2).got(seat(1), Source::Screen, t).len(), 0);
        assert!(!net.client(2).tracks.iter().any(|t| t.source == Source::Screen));
        counts.push((m_lines(&last_offer(&net, 1).1), m_lines(&last_offer(&net, 2).1)));
    }
    assert!(counts.windows(2).all(|w| w[0] == w[1]), "{counts:?}");
}

#[test]
fn who_may_not_share_is_refused() {
    let mut net = Net::new(46);
    let transport = net.join_with(1, Sources { screen: false, ..Sources::ALL }, Sources::NONE);
    net.command(Command::Share { visit: visit(), transport, on: true });
    assert_eq!(refusals(&net), [RefusalCode::NoRight]);
}

#[test]
fn lines_of_people_who_left_are_used_again() {
    let mut net = Net::new(47);
    net.call(&[1, 2]);
    net.run(ms(500));
    let most = m_lines(&last_offer(&net, 1).1);
    for guest in 10..20 {
        let transport = net.client(if guest == 10 { 2 } else { guest - 1 }).transport;
        net.command(Command::Leave { visit: visit(), transport });
        net.run(ms(300));
        let t = net.now;
        net.join(guest);
        assert!(net.wait(ms(5_000), |net| {
            let c = net.client(1);
            !c.got(seat(guest), Source::Mic, t).is_empty()
                && !c.got(seat(guest), Source::Camera, t).is_empty()
        }));
        let c = net.client(1);
        assert!(c.got(seat(guest), Source::Camera, t)[0].keyframe);
        assert!(c.received.iter().filter(|r| r.at >= t).all(|r| r.seat == seat(r.from)));
    }
    assert_eq!(m_lines(&last_offer(&net, 1).1), most);
}

#[test]
fn an_ice_restart_keeps_the_transport() {
    let mut net = Net::new(48);
    net.call(&[1, 2]);
    net.run(ms(1_000));
    let before = last_offer(&net, 1);
    let transport = net.client(1).transport;
    // Wi-Fi to cellular: another address, the old one is gone.
    net.client(1).move_to(SocketAddr::from(([203, 0, 113, 7], 7_777)));
    net.command(Command::RestartIce { visit: visit(), transport });
    let t = net.now;
    let after = last_offer(&net, 1);
    let ufrag = |sdp: &str| sdp.lines().find(|l| l.starts_with("a=ice-ufrag")).map(str::to_owned);
    assert!(after.0 == before.0 + 1 && ufrag(&after.1) != ufrag(&before.1));
    assert!(net.wait(ms(2_000), |net| { !net.client(1).got(seat(2), Source::Mic, t).is_empty() }));
    let t = net.now;
    net.run(ms(2_000));
    assert!(net.client(1).got(seat(2), Source::Mic, t).len() > 90);
    assert!(net.client(1).got(seat(2), Source::Camera, t).len() > 20);
    assert!(net.client(2).got(seat(1), Source::Mic, t).len() > 90);
    assert!(net.closed().is_empty());
    assert_eq!(net.connected(), 2, "said once per transport");
}

#[test]
fn track_lines_name_every_live_line_once() {
    let mut net = Net::new(49);
    net.call(&[1, 2, 3]);
    net.run(ms(500));
    for n in 1..=3 {
        let tracks = &net.client(n).tracks;
        let sends = tracks.iter().filter(|t| t.direction == Direction::Send).count();
        assert_eq!((tracks.len(), sends), (6, 2));
        let mut mids: Vec<_> = tracks.iter().map(|t| t.mid.clone()).collect();
        mids.sort();
        mids.dedup();
        assert_eq!(mids.len(), 6);
    }
}
