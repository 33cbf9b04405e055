//! The committed corpus, once more: seeds of the unit tests and whatever fuzzing found.

#![allow(clippy::expect_used)]

use std::fs;
use std::path::PathBuf;

use fuzzing::{TARGETS, Target};

fn folder(target: &Target) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name)
}

/// The files of a target, sorted by name.
fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).expect("a folder for every target");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

#[test]
fn every_input_of_the_corpus_holds() {
    for target in TARGETS {
        let files = corpus(target);
        assert!(files.len() >= 3, "{}: a corpus of {}", target.name, files.len());
        for (path, bytes) in files {
            assert!(bytes.len() <= target.max_bytes, "{} is too long", path.display());
            if std::panic::catch_unwind(|| (target.run)(&bytes)).is_err() {
                panic!("{} does not hold", path.display());
            }
        }
    }
}

#[test]
fn every_folder_of_the_corpus_is_a_target() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for entry in fs::read_dir(root).expect("the corpus") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(fuzzing::find(&name).is_some(), "{name} is no target");
    }
}

#[test]
fn every_target_takes_cuts_and_changes_of_its_corpus() {
    for target in TARGETS {
        // Whole rooms are slow; their corpus alone is enough here.
        if matches!(target.name, "sdp_answer" | "strangers" | "participant") {
            continue;
        }
        for (path, bytes) in corpus(target) {
            for at in 0..bytes.len().min(200) {
                let mut changed = bytes.clone();
                changed[at] = changed[at].wrapping_add(1);
                for input in [&bytes[..at], &changed] {
                    if std::panic::catch_unwind(|| (target.run)(input)).is_err() {
                        panic!("{} does not hold when changed at {at}", path.display());
                    }
                }
            }
        }
    }
}
