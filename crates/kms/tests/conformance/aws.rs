//! AWS KMS, by [`FakeKms`]: never tried on the real service here.

use crate::fake_kms::FakeKms;
use crate::fake_vault::{FakeVault, Ring};
use crate::host::{Fault, Host, Reply};
use crate::suite::{Bench, conforms, context};
use keys::{KEY_BYTES, Kek, KeyError, Zeroizing};
use kms::{AwsCredentials, AwsKmsKek, AwsKmsSettings, AwsLogin, Moving, VaultKek};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

struct Account(FakeKms);

impl Bench for Account {
    fn open(&self) -> Result<Box<dyn Kek>, KeyError> {
        Ok(Box::new(AwsKmsKek::open(&self.0.settings(), self.0.pace.clone())?))
    }

    fn set_enabled(&self, version: u32, enabled: bool) -> bool {
        let alias = format!("alias/bedside-v{version}");
        self.0.change(&alias, |key| key.state = if enabled { "Enabled" } else { "Disabled" });
        true
    }
}

fn made(kms: &FakeKms) -> AwsKmsKek {
    AwsKmsKek::create_or_open(&kms.settings(), kms.pace.clone()).expect("makes the first key")
}

fn refusal(kms: &FakeKms, settings: &AwsKmsSettings) -> KeyError {
    AwsKmsKek::open(settings, kms.pace.clone()).err().expect("refused")
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("writes");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
}

#[test]
fn aws_kms_conforms() {
    let kms = FakeKms::start();
    let error = refusal(&kms, &kms.settings());
    assert_eq!(error.code(), "key_setup");
    assert!(error.to_string().contains("alias/bedside-v1"), "{error}");
    made(&kms);
    conforms(&Account(kms));
}

#[test]
fn wrong_settings_are_refused_with_the_next_step() {
    let kms = FakeKms::start();
    made(&kms);
    let right = || kms.settings();
    let with = |access_key_id: &str, secret: &str, session_token: Option<&str>| {
        AwsLogin::Given(AwsCredentials {
            access_key_id: access_key_id.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            session_token: session_token.map(|token| Zeroizing::new(token.to_owned())),
        })
    };
    let wrong = [
        (AwsKmsSettings { region: "eu central".to_owned(), ..right() }, "key_setup", "region"),
        (AwsKmsSettings { region: "us-east-1".to_owned(), ..right() }, "key_refused", "region"),
        (AwsKmsSettings { alias_prefix: "aws/s3".to_owned(), ..right() }, "key_setup", "prefix"),
        (AwsKmsSettings { alias_prefix: "other".to_owned(), ..right() }, "key_setup", "other-v1"),
        (AwsKmsSettings { deletion_days: 6, ..right() }, "key_setup", "7 to 30"),
        (
            AwsKmsSettings { login: with("AKIANOBODY", "secret", None), ..right() },
            "key_refused",
            "access key",
        ),
        (
            AwsKmsSettings { login: with("AKIADOUBLE", "s3cret", None), ..right() },
            "key_refused",
            "secret access key",
        ),
        (
            AwsKmsSettings { login: with("AKIADOUBLE", "s3cret", Some("tok3n")), ..right() },
            "key_refused",
            "access key",
        ),
        (AwsKmsSettings { login: with("A\n", "s3cret", None), ..right() }, "key_setup", "signs"),
    ];
    for (settings, code, words) in wrong {
        let error = refusal(&kms, &settings);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        for secret in ["s3cret", "tok3n", "AKIA"] {
            assert!(!error.to_string().contains(secret), "{error}");
        }
    }
}

#[test]
fn what_the_policy_does_not_allow_and_a_wrong_clock_are_told_apart() {
    let kms = FakeKms::start();
    made(&kms);
    kms.state().denied.push("Decrypt");
    let error = refusal(&kms, &kms.settings());
    assert!(matches!(error, KeyError::Refused { .. }) && error.to_string().contains("policy"));
    kms.state().denied.clear();
    kms.state().ahead_ms = 600_000;
    let error = refusal(&kms, &kms.settings());
    assert!(matches!(error, KeyError::Refused { .. }) && error.to_string().contains("clock"));
    kms.state().ahead_ms = 0;
    assert!(AwsKmsKek::open(&kms.settings(), kms.pace.clone()).is_ok());
}

#[test]
fn temporary_credentials_are_read_again_when_they_end() {
    let kms = FakeKms::start();
    made(&kms);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("credentials");
    let file = |id: &str| {
        format!("[clinic]\naws_access_key_id={id}\naws_secret_access_key=s\naws_session_token=t=\n")
    };
    write(&path, &file("ASIAONE"));
    let temporary = || ("s".to_owned(), Some("t=".to_owned()));
    kms.state().users.insert("ASIAONE".to_owned(), temporary());
    let login = AwsLogin::File { path: path.clone(), profile: "clinic".to_owned() };
    let settings = AwsKmsSettings { login, ..kms.settings() };
    let kek = AwsKmsKek::open(&settings, kms.pace.clone()).expect("opens");
    kms.state().users.remove("ASIAONE");
    assert_eq!(kek.health().expect_err("ended").code(), "key_refused");
    kms.state().users.insert("ASIATWO".to_owned(), temporary());
    write(&path, &file("ASIATWO"));
    kek.health().expect("healthy");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    assert_eq!(refusal(&kms, &settings).code(), "key_file_too_open");
}

#[test]
fn it_is_asked_again_when_that_helps_and_no_more_than_four_times() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    let wrapped = kek.wrap(context("a"), &[4; KEY_BYTES]).expect("wraps");
    for fault in [Fault::Status(429), Fault::Status(500), Fault::Status(503), Fault::BreaksOff] {
        kms.pace.waited_ms();
        kms.fail(3, fault);
        assert_eq!(*kek.unwrap(context("a"), &wrapped).expect("unwraps"), [4; KEY_BYTES]);
        assert_eq!(kms.pace.waited_ms(), [107, 207, 407]);
    }
    for (status, kind, code) in [
        (400, "ThrottlingException", "key_busy"),
        (500, "KMSInternalException", "key_unreachable"),
        (500, "KeyUnavailableException", "key_unreachable"),
        (503, "DependencyTimeoutException", "key_unreachable"),
    ] {
        let before = kms.count("Decrypt");
        kms.state().failing = Some(("Decrypt", status, kind));
        let error = kek.unwrap(context("a"), &wrapped).expect_err("fails");
        assert_eq!((error.code(), error.is_passing()), (code, true), "{error}");
        assert_eq!(kms.count("Decrypt") - before, 4);
        kms.state().failing = None;
    }
    for fault in [Fault::NotJson, Fault::OtherJson, Fault::Huge, Fault::Status(418)] {
        kms.fail(1, fault);
        let error = kek.unwrap(context("a"), &wrapped).expect_err("refused");
        assert_eq!((error.code(), error.is_passing()), ("key_bad_answer", false), "{error}");
    }
    assert!(kek.unwrap(context("a"), &wrapped).is_ok());
}

#[test]
fn a_silent_or_redirecting_endpoint_is_given_up() {
    let kms = FakeKms::start();
    let silent = Host::start(None, |_| Reply::Silence);
    let within = Duration::from_millis(20);
    let settings = AwsKmsSettings { endpoint: Some(silent.url()), within, ..kms.settings() };
    assert!(refusal(&kms, &settings).to_string().contains("not in time"));
    let elsewhere = Host::start(None, |_| Reply::With(301, "location", "http://192.0.2.1/".into()));
    let settings = AwsKmsSettings { endpoint: Some(elsewhere.url()), ..kms.settings() };
    let error = refusal(&kms, &settings);
    assert!(error.code() == "key_setup" && error.to_string().contains("region"), "{error}");
}

#[test]
fn a_key_that_waits_for_its_deletion_opens_nothing_and_says_so() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    let old = kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    kek.create().expect("a version");
    kek.destroy(1).expect("destroys");
    for failed in
        [kek.unwrap(context("a"), &old).map(drop), kek.rewrap(context("a"), &old).map(drop)]
    {
        let error = failed.expect_err("gone");
        assert!(error.to_string().contains("pending deletion"), "{error}");
        assert_eq!(error.code(), "key_disabled");
    }
    assert!(matches!(kek.destroy(1), Err(KeyError::UnknownVersion(1))));
    kms.change("alias/bedside-v1", |key| {
        assert_eq!(key.pending_days, Some(7));
        key.state = "Enabled";
    });
    assert!(kek.unwrap(context("a"), &old).is_ok(), "called off in time");
}

#[test]
fn a_data_key_is_rewrapped_inside_kms() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    let old = kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    kek.create().expect("a version");
    kms.state().log.clear();
    let new = kek.rewrap(context("a"), &old).expect("rewraps");
    assert_eq!(kms.state().log, ["ReEncrypt"]);
    assert_eq!(*kek.unwrap(context("a"), &new).expect("unwraps"), [1; KEY_BYTES]);
}

#[test]
fn two_processes_that_make_a_version_at_once_end_with_the_same() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    kms.state().faster = Some("alias/bedside-v2".to_owned());
    assert_eq!(kek.create().expect("a version"), 2);
    let wrapped = kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    assert_eq!(kek.version_of(&wrapped).expect("one"), 2);
    let going = kms.state().keys.values().filter(|key| key.state == "PendingDeletion").count();
    assert_eq!(going, 1, "the key that got no alias");
}

#[test]
fn a_version_that_could_not_be_made_leaves_the_older_one() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    for (action, status, kind, asked) in [
        ("CreateKey", 0, "", 1),
        ("CreateKey", 500, "KMSInternalException", 1),
        ("CreateKey", 400, "ThrottlingException", 4),
        ("CreateKey", 400, "LimitExceededException", 1),
        ("CreateAlias", 400, "AccessDeniedException", 1),
    ] {
        kms.state().log.clear();
        kms.state().failing = Some((action, status, kind));
        assert!(kek.create().is_err());
        assert_eq!(kms.count(action), asked, "{action} {kind}");
        kms.state().failing = None;
        assert_eq!(kek.versions().expect("lists"), [1]);
    }
    let left = kms.state().keys.values().filter(|key| key.state == "Enabled").count();
    assert_eq!(left, 1, "what has no alias goes");
    // A new alias is not seen everywhere at once.
    kms.state().late_looks = 3;
    assert_eq!(kek.create().expect("a version"), 2);
}

#[test]
fn the_ids_of_clinic_and_visit_stay_here() {
    let kms = FakeKms::start();
    let kek = made(&kms);
    let place = context("a-visit");
    let wrapped = kek.wrap(place, &[1; KEY_BYTES]).expect("wraps");
    kek.unwrap(place, &wrapped).expect("unwraps");
    let bodies = kms.state().bodies.clone();
    assert!(bodies.contains("EncryptionContext"));
    use base64::Engine as _;
    for word in bodies.split('"') {
        let bytes = base64::engine::general_purpose::STANDARD.decode(word).unwrap_or_default();
        for id in ["a-visit".to_owned(), place.org.to_text()] {
            assert!(!word.contains(&id));
            assert!(!bytes.windows(id.len()).any(|part| part == id.as_bytes()));
        }
    }
}

#[test]
fn data_keys_move_from_vault_to_kms_and_back() {
    let (kms, vault) = (FakeKms::start(), FakeVault::start());
    vault.state().keys.insert("bedside".to_owned(), Ring::new("aes256-gcm96"));
    let there = || Box::new(made(&kms));
    let here = || Box::new(VaultKek::open(&vault.settings(), vault.pace.clone()).expect("opens"));
    let old = here().wrap(context("a"), &[6; KEY_BYTES]).expect("wraps");
    let to = Moving::new(there(), here()).expect("two kinds");
    assert!(to.version_of(&old).is_err(), "counted as another provider's");
    let new = to.rewrap(context("a"), &old).expect("rewraps");
    assert_eq!(*there().unwrap(context("a"), &new).expect("unwraps"), [6; KEY_BYTES]);
    assert!(matches!(there().unwrap(context("a"), &old), Err(KeyError::OtherProvider("vault"))));
    let back = Moving::new(here(), there()).expect("two kinds");
    let home = back.rewrap(context("a"), &new).expect("rewraps");
    assert_eq!(*here().unwrap(context("a"), &home).expect("unwraps"), [6; KEY_BYTES]);
}
