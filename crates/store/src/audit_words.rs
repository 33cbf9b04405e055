//! Words beside audit entries: sealed under the audit key of the patient whom an entry is about.
//!
//! A patient's audit key is a data key like any other: wrapped, rotated, destroyed. It is made with the
//! first entry that has words, and goes with the last visit that is kept of the patient. The patient of an
//! entry is the one of its visit; an entry about no visit, or about a visit of which no patient is known
//! any more, keeps no words.
//!
//! # The sealed form
//! The name of the key, sealed under the organisation's key, and then the words, sealed under the audit
//! key. So the log itself does not say which visits belong to one patient. Both are bound to the
//! organisation and to the entry's writer, number, kind and visit: in any other entry they do not open.
//!
//! Keys are looked up before the lock of the log's writer is taken. Never reads a clock or draws a number.

use crate::db::{AuditKeyId, KeyId};
use crate::row::{Cols, sql};
use crate::{Reader, Result, Store, StoreError, Tx};
use audit::{Entry, Event, Kind, SealedWords, Words, WriterId};
use keys::{DataKey, Kek, KeyError, SealPurpose};
use std::collections::BTreeMap;
use std::sync::Arc;
use visit::{OrgId, PatientId, SeatId, VisitId};

const TABLE: &str = "audit_entries";
/// Sealed length of a key's name: format, nonce, 16 bytes, tag.
const SEALED_NAME_BYTES: usize = 1 + 12 + 16 + 16;

/// What became of the words beside an entry. They are about people: no `Debug`.
pub enum WordsFound {
    /// They open.
    Open(Words),
    /// Their key was destroyed.
    Erased,
    /// They are not what was sealed for this entry.
    Altered,
}

/// What seals the words of one event.
pub(crate) struct WordsKey {
    id: AuditKeyId,
    key: Arc<DataKey>,
    org_key: Arc<DataKey>,
}

/// One seat of a patient: whose it is, and the audit key if there is one.
struct OwnSeat {
    seat: SeatId,
    patient: PatientId,
    key: Option<AuditKeyId>,
}

impl WordsKey {
    /// Seals the words of `event`, which becomes entry `seq` of `writer`.
    pub(crate) fn seal(
        &self,
        org: OrgId,
        writer: &WriterId,
        seq: u64,
        event: Event,
    ) -> Result<Event> {
        let Some(words) = event.words_beside() else { return Ok(event) };
        let place = place(writer, seq, event.kind(), event.visit_of());
        let aad = |column| keys::Aad { org, table: TABLE, column, row: &place };
        let name = self.id.0.to_be_bytes();
        let mut sealed = self.org_key.seal(SealPurpose::AuditKey, &aad("key"), &name)?;
        let json = words.to_json()?;
        sealed.extend(self.key.seal(SealPurpose::Audit, &aad("sealed"), &json)?);
        Ok(event.sealed(SealedWords::from_bytes(&sealed)?))
    }
}

/// What a sealed form is bound to, besides the organisation.
fn place(writer: &WriterId, seq: u64, kind: Kind, visit: Option<VisitId>) -> String {
    let visit = visit.map(VisitId::to_text).unwrap_or_default();
    format!("{}/{seq}/{}/{visit}", writer.as_str(), kind.as_str())
}

impl Reader {
    /// The words beside an entry of this organisation; nothing when it has none.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when a key does not unwrap.
    pub async fn words_of(&mut self, entry: &Entry) -> Result<Option<WordsFound>> {
        let Some(sealed) = &entry.sealed else { return Ok(None) };
        let Ok(bytes) = sealed.to_bytes() else { return Ok(Some(WordsFound::Altered)) };
        let Some((name, words)) = bytes.split_at_checked(SEALED_NAME_BYTES) else {
            return Ok(Some(WordsFound::Altered));
        };
        let place = place(&entry.writer, entry.seq, entry.kind, entry.visit);
        let org = self.org();
        let aad = |column| keys::Aad { org, table: TABLE, column, row: &place };
        let org_key = self.org_key().await?;
        let name = match org_key.open(SealPurpose::AuditKey, &aad("key"), name) {
            Err(KeyError::Open | KeyError::UnknownFormat(_)) => {
                return Ok(Some(WordsFound::Altered));
            }
            name => name?,
        };
        let Ok(name) = <[u8; 16]>::try_from(name.as_slice()) else {
            return Ok(Some(WordsFound::Altered));
        };
        let id = KeyId::Audit(org, AuditKeyId(u128::from_be_bytes(name)));
        let key = match self.key(id).await {
            Err(StoreError::NotFound) => return Ok(Some(WordsFound::Erased)),
            key => key?,
        };
        let json = match key.open(SealPurpose::Audit, &aad("sealed"), words) {
            Err(KeyError::Open | KeyError::UnknownFormat(_)) => {
                return Ok(Some(WordsFound::Altered));
            }
            json => json?,
        };
        Ok(Some(Words::from_json(&json).map_or(WordsFound::Altered, WordsFound::Open)))
    }

    /// The name of a patient's audit key, for a certificate; nothing when none was ever needed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit_key_of(&mut self, patient: PatientId) -> Result<Option<String>> {
        let query = sql("SELECT key_id FROM patient_keys WHERE org = $1 AND patient_id = $2")
            .bind(self.org_text())
            .bind(patient.to_text());
        self.one(query).await?.map(|row| Cols(&row).text("key_id")).transpose()
    }

    /// What seals an event's words if the key is there already; remembered from now on.
    async fn known_words_key(&mut self, org: OrgId, event: &Event) -> Result<Option<WordsKey>> {
        let Some(visit) = event.visit_of() else { return Ok(None) };
        if self.dead_keys.contains(&KeyId::Visit(org, visit)) {
            return Ok(None);
        }
        if let Some(id) = self.shared.audit_key(org, visit)
            && let Some(found) = self.words_key(org, id).await?
        {
            return Ok(Some(found));
        }
        let seats = self.own_seats(org, visit).await?;
        let Some(id) = of_event(&seats, event).and_then(|seat| seat.key) else { return Ok(None) };
        let found = self.words_key(org, id).await?;
        // Of several patients the event decides, and what is not committed yet is nobody else's.
        let is_new = self.is_new(KeyId::Audit(org, id));
        if found.is_some() && only_patient(&seats).is_some() && !is_new {
            self.shared.remember_audit_key(org, visit, id, self.key_epoch);
        }
        Ok(found)
    }

    async fn words_key(&mut self, org: OrgId, id: AuditKeyId) -> Result<Option<WordsKey>> {
        let key = match self.key(KeyId::Audit(org, id)).await {
            Err(StoreError::NotFound) => return Ok(None),
            key => key?,
        };
        Ok(Some(WordsKey { id, key, org_key: self.key(KeyId::Org(org)).await? }))
    }

    async fn own_seats(&mut self, org: OrgId, visit: VisitId) -> Result<Vec<OwnSeat>> {
        let query = sql("SELECT p.seat_id, p.patient_id, k.key_id FROM patient_visits p \
             LEFT JOIN patient_keys k ON k.org = p.org AND k.patient_id = p.patient_id \
             WHERE p.org = $1 AND p.visit_id = $2 ORDER BY p.seat_id")
        .bind(org.to_text())
        .bind(visit.to_text());
        let rows = self.all(query).await?;
        let read = |row| {
            let cols = Cols(row);
            Ok(OwnSeat {
                seat: cols.id("seat_id", SeatId::parse)?,
                patient: cols.id("patient_id", PatientId::parse)?,
                key: cols.opt_id("key_id", AuditKeyId::parse)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

/// The seat of the patient whom an event is about: the only one of the visit; of several the one that did
/// it or that it was done to. Words about all of them would outlive one of them, so there are none.
fn of_event<'s>(seats: &'s [OwnSeat], event: &Event) -> Option<&'s OwnSeat> {
    if let Some(only) = only_patient(seats) {
        return Some(only);
    }
    let by = match event.actor() {
        audit::Actor::Seat(seat) => Some(seat),
        _ => None,
    };
    let mut named =
        seats.iter().filter(|own| event.seat_of() == Some(own.seat) || by == Some(own.seat));
    let one = named.next()?;
    named.all(|other| other.patient == one.patient).then_some(one)
}

/// A seat of the patient of a visit that has no other patient.
fn only_patient(seats: &[OwnSeat]) -> Option<&OwnSeat> {
    let first = seats.first()?;
    seats.iter().all(|seat| seat.patient == first.patient).then_some(first)
}

impl Tx {
    /// The names of the audit keys that were destroyed in this transaction.
    #[must_use]
    pub fn audit_keys_destroyed(&self) -> Vec<String> {
        let dead = self.dead_keys.iter().filter(|key| matches!(key, KeyId::Audit(..)));
        dead.map(|key| key.scope_id()).collect()
    }

    /// What seals the words of each event; makes audit keys that are not there yet. To be called before
    /// the lock of a writer is taken.
    pub(crate) async fn words_keys<'e>(
        &mut self,
        events: impl Iterator<Item = (OrgId, &'e Event)>,
    ) -> Result<BTreeMap<usize, WordsKey>> {
        let said = events.enumerate().filter(|(_, (_, event))| event.words_beside().is_some());
        let mut said: Vec<_> = said.collect();
        // In one order everywhere, so that two transactions do not wait for each other in a circle.
        said.sort_by_key(|(_, (org, event))| (*org, event.visit_of()));
        let mut found = BTreeMap::new();
        for (at, (org, event)) in said {
            let key = match self.known_words_key(org, event).await? {
                Some(key) => Some(key),
                None => self.new_words_key(org, event).await?,
            };
            found.extend(key.map(|key| (at, key)));
        }
        Ok(found)
    }

    async fn new_words_key(&mut self, org: OrgId, event: &Event) -> Result<Option<WordsKey>> {
        let Some(visit) = event.visit_of() else { return Ok(None) };
        // Changing nothing locks the rows: no erasure can slip in between and leave a key behind.
        let query = sql("UPDATE patient_visits SET patient_id = patient_id \
             WHERE org = $1 AND visit_id = $2")
        .bind(org.to_text())
        .bind(visit.to_text());
        if self.run(query).await? == 0 {
            return Ok(None);
        }
        let seats = self.own_seats(org, visit).await?;
        let Some(seat) = of_event(&seats, event) else { return Ok(None) };
        // A name without its key is left over from a backup whose keys are older than its data.
        if let Some(gone) = seat.key {
            if let Some(found) = self.words_key(org, gone).await? {
                return Ok(Some(found));
            }
            let query = sql("DELETE FROM patient_keys WHERE org = $1 AND key_id = $2")
                .bind(org.to_text())
                .bind(KeyId::Audit(org, gone).scope_id());
            self.run(query).await?;
        }
        self.make_audit_key(org, seat.patient).await?;
        self.known_words_key(org, event).await
    }

    async fn make_audit_key(&mut self, org: OrgId, patient: PatientId) -> Result<()> {
        let wrap = move |kek: &dyn Kek| {
            let key = DataKey::generate()?;
            // A name that the key itself gives, so that nobody has to draw one.
            let mut name = [0; 16];
            name.copy_from_slice(&key.blind_index()?.other("audit key", b"")[..16]);
            let id = KeyId::Audit(org, AuditKeyId(u128::from_be_bytes(name)));
            let wrapped = id.in_context(|at| key.wrap(kek, at))?;
            Ok((id, key, wrapped))
        };
        let (id, key, wrapped) = self.shared.ask_kek(wrap).await?;
        let query = sql("INSERT INTO patient_keys (org, patient_id, key_id) VALUES ($1, $2, $3) \
             ON CONFLICT (org, patient_id) DO NOTHING")
        .bind(org.to_text())
        .bind(patient.to_text())
        .bind(id.scope_id());
        // Somebody else may have been faster: theirs is the key.
        if self.run(query).await? > 0 {
            let now = self.now();
            self.keep_key(id, key, wrapped, now).await?;
        }
        Ok(())
    }

    /// Destroys the audit keys of those of these patients of whom no visit is kept any more. Gives how
    /// many it destroyed.
    pub(crate) async fn destroy_audit_keys(&mut self, patients: &[PatientId]) -> Result<u64> {
        let mut destroyed = 0;
        for patient in patients {
            let query = sql("DELETE FROM patient_keys WHERE org = $1 AND patient_id = $2 \
                 AND NOT EXISTS (SELECT 1 FROM patient_visits p \
                   WHERE p.org = $1 AND p.patient_id = $2) RETURNING key_id")
            .bind(self.org_text())
            .bind(patient.to_text());
            for row in self.all(query).await? {
                let id = KeyId::Audit(self.org(), Cols(&row).id("key_id", AuditKeyId::parse)?);
                let query = sql("DELETE FROM data_keys WHERE org = $1 AND scope = 'patient' \
                     AND scope_id = $2")
                .bind(self.org_text())
                .bind(id.scope_id());
                destroyed += self.run(query).await?;
                self.dead_keys.push(id);
            }
        }
        Ok(destroyed)
    }
}

impl Store {
    /// Looks up the audit keys of events before a commit that others wait for too.
    pub(crate) async fn warm_words_keys(&self, org: OrgId, events: &[Event]) -> Result<()> {
        let is_cold = |event: &&Event| {
            let visit = event.visit_of().filter(|_| event.words_beside().is_some());
            visit.is_some_and(|visit| !self.shared.has_audit_key(org, visit))
        };
        let mut cold = events.iter().filter(is_cold).peekable();
        if cold.peek().is_none() {
            return Ok(());
        }
        let mut reader = self.read(org).await?;
        for event in cold {
            reader.known_words_key(org, event).await?;
        }
        Ok(())
    }
}
