//! Consents: append-only, in the order in which they were given.

use crate::row::{Cols, sql};
use crate::{Reader, Result, StoreError, Tx};
use visit::{ConsentDecision, ConsentRecord, Purpose, SeatId, VisitId};

/// One answer of one person.
#[derive(Clone)]
pub struct ConsentRow {
    /// Whose.
    pub seat: SeatId,
    /// The answer.
    pub record: ConsentRecord,
}

impl Reader {
    /// All answers of a visit; within a seat, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn consents(&mut self, visit: VisitId) -> Result<Vec<ConsentRow>> {
        let query = sql("SELECT seat_id, purpose, decision, text_version, locale, given_at \
             FROM consents WHERE org = $1 AND visit_id = $2 ORDER BY seat_id, number")
        .bind(self.org_text())
        .bind(visit.to_text());
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                let cols = Cols(row);
                Ok(ConsentRow {
                    seat: cols.id("seat_id", SeatId::parse)?,
                    record: ConsentRecord {
                        purpose: cols.code("purpose", Purpose::parse)?,
                        decision: cols.code("decision", ConsentDecision::parse)?,
                        text_version: cols.text("text_version")?,
                        locale: cols.text("locale")?,
                        at: cols.time("given_at")?,
                    },
                })
            })
            .collect()
    }
}

impl Tx {
    /// Puts an answer on record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a seat.
    pub async fn add_consent(
        &mut self,
        visit: VisitId,
        seat: SeatId,
        record: &ConsentRecord,
    ) -> Result<()> {
        self.lock_visit(visit).await?;
        let query = sql("SELECT COALESCE(MAX(number), 0) AS last_number FROM consents \
             WHERE org = $1 AND visit_id = $2 AND seat_id = $3")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text());
        let row = self.one(query).await?.ok_or(StoreError::Bug("no row returned".into()))?;
        let number = Cols(&row).int("last_number")? + 1;
        let query = sql("INSERT INTO consents (org, visit_id, seat_id, number, purpose, \
             decision, text_version, locale, given_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text())
        .bind(number)
        .bind(record.purpose.as_str())
        .bind(record.decision.as_str())
        .bind(record.text_version.clone())
        .bind(record.locale.clone())
        .bind(record.at.0);
        self.run(query).await.map(|_| ())
    }
}
