//! A file with one short secret text that only its owner may read: the signing key of the audit log,
//! the key of a witness. It is made once and never replaced.

use crate::private_file::{self, Place};
use crate::{KeyError, Zeroizing};
use std::io;
use std::path::Path;

/// No secret text is nearly as long, in bytes.
const MAX_BYTES: usize = 4_096;

/// Reads the file.
///
/// # Errors
/// [`KeyError::Io`] when it cannot be read, [`KeyError::TooOpen`] when others may read it,
/// [`KeyError::Damaged`] when it holds no short text.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let damaged = |what| KeyError::Damaged { path: path.to_owned(), what };
    let (bytes, _) = private_file::read(path)?;
    if bytes.len() > MAX_BYTES {
        return Err(damaged("not a short text"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged("not a text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Reads the file; makes it with the text of `make` when there is none. Two programs that start at once
/// on the same path end with the same text.
///
/// # Errors
/// As [`read_secret`], what `make` gives, and [`KeyError::Io`] when the file cannot be made.
pub fn read_or_make_secret(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<String>, KeyError>,
) -> Result<Zeroizing<String>, KeyError> {
    match read_secret(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let text = make()?;
    match private_file::write(path, text.as_bytes(), Place::New) {
        // Somebody else was faster: theirs is the secret.
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
            read_secret(path)
        }
        done => done.map(|()| text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn made() -> Result<Zeroizing<String>, KeyError> {
        Ok(Zeroizing::new("text\n".to_owned()))
    }

    #[test]
    fn a_secret_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        assert!(matches!(read_secret(&path), Err(KeyError::Io { .. })));
        assert_eq!(*read_or_make_secret(&path, made).expect("made"), "text\n");
        let other = || Ok(Zeroizing::new("other\n".to_owned()));
        assert_eq!(*read_or_make_secret(&path, other).expect("read"), "text\n");
        assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        assert!(matches!(read_secret(&path), Err(KeyError::TooOpen { mode: 0o640, .. })));
    }
}
