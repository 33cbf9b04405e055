//! `bedside user`.

use crate::common::clinic::{ADMIN, Clinic};

const DOCTOR: &str = "doctor@clinic.test";

#[test]
fn people_are_added_disabled_enabled_and_listed() {
    let clinic = Clinic::init();
    let ok = |args: &[&str]| {
        let outcome = clinic.user(args);
        assert_eq!(outcome.code, Some(0), "{args:?}: {}", outcome.err);
        assert_eq!(outcome.err, "", "{args:?}");
        outcome.out
    };
    let refused = |args: &[&str]| {
        let outcome = clinic.user(args);
        assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{args:?}");
        outcome.err
    };
    let state_of = |email: &str| {
        let list = ok(&["list"]);
        let line = list.lines().find(|line| line.starts_with(email)).map(str::to_owned);
        line.map(|line| line.split_whitespace().nth(2).unwrap_or_default().to_owned())
    };

    let said = ok(&["add", DOCTOR, "--name", "Dr. Test", "--role", "clinician"]);
    assert!(said.contains("works once, for 7 days") && said.contains("/clinic#in="), "{said}");
    let again = refused(&["add", DOCTOR, "--name", "Dr. Test"]);
    assert!(again.contains("somebody has this e-mail already"), "{again}");
    assert_eq!(ok(&["list"]).lines().count(), 2);
    assert_eq!(state_of(ADMIN).as_deref(), Some("invited"));
    assert_eq!(state_of(DOCTOR).as_deref(), Some("invited"));

    let first = ok(&["reset-mfa", DOCTOR]);
    let second = ok(&["reset-mfa", DOCTOR]);
    assert!(first.contains("works once, for 24 hours") && first.contains("/clinic#in="), "{first}");
    assert_ne!(first, second, "each link is a new one");

    assert!(ok(&["disable", DOCTOR]).contains("signed out everywhere"));
    assert_eq!(state_of(DOCTOR).as_deref(), Some("disabled"));
    assert_eq!(state_of(ADMIN).as_deref(), Some("invited"), "nobody else");
    assert!(ok(&["enable", DOCTOR]).contains("can sign in again"));
    assert_ne!(state_of(DOCTOR).as_deref(), Some("disabled"));

    for action in ["disable", "enable", "reset-mfa"] {
        let unknown = refused(&[action, "nobody@clinic.test"]);
        assert!(unknown.contains("nobody has this e-mail. See: bedside user list"), "{unknown}");
    }
    let odd = refused(&["add", "no address", "--name", "X"]);
    assert!(odd.starts_with("bedside: "), "{odd}");
    assert_eq!(ok(&["list"]).lines().count(), 2);
}
