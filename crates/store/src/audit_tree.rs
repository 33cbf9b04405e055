//! The one tree over the entries of all writers: places without gaps, and a signed checkpoint.
//!
//! Entries are committed by many writers at once. One step after the other gives the committed ones
//! their places, extends the tree and signs it, all in one transaction. Two sequencers cannot do
//! that at the same time: on PostgreSQL an advisory lock, on SQLite the only writer; and a place is a
//! primary key.

use crate::row::{Cols, placeholders, sql, to_int};
use crate::target::Backend;
use crate::{Reader, Result, Store, StoreError, Tx};
use audit::merkle::Edge;
use audit::{Actor, Checkpoint, Entry, Note, SigningKey, WriterId, leaf_hash};
use sqlx::AssertSqlSafe;
use visit::Timestamp;

/// Most entries that one step takes.
pub const MAX_STEP: u32 = 1_000;

/// Rows of one INSERT; ten values each stay far below what either database takes.
const ROWS_AT_ONCE: usize = 100;

/// How far the tree reaches.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditTree {
    /// Its complete subtrees.
    pub edge: Edge,
    /// The signed checkpoint over it.
    pub note: Note,
}

/// An entry that waits for its place.
pub(crate) struct Due {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entry: Entry,
}

impl Store {
    /// The tree as the database has it; `None` before the first step.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Corrupt`] when the row does not fit together.
    pub async fn audit_tree(&self) -> Result<Option<AuditTree>> {
        self.read(self.default_org()).await?.audit_tree().await
    }

    /// Whether entries wait for their places, or nothing was signed yet. Takes no lock that a writer
    /// would wait for.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_is_due(&self) -> Result<bool> {
        let (written, placed) = self.audit_counts().await?;
        Ok(placed.is_none_or(|placed| written > placed))
    }

    /// How many entries were written, and how many of them have their place under the newest checkpoint;
    /// `None` before the first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_counts(&self) -> Result<(u64, Option<u64>)> {
        let mut reader = self.read(self.default_org()).await?;
        let query = sql("SELECT CAST(COALESCE(SUM(next_seq - 1), 0) AS BIGINT) AS written, \
             (SELECT CAST(COALESCE(MAX(size), -1) AS BIGINT) FROM audit_tree) AS placed \
             FROM audit_writers");
        let row = reader.one(query).await?.ok_or(StoreError::Corrupt("audit_writers"))?;
        let cols = Cols(&row);
        Ok((cols.count("written")?, u64::try_from(cols.int("placed")?).ok()))
    }

    /// One step: gives up to `limit` (at most [`MAX_STEP`]) committed entries their places and signs
    /// the longer tree. Gives the tree and how many entries were placed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when entries are missing or changed that were committed: such a tree is
    /// not signed. Otherwise what the database says.
    pub async fn extend_audit_tree(
        &self,
        now: Timestamp,
        key: &SigningKey,
        limit: u32,
    ) -> Result<(AuditTree, u64)> {
        let mut tx = self.begin(self.default_org(), now).await?;
        tx.lock_audit_tree(self.backend()).await?;
        let before = tx.audit_tree().await?;
        let mut edge = before.as_ref().map(|tree| tree.edge.clone()).unwrap_or_default();
        let due = tx.due_entries(limit.clamp(1, MAX_STEP)).await?;
        if let (Some(tree), true) = (&before, due.is_empty()) {
            return Ok((tree.clone(), 0));
        }
        tx.place(edge.size(), &due).await?;
        due.iter().for_each(|due| edge.push(leaf_hash(&due.bytes)));
        let origin = key.public().name().to_owned();
        let text = Checkpoint { origin, size: edge.size(), root: edge.root() }.to_text();
        let note = Note { signatures: vec![key.sign(&text, 0)], text };
        let tree = AuditTree { edge, note };
        tx.save_audit_tree(before.as_ref().map(|tree| tree.edge.size()), &tree).await?;
        tx.commit_plain("gives entries that are in the log their places").await?;
        Ok((tree, due.len() as u64))
    }

    /// The bytes of up to `limit` entries (at most [`MAX_STEP`]) from place `from` on.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Corrupt`] when one is missing.
    pub async fn placed_entries(&self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>> {
        let mut reader = self.read(self.default_org()).await?;
        let query = sql("SELECT l.idx, e.entry FROM audit_leaves l \
             JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
             WHERE l.idx >= $1 ORDER BY l.idx LIMIT $2")
        .bind(to_int(from)?)
        .bind(i64::from(limit.clamp(1, MAX_STEP)));
        let rows = reader.all(query).await?;
        let entry = |(place, row): (u64, &sqlx::any::AnyRow)| {
            let cols = Cols(row);
            if cols.count::<u64>("idx")? != place {
                return Err(StoreError::Corrupt("audit_leaves"));
            }
            cols.bytes("entry")
        };
        (from..).zip(&rows).map(entry).collect()
    }
}

impl Reader {
    pub(crate) async fn audit_tree(&mut self) -> Result<Option<AuditTree>> {
        let query = sql("SELECT size, edge, note FROM audit_tree WHERE id = 1");
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let cols = Cols(&row);
        let bad = StoreError::Corrupt("audit_tree");
        let edge = Edge::from_bytes(cols.count("size")?, &cols.bytes("edge")?);
        let note = Note::parse(&cols.bytes("note")?);
        match (edge, note) {
            (Some(edge), Ok(note)) => Ok(Some(AuditTree { edge, note })),
            _ => Err(bad),
        }
    }
}

impl Tx {
    pub(crate) async fn lock_audit_tree(&mut self, backend: Backend) -> Result<()> {
        if backend == Backend::Postgres {
            // Given back at the end of the transaction, however it ends.
            let lock = sql("SELECT CAST(pg_advisory_xact_lock(7310010002) AS TEXT) AS locked");
            self.all(lock).await?;
        }
        Ok(())
    }

    /// Committed entries without a place, writer by writer.
    async fn due_entries(&mut self, limit: u32) -> Result<Vec<Due>> {
        let query = sql("SELECT w.writer, w.next_seq, p.placed FROM audit_writers w JOIN \
             (SELECT v.writer, COALESCE((SELECT MAX(l.seq) FROM audit_leaves l \
             WHERE l.writer = v.writer), 0) AS placed FROM audit_writers v) p \
             ON p.writer = w.writer WHERE w.next_seq > p.placed + 1 ORDER BY w.writer");
        let mut due: Vec<Due> = Vec::new();
        for row in self.all(query).await? {
            let cols = Cols(&row);
            let writer = WriterId::new(cols.text("writer")?)?;
            let (placed, next): (u64, u64) = (cols.count("placed")?, cols.count("next_seq")?);
            let room = u64::from(limit) - due.len() as u64;
            let until = next.min(placed + 1 + room);
            let query = sql("SELECT seq, leaf, entry FROM audit_entries \
                 WHERE writer = $1 AND seq > $2 AND seq < $3 ORDER BY seq")
            .bind(writer.as_str().to_owned())
            .bind(to_int(placed)?)
            .bind(to_int(until)?);
            let rows = self.all(query).await?;
            if rows.len() as u64 != until - placed - 1 {
                return Err(StoreError::Corrupt("audit_entries: some are missing"));
            }
            for (row, seq) in rows.iter().zip(placed + 1..) {
                let cols = Cols(row);
                let bytes = cols.bytes("entry")?;
                let entry = Entry::parse(&bytes)?;
                let as_written = cols.hash("leaf")?.0 == leaf_hash(&bytes)
                    && entry.writer == writer
                    && entry.seq == seq
                    && cols.count::<u64>("seq")? == seq;
                if !as_written {
                    return Err(StoreError::Corrupt("audit_entries: one was changed"));
                }
                due.push(Due { bytes, entry });
            }
            if due.len() as u64 >= u64::from(limit) {
                break;
            }
        }
        Ok(due)
    }

    pub(crate) async fn place(&mut self, first: u64, due: &[Due]) -> Result<()> {
        for (part, start) in due.chunks(ROWS_AT_ONCE).zip((first..).step_by(ROWS_AT_ONCE)) {
            let text = format!(
                "INSERT INTO audit_leaves \
                 (idx, writer, seq, org, at, kind, actor, visit, seat, person) VALUES {}",
                placeholders(part.len(), 10)
            );
            let mut query = sqlx::query(AssertSqlSafe(text));
            for (due, place) in part.iter().zip(start..) {
                let entry = &due.entry;
                let actor = match entry.actor {
                    Actor::Staff(user) => Some(user.to_text()),
                    Actor::Seat(seat) => Some(seat.to_text()),
                    Actor::System | Actor::Anonymous => None,
                };
                query = query
                    .bind(to_int(place)?)
                    .bind(entry.writer.as_str().to_owned())
                    .bind(to_int(entry.seq)?)
                    .bind(entry.org.to_text())
                    .bind(entry.at.0)
                    .bind(entry.kind.as_str())
                    .bind(actor)
                    .bind(entry.visit.map(|id| id.to_text()))
                    .bind(entry.seat.map(|id| id.to_text()))
                    .bind(entry.user.map(|id| id.to_text()));
            }
            self.run(query).await?;
        }
        Ok(())
    }

    /// Replaces the tree of `before` entries; [`StoreError::Conflict`] when it is another one by now.
    pub(crate) async fn save_audit_tree(
        &mut self,
        before: Option<u64>,
        tree: &AuditTree,
    ) -> Result<()> {
        let size = to_int(tree.edge.size())?;
        let (edge, note) = (tree.edge.to_bytes(), tree.note.to_text().into_bytes());
        let query = match before {
            None => sql("INSERT INTO audit_tree (size, edge, note, id) VALUES ($1, $2, $3, 1)"),
            Some(_) => sql("UPDATE audit_tree SET size = $1, edge = $2, note = $3 \
                 WHERE id = 1 AND size = $4"),
        };
        let query = query.bind(size).bind(edge).bind(note);
        let query = match before {
            None => query,
            Some(before) => query.bind(to_int(before)?),
        };
        if self.run(query).await? == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }
}
