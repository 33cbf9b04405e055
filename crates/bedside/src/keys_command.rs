//! `bedside keys`: versions of the key-encryption key, rotation, and destruction for ever.
//!
//! Everything here works beside a running server.

use crate::config::Config;
use crate::error::Failure;
use crate::key_provider;
use crate::serve;
use crate::terminal::Terminal;
use audit::{Actor, Event, Kind};
use keys::{FileKeyring, Kek};
use serde::Serialize;
use server::Clock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use visit::{Duration, Timestamp, VisitId};

/// Data keys that are wrapped anew in one step.
const STEP: u32 = 200;

/// What `bedside keys` takes.
#[derive(clap::Args)]
pub struct KeysArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml", global = true)]
    config: PathBuf,
    /// JSON instead of words: one object; from rotate one line for each step before it.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Lists the versions of the key and how many data keys each wraps.
    List,
    /// Asks the provider whether it can work now.
    Health,
    /// Makes a new version and wraps all data keys under it. Stopped half-way, it goes on with --resume.
    Rotate {
        /// Make no new version; only wrap what is still under an older one.
        #[arg(long)]
        resume: bool,
    },
    /// Destroys a version that wraps nothing any more.
    Retire {
        /// Which version.
        version: u32,
    },
    /// Seals the keyring file with the passphrase or credential that the settings name.
    Seal,
    /// Destroys the key of a visit that is over, so that nobody can read it again, and prints a signed
    /// certificate.
    Destroy {
        /// The visit's id, as the board's address shows it.
        visit: String,
        /// Yes, for ever.
        #[arg(long)]
        yes: bool,
    },
    /// Checks a certificate or evidence that this server signed.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct Listing {
    provider: &'static str,
    current_version: u32,
    /// Data keys by version; 0 are those of another provider.
    data_keys: BTreeMap<u32, u64>,
}

/// How far a rotation is, in a line of JSON. When it is printed, so much is done for good.
#[derive(Serialize)]
struct Progress {
    seen: u64,
    rewrapped: u64,
    total: u64,
}

#[derive(Serialize)]
struct Rotation {
    version: u32,
    rewrapped: u64,
    data_keys: u64,
}

/// What is signed when a key was destroyed.
#[derive(Serialize)]
struct Certificate<'a> {
    what: &'static str,
    visit: &'a str,
    /// Keys of what the audit log says of patients of whom no other visit is kept.
    audit_keys: Vec<String>,
    destroyed_at: String,
    /// Up to then a backup made before may still hold the key.
    backups_hold_it_until: String,
    backups_live_days: u32,
    provider: &'static str,
}

/// Does what was asked.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: KeysArgs, out: &mut Terminal) -> Result<(), Failure> {
    let config = Config::read(&args.config)?;
    match args.action {
        Action::Health => health(&config, args.json, out),
        Action::Seal => seal(&config, out),
        Action::Check { file } => check(&config, &file, out),
        action => {
            let moves = matches!(action, Action::Rotate { .. });
            let kek = if moves {
                key_provider::open_to_move(&config)?
            } else {
                key_provider::open(&config)?
            };
            let store = serve::open_with(&config, Arc::clone(&kek)).await?;
            let done = with_store(&store, kek, &config, action, args.json, out).await;
            store.close(Clock::system().now()).await?;
            done
        }
    }
}

async fn with_store(
    store: &Store,
    kek: Arc<dyn Kek>,
    config: &Config,
    action: Action,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    match action {
        Action::Rotate { resume } => {
            // Moving to another provider: its first version is the new one.
            let make = !resume && config.keys.previous.is_none();
            rotate(store, &kek, make, json, out).await
        }
        Action::Retire { version } => retire(store, &kek, version, out).await,
        Action::Destroy { visit, yes } => destroy(store, &kek, config, &visit, yes, out).await,
        _ => list(store, &kek, json, out).await,
    }
}

async fn list(
    store: &Store,
    kek: &Arc<dyn Kek>,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let mut data_keys = store.keys_by_version().await?;
    for version in kek.versions()? {
        data_keys.entry(version).or_default();
    }
    let current_version = kek.current_version();
    let listing = Listing { provider: kek.provider(), current_version, data_keys };
    if json {
        return print_json(&listing, out);
    }
    out.title(&format!("Keys at {}", listing.provider));
    for (version, count) in &listing.data_keys {
        let note = match *version {
            0 => "of another provider; run: bedside keys rotate --resume",
            version if version == current_version => "wraps new ones",
            _ if *count == 0 => "not needed any more",
            _ => "older; run: bedside keys rotate --resume",
        };
        out.line(&format!("version {version:<4} {count:>9} data keys   {note}"));
    }
    Ok(())
}

fn health(config: &Config, json: bool, out: &mut Terminal) -> Result<(), Failure> {
    let kek = key_provider::open(config)?;
    kek.health()?;
    if json {
        let (provider, version) = (kek.provider(), kek.current_version());
        return print_json(&serde_json::json!({ "provider": provider, "version": version }), out);
    }
    out.line(&format!("{} answers. Version {} wraps.", kek.provider(), kek.current_version()));
    Ok(())
}

async fn rotate(
    store: &Store,
    kek: &Arc<dyn Kek>,
    make: bool,
    json: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    if make {
        let version = kek.create()?;
        let event = Event::new(Kind::KeyRotated, Actor::System).count("version", version.into());
        store.begin(store.default_org(), now()).await?.commit_with(vec![event]).await?;
    }
    let total = store.count_data_keys().await?;
    let (mut after, mut seen, mut rewrapped) = (None, 0, 0);
    loop {
        let step = store.rewrap_some(after.as_ref(), STEP, now()).await;
        let step = step.inspect_err(|_| out.progress_end())?;
        seen += step.seen;
        rewrapped += step.rewrapped;
        if json {
            print_json_line(&Progress { seen, rewrapped, total }, out)?;
        }
        let what = "data keys wrapped anew";
        out.progress(bench::Step { what, done: seen.min(total), total });
        match step.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    out.progress_end();
    let done = Rotation { version: kek.current_version(), rewrapped, data_keys: seen };
    if json {
        return print_json_line(&done, out);
    }
    out.line(&format!(
        "Version {} wraps all {} data keys; {} were wrapped anew.",
        done.version, done.data_keys, done.rewrapped
    ));
    out.line("Back the keys up now. Older versions stay until: bedside keys retire <version>");
    Ok(())
}

async fn retire(
    store: &Store,
    kek: &Arc<dyn Kek>,
    version: u32,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let still = store.keys_by_version().await?.get(&version).copied().unwrap_or(0);
    if still > 0 {
        return Err(Failure::Usage(format!(
            "version {version} still wraps {still} data keys; nothing was destroyed. First: bedside \
             keys rotate --resume"
        )));
    }
    kek.destroy(version)?;
    out.line(&format!(
        "Version {version} is destroyed. Backups of the database from before the rotation cannot be \
         opened without a backup of the keys from then."
    ));
    Ok(())
}

async fn destroy(
    store: &Store,
    kek: &Arc<dyn Kek>,
    config: &Config,
    visit: &str,
    yes: bool,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let id = VisitId::parse(visit).map_err(|_| {
        Failure::Usage("this is no id of a visit; nothing was destroyed".to_owned())
    })?;
    if !yes {
        return Err(Failure::Usage(
            "names, notes, chat and measurements of this visit would be lost for ever; nothing was \
             destroyed. If that is what you want, add --yes"
                .to_owned(),
        ));
    }
    // Whatever could go wrong with the certificate goes wrong before the key is gone.
    let signer = key_provider::signer(config)?;
    let at = now();
    let mut tx = store.begin(store.default_org(), at).await?;
    match tx.destroy_visit_now(id).await {
        Err(store::StoreError::NotFound) => {
            let text = "there is no such visit, or its key is destroyed already";
            return Err(Failure::Usage(text.to_owned()));
        }
        Err(store::StoreError::Conflict) => {
            let text =
                "this visit is not over yet, or a legal hold is on it; nothing was destroyed";
            return Err(Failure::Usage(text.to_owned()));
        }
        other => other?,
    }
    let days = config.keys.backups_live_days;
    let until = at.plus(Duration::from_days(days.into()));
    let certificate = signer.sign(&Certificate {
        what: "the data key of a visit was destroyed",
        visit,
        audit_keys: tx.audit_keys_destroyed(),
        destroyed_at: at.to_rfc3339(),
        backups_hold_it_until: until.to_rfc3339(),
        backups_live_days: days,
        provider: kek.provider(),
    })?;
    let event = Event::new(Kind::KeyDestroyed, Actor::System).visit(id);
    tx.commit_with(vec![event.count("backups_live_days", days.into())]).await?;
    out.line(&certificate);
    Ok(())
}

fn seal(config: &Config, out: &mut Terminal) -> Result<(), Failure> {
    let Some(unlock) = key_provider::unlock(config)? else {
        return Err(Failure::Usage(
            "name keys.passphrase_file or keys.credential in the settings first; nothing was changed"
                .to_owned(),
        ));
    };
    let path = &config.data.keyring;
    let keyring = match FileKeyring::open(path) {
        Err(keys::KeyError::Locked { .. }) => {
            // Sealed already: a secret that opens it is all there is to check.
            FileKeyring::open_sealed(path, Some(unlock))?;
            out.line("The keyring is sealed with it already.");
            return Ok(());
        }
        opened => opened?,
    };
    keyring.seal(unlock)?;
    out.line(&format!(
        "{} is sealed now. Restart the server: systemctl restart bedside",
        path.display()
    ));
    out.line("Backups of the file from before are not sealed. Destroy them, or rotate the keys.");
    Ok(())
}

fn check(config: &Config, file: &std::path::Path, out: &mut Terminal) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file)?;
    let signer = key_provider::signer(config)?;
    let statement = keys::verify_signed(&text, &signer.public_key()).map_err(|_| {
        Failure::Usage("this was not signed by this server, or was altered since".to_owned())
    })?;
    out.line("Signed by this server, and not altered:");
    print_json(&statement, out)
}

fn print_json<T: Serialize>(value: &T, out: &mut Terminal) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    out.line(&text);
    Ok(())
}

fn print_json_line<T: Serialize>(value: &T, out: &mut Terminal) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(std::io::Error::from)?;
    out.line(&text);
    Ok(())
}

fn now() -> Timestamp {
    Clock::system().now()
}
