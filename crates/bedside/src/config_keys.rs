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
    /// HashiCorp Vault or OpenBao.
    #[serde(default)]
    pub vault: Option<Vault>,
    /// AWS KMS.
    #[serde(default)]
    pub aws_kms: Option<AwsKms>,
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
            vault: None,
            aws_kms: None,
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
        if uses(KeyProvider::Vault) {
            match self.vault.as_ref().map(Vault::mistake) {
                None => return Some("keys.provider is vault: say which one in [keys.vault]"),
                Some(Some(mistake)) => return Some(mistake),
                Some(None) => {}
            }
        }
        if uses(KeyProvider::AwsKms) {
            match self.aws_kms.as_ref().map(AwsKms::mistake) {
                None => {
                    return Some("keys.provider is aws-kms: say which region in [keys.aws_kms]");
                }
                Some(Some(mistake)) => return Some(mistake),
                Some(None) => {}
            }
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
    /// HashiCorp Vault or OpenBao.
    Vault,
    /// AWS KMS.
    AwsKms,
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

/// The transit engine of HashiCorp Vault or OpenBao.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Such as `https://vault.example.org:8200`.
    pub address: String,
    /// The namespace, where there are any.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Where the engine is mounted.
    #[serde(default = "default_mount")]
    pub mount: String,
    /// The name of the transit key.
    #[serde(default = "default_key_label")]
    pub key: String,
    /// A PEM file with the authorities that its certificate is signed by, if they are not public.
    #[serde(default)]
    pub authority_file: Option<PathBuf>,
    /// A file whose first line is a token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The role to sign in with, by AppRole.
    #[serde(default)]
    pub role_id: Option<String>,
    /// A file whose first line is the role's secret id.
    #[serde(default)]
    pub secret_id_file: Option<PathBuf>,
    /// Where AppRole is mounted.
    #[serde(default = "default_approle_mount")]
    pub approle_mount: String,
}

impl Vault {
    fn mistake(&self) -> Option<&'static str> {
        match (&self.token_file, &self.role_id, &self.secret_id_file) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => None,
            _ => Some("[keys.vault] has either token_file, or role_id and secret_id_file"),
        }
    }
}

fn default_mount() -> String {
    "transit".to_owned()
}

fn default_approle_mount() -> String {
    "approle".to_owned()
}

/// AWS KMS in one region.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsKms {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Another address than the region's, such as a VPC endpoint.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// What the aliases of the keys begin with: `alias/<prefix>-v1`.
    #[serde(default = "default_key_label")]
    pub alias_prefix: String,
    /// A PEM file with the authorities that the endpoint's certificate is signed by, if they are not public.
    #[serde(default)]
    pub authority_file: Option<PathBuf>,
    /// An access key in the form of `~/.aws/credentials`; without it the environment has one.
    #[serde(default)]
    pub credentials_file: Option<PathBuf>,
    /// Which part of that file.
    #[serde(default = "default_profile")]
    pub profile: String,
    /// How long a destroyed version waits for its deletion, days.
    #[serde(default = "default_deletion_days")]
    pub deletion_days: u32,
}

impl AwsKms {
    fn mistake(&self) -> Option<&'static str> {
        let outside = !(7..=30).contains(&self.deletion_days);
        outside.then_some("keys.aws_kms.deletion_days is 7 to 30")
    }
}

fn default_profile() -> String {
    "default".to_owned()
}

const fn default_deletion_days() -> u32 {
    7
}
