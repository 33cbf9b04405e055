//! The way to the identity provider and back, and whose account it leads to, on both databases.

use crate::on_both;
use crate::support::{EMAIL, PASSWORD, Rig, code, network, ok};
use audit::{Actor, Kind};
use auth::oidc::{Fault, Identity};
use auth::outside::WAY_LIFE;
use auth::{AuthError, Level, Next, Secret, Step};
use visit::Duration;

on_both!(
    a_way_is_good_once_for_its_browser_and_ten_minutes,
    a_subject_is_one_account_for_good,
    a_reset_unties_and_disabling_shuts_out,
    two_subjects_with_one_address_are_not_two_keys_to_one_account,
    a_provider_that_is_down_locks_nobody_out,
);

const ISSUER: &str = "https://id.clinic.example";

fn who(subject: &str, email: Option<&str>, second_factor: bool) -> Identity {
    Identity { subject: subject.to_owned(), email: email.map(str::to_owned), second_factor }
}

impl Rig {
    async fn outside(&self, who: &Identity) -> Result<Step, AuthError> {
        self.staff.outside_sign_in(self.org, ISSUER, who, network(1), self.now).await
    }

    async fn back(&self, state: &Secret, browser: Option<&Secret>) -> &'static str {
        let state = state.to_text();
        code(self.staff.outside_back(self.org, &state, browser, network(1), self.now).await)
    }
}

async fn a_way_is_good_once_for_its_browser_and_ten_minutes(mut rig: Rig) {
    let start = async |rig: &Rig| ok(rig.staff.outside_start(rig.org, network(1), rig.now).await);
    let (mine, other) = (start(&rig).await, start(&rig).await);
    let (state, browser) = (mine.way.state.to_text(), Some(&mine.browser));
    let back = ok(rig.staff.outside_back(rig.org, &state, browser, network(1), rig.now).await);
    let same = |a: &Secret, b: &Secret| *a.to_text() == *b.to_text();
    assert!(same(&back.nonce, &mine.way.nonce) && same(&back.verifier, &mine.way.verifier));
    assert_eq!(rig.back(&mine.way.state, browser).await, "sso_refused", "twice");
    // Another browser spends it.
    assert_eq!(rig.back(&other.way.state, browser).await, "sso_refused");
    assert_eq!(rig.back(&other.way.state, Some(&other.browser)).await, "sso_refused");
    let bare = start(&rig).await;
    assert_eq!(rig.back(&bare.way.state, None).await, "sso_refused");
    let late = start(&rig).await;
    rig.pass(WAY_LIFE);
    assert_eq!(rig.back(&late.way.state, Some(&late.browser)).await, "sso_refused");
    let text = rig.staff.outside_back(rig.org, "not one", browser, network(1), rig.now).await;
    assert_eq!(code(text), "sso_refused");
    assert_eq!(rig.logged(Kind::OutsideUsed).await, (0, 6));
}

async fn a_subject_is_one_account_for_good(mut rig: Rig) {
    let person = rig.enrolled().await;
    assert_eq!(
        code(rig.outside(&who("u", Some("nobody@clinic.example"), true)).await),
        "sso_unknown"
    );
    assert_eq!(code(rig.outside(&who("u", None, true)).await), "sso_unknown");
    // One factor there: ours comes next. The letters of an address are large or small.
    let step = ok(rig.outside(&who("u", Some(&EMAIL.to_uppercase()), false)).await);
    assert!(step.next == Next::Code && step.factors.app);
    let partial = step.session.expect("a partial session");
    let session = ok(rig.staff.authenticate(&partial, rig.now).await);
    assert!(session.user == person.user && session.level == Level::Partial);
    // Both there; and the address is not asked for again.
    let step = ok(rig.outside(&who("u", Some("married@clinic.example"), true)).await);
    assert_eq!(step.next, Next::Done);
    let session = ok(rig.staff.authenticate(&step.session.expect("a session"), rig.now).await);
    assert!(session.user == person.user && session.level == Level::Full);
    // The same subject of another issuer is somebody else.
    let staff = &rig.staff;
    let elsewhere = who("u", None, true);
    let other =
        staff.outside_sign_in(rig.org, "https://evil.example", &elsewhere, network(1), rig.now);
    assert_eq!(code(other.await), "sso_unknown");
    assert_eq!(code(rig.outside(&who("v", Some(EMAIL), true)).await), "sso_unknown", "passed on");
    assert_eq!(rig.logged(Kind::OutsideBound).await, (1, 0));
    assert_eq!(rig.logged(Kind::OutsideUsed).await, (2, 4));
}

async fn a_reset_unties_and_disabling_shuts_out(mut rig: Rig) {
    let person = rig.enrolled().await;
    ok(rig.outside(&who("u", Some(EMAIL), true)).await);
    ok(rig.staff.disable(rig.org, Actor::System, person.user, rig.now).await);
    assert_eq!(code(rig.outside(&who("u", Some(EMAIL), true)).await), "sso_refused");
    ok(rig.staff.enable(rig.org, Actor::System, person.user, rig.now).await);
    ok(rig.staff.reset_mfa(rig.org, Actor::System, person.user, rig.now).await);
    assert_eq!(code(rig.outside(&who("u", None, true)).await), "sso_unknown", "untied");
    // The next sign-in ties anew, to whoever has the address now.
    let step = ok(rig.outside(&who("w", Some(EMAIL), false)).await);
    assert_eq!(step.next, Next::Enrol, "codes and passkeys went, too");
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "bad_credentials");
    assert_eq!(rig.logged(Kind::OutsideBound).await, (2, 0));
}

async fn two_subjects_with_one_address_are_not_two_keys_to_one_account(mut rig: Rig) {
    rig.enrolled().await;
    let (a, b) = (who("a", Some(EMAIL), true), who("b", Some(EMAIL), true));
    let (first, second) = tokio::join!(rig.outside(&a), rig.outside(&b));
    let codes = [code(first), code(second)];
    assert_eq!(codes.iter().filter(|code| **code == "ok").count(), 1, "{codes:?}");
    assert_eq!(rig.logged(Kind::OutsideBound).await, (1, 0));
}

async fn a_provider_that_is_down_locks_nobody_out(mut rig: Rig) {
    rig.enrolled().await;
    let failed = async |rig: &Rig, fault| {
        code(rig.staff.outside_failed(rig.org, fault, network(1), rig.now).await)
    };
    for _ in 0..60 {
        assert_eq!(failed(&rig, Fault::Unreachable).await, "sso_unreachable");
    }
    assert_eq!(code(rig.password(EMAIL, PASSWORD).await), "ok");
    // Made-up answers are counted for the network that sends them.
    let refused = async |rig: &Rig| failed(rig, Fault::WrongNonce).await;
    for _ in 0..51 {
        assert_eq!(refused(&rig).await, "sso_refused");
    }
    assert_eq!(code(rig.staff.outside_start(rig.org, network(1), rig.now).await), "locked_out");
    assert_eq!(code(rig.staff.outside_start(rig.org, network(2), rig.now).await), "ok");
    rig.pass(Duration::from_min(61));
    assert_eq!(code(rig.staff.outside_start(rig.org, network(1), rig.now).await), "ok");
}
