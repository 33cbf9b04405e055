//! One suite over every provider of key-encryption keys.
//!
//! The file keyring and the PKCS#11 token are real. Vault and AWS KMS are doubles, [`fake_vault`] and
//! [`fake_kms`]. PKCS#11 needs Debian's `softhsm2`; without it that
//! part says `skipped`, and `BEDSIDE_TEST_PKCS11=required` makes that a failure.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod aws;
mod fake_kms;
mod fake_vault;
mod file;
mod host;
mod softhsm;
mod suite;
mod test_pace;
mod vault;
