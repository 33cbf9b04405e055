//! A dump of one database fills another, of either kind, with the same data; and nothing half.

use crate::on_both;
use crate::support::{code, visit_id, with_visit};
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use store::testing::{NOON, TestDb};
use store::{DumpSummary, Part, StoreConfig, StoreError, dump, restore};

on_both!(
    a_dump_fills_a_database_of_either_kind,
    a_dump_is_one_snapshot_beside_a_writer,
    what_is_no_dump_or_not_empty_is_refused_and_nothing_is_kept,
    a_sink_that_fails_ends_the_dump,
);

async fn lines_of(config: &StoreConfig) -> (DumpSummary, Vec<String>, Vec<String>) {
    let (mut data, mut keys) = (Vec::new(), Vec::new());
    let mut sink = |part: Part, line: &str| {
        match part {
            Part::Data => data.push(line.to_owned()),
            Part::Keys => keys.push(line.to_owned()),
        }
        Ok(())
    };
    let summary = dump(config, &mut sink).await.expect("dumps");
    (summary, data, keys)
}

async fn fill(
    config: &StoreConfig,
    summary: &DumpSummary,
    lines: Vec<String>,
) -> store::Result<DumpSummary> {
    restore(config, summary.schema_step, &mut lines.into_iter().map(Ok)).await
}

async fn a_dump_fills_a_database_of_either_kind(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let (summary, data, keys) = lines_of(&db.config).await;
    assert_eq!(summary.rows.get("data_keys"), Some(&2));
    assert_eq!(keys.len(), 3, "its line, and two keys");
    assert!(!data.iter().any(|line| line.contains("\"data_keys\"")));
    assert!(data.iter().chain(&keys).all(|line| !line.contains("Person") && !line.contains('\n')));
    let entries = store.verify_audit().await.expect("reads").entries;

    for mut target in [TestDb::sqlite(), TestDb::postgres().await] {
        target.kek = Arc::clone(&db.kek);
        let lines = [data.clone(), keys.clone()].concat();
        assert_eq!(fill(&target.config, &summary, lines).await.expect("fills"), summary);
        let (again, data_again, keys_again) = lines_of(&target.config).await;
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        assert_eq!(again, summary);
        assert_eq!(sorted(data_again), sorted(data.clone()));
        assert_eq!(sorted(keys_again), sorted(keys.clone()));

        let store = target.open().await;
        let mut reader = store.read(store.default_org()).await.expect("reads");
        let visit = reader.load_visit(visit_id(1)).await.expect("opens").expect("is there");
        assert!(visit.seats.iter().any(|seat| seat.person.name.starts_with("Person")));
        drop(reader);
        let report = store.verify_audit().await.expect("reads");
        assert!(report.faults.is_empty() && report.entries > entries);
    }
}

async fn a_dump_is_one_snapshot_beside_a_writer(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let before = lines_of(&db.config).await.0;
    // A writer commits in the middle of the dump, after its first line.
    let (mut count, writer) = (0, store.clone());
    let runtime = tokio::runtime::Handle::current();
    let mut sink = |_: Part, _: &str| {
        count += 1;
        if count == 1 {
            let write = async {
                let mut tx = crate::support::begin(&writer).await;
                tx.create_user(&crate::support::new_user(77)).await.expect("made");
                crate::support::commit(tx).await;
            };
            tokio::task::block_in_place(|| runtime.block_on(write));
        }
        Ok(())
    };
    let during = dump(&db.config, &mut sink).await.expect("dumps");
    assert_eq!(during.rows.get("users"), before.rows.get("users"));
    let after = lines_of(&db.config).await.0;
    assert_eq!(after.rows.get("users"), before.rows.get("users").map(|n| n + 1).as_ref());
}

async fn what_is_no_dump_or_not_empty_is_refused_and_nothing_is_kept(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let (summary, data, keys) = lines_of(&db.config).await;
    let whole = [data, keys].concat();
    assert_eq!(code(fill(&db.config, &summary, whole.clone()).await), "conflict");

    let empty = TestDb::sqlite();
    let with = |bad: &str| [whole.clone(), vec![bad.to_owned()]].concat();
    let table = |name: &str| format!("{{\"table\":\"{name}\",\"columns\":[[\"id\",\"text\"]]}}");
    let bad = [
        with("not JSON"),
        with("[1]"),
        with("[\"a\",\"b\",\"c\",4,\"d\"]"),
        with(&table("users; DROP TABLE users")),
        with(&table("_sqlx_migrations")),
        vec!["[1]".to_owned()],
    ];
    for lines in bad {
        assert_eq!(code(fill(&empty.config, &summary, lines).await), "store_corrupt");
    }
    let older = DumpSummary { schema_step: 1, ..summary.clone() };
    assert_eq!(code(fill(&empty.config, &older, whole.clone()).await), "store_config");
    let lines = whole.iter().map(|line| Ok(line.clone()));
    let mut cut = lines.chain([Err(StoreError::Corrupt("cut"))]).collect::<Vec<_>>().into_iter();
    let refused = restore(&empty.config, summary.schema_step, &mut cut);
    assert_eq!(code(refused.await), "store_corrupt");
    // After all of that it is still empty.
    assert_eq!(fill(&empty.config, &summary, whole).await.expect("fills"), summary);
}

async fn a_sink_that_fails_ends_the_dump(db: TestDb) {
    db.open().await.close(NOON).await.expect("closes");
    let mut sink = |_: Part, _: &str| Err(StoreError::Full);
    assert_eq!(code(dump(&db.config, &mut sink).await), "store_full");
    // A table with a column that the form does not know is not left out in silence.
    let store = db.open().await;
    sqlx::query(AssertSqlSafe("CREATE TABLE odd (id REAL NOT NULL)".to_owned()))
        .execute(store.write_pool())
        .await
        .expect("made");
    assert_eq!(code(dump(&db.config, &mut |_, _| Ok(())).await), "store_bug");
}
