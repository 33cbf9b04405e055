//! Passkeys: registering, both ways of signing in, and everything that must not get in.

use crate::on_both;
use crate::support::{EMAIL, PASSWORD, Person, Rig, code, network, ok, text};
use audit::Kind;
use auth::passkey::{CHALLENGE_LIFE, MAX_PASSKEYS};
use auth::testing::{SoftKey, Used};
use auth::webauthn::RelyingParty;
use auth::{AuthError, Next, Secret, StaffSession, Step};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::UserRole;
use visit::Duration;

on_both!(
    a_passkey_is_added_and_signs_in_after_the_password,
    a_passkey_alone_stands_for_both_factors,
    a_newcomer_may_take_a_passkey_instead_of_an_app,
    the_password_alone_adds_no_factor_beside_a_passkey,
    a_challenge_is_good_once_for_its_session_and_for_five_minutes,
    what_is_not_right_is_refused_alike_and_on_record,
    a_copied_key_is_found_by_its_counter,
    failures_lock_as_codes_do,
    the_last_second_factor_stays,
    a_reset_takes_passkeys_away,
    nobody_has_more_than_the_most,
);

pub const ORIGIN: &str = "https://clinic.example";

pub fn party() -> RelyingParty {
    RelyingParty::of(ORIGIN).expect("passkeys work here")
}

pub fn bytes(challenge: &Secret) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(challenge.to_text().as_bytes()).expect("base64url")
}

impl Rig {
    /// Registers a new key by this session.
    pub async fn add_passkey(&self, cookie: &Secret) -> (SoftKey, auth::PasskeyAdded) {
        let start = ok(self.staff.passkey_add_start(cookie, self.now).await);
        let mut key = SoftKey::new(ORIGIN, &start.user_handle);
        let made = key.create(&bytes(&start.challenge));
        let (staff, new) = (&self.staff, made.registration());
        let added = staff.passkey_add_finish(cookie, &party(), "Blue key", new, self.now).await;
        (key, ok(added))
    }

    async fn use_passkey(&self, cookie: Option<&Secret>, used: &Used) -> Result<Step, AuthError> {
        let staff = &self.staff;
        staff
            .passkey_sign_in(self.org, cookie, &party(), used.assertion(), network(1), self.now)
            .await
    }

    async fn second_challenge(&self, cookie: &Secret) -> Vec<u8> {
        bytes(&ok(self.staff.passkey_second(cookie, network(1), self.now).await).challenge)
    }

    async fn alone_challenge(&self) -> Vec<u8> {
        bytes(&ok(self.staff.passkey_alone(self.org, network(1), self.now).await).challenge)
    }

    async fn session(&self, cookie: &Secret) -> StaffSession {
        ok(self.staff.authenticate(cookie, self.now).await)
    }

    /// Ana with an app and a passkey.
    pub async fn with_passkey(&mut self) -> (Person, SoftKey) {
        let person = self.enrolled().await;
        let (key, _) = self.add_passkey(&person.session).await;
        (person, key)
    }
}

async fn a_passkey_is_added_and_signs_in_after_the_password(mut rig: Rig) {
    let person = rig.enrolled().await;
    let (mut key, added) = rig.add_passkey(&person.session).await;
    assert!(added.session.is_none() && added.recovery_codes.is_empty(), "she had both");
    let session = rig.session(&person.session).await;
    let listed = ok(rig.staff.passkeys(&session).await);
    assert!(listed.len() == 1 && listed[0].key.name == "Blue key");
    assert!(listed[0].last_used_at.is_none());

    rig.pass_s(60);
    let step = ok(rig.password(EMAIL, PASSWORD).await);
    assert!(step.next == Next::Code && step.factors.app && step.factors.passkey);
    let partial = step.session.expect("a partial session");
    let request = ok(rig.staff.passkey_second(&partial, network(1), rig.now).await);
    assert!(request.allow == [key.credential.clone()] && !request.must_verify);
    // After the password a touch is enough.
    key.verifies = false;
    let step = ok(rig.use_passkey(Some(&partial), &key.get(&bytes(&request.challenge))).await);
    assert_eq!(step.next, Next::Done);
    let full = step.session.expect("a full session");
    assert_eq!(rig.session(&full).await.caller(), auth::Caller::Clinician);
    assert_eq!(code(rig.staff.authenticate(&partial, rig.now).await), "not_signed_in");
    let listed = ok(rig.staff.passkeys(&session).await);
    assert!(listed[0].last_used_at == Some(rig.now) && listed[0].sign_count == 1);
    assert_eq!(rig.logged(Kind::PasskeyEnrolled).await, (1, 0));
    assert_eq!(rig.logged(Kind::PasskeyUsed).await, (1, 0));

    // The app and the recovery codes go on working.
    let partial = rig.partial().await;
    assert_eq!(code(rig.code(&partial, &person.phone.code(rig.now)).await), "ok");
    let partial = rig.partial().await;
    assert_eq!(code(rig.code(&partial, &person.recovery_codes[0]).await), "ok");
}

async fn a_passkey_alone_stands_for_both_factors(mut rig: Rig) {
    let (person, mut key) = rig.with_passkey().await;
    let request = ok(rig.staff.passkey_alone(rig.org, network(1), rig.now).await);
    assert!(request.allow.is_empty() && request.must_verify, "nobody is known yet");
    let step = ok(rig.use_passkey(None, &key.get(&bytes(&request.challenge))).await);
    let session = rig.session(&step.session.expect("a full session")).await;
    assert!(session.user == person.user && session.level == auth::Level::Full);

    // Without finger, face or PIN it proves one thing only.
    key.verifies = false;
    let challenge = rig.alone_challenge().await;
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    key.verifies = true;
    // The answer names whose key it is.
    let right = std::mem::replace(&mut key.user_handle, b"somebody else".to_vec());
    let challenge = rig.alone_challenge().await;
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    key.user_handle = right;
    // A disabled account is out, by whatever key.
    ok(rig.staff.disable(rig.org, audit::Actor::System, person.user, rig.now).await);
    let challenge = rig.alone_challenge().await;
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    assert_eq!(rig.logged(Kind::PasskeyUsed).await, (1, 3));
}

async fn a_newcomer_may_take_a_passkey_instead_of_an_app(rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    assert_eq!(step.next, Next::Enrol);
    let partial = step.session.expect("a partial session");
    let (mut key, added) = rig.add_passkey(&partial).await;
    assert_eq!(added.recovery_codes.len(), 10);
    let full = added.session.expect("signed in by it");
    assert!(rig.session(&full).await.level == auth::Level::Full);
    assert_eq!(code(rig.staff.authenticate(&partial, rig.now).await), "not_signed_in");

    let step = ok(rig.password(EMAIL, PASSWORD).await);
    assert!(step.next == Next::Code && step.factors.passkey && !step.factors.app);
    let partial = step.session.expect("a partial session");
    // There is no app whose code could be right; the recovery codes are.
    assert_eq!(code(rig.code(&partial, "000000").await), "bad_credentials");
    let recovery = added.recovery_codes[0].to_text();
    assert_eq!(code(rig.code(&partial, &recovery).await), "ok");
    let partial = rig.partial().await;
    let challenge = rig.second_challenge(&partial).await;
    assert_eq!(code(rig.use_passkey(Some(&partial), &key.get(&challenge)).await), "ok");
}

async fn the_password_alone_adds_no_factor_beside_a_passkey(rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let first = step.session.expect("a partial session");
    // A second browser with the same password waits at the enrolment.
    let other = ok(rig.password(EMAIL, PASSWORD).await).session.expect("a partial session");
    let waiting = ok(rig.staff.passkey_add_start(&other, rig.now).await);
    let enrolment = ok(rig.staff.enrol_start(&other, rig.now).await);
    rig.add_passkey(&first).await;

    let phone = crate::support::Phone::from_base32(&enrolment.secret);
    let finish = rig.staff.enrol_finish(&other, &phone.code(rig.now), rig.now).await;
    assert_eq!(code(finish), "not_allowed");
    assert_eq!(code(rig.staff.enrol_start(&other, rig.now).await), "not_allowed");
    assert_eq!(code(rig.staff.passkey_add_start(&other, rig.now).await), "second_factor_needed");
    let mut key = SoftKey::new(ORIGIN, &waiting.user_handle);
    let made = key.create(&bytes(&waiting.challenge));
    let finish = rig
        .staff
        .passkey_add_finish(&other, &party(), "Theirs", made.registration(), rig.now)
        .await;
    assert_eq!(code(finish), "second_factor_needed");
    let session = rig.session(&other).await;
    assert_eq!(code(session.full()), "second_factor_needed");
}

async fn a_challenge_is_good_once_for_its_session_and_for_five_minutes(mut rig: Rig) {
    let (_, mut key) = rig.with_passkey().await;
    // Once, also when many come at once.
    let partial = rig.partial().await;
    let challenge = rig.second_challenge(&partial).await;
    let (a, b) = (key.get(&challenge), key.get(&challenge));
    let (first, second) =
        tokio::join!(rig.use_passkey(Some(&partial), &a), rig.use_passkey(Some(&partial), &b));
    let outcomes = [code(first), code(second)];
    assert_eq!(outcomes.iter().filter(|code| **code == "ok").count(), 1, "{outcomes:?}");

    // A replay into a fresh sign-in.
    let partial = rig.partial().await;
    assert_eq!(code(rig.use_passkey(Some(&partial), &b).await), "passkey_refused");
    // One session's challenge is not another's.
    let mine = rig.partial().await;
    let challenge = rig.second_challenge(&mine).await;
    assert_eq!(
        code(rig.use_passkey(Some(&partial), &key.get(&challenge)).await),
        "passkey_refused"
    );
    assert_eq!(code(rig.use_passkey(Some(&mine), &key.get(&challenge)).await), "passkey_refused");
    // One for registering, or for signing in alone, is none for the second step.
    let challenge = rig.second_challenge(&mine).await;
    let made_of_it = key.create(&challenge);
    let staff = &rig.staff;
    let wrong =
        staff.passkey_add_finish(&mine, &party(), "x", made_of_it.registration(), rig.now).await;
    assert_eq!(code(wrong), "second_factor_needed");
    // Five minutes.
    let challenge = rig.alone_challenge().await;
    rig.pass(CHALLENGE_LIFE);
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    let challenge = rig.alone_challenge().await;
    rig.pass(Duration(CHALLENGE_LIFE.0 - 1));
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "ok");
    // One that was never ours.
    assert_eq!(code(rig.use_passkey(None, &key.get(&[7; 32])).await), "passkey_refused");
    assert_eq!(code(rig.use_passkey(None, &key.get(&[])).await), "passkey_refused");
}

async fn what_is_not_right_is_refused_alike_and_on_record(mut rig: Rig) {
    let (_, mut key) = rig.with_passkey().await;
    type Lie = fn(&mut SoftKey);
    let lies: [Lie; 4] = [
        |key| key.origin = "https://clinic.example.evil.example".into(),
        |key| key.rp_id = "evil.example".into(),
        |key| key.touched = false,
        |key| key.verifies = false,
    ];
    for lie in lies {
        lie(&mut key);
        let challenge = rig.alone_challenge().await;
        assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
        (key.origin, key.rp_id) = (ORIGIN.to_owned(), "clinic.example".to_owned());
        (key.touched, key.verifies) = (true, true);
    }
    let challenge = rig.alone_challenge().await;
    let mut used = key.get(&challenge);
    let last = used.signature.len() - 1;
    used.signature[last] ^= 1;
    assert_eq!(code(rig.use_passkey(None, &used).await), "passkey_refused");
    let challenge = rig.alone_challenge().await;
    let mut stranger = SoftKey::new(ORIGIN, &key.user_handle);
    assert_eq!(code(rig.use_passkey(None, &stranger.get(&challenge)).await), "passkey_refused");
    // Somebody else's key behind Ana's password.
    let (_, link) = rig.add("ben@clinic.example", UserRole::Staff).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let (mut bens, _) = rig.add_passkey(&step.session.expect("a partial session")).await;
    let partial = rig.partial().await;
    let challenge = rig.second_challenge(&partial).await;
    assert_eq!(
        code(rig.use_passkey(Some(&partial), &bens.get(&challenge)).await),
        "passkey_refused"
    );
    assert_eq!(rig.logged(Kind::PasskeyUsed).await, (0, 7));

    // A registration by another page is refused too, and its challenge is spent.
    let full = step_alone(&rig, &mut key).await;
    let start = ok(rig.staff.passkey_add_start(&full, rig.now).await);
    let mut evil = SoftKey::new("https://evil.example", &start.user_handle);
    let made = evil.create(&bytes(&start.challenge));
    let finish =
        rig.staff.passkey_add_finish(&full, &party(), "x", made.registration(), rig.now).await;
    assert_eq!(code(finish), "passkey_refused");
    let mut good = SoftKey::new(ORIGIN, &start.user_handle);
    let made = good.create(&bytes(&start.challenge));
    let finish =
        rig.staff.passkey_add_finish(&full, &party(), "x", made.registration(), rig.now).await;
    assert_eq!(code(finish), "passkey_refused");
    assert_eq!(rig.logged(Kind::PasskeyEnrolled).await, (2, 2));
    // One key is one person's.
    let start = ok(rig.staff.passkey_add_start(&full, rig.now).await);
    let made = bens.create(&bytes(&start.challenge));
    let finish =
        rig.staff.passkey_add_finish(&full, &party(), "x", made.registration(), rig.now).await;
    assert_eq!(code(finish), "conflict");
}

/// A full session by the passkey alone.
async fn step_alone(rig: &Rig, key: &mut SoftKey) -> Secret {
    let challenge = rig.alone_challenge().await;
    let step = ok(rig.use_passkey(None, &key.get(&challenge)).await);
    step.session.expect("a full session")
}

async fn a_copied_key_is_found_by_its_counter(mut rig: Rig) {
    let (_, mut key) = rig.with_passkey().await;
    let before = key.counter;
    step_alone(&rig, &mut key).await;
    step_alone(&rig, &mut key).await;
    // The copy stands where the key stood before.
    let now = std::mem::replace(&mut key.counter, before);
    let challenge = rig.alone_challenge().await;
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    let log = rig.log().await;
    let refused = log.iter().rfind(|entry| entry.kind == Kind::PasskeyUsed);
    let outcome = refused.map(|entry| format!("{:?}", entry.outcome)).unwrap_or_default();
    assert!(outcome.contains("counter"), "{outcome}");
    key.counter = now;
    step_alone(&rig, &mut key).await;
}

async fn failures_lock_as_codes_do(mut rig: Rig) {
    let (person, mut key) = rig.with_passkey().await;
    let partial = rig.partial().await;
    for failure in 1..=7 {
        let request = rig.staff.passkey_second(&partial, network(1), rig.now).await;
        let mut used = key.get(&bytes(&ok(request).challenge));
        used.signature.pop();
        let expected = if failure <= 6 { "passkey_refused" } else { "locked_out" };
        assert_eq!(code(rig.use_passkey(Some(&partial), &used).await), expected, "{failure}");
    }
    // Codes and passkeys are one count: neither is a way around the other's lock.
    assert_eq!(code(rig.code(&partial, &person.phone.code(rig.now)).await), "locked_out");
    rig.pass_s(31);
    let challenge = rig.second_challenge(&partial).await;
    assert_eq!(code(rig.use_passkey(Some(&partial), &key.get(&challenge)).await), "ok");
    assert_eq!(rig.logged(Kind::SignInLocked).await.0, 1);

    // A network that fails too often asks for nothing any more.
    let mut outcome = "";
    for _ in 0..60 {
        let request = rig.staff.passkey_alone(rig.org, network(9), rig.now).await;
        let Ok(request) = request else {
            outcome = code(request);
            break;
        };
        let mut used = key.get(&bytes(&request.challenge));
        used.signature.pop();
        let staff = &rig.staff;
        let used = staff
            .passkey_sign_in(rig.org, None, &party(), used.assertion(), network(9), rig.now)
            .await;
        assert_eq!(code(used), "passkey_refused");
    }
    assert_eq!(outcome, "locked_out");
}

async fn the_last_second_factor_stays(rig: Rig) {
    let (_, link) = rig.add(EMAIL, UserRole::Clinician).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let (_, added) = rig.add_passkey(&step.session.expect("a partial session")).await;
    let full = added.session.expect("a full session");
    let (_, second) = rig.add_passkey(&full).await;
    assert!(second.session.is_none() && second.recovery_codes.is_empty());
    let session = rig.session(&full).await;
    let ids: Vec<String> =
        ok(rig.staff.passkeys(&session).await).into_iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    // Both at once: one of them stays.
    let (a, b) = tokio::join!(
        rig.staff.passkey_remove(&session, &ids[0], rig.now),
        rig.staff.passkey_remove(&session, &ids[1], rig.now)
    );
    let mut outcomes = [code(a), code(b)];
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["last_factor", "ok"]);
    assert_eq!(ok(rig.staff.passkeys(&session).await).len(), 1);
    assert_eq!(code(rig.staff.passkey_remove(&session, "nonsense", rig.now).await), "not_found");
    assert_eq!(rig.logged(Kind::PasskeyRemoved).await, (1, 1));

    // Nobody removes somebody else's.
    let (_, link) = rig.add("ben@clinic.example", UserRole::Admin).await;
    let step = ok(rig.staff.use_link(&link.to_text(), Some(text(PASSWORD)), rig.now).await);
    let (_, bens) = rig.add_passkey(&step.session.expect("a partial session")).await;
    let ben = rig.session(&bens.session.expect("a full session")).await;
    for id in &ids {
        assert_eq!(code(rig.staff.passkey_remove(&ben, id, rig.now).await), "not_found");
    }
}

async fn a_reset_takes_passkeys_away(mut rig: Rig) {
    let (person, mut key) = rig.with_passkey().await;
    let link = rig.staff.reset_mfa(rig.org, audit::Actor::System, person.user, rig.now).await;
    let link = ok(link).to_text();
    let challenge = rig.alone_challenge().await;
    assert_eq!(code(rig.use_passkey(None, &key.get(&challenge)).await), "passkey_refused");
    let step = ok(rig.staff.use_link(&link, Some(text(PASSWORD)), rig.now).await);
    assert_eq!(step.next, Next::Enrol);
}

async fn nobody_has_more_than_the_most(mut rig: Rig) {
    let person = rig.enrolled().await;
    for _ in 0..MAX_PASSKEYS {
        rig.add_passkey(&person.session).await;
    }
    let more = rig.staff.passkey_add_start(&person.session, rig.now).await;
    assert_eq!(code(more), "conflict");
}
