//! The log as files in a folder, for verifiers that need no server: C2SP tlog-tiles.
//!
//! Every file is written beside its place, synced and renamed, and the checkpoint comes last. So the
//! folder always holds a whole log; after a crash it is only behind, and goes on from there.

use audit::tile::{
    BadTile, CHECKPOINT_PATH, TILE_WIDTH, TileKind, TilePath, TileWriter, read_tile,
};
use audit::{Checkpoint, Note, NoteError, VerifyKey};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why the files of the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The file system refused.
    #[error("the audit log's file {path}: {kind}")]
    Io {
        /// The file, below the folder of the log.
        path: String,
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// The checkpoint is not one of this log's key.
    #[error("the checkpoint in the audit log's folder cannot be believed: {0}")]
    Checkpoint(NoteError),
    /// A tile is not what the checkpoint vouches for.
    #[error("the audit log's file {path} is damaged")]
    Damaged {
        /// The file, below the folder of the log.
        path: String,
    },
    /// An entry does not fit into a bundle.
    #[error("an audit entry cannot be written: {0}")]
    Entry(#[from] BadTile),
}

/// The folder. One process writes into it.
pub struct TileFolder {
    root: PathBuf,
    tiles: TileWriter,
    published: Option<(Checkpoint, String)>,
}

impl TileFolder {
    /// Opens the folder, or makes one for an empty log. `key` is the key of the log.
    ///
    /// # Errors
    /// [`FolderError`]. When tiles are damaged, [`Self::rebuild`] writes them again.
    pub fn open(root: impl Into<PathBuf>, key: &VerifyKey) -> Result<Self, FolderError> {
        let mut folder = Self::rebuild(root, key)?;
        let Some(checkpoint) = folder.published() else { return Ok(folder) };
        let damaged = |path: &TilePath| FolderError::Damaged { path: path.to_text() };
        let mut levels = Vec::new();
        for level in 0..8 {
            let last = TilePath::of_log(TileKind::Hashes(level), checkpoint.size).last();
            let hashes = match last.filter(|path| path.width < TILE_WIDTH) {
                None => Vec::new(),
                Some(path) => {
                    let bytes = folder.get(&path)?;
                    read_tile(&bytes, path.width).map_err(|_| damaged(&path))?
                }
            };
            levels.push(hashes);
        }
        let last = TilePath::of_log(TileKind::Entries, checkpoint.size).last();
        let bundle = match last.filter(|path| path.width < TILE_WIDTH) {
            None => Vec::new(),
            Some(path) => folder.get(&path)?,
        };
        let tiles = TileWriter::resume(checkpoint.size, levels, bundle)
            .ok()
            .filter(|tiles| tiles.root() == checkpoint.root)
            .ok_or(FolderError::Damaged { path: "tile".to_owned() })?;
        folder.tiles = tiles;
        Ok(folder)
    }

    /// Opens the folder without looking at its tiles: all of them are to be written again.
    ///
    /// # Errors
    /// [`FolderError::Io`], [`FolderError::Checkpoint`].
    pub fn rebuild(root: impl Into<PathBuf>, key: &VerifyKey) -> Result<Self, FolderError> {
        let root = root.into();
        let published = match fs::read(root.join(CHECKPOINT_PATH)) {
            Ok(bytes) => {
                let opened = Checkpoint::open(&bytes, key).map_err(FolderError::Checkpoint)?;
                // Not its text: the right end is written again at each start, in case it is damaged.
                Some((opened.0, String::new()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(CHECKPOINT_PATH, &error)),
        };
        Ok(Self { root, tiles: TileWriter::new(), published })
    }

    /// The checkpoint that stands in the folder.
    #[must_use]
    pub const fn published(&self) -> Option<&Checkpoint> {
        match &self.published {
            Some((checkpoint, _)) => Some(checkpoint),
            None => None,
        }
    }

    /// Entries whose tiles are written, or will be with the next checkpoint.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tiles.size()
    }

    /// The root over them.
    #[must_use]
    pub fn root(&self) -> audit::Hash {
        self.tiles.root()
    }

    /// Adds entries; writes the files that they complete.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn add(&mut self, entries: &[Vec<u8>]) -> Result<(), FolderError> {
        for entry in entries {
            self.tiles.push(entry)?;
        }
        for (path, bytes) in self.tiles.take_finished() {
            self.put(&path.to_text(), &bytes)?;
            // Readers of an older checkpoint take the full file instead. What stays harms nobody.
            let unfinished = format!("{}.p", path.to_text());
            let _ = fs::remove_dir_all(self.root.join(unfinished));
        }
        Ok(())
    }

    /// Writes the right end and, last, the checkpoint; nothing when it stands there already.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn publish(&mut self, checkpoint: &Checkpoint, note: &Note) -> Result<(), FolderError> {
        let text = note.to_text();
        if self.published.as_ref().is_some_and(|(_, published)| *published == text) {
            return Ok(());
        }
        for (path, bytes) in self.tiles.unfinished() {
            self.put(&path.to_text(), &bytes)?;
        }
        self.put(CHECKPOINT_PATH, text.as_bytes())?;
        self.published = Some((checkpoint.clone(), text));
        Ok(())
    }

    fn get(&self, path: &TilePath) -> Result<Vec<u8>, FolderError> {
        let read = |path: String| fs::read(self.root.join(&path)).map_err(|e| failed(&path, &e));
        match read(path.to_text()) {
            Err(FolderError::Io { kind: io::ErrorKind::NotFound, .. }) => {
                Err(FolderError::Damaged { path: path.to_text() })
            }
            other => other,
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(Path::new("."));
        let beside = path.with_extension("new");
        let write = || {
            fs::create_dir_all(folder)?;
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| failed(name, &error))
    }
}

fn failed(path: &str, error: &io::Error) -> FolderError {
    FolderError::Io { path: path.to_owned(), kind: error.kind() }
}
