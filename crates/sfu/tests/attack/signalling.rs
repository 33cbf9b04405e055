//! What a browser can ask for through signalling: half-open joins and hostile session descriptions.

use sfu::{CloseCode, Command, RefusalCode, SfuEvent, Sources, TransportId};
use visit::{SeatId, VisitId};

use crate::common::{Net, ms, seat, visit};
use crate::{assert_unharmed, sound_pct};

fn join(visit: VisitId, n: u64) -> Command {
    Command::Join {
        visit,
        seat: SeatId::new(2, u128::from(n)),
        transport: TransportId(50_000 + n),
        rights: Sources::ALL,
        muted: Sources::NONE,
    }
}

#[test]
fn a_thousand_half_open_joins_are_all_forgotten_and_a_call_goes_on() {
    let mut net = Net::new(80);
    net.call(&[1, 2]);
    let t = net.now;
    for n in 0..1_000 {
        net.command(join(VisitId::new(2, u128::from(n / 10)), n));
    }
    assert_eq!(net.shard.stats().transports, 1_002);
    // A third person gets in while all of them hang.
    net.join(3);
    assert!(net.wait(ms(3_000), |net| net.connected() == 3));
    net.run(ms(22_000));
    let closed = net.closed();
    assert_eq!(closed.len(), 1_000);
    assert!(closed.iter().all(|(t, code)| t.0 >= 50_000 && *code == CloseCode::NoAnswer));
    let stats = net.shard.stats();
    assert_eq!((stats.transports, stats.rooms, stats.panics), (3, 1, 0));
    assert!(sound_pct(&mut net, t) >= 99.0);
}

#[test]
fn one_visit_takes_no_more_half_open_joins_than_it_has_places() {
    let mut net = Net::new(81);
    let crowded = VisitId::new(3, 1);
    for n in 0..1_000 {
        net.command(join(crowded, n));
    }
    let full = net.closed().iter().filter(|(_, code)| *code == CloseCode::RoomFull).count();
    assert_eq!((full, net.shard.stats().transports), (984, 16));
}

#[test]
fn a_thousand_bombs_leave_the_offer_open_and_the_others_alone() {
    let mut net = Net::new(82);
    net.call(&[1, 2]);
    let t = net.now;
    net.answer = false;
    let transport = net.join(3);
    let (generation, offer) = net
        .log
        .iter()
        .rev()
        .find_map(|(_, e)| match e {
            SfuEvent::Offer { seat: s, generation, sdp, .. } if *s == seat(3) => {
                Some((*generation, sdp.clone()))
            }
            _ => None,
        })
        .expect("an offer");
    let now = net.now;
    let good = net.client(3).answer(now, &offer, &[]);
    let session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    let bombs = [
        ("x".repeat(2 * 1024 * 1024), RefusalCode::SdpTooLong),
        (format!("{session}{}", "m=a\r\n".repeat(10_000)), RefusalCode::SdpTooManyMedia),
        (format!("{session}{}", "\n".repeat(100_000)), RefusalCode::SdpTooManyLines),
        (format!("{session}{}", "a=candidate:1\n".repeat(65)), RefusalCode::SdpTooManyCandidates),
        (format!("{good}a=\u{7}\r\n"), RefusalCode::SdpControlCharacter),
        (format!("{session}a={}\r\n", "(".repeat(100_000)), RefusalCode::AnswerMismatch),
        (
            format!("{session}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".repeat(64)),
            RefusalCode::AnswerMismatch,
        ),
        ("v=0".to_owned(), RefusalCode::SdpMalformed),
        (format!("v=0\r\no=- {} 1 IN IP4 0.0.0.0\r\n", "9".repeat(400)), RefusalCode::SdpMalformed),
        (good.replace("a=mid:", "a=mid:\u{feff}"), RefusalCode::AnswerMismatch),
    ];
    for round in 0..100 {
        for (n, (sdp, code)) in bombs.iter().enumerate() {
            net.command(Command::Answer {
                visit: visit(),
                transport,
                generation,
                sdp: sdp.clone(),
            });
            let Some((_, SfuEvent::Refused { code: got, .. })) = net.log.last() else {
                panic!("bomb {n} of round {round} was not refused");
            };
            // What is cut or stretched may still be readable; then it does not fit.
            let unreadable = [RefusalCode::SdpMalformed, RefusalCode::AnswerMismatch];
            assert!(
                got == code || unreadable.contains(code) && unreadable.contains(got),
                "bomb {n}: {got:?}"
            );
        }
        net.run(ms(10));
    }
    net.answer = true;
    net.command(Command::Answer { visit: visit(), transport, generation, sdp: good });
    assert!(net.wait(ms(3_000), |net| net.connected() == 3), "the good answer still counts");
    assert!(sound_pct(&mut net, t) >= 98.0);
    assert_unharmed(&net);
}
