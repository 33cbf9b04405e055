//! Our tree, tiles, notes and checkpoints say the same as Cloudflare's ports of Go's sumdb.

use audit::merkle::{Edge, Node, prove_consistency, prove_inclusion};
use audit::tile::{TILE_WIDTH, TileKind, TilePath};
use audit::{Checkpoint, Hash, KeyKind, Note, SigningKey, leaf_hash, secret_text};
use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use std::convert::Infallible;
use tlog_tiles::tile::Tile;
use tlog_tiles::tlog;

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

fn edge(low: u64, high: u64) -> Edge {
    let mut edge = Edge::new();
    (low..high).for_each(|n| edge.push(leaf(n)));
    edge
}

fn node(node: Node) -> Result<Hash, Infallible> {
    let low = node.index << node.level;
    Ok(edge(low, low + (1 << node.level)).root())
}

/// The hashes as the oracle stores them.
struct Oracle(Vec<tlog::Hash>);

impl Oracle {
    fn new(size: u64) -> Self {
        let mut oracle = Self(Vec::new());
        for n in 0..size {
            let more = tlog::stored_hashes(n, &n.to_be_bytes(), &oracle).expect("hashes");
            oracle.0.extend(more);
        }
        oracle
    }
}

impl tlog::HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
    }
}

fn same_proofs(oracle: &Oracle, index: u64, old: u64, size: u64) {
    let plain = |hashes: Vec<tlog::Hash>| hashes.iter().map(|h| h.0).collect::<Vec<_>>();
    let ours = prove_inclusion(index, size, &mut node).expect("cannot fail").expect("inside");
    assert_eq!(ours, plain(tlog::prove_record(size, index, oracle).expect("proof")), "{index} of {size}");
    let ours = prove_consistency(old, size, &mut node).expect("cannot fail").expect("smaller");
    assert_eq!(ours, plain(tlog::prove_tree(size, old, oracle).expect("proof")), "{old} to {size}");
}

#[test]
fn roots_and_proofs_of_small_trees_are_the_same() {
    let oracle = Oracle::new(70);
    for size in 1..=70 {
        assert_eq!(edge(0, size).root(), tlog::tree_hash(size, &oracle).expect("hash").0, "{size}");
        (0..size).for_each(|n| same_proofs(&oracle, n, n + 1, size));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn roots_and_proofs_of_random_trees_are_the_same(size in 1..3_000_u64, a: u64, b: u64) {
        let oracle = Oracle::new(size);
        assert_eq!(edge(0, size).root(), tlog::tree_hash(size, &oracle).expect("hash").0);
        same_proofs(&oracle, a % size, 1 + b % size, size);
    }

    #[test]
    fn paths_of_tiles_are_the_same(level in 0..8_u8, index in 0..(1_u64 << 40), width in 1..=TILE_WIDTH) {
        let ours = TilePath { kind: TileKind::Hashes(level), index, width }.to_text();
        // The oracle writes the height, 8, behind "tile".
        let theirs = Tile::new(8, level, index, width.into(), false).path();
        assert_eq!(ours.replacen("tile/", "tile/8/", 1), theirs);
    }
}

#[test]
fn checkpoints_are_read_alike() {
    let (origin, root) = ("example.org/log".to_owned(), edge(0, 5).root());
    let text = Checkpoint { origin, size: 5, root }.to_text();
    let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).expect("the oracle reads it");
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), ("example.org/log", 5, root));
}

#[test]
fn the_oracle_takes_our_keys_and_notes_and_we_take_its() {
    const TEXT: &str = "example.org/log\n2\nAAAA\n";
    let secret = secret_text("example.org/log", KeyKind::Log, &[7; 32]).expect("a name");
    let ours = SigningKey::parse(&secret).expect("its own form");
    let theirs = StandardSigner::new(secret.trim()).expect("the oracle reads our key");
    let verifier = StandardVerifier::new(&ours.public().to_text()).expect("and our public key");
    let note = Note { text: TEXT.to_owned(), signatures: vec![ours.sign(TEXT, 0)] };
    let read = signed_note::Note::from_bytes(note.to_text().as_bytes()).expect("a note");
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (good, other) = read.verify(&known).expect("verifies");
    assert_eq!((good.len(), other.len()), (1, 0));
    let mut written = signed_note::Note::new(TEXT.as_bytes(), &[]).expect("a text");
    written.add_sigs(&[&theirs]).expect("signs");
    let read = Note::parse(&written.to_bytes()).expect("a note");
    assert_eq!(read, note, "Ed25519 is deterministic");
    assert_eq!(ours.public().verify(&read), Ok(0));
}
