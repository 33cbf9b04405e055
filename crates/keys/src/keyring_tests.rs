use super::*;
use crate::{DataKey, KeyScope};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use visit::OrgId;

fn context(org: u128) -> KeyContext<'static> {
    KeyContext { org: OrgId::new(1, org), scope: KeyScope::Visit, scope_id: "visit-1" }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_new_keyring_is_private_and_leaves_nothing_beside_it() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let ring = FileKeyring::create_or_open(&path).expect("creates");
    assert_eq!(ring.current_version(), 1);
    ring.create().expect("rotates");
    let mode = fs::metadata(&path).expect("is there").mode() & 0o777;
    assert_eq!(mode, 0o600);
    let names: Vec<_> = fs::read_dir(dir.path()).expect("lists").collect();
    assert_eq!(names.len(), 1, "no temporary file stays");
}

#[test]
fn a_key_wrapped_before_reopening_and_rotation_still_unwraps() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let ring = FileKeyring::create_or_open(&path).expect("creates");
    let first = ring.wrap(context(1), &[1; KEY_BYTES]).expect("wraps");
    assert_eq!(ring.create().expect("rotates"), 2);
    let second = ring.wrap(context(1), &[2; KEY_BYTES]).expect("wraps");
    let again = FileKeyring::create_or_open(&path).expect("reopens");
    for ring in [&ring, &again] {
        assert_eq!(*ring.unwrap(context(1), &first).expect("version 1"), [1; KEY_BYTES]);
        assert_eq!(*ring.unwrap(context(1), &second).expect("version 2"), [2; KEY_BYTES]);
        assert_eq!(ring.version_of(&first).expect("a version"), 1);
        assert_eq!(ring.version_of(&second).expect("a version"), 2);
        ring.health().expect("healthy");
    }
}

#[test]
fn every_flipped_byte_cut_and_other_context_fails() {
    let dir = folder();
    let ring = FileKeyring::create_or_open(dir.path().join("k")).expect("creates");
    ring.create().expect("rotates");
    let wrapped = ring.wrap(context(1), &[3; KEY_BYTES]).expect("wraps");
    for i in 0..wrapped.len() {
        let mut bad = wrapped.clone();
        bad[i] ^= 0x80;
        assert!(ring.unwrap(context(1), &bad).is_err(), "byte {i}");
        assert!(ring.unwrap(context(1), &wrapped[..i]).is_err(), "cut at {i}");
    }
    // Naming another version that exists does not help either.
    let mut older = wrapped.clone();
    older[4] = 1;
    assert!(matches!(ring.unwrap(context(1), &older), Err(KeyError::Open)));
    let elsewhere = [
        context(2),
        KeyContext { scope: KeyScope::Org, ..context(1) },
        KeyContext { scope_id: "visit-2", ..context(1) },
    ];
    for place in elsewhere {
        assert!(matches!(ring.unwrap(place, &wrapped), Err(KeyError::Open)));
    }
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_fix() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    FileKeyring::create_or_open(&path).expect("creates");
    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
        let error = FileKeyring::create_or_open(&path).err().expect("refused");
        assert_eq!(error.code(), "key_file_too_open");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("chmod");
    assert!(FileKeyring::open(&path).is_ok(), "read-only for the owner is fine");
}

#[test]
fn damage_is_named_and_never_replaced_by_a_new_keyring() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let good_key = BASE64.encode([1; KEY_BYTES]);
    let bad_files = [
        String::new(),
        "{".to_owned(),
        r#"{"format":1,"keys":[]}"#.to_owned(),
        format!(r#"{{"format":2,"keys":[{{"version":1,"key":"{good_key}"}}]}}"#),
        r#"{"format":1,"keys":[{"version":1,"key":"AAAA"}]}"#.to_owned(),
        r#"{"format":1,"keys":[{"version":1,"key":"?"}]}"#.to_owned(),
        format!(
            r#"{{"format":1,"keys":[{{"version":1,"key":"{good_key}"}},{{"version":1,"key":"{good_key}"}}]}}"#
        ),
    ];
    for text in bad_files {
        fs::write(&path, &text).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        let error = FileKeyring::create_or_open(&path).err().expect("refused");
        assert_eq!(error.code(), "key_file_damaged", "{text}");
        assert_eq!(fs::read_to_string(&path).expect("reads"), text, "left as it was");
    }
}

#[test]
fn many_starters_at_once_share_one_keyring() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let rings: Vec<FileKeyring> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| FileKeyring::create_or_open(&path).expect("opens")))
            .collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    let wrapped = rings[0].wrap(context(1), &[9; KEY_BYTES]).expect("wraps");
    for ring in &rings {
        assert_eq!(*ring.unwrap(context(1), &wrapped).expect("same key"), [9; KEY_BYTES]);
    }
}

#[test]
fn health_fails_when_the_file_is_gone() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let ring = FileKeyring::create_or_open(&path).expect("creates");
    fs::remove_file(&path).expect("removes");
    assert_eq!(ring.health().expect_err("unhealthy").code(), "key_file_io");
}

#[test]
fn a_data_key_survives_wrapping() {
    use crate::{Aad, SealPurpose};
    let dir = folder();
    let ring = FileKeyring::create_or_open(dir.path().join("k")).expect("creates");
    let key = DataKey::generate().expect("random");
    let place = Aad { org: OrgId::new(1, 1), table: "t", column: "c", row: "r" };
    let sealed = key.seal(SealPurpose::Secret, &place, b"seed").expect("seals");
    let wrapped = key.wrap(&ring, context(1)).expect("wraps");
    let back = DataKey::unwrap(&ring, context(1), &wrapped).expect("unwraps");
    assert_eq!(&**back.open(SealPurpose::Secret, &place, &sealed).expect("opens"), b"seed");
}

fn passphrase(words: &str) -> Unlock {
    Unlock::Passphrase(Zeroizing::new(words.as_bytes().to_vec()))
}

fn credential(byte: u8) -> Unlock {
    Unlock::Credential(Zeroizing::new(vec![byte; 32]))
}

#[test]
fn a_version_made_by_another_process_is_in_force_at_the_next_use() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let server = FileKeyring::create_or_open(&path).expect("creates");
    let command = FileKeyring::open(&path).expect("opens");
    assert_eq!(command.create().expect("a version"), 2);
    let wrapped = server.wrap(context(1), &[4; KEY_BYTES]).expect("wraps");
    assert_eq!(server.version_of(&wrapped).expect("a version"), 2);
    let older = KeyError::UnknownVersion(1).code();
    command.destroy(1).expect("an older one goes");
    let mut first = wrapped;
    first[4] = 1;
    assert_eq!(server.unwrap(context(1), &first).expect_err("gone").code(), older);
}

#[test]
fn a_sealed_keyring_opens_with_its_secret_only_and_holds_no_key_in_the_clear() {
    type Make = fn() -> Unlock;
    let secrets: [(Make, Make); 2] = [
        (|| passphrase("correct horse battery"), || passphrase("correct horse batterY")),
        (|| credential(1), || credential(2)),
    ];
    for (right, wrong) in secrets {
        let dir = folder();
        let path = dir.path().join("keys.json");
        let plain = FileKeyring::create_or_open(&path).expect("creates");
        let wrapped = plain.wrap(context(1), &[5; KEY_BYTES]).expect("wraps");
        let clear: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).expect("reads")).expect("JSON");
        let clear = clear["keys"][0]["key"].as_str().expect("a key").to_owned();

        let sealed = plain.seal(right()).expect("seals");
        assert_eq!(sealed.create().expect("a version"), 2);
        let text = fs::read_to_string(&path).expect("reads");
        assert!(!text.contains(&clear) && text.contains("\"salt\""));
        let opened = FileKeyring::open_sealed(&path, Some(right())).expect("opens");
        assert_eq!(*opened.unwrap(context(1), &wrapped).expect("unwraps"), [5; KEY_BYTES]);
        opened.health().expect("healthy");

        let code = |unlock| FileKeyring::open_sealed(&path, unlock).err().map(|e| e.code());
        assert_eq!(code(None), Some("key_file_locked"));
        assert_eq!(code(Some(wrong())), Some("key_file_wrong_secret"));
    }
}

#[test]
fn secrets_of_the_other_kind_short_ones_and_unsealed_files_are_refused() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let ring = FileKeyring::create_or_open(&path).expect("creates");
    let code = |unlock| FileKeyring::open_sealed(&path, Some(unlock)).err().map(|e| e.code());
    assert_eq!(code(credential(1)), Some("key_file_not_sealed"));
    let short = ring.seal(passphrase("short")).err().map(|e| e.code());
    assert_eq!(short, Some("key_file_secret_too_short"));
    let ring = FileKeyring::open(&path).expect("still as it was");
    ring.seal(credential(1)).expect("seals");
    assert_eq!(code(passphrase("correct horse battery")), Some("key_file_wrong_secret"));
}

#[test]
fn sealed_keys_cannot_change_places() {
    let dir = folder();
    let path = dir.path().join("keys.json");
    let ring = FileKeyring::create_or_open_sealed(&path, Some(credential(1))).expect("creates");
    ring.create().expect("a version");
    let mut form: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("reads")).expect("JSON");
    form["keys"][0]["key"] = form["keys"][1]["key"].clone();
    fs::write(&path, form.to_string()).expect("writes");
    let refused = FileKeyring::open_sealed(&path, Some(credential(1))).err().map(|e| e.code());
    assert_eq!(refused, Some("key_file_wrong_secret"));
}
