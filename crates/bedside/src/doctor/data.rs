//! What is kept: the keyring, the database, the space on the disk, and who may read the files.

use super::finding::{Check, Finding, first_do};
use crate::config::key_settings::KeyProvider;
use crate::config::{Certificate, Config};
use crate::error::Failure;
use crate::key_provider;
use keys::{Kek, KeyError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Inspection, StoreConfig, StoreError};

/// With less than this a clinic should make space, bytes.
const LITTLE_BYTES: u64 = 1024 * 1024 * 1024;
/// With less than this writes are about to fail, bytes.
const NONE_BYTES: u64 = 64 * 1024 * 1024;

/// The provider of the keys, opened if it can be.
pub fn keys(config: &Config) -> (Option<Arc<dyn Kek>>, Finding) {
    if config.keys.provider != KeyProvider::File || config.keys.previous.is_some() {
        return elsewhere(config);
    }
    let path = config.data.keyring.display();
    let failed = |code, says: String| Finding::failed(Check::Keys, code, says);
    let opened = match key_provider::open(config) {
        Err(Failure::Keys(error)) => Err(error),
        Err(other) => {
            let fix = "Look at [keys] in the settings: the sentence says what is wrong with it";
            return (None, failed("secret", format!("{other}.")).fix(fix));
        }
        Ok(keyring) => Ok(keyring),
    };
    match opened {
        Ok(keyring) => {
            let version = i64::from(keyring.current_version());
            let says = "The keyring is there and only its owner may read it.";
            (Some(keyring), Finding::ok(Check::Keys, "opens", says).figure("version", version))
        }
        Err(
            error @ (KeyError::Locked { .. }
            | KeyError::NotSealed { .. }
            | KeyError::WrongSecret { .. }),
        ) => {
            let fix = "Look at passphrase_file or credential in [keys] of the settings";
            (None, failed(error.code(), format!("{error}.")).fix(fix))
        }
        Err(KeyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            let says = format!("There is no keyring at {path}.");
            let fix = "If there is data already, put the keyring back from the backup before anything \
                       else. For a new clinic: bedside init";
            (None, failed("missing", says).fix(fix))
        }
        Err(KeyError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            let says =
                format!("This user may not read {path}, so keys and database were not looked at.");
            let finding = Finding::not_checked(Check::Keys, "not_ours", says);
            (
                None,
                finding
                    .fix("Run it as the user that owns the data: sudo -u bedside bedside doctor"),
            )
        }
        Err(error @ KeyError::TooOpen { .. }) => {
            (None, failed("too_open", format!("{error}.")).fix(format!("chmod 600 {path}")))
        }
        Err(error) => {
            let fix = "Put it back from the backup. Without it nothing can be read again";
            (None, failed("damaged", format!("{error}.")).fix(fix))
        }
    }
}

/// A provider that is not the file.
fn elsewhere(config: &Config) -> (Option<Arc<dyn Kek>>, Finding) {
    match key_provider::open(config) {
        Ok(kek) => {
            let version = i64::from(kek.current_version());
            let says = format!("The key provider {} answers.", kek.provider());
            let finding = Finding::ok(Check::Keys, "answers", says).figure("version", version);
            (Some(kek), finding)
        }
        Err(error) => {
            let code = match &error {
                Failure::Keys(error) => error.code(),
                _ => "key_settings",
            };
            let fix = "Mend what the sentence names, then: bedside keys health";
            (None, Finding::failed(Check::Keys, code, format!("{error}.")).fix(fix))
        }
    }
}

/// The database: reached, at the right schema, written to, and opened by the keys.
pub async fn database(config: &Config, kek: Option<Arc<dyn Kek>>, runs: bool) -> Finding {
    let Some(kek) = kek else {
        let says = "The database was not looked at, because the keys could not be opened.";
        return Finding::not_checked(Check::Database, "no_keys", says)
            .fix(first_do(&[Check::Keys]));
    };
    let store = StoreConfig::new(&config.data.database);
    judge(store::inspect(&store, kek).await, runs)
}

fn judge(found: Result<Inspection, StoreError>, runs: bool) -> Finding {
    let failed = |code, says: String| Finding::failed(Check::Database, code, says);
    let found = match found {
        Ok(found) => found,
        Err(StoreError::NotFound) => {
            return failed("missing", "The file of the database is not there.".to_owned())
                .fix("Put it back from the backup, or for a new clinic: bedside init");
        }
        Err(error) => return trouble(&error),
    };
    let (step, known) = (found.schema_step, found.known_step);
    let finding = if found.is_half_way {
        let says = format!("An upgrade of the database stopped half-way, at step {step}.");
        failed("half_way", says).fix("Restore the backup that was made before the upgrade")
    } else if step > known {
        let says =
            format!("The database is at step {step}, of a newer version; this one knows {known}.");
        failed("newer", says).fix("Use the newer program, or restore the backup made before it")
    } else if step < known && runs {
        let says = format!(
            "The database is at step {step}; this program would bring it to {known}. The \
                            server that runs is an older one."
        );
        Finding::warning(Check::Database, "older_server", says)
            .fix("Make a backup, then: systemctl restart bedside")
    } else if step < known {
        let says = format!("The database is at step {step}; the next start brings it to {known}.");
        Finding::warning(Check::Database, "older", says).fix("Make a backup before that start")
    } else if found.keys_fit == Some(false) {
        let says = "The keyring does not open the data in this database.".to_owned();
        failed("wrong_keys", says).fix("Put back the keyring that belongs to it, from the backup")
    } else {
        let says =
            format!("The database answers, takes a write, and is at step {step}, as it should be.");
        Finding::ok(Check::Database, "works", says)
    };
    finding.figure("schema_step", step).figure("known_step", known)
}

fn trouble(error: &StoreError) -> Finding {
    let fix = match error {
        StoreError::Busy => "Another program holds it for long. See which, and end that one",
        StoreError::Full => "Make space on its disk",
        StoreError::Unavailable(_) => {
            "PostgreSQL: is it up, and do role, password, pg_hba.conf and firewall let this machine in? \
             A file: does its disk answer?"
        }
        StoreError::Corrupt(_) => "Restore the backup",
        _ => "Look at data.database in the settings: the sentence says what is wrong with it",
    };
    Finding::failed(Check::Database, error.code(), format!("The database cannot be used: {error}."))
        .fix(fix)
}

/// Space where data is kept.
pub fn disk(config: &Config) -> Vec<Finding> {
    let mut folders = vec![parent(&config.data.keyring)];
    if let Some(file) = sqlite_file(&config.data.database) {
        let folder = parent(&file);
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.iter().map(|folder| space(folder)).collect()
}

fn space(folder: &Path) -> Finding {
    let shown = folder.display();
    match rustix::fs::statvfs(folder) {
        Ok(of) => judge_space(
            &shown.to_string(),
            of.f_bavail.saturating_mul(of.f_frsize),
            of.f_files == 0 || of.f_favail > 0,
        ),
        Err(_) => {
            let says = format!("{shown} cannot be looked at.");
            // namei names the first folder on the way that is missing, or closed to this user.
            let fix = format!(
                "See where the way ends: namei -l {shown}. It is set by data.keyring or data.database"
            );
            Finding::not_checked(Check::Disk, "unknown", says).fix(fix)
        }
    }
}

fn judge_space(folder: &str, free_bytes: u64, has_files_left: bool) -> Finding {
    let mib = free_bytes / (1024 * 1024);
    let fix = format!("Make space: df -h {folder}");
    let finding = if !has_files_left {
        let says = format!("No more files can be made below {folder}.");
        Finding::failed(Check::Disk, "no_files", says)
            .fix(format!("Delete small files: df -i {folder}"))
    } else if free_bytes < NONE_BYTES {
        Finding::failed(Check::Disk, "full", format!("Only {mib} MiB are free below {folder}."))
            .fix(fix)
    } else if free_bytes < LITTLE_BYTES {
        Finding::warning(Check::Disk, "little", format!("Only {mib} MiB are free below {folder}."))
            .fix(fix)
    } else {
        Finding::ok(Check::Disk, "space", format!("{} GiB are free below {folder}.", mib / 1024))
    };
    finding.figure("free_bytes", i64::try_from(free_bytes).unwrap_or(i64::MAX))
}

/// Files that hold secrets: only their owner may read them.
pub fn files(config: &Config, settings: &Path) -> Vec<Finding> {
    let mut secret: Vec<PathBuf> = vec![settings.to_owned()];
    if let Some(file) = sqlite_file(&config.data.database) {
        secret.push(file);
    }
    secret.extend(config.mail.as_ref().and_then(|m| m.password_file.clone()));
    secret.extend(config.telemetry.metrics_token_file.clone());
    match &config.web.certificate {
        Certificate::Files { key, .. } => secret.push(key.clone()),
        Certificate::Acme { .. } => secret.push(config.data.keyring.with_file_name("certificates")),
    }
    let mut findings: Vec<Finding> = secret.iter().filter_map(|path| permissions(path)).collect();
    if findings.is_empty() {
        let says = "Files with secrets can be read by their owner only.";
        findings.push(Finding::ok(Check::Files, "private", says));
    }
    findings
}

/// What is wrong with a file, if anything. A file that is not there is somebody else's finding.
fn permissions(path: &Path) -> Option<Finding> {
    let about = std::fs::metadata(path).ok()?;
    if about.mode() & 0o077 == 0 {
        return None;
    }
    let shown = path.display();
    let mode = if about.is_dir() { "700" } else { "600" };
    let says = format!("{shown} can be read or changed by others.");
    // A group of one's own that may read is how some systems hand out keys of certificates.
    let group_reads_only = about.mode() & 0o037 == 0;
    let finding = if group_reads_only {
        Finding::warning(Check::Files, "group", says)
    } else {
        Finding::failed(Check::Files, "too_open", says)
    };
    Some(finding.fix(format!("chmod {mode} {shown}")))
}

fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    Some(PathBuf::from(path))
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;
    use std::os::unix::fs::PermissionsExt as _;
    use store::Backend;

    #[test]
    fn a_database_is_judged_by_its_step_and_its_keys() {
        let at = |schema_step, is_half_way, keys_fit| {
            let backend = Backend::Sqlite;
            Ok(Inspection { backend, schema_step, known_step: 5, is_half_way, keys_fit })
        };
        let cases = [
            (at(5, false, Some(true)), true, Level::Ok, "works"),
            (at(5, false, None), false, Level::Ok, "works"),
            (at(5, false, Some(false)), false, Level::Failed, "wrong_keys"),
            (at(4, false, None), false, Level::Warning, "older"),
            (at(4, false, None), true, Level::Warning, "older_server"),
            (at(6, false, None), true, Level::Failed, "newer"),
            (at(5, true, None), false, Level::Failed, "half_way"),
            (Err(StoreError::NotFound), false, Level::Failed, "missing"),
            (Err(StoreError::Busy), true, Level::Failed, "store_busy"),
            (Err(StoreError::Full), true, Level::Failed, "store_full"),
        ];
        for (found, runs, level, code) in cases {
            let finding = judge(found, runs);
            assert_eq!((finding.level(), finding.code), (level, code), "{}", finding.says);
            assert_eq!(finding.fix().is_some(), level != Level::Ok);
        }
    }

    #[test]
    fn little_space_is_a_warning_and_none_a_failure() {
        let code = |bytes, files| judge_space("/var", bytes, files).code;
        assert_eq!(code(LITTLE_BYTES, true), "space");
        assert_eq!(code(LITTLE_BYTES - 1, true), "little");
        assert_eq!(code(NONE_BYTES - 1, true), "full");
        assert_eq!(code(LITTLE_BYTES, false), "no_files");
        let away = space(Path::new("/nowhere/at/all"));
        assert_eq!(away.level(), Level::NotChecked);
        assert!(away.fix().is_some_and(|fix| fix.contains("namei -l /nowhere/at/all")));
    }

    #[test]
    fn a_file_that_others_may_read_is_named_with_its_command() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "x").expect("a file");
        for (mode, level) in [
            (0o600, None),
            (0o400, None),
            (0o640, Some(Level::Warning)),
            (0o644, Some(Level::Failed)),
            (0o660, Some(Level::Failed)),
        ] {
            let permissions_of = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions_of).expect("a mode");
            let found = permissions(&path);
            assert_eq!(found.as_ref().map(|f| f.level()), level, "{mode:o}");
            assert!(
                found.is_none_or(|f| f.fix().is_some_and(|fix| fix.starts_with("chmod 600 /")))
            );
        }
        assert!(permissions(&folder.path().join("none")).is_none());
    }
}
