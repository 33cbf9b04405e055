//! The provider for one machine: a file of versioned 256-bit keys that only its owner may read.
//!
//! The file is replaced as a whole (write beside it, fsync, rename, fsync the folder), so a crash
//! leaves the old file or the new one, never half of one. Losing the file loses everything that is
//! sealed: back it up apart from the database. A file that another process replaced is noticed at the
//! next use, so a version made beside a running server is in force at once.
//!
//! With an [`Unlock`] the keys in the file are sealed: a stolen file alone opens nothing.
//!
//! A wrapped key is `format 1 | key version | nonce (12) | ciphertext (32) | tag (16)`.

mod file;

use crate::private_file::Place;
use crate::{KEY_BYTES, Kek, KeyContext, KeyError, Unlock, WrapHeader, Zeroizing};
use aws_lc_rs::{aead, rand};
use file::{Stamp, VersionedKey, newest, read_file, write_file};
use std::io;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

const WRAP_FORMAT: u8 = 1;
const HEADER_BYTES: usize = WrapHeader::BYTES + aead::NONCE_LEN;
const WRAPPED_BYTES: usize = HEADER_BYTES + KEY_BYTES + 16;

/// A file of versioned key-encryption keys. See the module for the file's rules.
pub struct FileKeyring {
    path: PathBuf,
    unlock: Option<Unlock>,
    held: RwLock<Held>,
}

struct Held {
    /// Sorted by version, never empty; the last one wraps.
    keys: Vec<VersionedKey>,
    /// The file that they were read from.
    stamp: Stamp,
}

impl FileKeyring {
    /// Opens the keyring at `path`; makes one with a fresh key when there is none.
    ///
    /// Two programs that start at once on the same path end with the same keyring.
    ///
    /// # Errors
    /// As [`Self::open`], and [`KeyError::Io`] when the file cannot be made.
    pub fn create_or_open(path: impl Into<PathBuf>) -> Result<Self, KeyError> {
        Self::create_or_open_sealed(path, None)
    }

    /// The same for a keyring that is sealed with `unlock`.
    ///
    /// # Errors
    /// As [`Self::create_or_open`] and [`Self::open_sealed`].
    pub fn create_or_open_sealed(
        path: impl Into<PathBuf>,
        unlock: Option<Unlock>,
    ) -> Result<Self, KeyError> {
        let path = path.into();
        match read_file(&path, unlock.as_ref()) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            read => return Ok(Self::holding(path, unlock, read?)),
        }
        let keys = [VersionedKey::fresh(1)?];
        match write_file(&path, &keys, unlock.as_ref(), Place::New) {
            // Somebody else was faster: theirs is the keyring.
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            written => written?,
        }
        Self::open_sealed(path, unlock)
    }

    /// Opens an existing keyring that is not sealed.
    ///
    /// # Errors
    /// [`KeyError::Io`] when it cannot be read, [`KeyError::TooOpen`] when others may read it,
    /// [`KeyError::Damaged`] when it is not a keyring, [`KeyError::Locked`] when it is sealed.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyError> {
        Self::open_sealed(path, None)
    }

    /// Opens an existing keyring, sealed with `unlock` if there is one.
    ///
    /// # Errors
    /// As [`Self::open`]; [`KeyError::WrongSecret`] for another secret than the file's,
    /// [`KeyError::NotSealed`] when it is sealed with none.
    pub fn open_sealed(path: impl Into<PathBuf>, unlock: Option<Unlock>) -> Result<Self, KeyError> {
        let path = path.into();
        let read = read_file(&path, unlock.as_ref())?;
        Ok(Self::holding(path, unlock, read))
    }

    /// Seals the file with `unlock` from now on, whether it was sealed before or not.
    ///
    /// # Errors
    /// [`KeyError::WrongSecret`] when the secret is too short to be one, [`KeyError::Io`] when the
    /// file cannot be replaced; it is then as it was.
    pub fn seal(self, unlock: Unlock) -> Result<Self, KeyError> {
        let (keys, _) = read_file(&self.path, self.unlock.as_ref())?;
        write_file(&self.path, &keys, Some(&unlock), Place::Replace)?;
        Self::open_sealed(self.path, Some(unlock))
    }

    fn holding(path: PathBuf, unlock: Option<Unlock>, read: (Vec<VersionedKey>, Stamp)) -> Self {
        let held = RwLock::new(Held { keys: read.0, stamp: read.1 });
        Self { path, unlock, held }
    }

    /// The keys of the file as it is now. A file that is gone or cannot be read changes nothing here:
    /// what is in memory still opens the data, and [`Kek::health`] says what is wrong.
    fn keys(&self) -> RwLockReadGuard<'_, Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Ok(now) = Stamp::of(&self.path) else { return held };
        if now == held.stamp {
            return held;
        }
        drop(held);
        if let Ok((keys, stamp)) = read_file(&self.path, self.unlock.as_ref()) {
            *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { keys, stamp };
        }
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the file, changes its keys and replaces it, while nobody else in this process does.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<VersionedKey>) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        // Another process may have changed it since this one opened the file.
        let (mut keys, _) = read_file(&self.path, self.unlock.as_ref())?;
        let result = change(&mut keys)?;
        write_file(&self.path, &keys, self.unlock.as_ref(), Place::Replace)?;
        *held = Held { keys, stamp: Stamp::of(&self.path)? };
        Ok(result)
    }
}

impl Held {
    fn cipher(&self, version: u32) -> Result<aead::LessSafeKey, KeyError> {
        let key = self.keys.iter().find(|k| k.version == version);
        let key = key.ok_or(KeyError::UnknownVersion(version))?;
        let unbound = aead::UnboundKey::new(&aead::AES_256_GCM, key.bytes.as_slice())
            .map_err(|_| KeyError::Crypto)?;
        Ok(aead::LessSafeKey::new(unbound))
    }
}

impl Kek for FileKeyring {
    fn provider(&self) -> &'static str {
        "file"
    }

    fn waits(&self) -> bool {
        false
    }

    fn current_version(&self) -> u32 {
        newest(&self.keys().keys)
    }

    fn versions(&self) -> Result<Vec<u32>, KeyError> {
        Ok(self.keys().keys.iter().map(|k| k.version).collect())
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let held = self.keys();
        let version = newest(&held.keys);
        let mut nonce = [0; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Crypto)?;
        let mut out = Vec::with_capacity(WRAPPED_BYTES);
        WrapHeader { format: WRAP_FORMAT, version }.write(&mut out);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(key);
        let tag = held
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
        let nonce = &wrapped[WrapHeader::BYTES..HEADER_BYTES];
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Open)?;
        let mut buffer = Zeroizing::new(wrapped[HEADER_BYTES..].to_vec());
        let plain = self
            .keys()
            .cipher(version)?
            .open_in_place(nonce, aead::Aad::from(context.to_bytes(version)), &mut buffer)
            .map_err(|_| KeyError::Open)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(plain);
        Ok(key)
    }

    fn create(&self) -> Result<u32, KeyError> {
        self.change(|keys| {
            let version = newest(keys).checked_add(1).ok_or(KeyError::Crypto)?;
            keys.push(VersionedKey::fresh(version)?);
            Ok(version)
        })
    }

    /// The file is replaced by one without the key. What the disk, a snapshot or a backup of the file
    /// still holds is not reached.
    fn destroy(&self, version: u32) -> Result<(), KeyError> {
        self.change(|keys| {
            if newest(keys) == version {
                return Err(KeyError::InUse(version));
            }
            let place = keys.iter().position(|k| k.version == version);
            keys.remove(place.ok_or(KeyError::UnknownVersion(version))?);
            Ok(())
        })
    }

    /// The file is there, private and holds the version in use.
    fn health(&self) -> Result<(), KeyError> {
        let current = self.current_version();
        let (on_disk, _) = read_file(&self.path, self.unlock.as_ref())?;
        if on_disk.iter().any(|k| k.version == current) {
            Ok(())
        } else {
            Err(KeyError::UnknownVersion(current))
        }
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        let (version, _) = WrapHeader::read(wrapped, WRAP_FORMAT)?;
        if wrapped.len() == WRAPPED_BYTES { Ok(version) } else { Err(KeyError::Open) }
    }
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
