//! A real PKCS#11 token: SoftHSM 2, each run with a token of its own.

use crate::suite::{Bench, conforms, context};
use cryptoki::context::Pkcs11;
use cryptoki::object::Attribute;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use keys::{FileKeyring, KEY_BYTES, Kek, KeyError, Zeroizing};
use kms::{Moving, Pkcs11Kek, Pkcs11Settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PLACES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];
const PIN: &str = "fedcba123456";

/// The module reads its settings from the environment when it is loaded, so `test` runs in a process
/// of its own: this program once more, with the environment set.
fn in_a_process_of_its_own(test: &str, run: impl Fn(&Token)) {
    let Some(library) = PLACES.iter().map(Path::new).find(|path| path.exists()) else {
        assert_ne!(std::env::var("BEDSIDE_TEST_PKCS11").as_deref(), Ok("required"), "no SoftHSM");
        println!("skipped: SoftHSM is not installed; apt-get install softhsm2");
        return;
    };
    if std::env::var_os("BEDSIDE_TEST_PKCS11_CHILD").is_some() {
        return run(&Token::new(library));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).expect("a folder");
    let settings = folder.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    fs::write(&settings, text).expect("writes");
    let done = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .env("SOFTHSM2_CONF", &settings)
        .env("BEDSIDE_TEST_PKCS11_CHILD", "1")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

struct Token {
    library: PathBuf,
}

impl Token {
    fn new(library: &Path) -> Self {
        let done = Command::new("softhsm2-util")
            .args([
                "--init-token",
                "--free",
                "--label",
                "clinic",
                "--pin",
                PIN,
                "--so-pin",
                "12345678",
            ])
            .output()
            .expect("softhsm2-util comes with the module");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Self { library: library.to_owned() }
    }

    fn settings(&self) -> Pkcs11Settings {
        Pkcs11Settings {
            library: self.library.clone(),
            token: "clinic".to_owned(),
            label: "bedside".to_owned(),
            pin: Zeroizing::new(PIN.to_owned()),
        }
    }
}

impl Bench for Token {
    fn open(&self) -> Result<Box<dyn Kek>, KeyError> {
        Ok(Box::new(Pkcs11Kek::open(&self.settings())?))
    }

    /// Takes the right to decrypt away from the key, as an operator does.
    fn set_enabled(&self, version: u32, enabled: bool) -> bool {
        let context = Pkcs11::new(&self.library).expect("loads");
        let slots = context.get_slots_with_initialized_token().expect("lists");
        let session = context.open_rw_session(slots[0]).expect("opens");
        // Signed in already: the provider under test is in the same process.
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        let id = Attribute::Id(version.to_be_bytes().to_vec());
        let keys = session.find_objects(&[id]).expect("finds");
        session.update_attributes(keys[0], &[Attribute::Decrypt(enabled)]).expect("changes");
        true
    }
}

#[test]
fn pkcs11_conforms() {
    in_a_process_of_its_own("softhsm::pkcs11_conforms", |token| {
        let error = Pkcs11Kek::open(&token.settings()).err().expect("no key yet");
        assert_eq!(error.code(), "key_setup");
        assert!(error.to_string().contains("bedside keys rotate"), "{error}");
        Pkcs11Kek::create_or_open(&token.settings()).expect("makes the first key");
        conforms(token);
    });
}

#[test]
fn wrong_settings_are_refused_with_the_next_step() {
    in_a_process_of_its_own("softhsm::wrong_settings_are_refused_with_the_next_step", |token| {
        let right = || token.settings();
        let wrong = [
            (Pkcs11Settings { library: "/nowhere.so".into(), ..right() }, "key_setup"),
            (Pkcs11Settings { token: "another".to_owned(), ..right() }, "key_setup"),
            (Pkcs11Settings { pin: Zeroizing::new("000000".to_owned()), ..right() }, "key_refused"),
        ];
        for (settings, code) in wrong {
            let error = Pkcs11Kek::create_or_open(&settings).err().expect("refused");
            assert_eq!(error.code(), code, "{error}");
            assert!(!error.to_string().contains("000000"));
        }
        assert!(Pkcs11Kek::create_or_open(&right()).is_ok());
    });
}

#[test]
fn keys_never_leave_the_token() {
    in_a_process_of_its_own("softhsm::keys_never_leave_the_token", |token| {
        let kek = Pkcs11Kek::create_or_open(&token.settings()).expect("opens");
        kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
        let listed = Command::new("pkcs11-tool")
            .args(["--list-objects", "--login", "--pin", PIN, "--module"])
            .arg(&token.library)
            .output();
        // A second opinion, where OpenSC is installed.
        if let Ok(listed) = listed {
            let said = String::from_utf8_lossy(&listed.stdout).into_owned();
            assert!(said.contains("AES length 32"), "{said}");
            assert!(said.contains("sensitive") && said.contains("never extractable"), "{said}");
        }
    });
}

#[test]
fn data_keys_move_from_the_file_to_the_token() {
    in_a_process_of_its_own("softhsm::data_keys_move_from_the_file_to_the_token", |token| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyring.json");
        let file = FileKeyring::create_or_open(&path).expect("creates");
        let old = file.wrap(context("a"), &[6; KEY_BYTES]).expect("wraps");
        let hsm = || Box::new(Pkcs11Kek::create_or_open(&token.settings()).expect("opens"));
        let moving = Moving::new(hsm(), Box::new(file)).expect("two kinds");
        assert_eq!(*moving.unwrap(context("a"), &old).expect("unwraps"), [6; KEY_BYTES]);
        assert!(moving.version_of(&old).is_err(), "counted as another provider's");
        let new = moving.rewrap(context("a"), &old).expect("rewraps");
        assert_eq!(*hsm().unwrap(context("a"), &new).expect("unwraps"), [6; KEY_BYTES]);
        assert!(matches!(hsm().unwrap(context("a"), &old), Err(KeyError::OtherProvider("file"))));
        let refused = Moving::new(hsm(), hsm()).err().expect("refused");
        assert_eq!(refused.code(), "key_setup");
    });
}
