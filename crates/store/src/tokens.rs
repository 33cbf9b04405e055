//! Join tokens: the single-use tickets with which a page opens its WebSocket.

use crate::row::{Cols, sql};
use crate::{Reader, Result, SecretHash, StoreError, Tx};
use visit::{SeatId, Timestamp, UserId, VisitId};

/// What a join token lets in to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JoinSubject {
    /// A seat in a visit.
    Seat {
        /// The visit.
        visit: VisitId,
        /// The seat in it.
        seat: SeatId,
    },
    /// The list of visits and waiting rooms of a member of staff.
    Board {
        /// Who.
        user: UserId,
    },
}

/// A join token.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// What it lets in to.
    pub subject: JoinSubject,
    /// The only device that may use it, if it is bound to one.
    pub device: Option<SecretHash>,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Reader {
    /// A tag by which this clinic knows again what it gave out itself: HMAC-SHA256 under its key.
    /// `kind` keeps purposes apart. Nothing is stored.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the organisation's key does not open.
    pub async fn own_tag(&mut self, kind: &'static str, value: &[u8]) -> Result<[u8; 32]> {
        Ok(self.org_key().await?.blind_index()?.other(kind, value))
    }
}

impl Tx {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the hash is taken.
    pub async fn put_join_token(&mut self, hash: SecretHash, token: &JoinToken) -> Result<()> {
        let (scope, visit, seat, user) = match token.subject {
            JoinSubject::Seat { visit, seat } => {
                ("seat", Some(visit.to_text()), Some(seat.to_text()), None)
            }
            JoinSubject::Board { user } => ("board", None, None, Some(user.to_text())),
        };
        let query = sql("INSERT INTO join_tokens (token_hash, org, scope, visit_id, seat_id, \
             user_id, device_hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(hash.0.to_vec())
        .bind(self.org_text())
        .bind(scope)
        .bind(visit)
        .bind(seat)
        .bind(user)
        .bind(token.device.map(|d| d.0.to_vec()))
        .bind(token.expires_at.0);
        self.run(query).await.map(|_| ())
    }

    /// Takes a token: exactly one of many at once gets it, and only before it expires. Counts only
    /// once the transaction is committed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_join_token(&mut self, hash: SecretHash) -> Result<Option<JoinToken>> {
        let query = sql("DELETE FROM join_tokens WHERE org = $1 AND token_hash = $2 \
             RETURNING scope, visit_id, seat_id, user_id, device_hash, expires_at")
        .bind(self.org_text())
        .bind(hash.0.to_vec());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let cols = Cols(&row);
        let subject = match cols.text("scope")?.as_str() {
            "seat" => JoinSubject::Seat {
                visit: cols.id("visit_id", VisitId::parse)?,
                seat: cols.id("seat_id", SeatId::parse)?,
            },
            "board" => JoinSubject::Board { user: cols.id("user_id", UserId::parse)? },
            _ => return Err(StoreError::Corrupt("scope")),
        };
        let token = JoinToken {
            subject,
            device: cols.opt_hash("device_hash")?,
            expires_at: cols.time("expires_at")?,
        };
        Ok(Some(token).filter(|token| token.expires_at > self.now()))
    }

    /// Deletes what expired before `before` and nobody needs any more: join tokens, one-time links
    /// of staff, revoked or unused sessions, old failure counts. Gives the number of rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep(&mut self, before: Timestamp) -> Result<u64> {
        let mut swept = 0;
        for text in [
            "DELETE FROM join_tokens WHERE org = $1 AND expires_at < $2",
            "DELETE FROM sign_in_steps WHERE org = $1 AND expires_at < $2",
            "DELETE FROM staff_links WHERE org = $1 AND expires_at < $2",
            "DELETE FROM sessions WHERE org = $1 \
             AND (last_seen_at < $2 OR revoked_at < $2)",
            "DELETE FROM login_attempts WHERE org = $1 AND window_started_at < $2 \
             AND (locked_until IS NULL OR locked_until < $2)",
        ] {
            let query = sql(text).bind(self.org_text()).bind(before.0);
            swept += self.run(query).await?;
        }
        Ok(swept)
    }
}
