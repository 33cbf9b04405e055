use super::*;

const TEXT: &str = "example.org/log\n2\nAAAA\n";

fn key(kind: KeyKind, n: u8) -> SigningKey {
    SigningKey::from_seed("example.org/log", kind, &[n; 32]).expect("a name")
}

#[test]
fn keys_read_back_and_others_are_refused() {
    for kind in [KeyKind::Log, KeyKind::Witness] {
        let secret = secret_text("example.org/log", kind, &[7; 32]).expect("a name");
        let key = SigningKey::parse(&secret).expect("its own form");
        let public = key.public();
        assert_eq!(VerifyKey::parse(&public.to_text()), Ok(public.clone()));
        let text = public.to_text();
        for at in 0..text.len() {
            let mut bad = text.clone().into_bytes();
            bad[at] ^= 1;
            let Ok(bad) = String::from_utf8(bad) else { continue };
            assert_ne!(VerifyKey::parse(&bad), Ok(public.clone()), "{at}");
        }
    }
    for name in ["", "a b", "a+b", "a\n"] {
        assert!(secret_text(name, KeyKind::Log, &[1; 32]).is_err());
    }
    for text in ["", "a", "a+b", "a+00000000+AAAA", "PRIVATE+KEY+a+b+c"] {
        assert_eq!(VerifyKey::parse(text), Err(NoteError::BadKey));
        assert!(SigningKey::parse(text).is_err());
    }
}

#[test]
fn foreign_lines_are_kept_and_wrong_ones_found() {
    let (log, witness) = (key(KeyKind::Log, 1), key(KeyKind::Witness, 2));
    let stranger = key(KeyKind::Log, 3);
    let mut note = Note { text: TEXT.to_owned(), signatures: vec![log.sign(TEXT, 0)] };
    note.put(stranger.sign("something else\n", 0));
    note.put(witness.sign(TEXT, 1_000));
    let read = Note::parse(note.to_text().as_bytes()).expect("a note");
    assert_eq!(read, note);
    assert_eq!(read.signatures.len(), 3);
    assert_eq!(log.public().verify(&read), Ok(0));
    assert_eq!(witness.public().verify(&read), Ok(1_000));
    assert_eq!(stranger.public().verify(&read), Err(NoteError::BadSignature));
    assert_eq!(key(KeyKind::Log, 4).public().verify(&read), Err(NoteError::Unsigned));
    note.put(witness.sign(TEXT, 2_000));
    assert_eq!((note.signatures.len(), witness.public().verify(&note)), (3, Ok(2_000)));
    // The time is under the signature.
    let mut late = witness.sign(TEXT, 2_000);
    late.bytes[7] ^= 1;
    note.put(late);
    assert_eq!(witness.public().verify(&note), Err(NoteError::BadSignature));
}

#[test]
fn every_flipped_byte_of_a_note_is_found() {
    let (log, witness) = (key(KeyKind::Log, 1), key(KeyKind::Witness, 2));
    let signatures = vec![log.sign(TEXT, 0), witness.sign(TEXT, 1_000)];
    let bytes = Note { text: TEXT.to_owned(), signatures }.to_text().into_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            let holds = Note::parse(&bad).is_ok_and(|note| {
                log.public().verify(&note).is_ok() && witness.public().verify(&note).is_ok()
            });
            assert!(!holds, "byte {at}, bit {bit}");
        }
        assert!(Note::parse(&bytes[..at]).is_err() || at > TEXT.len() + 1, "cut at {at}");
    }
}

#[test]
fn what_is_not_a_note_is_refused() {
    for bad in [
        "",
        "\n\n",
        "a\n",
        "a\n\n",
        "a\n\n\u{2014} x\n",
        "a\n\n\u{2014} x AAAA\n",
        "a\t\n\n\u{2014} x AAAAAAA=\n",
    ] {
        assert_eq!(Note::parse(bad.as_bytes()), Err(NoteError::Malformed), "{bad:?}");
    }
    assert!(Note::parse("a\n\n\u{2014} x AAAAAAA=\n".as_bytes()).is_ok());
    assert_eq!(Note::parse(&vec![b'a'; MAX_NOTE_BYTES + 1]), Err(NoteError::Malformed));
}
