//! From the settings to the provider of key-encryption keys.

use crate::config::key_settings::{AwsKms, KeyProvider, Vault};
use crate::config::{self, Config};
use crate::error::Failure;
use keys::{FileKeyring, Kek, KeyError, Signer, Unlock, Zeroizing};
use kms::{
    AwsCredentials, AwsKmsKek, AwsKmsSettings, AwsLogin, Moving, Pkcs11Kek, Pkcs11Settings,
    SystemPace, VaultKek, VaultLogin, VaultSettings,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a provider over the network may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What to do when the provider has no key yet.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Refuse,
    Make,
}

/// Opens the provider that the settings name. Keys that are not there are an error and never replaced
/// by new ones: the data needs the keys that it was sealed with.
///
/// # Errors
/// [`Failure`], with what to do.
pub fn open(config: &Config) -> Result<Arc<dyn Kek>, Failure> {
    let kek = one(config, config.keys.provider, Missing::Refuse)?;
    with_previous(config, kek)
}

/// As [`open`], but a provider that data keys are about to move to may begin empty.
///
/// # Errors
/// [`Failure`], with what to do.
pub fn open_to_move(config: &Config) -> Result<Arc<dyn Kek>, Failure> {
    let missing = if config.keys.previous.is_some() { Missing::Make } else { Missing::Refuse };
    let kek = one(config, config.keys.provider, missing)?;
    with_previous(config, kek)
}

/// The key that certificates and evidence are signed with; made at the first use.
///
/// # Errors
/// [`Failure`], with what to do.
pub fn signer(config: &Config) -> Result<Signer, Failure> {
    signer_beside(&config.data.keyring)
}

/// The same, by where the keyring is.
///
/// # Errors
/// [`Failure`], with what to do.
pub fn signer_beside(keyring: &Path) -> Result<Signer, Failure> {
    Ok(Signer::create_or_open(&keyring.with_file_name("evidence.key"))?)
}

/// What the keyring is sealed with, if the settings say so.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub fn unlock(config: &Config) -> Result<Option<Unlock>, Failure> {
    if let Some(path) = &config.keys.passphrase_file {
        let words = config::secret_file(path)?;
        return Ok(Some(Unlock::Passphrase(Zeroizing::new(words.into_bytes()))));
    }
    let Some(name) = &config.keys.credential else { return Ok(None) };
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        Failure::Usage(format!(
            "keys.credential is {name:?}, but systemd handed no credentials over. Add to the unit: \
             LoadCredentialEncrypted={name}; on the command line run it by: systemd-run --pty \
             -p LoadCredentialEncrypted={name} bedside …"
        ))
    })?;
    let path = PathBuf::from(folder).join(name);
    let secret = std::fs::read(&path).map_err(|e| {
        Failure::Usage(format!("the credential {name:?} of systemd cannot be read ({})", e.kind()))
    })?;
    Ok(Some(Unlock::Credential(Zeroizing::new(secret))))
}

fn with_previous(config: &Config, kek: Box<dyn Kek>) -> Result<Arc<dyn Kek>, Failure> {
    match config.keys.previous {
        None => Ok(Arc::from(kek)),
        Some(previous) => {
            let previous = one(config, previous, Missing::Refuse)?;
            Ok(Arc::new(Moving::new(kek, previous)?))
        }
    }
}

fn one(config: &Config, provider: KeyProvider, missing: Missing) -> Result<Box<dyn Kek>, Failure> {
    Ok(match provider {
        KeyProvider::File => {
            let (path, unlock) = (&config.data.keyring, unlock(config)?);
            Box::new(match missing {
                Missing::Refuse => FileKeyring::open_sealed(path, unlock)?,
                Missing::Make => FileKeyring::create_or_open_sealed(path, unlock)?,
            })
        }
        KeyProvider::Pkcs11 => {
            let Some(token) = &config.keys.pkcs11 else {
                return Err(absent("pkcs11", "say which token in [keys.pkcs11]"));
            };
            let settings = Pkcs11Settings {
                library: token.library.clone(),
                token: token.token.clone(),
                label: token.label.clone(),
                pin: Zeroizing::new(config::secret_file(&token.pin_file)?),
            };
            Box::new(match missing {
                Missing::Refuse => Pkcs11Kek::open(&settings)?,
                Missing::Make => Pkcs11Kek::create_or_open(&settings)?,
            })
        }
        KeyProvider::Vault => {
            let Some(vault) = &config.keys.vault else {
                return Err(absent("vault", "say which one in [keys.vault]"));
            };
            let settings = vault_settings(vault)?;
            let pace = Arc::new(SystemPace::new());
            Box::new(match missing {
                Missing::Refuse => VaultKek::open(&settings, pace)?,
                Missing::Make => VaultKek::create_or_open(&settings, pace)?,
            })
        }
        KeyProvider::AwsKms => {
            let Some(kms) = &config.keys.aws_kms else {
                return Err(absent("aws-kms", "say which region in [keys.aws_kms]"));
            };
            let settings = aws_kms_settings(kms)?;
            let pace = Arc::new(SystemPace::new());
            Box::new(match missing {
                Missing::Refuse => AwsKmsKek::open(&settings, pace)?,
                Missing::Make => AwsKmsKek::create_or_open(&settings, pace)?,
            })
        }
    })
}

fn vault_settings(vault: &Vault) -> Result<VaultSettings, Failure> {
    let login = match (&vault.token_file, &vault.role_id, &vault.secret_id_file) {
        (Some(path), None, None) => VaultLogin::TokenFile(path.clone()),
        (None, Some(role_id), Some(secret_id_file)) => VaultLogin::AppRole {
            mount: vault.approle_mount.clone(),
            role_id: role_id.clone(),
            secret_id_file: secret_id_file.clone(),
        },
        _ => {
            let what = "name either token_file, or role_id and secret_id_file";
            return Err(absent("vault", what));
        }
    };
    Ok(VaultSettings {
        address: vault.address.clone(),
        namespace: vault.namespace.clone(),
        mount: vault.mount.clone(),
        key: vault.key.clone(),
        authority: vault.authority_file.as_deref().map(authority).transpose()?,
        login,
        within: ANSWER_WITHIN,
    })
}

fn aws_kms_settings(kms: &AwsKms) -> Result<AwsKmsSettings, Failure> {
    let login = match &kms.credentials_file {
        Some(path) => AwsLogin::File { path: path.clone(), profile: kms.profile.clone() },
        None => AwsLogin::Given(aws_credentials_of(|name| std::env::var(name).ok())?),
    };
    Ok(AwsKmsSettings {
        region: kms.region.clone(),
        endpoint: kms.endpoint.clone(),
        alias_prefix: kms.alias_prefix.clone(),
        deletion_days: kms.deletion_days,
        authority: kms.authority_file.as_deref().map(authority).transpose()?,
        login,
        within: ANSWER_WITHIN,
    })
}

/// The access key in an environment.
fn aws_credentials_of(get: impl Fn(&str) -> Option<String>) -> Result<AwsCredentials, Failure> {
    let get = |name| get(name).filter(|value| !value.is_empty());
    match (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
        (Some(access_key_id), Some(secret)) => Ok(AwsCredentials {
            access_key_id,
            secret: Zeroizing::new(secret),
            session_token: get("AWS_SESSION_TOKEN").map(Zeroizing::new),
        }),
        _ => {
            let what = "there is no access key: name credentials_file in [keys.aws_kms], or set \
                        AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
            Err(absent("aws-kms", what))
        }
    }
}

/// The PEM file of authorities.
fn authority(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| {
        Failure::Usage(format!(
            "the file of authorities {} cannot be read ({}); look at authority_file in [keys]",
            path.display(),
            e.kind()
        ))
    })
}

fn absent(provider: &'static str, what: &str) -> Failure {
    KeyError::Setup { provider, what: what.to_owned() }.into()
}
