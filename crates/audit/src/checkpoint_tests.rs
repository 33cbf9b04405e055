use super::*;
use crate::merkle::{Edge, node_hash, prove_inclusion};
use crate::{KeyKind, SigningKey, leaf_hash};
use std::convert::Infallible;

fn key() -> SigningKey {
    SigningKey::from_seed("example.org/log", KeyKind::Log, &[1; 32]).expect("a name")
}

fn signed(checkpoint: &Checkpoint) -> Note {
    let text = checkpoint.to_text();
    Note { signatures: vec![key().sign(&text, 0)], text }
}

fn two_leaves() -> (Checkpoint, [Hash; 2]) {
    let leaves = [leaf_hash(b"a"), leaf_hash(b"b")];
    let mut edge = Edge::new();
    leaves.into_iter().for_each(|leaf| edge.push(leaf));
    let root = edge.root();
    assert_eq!(root, node_hash(&leaves[0], &leaves[1]));
    (Checkpoint { origin: "example.org/log".into(), size: 2, root }, leaves)
}

#[test]
fn a_checkpoint_reads_back_and_only_in_its_one_form() {
    let (checkpoint, _) = two_leaves();
    let text = checkpoint.to_text();
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint.clone()));
    assert_eq!(Checkpoint::parse(&format!("{text}more\n")), Ok(checkpoint.clone()));
    for bad in [
        text.trim_end().to_owned(),
        text.replace("\n2\n", "\n02\n"),
        text.replace("\n2\n", "\n+2\n"),
        text.replace("\n2\n", "\n-2\n"),
        text.replace("example.org/log", ""),
        text.replace('=', ""),
        format!("{text}\nmore\n"),
        String::new(),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(NoteError::Malformed), "{bad:?}");
    }
}

#[test]
fn a_checkpoint_of_another_log_does_not_open() {
    let (checkpoint, _) = two_leaves();
    let note = signed(&checkpoint).to_text();
    assert!(Checkpoint::open(note.as_bytes(), &key().public()).is_ok());
    let other = Checkpoint { origin: "example.org/other".into(), ..checkpoint };
    let note = signed(&other).to_text();
    let opened = Checkpoint::open(note.as_bytes(), &key().public());
    assert_eq!(opened.err(), Some(NoteError::Unsigned));
}

#[test]
fn a_proof_file_proves_its_entry_and_no_other() {
    let (checkpoint, leaves) = two_leaves();
    let mut get = |node: crate::merkle::Node| Ok::<_, Infallible>(leaves[node.index as usize]);
    let hashes = prove_inclusion(1, 2, &mut get).expect("cannot fail").expect("inside");
    for extra in [Vec::new(), b"b".to_vec()] {
        let note = signed(&checkpoint);
        let proof = Proof { index: 1, hashes: hashes.clone(), note, extra };
        let read = Proof::parse(proof.to_text().as_bytes()).expect("its own form");
        assert_eq!(read, proof);
        assert_eq!(read.check(leaves[1], &key().public()), Ok(checkpoint.clone()));
        assert_eq!(read.check(leaves[0], &key().public()), Err(ProofError::OtherRoot));
        let mut moved = read.clone();
        moved.index = 0;
        assert_eq!(moved.check(leaves[1], &key().public()), Err(ProofError::OtherRoot));
    }
    for bad in [
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\na\n\n\u{2014} x AAAAAAA=\n",
    ] {
        assert_eq!(Proof::parse(bad.as_bytes()), Err(ProofError::Malformed), "{bad:?}");
    }
}
