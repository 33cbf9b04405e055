//! `bedside audit export`.

use crate::config::Config;
use crate::error::Failure;
use crate::serve;
use crate::terminal::Terminal;
use audit::Actor;
use protocol::audit_log::AuditFormat;
use server::audit_export::exported;
use server::{AuditExport, Clock};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use store::{AuditRange, Store};
use visit::{PatientId, Timestamp, UserId, VisitId};

/// A progress bar is for what takes longer.
const QUIET: Duration = Duration::from_secs(1);

/// What it takes.
#[derive(clap::Args)]
pub struct ExportArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml")]
    config: PathBuf,
    /// The form of the file.
    #[arg(long, value_enum)]
    format: Form,
    /// Only from this time on: 2026-11-21 or 2026-11-21T08:00:00Z.
    #[arg(long, value_parser = time, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only before this time.
    #[arg(long = "to", value_parser = time, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only visits of this patient, by id.
    #[arg(long, value_parser = |text: &str| PatientId::parse(text).map_err(|_| "no id of a patient"))]
    patient: Option<PatientId>,
    /// Only this visit, by id.
    #[arg(long, value_parser = |text: &str| VisitId::parse(text).map_err(|_| "no id of a visit"))]
    visit: Option<VisitId>,
    /// Only what this account did or what was done to it, by id.
    #[arg(long, value_parser = |text: &str| UserId::parse(text).map_err(|_| "no id of an account"))]
    person: Option<UserId>,
    /// Where to write it; standard output if absent. Only its owner may read it.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The forms.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Form {
    /// JSON lines: one entry each, as stored, with its place and its leaf hash.
    Jsonl,
    /// A bundle of FHIR R4 AuditEvents by IHE BALP.
    Fhir,
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::from_rfc3339(text).ok_or("write it as 2026-11-21 or as 2026-11-21T08:00:00Z")
}

/// Writes the file.
///
/// # Errors
/// [`Failure`], with what to do. There is no file then.
pub async fn run(args: ExportArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let config = Config::read(&args.config)?;
    let store = serve::open(&config).await?;
    let done = export(&store, &config, &args, out).await;
    out.progress_end();
    store.close(Clock::system().now()).await?;
    let (written, waiting) = done?;
    if let Some(path) = &args.out {
        out.line(&format!("Wrote {written} entries to {}.", path.display()));
        if waiting > 0 {
            out.line(&format!(
                "{waiting} newer ones wait for their place. A running server gives it at once; without \
                 one: bedside serve"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives how many entries were written, and how many have no place yet.
async fn export(
    store: &Store,
    config: &Config,
    args: &ExportArgs,
    out: &Terminal,
) -> Result<(u64, u64), Failure> {
    let format = match args.format {
        Form::Jsonl => AuditFormat::Jsonl,
        Form::Fhir => AuditFormat::Fhir,
    };
    let ExportArgs { visit, patient, person, from, until, .. } = *args;
    let range = AuditRange { visit, patient, person, from, until };
    let (org, now) = (store.default_org(), Clock::system().now());
    let (written, placed) = store.audit_counts().await?;
    let base_url = config.web.origin();
    let mut export = AuditExport::begin(store.clone(), org, range, format, base_url, now).await?;
    let events = exported(store, org, &range, Actor::System, format).await?;
    let events = events.ok_or_else(|| {
        Failure::Usage("no visit of a patient with this id is kept; nothing was written".to_owned())
    })?;
    store.begin(org, now).await?.commit_with(events).await?;
    let mut target = Target::open(args.out.as_deref())?;
    let began = Instant::now();
    while let Some(piece) = export.piece().await? {
        target.write(&piece)?;
        let (done, total) = export.progress();
        if began.elapsed() > QUIET {
            out.progress(bench::Step { what: "entries of the audit log", done, total });
        }
    }
    target.finish()?;
    Ok((export.written(), written.saturating_sub(placed.unwrap_or(0))))
}

/// Where the file goes. One with a name is there whole or not at all.
enum Target<'a> {
    Out,
    File { file: File, beside: PathBuf, path: &'a Path },
}

impl<'a> Target<'a> {
    fn open(path: Option<&'a Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Out) };
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let beside = PathBuf::from(name);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let file = file.map_err(|error| {
            Failure::Usage(format!("{} cannot be written ({})", path.display(), error.kind()))
        })?;
        Ok(Self::File { file, beside, path })
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Out => io::stdout().write_all(piece),
            Self::File { file, .. } => file.write_all(piece),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Out => io::stdout().flush(),
            Self::File { file, beside, path } => {
                file.sync_all()?;
                std::fs::rename(beside, path)
            }
        }
    }
}

impl Drop for Target<'_> {
    fn drop(&mut self) {
        if let Self::File { beside, .. } = self {
            // Gone already when all went well.
            let _ = std::fs::remove_file(beside);
        }
    }
}
