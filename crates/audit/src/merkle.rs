//! The Merkle tree of RFC 6962 §2.1: its root as it grows, and the two proofs about it.
//!
//! It holds at most one hash per level and asks for the others by [`Node`]. It never stores or
//! fetches anything.

use crate::Hash;
use aws_lc_rs::digest;

/// The root of a tree without leaves: `SHA-256("")`.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The longest proof that a tree of 2^63 leaves can need.
pub const MAX_PROOF: usize = 63;

/// `SHA-256(0x01 || left || right)`: RFC 6962 §2.1.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0x01; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
    out
}

/// A complete subtree: the leaves from `index << level` on, `1 << level` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// 0 for a leaf.
    pub level: u8,
    /// Its place among the nodes of its level, from the left.
    pub index: u64,
}

/// A growing tree: the hashes of its complete subtrees from the left, largest first. Enough to go
/// on and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// The edge that [`Self::to_bytes`] wrote down. `None` when the number of hashes is not that of
    /// a tree of `size` leaves.
    #[must_use]
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && hashes.len() == size.count_ones() as usize;
        fits.then(|| Self { size, hashes: hashes.to_vec() })
    }

    /// The hashes one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// Leaves so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            size >>= 1;
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.hashes.iter().rev();
        let Some(mut root) = from_right.next().copied() else { return EMPTY_ROOT };
        for left in from_right {
            root = node_hash(left, &root);
        }
        root
    }
}

/// The proof that leaf `index` is in the tree of `size` leaves, from the leaf's sibling to the
/// root's child (RFC 6962 §2.1.1). `None` when the leaf is not in that tree.
///
/// # Errors
/// What `get` gives.
pub fn prove_inclusion<E>(
    index: u64,
    size: u64,
    get: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    if index >= size {
        return Ok(None);
    }
    let (mut low, mut high) = (0, size);
    let mut siblings = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            siblings.push((middle, high));
            high = middle;
        } else {
            siblings.push((low, middle));
            low = middle;
        }
    }
    siblings
        .iter()
        .rev()
        .map(|&(low, high)| range_root(low, high, get))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `size` leaves (RFC 6962
/// §2.1.2); empty for `old` 0 and for equal sizes. `None` when `old` is larger.
///
/// # Errors
/// What `get` gives.
pub fn prove_consistency<E>(
    old: u64,
    size: u64,
    get: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    if old > size {
        return Ok(None);
    }
    if old == 0 || old == size {
        return Ok(Some(Vec::new()));
    }
    let (mut low, mut high) = (0, size);
    let mut parts = Vec::new();
    while high != old {
        let middle = low + split(high - low);
        if old <= middle {
            parts.push((middle, high));
            high = middle;
        } else {
            parts.push((low, middle));
            low = middle;
        }
    }
    // What remains is the whole old tree when nothing was left of it: its root is known already.
    if low != 0 {
        parts.push((low, high));
    }
    parts
        .iter()
        .rev()
        .map(|&(low, high)| range_root(low, high, get))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// The root that a proof leads to; `None` for a proof that has not the form (RFC 9162 §2.1.3.2).
#[must_use]
pub fn root_by_inclusion(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut root = leaf;
    for step in proof {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node_hash(step, &root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, step);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether `proof` shows that the tree of `old` leaves with `old_root` is the beginning of the tree
/// of `size` leaves with `root` (RFC 9162 §2.1.4.2).
#[must_use]
pub fn is_consistent(old: u64, old_root: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if old > size || (old == 0 || old == size) && !proof.is_empty() {
        return false;
    }
    if old == size {
        return old_root == root;
    }
    if old == 0 {
        return *old_root == EMPTY_ROOT;
    }
    let mut steps = proof.iter();
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // A perfect old tree is its own first step.
    let first = if at == 0 {
        old_root
    } else {
        let Some(step) = steps.next() else { return false };
        step
    };
    let (mut old_found, mut found) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_found = node_hash(step, &old_found);
            found = node_hash(step, &found);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            found = node_hash(&found, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_found == *old_root && found == *root
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The root over the leaves `low..high`, where `low` is a multiple of the largest power of two that
/// the range holds.
fn range_root<E>(
    low: u64,
    high: u64,
    get: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let mut parts = Vec::new();
    let mut at = low;
    while at < high {
        let level = u64::BITS - 1 - (high - at).leading_zeros();
        let level = u8::try_from(level).unwrap_or(63);
        parts.push(get(Node { level, index: at >> level })?);
        at += 1 << level;
    }
    let mut from_right = parts.iter().rev();
    let mut root = from_right.next().copied().unwrap_or(EMPTY_ROOT);
    for left in from_right {
        root = node_hash(left, &root);
    }
    Ok(root)
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
