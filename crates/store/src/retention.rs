//! How long data is kept: finding what is over, and deleting it. When is for the caller to say.

use crate::db::KeyId;
use crate::row::{Cols, sql, text_enum};
use crate::{Reader, Result, Tx, VisitText};
use visit::{Timestamp, VisitId};

text_enum! {
    /// A kind of data with a life of its own.
    KeptKind {
        /// Chat and notes to people who waited.
        Chat = "chat",
        /// The clinic's note and title of a visit.
        Note = "note",
        /// The measurements of a call.
        Quality = "quality",
        /// Everything about a visit, by destroying its key.
        Visit = "visit",
    }
}

/// Visits that are over, that have this kind of data still, and that no legal hold is on. What has gone
/// with the whole visit needs no looking at again.
macro_rules! select_due {
    ($rest:literal) => {
        concat!(
            "SELECT v.id FROM visits v WHERE v.org = $1 AND v.is_final = 1 \
             AND v.ended_at <= $2 AND NOT EXISTS (SELECT 1 FROM deleted_data d \
               WHERE d.org = v.org AND d.visit_id = v.id AND d.kind IN ($3, 'visit')) \
             AND NOT EXISTS (SELECT 1 FROM patient_visits p \
               JOIN legal_holds h ON h.org = p.org AND h.patient_id = p.patient_id \
               WHERE p.org = v.org AND p.visit_id = v.id AND h.lifted_at IS NULL) ",
            $rest
        )
    };
}

impl Reader {
    /// Visits that ended at or before `ended_by`, of which this kind of data is not deleted yet and
    /// on which no legal hold is, oldest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn visits_to_delete_from(
        &mut self,
        kind: KeptKind,
        ended_by: Timestamp,
        limit: u32,
    ) -> Result<Vec<VisitId>> {
        let query = sql(select_due!("ORDER BY v.ended_at, v.id LIMIT $4"))
            .bind(self.org_text())
            .bind(ended_by.0)
            .bind(kind.as_str())
            .bind(i64::from(limit));
        let rows = self.all(query).await?;
        rows.iter().map(|row| Cols(row).id("id", VisitId::parse)).collect()
    }

    /// Whether [`Self::visits_to_delete_from`] would name this visit.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_due(
        &mut self,
        visit: VisitId,
        kind: KeptKind,
        ended_by: Timestamp,
    ) -> Result<bool> {
        let query = sql(select_due!("AND v.id = $4"))
            .bind(self.org_text())
            .bind(ended_by.0)
            .bind(kind.as_str())
            .bind(visit.to_text());
        Ok(self.one(query).await?.is_some())
    }

    /// When data was last looked through.
    ///
    /// # Errors
    /// What the database says.
    pub async fn swept_at(&mut self) -> Result<Option<Timestamp>> {
        let query =
            sql("SELECT swept_at FROM retention_sweeps WHERE org = $1").bind(self.org_text());
        self.one(query).await?.map(|row| Cols(&row).time("swept_at")).transpose()
    }
}

impl Tx {
    /// Deletes one kind of a visit's data and notes that it is gone. Gives how many things there
    /// were. A whole visit goes by [`Tx::destroy_visit`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn delete_kind(&mut self, visit: VisitId, kind: KeptKind) -> Result<u64> {
        let deleted = match kind {
            KeptKind::Chat => {
                let query = sql("DELETE FROM chat_messages WHERE org = $1 AND visit_id = $2");
                let query = query.bind(self.org_text()).bind(visit.to_text());
                self.run(query).await?
            }
            KeptKind::Quality => {
                let query = sql("DELETE FROM visit_quality WHERE org = $1 AND visit_id = $2");
                let query = query.bind(self.org_text()).bind(visit.to_text());
                self.run(query).await?
            }
            KeptKind::Note => self.delete_note(visit).await?,
            KeptKind::Visit => self.destroy_visit(visit).await?,
        };
        let query = sql("INSERT INTO deleted_data (org, visit_id, kind, deleted_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (org, visit_id, kind) DO NOTHING")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(kind.as_str())
        .bind(self.now().0);
        self.run(query).await?;
        Ok(deleted)
    }

    /// Destroys a visit for good: its key, and with it every sealed value in every copy of the database
    /// that lacks a wrapped key; its links, the browsers that hold its seats, and whose it was. The
    /// row of the visit, its consents and the audit log stay: they name nobody. With the last visit of a
    /// patient goes the key of what the log says about them in plain words. Gives the number of keys of
    /// visits, 0 when it was destroyed before.
    ///
    /// # Errors
    /// What the database says.
    pub async fn destroy_visit(&mut self, visit: VisitId) -> Result<u64> {
        let (org, id) = (self.org_text(), visit.to_text());
        let patients = self.patients_of_visits([visit]).await?.remove(&visit).unwrap_or_default();
        for text in [
            "DELETE FROM chat_messages WHERE org = $1 AND visit_id = $2",
            "DELETE FROM visit_quality WHERE org = $1 AND visit_id = $2",
            "DELETE FROM device_bindings WHERE org = $1 AND visit_id = $2",
            "DELETE FROM seat_links WHERE org = $1 AND visit_id = $2",
            "DELETE FROM join_tokens WHERE org = $1 AND visit_id = $2",
            "DELETE FROM patient_visits WHERE org = $1 AND visit_id = $2",
        ] {
            self.run(sql(text).bind(org.clone()).bind(id.clone())).await?;
        }
        let query =
            sql("DELETE FROM data_keys WHERE org = $1 AND scope = 'visit' AND scope_id = $2");
        let keys = self.run(query.bind(org).bind(id)).await?;
        let key = KeyId::Visit(self.org(), visit);
        self.dead_keys.push(key);
        let audit_keys = self.destroy_audit_keys(&patients).await?;
        if keys + audit_keys > 0 {
            self.raise_key_epoch().await?;
        }
        Ok(keys)
    }

    async fn delete_note(&mut self, visit: VisitId) -> Result<u64> {
        let Some(mut rows) = self.load_visit(visit).await? else { return Ok(0) };
        if rows.visit.text == VisitText::default() {
            return Ok(0);
        }
        rows.visit.text = VisitText::default();
        self.save_visit(&rows.visit, &[]).await?;
        Ok(1)
    }

    /// Notes that data was looked through now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_sweep(&mut self) -> Result<()> {
        let query = sql("INSERT INTO retention_sweeps (org, swept_at) VALUES ($1, $2) \
             ON CONFLICT (org) DO UPDATE SET swept_at = $2")
        .bind(self.org_text())
        .bind(self.now().0);
        self.run(query).await.map(|_| ())
    }
}
