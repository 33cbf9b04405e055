//! How long sessions last and what ends them.

use crate::on_both;
use crate::support::{EMAIL, PASSWORD, Rig, code, ok, text};
use audit::{Actor, Kind};
use auth::session::{ABSOLUTE, IDLE, PARTIAL};
use auth::{Level, Secret, SecretKind, SystemEntropy};
use store::UserRole;
use visit::Duration;

on_both!(
    a_session_idles_out_and_use_keeps_it,
    a_live_call_keeps_it_until_the_absolute_end,
    a_partial_session_has_ten_minutes,
    signing_out_ends_one_and_everywhere_ends_all,
    disabling_ends_everything_at_once,
    a_reset_of_the_second_factor_starts_over,
    another_role_ends_what_was_begun_with_the_old_one,
    strangers_and_rubbish_are_not_signed_in,
);

async fn a_session_idles_out_and_use_keeps_it(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    for _ in 0..8 {
        assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "ok");
        rig.pass(Duration::from_min(14));
    }
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "ok");
    rig.pass(IDLE);
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    // Coming back a moment later does not revive it.
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
}

async fn a_live_call_keeps_it_until_the_absolute_end(mut rig: Rig) {
    let person = rig.enrolled().await;
    let started = rig.now;
    let cookie = rig.full(&person).await;
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    // The socket of a call asks every minute; the person clicks nothing.
    loop {
        rig.pass_s(60);
        let asked = rig.staff.session(rig.org, session.id, rig.now).await;
        if rig.now.since(started) < ABSOLUTE {
            assert_eq!(code(asked), "ok");
        } else {
            assert_eq!(code(asked), "not_signed_in");
            break;
        }
    }
}

async fn a_partial_session_has_ten_minutes(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.partial().await;
    let end = rig.now.plus(PARTIAL);
    rig.now = visit::Timestamp(end.0 - 1);
    assert_eq!(ok(rig.staff.authenticate(&cookie, rig.now).await).level, Level::Partial);
    rig.now = end;
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    let late = person.phone.code(rig.now);
    assert_eq!(code(rig.code(&cookie, &late).await), "not_signed_in");
    // A full session has no second step.
    let full = rig.full(&person).await;
    let next = person.phone.code(rig.now);
    assert_eq!(code(rig.code(&full, &next).await), "not_allowed");
}

async fn signing_out_ends_one_and_everywhere_ends_all(mut rig: Rig) {
    let person = rig.enrolled().await;
    let (a, b) = (rig.full(&person).await, rig.full(&person).await);
    ok(rig.staff.sign_out(&a, rig.now).await);
    ok(rig.staff.sign_out(&a, rig.now).await);
    assert_eq!(code(rig.staff.authenticate(&a, rig.now).await), "not_signed_in");
    assert_eq!(rig.logged(Kind::SignOut).await, (1, 0));

    let c = rig.full(&person).await;
    let partial = rig.partial().await;
    let session = ok(rig.staff.authenticate(&b, rig.now).await);
    // Of the enrolment, b, c; the partial one does not count as signed in but ends too.
    assert_eq!(ok(rig.staff.profile(&session, rig.now).await).sessions, 3);
    assert_eq!(ok(rig.staff.sign_out_everywhere(&session, rig.now).await), 4);
    for cookie in [&b, &c, &partial, &person.session] {
        assert_eq!(code(rig.staff.authenticate(cookie, rig.now).await), "not_signed_in");
    }
    assert_eq!(code(rig.staff.sign_out_everywhere(&session, rig.now).await), "not_signed_in");
    assert_eq!(rig.logged(Kind::SignOut).await, (2, 0));
}

async fn disabling_ends_everything_at_once(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    let partial = rig.partial().await;
    let link = ok(rig.staff.password_link(rig.org, Actor::System, person.user, rig.now).await);
    ok(rig.staff.disable(rig.org, Actor::System, person.user, rig.now).await);

    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    let good = person.phone.code(rig.now);
    assert_eq!(code(rig.code(&partial, &good).await), "not_signed_in");
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "bad_credentials");
    let used = rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await;
    assert_eq!(code(used), "token_expired");
    for link in [
        rig.staff.password_link(rig.org, Actor::System, person.user, rig.now).await,
        rig.staff.sign_in_link(rig.org, Actor::System, person.user, rig.now).await,
        rig.staff.reset_mfa(rig.org, Actor::System, person.user, rig.now).await,
    ] {
        assert_eq!(code(link), "not_found");
    }
    assert_eq!(rig.logged(Kind::UserDisabled).await, (1, 0));
    assert_eq!(rig.logged(Kind::SessionRevoked).await, (1, 0));

    // Enabled again, old sessions stay dead and a new one can be made.
    ok(rig.staff.enable(rig.org, Actor::System, person.user, rig.now).await);
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    rig.full(&person).await;
}

async fn a_reset_of_the_second_factor_starts_over(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    let link = ok(rig.staff.reset_mfa(rig.org, Actor::System, person.user, rig.now).await);
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    // Knowing the old password is not enough to enrol a new phone.
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "bad_credentials");

    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    assert_eq!(step.next, auth::Next::Enrol);
    let again = rig.enrol(person.user, step).await;
    rig.pass_s(60);
    // The old phone and the old recovery codes are worth nothing.
    let partial = rig.partial().await;
    assert_eq!(code(rig.code(&partial, &person.recovery_codes[0]).await), "bad_credentials");
    assert_eq!(code(rig.code(&partial, &person.phone.code(rig.now)).await), "bad_credentials");
    assert_eq!(code(rig.code(&partial, &again.phone.code(rig.now)).await), "ok");
    assert_eq!(rig.logged(Kind::MfaReset).await, (1, 0));
}

async fn another_role_ends_what_was_begun_with_the_old_one(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    let caller = ok(rig.staff.authenticate(&cookie, rig.now).await).caller();
    assert_eq!(caller, auth::Caller::Clinician);
    let role = UserRole::Staff;
    ok(rig.staff.set_role(rig.org, Actor::System, person.user, role, rig.now).await);
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    rig.pass_s(30);
    let cookie = rig.full(&person).await;
    let caller = ok(rig.staff.authenticate(&cookie, rig.now).await).caller();
    assert_eq!(caller, auth::Caller::Staff);
    assert_eq!(rig.logged(Kind::UserRoleChanged).await, (1, 0));
    assert_eq!(rig.logged(Kind::SessionRevoked).await, (1, 0));
}

async fn strangers_and_rubbish_are_not_signed_in(mut rig: Rig) {
    let person = rig.enrolled().await;
    let stranger = ok(Secret::generate(&SystemEntropy));
    assert_eq!(code(rig.staff.authenticate(&stranger, rig.now).await), "not_signed_in");
    ok(rig.staff.sign_out(&stranger, rig.now).await);
    // A secret of another kind is no session, even if it is stored.
    let link = ok(rig.staff.password_link(rig.org, Actor::System, person.user, rig.now).await);
    assert_eq!(code(rig.staff.authenticate(&link, rig.now).await), "not_signed_in");
    let hash = person.session.hash(SecretKind::StaffLink);
    assert_eq!(code(rig.staff.session(rig.org, hash, rig.now).await), "not_signed_in");
}
