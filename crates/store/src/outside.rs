//! Who an account is at the clinic's identity provider.

use crate::row::{Cols, sql};
use crate::{Reader, Result, SecretHash, Tx};
use visit::UserId;

/// Keeps these keyed hashes apart from all others.
const KIND: &str = "outside-identity";

impl Reader {
    /// The account that is bound to this subject of this issuer.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Sealed`] when the organisation's key does not
    /// open.
    pub async fn outside_identity(
        &mut self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<UserId>> {
        let hash = self.outside_hash(issuer, subject).await?;
        let query = sql("SELECT user_id FROM outside_identities \
             WHERE org = $1 AND identity_hash = $2")
        .bind(self.org_text())
        .bind(hash.0.to_vec());
        self.one(query).await?.map(|row| Cols(&row).id("user_id", UserId::parse)).transpose()
    }

    /// Whether an account is bound to anybody at an identity provider.
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_outside_identity(&mut self, user: UserId) -> Result<bool> {
        let query = sql("SELECT user_id FROM outside_identities WHERE org = $1 AND user_id = $2")
            .bind(self.org_text())
            .bind(user.to_text());
        Ok(self.one(query).await?.is_some())
    }

    async fn outside_hash(&mut self, issuer: &str, subject: &str) -> Result<SecretHash> {
        // A NUL is in no issuer, which is a URL: no two pairs look alike.
        let pair = [issuer.as_bytes(), b"\0", subject.as_bytes()].concat();
        Ok(SecretHash(self.own_tag(KIND, &pair).await?))
    }
}

impl Tx {
    /// Binds an account to a subject of an issuer, for good.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the subject is bound already.
    pub async fn bind_outside_identity(
        &mut self,
        user: UserId,
        issuer: &str,
        subject: &str,
    ) -> Result<()> {
        let hash = self.outside_hash(issuer, subject).await?;
        let query =
            sql("INSERT INTO outside_identities (org, identity_hash, user_id, created_at) \
             VALUES ($1, $2, $3, $4)")
            .bind(self.org_text())
            .bind(hash.0.to_vec())
            .bind(user.to_text())
            .bind(self.now().0);
        self.run(query).await.map(|_| ())
    }

    /// Unbinds an account from all that it is elsewhere. Gives the number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clear_outside_identities(&mut self, user: UserId) -> Result<u64> {
        let query = sql("DELETE FROM outside_identities WHERE org = $1 AND user_id = $2")
            .bind(self.org_text())
            .bind(user.to_text());
        self.run(query).await
    }
}
