//! The tree and its entries as static files: C2SP tlog-tiles.
//!
//! A tile holds up to 256 hashes of one level; a bundle holds up to 256 entries, each behind its
//! length in two bytes, big-endian. A [`TileWriter`] says which files a growing log has; a
//! [`TilePath`] says where each of them is. Nothing here touches a file.

use crate::merkle::{Edge, Node, node_hash};
use crate::{Hash, MAX_ENTRY_BYTES, leaf_hash};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Where the newest signed checkpoint is, beside the tiles.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// Where the newest checkpoint that witnesses signed is; older than the other one as a rule.
pub const WITNESSED_PATH: &str = "checkpoint.witnessed";

/// What a file of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Entries.
    Entries,
    /// Hashes of complete subtrees of `256^level` leaves; at most 7.
    Hashes(u8),
}

/// One file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    /// What it holds.
    pub kind: TileKind,
    /// Its place from the left.
    pub index: u64,
    /// How many hashes or entries, 1 to 256. Fewer than 256 at the right end only.
    pub width: u16,
}

impl TilePath {
    /// The path below the folder of the log, such as `tile/0/x001/234.p/17`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let kind = match self.kind {
            TileKind::Entries => "entries".to_owned(),
            TileKind::Hashes(level) => level.to_string(),
        };
        let mut place = format!("{:03}", self.index % 1_000);
        let mut rest = self.index / 1_000;
        while rest > 0 {
            place = format!("x{:03}/{place}", rest % 1_000);
            rest /= 1_000;
        }
        match self.width {
            TILE_WIDTH => format!("tile/{kind}/{place}"),
            width => format!("tile/{kind}/{place}.p/{width}"),
        }
    }

    /// The same place with all of its hashes or entries: what stands there later.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// Every file of a log of `size` entries, for whoever wants to fetch them in order.
    pub fn of_log(kind: TileKind, size: u64) -> impl Iterator<Item = Self> {
        let shift = match kind {
            TileKind::Entries => 0,
            TileKind::Hashes(level) => 8 * u32::from(level),
        };
        let count = size.checked_shr(shift).unwrap_or(0);
        let last = (count & 0xff) as u16;
        (0..count.div_ceil(u64::from(TILE_WIDTH))).map(move |index| {
            let is_full = (index + 1) * u64::from(TILE_WIDTH) <= count;
            Self { kind, index, width: if is_full { TILE_WIDTH } else { last } }
        })
    }

    /// Where the hash of `node` is found in a log of `size` entries: the tile, the first hash in it
    /// and how many of them make up the node. `None` when the tree has no such node.
    #[must_use]
    pub fn of_node(node: Node, size: u64) -> Option<(Self, usize, usize)> {
        let level = node.level / 8;
        let within = u32::from(node.level % 8);
        let in_level = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let first = node.index.checked_shl(within)?;
        let end = first.checked_add(1 << within)?;
        if end > in_level {
            return None;
        }
        let index = first / u64::from(TILE_WIDTH);
        let width = (in_level - index * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH)) as u16;
        let path = Self { kind: TileKind::Hashes(level), index, width };
        Some((path, (first % u64::from(TILE_WIDTH)) as usize, 1 << within))
    }
}

/// A file and where it is.
pub type TileFile = (TilePath, Vec<u8>);

/// The root of 1, 2, 4, … neighbouring hashes of a tile.
#[must_use]
pub fn join(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [one] => Some(*one),
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            Some(node_hash(&join(left)?, &join(right)?))
        }
    }
}

/// A file that is not a bundle or a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTile {
    /// It ends in the middle of something.
    #[error("the file ends too early")]
    CutShort,
    /// It goes on behind the last entry or hash.
    #[error("the file is longer than its contents")]
    TooLong,
    /// Tiles do not fit the size that they are said to have.
    #[error("the tiles do not make up a tree of this size")]
    WrongSize,
}

/// The hashes of a tile with at least `width` of them; more are left out.
///
/// # Errors
/// [`BadTile`].
pub fn read_tile(bytes: &[u8], width: u16) -> Result<Vec<Hash>, BadTile> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() < usize::from(width) {
        return Err(BadTile::CutShort);
    }
    if hashes.len() > usize::from(TILE_WIDTH) {
        return Err(BadTile::TooLong);
    }
    Ok(hashes[..usize::from(width)].to_vec())
}

/// The entries of a bundle with at least `width` of them; more are left out.
///
/// # Errors
/// [`BadTile`].
pub fn read_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BadTile> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BadTile::CutShort)?;
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() || entries.len() < usize::from(width) {
        return Err(BadTile::CutShort);
    }
    if entries.len() > usize::from(TILE_WIDTH) {
        return Err(BadTile::TooLong);
    }
    entries.truncate(usize::from(width));
    Ok(entries)
}

/// Makes the files of a growing log. Remembers the unfinished tile of each level and the unfinished
/// bundle.
#[derive(Clone, Debug, Default)]
pub struct TileWriter {
    size: u64,
    edge: Edge,
    /// The unfinished tile of each level, fewer than 256 hashes.
    levels: Vec<Vec<Hash>>,
    bundle: Vec<u8>,
    finished: Vec<TileFile>,
}

impl TileWriter {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on from the unfinished tiles of a log of `size` entries, level by level from the lowest,
    /// and its unfinished bundle.
    ///
    /// # Errors
    /// [`BadTile`] when they are not those of a log of that size.
    pub fn resume(size: u64, levels: Vec<Vec<Hash>>, bundle: Vec<u8>) -> Result<Self, BadTile> {
        let expected = (0..levels.len().max(8)).map(|level| (size >> (8 * level.min(7))) & 0xff);
        let widths = levels.iter().map(Vec::len).chain(std::iter::repeat(0));
        if levels.len() > 8 || expected.zip(widths).any(|(want, have)| want != have as u64) {
            return Err(BadTile::WrongSize);
        }
        let in_bundle = read_bundle(&bundle, (size & 0xff) as u16)?;
        let leaves = levels.first().map(Vec::as_slice).unwrap_or_default();
        let same = in_bundle.iter().zip(leaves).all(|(entry, leaf)| leaf_hash(entry) == *leaf);
        if in_bundle.len() != leaves.len() || !same {
            return Err(BadTile::WrongSize);
        }
        let mut hashes = Vec::new();
        for level in levels.iter().rev() {
            let mut rest = level.as_slice();
            while !rest.is_empty() {
                let (part, after) = rest.split_at(1 << rest.len().ilog2());
                hashes.extend(join(part));
                rest = after;
            }
        }
        let edge = Edge::from_bytes(size, &hashes.concat()).ok_or(BadTile::WrongSize)?;
        Ok(Self { size, edge, levels, bundle, finished: Vec::new() })
    }

    /// Adds an entry of at most [`MAX_ENTRY_BYTES`] and returns its leaf hash.
    ///
    /// # Errors
    /// [`BadTile::TooLong`] for a longer one; nothing is added then.
    pub fn push(&mut self, entry: &[u8]) -> Result<Hash, BadTile> {
        let length = u16::try_from(entry.len()).map_err(|_| BadTile::TooLong)?;
        debug_assert!(entry.len() <= MAX_ENTRY_BYTES);
        let leaf = leaf_hash(entry);
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        self.size += 1;
        self.edge.push(leaf);
        self.push_hash(0, leaf);
        if self.size.is_multiple_of(u64::from(TILE_WIDTH)) {
            let index = self.size / u64::from(TILE_WIDTH) - 1;
            let path = TilePath { kind: TileKind::Entries, index, width: TILE_WIDTH };
            self.finished.push((path, std::mem::take(&mut self.bundle)));
        }
        Ok(leaf)
    }

    fn push_hash(&mut self, level: u8, hash: Hash) {
        let at = usize::from(level);
        if self.levels.len() <= at {
            self.levels.push(Vec::with_capacity(usize::from(TILE_WIDTH)));
        }
        self.levels[at].push(hash);
        if self.levels[at].len() == usize::from(TILE_WIDTH) {
            let hashes = std::mem::take(&mut self.levels[at]);
            let index = (self.size >> (8 * (u32::from(level) + 1))) - 1;
            let path = TilePath { kind: TileKind::Hashes(level), index, width: TILE_WIDTH };
            self.finished.push((path, hashes.concat()));
            if let Some(above) = join(&hashes) {
                self.push_hash(level + 1, above);
            }
        }
    }

    /// Entries so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// The full files since the last call.
    pub fn take_finished(&mut self) -> Vec<TileFile> {
        std::mem::take(&mut self.finished)
    }

    /// The unfinished files at the right end, as they stand now.
    #[must_use]
    pub fn unfinished(&self) -> Vec<TileFile> {
        let mut files = Vec::new();
        let path = |kind, shift: u32, width: usize| TilePath {
            kind,
            index: self.size.checked_shr(shift).unwrap_or(0) / u64::from(TILE_WIDTH),
            width: width as u16,
        };
        let in_bundle = (self.size & 0xff) as usize;
        if in_bundle > 0 {
            files.push((path(TileKind::Entries, 0, in_bundle), self.bundle.clone()));
        }
        for (level, hashes) in (0u8..).zip(&self.levels) {
            if !hashes.is_empty() {
                let kind = TileKind::Hashes(level);
                files.push((path(kind, 8 * u32::from(level), hashes.len()), hashes.concat()));
            }
        }
        files
    }
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
