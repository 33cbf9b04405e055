//! Accounts and their one-time links.

use crate::on_both;
use crate::support::{EMAIL, NAME, PASSWORD, Rig, code, ok, text};
use audit::{Actor, Kind};
use auth::account::{INVITATION_LIFE, RESET_LIFE, SIGN_IN_LIFE};
use auth::{Level, NewStaff, Next};
use store::{UserRole, UserState};
use visit::{Timestamp, UserId};

on_both!(
    an_address_has_one_account,
    accounts_are_listed_and_found,
    a_sign_in_link_signs_in_once,
    links_expire_on_time,
    a_password_link_ends_other_sessions_and_keeps_the_second_factor,
    one_link_used_many_times_at_once_works_once,
    accounts_that_do_not_exist_are_not_found,
);

async fn an_address_has_one_account(rig: Rig) {
    rig.add(EMAIL, UserRole::Clinician).await;
    let new = |email| NewStaff { email, name: NAME, role: UserRole::Staff };
    let spelled = format!(" {} ", EMAIL.to_uppercase());
    let result = rig.staff.add(rig.org, Actor::System, &new(&spelled), rig.now).await;
    assert_eq!(code(result), "conflict");
    for bad in ["", "ana", "ana@", "a b@c"] {
        let result = rig.staff.add(rig.org, Actor::System, &new(bad), rig.now).await;
        assert_eq!(code(result), "bad_field");
    }
    assert_eq!(rig.logged(Kind::UserCreated).await, (1, 0));
}

async fn accounts_are_listed_and_found(rig: Rig) {
    let (ana, _) = rig.add(EMAIL, UserRole::Admin).await;
    let (ben, _) = rig.add("ben@clinic.example", UserRole::Staff).await;
    ok(rig.staff.disable(rig.org, Actor::Staff(ana), ben, rig.now).await);
    let list = ok(rig.staff.list(rig.org).await);
    let of = |id: UserId| list.iter().find(|row| row.id == id).expect("is listed");
    assert_eq!(list.len(), 2);
    assert!(of(ana).person.name == NAME && of(ana).state == UserState::Active);
    assert!(of(ben).role == UserRole::Staff && of(ben).state == UserState::Disabled);
    assert!(!of(ana).has_password && !of(ana).has_totp);
    let found = ok(rig.staff.find(rig.org, &EMAIL.to_lowercase()).await);
    assert!(found.id == ana);
    assert_eq!(code(rig.staff.find(rig.org, "nobody@clinic.example").await), "not_found");
}

async fn a_sign_in_link_signs_in_once(rig: Rig) {
    let (user, _) = rig.add(EMAIL, UserRole::Clinician).await;
    let link = ok(rig.staff.sign_in_link(rig.org, Actor::System, user, rig.now).await).to_text();
    let step = ok(rig.staff.use_link(&link, None, rig.now).await);
    assert_eq!(step.next, Next::Done);
    let cookie = step.session.expect("a session");
    assert_eq!(ok(rig.staff.authenticate(&cookie, rig.now).await).level, Level::Full);
    assert_eq!(code(rig.staff.use_link(&link, None, rig.now).await), "token_expired");
    assert_eq!(rig.logged(Kind::StaffLinkUsed).await, (1, 1));
}

async fn links_expire_on_time(rig: Rig) {
    let (user, invitation) = rig.add(EMAIL, UserRole::Clinician).await;
    let sign_in = ok(rig.staff.sign_in_link(rig.org, Actor::System, user, rig.now).await);
    // In this order, because setting a password voids the other links.
    for (link, life) in [(&sign_in, SIGN_IN_LIFE), (&invitation, INVITATION_LIFE)] {
        let end = rig.now.plus(life);
        let late = rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), end).await;
        assert_eq!(code(late), "token_expired");
        let in_time = Timestamp(end.0 - 1);
        let used = rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), in_time).await;
        assert_eq!(code(used), "ok");
    }
    let reset = ok(rig.staff.password_link(rig.org, Actor::System, user, rig.now).await);
    let end = rig.now.plus(RESET_LIFE);
    let late = rig.staff.use_link(&reset.to_text(), Some(text(PASSWORD)), end).await;
    assert_eq!(code(late), "token_expired");
    for rubbish in ["", "x", &"A".repeat(43), &"x".repeat(1 << 16)] {
        assert_eq!(code(rig.staff.use_link(rubbish, None, rig.now).await), "token_expired");
    }
}

async fn a_password_link_ends_other_sessions_and_keeps_the_second_factor(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    for _ in 0..6 {
        rig.password(EMAIL, "wrong").await.err().expect("refused");
    }
    let old = ok(rig.staff.password_link(rig.org, Actor::System, person.user, rig.now).await);
    let link = ok(rig.staff.password_link(rig.org, Actor::System, person.user, rig.now).await);
    // The newer link voids the older.
    assert_eq!(code(rig.staff.use_link(&old.to_text(), None, rig.now).await), "token_expired");

    let new = "teaspoon orchid marble";
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(new)), rig.now).await);
    assert_eq!(step.next, Next::Code);
    assert_eq!(code(rig.staff.authenticate(&cookie, rig.now).await), "not_signed_in");
    let partial = step.session.expect("a partial session");
    assert_eq!(code(rig.code(&partial, &person.phone.code(rig.now)).await), "ok");
    // The lock is gone with the old password.
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "bad_credentials");
    assert_eq!(code(rig.password(EMAIL, new).await), "ok");
}

async fn one_link_used_many_times_at_once_works_once(rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (staff, now, link) = (rig.staff.clone(), rig.now, link.to_text().to_string());
            tokio::spawn(
                async move { code(staff.use_link(&link, Some(text(PASSWORD)), now).await) },
            )
        })
        .collect();
    let mut worked = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            "ok" => worked += 1,
            other => assert_eq!(other, "token_expired"),
        }
    }
    assert_eq!(worked, 1);
    assert_eq!(rig.logged(Kind::PasswordChanged).await, (1, 0));
}

async fn accounts_that_do_not_exist_are_not_found(rig: Rig) {
    let nobody = UserId::new(1, 1);
    let (org, now, by) = (rig.org, rig.now, Actor::System);
    assert_eq!(code(rig.staff.disable(org, by, nobody, now).await), "not_found");
    assert_eq!(code(rig.staff.enable(org, by, nobody, now).await), "not_found");
    assert_eq!(code(rig.staff.reset_mfa(org, by, nobody, now).await), "not_found");
    assert_eq!(code(rig.staff.set_role(org, by, nobody, UserRole::Admin, now).await), "not_found");
    assert_eq!(code(rig.staff.sign_in_link(org, by, nobody, now).await), "not_found");
    // Nothing but the start of the program is in the log.
    assert!(rig.log().await.iter().all(|entry| entry.kind == Kind::ServerStarted));
}
