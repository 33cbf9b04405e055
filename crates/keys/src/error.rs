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
    /// The keyring is sealed, and no passphrase or credential was given.
    #[error(
        "the key file {path} is sealed; name its passphrase_file or credential in [keys] of the settings"
    )]
    Locked {
        /// The key file.
        path: PathBuf,
    },
    /// The keyring is not sealed, though the settings name what it is sealed with.
    #[error("the key file {path} is not sealed yet; run: bedside keys seal")]
    NotSealed {
        /// The key file.
        path: PathBuf,
    },
    /// The passphrase or credential is not the one that the keyring was sealed with.
    #[error(
        "the passphrase or credential does not open the key file {path}; use the one it was sealed with"
    )]
    WrongSecret {
        /// The key file.
        path: PathBuf,
    },
    /// The passphrase or credential is too short to protect anything.
    #[error(
        "a passphrase for {path} has at least 12 characters, a credential at least 32 random bytes"
    )]
    SecretTooShort {
        /// The key file.
        path: PathBuf,
    },
    /// Another provider wrapped this key.
    #[error("this key was wrapped by the provider {0}; set keys.provider = \"{0}\"")]
    OtherProvider(&'static str),
    /// The version that wraps now cannot be destroyed.
    #[error("key version {0} is in use; make a newer one first: bedside keys rotate")]
    InUse(u32),
    /// The provider holds the version, but it is disabled or waits for its deletion.
    #[error("key version {version} is {state} at {provider}; enable it there, or restore it")]
    Disabled {
        /// The provider's name in the settings.
        provider: &'static str,
        /// Which version.
        version: u32,
        /// In words: `disabled` or `pending deletion`.
        state: &'static str,
    },
    /// The provider does not let this program do it.
    #[error("{provider} refuses: {what}")]
    Refused {
        /// The provider's name in the settings.
        provider: &'static str,
        /// What is refused, with the next step; never anything that the provider quoted.
        what: &'static str,
    },
    /// The provider is not set up as it has to be.
    #[error("{provider} is not set up: {what}")]
    Setup {
        /// The provider's name in the settings.
        provider: &'static str,
        /// What is missing, with the next step.
        what: String,
    },
    /// The provider does not answer. Passing.
    #[error(
        "{provider} does not answer ({what}); look whether it runs and whether a firewall is between"
    )]
    Unreachable {
        /// The provider's name in the settings.
        provider: &'static str,
        /// What happened.
        what: &'static str,
    },
    /// The provider has too much to do. Passing.
    #[error("{provider} has too much to do; it is asked again")]
    Busy {
        /// The provider's name in the settings.
        provider: &'static str,
    },
    /// The provider answered something that it should not.
    #[error("{provider} gave an answer that makes no sense ({what}); is its address right?")]
    BadAnswer {
        /// The provider's name in the settings.
        provider: &'static str,
        /// What is wrong with it.
        what: &'static str,
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
            Self::Locked { .. } => "key_file_locked",
            Self::NotSealed { .. } => "key_file_not_sealed",
            Self::WrongSecret { .. } => "key_file_wrong_secret",
            Self::SecretTooShort { .. } => "key_file_secret_too_short",
            Self::OtherProvider(_) => "key_other_provider",
            Self::InUse(_) => "key_version_in_use",
            Self::Disabled { .. } => "key_disabled",
            Self::Refused { .. } => "key_refused",
            Self::Setup { .. } => "key_setup",
            Self::Unreachable { .. } => "key_unreachable",
            Self::Busy { .. } => "key_busy",
            Self::BadAnswer { .. } => "key_bad_answer",
            Self::Crypto => "key_crypto",
        }
    }

    /// Whether the same call may succeed a little later, without anybody changing anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }
}
