//! Keeps the tree and its files up with the entries.
//!
//! It signs nothing that goes back on what was signed before: a database that is behind its own
//! files, or that holds another history than they do, is left as it is and said so.
//!
//! Its files are written where its futures are polled: give it a thread that may block.

use crate::{AuditTree, FolderError, MAX_STEP, Store, StoreError, TileFolder};
use audit::{Checkpoint, SigningKey};
use std::path::PathBuf;
use visit::Timestamp;

/// Why the log is not signed.
#[derive(Debug, thiserror::Error)]
pub enum LogTrouble {
    /// The database.
    #[error("the audit log cannot be extended: {0}")]
    Store(#[from] StoreError),
    /// The files.
    #[error("{0}")]
    Folder(#[from] FolderError),
    /// The database is older than the files.
    #[error(
        "the database holds {database} entries of the audit log, but {promised} were signed. It was \
         restored from an older copy. Nothing is signed until the missing entries are back: \
         bedside audit recover --from-tiles"
    )]
    Shorter {
        /// Entries in the database's tree.
        database: u64,
        /// Entries in the signed checkpoint.
        promised: u64,
    },
    /// The log was signed with another key before.
    #[error(
        "the audit log was signed with another key than the one in the key file. Put the file back that \
         was there before; without it nothing is signed"
    )]
    OtherKey,
    /// The database holds other entries than those that were signed.
    #[error(
        "the first {signed} entries of the audit log are not those that were signed. Nothing is signed \
         any more. Keep the database and the folder of the log as they are, and look for who changed \
         them: bedside audit verify"
    )]
    Forked {
        /// Entries in the signed checkpoint.
        signed: u64,
    },
    /// A witness signed a longer log than this one.
    #[error(
        "a witness signed {theirs} entries of the audit log, but there are {ours} here. The data was \
         restored from an older copy. Nothing is signed until the missing entries are back: bring the \
         newest copy of the log's folder, then bedside audit recover --from-tiles"
    )]
    WitnessAhead {
        /// Entries in our newest checkpoint.
        ours: u64,
        /// Entries in the checkpoint that the witness signed.
        theirs: u64,
    },
    /// A witness signed another history.
    #[error(
        "a witness signed another audit log than this one, which has {ours} entries. Nothing is signed \
         any more. Keep the database and the folder of the log as they are, and look for who changed \
         them: bedside audit verify"
    )]
    WitnessForked {
        /// Entries in our newest checkpoint.
        ours: u64,
    },
}

impl LogTrouble {
    /// A stable code for logs and alerts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Folder(_) => "audit_files",
            Self::Shorter { .. } => "audit_shorter",
            Self::OtherKey => "audit_other_key",
            Self::Forked { .. } => "audit_forked",
            Self::WitnessAhead { .. } => "audit_witness_ahead",
            Self::WitnessForked { .. } => "audit_witness_forked",
        }
    }

    /// Whether the same step may succeed a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing() || matches!(error, StoreError::Conflict),
            Self::Folder(FolderError::Io { .. }) => true,
            _ => false,
        }
    }
}

/// Gives entries their places, signs the tree, and writes the files.
pub struct Sequencer {
    store: Store,
    key: SigningKey,
    folder: TileFolder,
}

impl Sequencer {
    /// Opens the folder of the log at `root` and brings its files up to the database's tree. Nothing
    /// is signed.
    ///
    /// # Errors
    /// [`LogTrouble`].
    pub async fn open(
        store: Store,
        key: SigningKey,
        root: impl Into<PathBuf>,
    ) -> Result<Self, LogTrouble> {
        let root = root.into();
        let folder = match TileFolder::open(&root, &key.public()) {
            Err(FolderError::Damaged { path }) => {
                tracing::warn!(%path, "files of the audit log are damaged; all are written again");
                TileFolder::rebuild(&root, &key.public())?
            }
            other => other?,
        };
        match (store.audit_tree().await?, folder.published()) {
            (Some(tree), _) if key.public().verify(&tree.note).is_err() => {
                Err(LogTrouble::OtherKey)
            }
            (Some(tree), _) => {
                let mut sequencer = Self { store, key, folder };
                sequencer.publish(&tree).await?;
                Ok(sequencer)
            }
            (None, None) => Ok(Self { store, key, folder }),
            (None, Some(signed)) => Err(LogTrouble::Shorter { database: 0, promised: signed.size }),
        }
    }

    /// Places what waits, signs, and writes the files; also what another process signed. Gives the
    /// tree, and how many entries were placed: when it is [`MAX_STEP`], more may wait. Locks nothing
    /// when there is nothing to do.
    ///
    /// # Errors
    /// [`LogTrouble`].
    pub async fn step(&mut self, now: Timestamp) -> Result<(AuditTree, u64), LogTrouble> {
        let (tree, placed) = match self.store.audit_tree().await? {
            Some(tree) if !self.store.audit_is_due().await? => (tree, 0),
            _ => self.store.extend_audit_tree(now, &self.key, MAX_STEP).await?,
        };
        self.publish(&tree).await?;
        Ok((tree, placed))
    }

    /// Writes the last entries of this run, places them, and closes the store.
    ///
    /// # Errors
    /// [`LogTrouble`]; the store is closed all the same.
    pub async fn close(mut self, now: Timestamp) -> Result<(), LogTrouble> {
        let written = self.store.write_last(now).await;
        let placed = loop {
            match self.step(now).await {
                Ok((_, placed)) if placed == u64::from(MAX_STEP) => {}
                other => break other,
            }
        };
        self.store.disconnect().await;
        written?;
        placed.map(|_| ())
    }

    async fn publish(&mut self, tree: &AuditTree) -> Result<(), LogTrouble> {
        let folder = &mut self.folder;
        let (size, root) = (tree.edge.size(), tree.edge.root());
        let signed = folder.published().cloned();
        if let Some(promised) = signed.as_ref().map(|c| c.size).filter(|promised| *promised > size)
        {
            return Err(LogTrouble::Shorter { database: size, promised });
        }
        while folder.size() < size {
            let from = folder.size();
            // Not past what was signed before, so that the two can be compared there.
            let until = signed.as_ref().map(|c| c.size).filter(|signed| *signed > from);
            let wanted = (until.unwrap_or(size) - from).min(u64::from(MAX_STEP));
            let limit = u32::try_from(wanted).unwrap_or(MAX_STEP);
            let entries = self.store.placed_entries(from, limit).await?;
            if entries.len() as u64 != wanted {
                return Err(StoreError::Corrupt("audit_leaves: some are missing").into());
            }
            folder.add(&entries)?;
            let here = signed.as_ref().filter(|c| c.size == folder.size());
            if here.is_some_and(|c| c.root != folder.root()) {
                return Err(LogTrouble::Forked { signed: folder.size() });
            }
        }
        if folder.root() != root {
            return Err(LogTrouble::Forked { signed: size });
        }
        let checkpoint = Checkpoint { origin: self.key.public().name().to_owned(), size, root };
        folder.publish(&checkpoint, &tree.note)?;
        Ok(())
    }
}
