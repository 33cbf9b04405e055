//! Key-encryption keys that are kept elsewhere than in a file of this machine.
//!
//! Each provider is a [`keys::Kek`]: [`Pkcs11Kek`] for a hardware security module or a smart card,
//! [`VaultKek`] for HashiCorp Vault and OpenBao, [`AwsKmsKek`] for AWS KMS. [`Moving`] is for the way from one provider to another. The
//! keys stay where they are; what leaves this process is a data key to wrap or unwrap and a hash of its
//! place (a token in this machine gets the place itself).
//!
//! Owns the conversation with the providers, with its limits of time. It never stores a key or a
//! token, never logs, and quotes nothing that a provider said.

mod ask;
mod aws;
mod beside;
#[doc(hidden)]
pub mod fuzzing;
mod moving;
mod pace;
mod pkcs11;
mod place;
mod vault;

pub use aws::{AwsCredentials, AwsKmsKek, AwsKmsSettings, AwsLogin};
pub use moving::Moving;
pub use pace::{Pace, SystemPace};
pub use pkcs11::{Pkcs11Kek, Pkcs11Settings};
pub use vault::{VaultKek, VaultLogin, VaultSettings};
