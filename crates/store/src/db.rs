//! Opening the store, and what all transactions share.

use crate::recorder::Recorder;
use crate::row::{Cols, sql};
use crate::target::{self, Backend, Pools, StoreConfig};
use crate::{Reader, Result, SecretHash, StoreError, Tx};
use audit::{Actor, Event, Kind, WriterId};
use keys::{DataKey, Kek, KeyContext, KeyError, KeyScope};
use sqlx::Executor as _;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ulid::Ulid;
use visit::id::BadId;
use visit::{OrgId, Timestamp, VisitId};

/// Every schema step, in order. A step that was released is never edited.
pub(crate) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../migrations/0001_initial.sql")),
    (2, "invited by, and hold", include_str!("../migrations/0002_invited_by_and_hold.sql")),
    (3, "call quality", include_str!("../migrations/0003_call_quality.sql")),
    (4, "audit tree", include_str!("../migrations/0004_audit_tree.sql")),
    (5, "destroyed keys", include_str!("../migrations/0005_destroyed_keys.sql")),
    (6, "access", include_str!("../migrations/0006_access.sql")),
    (7, "sign in", include_str!("../migrations/0007_sign_in.sql")),
    (8, "factor shown", include_str!("../migrations/0008_factor_shown.sql")),
    (9, "audit keys", include_str!("../migrations/0009_audit_keys.sql")),
];

/// Unwrapped keys kept in memory. A visit needs its key many times in an hour and then hardly ever.
const MAX_KNOWN_KEYS: usize = 10_000;

/// The database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Arc<Pools>,
    pub(crate) shared: Arc<Shared>,
    default_org: OrgId,
}

/// What every transaction of this process shares.
pub(crate) struct Shared {
    pub(crate) kek: Arc<dyn Kek>,
    pub(crate) writers: Vec<WriterId>,
    next_writer: AtomicUsize,
    recorder: Recorder,
    keys: Mutex<KnownKeys>,
}

/// Unwrapped keys, and the destruction that this process knows of.
#[derive(Default)]
struct KnownKeys {
    epoch: i64,
    held: HashMap<KeyId, Arc<DataKey>>,
    /// The audit key of the only patient of a visit.
    audit: HashMap<(OrgId, VisitId), AuditKeyId>,
}

/// The name of a patient's audit key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AuditKeyId(pub(crate) u128);

impl AuditKeyId {
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, BadId> {
        let is_plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_plain);
        number.map(Self).ok_or(BadId)
    }
}

/// Which data key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeyId {
    Org(OrgId),
    Visit(OrgId, VisitId),
    Audit(OrgId, AuditKeyId),
}

impl KeyId {
    pub(crate) const fn scope(self) -> KeyScope {
        match self {
            Self::Org(_) => KeyScope::Org,
            Self::Visit(..) => KeyScope::Visit,
            Self::Audit(..) => KeyScope::Patient,
        }
    }

    pub(crate) fn scope_id(self) -> String {
        match self {
            Self::Org(org) => org.to_text(),
            Self::Visit(_, visit) => visit.to_text(),
            Self::Audit(_, name) => format!("{:032x}", name.0),
        }
    }

    pub(crate) const fn org(self) -> OrgId {
        let (Self::Org(org) | Self::Visit(org, _) | Self::Audit(org, _)) = self;
        org
    }

    /// Where the key belongs, for the provider.
    pub(crate) fn in_context<T>(self, work: impl FnOnce(KeyContext<'_>) -> T) -> T {
        let scope_id = self.scope_id();
        work(KeyContext { org: self.org(), scope: self.scope(), scope_id: &scope_id })
    }
}

impl Shared {
    pub(crate) fn new(kek: Arc<dyn Kek>, writers: Vec<WriterId>) -> Self {
        let (next_writer, keys) = (AtomicUsize::new(0), Mutex::default());
        Self { kek, writers, next_writer, recorder: Recorder::default(), keys }
    }

    fn keys(&self) -> MutexGuard<'_, KnownKeys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known_key(&self, id: KeyId) -> Option<Arc<DataKey>> {
        self.keys().held.get(&id).cloned()
    }

    pub(crate) fn key_epoch(&self) -> i64 {
        self.keys().epoch
    }

    /// Keeps a key that was read in a snapshot taken at `epoch`. A snapshot from before the newest
    /// destruction may still show a key that is destroyed, so what it gives is not kept.
    pub(crate) fn remember_key(&self, id: KeyId, key: Arc<DataKey>, epoch: i64) {
        let mut keys = self.keys();
        if keys.epoch != epoch {
            return;
        }
        if keys.held.len() >= MAX_KNOWN_KEYS {
            keys.held.clear();
        }
        keys.held.insert(id, key);
    }

    /// Forgets every unwrapped key, since one of them may be destroyed. The others are unwrapped again
    /// when they are needed. `false` when this destruction is known already.
    pub(crate) fn keys_were_destroyed(&self, epoch: i64) -> bool {
        let mut keys = self.keys();
        let is_news = epoch > keys.epoch;
        if is_news {
            keys.epoch = epoch;
            keys.held.clear();
            keys.audit.clear();
        }
        is_news
    }

    /// The audit key of the only patient of a visit, as far as it was looked up.
    pub(crate) fn audit_key(&self, org: OrgId, visit: VisitId) -> Option<AuditKeyId> {
        self.keys().audit.get(&(org, visit)).copied()
    }

    /// Whether words about a visit could be sealed without asking the database.
    pub(crate) fn has_audit_key(&self, org: OrgId, visit: VisitId) -> bool {
        let keys = self.keys();
        let id = keys.audit.get(&(org, visit));
        id.is_some_and(|id| keys.held.contains_key(&KeyId::Audit(org, *id)))
    }

    /// Keeps it. As with [`Self::remember_key`].
    pub(crate) fn remember_audit_key(
        &self,
        org: OrgId,
        visit: VisitId,
        id: AuditKeyId,
        epoch: i64,
    ) {
        let mut keys = self.keys();
        if keys.epoch != epoch {
            return;
        }
        if keys.audit.len() >= MAX_KNOWN_KEYS {
            keys.audit.clear();
        }
        keys.audit.insert((org, visit), id);
    }

    /// Runs a call of the key provider, beside the runtime if it may wait.
    pub(crate) async fn ask_kek<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Kek) -> std::result::Result<T, KeyError> + Send + 'static,
    ) -> Result<T> {
        if !self.kek.waits() {
            return Ok(work(&*self.kek)?);
        }
        let kek = Arc::clone(&self.kek);
        match tokio::task::spawn_blocking(move || work(&*kek)).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(StoreError::Bug("the key provider stopped".into())),
        }
    }

    /// Writers take turns, so that transactions wait for each other's row lock as little as
    /// possible.
    /// `None` for somebody who came to look only.
    pub(crate) fn next_writer(&self) -> Option<&WriterId> {
        let turn = self.next_writer.fetch_add(1, Ordering::Relaxed);
        self.writers.get(turn.checked_rem(self.writers.len())?)
    }
}

/// A secret that arrives without its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKind {
    /// A staff session.
    Session,
    /// A one-time link of staff.
    StaffLink,
    /// A guest's link.
    SeatLink,
    /// A join token.
    JoinToken,
    /// A device that a seat is bound to.
    Device,
}

impl Store {
    /// Connects, applies what is missing of the schema, makes the default organisation on first
    /// use, and writes "server started" into the audit log.
    ///
    /// `random` names this run of the program together with `now`: 80 bits of it are used.
    ///
    /// # Errors
    /// [`StoreError::Config`] for an unusable URL or a schema of a newer version,
    /// [`StoreError::Sealed`] when the key provider is not healthy or its keys do not fit the
    /// data, otherwise what the database says.
    pub async fn open(
        config: &StoreConfig,
        kek: Arc<dyn Kek>,
        now: Timestamp,
        random: u128,
    ) -> Result<Self> {
        let asked = Shared::new(Arc::clone(&kek), Vec::new());
        asked.ask_kek(|kek| kek.health()).await?;
        let pools = target::connect(config).await?;
        migrate(&pools).await?;

        let boot = Ulid::from_parts(now.unix_ms(), random).to_string();
        let lanes = match pools.backend {
            Backend::Sqlite => 1,
            Backend::Postgres => config.audit_lanes,
        };
        let writers = (0..lanes)
            .map(|lane| WriterId::new(format!("{boot}/{lane}")))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared::new(kek, writers));

        let first = OrgId::new(now.unix_ms(), !random);
        let mut store = Self { pools: Arc::new(pools), shared, default_org: first };
        store.forget_destroyed_keys().await?;
        store.default_org = store.find_or_make_default_org(now).await?;
        store.write_on_all_lanes(now, Kind::ServerStarted).await?;
        Ok(store)
    }

    /// Opens a database that is in use already, beside the server, without becoming a writer of its
    /// audit log: a change that needs an entry is refused.
    ///
    /// # Errors
    /// As [`crate::peek`].
    pub async fn beside(config: &StoreConfig, kek: Arc<dyn Kek>) -> Result<Self> {
        let (pools, reader) = crate::inspect::look_in(config, kek.clone()).await?;
        let shared = Arc::new(Shared::new(kek, Vec::new()));
        Ok(Self { pools: Arc::new(pools), shared, default_org: reader.org() })
    }

    /// The organisation that exists from the first start on.
    #[must_use]
    pub const fn default_org(&self) -> OrgId {
        self.default_org
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Which kind of database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.pools.backend
    }

    /// A snapshot of one organisation's data.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when no connection gets free in time.
    pub async fn read(&self, org: OrgId) -> Result<Reader> {
        let tx = self.pools.read.begin_with(self.pools.backend.begin_read()).await?;
        Ok(Reader::new(tx, org, self.shared.clone()))
    }

    /// A transaction for one organisation, in which everything happens at `now`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another writer does not finish in time.
    pub async fn begin(&self, org: OrgId, now: Timestamp) -> Result<Tx> {
        let tx = self.pools.write.begin_with(self.pools.backend.begin_write()).await?;
        Ok(Tx::new(Reader::new(tx, org, self.shared.clone()), now))
    }

    /// The organisation that a secret belongs to; the one question that is asked across all of
    /// them. Whether the secret is still good is asked next, inside the organisation.
    ///
    /// # Errors
    /// What the database says.
    pub async fn org_of(&self, kind: HashKind, hash: SecretHash) -> Result<Option<OrgId>> {
        let text = match kind {
            HashKind::Session => "SELECT org FROM sessions WHERE id_hash = $1",
            HashKind::StaffLink => "SELECT org FROM staff_links WHERE link_hash = $1",
            HashKind::SeatLink => "SELECT org FROM seat_links WHERE link_hash = $1",
            HashKind::JoinToken => "SELECT org FROM join_tokens WHERE token_hash = $1",
            HashKind::Device => {
                "SELECT org FROM device_bindings WHERE device_hash = $1 ORDER BY bound_at LIMIT 1"
            }
        };
        let query = sql(text).bind(hash.0.to_vec());
        let row = query.fetch_optional(&self.pools.read).await?;
        row.map(|row| Cols(&row).id("org", OrgId::parse)).transpose()
    }

    /// Whether the database answers and the key provider works.
    ///
    /// # Errors
    /// Whatever stands in the way.
    pub async fn health(&self) -> Result<()> {
        self.shared.ask_kek(|kek| kek.health()).await?;
        sql("SELECT id FROM orgs LIMIT 1").fetch_optional(&self.pools.read).await?;
        Ok(())
    }

    /// Writes "server stopped" as the last entry of every writer of this run and closes the
    /// connections. Transactions that are still open are waited for.
    ///
    /// # Errors
    /// What the database says; the connections are closed all the same.
    pub async fn close(self, now: Timestamp) -> Result<()> {
        let written = self.write_last(now).await;
        self.disconnect().await;
        written
    }

    /// Writes "server stopped" as the last entry of every writer of this run.
    pub(crate) async fn write_last(&self, now: Timestamp) -> Result<()> {
        self.write_on_all_lanes(now, Kind::ServerStopped).await
    }

    pub(crate) async fn disconnect(self) {
        self.pools.read.close().await;
        self.pools.write.close().await;
    }

    async fn find_or_make_default_org(&self, now: Timestamp) -> Result<OrgId> {
        let mut tx = self.begin(self.default_org, now).await?;
        if self.pools.backend == Backend::Postgres {
            // Two first starts at once would otherwise make two.
            tx.run(sql("LOCK TABLE orgs IN EXCLUSIVE MODE")).await?;
        }
        let query = sql("SELECT id FROM orgs ORDER BY created_at, id LIMIT 1");
        if let Some(row) = tx.one(query).await? {
            let org = Cols(&row).id("id", OrgId::parse)?;
            drop(tx);
            // The wrong keyring is found out now, not in the first visit.
            self.read(org).await?.org_key().await?;
            return Ok(org);
        }
        tx.make_org("Clinic").await?;
        tx.commit_plain("the first organisation; the start entry follows").await?;
        Ok(self.default_org)
    }

    async fn write_on_all_lanes(&self, now: Timestamp, kind: Kind) -> Result<()> {
        let mut tx = self.begin(self.default_org, now).await?;
        for writer in &self.shared.writers {
            let event =
                Event::new(kind, Actor::System).count("lanes", self.shared.writers.len() as u64);
            if kind == Kind::ServerStarted {
                tx.register_writer(writer).await?;
            }
            tx.append_as(writer, vec![(self.default_org, now, event)]).await?;
        }
        tx.commit_plain("its entries were written above, one for each writer").await
    }

    #[doc(hidden)]
    pub fn write_pool(&self) -> &sqlx::AnyPool {
        &self.pools.write
    }
}

pub(crate) async fn migrate(pools: &Pools) -> Result<()> {
    apply(pools, MIGRATIONS).await?;
    let guards = match pools.backend {
        Backend::Sqlite => include_str!("../migrations/guards/sqlite.sql"),
        Backend::Postgres => include_str!("../migrations/guards/postgres.sql"),
    };
    pools.write.execute(sqlx::raw_sql(guards)).await?;
    Ok(())
}

async fn apply(pools: &Pools, steps: &[(i64, &'static str, &'static str)]) -> Result<()> {
    let steps = steps
        .iter()
        .map(|&(version, name, text)| {
            Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
        })
        .collect();
    Ok(Migrator::with_migrations(steps).run(&pools.write).await?)
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
