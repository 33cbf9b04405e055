use super::*;
use crate::leaf_hash;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::convert::Infallible;

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

fn edge(size: u64) -> Edge {
    let mut edge = Edge::new();
    (0..size).for_each(|n| edge.push(leaf(n)));
    edge
}

/// The root by the definition of RFC 6962 §2.1, word for word.
fn root_by_definition(low: u64, high: u64) -> Hash {
    match high - low {
        0 => EMPTY_ROOT,
        1 => leaf(low),
        n => {
            let mut k = 1;
            while k * 2 < n {
                k *= 2;
            }
            node_hash(&root_by_definition(low, low + k), &root_by_definition(low + k, high))
        }
    }
}

fn node(node: Node) -> Result<Hash, Infallible> {
    let low = node.index << node.level;
    Ok(root_by_definition(low, low + (1 << node.level)))
}

fn inclusion(index: u64, size: u64) -> Vec<Hash> {
    prove_inclusion(index, size, &mut node).expect("cannot fail").expect("inside")
}

fn consistency(old: u64, size: u64) -> Vec<Hash> {
    prove_consistency(old, size, &mut node).expect("cannot fail").expect("not larger")
}

#[test]
fn the_root_is_that_of_the_definition() {
    assert_eq!(Edge::new().root(), EMPTY_ROOT);
    for size in 0..300 {
        let edge = edge(size);
        assert_eq!(edge.root(), root_by_definition(0, size), "{size}");
        let again = Edge::from_bytes(size, &edge.to_bytes()).expect("fits");
        assert_eq!(again, edge);
        assert!(Edge::from_bytes(size, &[edge.to_bytes(), vec![0; 32]].concat()).is_none());
    }
}

#[test]
fn every_proof_of_a_small_tree_holds() {
    let roots: Vec<Hash> = (0..=40).map(|n| edge(n).root()).collect();
    for size in 1..=40_u64 {
        let root = roots[size as usize];
        for index in 0..size {
            let proof = inclusion(index, size);
            assert_eq!(root_by_inclusion(index, size, leaf(index), &proof), Some(root));
        }
        for old in 0..=size {
            let proof = consistency(old, size);
            assert!(is_consistent(old, &roots[old as usize], size, &root, &proof));
        }
    }
    assert_eq!(prove_inclusion(3, 3, &mut node), Ok(None));
    assert_eq!(prove_consistency(4, 3, &mut node), Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_but_the_truth_is_proved(size in 2..200_u64, seed in any::<u64>()) {
        let mut random = StdRng::seed_from_u64(seed);
        let index = random.random_range(0..size);
        let root = edge(size).root();
        let proof = inclusion(index, size);
        let holds = |index, size, leaf, proof: &[Hash]| {
            root_by_inclusion(index, size, leaf, proof) == Some(root)
        };
        prop_assert!(!holds(index, size, leaf(index + 1), &proof));
        prop_assert!(!holds((index + 1) % size, size, leaf(index), &proof));
        prop_assert!(!holds(index, size, leaf(index), &proof[..proof.len() - 1]));
        prop_assert!(!holds(index, size, leaf(index), &[proof.clone(), vec![root]].concat()));
        let mut bad = proof.clone();
        let (at, byte) = (random.random_range(0..bad.len()), random.random_range(0..32));
        bad[at][byte] ^= 1 << random.random_range(0..8);
        prop_assert!(!holds(index, size, leaf(index), &bad));

        let old = random.random_range(1..size);
        let old_root = edge(old).root();
        let proof = consistency(old, size);
        prop_assert!(!is_consistent(old, &leaf(0), size, &root, &proof) || old_root == leaf(0));
        prop_assert!(!is_consistent(old, &old_root, size, &leaf(0), &proof));
        prop_assert!(!is_consistent(old, &old_root, size, &root, &proof[..proof.len() - 1]));
        prop_assert!(!is_consistent(old, &old_root, size, &root, &[proof.clone(), vec![root]].concat()));
        let mut bad = proof.clone();
        bad[random.random_range(0..proof.len())][0] ^= 1;
        prop_assert!(!is_consistent(old, &old_root, size, &root, &bad));
    }

    #[test]
    fn no_proof_makes_the_checks_panic(
        index in any::<u64>(), size in any::<u64>(), hashes in prop::collection::vec(any::<Hash>(), 0..70)
    ) {
        let _ = root_by_inclusion(index, size, [0; 32], &hashes);
        let _ = is_consistent(index, &[0; 32], size, &[0; 32], &hashes);
    }
}
