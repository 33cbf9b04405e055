//! The whole database as lines of text, and back: the form of backups. It is the same for SQLite and for
//! PostgreSQL, so a backup of one can be opened with the other.
//!
//! A line is JSON. `{"table": name, "columns": [[name, type], …]}` begins a table; each line after it is
//! an array with one row. Types are `text`, `int` and `bytes` (base 64). Sealed values stay sealed.
//! Tables come in the order in which they were made, so what is referred to comes first. The wrapped
//! data keys are a part of their own: [`Part::Keys`].
//!
//! Owns the form. It reads one snapshot, beside a running server, and writes only into an empty
//! database.

use crate::db::{MIGRATIONS, migrate};
use crate::inspect::schema;
use crate::row::{Cols, sql};
use crate::target::{self, Backend, Pools, StoreConfig};
use crate::{Result, StoreError};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};
use std::collections::BTreeMap;

/// Which part a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the keys.
    Data,
    /// The wrapped data keys. Kept apart, since its life is how long a destroyed key could come back.
    Keys,
}

/// What a dump held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpSummary {
    /// The step of the schema.
    pub schema_step: i64,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
}

const KEYS_TABLE: &str = "data_keys";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableLine {
    table: String,
    columns: Vec<(String, ColumnType)>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ColumnType {
    Text,
    Int,
    Bytes,
}

/// Reads everything in one snapshot and gives it line by line, without line ends.
///
/// # Errors
/// [`StoreError::Config`] when the schema is not the one of this program; otherwise what the database
/// says, or `sink`.
pub async fn dump(
    config: &StoreConfig,
    sink: &mut (dyn FnMut(Part, &str) -> Result<()> + Send),
) -> Result<DumpSummary> {
    if target::sqlite_path(&config.url)?.is_some_and(|path| !path.exists()) {
        return Err(StoreError::NotFound);
    }
    let pools = target::connect(config).await?;
    let done = dump_from(&pools, sink).await;
    pools.read.close().await;
    pools.write.close().await;
    done
}

async fn dump_from(
    pools: &Pools,
    sink: &mut (dyn FnMut(Part, &str) -> Result<()> + Send),
) -> Result<DumpSummary> {
    let schema_step = known_step();
    if schema(pools).await? != (schema_step, false) {
        let sentence = "the database is not at the step of this program; start the server once";
        return Err(StoreError::Config(sentence.into()));
    }
    let mut tx = pools.read.begin_with(pools.backend.begin_read()).await?;
    if pools.backend == Backend::Postgres {
        // A backup takes as long as it takes.
        sql("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        sql("SET LOCAL idle_in_transaction_session_timeout = 0").execute(&mut *tx).await?;
    }
    let mut summary = DumpSummary { schema_step, rows: BTreeMap::new() };
    for line in tables(&mut tx, pools.backend).await? {
        let part = if line.table == KEYS_TABLE { Part::Keys } else { Part::Data };
        sink(part, &to_line(&line)?)?;
        let names: Vec<&str> = line.columns.iter().map(|(name, _)| name.as_str()).collect();
        let text = format!("SELECT {} FROM {}", names.join(", "), line.table);
        let mut count = 0;
        let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            sink(part, &to_line(&read_row(&line.columns, &row)?)?)?;
            count += 1;
        }
        drop(rows);
        summary.rows.insert(line.table, count);
    }
    Ok(summary)
}

/// Fills an empty database with the lines of a dump, all or nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when the database has data already, [`StoreError::Corrupt`] for lines that
/// are no dump, [`StoreError::Config`] when the dump is of another step; otherwise what the database
/// says, or `lines`.
pub async fn restore(
    config: &StoreConfig,
    schema_step: i64,
    lines: &mut (dyn Iterator<Item = Result<String>> + Send),
) -> Result<DumpSummary> {
    if schema_step != known_step() {
        let sentence = format!(
            "the backup is of step {schema_step} of the schema, this program of {}; use the version \
             that made the backup",
            known_step()
        );
        return Err(StoreError::Config(sentence.into()));
    }
    let pools = target::connect(config).await?;
    let done = restore_into(&pools, lines).await;
    pools.read.close().await;
    pools.write.close().await;
    done
}

async fn restore_into(
    pools: &Pools,
    lines: &mut (dyn Iterator<Item = Result<String>> + Send),
) -> Result<DumpSummary> {
    migrate(pools).await?;
    let mut tx = pools.write.begin_with(pools.backend.begin_write()).await?;
    if sql("SELECT id FROM orgs LIMIT 1").fetch_optional(&mut *tx).await?.is_some() {
        return Err(StoreError::Conflict);
    }
    // The one row that the schema itself makes.
    sql("DELETE FROM key_epoch").execute(&mut *tx).await?;
    let known = tables(&mut tx, pools.backend).await?;
    let mut summary = DumpSummary { schema_step: known_step(), rows: BTreeMap::new() };
    let mut current: Option<(TableLine, String)> = None;
    for line in lines {
        let value: Value = serde_json::from_str(&line?)
            .map_err(|_| StoreError::Corrupt("a line of the backup"))?;
        let Value::Array(values) = value else {
            let line: TableLine = serde_json::from_value(value)
                .map_err(|_| StoreError::Corrupt("a table of the backup"))?;
            // Names go into statements: only those of the schema do.
            let fits = |k: &TableLine| k.table == line.table && k.columns == line.columns;
            if !known.iter().any(fits) {
                return Err(StoreError::Corrupt("a table of the backup"));
            }
            summary.rows.insert(line.table.clone(), 0);
            let text = insert(&line);
            current = Some((line, text));
            continue;
        };
        let Some((line, text)) = &current else {
            return Err(StoreError::Corrupt("a backup that begins with a row"));
        };
        write_row(&mut tx, &line.columns, text, values).await?;
        *summary.rows.entry(line.table.clone()).or_default() += 1;
    }
    tx.commit().await?;
    Ok(summary)
}

fn known_step() -> i64 {
    MIGRATIONS.last().map_or(0, |(step, ..)| *step)
}

/// The tables of our schema in the order in which they were made, with their columns.
async fn tables(tx: &mut Transaction<'static, Any>, backend: Backend) -> Result<Vec<TableLine>> {
    let text = match backend {
        Backend::Sqlite => {
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS column_type \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '_sqlx_migrations' \
             ORDER BY m.rowid, c.cid"
        }
        Backend::Postgres => {
            "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS column_name, \
             CAST(format_type(a.atttypid, NULL) AS TEXT) AS column_type \
             FROM pg_catalog.pg_class t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid \
             WHERE t.relkind = 'r' AND t.relnamespace = CAST(current_schema() AS regnamespace) \
             AND t.relname <> '_sqlx_migrations' AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY t.oid, a.attnum"
        }
    };
    let mut found: Vec<TableLine> = Vec::new();
    for row in sql(text).fetch_all(&mut **tx).await? {
        let cols = Cols(&row);
        let (table, column) = (cols.text("table_name")?, cols.text("column_name")?);
        let plain = |name: &str| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
        };
        if !plain(&table) || !plain(&column) {
            return Err(StoreError::Corrupt("the name of a table"));
        }
        let kind = match cols.text("column_type")?.to_ascii_lowercase().as_str() {
            "text" => ColumnType::Text,
            "bigint" => ColumnType::Int,
            "bytea" => ColumnType::Bytes,
            _ => return Err(StoreError::Bug(format!("the type of {table}.{column}").into())),
        };
        match found.last_mut().filter(|last| last.table == table) {
            Some(last) => last.columns.push((column, kind)),
            None => found.push(TableLine { table, columns: vec![(column, kind)] }),
        }
    }
    Ok(found)
}

fn read_row(columns: &[(String, ColumnType)], row: &AnyRow) -> Result<Vec<Value>> {
    let read = |(at, (_, kind)): (usize, &(String, ColumnType))| {
        Ok(match kind {
            ColumnType::Text => row.try_get::<Option<String>, _>(at)?.map(Value::from),
            ColumnType::Int => row.try_get::<Option<i64>, _>(at)?.map(Value::from),
            ColumnType::Bytes => {
                row.try_get::<Option<Vec<u8>>, _>(at)?.map(|b| Value::from(BASE64.encode(b)))
            }
        }
        .unwrap_or(Value::Null))
    };
    columns.iter().enumerate().map(read).collect()
}

async fn write_row(
    tx: &mut Transaction<'static, Any>,
    columns: &[(String, ColumnType)],
    text: &str,
    values: Vec<Value>,
) -> Result<()> {
    const WRONG: StoreError = StoreError::Corrupt("a row of the backup");
    if values.len() != columns.len() {
        return Err(WRONG);
    }
    let mut query = sqlx::query(AssertSqlSafe(text.to_owned()));
    for ((_, kind), value) in columns.iter().zip(values) {
        query = match (kind, value) {
            (ColumnType::Text, Value::Null) => query.bind(None::<String>),
            (ColumnType::Int, Value::Null) => query.bind(None::<i64>),
            (ColumnType::Bytes, Value::Null) => query.bind(None::<Vec<u8>>),
            (ColumnType::Text, Value::String(text)) => query.bind(text),
            (ColumnType::Int, Value::Number(number)) => query.bind(number.as_i64().ok_or(WRONG)?),
            (ColumnType::Bytes, Value::String(text)) => {
                query.bind(BASE64.decode(text).map_err(|_| WRONG)?)
            }
            _ => return Err(WRONG),
        };
    }
    query.execute(&mut **tx).await?;
    Ok(())
}

fn insert(line: &TableLine) -> String {
    let names: Vec<&str> = line.columns.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", line.table, names.join(", "), places.join(", "))
}

fn to_line<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Bug("json".into()))
}
