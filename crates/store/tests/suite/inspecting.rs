//! An operator asks whether a database will do.

use crate::on_both;
use crate::support::at;
use sqlx::Executor as _;
use std::sync::Arc;
use store::testing::TestDb;
use store::{Inspection, StoreConfig, StoreError, inspect};

on_both!(
    an_empty_database_is_found_empty_and_stays_so,
    a_database_in_use_is_at_its_step_takes_a_write_and_keeps_nothing,
    keys_of_another_clinic_are_found_out,
    an_older_schema_is_named_and_not_raised,
);

async fn look(db: &TestDb) -> Inspection {
    match inspect(&db.config, Arc::clone(&db.kek)).await {
        Ok(found) => found,
        Err(error) => panic!("{error}"),
    }
}

async fn an_empty_database_is_found_empty_and_stays_so(db: TestDb) {
    if let Some(path) = db.config.url.strip_prefix("sqlite:") {
        // Where there is no file there is none afterwards.
        let refused = inspect(&db.config, Arc::clone(&db.kek)).await;
        assert!(matches!(refused, Err(StoreError::NotFound)));
        assert!(!std::path::Path::new(path).exists());
        return;
    }
    for _ in 0..2 {
        let found = look(&db).await;
        assert_eq!((found.schema_step, found.keys_fit), (0, None));
    }
}

async fn a_database_in_use_is_at_its_step_takes_a_write_and_keeps_nothing(db: TestDb) {
    let store = db.open().await;
    for _ in 0..2 {
        let found = look(&db).await;
        assert_eq!((found.schema_step, found.is_half_way), (found.known_step, false));
        assert_eq!((found.backend, found.keys_fit), (store.backend(), Some(true)));
    }
    // What it wrote is gone: the same statement goes well again.
    let again = store.write_pool().execute("CREATE TABLE bedside_inspection (n BIGINT)").await;
    assert!(again.is_ok(), "nothing was left behind");
    store.close(at(1)).await.expect("closes");
}

async fn keys_of_another_clinic_are_found_out(db: TestDb) {
    db.open().await.close(at(1)).await.expect("closes");
    let folder = tempfile::tempdir().expect("a folder");
    let other = keys::FileKeyring::create_or_open(folder.path().join("k.json")).expect("keys");
    let found = inspect(&db.config, Arc::new(other)).await.map(|found| found.keys_fit);
    assert!(matches!(found, Ok(Some(false))));
}

async fn an_older_schema_is_named_and_not_raised(db: TestDb) {
    let store = db.open().await;
    let known = look(&db).await.known_step;
    let newest = "DELETE FROM _sqlx_migrations \
                  WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    store.write_pool().execute(newest).await.expect("an older schema");
    for _ in 0..2 {
        let found = look(&db).await;
        assert_eq!((found.schema_step, found.known_step), (known - 1, known));
        assert_eq!(found.keys_fit, None);
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_in_words() {
    let db = TestDb::sqlite();
    let refused = inspect(&StoreConfig::new("mysql://nowhere"), Arc::clone(&db.kek)).await;
    assert!(matches!(refused, Err(StoreError::Config(_))));
}
