//! The tree over the log, its files, and what happens when the two do not fit together.

use crate::on_both;
use crate::support::{at, begin};
use audit::tile::{TileKind, TilePath, read_bundle};
use audit::{Actor, Event, KeyKind, Kind, LogError, SigningKey, Trust, Verified, verify_log};
use sqlx::Executor as _;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use store::testing::{NOON, TestDb};
use store::{FolderError, LogTrouble, Sequencer, Store, StoreError, TileFolder};
use tokio::task::JoinSet;

on_both!(
    entries_that_were_there_before_are_placed_and_the_files_verify,
    two_sequencers_leave_no_gap_and_no_double,
    a_crash_before_the_files_heals_at_the_next_start,
    a_database_that_is_behind_is_not_signed,
    another_history_is_not_signed,
    another_key_is_not_taken,
    a_missing_entry_is_not_signed_over,
    placed_entries_cannot_be_moved_by_a_slip,
    damaged_files_are_written_again,
    closing_leaves_nothing_without_a_place,
    a_restored_database_gets_its_entries_back_from_the_files,
);

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed("example.org/log", KeyKind::Log, &[n; 32]).expect("a name")
}

fn folder(db: &TestDb) -> PathBuf {
    db.dir().join("audit")
}

async fn write(store: &Store, count: usize) {
    let events = (0..count).map(|_| Event::new(Kind::BoardViewed, Actor::System)).collect();
    begin(store).await.commit_with(events).await.expect("commits");
}

async fn sequencer(store: &Store, db: &TestDb) -> Sequencer {
    Sequencer::open(store.clone(), key(1), folder(db)).await.expect("opens")
}

async fn place_all(sequencer: &mut Sequencer) -> u64 {
    loop {
        let (tree, placed) = sequencer.step(NOON).await.expect("steps");
        if placed == 0 {
            return tree.edge.size();
        }
    }
}

fn verify(root: &Path) -> Result<Verified, LogError<Infallible>> {
    let trust = Trust { log: key(1).public(), witnesses: Vec::new(), earlier: Vec::new() };
    let mut get = |path: &str| Ok(fs::read(root.join(path)).ok());
    verify_log(&trust, &mut get, &mut |_, _| {})
}

async fn entries_that_were_there_before_are_placed_and_the_files_verify(db: TestDb) {
    let store = db.open().await;
    write(&store, 700).await;
    let written = store.verify_audit().await.expect("reads").entries;
    assert_eq!(store.audit_tree().await.expect("reads").map(|t| t.edge.size()), None);
    assert!(store.audit_is_due().await.expect("reads"));
    let mut sequencer = sequencer(&store, &db).await;
    assert_eq!(place_all(&mut sequencer).await, written);
    assert!(!store.audit_is_due().await.expect("reads"));
    let found = verify(&folder(&db)).expect("verifies");
    assert_eq!(found.figures.entries, written);
    // And so they do after every step.
    for count in [1, 2, 300] {
        write(&store, count).await;
        place_all(&mut sequencer).await;
        assert_eq!(verify(&folder(&db)).expect("verifies").checkpoint.size, {
            store.audit_tree().await.expect("reads").expect("is there").edge.size()
        });
    }
}

async fn two_sequencers_leave_no_gap_and_no_double(db: TestDb) {
    let store = db.open().await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                write(&store, 3).await;
            }
        });
    }
    let roots = [db.dir().join("one"), db.dir().join("two")];
    for root in roots.clone() {
        let mut sequencer = Sequencer::open(store.clone(), key(1), root).await.expect("opens");
        tasks.spawn(async move {
            for _ in 0..20 {
                match sequencer.step(NOON).await {
                    Ok(_) => tokio::task::yield_now().await,
                    Err(trouble) => assert!(trouble.is_passing(), "{trouble}"),
                }
            }
        });
    }
    tasks.join_all().await;
    let written = store.verify_audit().await.expect("reads").entries;
    for root in roots {
        let mut sequencer = Sequencer::open(store.clone(), key(1), &root).await.expect("opens");
        assert_eq!(place_all(&mut sequencer).await, written);
        assert_eq!(verify(&root).expect("verifies").figures.entries, written);
    }
}

async fn a_crash_before_the_files_heals_at_the_next_start(db: TestDb) {
    let store = db.open().await;
    write(&store, 300).await;
    place_all(&mut sequencer(&store, &db).await).await;
    let before = fs::read(folder(&db).join("checkpoint")).expect("is there");
    write(&store, 300).await;
    // Signed and committed, and then no file was written.
    let (tree, _) = store.extend_audit_tree(NOON, &key(1), 1_000).await.expect("steps");
    assert_eq!(fs::read(folder(&db).join("checkpoint")).expect("is there"), before);
    sequencer(&store, &db).await;
    assert_eq!(verify(&folder(&db)).expect("verifies").checkpoint.size, tree.edge.size());
    // Between the tiles and the checkpoint.
    fs::write(folder(&db).join("checkpoint"), before).expect("writes");
    assert!(verify(&folder(&db)).is_ok(), "a reader of the older checkpoint gets through");
    sequencer(&store, &db).await;
    assert_eq!(verify(&folder(&db)).expect("verifies").checkpoint.size, tree.edge.size());
}

/// Empties the tree, as a restored copy from before the first step would.
async fn forget_tree(store: &Store) {
    unguard(store).await;
    for text in ["DELETE FROM audit_tree", "DELETE FROM audit_leaves"] {
        store.write_pool().execute(text).await.expect("runs");
    }
}

async fn unguard(store: &Store) {
    let text = match store.backend() {
        store::Backend::Sqlite => {
            "DROP TRIGGER audit_entries_keep; DROP TRIGGER audit_entries_stay; \
             DROP TRIGGER audit_leaves_keep; DROP TRIGGER audit_leaves_stay;"
        }
        store::Backend::Postgres => {
            "DROP TRIGGER audit_entries_keep ON audit_entries; \
             DROP TRIGGER audit_leaves_keep ON audit_leaves;"
        }
    };
    store.write_pool().execute(sqlx::raw_sql(text)).await.expect("runs");
}

async fn a_database_that_is_behind_is_not_signed(db: TestDb) {
    let store = db.open().await;
    write(&store, 20).await;
    let promised = place_all(&mut sequencer(&store, &db).await).await;
    forget_tree(&store).await;
    let refused = Sequencer::open(store.clone(), key(1), folder(&db)).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::Shorter { database: 0, promised: p } if p == promised));
    assert!(refused.to_string().contains("bedside audit recover --from-tiles"));
    // Also when it has begun a shorter tree of its own.
    store.extend_audit_tree(NOON, &key(1), 5).await.expect("steps");
    let refused = Sequencer::open(store, key(1), folder(&db)).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::Shorter { database: 5, .. }));
    assert_eq!(verify(&folder(&db)).expect("untouched").checkpoint.size, promised);
}

async fn another_history_is_not_signed(db: TestDb) {
    let store = db.open().await;
    write(&store, 20).await;
    let signed = place_all(&mut sequencer(&store, &db).await).await;
    forget_tree(&store).await;
    // A run of its own from before what was signed: as many entries, and others.
    let text = "DELETE FROM audit_entries";
    store.write_pool().execute(text).await.expect("runs");
    store.write_pool().execute("DELETE FROM audit_writers").await.expect("runs");
    let store = db.open().await;
    write(&store, 40).await;
    store.extend_audit_tree(NOON, &key(1), 1_000).await.expect("steps");
    let refused = Sequencer::open(store, key(1), folder(&db)).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::Forked { .. }), "{refused}");
    assert_eq!(verify(&folder(&db)).expect("untouched").checkpoint.size, signed);
}

async fn another_key_is_not_taken(db: TestDb) {
    let store = db.open().await;
    place_all(&mut sequencer(&store, &db).await).await;
    let refused = Sequencer::open(store.clone(), key(2), folder(&db)).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::Folder(FolderError::Checkpoint(_))));
    let elsewhere = db.dir().join("other");
    let refused = Sequencer::open(store, key(2), elsewhere).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::OtherKey));
}

async fn a_missing_entry_is_not_signed_over(db: TestDb) {
    let store = db.open().await;
    let mut sequencer = sequencer(&store, &db).await;
    let before = place_all(&mut sequencer).await;
    write(&store, 5).await;
    unguard(&store).await;
    let text = "DELETE FROM audit_entries WHERE seq = 3";
    store.write_pool().execute(text).await.expect("runs");
    let refused = sequencer.step(NOON).await.err().expect("refused");
    assert_eq!((refused.code(), refused.is_passing()), ("store_corrupt", false));
    assert_eq!(verify(&folder(&db)).expect("untouched").checkpoint.size, before);
}

async fn placed_entries_cannot_be_moved_by_a_slip(db: TestDb) {
    let store = db.open().await;
    place_all(&mut sequencer(&store, &db).await).await;
    for slip in ["UPDATE audit_leaves SET idx = idx + 100", "DELETE FROM audit_leaves"] {
        assert!(store.write_pool().execute(slip).await.is_err(), "{slip}");
    }
}

async fn damaged_files_are_written_again(db: TestDb) {
    let store = db.open().await;
    write(&store, 300).await;
    let size = place_all(&mut sequencer(&store, &db).await).await;
    let width = size % 256;
    let bundle = folder(&db).join(format!("tile/entries/001.p/{width}"));
    fs::write(&bundle, b"\0\x01x").expect("writes");
    fs::remove_file(folder(&db).join("tile/0/000")).expect("is there");
    assert!(verify(&folder(&db)).is_err());
    sequencer(&store, &db).await;
    let open = TileFolder::open(folder(&db), &key(1).public());
    assert_eq!(open.expect("whole").size(), size);
    assert_eq!(verify(&folder(&db)).expect("verifies").checkpoint.size, size);
}

async fn closing_leaves_nothing_without_a_place(db: TestDb) {
    let store = db.open().await;
    write(&store, 10).await;
    sequencer(&store, &db).await.close(at(1)).await.expect("closes");
    let found = verify(&folder(&db)).expect("verifies");
    let beside = Store::beside(&db.config, db.kek.clone()).await.expect("opens");
    assert_eq!(beside.verify_audit().await.expect("reads").entries, found.figures.entries);
    assert!(!beside.audit_is_due().await.expect("reads"));
    let tx = beside.begin(beside.default_org(), NOON).await.expect("begins");
    let event = Event::new(Kind::BoardViewed, Actor::System);
    assert!(tx.commit_with(vec![event]).await.is_err(), "it came to look only");
}

/// All entries of the folder, bundle by bundle.
fn bundles(root: &Path, size: u64) -> Vec<Vec<Vec<u8>>> {
    let paths = TilePath::of_log(TileKind::Entries, size);
    paths
        .map(|path| {
            let bytes = fs::read(root.join(path.to_text())).expect("is there");
            let entries = read_bundle(&bytes, path.width).expect("a bundle");
            entries.into_iter().map(<[u8]>::to_vec).collect()
        })
        .collect()
}

async fn a_restored_database_gets_its_entries_back_from_the_files(db: TestDb) {
    let store = db.open().await;
    write(&store, 300).await;
    let mut sequencer = sequencer(&store, &db).await;
    place_all(&mut sequencer).await;
    let found = verify(&folder(&db)).expect("verifies").checkpoint;
    let bytes = fs::read(folder(&db).join("checkpoint")).expect("is there");
    let note = audit::Note::parse(&bytes).expect("a note");
    let whole = bundles(&folder(&db), found.size);

    // As it was 200 entries ago: the writer's row, too.
    forget_tree(&store).await;
    store.extend_audit_tree(NOON, &key(1), 50).await.expect("steps");
    let writers = store.audit_writers().await.expect("reads");
    for writer in &writers {
        let page = store.audit_page(&writer.writer, 0, 1_000).await.expect("reads");
        let Some(kept) = page.entries.get(99) else { continue };
        let name = writer.writer.as_str().to_owned();
        sqlx::query("DELETE FROM audit_entries WHERE writer = $1 AND seq > 100")
            .bind(name.clone())
            .execute(store.write_pool())
            .await
            .expect("runs");
        sqlx::query("UPDATE audit_writers SET next_seq = 101, last_leaf = $2 WHERE writer = $1")
            .bind(name)
            .bind(kept.leaf.to_vec())
            .execute(store.write_pool())
            .await
            .expect("runs");
    }
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
    // The next run has begun before anybody noticed.
    let store = db.open().await;
    let refused = Sequencer::open(store.clone(), key(1), folder(&db)).await.err().expect("refused");
    assert!(matches!(refused, LogTrouble::Shorter { database: 50, .. }));

    let mut cut = whole.clone();
    cut.pop();
    let short = store.recover_audit(NOON, &found, &note, cut.into_iter()).await;
    assert!(matches!(short, Err(LogTrouble::Shorter { .. })));
    let mut other = whole.clone();
    other[0].swap(0, 1);
    let forked = store.recover_audit(NOON, &found, &note, other.into_iter()).await;
    assert!(matches!(forked, Err(LogTrouble::Forked { .. })));

    let back = store.recover_audit(NOON, &found, &note, whole.clone().into_iter()).await;
    assert_eq!(back.expect("recovers"), found.size - 50);
    let again = store.recover_audit(NOON, &found, &note, whole.into_iter()).await;
    assert!(matches!(again, Err(LogTrouble::Store(StoreError::Conflict))), "nothing is missing");
    let mut sequencer = self::sequencer(&store, &db).await;
    let size = place_all(&mut sequencer).await;
    let trust = Trust { log: key(1).public(), witnesses: Vec::new(), earlier: vec![bytes] };
    let mut get = |path: &str| Ok::<_, Infallible>(fs::read(folder(&db).join(path)).ok());
    let verified =
        verify_log(&trust, &mut get, &mut |_, _| {}).expect("goes on from what was signed");
    assert_eq!(verified.figures.entries, size);
    let report = store.verify_audit().await.expect("reads");
    assert_eq!((report.faults.len(), report.entries), (0, size));
}
