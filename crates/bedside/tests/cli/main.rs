//! What the program says and does at a terminal: the words, the exit codes, the signals.

mod audit;
mod backup;
#[path = "../common/mod.rs"]
mod common;
mod compliance;
mod demo;
mod doctor;
// The double of Vault that the suite of providers uses, and what it needs.
#[allow(dead_code, clippy::expect_used)]
#[path = "../../../kms/tests/conformance/fake_vault.rs"]
mod fake_vault;
#[allow(dead_code, clippy::expect_used)]
#[path = "../../../kms/tests/conformance/host.rs"]
mod host;
mod init;
mod keys;
mod killed_rotation;
mod serving;
#[allow(dead_code, clippy::expect_used)]
#[path = "../../../kms/tests/conformance/test_pace.rs"]
mod test_pace;
mod users;
