//! Vault and OpenBao, by [`FakeVault`]: never tried on the real ones here.

use crate::fake_vault::{FakeVault, Ring};
use crate::host::{Fault, Host, Reply};
use crate::suite::{Bench, conforms, context};
use keys::{FileKeyring, KEY_BYTES, Kek, KeyError};
use kms::Moving;
use kms::{VaultKek, VaultLogin, VaultSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct ByToken(FakeVault);
struct ByRole(FakeVault);

impl Bench for ByToken {
    fn open(&self) -> Result<Box<dyn Kek>, KeyError> {
        Ok(Box::new(VaultKek::open(&self.0.settings(), self.0.pace.clone())?))
    }

    /// Vault closes versions from the oldest on, never the newest.
    fn set_enabled(&self, _: u32, _: bool) -> bool {
        false
    }
}

impl Bench for ByRole {
    fn open(&self) -> Result<Box<dyn Kek>, KeyError> {
        let settings = VaultSettings { namespace: Some("clinic".to_owned()), ..self.0.by_role() };
        Ok(Box::new(VaultKek::open(&settings, self.0.pace.clone())?))
    }

    fn set_enabled(&self, _: u32, _: bool) -> bool {
        false
    }
}

fn with_key() -> FakeVault {
    let vault = FakeVault::start();
    vault.state().keys.insert("bedside".to_owned(), Ring::new("aes256-gcm96"));
    vault
}

fn open(vault: &FakeVault) -> VaultKek {
    VaultKek::open(&vault.settings(), vault.pace.clone()).expect("opens")
}

fn refusal(vault: &FakeVault, settings: &VaultSettings) -> KeyError {
    VaultKek::open(settings, vault.pace.clone()).err().expect("refused")
}

#[test]
fn vault_conforms_with_a_token() {
    let vault = FakeVault::start();
    let error = refusal(&vault, &vault.settings());
    assert_eq!(error.code(), "key_setup");
    assert!(error.to_string().contains("vault write -f transit/keys/bedside"), "{error}");
    VaultKek::create_or_open(&vault.settings(), vault.pace.clone()).expect("makes the key");
    conforms(&ByToken(vault));
}

#[test]
fn vault_conforms_with_a_role_a_namespace_and_an_authority_of_its_own() {
    let vault = FakeVault::start_with(true);
    vault.state().namespace = Some("clinic".to_owned());
    vault.state().keys.insert("bedside".to_owned(), Ring::new("aes256-gcm96"));
    let untrusting = VaultSettings { authority: None, ..vault.by_role() };
    let error = refusal(&vault, &untrusting);
    assert!(error.to_string().contains("authority_file"), "{error}");
    conforms(&ByRole(vault));
}

#[test]
fn wrong_settings_are_refused_with_the_next_step() {
    let vault = with_key();
    vault.state().keys.insert("signing".to_owned(), Ring::new("ed25519"));
    let derived = Ring { derived: true, ..Ring::new("aes256-gcm96") };
    vault.state().keys.insert("derived".to_owned(), derived);
    let right = || vault.settings();
    let other_token = |text: &str| VaultLogin::TokenFile(vault.write("other-token", text));
    let wrong_secret = VaultLogin::AppRole {
        mount: "approle".to_owned(),
        role_id: "another-role".to_owned(),
        secret_id_file: vault.path("secret-id"),
    };
    let no_method = VaultLogin::AppRole {
        mount: "another".to_owned(),
        role_id: crate::fake_vault::ROLE.to_owned(),
        secret_id_file: vault.path("secret-id"),
    };
    let wrong = [
        (VaultSettings { key: "another".to_owned(), ..right() }, "key_setup", "there is no key"),
        (VaultSettings { mount: "another".to_owned(), ..right() }, "key_setup", "there is no key"),
        (VaultSettings { key: "signing".to_owned(), ..right() }, "key_setup", "aes256-gcm96"),
        (VaultSettings { key: "derived".to_owned(), ..right() }, "key_setup", "not derived"),
        (VaultSettings { key: "../sys".to_owned(), ..right() }, "key_setup", "plain name"),
        (VaultSettings { mount: "a//b".to_owned(), ..right() }, "key_setup", "plain paths"),
        (VaultSettings { namespace: Some("a b".to_owned()), ..right() }, "key_setup", "namespace"),
        (VaultSettings { authority: Some(b"none".to_vec()), ..right() }, "key_setup", "PEM"),
        (VaultSettings { address: "http://192.0.2.1".to_owned(), ..right() }, "key_setup", "https"),
        (VaultSettings { login: other_token("hvs.wrong"), ..right() }, "key_refused", "token_file"),
        (VaultSettings { login: wrong_secret, ..right() }, "key_refused", "secret_id"),
        (VaultSettings { login: no_method, ..right() }, "key_refused", "approle_mount"),
    ];
    for (settings, code, words) in wrong {
        let error = refusal(&vault, &settings);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("hvs."), "{error}");
    }
    let empty = VaultSettings { login: other_token(""), ..right() };
    assert!(refusal(&vault, &empty).to_string().contains("is empty"));
    let nowhere = VaultLogin::TokenFile(vault.path("nowhere"));
    assert_eq!(refusal(&vault, &VaultSettings { login: nowhere, ..right() }).code(), "key_file_io");
    drop(open(&vault));
}

#[test]
fn a_policy_that_does_not_allow_it_is_told_from_a_bad_token() {
    let vault = with_key();
    let kek = open(&vault);
    for token in vault.state().tokens.values_mut() {
        token.allowed = false;
    }
    let error = kek.health().expect_err("refused");
    assert!(matches!(error, KeyError::Refused { .. }) && error.to_string().contains("policy"));
    vault.state().tokens.clear();
    let error = kek.health().expect_err("refused");
    assert!(matches!(error, KeyError::Refused { .. }) && error.to_string().contains("token_file"));
    // Whoever puts a new one there needs no restart.
    let new = vault.give_token(None, true);
    vault.write("token", &new);
    kek.health().expect("healthy");
}

#[test]
fn it_is_asked_again_when_that_helps_and_no_more_than_four_times() {
    let vault = with_key();
    let kek = open(&vault);
    let wrapped = kek.wrap(context("a"), &[4; KEY_BYTES]).expect("wraps");
    for fault in [Fault::Status(429), Fault::Status(500), Fault::Status(503), Fault::BreaksOff] {
        vault.pace.waited_ms();
        vault.fail(3, fault);
        assert_eq!(*kek.unwrap(context("a"), &wrapped).expect("unwraps"), [4; KEY_BYTES]);
        assert_eq!(vault.pace.waited_ms(), [107, 207, 407]);
    }
    for (fault, code) in [
        (Fault::Status(429), "key_busy"),
        (Fault::Status(412), "key_unreachable"),
        (Fault::Status(500), "key_unreachable"),
        (Fault::Status(503), "key_unreachable"),
        (Fault::BreaksOff, "key_unreachable"),
        (Fault::NotHttp, "key_unreachable"),
    ] {
        let before = vault.count("decrypt/bedside");
        vault.fail(4, fault);
        let error = kek.unwrap(context("a"), &wrapped).expect_err("fails");
        assert_eq!((error.code(), error.is_passing()), (code, true), "{error}");
        assert_eq!(vault.count("decrypt/bedside") - before, 4, "{code}");
    }
    assert!(kek.unwrap(context("a"), &wrapped).is_ok());
}

#[test]
fn a_rotation_that_may_have_happened_is_not_repeated() {
    let vault = with_key();
    let kek = open(&vault);
    vault.state().log.clear();
    for (fault, asked) in [(Fault::BreaksOff, 1), (Fault::Status(500), 1), (Fault::Status(429), 4)]
    {
        vault.state().log.clear();
        vault.state().fail_only("rotate", fault);
        assert!(kek.create().expect_err("fails").is_passing());
        assert_eq!(vault.count("keys/bedside/rotate"), asked);
    }
    vault.state().fail_nothing();
    assert_eq!(kek.create().expect("a version"), 2);
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let vault = with_key();
    let kek = open(&vault);
    let wrapped = kek.wrap(context("a"), &[4; KEY_BYTES]).expect("wraps");
    let faults =
        [Fault::NotJson, Fault::OtherJson, Fault::Huge, Fault::Status(204), Fault::Status(405)];
    for fault in faults {
        vault.fail(1, fault);
        let error = kek.unwrap(context("a"), &wrapped).expect_err("refused");
        assert_eq!((error.code(), error.is_passing()), ("key_bad_answer", false), "{error}");
        vault.fail(1, fault);
        assert!(kek.wrap(context("a"), &[4; KEY_BYTES]).is_err());
    }
    assert!(kek.unwrap(context("a"), &wrapped).is_ok());
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = Host::start(None, |_| Reply::Silence);
    let vault = FakeVault::start();
    let settings = VaultSettings {
        address: silent.url(),
        within: Duration::from_millis(20),
        ..vault.settings()
    };
    let error = refusal(&vault, &settings);
    assert_eq!(error.code(), "key_unreachable");
    assert!(error.to_string().contains("not in time"), "{error}");
}

#[test]
fn a_redirect_is_not_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let other = Host::start(None, move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        Reply::Silence
    });
    let to = other.url();
    let standby = Host::start(None, move |_| Reply::With(307, "location", to.clone()));
    let vault = FakeVault::start();
    let error = refusal(&vault, &VaultSettings { address: standby.url(), ..vault.settings() });
    assert_eq!(error.code(), "key_setup");
    assert!(error.to_string().contains("active node"), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_token_is_renewed_before_it_ends_though_nobody_asks_for_anything() {
    let vault = with_key();
    let token = vault.give_token(Some(3_600), true);
    vault.write("token", &token);
    let kek = open(&vault);
    for times in 1..=3 {
        vault.pace.advance(2_400_000);
        vault.wait_for("renew-self", times);
    }
    kek.health().expect("two hours later");
    // Four hours are the longest that it can live; then the file must have another.
    vault.pace.advance(7_200_000);
    let other = vault.give_token(Some(3_600), true);
    vault.write("token", &other);
    kek.health().expect("with the other");
}

#[test]
fn a_role_signs_in_again_when_its_token_cannot_be_renewed() {
    let vault = with_key();
    let kek = VaultKek::open(&vault.by_role(), vault.pace.clone()).expect("opens");
    assert_eq!(vault.count("approle/login"), 1);
    vault.pace.advance(2_400_000);
    vault.wait_for("renew-self", 1);
    for token in vault.state().tokens.values_mut() {
        token.renewable = false;
    }
    vault.pace.advance(2_400_000);
    vault.wait_for("approle/login", 2);
    kek.health().expect("healthy");
    // Taken away by somebody: the next call signs in.
    vault.state().tokens.clear();
    kek.health().expect("healthy");
    assert_eq!(vault.count("approle/login"), 3);
    vault.state().tokens.clear();
    "another".clone_into(&mut vault.state().secret_id);
    let error = kek.health().expect_err("refused");
    assert!(error.to_string().contains("secret_id_file"), "{error}");
}

#[test]
fn a_version_that_its_operator_closed_says_so() {
    let vault = with_key();
    let kek = open(&vault);
    let old = kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    kek.create().expect("a version");
    vault.state().keys.get_mut("bedside").expect("there").min_decryption = 2;
    let error = kek.unwrap(context("a"), &old).expect_err("closed");
    assert_eq!(error.code(), "key_disabled");
    assert_eq!(kek.versions().expect("lists"), [2]);
    vault.state().keys.get_mut("bedside").expect("there").min_decryption = 1;
    assert!(kek.unwrap(context("a"), &old).is_ok());
}

#[test]
fn nothing_is_wrapped_under_an_older_version_once_there_is_a_newer_one() {
    let vault = with_key();
    let server = open(&vault);
    server.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    assert_eq!(open(&vault).create().expect("a version"), 2);
    assert_eq!(server.current_version(), 1, "it has not heard of it");
    let wrapped = server.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    assert_eq!(server.version_of(&wrapped).expect("one"), 2);
}

#[test]
fn versions_go_from_the_oldest_on_and_only_when_nothing_can_be_under_them() {
    let vault = with_key();
    let kek = open(&vault);
    // Made by Vault itself, so older ones are open still.
    let rotate = || vault.state().keys.get_mut("bedside").expect("there").rotate();
    rotate();
    rotate();
    kek.health().expect("healthy");
    let error = kek.destroy(2).expect_err("not the oldest");
    assert!(error.to_string().contains("oldest version first"), "{error}");
    let error = kek.destroy(1).expect_err("open");
    assert!(error.to_string().contains("rotate --resume"), "{error}");
    assert_eq!(kek.versions().expect("lists"), [1, 2, 3], "nothing was destroyed");
    kek.destroy(1).expect("destroys");
    assert!(matches!(kek.destroy(1), Err(KeyError::UnknownVersion(1))));
    kek.destroy(2).expect("destroys");
    let left: Vec<u32> = vault.state().keys["bedside"].versions.keys().copied().collect();
    assert_eq!(left, [3], "trimmed, not only closed");
}

#[test]
fn the_ids_of_clinic_and_visit_stay_here() {
    let vault = with_key();
    let kek = open(&vault);
    let place = context("a-visit");
    let wrapped = kek.wrap(place, &[1; KEY_BYTES]).expect("wraps");
    kek.unwrap(place, &wrapped).expect("unwraps");
    let state = vault.state();
    assert!(state.bodies.contains("associated_data"));
    use base64::Engine as _;
    for word in state.bodies.split('"') {
        let bytes = base64::engine::general_purpose::STANDARD.decode(word).unwrap_or_default();
        for id in ["a-visit".to_owned(), place.org.to_text()] {
            assert!(!word.contains(&id));
            assert!(!bytes.windows(id.len()).any(|part| part == id.as_bytes()));
        }
    }
}

#[test]
fn data_keys_move_from_the_file_to_vault_and_back() {
    let vault = FakeVault::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = || {
        Box::new(FileKeyring::create_or_open(folder.path().join("keyring.json")).expect("opens"))
    };
    let there = || {
        Box::new(VaultKek::create_or_open(&vault.settings(), vault.pace.clone()).expect("opens"))
    };
    let old = file().wrap(context("a"), &[6; KEY_BYTES]).expect("wraps");
    let to = Moving::new(there(), file()).expect("two kinds");
    let new = to.rewrap(context("a"), &old).expect("rewraps");
    assert_eq!(*there().unwrap(context("a"), &new).expect("unwraps"), [6; KEY_BYTES]);
    let back = Moving::new(file(), there()).expect("two kinds");
    let home = back.rewrap(context("a"), &new).expect("rewraps");
    assert_eq!(*file().unwrap(context("a"), &home).expect("unwraps"), [6; KEY_BYTES]);
    assert_eq!(Moving::new(there(), there()).err().expect("one kind").code(), "key_setup");
}
