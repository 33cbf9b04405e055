//! `bedside keys`.

use crate::common::clinic::Clinic;
use crate::fake_vault::FakeVault;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

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

/// What a rotation says at its end, after its steps.
fn last(text: &str) -> Value {
    json(text.lines().last().expect("a line"))
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
    let done = last(&ok(&clinic, &["rotate", "--json"]));
    assert_eq!((&done["version"], &done["rewrapped"]), (&2.into(), &1.into()));
    assert_eq!((&list()["data_keys"]["1"], &list()["data_keys"]["2"]), (&0.into(), &1.into()));
    assert_eq!(last(&ok(&clinic, &["rotate", "--resume", "--json"]))["rewrapped"], 0);
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

/// Settings with the tables of both services, as the template has them to uncomment.
fn with_services() -> Clinic {
    let clinic = Clinic::init();
    for line in [
        "[keys.vault]",
        "address = \"https://vault.example.org:8200\"",
        "authority_file = \"/etc/bedside/vault-authority.pem\"",
        "token_file = \"/etc/bedside/vault-token\"",
        "[keys.aws_kms]",
        "region = \"eu-central-1\"",
        "alias_prefix = \"bedside\"",
        "credentials_file = \"/etc/bedside/aws-credentials\"",
    ] {
        clinic.edit(&format!("# {line}"), line);
    }
    clinic
}

fn provide(clinic: &Clinic, name: &str) {
    clinic.edit("\nprovider = \"file\"", &format!("\nprovider = \"{name}\""));
}

#[test]
fn key_services_that_are_not_described_are_refused() {
    for (name, words) in [
        ("vault", "say which one in [keys.vault]"),
        ("aws-kms", "say which region in [keys.aws_kms]"),
        ("vaul", "vault"),
    ] {
        let clinic = Clinic::init();
        provide(&clinic, name);
        let refusal = refused(&clinic, &["health"]);
        assert!(refusal.contains(words), "{refusal}");
    }
    let clinic = with_services();
    provide(&clinic, "vault");
    clinic.edit("\ntoken_file = ", "\nrole_id = ");
    assert!(refused(&clinic, &["health"]).contains("either token_file, or role_id"));
    let clinic = with_services();
    provide(&clinic, "aws-kms");
    clinic.edit("alias_prefix = \"bedside\"", "deletion_days = 3");
    assert!(refused(&clinic, &["health"]).contains("7 to 30"));
}

#[test]
fn a_key_service_that_cannot_be_used_says_what_to_do() {
    let clinic = with_services();
    provide(&clinic, "vault");
    assert!(refused(&clinic, &["health"]).contains("look at authority_file in [keys]"));
    clinic.edit("authority_file = \"/etc/bedside/vault-authority.pem\"", "");
    clinic.edit("https://vault.example.org:8200", "http://vault.example.org:8200");
    assert!(refused(&clinic, &["health"]).contains("must begin with https://"));
    let token = clinic.path("token");
    std::fs::write(&token, "hvs.secret\n").expect("writes");
    let for_all = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&token, for_all).expect("chmod");
    clinic.edit("/etc/bedside/vault-token", token.to_str().expect("plain"));
    clinic.edit("http://vault.example.org:8200", "http://127.0.0.1:8200");
    let refusal = refused(&clinic, &["health"]);
    assert!(refusal.contains("can be read by others"), "{refusal}");
    assert!(!refusal.contains("hvs."), "{refusal}");

    let clinic = with_services();
    provide(&clinic, "aws-kms");
    assert!(refused(&clinic, &["health"]).contains("/etc/bedside/aws-credentials"));
    clinic.edit("credentials_file = \"/etc/bedside/aws-credentials\"", "");
    let settings = clinic.settings();
    let half = std::process::Command::new(env!("CARGO_BIN_EXE_bedside"))
        .args(["keys", "-c", &settings, "health"])
        .env("AWS_ACCESS_KEY_ID", "AKIA1")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&half.stderr);
    assert!(said.contains("name credentials_file in [keys.aws_kms]"), "{said}");
}

#[test]
fn data_keys_move_to_vault_and_the_file_is_not_needed_any_more() {
    let (vault, clinic) = (FakeVault::start(), with_services());
    let token = vault.path("token");
    provide(&clinic, "vault");
    clinic.edit("https://vault.example.org:8200", &vault.settings().address);
    clinic.edit("authority_file = \"/etc/bedside/vault-authority.pem\"", "");
    clinic.edit("/etc/bedside/vault-token", token.to_str().expect("plain"));
    let early = refused(&clinic, &["list"]);
    assert!(early.contains("vault write -f transit/keys/bedside"), "{early}");

    clinic.edit("# previous = \"file\"", "previous = \"file\"");
    let done = last(&ok(&clinic, &["rotate", "--json"]));
    assert_eq!((&done["version"], &done["rewrapped"]), (&1.into(), &1.into()));
    clinic.edit("\nprevious = \"file\"", "");
    std::fs::remove_file(clinic.data().join("keyring.json")).expect("was there");
    let list = json(&ok(&clinic, &["list", "--json"]));
    assert_eq!((&list["provider"], &list["data_keys"]["1"]), (&"vault".into(), &1.into()));
    assert_eq!(last(&ok(&clinic, &["rotate", "--json"]))["version"], 2);
    assert!(ok(&clinic, &["retire", "1"]).contains("Version 1 is destroyed"));
    assert!(ok(&clinic, &["health"]).contains("vault answers. Version 2 wraps."));

    vault.state().tokens.clear();
    let refusal = refused(&clinic, &["health"]);
    assert!(refusal.contains("put a new one into token_file"), "{refusal}");
    assert!(!refusal.contains("hvs."), "{refusal}");
}
