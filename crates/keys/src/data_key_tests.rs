use super::*;

fn org(n: u128) -> OrgId {
    OrgId::new(1_700_000_000_000, n)
}

fn aad(org: OrgId) -> Aad<'static> {
    Aad { org, table: "seats", column: "person", row: "row-1" }
}

fn key() -> DataKey {
    DataKey::generate().expect("random numbers")
}

#[test]
fn what_was_sealed_opens_for_every_purpose_and_length() {
    let key = key();
    for purpose in SealPurpose::ALL {
        for length in [0, 1, 15, 16, 17, 4096] {
            let plain = vec![0xA5; length];
            let sealed = key.seal(purpose, &aad(org(1)), &plain).expect("seals");
            assert_eq!(sealed.len(), length + 29);
            assert_eq!(*key.open(purpose, &aad(org(1)), &sealed).expect("opens"), plain);
        }
    }
}

#[test]
fn the_same_text_never_seals_to_the_same_bytes() {
    let key = key();
    let one = key.seal(SealPurpose::Chat, &aad(org(1)), b"hello").expect("seals");
    let two = key.seal(SealPurpose::Chat, &aad(org(1)), b"hello").expect("seals");
    assert_ne!(one, two);
    assert!(!one.windows(5).any(|w| w == b"hello"));
}

#[test]
fn every_flipped_byte_and_every_cut_fails() {
    let key = key();
    let sealed = key.seal(SealPurpose::Person, &aad(org(1)), b"a name").expect("seals");
    for i in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[i] ^= 0x01;
        assert!(key.open(SealPurpose::Person, &aad(org(1)), &bad).is_err(), "byte {i}");
        assert!(key.open(SealPurpose::Person, &aad(org(1)), &sealed[..i]).is_err(), "cut at {i}");
    }
    assert!(key.open(SealPurpose::Person, &aad(org(1)), &sealed).is_ok());
}

#[test]
fn another_place_purpose_or_key_does_not_open() {
    let key = key();
    let home = aad(org(1));
    let sealed = key.seal(SealPurpose::Person, &home, b"a name").expect("seals");
    let moved = [
        Aad { org: org(2), ..home },
        Aad { table: "users", ..home },
        Aad { column: "note", ..home },
        Aad { row: "row-2", ..home },
        // The same letters cut elsewhere: lengths in front keep them apart.
        Aad { table: "seat", column: "sperson", ..home },
        Aad { column: "personr", row: "ow-1", ..home },
    ];
    for place in moved {
        assert!(matches!(key.open(SealPurpose::Person, &place, &sealed), Err(KeyError::Open)));
    }
    assert!(key.open(SealPurpose::Note, &home, &sealed).is_err());
    assert!(
        DataKey::generate().expect("random").open(SealPurpose::Person, &home, &sealed).is_err()
    );
}

#[test]
fn a_newer_format_is_named() {
    let key = key();
    let mut sealed = key.seal(SealPurpose::Note, &aad(org(1)), b"x").expect("seals");
    sealed[0] = 9;
    assert!(matches!(
        key.open(SealPurpose::Note, &aad(org(1)), &sealed),
        Err(KeyError::UnknownFormat(9))
    ));
}

#[test]
fn the_blind_index_ignores_spelling_but_not_the_key_or_the_kind() {
    let one = key();
    let index = one.blind_index().expect("derives");
    let address = index.email("nurse@clinic.example");
    assert_eq!(address, index.email("  Nurse@Clinic.EXAMPLE\n"));
    assert_ne!(address, index.email("nurse2@clinic.example"));
    assert_ne!(address, index.other("account", b"nurse@clinic.example"));
    let other = key().blind_index().expect("derives");
    assert_ne!(address, other.email("nurse@clinic.example"));
}

// Written out once with an independent HKDF and HMAC (Python's `hmac`): the stored form must not
// drift between versions of the program.
#[test]
fn derivation_is_pinned() {
    let key = DataKey(Zeroizing::new([7; KEY_BYTES]));
    let hex: String = key
        .blind_index()
        .expect("derives")
        .email("a@b.example")
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(hex, "9d0279ae2b8046fad9ca6029353fe7e2f2cb5dbcad78c6ab51c209198b7d47cc");
}
