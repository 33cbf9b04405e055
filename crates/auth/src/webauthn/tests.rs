use super::*;
use crate::testing::{SoftKey, Used};
use std::collections::HashMap;

const ORIGIN: &str = "https://clinic.example";
const CHALLENGE: [u8; 32] = [9; 32];

fn party() -> RelyingParty {
    RelyingParty::of(ORIGIN).expect("passkeys work here")
}

fn registered(key: &mut SoftKey) -> Registered {
    let made = key.create(&CHALLENGE);
    check_registration(&party(), &CHALLENGE, made.registration()).expect("a good key")
}

fn known(registered: &Registered) -> Known<'_> {
    Known {
        public_key: &registered.public_key,
        sign_count: registered.sign_count,
        backup_eligible: registered.backup_eligible,
    }
}

fn use_it(used: &Used, known: Known<'_>) -> Result<Asserted, Fault> {
    check_assertion(&party(), &CHALLENGE, used.assertion(), known, true)
}

/// Vectors of the standard (W3C Web Authentication Level 3, §16), by name and field.
fn vectors() -> Vec<(&'static str, HashMap<&'static str, Vec<u8>>)> {
    let mut all: Vec<(&str, HashMap<&str, Vec<u8>>)> = Vec::new();
    for line in include_str!("vectors.txt").lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ").and_then(|field| field.split_once(' ')) {
            None => all.push((line, HashMap::new())),
            Some((field, hex)) => {
                let bytes = (0..hex.len() / 2).map(|n| {
                    u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).expect("two hex digits")
                });
                all.last_mut().expect("a name first").1.insert(field, bytes.collect());
            }
        }
    }
    all
}

#[test]
fn the_vectors_of_the_standard_come_out_as_they_should() {
    let party = RelyingParty::of("https://example.org").expect("a name");
    let mut good = 0;
    for (name, v) in vectors() {
        let new = Registration {
            client_data: &v["registration_client_data"],
            attestation: &v["attestation_object"],
        };
        let registered = check_registration(&party, &v["registration_challenge"], new);
        let refusal = match name {
            // Made in a frame of another site.
            "none.ES256.crossOrigin" | "none.ES256.topOrigin" => Some(Fault::WrongOrigin),
            // Kinds of keys that we do not ask for.
            "packed.ES384" | "packed.Ed448" => Some(Fault::BadKey),
            _ => None,
        };
        if let Some(fault) = refusal {
            assert_eq!(registered, Err(fault), "{name}");
            continue;
        }
        let registered = registered.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!(registered.credential, v["credential_id"], "{name}");
        let used = Assertion {
            credential: &v["credential_id"],
            client_data: &v["client_data"],
            authenticator_data: &v["authenticator_data"],
            signature: &v["signature"],
            user_handle: None,
        };
        let check =
            |used| check_assertion(&party, &v["challenge"], used, known(&registered), false);
        assert!(check(used).is_ok(), "{name}");
        let mut data = v["authenticator_data"].clone();
        // The counter is signed: one more is no longer what was signed.
        data[36] += 1;
        let tampered = Assertion { authenticator_data: &data, ..used };
        assert_eq!(check(tampered), Err(Fault::BadSignature), "{name}");
        good += 1;
    }
    assert_eq!(good, 8, "ES256, EdDSA and RS256, with and without an attestation");
}

#[test]
fn a_key_is_registered_and_used() {
    let mut key = SoftKey::new(ORIGIN, b"handle");
    let registered = registered(&mut key);
    assert_eq!(registered.credential, key.credential);
    assert!(registered.user_verified && !registered.backup_eligible);
    let asserted = use_it(&key.get(&CHALLENGE), known(&registered)).expect("good");
    assert_eq!(asserted, Asserted { sign_count: 1, user_verified: true });
}

/// Everything that somebody between, or somebody with another key, could bring.
#[test]
fn whatever_does_not_belong_here_is_refused() {
    type Lie = fn(&mut SoftKey);
    let lies: [(Lie, Fault); 7] = [
        (|key| key.origin = format!("{ORIGIN}.evil.example"), Fault::WrongOrigin),
        (|key| key.origin = "http://clinic.example".into(), Fault::WrongOrigin),
        (|key| key.origin = format!("{ORIGIN}:8443"), Fault::WrongOrigin),
        (|key| key.origin = "https://sub.clinic.example".into(), Fault::WrongOrigin),
        (|key| key.rp_id = "evil.example".into(), Fault::WrongRelyingParty),
        (|key| key.touched = false, Fault::NotPresent),
        (|key| key.verifies = false, Fault::NotVerified),
    ];
    for (lie, expected) in lies {
        let mut key = SoftKey::new(ORIGIN, b"handle");
        let registered = registered(&mut key);
        lie(&mut key);
        let used = use_it(&key.get(&CHALLENGE), known(&registered));
        assert_eq!(used, Err(expected));
        let made = key.create(&CHALLENGE);
        let made = check_registration(&party(), &CHALLENGE, made.registration());
        // Whoever registers need not be verified: the key may stay a second factor.
        assert_eq!(made.err(), Some(expected).filter(|fault| *fault != Fault::NotVerified));
    }
}

#[test]
fn another_challenge_ceremony_key_or_signature_is_refused() {
    let mut key = SoftKey::new(ORIGIN, b"handle");
    let registered = registered(&mut key);
    let known = known(&registered);
    assert_eq!(use_it(&key.get(&[8; 32]), known), Err(Fault::WrongChallenge));
    assert_eq!(use_it(&key.get(&CHALLENGE[..31]), known), Err(Fault::WrongChallenge));
    // What was made for registering is worth nothing for signing in.
    let made = key.create(&CHALLENGE);
    let mut used = key.get(&CHALLENGE);
    used.client_data = made.client_data;
    assert_eq!(use_it(&used, known), Err(Fault::WrongCeremony));

    let mut used = key.get(&CHALLENGE);
    let last = used.signature.len() - 1;
    used.signature[last] ^= 1;
    assert_eq!(use_it(&used, known), Err(Fault::BadSignature));
    let mut used = key.get(&CHALLENGE);
    used.authenticator_data[36] = used.authenticator_data[36].wrapping_add(9);
    assert_eq!(use_it(&used, known), Err(Fault::BadSignature));
    let stranger = SoftKey::new(ORIGIN, b"handle").get(&CHALLENGE);
    assert_eq!(use_it(&stranger, known), Err(Fault::BadSignature));
}

#[test]
fn a_counter_that_does_not_grow_is_a_copied_key() {
    let mut key = SoftKey::new(ORIGIN, b"handle");
    let registered = registered(&mut key);
    let at = |sign_count| Known { sign_count, ..known(&registered) };
    let used = key.get(&CHALLENGE);
    assert!(use_it(&used, at(0)).is_ok());
    assert_eq!(use_it(&used, at(1)), Err(Fault::Counter));
    assert_eq!(use_it(&used, at(2)), Err(Fault::Counter));
    // Keys that do not count stay at 0; one that stops counting is not the same.
    (key.counts, key.counter) = (false, 0);
    assert!(use_it(&key.get(&CHALLENGE), at(0)).is_ok());
    assert_eq!(use_it(&key.get(&CHALLENGE), at(5)), Err(Fault::Counter));
}

#[test]
fn a_key_that_becomes_copyable_or_claims_the_impossible_is_refused() {
    let mut key = SoftKey::new(ORIGIN, b"handle");
    let registered = registered(&mut key);
    let copyable = Known { backup_eligible: true, ..known(&registered) };
    assert_eq!(use_it(&key.get(&CHALLENGE), copyable), Err(Fault::Malformed));
    let mut used = key.get(&CHALLENGE);
    used.authenticator_data[32] |= flag::BACKED_UP;
    assert_eq!(use_it(&used, known(&registered)), Err(Fault::Malformed));
}

#[test]
fn cut_and_stretched_answers_are_refused_without_a_panic() {
    let mut key = SoftKey::new(ORIGIN, b"handle");
    let registered = registered(&mut key);
    let made = key.create(&CHALLENGE);
    for length in 0..made.attestation.len() {
        let cut = Registration { attestation: &made.attestation[..length], ..made.registration() };
        assert_eq!(check_registration(&party(), &CHALLENGE, cut), Err(Fault::Malformed));
    }
    let mut longer = made.attestation.clone();
    longer.push(0);
    let longer = Registration { attestation: &longer, ..made.registration() };
    assert_eq!(check_registration(&party(), &CHALLENGE, longer), Err(Fault::Malformed));
    for length in 0..made.client_data.len() {
        let cut = Registration { client_data: &made.client_data[..length], ..made.registration() };
        assert_eq!(check_registration(&party(), &CHALLENGE, cut), Err(Fault::Malformed));
    }
    let used = key.get(&CHALLENGE);
    for length in 0..used.authenticator_data.len() {
        let data = &used.authenticator_data[..length];
        let cut = Assertion { authenticator_data: data, ..used.assertion() };
        let checked = check_assertion(&party(), &CHALLENGE, cut, known(&registered), true);
        assert_eq!(checked, Err(Fault::Malformed));
    }
    let padded = format!("{}{}", " ".repeat(5_000), String::from_utf8_lossy(&made.client_data));
    assert_eq!(claimed_challenge(padded.as_bytes()), Err(Fault::Malformed));
    let twice = r#"{"type":"webauthn.get","type":"webauthn.get","challenge":"","origin":""}"#;
    assert_eq!(claimed_challenge(twice.as_bytes()), Err(Fault::Malformed));
}

#[test]
fn passkeys_are_where_browsers_offer_them() {
    for (origin, id) in [
        ("https://clinic.example", "clinic.example"),
        ("https://clinic.example:8443", "clinic.example"),
        ("http://localhost:8080", "localhost"),
    ] {
        let party = RelyingParty::of(origin).expect("a relying party");
        assert_eq!((party.id(), party.origin()), (id, origin));
    }
    for origin in [
        "http://clinic.example",
        "https://192.0.2.7:8443",
        "https://[2001:db8::1]",
        "http://127.0.0.1:8080",
        "https://",
        "ftp://clinic.example",
        "clinic.example",
    ] {
        assert_eq!(RelyingParty::of(origin), None, "{origin}");
    }
}
