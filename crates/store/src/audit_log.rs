//! Audit entries in the database.
//!
//! Each writer has one row that says where it stands. An append locks that row, numbers the
//! entries from it and moves it on, all in the transaction of the change itself. So a rolled-back
//! transaction leaves no gap, and two transactions never take the same number. The lock is taken
//! last, just before the commit, and every transaction takes only one: they cannot wait for each
//! other in a circle.

use crate::row::{Cols, placeholders, sql, to_int};
use crate::{MAX_PAGE, Result, Store, StoreError, Tx};
use audit::{ChainError, ChainVerifier, Event, Hash, Sealed, Writer, WriterId};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;
use visit::{OrgId, Timestamp};

/// Rows of one INSERT; five values each stay far below what either database takes.
const ROWS_AT_ONCE: usize = 100;

/// What happened, where and when.
pub(crate) type Placed = (OrgId, Timestamp, Event);

/// Where a writer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterRow {
    /// Its name.
    pub writer: WriterId,
    /// The number that its next entry gets.
    pub next_seq: u64,
    /// Leaf hash of its last entry.
    pub last_leaf: Hash,
}

/// Entries of one writer, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries as stored.
    pub entries: Vec<Sealed>,
    /// Where to go on; `None` at the end.
    pub next_seq: Option<u64>,
}

/// A chain that does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    /// Whose chain.
    pub writer: WriterId,
    /// What is wrong with it.
    pub error: ChainError,
}

/// The result of reading the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Writers checked.
    pub writers: u64,
    /// Entries that are right.
    pub entries: u64,
    /// What is not.
    pub faults: Vec<AuditFault>,
}

fn read_hash(cols: &Cols<'_>, column: &'static str) -> Result<Hash> {
    cols.hash(column).map(|hash| hash.0)
}

fn read_sealed(row: &AnyRow) -> Result<Sealed> {
    let cols = Cols(row);
    Ok(Sealed {
        seq: cols.count("seq")?,
        bytes: cols.bytes("entry")?,
        leaf: read_hash(&cols, "leaf")?,
    })
}

impl Tx {
    /// Makes the row of a new writer.
    pub(crate) async fn register_writer(&mut self, id: &WriterId) -> Result<()> {
        let fresh = Writer::new(id.clone());
        let query = sql("INSERT INTO audit_writers (writer, next_seq, last_leaf, last_at) \
             VALUES ($1, $2, $3, $4)")
        .bind(id.as_str().to_owned())
        .bind(to_int(fresh.next_seq())?)
        .bind(fresh.last_leaf().to_vec())
        .bind(fresh.last_at().0);
        self.run(query).await.map(|_| ())
    }

    pub(crate) async fn append_audit(&mut self, events: Vec<Event>) -> Result<()> {
        let (org, now) = (self.org(), self.now());
        self.append_all(events.into_iter().map(|event| (org, now, event)).collect()).await
    }

    pub(crate) async fn append_all(&mut self, events: Vec<Placed>) -> Result<()> {
        let writer = self.shared.next_writer().cloned();
        let writer = writer.ok_or_else(|| StoreError::Bug("opened to look only".into()))?;
        self.append_as(&writer, events).await
    }

    pub(crate) async fn append_as(&mut self, id: &WriterId, events: Vec<Placed>) -> Result<()> {
        let keys = self.words_keys(events.iter().map(|(org, _, event)| (*org, event))).await?;
        // Changing nothing locks the row until the transaction ends, on both databases.
        let query = sql("UPDATE audit_writers SET next_seq = next_seq WHERE writer = $1 \
             RETURNING next_seq, last_leaf, last_at")
        .bind(id.as_str().to_owned());
        let row = self.one(query).await?.ok_or(StoreError::Corrupt("audit_writers"))?;
        let cols = Cols(&row);
        let mut writer = Writer::resume(
            id.clone(),
            cols.count("next_seq")?,
            read_hash(&cols, "last_leaf")?,
            cols.time("last_at")?,
        );
        for (nth, part) in events.chunks(ROWS_AT_ONCE).enumerate() {
            let text = format!(
                "INSERT INTO audit_entries (writer, seq, org, leaf, entry) VALUES {}",
                placeholders(part.len(), 5)
            );
            let mut query = sqlx::query(AssertSqlSafe(text));
            for (at, (org, now, event)) in part.iter().enumerate() {
                let event = match keys.get(&(nth * ROWS_AT_ONCE + at)) {
                    Some(key) => key.seal(*org, id, writer.next_seq(), event.clone())?,
                    None => event.clone(),
                };
                let sealed = writer.append(*org, *now, event)?;
                query = query
                    .bind(id.as_str().to_owned())
                    .bind(to_int(sealed.seq)?)
                    .bind(org.to_text())
                    .bind(sealed.leaf.to_vec())
                    .bind(sealed.bytes);
            }
            self.run(query).await?;
        }
        let query = sql("UPDATE audit_writers SET next_seq = $2, last_leaf = $3, last_at = $4 \
             WHERE writer = $1")
        .bind(id.as_str().to_owned())
        .bind(to_int(writer.next_seq())?)
        .bind(writer.last_leaf().to_vec())
        .bind(writer.last_at().0);
        match self.run(query).await? {
            1 => Ok(()),
            _ => Err(StoreError::Corrupt("audit_writers")),
        }
    }
}

/// Reading the log is the operator's business and goes across organisations: a chain is only whole
/// with all of its entries.
impl Store {
    /// Every writer there ever was, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_writers(&self) -> Result<Vec<WriterRow>> {
        let mut reader = self.read(self.default_org()).await?;
        let query = sql("SELECT writer, next_seq, last_leaf FROM audit_writers ORDER BY writer");
        let rows = reader.all(query).await?;
        rows.iter()
            .map(|row| {
                let cols = Cols(row);
                Ok(WriterRow {
                    writer: WriterId::new(cols.text("writer")?)?,
                    next_seq: cols.count("next_seq")?,
                    last_leaf: read_hash(&cols, "last_leaf")?,
                })
            })
            .collect()
    }

    /// Up to `limit` entries (at most [`MAX_PAGE`]) of a writer, from number `from_seq` on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_page(
        &self,
        writer: &WriterId,
        from_seq: u64,
        limit: u32,
    ) -> Result<AuditPage> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut reader = self.read(self.default_org()).await?;
        let query = sql("SELECT seq, leaf, entry FROM audit_entries \
             WHERE writer = $1 AND seq >= $2 ORDER BY seq LIMIT $3")
        .bind(writer.as_str().to_owned())
        .bind(to_int(from_seq)?)
        .bind(i64::from(limit) + 1);
        let rows = reader.all(query).await?;
        let mut entries = rows.iter().map(read_sealed).collect::<Result<Vec<_>>>()?;
        let next_seq = if entries.len() > limit as usize {
            entries.pop().map(|first_of_next| first_of_next.seq)
        } else {
            None
        };
        Ok(AuditPage { entries, next_seq })
    }

    /// Reads every chain and checks it. Entries that are written while it runs are left out.
    ///
    /// # Errors
    /// What the database says. A chain that does not verify is no error but a fault in the report.
    pub async fn verify_audit(&self) -> Result<AuditReport> {
        let mut report = AuditReport::default();
        for row in self.audit_writers().await? {
            report.writers += 1;
            match self.verify_chain(&row).await? {
                Ok(count) => report.entries += count,
                Err(error) => report.faults.push(AuditFault { writer: row.writer, error }),
            }
        }
        Ok(report)
    }

    async fn verify_chain(&self, row: &WriterRow) -> Result<std::result::Result<u64, ChainError>> {
        let mut verifier = ChainVerifier::new(row.writer.clone());
        let mut from = Some(0);
        while let Some(seq) = from {
            let page = self.audit_page(&row.writer, seq, MAX_PAGE).await?;
            for sealed in page.entries.iter().filter(|entry| entry.seq < row.next_seq) {
                if let Err(error) = verifier.push(sealed) {
                    return Ok(Err(error));
                }
            }
            from = page.next_seq.filter(|next| *next < row.next_seq);
        }
        Ok(verifier.finish(row.next_seq, row.last_leaf))
    }
}
