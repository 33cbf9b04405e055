//! Databases and log records for tests, of this crate and of others. Not part of the program: everything here
//! panics when the machine does not play along, with a sentence that says what is missing.

#![allow(clippy::expect_used, clippy::panic)]

mod logs;

pub use logs::AllLogs;

use crate::{Store, StoreConfig};
use keys::{FileKeyring, Kek};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use visit::Timestamp;

/// Noon of a day in November 2026; tests count from here.
pub const NOON: Timestamp = Timestamp(1_795_348_800_000_000);

/// An empty database with a keyring. Goes away with the value.
pub struct TestDb {
    /// How to open it.
    pub config: StoreConfig,
    /// The keys of its data.
    pub kek: Arc<dyn Kek>,
    dir: PathBuf,
}

impl TestDb {
    /// A SQLite database in a folder of its own.
    #[must_use]
    pub fn sqlite() -> Self {
        let dir = fresh_dir("sqlite");
        let url = format!("sqlite:{}", dir.join("data/test.db").display());
        Self::new(dir, url)
    }

    /// A database on a PostgreSQL server: the one at `BEDSIDE_TEST_POSTGRES` (a URL whose user may
    /// create databases), or one that this process starts and that ends with it.
    pub async fn postgres() -> Self {
        let dir = fresh_dir("postgres");
        Self::new(dir, fresh_postgres_url().await)
    }

    fn new(dir: PathBuf, url: String) -> Self {
        let kek = FileKeyring::create_or_open(dir.join("keyring.json")).expect("a keyring");
        Self { config: StoreConfig::new(url), kek: Arc::new(kek), dir }
    }

    /// Opens the store, as the program does at its start.
    pub async fn open(&self) -> Store {
        self.open_with(self.kek.clone()).await.expect("the store opens")
    }

    /// Opens the store with other keys than [`Self::kek`]. Every run in this process has a name of
    /// its own, as runs of the program do.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(&self, kek: Arc<dyn Kek>) -> crate::Result<Store> {
        static RUN: AtomicU64 = AtomicU64::new(1);
        let run = u128::from(RUN.fetch_add(1, Ordering::Relaxed));
        Store::open(&self.config, kek, NOON, run).await
    }

    /// The folder with the keyring and, for SQLite, the database.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        // What is left behind in the temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn fresh_dir(kind: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("bedside-test-{kind}-{}-{number}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    // A process with the same number may have been killed earlier.
    let _ = fs::remove_dir_all(&dir);
    fs::DirBuilder::new().mode(0o700).create(&dir).expect("a temporary folder");
    dir
}

async fn fresh_postgres_url() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let server = match std::env::var("BEDSIDE_TEST_POSTGRES") {
        Ok(url) => url,
        Err(_) => tokio::task::spawn_blocking(own_server).await.expect("PostgreSQL starts"),
    };
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("bedside_test_{}_{number}", std::process::id());
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(&server)
        .await
        .expect("the PostgreSQL server of the tests answers (see BEDSIDE_TEST_POSTGRES)");
    let drop_old = format!("DROP DATABASE IF EXISTS {name}");
    conn.execute(AssertSqlSafe(drop_old)).await.expect("the test user may drop databases");
    let create = format!("CREATE DATABASE {name}");
    conn.execute(AssertSqlSafe(create)).await.expect("the test user may create databases");
    conn.close().await.expect("the connection closes");

    let (base, options) = match server.split_once('?') {
        Some((base, options)) => (base, format!("?{options}")),
        None => (server.as_str(), String::new()),
    };
    let authority_end = base.find("://").map_or(0, |at| at + 3);
    let base = match base[authority_end..].find('/') {
        Some(slash) => &base[..authority_end + slash],
        None => base,
    };
    format!("{base}/{name}{options}")
}

/// The server of this process. It is started once, and its starter script stops it and removes its
/// folder as soon as this process is gone, however it ended: the script waits for the end of its
/// standard input, which only this process holds open.
fn own_server() -> String {
    static SERVER: OnceLock<(String, Child)> = OnceLock::new();
    SERVER.get_or_init(start_server).0.clone()
}

const STARTER: &str = r#"
set -e
cd "$DATA"
"$BIN/initdb" -D "$DATA/db" -U bedside -A trust -E UTF8 --locale=C --no-sync >init.log 2>&1 \
    || { cat init.log >&2; exit 1; }
"$BIN/pg_ctl" -D "$DATA/db" -l "$DATA/server.log" -w -t 120 start \
    -o "-c listen_addresses= -c unix_socket_directories=$DATA -c fsync=off -c max_connections=200" \
    >start.log 2>&1 || { cat start.log server.log >&2; exit 1; }
echo ready
cat >/dev/null
"$BIN/pg_ctl" -D "$DATA/db" -m fast -w stop >/dev/null 2>&1 || true
cd / && rm -rf "$DATA"
"#;

fn start_server() -> (String, Child) {
    let bin = newest_postgres().expect(
        "PostgreSQL is not installed: run `make test`, which installs it, or \
         `apt-get install postgresql`, or set BEDSIDE_TEST_POSTGRES",
    );
    let dir = fresh_dir("server");
    let mut command = Command::new("sh");
    command
        .args(["-c", STARTER])
        .env("BIN", &bin)
        .env("DATA", &dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    // PostgreSQL refuses to run as root; Debian's package brings a user for it.
    if fs::metadata(&dir).expect("the folder is there").uid() == 0 {
        let (uid, gid) = postgres_user().expect("the user `postgres` exists beside the package");
        chown(&dir, Some(uid), Some(gid)).expect("root may give the folder away");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("chmod");
        command.uid(uid).gid(gid);
    }
    let mut child = command.spawn().expect("sh starts");
    let stdout = child.stdout.take().expect("stdout is a pipe");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("the starter answers");
    assert_eq!(line.trim(), "ready", "PostgreSQL did not start; its messages are above");
    let socket = dir.display().to_string().replace('/', "%2F");
    (format!("postgres://bedside@localhost/postgres?host={socket}&sslmode=disable"), child)
}

/// The programs of the newest version that Debian's package installed.
fn newest_postgres() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}

fn postgres_user() -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = passwd.lines().find(|line| line.starts_with("postgres:"))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
