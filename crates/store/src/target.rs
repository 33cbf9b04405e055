//! Which database, and how a connection to it is set up.

use crate::StoreError;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the data lives and how patient the store is.
#[derive(Clone)]
pub struct StoreConfig {
    /// `sqlite:<path>` for a file (made with its folder when missing), or `postgres://…`.
    pub url: String,
    /// How long a call waits for a lock or a free connection before [`StoreError::Busy`];
    /// 1 to 60,000 ms.
    pub busy_timeout_ms: u32,
    /// Connections for reading; on PostgreSQL also the number for writing. 1 to 100.
    pub connections: u32,
    /// Writers of the audit log in this process, 1 to 64. Only on PostgreSQL: SQLite writes one
    /// transaction at a time anyway, and uses one.
    pub audit_lanes: u32,
}

impl StoreConfig {
    /// The usual settings for the database at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), busy_timeout_ms: 5_000, connections: 4, audit_lanes: 4 }
    }

    fn check(&self) -> Result<(), StoreError> {
        let bounds = [
            (self.busy_timeout_ms, 60_000, "busy_timeout_ms must be 1 to 60000"),
            (self.connections, 100, "connections must be 1 to 100"),
            (self.audit_lanes, 64, "audit_lanes must be 1 to 64"),
        ];
        match bounds.into_iter().find(|(value, most, _)| !(1..=*most).contains(value)) {
            Some((_, _, sentence)) => Err(StoreError::Config(sentence.into())),
            None => Ok(()),
        }
    }
}

/// The two kinds of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file, one machine.
    Sqlite,
    /// A server.
    Postgres,
}

impl Backend {
    /// The statement that begins a transaction which writes. On SQLite it takes the write lock at
    /// once: a lock taken later could fail after half the work.
    pub(crate) const fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// The statement that begins a transaction which reads one snapshot.
    pub(crate) const fn begin_read(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// The pools. On SQLite `write` has one connection, so writers queue in this process instead of
/// fighting for the file's lock.
pub(crate) struct Pools {
    pub(crate) backend: Backend,
    pub(crate) write: AnyPool,
    pub(crate) read: AnyPool,
}

pub(crate) async fn connect(config: &StoreConfig) -> Result<Pools, StoreError> {
    config.check()?;
    sqlx::any::install_default_drivers();
    let timeout = Duration::from_millis(config.busy_timeout_ms.into());
    // A writer may wait for the pool and then for the file's lock: the second wait must be able to
    // report its own error.
    let pool = |size: u32, setup: String| {
        AnyPoolOptions::new()
            .max_connections(size)
            .min_connections(0)
            .acquire_timeout(timeout.saturating_mul(2))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(true)
            .after_connect(move |conn, _| {
                let setup = setup.clone();
                Box::pin(async move { conn.execute(AssertSqlSafe(setup)).await.map(|_| ()) })
            })
            .before_acquire(|conn, _| Box::pin(async move { Ok(is_idle(conn)) }))
    };
    let ms = config.busy_timeout_ms;
    if let Some(path) = sqlite_path(&config.url)? {
        make_private_file(&path)?;
        let options = quiet(&sqlite_url(&path)?)?;
        let common = format!("PRAGMA busy_timeout = {ms}; PRAGMA foreign_keys = ON;");
        // WAL is a property of the file; setting it again does nothing. FULL makes every commit
        // durable before it is acknowledged. What is deleted, as a destroyed key, is overwritten.
        let writer = format!(
            "{common} PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;"
        );
        let write = pool(1, writer).connect_with(options.clone()).await?;
        let reader = format!("{common} PRAGMA query_only = ON;");
        let read = pool(config.connections, reader).connect_with(options).await?;
        return Ok(Pools { backend: Backend::Sqlite, write, read });
    }
    let options = quiet(&config.url)?;
    let setup = format!(
        "SET lock_timeout = {ms}; SET statement_timeout = {statement_ms}; \
         SET idle_in_transaction_session_timeout = {statement_ms}; SET synchronous_commit = on; \
         SET client_min_messages = warning; SET application_name = 'bedside'",
        statement_ms = u64::from(ms) * 6,
    );
    let write = pool(config.connections, setup.clone()).connect_with(options.clone()).await?;
    let read = pool(config.connections, setup).connect_with(options).await?;
    Ok(Pools { backend: Backend::Postgres, write, read })
}

/// A connection that still counts an open transaction is thrown away. SQLite ends a transaction by
/// itself on some errors (a full disk is one), and the driver's own count is then wrong for ever.
fn is_idle(conn: &AnyConnection) -> bool {
    !conn.is_in_transaction()
}

/// Statements are never logged: a slow-query log would repeat them for years.
fn quiet(url: &str) -> Result<sqlx::any::AnyConnectOptions, StoreError> {
    use sqlx::ConnectOptions as _;
    let options: sqlx::any::AnyConnectOptions =
        url.parse().map_err(|_| StoreError::Config(URL_HELP.into()))?;
    Ok(options.disable_statement_logging())
}

const URL_HELP: &str =
    "the database URL must be sqlite:<path of a file> or postgres://user@host/database";

/// The path of a SQLite URL, taken literally; `None` for PostgreSQL.
pub(crate) fn sqlite_path(url: &str) -> Result<Option<PathBuf>, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(None);
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    match path {
        None => Err(StoreError::Config(URL_HELP.into())),
        Some("" | ":memory:") => Err(StoreError::Config(
            "the SQLite database must be a file; one in memory would forget every visit".into(),
        )),
        Some(path) => Ok(Some(PathBuf::from(path))),
    }
}

/// The driver's URL for a path. Bytes that mean something in a URL are escaped.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let absolute = std::path::absolute(path).map_err(|e| cannot("find", path, &e))?;
    let mut url = "sqlite://".to_owned();
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                url.push(char::from(*byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url.push_str("?mode=rw");
    Ok(url)
}

/// Makes the folder (0700) and the file (0600) before SQLite does: it would make them readable by
/// others, and gives its WAL and shared-memory files the permissions of the database file.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| cannot("make the folder of", path, &e))?;
    }
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| cannot("open", path, &e))?;
    let mode = file.metadata().map_err(|e| cannot("open", path, &e))?.mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(StoreError::Config(
            format!("the database {path} can be read by others; run: chmod 600 {path}").into(),
        ));
    }
    Ok(())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full;
    }
    StoreError::Config(format!("cannot {what} the database {}: {error}", path.display()).into())
}
