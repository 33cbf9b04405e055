//! Passkeys of staff, and the steps of signing in that wait for their answer.

use crate::row::{Cols, sql, text_enum};
use crate::tx::{open_json, seal_json};
use crate::{Reader, Result, SecretHash, Tx};
use keys::{DataKey, SealPurpose, Zeroizing};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use visit::{Timestamp, UserId};

/// What is sealed of a passkey. No `Debug`: the name is its owner's own words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeySecret {
    /// What its owner calls it.
    pub name: String,
    /// Its id at the authenticator.
    pub credential: Vec<u8>,
    /// The public key, as the authenticator wrote it.
    pub public_key: Vec<u8>,
    /// Whether it may be copied to other devices of its owner.
    pub backup_eligible: bool,
}

/// A passkey.
#[derive(Clone)]
pub struct PasskeyRow {
    /// Its id here, 1 to 64 characters.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// The rest.
    pub key: PasskeySecret,
    /// Where its counter stood at the last use.
    pub sign_count: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

text_enum! {
    /// What a step of signing in is for.
    StepPurpose {
        /// Registering a passkey.
        PasskeyAdd = "passkey_add",
        /// A passkey after the password.
        PasskeySecond = "passkey_second",
        /// A passkey shown again in a full session.
        PasskeyConfirm = "passkey_confirm",
        /// A passkey by itself.
        PasskeyAlone = "passkey_alone",
        /// The way to the identity provider and back.
        Outside = "outside",
    }
}

/// A step of signing in that waits for its answer.
pub struct SignInStepRow {
    /// What it is for.
    pub purpose: StepPurpose,
    /// The only session or browser that may finish it.
    pub bound: Option<SecretHash>,
    /// What the one who finishes it needs.
    pub detail: Option<Zeroizing<Vec<u8>>>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

const TABLE: &str = "passkeys";
const STEPS: &str = "sign_in_steps";

macro_rules! select_passkeys {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, key_sealed, sign_count, created_at, last_used_at FROM passkeys ",
            $rest
        )
    };
}

impl Reader {
    /// The passkeys of an account, oldest first.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Sealed`] when a row does not open.
    pub async fn passkeys(&mut self, user: UserId) -> Result<Vec<PasskeyRow>> {
        let query =
            sql(select_passkeys!("WHERE org = $1 AND user_id = $2 ORDER BY created_at, id"))
                .bind(self.org_text())
                .bind(user.to_text());
        let rows = self.all(query).await?;
        let key = self.org_key().await?;
        rows.iter().map(|row| self.read_passkey(&key, row)).collect()
    }

    /// The passkey with this id at the authenticator.
    ///
    /// # Errors
    /// As [`Self::passkeys`].
    pub async fn passkey(&mut self, credential: &[u8]) -> Result<Option<PasskeyRow>> {
        let query = sql(select_passkeys!("WHERE org = $1 AND credential_hash = $2"))
            .bind(self.org_text())
            .bind(SecretHash::of(credential).0.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let key = self.org_key().await?;
        self.read_passkey(&key, &row).map(Some)
    }

    fn read_passkey(&self, key: &DataKey, row: &AnyRow) -> Result<PasskeyRow> {
        let cols = Cols(row);
        let id = cols.text("id")?;
        let sealed = cols.bytes("key_sealed")?;
        let key =
            open_json(key, SealPurpose::Secret, &self.aad(TABLE, "key_sealed", &id), &sealed)?;
        Ok(PasskeyRow {
            user: cols.id("user_id", UserId::parse)?,
            key,
            sign_count: cols.count("sign_count")?,
            created_at: cols.time("created_at")?,
            last_used_at: cols.opt_time("last_used_at")?,
            id,
        })
    }
}

impl Tx {
    /// Stores a passkey that was just registered.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when it is registered already, whoever's it is.
    pub async fn add_passkey(&mut self, row: &PasskeyRow) -> Result<()> {
        let key = self.org_key().await?;
        let aad = self.aad(TABLE, "key_sealed", &row.id);
        let sealed = seal_json(&key, SealPurpose::Secret, &aad, &row.key)?;
        let query = sql("INSERT INTO passkeys (org, id, user_id, credential_hash, key_sealed, \
             sign_count, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(self.org_text())
        .bind(row.id.clone())
        .bind(row.user.to_text())
        .bind(SecretHash::of(&row.key.credential).0.to_vec())
        .bind(sealed)
        .bind(i64::from(row.sign_count))
        .bind(row.created_at.0);
        self.run(query).await.map(|_| ())
    }

    /// Notes the use of a passkey. `false` when its counter did not grow meanwhile: of two that show
    /// the same count at once, one is refused. Keys that do not count stay at 0.
    ///
    /// # Errors
    /// What the database says.
    pub async fn use_passkey(&mut self, id: &str, sign_count: u32) -> Result<bool> {
        let query = sql("UPDATE passkeys SET sign_count = $3, last_used_at = $4 \
             WHERE org = $1 AND id = $2 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))")
        .bind(self.org_text())
        .bind(id.to_owned())
        .bind(i64::from(sign_count))
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    /// Takes a passkey of this person away. `false` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remove_passkey(&mut self, user: UserId, id: &str) -> Result<bool> {
        let query = sql("DELETE FROM passkeys WHERE org = $1 AND user_id = $2 AND id = $3")
            .bind(self.org_text())
            .bind(user.to_text())
            .bind(id.to_owned());
        Ok(self.run(query).await? > 0)
    }

    /// Takes all passkeys of a person away. Gives their number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clear_passkeys(&mut self, user: UserId) -> Result<u64> {
        let query = sql("DELETE FROM passkeys WHERE org = $1 AND user_id = $2")
            .bind(self.org_text())
            .bind(user.to_text());
        self.run(query).await
    }

    /// Stores a step that waits for its answer, and forgets those that waited too long.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the hash is taken.
    pub async fn put_sign_in_step(&mut self, hash: SecretHash, step: &SignInStepRow) -> Result<()> {
        let query = sql("DELETE FROM sign_in_steps WHERE org = $1 AND expires_at < $2")
            .bind(self.org_text())
            .bind(self.now().0);
        self.run(query).await?;
        let sealed = match &step.detail {
            None => None,
            Some(detail) => {
                let (key, row) = (self.org_key().await?, row_name(hash));
                let aad = self.aad(STEPS, "detail_sealed", &row);
                Some(key.seal(SealPurpose::Secret, &aad, detail)?)
            }
        };
        let query = sql("INSERT INTO sign_in_steps (step_hash, org, purpose, bound_hash, \
             detail_sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(hash.0.to_vec())
        .bind(self.org_text())
        .bind(step.purpose.as_str())
        .bind(step.bound.map(|bound| bound.0.to_vec()))
        .bind(sealed)
        .bind(step.expires_at.0);
        self.run(query).await.map(|_| ())
    }

    /// Takes a step: exactly one of many at once gets it, and only before it expires. Counts only
    /// once the transaction is committed.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Sealed`] when its detail does not open.
    pub async fn take_sign_in_step(&mut self, hash: SecretHash) -> Result<Option<SignInStepRow>> {
        let query = sql("DELETE FROM sign_in_steps WHERE org = $1 AND step_hash = $2 \
             RETURNING purpose, bound_hash, detail_sealed, expires_at")
        .bind(self.org_text())
        .bind(hash.0.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let cols = Cols(&row);
        let detail = match cols.opt_bytes("detail_sealed")? {
            None => None,
            Some(sealed) => {
                let (key, row) = (self.org_key().await?, row_name(hash));
                let aad = self.aad(STEPS, "detail_sealed", &row);
                Some(key.open(SealPurpose::Secret, &aad, &sealed)?)
            }
        };
        let step = SignInStepRow {
            purpose: cols.code("purpose", StepPurpose::parse)?,
            bound: cols.opt_hash("bound_hash")?,
            detail,
            expires_at: cols.time("expires_at")?,
        };
        Ok(Some(step).filter(|step| step.expires_at > self.now()))
    }
}

/// The name of a row of steps, for sealing.
fn row_name(hash: SecretHash) -> String {
    hash.0.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
