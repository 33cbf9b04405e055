//! Writing down how a visit's call was: once a minute, at its end, and when somebody wants to read it.

use super::actor::Task;
use crate::http::error::store_code;
use protocol::ErrorCode;
use protocol::http::QualityPerson;
use visit::Duration;

/// What a crash may lose.
const KEEP_EVERY: Duration = Duration::from_s(60);
/// The end of a visit is written down at once; if the database is busy, this much later again.
const AGAIN_AFTER: Duration = Duration::from_s(5);

impl Task {
    /// Writes down what is due. A failure is tried again: figures stay in memory meanwhile.
    pub(super) async fn keep_quality_now_and_then(&mut self) {
        if self.state.quality.to_keep().is_none() {
            return;
        }
        let now = self.core.clock.now();
        let over = self.state.visit.state.is_final() || self.state.media.is_empty();
        let wait = if over { AGAIN_AFTER } else { KEEP_EVERY };
        let first = self.state.quality_tried_at.is_none();
        // The first stretch of figures waits as long as all others.
        let tried = *self.state.quality_tried_at.get_or_insert(now);
        if (first && over) || now.since(tried) >= wait {
            self.state.quality_tried_at = Some(now);
            if let Err(code) = self.keep_quality().await {
                tracing::warn!(visit = ?self.state.visit.id, ?code, "figures of a call wait");
            }
        }
    }

    /// Writes down everything that was measured up to now.
    pub(super) async fn keep_quality(&mut self) -> Result<(), ErrorCode> {
        let Some((began_at, kept)) = self.state.quality.to_keep() else { return Ok(()) };
        let record = serde_json::to_vec(&kept).map_err(|_| ErrorCode::Internal)?;
        let (v, now) = (&self.state.visit, self.core.clock.now());
        let mut tx = self.core.store.begin(v.org, now).await.map_err(|e| store_code(&e))?;
        tx.save_quality(v.id, began_at, &record).await.map_err(|e| store_code(&e))?;
        let why = "figures of a call; nobody saw or changed anything about a person";
        tx.commit_plain(why).await.map_err(|e| store_code(&e))?;
        self.state.quality.kept();
        Ok(())
    }

    /// Everybody who has a seat, for whoever reads the figures.
    pub(super) fn measured_people(&self) -> Vec<QualityPerson> {
        let seats = self.state.visit.seats.iter();
        let person = |s: &visit::Seat| {
            let row = self.state.people.get(&s.id)?;
            Some(QualityPerson { seat: s.id, name: row.person.name.clone(), role: s.role })
        };
        seats.filter_map(person).collect()
    }
}
