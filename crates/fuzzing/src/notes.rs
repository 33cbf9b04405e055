//! Signed notes, and a witness of other people's logs: there is one way to write what is read, only what a
//! key signed counts as its word, and the witness signs nothing but what goes on from what it signed last.

use std::convert::Infallible;
use std::sync::OnceLock;

use audit::merkle::{EMPTY_ROOT, Edge, MAX_PROOF, Node, prove_consistency};
use audit::witness::{AddCheckpoint, Refusal, Seen, Witness};
use audit::{
    Checkpoint, Hash, KeyKind, MAX_NOTE_BYTES, Note, NoteError, Proof, Signature, SigningKey,
    VerifyKey, leaf_hash,
};

use crate::input::{Input, edited};

const LOG: &str = "log.example";
const WITNESS: &str = "w.example";
/// When the witness signed the note, seconds since the Unix epoch.
const AT_S: u64 = 1_000;
/// Entries of the longest log here.
const MOST: usize = 12;
/// Entries that the log's two histories have in common.
const SHARED: usize = 5;

fn signing(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, kind, &[seed; 32]).expect("a name")
}

fn log_key() -> SigningKey {
    signing(LOG, KeyKind::Log, 1)
}

fn witness_key() -> SigningKey {
    signing(WITNESS, KeyKind::Witness, 2)
}

/// A checkpoint that was signed.
struct Signed {
    text: String,
    /// Of the log and of the witness.
    lines: [Signature; 2],
    /// Whose they are, and the time in each.
    keys: [(VerifyKey, u64); 2],
    /// Keys of the same names that never signed it.
    others: [VerifyKey; 3],
}

fn signed() -> &'static Signed {
    static SIGNED: OnceLock<Signed> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let (log, witness) = (log_key(), witness_key());
        let said = Checkpoint { origin: LOG.to_owned(), size: 5, root: leaf_hash(b"the root") };
        let text = said.to_text();
        Signed {
            lines: [log.sign(&text, 0), witness.sign(&text, AT_S)],
            keys: [(log.public(), 0), (witness.public(), AT_S)],
            others: [
                signing(LOG, KeyKind::Log, 3).public(),
                signing(WITNESS, KeyKind::Witness, 4).public(),
                // The log's own secret: its word must not pass for a witness's.
                signing(LOG, KeyKind::Witness, 1).public(),
            ],
            text,
        }
    })
}

/// Changes to a signed checkpoint (first byte even; the rest of it says whose lines stand there), or
/// bytes that should be a note, a request, a proof, a line or a key.
pub fn signed_note(data: &[u8]) {
    let signed = signed();
    let mut input = Input::new(data);
    let how = input.u8();
    if how % 2 == 1 {
        let bytes = input.rest();
        assert_one_way_to_write(bytes);
        assert_only_what_was_signed(bytes, signed);
        return;
    }
    // One line alone too: a script of changes does not reach the end of two.
    let there = [[true, false], [false, true], [true, true]][usize::from(how / 2) % 3];
    let lines = signed.lines.iter().zip(there).filter(|(_, there)| *there);
    let signatures = lines.map(|(line, _)| line.clone()).collect();
    let original = Note { text: signed.text.clone(), signatures };
    let stored = edited(original.to_text().as_bytes(), &mut input);
    if stored == original.to_text().as_bytes() {
        assert!(Note::parse(&stored).is_ok_and(|read| read == original));
        for ((key, at_s), there) in signed.keys.iter().zip(there) {
            let expected = if there { Ok(*at_s) } else { Err(NoteError::Unsigned) };
            assert_eq!(key.verify(&original), expected);
        }
    }
    assert_one_way_to_write(&stored);
    assert_only_what_was_signed(&stored, signed);
}

/// A note in which a key's line holds says what that key signed.
fn assert_only_what_was_signed(bytes: &[u8], signed: &Signed) {
    let Ok(note) = Note::parse(bytes) else { return };
    for (key, at_s) in &signed.keys {
        if let Ok(found_s) = key.verify(&note) {
            assert!(note.text == signed.text && found_s == *at_s, "signed by nobody");
        }
    }
    for key in &signed.others {
        assert!(key.verify(&note).is_err(), "the word of a key that never signed");
    }
    let log = &signed.keys[0].0;
    match Checkpoint::open(bytes, log) {
        Ok((said, read)) => assert!(said.to_text() == signed.text && read == note),
        Err(_) => assert!(log.verify(&note).is_err(), "a good checkpoint was refused"),
    }
}

/// Whatever these bytes are read as, they are what is written of it.
fn assert_one_way_to_write(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert!(bytes.len() <= MAX_NOTE_BYTES && !note.signatures.is_empty());
        assert!(note.to_text().as_bytes() == bytes, "a second way to write a note");
        assert_checkpoint(&note.text);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert!(request.proof.len() <= MAX_PROOF);
        assert!(request.to_text().as_bytes() == bytes, "a second way to write a request");
        assert_checkpoint(&request.note.text);
    }
    if let Ok(proof) = Proof::parse(bytes) {
        // Nothing beside it may be written as an empty line or as none.
        let again = Proof::parse(proof.to_text().as_bytes());
        assert!(again.is_ok_and(|again| again == proof), "a proof is not what was written");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(line) = Signature::parse(text) {
        assert!(line.to_line() == format!("{text}\n"), "a second way to write a line");
    }
    if let Ok(key) = VerifyKey::parse(text) {
        assert!(key.to_text() == text.trim(), "a second way to write a key");
    }
}

/// What is understood of a checkpoint stands first in it. More lines may follow.
fn assert_checkpoint(text: &str) {
    let Ok(said) = Checkpoint::parse(text) else { return };
    let again = said.to_text();
    assert!(text.starts_with(&again), "a second way to write a checkpoint");
    assert!(Checkpoint::parse(&again).is_ok_and(|again| again == said));
}

/// A log that tells two histories and signs both.
struct World {
    leaves: [Vec<Hash>; 2],
    /// Checkpoints of either history, by their size.
    notes: [Vec<Note>; 2],
}

impl World {
    fn new() -> Self {
        let key = log_key();
        let leaves = [0, 1].map(|history| {
            let leaf = |n: usize| leaf_hash(&[if n < SHARED { 0 } else { history }, n as u8]);
            (0..MOST).map(leaf).collect::<Vec<_>>()
        });
        let note = |leaves: &[Hash]| {
            let (size, root) = (leaves.len() as u64, root(leaves));
            let text = Checkpoint { origin: LOG.to_owned(), size, root }.to_text();
            Note { signatures: vec![key.sign(&text, 0)], text }
        };
        let notes = [0, 1].map(|history: usize| {
            (0..=MOST).map(|n| note(&leaves[history][..n])).collect::<Vec<_>>()
        });
        Self { leaves, notes }
    }

    /// Whether a history begins with these entries.
    fn begins(&self, history: usize, size: u64, with: Hash) -> bool {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.leaves[history].get(..size).is_some_and(|leaves| root(leaves) == with)
    }

    /// Whether the log said this of that history.
    fn said(&self, history: usize, size: u64, text: &str) -> bool {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.notes[history].get(size).is_some_and(|note| note.text == text)
    }
}

fn root(leaves: &[Hash]) -> Hash {
    let mut edge = Edge::new();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    edge.root()
}

/// The proof as the log makes it; empty where there is none.
fn prove(leaves: &[Hash], old: u64, size: u64) -> Vec<Hash> {
    let mut get = |node: Node| {
        let place = |index: u64| usize::try_from(index << node.level).unwrap_or(usize::MAX);
        Ok::<_, Infallible>(root(&leaves[place(node.index)..place(node.index + 1)]))
    };
    prove_consistency(old, size, &mut get).expect("cannot fail").unwrap_or_default()
}

/// Requests to a witness that remembers, one after the other: of either history, by the log's key or by
/// a stranger's, changed, or any bytes. What it signs goes on from what it signed before.
pub fn witness(data: &[u8]) {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(World::new);
    let (key, stranger) = (witness_key(), signing(LOG, KeyKind::Log, 3));
    let public = key.public();
    let witness = Witness::new(key, vec![log_key().public()]).expect("a witness's key");
    let mut seen: Option<Seen> = None;
    let mut input = Input::new(data);
    while !input.is_empty() {
        let (how, old_size, size) = (input.u8(), u64::from(input.u8()), input.u8());
        let (history, old_size) = (usize::from(how & 1), old_size % (MOST as u64 + 2));
        let size = usize::from(size) % (MOST + 1);
        let mut note = world.notes[history][size].clone();
        if how & 2 != 0 {
            note.signatures = vec![stranger.sign(&note.text, 0)];
        }
        let proof = prove(&world.leaves[history], old_size, size as u64);
        let honest = AddCheckpoint { old_size, proof, note }.to_text().into_bytes();
        let body = match how & 4 {
            0 => edited(&honest, &mut Input::new(input.piece())),
            _ => input.piece().to_vec(),
        };

        let (before, before_root) = seen.as_ref().map_or((0, EMPTY_ROOT), |s| (s.size, s.root));
        let outcome = witness.read(&body).and_then(|(request, said)| {
            let (now, line) = witness.decide(&request, &said, seen.as_ref(), u64::from(how))?;
            Ok((request, said, now, line))
        });
        if body == honest {
            let goes_on = old_size == before
                && old_size <= size as u64
                && world.begins(history, before, before_root);
            assert!(
                outcome.is_ok() == (goes_on && how & 2 == 0),
                "signed or refused without reason"
            );
        }
        match outcome {
            Ok((request, said, now, line)) => {
                let goes_on = |history| {
                    world.said(history, said.size, &request.note.text)
                        && world.begins(history, before, before_root)
                };
                assert!(request.old_size == before && before <= said.size);
                assert!(goes_on(0) || goes_on(1), "signed what does not go on from before");
                assert!(request.to_text().as_bytes() == body);
                assert_eq!(now, Seen { size: said.size, root: said.root });
                // The answer is its line, which holds below the note.
                let text = line.to_line();
                assert!(Signature::parse(text.trim_end()).is_ok_and(|read| read == line));
                let mut note = request.note;
                note.put(line);
                assert_eq!(public.verify(&note), Ok(u64::from(how)));
                seen = Some(now);
            }
            Err(refusal) => {
                assert!(matches!(refusal.status(), 400 | 403 | 404 | 409 | 422));
                if let Refusal::Conflict(stands) = refusal {
                    assert_eq!(stands, before, "it stands elsewhere");
                }
            }
        }
    }
}
