//! The provider for one machine: a file of versioned 256-bit keys that only its owner may read.
//!
//! The file is replaced as a whole (write beside it, fsync, rename, fsync the folder), so a crash
//! leaves the old file or the new one, never half of one. Losing the file loses everything that is
//! sealed: back it up apart from the database.
//!
//! A wrapped key is `format (1 byte) | key version (4, big-endian) | nonce (12) | ciphertext (32) |
//! tag (16)`.

use crate::{KEY_BYTES, Kek, KeyContext, KeyError, Zeroizing};
use aws_lc_rs::{aead, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use zeroize::Zeroize as _;

const WRAP_FORMAT: u8 = 1;
const FILE_FORMAT: u32 = 1;
const HEADER_BYTES: usize = 1 + 4 + aead::NONCE_LEN;
const WRAPPED_BYTES: usize = HEADER_BYTES + KEY_BYTES + 16;
/// A keyring holds a handful of short lines; anything larger is not one.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The text form of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    format: u32,
    keys: Vec<FileKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    version: u32,
    key: String,
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

struct VersionedKey {
    version: u32,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// A file of versioned key-encryption keys. See the module for the file's rules.
pub struct FileKeyring {
    path: PathBuf,
    /// Sorted by version, never empty; the last one wraps.
    keys: RwLock<Vec<VersionedKey>>,
}

impl FileKeyring {
    /// Opens the keyring at `path`; makes one with a fresh key when there is none.
    ///
    /// Two programs that start at once on the same path end with the same keyring.
    ///
    /// # Errors
    /// As [`Self::open`], and [`KeyError::Io`] when the file cannot be made.
    pub fn create_or_open(path: impl Into<PathBuf>) -> Result<Self, KeyError> {
        let path = path.into();
        match Self::open(&path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let keys = vec![VersionedKey { version: 1, bytes: fresh_key()? }];
        match write_file(&path, &keys, Place::New) {
            Ok(()) => Ok(Self { path, keys: RwLock::new(keys) }),
            // Somebody else was faster: theirs is the keyring.
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                Self::open(&path)
            }
            Err(other) => Err(other),
        }
    }

    /// Opens an existing keyring.
    ///
    /// # Errors
    /// [`KeyError::Io`] when it cannot be read, [`KeyError::TooOpen`] when others may read it,
    /// [`KeyError::Damaged`] when it is not a keyring.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyError> {
        let path = path.into();
        let keys = read_file(&path)?;
        Ok(Self { path, keys: RwLock::new(keys) })
    }

    /// Adds a new version, which wraps from now on. Old versions stay and still unwrap.
    /// Returns the new version.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the file cannot be replaced; the old keyring then stays in force.
    pub fn rotate(&self) -> Result<u32, KeyError> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        // Another process may have rotated since this one opened the file.
        let mut next = read_file(&self.path)?;
        let version = newest(&next).checked_add(1).ok_or(KeyError::Crypto)?;
        next.push(VersionedKey { version, bytes: fresh_key()? });
        write_file(&self.path, &next, Place::Replace)?;
        *keys = next;
        Ok(version)
    }

    fn cipher(&self, version: u32) -> Result<aead::LessSafeKey, KeyError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key =
            keys.iter().find(|k| k.version == version).ok_or(KeyError::UnknownVersion(version))?;
        let unbound = aead::UnboundKey::new(&aead::AES_256_GCM, key.bytes.as_slice())
            .map_err(|_| KeyError::Crypto)?;
        Ok(aead::LessSafeKey::new(unbound))
    }
}

impl Kek for FileKeyring {
    fn current_version(&self) -> u32 {
        newest(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let version = self.current_version();
        let mut nonce = [0; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Crypto)?;
        let mut out = Vec::with_capacity(WRAPPED_BYTES);
        out.push(WRAP_FORMAT);
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(key);
        let tag = self
            .cipher(version)?
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(context.to_bytes(version)),
                &mut out[HEADER_BYTES..],
            )
            .map_err(|_| KeyError::Crypto)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let version = self.version_of(wrapped)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(&wrapped[5..HEADER_BYTES])
            .map_err(|_| KeyError::Open)?;
        let mut buffer = Zeroizing::new(wrapped[HEADER_BYTES..].to_vec());
        let plain = self
            .cipher(version)?
            .open_in_place(nonce, aead::Aad::from(context.to_bytes(version)), &mut buffer)
            .map_err(|_| KeyError::Open)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(plain);
        Ok(key)
    }

    /// The file is there, private and holds the version in use.
    fn health(&self) -> Result<(), KeyError> {
        let current = self.current_version();
        let on_disk = read_file(&self.path)?;
        if on_disk.iter().any(|k| k.version == current) {
            Ok(())
        } else {
            Err(KeyError::UnknownVersion(current))
        }
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        match wrapped.first() {
            Some(&WRAP_FORMAT) if wrapped.len() == WRAPPED_BYTES => {}
            Some(&WRAP_FORMAT) | None => return Err(KeyError::Open),
            Some(&other) => return Err(KeyError::UnknownFormat(other)),
        }
        Ok(u32::from_be_bytes([wrapped[1], wrapped[2], wrapped[3], wrapped[4]]))
    }
}

fn newest(keys: &[VersionedKey]) -> u32 {
    keys.last().map_or(0, |k| k.version)
}

fn fresh_key() -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
    Ok(bytes)
}

fn read_file(path: &Path) -> Result<Vec<VersionedKey>, KeyError> {
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
    let form: FileForm =
        serde_json::from_slice(&text).map_err(|_| damaged("not the form of a keyring"))?;
    if form.format != FILE_FORMAT {
        return Err(damaged("unknown format number"));
    }
    let mut keys = Vec::with_capacity(form.keys.len());
    for entry in &form.keys {
        let decoded =
            Zeroizing::new(BASE64.decode(&entry.key).map_err(|_| damaged("a key is not base 64"))?);
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if decoded.len() != KEY_BYTES {
            return Err(damaged("a key is not 256 bits long"));
        }
        bytes.copy_from_slice(&decoded);
        if entry.version <= newest(&keys) {
            return Err(damaged("versions are not in rising order"));
        }
        keys.push(VersionedKey { version: entry.version, bytes });
    }
    if keys.is_empty() {
        return Err(damaged("no key in it"));
    }
    Ok(keys)
}

/// Whether the file must not exist yet.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    New,
    Replace,
}

fn write_file(path: &Path, keys: &[VersionedKey], place: Place) -> Result<(), KeyError> {
    let form = FileForm {
        format: FILE_FORMAT,
        keys: keys
            .iter()
            .map(|k| FileKey { version: k.version, key: BASE64.encode(k.bytes.as_slice()) })
            .collect(),
    };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&form).map_err(|_| KeyError::Crypto)?);
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
        file.write_all(&text)?;
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

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
