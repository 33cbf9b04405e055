//! `bedside compliance`: what an auditor asks, answered by looking.
//!
//! Owns which probe answers what on this server, and the files of attestations. The catalogue and the
//! forms of the report are crate `compliance`. It works beside a running server and changes nothing,
//! but for attestations, which are added and never taken back.

mod handshake;
mod inventory;
mod probes;

use crate::config::Config;
use crate::error::Failure;
use crate::evidence;
use crate::files;
use crate::terminal::Terminal;
use ::compliance::{Attestation, Attestations, Report, Standing, assessment_results, page};
use audit::{Actor, Event, Kind};
use protocol::system::{Evidence, ReportDone};
use server::Clock;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `bedside compliance` takes.
#[derive(clap::Args)]
pub struct ComplianceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Run every probe now and say where each control stands.
    #[command(after_help = "Exit code: 0 nothing open, 1 something open (or a failure).")]
    Report {
        /// The settings file.
        #[arg(short, long, default_value = "bedside.toml")]
        config: PathBuf,
        /// Write report.html, report.json and oscal.json into this folder.
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
        /// One JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Put somebody's word on record, for what no program can look at.
    Attest {
        /// The settings file.
        #[arg(short, long, default_value = "bedside.toml")]
        config: PathBuf,
        /// Which control; `report` lists them.
        control: String,
        /// Who says so.
        #[arg(long)]
        by: String,
        /// What was done, and where it is written; or why it does not apply.
        #[arg(long)]
        text: String,
        /// It does not apply here.
        #[arg(long)]
        not_applicable: bool,
    },
    /// What the program is made of, and where data flows: a bill of materials (CycloneDX 1.5).
    Inventory {
        /// The settings file.
        #[arg(short, long, default_value = "bedside.toml")]
        config: PathBuf,
    },
}

/// Does what was asked.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: ComplianceArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Report { config, output, json } => report(&config, output, json, out).await,
        Action::Attest { config, control, by, text, not_applicable } => {
            let now = Clock::system().now();
            let word = Attestation::new(&control, &by, &text, not_applicable, now)
                .map_err(|e| Failure::Usage(e.to_string()))?;
            attest(&Config::read(&config)?, word).await?;
            out.line("It is on record.");
            Ok(ExitCode::SUCCESS)
        }
        Action::Inventory { config } => {
            let config = Config::read(&config)?;
            let text = inventory::bill(&config, Clock::system().now(), rand::random());
            out.line(&serde_json::to_string_pretty(&text).unwrap_or_default());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn report(
    settings: &Path,
    output: Option<PathBuf>,
    json: bool,
    out: &mut Terminal,
) -> Result<ExitCode, Failure> {
    let config = Config::read(settings)?;
    let said = read_attestations(&file(&config))?;
    let found = probes::all(&config).await?;
    let (name, version) = (&config.clinic.name, env!("CARGO_PKG_VERSION"));
    let report = Report::new(name, version, Clock::system().now(), &found, &said);
    evidence::leave(&config, Evidence::Report, &done(&report))?;
    if let Some(folder) = output {
        write(&folder, &report)?;
        out.line(&format!("Written to {}.", folder.join("report.html").display()));
    }
    if json {
        out.line(&serde_json::to_string(&report).unwrap_or_default());
    } else {
        print(&report, out);
    }
    Ok(if report.counts()[3] == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The figures of a report, for the page about the server.
fn done(report: &Report) -> ReportDone {
    let [proved, attested, not_applicable, open] =
        report.counts().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    ReportDone { made_at: report.made_at, proved, attested, not_applicable, open }
}

fn print(report: &Report, out: &mut Terminal) {
    for answer in &report.answers {
        let control = answer.control;
        out.line(&format!("{:<16}{:<24}{}", answer.standing.as_str(), control.id, control.title));
        if let Standing::Open { fix } = &answer.standing {
            for text in &answer.evidence {
                out.line(&format!("{:40}{text}", ""));
            }
            out.line(&format!("{:40}→ {fix}", ""));
        }
    }
    let [proved, attested, not_applicable, open] = report.counts();
    out.line("");
    out.title(&format!(
        "{proved} proved, {attested} attested, {not_applicable} not applicable, {open} open."
    ));
}

/// The three forms of the report. They name people who attested, so only their owner may read them.
fn write(folder: &Path, report: &Report) -> Result<(), Failure> {
    crate::demo::private_folder(folder)?;
    let oscal = assessment_results(report, rand::random);
    let pretty =
        |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let json = serde_json::to_value(report).unwrap_or_default();
    for (name, text) in [
        ("report.html", page(report)),
        ("report.json", pretty(&json)),
        ("oscal.json", pretty(&oscal)),
    ] {
        files::replace(&folder.join(name), &text)?;
    }
    Ok(())
}

/// Attestations are kept beside the keyring: with the server, apart from the database.
fn file(config: &Config) -> PathBuf {
    config.data.keyring.with_file_name("attestations.json")
}

fn read_attestations(file: &Path) -> Result<Attestations, Failure> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
            let text = format!("{} cannot be read; put it back from the backup", file.display());
            Failure::Usage(text)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Attestations::default()),
        Err(error) => Err(error.into()),
    }
}

/// First into the audit log, which says that there was a word about this control, then into the file.
async fn attest(config: &Config, word: Attestation) -> Result<(), Failure> {
    let file = file(config);
    let mut said = read_attestations(&file)?;
    let store = crate::serve::open(config).await?;
    let tx = store.begin(store.default_org(), word.at).await?;
    let event = Event::new(Kind::ControlAttested, Actor::System).detail("control", &word.control);
    tx.commit_with(vec![event]).await?;
    store.close(Clock::system().now()).await?;
    said.0.push(word);
    let text = serde_json::to_string_pretty(&said).unwrap_or_default();
    files::replace(&file, &text)
}
