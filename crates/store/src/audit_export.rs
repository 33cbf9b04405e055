//! Reading placed entries in order, for whoever takes them elsewhere. As stored, byte by byte, so that each
//! can be checked against the tree.

use crate::audit_search::narrow;
use crate::row::{Cols, to_int};
use crate::{MAX_PAGE, Reader, Result};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeSet, HashMap};
use visit::{PatientId, Timestamp, UserId, VisitId};

/// What is taken. Holds ids of people, so it has no `Debug`.
#[derive(Clone, Copy, Default)]
pub struct AuditRange {
    /// Only what happened in this visit.
    pub visit: Option<VisitId>,
    /// Only what happened in visits of this patient.
    pub patient: Option<PatientId>,
    /// Only what this account did, or what was done to it.
    pub person: Option<UserId>,
    /// Only what happened at this time or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this time.
    pub until: Option<Timestamp>,
}

impl Reader {
    /// Up to `limit` entries (at most [`MAX_PAGE`]) of this organisation from place `first` on and below
    /// `end`, in the order of their places.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_from(
        &mut self,
        range: &AuditRange,
        first: u64,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut text = "SELECT l.idx, e.entry FROM audit_leaves l \
             JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
             WHERE l.org = $1 AND l.idx >= $2 AND l.idx < $3 AND l.at >= $4 AND l.at < $5"
            .to_owned();
        let asked = narrow(&mut text, 7, range.visit, range.patient, range.person);
        text.push_str(" ORDER BY l.idx LIMIT $6");
        let mut query = sqlx::query(AssertSqlSafe(text))
            .bind(self.org_text())
            .bind(to_int(first)?)
            .bind(to_int(end)?)
            .bind(range.from.map_or(i64::MIN, |at| at.0))
            .bind(range.until.map_or(i64::MAX, |at| at.0))
            .bind(i64::from(limit.clamp(1, MAX_PAGE)));
        for value in asked {
            query = query.bind(value);
        }
        let rows = self.all(query).await?;
        let read = |row| {
            let cols = Cols(row);
            Ok((cols.count("idx")?, cols.bytes("entry")?))
        };
        rows.iter().map(read).collect()
    }

    /// Whose visits these are, as far as it is still known.
    ///
    /// # Errors
    /// What the database says.
    pub async fn patients_of_visits(
        &mut self,
        visits: impl IntoIterator<Item = VisitId>,
    ) -> Result<HashMap<VisitId, Vec<PatientId>>> {
        let ids: BTreeSet<String> = visits.into_iter().map(|visit| visit.to_text()).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let mut found: HashMap<VisitId, Vec<PatientId>> = HashMap::new();
        // SQLite takes at least 999 values.
        for part in ids.chunks(500) {
            let places: Vec<String> = (0..part.len()).map(|n| format!("${}", n + 2)).collect();
            let text = format!(
                "SELECT DISTINCT visit_id, patient_id FROM patient_visits \
                 WHERE org = $1 AND visit_id IN ({}) ORDER BY visit_id, patient_id",
                places.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(self.org_text());
            for id in part {
                query = query.bind(id.clone());
            }
            for row in self.all(query).await? {
                let cols = Cols(&row);
                let visit = cols.id("visit_id", VisitId::parse)?;
                found.entry(visit).or_default().push(cols.id("patient_id", PatientId::parse)?);
            }
        }
        Ok(found)
    }
}
