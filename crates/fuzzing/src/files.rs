//! The settings file and the keyring: what is read means what it says, and what is typed cannot
//! break out of its quotes.

use std::cell::RefCell;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use keys::{FileKeyring, Kek as _, KeyContext, KeyError, KeyScope};
use tempfile::NamedTempFile;
use visit::OrgId;

use crate::input::Input;

// The program has no library; its settings need nothing else of it.
#[allow(dead_code)]
#[path = "../../bedside/src/config.rs"]
mod config;
use config::{Config, ConfigError, template};

/// A whole settings file.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(&text, "bedside.toml".to_owned()) {
        Ok(config) => assert_is_host(&config),
        Err(error) => {
            assert!(matches!(error, ConfigError::Wrong { .. }));
            assert!(error.to_string().starts_with("bedside.toml has a mistake"));
        }
    }
}

/// What is typed at `bedside init`: the file that is written is read back with the same values, or is
/// refused because of the domain.
pub fn settings_template(data: &[u8]) {
    let mut input = Input::new(data);
    let (domain, admin, database) = (input.line(), input.line(), input.line());
    let keyring = input.line();
    let text = template(&domain, &admin, &database, Path::new(&keyring));
    match Config::parse(&text, String::new()) {
        Ok(config) => {
            assert_is_host(&config);
            assert!(config.web.domain == domain && config.data.database == database);
            assert!(config.data.keyring == Path::new(&keyring));
            let config::Certificate::Acme { contact, .. } = &config.web.certificate else {
                panic!("the certificate is ordered");
            };
            assert!(*contact == admin);
        }
        Err(error) => {
            assert!(error.to_string().contains("web.domain is a plain name"), "{error}");
        }
    }
}

/// The domain can stand in an address without changing what the rest of the address means.
fn assert_is_host(config: &Config) {
    let domain = &config.web.domain;
    let breaks = |c: char| c.is_whitespace() || c.is_control() || "/:\"\\?#@".contains(c);
    assert!(!domain.is_empty() && !domain.contains(breaks), "{domain:?} is no host");
    assert!(config.web.origin().starts_with(&format!("https://{domain}")));
}

thread_local! {
    static KEYRING: RefCell<Option<NamedTempFile>> = const { RefCell::new(None) };
}

/// A keyring file. What opens can wrap and unwrap.
pub fn keyring(data: &[u8]) {
    KEYRING.with_borrow_mut(|file| {
        // Made with mode 0600, as a keyring has to be.
        let file = file.get_or_insert_with(|| NamedTempFile::new().expect("a temporary file"));
        file.as_file().set_len(0).expect("emptied");
        file.rewind().expect("rewound");
        file.write_all(data).expect("written");
        match FileKeyring::open(file.path()) {
            Ok(keyring) => assert_works(&keyring),
            Err(error) => {
                let said = matches!(error, KeyError::Damaged { .. } | KeyError::Locked { .. });
                assert!(said, "{error}");
            }
        }
    });
}

fn assert_works(keyring: &FileKeyring) {
    let org = OrgId::new(1, 1);
    let context = KeyContext { org, scope: KeyScope::Visit, scope_id: "a" };
    let key = [9; keys::KEY_BYTES];
    let mut wrapped = keyring.wrap(context, &key).expect("wraps");
    assert_eq!(keyring.version_of(&wrapped).ok(), Some(keyring.current_version()));
    assert!(keyring.unwrap(context, &wrapped).is_ok_and(|out| *out == key));
    assert!(keyring.health().is_ok());
    if let Some(last) = wrapped.last_mut() {
        *last ^= 1;
    }
    assert!(keyring.unwrap(context, &wrapped).is_err());
}
