//! Password, second factor, recovery codes, lockout.

use crate::on_both;
use crate::support::{EMAIL, PASSWORD, Rig, code, network, ok, text};
use audit::{Actor, Kind};
use auth::{AuthError, Cost, Next, Passwords, StaffAuth};
use store::UserRole;
use visit::Duration;

on_both!(
    an_invited_person_gets_all_the_way_in,
    a_code_is_good_once_even_many_at_a_time,
    a_recovery_code_is_good_once_and_only_for_its_owner,
    the_second_factor_cannot_be_skipped,
    an_account_locks_after_five_and_frees_itself,
    many_tries_at_once_are_not_more_tries,
    the_second_factor_has_a_lock_that_the_password_does_not_clear,
    a_network_locks_over_many_accounts_but_a_success_clears_nothing,
    unknown_accounts_look_and_work_like_known_ones,
    a_password_is_hashed_anew_when_the_cost_changes,
    weak_passwords_leave_the_link_good,
);

async fn an_invited_person_gets_all_the_way_in(mut rig: Rig) {
    let (user, link) = rig.add(EMAIL, UserRole::Admin).await;
    // Loading the page again and again uses nothing.
    for _ in 0..3 {
        let step = ok(rig.staff.use_link(&link.to_text(), None, rig.now).await);
        assert!(step.next == Next::Password && step.session.is_none());
    }
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let again = rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await;
    assert_eq!(code(again), "token_expired");

    let person = rig.enrol(user, step).await;
    assert_eq!(person.recovery_codes.len(), 10);
    let session = ok(rig.staff.authenticate(&person.session, rig.now).await);
    assert!(session.user == user && session.role == UserRole::Admin);
    assert_eq!(session.caller(), auth::Caller::Admin);

    rig.pass_s(60);
    let partial = rig.partial().await;
    let step = ok(rig.code(&partial, &person.phone.code(rig.now)).await);
    let cookie = step.session.expect("a full session");
    // The partial session was replaced, not upgraded.
    assert_eq!(code(rig.staff.authenticate(&partial, rig.now).await), "not_signed_in");
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    let profile = ok(rig.staff.profile(&session, rig.now).await);
    assert_eq!((profile.recovery_codes_left, profile.sessions), (10, 2));

    assert_eq!(rig.logged(Kind::UserCreated).await, (1, 0));
    assert_eq!(rig.logged(Kind::StaffLinkIssued).await, (1, 0));
    assert_eq!(rig.logged(Kind::StaffLinkUsed).await, (1, 1));
    assert_eq!(rig.logged(Kind::PasswordChanged).await, (1, 0));
    assert_eq!(rig.logged(Kind::MfaEnrolled).await, (1, 0));
    assert_eq!(rig.logged(Kind::RecoveryCodesReplaced).await, (1, 0));
    // Enrolment; password; code.
    assert_eq!(rig.logged(Kind::SignIn).await, (3, 0));
}

async fn a_code_is_good_once_even_many_at_a_time(mut rig: Rig) {
    let person = rig.enrolled().await;
    let now_code = person.phone.code(rig.now);
    let (a, b) = (rig.partial().await, rig.partial().await);
    let (first, second) = tokio::join!(rig.code(&a, &now_code), rig.code(&b, &now_code));
    let mut outcomes = [code(first), code(second)];
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["bad_credentials", "ok"]);

    // The step before is spent with it, the next one is not.
    let earlier = person.phone.code(rig.now.plus(Duration::from_s(-30)));
    let cookie = rig.partial().await;
    assert_eq!(code(rig.code(&cookie, &earlier).await), "bad_credentials");
    let next = person.phone.code(rig.now.plus(Duration::from_s(30)));
    assert_eq!(code(rig.code(&cookie, &next).await), "ok");
    assert_eq!(rig.logged(Kind::SignIn).await.1, 2);
}

async fn a_recovery_code_is_good_once_and_only_for_its_owner(mut rig: Rig) {
    let person = rig.enrolled().await;
    let spent = person.recovery_codes[3].to_lowercase().replace('-', " ");
    let cookie = rig.partial().await;
    let step = ok(rig.code(&cookie, &spent).await);
    let full = step.session.expect("a full session");
    let session = ok(rig.staff.authenticate(&full, rig.now).await);
    assert_eq!(ok(rig.staff.profile(&session, rig.now).await).recovery_codes_left, 9);

    let cookie = rig.partial().await;
    assert_eq!(code(rig.code(&cookie, &spent).await), "bad_credentials");
    assert_eq!(rig.logged(Kind::RecoveryCodeUsed).await, (1, 1));

    // Somebody else's codes are not Ana's.
    let (user, link) = rig.add("ben@clinic.example", UserRole::Staff).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let ben = rig.enrol(user, step).await;
    assert_eq!(code(rig.code(&cookie, &ben.recovery_codes[0]).await), "bad_credentials");
    assert_eq!(code(rig.code(&cookie, &person.recovery_codes[0]).await), "ok");
}

async fn the_second_factor_cannot_be_skipped(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.partial().await;
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    assert_eq!(session.caller(), auth::Caller::PartialStaff);
    assert_eq!(code(rig.tokens.for_board(&session, rig.now).await), "second_factor_needed");
    assert_eq!(
        code(rig.staff.sign_out_everywhere(&session, rig.now).await),
        "second_factor_needed"
    );
    assert_eq!(code(session.full()), "second_factor_needed");
    // With a factor enrolled, nobody enrols another one on the strength of the password.
    assert_eq!(code(rig.staff.enrol_start(&cookie, rig.now).await), "not_allowed");
    let good = person.phone.code(rig.now);
    assert_eq!(code(rig.staff.enrol_finish(&cookie, &good, rig.now).await), "not_allowed");

    // Before enrolment there is no code to give.
    let (_, link) = rig.add("ben@clinic.example", UserRole::Staff).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let cookie = step.session.expect("a partial session");
    assert_eq!(code(rig.code(&cookie, "000000").await), "enrolment_needed");
    assert_eq!(code(rig.staff.enrol_finish(&cookie, "000000", rig.now).await), "enrolment_needed");
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    assert_eq!(code(session.full()), "enrolment_needed");
    // A secret that was never proved opens nothing.
    let enrolment = ok(rig.staff.enrol_start(&cookie, rig.now).await);
    let phone = crate::support::Phone::from_base32(&enrolment.secret);
    assert_eq!(code(rig.code(&cookie, &phone.code(rig.now)).await), "enrolment_needed");
    let wrong = phone.wrong_code(rig.now);
    assert_eq!(code(rig.staff.enrol_finish(&cookie, &wrong, rig.now).await), "bad_credentials");
    assert_eq!(rig.logged(Kind::MfaEnrolled).await, (1, 1));
}

async fn an_account_locks_after_five_and_frees_itself(mut rig: Rig) {
    rig.enrolled().await;
    for _ in 0..6 {
        assert_eq!(code(rig.password(EMAIL, "wrong").await), "bad_credentials");
    }
    // Locked for the right password too, and however the address is spelled.
    let Err(AuthError::LockedOut { until }) = rig.password(EMAIL, PASSWORD).await else {
        panic!("not locked")
    };
    assert_eq!(until, rig.now.plus(Duration::from_s(30)));
    let spelled = format!("  {} ", EMAIL.to_uppercase());
    assert_eq!(code(rig.password(&spelled, PASSWORD).await), "locked_out");
    assert_eq!(rig.logged(Kind::SignInLocked).await, (1, 0));

    // Tries during the lock do not make it longer; the next failure doubles it.
    rig.now = until;
    assert_eq!(code(rig.password(EMAIL, "wrong").await), "bad_credentials");
    let Err(AuthError::LockedOut { until }) = rig.password(EMAIL, PASSWORD).await else {
        panic!("not locked")
    };
    assert_eq!(until, rig.now.plus(Duration::from_s(60)));

    // A success forgets it all.
    rig.now = until;
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "ok");
    for _ in 0..5 {
        assert_eq!(code(rig.password(EMAIL, "wrong").await), "bad_credentials");
    }
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "ok");
}

async fn many_tries_at_once_are_not_more_tries(mut rig: Rig) {
    rig.enrolled().await;
    let before = rig.passwords.hashes();
    let tries: Vec<_> = (0..30)
        .map(|_| {
            let (staff, org, now) = (rig.staff.clone(), rig.org, rig.now);
            tokio::spawn(async move {
                code(staff.sign_in(org, EMAIL, text("wrong"), network(1), now).await)
            })
        })
        .collect();
    let mut checked = 0;
    for task in tries {
        match task.await.expect("no panic") {
            "bad_credentials" => checked += 1,
            other => assert_eq!(other, "locked_out"),
        }
    }
    assert_eq!(checked, 6);
    assert_eq!(rig.passwords.hashes() - before, 6);
}

async fn the_second_factor_has_a_lock_that_the_password_does_not_clear(mut rig: Rig) {
    let person = rig.enrolled().await;
    for _ in 0..6 {
        // Each time with the right password, in a session of its own.
        let cookie = rig.partial().await;
        let wrong = person.phone.wrong_code(rig.now);
        assert_eq!(code(rig.code(&cookie, &wrong).await), "bad_credentials");
    }
    let cookie = rig.partial().await;
    let good = person.phone.code(rig.now);
    assert_eq!(code(rig.code(&cookie, &good).await), "locked_out");
    assert_eq!(code(rig.code(&cookie, &person.recovery_codes[0]).await), "locked_out");
    rig.pass_s(30);
    assert_eq!(code(rig.code(&cookie, &person.recovery_codes[0]).await), "ok");
    assert_eq!(rig.logged(Kind::SignInLocked).await, (1, 0));
}

async fn a_network_locks_over_many_accounts_but_a_success_clears_nothing(mut rig: Rig) {
    rig.enrolled().await;
    for n in 0..51 {
        if n == 40 {
            assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "ok");
        }
        let email = format!("person{n}@clinic.example");
        assert_eq!(code(rig.password(&email, "wrong").await), "bad_credentials", "{n}");
    }
    let Err(AuthError::LockedOut { until }) = rig.password(EMAIL, PASSWORD).await else {
        panic!("not locked")
    };
    assert_eq!(until, rig.now.plus(Duration::from_s(30)));
    // Other networks are free, and a locked try did not count against the account.
    let elsewhere = rig.staff.sign_in(rig.org, EMAIL, text(PASSWORD), network(2), rig.now).await;
    assert_eq!(code(elsewhere), "ok");
    rig.now = until;
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "ok");
}

async fn unknown_accounts_look_and_work_like_known_ones(mut rig: Rig) {
    let person = rig.enrolled().await;
    let (_, never_used) = rig.add("ben@clinic.example", UserRole::Staff).await;
    let off = rig.add("cy@clinic.example", UserRole::Staff).await;
    ok(rig.staff.use_link(&off.1.to_text(), Some(text(PASSWORD)), rig.now).await);
    ok(rig.staff.disable(rig.org, Actor::System, off.0, rig.now).await);
    let before = rig.log().await.len();
    for (email, password) in [
        (EMAIL, "wrong"),
        ("nobody@clinic.example", PASSWORD),
        ("", ""),
        ("ben@clinic.example", PASSWORD),
        ("cy@clinic.example", PASSWORD),
    ] {
        let hashes = rig.passwords.hashes();
        assert_eq!(code(rig.password(email, password).await), "bad_credentials");
        assert_eq!(rig.passwords.hashes() - hashes, 1);
    }
    // One entry each, whoever it was.
    assert_eq!(rig.log().await.len() - before, 5);
    // An unknown account locks as well.
    for _ in 0..5 {
        rig.password("nobody@clinic.example", "x").await.err().expect("refused");
    }
    assert_eq!(code(rig.password("nobody@clinic.example", "x").await), "locked_out");
    drop((person, never_used));
}

async fn a_password_is_hashed_anew_when_the_cost_changes(mut rig: Rig) {
    let person = rig.enrolled().await;
    let stored = |rig: &Rig| {
        let (store, org) = (rig.store.clone(), rig.org);
        async move {
            let mut reader = store.read(org).await.expect("reads");
            reader.password_hash(person.user).await.expect("reads").expect("is set")
        }
    };
    let old = stored(&rig).await;
    let dearer = Cost { memory_kib: 64, passes: 2, lanes: 1 };
    let passwords = ok(Passwords::new(dearer, 2, &*rig.entropy));
    let staff = StaffAuth::new(rig.store.clone(), passwords, rig.entropy.clone());
    // A wrong password changes nothing.
    let wrong = staff.sign_in(rig.org, EMAIL, text("wrong"), network(1), rig.now).await;
    assert_eq!(code(wrong), "bad_credentials");
    assert!(stored(&rig).await == old);
    let right = staff.sign_in(rig.org, EMAIL, text(PASSWORD), network(1), rig.now).await;
    assert_eq!(code(right), "ok");
    let new = stored(&rig).await;
    assert!(new != old && new.contains("t=2"));
    let right = staff.sign_in(rig.org, EMAIL, text(PASSWORD), network(1), rig.now).await;
    assert_eq!(code(right), "ok");
}

async fn weak_passwords_leave_the_link_good(rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    for weak in ["short", "password1234", EMAIL, "ana castro 1975"] {
        let hashes = rig.passwords.hashes();
        let result = rig.staff.use_link(&link.to_text(), Some(text(weak)), rig.now).await;
        assert_eq!(code(result), "weak_password");
        assert_eq!(rig.passwords.hashes(), hashes);
    }
    let result = rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await;
    assert_eq!(code(result), "ok");
}
