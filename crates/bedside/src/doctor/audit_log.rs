//! The audit log: whether what was signed is still all there, and whether its witnesses agree.

use super::finding::{Check, Finding, first_do};
use crate::audit_log::witnessing::{self, Line};
use crate::compose;
use crate::config::Config;
use audit::{CHECKPOINT_PATH, Checkpoint, Note};
use keys::Kek;
use protocol::system::WitnessStanding;
use server::log_status::Contradiction;
use std::path::Path;
use std::sync::Arc;
use store::LogTrouble;

const RECOVER: &str = "Bring the newest copy of the log's folder if this one is old, stop the server, then: \
                       bedside audit recover --from-tiles";
const KEEP: &str =
    "Keep database and folder as they are, and look for who changed them: bedside audit verify";
const START: &str =
    "First do what the line database says, and start the server. Then run this again";

/// Everything about it. `kek`: none when the database cannot be looked into.
pub async fn audit_log(config: &Config, kek: Option<Arc<dyn Kek>>) -> Vec<Finding> {
    let folder = config.audit.folder_path(&config.data.keyring);
    let signed = match signed_entries(&folder) {
        Ok(signed) => signed,
        Err(says) => {
            let finding = Finding::failed(Check::AuditLog, "files", says);
            return vec![
                finding.fix("Look at who may read it; if it is damaged: bedside audit verify"),
            ];
        }
    };
    let mut findings = vec![match kek {
        None => {
            let says = "The audit log was not compared with the database, which cannot be opened.";
            Finding::not_checked(Check::AuditLog, "no_database", says)
                .fix(first_do(&[Check::Keys, Check::Database]))
        }
        Some(kek) => match placed_entries(config, kek).await {
            Ok(placed) => compared(placed, signed),
            // A database that answers and is still not read is at another step, or has no data yet.
            Err(says) => Finding::not_checked(Check::AuditLog, "no_database", says).fix(START),
        },
    }];
    match config.audit.witnesses.iter().map(Line::new).collect::<Result<Vec<_>, _>>() {
        Ok(mut lines) => {
            findings
                .extend(witnessing::words(folder, &mut lines).await.into_iter().filter_map(word));
        }
        Err(error) => {
            let finding = Finding::failed(Check::AuditLog, "witness_setting", format!("{error}."));
            findings.push(finding.fix("Mend [audit] in the settings"));
        }
    }
    findings
}

/// Entries under the checkpoint in the folder; `None` before the first.
fn signed_entries(folder: &Path) -> Result<Option<u64>, String> {
    let path = folder.join(CHECKPOINT_PATH);
    let cannot = |why: &dyn std::fmt::Display| format!("{} cannot be used: {why}.", path.display());
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| cannot(&error.kind()))?,
    };
    let note = Note::parse(&bytes).map_err(|error| cannot(&error))?;
    Ok(Some(Checkpoint::parse(&note.text).map_err(|error| cannot(&error))?.size))
}

/// Entries that have a place in the database.
async fn placed_entries(config: &Config, kek: Arc<dyn Kek>) -> Result<u64, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("The database was not asked: {error}.");
    let store = compose::store_beside(&config.data.database, kek).await;
    let counts = store.map_err(|error| cannot(&error))?.audit_counts().await;
    Ok(counts.map_err(|error| cannot(&error))?.1.unwrap_or(0))
}

fn compared(placed: u64, signed: Option<u64>) -> Finding {
    let figure = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let finding = match signed {
        // The server may sign between the two looks; then the database is ahead, never behind.
        Some(signed) if signed > placed => {
            let trouble = LogTrouble::Shorter { database: placed, promised: signed };
            Finding::failed(Check::AuditLog, trouble.code(), sentence(&trouble)).fix(RECOVER)
        }
        Some(_) => {
            let says = "The audit log has every entry that was signed.";
            Finding::ok(Check::AuditLog, "whole", says)
        }
        None => Finding::ok(Check::AuditLog, "empty", "The audit log was not signed yet."),
    };
    finding.figure("entries", figure(placed)).figure("signed", figure(signed.unwrap_or(0)))
}

/// What a witness says, if it is worth a line.
fn word((standing, found): (WitnessStanding, Option<Contradiction>)) -> Option<Finding> {
    if let Some(found) = found {
        let trouble = LogTrouble::from(found);
        let fix = if matches!(found, Contradiction::Ahead { .. }) { RECOVER } else { KEEP };
        return Some(Finding::failed(Check::AuditLog, trouble.code(), sentence(&trouble)).fix(fix));
    }
    match standing {
        WitnessStanding::Signed => {
            let says = "A witness vouches for the audit log.";
            Some(Finding::ok(Check::AuditLog, "witnessed", says))
        }
        WitnessStanding::Away => {
            let says = "A witness of the audit log cannot be reached.";
            let fix = "Look whether it runs, and at its url in [audit] of the settings";
            Some(Finding::warning(Check::AuditLog, "witness_away", says).fix(fix))
        }
        WitnessStanding::Refused => {
            let says = "A witness of the audit log refuses to sign.";
            let fix =
                "Look at key and url in [audit] of the settings, and whether it knows this log";
            Some(Finding::warning(Check::AuditLog, "witness_refuses", says).fix(fix))
        }
        WitnessStanding::NotAsked => {
            let says = "Files of the audit log are damaged, so its witnesses were not asked.";
            let fix = "The next start writes them again: systemctl restart bedside";
            Some(Finding::warning(Check::AuditLog, "files_damaged", says).fix(fix))
        }
        WitnessStanding::Ahead | WitnessStanding::Forked => None,
    }
}

/// A trouble as a sentence of its own.
fn sentence(trouble: &LogTrouble) -> String {
    let text = trouble.to_string();
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_database_with_fewer_entries_than_were_signed_is_a_failure() {
        for (placed, signed, level, code) in [
            (9, Some(9), Level::Ok, "whole"),
            (10, Some(9), Level::Ok, "whole"),
            (8, Some(9), Level::Failed, "audit_shorter"),
            (0, Some(1), Level::Failed, "audit_shorter"),
            (0, None, Level::Ok, "empty"),
        ] {
            let finding = compared(placed, signed);
            assert_eq!((finding.level(), finding.code), (level, code), "{}", finding.says);
            assert_eq!(finding.fix().is_some(), level == Level::Failed);
        }
    }

    #[test]
    fn a_witness_that_contradicts_is_a_failure_and_one_that_is_away_a_warning() {
        let ahead = Some(Contradiction::Ahead { ours: 1, theirs: 2 });
        let finding = word((WitnessStanding::Ahead, ahead)).expect("a line");
        assert_eq!((finding.level(), finding.code), (Level::Failed, "audit_witness_ahead"));
        assert!(finding.fix().is_some_and(|fix| fix.contains("recover --from-tiles")));
        let forked = word((WitnessStanding::Forked, Some(Contradiction::Forked { ours: 1 })));
        assert_eq!(forked.expect("a line").code, "audit_witness_forked");
        let away = word((WitnessStanding::Away, None)).expect("a line");
        assert_eq!((away.level(), away.code), (Level::Warning, "witness_away"));
        assert_eq!(word((WitnessStanding::Signed, None)).expect("a line").level(), Level::Ok);
    }
}
