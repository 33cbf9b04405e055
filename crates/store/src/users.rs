//! Accounts of staff: found by a keyed index of the e-mail address, sealed under the
//! organisation's key.

use crate::row::{Cols, Query, sql, text_enum, to_int};
use crate::tx::{open_json, seal_json};
use crate::{Reader, Result, SecretHash, StaffSecret, StoreError, Tx};
use keys::{DataKey, SealPurpose, Zeroizing};
use sqlx::any::AnyRow;
use visit::{Timestamp, UserId};

text_enum! {
    /// What an account may do outside of visits.
    UserRole {
        /// Runs the installation: accounts and settings, besides all that a clinician can.
        Admin = "admin",
        /// Answers for privacy and security: the log, reviews, retention. Has no part in visits.
        Officer = "officer",
        /// Holds visits.
        Clinician = "clinician",
        /// Reception: books visits and rooms patients.
        Staff = "staff",
    }
}

text_enum! {
    /// Whether an account may be used.
    UserState {
        /// It may.
        Active = "active",
        /// It may not; what it did stays on record.
        Disabled = "disabled",
    }
}

impl UserRole {
    /// Whether a visit can be this person's: booked for them, or theirs to be invited into.
    #[must_use]
    pub const fn holds_visits(self) -> bool {
        match self {
            Self::Admin | Self::Clinician => true,
            Self::Officer | Self::Staff => false,
        }
    }
}

/// An account to be made.
pub struct NewUser {
    /// Its id, chosen by the caller.
    pub id: UserId,
    /// What it may do.
    pub role: UserRole,
    /// Name and address.
    pub person: StaffSecret,
}

/// An account.
#[derive(Clone)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// What it may do.
    pub role: UserRole,
    /// Whether it may be used.
    pub state: UserState,
    /// Name and address.
    pub person: StaffSecret,
    /// A password was set.
    pub has_password: bool,
    /// A second factor was enrolled and confirmed.
    pub has_totp: bool,
    /// How many passkeys it has.
    pub passkeys: u32,
    /// Its owner has signed in by the clinic's own identity provider.
    pub by_provider: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl UserRow {
    /// Whether there is anything to ask for after the password.
    #[must_use]
    pub const fn has_second_factor(&self) -> bool {
        self.has_totp || self.passkeys > 0
    }

    /// Whether its owner has never come: there is nothing yet to sign in with.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        !self.has_password && !self.by_provider && self.passkeys == 0
    }

    /// Whether a visit can be this person's now.
    #[must_use]
    pub fn holds_visits(&self) -> bool {
        self.state == UserState::Active && self.role.holds_visits()
    }
}

/// The second factor of an account.
pub struct Totp {
    /// The seed.
    pub secret: Zeroizing<Vec<u8>>,
    /// The person proved once to have it. An unconfirmed one must not be asked for or accepted.
    pub confirmed: bool,
    /// The last time step that was used; it and earlier ones are spent.
    pub last_step: Option<u64>,
}

const TABLE: &str = "users";

macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT id, role, state, person_sealed, created_at, totp_confirmed, ",
            "CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS has_password, ",
            "(SELECT COUNT(*) FROM passkeys WHERE passkeys.org = users.org ",
            "AND passkeys.user_id = users.id) AS passkeys, ",
            "CASE WHEN EXISTS (SELECT 1 FROM outside_identities o WHERE o.org = users.org ",
            "AND o.user_id = users.id) THEN 1 ELSE 0 END AS by_provider FROM users ",
            $rest
        )
    };
}

impl Reader {
    /// An account by its id.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when the row does not open.
    pub async fn user(&mut self, id: UserId) -> Result<Option<UserRow>> {
        let query = sql(select_users!("WHERE org = $1 AND id = $2"))
            .bind(self.org_text())
            .bind(id.to_text());
        self.one_user(query).await
    }

    /// An account by its e-mail address, however it is capitalised.
    ///
    /// # Errors
    /// As [`Self::user`].
    pub async fn user_by_email(&mut self, email: &str) -> Result<Option<UserRow>> {
        let index = self.org_key().await?.blind_index()?.email(email);
        let query = sql(select_users!("WHERE org = $1 AND email_index = $2"))
            .bind(self.org_text())
            .bind(index.to_vec());
        self.one_user(query).await
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// As [`Self::user`].
    pub async fn users(&mut self) -> Result<Vec<UserRow>> {
        let query =
            sql(select_users!("WHERE org = $1 ORDER BY created_at, id")).bind(self.org_text());
        let rows = self.all(query).await?;
        let key = self.org_key().await?;
        rows.iter().map(|row| self.read_user(&key, row)).collect()
    }

    /// The stored password hash (PHC text) of an account.
    ///
    /// # Errors
    /// What the database says.
    pub async fn password_hash(&mut self, id: UserId) -> Result<Option<String>> {
        let query = sql("SELECT password_hash FROM users WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text());
        match self.one(query).await? {
            None => Ok(None),
            Some(row) => Cols(&row).opt_text("password_hash"),
        }
    }

    /// The second factor of an account, confirmed or not.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when the seed does not open.
    pub async fn totp(&mut self, id: UserId) -> Result<Option<Totp>> {
        let query = sql("SELECT totp_sealed, totp_confirmed, totp_last_step FROM users \
             WHERE org = $1 AND id = $2")
        .bind(self.org_text())
        .bind(id.to_text());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let cols = Cols(&row);
        let Some(sealed) = cols.opt_bytes("totp_sealed")? else { return Ok(None) };
        let key = self.org_key().await?;
        let row_id = id.to_text();
        let aad = self.aad(TABLE, "totp_sealed", &row_id);
        let last_step = cols
            .opt_int("totp_last_step")?
            .map(u64::try_from)
            .transpose()
            .map_err(|_| StoreError::Corrupt("totp_last_step"))?;
        Ok(Some(Totp {
            secret: key.open(SealPurpose::Secret, &aad, &sealed)?,
            confirmed: cols.flag("totp_confirmed")?,
            last_step,
        }))
    }

    /// How many recovery codes are unused.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recovery_codes_left(&mut self, id: UserId) -> Result<u32> {
        let query = sql("SELECT COUNT(*) AS left_over FROM recovery_codes \
             WHERE org = $1 AND user_id = $2 AND used_at IS NULL")
        .bind(self.org_text())
        .bind(id.to_text());
        match self.one(query).await? {
            None => Ok(0),
            Some(row) => Cols(&row).count("left_over"),
        }
    }

    async fn one_user(&mut self, query: Query<'_>) -> Result<Option<UserRow>> {
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let key = self.org_key().await?;
        self.read_user(&key, &row).map(Some)
    }

    fn read_user(&self, key: &DataKey, row: &AnyRow) -> Result<UserRow> {
        let cols = Cols(row);
        let id = cols.id("id", UserId::parse)?;
        let row_id = id.to_text();
        let aad = self.aad(TABLE, "person_sealed", &row_id);
        let sealed = cols.bytes("person_sealed")?;
        Ok(UserRow {
            id,
            role: cols.code("role", UserRole::parse)?,
            state: cols.code("state", UserState::parse)?,
            person: open_json(key, SealPurpose::Person, &aad, &sealed)?,
            has_password: cols.flag("has_password")?,
            has_totp: cols.flag("totp_confirmed")?,
            passkeys: cols.count("passkeys")?,
            by_provider: cols.flag("by_provider")?,
            created_at: cols.time("created_at")?,
        })
    }
}

impl Tx {
    /// Makes an active account without password or second factor.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id or the e-mail address is taken.
    pub async fn create_user(&mut self, user: &NewUser) -> Result<()> {
        let key = self.org_key().await?;
        let (index, sealed) = self.seal_staff(&key, user.id, &user.person)?;
        let query = sql("INSERT INTO users (org, id, role, state, email_index, person_sealed, \
             totp_confirmed, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)")
        .bind(self.org_text())
        .bind(user.id.to_text())
        .bind(user.role.as_str())
        .bind(UserState::Active.as_str())
        .bind(index)
        .bind(sealed)
        .bind(self.now().0);
        self.run(query).await.map(|_| ())
    }

    /// Makes whoever else changes this account wait until this transaction ends, and gives the account
    /// as it is then. For steps that may be taken only as long as something holds of the whole account:
    /// PostgreSQL lets two transactions each count what the other is about to take away.
    ///
    /// # Errors
    /// As [`Reader::user`].
    pub async fn hold_user(&mut self, id: UserId) -> Result<Option<UserRow>> {
        let query = sql("UPDATE users SET state = state WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text());
        self.run(query).await?;
        self.user(id).await
    }

    /// Changes name and address.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account, [`StoreError::Conflict`] when the address
    /// is taken.
    pub async fn set_user_person(&mut self, id: UserId, person: &StaffSecret) -> Result<()> {
        let key = self.org_key().await?;
        let (index, sealed) = self.seal_staff(&key, id, person)?;
        let query = sql("UPDATE users SET email_index = $3, person_sealed = $4 \
             WHERE org = $1 AND id = $2")
        .bind(self.org_text())
        .bind(id.to_text())
        .bind(index)
        .bind(sealed);
        self.change_user(query).await
    }

    /// Changes what an account may do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account.
    pub async fn set_user_role(&mut self, id: UserId, role: UserRole) -> Result<()> {
        let query = sql("UPDATE users SET role = $3 WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text())
            .bind(role.as_str());
        self.change_user(query).await
    }

    /// Enables or disables an account. Sessions are revoked apart from this.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account.
    pub async fn set_user_state(&mut self, id: UserId, state: UserState) -> Result<()> {
        let query = sql("UPDATE users SET state = $3 WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text())
            .bind(state.as_str());
        self.change_user(query).await
    }

    /// Sets the password hash (PHC text), or takes it away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account.
    pub async fn set_password_hash(&mut self, id: UserId, hash: Option<&str>) -> Result<()> {
        let query = sql("UPDATE users SET password_hash = $3 WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text())
            .bind(hash.map(str::to_owned));
        self.change_user(query).await
    }

    /// Stores the seed of a second factor that the person has not proved yet. A seed that waits
    /// for its proof is replaced.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a confirmed one exists (see [`Self::clear_totp`]),
    /// [`StoreError::NotFound`] without such an account.
    pub async fn set_pending_totp(&mut self, id: UserId, secret: &[u8]) -> Result<()> {
        let key = self.org_key().await?;
        let row_id = id.to_text();
        let aad = self.aad(TABLE, "totp_sealed", &row_id);
        let sealed = key.seal(SealPurpose::Secret, &aad, secret)?;
        let query = sql("UPDATE users SET totp_sealed = $3, totp_last_step = NULL \
             WHERE org = $1 AND id = $2 AND totp_confirmed = 0")
        .bind(self.org_text())
        .bind(row_id)
        .bind(sealed);
        if self.run(query).await? > 0 {
            return Ok(());
        }
        match self.user(id).await? {
            Some(_) => Err(StoreError::Conflict),
            None => Err(StoreError::NotFound),
        }
    }

    /// Confirms the waiting second factor with the time step that proved it, which is spent.
    /// `false` when none was waiting.
    ///
    /// # Errors
    /// What the database says.
    pub async fn confirm_totp(&mut self, id: UserId, step: u64) -> Result<bool> {
        let query = sql("UPDATE users SET totp_confirmed = 1, totp_last_step = $3 \
             WHERE org = $1 AND id = $2 AND totp_confirmed = 0 AND totp_sealed IS NOT NULL")
        .bind(self.org_text())
        .bind(id.to_text())
        .bind(to_int(step)?);
        Ok(self.run(query).await? > 0)
    }

    /// Spends a time step of the confirmed second factor. `false` when it, or a later one, is
    /// spent already: whoever asks twice with one code is refused the second time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn use_totp_step(&mut self, id: UserId, step: u64) -> Result<bool> {
        let query = sql("UPDATE users SET totp_last_step = $3 WHERE org = $1 AND id = $2 \
             AND totp_confirmed = 1 AND (totp_last_step IS NULL OR totp_last_step < $3)")
        .bind(self.org_text())
        .bind(id.to_text())
        .bind(to_int(step)?);
        Ok(self.run(query).await? > 0)
    }

    /// Takes the second factor and the recovery codes away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account.
    pub async fn clear_totp(&mut self, id: UserId) -> Result<()> {
        let query = sql("UPDATE users SET totp_sealed = NULL, totp_confirmed = 0, \
             totp_last_step = NULL WHERE org = $1 AND id = $2")
        .bind(self.org_text())
        .bind(id.to_text());
        self.change_user(query).await?;
        self.replace_recovery_codes(id, &[]).await
    }

    /// Replaces all recovery codes by these.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an account, [`StoreError::Conflict`] when a code is
    /// there twice.
    pub async fn replace_recovery_codes(&mut self, id: UserId, codes: &[SecretHash]) -> Result<()> {
        let query = sql("DELETE FROM recovery_codes WHERE org = $1 AND user_id = $2")
            .bind(self.org_text())
            .bind(id.to_text());
        self.run(query).await?;
        for code in codes {
            let query = sql("INSERT INTO recovery_codes (org, user_id, code_hash) \
                 VALUES ($1, $2, $3)")
            .bind(self.org_text())
            .bind(id.to_text())
            .bind(code.0.to_vec());
            self.run(query).await?;
        }
        Ok(())
    }

    /// Spends a recovery code. `false` when it is wrong or spent.
    ///
    /// # Errors
    /// What the database says.
    pub async fn use_recovery_code(&mut self, id: UserId, code: SecretHash) -> Result<bool> {
        let query = sql("UPDATE recovery_codes SET used_at = $4 \
             WHERE org = $1 AND user_id = $2 AND code_hash = $3 AND used_at IS NULL")
        .bind(self.org_text())
        .bind(id.to_text())
        .bind(code.0.to_vec())
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    async fn change_user(&mut self, query: Query<'_>) -> Result<()> {
        match self.run(query).await? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }

    fn seal_staff(
        &self,
        key: &DataKey,
        id: UserId,
        person: &StaffSecret,
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let row_id = id.to_text();
        let aad = self.aad(TABLE, "person_sealed", &row_id);
        let sealed = seal_json(key, SealPurpose::Person, &aad, person)?;
        Ok((key.blind_index()?.email(&person.email).to_vec(), sealed))
    }
}
