//! Putting entries back that a restored database lacks, from the files of the log.

use crate::audit_tree::Due;
use crate::row::{sql, to_int};
use crate::{AuditTree, LogTrouble, Store, StoreError, Tx};
use audit::merkle::Edge;
use audit::{Actor, Checkpoint, Entry, Event, Kind, Note, WriterId, leaf_hash};
use std::collections::HashMap;
use visit::Timestamp;

/// Where a writer stands after its last entry.
struct Last {
    next_seq: u64,
    leaf: audit::Hash,
    at: Timestamp,
}

impl Store {
    /// Brings the tree up to `checkpoint`, which `note` carries, in one transaction that is itself an
    /// entry. `bundles` gives all entries of the log from the first on; they and the checkpoint were
    /// verified before. Gives the number of entries that were put back.
    ///
    /// # Errors
    /// [`LogTrouble::Forked`] when the database has other entries than the files,
    /// [`LogTrouble::Shorter`] when the entries end before the checkpoint, [`StoreError::Conflict`] when
    /// the database is not behind. Nothing is changed then.
    pub async fn recover_audit(
        &self,
        now: Timestamp,
        checkpoint: &Checkpoint,
        note: &Note,
        bundles: impl Iterator<Item = Vec<Vec<u8>>>,
    ) -> Result<u64, LogTrouble> {
        let mut tx = self.begin(self.default_org(), now).await?;
        tx.lock_audit_tree(self.backend()).await?;
        let before = tx.audit_tree().await?;
        let (size, root) = before
            .as_ref()
            .map_or_else(|| (0, Edge::new().root()), |tree| (tree.edge.size(), tree.edge.root()));
        if size >= checkpoint.size {
            return Err(StoreError::Conflict.into());
        }
        let mut edge = Edge::new();
        let mut writers = HashMap::new();
        for bundle in bundles {
            let mut due = Vec::new();
            let first = edge.size().max(size);
            for bytes in bundle {
                if edge.size() == size && edge.root() != root {
                    return Err(LogTrouble::Forked { signed: size });
                }
                let leaf = leaf_hash(&bytes);
                if edge.size() >= size {
                    let entry = Entry::parse(&bytes).map_err(StoreError::from)?;
                    due.push(Due { bytes, entry });
                }
                edge.push(leaf);
            }
            tx.put_back(&due, &mut writers).await?;
            tx.place(first, &due).await?;
        }
        if edge.size() != checkpoint.size {
            let (database, promised) = (edge.size(), checkpoint.size);
            return Err(LogTrouble::Shorter { database, promised });
        }
        if edge.root() != checkpoint.root {
            return Err(LogTrouble::Forked { signed: checkpoint.size });
        }
        tx.move_writers(&writers).await?;
        let tree = AuditTree { edge, note: note.clone() };
        tx.save_audit_tree(before.map(|tree| tree.edge.size()), &tree).await?;
        let missing = checkpoint.size - size;
        let event = Event::new(Kind::AuditRecovered, Actor::System).count("entries", missing);
        tx.commit_with(vec![event]).await?;
        Ok(missing)
    }
}

impl Tx {
    /// Entries that are there already stay, if they are the same.
    async fn put_back(
        &mut self,
        due: &[Due],
        writers: &mut HashMap<WriterId, Last>,
    ) -> Result<(), LogTrouble> {
        for Due { bytes, entry } in due {
            let writer = || entry.writer.as_str().to_owned();
            let leaf = leaf_hash(bytes);
            if !writers.contains_key(&entry.writer) {
                let query =
                    sql("INSERT INTO audit_writers (writer, next_seq, last_leaf, last_at) \
                     VALUES ($1, 1, $2, $3) ON CONFLICT DO NOTHING")
                    .bind(writer())
                    .bind(audit::GENESIS.to_vec())
                    .bind(i64::MIN);
                self.run(query).await?;
            }
            let query = sql("INSERT INTO audit_entries (writer, seq, org, leaf, entry) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
            .bind(writer())
            .bind(to_int(entry.seq)?)
            .bind(entry.org.to_text())
            .bind(leaf.to_vec())
            .bind(bytes.clone());
            if self.run(query).await? == 0 {
                let query = sql("SELECT seq FROM audit_entries \
                     WHERE writer = $1 AND seq = $2 AND entry = $3")
                .bind(writer())
                .bind(to_int(entry.seq)?)
                .bind(bytes.clone());
                self.one(query).await?.ok_or(StoreError::Corrupt("audit_entries: one differs"))?;
            }
            let last = Last { next_seq: entry.seq + 1, leaf, at: entry.at };
            writers.insert(entry.writer.clone(), last);
        }
        Ok(())
    }

    /// A writer that has written more by itself stays where it is.
    async fn move_writers(&mut self, writers: &HashMap<WriterId, Last>) -> Result<(), LogTrouble> {
        for (writer, last) in writers {
            let query =
                sql("UPDATE audit_writers SET next_seq = $2, last_leaf = $3, last_at = $4 \
                 WHERE writer = $1 AND next_seq < $2")
                .bind(writer.as_str().to_owned())
                .bind(to_int(last.next_seq)?)
                .bind(last.leaf.to_vec())
                .bind(last.at.0);
            self.run(query).await?;
        }
        Ok(())
    }
}
