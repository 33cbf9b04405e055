//! A locked database, a full disk, a broken transaction: an error with a code, never a panic, and
//! work goes on as soon as the trouble is over.

use crate::on_both;
use crate::support::{
    at, begin, code, commit, new_seat, new_user, new_visit, user_id, visit_id, with_visit,
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use std::os::unix::fs::PermissionsExt as _;
use store::testing::{NOON, TestDb};
use store::{Store, StoreConfig};
use visit::Role;

on_both!(
    a_locked_database_is_busy_and_then_works,
    a_spoilt_transaction_cannot_be_committed,
    many_clients_on_few_connections_all_finish,
    abandoned_calls_leave_the_store_working,
    damaged_values_are_reported_not_believed,
    two_first_starts_make_one_organisation,
);

async fn a_locked_database_is_busy_and_then_works(mut db: TestDb) {
    db.config.busy_timeout_ms = 100;
    let store = db.open().await;
    with_visit(&store).await;
    let mut other = AnyConnection::connect(&db.config.url).await.expect("connects");
    let lock = match store.backend() {
        store::Backend::Sqlite => "BEGIN EXCLUSIVE",
        store::Backend::Postgres => "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
    };
    other.execute(sqlx::raw_sql(lock)).await.expect("locks");
    for _ in 0..3 {
        assert_eq!(code(write_user(&store, 5).await), "store_busy");
    }
    // SQLite in WAL mode lets readers read; PostgreSQL's lock stops them too.
    if store.backend() == store::Backend::Sqlite {
        let mut reader = store.read(store.default_org()).await.expect("reads");
        assert!(reader.load_visit(visit_id(1)).await.expect("reads").is_some());
    }
    other.execute("ROLLBACK").await.expect("unlocks");
    write_user(&store, 5).await.expect("works again");
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
}

async fn write_user(store: &Store, n: u128) -> store::Result<()> {
    let mut tx = store.begin(store.default_org(), NOON).await?;
    tx.create_user(&new_user(n)).await?;
    let event = audit::Event::new(audit::Kind::UserCreated, audit::Actor::System);
    tx.commit_with(vec![event]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_reported_and_survived() {
    let db = TestDb::sqlite();
    let store = db.open().await;
    with_visit(&store).await;
    let pages: i64 =
        sqlx::query_scalar("PRAGMA page_count").fetch_one(store.write_pool()).await.expect("reads");
    // The limit belongs to the connection, and the store replaces the connection when SQLite has
    // ended the transaction by itself: so it is set again before each write.
    let limit = format!("PRAGMA max_page_count = {}", pages + 2);

    let mut written = 0;
    let full = loop {
        let mut visit = new_visit(2 + written, user_id(1));
        visit.text.note = Some("x".repeat(3_000));
        store.write_pool().execute(AssertSqlSafe(limit.clone())).await.expect("sets");
        match write_visit(&store, &visit).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the limit must be felt");
    };
    assert_eq!(full.code(), "store_full");
    // Still full, still an error, still readable, and what was acknowledged is there.
    let big = {
        let mut visit = new_visit(500, user_id(1));
        visit.text.note = Some("x".repeat(30_000));
        visit
    };
    for _ in 0..3 {
        store.write_pool().execute(AssertSqlSafe(limit.clone())).await.expect("sets");
        assert_eq!(code(write_visit(&store, &big).await), "store_full");
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let visits = reader.visits_not_final().await.expect("reads");
    assert_eq!(visits.len() as u128, 1 + written);
    drop(reader);

    store.write_pool().execute("PRAGMA max_page_count = 1000000").await.expect("sets");
    write_visit(&store, &big).await.expect("works again");
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
}

async fn write_visit(store: &Store, visit: &store::VisitRow) -> store::Result<()> {
    let mut tx = store.begin(store.default_org(), NOON).await?;
    tx.create_visit(visit, &[]).await?;
    let event = audit::Event::new(audit::Kind::VisitCreated, audit::Actor::System);
    tx.commit_with(vec![event]).await
}

async fn a_spoilt_transaction_cannot_be_committed(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    assert_eq!(code(tx.create_user(&new_user(1)).await), "conflict");
    assert_eq!(code(tx.commit_plain("a test").await), "store_bug");
    let mut tx = begin(&store).await;
    assert!(tx.user(user_id(1)).await.expect("reads").is_none(), "nothing was kept");
    tx.create_user(&new_user(1)).await.expect("made");
    commit(tx).await;
}

async fn many_clients_on_few_connections_all_finish(mut db: TestDb) {
    db.config.connections = 2;
    db.config.busy_timeout_ms = 30_000;
    let store = db.open().await;
    with_visit(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60_u128 {
        let store = store.clone();
        tasks.spawn(async move {
            if n % 3 == 0 {
                write_user(&store, 100 + n).await.map(|()| true)
            } else {
                let mut reader = store.read(store.default_org()).await?;
                Ok(reader.load_visit(visit_id(1)).await?.is_some())
            }
        });
    }
    for result in tasks.join_all().await {
        assert!(result.expect("finishes"));
    }
}

async fn abandoned_calls_leave_the_store_working(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    // A client that hangs up drops the future of its request at any point.
    for n in 0..40_u64 {
        let store = store.clone();
        let task = tokio::spawn(async move { write_user(&store, 200 + u128::from(n)).await });
        for _ in 0..n % 8 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
    }
    write_user(&store, 999).await.expect("works");
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
}

async fn damaged_values_are_reported_not_believed(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    for (statement, back) in [
        ("UPDATE visits SET state = 'unheard'", "UPDATE visits SET state = 'open'"),
        ("UPDATE visits SET options = '{'", "UPDATE visits SET options = '{}'"),
        ("UPDATE visits SET duration_min = -5", "UPDATE visits SET duration_min = 20"),
        ("UPDATE seats SET role = 'king'", "UPDATE seats SET role = 'patient'"),
        ("UPDATE seats SET rating = 999", "UPDATE seats SET rating = 3"),
        (
            "UPDATE seats SET device_check = '{\"camera\":\"Maria''s phone\"}'",
            "UPDATE seats SET device_check = NULL",
        ),
    ] {
        store.write_pool().execute(statement).await.expect("runs");
        let mut reader = store.read(store.default_org()).await.expect("reads");
        let result = reader.load_visit(visit_id(1)).await;
        let shown = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert_eq!(code(result), "store_corrupt", "{statement}");
        assert!(!shown.contains("Maria") && !shown.contains("king"), "{shown}");
        drop(reader);
        store.write_pool().execute(back).await.expect("runs");
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert!(reader.load_visit(visit_id(1)).await.expect("reads").is_some());
}

async fn two_first_starts_make_one_organisation(db: TestDb) {
    if db.config.url.starts_with("sqlite") {
        // One process per file; the second start there is the restart, tested elsewhere.
        let one = db.open().await;
        let two = db.open().await;
        assert_eq!(one.default_org(), two.default_org());
        return;
    }
    let open = |n| Store::open(&db.config, db.kek.clone(), NOON, n);
    let (one, two) = tokio::join!(open(1), open(2));
    let (one, two) = (one.expect("opens"), two.expect("opens"));
    assert_eq!(one.default_org(), two.default_org());
}

#[tokio::test]
async fn files_are_private_and_open_ones_are_refused() {
    let db = TestDb::sqlite();
    let store = db.open().await;
    let folder = db.dir().join("data");
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("is there").permissions().mode() & 0o777
    };
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).expect("lists") {
        let path = entry.expect("lists").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close(NOON).await.expect("closes");
    let file = folder.join("test.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let error = Store::open(&db.config, db.kek.clone(), NOON, 1).await.err().expect("refused");
    assert_eq!(error.code(), "store_config");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn sqlite_is_set_up_for_durability() {
    let db = TestDb::sqlite();
    let store = db.open().await;
    let mut answers = Vec::new();
    for pragma in ["PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys"] {
        let row = sqlx::query(pragma).fetch_one(store.write_pool()).await.expect("reads");
        let text = sqlx::Row::try_get::<String, _>(&row, 0)
            .or_else(|_| sqlx::Row::try_get::<i64, _>(&row, 0).map(|n| n.to_string()))
            .expect("a value");
        answers.push(text);
    }
    // 2 is FULL.
    assert_eq!(answers, ["wal", "2", "1"]);
}

#[tokio::test]
async fn a_path_with_odd_letters_works() {
    let mut db = TestDb::sqlite();
    let path = db.dir().join("a b/100% ? # ü.db");
    db.config.url = format!("sqlite:{}", path.display());
    let store = db.open().await;
    store.close(NOON).await.expect("closes");
    assert!(path.exists());
}

#[tokio::test]
async fn unusable_settings_are_named() {
    let db = TestDb::sqlite();
    for url in ["", "mysql://x/y", "sqlite:", "sqlite::memory:", "/var/lib/x.db"] {
        let config = StoreConfig::new(url);
        let result = Store::open(&config, db.kek.clone(), NOON, 1).await;
        assert_eq!(code(result), "store_config", "{url}");
    }
    let mut config = db.config.clone();
    config.connections = 0;
    assert_eq!(code(Store::open(&config, db.kek.clone(), NOON, 1).await), "store_config");
    let gone = StoreConfig {
        busy_timeout_ms: 200,
        ..StoreConfig::new("postgres://nobody@127.0.0.1:1/nothing")
    };
    let result = Store::open(&gone, db.kek.clone(), NOON, 1).await;
    assert!(matches!(code(result), "store_unavailable" | "store_busy"));
}

#[tokio::test]
async fn a_reader_sees_one_snapshot() {
    let db = TestDb::sqlite();
    let store = db.open().await;
    with_visit(&store).await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert_eq!(reader.visits_not_final().await.expect("reads").len(), 1);
    let mut tx = begin(&store).await;
    tx.create_visit(&new_visit(2, user_id(1)), &[new_seat(9, Role::Patient)]).await.expect("made");
    commit(tx).await;
    assert_eq!(reader.visits_not_final().await.expect("reads").len(), 1, "the old snapshot");
    let mut later = store.read(store.default_org()).await.expect("reads");
    assert_eq!(later.visits_between(at(0), at(999)).await.expect("reads").len(), 2);
}
