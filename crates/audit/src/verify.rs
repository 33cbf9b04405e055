//! Checking a whole log from its files: entries, tiles, checkpoint, chains of writers.
//!
//! The files are fetched by the caller; entries are read once and not kept.

use crate::note::{Note, NoteError, VerifyKey};
use crate::tile::{
    BadTile, CHECKPOINT_PATH, TILE_WIDTH, TileFile, TileKind, TilePath, TileWriter, WITNESSED_PATH,
    read_bundle,
};
use crate::{ChainError, ChainVerifier, Checkpoint, Entry, WriterId, leaf_hash};
use std::collections::HashMap;

/// What is wrong with a log. The number of an entry is its place, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// The checkpoint or a signature below it.
    #[error("the checkpoint: {0}")]
    Checkpoint(NoteError),
    /// A bundle of entries cannot be read.
    #[error("{path}: {why}")]
    Bundle {
        /// Which file.
        path: String,
        /// Why.
        why: BadTile,
    },
    /// An entry does not go on where its writer stopped.
    #[error("entry {index}: {why}")]
    Entry {
        /// Its place.
        index: u64,
        /// What is wrong.
        why: ChainError,
    },
    /// An entry says nothing that can be read.
    #[error("entry {index} is not an audit entry")]
    NotAnEntry {
        /// Its place.
        index: u64,
    },
    /// A tile has other hashes than the entries give.
    #[error("{path}: its hashes are not those of the entries")]
    Tile {
        /// Which file.
        path: String,
    },
    /// The entries give another root than the one that was signed.
    #[error("the first {size} entries are not those that were signed")]
    Root {
        /// Size of the checkpoint.
        size: u64,
    },
    /// The log is shorter than an earlier checkpoint says.
    #[error("an earlier checkpoint vouches for {earlier} entries, this one for {now}")]
    Shorter {
        /// Entries in the earlier one.
        earlier: u64,
        /// Entries now.
        now: u64,
    },
}

/// How a check ended when it did not end well.
#[derive(Debug, thiserror::Error)]
pub enum LogError<E> {
    /// The log is not what was signed.
    #[error("{0}")]
    Fault(#[from] LogFault),
    /// A file that has to be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// The files cannot be fetched.
    #[error("{0}")]
    Fetch(E),
}

/// What a log is held against.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The key of the log.
    pub log: VerifyKey,
    /// Keys of witnesses whose signatures are wanted.
    pub witnesses: Vec<VerifyKey>,
    /// Earlier checkpoints of the log, as notes.
    pub earlier: Vec<Vec<u8>>,
}

/// A log that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint that vouches for it.
    pub checkpoint: Checkpoint,
    /// What it contains.
    pub figures: LogFigures,
    /// When each of the witnesses signed it, in seconds since the Unix epoch.
    pub witnessed_s: Vec<Option<u64>>,
}

/// Checks a whole log. `get` fetches a file by its path below the folder of the log, `None` when it is
/// not there; `progress` hears how many entries of how many are checked.
///
/// # Errors
/// [`LogError`].
pub fn verify_log<E>(
    trust: &Trust,
    get: &mut impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
    progress: &mut impl FnMut(u64, u64),
) -> Result<Verified, LogError<E>> {
    let newest = get(CHECKPOINT_PATH).map_err(LogError::Fetch)?;
    let newest = newest.ok_or_else(|| LogError::Missing(CHECKPOINT_PATH.to_owned()))?;
    let open = |note: &[u8]| Checkpoint::open(note, &trust.log).map_err(LogFault::Checkpoint);
    let (mut checkpoint, note) = open(&newest)?;
    let mut witnessed_s = witnessed(&note, &trust.witnesses)?;
    let earlier = trust.earlier.iter().map(|note| open(note).map(|(checkpoint, _)| checkpoint));
    let mut earlier = earlier.collect::<Result<Vec<_>, _>>()?;
    if let Some(note) = get(WITNESSED_PATH).map_err(LogError::Fetch)? {
        let (mut other, note) = open(&note)?;
        let times = witnessed(&note, &trust.witnesses)?;
        witnessed_s = witnessed_s.into_iter().zip(times).map(|(a, b)| a.max(b)).collect();
        // Whoever copies a log that grows may get the two in either order.
        if other.size > checkpoint.size {
            std::mem::swap(&mut other, &mut checkpoint);
        }
        earlier.push(other);
    }

    // A file of the right end may have been completed and renamed since the checkpoint was read.
    let mut fetch = |path: TilePath| {
        let found = match get(&path.to_text()).map_err(LogError::Fetch)? {
            None if path.width < TILE_WIDTH => {
                get(&path.full().to_text()).map_err(LogError::Fetch)?
            }
            found => found,
        };
        found.ok_or_else(|| LogError::Missing(path.to_text()))
    };
    let mut verifier = LogVerifier::new(checkpoint.clone(), earlier)?;
    for path in verifier.bundles() {
        for (tile, computed) in verifier.bundle(path, &fetch(path)?)? {
            compare_tile(tile, &fetch(tile)?, &computed)?;
        }
        progress(verifier.tiles.size(), checkpoint.size);
    }
    let (tiles, figures) = verifier.finish()?;
    for (tile, computed) in tiles {
        compare_tile(tile, &fetch(tile)?, &computed)?;
    }
    Ok(Verified { checkpoint, figures, witnessed_s })
}

/// What a log that verified contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFigures {
    /// Entries.
    pub entries: u64,
    /// Writers whose chains were followed.
    pub writers: u64,
}

/// Reads the bundles of a log in order and computes the tiles that it has to have.
struct LogVerifier {
    checkpoint: Checkpoint,
    /// Earlier promises, largest last.
    earlier: Vec<Checkpoint>,
    chains: HashMap<WriterId, ChainVerifier>,
    tiles: TileWriter,
}

impl LogVerifier {
    /// Begins with a checkpoint whose signature was checked ([`Checkpoint::open`]) and with earlier
    /// ones of the same log.
    ///
    /// # Errors
    /// [`LogFault::Shorter`], [`LogFault::Root`].
    fn new(checkpoint: Checkpoint, mut earlier: Vec<Checkpoint>) -> Result<Self, LogFault> {
        earlier.sort_by_key(|c| std::cmp::Reverse(c.size));
        let mut verifier =
            Self { checkpoint, earlier, chains: HashMap::new(), tiles: TileWriter::new() };
        if let Some(longer) = verifier.earlier.iter().find(|c| c.size > verifier.checkpoint.size) {
            let (earlier, now) = (longer.size, verifier.checkpoint.size);
            return Err(LogFault::Shorter { earlier, now });
        }
        verifier.compare_earlier()?;
        Ok(verifier)
    }

    /// The bundles that [`Self::bundle`] wants, in this order.
    fn bundles(&self) -> impl Iterator<Item = TilePath> + use<> {
        TilePath::of_log(TileKind::Entries, self.checkpoint.size)
    }

    /// Checks the next bundle. Gives the full tiles that it completed: hold the files against them.
    ///
    /// # Errors
    /// [`LogFault`].
    fn bundle(&mut self, path: TilePath, bytes: &[u8]) -> Result<Vec<TileFile>, LogFault> {
        let bad = |why| LogFault::Bundle { path: path.to_text(), why };
        for entry in read_bundle(bytes, path.width).map_err(bad)? {
            self.entry(entry)?;
        }
        Ok(hashes_only(self.tiles.take_finished()))
    }

    fn entry(&mut self, bytes: &[u8]) -> Result<(), LogFault> {
        let index = self.tiles.size();
        let entry = Entry::parse(bytes).map_err(|_| LogFault::NotAnEntry { index })?;
        let leaf = leaf_hash(bytes);
        if !self.chains.contains_key(&entry.writer) {
            let fresh = ChainVerifier::new(entry.writer.clone());
            self.chains.insert(entry.writer.clone(), fresh);
        }
        if let Some(chain) = self.chains.get_mut(&entry.writer) {
            chain.follow(&entry, leaf).map_err(|why| LogFault::Entry { index, why })?;
        }
        // The length stood in two bytes, so it fits into two bytes.
        self.tiles.push(bytes).map_err(|_| LogFault::NotAnEntry { index })?;
        self.compare_earlier()
    }

    fn compare_earlier(&mut self) -> Result<(), LogFault> {
        while let Some(earlier) = self.earlier.pop_if(|c| c.size == self.tiles.size()) {
            if earlier.root != self.tiles.root() {
                return Err(LogFault::Root { size: earlier.size });
            }
        }
        Ok(())
    }

    /// Checks the end. Gives the unfinished tiles and the figures.
    ///
    /// # Errors
    /// [`LogFault::Root`].
    fn finish(self) -> Result<(Vec<TileFile>, LogFigures), LogFault> {
        let size = self.checkpoint.size;
        if self.tiles.size() != size || self.tiles.root() != self.checkpoint.root {
            return Err(LogFault::Root { size });
        }
        let figures = LogFigures { entries: size, writers: self.chains.len() as u64 };
        Ok((hashes_only(self.tiles.unfinished()), figures))
    }
}

/// The bundles are what the tiles were computed from.
fn hashes_only(mut files: Vec<TileFile>) -> Vec<TileFile> {
    files.retain(|(path, _)| path.kind != TileKind::Entries);
    files
}

/// Whether the file of a tile says what was computed from the entries. A file that was completed
/// since may go on; that part is not looked at.
///
/// # Errors
/// [`LogFault::Tile`].
fn compare_tile(path: TilePath, file: &[u8], computed: &[u8]) -> Result<(), LogFault> {
    let whole = file.len().is_multiple_of(32) && file.len() <= 256 * 32;
    if whole && file.starts_with(computed) {
        return Ok(());
    }
    Err(LogFault::Tile { path: path.to_text() })
}

/// When the given witnesses signed, in seconds since the Unix epoch; `None` for one that has not.
///
/// # Errors
/// [`LogFault::Checkpoint`] when a line of one of them does not verify.
fn witnessed(note: &Note, witnesses: &[VerifyKey]) -> Result<Vec<Option<u64>>, LogFault> {
    let time = |key: &VerifyKey| match key.verify(note) {
        Ok(at_s) => Ok(Some(at_s)),
        Err(NoteError::Unsigned) => Ok(None),
        Err(why) => Err(LogFault::Checkpoint(why)),
    };
    witnesses.iter().map(time).collect()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
