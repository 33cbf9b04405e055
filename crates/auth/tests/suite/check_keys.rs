//! Keys of network checks: the clinic's own, for a working day, and for nothing else.

use crate::on_both;
use crate::support::{Rig, ok};
use auth::check_key::CHECK_KEY_LIFE;
use auth::{Secret, is_check_key, make_check_key};
use store::testing::TestDb;
use visit::Duration;

on_both!(a_key_is_good_until_its_end_and_for_its_clinic_only);

async fn a_key_is_good_until_its_end_and_for_its_clinic_only(rig: Rig) {
    let mut reader = rig.store.read(rig.org).await.expect("reads");
    let key = ok(make_check_key(&mut reader, rig.now).await);
    let end = rig.now.plus(CHECK_KEY_LIFE);
    let just_before = end.plus(Duration(-1));
    for (now, good) in [(rig.now, true), (just_before, true), (end, false)] {
        // More than once: whoever looks after a network tries again and again.
        for _ in 0..2 {
            assert_eq!(ok(is_check_key(&mut reader, &key, now).await), good);
        }
    }
    // By a clock that has gone back it would be good for longer than a working day.
    assert!(!ok(is_check_key(&mut reader, &key, rig.now.plus(Duration(-1))).await));

    // Every changed character is found, and so is everything else that is none.
    for at in 0..key.len() {
        let other = if key.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &key[..at], &key[at + 1..]);
        assert!(!ok(is_check_key(&mut reader, &changed, rig.now).await), "character {at}");
    }
    let secret = Secret::generate(&*rig.entropy).expect("a secret").to_text().to_string();
    for odd in ["", "x", secret.as_str(), &key[1..], &format!("{key}A"), "\u{e9}"] {
        assert!(!ok(is_check_key(&mut reader, odd, rig.now).await));
    }

    let elsewhere = Rig::new(TestDb::sqlite()).await;
    let mut elsewhere = elsewhere.store.read(elsewhere.org).await.expect("reads");
    assert!(!ok(is_check_key(&mut elsewhere, &key, rig.now).await));
}
