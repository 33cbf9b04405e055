//! `[keys]` of the settings file: who keeps the key-encryption keys.

use serde::Deserialize;
use std::path::PathBuf;

/// Where the key-encryption keys are, and how long backups live.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Who keeps them.
    #[serde(default)]
    pub provider: KeyProvider,
    /// Who kept them before, while data keys move: `bedside keys rotate`.
    #[serde(default)]
    pub previous: Option<KeyProvider>,
    /// A file whose first line is the passphrase of the keyring.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// The name of the systemd credential that the keyring is sealed with.
    #[serde(default)]
    pub credential: Option<String>,
    /// A PKCS#11 token.
    #[serde(default)]
    pub pkcs11: Option<Pkcs11>,
    /// How long a backup is kept, days. A certificate of destroyed keys names this time.
    #[serde(default = "default_backup_days")]
    pub backups_live_days: u32,
}

const fn default_backup_days() -> u32 {
    30
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            provider: KeyProvider::File,
            previous: None,
            passphrase_file: None,
            credential: None,
            pkcs11: None,
            backups_live_days: default_backup_days(),
        }
    }
}

impl Keys {
    /// What cannot work, in words.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        let uses = |provider| self.provider == provider || self.previous == Some(provider);
        if self.previous == Some(self.provider) {
            return Some("keys.previous is the same as keys.provider; take it out");
        }
        if uses(KeyProvider::Pkcs11) && self.pkcs11.is_none() {
            return Some("keys.provider is pkcs11: say which token in [keys.pkcs11]");
        }
        if self.passphrase_file.is_some() && self.credential.is_some() {
            return Some(
                "the keyring is sealed with keys.passphrase_file or keys.credential, not both",
            );
        }
        let odd = |name: &String| name.is_empty() || name.contains('/') || name.starts_with('.');
        if self.credential.as_ref().is_some_and(odd) {
            return Some("keys.credential is the plain name of a systemd credential");
        }
        if self.backups_live_days == 0 || self.backups_live_days > 3_650 {
            return Some("keys.backups_live_days is 1 to 3650");
        }
        None
    }
}

/// Who keeps the key-encryption keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProvider {
    /// The file `data.keyring`.
    #[default]
    File,
    /// A PKCS#11 token.
    Pkcs11,
}

/// A PKCS#11 token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11 {
    /// The module of the token's maker.
    pub library: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the keys.
    #[serde(default = "default_key_label")]
    pub label: String,
    /// A file whose first line is the user PIN.
    pub pin_file: PathBuf,
}

fn default_key_label() -> String {
    "bedside".to_owned()
}
