use super::*;
use crate::{Actor, Event, KeyKind, Kind, SealedWords, SigningKey, Writer};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::convert::Infallible;
use visit::{OrgId, SeatId, Timestamp, VisitId};

/// The files of a log by their paths, as they stand in a folder.
type Folder = BTreeMap<String, Vec<u8>>;

fn log_key() -> SigningKey {
    SigningKey::from_seed("example.org/log", KeyKind::Log, &[1; 32]).expect("a name")
}

fn witness_key() -> SigningKey {
    SigningKey::from_seed("witness.example", KeyKind::Witness, &[2; 32]).expect("a name")
}

fn trust() -> Trust {
    let (log, witnesses) = (log_key().public(), vec![witness_key().public()]);
    Trust { log, witnesses, earlier: Vec::new() }
}

/// `count` entries of three writers, taken in turns.
fn entries(count: u64) -> Vec<Vec<u8>> {
    let name = |n| WriterId::new(format!("01J0000000000000000000BOOT/{n}")).expect("fits");
    let mut writers: Vec<Writer> = (0..3).map(|n| Writer::new(name(n))).collect();
    let entry = |n: u64| {
        let event = Event::new(Kind::ALL[n as usize % Kind::ALL.len()], Actor::System)
            .visit(VisitId::new(1, 1))
            .seat(SeatId::new(1, 2))
            .count("n", n);
        // Every fifth has sealed words.
        let event = match n % 5 {
            4 => event.sealed(SealedWords::from_bytes(&n.to_be_bytes()).expect("fits")),
            _ => event,
        };
        let writer = &mut writers[n as usize % 3];
        writer.append(OrgId::new(1, 7), Timestamp(1_000 + n as i64), event).expect("fits").bytes
    };
    (0..count).map(entry).collect()
}

fn note(origin: &str, tiles: &TileWriter) -> Vec<u8> {
    let (size, root) = (tiles.size(), tiles.root());
    let text = Checkpoint { origin: origin.to_owned(), size, root }.to_text();
    let signatures = vec![log_key().sign(&text, 0), witness_key().sign(&text, 1_000)];
    Note { text, signatures }.to_text().into_bytes()
}

fn folder(entries: &[Vec<u8>]) -> Folder {
    let mut tiles = TileWriter::new();
    for entry in entries {
        tiles.push(entry).expect("short");
    }
    let files = tiles.take_finished().into_iter().chain(tiles.unfinished());
    let mut folder: Folder = files.map(|(path, bytes)| (path.to_text(), bytes)).collect();
    folder.insert("checkpoint".into(), note("example.org/log", &tiles));
    folder
}

fn check_with(trust: &Trust, folder: &Folder) -> Result<Verified, LogError<Infallible>> {
    verify_log(trust, &mut |path| Ok(folder.get(path).cloned()), &mut |_, _| {})
}

fn check(folder: &Folder) -> Result<Verified, LogError<Infallible>> {
    check_with(&trust(), folder)
}

/// What somebody writes who can change every file but has no key.
fn rewritten(entries: &[Vec<u8>], checkpoint: &[u8]) -> Folder {
    let mut folder = folder(entries);
    folder.insert("checkpoint".into(), checkpoint.to_vec());
    folder
}

#[test]
fn an_untouched_log_verifies_at_every_size() {
    for size in [0, 1, 2, 3, 255, 256, 257, 600] {
        let verified = check(&folder(&entries(size))).expect("verifies");
        assert_eq!((verified.figures.entries, verified.checkpoint.size), (size, size));
        assert_eq!(verified.figures.writers, size.min(3));
        assert_eq!(verified.witnessed_s, [Some(1_000)]);
    }
}

#[test]
fn every_flipped_bit_of_every_file_of_a_small_log_is_found() {
    let good = folder(&entries(5));
    for (path, bytes) in &good {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad.get_mut(path).expect("is there")[at] ^= 1 << bit;
                // A line of the witness with another name is a line of somebody else.
                let unwitnessed = |v: Verified| path == "checkpoint" && v.witnessed_s == [None];
                assert!(check(&bad).map_or(true, unwitnessed), "{path}, byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn every_cut_of_every_file_of_a_small_log_is_found_and_a_lost_file_is_missing() {
    let good = folder(&entries(5));
    for (path, bytes) in &good {
        for length in 0..bytes.len() {
            let mut bad = good.clone();
            bad.insert(path.clone(), bytes[..length].to_vec());
            let cut_line = path == "checkpoint" && length > bytes.len() / 2;
            // Only a line of the witness, cut off as a whole, leaves a log that is merely unwitnessed.
            match check(&bad) {
                Ok(found) => assert!(cut_line && found.witnessed_s == [None], "{path}, {length}"),
                Err(error) => assert!(matches!(error, LogError::Fault(_)), "{path}, {length}"),
            }
        }
        let mut bad = good.clone();
        bad.remove(path);
        assert!(matches!(check(&bad), Err(LogError::Missing(what)) if what == *path));
        let mut bad = good.clone();
        bad.get_mut(path).expect("is there").push(0);
        assert!(check(&bad).is_err(), "{path}, longer");
    }
}

#[test]
fn entries_dropped_moved_doubled_or_cut_off_are_found_whoever_rewrites_the_files() {
    let all = entries(20);
    let checkpoint = folder(&all)["checkpoint"].clone();
    for at in 0..all.len() {
        let mut dropped = all.clone();
        dropped.remove(at);
        let mut doubled = all.clone();
        doubled.insert(at, all[at].clone());
        let mut swapped = all.clone();
        swapped.swap(at, (at + 1) % all.len());
        for bad in [&dropped, &doubled, &swapped, &all[..at].to_vec()] {
            assert!(check(&rewritten(bad, &checkpoint)).is_err(), "{at}");
        }
        // The key alone does not help where the chain of a writer is broken.
        for bad in [&dropped, &doubled] {
            let cut_at_end = bad.len() < all.len() && at + 3 >= all.len();
            assert!(cut_at_end || check(&folder(bad)).is_err(), "{at}, signed");
        }
    }
}

#[test]
fn in_ten_thousand_entries_whatever_is_changed_is_found() {
    let all = entries(10_000);
    let good = folder(&all);
    assert_eq!(check(&good).expect("verifies").figures.entries, 10_000);
    let paths: Vec<&String> = good.keys().collect();
    let mut random = StdRng::seed_from_u64(0x_a0d1_7106);
    for round in 0..60 {
        let mut bad = good.clone();
        let path = paths[random.random_range(0..paths.len())].clone();
        let bytes = bad.get_mut(&path).expect("is there");
        let at = random.random_range(0..bytes.len());
        match round % 3 {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        let unwitnessed = |v: Verified| path == "checkpoint" && v.witnessed_s == [None];
        assert!(check(&bad).map_or(true, unwitnessed), "round {round}: {path} at {at}");
    }
    for round in 0..20 {
        let (a, b) = (random.random_range(0..9_000), random.random_range(9_000..10_000));
        let mut bad = all.clone();
        if round % 2 == 0 {
            bad.swap(a, b)
        } else {
            drop(bad.remove(a))
        }
        assert!(check(&rewritten(&bad, &good["checkpoint"])).is_err(), "round {round}: {a}, {b}");
    }
}

#[test]
fn a_rewritten_history_does_not_pass_an_earlier_checkpoint() {
    let all = entries(300);
    let mut trust = trust();
    trust.earlier =
        vec![folder(&all[..100])["checkpoint"].clone(), folder(&all)["checkpoint"].clone()];
    assert!(check_with(&trust, &folder(&all)).is_ok());
    let shorter = check_with(&trust, &folder(&all[..200]));
    let fault = LogFault::Shorter { earlier: 300, now: 200 };
    assert!(matches!(shorter, Err(LogError::Fault(found)) if found == fault));
    // Entries of another writer in the old part, signed with the stolen key.
    let mut other = Writer::new(WriterId::new("other/0").expect("fits"));
    let event = Event::new(Kind::SignOut, Actor::System);
    let mut forged = vec![other.append(OrgId::new(1, 7), Timestamp(1), event).expect("fits").bytes];
    forged.extend(all);
    assert!(check(&folder(&forged)).is_ok(), "nothing to hold it against");
    let found = check_with(&trust, &folder(&forged));
    assert!(matches!(found, Err(LogError::Fault(LogFault::Root { size: 100 }))));
}

#[test]
fn a_reader_that_began_before_the_tile_was_completed_still_gets_through() {
    let all = entries(300);
    let mut mixed = folder(&all);
    mixed.insert("checkpoint".into(), folder(&all[..200])["checkpoint"].clone());
    assert_eq!(check(&mixed).expect("verifies").figures.entries, 200);
}

/// A log whose newest checkpoint no witness has seen yet, as a busy server leaves it.
fn witnessed_before(all: &[Vec<u8>], earlier: usize) -> Folder {
    let mut log = folder(all);
    let mut newest = Note::parse(&log["checkpoint"]).expect("a note");
    newest.signatures.truncate(1);
    log.insert("checkpoint.witnessed".into(), folder(&all[..earlier])["checkpoint"].clone());
    log.insert("checkpoint".into(), newest.to_text().into_bytes());
    log
}

#[test]
fn an_older_witnessed_checkpoint_vouches_for_the_beginning_of_the_log() {
    let all = entries(300);
    let good = witnessed_before(&all, 200);
    let found = check(&good).expect("verifies");
    assert_eq!((found.checkpoint.size, found.witnessed_s), (300, vec![Some(1_000)]));
    // Copied in the other order.
    let mut swapped = good.clone();
    swapped.insert("checkpoint".into(), good["checkpoint.witnessed"].clone());
    swapped.insert("checkpoint.witnessed".into(), good["checkpoint"].clone());
    assert_eq!(check(&swapped).expect("verifies").checkpoint.size, 300);
    // Another history than the one that was witnessed, with the key of the log in hand.
    let mut writer = Writer::new(WriterId::new("other/0").expect("fits"));
    let event = Event::new(Kind::SignOut, Actor::System);
    let mut other = vec![writer.append(OrgId::new(1, 7), Timestamp(1), event).expect("fits").bytes];
    other.extend(all);
    let mut forged = folder(&other);
    forged.insert("checkpoint.witnessed".into(), good["checkpoint.witnessed"].clone());
    let found = check(&forged);
    assert!(matches!(found, Err(LogError::Fault(LogFault::Root { size: 200 }))));
    for at in 0..good["checkpoint.witnessed"].len() {
        let mut bad = good.clone();
        bad.get_mut("checkpoint.witnessed").expect("there")[at] ^= 1;
        let unwitnessed = |v: Verified| v.witnessed_s == [None];
        assert!(check(&bad).map_or(true, unwitnessed), "byte {at}");
    }
}

#[test]
fn another_key_and_another_log_are_refused() {
    let good = folder(&entries(3));
    let mut other = trust();
    other.log =
        SigningKey::from_seed("example.org/log", KeyKind::Log, &[3; 32]).expect("a name").public();
    let found = check_with(&other, &good);
    assert!(matches!(found, Err(LogError::Fault(LogFault::Checkpoint(NoteError::Unsigned)))));
    let mut foreign = good;
    foreign.insert("checkpoint".into(), note("example.org/other", &TileWriter::new()));
    assert!(matches!(check(&foreign), Err(LogError::Fault(LogFault::Checkpoint(_)))));
}

/// What `bedside audit verify` ends with, at the time 2,000 with an hour of patience.
fn exit_code(found: &Result<Verified, LogError<Infallible>>) -> i32 {
    match found {
        Ok(verified) if verified.witnessed_s == [Some(1_000)] => 0,
        Ok(_) => 4,
        Err(LogError::Fault(_)) => 2,
        Err(LogError::Missing(_)) => 3,
        Err(LogError::Fetch(never)) => match *never {},
    }
}

/// `tools/audit/verify.py` was written apart from this crate, in another language. It has to come to the
/// same verdict about every log, good or bad.
#[test]
fn the_second_verifier_agrees_about_every_log() {
    let all = entries(600);
    let good = folder(&all);
    let mut random = StdRng::seed_from_u64(7);
    let witnessed = witnessed_before(&all, 500);
    let mut forked = witnessed.clone();
    forked.insert("checkpoint.witnessed".into(), folder(&all[1..400])["checkpoint"].clone());
    let mut unwitnessed = witnessed.clone();
    unwitnessed.remove("checkpoint.witnessed");
    let mut cases = vec![
        witnessed,
        forked,
        unwitnessed,
        good.clone(),
        folder(&[]),
        folder(&all[..1]),
        folder(&all[..256]),
    ];
    for (path, bytes) in &good {
        for round in 0..6 {
            let mut bad = good.clone();
            let (at, file) =
                (random.random_range(0..bytes.len()), bad.get_mut(path).expect("there"));
            match round {
                0 => drop(bad.remove(path)),
                1 => file.truncate(at),
                2 => file.push(0),
                _ => file[at] ^= 1 << random.random_range(0..8),
            }
            cases.push(bad);
        }
    }
    for _ in 0..8 {
        let (a, b) = (random.random_range(0..300), random.random_range(300..600));
        let (mut swapped, mut dropped) = (all.clone(), all.clone());
        swapped.swap(a, b);
        dropped.remove(a);
        for bad in [&swapped, &dropped, &all[..a + 1].to_vec()] {
            cases.push(rewritten(bad, &good["checkpoint"]));
            // And with the key in hand.
            cases.push(folder(bad));
        }
    }
    // Every case in one process: starting one for each would take longer than the checks.
    let root = tempfile::tempdir().expect("a folder");
    let mut expected = String::new();
    for (n, case) in cases.iter().enumerate() {
        for (path, bytes) in case {
            let path = root.path().join(n.to_string()).join(path);
            std::fs::create_dir_all(path.parent().expect("is in a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        expected += &format!("{n} {}\n", exit_code(&check(case)));
    }
    let script = format!(
        "import pathlib, verify\n\
         log, witness = verify.Key('{}'), verify.Key('{}')\n\
         for n in range({}):\n    \
             code, _ = verify.verify(pathlib.Path(f'{}/{{n}}'), log, [witness], [], 3600, 2000)\n    \
             print(n, code)\n",
        log_key().public().to_text(),
        witness_key().public().to_text(),
        cases.len(),
        root.path().display(),
    );
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/audit");
    let run = std::process::Command::new("python3")
        .args(["-B", "-c", &script])
        .current_dir(tools)
        .output();
    let run = run.expect("python3 is installed");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected);
    for code in [0, 2, 3, 4] {
        assert!(expected.contains(&format!(" {code}\n")), "{code} is among the cases");
    }
}

/// RFC 8032 §7.1: the vectors that the second verifier is held to as well.
#[test]
fn the_second_verifier_knows_the_vectors_of_rfc_8032() {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/audit");
    let run = std::process::Command::new("python3")
        .args(["-B", "test_verify.py"])
        .current_dir(tools)
        .output();
    let run = run.expect("python3 is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
