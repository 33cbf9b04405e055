//! The audit log in the database: gapless, tamper-evident, all or nothing.

use crate::on_both;
use crate::support::{at, begin, commit, new_user, user_id};
use audit::{Actor, Entry, Event, Kind};
use sqlx::{AssertSqlSafe, Executor as _};
use std::collections::BTreeMap;
use store::testing::{NOON, TestDb};
use store::{Store, StoreError};
use tokio::task::JoinSet;

on_both!(
    entries_come_with_the_change_and_only_with_it,
    numbers_have_no_gap_under_commits_and_rollbacks,
    a_failing_append_undoes_the_change,
    tampering_is_found,
    rows_cannot_be_changed_by_a_slip,
    every_run_has_a_beginning_and_an_end,
    pages_join_up,
    callers_share_commits_and_each_entry_is_kept_once,
    a_record_that_cannot_be_kept_is_an_error,
);

fn event(kind: Kind) -> Event {
    Event::new(kind, Actor::System)
}

async fn kinds(store: &Store) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for writer in store.audit_writers().await.expect("reads") {
        let page = store.audit_page(&writer.writer, 0, 1_000).await.expect("reads");
        for sealed in page.entries {
            kinds.push(Entry::parse(&sealed.bytes).expect("an entry").kind);
        }
    }
    kinds
}

fn count(kinds: &[Kind], kind: Kind) -> usize {
    kinds.iter().filter(|k| **k == kind).count()
}

async fn entries_come_with_the_change_and_only_with_it(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    let made = event(Kind::UserCreated).user(user_id(1));
    tx.commit_with(vec![made, event(Kind::StaffLinkIssued)]).await.expect("commits");
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(2)).await.expect("made");
    drop(tx);
    let kinds = kinds(&store).await;
    assert_eq!(count(&kinds, Kind::UserCreated), 1);
    assert_eq!(count(&kinds, Kind::StaffLinkIssued), 1);
    let report = store.verify_audit().await.expect("reads");
    assert_eq!((report.faults.len(), report.entries), (0, kinds.len() as u64));
}

async fn numbers_have_no_gap_under_commits_and_rollbacks(db: TestDb) {
    const TASKS: usize = 16;
    const ROUNDS: usize = 12;
    let store = db.open().await;
    let before = kinds(&store).await.len();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut written = 0;
            for round in 0..ROUNDS {
                // A third is undone: before the append, or by an append that fails half-way.
                let lose = (task + round) % 3 == 0;
                loop {
                    match step(&store, (task * ROUNDS + round) as u128, lose).await {
                        Err(error) if error.is_passing() => {}
                        Err(error) => panic!("{error}"),
                        Ok(count) => {
                            written += count;
                            break;
                        }
                    }
                }
            }
            written
        });
    }
    let written: usize = tasks.join_all().await.into_iter().sum();
    let report = store.verify_audit().await.expect("reads");
    assert_eq!(report.faults, []);
    assert_eq!(report.entries as usize, before + written);
    assert_eq!(written, TASKS * ROUNDS * 2 / 3 * 2, "two entries for each kept transaction");
}

async fn step(store: &Store, n: u128, lose: bool) -> Result<usize, StoreError> {
    let mut tx = store.begin(store.default_org(), at(n as i64 % 7)).await?;
    tx.create_user(&new_user(n)).await?;
    if lose {
        if n.is_multiple_of(2) {
            drop(tx);
        } else {
            // The same user again spoils the transaction; the commit must refuse it.
            assert!(matches!(tx.create_user(&new_user(n)).await, Err(StoreError::Conflict)));
            let refused = tx.commit_with(vec![event(Kind::UserCreated)]).await;
            assert!(matches!(refused, Err(StoreError::Bug(_))));
        }
        return Ok(0);
    }
    tx.commit_with(vec![event(Kind::UserCreated), event(Kind::StaffLinkIssued)]).await?;
    Ok(2)
}

async fn a_failing_append_undoes_the_change(db: TestDb) {
    let store = db.open().await;
    for writer in store.audit_writers().await.expect("reads") {
        let name = writer.writer.as_str();
        // Whoever meddles with the number makes the next append collide.
        let meddle = format!("UPDATE audit_writers SET next_seq = 1 WHERE writer = '{name}'");
        store.write_pool().execute(AssertSqlSafe(meddle)).await.expect("runs");
    }
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    assert!(tx.commit_with(vec![event(Kind::UserCreated)]).await.is_err());
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert!(reader.user(user_id(1)).await.expect("reads").is_none(), "undone with it");
}

async fn tampering_is_found(db: TestDb) {
    let store = db.open().await;
    for _ in 0..8 {
        let tx = begin(&store).await;
        tx.commit_with(vec![event(Kind::BoardViewed), event(Kind::PatientViewed)])
            .await
            .expect("commits");
    }
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
    let writer = store.audit_writers().await.expect("reads").remove(0).writer;
    let name = writer.as_str().to_owned();
    // The owner of the database can always take the guards away.
    let unguard = match store.backend() {
        store::Backend::Sqlite => {
            "DROP TRIGGER audit_entries_keep; DROP TRIGGER audit_entries_stay;"
        }
        store::Backend::Postgres => "DROP TRIGGER audit_entries_keep ON audit_entries;",
    };
    store.write_pool().execute(sqlx::raw_sql(unguard)).await.expect("runs");

    let tampered = [
        (
            "deleted in the middle",
            format!("DELETE FROM audit_entries WHERE writer = '{name}' AND seq = 2"),
        ),
        (
            "cut at the end",
            format!(
                "DELETE FROM audit_entries WHERE writer = '{name}' AND seq = \
             (SELECT MAX(seq) FROM audit_entries WHERE writer = '{name}')"
            ),
        ),
        (
            "another entry's bytes",
            format!(
                "UPDATE audit_entries SET entry = (SELECT entry FROM audit_entries \
             WHERE writer = '{name}' AND seq = 3) WHERE writer = '{name}' AND seq = 2"
            ),
        ),
        (
            "another hash",
            format!(
                "UPDATE audit_entries SET leaf = (SELECT leaf FROM audit_entries \
             WHERE writer = '{name}' AND seq = 3) WHERE writer = '{name}' AND seq = 2"
            ),
        ),
    ];
    for (what, statement) in tampered {
        let before = rows(&store, &name).await;
        store.write_pool().execute(AssertSqlSafe(statement)).await.expect("runs");
        let report = store.verify_audit().await.expect("reads");
        assert_eq!(report.faults.len(), 1, "{what}");
        assert_eq!(report.faults[0].writer, writer, "{what}");
        restore(&store, &name, &before).await;
        assert_eq!(store.verify_audit().await.expect("reads").faults, [], "mended");
    }
}

type Rows = BTreeMap<i64, (Vec<u8>, Vec<u8>)>;

async fn rows(store: &Store, writer: &str) -> Rows {
    let writer = audit::WriterId::new(writer).expect("a name");
    let page = store.audit_page(&writer, 0, 1_000).await.expect("reads");
    page.entries.into_iter().map(|e| (e.seq as i64, (e.leaf.to_vec(), e.bytes))).collect()
}

async fn restore(store: &Store, writer: &str, rows: &Rows) {
    let clear = format!("DELETE FROM audit_entries WHERE writer = '{writer}'");
    store.write_pool().execute(AssertSqlSafe(clear)).await.expect("runs");
    for (seq, (leaf, entry)) in rows {
        sqlx::query(
            "INSERT INTO audit_entries (writer, seq, org, leaf, entry) VALUES ($1,$2,$3,$4,$5)",
        )
        .bind(writer.to_owned())
        .bind(*seq)
        .bind(store.default_org().to_text())
        .bind(leaf.clone())
        .bind(entry.clone())
        .execute(store.write_pool())
        .await
        .expect("runs");
    }
}

async fn rows_cannot_be_changed_by_a_slip(db: TestDb) {
    let store = db.open().await;
    crate::support::with_visit(&store).await;
    let mut tx = begin(&store).await;
    let record = visit::ConsentRecord {
        purpose: visit::Purpose::Visit,
        decision: visit::ConsentDecision::Given,
        text_version: "visit-2026-11".into(),
        locale: "en".into(),
        at: at(0),
    };
    let (visit, seat) = (crate::support::visit_id(1), crate::support::seat_id(1));
    tx.add_consent(visit, seat, &record).await.expect("kept");
    commit(tx).await;
    for slip in [
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET org = org",
        "DELETE FROM consents",
        "UPDATE consents SET decision = 'given'",
    ] {
        assert!(store.write_pool().execute(slip).await.is_err(), "{slip}");
    }
}

async fn every_run_has_a_beginning_and_an_end(db: TestDb) {
    let store = db.open().await;
    let lanes = store.audit_writers().await.expect("reads").len();
    store.close(at(1)).await.expect("closes");
    let store = db.open().await;
    let kinds = kinds(&store).await;
    assert_eq!(count(&kinds, Kind::ServerStarted), 2 * lanes);
    assert_eq!(count(&kinds, Kind::ServerStopped), lanes);
    let report = store.verify_audit().await.expect("reads");
    assert_eq!((report.writers as usize, report.faults.len()), (2 * lanes, 0));
}

async fn pages_join_up(db: TestDb) {
    let store = db.open().await;
    let tx = store.begin(store.default_org(), NOON).await.expect("begins");
    tx.commit_with((0..25).map(|_| event(Kind::ChatRead)).collect()).await.expect("commits");
    let writers = store.audit_writers().await.expect("reads");
    let writer = writers.iter().max_by_key(|w| w.next_seq).expect("one").clone();
    let (mut from, mut seqs) = (Some(1), Vec::new());
    while let Some(seq) = from {
        let page = store.audit_page(&writer.writer, seq, 10).await.expect("reads");
        assert!(page.entries.len() <= 10);
        seqs.extend(page.entries.iter().map(|e| e.seq));
        from = page.next_seq;
    }
    assert_eq!(seqs, (1..writer.next_seq).collect::<Vec<_>>());
    assert_eq!(seqs.len(), 26);
}

async fn callers_share_commits_and_each_entry_is_kept_once(db: TestDb) {
    const CALLERS: usize = 40;
    let store = db.open().await;
    let before = kinds(&store).await.len();
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..5 {
                let events = vec![event(Kind::BoardViewed), event(Kind::PatientViewed)];
                let recorded = store.record(store.default_org(), at(n as i64), events).await;
                recorded.expect("recorded");
                // Durable before the answer: whoever reads now sees it.
                assert!(!kinds(&store).await.is_empty());
            }
        });
    }
    // Some go away while they wait; what others wait for is not undone by that.
    for n in 0..CALLERS {
        let store = store.clone();
        let gone = tokio::spawn(async move {
            let _ =
                store.record(store.default_org(), at(n as i64), vec![event(Kind::SignOut)]).await;
        });
        tokio::task::yield_now().await;
        gone.abort();
    }
    tasks.join_all().await;
    let all = kinds(&store).await;
    assert_eq!(count(&all, Kind::BoardViewed), CALLERS * 5);
    assert_eq!(count(&all, Kind::PatientViewed), CALLERS * 5);
    assert!(all.len() <= before + CALLERS * 11, "nothing twice");
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
}

async fn a_record_that_cannot_be_kept_is_an_error(db: TestDb) {
    let store = db.open().await;
    let nothing = store.record(store.default_org(), NOON, Vec::new()).await;
    assert!(matches!(nothing, Err(StoreError::Bug(_))));
    store.write_pool().execute("DROP TABLE audit_leaves").await.expect("runs");
    store.write_pool().execute("ALTER TABLE audit_entries RENAME TO gone").await.expect("runs");
    let mut tasks = JoinSet::new();
    for _ in 0..5 {
        let store = store.clone();
        tasks.spawn(async move {
            store.record(store.default_org(), NOON, vec![event(Kind::ChatRead)]).await.is_err()
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|refused| refused), "each caller hears of it");
}
