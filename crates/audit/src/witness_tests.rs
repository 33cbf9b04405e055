use super::*;
use crate::merkle::{Edge, Node, prove_consistency};
use crate::{KeyKind, leaf_hash};
use std::convert::Infallible;

fn log_key(n: u8) -> SigningKey {
    SigningKey::from_seed("example.org/log", KeyKind::Log, &[n; 32]).expect("a name")
}

fn witness() -> Witness {
    let key = SigningKey::from_seed("witness.example", KeyKind::Witness, &[9; 32]).expect("a name");
    Witness::new(key, vec![log_key(1).public()]).expect("a witness's key")
}

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

fn edge(low: u64, high: u64) -> Edge {
    let mut edge = Edge::new();
    (low..high).for_each(|n| edge.push(leaf(n)));
    edge
}

fn note(size: u64, key: &SigningKey) -> Note {
    let root = edge(0, size).root();
    let text = Checkpoint { origin: "example.org/log".into(), size, root }.to_text();
    Note { signatures: vec![key.sign(&text, 0)], text }
}

fn request(old_size: u64, size: u64) -> AddCheckpoint {
    let mut get = |node: Node| {
        let low = node.index << node.level;
        Ok::<_, Infallible>(edge(low, low + (1 << node.level)).root())
    };
    let proof =
        prove_consistency(old_size, size, &mut get).expect("cannot fail").unwrap_or_default();
    AddCheckpoint { old_size, proof, note: note(size, &log_key(1)) }
}

fn ask(request: &AddCheckpoint, seen: Option<&Seen>) -> Result<(Seen, Signature), Refusal> {
    let witness = witness();
    let (request, said) = witness.read(request.to_text().as_bytes())?;
    witness.decide(&request, &said, seen, 1_000)
}

#[test]
fn a_growing_log_is_signed_each_time_and_the_signature_holds() {
    let key = witness().key.public();
    let mut seen: Option<Seen> = None;
    for size in [1, 1, 2, 7, 8, 300] {
        let asked = request(seen.as_ref().map_or(0, |s| s.size), size);
        let (now, signature) = ask(&asked, seen.as_ref()).expect("signed");
        assert_eq!(now.size, size);
        let mut note = asked.note;
        note.put(signature);
        assert_eq!(key.verify(&note), Ok(1_000));
        assert_eq!(note.signatures.len(), 2);
        seen = Some(now);
    }
}

#[test]
fn each_refusal_has_its_status() {
    let at_two = ask(&request(0, 2), None).expect("signed").0;
    // Somebody who stands elsewhere hears where the witness stands.
    assert_eq!(ask(&request(1, 3), Some(&at_two)), Err(Refusal::Conflict(2)));
    assert_eq!(ask(&request(0, 2), Some(&at_two)), Err(Refusal::Conflict(2)));
    assert_eq!(ask(&request(1, 2), None), Err(Refusal::Conflict(0)));
    // The same size with another root is another history.
    let forked = Seen { size: 2, root: leaf(0) };
    assert_eq!(ask(&request(2, 2), Some(&forked)), Err(Refusal::Conflict(2)));
    // So is a longer tree that does not go on from there.
    assert_eq!(ask(&request(2, 5), Some(&forked)), Err(Refusal::Inconsistent));
    let mut cut = request(2, 5);
    cut.proof.pop();
    assert_eq!(ask(&cut, Some(&at_two)), Err(Refusal::Inconsistent));
    assert_eq!(ask(&request(5, 2), None), Err(Refusal::BadRequest));
    let mut unsigned = request(0, 2);
    unsigned.note = note(2, &log_key(2));
    assert_eq!(ask(&unsigned, None), Err(Refusal::Forbidden));
    let mut foreign = request(0, 2);
    foreign.note.text = foreign.note.text.replace("example.org/log", "example.org/other");
    assert_eq!(ask(&foreign, None), Err(Refusal::UnknownLog));
    for body in ["", "old 1", "old 01\n\n", "old 0\nx\n\na\n\n"] {
        assert_eq!(witness().read(body.as_bytes()).err(), Some(Refusal::BadRequest));
    }
    let statuses = [400, 403, 404, 409, 422];
    let all = [
        Refusal::BadRequest,
        Refusal::Forbidden,
        Refusal::UnknownLog,
        Refusal::Conflict(1),
        Refusal::Inconsistent,
    ];
    assert_eq!(all.map(Refusal::status), statuses);
}

#[test]
fn a_key_of_a_log_makes_no_witness() {
    assert!(Witness::new(log_key(1), Vec::new()).is_err());
}
