//! From the settings to the provider of key-encryption keys.

use crate::config::key_settings::KeyProvider;
use crate::config::{self, Config};
use crate::error::Failure;
use keys::{FileKeyring, Kek, KeyError, Signer, Unlock, Zeroizing};
use kms::{Moving, Pkcs11Kek, Pkcs11Settings};
use std::path::PathBuf;
use std::sync::Arc;

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
    Ok(Signer::create_or_open(&config.data.keyring.with_file_name("evidence.key"))?)
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
                let what = "say which token in [keys.pkcs11]".to_owned();
                return Err(KeyError::Setup { provider: "pkcs11", what }.into());
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
    })
}
