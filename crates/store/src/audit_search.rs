//! Finding entries of the audit log. What an entry says is read from its bytes; the columns only find it.

use crate::row::{Cols, to_int};
use crate::{MAX_PAGE, Reader, Result};
use audit::Entry;
use sqlx::AssertSqlSafe;
use visit::{PatientId, UserId, VisitId};

/// What to look for. Holds an id of a person, so it has no `Debug`.
#[derive(Clone, Copy, Default)]
pub struct AuditFilter {
    /// Only what happened in this visit.
    pub visit: Option<VisitId>,
    /// Only what happened in visits of this patient.
    pub patient: Option<PatientId>,
    /// Only what this account did, or what was done to it.
    pub person: Option<UserId>,
    /// Only entries before this place.
    pub before: Option<u64>,
}

impl Reader {
    /// Up to `limit` entries (at most [`MAX_PAGE`]) of this organisation that have a place, newest first,
    /// with their places.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Corrupt`] for bytes that are no entry.
    pub async fn search_audit(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<(u64, Entry)>> {
        let mut text = "SELECT l.idx, e.entry FROM audit_leaves l \
             JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
             WHERE l.org = $1 AND l.idx < $2"
            .to_owned();
        let values = narrow(&mut text, 4, filter.visit, filter.patient, filter.person);
        text.push_str(" ORDER BY l.idx DESC LIMIT $3");
        let mut query = sqlx::query(AssertSqlSafe(text))
            .bind(self.org_text())
            .bind(filter.before.map_or(Ok(i64::MAX), to_int)?)
            .bind(i64::from(limit.clamp(1, MAX_PAGE)));
        for value in values {
            query = query.bind(value);
        }
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                let cols = Cols(row);
                Ok((cols.count("idx")?, Entry::parse(&cols.bytes("entry")?)?))
            })
            .collect()
    }
}

/// Narrows a statement about `audit_leaves l`, whose `$1` is the organisation. Only fixed words and
/// numbers of parameters get into its text; the values, for the parameters from `first` on, are returned.
pub(crate) fn narrow(
    text: &mut String,
    first: usize,
    visit: Option<VisitId>,
    patient: Option<PatientId>,
    person: Option<UserId>,
) -> Vec<String> {
    let mut values = Vec::new();
    let mut also = |clause: &str, value: String| {
        text.push_str(" AND ");
        text.push_str(&clause.replace("$?", &format!("${}", first + values.len())));
        values.push(value);
    };
    if let Some(visit) = visit {
        also("l.visit = $?", visit.to_text());
    }
    if let Some(patient) = patient {
        let of = "l.visit IN (SELECT p.visit_id FROM patient_visits p \
             WHERE p.org = $1 AND p.patient_id = $?)";
        also(of, patient.to_text());
    }
    if let Some(person) = person {
        also("(l.actor = $? OR l.person = $?)", person.to_text());
    }
    values
}
