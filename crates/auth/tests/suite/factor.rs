//! A second factor shown again before the own factors are added to.

use crate::on_both;
use crate::passkeys::{bytes, party};
use crate::support::{EMAIL, PASSWORD, Phone, Rig, code, network, ok, text};
use audit::Kind;
use auth::factor::FRESH;
use auth::{AuthError, Secret};
use store::UserRole;
use visit::Duration;

on_both!(
    an_open_browser_adds_nothing_until_a_factor_is_shown_again,
    a_passkey_shown_again_counts_for_its_session_only,
    an_app_is_added_beside_a_passkey,
    wrong_codes_lock_as_at_the_sign_in,
    without_a_full_session_nothing_is_shown_again,
);

impl Rig {
    async fn confirm(&self, cookie: &Secret, code: &str) -> Result<(), AuthError> {
        let session = self.staff.authenticate(cookie, self.now).await?;
        self.staff.confirm_code(&session, code, network(1), self.now).await
    }

    /// What adding a passkey says.
    async fn adding(&self, cookie: &Secret) -> &'static str {
        code(self.staff.passkey_add_start(cookie, self.now).await)
    }
}

async fn an_open_browser_adds_nothing_until_a_factor_is_shown_again(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = &person.session;
    assert_eq!(rig.adding(cookie).await, "ok", "just signed in");
    rig.pass(FRESH);
    assert_eq!(rig.adding(cookie).await, "factor_needed");
    assert_eq!(code(rig.staff.enrol_start(cookie, rig.now).await), "factor_needed");
    let wrong = person.phone.wrong_code(rig.now);
    assert_eq!(code(rig.confirm(cookie, &wrong).await), "bad_credentials");
    assert_eq!(rig.adding(cookie).await, "factor_needed");
    let right = person.phone.code(rig.now);
    assert_eq!(code(rig.confirm(cookie, &right).await), "ok");
    assert_eq!(code(rig.confirm(cookie, &right).await), "bad_credentials", "good once");
    assert_eq!(rig.adding(cookie).await, "ok");
    // There is an app already; an administrator resets it.
    assert_eq!(code(rig.staff.enrol_start(cookie, rig.now).await), "not_allowed");

    // What was begun in time may be finished; nothing is begun any more.
    rig.pass(Duration(FRESH.0 - 1));
    let start = ok(rig.staff.passkey_add_start(cookie, rig.now).await);
    rig.pass_s(240);
    assert_eq!(rig.adding(cookie).await, "factor_needed");
    let mut key = auth::testing::SoftKey::new(crate::passkeys::ORIGIN, &start.user_handle);
    let made = key.create(&bytes(&start.challenge));
    let new = made.registration();
    ok(rig.staff.passkey_add_finish(cookie, &party(), "Key", new, rig.now).await);

    // A recovery code does, too, and is spent.
    assert_eq!(code(rig.confirm(cookie, &person.recovery_codes[0]).await), "ok");
    assert_eq!(rig.adding(cookie).await, "ok");
    assert_eq!(code(rig.confirm(cookie, &person.recovery_codes[0]).await), "bad_credentials");
    assert_eq!(rig.logged(Kind::FactorShown).await, (2, 3));
    assert_eq!(rig.logged(Kind::RecoveryCodeUsed).await, (1, 1));
}

async fn a_passkey_shown_again_counts_for_its_session_only(mut rig: Rig) {
    let (person, mut key) = rig.with_passkey().await;
    let partial = rig.partial().await;
    let other = ok(rig.code(&partial, &person.phone.code(rig.now)).await);
    let other = other.session.expect("a full session");
    rig.pass(FRESH);
    let [mine, theirs] = [&person.session, &other];
    let session = ok(rig.staff.authenticate(mine, rig.now).await);
    let theirs_session = ok(rig.staff.authenticate(theirs, rig.now).await);
    let start = async |rig: &Rig| {
        let asked = rig.staff.confirm_passkey_start(&session, network(1), rig.now).await;
        bytes(&ok(asked).challenge)
    };
    // A challenge of another session, of a sign-in, and a key of nobody.
    let used = key.get(&start(&rig).await);
    let (staff, at) = (&rig.staff, network(1));
    let foreign =
        staff.confirm_passkey(&theirs_session, &party(), used.assertion(), at, rig.now).await;
    assert_eq!(code(foreign), "passkey_refused");
    let alone = ok(staff.passkey_alone(rig.org, at, rig.now).await);
    let used = key.get(&bytes(&alone.challenge));
    let alone = staff.confirm_passkey(&session, &party(), used.assertion(), at, rig.now).await;
    assert_eq!(code(alone), "passkey_refused");
    let mut stranger = auth::testing::SoftKey::new(crate::passkeys::ORIGIN, b"handle");
    let used = stranger.get(&start(&rig).await);
    let unknown = staff.confirm_passkey(&session, &party(), used.assertion(), at, rig.now).await;
    assert_eq!(code(unknown), "passkey_refused");
    assert_eq!(rig.adding(mine).await, "factor_needed");

    let used = key.get(&start(&rig).await);
    ok(staff.confirm_passkey(&session, &party(), used.assertion(), at, rig.now).await);
    assert_eq!((rig.adding(mine).await, rig.adding(theirs).await), ("ok", "factor_needed"));
    let again = staff.confirm_passkey(&session, &party(), used.assertion(), at, rig.now).await;
    assert_eq!(code(again), "passkey_refused", "good once");
    assert_eq!(rig.logged(Kind::FactorShown).await, (1, 4));
}

async fn an_app_is_added_beside_a_passkey(mut rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let (_, added) = rig.add_passkey(&step.session.expect("a partial session")).await;
    let cookie = added.session.expect("signed in by it");
    let begun = ok(rig.staff.enrol_start(&cookie, rig.now).await);
    let phone = Phone::from_base32(&begun.secret);
    let wrong = phone.wrong_code(rig.now);
    assert_eq!(code(rig.staff.enrol_finish(&cookie, &wrong, rig.now).await), "bad_credentials");
    rig.pass(Duration(FRESH.0 * 2));
    let late = rig.staff.enrol_finish(&cookie, &phone.code(rig.now), rig.now).await;
    assert_eq!(code(late), "factor_needed");
    let recovery = added.recovery_codes[0].to_text();
    assert_eq!(code(rig.confirm(&cookie, &recovery).await), "ok");
    let done = ok(rig.staff.enrol_finish(&cookie, &phone.code(rig.now), rig.now).await);
    assert!(done.session.is_none() && done.recovery_codes.is_empty(), "nine are left");
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    assert!(session.has_app && session.level == auth::Level::Full);
    rig.pass_s(60);
    let partial = rig.partial().await;
    assert_eq!(code(rig.code(&partial, &phone.code(rig.now)).await), "ok");
}

async fn wrong_codes_lock_as_at_the_sign_in(mut rig: Rig) {
    let person = rig.enrolled().await;
    let wrong = person.phone.wrong_code(rig.now);
    for _ in 0..6 {
        assert_eq!(code(rig.confirm(&person.session, &wrong).await), "bad_credentials");
    }
    let right = person.phone.code(rig.now);
    assert_eq!(code(rig.confirm(&person.session, &right).await), "locked_out");
    assert_eq!(rig.logged(Kind::SignInLocked).await, (1, 0));
}

async fn without_a_full_session_nothing_is_shown_again(mut rig: Rig) {
    let person = rig.enrolled().await;
    let partial = rig.partial().await;
    let right = person.phone.code(rig.now);
    assert_eq!(code(rig.confirm(&partial, &right).await), "second_factor_needed");
    let session = ok(rig.staff.authenticate(&person.session, rig.now).await);
    ok(rig.staff.sign_out(&person.session, rig.now).await);
    let over = rig.staff.confirm_code(&session, &right, network(1), rig.now).await;
    assert_eq!(code(over), "not_signed_in");
    let over = rig.staff.confirm_passkey_start(&session, network(1), rig.now).await;
    assert_eq!(code(over), "not_signed_in");
}
