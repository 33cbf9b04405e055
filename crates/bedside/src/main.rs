//! Bedside: video visits for a clinic, from one program.

mod addresses;
mod assets;
mod audit_log;
mod backup;
mod compliance;
mod compose;
mod config;
mod demo;
mod doctor;
mod error;
mod evidence;
mod files;
mod key_provider;
mod keys_command;
mod local_ca;
mod logs;
mod measure;
mod measure_audit;
mod order_trouble;
mod orders;
mod serve;
mod sign_in;
mod terminal;
mod tls;

use clap::Parser;
use error::Failure;
use logs::Detail;
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::Terminal;

#[derive(Parser)]
#[command(
    name = "bedside",
    version,
    about = "Private video visits for a clinic, from one program."
)]
struct Cli {
    #[command(subcommand)]
    command: Cmd,
    /// Show more of what happens. Never shows who.
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(clap::Subcommand)]
enum Cmd {
    /// Try it on this machine: prints an address for a clinician and one for a patient.
    Demo(demo::DemoArgs),
    /// Write the settings of a clinic's server and make its first administrator.
    Init(serve::InitArgs),
    /// Run a clinic's server.
    Serve {
        /// The settings file.
        #[arg(short, long, default_value = "bedside.toml")]
        config: PathBuf,
    },
    /// Add, disable or list the clinic's people.
    User(serve::UserArgs),
    /// Make a sealed copy of the database, and prove that it can be brought back.
    Backup(backup::BackupArgs),
    /// List, rotate and destroy the keys that open the data.
    Keys(keys_command::KeysArgs),
    /// Look whether the server will work, before patients do: name, certificate, ports, data, mail.
    Doctor(doctor::DoctorArgs),
    /// What auditors ask: run every probe, keep attestations, list what it is made of.
    Compliance(compliance::ComplianceArgs),
    /// Check the log of who did what, or prove an entry of it.
    Audit(audit_log::AuditArgs),
    /// Measure this machine.
    Bench(measure::BenchArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Terminal::new();
    match run(cli, &mut out) {
        Ok(code) => code,
        Err(failure) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "bedside: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// A panic's text may quote what somebody sent. The place is enough to find it.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault in the program; one part of it was stopped");
    }));
}

fn run(cli: Cli, out: &mut Terminal) -> Result<ExitCode, Failure> {
    quiet_panics();
    // One crypto provider for every TLS user of the process. A second call cannot happen.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let detail = match (&cli.command, cli.verbose) {
        (_, true) => Detail::Verbose,
        (Cmd::Demo(_) | Cmd::Serve { .. }, false) => Detail::Normal,
        (_, false) => Detail::Quiet,
    };
    // Serve starts its own logging, in the form that the settings ask for.
    if !matches!(cli.command, Cmd::Serve { .. }) {
        logs::start(false, detail);
    }
    match cli.command {
        Cmd::Doctor(args) => return block_on(doctor::run(args, out)),
        Cmd::Compliance(args) => return block_on(compliance::run(args, out)),
        Cmd::Audit(args) => return block_on(audit_log::run(args, out)),
        Cmd::Bench(args) => measure::run(args, out),
        Cmd::Demo(args) => block_on(demo::run(args, out)),
        Cmd::Init(args) => block_on(serve::init(args, out)),
        Cmd::Serve { config } => block_on(serve::serve(&config, detail)),
        Cmd::Backup(args) => block_on(backup::run(args, out)),
        Cmd::Keys(args) => block_on(keys_command::run(args, out)),
        Cmd::User(args) => block_on(serve::user(args, out)),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Runtime::new()?.block_on(work)
}
