//! Join tokens: once, soon, and from the browser that fetched them.

use crate::on_both;
use crate::support::{Rig, code, ok};
use auth::token::JOIN_TOKEN_LIFE;
use auth::{Cookies, JoinedBy, Secret, SecretKind, SystemEntropy};
use store::JoinSubject;
use visit::Timestamp;

on_both!(
    a_token_lets_in_once,
    fifty_at_once_let_in_one,
    a_token_ends_after_a_minute,
    a_token_is_bound_to_its_browser,
);

/// A patient's browser with a seat, and a token for it.
async fn guest(rig: &mut Rig) -> (Secret, String) {
    let person = rig.enrolled().await;
    let (visit, [patient, _]) = rig.visit(1, person.user, None).await;
    let link = rig.link(visit, patient).await;
    let device = ok(rig.guests.open(&link, None, None, rig.now).await).device;
    let held = ok(rig.guests.holds(&device, visit, patient).await);
    let token = ok(rig.tokens.for_guest(held, &device, rig.now).await);
    (device, token.to_text().to_string())
}

async fn a_token_lets_in_once(mut rig: Rig) {
    let (device, token) = guest(&mut rig).await;
    let cookies = Cookies { device: Some(&device), session: None };
    let joined = ok(rig.tokens.take(&token, cookies, rig.now).await);
    assert!(matches!(joined.subject, JoinSubject::Seat { .. }));
    assert!(joined.by == JoinedBy::Device(device.hash(SecretKind::Device)));
    assert_eq!(code(rig.tokens.take(&token, cookies, rig.now).await), "token_expired");

    let person_session = {
        let step = ok(rig.password(crate::support::EMAIL, crate::support::PASSWORD).await);
        step.session.expect("a partial session")
    };
    let session = ok(rig.staff.authenticate(&person_session, rig.now).await);
    // A partial session gets no token of either kind.
    assert_eq!(code(rig.tokens.for_board(&session, rig.now).await), "second_factor_needed");
    let JoinSubject::Seat { visit, seat } = joined.subject else { panic!("a seat") };
    assert_eq!(
        code(rig.tokens.for_staff_seat(&session, visit, seat, rig.now).await),
        "second_factor_needed"
    );
}

async fn fifty_at_once_let_in_one(mut rig: Rig) {
    let (device, token) = guest(&mut rig).await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, token, now) = (rig.tokens.clone(), token.clone(), rig.now);
            let device = device.clone();
            tokio::spawn(async move {
                let cookies = Cookies { device: Some(&device), session: None };
                code(tokens.take(&token, cookies, now).await)
            })
        })
        .collect();
    let mut inside = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            "ok" => inside += 1,
            other => assert_eq!(other, "token_expired"),
        }
    }
    assert_eq!(inside, 1);
}

async fn a_token_ends_after_a_minute(mut rig: Rig) {
    let (device, token) = guest(&mut rig).await;
    let cookies = Cookies { device: Some(&device), session: None };
    let end = rig.now.plus(JOIN_TOKEN_LIFE);
    assert_eq!(code(rig.tokens.take(&token, cookies, end).await), "token_expired");
    // It was spent by the late try; a new one is good up to the last microsecond.
    let held = ok(rig.guests.seats_of(&device).await)[0];
    let token = ok(rig.tokens.for_guest(held, &device, rig.now).await).to_text();
    let in_time = Timestamp(end.0 - 1);
    assert_eq!(code(rig.tokens.take(&token, cookies, in_time).await), "ok");
}

async fn a_token_is_bound_to_its_browser(mut rig: Rig) {
    let person = rig.enrolled().await;
    let cookie = rig.full(&person).await;
    let session = ok(rig.staff.authenticate(&cookie, rig.now).await);
    let stranger = ok(Secret::generate(&SystemEntropy));
    for cookies in [
        Cookies::default(),
        Cookies { session: Some(&stranger), device: Some(&stranger) },
        // The right secret in the wrong cookie.
        Cookies { session: None, device: Some(&cookie) },
    ] {
        let token = ok(rig.tokens.for_board(&session, rig.now).await).to_text();
        assert_eq!(code(rig.tokens.take(&token, cookies, rig.now).await), "token_expired");
        // Stolen and shown: spent for its owner as well.
        let mine = Cookies { session: Some(&cookie), device: None };
        assert_eq!(code(rig.tokens.take(&token, mine, rig.now).await), "token_expired");
    }
    let token = ok(rig.tokens.for_board(&session, rig.now).await).to_text();
    let both = Cookies { session: Some(&cookie), device: Some(&stranger) };
    let joined = ok(rig.tokens.take(&token, both, rig.now).await);
    assert!(joined.by == JoinedBy::Session(session.id));
    assert!(joined.subject == JoinSubject::Board { user: person.user });
    // A session cookie is not a token, and rubbish is not one either.
    for bad in [cookie.to_text().as_str(), "", "x"] {
        assert_eq!(code(rig.tokens.take(bad, both, rig.now).await), "token_expired");
    }
}
