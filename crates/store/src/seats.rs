//! Seats: one person in one visit.

use crate::row::{Cols, micros, sql, to_json};
use crate::tx::{open_json, seal_json};
use crate::{PersonSecret, Reader, Result, StoreError, Tx};
use keys::{DataKey, SealPurpose};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use visit::{Role, SeatId, SeatState, Timestamp, UserId, VisitId};

/// What the device check found: names and values of at most 40 lower-case letters, digits, `_`,
/// `-` and `.`, at most 24 pairs. It is stored in the clear, so nothing that a person typed, and no
/// device label, fits in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct DeviceReport(BTreeMap<String, String>);

/// A device report that does not have the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device report has at most 24 pairs of codes: up to 40 of a-z, 0-9, '_', '-', '.'")]
pub struct BadReport;

impl DeviceReport {
    /// Takes the pairs.
    ///
    /// # Errors
    /// [`BadReport`] when one is not a code or there are too many.
    pub fn new(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> std::result::Result<Self, BadReport> {
        let is_code = |text: &str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'))
        };
        let mut report = BTreeMap::new();
        for (name, value) in pairs {
            if !is_code(&name) || !is_code(&value) || report.len() >= 24 {
                return Err(BadReport);
            }
            report.insert(name, value);
        }
        Ok(Self(report))
    }

    /// The pairs, sorted by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl TryFrom<BTreeMap<String, String>> for DeviceReport {
    type Error = BadReport;
    fn try_from(map: BTreeMap<String, String>) -> std::result::Result<Self, BadReport> {
        Self::new(map)
    }
}

impl From<DeviceReport> for BTreeMap<String, String> {
    fn from(report: DeviceReport) -> Self {
        report.0
    }
}

/// A seat.
#[derive(Clone, PartialEq, Eq)]
pub struct SeatRow {
    /// Its id.
    pub id: SeatId,
    /// What the person is in this visit.
    pub role: Role,
    /// The account, for people of the clinic.
    pub user: Option<UserId>,
    /// The colleague who invited this member of staff. Nobody for guests, who have links, and for
    /// staff who came by themselves.
    pub invited_by: Option<UserId>,
    /// Where the person stands.
    pub state: SeatState,
    /// Who it is.
    pub person: PersonSecret,
    /// When the seat was made.
    pub invited_at: Timestamp,
    /// When the person first opened the visit.
    pub came_at: Option<Timestamp>,
    /// When the wait began that counts for the place in the queue.
    pub waiting_since: Option<Timestamp>,
    /// When the person was first let in.
    pub admitted_at: Option<Timestamp>,
    /// When media last connected.
    pub in_call_at: Option<Timestamp>,
    /// When the connection was lost.
    pub away_since: Option<Timestamp>,
    /// When the person last left.
    pub left_at: Option<Timestamp>,
    /// The person left because the seat was held for long enough, and has not moved on since.
    pub hold_expired: bool,
    /// What the device check found.
    pub device_report: Option<DeviceReport>,
    /// The answer to the question at the end, 1 to 5.
    pub rating: Option<u8>,
    /// The person's language (BCP 47).
    pub locale: Option<String>,
}

impl SeatRow {
    /// A seat whose person was just invited.
    #[must_use]
    pub const fn invited(id: SeatId, role: Role, person: PersonSecret, at: Timestamp) -> Self {
        Self {
            id,
            role,
            user: None,
            invited_by: None,
            state: SeatState::Invited,
            person,
            invited_at: at,
            came_at: None,
            waiting_since: None,
            admitted_at: None,
            in_call_at: None,
            away_since: None,
            left_at: None,
            hold_expired: false,
            device_report: None,
            rating: None,
            locale: None,
        }
    }
}

const TABLE: &str = "seats";

/// The columns that [`Reader::read_seat`] reads, for the statements that select seats.
macro_rules! seat_columns {
    () => {
        "s.visit_id, s.id, s.role, s.user_id, s.state, s.person_sealed, s.invited_at, \
         s.waiting_since, s.admitted_at, s.in_call_at, s.away_since, s.left_at, s.device_check, \
         s.rating, s.locale, s.came_at, s.invited_by, s.hold_expired"
    };
}
pub(crate) use seat_columns;

impl Reader {
    pub(crate) fn read_seat(&self, key: &DataKey, visit: VisitId, row: &AnyRow) -> Result<SeatRow> {
        let cols = Cols(row);
        let id = cols.id("id", SeatId::parse)?;
        let place = place(visit, id);
        let aad = self.aad(TABLE, "person_sealed", &place);
        let device_report = match cols.opt_text("device_check")? {
            None => None,
            Some(text) => {
                Some(serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("device_check"))?)
            }
        };
        let rating = cols
            .opt_int("rating")?
            .map(u8::try_from)
            .transpose()
            .map_err(|_| StoreError::Corrupt("rating"))?;
        Ok(SeatRow {
            id,
            role: cols.code("role", Role::parse)?,
            user: cols.opt_id("user_id", UserId::parse)?,
            invited_by: cols.opt_id("invited_by", UserId::parse)?,
            state: cols.code("state", SeatState::parse)?,
            person: open_json(key, SealPurpose::Person, &aad, &cols.bytes("person_sealed")?)?,
            invited_at: cols.time("invited_at")?,
            came_at: cols.opt_time("came_at")?,
            waiting_since: cols.opt_time("waiting_since")?,
            admitted_at: cols.opt_time("admitted_at")?,
            in_call_at: cols.opt_time("in_call_at")?,
            away_since: cols.opt_time("away_since")?,
            left_at: cols.opt_time("left_at")?,
            hold_expired: cols.flag("hold_expired")?,
            device_report,
            rating,
            locale: cols.opt_text("locale")?,
        })
    }
}

impl Tx {
    /// Writes a seat, new or changed. Its id, role and time of invitation never change.
    pub(crate) async fn put_seat(
        &mut self,
        key: &DataKey,
        visit: VisitId,
        seat: &SeatRow,
    ) -> Result<()> {
        let place = place(visit, seat.id);
        let aad = self.aad(TABLE, "person_sealed", &place);
        let person = seal_json(key, SealPurpose::Person, &aad, &seat.person)?;
        let report = seat.device_report.as_ref().map(to_json).transpose()?;
        let query = sql("INSERT INTO seats (org, visit_id, id, role, user_id, state, \
             person_sealed, invited_at, waiting_since, admitted_at, in_call_at, away_since, \
             left_at, device_check, rating, locale, came_at, invited_by, hold_expired) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
             $17, $18, $19) \
             ON CONFLICT (org, visit_id, id) DO UPDATE SET user_id = $5, state = $6, \
             person_sealed = $7, waiting_since = $9, admitted_at = $10, in_call_at = $11, \
             away_since = $12, left_at = $13, device_check = $14, rating = $15, locale = $16, \
             came_at = $17, invited_by = $18, hold_expired = $19")
        .bind(self.org_text())
        .bind(visit.to_text())
        .bind(seat.id.to_text())
        .bind(seat.role.as_str())
        .bind(seat.user.map(UserId::to_text))
        .bind(seat.state.as_str())
        .bind(person)
        .bind(seat.invited_at.0)
        .bind(micros(seat.waiting_since))
        .bind(micros(seat.admitted_at))
        .bind(micros(seat.in_call_at))
        .bind(micros(seat.away_since))
        .bind(micros(seat.left_at))
        .bind(report)
        .bind(seat.rating.map(i64::from))
        .bind(seat.locale.clone())
        .bind(micros(seat.came_at))
        .bind(seat.invited_by.map(UserId::to_text))
        .bind(i64::from(seat.hold_expired));
        self.run(query).await.map(|_| ())
    }
}

fn place(visit: VisitId, seat: SeatId) -> String {
    format!("{}/{}", visit.to_text(), seat.to_text())
}
