//! Accounts, second factors, sessions, one-time links, failed sign-ins, organisations.

use crate::on_both;
use crate::support::{at, begin, code, commit, hash, new_user, user_id, with_visit};
use store::testing::TestDb;
use store::{
    HashKind, JoinSubject, JoinToken, OrgSettings, StaffLinkPurpose, StaffSecret, UserRole,
    UserState,
};
use visit::{Duration, OrgId};

on_both!(
    an_account_is_made_found_and_changed,
    a_second_factor_is_single_use,
    recovery_codes_work_once,
    sessions_live_and_end,
    one_time_links_expire_and_void,
    failures_are_counted_in_a_window,
    the_organisation_can_be_renamed,
    nothing_crosses_an_organisation,
    old_things_are_swept,
);

async fn an_account_is_made_found_and_changed(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    tx.create_user(&new_user(2)).await.expect("made");
    commit(tx).await;

    let mut tx = begin(&store).await;
    let mut twin = new_user(3);
    twin.person.email = " clinician1@clinic.EXAMPLE ".to_owned();
    assert_eq!(code(tx.create_user(&twin).await), "conflict");
    drop(tx);

    let mut reader = store.read(store.default_org()).await.expect("reads");
    let user = reader.user_by_email("CLINICIAN1@clinic.example").await.expect("reads");
    let user = user.expect("found");
    assert!(user.id == user_id(1) && user.person == new_user(1).person);
    assert_eq!((user.role, user.state), (UserRole::Clinician, UserState::Active));
    assert!(!user.has_password && !user.has_totp && user.holds_visits());
    assert!(reader.user_by_email("nobody@clinic.example").await.expect("reads").is_none());
    assert_eq!(reader.users().await.expect("lists").len(), 2);
    drop(reader);

    let mut tx = begin(&store).await;
    tx.set_user_role(user_id(1), UserRole::Admin).await.expect("changes");
    tx.set_user_state(user_id(1), UserState::Disabled).await.expect("changes");
    tx.set_password_hash(user_id(1), Some("$argon2id$x")).await.expect("changes");
    let moved = StaffSecret { name: "New".into(), email: "new@clinic.example".into() };
    tx.set_user_person(user_id(1), &moved).await.expect("changes");
    assert_eq!(code(tx.set_user_role(user_id(9), UserRole::Admin).await), "not_found");
    commit(tx).await;

    let mut reader = store.read(store.default_org()).await.expect("reads");
    let user = reader.user_by_email("new@clinic.example").await.expect("reads").expect("found");
    assert_eq!((user.role, user.state), (UserRole::Admin, UserState::Disabled));
    assert!(user.has_password && user.person == moved);
    assert!(!user.holds_visits(), "disabled");
    assert!(UserRole::Admin.holds_visits() && !UserRole::Staff.holds_visits());
    let stored = reader.password_hash(user_id(1)).await.expect("reads");
    assert_eq!(stored.as_deref(), Some("$argon2id$x"));
    assert!(reader.user_by_email("clinician1@clinic.example").await.expect("reads").is_none());
}

async fn a_second_factor_is_single_use(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    let id = user_id(1);
    tx.create_user(&new_user(1)).await.expect("made");
    assert!(tx.totp(id).await.expect("reads").is_none());
    assert!(!tx.confirm_totp(id, 5).await.expect("runs"), "nothing to confirm");
    tx.set_pending_totp(id, b"first").await.expect("stores");
    tx.set_pending_totp(id, b"second").await.expect("replaces");
    assert!(!tx.use_totp_step(id, 9).await.expect("runs"), "not confirmed yet");
    assert!(tx.confirm_totp(id, 10).await.expect("runs"));
    let totp = tx.totp(id).await.expect("reads").expect("there");
    assert!(totp.confirmed && *totp.secret == b"second" && totp.last_step == Some(10));
    assert!(tx.user(id).await.expect("reads").expect("there").has_totp);
    assert_eq!(code(tx.set_pending_totp(id, b"third").await), "conflict");
    for (step, good) in [(10, false), (9, false), (11, true), (11, false), (13, true), (12, false)]
    {
        assert_eq!(tx.use_totp_step(id, step).await.expect("runs"), good, "step {step}");
    }
    tx.clear_totp(id).await.expect("clears");
    assert!(tx.totp(id).await.expect("reads").is_none());
    assert_eq!(code(tx.set_pending_totp(user_id(9), b"x").await), "not_found");
    commit(tx).await;
}

async fn recovery_codes_work_once(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    let id = user_id(1);
    tx.create_user(&new_user(1)).await.expect("made");
    let codes: Vec<_> = (0..10).map(|n| hash(&format!("code {n}"))).collect();
    tx.replace_recovery_codes(id, &codes).await.expect("stores");
    assert_eq!(tx.recovery_codes_left(id).await.expect("counts"), 10);
    assert!(tx.use_recovery_code(id, codes[3]).await.expect("runs"));
    assert!(!tx.use_recovery_code(id, codes[3]).await.expect("runs"));
    assert!(!tx.use_recovery_code(id, hash("guess")).await.expect("runs"));
    assert_eq!(tx.recovery_codes_left(id).await.expect("counts"), 9);
    tx.replace_recovery_codes(id, &codes[..2]).await.expect("stores");
    assert_eq!(tx.recovery_codes_left(id).await.expect("counts"), 2);
    commit(tx).await;
}

async fn sessions_live_and_end(db: TestDb) {
    let store = db.open().await;
    let org = store.default_org();
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    for name in ["a", "b", "c"] {
        tx.create_session(hash(name), user_id(1), name == "a").await.expect("begins");
    }
    commit(tx).await;
    let mut tx = begin(&store).await;
    assert_eq!(code(tx.create_session(hash("d"), user_id(9), false).await), "not_found");
    drop(tx);

    let found = store.org_of(HashKind::Session, hash("a")).await.expect("reads");
    assert_eq!(found, Some(org));
    assert_eq!(store.org_of(HashKind::Session, hash("x")).await.expect("reads"), None);

    let mut tx = store.begin(org, at(5)).await.expect("begins");
    assert!(tx.touch_session(hash("b")).await.expect("runs"));
    assert!(tx.mark_session_mfa(hash("b")).await.expect("runs"));
    let b = tx.session(hash("b")).await.expect("reads").expect("there");
    assert!(b.mfa && b.last_seen_at == at(5) && b.created_at == at(0) && b.user == user_id(1));
    assert_eq!(tx.sessions_of(user_id(1)).await.expect("lists").len(), 3);
    assert!(tx.revoke_session(hash("a")).await.expect("runs"));
    assert!(!tx.revoke_session(hash("a")).await.expect("runs"), "ended already");
    assert!(!tx.touch_session(hash("a")).await.expect("runs"), "a dead session stays dead");
    assert!(!tx.mark_session_mfa(hash("a")).await.expect("runs"));
    assert_eq!(tx.revoke_sessions(user_id(1), Some(hash("b"))).await.expect("runs"), 1);
    assert!(tx.session(hash("b")).await.expect("reads").expect("there").revoked_at.is_none());
    assert_eq!(tx.revoke_sessions(user_id(1), None).await.expect("runs"), 1);
    assert!(tx.sessions_of(user_id(1)).await.expect("lists").is_empty());
    commit(tx).await;
}

async fn one_time_links_expire_and_void(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    for (name, purpose) in [
        ("in", StaffLinkPurpose::SignIn),
        ("enrol", StaffLinkPurpose::Enrol),
        ("reset", StaffLinkPurpose::Reset),
    ] {
        tx.create_staff_link(hash(name), user_id(1), purpose, at(10)).await.expect("made");
    }
    let peeked = tx.staff_link(hash("in")).await.expect("reads").expect("there");
    assert!(peeked.used_at.is_none() && peeked.purpose == StaffLinkPurpose::SignIn);
    let used = tx.consume_staff_link(hash("in")).await.expect("runs").expect("good");
    assert!(used.user == user_id(1) && used.purpose == StaffLinkPurpose::SignIn);
    assert!(tx.consume_staff_link(hash("in")).await.expect("runs").is_none(), "once");
    assert!(tx.consume_staff_link(hash("guess")).await.expect("runs").is_none());
    commit(tx).await;

    let mut late = store.begin(store.default_org(), at(10)).await.expect("begins");
    assert!(late.consume_staff_link(hash("enrol")).await.expect("runs").is_none(), "expired");
    drop(late);
    let mut tx = begin(&store).await;
    assert_eq!(tx.void_staff_links(user_id(1)).await.expect("runs"), 2);
    assert!(tx.consume_staff_link(hash("reset")).await.expect("runs").is_none(), "void");
    commit(tx).await;
}

async fn failures_are_counted_in_a_window(db: TestDb) {
    let store = db.open().await;
    let window = Duration::from_min(15);
    let mut tx = begin(&store).await;
    let account = tx.attempt_key("account", b"someone").await.expect("derives");
    let network = tx.attempt_key("network", b"someone").await.expect("derives");
    assert!(account != network);
    assert!(tx.attempts(account).await.expect("reads").is_none());
    assert_eq!(code(tx.lock_attempts(account, at(1)).await), "not_found");
    for n in 1..=3 {
        assert_eq!(tx.record_failure(account, window).await.expect("counts").failures, n);
    }
    tx.lock_attempts(account, at(30)).await.expect("locks");
    tx.lock_attempts(account, at(20)).await.expect("does not shorten");
    commit(tx).await;

    let mut tx = store.begin(store.default_org(), at(16)).await.expect("begins");
    let row = tx.record_failure(account, window).await.expect("counts");
    assert_eq!((row.failures, row.window_started_at), (1, at(16)), "a new window");
    assert_eq!(row.locked_until, Some(at(30)), "the lock stays");
    assert!(tx.attempts(network).await.expect("reads").is_none());
    tx.clear_attempts(account).await.expect("clears");
    assert!(tx.attempts(account).await.expect("reads").is_none());
    commit(tx).await;
}

async fn the_organisation_can_be_renamed(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    let settings = OrgSettings {
        locale: Some("es".into()),
        time_zone: Some("UTC".into()),
        ..OrgSettings::default()
    };
    tx.save_org("Clínica del Sol", &settings).await.expect("saves");
    commit(tx).await;
    let org = store.default_org();
    store.close(at(1)).await.expect("closes");

    let store = db.open().await;
    assert_eq!(store.default_org(), org, "the same organisation after a restart");
    let row = store.read(org).await.expect("reads").org_row().await.expect("there");
    assert_eq!((row.name.as_str(), row.settings), ("Clínica del Sol", settings));
}

async fn nothing_crosses_an_organisation(db: TestDb) {
    let store = db.open().await;
    with_visit(&store).await;
    let other = OrgId::new(1, 99);
    let mut tx = store.begin(other, at(0)).await.expect("begins");
    tx.make_org("The other clinic").await.expect("made");
    // The same address may have an account in both.
    tx.create_user(&new_user(1)).await.expect("made");
    commit(tx).await;

    let mut tx = begin(&store).await;
    tx.create_session(hash("s"), user_id(1), true).await.expect("begins");
    let token = JoinToken {
        subject: JoinSubject::Board { user: user_id(1) },
        device: None,
        expires_at: at(1),
    };
    tx.put_join_token(hash("t"), &token).await.expect("puts");
    commit(tx).await;

    let mut tx = store.begin(other, at(0)).await.expect("begins");
    let visit = crate::support::visit_id(1);
    assert!(tx.load_visit(visit).await.expect("reads").is_none());
    assert!(tx.visits_not_final().await.expect("reads").is_empty());
    assert!(tx.visits_between(at(-999), at(999)).await.expect("reads").is_empty());
    assert!(tx.session(hash("s")).await.expect("reads").is_none());
    assert!(!tx.touch_session(hash("s")).await.expect("runs"));
    assert!(!tx.revoke_session(hash("s")).await.expect("runs"));
    assert!(tx.take_join_token(hash("t")).await.expect("runs").is_none());
    assert!(tx.chat_after(visit, 0, 10).await.expect("reads").is_empty());
    assert!(tx.consents(visit).await.expect("reads").is_empty());
    assert_eq!(tx.users().await.expect("lists").len(), 1);
    let seat = crate::support::seat_id(1);
    assert_eq!(code(tx.bind_device(hash("d"), visit, seat).await), "not_found");
    drop(tx);
    let mut tx = begin(&store).await;
    assert!(tx.take_join_token(hash("t")).await.expect("runs").is_some(), "still there");
}

async fn old_things_are_swept(db: TestDb) {
    let store = db.open().await;
    let mut tx = begin(&store).await;
    tx.create_user(&new_user(1)).await.expect("made");
    tx.create_session(hash("s"), user_id(1), true).await.expect("begins");
    for (name, minute) in [("old", 1), ("new", 60)] {
        let token = JoinToken {
            subject: JoinSubject::Board { user: user_id(1) },
            device: Some(hash("device")),
            expires_at: at(minute),
        };
        tx.put_join_token(hash(name), &token).await.expect("puts");
        tx.create_staff_link(hash(name), user_id(1), StaffLinkPurpose::Reset, at(minute))
            .await
            .expect("made");
    }
    assert_eq!(tx.sweep(at(0)).await.expect("sweeps"), 0);
    assert_eq!(tx.sweep(at(30)).await.expect("sweeps"), 3, "a token, a link, an idle session");
    assert!(tx.take_join_token(hash("old")).await.expect("runs").is_none());
    let kept = tx.take_join_token(hash("new")).await.expect("runs").expect("kept");
    assert!(kept.device == Some(hash("device")));
    commit(tx).await;
}
