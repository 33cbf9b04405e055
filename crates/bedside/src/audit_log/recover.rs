//! `bedside audit recover --from-tiles`.

use super::folder::{Files, broken};
use super::public_key;
use crate::compose;
use crate::config::Config;
use crate::error::Failure;
use crate::key_provider;
use crate::terminal::Terminal;
use audit::tile::{TileKind, TilePath, read_bundle};
use audit::{CHECKPOINT_PATH, Checkpoint, Trust, verify_log};
use server::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use store::{LogTrouble, StoreError};

/// What it takes.
#[derive(clap::Args)]
pub struct RecoverArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml")]
    config: PathBuf,
    /// Take the entries from the files of the log, which are ahead of the database.
    #[arg(long, required = true)]
    from_tiles: bool,
}

/// Checks the files, and puts what the database lacks back into it.
///
/// # Errors
/// [`Failure`], with what to do. The database is as before then.
pub async fn run(args: RecoverArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let config = Config::read(&args.config)?;
    let files = Files::Folder(config.audit.folder_path(&config.data.keyring));
    let trust = Trust { log: public_key(&config)?, witnesses: Vec::new(), earlier: Vec::new() };
    let verified = verify_log(&trust, &mut |path| files.get(path), &mut |_, _| {});
    verified.map_err(|error| broken(&format!("The files of the log cannot be used: {error}")))?;
    let note = files.get(CHECKPOINT_PATH)?.unwrap_or_default();
    let opened = Checkpoint::open(&note, &trust.log).map_err(|e| broken(&e.to_string()));
    let (checkpoint, note) = opened?;
    // They were all read a moment ago; what cannot be read now shows as a root that does not fit.
    let bundle = |path: TilePath| {
        let bytes = files.tile(path).unwrap_or_default();
        let entries = read_bundle(&bytes, path.width).unwrap_or_default();
        entries.into_iter().map(<[u8]>::to_vec).collect()
    };
    let bundles = TilePath::of_log(TileKind::Entries, checkpoint.size).map(bundle);
    let store = compose::open_store(&config.data.database, key_provider::open(&config)?).await?;
    let now = Clock::system().now();
    let done = store.recover_audit(now, &checkpoint, &note, bundles).await;
    store.close(Clock::system().now()).await?;
    match done {
        Ok(entries) => out
            .line(&format!("Put {entries} entries back. Start the server; it goes on from there.")),
        Err(LogTrouble::Store(StoreError::Conflict)) => {
            out.line("Nothing is missing: the database holds all entries that were signed.");
        }
        Err(trouble) => return Err(trouble.into()),
    }
    Ok(ExitCode::SUCCESS)
}
