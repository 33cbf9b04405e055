//! What can go wrong with keys. No variant carries key material or plaintext.

use std::path::PathBuf;

/// A failure of a key operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The value does not open: altered, cut short, in the wrong place, or under another key.
    #[error("the sealed value does not open with this key in this place")]
    Open,
    /// The value was wrapped under a version of the key-encryption key that the provider lacks.
    #[error("key version {0} is not in the keyring; restore the keyring that holds it")]
    UnknownVersion(u32),
    /// The first byte names a format that this program does not know.
    #[error("unknown format {0} of a sealed value; it was written by a newer version")]
    UnknownFormat(u8),
    /// Other users of the machine may read the key file.
    #[error("the key file {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file is not a key file, or is damaged.
    #[error("the key file {path} is damaged: {what}; restore it from the backup")]
    Damaged {
        /// The key file.
        path: PathBuf,
        /// What is wrong, in words; never a part of the file.
        what: &'static str,
    },
    /// The file system refused.
    #[error("the key file {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The system's random number generator failed, or a cipher refused its input.
    #[error("the cryptographic library refused")]
    Crypto,
}

impl KeyError {
    /// A stable code for pages, logs and alerts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open => "key_open_failed",
            Self::UnknownVersion(_) => "key_version_unknown",
            Self::UnknownFormat(_) => "key_format_unknown",
            Self::TooOpen { .. } => "key_file_too_open",
            Self::Damaged { .. } => "key_file_damaged",
            Self::Io { .. } => "key_file_io",
            Self::Crypto => "key_crypto",
        }
    }
}
