//! Visits, seats, links, devices, consents, chat.

use crate::on_both;
use crate::support::{
    at, begin, code, commit, hash, new_seat, new_user, new_visit, seat_id, user_id, visit_id,
    with_visit,
};
use sqlx::Executor as _;
use store::testing::{NOON, TestDb};
use store::{DeviceReport, HashKind, LinkOpening, NewChat, NewSeatLink, Posted, VisitOptions};
use visit::{ConsentDecision, ConsentRecord, Purpose, Role, SeatState, VisitState};

on_both!(
    a_visit_comes_back_as_it_was_saved,
    a_visit_of_the_first_schema_is_read_after_an_upgrade,
    a_stale_save_is_refused,
    visits_are_listed_by_time_host_and_state,
    a_link_opens_first_once_and_dies_by_time_or_revocation,
    the_second_check_has_a_limit,
    devices_and_seats_are_many_to_many,
    consents_are_kept_in_order,
    chat_is_numbered_and_a_resend_is_one_message,
    a_stretch_of_call_quality_is_written_again_in_its_place,
    an_undone_transaction_leaves_nothing,
);

async fn a_visit_comes_back_as_it_was_saved(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let mut tx = begin(&store).await;
    let mut loaded = tx.load_visit(visit_id(1)).await.expect("reads").expect("there");
    assert_eq!(loaded.visit.version, 1);
    assert_eq!(loaded.seats.len(), 2);
    assert!(loaded.seat(seat_id(1)).expect("there").person == new_seat(1, Role::Patient).person);

    let visit = &mut loaded.visit;
    visit.state = VisitState::InProgress;
    visit.opened_at = Some(at(1));
    visit.started_at = Some(at(2));
    visit.empty_since = Some(at(3));
    visit.duration_min = 45;
    visit.options = VisitOptions { second_check: true, captions: true, ..VisitOptions::default() };
    visit.text.note = Some("Bring the blue folder ✓".into());
    let seat = &mut loaded.seats[0];
    seat.state = SeatState::Away;
    seat.came_at = Some(at(1));
    seat.waiting_since = Some(at(1));
    seat.admitted_at = Some(at(2));
    seat.in_call_at = Some(at(2));
    seat.away_since = Some(at(3));
    seat.rating = Some(4);
    seat.locale = Some("es-MX".into());
    seat.hold_expired = true;
    let pairs = [("camera".to_owned(), "ok".to_owned()), ("mic".to_owned(), "silent".to_owned())];
    seat.device_report = Some(DeviceReport::new(pairs).expect("codes"));
    seat.person.name = "Another name".into();
    let mut third = new_seat(3, Role::Colleague);
    third.user = Some(user_id(1));
    third.invited_by = Some(user_id(1));
    let changed = [loaded.seats[0].clone(), third.clone()];
    assert_eq!(tx.save_visit(&loaded.visit, &changed).await.expect("saves"), 2);
    loaded.visit.version = 2;
    loaded.seats.push(third);
    commit(tx).await;
    store.close(at(4)).await.expect("closes");

    // After a restart, with nothing in memory.
    let store = db.open().await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let again = reader.load_visit(visit_id(1)).await.expect("reads").expect("there");
    assert!(again == loaded);
    assert!(reader.load_visit(visit_id(9)).await.expect("reads").is_none());
}

/// Takes the second step of the schema back, as a database was before it, and opens the store again.
async fn a_visit_of_the_first_schema_is_read_after_an_upgrade(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    for statement in [
        "ALTER TABLE seats DROP COLUMN invited_by",
        "ALTER TABLE seats DROP COLUMN hold_expired",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
    ] {
        store.write_pool().execute(statement).await.expect("an older schema");
    }
    store.close(at(1)).await.expect("closes");

    let store = db.open().await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let loaded = reader.load_visit(visit_id(1)).await.expect("reads").expect("there");
    assert!(loaded.seats.iter().all(|s| s.invited_by.is_none() && !s.hold_expired));
    assert!(loaded.seat(seat_id(1)).expect("there").person == new_seat(1, Role::Patient).person);
}

async fn a_stale_save_is_refused(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let old = reader.load_visit(visit_id(1)).await.expect("reads").expect("there");
    drop(reader);
    let mut tx = begin(&store).await;
    tx.save_visit(&old.visit, &[]).await.expect("saves");
    commit(tx).await;

    let mut tx = begin(&store).await;
    assert_eq!(code(tx.save_visit(&old.visit, &old.seats).await), "conflict");
    let mut unknown = old.visit.clone();
    unknown.id = visit_id(9);
    assert_eq!(code(tx.save_visit(&unknown, &[]).await), "not_found");
    assert_eq!(code(tx.create_visit(&old.visit, &[]).await), "conflict");
    drop(tx);

    let mut tx = begin(&store).await;
    let mut homeless = new_visit(2, user_id(9));
    assert_eq!(code(tx.create_visit(&homeless, &[]).await), "not_found");
    drop(tx);
    // The refused visit left no key behind, in the database or in memory.
    homeless.host = user_id(1);
    let mut tx = begin(&store).await;
    tx.create_visit(&homeless, &[new_seat(7, Role::Patient)]).await.expect("made");
    commit(tx).await;
    store.close(NOON).await.expect("closes");
    let store = db.open().await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let found = reader.load_visit(visit_id(2)).await.expect("opens").expect("there");
    assert!(found.seats[0].person == new_seat(7, Role::Patient).person);
}

async fn visits_are_listed_by_time_host_and_state(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    for n in 1..=2 {
        tx.create_user(&new_user(n)).await.expect("made");
    }
    for n in 1..=6 {
        let mut visit = new_visit(n, user_id(1 + n % 2));
        if n > 4 {
            visit.state = [VisitState::Ended, VisitState::NoShow][n as usize - 5];
        }
        let seats = [new_seat(n * 10, Role::Patient), new_seat(n * 10 + 1, Role::Family)];
        tx.create_visit(&visit, &seats).await.expect("made");
    }
    commit(tx).await;

    let mut reader = store.read(store.default_org()).await.expect("reads");
    let ids = |found: Vec<store::VisitWithSeats>| -> Vec<u128> {
        for item in &found {
            assert_eq!(item.seats.len(), 2);
            let own = (1..=6).find(|n| visit_id(*n) == item.visit.id).expect("known");
            assert!(item.seats[0].id == seat_id(own * 10), "its own seats");
        }
        let number = |item: &store::VisitWithSeats| {
            (1..=6).find(|n| visit_id(*n) == item.visit.id).expect("known")
        };
        found.iter().map(number).collect()
    };
    assert_eq!(ids(reader.visits_between(at(30), at(90)).await.expect("lists")), [1, 2]);
    assert_eq!(ids(reader.visits_between(at(0), at(999)).await.expect("lists")).len(), 6);
    let hers = reader.visits_of_host(user_id(1), at(0), at(999)).await.expect("lists");
    assert_eq!(ids(hers), [2, 4, 6]);
    assert_eq!(ids(reader.visits_not_final().await.expect("lists")), [1, 2, 3, 4]);
}

fn link(secret: &str) -> NewSeatLink {
    NewSeatLink {
        hash: hash(secret),
        visit: visit_id(1),
        seat: seat_id(1),
        expires_at: at(60),
        tries: 5,
    }
}

async fn a_link_opens_first_once_and_dies_by_time_or_revocation(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let org = store.default_org();
    let mut tx = begin(&store).await;
    tx.create_seat_link(&link("l")).await.expect("made");
    let found = tx.seat_link(hash("l")).await.expect("reads").expect("there");
    assert!(found.visit == visit_id(1) && found.seat == seat_id(1) && found.tries_left == 5);
    assert_eq!(tx.open_seat_link(hash("l")).await.expect("opens"), LinkOpening::First);
    assert_eq!(tx.open_seat_link(hash("l")).await.expect("opens"), LinkOpening::Again);
    assert_eq!(code(tx.open_seat_link(hash("guess")).await), "not_found");
    commit(tx).await;
    assert_eq!(store.org_of(HashKind::SeatLink, hash("l")).await.expect("reads"), Some(org));

    let mut late = store.begin(org, at(60)).await.expect("begins");
    assert_eq!(code(late.open_seat_link(hash("l")).await), "not_found");
    drop(late);
    let mut tx = begin(&store).await;
    tx.create_seat_link(&link("second")).await.expect("made");
    let revoked = tx.revoke_seat_links(visit_id(1), seat_id(1)).await.expect("revokes");
    assert_eq!(revoked, 2);
    assert_eq!(code(tx.open_seat_link(hash("l")).await), "not_found");
    assert_eq!(code(tx.open_seat_link(hash("second")).await), "not_found");
    let links = tx.links_of_seat(visit_id(1), seat_id(1)).await.expect("lists");
    assert!(links.len() == 2 && links.iter().all(|l| l.revoked_at.is_some()));
    commit(tx).await;
    let mut tx = begin(&store).await;
    let homeless = NewSeatLink { seat: seat_id(99), ..link("x") };
    assert_eq!(code(tx.create_seat_link(&homeless).await), "not_found");
}

async fn the_second_check_has_a_limit(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let mut tx = begin(&store).await;
    tx.create_seat_link(&link("l")).await.expect("made");
    for left in (0..5).rev() {
        assert_eq!(tx.use_link_try(hash("l")).await.expect("runs"), Some(left));
    }
    assert_eq!(tx.use_link_try(hash("l")).await.expect("runs"), None);
    tx.reset_link_tries(hash("l"), 5).await.expect("grants");
    assert_eq!(tx.use_link_try(hash("l")).await.expect("runs"), Some(4));
    tx.revoke_seat_links(visit_id(1), seat_id(1)).await.expect("revokes");
    assert_eq!(tx.use_link_try(hash("l")).await.expect("runs"), None);
    assert_eq!(code(tx.reset_link_tries(hash("guess"), 5).await), "not_found");
}

async fn devices_and_seats_are_many_to_many(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let (visit, one, two) = (visit_id(1), seat_id(1), seat_id(2));
    let mut tx = begin(&store).await;
    tx.bind_device(hash("phone"), visit, one).await.expect("binds");
    tx.bind_device(hash("phone"), visit, one).await.expect("binds again");
    tx.bind_device(hash("phone"), visit, two).await.expect("binds");
    tx.bind_device(hash("laptop"), visit, one).await.expect("binds");
    assert_eq!(tx.seats_of_device(hash("phone")).await.expect("lists").len(), 2);
    assert_eq!(tx.devices_of_seat(visit, one).await.expect("counts"), 2);
    assert!(tx.is_bound(hash("laptop"), visit, one).await.expect("reads"));
    assert!(!tx.is_bound(hash("laptop"), visit, two).await.expect("reads"));
    assert!(tx.unbind_device(hash("laptop"), visit, one).await.expect("unbinds"));
    assert!(!tx.unbind_device(hash("laptop"), visit, one).await.expect("unbinds"));
    assert_eq!(tx.unbind_seat(visit, one).await.expect("unbinds"), 1);
    let left = tx.seats_of_device(hash("phone")).await.expect("lists");
    assert!(left.len() == 1 && left[0].1 == two);
    commit(tx).await;
    let org = store.org_of(HashKind::Device, hash("phone")).await.expect("reads");
    assert_eq!(org, Some(store.default_org()));
}

async fn consents_are_kept_in_order(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let answers = [
        (Purpose::Visit, ConsentDecision::Given),
        (Purpose::Recording, ConsentDecision::Refused),
        (Purpose::Recording, ConsentDecision::Given),
        (Purpose::Recording, ConsentDecision::Withdrawn),
    ];
    let record = |(purpose, decision): (Purpose, ConsentDecision)| ConsentRecord {
        purpose,
        decision,
        text_version: format!("{}-2026-11", purpose.as_str()),
        locale: "en".into(),
        at: at(1),
    };
    let mut tx = begin(&store).await;
    for answer in answers {
        tx.add_consent(visit_id(1), seat_id(1), &record(answer)).await.expect("kept");
    }
    tx.add_consent(visit_id(1), seat_id(2), &record(answers[0])).await.expect("kept");
    assert_eq!(
        code(tx.add_consent(visit_id(9), seat_id(1), &record(answers[0])).await),
        "not_found"
    );
    commit(tx).await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let rows = reader.consents(visit_id(1)).await.expect("reads");
    let of_one: Vec<_> =
        rows.iter().filter(|r| r.seat == seat_id(1)).map(|r| r.record.clone()).collect();
    assert_eq!(of_one, answers.map(record));
    assert_eq!(rows.len(), 5);
    assert_eq!(
        visit::consent::current(&of_one, Purpose::Recording),
        Some(ConsentDecision::Withdrawn)
    );
}

async fn chat_is_numbered_and_a_resend_is_one_message(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let message =
        |client_id, audience, body| NewChat { seat: seat_id(1), client_id, audience, body };
    let mut tx = begin(&store).await;
    let first = tx.post_chat(visit_id(1), &message("c1", None, "Hello")).await.expect("posts");
    assert!(matches!(&first, Posted::New(row) if row.seq == 1));
    let private = message("c2", Some(seat_id(2)), "Only for you");
    let second = tx.post_chat(visit_id(1), &private).await.expect("posts");
    assert!(matches!(&second, Posted::New(row) if row.seq == 2));
    commit(tx).await;

    let mut tx = begin(&store).await;
    let resend = tx.post_chat(visit_id(1), &message("c1", None, "edited?")).await.expect("finds");
    assert!(matches!(&resend, Posted::Again(row) if row.seq == 1 && *row.body == "Hello"));
    // The same name from another seat is another message.
    let other = NewChat { seat: seat_id(2), ..message("c1", None, "") };
    let other = tx.post_chat(visit_id(1), &other).await.expect("posts");
    assert!(matches!(&other, Posted::New(row) if row.seq == 3));
    assert_eq!(code(tx.post_chat(visit_id(9), &message("c9", None, "x")).await), "not_found");
    commit(tx).await;

    let mut tx = begin(&store).await;
    let stranger = NewChat { seat: seat_id(99), ..message("c4", None, "x") };
    assert_eq!(code(tx.post_chat(visit_id(1), &stranger).await), "not_found");
    drop(tx);
    let mut tx = begin(&store).await;
    let next = tx.post_chat(visit_id(1), &message("c5", None, "after a failure")).await;
    assert!(matches!(next, Ok(Posted::New(row)) if row.seq == 4), "no gap");
    commit(tx).await;

    let mut reader = store.read(store.default_org()).await.expect("reads");
    let all = reader.chat_after(visit_id(1), 0, 100).await.expect("reads");
    assert_eq!(all.iter().map(|m| m.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(all[1].audience == Some(seat_id(2)) && *all[1].body == "Only for you");
    let some = reader.chat_after(visit_id(1), 1, 2).await.expect("reads");
    assert_eq!(some.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3]);
}

async fn an_undone_transaction_leaves_nothing(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let entries = store.verify_audit().await.expect("reads").entries;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(2)).await.expect("made");
    tx.create_visit(&new_visit(2, user_id(2)), &[]).await.expect("made");
    drop(tx);
    let mut tx = begin(&store).await;
    assert!(tx.user(user_id(2)).await.expect("reads").is_none());
    assert!(tx.load_visit(visit_id(2)).await.expect("reads").is_none());
    drop(tx);
    let tx = begin(&store).await;
    assert_eq!(code(tx.commit_with(Vec::new()).await), "store_bug");
    assert_eq!(store.verify_audit().await.expect("reads").entries, entries);
}

#[test]
fn a_device_report_takes_codes_only() {
    let pair = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
    assert!(DeviceReport::new(pair("camera", "permission_denied")).is_ok());
    for bad in ["", "FaceTime HD", "Maria's iPhone", &"x".repeat(41)] {
        assert!(DeviceReport::new(pair("camera", bad)).is_err());
        assert!(DeviceReport::new(pair(bad, "ok")).is_err());
    }
    let many = (0..25).map(|n| (format!("k{n}"), "ok".to_owned()));
    assert!(DeviceReport::new(many).is_err());
}

async fn a_stretch_of_call_quality_is_written_again_in_its_place(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let mut tx = begin(&store).await;
    for (minute, record) in [(9, "later"), (1, "half"), (1, "whole")] {
        tx.save_quality(visit_id(1), at(minute), record.as_bytes()).await.expect("writes");
    }
    assert_eq!(code(tx.save_quality(visit_id(7), at(1), b"x").await), "not_found");
    drop(tx);
    let mut tx = begin(&store).await;
    for (minute, record) in [(9, "later"), (1, "half"), (1, "whole")] {
        tx.save_quality(visit_id(1), at(minute), record.as_bytes()).await.expect("writes");
    }
    commit(tx).await;

    let mut reader = store.read(store.default_org()).await.expect("reads");
    let found = reader.quality(visit_id(1)).await.expect("reads");
    let found: Vec<_> = found.iter().map(|r| (r.began_at, r.saved_at, r.record.to_vec())).collect();
    assert_eq!(found, [(at(1), NOON, b"whole".to_vec()), (at(9), NOON, b"later".to_vec())]);
    assert!(reader.quality(visit_id(7)).await.expect("reads").is_empty());
}
