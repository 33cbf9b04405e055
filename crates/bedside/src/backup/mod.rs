//! `bedside backup`: a sealed copy of the database for an offline recipient, and the proof that it can
//! be brought back.
//!
//! A backup is three files of one name: `.data.age` has everything but the wrapped data keys, `.keys.age`
//! has those, and `.json` is a signed statement of what is in both. The key-encryption keys are in none
//! of them.

mod drill;
mod files;

use crate::config::Config;
use crate::error::Failure;
use crate::evidence;
use crate::key_provider;
use crate::terminal::Terminal;
use files::{Backup, Manifest};
use keys::{AgeIdentity, AgeRecipient};
use protocol::system::{BackupDone, Evidence};
use serde::Serialize;
use server::Clock;
use std::path::{Path, PathBuf};
use store::{Part, StoreConfig, StoreError};

/// What `bedside backup` takes.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml", global = true)]
    config: PathBuf,
    /// One JSON object instead of lines.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Makes the key that opens backups. Do this on a machine that is not the server.
    Keygen {
        /// Where to write it.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Makes a backup, beside a running server.
    Create {
        /// The folder for it.
        #[arg(long)]
        to: PathBuf,
        /// Who can open it: the age1… of keygen. May be given more than once.
        #[arg(long = "recipient", required = true)]
        recipients: Vec<String>,
    },
    /// Checks the signature and the sums of a backup; with an identity also every line in it.
    Verify {
        #[command(flatten)]
        which: Which,
        /// The file of keygen.
        #[arg(long)]
        identity: Option<PathBuf>,
    },
    /// Brings a backup back into the empty database that the settings name.
    Restore {
        #[command(flatten)]
        which: Which,
        /// The file of keygen.
        #[arg(long)]
        identity: PathBuf,
    },
    /// Brings a backup back into a scratch database, reads everything in it, and signs what was found.
    Drill {
        #[command(flatten)]
        which: Which,
        /// The file of keygen.
        #[arg(long)]
        identity: PathBuf,
        /// Where to write the evidence; beside the backup if absent.
        #[arg(long)]
        evidence: Option<PathBuf>,
    },
}

/// Which backup, and who must have signed it.
#[derive(clap::Args)]
struct Which {
    /// The `.json` file of the backup.
    manifest: PathBuf,
    /// The public key of the server that made it; that of this server if absent.
    #[arg(long)]
    signed_by: Option<String>,
}

#[derive(Serialize)]
struct Made {
    manifest: PathBuf,
    made_at: String,
    rows: u64,
    data_bytes: u64,
    keys_bytes: u64,
    signed_by: String,
}

/// Does what was asked.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: BackupArgs, out: &mut Terminal) -> Result<(), Failure> {
    let (config, json) = (args.config, args.json);
    match args.action {
        Action::Keygen { output } => keygen(&output, out),
        Action::Create { to, recipients } => {
            create(&Config::read(&config)?, &to, &recipients, json, out).await
        }
        Action::Verify { which, identity } => {
            let backup = opened(&Config::read(&config)?, &which)?;
            verify(&backup, identity.as_deref(), json, out)
        }
        Action::Restore { which, identity } => {
            let config = Config::read(&config)?;
            restore(&config, &opened(&config, &which)?, &identity, json, out).await
        }
        Action::Drill { which, identity, evidence } => {
            let config = Config::read(&config)?;
            let backup = opened(&config, &which)?;
            drill::run(&config, &backup, &identity_in(&identity)?, evidence, json, out).await
        }
    }
}

fn keygen(output: &Path, out: &mut Terminal) -> Result<(), Failure> {
    let identity = AgeIdentity::generate()?;
    let recipient = identity.recipient()?.to_text()?;
    let text = keys::Zeroizing::new(format!(
        "# Opens the backups of Bedside. Keep it off the server, and keep a copy.\n# public key: {recipient}\n{}\n",
        *identity.to_text()?
    ));
    if output.exists() {
        return Err(Failure::Usage(format!(
            "{} is already there; it was not changed",
            output.display()
        )));
    }
    crate::local_ca::write_private(output, &text)?;
    out.line(&format!("Wrote {}. Keep it off the server. Backups are made for:", output.display()));
    out.address(&recipient);
    Ok(())
}

async fn create(
    config: &Config,
    to: &Path,
    recipients: &[String],
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let recipients: Vec<AgeRecipient> =
        recipients.iter().map(|text| AgeRecipient::parse(text)).collect::<Result<_, _>>().map_err(
            |_| Failure::Usage("a recipient begins with age1: see bedside backup keygen".into()),
        )?;
    let kek = key_provider::open(config)?;
    let key_versions = kek.versions()?;
    let signer = key_provider::signer(config)?;
    let now = Clock::system().now();
    let made_at = now.to_rfc3339();
    let mut writer = files::Writer::begin(to, &made_at, &recipients)?;
    let store = StoreConfig::new(&config.data.database);
    let mut rows = 0_u64;
    let progress = &*out;
    let mut sink = |part: Part, line: &str| {
        rows += 1;
        if rows.is_multiple_of(1_000) {
            progress.progress(bench::Step { what: "rows sealed", done: 0, total: 0 });
        }
        writer.line(part, line).map_err(StoreError::from_io)
    };
    let summary = store::dump(&store, &mut sink).await;
    out.progress_end();
    let summary = summary.map_err(|error| match error {
        StoreError::NotFound => Failure::Usage("there is no database yet: bedside init".to_owned()),
        other => other.into(),
    })?;
    let provider = kek.provider().to_owned();
    let manifest = writer.finish(made_at, summary, provider, key_versions, &signer)?;
    let made = Made {
        rows: manifest.statement.dump.rows.values().sum(),
        manifest: manifest.path,
        made_at: manifest.statement.made_at,
        data_bytes: manifest.statement.data.bytes,
        keys_bytes: manifest.statement.keys.bytes,
        signed_by: signer.public_key(),
    };
    let bytes = made.data_bytes.saturating_add(made.keys_bytes);
    let done = BackupDone { made_at: now, rows: made.rows, bytes };
    on_record(config, Evidence::Backup, &done)?;
    if json {
        return print_json(&made, out);
    }
    out.line(&format!("Backup of {} rows: {}", made.rows, made.manifest.display()));
    out.line(&format!(
        "Delete its .keys.age after {} days: until then a destroyed key can come back from it.",
        config.keys.backups_live_days
    ));
    out.line("The key-encryption keys are not in it. Keep their own backup apart.");
    out.line(&format!("To check it elsewhere: --signed-by {}", made.signed_by));
    Ok(())
}

/// Lets the running server know.
fn on_record<T: Serialize>(config: &Config, kind: Evidence, done: &T) -> Result<(), Failure> {
    evidence::leave(config, kind, done).map_err(|error| {
        Failure::Usage(format!(
            "it was done and its files are good, but the record beside {} cannot be written, so the \
             server and reports do not know of it: {error}",
            config.data.keyring.display()
        ))
    })
}

fn verify(
    backup: &Backup,
    identity: Option<&Path>,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    backup.check_sums()?;
    let read = match identity {
        None => None,
        Some(path) => Some(backup.count_lines(&identity_in(path)?)?),
    };
    if json {
        let statement = &backup.statement;
        return print_json(&serde_json::json!({ "statement": statement, "lines_read": read }), out);
    }
    let rows: u64 = backup.statement.dump.rows.values().sum();
    out.line(&format!(
        "Signed, and the sums are right: {rows} rows of {}.",
        backup.statement.made_at
    ));
    match read {
        Some(lines) => out.line(&format!("Opened, and read to the end: {lines} lines.")),
        None => out.line("Not opened; for that add --identity."),
    }
    Ok(())
}

async fn restore(
    config: &Config,
    backup: &Backup,
    identity: &Path,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let identity = identity_in(identity)?;
    backup.check_sums()?;
    let kek = key_provider::open(config)?;
    let store = StoreConfig::new(&config.data.database);
    out.progress(bench::Step { what: "restoring", done: 0, total: 0 });
    let restored = files::restore(backup, &identity, &store).await;
    out.progress_end();
    let summary = restored?;
    let found = store::inspect(&store, kek).await?;
    if found.keys_fit == Some(false) {
        return Err(Failure::Usage(
            "everything was restored, but the keys do not open it. Put back the keys that belong to \
             this backup before the server starts"
                .to_owned(),
        ));
    }
    if json {
        return print_json(&summary, out);
    }
    let rows: u64 = summary.rows.values().sum();
    out.line(&format!(
        "Restored {rows} rows of {}, and the keys open them.",
        backup.statement.made_at
    ));
    out.line("Start the server, look at a visit, and run: bedside doctor");
    Ok(())
}

/// The backup of a manifest, if the right server signed it.
fn opened(config: &Config, which: &Which) -> Result<Backup, Failure> {
    let signed_by = match &which.signed_by {
        Some(key) => key.clone(),
        None => key_provider::signer(config)?.public_key(),
    };
    Manifest::read(&which.manifest, &signed_by)
}

fn identity_in(path: &Path) -> Result<AgeIdentity, Failure> {
    let text = keys::Zeroizing::new(std::fs::read_to_string(path).map_err(|e| {
        Failure::Usage(format!("the identity {} cannot be read ({})", path.display(), e.kind()))
    })?);
    AgeIdentity::parse(&text)
        .map_err(|_| Failure::Usage(format!("{} holds no AGE-SECRET-KEY-1…", path.display())))
}

fn print_json<T: Serialize>(value: &T, out: &mut Terminal) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    out.line(&text);
    Ok(())
}
