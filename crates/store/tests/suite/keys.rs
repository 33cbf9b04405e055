//! Rotation wraps every data key anew and nothing else; a destroyed key is gone from every process.

use crate::on_both;
use crate::support::{begin, code, commit, new_seat, new_user, new_visit, user_id, visit_id};
use keys::{FileKeyring, Kek as _};
use sqlx::Row as _;
use std::sync::Arc;
use store::Store;
use store::testing::{NOON, TestDb};
use visit::{Role, VisitState};

on_both!(
    rotation_wraps_every_data_key_and_can_stop_anywhere,
    a_running_server_wraps_under_the_version_that_a_command_made,
    a_key_destroyed_during_rotation_stays_destroyed,
    a_destroyed_key_leaves_every_process_and_the_rest_stays,
    an_older_snapshot_brings_no_destroyed_key_back,
    only_keys_of_visits_that_are_over_are_destroyed,
);

const VISITS: u128 = 7;

async fn plant(store: &Store) {
    let mut tx = begin(store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    for n in 1..=VISITS {
        let mut visit = new_visit(n, user_id(1));
        if n > 1 {
            visit.state = VisitState::Ended;
        }
        tx.create_visit(&visit, &[new_seat(n, Role::Patient)]).await.expect("made");
    }
    commit(tx).await;
}

async fn readable(store: &Store, n: u128) -> bool {
    let mut reader = store.read(store.default_org()).await.expect("reads");
    reader.load_visit(visit_id(n)).await.expect("reads").is_some()
}

/// Something that needs the data key of a visit, whatever the lists say.
async fn uses_key(store: &Store, n: u128) -> &'static str {
    code(begin(store).await.save_quality(visit_id(n), NOON, b"figures").await)
}

fn ring(db: &TestDb) -> FileKeyring {
    FileKeyring::open(db.dir().join("keyring.json")).expect("opens")
}

async fn rotation_wraps_every_data_key_and_can_stop_anywhere(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    let all = VISITS as u64 + 1;
    assert_eq!(store.keys_by_version().await.expect("counts"), [(1, all)].into());
    ring(&db).create().expect("a version");
    let first = store.rewrap_some(None, 3, NOON).await.expect("a step");
    assert_eq!((first.seen, first.rewrapped), (3, 3));
    assert_eq!(store.keys_by_version().await.expect("counts"), [(1, all - 3), (2, 3)].into());
    store.close(NOON).await.expect("closes");

    // Begun again from the start, as after a kill.
    let store = db.open_with(Arc::new(ring(&db))).await.expect("opens");
    let (mut after, mut rewrapped) = (None, 0);
    loop {
        let step = store.rewrap_some(after.as_ref(), 3, NOON).await.expect("a step");
        rewrapped += step.rewrapped;
        match step.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(rewrapped, all - 3);
    assert_eq!(store.keys_by_version().await.expect("counts"), [(2, all)].into());
    ring(&db).destroy(1).expect("not needed any more");
    for n in 1..=VISITS {
        assert!(readable(&store, n).await);
    }
    assert_eq!(store.count_data_keys().await.expect("counts"), all);
}

async fn a_running_server_wraps_under_the_version_that_a_command_made(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    ring(&db).create().expect("a version");
    let mut tx = begin(&store).await;
    tx.create_visit(&new_visit(50, user_id(1)), &[]).await.expect("made");
    commit(tx).await;
    let counts = store.keys_by_version().await.expect("counts");
    assert_eq!(counts, [(1, VISITS as u64 + 1), (2, 1)].into());
}

async fn a_key_destroyed_during_rotation_stays_destroyed(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    ring(&db).create().expect("a version");
    let first = store.rewrap_some(None, 2, NOON).await.expect("a step");
    let mut tx = begin(&store).await;
    tx.destroy_visit_now(visit_id(VISITS)).await.expect("destroyed");
    commit(tx).await;
    let rest = store.rewrap_some(first.next.as_ref(), 100, NOON).await.expect("a step");
    assert_eq!(first.seen + rest.seen, VISITS as u64);
    assert!(!readable(&store, VISITS).await);
}

async fn a_destroyed_key_leaves_every_process_and_the_rest_stays(db: TestDb) {
    let (here, there) = (db.open().await, db.open().await);
    plant(&here).await;
    for store in [&here, &there] {
        assert!(readable(store, 2).await && readable(store, 3).await);
    }
    let mut tx = begin(&here).await;
    tx.destroy_visit_now(visit_id(2)).await.expect("destroyed");
    commit(tx).await;
    // The other process finds out when it looks, and then holds no unwrapped key of it.
    assert!(there.forget_destroyed_keys().await.expect("looks"));
    assert!(!there.forget_destroyed_keys().await.expect("looks"), "once");
    for store in [&here, &there] {
        assert!(!readable(store, 2).await && readable(store, 3).await);
        assert_eq!(uses_key(store, 2).await, "not_found");
        let mut reader = store.read(store.default_org()).await.expect("reads");
        let (from, to) = (NOON, visit::Timestamp(i64::MAX));
        let listed = reader.visits_between(from, to).await.expect("lists");
        assert_eq!(listed.len() as u128, VISITS - 1, "the list goes on without it");
    }
    let rows = sqlx::query("SELECT COUNT(*) AS n FROM data_keys WHERE scope_id = $1")
        .bind(visit_id(2).to_text())
        .fetch_one(here.write_pool())
        .await
        .expect("counts");
    assert_eq!(rows.get::<i64, _>("n"), 0);
    assert!(here.verify_audit().await.expect("reads").faults.is_empty(), "the log still verifies");
}

async fn an_older_snapshot_brings_no_destroyed_key_back(db: TestDb) {
    let (here, there) = (db.open().await, db.open().await);
    plant(&here).await;
    // A snapshot from before the destruction still shows the wrapped key …
    let mut old = there.read(there.default_org()).await.expect("reads");
    assert!(old.load_visit(visit_id(3)).await.expect("reads").is_some());
    let mut tx = begin(&here).await;
    tx.destroy_visit_now(visit_id(2)).await.expect("destroyed");
    commit(tx).await;
    assert!(there.forget_destroyed_keys().await.expect("looks"));
    assert!(old.load_visit(visit_id(2)).await.expect("reads").is_some(), "its own snapshot");
    drop(old);
    // … but what it unwrapped is not kept for anybody else.
    assert_eq!(uses_key(&there, 2).await, "not_found");
}

async fn only_keys_of_visits_that_are_over_are_destroyed(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    let mut tx = begin(&store).await;
    assert_eq!(code(tx.destroy_visit_now(visit_id(1)).await), "conflict");
    assert_eq!(code(tx.destroy_visit_now(visit_id(99)).await), "not_found");
    tx.destroy_visit_now(visit_id(2)).await.expect("destroyed");
    assert_eq!(code(tx.destroy_visit_now(visit_id(2)).await), "not_found");
    drop(tx);
    assert!(readable(&store, 2).await, "an undone destruction destroyed nothing");
}
