use super::*;
use crate::{Actor, Detail, Event, Kind, MAX_ENTRY_BYTES, Writer};
use visit::{OrgId, SeatId, UserId, VisitId};

fn writer_id() -> WriterId {
    WriterId::new("01J0000000000000000000BOOT/0").expect("fits")
}

fn org() -> OrgId {
    OrgId::new(1_700_000_000_000, 7)
}

/// Ten entries of all sorts, and the writer that wrote them.
fn ten() -> (Writer, Vec<Sealed>) {
    let mut writer = Writer::new(writer_id());
    let (visit, seat) = (VisitId::new(1, 1), SeatId::new(1, 2));
    let actors =
        [Actor::System, Actor::Anonymous, Actor::Seat(seat), Actor::Staff(UserId::new(1, 3))];
    let entries = (0..10)
        .map(|i: usize| {
            let event = Event::new(Kind::ALL[i], actors[i % 4])
                .visit(visit)
                .seat(seat)
                .detail("text", "visit-2026-11")
                .count("n", i as u64);
            let event = if i.is_multiple_of(2) { event } else { event.refused("not_admitted") };
            writer.append(org(), Timestamp(1_000 + i as i64), event).expect("fits")
        })
        .collect();
    (writer, entries)
}

fn verify(writer: &Writer, entries: &[Sealed]) -> Result<u64, ChainError> {
    let mut verifier = ChainVerifier::new(writer_id());
    for entry in entries {
        verifier.push(entry)?;
    }
    verifier.finish(writer.next_seq(), writer.last_leaf())
}

#[test]
fn an_untouched_chain_verifies() {
    let (writer, entries) = ten();
    assert_eq!(verify(&writer, &entries), Ok(10));
}

#[test]
fn the_bytes_have_the_documented_form() {
    let mut writer = Writer::new(writer_id());
    let event = Event::new(Kind::LinkOpened, Actor::Anonymous)
        .visit(VisitId::new(1, 1))
        .refused("expired")
        .detail("b", "2")
        .detail("a", "1");
    let sealed = writer.append(org(), Timestamp(5), event).expect("fits");
    let text = String::from_utf8(sealed.bytes).expect("UTF-8");
    let visit = VisitId::new(1, 1).to_text();
    let org = org().to_text();
    let zeros = "0".repeat(64);
    assert_eq!(
        text,
        format!(
            r#"{{"v":1,"writer":"01J0000000000000000000BOOT/0","seq":1,"prev":"{zeros}","at":5,"org":"{org}","kind":"link.opened","actor":{{"type":"anonymous"}},"visit":"{visit}","outcome":{{"refused":"expired"}},"details":{{"a":"1","b":"2"}}}}"#
        )
    );
}

#[test]
fn sealed_words_are_the_last_member_and_covered_by_the_hash() {
    let event = || Event::new(Kind::ChatRead, Actor::System).detail("a", "1");
    let write = |event| Writer::new(writer_id()).append(org(), Timestamp(5), event).expect("fits");
    let (bare, sealed) = (
        write(event()),
        write(event().sealed(crate::SealedWords::from_bytes(&[0, 1, 2]).expect("fits"))),
    );
    let text = |entry: &Sealed| String::from_utf8(entry.bytes.clone()).expect("UTF-8");
    let head = text(&bare).strip_suffix('}').expect("an object").to_owned();
    assert_eq!(text(&sealed), format!(r#"{head},"sealed":"AAEC"}}"#));
    assert_ne!(sealed.leaf, bare.leaf);
    // Words that nobody sealed never get into an entry.
    let words = std::sync::Arc::new(crate::Words::new().because("in the clear"));
    assert_eq!(write(event().words(&words)).bytes, bare.bytes);
    for odd in ["\"\"", "\"A=\"", "null", "7"] {
        let odd = format!("{head},\"sealed\":{odd}}}");
        assert!(Entry::parse(odd.as_bytes()).is_err(), "{odd}");
    }
}

#[test]
fn the_leaf_hash_is_that_of_rfc_6962() {
    // The hash of an empty leaf, from the test vectors of Certificate Transparency.
    let hex: String = leaf_hash(b"").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

#[test]
fn every_flipped_byte_is_found() {
    let (writer, entries) = ten();
    for i in 0..entries.len() {
        for b in 0..entries[i].bytes.len() {
            let mut bad = entries.clone();
            bad[i].bytes[b] ^= 0x01;
            assert!(verify(&writer, &bad).is_err(), "entry {i}, byte {b}");
            // Whoever also mends the stored hash breaks the link to the next entry or the end.
            bad[i].leaf = leaf_hash(&bad[i].bytes);
            assert!(verify(&writer, &bad).is_err(), "entry {i}, byte {b}, hash mended");
        }
    }
}

#[test]
fn a_missing_doubled_or_moved_entry_is_found() {
    let (writer, entries) = ten();
    for i in 0..entries.len() {
        let mut dropped = entries.clone();
        dropped.remove(i);
        assert!(verify(&writer, &dropped).is_err(), "dropped {i}");
        let mut doubled = entries.clone();
        doubled.insert(i, entries[i].clone());
        assert!(verify(&writer, &doubled).is_err(), "doubled {i}");
        assert!(verify(&writer, &entries[..i]).is_err(), "cut at {i}");
    }
    for i in 1..entries.len() {
        let mut moved = entries.clone();
        moved.swap(i - 1, i);
        assert!(verify(&writer, &moved).is_err(), "swapped {i}");
        // Renumbering the rows does not help: the number is in the bytes.
        moved[i - 1].seq = i as u64;
        moved[i].seq = i as u64 + 1;
        assert!(verify(&writer, &moved).is_err(), "swapped and renumbered {i}");
    }
}

#[test]
fn each_fault_has_its_name() {
    let (_, entries) = ten();
    let mut verifier = ChainVerifier::new(writer_id());
    assert!(matches!(
        verifier.clone().push(&entries[1]).err(),
        Some(ChainError::Sequence { expected: 1, found: 2 })
    ));
    let mut stranger = Writer::new(WriterId::new("other/0").expect("fits"));
    let event = Event::new(Kind::SignOut, Actor::System);
    let foreign = stranger.append(org(), Timestamp(1), event.clone()).expect("fits");
    assert!(matches!(verifier.clone().push(&foreign).err(), Some(ChainError::Writer { seq: 1 })));
    let mut early = Writer::resume(writer_id(), 2, entries[0].leaf, Timestamp(0));
    assert!(verifier.push(&entries[0]).is_ok());
    let early = early.append(org(), Timestamp(1), event.clone()).expect("fits");
    assert!(matches!(verifier.clone().push(&early).err(), Some(ChainError::Time { seq: 2 })));
    let mut forked = Writer::resume(writer_id(), 2, [9; 32], Timestamp(2_000));
    let forked = forked.append(org(), Timestamp(2_000), event).expect("fits");
    assert!(matches!(verifier.push(&forked).err(), Some(ChainError::Previous { seq: 2 })));
}

#[test]
fn a_clock_that_goes_back_does_not_break_the_chain() {
    let mut writer = Writer::new(writer_id());
    let event = || Event::new(Kind::BoardViewed, Actor::System);
    let entries = [
        writer.append(org(), Timestamp(500), event()).expect("fits"),
        writer.append(org(), Timestamp(100), event()).expect("fits"),
    ];
    assert_eq!(verify(&writer, &entries), Ok(2));
    assert_eq!(Entry::parse(&entries[1].bytes).ok().map(|e| e.at), Some(Timestamp(500)));
}

#[test]
fn entries_in_another_spelling_or_size_are_refused() {
    let (_, entries) = ten();
    let text = String::from_utf8(entries[0].bytes.clone()).expect("UTF-8");
    let spaced = text.replacen(':', ": ", 1);
    assert_eq!(Entry::parse(spaced.as_bytes()).err(), Some(BadEntry::NotCanonical));
    let more = text.replacen('{', r#"{"x":1,"#, 1);
    assert_eq!(Entry::parse(more.as_bytes()).err(), Some(BadEntry::Malformed));
    let newer = text.replacen(r#""v":1"#, r#""v":2"#, 1);
    assert_eq!(Entry::parse(newer.as_bytes()).err(), Some(BadEntry::Malformed));
    assert_eq!(Entry::parse(&vec![b' '; MAX_ENTRY_BYTES + 1]).err(), Some(BadEntry::TooLong));
}

#[test]
fn a_detail_cannot_carry_a_name_or_a_sentence() {
    for bad in ["", "Maria", "a b", "a@b", "ü", "x\n", &"a".repeat(65)] {
        assert!(Detail::new(bad).is_err());
        assert_eq!(Detail::or_unfit(bad).as_str(), "unfit");
    }
    assert!(Detail::new("visit-2026-11").is_ok());
}

#[test]
fn kinds_have_distinct_texts_that_read_back() {
    for (i, kind) in Kind::ALL.iter().enumerate() {
        assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        assert!(Detail::new(kind.as_str()).is_ok());
        assert!(Kind::ALL[..i].iter().all(|k| k.as_str() != kind.as_str()));
    }
    assert_eq!(Kind::parse("no.such"), None);
}

#[test]
fn too_many_details_do_not_stop_an_entry() {
    const NAMES: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];
    let event = NAMES
        .iter()
        .fold(Event::new(Kind::SignIn, Actor::Anonymous), |e, name| e.detail(name, "x"));
    let mut writer = Writer::new(writer_id());
    let sealed = writer.append(org(), Timestamp(1), event).expect("fits");
    assert_eq!(Entry::parse(&sealed.bytes).ok().map(|e| e.details.len()), Some(16));
}
