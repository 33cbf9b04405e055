//! `bedside doctor`: looks whether a clinic's server will work, before patients do.
//!
//! Owns the order of the checks and what is said. It works beside a running server and without one.
//! It changes nothing: what it writes it undoes, what it binds it lets go. It asks nobody whom the
//! settings or an option do not name.

mod audit_log;
mod certificate;
mod clock;
mod data;
mod finding;
pub mod https;
mod mail;
mod outside;
mod ports;
mod settings;
mod web;

use crate::config::{Certificate, Config};
use crate::error::Failure;
use crate::terminal::Terminal;
pub use finding::Level;
use finding::{Check, Finding, Report};
use https::Trust;
pub use outside::dtls_from_here;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
pub use web::knock_at;

/// What `bedside doctor` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 nothing to mend, 1 warnings, 2 failures (or a wrong command line)."
)]
pub struct DoctorArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml")]
    config: PathBuf,
    /// One JSON object instead of lines.
    #[arg(long)]
    json: bool,
    /// Send one test message to this address, if mail is set up. Without this none is sent.
    #[arg(long, value_name = "ADDRESS")]
    send_test: Option<String>,
    /// Compare the clock with this server's (https://…). Without this only with the settings' own
    /// certificate authority, if one is named there.
    #[arg(long, value_name = "URL")]
    clock: Option<String>,
    /// Only print a link that checks the network from any browser, without sign-in, for 12 hours.
    #[arg(long, conflicts_with_all = ["json", "from", "send_test", "clock"])]
    browser: bool,
    /// Only try the ways to a server from this machine, by the link that --browser printed there. No
    /// settings are needed.
    #[arg(long, value_name = "LINK", conflicts_with_all = ["send_test", "clock"])]
    from: Option<String>,
    /// With --from: an authority of your own to trust (PEM), and no other.
    #[arg(long, value_name = "FILE", requires = "from")]
    trust: Option<PathBuf>,
}

/// Examines, says what was found, and gives the exit code.
///
/// # Errors
/// None of what is found is an error; only the program's own trouble is.
pub async fn run(args: DoctorArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    if args.browser {
        return link(&args, out).await;
    }
    let mut examination = Examination { out, json: args.json, findings: Vec::new() };
    match &args.from {
        Some(link) => examination.outside(link, args.trust.as_deref()).await?,
        None => examination.all(&args).await,
    }
    let Examination { findings, out, json } = examination;
    out.progress_end();
    let report = Report::of(findings);
    if json {
        out.line(&serde_json::to_string(&report).unwrap_or_default());
    } else {
        out.line("");
        out.title(&report.summary());
    }
    Ok(ExitCode::from(report.result.exit_code()))
}

/// Prints the link of a network check.
async fn link(args: &DoctorArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let config = Config::read(&args.config)?;
    let key = outside::own_key(&config).await?;
    let url = format!("{}/check#{key}", config.web.origin());
    out.line(
        "Open this link in the network that is to be checked. It is good for 12 hours and opens",
    );
    out.line("nothing but the check:");
    out.address(&url);
    out.qr(&url);
    out.line("Or on a machine there that has this program:");
    out.address(&format!("bedside doctor --from '{url}'"));
    Ok(ExitCode::SUCCESS)
}

struct Examination<'a> {
    out: &'a mut Terminal,
    json: bool,
    findings: Vec<Finding>,
}

impl Examination<'_> {
    async fn all(&mut self, args: &DoctorArgs) {
        let config = match Config::read(&args.config) {
            Ok(config) => config,
            Err(error) => {
                let finding = Finding::failed(Check::Settings, "unusable", format!("{error}."));
                self.found([finding.fix(
                    "Give the path with -c, or mend the line that is shown. Nothing else was looked at",
                )]);
                return;
            }
        };
        self.found(settings::unwise(&config));
        self.begins("the HTTPS port");
        let (listener, finding) = web::listener(&config).await;
        self.found([finding]);
        self.begins("the name");
        self.found(web::names(&config, &listener).await);
        self.found(web::certificate(&config, &listener, web::now_s()));
        self.begins("the clock");
        self.found([clock::in_step()]);
        self.found([compared_clock(args, &config).await]);
        self.found(ports::media(&config, listener.runs()));
        self.found([ports::relay(&config, listener.runs())]);
        if listener.runs() {
            self.begins("audio and video");
            self.found(outside::from_here(&config).await);
        }
        self.found([ports::buffers()]);
        self.found(data::files(&config, &args.config));
        let (kek, finding) = data::keys(&config);
        self.found([finding]);
        self.begins("the database");
        let database = data::database(&config, kek.clone(), listener.runs()).await;
        let is_open = database.level() != Level::Failed;
        self.found([database]);
        self.begins("the audit log");
        self.found(audit_log::audit_log(&config, kek.filter(|_| is_open)).await);
        self.found(data::disk(&config));
        self.begins("the mail server");
        self.found([mail::mail(&config, args.send_test.as_deref()).await]);
    }

    async fn outside(&mut self, link: &str, trust: Option<&Path>) -> Result<(), Failure> {
        let trust = match trust {
            Some(path) => Trust::only(crate::tls::roots_in(path)?),
            None => Trust::public(),
        };
        self.begins("the way to the server");
        self.found(outside::by_link(link, &trust).await);
        Ok(())
    }

    /// Shown while something takes its time.
    fn begins(&self, what: &'static str) {
        self.out.progress(bench::Step { what, done: 0, total: 0 });
    }

    fn found(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.out.progress_end();
            if !self.json {
                let (level, fix) = (finding.level(), finding.fix());
                self.out.finding(level, finding.check.name(), &finding.says, fix);
            }
            self.findings.push(finding);
        }
    }
}

/// Against the server of an option, or the authority that the settings name; else nobody is asked.
async fn compared_clock(args: &DoctorArgs, config: &Config) -> Finding {
    if let Some(url) = &args.clock {
        return clock::compared(url, &Trust::public()).await;
    }
    if let Certificate::Acme { directory: Some(url), authority_root, .. } = &config.web.certificate
    {
        return match authority_root.as_deref().map(crate::tls::roots_in).transpose() {
            Ok(roots) => clock::compared(url, &roots.map_or_else(Trust::public, Trust::only)).await,
            Err(error) => {
                Finding::failed(Check::Certificate, "authority_root", format!("{error}.")).fix(
                    "Set web.certificate.authority_root to a PEM file with the authority's root",
                )
            }
        };
    }
    let says =
        "The clock was compared with no other: nobody is asked whom the settings do not name.";
    Finding::not_checked(Check::Clock, "nobody_asked", says)
        .fix("To compare it: bedside doctor --clock https://… (any server that you trust)")
}
