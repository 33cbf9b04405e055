use super::*;
use crate::testing::TestDb;

/// What was released before audit keys keeps every wrapped key through the step that makes room for them.
async fn keys_outlive_the_step(db: TestDb) {
    let pools = target::connect(&db.config).await.expect("connects");
    apply(&pools, &MIGRATIONS[..8]).await.expect("an older schema");
    let text = "INSERT INTO orgs (id, name, settings, created_at) VALUES ('o', 'Clinic', '{}', 1)";
    pools.write.execute(text).await.expect("an organisation");
    let put = async |org: &str, scope: &str, id: &str, wrapped: &str| {
        let query = sql("INSERT INTO data_keys (org, scope, scope_id, wrapped, created_at) \
             VALUES ($1, $2, $3, $4, 7)")
        .bind(org.to_owned())
        .bind(scope.to_owned())
        .bind(id.to_owned())
        .bind(wrapped.as_bytes().to_vec());
        query.execute(&pools.write).await.is_ok()
    };
    assert!(put("o", "org", "o", "one").await && put("o", "visit", "v", "two").await);
    assert!(!put("o", "patient", "k", "three").await, "there was no room");
    migrate(&pools).await.expect("goes on");
    let query = sql("SELECT scope, scope_id, wrapped, created_at FROM data_keys ORDER BY scope");
    let rows = query.fetch_all(&pools.write).await.expect("reads");
    let read = |row| {
        let cols = Cols(row);
        assert_eq!(cols.int("created_at")?, 7);
        Ok((cols.text("scope")?, cols.text("scope_id")?, cols.bytes("wrapped")?))
    };
    let found = rows.iter().map(read).collect::<Result<Vec<_>>>().expect("columns");
    let key = |scope: &str, id: &str, wrapped: &str| {
        (scope.to_owned(), id.to_owned(), wrapped.as_bytes().to_vec())
    };
    assert_eq!(found, [key("org", "o", "one"), key("visit", "v", "two")]);
    assert!(put("o", "patient", "k", "three").await);
    // The rules of the table came along: one key each, known scopes, known organisations.
    assert!(!put("o", "org", "o", "again").await);
    assert!(!put("o", "other", "o", "one").await);
    assert!(!put("p", "org", "p", "one").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_outlive_the_step_on_sqlite() {
    keys_outlive_the_step(TestDb::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_outlive_the_step_on_postgres() {
    keys_outlive_the_step(TestDb::postgres().await).await;
}
