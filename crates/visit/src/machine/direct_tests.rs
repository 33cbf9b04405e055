use super::super::tests::{
    FAMILY, HOST, PATIENT, USER, answer, at, guest_waits, in_call, no, ok, visit,
};
use super::*;
use crate::Command;
use crate::{ConsentRecord, Role, SeatInit, UserId};

const TEXTS: &[&str] = &["visit-2026-11"];
const PAIR: DirectPair = DirectPair { offers: HOST, answers: PATIENT };

/// Clinician and patient in the call, and nothing against a direct way.
fn two() -> Visit {
    let mut v = visit();
    v.asks.clear();
    v.direct_rules = DirectRules { policy: DirectPolicy::Auto, texts: TEXTS };
    in_call(&mut v);
    v
}

fn direct() -> Visit {
    let mut v = two();
    assert!(ok(&mut v, 30, Actor::System, Command::OpenDirect) == vec![Effect::DirectOpened(PAIR)]);
    v
}

fn closed(at_once: bool) -> Effect {
    Effect::DirectClosed { pair: PAIR, at_once }
}

type Change = fn(&mut Visit);
type End = fn(&mut Visit) -> Vec<Effect>;

#[test]
fn two_in_the_call_may_and_the_clinic_offers() {
    let mut v = direct();
    assert!(ok(&mut v, 31, Actor::System, Command::OpenDirect).is_empty(), "once");
    assert!(PAIR.other(HOST) == Some(PATIENT) && PAIR.other(PATIENT) == Some(HOST));
    assert!(PAIR.other(FAMILY).is_none());
}

#[test]
fn whatever_stands_against_it_is_a_refusal() {
    let against: [(&str, Change); 9] = [
        ("policy", |v| v.direct_rules.policy = DirectPolicy::Never),
        ("recording", |v| v.asks.push(Purpose::Recording)),
        ("captions", |v| v.asks.push(Purpose::Captions)),
        ("consent to a text that does not tell", |v| v.direct_rules.texts = &["visit-2099-01"]),
        ("third person", |v| {
            guest_waits(v, FAMILY, 25, 3);
            ok(v, 26, Actor::Seat(HOST), Command::Admit(FAMILY));
        }),
        ("away", |v| {
            ok(v, 25, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
        }),
        ("sound only", |v| {
            ok(v, 25, Actor::Seat(PATIENT), Command::Pictures(Pictures::None));
        }),
        ("small pictures", |v| {
            ok(v, 25, Actor::Seat(HOST), Command::Pictures(Pictures::Small));
        }),
        ("alone", |v| {
            ok(v, 25, Actor::Seat(PATIENT), Command::Leave);
        }),
    ];
    for (what, stand) in against {
        let mut v = two();
        stand(&mut v);
        assert!(
            no(&mut v, 30, Actor::System, Command::OpenDirect) == Refusal::WrongState,
            "{what}"
        );
    }
    let mut v = two();
    for actor in [Actor::Seat(HOST), Actor::Media, Actor::Clinic(USER, Role::Host)] {
        assert!(no(&mut v, 30, actor, Command::OpenDirect) == Refusal::NotAllowed);
    }
}

#[test]
fn guests_alone_are_not_connected_to_each_other() {
    let mut v = two();
    guest_waits(&mut v, FAMILY, 25, 3);
    ok(&mut v, 26, Actor::Seat(HOST), Command::Admit(FAMILY));
    ok(&mut v, 27, Actor::Media, Command::MediaUp(FAMILY));
    ok(&mut v, 28, Actor::Seat(HOST), Command::Leave);
    assert!(no(&mut v, 30, Actor::System, Command::OpenDirect) == Refusal::WrongState);
}

#[test]
fn over_the_relay_no_address_is_seen_so_any_text_will_do() {
    let mut v = two();
    v.direct_rules = DirectRules { policy: DirectPolicy::AlwaysRelay, texts: &[] };
    ok(&mut v, 30, Actor::System, Command::OpenDirect);
    assert!(v.direct == Some(PAIR));
}

#[test]
fn a_third_person_or_another_wish_ends_it_softly_and_a_goodbye_at_once() {
    let ends: [(&str, bool, End); 8] = [
        ("third person", false, |v| {
            guest_waits(v, FAMILY, 35, 3);
            assert!(v.direct.is_some(), "whoever waits changes nothing");
            ok(v, 40, Actor::Seat(HOST), Command::Admit(FAMILY))
        }),
        ("socket lost", false, |v| {
            ok(v, 40, Actor::System, Command::Disconnect { seat: HOST, connection: 1 })
        }),
        ("another device", false, |v| {
            ok(v, 40, Actor::System, Command::Connect { seat: PATIENT, connection: 9 })
        }),
        ("media lost", false, |v| ok(v, 40, Actor::Media, Command::MediaLost(PATIENT))),
        ("sound only", false, |v| {
            ok(v, 40, Actor::Seat(PATIENT), Command::Pictures(Pictures::None))
        }),
        ("removed", true, |v| ok(v, 40, Actor::Seat(HOST), Command::Remove(PATIENT))),
        ("consent taken back", true, |v| {
            ok(v, 40, Actor::Seat(PATIENT), answer(Purpose::Visit, ConsentDecision::Withdrawn))
        }),
        ("over", true, |v| ok(v, 40, Actor::Seat(HOST), Command::End(crate::VisitOutcome::Done))),
    ];
    for (what, at_once, end) in ends {
        let mut v = direct();
        assert!(end(&mut v).contains(&closed(at_once)), "{what}");
        assert!(v.direct.is_none(), "{what}");
    }
}

#[test]
fn either_of_the_two_may_end_it_and_nobody_else() {
    for actor in [Actor::Seat(PATIENT), Actor::Seat(HOST), Actor::System] {
        let mut v = direct();
        assert!(ok(&mut v, 40, actor, Command::CloseDirect) == vec![closed(false)]);
    }
    let mut v = direct();
    for actor in [Actor::Seat(FAMILY), Actor::Media, Actor::Clinic(USER, Role::Host)] {
        assert!(no(&mut v, 40, actor, Command::CloseDirect) == Refusal::NotAllowed);
    }
}

#[test]
fn a_later_answer_to_an_older_text_ends_it() {
    let mut v = direct();
    let older = Command::Consent(ConsentRecord {
        purpose: Purpose::Visit,
        decision: ConsentDecision::Given,
        text_version: "visit-2020-01".into(),
        locale: "en".into(),
        at: at(0),
    });
    assert!(ok(&mut v, 40, Actor::Seat(PATIENT), older).contains(&closed(false)));
}

#[test]
fn two_of_the_clinic_need_nobodys_consent() {
    const COLLEAGUE: SeatId = SeatId::new(1, 4);
    let mut v = two();
    let user = Some(UserId::new(1, 10));
    assert!(v.add_seat(SeatInit { id: COLLEAGUE, role: Role::Colleague, user }).is_ok());
    ok(&mut v, 25, Actor::Seat(PATIENT), Command::Leave);
    ok(&mut v, 26, Actor::System, Command::Connect { seat: COLLEAGUE, connection: 4 });
    ok(&mut v, 26, Actor::Seat(COLLEAGUE), Command::Enter);
    ok(&mut v, 27, Actor::Media, Command::MediaUp(COLLEAGUE));
    ok(&mut v, 30, Actor::System, Command::OpenDirect);
    assert!(v.direct == Some(DirectPair { offers: HOST, answers: COLLEAGUE }));
}

#[test]
fn every_policy_is_read_back() {
    for policy in DirectPolicy::ALL {
        assert_eq!(DirectPolicy::parse(policy.as_str()), Some(policy));
    }
    assert_eq!(DirectPolicy::parse("sometimes"), None);
}
