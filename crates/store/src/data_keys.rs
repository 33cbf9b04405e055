//! Wrapped data keys as a whole: counted, wrapped anew after a rotation, destroyed.
//!
//! Rotation touches wrapped keys only, never data. It can be stopped and begun again at any time, since
//! a key says itself which version wrapped it.

use crate::row::{Cols, sql};
use crate::{KeptKind, Result, Store, StoreError, Tx};
use keys::{Kek, KeyContext, KeyError, KeyScope};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use visit::{OrgId, Timestamp, VisitId, VisitState};

/// Which data key: where a reading of all of them goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyPlace {
    org: String,
    scope: String,
    scope_id: String,
}

/// What one step of wrapping anew did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that were looked at.
    pub seen: u64,
    /// Keys that are under the newest version now and were not before.
    pub rewrapped: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<DataKeyPlace>,
}

struct WrappedRow {
    place: DataKeyPlace,
    org: OrgId,
    scope: KeyScope,
    wrapped: Vec<u8>,
}

impl WrappedRow {
    fn read(row: &AnyRow) -> Result<Self> {
        let cols = Cols(row);
        let place = DataKeyPlace {
            org: cols.text("org")?,
            scope: cols.text("scope")?,
            scope_id: cols.text("scope_id")?,
        };
        Ok(Self {
            org: cols.id("org", OrgId::parse)?,
            scope: cols.code("scope", KeyScope::parse)?,
            wrapped: cols.bytes("wrapped")?,
            place,
        })
    }

    /// The key under the newest version; nothing when it is under it already.
    fn rewrap(&self, kek: &dyn Kek) -> std::result::Result<Option<Vec<u8>>, KeyError> {
        if kek.version_of(&self.wrapped).is_ok_and(|version| version == kek.current_version()) {
            return Ok(None);
        }
        let (org, scope, scope_id) = (self.org, self.scope, self.place.scope_id.as_str());
        kek.rewrap(KeyContext { org, scope, scope_id }, &self.wrapped).map(Some)
    }
}

impl Store {
    /// How many data keys each version of the key-encryption key wraps. Version 0 stands for keys that
    /// another provider wrapped.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keys_by_version(&self) -> Result<BTreeMap<u32, u64>> {
        let mut counts = BTreeMap::new();
        let mut after = None;
        loop {
            let rows = self.wrapped_rows(after.as_ref(), 1_000).await?;
            for row in &rows {
                let version = self.shared.kek.version_of(&row.wrapped).unwrap_or(0);
                *counts.entry(version).or_default() += 1;
            }
            match rows.into_iter().next_back() {
                Some(last) => after = Some(last.place),
                None => return Ok(counts),
            }
        }
    }

    /// How many data keys there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_data_keys(&self) -> Result<u64> {
        let query = sql("SELECT COUNT(*) AS n FROM data_keys");
        let row = query.fetch_one(&self.pools.read).await?;
        Cols(&row).count("n")
    }

    /// Looks at up to `limit` data keys after `after` and wraps those anew that are not under the newest
    /// version. The provider is asked outside of any transaction, so nobody waits for it.
    ///
    /// # Errors
    /// What the database or the provider says. What was done before stays done.
    pub async fn rewrap_some(
        &self,
        after: Option<&DataKeyPlace>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Rewrapped> {
        let rows = self.wrapped_rows(after, limit).await?;
        let seen = rows.len() as u64;
        let next = rows.last().map(|row| row.place.clone());
        let work = move |kek: &dyn Kek| {
            let rewrap = |row: WrappedRow| Ok(row.rewrap(kek)?.map(|new| (row, new)));
            rows.into_iter().filter_map(|row| rewrap(row).transpose()).collect()
        };
        let changed: Vec<(WrappedRow, Vec<u8>)> = self.shared.ask_kek(work).await?;
        let mut rewrapped = 0;
        if !changed.is_empty() {
            let mut tx = self.begin(self.default_org(), now).await?;
            for (row, new) in changed {
                // A key that was destroyed or wrapped anew meanwhile is left alone.
                let query = sql("UPDATE data_keys SET wrapped = $5 WHERE org = $1 AND scope = $2 \
                     AND scope_id = $3 AND wrapped = $4")
                .bind(row.place.org)
                .bind(row.place.scope)
                .bind(row.place.scope_id)
                .bind(row.wrapped)
                .bind(new);
                rewrapped += tx.run(query).await?;
            }
            tx.commit_plain("the same data keys; the rotation has an entry of its own").await?;
        }
        Ok(Rewrapped { seen, rewrapped, next })
    }

    async fn wrapped_rows(
        &self,
        after: Option<&DataKeyPlace>,
        limit: u32,
    ) -> Result<Vec<WrappedRow>> {
        let begin =
            DataKeyPlace { org: String::new(), scope: String::new(), scope_id: String::new() };
        let after = after.unwrap_or(&begin);
        let query = sql("SELECT org, scope, scope_id, wrapped FROM data_keys \
             WHERE (org, scope, scope_id) > ($1, $2, $3) ORDER BY org, scope, scope_id LIMIT $4")
        .bind(after.org.clone())
        .bind(after.scope.clone())
        .bind(after.scope_id.clone())
        .bind(i64::from(limit));
        let rows = query.fetch_all(&self.pools.read).await?;
        rows.iter().map(WrappedRow::read).collect()
    }

    /// Looks whether a data key was destroyed by any process, and if so forgets all unwrapped ones. To be
    /// called at least every 5 s. `true` when something was forgotten.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_destroyed_keys(&self) -> Result<bool> {
        let query = sql("SELECT epoch FROM key_epoch WHERE id = 1");
        let row = query.fetch_one(&self.pools.read).await?;
        Ok(self.shared.keys_were_destroyed(Cols(&row).int("epoch")?))
    }
}

impl Tx {
    /// Destroys a visit that is over ([`Tx::destroy_visit`]) because somebody says so, before its time.
    /// Whatever was sealed under its key can then be opened by nobody, except from a backup that still
    /// holds the key. Consents and the audit log stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a visit or when it is destroyed already,
    /// [`StoreError::Conflict`] when the visit is not over or a legal hold is on it.
    pub async fn destroy_visit_now(&mut self, visit: VisitId) -> Result<()> {
        let query = sql("SELECT v.state, (SELECT COUNT(*) FROM patient_visits p \
             JOIN legal_holds h ON h.org = p.org AND h.patient_id = p.patient_id \
             WHERE p.org = v.org AND p.visit_id = v.id AND h.lifted_at IS NULL) AS holds \
             FROM visits v WHERE v.org = $1 AND v.id = $2")
        .bind(self.org_text())
        .bind(visit.to_text());
        let row = self.one(query).await?.ok_or(StoreError::NotFound)?;
        let cols = Cols(&row);
        if !cols.code("state", VisitState::parse)?.is_final() || cols.int("holds")? > 0 {
            return Err(StoreError::Conflict);
        }
        match self.delete_kind(visit, KeptKind::Visit).await? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }

    /// Tells every process, from the commit on, that a data key was destroyed.
    pub(crate) async fn raise_key_epoch(&mut self) -> Result<()> {
        let query = sql("UPDATE key_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch");
        let row = self.one(query).await?.ok_or(StoreError::Corrupt("key_epoch"))?;
        self.destroyed_at_epoch = Some(Cols(&row).int("epoch")?);
        Ok(())
    }
}
