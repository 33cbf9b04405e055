//! What the page about the server itself needs and the server does not know by itself. Given by the
//! composition root, which knows the program, its folder and its commands.

use crate::log_status::LogStatus;
use protocol::system::{BackupDone, DrillDone, Evidence, ReportDone};
use std::sync::Arc;
use visit::Timestamp;

/// The part of a running server that is for its operator.
pub struct Operator {
    /// Version of the program.
    pub version: &'static str,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// How the signing of the audit log goes.
    pub log: LogStatus,
    /// What is around the server.
    pub surroundings: Arc<dyn Surroundings>,
}

/// Looks at the files that commands left, and at the disk.
pub trait Surroundings: Send + Sync {
    /// What is there now. Reads files, so it is asked on a thread that may block.
    fn look(&self) -> Surrounding;
}

/// What was there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Surrounding {
    /// The newest backup.
    pub backup: Option<BackupDone>,
    /// The newest drill that went well.
    pub drill: Option<DrillDone>,
    /// The newest report.
    pub report: Option<ReportDone>,
    /// Records that this server did not sign.
    pub not_believed: Vec<Evidence>,
    /// Space that is left where the server keeps its files, bytes; `None` when nobody can say.
    pub free_bytes: Option<u64>,
}
