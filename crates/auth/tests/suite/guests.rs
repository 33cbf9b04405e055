//! Guests' links: looking, opening, the second check, other devices.

use crate::on_both;
use crate::support::{BORN, EMAIL, Rig, code, ok};
use audit::{Actor, Kind};
use auth::{AuthError, Secret, SystemEntropy};
use store::UserRole;
use visit::{Duration, Role, SeatId, SeatState, UserId, VisitId, VisitState};

on_both!(
    looking_uses_nothing_and_opening_binds,
    the_second_check_has_five_tries,
    five_tries_are_five_even_all_at_once,
    a_missing_or_malformed_date_costs_no_try,
    a_known_device_is_not_asked_again,
    another_device_is_asked_again_and_told_of,
    a_second_check_without_a_date_is_never_passed,
    a_fresh_link_shuts_everybody_out,
    all_dead_links_look_alike_and_cost_the_same,
    a_good_link_to_a_visit_that_is_over_says_so,
    one_device_holds_many_seats,
    opening_at_once_from_two_devices_is_told_of_once,
);

async fn host(rig: &Rig) -> UserId {
    rig.add(EMAIL, UserRole::Clinician).await.0
}

fn new_device() -> Secret {
    ok(Secret::generate(&SystemEntropy))
}

/// A visit with a link for its patient.
async fn invited(rig: &Rig, born: Option<&str>) -> (VisitId, SeatId, String) {
    let (visit, [patient, _]) = rig.visit(1, host(rig).await, born).await;
    let link = rig.link(visit, patient).await;
    (visit, patient, link)
}

async fn looking_uses_nothing_and_opening_binds(rig: Rig) {
    let (visit, seat, link) = invited(&rig, None).await;
    for _ in 0..5 {
        let view = ok(rig.guests.look(&link, None, rig.now).await);
        assert!(view.visit == visit && view.seat == seat && view.role == Role::Patient);
        assert!(!view.second_check && !view.elsewhere);
    }
    assert_eq!(rig.logged(Kind::LinkOpened).await, (0, 0));

    let opened = ok(rig.guests.open(&link, None, None, rig.now).await);
    assert!(opened.first && !opened.elsewhere && opened.seat == seat);
    let held = ok(rig.guests.holds(&opened.device, visit, seat).await);
    assert!(held.org == rig.org);
    // The same browser again: same cookie, not the first time, nothing to tell.
    let again = ok(rig.guests.open(&link, None, Some(&opened.device), rig.now).await);
    assert!(!again.first && !again.elsewhere);
    assert!(*again.device.to_text() == *opened.device.to_text());
    assert_eq!(rig.logged(Kind::LinkIssued).await, (1, 0));
    assert_eq!(rig.logged(Kind::LinkOpened).await, (2, 0));
    assert_eq!(rig.logged(Kind::LinkOpenedElsewhere).await, (0, 0));
}

async fn the_second_check_has_five_tries(rig: Rig) {
    let (_, _, link) = invited(&rig, Some(BORN)).await;
    assert!(ok(rig.guests.look(&link, None, rig.now).await).second_check);
    for left in (0..5).rev() {
        let wrong = rig.guests.open(&link, Some("1975-03-10"), None, rig.now).await;
        match wrong {
            Err(AuthError::SecondCheckFailed { tries_left }) => assert_eq!(tries_left, left),
            other => panic!("{}", code(other)),
        }
    }
    // Dead now, for the right answer too, and it looks like a link that never was.
    let right = rig.guests.open(&link, Some(BORN), None, rig.now).await;
    assert_eq!(code(right), "no_such_visit");
    assert_eq!(code(rig.guests.look(&link, None, rig.now).await), "no_such_visit");
    assert_eq!(rig.logged(Kind::LinkSecondCheck).await, (0, 5));
    assert_eq!(rig.logged(Kind::LinkOpened).await, (0, 1));
}

async fn five_tries_are_five_even_all_at_once(rig: Rig) {
    let (_, _, link) = invited(&rig, Some(BORN)).await;
    let tasks: Vec<_> = (0..30)
        .map(|n| {
            let (guests, link, now) = (rig.guests.clone(), link.clone(), rig.now);
            let date = format!("1980-01-{:02}", n + 1);
            tokio::spawn(async move { code(guests.open(&link, Some(&date), None, now).await) })
        })
        .collect();
    let mut compared = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            "second_check_failed" => compared += 1,
            other => assert_eq!(other, "no_such_visit"),
        }
    }
    assert_eq!(compared, 5);
}

async fn a_missing_or_malformed_date_costs_no_try(rig: Rig) {
    let (_, _, link) = invited(&rig, Some(BORN)).await;
    for _ in 0..10 {
        let missing = rig.guests.open(&link, None, None, rig.now).await;
        assert_eq!(code(missing), "second_check_needed");
        let malformed = rig.guests.open(&link, Some("9.3.1975"), None, rig.now).await;
        assert_eq!(code(malformed), "bad_field");
    }
    // A right answer gives its try back.
    for _ in 0..10 {
        let padded = format!(" {BORN} ");
        ok(rig.guests.open(&link, Some(&padded), None, rig.now).await);
    }
}

async fn a_known_device_is_not_asked_again(rig: Rig) {
    let (_, _, link) = invited(&rig, Some(BORN)).await;
    let opened = ok(rig.guests.open(&link, Some(BORN), None, rig.now).await);
    assert!(!ok(rig.guests.look(&link, Some(&opened.device), rig.now).await).second_check);
    ok(rig.guests.open(&link, None, Some(&opened.device), rig.now).await);
    // Somebody else who spends all tries does not shut it out.
    for _ in 0..5 {
        rig.guests.open(&link, Some("1999-09-09"), None, rig.now).await.err().expect("refused");
    }
    ok(rig.guests.open(&link, None, Some(&opened.device), rig.now).await);
    assert_eq!(code(rig.guests.open(&link, Some(BORN), None, rig.now).await), "no_such_visit");
}

async fn another_device_is_asked_again_and_told_of(rig: Rig) {
    let (visit, seat, link) = invited(&rig, Some(BORN)).await;
    let phone = ok(rig.guests.open(&link, Some(BORN), None, rig.now).await).device;
    let laptop = new_device();
    let view = ok(rig.guests.look(&link, Some(&laptop), rig.now).await);
    assert!(view.second_check && view.elsewhere);
    let asked = rig.guests.open(&link, None, Some(&laptop), rig.now).await;
    assert_eq!(code(asked), "second_check_needed");
    assert_eq!(code(rig.guests.holds(&laptop, visit, seat).await), "not_found");

    let opened = ok(rig.guests.open(&link, Some(BORN), Some(&laptop), rig.now).await);
    assert!(opened.elsewhere && !opened.first);
    assert_eq!(rig.logged(Kind::LinkOpenedElsewhere).await, (1, 0));
    // Both hold the seat now; which one is live is the visit's to say.
    for device in [&phone, &laptop] {
        ok(rig.guests.holds(device, visit, seat).await);
        assert!(!ok(rig.guests.look(&link, Some(device), rig.now).await).elsewhere);
    }
}

async fn a_second_check_without_a_date_is_never_passed(rig: Rig) {
    let (visit, [patient, interpreter]) = rig.visit(1, host(&rig).await, Some(BORN)).await;
    let link = rig.link(visit, patient).await;
    rig.change(visit, |_, seat| seat.person.dob = None).await;
    for date in [BORN, "0000-00-00", "0001-01-01"] {
        let result = rig.guests.open(&link, Some(date), None, rig.now).await;
        assert!(matches!(code(result), "second_check_failed" | "bad_field"));
    }
    // The interpreter of the same visit is not asked for what the clinic never had.
    let link = rig.link(visit, interpreter).await;
    ok(rig.guests.open(&link, None, None, rig.now).await);
}

async fn a_fresh_link_shuts_everybody_out(rig: Rig) {
    let (visit, seat, old) = invited(&rig, None).await;
    let device = ok(rig.guests.open(&old, None, None, rig.now).await).device;
    let new = rig.link(visit, seat).await;
    assert_eq!(code(rig.guests.look(&old, Some(&device), rig.now).await), "no_such_visit");
    assert_eq!(code(rig.guests.holds(&device, visit, seat).await), "not_found");
    assert!(ok(rig.guests.seats_of(&device).await).is_empty());
    let opened = ok(rig.guests.open(&new, None, Some(&device), rig.now).await);
    assert!(opened.first && !opened.elsewhere);

    let mut tx = rig.store.begin(rig.org, rig.now).await.expect("begins");
    let events = ok(rig.guests.revoke(&mut tx, Actor::System, visit, seat).await);
    assert_eq!(events.len(), 1);
    tx.commit_with(events).await.expect("commits");
    assert_eq!(code(rig.guests.open(&new, None, Some(&device), rig.now).await), "no_such_visit");
    assert_eq!(rig.logged(Kind::LinkRevoked).await, (2, 0));
}

async fn all_dead_links_look_alike_and_cost_the_same(rig: Rig) {
    let ana = host(&rig).await;
    let mut dead = vec![
        ("unknown", new_device().to_text().to_string()),
        ("rubbish", "x".to_owned()),
        ("empty", String::new()),
    ];
    let (visit, [patient, interpreter]) = rig.visit(1, ana, Some(BORN)).await;
    let revoked = rig.link(visit, interpreter).await;
    rig.link(visit, interpreter).await;
    dead.push(("revoked", revoked));
    let spent = rig.link(visit, patient).await;
    for _ in 0..5 {
        rig.guests.open(&spent, Some("1999-09-09"), None, rig.now).await.err().expect("refused");
    }
    dead.push(("out of tries", spent));
    let (other, [removed, _]) = rig.visit(2, ana, None).await;
    dead.push(("removed", rig.link(other, removed).await));
    rig.change(other, |_, seat| seat.state = SeatState::Removed).await;
    let (third, [expired, _]) = rig.visit(3, ana, None).await;
    let mut tx = rig.store.begin(rig.org, rig.now).await.expect("begins");
    let issued = rig.guests.issue(&mut tx, Actor::System, third, expired, rig.now).await;
    let (secret, events) = ok(issued);
    tx.commit_with(events).await.expect("commits");
    dead.push(("expired", secret.to_text().to_string()));

    let device = new_device();
    let mut looks = Vec::new();
    let mut opens = Vec::new();
    for (what, link) in &dead {
        for device in [None, Some(&device)] {
            let before = rig.guests.lookups();
            let result = rig.guests.look(link, device, rig.now).await;
            assert_eq!(code(result), "no_such_visit", "{what}");
            looks.push(rig.guests.lookups() - before);
        }
        let (before, entries) = (rig.guests.lookups(), rig.log().await.len());
        let result = rig.guests.open(link, Some(BORN), None, rig.now).await;
        assert_eq!(code(result), "no_such_visit", "{what}");
        opens.push((rig.guests.lookups() - before, rig.log().await.len() - entries));
    }
    assert!(looks.iter().all(|n| *n == looks[0]), "{looks:?}");
    assert!(opens.iter().all(|n| *n == opens[0] && n.1 == 1), "{opens:?}");
}

async fn a_good_link_to_a_visit_that_is_over_says_so(rig: Rig) {
    let (visit, seat, link) = invited(&rig, None).await;
    let device = ok(rig.guests.open(&link, None, None, rig.now).await).device;
    rig.change(visit, |visit, _| visit.state = VisitState::Ended).await;
    assert_eq!(code(rig.guests.look(&link, None, rig.now).await), "visit_over");
    assert_eq!(code(rig.guests.open(&link, None, None, rig.now).await), "visit_over");
    assert_eq!(code(rig.guests.holds(&device, visit, seat).await), "not_found");
    // Once it has expired, it never was.
    let later = rig.now.plus(Duration::from_min(24 * 60));
    assert_eq!(code(rig.guests.look(&link, None, later).await), "no_such_visit");
}

async fn one_device_holds_many_seats(mut rig: Rig) {
    let ana = host(&rig).await;
    let device = new_device();
    for n in 1..=3 {
        let (visit, [patient, _]) = rig.visit(n, ana, None).await;
        let link = rig.link(visit, patient).await;
        ok(rig.guests.open(&link, None, Some(&device), rig.now).await);
        rig.pass_s(1);
    }
    let held = ok(rig.guests.seats_of(&device).await);
    let ids: Vec<u128> = held.iter().map(|held| held.visit.to_u128() & 0xF).collect();
    assert_eq!(ids, [3, 2, 1]);
    // What is over or was taken away is not shown.
    rig.change(held[1].visit, |visit, _| visit.state = VisitState::NoShow).await;
    rig.change(held[2].visit, |_, seat| seat.state = SeatState::Removed).await;
    assert_eq!(ok(rig.guests.seats_of(&device).await).len(), 1);
    assert!(ok(rig.guests.seats_of(&new_device()).await).is_empty());
}

async fn opening_at_once_from_two_devices_is_told_of_once(rig: Rig) {
    let ana = host(&rig).await;
    // Many visits, because two openings do not meet at the same place every time.
    for n in 1..=40 {
        let (visit, [patient, _]) = rig.visit(n, ana, None).await;
        let link = rig.link(visit, patient).await;
        let opening = || {
            let (guests, link, now) = (rig.guests.clone(), link.clone(), rig.now);
            tokio::spawn(async move { guests.open(&link, None, None, now).await })
        };
        let (a, b) = (opening(), opening());
        let (a, b) = (ok(a.await.expect("no panic")), ok(b.await.expect("no panic")));
        assert!(a.first != b.first, "exactly one is the first, {n}");
        assert!(a.elsewhere != b.elsewhere, "the other is told of, {n}");
        assert!(a.first != a.elsewhere, "and it is the later one, {n}");
    }
    assert_eq!(rig.logged(Kind::LinkOpenedElsewhere).await, (40, 0));
}
