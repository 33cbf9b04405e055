//! `bedside audit`: whether the log of who did what is whole, and proofs about it. Decides nothing; what
//! is right is crate `audit`'s to say.

mod export;
mod folder;
mod http;
mod prove;
mod recover;
mod verify;
mod witness;
pub mod witnessing;

pub use folder::Files;

use crate::compose;
use crate::config::Config;
use crate::error::Failure;
use crate::terminal::Terminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `bedside audit` takes.
#[derive(clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Check a whole log: every entry, every hash, every signature. Ends with 0 when all is well, 2 when
    /// something was changed, 3 when something is missing, 4 when no witness vouches for it any more.
    Verify(verify::VerifyArgs),
    /// Write the proof that one entry is in the log, to be checked by anybody without the log.
    Prove(prove::ProveArgs),
    /// Check such a proof.
    CheckProof(prove::CheckArgs),
    /// Write the log as a file: JSON lines that can be checked against the tree, or FHIR for other systems.
    /// That it was taken is itself on record.
    Export(export::ExportArgs),
    /// After the database was restored from an older copy: put the entries back that it lacks. Stop the
    /// server first.
    Recover(recover::RecoverArgs),
    /// Run a witness of other people's logs. It signs a checkpoint only if it goes on from the last one.
    Witness(witness::WitnessArgs),
    /// Print the public key of this server's log, for whoever is to check it.
    Key {
        /// The settings file.
        #[arg(short, long, default_value = "bedside.toml")]
        config: PathBuf,
    },
}

/// Runs it.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: AuditArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Verify(args) => verify::run(args, out).await,
        Action::Prove(args) => prove::prove(args, out),
        Action::CheckProof(args) => prove::check(&args, out),
        Action::Export(args) => export::run(args, out).await,
        Action::Recover(args) => recover::run(args, out).await,
        Action::Witness(args) => witness::run(args, out).await,
        Action::Key { config } => {
            out.line(&public_key(&Config::read(&config)?)?.to_text());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The public half of the key in the settings.
fn public_key(config: &Config) -> Result<audit::VerifyKey, Failure> {
    let path = config.audit.key_path(&config.data.keyring);
    let text = keys::read_secret(&path)?;
    Ok(compose::read_key(&path, &text)?.public())
}

fn parse_key(text: &str) -> Result<audit::VerifyKey, audit::NoteError> {
    audit::VerifyKey::parse(text)
}
