//! What commands leave on record for the running server: the newest backup, drill and report.
//!
//! Each is a file beside the keyring, signed by this server's key for statements. Not a row: a database
//! that is restored must not bring an older word about backups with it.

use crate::config::Config;
use crate::error::Failure;
use crate::files;
use crate::key_provider;
use keys::{Signer, verify_signed};
use protocol::system::{BackupDone, DrillDone, Evidence, ReportDone};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use server::{Surrounding, Surroundings};
use std::path::{Path, PathBuf};

/// A record with its name, so that one cannot be taken for another.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<T> {
    what: String,
    done: T,
}

/// Leaves a record, in place of the one before.
///
/// # Errors
/// [`Failure`] when it cannot be signed or written.
pub fn leave<T: Serialize>(config: &Config, kind: Evidence, done: &T) -> Result<(), Failure> {
    let text = key_provider::signer(config)?.sign(&Record { what: what(kind).to_owned(), done })?;
    files::replace(&folder(config).join(file(kind)), &text)
}

/// Where the records are, and whose signature counts.
pub struct Records {
    folder: PathBuf,
    public_key: String,
}

impl Records {
    /// Those beside this keyring.
    #[must_use]
    pub fn beside(keyring: &Path, signer: &Signer) -> Self {
        Self { folder: parent(keyring), public_key: signer.public_key() }
    }

    /// Those of this server.
    ///
    /// # Errors
    /// [`Failure`] when the key of statements cannot be read.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        Ok(Self::beside(&config.data.keyring, &key_provider::signer(config)?))
    }

    /// One record: `Ok(None)` when there is none, `Err` when it is not one of this server.
    fn read<T: DeserializeOwned>(&self, kind: Evidence) -> Result<Option<T>, Evidence> {
        let text = match std::fs::read_to_string(self.folder.join(file(kind))) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|_| kind)?,
        };
        let statement = verify_signed(&text, &self.public_key).map_err(|_| kind)?;
        let record: Record<T> = serde_json::from_value(statement).map_err(|_| kind)?;
        if record.what == what(kind) { Ok(Some(record.done)) } else { Err(kind) }
    }
}

impl Surroundings for Records {
    fn look(&self) -> Surrounding {
        let mut around =
            Surrounding { free_bytes: free_bytes(&self.folder), ..Surrounding::default() };
        let backup: Result<Option<BackupDone>, _> = self.read(Evidence::Backup);
        let drill: Result<Option<DrillDone>, _> = self.read(Evidence::Drill);
        let report: Result<Option<ReportDone>, _> = self.read(Evidence::Report);
        around.not_believed.extend(backup.as_ref().err());
        around.not_believed.extend(drill.as_ref().err());
        around.not_believed.extend(report.as_ref().err());
        around.backup = backup.unwrap_or_default();
        around.drill = drill.unwrap_or_default();
        around.report = report.unwrap_or_default();
        around
    }
}

const fn file(kind: Evidence) -> &'static str {
    match kind {
        Evidence::Backup => "newest-backup.json",
        Evidence::Drill => "newest-drill.json",
        Evidence::Report => "newest-report.json",
    }
}

const fn what(kind: Evidence) -> &'static str {
    match kind {
        Evidence::Backup => "a backup was made",
        Evidence::Drill => "a backup was restored and read in full",
        Evidence::Report => "every probe of a report ran",
    }
}

fn folder(config: &Config) -> PathBuf {
    parent(&config.data.keyring)
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let of = rustix::fs::statvfs(folder).ok()?;
    Some(of.f_bavail.saturating_mul(of.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use visit::Timestamp;

    fn records(folder: &Path) -> (Records, Signer) {
        let signer = Signer::create_or_open(&folder.join("evidence.key")).expect("a key");
        (Records::beside(&folder.join("keyring.json"), &signer), signer)
    }

    fn put(folder: &Path, signer: &Signer, kind: Evidence, name: Evidence) {
        let done = BackupDone { made_at: Timestamp(7), rows: 3, bytes: 9 };
        let record = Record { what: what(name).to_owned(), done };
        let text = signer.sign(&record).expect("signs");
        std::fs::write(folder.join(file(kind)), text).expect("writes");
    }

    #[test]
    fn only_what_this_server_signed_is_believed_and_only_for_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, signer) = records(folder.path());
        let look = || Surrounding { free_bytes: None, ..ours.look() };
        assert!(ours.look().free_bytes.is_some_and(|bytes| bytes > 0));
        assert_eq!(look(), Surrounding::default(), "nothing there, nothing wrong");

        put(folder.path(), &signer, Evidence::Backup, Evidence::Backup);
        let backup = Some(BackupDone { made_at: Timestamp(7), rows: 3, bytes: 9 });
        assert_eq!(look(), Surrounding { backup, ..Surrounding::default() });

        // The record of a backup under the name of a drill.
        put(folder.path(), &signer, Evidence::Drill, Evidence::Backup);
        assert_eq!(look().not_believed, [Evidence::Drill]);

        let path = folder.path().join(file(Evidence::Backup));
        let text = std::fs::read_to_string(&path).expect("reads");
        std::fs::write(&path, text.replace(":3,", ":4,")).expect("writes");
        assert_eq!(look().not_believed, [Evidence::Backup, Evidence::Drill], "altered");

        let other = tempfile::tempdir().expect("a folder");
        let (_, stranger) = records(other.path());
        put(folder.path(), &stranger, Evidence::Backup, Evidence::Backup);
        assert!(look().backup.is_none(), "another server signed it");
    }
}
