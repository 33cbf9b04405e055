//! `bedside audit`: a server's log, checked from outside, proved, witnessed and recovered.

use crate::common::clinic::Clinic;
use crate::common::program::{Outcome, Program, run};
use std::fs;
use std::path::{Path, PathBuf};

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// A clinic whose server ran once and was stopped, and the key of its log.
async fn clinic_with_log(more: &str) -> (Clinic, PathBuf, String) {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    if !more.is_empty() {
        clinic.edit("[audit]\n", &format!("[audit]\n{more}\n"));
    }
    run_once(&clinic).await;
    let key = run(&["audit", "key", "-c", &clinic.settings()]);
    assert_eq!((key.code, key.err.as_str()), (Some(0), ""));
    let folder = clinic.data().join("audit");
    (clinic, folder, key.out.trim().to_owned())
}

async fn run_once(clinic: &Clinic) {
    let (program, _) = clinic.serve().await;
    program.terminate();
    let (code, said) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
}

fn verify(folder: &Path, key: &str, more: &[&str]) -> Outcome {
    let mut args = vec!["audit", "verify", text(folder), "--key", key];
    args.extend(more);
    run(&args)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

#[tokio::test]
async fn whoever_has_the_folder_and_the_key_can_check_the_log() {
    let (clinic, folder, key) = clinic_with_log("").await;
    let good = verify(&folder, &key, &["--json"]);
    assert_eq!(good.code, Some(0), "{}{}", good.out, good.err);
    assert!(good.out.starts_with("OK: all ") && good.out.contains("No witness"), "{}", good.out);
    assert!(good.out.contains("\"verdict\":\"ok\""), "{}", good.out);
    let from_settings = run(&["audit", "verify", "-c", &clinic.settings()]);
    assert_eq!(from_settings.code, Some(0), "{}{}", from_settings.out, from_settings.err);
    assert!(from_settings.out.contains("The database agrees; 0 wait."), "{}", from_settings.out);

    // The second verifier, which is not ours to trust either.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/audit/verify.py");
    let second =
        std::process::Command::new("python3").args(["-B", script, text(&folder), &key]).output();
    let second = second.expect("python3 is installed");
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stdout));

    // The key stays with its owner.
    use std::os::unix::fs::PermissionsExt as _;
    let key_file = clinic.data().join("audit.key");
    let mode = fs::metadata(&key_file).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let bad = clinic.path("bad");
    copy(&folder, &bad);
    let bundle = bad.join("tile/entries");
    let bundle = fs::read_dir(&bundle).expect("a folder").next().expect("one").expect("one").path();
    let bundle = match bundle.is_dir() {
        true => {
            let newest = fs::read_dir(&bundle).expect("a folder").map(|e| e.expect("one").path());
            newest.max_by_key(|path| fs::metadata(path).map_or(0, |m| m.len())).expect("one")
        }
        false => bundle,
    };
    let mut bytes = fs::read(&bundle).expect("is there");
    bytes[100] ^= 1;
    fs::write(&bundle, &bytes).expect("written");
    let changed = verify(&bad, &key, &["--json"]);
    assert_eq!(changed.code, Some(2), "{}", changed.out);
    assert!(changed.out.starts_with("CHANGED: "), "{}", changed.out);
    fs::remove_file(&bundle).expect("is there");
    let missing = verify(&bad, &key, &[]);
    assert_eq!(missing.code, Some(3), "{}", missing.out);
    assert!(missing.out.starts_with("INCOMPLETE: "), "{}", missing.out);
    let nobody = verify(&clinic.path("nowhere"), &key, &[]);
    assert_eq!(nobody.code, Some(3));
    assert_eq!(verify(&folder, "no-key", &[]).code, Some(2), "not understood");
}

#[tokio::test]
async fn one_entry_is_proved_without_the_log() {
    let (clinic, folder, key) = clinic_with_log("").await;
    let proof = clinic.path("1.tlog-proof");
    let proved = run(&["audit", "prove", "1", "--log", text(&folder), "-o", text(&proof)]);
    assert_eq!(proved.code, Some(0), "{}", proved.err);
    let check = |proof: &Path| run(&["audit", "check-proof", text(proof), "--key", &key]);
    let good = check(&proof);
    assert_eq!(good.code, Some(0), "{}", good.out);
    assert!(good.out.starts_with("OK: this is entry 1 of the "), "{}", good.out);
    let changed = fs::read_to_string(&proof).expect("is there").replace("index 1\n", "index 0\n");
    fs::write(&proof, changed).expect("written");
    let bad = check(&proof);
    assert_eq!(bad.code, Some(2), "{}", bad.out);
    assert!(bad.out.starts_with("NOT PROVED: "), "{}", bad.out);
    let beyond = run(&["audit", "prove", "1000000", "--log", text(&folder), "-o", text(&proof)]);
    assert_eq!(beyond.code, Some(1));
    assert!(beyond.err.contains("entries, numbered from 0"), "{}", beyond.err);
}

#[tokio::test]
async fn a_restored_database_is_not_signed_and_recovers_from_the_files() {
    let (clinic, folder, key) = clinic_with_log("").await;
    let backup = clinic.path("backup");
    copy(&clinic.data(), &backup);
    run_once(&clinic).await;
    let earlier = clinic.path("earlier");
    fs::copy(folder.join("checkpoint"), &earlier).expect("copied");
    // Somebody restores the database of before.
    for name in ["bedside.db", "bedside.db-wal", "bedside.db-shm"] {
        let _ = fs::remove_file(clinic.data().join(name));
        if backup.join(name).exists() {
            fs::copy(backup.join(name), clinic.data().join(name)).expect("copied");
        }
    }
    let (mut program, _) = clinic.serve().await;
    program.says("bedside audit recover --from-tiles").await;
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0), "patients come first");
    let settings = clinic.settings();
    let behind = run(&["audit", "verify", "-c", &settings]);
    assert_eq!(behind.code, Some(3), "{}", behind.out);
    assert!(behind.out.contains("bedside audit recover --from-tiles"), "{}", behind.out);

    let recovered = run(&["audit", "recover", "-c", &settings, "--from-tiles"]);
    assert_eq!(recovered.code, Some(0), "{}", recovered.err);
    assert!(recovered.out.contains(" entries back"), "{}", recovered.out);
    run_once(&clinic).await;
    let good = verify(&folder, &key, &["--earlier", text(&earlier)]);
    assert_eq!(good.code, Some(0), "{}", good.out);
    assert_eq!(run(&["audit", "verify", "-c", &settings]).code, Some(0));
}

#[tokio::test]
async fn a_witness_vouches_for_the_log_and_not_for_a_shorter_one() {
    let (clinic, folder, key) = clinic_with_log("").await;
    let data = clinic.path("witness");
    let listen = ["--listen", "127.0.0.1:0", "--data", text(&data), "--name", "witness.test/w"];
    let mut args = vec!["audit", "witness", "--log", &key];
    args.extend(listen);
    let mut witness = Program::start(&args);
    let witness_key = witness.says("witness.test/w+").await.trim().to_owned();
    let address = witness.says("Listening on ").await.replace("Listening on ", "");
    let unwitnessed = verify(&folder, &key, &["--witness", &witness_key]);
    assert_eq!(unwitnessed.code, Some(4), "{}", unwitnessed.out);
    assert!(unwitnessed.out.starts_with("STALE: "), "{}", unwitnessed.out);

    let setting = format!(
        "[audit]\nwitnesses = [{{ url = \"http://{}\", key = \"{witness_key}\" }}]\n",
        address.trim()
    );
    clinic.edit("[audit]\n", &setting);
    let backup = clinic.path("backup");
    copy(&clinic.data(), &backup);
    // Each start begins with what the run before signed, so the second one takes the witness further.
    for _ in 0..2 {
        let (mut program, _) = clinic.serve().await;
        program.says("the audit log is witnessed").await;
        program.terminate();
        assert_eq!(program.ended().await.0, Some(0));
    }
    let witnessed = verify(&folder, &key, &["--witness", &witness_key]);
    assert_eq!(witnessed.code, Some(0), "{}", witnessed.out);
    assert!(witnessed.out.contains("signed and witnessed"), "{}", witnessed.out);

    // Database and files are both put back to before: only the witness knows better.
    fs::remove_dir_all(clinic.data()).expect("is there");
    copy(&backup, &clinic.data());
    let (mut program, _) = clinic.serve().await;
    program.says("a witness signed").await;
    drop(program);
}
