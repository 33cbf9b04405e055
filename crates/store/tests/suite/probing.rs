//! What auditors are told, looked at on a database that keeps its promises and on one that does not.

use crate::on_both;
use crate::support::{begin, commit, hash, new_user, user_id, with_visit};
use sqlx::Executor as _;
use store::UserState;
use store::testing::{NOON, TestDb};
use visit::Duration;

on_both!(planted_values_are_sealed_and_leave_nothing, rows_that_break_a_promise_are_counted);

const DAY: Duration = Duration::from_min(24 * 60);

async fn planted_values_are_sealed_and_leave_nothing(db: TestDb) {
    let store = db.open().await;
    for n in 1..=2 {
        let found = store.probe_sealing(NOON, n << 64 | 0xabcd).await.expect("probes");
        assert_eq!((found.in_the_clear, found.opened), (0, true));
        assert!(found.columns > 40, "{}", found.columns);
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert!(reader.users().await.expect("reads").is_empty());
    let rows = reader.probe_rows(NOON, DAY).await.expect("counts");
    assert_eq!((rows.visits, rows.active), (0, 0));
    drop(reader);

    // A column in which a planted value stands in the clear shows. The mark is the random number.
    let leak = format!("ALTER TABLE visits ADD COLUMN copy TEXT DEFAULT 'x{:032x}'", 7);
    store.write_pool().execute(sqlx::AssertSqlSafe(leak)).await.expect("alters");
    let again = db.open().await;
    let found = again.probe_sealing(NOON, 7).await.expect("probes");
    assert_eq!(found.in_the_clear, 1);
}

async fn rows_that_break_a_promise_are_counted(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(2)).await.expect("a user");
    tx.set_password_hash(user_id(2), Some("$argon2id$x")).await.expect("sets");
    tx.create_session(hash("a"), user_id(2), true).await.expect("begins");
    commit(tx).await;
    let count = async || {
        let mut reader = store.read(store.default_org()).await.expect("reads");
        reader.probe_rows(NOON, DAY).await.expect("counts")
    };
    let found = count().await;
    assert_eq!((found.active, found.without_factor, found.visits), (2, 1, 1));
    assert_eq!((found.sessions_of_disabled, found.overlong_sessions), (0, 0));
    assert_eq!(found.visits_without_key, 0);

    let mut tx = begin(&store).await;
    tx.set_user_state(user_id(2), UserState::Disabled).await.expect("disables");
    commit(tx).await;
    for slip in [
        "UPDATE sessions SET last_seen_at = created_at + 86400000001",
        "DELETE FROM data_keys WHERE scope = 'visit'",
    ] {
        store.write_pool().execute(slip).await.expect("slips");
    }
    let found = count().await;
    assert_eq!((found.active, found.without_factor), (1, 0), "who may not sign in needs no factor");
    assert_eq!((found.sessions_of_disabled, found.overlong_sessions), (1, 1));
    assert_eq!(found.visits_without_key, 1);
    assert_eq!((found.shared_addresses, found.ownerless_sessions), (0, 0));

    // The schema refuses a session of nobody, until somebody takes the rule away.
    let unguarded = match store.backend() {
        store::Backend::Sqlite => "PRAGMA foreign_keys = OFF; UPDATE sessions SET user_id = 'x'",
        store::Backend::Postgres => {
            "ALTER TABLE sessions DROP CONSTRAINT sessions_org_user_id_fkey; \
             UPDATE sessions SET user_id = 'x'"
        }
    };
    store.write_pool().execute(sqlx::raw_sql(unguarded)).await.expect("slips");
    assert_eq!(count().await.ownerless_sessions, 1);
}
