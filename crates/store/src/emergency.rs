//! Emergency access to restricted visits: who opened what, why, and what the review found.

use crate::row::{Cols, sql};
use crate::{Reader, Result, StoreError, Tx};
use keys::{SealPurpose, Zeroizing};
use sqlx::any::AnyRow;
use visit::{GrantId, Timestamp, UserId, VisitId};

/// An opening to be stored.
pub struct NewEmergency<'a> {
    /// Its id, chosen by the caller.
    pub id: GrantId,
    /// Which visit.
    pub visit: VisitId,
    /// Who opens it.
    pub user: UserId,
    /// Why, in their own words.
    pub reason: &'a str,
    /// Until when.
    pub ends_at: Timestamp,
}

/// An opening. Its texts may speak of a patient: no `Debug`.
pub struct EmergencyRow {
    /// Its id.
    pub id: GrantId,
    /// Which visit.
    pub visit: VisitId,
    /// Who opened it.
    pub user: UserId,
    /// Why; nothing when the visit's key is destroyed.
    pub reason: Option<Zeroizing<String>>,
    /// From when.
    pub began_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// What the review found.
    pub review: Option<ReviewRow>,
}

/// What a review found.
pub struct ReviewRow {
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Whether there was reason enough.
    pub justified: bool,
    /// What else there was to say; nothing when the visit's key is destroyed.
    pub note: Option<Zeroizing<String>>,
}

const TABLE: &str = "emergency_access";

macro_rules! select_emergencies {
    ($rest:literal) => {
        concat!(
            "SELECT id, visit_id, user_id, reason_sealed, began_at, ends_at, reviewed_by, \
             reviewed_at, justified, note_sealed FROM emergency_access WHERE org = $1 ",
            $rest
        )
    };
}

impl Reader {
    /// Who may know a visit by emergency access at `now`, and until when.
    ///
    /// # Errors
    /// What the database says.
    pub async fn emergencies_of(
        &mut self,
        visit: VisitId,
        now: Timestamp,
    ) -> Result<Vec<(UserId, Timestamp)>> {
        let query = sql("SELECT user_id, ends_at FROM emergency_access \
             WHERE org = $1 AND visit_id = $2 AND ends_at > $3 ORDER BY began_at, id")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(now.0);
        let rows = self.all(query).await?;
        let read = |row| {
            let cols = Cols(row);
            Ok((cols.id("user_id", UserId::parse)?, cols.time("ends_at")?))
        };
        rows.iter().map(read).collect()
    }

    /// One opening.
    ///
    /// # Errors
    /// What the database says.
    pub async fn emergency(&mut self, id: GrantId) -> Result<Option<EmergencyRow>> {
        let query =
            sql(select_emergencies!("AND id = $2")).bind(self.org_text()).bind(id.to_text());
        match self.one(query).await? {
            None => Ok(None),
            Some(row) => self.read_emergency(&row).await.map(Some),
        }
    }

    /// Openings, those without a review first, then the newest, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn emergencies(&mut self, limit: u32) -> Result<Vec<EmergencyRow>> {
        let query = sql(select_emergencies!(
            "ORDER BY CASE WHEN reviewed_at IS NULL THEN 0 ELSE 1 END, began_at DESC, id LIMIT $2"
        ))
        .bind(self.org_text())
        .bind(i64::from(limit));
        let rows = self.all(query).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push(self.read_emergency(row).await?);
        }
        Ok(found)
    }

    /// How many openings that began before `before` have no review.
    ///
    /// # Errors
    /// What the database says.
    pub async fn unreviewed_emergencies(&mut self, before: Timestamp) -> Result<u32> {
        let query = sql("SELECT COUNT(*) AS open FROM emergency_access \
             WHERE org = $1 AND reviewed_at IS NULL AND began_at < $2")
        .bind(self.org_text())
        .bind(before.0);
        match self.one(query).await? {
            None => Ok(0),
            Some(row) => Cols(&row).count("open"),
        }
    }

    async fn read_emergency(&mut self, row: &AnyRow) -> Result<EmergencyRow> {
        let cols = Cols(row);
        let id = cols.id("id", GrantId::parse)?;
        let visit = cols.id("visit_id", VisitId::parse)?;
        let sealed = cols.bytes("reason_sealed")?;
        let reason = self.open_text(visit, id, "reason_sealed", &sealed).await?;
        let review =
            match (cols.opt_id("reviewed_by", UserId::parse)?, cols.opt_time("reviewed_at")?) {
                (Some(by), Some(at)) => {
                    let note = match cols.opt_bytes("note_sealed")? {
                        Some(sealed) => self.open_text(visit, id, "note_sealed", &sealed).await?,
                        None => None,
                    };
                    Some(ReviewRow { by, at, justified: cols.flag("justified")?, note })
                }
                _ => None,
            };
        Ok(EmergencyRow {
            id,
            visit,
            user: cols.id("user_id", UserId::parse)?,
            reason,
            began_at: cols.time("began_at")?,
            ends_at: cols.time("ends_at")?,
            review,
        })
    }

    /// A text under the visit's key; nothing when that key is gone.
    async fn open_text(
        &mut self,
        visit: VisitId,
        id: GrantId,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Option<Zeroizing<String>>> {
        let key = match self.visit_key(visit).await {
            Err(StoreError::NotFound) => return Ok(None),
            other => other?,
        };
        let row_id = id.to_text();
        let plain = key.open(SealPurpose::Note, &self.aad(TABLE, column, &row_id), sealed)?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| StoreError::Corrupt(column))?;
        Ok(Some(Zeroizing::new(text)))
    }
}

impl Tx {
    /// Stores an opening that begins now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a visit or account.
    pub async fn create_emergency(&mut self, new: &NewEmergency<'_>) -> Result<()> {
        let key = self.visit_key(new.visit).await?;
        let row_id = new.id.to_text();
        let aad = self.aad(TABLE, "reason_sealed", &row_id);
        let sealed = key.seal(SealPurpose::Note, &aad, new.reason.as_bytes())?;
        let query = sql("INSERT INTO emergency_access (org, id, visit_id, user_id, \
             reason_sealed, began_at, ends_at, end_noted) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)")
        .bind(self.org_text())
        .bind(row_id)
        .bind(new.visit.to_text())
        .bind(new.user.to_text())
        .bind(sealed)
        .bind(self.now().0)
        .bind(new.ends_at.0);
        self.run(query).await.map(|_| ())
    }

    /// Openings that are over and whose end is not on record yet; from now on it is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_ended_emergencies(&mut self) -> Result<Vec<(GrantId, VisitId, UserId)>> {
        let query = sql("UPDATE emergency_access SET end_noted = 1 \
             WHERE org = $1 AND end_noted = 0 AND ends_at <= $2 RETURNING id, visit_id, user_id")
        .bind(self.org_text())
        .bind(self.now().0);
        let rows = self.all(query).await?;
        let read = |row| {
            let cols = Cols(row);
            Ok((
                cols.id("id", GrantId::parse)?,
                cols.id("visit_id", VisitId::parse)?,
                cols.id("user_id", UserId::parse)?,
            ))
        };
        rows.iter().map(read).collect()
    }

    /// Stores what a review found. `false` when it was reviewed already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such an opening.
    pub async fn review_emergency(
        &mut self,
        id: GrantId,
        by: UserId,
        justified: bool,
        note: &str,
    ) -> Result<bool> {
        let row = self.emergency(id).await?.ok_or(StoreError::NotFound)?;
        let row_id = id.to_text();
        let sealed = match self.visit_key(row.visit).await {
            Err(StoreError::NotFound) => None,
            key => {
                let aad = self.aad(TABLE, "note_sealed", &row_id);
                Some(key?.seal(SealPurpose::Note, &aad, note.as_bytes())?)
            }
        };
        let query = sql("UPDATE emergency_access SET reviewed_by = $3, reviewed_at = $4, \
             justified = $5, note_sealed = $6 WHERE org = $1 AND id = $2 AND reviewed_at IS NULL")
        .bind(self.org_text())
        .bind(row_id)
        .bind(by.to_text())
        .bind(self.now().0)
        .bind(i64::from(justified))
        .bind(sealed);
        Ok(self.run(query).await? > 0)
    }
}
