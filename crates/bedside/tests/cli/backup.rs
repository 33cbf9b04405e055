//! `bedside backup`.

use crate::common::clinic::Clinic;
use crate::common::program::run;
use serde_json::Value;
use std::path::{Path, PathBuf};

struct Backups {
    clinic: Clinic,
    identity: PathBuf,
    recipient: String,
}

impl Backups {
    fn new() -> Self {
        let clinic = Clinic::init();
        let identity = clinic.path("identity.txt");
        let made = run(&["backup", "keygen", "-o", text(&identity)]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let recipient = made.out.lines().find_map(|line| line.trim().strip_prefix("age1"));
        let recipient = format!("age1{}", recipient.expect("it says for whom"));
        Self { clinic, identity, recipient }
    }

    fn ok(&self, args: &[&str]) -> String {
        let outcome = self.clinic.backup(args);
        assert_eq!(outcome.code, Some(0), "{args:?}: {}", outcome.err);
        outcome.out
    }

    fn refused(&self, args: &[&str]) -> String {
        let outcome = self.clinic.backup(args);
        assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{args:?}");
        outcome.err
    }

    fn create(&self) -> PathBuf {
        let folder = self.clinic.path("backups");
        let made = ["create", "--to", text(&folder), "--recipient", &self.recipient, "--json"];
        let made: Value = serde_json::from_str(&self.ok(&made)).expect("JSON");
        PathBuf::from(made["manifest"].as_str().expect("a path"))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn a_backup_is_verified_drilled_and_restored() {
    let backups = Backups::new();
    let manifest = backups.create();
    let (manifest, identity) = (text(&manifest).to_owned(), text(&backups.identity).to_owned());
    assert!(backups.ok(&["verify", &manifest]).contains("the sums are right"));
    assert!(
        backups.ok(&["verify", &manifest, "--identity", &identity]).contains("read to the end")
    );

    let drill = backups.ok(&["drill", &manifest, "--identity", &identity, "--json"]);
    let drill: Value = serde_json::from_str(&drill).expect("JSON");
    assert_eq!((&drill["opened"]["staff"], &drill["audit_faults"]), (&1.into(), &0.into()));
    assert!(drill["audit_entries"].as_u64() > Some(2));
    // No server has run, so nothing was signed: no word about a signature.
    assert_eq!(drill["audit_signed_entries"], 0);
    let evidence = manifest.replace(".json", ".drill.json");
    assert!(backups.clinic.keys(&["check", &evidence]).out.contains("not altered"));

    let full = backups.refused(&["restore", &manifest, "--identity", &identity]);
    assert!(full.contains("has data already; nothing was restored"), "{full}");
    let users = backups.clinic.user(&["list"]).out;
    for file in ["bedside.db", "bedside.db-wal", "bedside.db-shm"] {
        let _ = std::fs::remove_file(backups.clinic.data().join(file));
    }
    let restored = backups.ok(&["restore", &manifest, "--identity", &identity]);
    assert!(restored.contains("and the keys open them"), "{restored}");
    assert_eq!(backups.clinic.user(&["list"]).out, users);
}

#[test]
fn what_was_altered_or_is_for_somebody_else_is_refused() {
    let backups = Backups::new();
    let manifest = backups.create();
    let path = text(&manifest).to_owned();
    let other = backups.clinic.path("other.txt");
    run(&["backup", "keygen", "-o", text(&other)]);
    let wrong = backups.refused(&["verify", &path, "--identity", text(&other)]);
    assert!(wrong.contains("does not open the backup"), "{wrong}");
    let again = run(&["backup", "keygen", "-o", text(&other)]);
    assert!(again.err.contains("already there; it was not changed"), "{}", again.err);

    let stranger = Clinic::init();
    let signed = stranger.backup(&["verify", &path]);
    assert!(signed.err.contains("another server signed it"), "{}", signed.err);

    for kind in ["data", "keys"] {
        let file = path.replace(".json", &format!(".{kind}.age"));
        let whole = std::fs::read(&file).expect("reads");
        let mut bad = whole.clone();
        *bad.last_mut().expect("not empty") ^= 1;
        std::fs::write(&file, &bad).expect("writes");
        let refused = backups.refused(&["verify", &path]);
        assert!(refused.contains("is not what was written"), "{refused}");
        std::fs::write(&file, &whole).expect("writes");
    }
    let statement = std::fs::read_to_string(&manifest).expect("reads");
    std::fs::write(&manifest, statement.replacen("1", "2", 1)).expect("writes");
    assert!(backups.refused(&["verify", &path]).contains("altered"));
    let folder = backups.clinic.path("b2");
    let nobody = backups.refused(&["create", "--to", text(&folder), "--recipient", "age1nobody"]);
    assert!(nobody.contains("begins with age1"), "{nobody}");
}
