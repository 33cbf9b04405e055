//! Files that hold keys: readable by their owner only, and replaced as a whole.

use crate::{KeyError, Zeroizing};
use aws_lc_rs::rand;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Files of keys hold a handful of short lines; anything larger is not one.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whether the file must not exist yet.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    New,
    Replace,
}

/// The whole file, if only its owner can read it.
pub(crate) fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), KeyError> {
    let io_error = |source| KeyError::Io { path: path.to_owned(), source };
    let damaged = |what| KeyError::Damaged { path: path.to_owned(), what };
    let mut file = File::open(path).map_err(io_error)?;
    let meta = file.metadata().map_err(io_error)?;
    if !meta.is_file() {
        return Err(damaged("not a regular file"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode: meta.mode() & 0o777 });
    }
    if meta.len() > MAX_FILE_BYTES {
        return Err(damaged("too large"));
    }
    // One allocation of the right size: growing would leave copies of the keys behind.
    let size = usize::try_from(meta.len()).map_err(|_| damaged("too large"))?;
    let mut text = Zeroizing::new(vec![0; size]);
    file.read_exact(&mut text).map_err(io_error)?;
    Ok((text, meta))
}

/// Writes beside it, fsyncs, renames, fsyncs the folder: a crash leaves the old file or the new one.
pub(crate) fn write(path: &Path, text: &[u8], place: Place) -> Result<(), KeyError> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let io_error = |source| KeyError::Io { path: path.to_owned(), source };

    let mut suffix = [0; 8];
    rand::fill(&mut suffix).map_err(|_| KeyError::Crypto)?;
    let mut temp_name = path.file_name().unwrap_or_default().to_owned();
    temp_name.push(format!(".{:016x}.new", u64::from_be_bytes(suffix)));
    let temp = folder.join(temp_name);

    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temp)?;
        file.write_all(text)?;
        file.sync_all()?;
        match place {
            // A link, unlike a rename, refuses to replace a file that appeared meanwhile.
            Place::New => {
                fs::hard_link(&temp, path)?;
                fs::remove_file(&temp)?;
            }
            Place::Replace => fs::rename(&temp, path)?,
        }
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // Best effort: the temporary file holds keys, and the first error is the one to tell.
        let _ = fs::remove_file(&temp);
    }
    written.map_err(io_error)
}
