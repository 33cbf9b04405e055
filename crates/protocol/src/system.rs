//! Body of the HTTP call that says how the server itself is. Same rules as [`crate::http`].
//!
//! It holds figures, codes, and names that stand in the settings. Nothing in it is about a patient.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use visit::Timestamp;

/// A backup that is older is late, hours. What the proposed rule asks: 45 CFR 164.308(a)(13), 90 FR 898.
pub const MAX_BACKUP_AGE_H: i64 = 48;
/// A drill that is older is late, days.
pub const MAX_DRILL_AGE_DAYS: i64 = 30;

/// `GET /api/system`.
#[derive(Serialize, Deserialize, TS)]
pub struct SystemState {
    /// When this was looked at.
    pub now: Timestamp,
    /// Version of the program.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// The audit log.
    pub log: LogState,
    /// The key-encryption keys.
    pub keys: KeysState,
    /// Backups that this server knows of, and their drills.
    pub backup: BackupState,
    /// The newest compliance report; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub report: Option<ReportDone>,
    /// Records that are there but were not signed by this server: they count for nothing.
    pub not_believed: Vec<Evidence>,
    /// The database and the disk.
    pub storage: StorageState,
}

/// The audit log.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LogState {
    /// Entries under the newest checkpoint.
    #[ts(type = "number")]
    pub entries: u64,
    /// Entries that are kept and have no place yet. A few of them are usual.
    #[ts(type = "number")]
    pub waiting: u64,
    /// When a checkpoint was signed last; absent when none was since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signed_at: Option<Timestamp>,
    /// Why nothing is signed just now; absent when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trouble: Option<LogTrouble>,
    /// Everybody who vouches for the log, in the order of the settings.
    pub witnesses: Vec<WitnessState>,
}

/// Why the audit log is not signed.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LogTrouble {
    /// What it is.
    pub kind: LogTroubleKind,
    /// The code that stands in the server's own log.
    pub code: String,
    /// Since when.
    pub since: Timestamp,
}

/// The kinds of trouble. All but the first need a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogTroubleKind {
    /// Database or disk do not answer. It is tried again, and passes by itself.
    Passing,
    /// The database is older than the log's files: `bedside audit recover --from-tiles`.
    Shorter,
    /// A witness signed a longer log than this one: the data was restored from an older copy.
    /// `bedside audit recover --from-tiles`.
    WitnessAhead,
    /// The database holds other entries than those that were signed, or a witness signed others: somebody
    /// changed something. Keep everything as it is.
    Forked,
    /// `audit.key` is another one than before: put the old one back.
    OtherKey,
    /// Entries or files are damaged: `bedside audit verify` says which.
    Damaged,
}

/// One witness.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WitnessState {
    /// Its name, from its key in the settings.
    pub name: String,
    /// What came of asking it last.
    pub standing: WitnessStanding,
    /// Entries under the checkpoint that it signed last; absent when it signed none since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub entries: Option<u64>,
    /// When it signed last; absent as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signed_at: Option<Timestamp>,
}

/// What came of asking a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WitnessStanding {
    /// Not asked yet since the start.
    NotAsked,
    /// It signed.
    Signed,
    /// It cannot be reached.
    Away,
    /// It refuses: key or address in the settings are wrong, or it does not know this log.
    Refused,
    /// It signed a longer log than this one.
    Ahead,
    /// It signed another history.
    Forked,
}

/// The key-encryption keys.
#[derive(Serialize, Deserialize, TS)]
pub struct KeysState {
    /// Who keeps them: `file` or `pkcs11`, say.
    pub provider: String,
    /// Whether the provider works.
    pub healthy: bool,
    /// Why not, as a code; absent when it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trouble: Option<String>,
    /// The version that wraps new data keys.
    pub current_version: u32,
    /// The oldest version that still wraps a data key; 0 is another provider. Absent without data keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub oldest_in_use: Option<u32>,
    /// Data keys that the newest version does not wrap yet: what is left of a rotation.
    #[ts(type = "number")]
    pub to_rewrap: u64,
    /// Every version that there is or that wraps something, the oldest first.
    pub versions: Vec<KeyVersion>,
}

/// A version of the key-encryption key.
#[derive(Serialize, Deserialize, TS)]
pub struct KeyVersion {
    /// Its number; 0 stands for another provider, which data keys still have to leave.
    pub version: u32,
    /// Data keys that it wraps.
    #[ts(type = "number")]
    pub data_keys: u64,
}

/// Backups and drills, as the commands left them on record at this server.
#[derive(Serialize, Deserialize, TS)]
pub struct BackupState {
    /// The newest backup; absent when none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub newest: Option<BackupDone>,
    /// There is none, or it is older than [`MAX_BACKUP_AGE_H`].
    pub late: bool,
    /// The newest drill that went well; absent when none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub drill: Option<DrillDone>,
    /// There is none, or it is older than [`MAX_DRILL_AGE_DAYS`].
    pub drill_late: bool,
}

/// `bedside backup create` ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupDone {
    /// When it was made.
    pub made_at: Timestamp,
    /// Rows in it.
    #[ts(type = "number")]
    pub rows: u64,
    /// Bytes of its files.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// `bedside backup drill` ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrillDone {
    /// When it was run.
    pub made_at: Timestamp,
    /// When the backup was made that it brought back.
    pub backup_made_at: Timestamp,
    /// From the first byte that was read to the last value that was opened, milliseconds.
    #[ts(type = "number")]
    pub took_ms: u64,
    /// Rows that came back.
    #[ts(type = "number")]
    pub rows: u64,
}

/// `bedside compliance report` ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportDone {
    /// When.
    pub made_at: Timestamp,
    /// Controls that probes proved.
    pub proved: u32,
    /// Controls that somebody gave their word on.
    pub attested: u32,
    /// Controls that somebody said do not apply.
    pub not_applicable: u32,
    /// Controls with neither.
    pub open: u32,
}

/// What a command leaves on record at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Of the newest backup.
    Backup,
    /// Of the newest drill.
    Drill,
    /// Of the newest report.
    Report,
}

/// Where data is.
#[derive(Serialize, Deserialize, TS)]
pub struct StorageState {
    /// `sqlite` or `postgres`.
    pub database: String,
    /// How large the database is, bytes; absent when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub database_bytes: Option<u64>,
    /// Space that is left where the server keeps its files, bytes; absent when the disk does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub free_bytes: Option<u64>,
}
