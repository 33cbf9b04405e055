//! Words beside audit entries: read back by who may, in the clear nowhere, gone with the patient's key.

use crate::on_both;
use crate::support::{begin, commit, new_seat, new_user, new_visit, seat_id, user_id, visit_id};
use audit::{
    Actor, Entry, Event, KeyKind, Kind, SealedWords, SigningKey, Trust, Words, verify_log,
};
use keys::{FileKeyring, Kek as _};
use sqlx::{AssertSqlSafe, Column as _, Executor as _, Row as _};
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use store::testing::{NOON, TestDb};
use store::{Sequencer, Store, WordsFound};
use tokio::task::JoinSet;
use visit::{Role, VisitState};

on_both!(
    words_are_read_back_and_stand_nowhere_in_the_clear,
    with_the_last_visit_of_a_patient_the_words_go_and_the_log_verifies,
    two_verifiers_take_the_signed_log_before_and_after_an_erasure,
    changed_or_moved_words_do_not_open,
    rotation_keeps_words_readable,
    what_is_about_no_patient_keeps_no_words,
    of_several_patients_each_has_their_own_key,
    an_undone_first_entry_leaves_no_key,
    many_first_words_at_once_end_with_one_key,
    a_key_lost_by_an_older_backup_is_made_anew,
);

const MARK: &str = "canary-4711";

/// Visit `n` of the person `who`, over already.
async fn plant(store: &Store, n: u128, who: u128) {
    let mut tx = begin(store).await;
    if tx.user(user_id(1)).await.expect("reads").is_none() {
        tx.create_user(&new_user(1)).await.expect("a user");
    }
    let mut visit = new_visit(n, user_id(1));
    visit.state = VisitState::Ended;
    let mut seat = new_seat(n * 10, Role::Patient);
    seat.person = new_seat(who, Role::Patient).person;
    let seats = [seat, new_seat(n * 10 + 1, Role::Family)];
    tx.create_visit(&visit, &seats).await.expect("a visit");
    commit(tx).await;
}

fn words() -> Arc<Words> {
    let address = format!("{MARK}-address");
    let words = Words::new().seen_at(&address).through("Firefox on Linux");
    Arc::new(words.named(&format!("{MARK}-name")).because(&format!("{MARK}-reason")))
}

fn viewed(n: u128) -> Event {
    Event::new(Kind::PatientViewed, Actor::Staff(user_id(1))).visit(visit_id(n)).words(&words())
}

async fn record(store: &Store, events: Vec<Event>) {
    store.record(store.default_org(), NOON, events).await.expect("recorded");
}

/// The entries about visits, oldest first.
async fn entries(store: &Store) -> Vec<Entry> {
    let mut all = Vec::new();
    for writer in store.audit_writers().await.expect("reads") {
        let page = store.audit_page(&writer.writer, 0, 1_000).await.expect("reads");
        all.extend(page.entries.iter().map(|e| Entry::parse(&e.bytes).expect("an entry")));
    }
    all.retain(|entry| entry.visit.is_some());
    all
}

/// What the words of an entry are now, in a letter.
async fn found(store: &Store, entry: &Entry) -> char {
    let mut reader = store.read(store.default_org()).await.expect("reads");
    match reader.words_of(entry).await.expect("reads") {
        None => '-',
        Some(WordsFound::Open(open)) if open == *words() => 'o',
        Some(WordsFound::Open(_)) => '?',
        Some(WordsFound::Erased) => 'e',
        Some(WordsFound::Altered) => 'a',
    }
}

async fn all_found(store: &Store) -> String {
    let mut letters = String::new();
    for entry in entries(store).await {
        letters.push(found(store, &entry).await);
    }
    letters
}

async fn verifies(store: &Store) {
    assert_eq!(store.verify_audit().await.expect("reads").faults, []);
}

async fn audit_keys(store: &Store) -> i64 {
    let text = "SELECT COUNT(*) AS n FROM data_keys WHERE scope = 'patient'";
    sqlx::query(text).fetch_one(store.write_pool()).await.expect("counts").get("n")
}

async fn words_are_read_back_and_stand_nowhere_in_the_clear(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    let tx = begin(&store).await;
    tx.commit_with(vec![viewed(1), viewed(1)]).await.expect("commits");
    record(&store, vec![viewed(1)]).await;
    assert_eq!(all_found(&store).await, "ooo");
    assert_eq!(all_found(&db.open().await).await, "ooo", "in another process too");
    verifies(&store).await;
    assert_eq!(audit_keys(&store).await, 1);
    // Every column of every row of every table.
    let mut looked = 0;
    for table in ["audit_entries", "audit_leaves", "patient_keys", "data_keys", "patient_visits"] {
        let text = format!("SELECT * FROM {table}");
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(store.write_pool()).await;
        for row in rows.expect("reads") {
            for column in row.columns() {
                let bytes = row.try_get::<Vec<u8>, _>(column.ordinal()).ok();
                let text = row.try_get::<String, _>(column.ordinal()).ok();
                let value = bytes.or(text.map(String::into_bytes)).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&value).contains(MARK), "{}", column.name());
                looked += 1;
            }
        }
    }
    assert!(looked > 20, "{looked}");
}

async fn with_the_last_visit_of_a_patient_the_words_go_and_the_log_verifies(db: TestDb) {
    let (here, there) = (db.open().await, db.open().await);
    for (visit, who) in [(1, 1), (2, 1), (3, 2)] {
        plant(&here, visit, who).await;
        record(&here, vec![viewed(visit)]).await;
        record(&there, vec![viewed(visit)]).await;
    }
    assert_eq!((all_found(&here).await.as_str(), audit_keys(&here).await), ("oooooo", 2));
    let destroy = async |n| {
        let mut tx = begin(&here).await;
        tx.destroy_visit_now(visit_id(n)).await.expect("destroyed");
        // What is said of it now is about nobody.
        tx.commit_with(vec![viewed(n)]).await.expect("commits");
    };
    destroy(1).await;
    there.forget_destroyed_keys().await.expect("looks");
    let kept = all_found(&here).await;
    let count = |text: &str, letter| text.matches(letter).count();
    assert_eq!((count(&kept, 'o'), count(&kept, '-')), (6, 1), "another visit is kept: {kept}");
    destroy(2).await;
    assert!(there.forget_destroyed_keys().await.expect("looks"));
    for store in [&here, &there] {
        let now = all_found(store).await;
        assert_eq!((count(&now, 'o'), count(&now, '-'), now.len()), (2, 2, 8), "{now}");
        verifies(store).await;
    }
    assert_eq!(audit_keys(&here).await, 1);
    // A process that sealed for the visit a moment ago seals for nobody now.
    record(&there, vec![viewed(2)]).await;
    assert_eq!(audit_keys(&here).await, 1);

    // The same person again: a new key, and what is gone stays gone.
    plant(&here, 4, 1).await;
    record(&here, vec![viewed(4)]).await;
    let now = all_found(&db.open().await).await;
    assert_eq!((count(&now, 'o'), audit_keys(&here).await), (3, 2), "{now}");
    assert_eq!(count(&now, 'e'), 4, "{now}");
}

async fn two_verifiers_take_the_signed_log_before_and_after_an_erasure(db: TestDb) {
    let store = db.open().await;
    let folder = db.dir().join("audit");
    let key = SigningKey::from_seed("example.org/log", KeyKind::Log, &[1; 32]).expect("a name");
    let public = key.public();
    let mut sequencer = Sequencer::open(store.clone(), key, &folder).await.expect("opens");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/audit/verify.py");
    let both = |earlier: Option<&Path>| {
        let notes = earlier.map(|path| fs::read(path).expect("is there"));
        let trust = Trust {
            log: public.clone(),
            witnesses: Vec::new(),
            earlier: notes.into_iter().collect(),
        };
        let mut get = |path: &str| Ok::<_, Infallible>(fs::read(folder.join(path)).ok());
        let ours = verify_log(&trust, &mut get, &mut |_, _| {}).expect("verifies");
        let mut command = Command::new("python3");
        command.args(["-B", script]).arg(&folder).arg(public.to_text());
        command.args(
            earlier.map(|path| [OsStr::new("--earlier"), path.as_os_str()]).into_iter().flatten(),
        );
        let theirs = command.output().expect("python3 is installed");
        assert_eq!(theirs.status.code(), Some(0), "{}", String::from_utf8_lossy(&theirs.stdout));
        ours.checkpoint.size
    };
    plant(&store, 1, 1).await;
    record(&store, vec![viewed(1)]).await;
    while sequencer.step(NOON).await.expect("steps").1 > 0 {}
    let before = both(None);
    let earlier = db.dir().join("earlier");
    fs::copy(folder.join("checkpoint"), &earlier).expect("copied");
    assert_eq!(all_found(&store).await, "o");

    let mut tx = begin(&store).await;
    tx.destroy_visit_now(visit_id(1)).await.expect("destroyed");
    let erased = Event::new(Kind::VisitErased, Actor::Staff(user_id(1))).visit(visit_id(1));
    tx.commit_with(vec![erased]).await.expect("commits");
    while sequencer.step(NOON).await.expect("steps").1 > 0 {}
    assert_eq!(all_found(&store).await, "e-");
    // The checkpoint from before vouches for the entries whose words nobody can read any more.
    assert!(both(Some(&earlier)) > before);
}

async fn changed_or_moved_words_do_not_open(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    plant(&store, 2, 1).await;
    record(&store, vec![viewed(1), viewed(1), viewed(2)]).await;
    let entries = entries(&store).await;
    assert_eq!(all_found(&store).await, "ooo");
    for from in 0..3 {
        for to in (0..3).filter(|to| *to != from) {
            let mut moved = entries[to].clone();
            moved.sealed.clone_from(&entries[from].sealed);
            assert_eq!(found(&store, &moved).await, 'a', "{from} to {to}");
        }
    }
    let bytes = entries[0].sealed.as_ref().expect("sealed").to_bytes().expect("its form");
    for at in 0..bytes.len() {
        let mut bad = (bytes.clone(), entries[0].clone());
        bad.0[at] ^= 1;
        bad.1.sealed = Some(SealedWords::from_bytes(&bad.0).expect("fits"));
        assert_eq!(found(&store, &bad.1).await, 'a', "byte {at}");
    }
    for length in [1, 44, 45, 46, bytes.len() - 1] {
        let mut cut = entries[0].clone();
        cut.sealed = Some(SealedWords::from_bytes(&bytes[..length]).expect("fits"));
        assert_eq!(found(&store, &cut).await, 'a', "{length} bytes");
    }

    // And the log itself shows it: one character of the sealed text, by the owner of the database.
    let unguard = match store.backend() {
        store::Backend::Sqlite => "DROP TRIGGER audit_entries_keep",
        store::Backend::Postgres => "DROP TRIGGER audit_entries_keep ON audit_entries",
    };
    store.write_pool().execute(unguard).await.expect("runs");
    for writer in store.audit_writers().await.expect("reads") {
        let page = store.audit_page(&writer.writer, 0, 1_000).await.expect("reads");
        let with = |e: &&audit::Sealed| Entry::parse(&e.bytes).is_ok_and(|e| e.sealed.is_some());
        let Some(entry) = page.entries.iter().find(with) else { continue };
        let mut bytes = entry.bytes.clone();
        // The last member: its text ends two bytes before the end.
        let at = bytes.len() - 10;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let query = "UPDATE audit_entries SET entry = $1 WHERE writer = $2 AND seq = $3";
        let query = sqlx::query(query).bind(bytes).bind(writer.writer.as_str().to_owned());
        let changed = query.bind(entry.seq as i64).execute(store.write_pool()).await.expect("runs");
        assert_eq!(changed.rows_affected(), 1);
    }
    assert_eq!(store.verify_audit().await.expect("reads").faults.len(), 1);
}

async fn rotation_keeps_words_readable(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    record(&store, vec![viewed(1)]).await;
    let ring = || FileKeyring::open(db.dir().join("keyring.json")).expect("opens");
    ring().create().expect("a version");
    // Organisation, visit, patient.
    assert_eq!(store.keys_by_version().await.expect("counts"), [(1, 3)].into());
    assert_eq!(store.rewrap_some(None, 100, NOON).await.expect("a step").rewrapped, 3);
    ring().destroy(1).expect("not needed any more");
    let again = db.open_with(Arc::new(ring())).await.expect("opens");
    assert_eq!(all_found(&again).await, "o");
    record(&again, vec![viewed(1)]).await;
    assert_eq!((all_found(&again).await.as_str(), audit_keys(&again).await), ("oo", 1));
}

async fn what_is_about_no_patient_keeps_no_words(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    let by = |actor| Event::new(Kind::SignIn, actor).words(&words());
    record(&store, vec![by(Actor::Staff(user_id(1))), viewed(99)]).await;
    let none = Arc::new(Words::new());
    let empty = Event::new(Kind::ChatRead, Actor::Staff(user_id(1))).visit(visit_id(1));
    record(&store, vec![empty.words(&none)]).await;
    assert_eq!((all_found(&store).await.as_str(), audit_keys(&store).await), ("--", 0));
    verifies(&store).await;
}

async fn of_several_patients_each_has_their_own_key(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("a user");
    let seats = [new_seat(1, Role::Patient), new_seat(2, Role::Patient)];
    tx.create_visit(&new_visit(1, user_id(1)), &seats).await.expect("a visit");
    commit(tx).await;
    let by = |n| Event::new(Kind::ConsentGiven, Actor::Seat(seat_id(n))).visit(visit_id(1));
    let own = [by(1).words(&words()), by(2).words(&words()), viewed(1).seat(seat_id(2))];
    record(&store, own.to_vec()).await;
    assert_eq!((all_found(&store).await.as_str(), audit_keys(&store).await), ("ooo", 2));
    // One of both, or about both: whose key would it be?
    let of_both = Event::new(Kind::SeatMuted, Actor::Seat(seat_id(1))).seat(seat_id(2));
    record(&store, vec![of_both.visit(visit_id(1)).words(&words()), viewed(1)]).await;
    assert_eq!((all_found(&store).await.as_str(), audit_keys(&store).await), ("ooo--", 2));
}

async fn an_undone_first_entry_leaves_no_key(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    // The whole of a commit but its end: the writer's row is gone, so the append fails after the key.
    let meddle = "UPDATE audit_writers SET next_seq = 1";
    store.write_pool().execute(meddle).await.expect("runs");
    let failed = store.record(store.default_org(), NOON, vec![viewed(1)]).await;
    assert!(failed.is_err());
    assert_eq!(audit_keys(&store).await, 0);
    let again = db.open().await;
    record(&again, vec![viewed(1)]).await;
    let last = entries(&again).await.pop().expect("an entry");
    assert_eq!((found(&again, &last).await, audit_keys(&again).await), ('o', 1));
}

async fn many_first_words_at_once_end_with_one_key(db: TestDb) {
    let (here, there) = (db.open().await, db.open().await);
    for n in 1..=6 {
        plant(&here, n, 1).await;
    }
    let mut tasks = JoinSet::new();
    for n in 1..=24_u128 {
        let store = if n.is_multiple_of(2) { here.clone() } else { there.clone() };
        tasks.spawn(async move {
            loop {
                let events = vec![viewed(n % 6 + 1), viewed((n + 3) % 6 + 1)];
                match store.record(store.default_org(), NOON, events).await {
                    Err(error) if error.is_passing() => {}
                    done => return done.expect("recorded"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!((all_found(&here).await, audit_keys(&here).await), ("o".repeat(48), 1));
    verifies(&here).await;
}

async fn a_key_lost_by_an_older_backup_is_made_anew(db: TestDb) {
    let store = db.open().await;
    plant(&store, 1, 1).await;
    record(&store, vec![viewed(1)]).await;
    let lose = "DELETE FROM data_keys WHERE scope = 'patient'";
    store.write_pool().execute(lose).await.expect("runs");
    let again = db.open().await;
    assert_eq!(all_found(&again).await, "e");
    record(&again, vec![viewed(1)]).await;
    assert_eq!((all_found(&again).await.as_str(), audit_keys(&again).await), ("eo", 1));
}
