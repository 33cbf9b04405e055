//! `bedside init`.

use crate::common::clinic::{ADMIN, Clinic};
use crate::common::program::run;
use std::os::unix::fs::PermissionsExt as _;
use store::testing::TestDb;

#[test]
fn it_writes_settings_for_its_user_only_and_gives_the_administrators_link() {
    let clinic = Clinic::init();
    let mode = std::fs::metadata(clinic.settings()).expect("the settings are there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    for words in ["bedside serve -c", "https://clinic.test/clinic#in=", "keyring.json apart from"] {
        assert!(clinic.said.out.contains(words), "{words}: {}", clinic.said.out);
    }
    assert_eq!(clinic.said.err, "");
    assert!(clinic.data().join("bedside.db").exists());
}

#[test]
fn a_second_time_it_refuses_and_says_the_next_step() {
    let clinic = Clinic::init();
    let before = std::fs::read(clinic.settings()).expect("the settings are there");
    let again = clinic.init_again(&[]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""));
    for words in ["bedside: ", "is already there; it was not changed", "bedside serve -c", "-o"] {
        assert!(again.err.contains(words), "{words}: {}", again.err);
    }
    assert_eq!(again.err.lines().count(), 1);
    assert_eq!(std::fs::read(clinic.settings()).expect("still there"), before);

    // Other settings for the same database would have no administrator of their own.
    let elsewhere = clinic.path("second.toml");
    let elsewhere_text = elsewhere.to_str().expect("a plain path");
    let data = clinic.data();
    let data = data.to_str().expect("a plain path");
    let again = run(&["init", "clinic.test", ADMIN, "-o", elsewhere_text, "--data", data]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("has an account with this e-mail already"), "{}", again.err);
    assert!(again.err.contains("--database"), "{}", again.err);
    assert!(!elsewhere.exists());
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (settings, data) = (folder.path().join("b.toml"), folder.path().join("data"));
    let text = |path: &std::path::Path| path.to_str().expect("a plain path").to_owned();
    let (out, into) = (text(&settings), text(&data));
    let refused = run(&["init", "https://clinic.test", ADMIN, "-o", &out, "--data", &into]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("a plain name such as visits.example.org"), "{}", refused.err);
    assert!(!settings.exists() && !data.exists());
}

#[tokio::test]
async fn with_postgresql_the_administrator_is_made_there() {
    let db = TestDb::postgres().await;
    let clinic = Clinic::init_with(&["--database", &db.config.url]);
    assert!(!clinic.data().join("bedside.db").exists(), "no second database is left about");
    let settings = std::fs::read_to_string(clinic.settings()).expect("the settings are there");
    assert!(settings.contains(&db.config.url));
    let list = clinic.user(&["list"]);
    assert_eq!(list.code, Some(0), "{}", list.err);
    assert_eq!(list.out.lines().count(), 1);
    for words in [ADMIN, "admin", "invited"] {
        assert!(list.out.contains(words), "{}", list.out);
    }
}
