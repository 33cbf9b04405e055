//! A drill: a backup is brought back into a scratch database, everything in it is read, and what was
//! found is signed.

use super::files::{self, Backup};
use super::{on_record, print_json};
use crate::audit_log::Files;
use crate::compose;
use crate::config::Config;
use crate::error::Failure;
use crate::key_provider;
use crate::terminal::Terminal;
use audit::{Entry, Trust, verify_log};
use keys::AgeIdentity;
use protocol::system::{self, DrillDone};
use serde::Serialize;
use server::Clock;
use std::path::{Path, PathBuf};
use std::time::Instant;
use store::{MAX_PAGE, Sequencer, Store, StoreConfig, StoreError, WordsFound};
use visit::Timestamp;

/// What is signed.
#[derive(Serialize)]
struct Evidence {
    what: &'static str,
    backup_made_at: String,
    drill_at: String,
    /// From the first byte that was read to the last value that was opened.
    took_ms: u64,
    rows: u64,
    audit_writers: u64,
    audit_entries: u64,
    audit_faults: u64,
    /// Entries under the signed checkpoint in the backup, each checked up to the signature.
    audit_signed_entries: u64,
    opened: Opened,
}

/// How many values of each sealed kind were opened.
#[derive(Default, Serialize)]
struct Opened {
    staff: u64,
    second_factors: u64,
    visits: u64,
    seats: u64,
    chat_messages: u64,
    measurements: u64,
    emergencies: u64,
    legal_holds: u64,
    /// Entries of the audit log whose words open; others were erased with their patient, or had none.
    audit_words: u64,
}

/// Runs the drill and writes the evidence.
///
/// # Errors
/// [`Failure`] when anything at all could not be brought back or read.
pub async fn run(
    config: &Config,
    backup: &Backup,
    identity: &AgeIdentity,
    evidence: Option<PathBuf>,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let begin = Instant::now();
    let kek = key_provider::open(config)?;
    let signer = key_provider::signer(config)?;
    let says = |what| out.progress(bench::Step { what, done: 0, total: 0 });
    says("checking the sums");
    backup.check_sums()?;
    // Readable by this user only, and gone with the end of the drill. What is in it stays sealed.
    let scratch = tempfile::Builder::new().prefix("bedside-drill-").tempdir()?;
    let database =
        StoreConfig::new(format!("sqlite:{}", scratch.path().join("drill.db").display()));
    says("restoring");
    let restored = files::restore(backup, identity, &database).await?;
    says("reading everything");
    let now = Clock::system().now();
    let store = Store::open(&database, kek, now, rand::random()).await?;
    // The start of this store has just written an entry of its own, so the log is verified while it
    // goes on, as in real life.
    let report = store.verify_audit().await?;
    says("checking the audit log");
    let signed = check_tree(config, &store, &scratch.path().join("audit")).await?;
    let opened = open_everything(&store).await?;
    store.close(Clock::system().now()).await?;
    out.progress_end();
    let faults = report.faults.len() as u64;
    let found = Evidence {
        what: "a backup was restored and read in full",
        backup_made_at: backup.statement.made_at.clone(),
        drill_at: now.to_rfc3339(),
        took_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        rows: restored.rows.values().sum(),
        audit_writers: report.writers,
        audit_entries: report.entries,
        audit_faults: faults,
        audit_signed_entries: signed,
        opened,
    };
    if faults > 0 {
        return Err(Failure::Usage(format!(
            "everything could be read, but {faults} chains of the audit log in this backup do not verify"
        )));
    }
    let path = evidence.unwrap_or_else(|| backup.path.with_extension("drill.json"));
    std::fs::write(&path, signer.sign(&found)?)?;
    let done = DrillDone {
        made_at: now,
        backup_made_at: Timestamp::from_rfc3339(&found.backup_made_at).unwrap_or(now),
        took_ms: found.took_ms,
        rows: found.rows,
    };
    on_record(config, system::Evidence::Drill, &done)?;
    if json {
        return print_json(&found, out);
    }
    let o = &found.opened;
    out.line(&format!(
        "Restored {} rows and read them in {:.1} s: {} visits, {} seats, {} messages, {} staff; {} audit \
         entries verify.",
        found.rows,
        Instant::now().duration_since(begin).as_secs_f64(),
        o.visits,
        o.seats,
        o.chat_messages,
        o.staff,
        found.audit_entries
    ));
    out.line(&format!("Evidence: {}", path.display()));
    Ok(())
}

/// Writes the files of the log as the restored database has it, and checks them as a stranger would who has
/// the public key. Gives how many entries were signed; 0 when none were yet.
async fn check_tree(config: &Config, store: &Store, folder: &Path) -> Result<u64, Failure> {
    if store.audit_tree().await?.is_none() {
        return Ok(0);
    }
    let path = config.audit.key_path(&config.data.keyring);
    let key = compose::read_key(&path, &keys::read_secret(&path)?)?;
    let trust = Trust { log: key.public(), witnesses: Vec::new(), earlier: Vec::new() };
    // Opening it writes the files and signs nothing.
    Sequencer::open(store.clone(), key, folder).await?;
    let files = Files::Folder(folder.to_owned());
    let verified = verify_log(&trust, &mut |path| files.get(path), &mut |_, _| {});
    let verified = verified.map_err(|error| {
        Failure::Usage(format!(
            "everything could be read, but the audit log in this backup does not verify: {error}"
        ))
    })?;
    Ok(verified.checkpoint.size)
}

/// Opens every value of every sealed kind; the first that does not open ends it.
async fn open_everything(store: &Store) -> Result<Opened, Failure> {
    let mut opened = Opened::default();
    let mut reader = store.read(store.default_org()).await?;
    for user in reader.users().await? {
        opened.staff += 1;
        opened.second_factors += u64::from(reader.totp(user.id).await?.is_some());
    }
    for visit in reader.visits_between(Timestamp(i64::MIN), Timestamp(i64::MAX)).await? {
        opened.visits += 1;
        opened.seats += visit.seats.len() as u64;
        let id = visit.visit.id;
        let mut after = 0;
        loop {
            let page = reader.chat_after(id, after, MAX_PAGE).await?;
            opened.chat_messages += page.len() as u64;
            match page.last() {
                Some(last) => after = last.seq,
                None => break,
            }
        }
        opened.measurements += reader.quality(id).await?.len() as u64;
    }
    opened.emergencies = reader.emergencies(MAX_PAGE).await?.len() as u64;
    opened.legal_holds = reader.holds().await?.len() as u64;
    opened.audit_words = open_words(store).await?;
    Ok(opened)
}

/// Opens the words beside every entry of the audit log.
async fn open_words(store: &Store) -> Result<u64, Failure> {
    let mut reader = store.read(store.default_org()).await?;
    let mut open = 0;
    for writer in store.audit_writers().await? {
        let mut from = Some(0);
        while let Some(seq) = from {
            let page = store.audit_page(&writer.writer, seq, MAX_PAGE).await?;
            for stored in page.entries {
                let entry = Entry::parse(&stored.bytes).map_err(StoreError::from)?;
                match reader.words_of(&entry).await? {
                    Some(WordsFound::Open(_)) => open += 1,
                    Some(WordsFound::Altered) => {
                        let place = format!("{} of {}", stored.seq, writer.writer.as_str());
                        return Err(Failure::Usage(format!(
                            "the words beside entry {place} of the audit log are not what was sealed"
                        )));
                    }
                    Some(WordsFound::Erased) | None => {}
                }
            }
            from = page.next_seq;
        }
    }
    Ok(open)
}
