//! Failed sign-ins, counted per key. The keys are hashes of an account name or of a network
//! prefix; when to lock, and for how long, is the caller's rule.

use crate::row::{Cols, sql};
use crate::{Reader, Result, SecretHash, StoreError, Tx};
use sqlx::any::AnyRow;
use visit::{Duration, Timestamp};

/// What is counted for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Failures since the window began.
    pub failures: u32,
    /// When the window began.
    pub window_started_at: Timestamp,
    /// Locked until then, if it is in the future.
    pub locked_until: Option<Timestamp>,
}

fn read_attempt(row: &AnyRow) -> Result<AttemptRow> {
    let cols = Cols(row);
    Ok(AttemptRow {
        failures: cols.count("failures")?,
        window_started_at: cols.time("window_started_at")?,
        locked_until: cols.opt_time("locked_until")?,
    })
}

impl Reader {
    /// The hash under which attempts for something are counted: keyed, so that the table does not
    /// tell account names or networks. `kind` keeps accounts and networks apart.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the organisation's key does not open.
    pub async fn attempt_key(&mut self, kind: &'static str, value: &[u8]) -> Result<SecretHash> {
        Ok(SecretHash(self.org_key().await?.blind_index()?.other(kind, value)))
    }

    /// What is counted for a key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn attempts(&mut self, key: SecretHash) -> Result<Option<AttemptRow>> {
        let query = sql("SELECT failures, window_started_at, locked_until FROM login_attempts \
             WHERE org = $1 AND key_hash = $2")
        .bind(self.org_text())
        .bind(key.0.to_vec());
        self.one(query).await?.map(|row| read_attempt(&row)).transpose()
    }
}

impl Tx {
    /// Counts one failure, in a new window when the old one is longer ago than `window`, and gives
    /// the count. Many at once are all counted.
    ///
    /// # Errors
    /// What the database says.
    pub async fn record_failure(
        &mut self,
        key: SecretHash,
        window: Duration,
    ) -> Result<AttemptRow> {
        let oldest = self.now().0.saturating_sub(window.0);
        let query = sql("INSERT INTO login_attempts (org, key_hash, failures, window_started_at) \
             VALUES ($1, $2, 1, $3) ON CONFLICT (org, key_hash) DO UPDATE SET \
             failures = CASE WHEN login_attempts.window_started_at < $4 THEN 1 \
             ELSE login_attempts.failures + 1 END, \
             window_started_at = CASE WHEN login_attempts.window_started_at < $4 THEN $3 \
             ELSE login_attempts.window_started_at END \
             RETURNING failures, window_started_at, locked_until")
        .bind(self.org_text())
        .bind(key.0.to_vec())
        .bind(self.now().0)
        .bind(oldest);
        let row = self.one(query).await?.ok_or(StoreError::Bug("no row returned".into()))?;
        read_attempt(&row)
    }

    /// Locks a key that has failures. A lock that lasts longer already stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing is counted for the key.
    pub async fn lock_attempts(&mut self, key: SecretHash, until: Timestamp) -> Result<()> {
        let query = sql("UPDATE login_attempts SET locked_until = \
             CASE WHEN locked_until IS NULL OR locked_until < $3 THEN $3 ELSE locked_until END \
             WHERE org = $1 AND key_hash = $2")
        .bind(self.org_text())
        .bind(key.0.to_vec())
        .bind(until.0);
        match self.run(query).await? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }

    /// Forgets the failures and the lock of a key, after a success.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clear_attempts(&mut self, key: SecretHash) -> Result<()> {
        let query = sql("DELETE FROM login_attempts WHERE org = $1 AND key_hash = $2")
            .bind(self.org_text())
            .bind(key.0.to_vec());
        self.run(query).await.map(|_| ())
    }
}
