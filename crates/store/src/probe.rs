//! Looking whether the store keeps its promises, on the database that is in use. For reports to auditors.
//!
//! Nothing of it stays: what is planted is planted in a transaction that is never committed.

use crate::row::{Cols, sql};
use crate::{
    NewChat, NewEmergency, NewUser, PersonSecret, Reader, Result, SeatRow, StaffSecret, Store,
    UserRole, VisitRow, VisitText, WordsFound,
};
use audit::{Actor, Entry, Event, Kind, Words, WriterId};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{Column as _, Row as _, ValueRef as _};
use std::sync::Arc;
use visit::{Duration, GrantId, PatientId, Role, SeatId, Timestamp, UserId, VisitId};

/// What came of planting canaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingFound {
    /// Values about people that were planted.
    pub planted: u32,
    /// Columns of their rows that were read back raw.
    pub columns: u32,
    /// Columns in which a planted value stood in the clear.
    pub in_the_clear: u32,
    /// The planted rows opened again by the keys.
    pub opened: bool,
}

/// What the rows say about accounts, sessions and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsFound {
    /// Accounts that may be used.
    pub active: u32,
    /// Addresses with more than one account.
    pub shared_addresses: u32,
    /// Sessions that belong to no account.
    pub ownerless_sessions: u32,
    /// Of them, those that can sign in by a password and have no second factor.
    pub without_factor: u32,
    /// Live sessions of accounts that may not be used.
    pub sessions_of_disabled: u32,
    /// Sessions that were used later than `absolute` after they began.
    pub overlong_sessions: u32,
    /// Visits with neither a key nor a note that they were destroyed.
    pub visits_without_key: u32,
    /// Visits.
    pub visits: u32,
}

/// The canaries: each is a value of its own, so that a hit says where it came from.
struct Canaries(u128);

impl Canaries {
    fn text(&self, what: &str) -> String {
        format!("canary-{what}-{:032x}", self.0)
    }

    /// What all of them have in common, whatever their case.
    fn mark(&self) -> String {
        format!("{:032x}", self.0)
    }
}

impl Store {
    /// Plants values about people in every place that takes one, reads the rows back raw, and takes
    /// everything back. `random`: 128 random bits.
    ///
    /// # Errors
    /// What the database says; [`crate::StoreError::Sealed`] when the keys do not work.
    pub async fn probe_sealing(&self, now: Timestamp, random: u128) -> Result<SealingFound> {
        let canaries = Canaries(random);
        let (user, visit) =
            (UserId::new(now.unix_ms(), random), VisitId::new(now.unix_ms(), random));
        let (seat, grant) =
            (SeatId::new(now.unix_ms(), random), GrantId::new(now.unix_ms(), random));
        let mut tx = self.begin(self.default_org(), now).await?;
        let person = StaffSecret {
            name: canaries.text("staff"),
            email: format!("{}@canary.example", canaries.text("mail")),
        };
        tx.create_user(&NewUser { id: user, role: UserRole::Clinician, person }).await?;
        tx.set_pending_totp(user, canaries.text("seed").as_bytes()).await?;
        let row = VisitRow {
            text: VisitText {
                title: Some(canaries.text("title")),
                note: Some(canaries.text("note")),
            },
            ..VisitRow::booked(visit, user, now, 20, now)
        };
        let patient = PersonSecret {
            name: canaries.text("patient"),
            email: Some(format!("{}@canary.example", canaries.text("patient-mail"))),
            dob: Some(canaries.text("born")),
        };
        let seats = [SeatRow::invited(seat, Role::Patient, patient.clone(), now)];
        tx.create_visit(&row, &seats).await?;
        let body = canaries.text("chat");
        tx.post_chat(visit, &NewChat { seat, client_id: "1", audience: None, body: &body }).await?;
        tx.save_quality(visit, now, canaries.text("quality").as_bytes()).await?;
        let reason = canaries.text("reason");
        let new = NewEmergency { id: grant, visit, user, reason: &reason, ends_at: now };
        tx.create_emergency(&new).await?;
        tx.review_emergency(grant, user, true, &canaries.text("review")).await?;
        let held = tx.patient_id(visit, seat, &patient).await?;
        tx.place_hold(held, user, &canaries.text("hold")).await?;

        let said = Words::new().seen_at(&canaries.text("address")).through(&canaries.text("with"));
        let said = said.named(&canaries.text("name")).because(&canaries.text("why"));
        let viewed = Event::new(Kind::PatientViewed, Actor::Staff(user)).visit(visit);
        let writer = WriterId::new(format!("probe/{}", visit.to_text()))?;
        tx.register_writer(&writer).await?;
        let viewed = viewed.words(&Arc::new(said.clone()));
        tx.append_as(&writer, vec![(tx.org(), now, viewed)]).await?;

        let mut found = SealingFound { planted: 17, columns: 0, in_the_clear: 0, opened: false };
        found.opened = tx.load_visit(visit).await?.is_some_and(|v| v.seats[0].person == patient)
            && tx.emergency(grant).await?.is_some_and(|e| e.reason.is_some())
            && tx.probe_words(&writer, &said).await?;
        for row in raw(&mut tx, user, visit, held, &writer).await? {
            let (columns, hits) = look(&row, &canaries.mark());
            found.columns += columns;
            found.in_the_clear += hits;
        }
        // Dropped, not committed.
        Ok(found)
    }
}

/// The planted rows with every column that they have.
async fn raw(
    tx: &mut Reader,
    user: UserId,
    visit: VisitId,
    patient: PatientId,
    writer: &WriterId,
) -> Result<Vec<AnyRow>> {
    let (user, visit, patient) = (user.to_text(), visit.to_text(), patient.to_text());
    let writer = writer.as_str().to_owned();
    let mut rows = Vec::new();
    for (text, id) in [
        ("SELECT * FROM users WHERE org = $1 AND id = $2", &user),
        ("SELECT * FROM visits WHERE org = $1 AND id = $2", &visit),
        ("SELECT * FROM seats WHERE org = $1 AND visit_id = $2", &visit),
        ("SELECT * FROM patient_visits WHERE org = $1 AND visit_id = $2", &visit),
        ("SELECT * FROM chat_messages WHERE org = $1 AND visit_id = $2", &visit),
        ("SELECT * FROM visit_quality WHERE org = $1 AND visit_id = $2", &visit),
        ("SELECT * FROM emergency_access WHERE org = $1 AND visit_id = $2", &visit),
        ("SELECT * FROM legal_holds WHERE org = $1 AND patient_id = $2", &patient),
        ("SELECT * FROM data_keys WHERE org = $1 AND scope_id = $2", &visit),
        ("SELECT * FROM patient_keys WHERE org = $1 AND patient_id = $2", &patient),
        ("SELECT * FROM audit_entries WHERE org = $1 AND writer = $2", &writer),
    ] {
        let query = sql(text).bind(tx.org_text()).bind(id.clone());
        rows.extend(tx.all(query).await?);
    }
    Ok(rows)
}

/// How many columns were read, and in how many of them the mark stands.
fn look(row: &AnyRow, mark: &str) -> (u32, u32) {
    let (mut columns, mut hits) = (0, 0);
    for column in row.columns() {
        let at = column.ordinal();
        let Ok(value) = row.try_get_raw(at) else { continue };
        let bytes = match value.type_info().kind() {
            AnyTypeInfoKind::Blob => row.try_get::<Vec<u8>, _>(at).ok(),
            AnyTypeInfoKind::Text => row.try_get::<String, _>(at).ok().map(String::into_bytes),
            _ => continue,
        };
        let Some(bytes) = bytes else { continue };
        columns += 1;
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        hits += u32::from(text.contains(mark));
    }
    (columns, hits)
}

impl Reader {
    /// Whether the words beside the only entry of a writer are these.
    async fn probe_words(&mut self, writer: &WriterId, said: &Words) -> Result<bool> {
        let query = sql("SELECT entry FROM audit_entries WHERE writer = $1");
        let Some(row) = self.one(query.bind(writer.as_str().to_owned())).await? else {
            return Ok(false);
        };
        let entry = Entry::parse(&Cols(&row).bytes("entry")?)?;
        let found = self.words_of(&entry).await?;
        Ok(matches!(found, Some(WordsFound::Open(words)) if words == *said))
    }

    /// Counts what the rows say. `absolute`: how long a session may live.
    ///
    /// # Errors
    /// What the database says.
    pub async fn probe_rows(&mut self, now: Timestamp, absolute: Duration) -> Result<RowsFound> {
        let org = self.org_text();
        let active = "SELECT COUNT(*) AS n FROM users WHERE org = $1 AND state = 'active'";
        let disabled = "SELECT COUNT(*) AS n FROM sessions s JOIN users u ON u.org = s.org \
             AND u.id = s.user_id WHERE s.org = $1 AND u.state <> 'active' \
             AND s.revoked_at IS NULL AND s.created_at > $2";
        let overlong = "SELECT COUNT(*) AS n FROM sessions \
             WHERE org = $1 AND last_seen_at - created_at > $2";
        let without = "SELECT COUNT(*) AS n FROM visits v WHERE v.org = $1 \
             AND NOT EXISTS (SELECT 1 FROM data_keys k WHERE k.org = v.org \
               AND k.scope = 'visit' AND k.scope_id = v.id) \
             AND NOT EXISTS (SELECT 1 FROM deleted_data d WHERE d.org = v.org \
               AND d.visit_id = v.id AND d.kind = 'visit')";
        let visits = "SELECT COUNT(*) AS n FROM visits WHERE org = $1";
        let shared = "SELECT COUNT(*) AS n FROM (SELECT email_index FROM users WHERE org = $1 \
             GROUP BY email_index HAVING COUNT(*) > 1) twice";
        let ownerless = "SELECT COUNT(*) AS n FROM sessions s WHERE s.org = $1 \
             AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org = s.org AND u.id = s.user_id)";
        let alive_since = now.0.saturating_sub(absolute.0);
        let mut without_factor = 0;
        for user in self.users().await? {
            let usable = user.state == crate::UserState::Active && user.has_password;
            without_factor += u32::from(usable && !user.has_second_factor());
        }
        Ok(RowsFound {
            active: self.number(sql(active).bind(org.clone())).await?,
            shared_addresses: self.number(sql(shared).bind(org.clone())).await?,
            ownerless_sessions: self.number(sql(ownerless).bind(org.clone())).await?,
            without_factor,
            sessions_of_disabled: self
                .number(sql(disabled).bind(org.clone()).bind(alive_since))
                .await?,
            overlong_sessions: self
                .number(sql(overlong).bind(org.clone()).bind(absolute.0))
                .await?,
            visits_without_key: self.number(sql(without).bind(org.clone())).await?,
            visits: self.number(sql(visits).bind(org)).await?,
        })
    }

    async fn number(&mut self, query: crate::row::Query<'_>) -> Result<u32> {
        match self.one(query).await? {
            None => Ok(0),
            Some(row) => Cols(&row).count("n"),
        }
    }
}
