//! Why the program could not do what it was told, in one sentence with the next step.

use crate::config::ConfigError;
use crate::local_ca::LocalCaError;
use std::io;

/// A failure that ends the program.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Failure {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("the keys cannot be used: {0}")]
    Keys(#[from] keys::KeyError),
    #[error("the database cannot be used: {0}")]
    Store(#[from] store::StoreError),
    #[error("{0}")]
    Log(#[from] store::LogTrouble),
    #[error("{0}")]
    Auth(#[from] auth::AuthError),
    #[error("audio and video cannot start: {0}")]
    Media(#[from] sfu::StartError),
    #[error("the relay cannot start: {0}. See [relay] in the settings")]
    Relay(#[from] turn::io::StartError),
    #[error("the mail settings cannot be used: {0}")]
    Mail(#[from] server::MailError),
    #[error("{0}")]
    LocalCa(#[from] LocalCaError),
    #[error("the certificate cannot be used: {0}")]
    Tls(String),
    #[error("{address} is taken or not allowed ({kind}). Choose another with {option}")]
    Listen { address: String, kind: io::ErrorKind, option: &'static str },
    #[error("the system refused: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Bench(#[from] bench::BenchError),
    #[error("{0}")]
    Usage(String),
}
