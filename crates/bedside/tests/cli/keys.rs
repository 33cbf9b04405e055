//! `bedside keys`.

use crate::common::clinic::Clinic;
use serde_json::Value;

fn ok(clinic: &Clinic, args: &[&str]) -> String {
    let outcome = clinic.keys(args);
    assert_eq!(outcome.code, Some(0), "{args:?}: {}", outcome.err);
    assert_eq!(outcome.err, "", "{args:?}");
    outcome.out
}

fn refused(clinic: &Clinic, args: &[&str]) -> String {
    let outcome = clinic.keys(args);
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{args:?}");
    outcome.err
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn keys_are_listed_rotated_and_retired() {
    let clinic = Clinic::init();
    let list = || json(&ok(&clinic, &["list", "--json"]));
    assert_eq!(list()["provider"], "file");
    assert_eq!(list()["data_keys"]["1"], 1);
    assert!(ok(&clinic, &["health"]).contains("file answers. Version 1 wraps."));

    let wrapping = refused(&clinic, &["retire", "1"]);
    assert!(wrapping.contains("still wraps 1 data keys; nothing was destroyed"), "{wrapping}");
    let done = json(&ok(&clinic, &["rotate", "--json"]));
    assert_eq!((&done["version"], &done["rewrapped"]), (&2.into(), &1.into()));
    assert_eq!((&list()["data_keys"]["1"], &list()["data_keys"]["2"]), (&0.into(), &1.into()));
    assert_eq!(json(&ok(&clinic, &["rotate", "--resume", "--json"]))["rewrapped"], 0);
    assert!(ok(&clinic, &["retire", "1"]).contains("Version 1 is destroyed"));
    assert!(list()["data_keys"].get("1").is_none());
    assert!(refused(&clinic, &["retire", "2"]).contains("still wraps"));
    assert!(ok(&clinic, &["list"]).contains("wraps new ones"));
}

#[test]
fn a_keyring_is_sealed_and_then_opens_with_its_passphrase_only() {
    let clinic = Clinic::init();
    let without = refused(&clinic, &["seal"]);
    assert!(without.contains("name keys.passphrase_file"), "{without}");
    let words = clinic.path("words");
    std::fs::write(&words, "correct horse battery\n").expect("writes");
    let setting = format!("provider = \"file\"\npassphrase_file = \"{}\"", words.display());
    clinic.edit("provider = \"file\"", &setting);
    assert!(refused(&clinic, &["list"]).contains("is not sealed yet; run: bedside keys seal"));
    assert!(ok(&clinic, &["seal"]).contains("is sealed now"));
    assert!(ok(&clinic, &["seal"]).contains("sealed with it already"));
    assert!(ok(&clinic, &["list"]).contains("wraps new ones"));
    let text = std::fs::read_to_string(clinic.data().join("keyring.json")).expect("reads");
    assert!(text.contains("argon2") || text.contains("passphrase"), "says how it is sealed");
    std::fs::write(&words, "another horse battery\n").expect("writes");
    assert!(refused(&clinic, &["list"]).contains("does not open the key file"));
}

#[test]
fn a_visit_that_is_not_there_or_not_confirmed_is_not_destroyed() {
    let clinic = Clinic::init();
    assert!(refused(&clinic, &["destroy", "nonsense", "--yes"]).contains("no id of a visit"));
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert!(refused(&clinic, &["destroy", id]).contains("add --yes"));
    assert!(refused(&clinic, &["destroy", id, "--yes"]).contains("no such visit"));
}
