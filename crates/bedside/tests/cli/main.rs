//! What the program says and does at a terminal: the words, the exit codes, the signals.

mod audit;
mod backup;
#[path = "../common/mod.rs"]
mod common;
mod compliance;
mod demo;
mod doctor;
mod init;
mod keys;
mod killed_rotation;
mod serving;
mod users;
