//! Finding entries of the audit log. What an entry says is read from its bytes; the columns only find it.

use crate::row::{Cols, sql, to_int};
use crate::{MAX_PAGE, Reader, Result};
use audit::Entry;
use visit::{UserId, VisitId};

/// What to look for. Holds an id of a person, so it has no `Debug`.
#[derive(Clone, Copy, Default)]
pub struct AuditFilter {
    /// Only what happened in this visit.
    pub visit: Option<VisitId>,
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
        // One statement for each way to ask: an index serves each, and their text holds no value.
        let text = match (filter.visit, filter.person) {
            (None, None) => {
                "SELECT l.idx, e.entry FROM audit_leaves l \
                 JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
                 WHERE l.org = $1 AND l.idx < $2 ORDER BY l.idx DESC LIMIT $3"
            }
            (Some(_), None) => {
                "SELECT l.idx, e.entry FROM audit_leaves l \
                 JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
                 WHERE l.org = $1 AND l.idx < $2 AND l.visit = $4 ORDER BY l.idx DESC LIMIT $3"
            }
            (None, Some(_)) => {
                "SELECT l.idx, e.entry FROM audit_leaves l \
                 JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
                 WHERE l.org = $1 AND l.idx < $2 AND (l.actor = $4 OR l.person = $4) \
                 ORDER BY l.idx DESC LIMIT $3"
            }
            (Some(_), Some(_)) => {
                "SELECT l.idx, e.entry FROM audit_leaves l \
                 JOIN audit_entries e ON e.writer = l.writer AND e.seq = l.seq \
                 WHERE l.org = $1 AND l.idx < $2 AND l.visit = $4 \
                 AND (l.actor = $5 OR l.person = $5) ORDER BY l.idx DESC LIMIT $3"
            }
        };
        let before = filter.before.map_or(Ok(i64::MAX), to_int)?;
        let limit = i64::from(limit.clamp(1, MAX_PAGE));
        let mut query = sql(text).bind(self.org_text()).bind(before).bind(limit);
        if let Some(visit) = filter.visit {
            query = query.bind(visit.to_text());
        }
        if let Some(person) = filter.person {
            query = query.bind(person.to_text());
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
