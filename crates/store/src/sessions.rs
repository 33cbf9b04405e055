//! Staff sessions, and one-time links for signing in, enrolling and resetting.

use crate::row::{Cols, sql, text_enum};
use crate::{Reader, Result, SecretHash, Tx};
use sqlx::any::AnyRow;
use visit::{Timestamp, UserId};

/// A session. Whether it is too old is for the caller to judge.
#[derive(Clone)]
pub struct SessionRow {
    /// Hash of the cookie.
    pub id: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// The second factor was shown.
    pub mfa: bool,
    /// When the second factor was last shown again, after what began the session.
    pub factor_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

text_enum! {
    /// What a one-time link of staff is good for.
    StaffLinkPurpose {
        /// Signing in without a password.
        SignIn = "sign_in",
        /// Setting a first password and second factor.
        Enrol = "enrol",
        /// Setting a new password.
        Reset = "reset",
    }
}

/// A one-time link of staff.
#[derive(Clone)]
pub struct StaffLink {
    /// Whose it is.
    pub user: UserId,
    /// What it is good for.
    pub purpose: StaffLinkPurpose,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT id_hash, user_id, created_at, last_seen_at, mfa, factor_at, revoked_at FROM sessions ",
            $rest
        )
    };
}

fn read_session(row: &AnyRow) -> Result<SessionRow> {
    let cols = Cols(row);
    Ok(SessionRow {
        id: cols.hash("id_hash")?,
        user: cols.id("user_id", UserId::parse)?,
        created_at: cols.time("created_at")?,
        last_seen_at: cols.time("last_seen_at")?,
        mfa: cols.flag("mfa")?,
        factor_at: cols.opt_time("factor_at")?,
        revoked_at: cols.opt_time("revoked_at")?,
    })
}

fn read_staff_link(row: &AnyRow) -> Result<StaffLink> {
    let cols = Cols(row);
    Ok(StaffLink {
        user: cols.id("user_id", UserId::parse)?,
        purpose: cols.code("purpose", StaffLinkPurpose::parse)?,
        expires_at: cols.time("expires_at")?,
        used_at: cols.opt_time("used_at")?,
    })
}

impl Reader {
    /// A session, also a revoked one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session(&mut self, id: SecretHash) -> Result<Option<SessionRow>> {
        let query = sql(select_sessions!("WHERE org = $1 AND id_hash = $2"))
            .bind(self.org_text())
            .bind(id.0.to_vec());
        self.one(query).await?.map(|row| read_session(&row)).transpose()
    }

    /// The sessions of an account that are not revoked, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sessions_of(&mut self, user: UserId) -> Result<Vec<SessionRow>> {
        let query = sql(select_sessions!(
            "WHERE org = $1 AND user_id = $2 AND revoked_at IS NULL \
             ORDER BY last_seen_at DESC, id_hash"
        ))
        .bind(self.org_text())
        .bind(user.to_text());
        self.all(query).await?.iter().map(read_session).collect()
    }

    /// A one-time link, without using it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn staff_link(&mut self, hash: SecretHash) -> Result<Option<StaffLink>> {
        let query = sql("SELECT user_id, purpose, expires_at, used_at FROM staff_links \
             WHERE org = $1 AND link_hash = $2")
        .bind(self.org_text())
        .bind(hash.0.to_vec());
        self.one(query).await?.map(|row| read_staff_link(&row)).transpose()
    }
}

impl Tx {
    /// Begins a session.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] without such an account.
    pub async fn create_session(&mut self, id: SecretHash, user: UserId, mfa: bool) -> Result<()> {
        let query = sql("INSERT INTO sessions (id_hash, org, user_id, created_at, last_seen_at, \
             mfa) VALUES ($1, $2, $3, $4, $4, $5)")
        .bind(id.0.to_vec())
        .bind(self.org_text())
        .bind(user.to_text())
        .bind(self.now().0)
        .bind(i64::from(mfa));
        self.run(query).await.map(|_| ())
    }

    /// Notes that a session is in use. `false` when it is revoked or unknown.
    ///
    /// # Errors
    /// What the database says.
    pub async fn touch_session(&mut self, id: SecretHash) -> Result<bool> {
        let query = sql("UPDATE sessions SET last_seen_at = $3 \
             WHERE org = $1 AND id_hash = $2 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(id.0.to_vec())
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    /// Notes that the second factor was shown. `false` when the session is revoked or unknown.
    ///
    /// # Errors
    /// What the database says.
    pub async fn mark_session_mfa(&mut self, id: SecretHash) -> Result<bool> {
        let query = sql("UPDATE sessions SET mfa = 1, last_seen_at = $3 \
             WHERE org = $1 AND id_hash = $2 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(id.0.to_vec())
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    /// Notes that the second factor was shown again. `false` when the session is revoked or unknown.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_factor(&mut self, id: SecretHash) -> Result<bool> {
        let query = sql("UPDATE sessions SET factor_at = $3, last_seen_at = $3 \
             WHERE org = $1 AND id_hash = $2 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(id.0.to_vec())
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    /// Ends a session. `false` when it had ended or is unknown.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke_session(&mut self, id: SecretHash) -> Result<bool> {
        let query = sql("UPDATE sessions SET revoked_at = $3 \
             WHERE org = $1 AND id_hash = $2 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(id.0.to_vec())
        .bind(self.now().0);
        Ok(self.run(query).await? > 0)
    }

    /// Ends all sessions of an account, but for `except`. Gives their number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke_sessions(
        &mut self,
        user: UserId,
        except: Option<SecretHash>,
    ) -> Result<u64> {
        // No session has an empty hash, so "none" excludes nothing.
        let except = except.map_or_else(Vec::new, |hash| hash.0.to_vec());
        let query = sql("UPDATE sessions SET revoked_at = $4 \
             WHERE org = $1 AND user_id = $2 AND id_hash <> $3 AND revoked_at IS NULL")
        .bind(self.org_text())
        .bind(user.to_text())
        .bind(except)
        .bind(self.now().0);
        self.run(query).await
    }

    /// Makes a one-time link.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] without such an account.
    pub async fn create_staff_link(
        &mut self,
        hash: SecretHash,
        user: UserId,
        purpose: StaffLinkPurpose,
        expires_at: Timestamp,
    ) -> Result<()> {
        let query = sql("INSERT INTO staff_links (link_hash, org, user_id, purpose, created_at, \
             expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(hash.0.to_vec())
        .bind(self.org_text())
        .bind(user.to_text())
        .bind(purpose.as_str())
        .bind(self.now().0)
        .bind(expires_at.0);
        self.run(query).await.map(|_| ())
    }

    /// Uses a one-time link; exactly one of many at once gets it. `None` when it is used, expired
    /// or unknown.
    ///
    /// # Errors
    /// What the database says.
    pub async fn consume_staff_link(&mut self, hash: SecretHash) -> Result<Option<StaffLink>> {
        let query = sql("UPDATE staff_links SET used_at = $3 \
             WHERE org = $1 AND link_hash = $2 AND used_at IS NULL AND expires_at > $3 \
             RETURNING user_id, purpose, expires_at, used_at")
        .bind(self.org_text())
        .bind(hash.0.to_vec())
        .bind(self.now().0);
        self.one(query).await?.map(|row| read_staff_link(&row)).transpose()
    }

    /// Makes the unused one-time links of an account useless. Gives their number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn void_staff_links(&mut self, user: UserId) -> Result<u64> {
        let query = sql("UPDATE staff_links SET used_at = $3 \
             WHERE org = $1 AND user_id = $2 AND used_at IS NULL")
        .bind(self.org_text())
        .bind(user.to_text())
        .bind(self.now().0);
        self.run(query).await
    }
}
