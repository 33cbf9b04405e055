//! The audit log as a file: JSON lines, or a bundle of FHIR. In pieces, so that a log of any length needs
//! the memory of one page.
//!
//! It decides nothing about who may have it, and writes no entry: it says which ones whoever asks for it
//! has to write.

use audit::balp::{Placed, Server, audit_events};
use audit::{Actor, Entry, Event, Hash, Kind, json_line, leaf_hash};
use protocol::audit_log::AuditFormat;
use std::collections::HashMap;
use store::{AuditRange, Reader, Store, StoreError};
use visit::{OrgId, PatientId, Timestamp, VisitId};

/// Entries of one piece.
const PAGE: u32 = 500;

/// A file that is being made.
pub struct AuditExport {
    store: Store,
    org: OrgId,
    range: AuditRange,
    format: AuditFormat,
    base_url: String,
    now: Timestamp,
    /// Places that were looked at.
    next: u64,
    /// Where the log ended when this began.
    end: u64,
    written: u64,
    is_over: bool,
}

impl AuditExport {
    /// Begins with the log as it is now. `base_url`: the server's address, below which FHIR's identifiers
    /// are named.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin(
        store: Store,
        org: OrgId,
        range: AuditRange,
        format: AuditFormat,
        base_url: String,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let end = store.audit_counts().await?.1.unwrap_or(0);
        let (next, written, is_over) = (0, 0, false);
        Ok(Self { store, org, range, format, base_url, now, next, end, written, is_over })
    }

    /// Places that were looked at, and how many there are to look at.
    #[must_use]
    pub const fn progress(&self) -> (u64, u64) {
        (self.next, self.end)
    }

    /// Entries that were written; in FHIR one can be several events.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// The next piece of the file; `None` after the last.
    ///
    /// # Errors
    /// What the database says. What was made so far is no whole file then.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        let mut reader = self.store.read(self.org).await?;
        let page = reader.audit_from(&self.range, self.next, self.end, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        self.next = page.last().filter(|_| !is_last).map_or(self.end, |(place, _)| place + 1);
        self.is_over = is_last;
        let text = match self.format {
            AuditFormat::Jsonl => self.lines(&page)?,
            AuditFormat::Fhir => {
                let entries = page
                    .iter()
                    .map(|(place, bytes)| Ok((*place, leaf_hash(bytes), Entry::parse(bytes)?)))
                    .collect::<Result<Vec<_>, StoreError>>()?;
                let visits = entries.iter().filter_map(|(.., entry)| entry.visit);
                let patients = reader.patients_of_visits(visits).await?;
                self.events(&entries, &patients)
            }
        };
        Ok(Some(text.into_bytes()))
    }

    fn lines(&mut self, page: &[(u64, Vec<u8>)]) -> Result<String, StoreError> {
        let mut text = String::new();
        for (place, bytes) in page {
            text.push_str(&json_line(*place, bytes).ok_or(StoreError::Corrupt("audit entry"))?);
        }
        self.written += page.len() as u64;
        Ok(text)
    }

    /// A part of the bundle: with its head before the first event, and its end after the last.
    fn events(
        &mut self,
        entries: &[(u64, Hash, Entry)],
        patients: &HashMap<VisitId, Vec<PatientId>>,
    ) -> String {
        let host = self.base_url.split_once("://").map_or("", |(_, host)| host);
        let server = Server { base_url: &self.base_url, host };
        let made_at = self.now.to_rfc3339();
        let head = format!(
            "{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"timestamp\":\"{made_at}\""
        );
        let mut text = String::new();
        for (place, leaf, entry) in entries {
            let whose = entry.visit.and_then(|visit| patients.get(&visit));
            let whose = whose.map_or(&[][..], Vec::as_slice);
            let placed = Placed { place: *place, leaf: *leaf, entry };
            for (url, event) in audit_events(&server, &placed, whose) {
                // A list without members is not allowed in FHIR, so it begins with its first one.
                match self.written == 0 && text.is_empty() {
                    true => text.push_str(&format!("{head},\"entry\":[\n")),
                    false => text.push_str(",\n"),
                }
                text.push_str(&format!("{{\"fullUrl\":\"{url}\",\"resource\":{event}}}"));
            }
        }
        self.written += entries.len() as u64;
        match (self.is_over, self.written) {
            (false, _) => {}
            (true, 0) => text.push_str(&format!("{head}}}\n")),
            (true, _) => text.push_str("\n]}\n"),
        }
        text
    }
}

/// The entries about an export: one, or one for each visit of the patient that it is about, since the log
/// knows visits and no patients. `None` without such a patient.
///
/// # Errors
/// What the database says.
pub async fn exported(
    store: &Store,
    org: OrgId,
    range: &AuditRange,
    actor: Actor,
    format: AuditFormat,
) -> Result<Option<Vec<Event>>, StoreError> {
    let event = Event::new(Kind::AuditViewed, actor).detail("export", format.as_str());
    about(&mut store.read(org).await?, range, event).await
}

/// The same for whatever was read of the log.
pub(crate) async fn about(
    reader: &mut Reader,
    range: &AuditRange,
    mut event: Event,
) -> Result<Option<Vec<Event>>, StoreError> {
    if let Some(person) = range.person {
        event = event.user(person);
    }
    let Some(patient) = range.patient else {
        return Ok(Some(vec![match range.visit {
            Some(visit) => event.visit(visit),
            None => event,
        }]));
    };
    let visits = reader.visits_of_patient(patient).await?;
    let events: Vec<Event> = visits.into_iter().map(|visit| event.clone().visit(visit)).collect();
    Ok(Some(events).filter(|events| !events.is_empty()))
}
