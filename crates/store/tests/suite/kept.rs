//! Patients over their visits, legal holds, and what is deleted when.

use crate::on_both;
use crate::support::{at, begin, code, commit, new_seat, new_user, new_visit, user_id, visit_id};
use sqlx::Executor as _;
use store::testing::{NOON, TestDb};
use store::{KeptKind, NewChat, Store};
use visit::{PatientId, Role, VisitId, VisitState};

on_both!(
    the_same_person_is_one_patient_however_written,
    visits_of_an_older_schema_are_linked,
    what_is_over_is_found_deleted_once_and_nothing_else,
    a_hold_keeps_everything_of_a_patient,
    a_destroyed_visit_opens_nowhere_any_more,
    emergencies_are_kept_reviewed_once_and_end_once,
);

/// Visit `n` with one patient, over at minute `n`.
async fn over(store: &Store, n: u128, change: impl Fn(&mut store::PersonSecret)) -> VisitId {
    let mut tx = begin(store).await;
    if tx.user(user_id(1)).await.expect("reads").is_none() {
        tx.create_user(&new_user(1)).await.expect("a user");
    }
    let mut visit = new_visit(n, user_id(1));
    visit.text.note = Some("a note".into());
    let mut seat = new_seat(n * 10, Role::Patient);
    change(&mut seat.person);
    let seats = [seat, new_seat(n * 10 + 1, Role::Family)];
    tx.create_visit(&visit, &seats).await.expect("a visit");
    let seat = seats[0].id;
    let chat = NewChat { seat, client_id: "1", audience: None, body: "hello" };
    tx.post_chat(visit.id, &chat).await.expect("posts");
    tx.save_quality(visit.id, NOON, b"{}").await.expect("saves");
    visit.version = 1;
    visit.state = VisitState::Ended;
    visit.ended_at = Some(at(n as i64));
    tx.save_visit(&visit, &[]).await.expect("saves");
    commit(tx).await;
    visit.id
}

async fn patients(store: &Store) -> Vec<(PatientId, u32)> {
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let rows = reader.patients(100).await.expect("lists");
    rows.iter().map(|row| (row.id, row.visits)).collect()
}

async fn the_same_person_is_one_patient_however_written(db: TestDb) {
    let store = db.open().await;
    let dob = || Some("1970-01-02".to_owned());
    over(&store, 1, |p| (p.name, p.dob, p.email) = ("Ana  López".into(), dob(), None)).await;
    let mail = || Some("other@home.example".to_owned());
    over(&store, 2, |p| (p.name, p.dob, p.email) = (" ana lópez".into(), dob(), mail())).await;
    over(&store, 3, |p| (p.name, p.dob, p.email) = ("Ana López".into(), None, mail())).await;
    over(&store, 4, |p| (p.name, p.dob, p.email) = ("ana lópez ".into(), None, mail())).await;
    // Nothing but a name: nobody else, or two strangers would become one.
    over(&store, 5, |p| (p.name, p.dob, p.email) = ("Ana López".into(), None, None)).await;
    over(&store, 6, |p| (p.name, p.dob, p.email) = ("Ana López".into(), None, None)).await;
    let found = patients(&store).await;
    let visits: Vec<u32> = found.iter().map(|(_, visits)| *visits).collect();
    assert_eq!(visits, [1, 1, 2, 2], "latest first");
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let of = reader.visits_of_patient(found[3].0).await.expect("reads");
    assert_eq!(of, [visit_id(1), visit_id(2)]);
    let row = reader.patient(found[3].0).await.expect("reads").expect("there");
    assert!(row.latest == visit_id(2) && !row.held);
    assert!(reader.patient(PatientId::from_u128(7)).await.expect("reads").is_none());
}

async fn visits_of_an_older_schema_are_linked(db: TestDb) {
    let store = db.open().await;
    for n in 1..=3 {
        over(&store, n, |_| ()).await;
    }
    let linked = patients(&store).await;
    store.write_pool().execute("DELETE FROM patient_visits").await.expect("deletes");
    assert!(patients(&store).await.is_empty());
    for expected in [2, 1, 0] {
        let mut tx = begin(&store).await;
        assert_eq!(tx.link_older_patients(2).await.expect("links"), expected);
        commit(tx).await;
    }
    assert!(patients(&store).await == linked, "the same ones");
}

async fn due(store: &Store, kind: KeptKind, minute: i64) -> Vec<VisitId> {
    let mut reader = store.read(store.default_org()).await.expect("reads");
    reader.visits_to_delete_from(kind, at(minute), 10).await.expect("finds")
}

async fn what_is_over_is_found_deleted_once_and_nothing_else(db: TestDb) {
    let store = db.open().await;
    let (first, second) = (over(&store, 1, |_| ()).await, over(&store, 2, |_| ()).await);
    for kind in [KeptKind::Chat, KeptKind::Note, KeptKind::Quality] {
        assert!(due(&store, kind, 0).await.is_empty(), "{kind:?}");
        assert_eq!(due(&store, kind, 1).await, [first], "{kind:?}");
        assert_eq!(due(&store, kind, 2).await, [first, second], "{kind:?}");
        let mut tx = begin(&store).await;
        assert_eq!(tx.delete_kind(first, kind).await.expect("deletes"), 1, "{kind:?}");
        assert_eq!(tx.delete_kind(first, kind).await.expect("deletes"), 0, "{kind:?}");
        commit(tx).await;
        assert_eq!(due(&store, kind, 2).await, [second], "{kind:?}");
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    for (visit, left) in [(first, 0), (second, 1)] {
        assert_eq!(reader.chat_after(visit, 0, 10).await.expect("reads").len(), left);
        assert_eq!(reader.quality(visit).await.expect("reads").len(), left);
        let rows = reader.load_visit(visit).await.expect("reads").expect("there");
        assert_eq!(rows.visit.text.note.is_some(), left == 1);
        assert_eq!(rows.seats.len(), 2, "who was there is another kind");
    }
    assert!(reader.swept_at().await.expect("reads").is_none());
    drop(reader);
    for _ in 0..2 {
        let mut tx = begin(&store).await;
        tx.note_sweep().await.expect("notes");
        commit(tx).await;
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert_eq!(reader.swept_at().await.expect("reads"), Some(NOON));
}

async fn a_hold_keeps_everything_of_a_patient(db: TestDb) {
    let store = db.open().await;
    let (first, second) = (over(&store, 1, |_| ()).await, over(&store, 2, |_| ()).await);
    let held = patients(&store).await[1].0;
    let mut tx = begin(&store).await;
    assert!(tx.place_hold(held, user_id(1), "a letter of a court").await.expect("places"));
    assert!(!tx.place_hold(held, user_id(1), "again").await.expect("refuses"));
    let nobody = PatientId::from_u128(7);
    assert_eq!(code(tx.place_hold(nobody, user_id(1), "x").await), "not_found");
    commit(tx).await;
    for kind in KeptKind::ALL {
        assert_eq!(due(&store, *kind, 9).await, [second], "{kind:?}");
    }
    let mut tx = begin(&store).await;
    let holds = tx.holds().await.expect("lists");
    assert!(holds.len() == 1 && holds[0].patient == held && holds[0].placed_by == user_id(1));
    assert_eq!(&**holds[0].reason, "a letter of a court");
    assert!(tx.lift_hold(held, user_id(1)).await.expect("lifts"));
    assert!(!tx.lift_hold(held, user_id(1)).await.expect("is lifted"));
    commit(tx).await;
    for kind in KeptKind::ALL {
        assert_eq!(due(&store, *kind, 9).await, [first, second], "{kind:?}");
    }
}

async fn a_destroyed_visit_opens_nowhere_any_more(db: TestDb) {
    let store = db.open().await;
    let (first, second) = (over(&store, 1, |_| ()).await, over(&store, 2, |_| ()).await);
    let mut tx = begin(&store).await;
    assert_eq!(tx.delete_kind(first, KeptKind::Visit).await.expect("destroys"), 1);
    assert!(tx.load_visit(first).await.expect("reads").is_none());
    drop(tx);
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert!(reader.load_visit(first).await.expect("reads").is_some(), "undone");
    drop(reader);

    let mut tx = begin(&store).await;
    assert_eq!(tx.delete_kind(first, KeptKind::Visit).await.expect("destroys"), 1);
    assert_eq!(tx.delete_kind(first, KeptKind::Visit).await.expect("is gone"), 0);
    commit(tx).await;
    let again = db.open().await;
    for store in [&store, &again] {
        let mut reader = store.read(store.default_org()).await.expect("reads");
        assert!(reader.load_visit(first).await.expect("reads").is_none());
        let rows = reader.visits_between(NOON, at(999)).await.expect("reads");
        assert!(rows.len() == 1 && rows[0].visit.id == second);
        assert_eq!(reader.chat_after(first, 0, 10).await.expect("reads").len(), 0);
        assert_eq!(patients(store).await.len(), 1);
        // Where the visit stood stays, without anybody in it.
        assert!(reader.visit_place(first).await.expect("reads").is_some());
    }
    for kind in KeptKind::ALL {
        assert_eq!(due(&store, *kind, 9).await, [second], "{kind:?}");
    }
}

async fn emergencies_are_kept_reviewed_once_and_end_once(db: TestDb) {
    let store = db.open().await;
    let visit = over(&store, 1, |_| ()).await;
    let grant = |n| visit::GrantId::new(NOON.unix_ms(), n);
    let mut tx = begin(&store).await;
    for (n, minutes) in [(1, 0), (2, 60)] {
        let (id, ends_at) = (grant(n), at(minutes));
        let new = store::NewEmergency { id, visit, user: user_id(1), reason: "why", ends_at };
        tx.create_emergency(&new).await.expect("stores");
    }
    let ended = tx.note_ended_emergencies().await.expect("notes");
    assert!(ended.len() == 1 && ended[0].0 == grant(1));
    assert!(tx.note_ended_emergencies().await.expect("notes").is_empty());
    let holding = tx.emergencies_of(visit, NOON).await.expect("reads");
    assert!(holding == [(user_id(1), at(60))]);
    assert_eq!(tx.unreviewed_emergencies(at(1)).await.expect("counts"), 2);
    assert_eq!(tx.unreviewed_emergencies(NOON).await.expect("counts"), 0, "before");
    assert!(tx.review_emergency(grant(2), user_id(1), false, "no").await.expect("reviews"));
    assert!(!tx.review_emergency(grant(2), user_id(1), true, "").await.expect("once"));
    let list = tx.emergencies(10).await.expect("lists");
    assert!(list[0].id == grant(1) && list[0].review.is_none(), "unreviewed first");
    let review = list[1].review.as_ref().expect("reviewed");
    assert!(!review.justified && review.note.as_ref().is_some_and(|n| n.as_str() == "no"));
    assert!(list[1].reason.as_ref().is_some_and(|r| r.as_str() == "why"));
    // With the visit's key the words go; that it happened stays.
    tx.delete_kind(visit, KeptKind::Visit).await.expect("destroys");
    let list = tx.emergencies(10).await.expect("lists");
    assert!(list.len() == 2 && list.iter().all(|e| e.reason.is_none()));
    assert!(tx.review_emergency(grant(1), user_id(1), true, "").await.expect("reviews"));
    commit(tx).await;
}
