//! Call quality: what stays of a visit's measurements, sealed under the visit's key. What is inside a
//! record is not this crate's matter.

use crate::row::{Cols, sql};
use crate::{Reader, Result, Tx};
use keys::{SealPurpose, Zeroizing};
use visit::{Timestamp, VisitId};

/// A stretch of a visit.
pub struct QualityRow {
    /// When its first measurement came in. Names the stretch within the visit.
    pub began_at: Timestamp,
    /// When it was last written.
    pub saved_at: Timestamp,
    /// The record, as it was given.
    pub record: Zeroizing<Vec<u8>>,
}

/// Most stretches of one visit that are read, the newest. A visit has one, and one more for each time
/// that the program started while it was under way.
const MOST_STRETCHES: i64 = 32;
const TABLE: &str = "visit_quality";
const COLUMN: &str = "record_sealed";

impl Reader {
    /// The stretches of a visit, oldest first.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Sealed`] when a record does not open.
    pub async fn quality(&mut self, visit: VisitId) -> Result<Vec<QualityRow>> {
        let query = sql("SELECT began_at, saved_at, record_sealed FROM visit_quality \
             WHERE org = $1 AND visit_id = $2 ORDER BY began_at DESC LIMIT $3")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(MOST_STRETCHES);
        let rows = self.all(query).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.visit_key(visit).await?;
        rows.iter()
            .rev()
            .map(|row| {
                let cols = Cols(row);
                let began_at = cols.time("began_at")?;
                let place = place(visit, began_at);
                let aad = self.aad(TABLE, COLUMN, &place);
                let record = key.open(SealPurpose::Quality, &aad, &cols.bytes(COLUMN)?)?;
                Ok(QualityRow { began_at, saved_at: cols.time("saved_at")?, record })
            })
            .collect()
    }
}

impl Tx {
    /// Writes a stretch, in place of what was written of it before.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] without such a visit.
    pub async fn save_quality(
        &mut self,
        visit: VisitId,
        began_at: Timestamp,
        record: &[u8],
    ) -> Result<()> {
        let key = self.visit_key(visit).await?;
        let place = place(visit, began_at);
        let sealed = key.seal(SealPurpose::Quality, &self.aad(TABLE, COLUMN, &place), record)?;
        let query =
            sql("INSERT INTO visit_quality (org, visit_id, began_at, saved_at, record_sealed) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org, visit_id, began_at) \
             DO UPDATE SET saved_at = excluded.saved_at, record_sealed = excluded.record_sealed")
            .bind(self.org_text())
            .bind(visit.to_text())
            .bind(began_at.0)
            .bind(self.now().0)
            .bind(sealed);
        self.run(query).await?;
        Ok(())
    }
}

fn place(visit: VisitId, began_at: Timestamp) -> String {
    format!("{}/{}", visit.to_text(), began_at.0)
}
