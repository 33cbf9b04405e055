//! A snapshot to read from, and a transaction to write in.

use crate::db::{KeyId, Shared};
use crate::row::Query;
use crate::{Result, StoreError};
use keys::{Aad, DataKey, Kek, SealPurpose, Zeroizing};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use visit::{OrgId, Timestamp, VisitId};

/// One snapshot of one organisation's data. Keep it for one request: on SQLite the journal cannot
/// be folded back while an old snapshot is in use.
pub struct Reader {
    pub(crate) tx: Transaction<'static, Any>,
    pub(crate) org: OrgId,
    pub(crate) shared: Arc<Shared>,
    /// Keys made in this transaction; others may see them only once it is committed.
    new_keys: Vec<(KeyId, Arc<DataKey>)>,
    /// Keys destroyed in this transaction: nothing is sealed or opened with them any more.
    pub(crate) dead_keys: Vec<KeyId>,
    /// The destruction of keys that was known when the snapshot began.
    pub(crate) key_epoch: i64,
    /// What a destruction in this transaction raised it to.
    pub(crate) destroyed_at_epoch: Option<i64>,
    spoilt: bool,
}

/// A transaction that may write. Ends with [`Tx::commit_with`] or [`Tx::commit_plain`]; dropped,
/// it is undone. On SQLite there is one at a time, so do nothing slow in between.
#[must_use = "a transaction that is not committed is undone"]
pub struct Tx {
    reader: Reader,
    now: Timestamp,
}

impl Deref for Tx {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

impl Tx {
    pub(crate) fn new(reader: Reader, now: Timestamp) -> Self {
        Self { reader, now }
    }

    /// The time that everything in this transaction happens at.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Stores one audit entry per event and commits, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Bug`] without events or after an earlier error; otherwise what the database
    /// says. In every case nothing of the transaction is kept.
    pub async fn commit_with(mut self, events: Vec<audit::Event>) -> Result<()> {
        if events.is_empty() {
            return Err(StoreError::Bug("commit_with without events".into()));
        }
        self.check_whole()?;
        self.append_audit(events).await?;
        self.finish().await
    }

    /// Commits something that is not security-relevant. `reason` says why, for the reader of the
    /// code and for traces.
    ///
    /// # Errors
    /// [`StoreError::Bug`] after an earlier error; otherwise what the database says. In every case
    /// nothing of the transaction is kept.
    pub async fn commit_plain(self, reason: &'static str) -> Result<()> {
        self.check_whole()?;
        tracing::trace!(reason, "commit without audit entry");
        self.finish().await
    }

    /// PostgreSQL answers the commit of a failed transaction by undoing it, without an error. So
    /// the store remembers by itself.
    fn check_whole(&self) -> Result<()> {
        if self.spoilt { Err(StoreError::Bug("commit after an error".into())) } else { Ok(()) }
    }

    async fn finish(self) -> Result<()> {
        let Reader { tx, shared, new_keys, key_epoch, destroyed_at_epoch, .. } = self.reader;
        tx.commit().await?;
        for (id, key) in new_keys {
            shared.remember_key(id, key, key_epoch);
        }
        if let Some(epoch) = destroyed_at_epoch {
            shared.keys_were_destroyed(epoch);
        }
        Ok(())
    }
}

impl Reader {
    pub(crate) fn new(tx: Transaction<'static, Any>, org: OrgId, shared: Arc<Shared>) -> Self {
        let key_epoch = shared.key_epoch();
        let (new_keys, dead_keys, destroyed_at_epoch) = (Vec::new(), Vec::new(), None);
        Self { tx, org, shared, new_keys, dead_keys, key_epoch, destroyed_at_epoch, spoilt: false }
    }

    /// The organisation that everything here belongs to.
    #[must_use]
    pub const fn org(&self) -> OrgId {
        self.org
    }

    pub(crate) fn org_text(&self) -> String {
        self.org.to_text()
    }

    /// Runs a statement; gives the number of rows that it changed.
    pub(crate) async fn run(&mut self, query: Query<'_>) -> Result<u64> {
        let done = query.execute(&mut *self.tx).await;
        self.note(done).map(|d| d.rows_affected())
    }

    /// All rows.
    pub(crate) async fn all(&mut self, query: Query<'_>) -> Result<Vec<AnyRow>> {
        let rows = query.fetch_all(&mut *self.tx).await;
        self.note(rows)
    }

    /// The only row, if there is one. Reads to the end, so that a statement with RETURNING has
    /// done its work.
    pub(crate) async fn one(&mut self, query: Query<'_>) -> Result<Option<AnyRow>> {
        Ok(self.all(query).await?.pop())
    }

    fn note<T>(&mut self, result: std::result::Result<T, sqlx::Error>) -> Result<T> {
        result.map_err(|error| {
            self.spoilt = true;
            let error = StoreError::from(error);
            if let StoreError::Bug(code) = &error {
                tracing::error!(%code, "the database refused a statement");
            }
            error
        })
    }

    /// The data key of this organisation's staff data.
    pub(crate) async fn org_key(&mut self) -> Result<Arc<DataKey>> {
        self.key(KeyId::Org(self.org)).await
    }

    /// The data key of a visit.
    pub(crate) async fn visit_key(&mut self, visit: VisitId) -> Result<Arc<DataKey>> {
        self.key(KeyId::Visit(self.org, visit)).await
    }

    pub(crate) async fn key(&mut self, id: KeyId) -> Result<Arc<DataKey>> {
        if let Some((_, key)) = self.new_keys.iter().find(|(new, _)| *new == id) {
            return Ok(key.clone());
        }
        if self.dead_keys.contains(&id) {
            return Err(StoreError::NotFound);
        }
        if let Some(key) = self.shared.known_key(id) {
            return Ok(key);
        }
        let query = crate::row::sql(
            "SELECT wrapped FROM data_keys WHERE org = $1 AND scope = $2 AND scope_id = $3",
        )
        .bind(id.org().to_text())
        .bind(id.scope().as_str())
        .bind(id.scope_id());
        let row = self.one(query).await?.ok_or(StoreError::NotFound)?;
        let wrapped = crate::row::Cols(&row).bytes("wrapped")?;
        let unwrap = move |kek: &dyn Kek| id.in_context(|at| DataKey::unwrap(kek, at, &wrapped));
        let key = Arc::new(self.shared.ask_kek(unwrap).await?);
        self.shared.remember_key(id, key.clone(), self.key_epoch);
        Ok(key)
    }

    /// Makes and stores a data key. Other transactions get it when this one is committed.
    pub(crate) async fn make_key(&mut self, id: KeyId, now: Timestamp) -> Result<()> {
        let wrap = move |kek: &dyn Kek| {
            let key = DataKey::generate()?;
            let wrapped = id.in_context(|at| key.wrap(kek, at))?;
            Ok((key, wrapped))
        };
        let (key, wrapped) = self.shared.ask_kek(wrap).await?;
        self.keep_key(id, key, wrapped, now).await
    }

    /// Stores a data key that was made in this transaction.
    pub(crate) async fn keep_key(
        &mut self,
        id: KeyId,
        key: DataKey,
        wrapped: Vec<u8>,
        now: Timestamp,
    ) -> Result<()> {
        let query = crate::row::sql(
            "INSERT INTO data_keys (org, scope, scope_id, wrapped, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.org().to_text())
        .bind(id.scope().as_str())
        .bind(id.scope_id())
        .bind(wrapped)
        .bind(now.0);
        self.run(query).await?;
        self.new_keys.push((id, Arc::new(key)));
        Ok(())
    }

    /// Whether a key was made in this transaction, so that nobody else has it yet.
    pub(crate) fn is_new(&self, id: KeyId) -> bool {
        self.new_keys.iter().any(|(new, _)| *new == id)
    }

    pub(crate) fn aad<'a>(&self, table: &'a str, column: &'a str, row: &'a str) -> Aad<'a> {
        Aad { org: self.org, table, column, row }
    }
}

/// Seals a value as JSON.
pub(crate) fn seal_json<T: Serialize>(
    key: &DataKey,
    purpose: SealPurpose,
    aad: &Aad<'_>,
    value: &T,
) -> Result<Vec<u8>> {
    let plain =
        Zeroizing::new(serde_json::to_vec(value).map_err(|_| StoreError::Bug("json".into()))?);
    Ok(key.seal(purpose, aad, &plain)?)
}

/// Opens what [`seal_json`] sealed.
pub(crate) fn open_json<T: DeserializeOwned>(
    key: &DataKey,
    purpose: SealPurpose,
    aad: &Aad<'_>,
    sealed: &[u8],
) -> Result<T> {
    let plain = key.open(purpose, aad, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("sealed value"))
}
