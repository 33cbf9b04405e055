//! Looking at a database without becoming its user: is it there, which schema does it have, does it
//! take a write, do the keys fit. For an operator who asks before patients do.
//!
//! It never makes a file, applies a step of the schema, or leaves anything behind: the write that it
//! tries is undone. It works beside a running server.

use crate::db::{MIGRATIONS, Shared};
use crate::row::{Cols, sql};
use crate::target::{self, Backend, Pools, StoreConfig};
use crate::{Reader, Result, StoreError};
use keys::Kek;
use std::sync::Arc;
use visit::OrgId;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Which kind of database answered.
    pub backend: Backend,
    /// Newest step of the schema that is applied; 0 in an empty database.
    pub schema_step: i64,
    /// Newest step that this program knows.
    pub known_step: i64,
    /// A step that was begun and not finished.
    pub is_half_way: bool,
    /// Whether the keys open the data; `None` when there is no data yet, or when its schema is not
    /// the one of this program.
    pub keys_fit: Option<bool>,
}

/// Connects, reads the level of the schema, writes and undoes it, and tries the keys.
///
/// # Errors
/// [`StoreError::NotFound`] when the file of a SQLite database is not there, otherwise what stands in
/// the way of connecting, reading or writing.
pub async fn inspect(config: &StoreConfig, kek: Arc<dyn Kek>) -> Result<Inspection> {
    if target::sqlite_path(&config.url)?.is_some_and(|path| !path.exists()) {
        return Err(StoreError::NotFound);
    }
    let pools = target::connect(config).await?;
    let found = look(&pools, kek).await;
    pools.read.close().await;
    pools.write.close().await;
    found
}

/// The default organisation's data, to read only, beside whatever else uses the database.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no data yet, [`StoreError::Config`] when its schema is not the
/// one of this program, otherwise what the database says.
pub async fn peek(config: &StoreConfig, kek: Arc<dyn Kek>) -> Result<Reader> {
    look_in(config, kek).await.map(|(_, reader)| reader)
}

pub(crate) async fn look_in(config: &StoreConfig, kek: Arc<dyn Kek>) -> Result<(Pools, Reader)> {
    if target::sqlite_path(&config.url)?.is_some_and(|path| !path.exists()) {
        return Err(StoreError::NotFound);
    }
    let pools = target::connect(config).await?;
    let known_step = MIGRATIONS.last().map_or(0, |(step, ..)| *step);
    if schema(&pools).await? != (known_step, false) {
        let sentence = "the database is not at the step of this program; start the server once";
        return Err(StoreError::Config(sentence.into()));
    }
    let reader = reader(&pools, kek).await?.ok_or(StoreError::NotFound)?;
    Ok((pools, reader))
}

async fn look(pools: &Pools, kek: Arc<dyn Kek>) -> Result<Inspection> {
    let known_step = MIGRATIONS.last().map_or(0, |(step, ..)| *step);
    let (schema_step, is_half_way) = schema(pools).await?;
    write_and_undo(pools).await?;
    let keys_fit =
        if schema_step == known_step && !is_half_way { keys_fit(pools, kek).await? } else { None };
    Ok(Inspection { backend: pools.backend, schema_step, known_step, is_half_way, keys_fit })
}

pub(crate) async fn schema(pools: &Pools) -> Result<(i64, bool)> {
    let book = match pools.backend {
        Backend::Sqlite => {
            "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'"
        }
        Backend::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_catalog.pg_tables \
             WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'"
        }
    };
    let row = sql(book).fetch_one(&pools.read).await?;
    if Cols(&row).int("n")? == 0 {
        return Ok((0, false));
    }
    let steps = sql("SELECT COALESCE(MAX(version), 0) AS step, \
         COALESCE(SUM(CASE WHEN success THEN 0 ELSE 1 END), 0) AS broken FROM _sqlx_migrations");
    let row = steps.fetch_one(&pools.read).await?;
    Ok((Cols(&row).int("step")?, Cols(&row).int("broken")? > 0))
}

/// A table of its own, so that no lock of a table that is in use is taken.
async fn write_and_undo(pools: &Pools) -> Result<()> {
    let mut tx = pools.write.begin_with(pools.backend.begin_write()).await?;
    sql("CREATE TABLE bedside_inspection (n BIGINT NOT NULL)").execute(&mut *tx).await?;
    sql("INSERT INTO bedside_inspection (n) VALUES (1)").execute(&mut *tx).await?;
    tx.rollback().await?;
    Ok(())
}

async fn keys_fit(pools: &Pools, kek: Arc<dyn Kek>) -> Result<Option<bool>> {
    let Some(mut reader) = reader(pools, kek).await? else { return Ok(None) };
    match reader.org_key().await {
        Ok(_) => Ok(Some(true)),
        Err(StoreError::Sealed(_) | StoreError::NotFound) => Ok(Some(false)),
        Err(other) => Err(other),
    }
}

/// The organisation that exists from the first start on; none before it.
async fn reader(pools: &Pools, kek: Arc<dyn Kek>) -> Result<Option<Reader>> {
    let query = sql("SELECT id FROM orgs ORDER BY created_at, id LIMIT 1");
    let Some(row) = query.fetch_optional(&pools.read).await? else { return Ok(None) };
    let org = Cols(&row).id("id", OrgId::parse)?;
    let tx = pools.read.begin_with(pools.backend.begin_read()).await?;
    Ok(Some(Reader::new(tx, org, Arc::new(Shared::new(kek, Vec::new())))))
}
