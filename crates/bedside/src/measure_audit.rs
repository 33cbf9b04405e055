//! `bedside bench audit`: how many entries a second the audit log takes, and how many a check reads.
//!
//! Every entry is awaited until its commit is durable, as the server does, and has words beside it, sealed
//! under the audit key of a patient.

use crate::compose;
use crate::error::Failure;
use audit::tile::{CHECKPOINT_PATH, TileWriter};
use audit::{
    Actor, Checkpoint, Event, KeyKind, Kind, Note, SigningKey, Trust, Words, Writer, WriterId,
    verify_log,
};
use serde::Serialize;
use server::Clock;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{NewUser, PersonSecret, SeatRow, StaffSecret, Store, UserRole, VisitRow};
use tokio::task::JoinSet;
use visit::{OrgId, Role, SeatId, UserId, VisitId};

/// Callers at once on PostgreSQL; each waits for its entry before it writes the next.
const POSTGRES_CALLERS: u32 = 32;
/// Callers at once on SQLite: a busy clinic's board and chats.
const SQLITE_CALLERS: u32 = 256;
/// Entries of the log that is checked.
const CHECKED: u32 = 100_000;

/// The figures.
#[derive(Serialize)]
pub struct AuditReport {
    sqlite_callers: u32,
    append_per_s_sqlite: f64,
    postgres_callers: u32,
    /// None without a server to measure.
    append_per_s_postgres: Option<f64>,
    checked_entries: u32,
    verify_per_s: f64,
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sqlite_callers, append_per_s_sqlite, postgres_callers, .. } = self;
        writeln!(f, "SQLite, {sqlite_callers} callers: {append_per_s_sqlite:.0} entries a second")?;
        match self.append_per_s_postgres {
            Some(per_s) => {
                writeln!(f, "PostgreSQL, {postgres_callers} callers: {per_s:.0} entries a second")?;
            }
            None => writeln!(f, "PostgreSQL: not measured; name a server with --postgres")?,
        }
        write!(f, "Checking {}: {:.0} entries a second", self.checked_entries, self.verify_per_s)
    }
}

/// Measures. `postgres` is an empty database that may be written to.
///
/// # Errors
/// [`Failure`].
pub async fn run(seconds: u64, postgres: Option<String>) -> Result<AuditReport, Failure> {
    let window = Duration::from_secs(seconds);
    let folder = tempfile::tempdir()?;
    let keyring = folder.path().join("keyring.json");
    let url = format!("sqlite:{}", folder.path().join("bedside.db").display());
    let store = compose::make_store(&url, &keyring).await?;
    let append_per_s_sqlite = append(&store, SQLITE_CALLERS, window).await?;
    store.close(Clock::system().now()).await?;
    let append_per_s_postgres = match postgres {
        None => None,
        Some(url) => {
            let store = compose::make_store(&url, &keyring).await?;
            let per_s = append(&store, POSTGRES_CALLERS, window).await?;
            store.close(Clock::system().now()).await?;
            Some(per_s)
        }
    };
    Ok(AuditReport {
        sqlite_callers: SQLITE_CALLERS,
        append_per_s_sqlite,
        postgres_callers: POSTGRES_CALLERS,
        append_per_s_postgres,
        checked_entries: CHECKED,
        verify_per_s: verify()?,
    })
}

fn event(n: u32) -> Event {
    Event::new(Kind::ChatRead, Actor::Staff(UserId::new(1, 3)))
        .visit(VisitId::new(1, 1))
        .seat(SeatId::new(1, 2))
        .count("seq", n.into())
}

/// The visit that the entries are about, with its patient.
async fn plant(store: &Store) -> Result<(), Failure> {
    let now = Clock::system().now();
    let mut tx = store.begin(store.default_org(), now).await?;
    let person = StaffSecret { name: "Dr. Bench".into(), email: "doctor@bench.invalid".into() };
    let doctor = UserId::new(1, 3);
    tx.create_user(&NewUser { id: doctor, role: UserRole::Clinician, person }).await?;
    let visit = VisitRow::booked(VisitId::new(1, 1), doctor, now, 20, now);
    let person = PersonSecret { name: "Pat Bench".into(), email: None, dob: None };
    let seats = [SeatRow::invited(SeatId::new(1, 2), Role::Patient, person, now)];
    tx.create_visit(&visit, &seats).await?;
    tx.commit_plain("a synthetic visit to measure with").await?;
    Ok(())
}

fn words() -> Arc<Words> {
    let words = Words::new().seen_at("2001:db8:85a3::8a2e:370:7334").named("Dr. Bench");
    Arc::new(words.through("Firefox 128 on Windows"))
}

async fn append(store: &Store, callers: u32, window: Duration) -> Result<f64, Failure> {
    plant(store).await?;
    let words = words();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (store, words) = (store.clone(), Arc::clone(&words));
        tasks.spawn(async move {
            let mut written = 0;
            while began.elapsed() < window {
                let now = Clock::system().now();
                store.record(store.default_org(), now, vec![words.beside(event(written))]).await?;
                written += 1;
            }
            Ok::<_, store::StoreError>(written)
        });
    }
    let mut total = 0;
    while let Some(done) = tasks.join_next().await {
        total += done.map_err(std::io::Error::other)??;
    }
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}

/// One core, from memory: what the disk adds is the reader's.
fn verify() -> Result<f64, Failure> {
    let odd = || Failure::Usage("the synthetic log does not verify; this is a fault".to_owned());
    let name = "bench.invalid/log";
    let key = SigningKey::from_seed(name, KeyKind::Log, &[1; 32]).map_err(|_| odd())?;
    let mut writer = Writer::new(WriterId::new("01J0000000000000000000BOOT/0").map_err(|_| odd())?);
    let (mut tiles, mut files) = (TileWriter::new(), HashMap::new());
    for n in 0..CHECKED {
        let at = visit::Timestamp(n.into());
        let sealed = writer.append(OrgId::new(1, 7), at, event(n)).map_err(|_| odd())?;
        tiles.push(&sealed.bytes).map_err(|_| odd())?;
        files.extend(tiles.take_finished().into_iter().map(|(p, bytes)| (p.to_text(), bytes)));
    }
    files.extend(tiles.unfinished().into_iter().map(|(path, bytes)| (path.to_text(), bytes)));
    let (size, root) = (tiles.size(), tiles.root());
    let text = Checkpoint { origin: name.to_owned(), size, root }.to_text();
    let note = Note { signatures: vec![key.sign(&text, 0)], text };
    files.insert(CHECKPOINT_PATH.to_owned(), note.to_text().into_bytes());
    let trust = Trust { log: key.public(), witnesses: Vec::new(), earlier: Vec::new() };
    let began = Instant::now();
    let mut get = |path: &str| Ok::<_, Infallible>(files.get(path).cloned());
    let found = verify_log(&trust, &mut get, &mut |_, _| {}).map_err(|_| odd())?;
    if found.figures.entries != u64::from(CHECKED) {
        return Err(odd());
    }
    Ok(f64::from(CHECKED) / began.elapsed().as_secs_f64())
}
