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

    let kept = clinic.path("kept");
    copy(&folder, &kept);
    // Database and files are both put back to before: only the witness knows better.
    fs::remove_dir_all(clinic.data()).expect("is there");
    copy(&backup, &clinic.data());
    let signed = fs::read(folder.join("checkpoint")).expect("is there");
    let (mut program, _) = clinic.serve().await;
    let says = program.says("a witness signed").await;
    assert!(
        says.contains("audit_witness_ahead") && says.contains("recover --from-tiles"),
        "{says}"
    );
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0), "patients come first");
    assert!(fs::read(folder.join("checkpoint")).expect("is there") == signed, "nothing was signed");
    let doctor = run(&["doctor", "-c", &clinic.settings(), "--json"]);
    assert_eq!(doctor.code, Some(2));
    assert!(doctor.out.contains("audit_witness_ahead"), "{}", doctor.out);

    // The newest copy of the folder comes back from where it was kept, and then the entries.
    fs::remove_dir_all(&folder).expect("is there");
    copy(&kept, &folder);
    let recovered = run(&["audit", "recover", "-c", &clinic.settings(), "--from-tiles"]);
    assert_eq!(recovered.code, Some(0), "{}", recovered.err);
    let (mut program, _) = clinic.serve().await;
    program.says("the audit log is witnessed").await;
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
    let doctor = run(&["doctor", "-c", &clinic.settings(), "--json"]);
    assert!(doctor.out.contains("\"witnessed\""), "{}", doctor.out);
    let good = verify(&folder, &key, &["--witness", &witness_key]);
    assert_eq!(good.code, Some(0), "{}", good.out);
}

/// Leaf hashes of RFC 6962 §2.1, by a library that is not ours: Python's.
fn checked_by_python(file: &Path) -> String {
    let code = "import hashlib, json, sys\n\
        n = 0\n\
        for line in open(sys.argv[1]):\n\
        \x20   d = json.loads(line)\n\
        \x20   raw = line.rstrip('\\n').split('\"entry\":', 1)[1][:-1]\n\
        \x20   assert hashlib.sha256(b'\\0' + raw.encode()).hexdigest() == d['leaf'], line\n\
        \x20   assert d['index'] == n and json.loads(raw) == d['entry'], line\n\
        \x20   n += 1\n\
        print(n)\n";
    let done = std::process::Command::new("python3").arg("-c").arg(code).arg(file).output();
    let done = done.expect("python3 is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[tokio::test]
async fn the_log_is_exported_in_lines_that_can_be_checked_and_as_fhir() {
    let (clinic, folder, _) = clinic_with_log("").await;
    let checkpoint = fs::read_to_string(folder.join("checkpoint")).expect("is there");
    let size = checkpoint.lines().nth(1).expect("a size").to_owned();
    let (settings, file) = (clinic.settings(), clinic.path("log.jsonl"));
    let export = |more: &[&str]| run(&[&["audit", "export", "-c", &settings], more].concat());
    let done = export(&["--format", "jsonl", "--out", text(&file)]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains(&format!("Wrote {size} entries")), "{}", done.out);
    assert!(done.out.contains("wait for their place"), "no server runs: {}", done.out);
    assert_eq!(checked_by_python(&file), size);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(&file).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    run_once(&clinic).await;
    let lines = export(&["--format", "jsonl"]).out;
    let used = lines.lines().filter(|line| line.contains("\"data.audit_viewed\"")).count();
    assert_eq!(used, 1, "the export before is in it");
    let bundle = export(&["--format", "fhir"]).out;
    let bundle: serde_json::Value = serde_json::from_str(&bundle).expect("JSON");
    assert_eq!(
        (&bundle["resourceType"], &bundle["type"]),
        (&"Bundle".into(), &"collection".into())
    );
    let events = bundle["entry"].as_array().expect("a list");
    assert_eq!(events.len(), lines.lines().count());
    assert!(events.iter().all(|e| e["resource"]["resourceType"] == "AuditEvent"));

    let none = export(&["--format", "fhir", "--to", "2020-01-01"]).out;
    let none: serde_json::Value = serde_json::from_str(&none).expect("JSON");
    assert!(none.get("entry").is_none(), "FHIR knows no empty lists: {none}");
    let late = export(&["--format", "jsonl", "--from", "2020-01-01"]);
    assert!(late.out.lines().count() >= events.len());
    let odd = export(&["--format", "jsonl", "--from", "yesterday"]);
    assert!(odd.code == Some(2) && odd.err.contains("2026-11-21T08:00:00Z"), "{}", odd.err);
    let nobody = export(&["--format", "jsonl", "--patient", "01JX0000000000000000000000"]);
    assert!(nobody.code == Some(1) && nobody.err.contains("nothing was written"), "{}", nobody.err);
}

#[tokio::test]
async fn a_drill_checks_the_signed_log_in_the_backup_as_a_stranger_would() {
    let (clinic, folder, _) = clinic_with_log("").await;
    let checkpoint = fs::read_to_string(folder.join("checkpoint")).expect("is there");
    let size = checkpoint.lines().nth(1).expect("a size").parse::<u64>().expect("a number");
    let (manifest, identity) = clinic.backed_up();
    let drill = || clinic.backup(&["drill", &manifest, "--identity", &identity, "--json"]);
    let good = drill();
    assert_eq!(good.code, Some(0), "{}", good.err);
    let good: serde_json::Value = serde_json::from_str(&good.out).expect("JSON");
    assert_eq!(good["audit_signed_entries"], size);
    // A log that was signed by somebody else is not this clinic's.
    let (other, ..) = clinic_with_log("").await;
    fs::copy(other.data().join("audit.key"), clinic.data().join("audit.key")).expect("copied");
    let bad = drill();
    assert_eq!(bad.code, Some(1), "{}", bad.out);
    assert!(bad.err.contains("another key"), "{}", bad.err);
}
