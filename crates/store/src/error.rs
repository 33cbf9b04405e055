//! What can go wrong in the store, with stable codes. No variant carries a value out of a row: a
//! database likes to quote the data it complains about, so only its error codes are kept.

use keys::KeyError;
use std::borrow::Cow;

/// A failure of the store.
///
/// After any error that came from the database the transaction is spoilt: drop the [`crate::Tx`]
/// and begin again. [`crate::Tx::commit_with`] refuses a spoilt one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The row does not exist in this organisation.
    #[error("not found")]
    NotFound,
    /// Somebody else changed the row first, or a unique value is taken.
    #[error("changed by somebody else meanwhile, or already there")]
    Conflict,
    /// The database is locked or overloaded. The same call may work in a moment.
    #[error("the database is busy")]
    Busy,
    /// The disk, or the space granted to the database, is full. Nothing was written.
    #[error("the disk of the database is full")]
    Full,
    /// Stored data is damaged or not what this program writes.
    #[error("stored data is damaged: {0}")]
    Corrupt(&'static str),
    /// The database cannot be reached, opened or written to.
    #[error("the database is not available ({0})")]
    Unavailable(Cow<'static, str>),
    /// A sealed value or key did not open.
    #[error("sealed data did not open: {0}")]
    Sealed(#[from] KeyError),
    /// The database URL or a setting is not usable.
    #[error("{0}")]
    Config(Cow<'static, str>),
    /// The program used the store wrongly, or holds a statement that the database refuses. Carries
    /// the database's code, never its message.
    #[error("a fault in the program ({0})")]
    Bug(Cow<'static, str>),
}

impl StoreError {
    /// A stable code for pages, logs and alerts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Busy => "store_busy",
            Self::Full => "store_full",
            Self::Corrupt(_) => "store_corrupt",
            Self::Unavailable(_) => "store_unavailable",
            Self::Sealed(_) => "store_sealed",
            Self::Config(_) => "store_config",
            Self::Bug(_) => "store_bug",
        }
    }

    /// What writing a dump to a disk says.
    #[must_use]
    pub fn from_io(error: std::io::Error) -> Self {
        sqlx::Error::Io(error).into()
    }

    /// Whether the same call may succeed a little later, without anybody changing anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Unavailable(_) => true,
            Self::Sealed(error) => error.is_passing(),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(inner) => from_database(&*inner),
            E::RowNotFound => Self::NotFound,
            E::PoolTimedOut => Self::Busy,
            E::Io(inner) if inner.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            E::Io(inner) => Self::Unavailable(format!("io: {:?}", inner.kind()).into()),
            E::Tls(_) => Self::Unavailable("tls".into()),
            E::PoolClosed => Self::Unavailable("closed".into()),
            E::WorkerCrashed => Self::Unavailable("worker".into()),
            E::Protocol(_) => Self::Unavailable("protocol".into()),
            E::Configuration(_) => Self::Config("the database URL is not usable".into()),
            E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt("a column has another type"),
            E::ColumnNotFound(_) | E::ColumnIndexOutOfBounds { .. } => Self::Bug("column".into()),
            _ => Self::Bug("driver".into()),
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    use sqlx::error::ErrorKind;
    match error.kind() {
        ErrorKind::UniqueViolation => return StoreError::Conflict,
        // The row that was pointed at does not exist in this organisation.
        ErrorKind::ForeignKeyViolation => return StoreError::NotFound,
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    // SQLite's codes are decimal numbers; PostgreSQL's have five characters (two for the class).
    if code.len() == 5 { from_postgres(&code) } else { from_sqlite(&code) }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn from_postgres(code: &str) -> StoreError {
    match code {
        "53100" => StoreError::Full,
        // Lock not available, query cancelled by a timeout, serialisation failure, deadlock, too
        // many connections.
        "55P03" | "57014" | "40001" | "40P01" | "53300" => StoreError::Busy,
        "XX001" | "XX002" => StoreError::Corrupt("the database reports damage"),
        _ => match &code[..2] {
            // Connection, resources, operator intervention, system error, wrong password or role.
            "08" | "53" | "57" | "58" | "28" | "3D" => {
                StoreError::Unavailable(format!("postgres {code}").into())
            }
            _ => StoreError::Bug(format!("postgres {code}").into()),
        },
    }
}

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn from_sqlite(code: &str) -> StoreError {
    let Ok(number) = code.parse::<u32>() else {
        return StoreError::Bug("database code".into());
    };
    match number & 0xFF {
        5 | 6 => StoreError::Busy,
        13 => StoreError::Full,
        11 | 26 => StoreError::Corrupt("the database reports damage"),
        // Permission, out of memory, read-only, interrupted, disk I/O, cannot open.
        3 | 7 | 8 | 9 | 10 | 14 => StoreError::Unavailable(format!("sqlite {number}").into()),
        _ => StoreError::Bug(format!("sqlite {number}").into()),
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as M;
        match error {
            M::Execute(inner) | M::ExecuteMigration(inner, _) => inner.into(),
            M::VersionMissing(n) => Self::Config(
                format!("the database has schema step {n} of a newer version; use that version")
                    .into(),
            ),
            M::VersionMismatch(n) => {
                Self::Config(format!("schema step {n} differs from the one applied").into())
            }
            M::Dirty(n) => {
                Self::Config(format!("schema step {n} stopped half-way; restore the backup").into())
            }
            _ => Self::Bug("migration".into()),
        }
    }
}

impl From<audit::BadEntry> for StoreError {
    fn from(error: audit::BadEntry) -> Self {
        match error {
            audit::BadEntry::TooLong => Self::Bug("audit entry too long".into()),
            _ => Self::Corrupt("audit entry"),
        }
    }
}
