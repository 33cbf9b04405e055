//! Files that are written whole or not at all.

use crate::error::Failure;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes a file for its owner only: beside its place, synced, renamed.
///
/// # Errors
/// [`Failure::Io`]; the file is as before then.
pub fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    let beside = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut new = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    Ok(())
}
