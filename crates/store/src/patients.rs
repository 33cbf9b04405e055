//! Patients over all of their visits, and legal holds on what is kept of them.
//!
//! There is no row about a patient: names stand in the seats of visits, sealed under each visit's key. A
//! patient is what visits have in common, found by a keyed hash.

use crate::row::{Cols, sql};
use crate::{PersonSecret, Reader, Result, StoreError, Tx, VisitWithSeats};
use keys::{SealPurpose, Zeroizing};
use sqlx::any::AnyRow;
use visit::{PatientId, Role, SeatId, Timestamp, UserId, VisitId};

/// A patient and how many visits are kept.
pub struct PatientRow {
    /// Which.
    pub id: PatientId,
    /// Visits that are kept.
    pub visits: u32,
    /// The latest of them.
    pub latest: VisitId,
    /// A legal hold is in force.
    pub held: bool,
}

/// A legal hold that is in force.
pub struct HoldRow {
    /// On whose data.
    pub patient: PatientId,
    /// Why.
    pub reason: Zeroizing<String>,
    /// Since when.
    pub placed_at: Timestamp,
    /// By whom.
    pub placed_by: UserId,
}

const HOLDS: &str = "legal_holds";

impl Reader {
    /// The patient that this person is: the same name with the same date of birth, or else with the
    /// same e-mail address, however written. Somebody of whom only a name is known is nobody else.
    pub(crate) async fn patient_id(
        &mut self,
        visit: VisitId,
        seat: SeatId,
        person: &PersonSecret,
    ) -> Result<PatientId> {
        let plain =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let beside = match (&person.dob, &person.email) {
            (Some(dob), _) => format!("born {dob}"),
            (None, Some(email)) => format!("at {}", plain(email)),
            (None, None) => format!("in {}/{}", visit.to_text(), seat.to_text()),
        };
        let who = Zeroizing::new(format!("{}\n{beside}", plain(&person.name)));
        let index = self.org_key().await?.blind_index()?.other("patient", who.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&index[..16]);
        Ok(PatientId::from_u128(u128::from_be_bytes(id)))
    }

    /// Patients, those with the latest visits first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn patients(&mut self, limit: u32) -> Result<Vec<PatientRow>> {
        // Ids of visits begin with the time at which they were made.
        let query = sql("SELECT p.patient_id, COUNT(*) AS visits, MAX(p.visit_id) AS latest, \
             (SELECT COUNT(*) FROM legal_holds h WHERE h.org = p.org \
              AND h.patient_id = p.patient_id AND h.lifted_at IS NULL) AS holds \
             FROM patient_visits p WHERE p.org = $1 GROUP BY p.org, p.patient_id \
             ORDER BY latest DESC LIMIT $2")
        .bind(self.org_text())
        .bind(i64::from(limit));
        self.all(query).await?.iter().map(read_patient).collect()
    }

    /// One patient.
    ///
    /// # Errors
    /// What the database says.
    pub async fn patient(&mut self, id: PatientId) -> Result<Option<PatientRow>> {
        let query = sql("SELECT p.patient_id, COUNT(*) AS visits, MAX(p.visit_id) AS latest, \
             (SELECT COUNT(*) FROM legal_holds h WHERE h.org = p.org \
              AND h.patient_id = p.patient_id AND h.lifted_at IS NULL) AS holds \
             FROM patient_visits p WHERE p.org = $1 AND p.patient_id = $2 \
             GROUP BY p.org, p.patient_id")
        .bind(self.org_text())
        .bind(id.to_text());
        self.one(query).await?.map(|row| read_patient(&row)).transpose()
    }

    /// The visits of a patient, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn visits_of_patient(&mut self, id: PatientId) -> Result<Vec<VisitId>> {
        let query = sql("SELECT DISTINCT visit_id FROM patient_visits \
             WHERE org = $1 AND patient_id = $2 ORDER BY visit_id")
        .bind(self.org_text())
        .bind(id.to_text());
        let rows = self.all(query).await?;
        rows.iter().map(|row| Cols(row).id("visit_id", VisitId::parse)).collect()
    }

    /// The seats of a patient in one visit.
    ///
    /// # Errors
    /// What the database says.
    pub async fn seats_of_patient(
        &mut self,
        visit: VisitId,
        patient: PatientId,
    ) -> Result<Vec<SeatId>> {
        let query = sql("SELECT seat_id FROM patient_visits \
             WHERE org = $1 AND visit_id = $2 AND patient_id = $3 ORDER BY seat_id")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(patient.to_text());
        let rows = self.all(query).await?;
        rows.iter().map(|row| Cols(row).id("seat_id", SeatId::parse)).collect()
    }

    /// The holds that are in force, newest first.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when a reason does not open.
    pub async fn holds(&mut self) -> Result<Vec<HoldRow>> {
        let query = sql("SELECT patient_id, placed_at, placed_by, reason_sealed FROM legal_holds \
             WHERE org = $1 AND lifted_at IS NULL ORDER BY placed_at DESC, patient_id")
        .bind(self.org_text());
        let rows = self.all(query).await?;
        let key = self.org_key().await?;
        let read = |row| {
            let cols = Cols(row);
            let patient = cols.id("patient_id", PatientId::parse)?;
            let placed_at = cols.time("placed_at")?;
            let place = hold_place(patient, placed_at);
            let aad = self.aad(HOLDS, "reason_sealed", &place);
            let plain = key.open(SealPurpose::Note, &aad, &cols.bytes("reason_sealed")?)?;
            let reason = String::from_utf8(plain.to_vec());
            Ok(HoldRow {
                patient,
                reason: Zeroizing::new(reason.map_err(|_| StoreError::Corrupt("reason_sealed"))?),
                placed_at,
                placed_by: cols.id("placed_by", UserId::parse)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn read_patient(row: &AnyRow) -> Result<PatientRow> {
    let cols = Cols(row);
    Ok(PatientRow {
        id: cols.id("patient_id", PatientId::parse)?,
        visits: cols.count("visits")?,
        latest: cols.id("latest", VisitId::parse)?,
        held: cols.int("holds")? > 0,
    })
}

fn hold_place(patient: PatientId, placed_at: Timestamp) -> String {
    format!("{}/{}", patient.to_text(), placed_at.0)
}

impl Tx {
    /// Notes which patient's visit this is.
    pub(crate) async fn link_patient(
        &mut self,
        visit: VisitId,
        seat: SeatId,
        person: &PersonSecret,
    ) -> Result<()> {
        let patient = self.patient_id(visit, seat, person).await?;
        let query = sql("INSERT INTO patient_visits (org, visit_id, seat_id, patient_id) \
             VALUES ($1, $2, $3, $4) \
             ON CONFLICT (org, visit_id, seat_id) DO UPDATE SET patient_id = $4")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.to_text())
        .bind(patient.to_text());
        self.run(query).await.map(|_| ())
    }

    /// Links visits that were booked before patients were known to the schema; at most `limit` in one
    /// transaction. Gives how many it linked, 0 when all are.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when a visit does not open.
    pub async fn link_older_patients(&mut self, limit: u32) -> Result<u32> {
        let query = sql("SELECT DISTINCT s.visit_id FROM seats s WHERE s.org = $1 \
             AND s.role = $2 AND EXISTS (SELECT 1 FROM data_keys k WHERE k.org = s.org \
               AND k.scope = 'visit' AND k.scope_id = s.visit_id) \
             AND NOT EXISTS (SELECT 1 FROM patient_visits p WHERE p.org = s.org \
               AND p.visit_id = s.visit_id AND p.seat_id = s.id) \
             ORDER BY s.visit_id LIMIT $3")
        .bind(self.org_text())
        .bind(Role::Patient.as_str())
        .bind(i64::from(limit));
        let rows = self.all(query).await?;
        let mut linked = 0;
        for row in &rows {
            let visit = Cols(row).id("visit_id", VisitId::parse)?;
            let Some(VisitWithSeats { seats, .. }) = self.load_visit(visit).await? else {
                continue;
            };
            for seat in seats.iter().filter(|seat| seat.role == Role::Patient) {
                self.link_patient(visit, seat.id, &seat.person).await?;
            }
            linked += 1;
        }
        Ok(linked)
    }

    /// Places a legal hold. `false` when there is one already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a patient.
    pub async fn place_hold(
        &mut self,
        patient: PatientId,
        by: UserId,
        reason: &str,
    ) -> Result<bool> {
        let found = self.patient(patient).await?.ok_or(StoreError::NotFound)?;
        if found.held {
            return Ok(false);
        }
        let key = self.org_key().await?;
        let place = hold_place(patient, self.now());
        let aad = self.aad(HOLDS, "reason_sealed", &place);
        let sealed = key.seal(SealPurpose::Note, &aad, reason.as_bytes())?;
        let query = sql("INSERT INTO legal_holds (org, patient_id, placed_at, placed_by, \
             reason_sealed) VALUES ($1, $2, $3, $4, $5)")
        .bind(self.org_text())
        .bind(patient.to_text())
        .bind(self.now().0)
        .bind(by.to_text())
        .bind(sealed);
        self.run(query).await.map(|_| true)
    }

    /// Lifts the hold on a patient's data. `false` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn lift_hold(&mut self, patient: PatientId, by: UserId) -> Result<bool> {
        let query = sql("UPDATE legal_holds SET lifted_at = $3, lifted_by = $4 \
             WHERE org = $1 AND patient_id = $2 AND lifted_at IS NULL")
        .bind(self.org_text())
        .bind(patient.to_text())
        .bind(self.now().0)
        .bind(by.to_text());
        Ok(self.run(query).await? > 0)
    }
}
