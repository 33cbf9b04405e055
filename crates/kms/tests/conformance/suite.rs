//! What every provider must do.

use keys::{DataKey, KEY_BYTES, Kek, KeyContext, KeyError, KeyScope};
use visit::OrgId;

/// A provider with keys of its own, and what only its operator can do.
pub trait Bench {
    /// Opens it anew, as another process would.
    fn open(&self) -> Result<Box<dyn Kek>, KeyError>;

    /// Disables or enables a version at the provider. `false`: this provider cannot.
    fn set_enabled(&self, version: u32, enabled: bool) -> bool;
}

/// Runs everything. The provider begins with version 1.
pub fn conforms(bench: &dyn Bench) {
    let kek = bench.open().expect("opens");
    kek.health().expect("healthy");
    assert_eq!((kek.current_version(), kek.versions().expect("lists")), (1, vec![1]));
    what_is_wrapped_unwraps_here_and_elsewhere(&*kek, bench);
    nothing_altered_or_elsewhere_unwraps(&*kek);
    keys_of_other_providers_are_named(&*kek);
    many_at_once_get_their_own(&*kek);
    a_disabled_version_refuses_and_says_so(&*kek, bench);
    a_new_version_wraps_and_the_old_one_still_unwraps(&*kek, bench);
    a_destroyed_version_opens_nothing(&*kek, bench);
}

pub fn context(id: &'static str) -> KeyContext<'static> {
    KeyContext { org: OrgId::new(1, 1), scope: KeyScope::Visit, scope_id: id }
}

fn what_is_wrapped_unwraps_here_and_elsewhere(kek: &dyn Kek, bench: &dyn Bench) {
    let wrapped = kek.wrap(context("a"), &[7; KEY_BYTES]).expect("wraps");
    assert_ne!(wrapped, kek.wrap(context("a"), &[7; KEY_BYTES]).expect("wraps"));
    assert!(!wrapped.windows(4).any(|w| w == [7; 4]), "not in the clear");
    let other = bench.open().expect("opens");
    for kek in [kek, &*other] {
        assert_eq!(*kek.unwrap(context("a"), &wrapped).expect("unwraps"), [7; KEY_BYTES]);
        assert_eq!(kek.version_of(&wrapped).expect("a version"), 1);
    }
    let key = DataKey::generate().expect("random");
    let wrapped = key.wrap(kek, context("a")).expect("wraps");
    assert!(DataKey::unwrap(kek, context("a"), &wrapped).is_ok());
}

fn nothing_altered_or_elsewhere_unwraps(kek: &dyn Kek) {
    let wrapped = kek.wrap(context("a"), &[7; KEY_BYTES]).expect("wraps");
    for at in 0..wrapped.len() {
        let mut bad = wrapped.clone();
        bad[at] ^= 0x01;
        assert!(kek.unwrap(context("a"), &bad).is_err(), "byte {at}");
        assert!(kek.unwrap(context("a"), &wrapped[..at]).is_err(), "cut at {at}");
    }
    assert!(kek.unwrap(context("a"), &[wrapped.as_slice(), &[0]].concat()).is_err(), "longer");
    let elsewhere = [
        context("b"),
        KeyContext { org: OrgId::new(1, 2), ..context("a") },
        KeyContext { scope: KeyScope::Org, ..context("a") },
    ];
    for place in elsewhere {
        assert!(matches!(kek.unwrap(place, &wrapped), Err(KeyError::Open)));
        assert!(matches!(kek.rewrap(place, &wrapped), Err(KeyError::Open)));
    }
    assert!(kek.unwrap(context("a"), &wrapped).is_ok(), "the refusals changed nothing");
}

fn keys_of_other_providers_are_named(kek: &dyn Kek) {
    for format in 1..=4_u8 {
        let foreign = [&[format, 0, 0, 0, 1], [0; 60].as_slice()].concat();
        match kek.unwrap(context("a"), &foreign) {
            Err(KeyError::OtherProvider(name)) => assert_ne!(name, kek.provider()),
            Err(KeyError::Open) => {}
            other => panic!("format {format}: {:?}", other.map(|_| ())),
        }
    }
    let newer = [9; 65];
    assert!(matches!(kek.unwrap(context("a"), &newer), Err(KeyError::UnknownFormat(9))));
}

fn many_at_once_get_their_own(kek: &dyn Kek) {
    std::thread::scope(|scope| {
        for byte in 0..8_u8 {
            scope.spawn(move || {
                for _ in 0..5 {
                    let wrapped = kek.wrap(context("a"), &[byte; KEY_BYTES]).expect("wraps");
                    let back = kek.unwrap(context("a"), &wrapped).expect("unwraps");
                    assert_eq!(*back, [byte; KEY_BYTES]);
                }
            });
        }
    });
}

fn a_disabled_version_refuses_and_says_so(kek: &dyn Kek, bench: &dyn Bench) {
    let wrapped = kek.wrap(context("a"), &[3; KEY_BYTES]).expect("wraps");
    if !bench.set_enabled(1, false) {
        return;
    }
    let refused = kek.unwrap(context("a"), &wrapped).expect_err("disabled");
    assert_eq!(refused.code(), "key_disabled", "{refused}");
    assert!(bench.set_enabled(1, true));
    assert_eq!(*kek.unwrap(context("a"), &wrapped).expect("unwraps"), [3; KEY_BYTES]);
}

fn a_new_version_wraps_and_the_old_one_still_unwraps(kek: &dyn Kek, bench: &dyn Bench) {
    let old = kek.wrap(context("a"), &[1; KEY_BYTES]).expect("wraps");
    // Opened before there was a newer one, as a server beside the command.
    let server = bench.open().expect("opens");
    assert_eq!(kek.create().expect("a version"), 2);
    assert_eq!((kek.current_version(), kek.versions().expect("lists")), (2, vec![1, 2]));
    let new = kek.rewrap(context("a"), &old).expect("rewraps");
    assert_eq!((kek.version_of(&old).ok(), kek.version_of(&new).ok()), (Some(1), Some(2)));
    assert!(matches!(kek.unwrap(context("b"), &new), Err(KeyError::Open)));
    for kek in [kek, &*server] {
        for wrapped in [&old, &new] {
            assert_eq!(*kek.unwrap(context("a"), wrapped).expect("unwraps"), [1; KEY_BYTES]);
        }
    }
    // A version is bound to what it wrapped: naming another one does not help.
    let mut renamed = old;
    renamed[4] = 2;
    assert!(kek.unwrap(context("a"), &renamed).is_err());
    server.health().expect("healthy");
    let wrapped = server.wrap(context("a"), &[2; KEY_BYTES]).expect("wraps");
    assert_eq!(server.version_of(&wrapped).ok(), Some(2), "taken up at the latest by a look");
}

fn a_destroyed_version_opens_nothing(kek: &dyn Kek, bench: &dyn Bench) {
    assert!(matches!(kek.destroy(2), Err(KeyError::InUse(2))));
    assert!(matches!(kek.destroy(9), Err(KeyError::UnknownVersion(9))));
    let wrapped = kek.wrap(context("a"), &[5; KEY_BYTES]).expect("wraps");
    let mut first = kek.wrap(context("a"), &[5; KEY_BYTES]).expect("wraps");
    first[4] = 1;
    kek.destroy(1).expect("destroys");
    let later = bench.open().expect("opens");
    for kek in [kek, &*later] {
        let refused = kek.unwrap(context("a"), &first).expect_err("gone");
        assert!(matches!(refused.code(), "key_version_unknown" | "key_disabled"), "{refused}");
        assert_eq!(kek.versions().expect("lists"), vec![2]);
        assert_eq!(*kek.unwrap(context("a"), &wrapped).expect("unwraps"), [5; KEY_BYTES]);
    }
}
