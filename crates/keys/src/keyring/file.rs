//! The file of a keyring: its form, its reading and its replacement.

use crate::private_file::{self, Place};
use crate::unlock::{Refusal, SALT_BYTES, SealForm, SealKey};
use crate::{KEY_BYTES, KeyError, Unlock, Zeroizing};
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use zeroize::Zeroize as _;

/// Keys in the clear.
const PLAIN_FORMAT: u32 = 1;
/// Keys sealed under a secret.
const SEALED_FORMAT: u32 = 2;

/// The text form of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<SealForm>,
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

pub(super) struct VersionedKey {
    pub(super) version: u32,
    pub(super) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl VersionedKey {
    pub(super) fn fresh(version: u32) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
        Ok(Self { version, bytes })
    }
}

/// The newest version; 0 without keys.
pub(super) fn newest(keys: &[VersionedKey]) -> u32 {
    keys.last().map_or(0, |k| k.version)
}

/// Which file it is: a replaced one has another number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    number: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self, KeyError> {
        let meta =
            fs::metadata(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        Ok(Self::from(&meta))
    }

    fn from(meta: &fs::Metadata) -> Self {
        let (device, number) = (meta.dev(), meta.ino());
        Self { device, number, changed_s: meta.ctime(), changed_ns: meta.ctime_nsec() }
    }
}

pub(super) fn read_file(
    path: &Path,
    unlock: Option<&Unlock>,
) -> Result<(Vec<VersionedKey>, Stamp), KeyError> {
    let damaged = |what| KeyError::Damaged { path: path.to_owned(), what };
    let (text, meta) = private_file::read(path)?;
    let form: FileForm =
        serde_json::from_slice(&text).map_err(|_| damaged("not the form of a keyring"))?;
    let opener = opener(path, &form, unlock)?;
    let mut keys = Vec::with_capacity(form.keys.len());
    for entry in &form.keys {
        let decoded =
            Zeroizing::new(BASE64.decode(&entry.key).map_err(|_| damaged("a key is not base 64"))?);
        let bytes = match &opener {
            Some(opener) => opener
                .open(entry.version, &decoded)
                .map_err(|_| KeyError::WrongSecret { path: path.to_owned() })?,
            None => {
                let mut bytes = Zeroizing::new([0; KEY_BYTES]);
                if decoded.len() != KEY_BYTES {
                    return Err(damaged("a key is not 256 bits long"));
                }
                bytes.copy_from_slice(&decoded);
                bytes
            }
        };
        if entry.version <= newest(&keys) {
            return Err(damaged("versions are not in rising order"));
        }
        keys.push(VersionedKey { version: entry.version, bytes });
    }
    if keys.is_empty() {
        return Err(damaged("no key in it"));
    }
    Ok((keys, Stamp::from(&meta)))
}

/// What the keys of a file open with; nothing when they are in the clear.
fn opener(
    path: &Path,
    form: &FileForm,
    unlock: Option<&Unlock>,
) -> Result<Option<SealKey>, KeyError> {
    let damaged = |what| KeyError::Damaged { path: path.to_owned(), what };
    match (form.format, &form.seal, unlock) {
        (PLAIN_FORMAT, None, None) => Ok(None),
        (PLAIN_FORMAT, None, Some(_)) => Err(KeyError::NotSealed { path: path.to_owned() }),
        (SEALED_FORMAT, Some(_), None) => Err(KeyError::Locked { path: path.to_owned() }),
        (SEALED_FORMAT, Some(seal), Some(unlock)) => {
            let salt =
                BASE64.decode(seal.salt()).map_err(|_| damaged("its salt is not base 64"))?;
            if salt.len() != SALT_BYTES {
                return Err(damaged("its salt has another length"));
            }
            match SealKey::derive(unlock, seal, &salt) {
                Ok(key) => Ok(Some(key)),
                Err(Refusal::Numbers) => Err(damaged("its numbers are out of range")),
                Err(Refusal::OtherKind | Refusal::TooShort) => {
                    Err(KeyError::WrongSecret { path: path.to_owned() })
                }
            }
        }
        (PLAIN_FORMAT | SEALED_FORMAT, ..) => Err(damaged("its seal does not fit its format")),
        _ => Err(damaged("unknown format number")),
    }
}

/// Writes the file as a whole; sealed with `unlock` under a fresh salt, if there is one.
pub(super) fn write_file(
    path: &Path,
    keys: &[VersionedKey],
    unlock: Option<&Unlock>,
    place: Place,
) -> Result<(), KeyError> {
    let sealer = unlock.map(|unlock| sealer(path, unlock)).transpose()?;
    let entries = keys.iter().map(|k| {
        let key = match &sealer {
            Some((_, key)) => BASE64.encode(key.seal(k.version, &k.bytes)?),
            None => BASE64.encode(k.bytes.as_slice()),
        };
        Ok(FileKey { version: k.version, key })
    });
    let form = FileForm {
        format: if sealer.is_some() { SEALED_FORMAT } else { PLAIN_FORMAT },
        keys: entries.collect::<Result<_, KeyError>>()?,
        seal: sealer.map(|(form, _)| form),
    };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&form).map_err(|_| KeyError::Crypto)?);
    private_file::write(path, &text, place)
}

fn sealer(path: &Path, unlock: &Unlock) -> Result<(SealForm, SealKey), KeyError> {
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| KeyError::Crypto)?;
    let form = SealForm::fresh(unlock, BASE64.encode(salt));
    match SealKey::derive(unlock, &form, &salt) {
        Ok(key) => Ok((form, key)),
        Err(Refusal::TooShort) => Err(KeyError::SecretTooShort { path: path.to_owned() }),
        Err(_) => Err(KeyError::Crypto),
    }
}
