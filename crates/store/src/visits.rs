//! Visits with their seats. Writers are fenced by a version: whoever saves what somebody else has
//! changed since gets [`StoreError::Conflict`] and reads again.

use crate::db::KeyId;
use crate::row::{Cols, Query, micros, sql, to_int, to_json};
use crate::seats::{SeatRow, seat_columns};
use crate::tx::{open_json, seal_json};
use crate::{Reader, Result, StoreError, Tx, VisitText};
use keys::SealPurpose;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::HashMap;
use visit::{Role, SeatId, Timestamp, UserId, VisitId, VisitState};

/// What was chosen when the visit was booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisitOptions {
    /// Guests prove the date of birth before anything is shown.
    pub second_check: bool,
    /// Captions are offered.
    pub captions: bool,
    /// Recording is offered.
    pub recording: bool,
    /// Only whoever's visit it is and those invited see who it is with.
    pub restricted: bool,
}

/// A visit without its seats.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Its id.
    pub id: VisitId,
    /// The clinician whose visit it is.
    pub host: UserId,
    /// Where it stands.
    pub state: VisitState,
    /// When it is to begin.
    pub scheduled_at: Timestamp,
    /// How long it is planned to take.
    pub duration_min: u32,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When the first person came.
    pub opened_at: Option<Timestamp>,
    /// When the clinician and somebody else were in the call.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Since when nobody is inside, while it is not over.
    pub empty_since: Option<Timestamp>,
    /// What was chosen.
    pub options: VisitOptions,
    /// Title and note.
    pub text: VisitText,
    /// Counts the saves; set by the store.
    pub version: u64,
}

impl VisitRow {
    /// A visit that was booked at `now` for `scheduled_at`, with nothing chosen and nothing written.
    #[must_use]
    pub fn booked(
        id: VisitId,
        host: UserId,
        scheduled_at: Timestamp,
        duration_min: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            host,
            state: VisitState::Scheduled,
            scheduled_at,
            duration_min,
            created_at: now,
            opened_at: None,
            started_at: None,
            ended_at: None,
            empty_since: None,
            options: VisitOptions::default(),
            text: VisitText::default(),
            version: 0,
        }
    }
}

/// A visit with all its seats, in the order of their ids (that is, of invitation).
#[derive(Clone, PartialEq, Eq)]
pub struct VisitWithSeats {
    /// The visit.
    pub visit: VisitRow,
    /// The seats.
    pub seats: Vec<SeatRow>,
}

impl VisitWithSeats {
    /// One seat.
    #[must_use]
    pub fn seat(&self, id: SeatId) -> Option<&SeatRow> {
        self.seats.iter().find(|seat| seat.id == id)
    }
}

const TABLE: &str = "visits";

/// The two statements for one selection of visits: the visits themselves, but for those that were
/// destroyed, and their seats.
macro_rules! select_visits {
    ($condition:literal) => {
        (
            concat!(
                "SELECT v.id, v.host_user_id, v.state, v.scheduled_at, v.duration_min, \
                 v.created_at, v.opened_at, v.started_at, v.ended_at, v.empty_since, v.options, v.version, \
                 v.text_sealed FROM visits v WHERE v.org = $1 AND NOT EXISTS (SELECT 1 \
                 FROM deleted_data d WHERE d.org = v.org AND d.visit_id = v.id \
                 AND d.kind = 'visit') AND ",
                $condition,
                " ORDER BY v.scheduled_at, v.id"
            ),
            concat!(
                "SELECT ",
                seat_columns!(),
                " FROM seats s JOIN visits v ON v.org = s.org AND v.id = s.visit_id \
                 WHERE v.org = $1 AND ",
                $condition,
                " ORDER BY s.id"
            ),
        )
    };
}

impl Reader {
    /// A visit with its seats.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Sealed`] when something does not open.
    pub async fn load_visit(&mut self, id: VisitId) -> Result<Option<VisitWithSeats>> {
        let id = id.to_text();
        let found =
            self.select(select_visits!("v.id = $2"), |query| query.bind(id.clone())).await?;
        Ok(found.into_iter().next())
    }

    /// The visits that are planned to begin in `[from, to)`, earliest first.
    ///
    /// # Errors
    /// As [`Self::load_visit`].
    pub async fn visits_between(
        &mut self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VisitWithSeats>> {
        let statements = select_visits!("v.scheduled_at >= $2 AND v.scheduled_at < $3");
        self.select(statements, |query| query.bind(from.0).bind(to.0)).await
    }

    /// The visits of one clinician that are planned to begin in `[from, to)`, earliest first.
    ///
    /// # Errors
    /// As [`Self::load_visit`].
    pub async fn visits_of_host(
        &mut self,
        host: UserId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VisitWithSeats>> {
        let statements =
            select_visits!("v.scheduled_at >= $2 AND v.scheduled_at < $3 AND v.host_user_id = $4");
        let host = host.to_text();
        self.select(statements, |query| query.bind(from.0).bind(to.0).bind(host.clone())).await
    }

    /// Every visit that is not over: what a start of the program takes up again.
    ///
    /// # Errors
    /// As [`Self::load_visit`].
    pub async fn visits_not_final(&mut self) -> Result<Vec<VisitWithSeats>> {
        self.select(select_visits!("v.is_final = 0"), |query| query).await
    }

    /// Whose visit it is and when it was booked for, without opening anything that is sealed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn visit_place(&mut self, id: VisitId) -> Result<Option<(UserId, Timestamp)>> {
        let query = sql("SELECT host_user_id, scheduled_at FROM visits WHERE org = $1 AND id = $2")
            .bind(self.org_text())
            .bind(id.to_text());
        let Some(row) = self.one(query).await? else { return Ok(None) };
        let cols = Cols(&row);
        Ok(Some((cols.id("host_user_id", UserId::parse)?, cols.time("scheduled_at")?)))
    }

    async fn select<F>(
        &mut self,
        (visits, seats): (&'static str, &'static str),
        bind: F,
    ) -> Result<Vec<VisitWithSeats>>
    where
        F: Fn(Query<'static>) -> Query<'static>,
    {
        let org = self.org_text();
        let visit_rows = self.all(bind(sql(visits).bind(org.clone()))).await?;
        let seat_rows = self.all(bind(sql(seats).bind(org))).await?;
        let mut found = Vec::with_capacity(visit_rows.len());
        let mut places = HashMap::with_capacity(visit_rows.len());
        for row in &visit_rows {
            let visit = self.read_visit(row).await?;
            places.insert(visit.id, found.len());
            found.push(VisitWithSeats { visit, seats: Vec::new() });
        }
        for row in &seat_rows {
            let visit = Cols(row).id("visit_id", VisitId::parse)?;
            // On PostgreSQL inside a writing transaction, a visit may appear between the two
            // statements; it was not asked for yet.
            let Some(&place) = places.get(&visit) else { continue };
            let key = self.visit_key(visit).await?;
            let seat = self.read_seat(&key, visit, row)?;
            found[place].seats.push(seat);
        }
        Ok(found)
    }

    async fn read_visit(&mut self, row: &AnyRow) -> Result<VisitRow> {
        let cols = Cols(row);
        let id = cols.id("id", VisitId::parse)?;
        let key = self.visit_key(id).await?;
        let row_id = id.to_text();
        let aad = self.aad(TABLE, "text_sealed", &row_id);
        Ok(VisitRow {
            id,
            host: cols.id("host_user_id", UserId::parse)?,
            state: cols.code("state", VisitState::parse)?,
            scheduled_at: cols.time("scheduled_at")?,
            duration_min: cols.count("duration_min")?,
            created_at: cols.time("created_at")?,
            opened_at: cols.opt_time("opened_at")?,
            started_at: cols.opt_time("started_at")?,
            ended_at: cols.opt_time("ended_at")?,
            empty_since: cols.opt_time("empty_since")?,
            options: cols.json("options")?,
            text: open_json(&key, SealPurpose::Note, &aad, &cols.bytes("text_sealed")?)?,
            version: cols.count("version")?,
        })
    }
}

impl Tx {
    /// Stores a new visit with its seats and makes its data key. The version becomes 1, whatever
    /// the row says.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken, [`StoreError::NotFound`] when the host or an
    /// account in a seat does not exist.
    pub async fn create_visit(&mut self, visit: &VisitRow, seats: &[SeatRow]) -> Result<()> {
        let (org, now) = (self.org(), self.now());
        self.make_key(KeyId::Visit(org, visit.id), now).await?;
        let key = self.visit_key(visit.id).await?;
        let row_id = visit.id.to_text();
        let aad = self.aad(TABLE, "text_sealed", &row_id);
        let text = seal_json(&key, SealPurpose::Note, &aad, &visit.text)?;
        let query = sql("INSERT INTO visits (org, id, host_user_id, state, is_final, \
             scheduled_at, duration_min, created_at, opened_at, started_at, ended_at, options, \
             version, last_chat_seq, text_sealed, empty_since) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, 0, $13, $14)")
        .bind(self.org_text())
        .bind(row_id.clone())
        .bind(visit.host.to_text())
        .bind(visit.state.as_str())
        .bind(i64::from(visit.state.is_final()))
        .bind(visit.scheduled_at.0)
        .bind(i64::from(visit.duration_min))
        .bind(visit.created_at.0)
        .bind(micros(visit.opened_at))
        .bind(micros(visit.started_at))
        .bind(micros(visit.ended_at))
        .bind(to_json(&visit.options)?)
        .bind(text)
        .bind(micros(visit.empty_since));
        self.run(query).await?;
        for seat in seats {
            self.put_seat(&key, visit.id, seat).await?;
            if seat.role == Role::Patient {
                self.link_patient(visit.id, seat.id, &seat.person).await?;
            }
        }
        Ok(())
    }

    /// Saves a visit and those of its seats that changed or are new, if nobody saved it since it
    /// was loaded: `visit.version` must be the stored one. Gives the new version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the version differs, [`StoreError::NotFound`] without such a
    /// visit.
    pub async fn save_visit(&mut self, visit: &VisitRow, seats: &[SeatRow]) -> Result<u64> {
        let key = self.visit_key(visit.id).await?;
        let row_id = visit.id.to_text();
        let aad = self.aad(TABLE, "text_sealed", &row_id);
        let text = seal_json(&key, SealPurpose::Note, &aad, &visit.text)?;
        let query = sql("UPDATE visits SET host_user_id = $4, state = $5, is_final = $6, \
             scheduled_at = $7, duration_min = $8, opened_at = $9, started_at = $10, \
             ended_at = $11, options = $12, text_sealed = $13, empty_since = $14, version = version + 1 \
             WHERE org = $1 AND id = $2 AND version = $3")
        .bind(self.org_text())
        .bind(row_id.clone())
        .bind(to_int(visit.version)?)
        .bind(visit.host.to_text())
        .bind(visit.state.as_str())
        .bind(i64::from(visit.state.is_final()))
        .bind(visit.scheduled_at.0)
        .bind(i64::from(visit.duration_min))
        .bind(micros(visit.opened_at))
        .bind(micros(visit.started_at))
        .bind(micros(visit.ended_at))
        .bind(to_json(&visit.options)?)
        .bind(text)
        .bind(micros(visit.empty_since));
        if self.run(query).await? == 0 {
            let query = sql("SELECT version FROM visits WHERE org = $1 AND id = $2")
                .bind(self.org_text())
                .bind(row_id);
            return match self.one(query).await? {
                Some(_) => Err(StoreError::Conflict),
                None => Err(StoreError::NotFound),
            };
        }
        for seat in seats {
            self.put_seat(&key, visit.id, seat).await?;
        }
        Ok(visit.version + 1)
    }
}
