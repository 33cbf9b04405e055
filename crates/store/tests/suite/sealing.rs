//! No name, address, date of birth, note or message is in the database in the clear.

use crate::on_both;
use crate::support::{
    at, begin, code, commit, new_seat, new_user, new_visit, seat_id, user_id, visit_id,
};
use keys::{FileKeyring, Kek as _};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::path::Path;
use std::sync::Arc;
use store::testing::{NOON, TestDb};
use store::{Backend, NewChat, PersonSecret, StaffSecret, Store, VisitText};
use visit::Role;

on_both!(
    planted_names_are_nowhere,
    a_row_moved_elsewhere_does_not_open,
    another_keyring_does_not_open_the_data,
    keys_survive_rotation,
);

/// What nobody but the reader of an opened value may see.
const CANARIES: [&str; 10] = [
    "Canaria Staffmember",
    "canary.staff@clinic.example",
    "Canario Patientson",
    "canary.patient@home.example",
    "1931-07-13",
    "CANARY-TITLE",
    "CANARY-NOTE",
    "CANARY-CHAT-BODY",
    "CANARY-TOTP-SEED",
    "CANARY-MEASUREMENT",
];

async fn plant(store: &Store) {
    let mut tx = begin(store).await;
    let mut user = new_user(1);
    user.person = StaffSecret { name: CANARIES[0].into(), email: CANARIES[1].into() };
    tx.create_user(&user).await.expect("made");
    tx.set_pending_totp(user_id(1), CANARIES[8].as_bytes()).await.expect("stores");
    let mut visit = new_visit(1, user_id(1));
    visit.text = VisitText { title: Some(CANARIES[5].into()), note: Some(CANARIES[6].into()) };
    let mut seat = new_seat(1, Role::Patient);
    seat.person = PersonSecret {
        name: CANARIES[2].into(),
        email: Some(CANARIES[3].into()),
        dob: Some(CANARIES[4].into()),
    };
    tx.create_visit(&visit, &[seat]).await.expect("made");
    let new = NewChat { seat: seat_id(1), client_id: "c", audience: None, body: CANARIES[7] };
    tx.post_chat(visit_id(1), &new).await.expect("posts");
    tx.save_quality(visit_id(1), NOON, CANARIES[9].as_bytes()).await.expect("writes");
    let key = tx.attempt_key("account", CANARIES[1].as_bytes()).await.expect("derives");
    tx.record_failure(key, visit::Duration::from_min(1)).await.expect("counts");
    commit(tx).await;

    // They are there for whoever has the keys.
    let mut reader = store.read(store.default_org()).await.expect("reads");
    let found = reader.load_visit(visit_id(1)).await.expect("reads").expect("there");
    assert!(found.seats[0].person.name == CANARIES[2]);
    assert!(*reader.chat_after(visit_id(1), 0, 9).await.expect("reads")[0].body == CANARIES[7]);
}

async fn planted_names_are_nowhere(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    let mut cells = 0;
    for (table, columns) in tables(&store).await {
        for column in columns {
            let statement = format!("SELECT {column} AS cell FROM {table}");
            let rows = sqlx::query(AssertSqlSafe(statement))
                .fetch_all(store.write_pool())
                .await
                .expect("reads");
            for row in &rows {
                let content = cell(row);
                cells += 1;
                assert_clean(&content, &format!("{table}.{column}"));
            }
        }
    }
    assert!(cells > 60, "the search must have looked at something: {cells}");

    if store.backend() == Backend::Sqlite {
        // With the journal still beside the file, and again after it was folded in.
        let folder = db.dir().join("data");
        assert!(files_are_clean(&folder) >= 2, "file and journal");
        store.close(at(1)).await.expect("closes");
        assert!(files_are_clean(&folder) >= 1);
    }
}

fn assert_clean(content: &[u8], place: &str) {
    let lower = content.to_ascii_lowercase();
    for (number, canary) in CANARIES.iter().enumerate() {
        let canary = canary.to_ascii_lowercase();
        let hit = lower.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!hit, "canary {number} is in {place}");
    }
}

fn files_are_clean(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("lists") {
        let path = entry.expect("lists").path();
        assert_clean(&std::fs::read(&path).expect("reads"), "a file of the database");
        files += 1;
    }
    files
}

fn cell(row: &AnyRow) -> Vec<u8> {
    if let Ok(Some(text)) = row.try_get::<Option<String>, _>("cell") {
        return text.into_bytes();
    }
    if let Ok(Some(bytes)) = row.try_get::<Option<Vec<u8>>, _>("cell") {
        return bytes;
    }
    let number = row.try_get::<Option<i64>, _>("cell").ok().flatten();
    number.map_or_else(Vec::new, |n| n.to_string().into_bytes())
}

/// Every table of ours with its columns, asked from the database itself.
async fn tables(store: &Store) -> Vec<(String, Vec<String>)> {
    let statement = match store.backend() {
        Backend::Sqlite => {
            "SELECT m.name AS table_name, p.name AS column_name FROM sqlite_master m, \
             pragma_table_info(m.name) p WHERE m.type = 'table' \
             AND m.name NOT LIKE '!_sqlx%' ESCAPE '!' ORDER BY 1"
        }
        Backend::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS table_name, \
             CAST(column_name AS TEXT) AS column_name FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '!_sqlx%' ESCAPE '!' \
             ORDER BY 1"
        }
    };
    let rows = sqlx::query(statement).fetch_all(store.write_pool()).await.expect("reads");
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let table: String = row.get("table_name");
        let column: String = row.get("column_name");
        match tables.last_mut() {
            Some((last, columns)) if *last == table => columns.push(column),
            _ => tables.push((table, vec![column])),
        }
    }
    assert!(tables.len() >= 16, "{}", tables.len());
    tables
}

async fn a_row_moved_elsewhere_does_not_open(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    for n in 1..=2 {
        tx.create_user(&new_user(n)).await.expect("made");
        tx.create_visit(&new_visit(n, user_id(n)), &[new_seat(n, Role::Patient)])
            .await
            .expect("made");
    }
    commit(tx).await;
    // Somebody with access to the database swaps two people.
    for swap in [
        "UPDATE users SET person_sealed = (SELECT person_sealed FROM users \
         ORDER BY id DESC LIMIT 1)",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE scope = 'visit' \
         ORDER BY scope_id DESC LIMIT 1) WHERE scope = 'visit'",
    ] {
        sqlx::query(swap).execute(store.write_pool()).await.expect("runs");
    }
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert_eq!(code(reader.user(user_id(1)).await), "store_sealed");
    assert_eq!(code(reader.user(user_id(2)).await), "ok");
    drop(reader);
    store.close(NOON).await.expect("closes");
    // A new process has no key in memory.
    let store = db.open().await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    assert_eq!(code(reader.load_visit(visit_id(1)).await), "store_sealed");
    assert_eq!(code(reader.load_visit(visit_id(2)).await), "ok");
}

async fn another_keyring_does_not_open_the_data(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    store.close(NOON).await.expect("closes");
    let other = FileKeyring::create_or_open(db.dir().join("other.json")).expect("a keyring");
    let result = db.open_with(Arc::new(other)).await;
    assert_eq!(code(result), "store_sealed");
}

async fn keys_survive_rotation(db: TestDb) {
    let store = db.open().await;
    plant(&store).await;
    store.close(NOON).await.expect("closes");
    let ring = FileKeyring::open(db.dir().join("keyring.json")).expect("opens");
    ring.create().expect("rotates");
    let store = db.open_with(Arc::new(ring)).await.expect("opens");
    let mut tx = begin(&store).await;
    tx.create_visit(&new_visit(2, user_id(1)), &[]).await.expect("made");
    assert!(tx.load_visit(visit_id(1)).await.expect("old key").is_some());
    commit(tx).await;
    let versions: Vec<Vec<u8>> = sqlx::query("SELECT wrapped FROM data_keys ORDER BY created_at")
        .fetch_all(store.write_pool())
        .await
        .expect("reads")
        .iter()
        .map(|row| row.get::<Vec<u8>, _>("wrapped")[1..5].to_vec())
        .collect();
    assert!(versions.contains(&vec![0, 0, 0, 1]) && versions.contains(&vec![0, 0, 0, 2]));
}
