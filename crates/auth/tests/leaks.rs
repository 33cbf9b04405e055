//! Nothing that identifies a person, and no secret, gets into logs, errors or the audit log.

use audit::{Actor, Kind};
use auth::{Cost, GuestAuth, JoinTokens, NewStaff, Passwords, Prefix, StaffAuth, SystemEntropy};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use store::UserRole;
use store::testing::{AllLogs, NOON, TestDb};
use zeroize::Zeroizing;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_gets_out() {
    let logs = AllLogs::listen();

    let db = TestDb::sqlite();
    let store = db.open().await;
    let org = store.default_org();
    let entropy = Arc::new(SystemEntropy);
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let passwords = Passwords::new(cost, 1, &SystemEntropy).expect("hashes");
    let staff = StaffAuth::new(store.clone(), passwords, entropy.clone());
    let guests = GuestAuth::new(store.clone(), entropy.clone());
    let tokens = JoinTokens::new(store.clone(), entropy);
    let network = Prefix::of(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)));

    let (name, email) = ("Canaria Pajarito", "canary@cage.example");
    let password = "feathered-morning-song";
    let mut canaries =
        vec![name.to_owned(), email.to_owned(), password.to_owned(), "203.0.113".to_owned()];
    let mut errors = String::new();

    let new = NewStaff { email, name, role: UserRole::Clinician };
    let (user, link) = staff.add(org, Actor::System, &new, NOON).await.expect("an account");
    canaries.push(user.to_text());
    canaries.push(link.to_text().to_string());
    let again = staff.add(org, Actor::System, &new, NOON).await.err().expect("there already");
    let _ = writeln!(errors, "{again} {again:?}");
    let secret = |text: &str| Zeroizing::new(text.to_owned());
    let weak = staff.use_link(&link.to_text(), Some(secret(email)), NOON).await.err();
    let _ = writeln!(errors, "{weak:?}");
    let step = staff.use_link(&link.to_text(), Some(secret(password)), NOON).await;
    let cookie = step.ok().and_then(|step| step.session).expect("a session");
    canaries.push(cookie.to_text().to_string());
    let enrolment = staff.enrol_start(&cookie, NOON).await.expect("a secret");
    canaries.push(enrolment.secret.to_string());
    for _ in 0..8 {
        let failed = staff.sign_in(org, email, secret("canary-guess"), network, NOON).await.err();
        let _ = writeln!(errors, "{failed:?}");
    }
    canaries.push("canary-guess".to_owned());
    let refused = guests.open(&link.to_text(), Some("1944-04-04"), None, NOON).await.err();
    let _ = writeln!(errors, "{refused:?}");
    canaries.push("1944-04-04".to_owned());
    let session = staff.authenticate(&cookie, NOON).await.expect("a session");
    let partial = tokens.for_board(&session, NOON).await.err();
    let _ = writeln!(errors, "{partial:?}");
    staff.disable(org, Actor::System, user, NOON).await.expect("disables");

    let logged = logs.text();
    assert!(logged.contains("reason="), "the subscriber hears the store");
    let mut audit = String::new();
    for writer in store.audit_writers().await.expect("writers") {
        let page = store.audit_page(&writer.writer, 0, 1_000).await.expect("a page");
        for entry in page.entries {
            audit.push_str(std::str::from_utf8(&entry.bytes).expect("text"));
        }
    }
    assert!(audit.contains(Kind::SignInLocked.as_str()), "the log was read");
    // The log of security events names accounts by their id and nothing else.
    let id = user.to_text();
    for canary in &canaries {
        let found = [("logs", &logged), ("errors", &errors), ("audit", &audit)].into_iter().find(
            |(place, text)| !(*place == "audit" && *canary == id) && text.contains(canary.as_str()),
        );
        if let Some((place, _)) = found {
            panic!("a canary got into the {place}");
        }
    }
}
