//! The machine in virtual time: the whole way of a visit, every refusal, and random walks that must
//! never break an invariant.

use super::*;
use proptest::prelude::*;

pub(super) const HOST: SeatId = SeatId::new(1, 1);
pub(super) const PATIENT: SeatId = SeatId::new(1, 2);
pub(super) const FAMILY: SeatId = SeatId::new(1, 3);
pub(super) const USER: UserId = UserId::new(1, 9);

pub(super) fn at(s: i64) -> Timestamp {
    Timestamp(1_700_000_000_000_000).plus(Duration::from_s(s))
}

pub(super) fn visit() -> Visit {
    let mut v = Visit::new(VisitInit {
        id: VisitId::new(1, 1),
        org: OrgId::new(1, 1),
        host: USER,
        scheduled_at: at(0),
        duration_min: 15,
        asks: vec![Purpose::Recording],
    });
    for (id, role, user) in [
        (HOST, Role::Host, Some(USER)),
        (PATIENT, Role::Patient, None),
        (FAMILY, Role::Family, None),
    ] {
        assert!(v.add_seat(SeatInit { id, role, user }).is_ok());
    }
    v
}

fn yes(purpose: Purpose) -> Command {
    answer(purpose, ConsentDecision::Given)
}

pub(super) fn answer(purpose: Purpose, decision: ConsentDecision) -> Command {
    Command::Consent(ConsentRecord {
        purpose,
        decision,
        text_version: "visit-2026-11".into(),
        locale: "en".into(),
        at: at(0),
    })
}

/// Applies a command that must succeed.
pub(super) fn ok(v: &mut Visit, s: i64, actor: Actor, command: Command) -> Vec<Effect> {
    match v.apply(at(s), actor, command) {
        Ok(effects) => effects,
        Err(refusal) => panic!("refused: {refusal:?}"),
    }
}

/// Applies a command that must be refused and change nothing.
pub(super) fn no(v: &mut Visit, s: i64, actor: Actor, command: Command) -> Refusal {
    let before = v.clone();
    match v.apply(at(s), actor, command) {
        Ok(_) => panic!("accepted"),
        Err(refusal) => {
            assert!(before == *v, "a refusal changed the visit");
            refusal
        }
    }
}

fn state(v: &Visit, id: SeatId) -> SeatState {
    v.seat(id).map_or(SeatState::Removed, |s| s.state)
}

pub(super) fn guest_waits(v: &mut Visit, id: SeatId, s: i64, connection: u64) {
    ok(v, s, Actor::System, Command::Connect { seat: id, connection });
    ok(v, s, Actor::Seat(id), Command::CheckDone);
    ok(v, s, Actor::Seat(id), yes(Purpose::Visit));
    ok(v, s, Actor::Seat(id), Command::Wait);
}

pub(super) fn in_call(v: &mut Visit) {
    ok(v, 0, Actor::System, Command::Connect { seat: HOST, connection: 1 });
    ok(v, 0, Actor::Seat(HOST), Command::Enter);
    ok(v, 0, Actor::Media, Command::MediaUp(HOST));
    guest_waits(v, PATIENT, 10, 2);
    ok(v, 20, Actor::Seat(HOST), Command::Admit(PATIENT));
    ok(v, 21, Actor::Media, Command::MediaUp(PATIENT));
}

#[test]
fn the_whole_way() {
    let mut v = visit();
    ok(&mut v, 0, Actor::System, Command::Connect { seat: PATIENT, connection: 2 });
    assert_eq!((v.state, state(&v, PATIENT)), (VisitState::Open, SeatState::Checking));
    ok(&mut v, 1, Actor::Seat(PATIENT), Command::CheckDone);
    assert_eq!(no(&mut v, 2, Actor::Seat(PATIENT), Command::Wait), Refusal::ConsentMissing);
    ok(&mut v, 3, Actor::Seat(PATIENT), yes(Purpose::Visit));
    ok(&mut v, 3, Actor::Seat(PATIENT), answer(Purpose::Recording, ConsentDecision::Refused));
    ok(&mut v, 4, Actor::Seat(PATIENT), Command::Wait);
    ok(&mut v, 5, Actor::System, Command::Connect { seat: HOST, connection: 1 });
    let effects = ok(&mut v, 5, Actor::Seat(HOST), Command::Enter);
    assert!(effects.contains(&Effect::OpenMedia(HOST)));
    ok(&mut v, 5, Actor::Media, Command::MediaUp(HOST));
    let effects = ok(&mut v, 6, Actor::Clinic(USER, Role::Host), Command::Admit(PATIENT));
    assert!(effects.contains(&Effect::OpenMedia(PATIENT)));
    assert_eq!(v.state, VisitState::Open);
    ok(&mut v, 7, Actor::Media, Command::MediaUp(PATIENT));
    assert_eq!(v.state, VisitState::InProgress);
    assert_eq!(v.started_at, Some(at(7)));
    let effects = ok(&mut v, 600, Actor::Seat(HOST), Command::End(VisitOutcome::Done));
    assert_eq!(v.state, VisitState::Ended);
    assert!(effects.contains(&Effect::CloseMedia(PATIENT)));
    let goodbye =
        Effect::DropConnection { seat: PATIENT, connection: 2, reason: DropReason::Ended };
    let place = |wanted: &dyn Fn(&Effect) -> bool| effects.iter().position(wanted);
    let told = place(&|e| *e == goodbye);
    let left = place(&|e| matches!(e, Effect::SeatMoved { seat, .. } if *seat == PATIENT));
    assert!(told.is_some() && told < left, "told that it is over before the seat is taken away");
    assert_eq!(no(&mut v, 601, Actor::Seat(HOST), Command::Enter), Refusal::VisitOver);
}

#[test]
fn leaving_the_page_keeps_the_place_in_the_queue() {
    let mut v = visit();
    guest_waits(&mut v, PATIENT, 10, 2);
    ok(&mut v, 60, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    assert_eq!(state(&v, PATIENT), SeatState::Waiting);
    ok(&mut v, 4_000, Actor::System, Command::Tick);
    ok(&mut v, 4_001, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert_eq!(state(&v, PATIENT), SeatState::Waiting);
    assert_eq!(v.seat(PATIENT).and_then(|s| s.waiting_since), Some(at(10)));
}

#[test]
fn a_lost_connection_holds_the_seat_for_five_minutes() {
    let mut v = visit();
    in_call(&mut v);
    ok(&mut v, 100, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    assert_eq!(state(&v, PATIENT), SeatState::Away);
    ok(&mut v, 399, Actor::System, Command::Tick);
    assert_eq!(state(&v, PATIENT), SeatState::Away);
    let mut back = v.clone();
    ok(&mut back, 399, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert_eq!(state(&back, PATIENT), SeatState::Admitted);
    let effects = ok(&mut v, 400, Actor::System, Command::Tick);
    assert_eq!(state(&v, PATIENT), SeatState::Left);
    assert!(effects.contains(&Effect::CloseMedia(PATIENT)));
}

#[test]
fn the_newer_device_takes_over() {
    let mut v = visit();
    in_call(&mut v);
    let effects = ok(&mut v, 30, Actor::System, Command::Connect { seat: PATIENT, connection: 7 });
    assert!(effects.contains(&Effect::DropConnection {
        seat: PATIENT,
        connection: 2,
        reason: DropReason::TakenOver
    }));
    let close = effects.iter().position(|e| *e == Effect::CloseMedia(PATIENT));
    let open = effects.iter().position(|e| *e == Effect::OpenMedia(PATIENT));
    assert!(close < open && close.is_some());
    // The old socket's late goodbye changes nothing.
    ok(&mut v, 31, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    assert_eq!(state(&v, PATIENT), SeatState::Admitted);
}

#[test]
fn withdrawing_consent_ends_ones_part_at_once() {
    for decision in [ConsentDecision::Withdrawn, ConsentDecision::Refused] {
        let mut v = visit();
        in_call(&mut v);
        let effects = ok(&mut v, 40, Actor::Seat(PATIENT), answer(Purpose::Visit, decision));
        assert_eq!(state(&v, PATIENT), SeatState::Consenting);
        assert!(effects.contains(&Effect::CloseMedia(PATIENT)));
        assert_eq!(no(&mut v, 41, Actor::Seat(PATIENT), Command::Wait), Refusal::ConsentMissing);
    }
}

#[test]
fn consent_is_asked_before_it_is_answered() {
    let mut v = visit();
    guest_waits(&mut v, PATIENT, 1, 2);
    let unasked = yes(Purpose::Captions);
    assert_eq!(no(&mut v, 2, Actor::Seat(PATIENT), unasked), Refusal::WrongState);
    let nothing_to_withdraw = answer(Purpose::Recording, ConsentDecision::Withdrawn);
    assert_eq!(no(&mut v, 2, Actor::Seat(PATIENT), nothing_to_withdraw), Refusal::WrongState);
}

#[test]
fn a_patient_who_came_is_no_no_show() {
    let mut v = visit();
    let end = || Command::End(VisitOutcome::NoShow);
    let mut early = v.clone();
    ok(&mut early, 900, Actor::Clinic(USER, Role::Host), end());
    assert_eq!(early.state, VisitState::NoShow);
    ok(&mut v, 1, Actor::System, Command::Connect { seat: PATIENT, connection: 2 });
    assert_eq!(no(&mut v, 900, Actor::Clinic(USER, Role::Host), end()), Refusal::NotANoShow);
    ok(&mut v, 901, Actor::Clinic(USER, Role::Host), Command::End(VisitOutcome::Failed));
    assert_eq!(v.state, VisitState::Failed);
}

#[test]
fn forgotten_visits_close_themselves_with_the_right_name() {
    let end = 15 * 60 + 60 * 60;
    let mut nobody = visit();
    ok(&mut nobody, end - 1, Actor::System, Command::Tick);
    assert_eq!(nobody.state, VisitState::Scheduled);
    ok(&mut nobody, end, Actor::System, Command::Tick);
    assert_eq!(nobody.state, VisitState::NoShow);

    let mut came = visit();
    guest_waits(&mut came, PATIENT, 10, 2);
    ok(&mut came, end, Actor::System, Command::Tick);
    assert_eq!(came.state, VisitState::Open, "somebody is still connected");
    ok(&mut came, end, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    ok(&mut came, end + 1, Actor::System, Command::Tick);
    assert_eq!(came.state, VisitState::Failed);

    let mut held = visit();
    in_call(&mut held);
    for (seat, connection) in [(HOST, 1), (PATIENT, 2)] {
        ok(&mut held, 100, Actor::System, Command::Disconnect { seat, connection });
    }
    ok(&mut held, 400, Actor::System, Command::Tick);
    ok(&mut held, 400 + 30 * 60, Actor::System, Command::Tick);
    assert_eq!(held.state, VisitState::Ended);
}

#[test]
fn guests_cannot_act_for_the_clinic_and_outsiders_cannot_send() {
    let mut v = visit();
    in_call(&mut v);
    guest_waits(&mut v, FAMILY, 30, 3);
    let patient = Actor::Seat(PATIENT);
    for command in [
        Command::Admit(FAMILY),
        Command::PutBack(PATIENT),
        Command::Remove(FAMILY),
        Command::ReplaceLink(FAMILY),
        Command::MuteOther(HOST),
        Command::End(VisitOutcome::Done),
        Command::Enter,
        Command::MediaUp(PATIENT),
    ] {
        assert_eq!(no(&mut v, 31, patient, command), Refusal::NotAllowed);
    }
    let send = Command::Send { mic: true, camera: false };
    assert_eq!(no(&mut v, 31, Actor::Seat(FAMILY), send), Refusal::NotAllowed);
    assert_eq!(no(&mut v, 31, Actor::Seat(FAMILY), Command::Share(true)), Refusal::NotAllowed);
    assert_eq!(
        no(&mut v, 31, Actor::Clinic(USER, Role::Host), Command::Remove(HOST)),
        Refusal::NotAllowed
    );
    let stranger = SeatId::new(5, 5);
    assert_eq!(no(&mut v, 31, Actor::Seat(stranger), Command::Wait), Refusal::NoSuchSeat);
    assert_eq!(no(&mut v, 31, Actor::Seat(HOST), Command::Admit(stranger)), Refusal::NoSuchSeat);
}

#[test]
fn a_removed_person_stays_out() {
    let mut v = visit();
    in_call(&mut v);
    let effects = ok(&mut v, 30, Actor::Seat(HOST), Command::Remove(PATIENT));
    assert!(effects.contains(&Effect::CloseMedia(PATIENT)));
    let again = Command::Connect { seat: PATIENT, connection: 9 };
    assert_eq!(no(&mut v, 31, Actor::System, again), Refusal::NotAllowed);
}

#[test]
fn a_fresh_link_ends_the_part_of_whoever_came_by_the_older_one() {
    let clinic = || Actor::Clinic(USER, Role::Staff);
    let told = |connection| Effect::DropConnection {
        seat: PATIENT,
        connection,
        reason: DropReason::LinkReplaced,
    };
    // Inside: the goodbye, then no media, and back in the waiting room.
    let mut v = visit();
    in_call(&mut v);
    let effects = ok(&mut v, 30, clinic(), Command::ReplaceLink(PATIENT));
    let place = |wanted: &Effect| effects.iter().position(|e| e == wanted);
    let closed = place(&Effect::CloseMedia(PATIENT));
    assert!(place(&told(2)) < closed && closed.is_some());
    assert_eq!(state(&v, PATIENT), SeatState::Waiting);
    // Held for a lost connection: the same.
    let mut v = visit();
    in_call(&mut v);
    ok(&mut v, 30, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    let effects = ok(&mut v, 31, clinic(), Command::ReplaceLink(PATIENT));
    assert!(effects.contains(&Effect::CloseMedia(PATIENT)));
    ok(&mut v, 32, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert_eq!(state(&v, PATIENT), SeatState::Waiting, "the fresh link does not let in by itself");
    // In the waiting room: the place in the queue stays.
    let mut v = visit();
    guest_waits(&mut v, PATIENT, 10, 2);
    let effects = ok(&mut v, 30, clinic(), Command::ReplaceLink(PATIENT));
    assert!(effects == [told(2)]);
    ok(&mut v, 40, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert_eq!(v.seat(PATIENT).and_then(|s| s.waiting_since), Some(at(10)));
    // Nobody there: nothing to do. And the clinic's own people have no link.
    ok(&mut v, 41, Actor::System, Command::Disconnect { seat: PATIENT, connection: 3 });
    assert!(ok(&mut v, 42, clinic(), Command::ReplaceLink(PATIENT)).is_empty());
    assert_eq!(no(&mut v, 43, clinic(), Command::ReplaceLink(HOST)), Refusal::NotAllowed);
}

#[test]
fn who_comes_back_after_the_hold_can_be_told_so() {
    let mut v = visit();
    in_call(&mut v);
    let expired = |v: &Visit| v.seat(PATIENT).is_some_and(|s| s.hold_expired);
    ok(&mut v, 100, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    ok(&mut v, 399, Actor::System, Command::Tick);
    assert!(!expired(&v));
    ok(&mut v, 400, Actor::System, Command::Tick);
    assert!(expired(&v));
    ok(&mut v, 500, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert!(expired(&v) && state(&v, PATIENT) == SeatState::Checking);
    ok(&mut v, 501, Actor::Seat(PATIENT), Command::CheckDone);
    assert!(!expired(&v), "once they moved on it is old news");
    // Leaving by choice is no expired hold.
    ok(&mut v, 502, Actor::Seat(PATIENT), Command::Leave);
    assert!(!expired(&v));
}

#[test]
fn muting_is_done_once_and_only_silences() {
    let mut v = visit();
    in_call(&mut v);
    ok(&mut v, 30, Actor::Seat(PATIENT), Command::Send { mic: true, camera: true });
    let effects = ok(&mut v, 31, Actor::Seat(HOST), Command::MuteOther(PATIENT));
    assert!(effects.contains(&Effect::Muted(PATIENT)));
    assert!(v.seat(PATIENT).is_some_and(|s| !s.sending.mic && s.sending.camera));
    assert!(ok(&mut v, 32, Actor::Seat(HOST), Command::MuteOther(PATIENT)).is_empty());
    ok(&mut v, 33, Actor::Seat(HOST), Command::PutBack(PATIENT));
    assert!(v.seat(PATIENT).is_some_and(|s| s.sending == Sending::default()));
}

#[test]
fn sound_only_keeps_the_camera_in_and_outlives_a_lost_connection() {
    let mut v = visit();
    in_call(&mut v);
    let me = Actor::Seat(PATIENT);
    assert_eq!(
        no(&mut v, 30, Actor::Seat(FAMILY), Command::Pictures(Pictures::None)),
        Refusal::WrongState
    );
    ok(&mut v, 31, me, Command::Send { mic: true, camera: true });
    let sound = Sending { mic: true, camera: false, screen: false };
    assert!(
        ok(&mut v, 32, me, Command::Pictures(Pictures::None))
            == vec![Effect::Pictures(PATIENT, Pictures::None), Effect::Sending(PATIENT, sound)]
    );
    // Neither the switch of the camera nor saying it again lets a picture out.
    assert!(ok(&mut v, 33, me, Command::Pictures(Pictures::None)).is_empty());
    assert!(ok(&mut v, 34, me, Command::Send { mic: true, camera: true }).is_empty());
    ok(&mut v, 35, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    ok(&mut v, 36, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    let seat = v.seat(PATIENT).map(|s| (s.pictures, s.lets_out()));
    assert_eq!(seat, Some((Pictures::None, sound)));
    assert!(
        ok(&mut v, 37, me, Command::Pictures(Pictures::Small))
            == vec![
                Effect::Pictures(PATIENT, Pictures::Small),
                Effect::Sending(PATIENT, Sending { camera: true, ..sound })
            ]
    );
    ok(&mut v, 38, Actor::Seat(HOST), Command::PutBack(PATIENT));
    assert_eq!(v.seat(PATIENT).map(|s| s.pictures), Some(Pictures::Full));
}

#[test]
fn what_was_said_while_one_was_put_back_stays_unseen() {
    let mut v = visit();
    in_call(&mut v);
    let since = |v: &Visit| v.seat(PATIENT).and_then(|s| s.admitted_at);
    assert_eq!(since(&v), Some(at(20)));
    ok(&mut v, 30, Actor::System, Command::Disconnect { seat: PATIENT, connection: 2 });
    ok(&mut v, 31, Actor::System, Command::Connect { seat: PATIENT, connection: 3 });
    assert_eq!(since(&v), Some(at(20)), "a lost connection costs nothing");
    ok(&mut v, 40, Actor::Seat(HOST), Command::PutBack(PATIENT));
    ok(&mut v, 50, Actor::Seat(HOST), Command::Admit(PATIENT));
    assert_eq!(since(&v), Some(at(50)));
}

#[test]
fn a_full_visit_admits_nobody() {
    let mut v = visit();
    v.max_inside = 2;
    in_call(&mut v);
    guest_waits(&mut v, FAMILY, 30, 3);
    assert_eq!(no(&mut v, 31, Actor::Seat(HOST), Command::Admit(FAMILY)), Refusal::VisitFull);
}

/// A step of a random walk as plain numbers: ids of people have no `Debug`, numbers do, so a failing
/// walk can be printed and replayed.
type WalkStep = (u8, u8, u8, u8, i64);

fn decode((actor, command, seat, arg, _): WalkStep) -> (Actor, Command) {
    let pick = |n: u8| [HOST, PATIENT, FAMILY, SeatId::new(7, 7)][usize::from(n % 4)];
    let seat = pick(seat);
    let actor = match actor % 8 {
        0..=3 => Actor::Seat(pick(actor)),
        4 => Actor::Clinic(USER, Role::Host),
        5 => Actor::Clinic(USER, Role::Staff),
        6 => Actor::Media,
        _ => Actor::System,
    };
    let (connection, flag) = (u64::from(arg % 5), arg.is_multiple_of(2));
    let third = |n: u8| usize::from(n % 3);
    let command = match command % 21 {
        0 | 1 => Command::Connect { seat, connection },
        2 => Command::Disconnect { seat, connection },
        3 => Command::CheckDone,
        4 => Command::Recheck,
        5 | 6 => answer(Purpose::ALL[third(arg)], ConsentDecision::ALL[third(arg / 3)]),
        7 => Command::Wait,
        8 => Command::Enter,
        9 => Command::Admit(seat),
        10 => Command::PutBack(seat),
        11 => Command::Remove(seat),
        12 => Command::Send { mic: flag, camera: arg > 100 },
        13 => Command::Share(flag),
        14 => Command::MediaUp(seat),
        15 => Command::MediaLost(seat),
        16 => Command::ReplaceLink(seat),
        17 => Command::Pictures(Pictures::ALL[third(arg)]),
        18 => Command::OpenDirect,
        19 => Command::CloseDirect,
        _ => {
            if flag {
                Command::Leave
            } else {
                Command::Tick
            }
        }
    };
    (actor, command)
}

proptest! {
    /// Whatever anybody sends in whatever order: media is open exactly for those inside, guests
    /// inside have consented, nobody outside sends, a direct way is between the only two inside, and the
    /// stamps fit the states.
    #[test]
    fn no_walk_breaks_an_invariant(
        walk in prop::collection::vec(
            (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), 0i64..120), 1..150),
        direct in any::<bool>(),
    ) {
        let mut v = visit();
        let mut open = std::collections::BTreeSet::new();
        let mut told = std::collections::BTreeMap::new();
        if direct {
            v.asks.clear();
            v.direct_rules =
                DirectRules { policy: DirectPolicy::Auto, texts: &["visit-2026-11"] };
        }
        let mut between = None;
        let mut now = 0;
        for step in walk {
            let (actor, command) = decode(step);
            now += step.4;
            let Ok(effects) = v.apply(at(now), actor, command) else { continue };
            for effect in effects {
                match effect {
                    Effect::OpenMedia(seat) => {
                        open.insert(seat);
                        // Opening states anew what is let out.
                        told.insert(seat, v.seat(seat).map(Seat::lets_out).unwrap_or_default());
                    }
                    Effect::CloseMedia(seat) => {
                        open.remove(&seat);
                        told.remove(&seat);
                    }
                    Effect::Sending(seat, sending) => { told.insert(seat, sending); }
                    Effect::DirectOpened(pair) => prop_assert!(between.replace(pair).is_none()),
                    Effect::DirectClosed { pair, .. } => {
                        prop_assert!(between.take() == Some(pair));
                    }
                    _ => {}
                }
            }
            for seat in &v.seats {
                prop_assert_eq!(open.contains(&seat.id), seat.state.is_inside());
                // What the media plane was told last is what the seat lets out.
                prop_assert_eq!(told.get(&seat.id).copied().unwrap_or_default(), seat.lets_out());
                if !seat.state.is_inside() {
                    prop_assert_eq!(seat.sending, Sending::default());
                    prop_assert_eq!(seat.pictures, Pictures::Full);
                } else if !seat.role.is_clinic() {
                    let consent = consent::current(&seat.consents, Purpose::Visit);
                    prop_assert_eq!(consent, Some(ConsentDecision::Given));
                }
                prop_assert_eq!(seat.away_since.is_some(), seat.state == SeatState::Away);
                if seat.hold_expired {
                    prop_assert!(matches!(seat.state, SeatState::Left | SeatState::Checking));
                }
                if seat.state == SeatState::Waiting {
                    prop_assert!(seat.waiting_since.is_some());
                }
            }
            // A direct way is told of, and only there is one where two may have it.
            prop_assert!(between == v.direct);
            prop_assert!(v.direct.is_none() || v.direct == v.may_be_direct());
            prop_assert!(v.direct.is_none() || (direct && v.inside().count() == 2));
            prop_assert_eq!(v.ended_at.is_some(), v.state.is_final());
            prop_assert!(v.inside().count() <= v.max_inside);
        }
    }
}
