//! `bedside audit verify`.

use super::folder::Files;
use super::{parse_key, public_key};
use crate::compose;
use crate::config::Config;
use crate::error::Failure;
use crate::key_provider;
use crate::terminal::Terminal;
use audit::{LogError, Trust, Verified, VerifyKey, verify_log};
use serde::Serialize;
use server::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Nobody waits for less without wondering.
const SHOW_AFTER: Duration = Duration::from_secs(1);

/// What it takes.
#[derive(clap::Args)]
pub struct VerifyArgs {
    /// The folder of the log, with `checkpoint` and `tile` in it, or its address (https://…).
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    log: Option<String>,
    /// Instead: the settings file of this server. The database is checked too.
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// The public key of the log. From its owner by another way than the log itself.
    #[arg(long, value_parser = parse_key, required_unless_present = "config")]
    key: Option<VerifyKey>,
    /// The public key of a witness that has to vouch for the log; may be given more than once.
    #[arg(long, value_parser = parse_key)]
    witness: Vec<VerifyKey>,
    /// How old the newest signature of a witness may be.
    #[arg(long, default_value_t = 24)]
    max_age_hours: u32,
    /// A checkpoint of this log that you kept from earlier; may be given more than once.
    #[arg(long)]
    earlier: Vec<PathBuf>,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

/// What was found. The discriminants are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok = 0,
    Tampered = 2,
    Incomplete = 3,
    Stale = 4,
}

#[derive(Serialize)]
struct Report {
    verdict: Verdict,
    says: String,
    entries: u64,
    writers: u64,
    root: Option<String>,
    witnesses: usize,
    took_ms: u128,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when nothing could be checked.
pub async fn run(args: VerifyArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let config = args.config.as_deref().map(Config::read).transpose()?;
    let (files, log) = match (&config, args.log, args.key) {
        (Some(config), ..) => {
            let folder = config.audit.folder_path(&config.data.keyring);
            (Files::Folder(folder), public_key(config)?)
        }
        (None, Some(log), Some(key)) => (Files::parse(&log), key),
        _ => return Err(Failure::Usage("name a folder and its key, or settings with -c".into())),
    };
    let earlier = args.earlier.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let trust = Trust { log, witnesses: args.witness, earlier };
    let mut shown = began + SHOW_AFTER;
    let mut progress = |done: u64, total: u64| {
        if Instant::now() > shown {
            shown = Instant::now() + SHOW_AFTER / 10;
            out.progress(bench::Step { what: "checking entries", done, total });
        }
    };
    let mut get = |path: &str| files.get(path);
    let found = verify_log(&trust, &mut get, &mut progress);
    out.progress_end();
    let max_age_s = u64::from(args.max_age_hours) * 3_600;
    let now_s = u64::try_from(Clock::system().now().0 / 1_000_000).unwrap_or(0);
    let mut report = judge(found, now_s, max_age_s)?;
    if let (Some(config), Verdict::Ok) = (&config, report.verdict) {
        look_into_database(config, &mut report).await?;
    }
    report.took_ms = began.elapsed().as_millis();
    out.line(&report.says);
    if args.json {
        out.line(&serde_json::to_string(&report).unwrap_or_default());
    }
    Ok(ExitCode::from(report.verdict as u8))
}

fn judge(
    found: Result<Verified, LogError<std::io::Error>>,
    now_s: u64,
    max_age_s: u64,
) -> Result<Report, Failure> {
    let mut report = Report {
        verdict: Verdict::Ok,
        says: String::new(),
        entries: 0,
        writers: 0,
        root: None,
        witnesses: 0,
        took_ms: 0,
    };
    let verified = match found {
        Ok(verified) => verified,
        Err(LogError::Fetch(error)) => return Err(error.into()),
        Err(LogError::Fault(fault)) => {
            report.verdict = Verdict::Tampered;
            report.says = format!(
                "CHANGED: {fault}. Keep the log as it is, and compare it with a copy from elsewhere."
            );
            return Ok(report);
        }
        Err(LogError::Missing(path)) => {
            report.verdict = Verdict::Incomplete;
            report.says = format!(
                "INCOMPLETE: {path} is missing. Nothing that is there contradicts the log; get the \
                 whole of it and check again."
            );
            return Ok(report);
        }
    };
    report.entries = verified.figures.entries;
    report.writers = verified.figures.writers;
    report.witnesses = verified.witnessed_s.len();
    report.root = Some(hex(&verified.checkpoint.root));
    let entries = verified.figures.entries;
    let is_fresh = |at_s: u64| at_s.saturating_add(max_age_s) >= now_s;
    if !verified.witnessed_s.iter().all(|at_s| at_s.is_some_and(is_fresh)) {
        report.verdict = Verdict::Stale;
        report.says = format!(
            "STALE: all {entries} entries are as they were signed, but a witness has not vouched for \
             that lately. See whether the server reaches its witness."
        );
    } else if verified.witnessed_s.is_empty() {
        report.says = format!(
            "OK: all {entries} entries are as they were signed. No witness was asked for: whoever holds \
             the key and the data could have written all of them anew."
        );
    } else {
        report.says = format!("OK: all {entries} entries are as they were signed and witnessed.");
    }
    Ok(report)
}

/// Entries that were committed and have no place yet are seen only here.
async fn look_into_database(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let store = compose::store_beside(&config.data.database, key_provider::open(config)?).await?;
    let found = store.verify_audit().await?;
    let placed = store.audit_tree().await?.map_or(0, |tree| tree.edge.size());
    if let Some(fault) = found.faults.first() {
        report.verdict = Verdict::Tampered;
        report.says = format!("CHANGED: in the database, {}.", fault.error);
    } else if placed < report.entries || found.entries < report.entries {
        report.verdict = Verdict::Incomplete;
        report.says = format!(
            "INCOMPLETE: the database holds {placed} of the {} entries that were signed. Bring them \
             back with: bedside audit recover --from-tiles",
            report.entries
        );
    } else {
        report.says += &format!(" The database agrees; {} wait.", found.entries - placed);
    }
    Ok(())
}

fn hex(hash: &audit::Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
