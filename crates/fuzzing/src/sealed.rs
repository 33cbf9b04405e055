//! Sealed values and the audit log: only what was written, unchanged and in its place, is accepted.

use std::sync::OnceLock;

use audit::{
    Actor, ChainVerifier, Entry, Event, Kind, MAX_SEALED_CHARS, Sealed, SealedWords, Writer,
    WriterId, leaf_hash,
};
use keys::{Aad, DataKey, KeyError, SealPurpose};
use visit::{OrgId, SeatId, Timestamp, UserId, VisitId};

use crate::input::{Input, edited};

fn org() -> OrgId {
    OrgId::new(1_700_000_000_000, 7)
}

/// Changes to a sealed value (first byte even), or bytes that should be one.
pub fn sealed_value(data: &[u8]) {
    static KEYS: OnceLock<[DataKey; 2]> = OnceLock::new();
    let generate = || DataKey::generate().expect("random numbers");
    // The second never seals: a fuzzer that sees what the first one sealed could give it back.
    let [key, unused] = KEYS.get_or_init(|| [generate(), generate()]);
    let place = Aad { org: org(), table: "seats", column: "name", row: "r1" };
    let mut input = Input::new(data);
    let (forged, purpose) = (input.u8() % 2 == 1, SealPurpose::ALL[usize::from(input.u8()) % 5]);
    if forged {
        assert_refused(unused.open(purpose, &place, input.rest()));
        return;
    }
    let plaintext = input.piece();
    let sealed = key.seal(purpose, &place, plaintext).expect("seals");
    let stored = edited(&sealed, &mut input);
    if stored == sealed {
        assert!(key.open(purpose, &place, &stored).is_ok_and(|out| *out == plaintext));
    } else {
        assert_refused(key.open(purpose, &place, &stored));
    }
    for elsewhere in [Aad { row: "r2", ..place }, Aad { org: OrgId::new(1, 1), ..place }] {
        assert_refused(key.open(purpose, &elsewhere, &stored));
    }
}

fn assert_refused<T>(result: Result<T, KeyError>) {
    assert!(matches!(result, Err(KeyError::Open | KeyError::UnknownFormat(_))));
}

/// Bytes that should be an entry.
pub fn audit_entry(data: &[u8]) {
    let Ok(entry) = Entry::parse(data) else { return };
    assert!(data.len() <= audit::MAX_ENTRY_BYTES);
    assert!(serde_json::to_vec(&entry).is_ok_and(|again| again == data), "one way to write it");
    // The form leaves no room for a sentence: everything beside the frame is an id or a code.
    for detail in entry.details.values() {
        assert!(detail.as_str().len() <= 64 && !detail.as_str().contains(char::is_whitespace));
    }
    // What was sealed has one spelling, or none that anybody reads.
    if let Some(sealed) = &entry.sealed {
        assert!(sealed.as_str().len() <= MAX_SEALED_CHARS);
        let again = sealed.to_bytes().map(|bytes| SealedWords::from_bytes(&bytes));
        assert!(again.is_err() || again == Ok(Ok(sealed.clone())));
    }
    // It verifies only in its place.
    let mut verifier = ChainVerifier::new(entry.writer.clone());
    let stored = Sealed { seq: entry.seq, bytes: data.to_vec(), leaf: leaf_hash(data) };
    let first = entry.seq == 1 && entry.prev == audit::GENESIS;
    assert_eq!(verifier.push(&stored).is_ok(), first);
}

/// A chain of entries, some of which are changed, dropped, doubled or moved. It verifies exactly when
/// nothing was.
pub fn audit_chain(data: &[u8]) {
    let mut input = Input::new(data);
    let id = WriterId::new("01J0000000000000000000BOOT/0").expect("fits");
    let mut writer = Writer::new(id.clone());
    let mut written = Vec::new();
    for n in 0..=input.u8() % 8 {
        let kind = Kind::ALL[usize::from(input.u8()) % Kind::ALL.len()];
        let actor = [
            Actor::System,
            Actor::Anonymous,
            Actor::Seat(SeatId::new(1, 2)),
            Actor::Staff(UserId::new(1, 3)),
        ][usize::from(n) % 4];
        let text = String::from_utf8_lossy(input.piece()).into_owned();
        let event = Event::new(kind, actor).visit(VisitId::new(1, 1)).detail("text", &text);
        let event = if n % 2 == 0 { event } else { event.refused(&text) };
        let at = Timestamp(i64::from(input.u16()));
        written.push(writer.append(org(), at, event).expect("fits"));
    }
    let mut stored = written.clone();
    while !input.is_empty() && !stored.is_empty() {
        let (what, n) = (input.u8(), usize::from(input.u8()) % stored.len());
        match what % 6 {
            0 => stored.swap(n, 0),
            1 => drop(stored.remove(n)),
            2 => stored.insert(n, stored[n].clone()),
            3 => {
                let script = input.take(3);
                stored[n].bytes = edited(&stored[n].bytes, &mut Input::new(script));
            }
            4 => stored[n].seq = u64::from(input.u8()),
            // With a hash that fits: only the chain itself can tell.
            _ => {
                let script = input.take(3);
                stored[n].bytes = edited(&stored[n].bytes, &mut Input::new(script));
                stored[n].leaf = leaf_hash(&stored[n].bytes);
            }
        }
    }
    let mut verifier = ChainVerifier::new(id);
    let read = stored.iter().try_for_each(|entry| verifier.push(entry).map(drop));
    let good = read.is_ok() && verifier.finish(writer.next_seq(), writer.last_leaf()).is_ok();
    assert_eq!(good, stored == written);
}
