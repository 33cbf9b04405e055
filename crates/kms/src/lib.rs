//! Key-encryption keys that are kept elsewhere than in a file of this machine.
//!
//! Each provider is a [`keys::Kek`]: [`Pkcs11Kek`] for a hardware security module or a smart card.
//! [`Moving`] is for the way from one provider to another. The keys stay where they are; what leaves this process is a data key to wrap or unwrap and a hash
//! of its place.
//!
//! Owns the conversation with the providers, with its limits of time. It never stores a key or a
//! token, never logs, and quotes nothing that a provider said.

mod moving;
mod pkcs11;

pub use moving::Moving;
pub use pkcs11::{Pkcs11Kek, Pkcs11Settings};
