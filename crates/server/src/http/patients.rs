//! A patient over all visits: find, hand out, hold, erase. For officers and administrators; every look
//! is on record before anything is shown.

use super::Body;
use super::emergency::reason;
use super::error::{ApiError, ApiResult};
use super::session::Client;
use crate::app::App;
use audit::{Actor, Entry, Event, Kind, Outcome};
use auth::{Route, StaffSession};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::ErrorCode;
use protocol::access as wire;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use store::{
    AuditFilter, KeptKind, MAX_PAGE, PatientRow, PersonSecret, Reader, StoreError, VisitWithSeats,
};
use visit::{Duration, PatientId, SeatId, Timestamp, UserId, VisitId, VisitState};

/// Patients that one search looks through, those with the latest visits first.
const LOOKED_THROUGH: u32 = 5_000;
/// Patients that one search shows.
const SHOWN: usize = 50;

/// `POST /api/patients/find`.
pub async fn find(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::FindPatient>,
) -> ApiResult<Json<wire::Patients>> {
    let session = client.staff(&app, Route::Patients).await?;
    let asked = Asked::new(&body).ok_or_else(|| ApiError::field("name"))?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let rows = tx.patients(LOOKED_THROUGH).await?;
    let mut more = rows.len() as u64 >= u64::from(LOOKED_THROUGH);
    let mut patients = Vec::new();
    for row in rows {
        let Some((person, at)) = latest(&mut tx, &row).await? else { continue };
        if !asked.fits(&person) {
            continue;
        }
        if patients.len() == SHOWN {
            more = true;
            break;
        }
        patients.push(shown(&row, person, at));
    }
    let event = Event::new(Kind::PatientsSearched, session.actor());
    tx.commit_with(vec![event.count("shown", patients.len() as u64)]).await?;
    Ok(Json(wire::Patients { patients, more }))
}

/// What is looked for; at least one of the three.
struct Asked {
    name: String,
    email: String,
    dob: String,
}

impl Asked {
    fn new(body: &wire::FindPatient) -> Option<Self> {
        let plain = |text: &str| text.trim().to_lowercase();
        let (name, email) = (plain(&body.name), plain(&body.email));
        let dob = body.birth_date.trim().to_owned();
        let asked = !name.is_empty() || !email.is_empty() || !dob.is_empty();
        asked.then_some(Self { name, email, dob })
    }

    fn fits(&self, person: &PersonSecret) -> bool {
        let email = person.email.as_deref().unwrap_or_default().to_lowercase();
        person.name.to_lowercase().contains(&self.name)
            && (self.email.is_empty() || email == self.email)
            && (self.dob.is_empty() || person.dob.as_deref() == Some(&self.dob))
    }
}

/// Who the patient is, as written at the latest visit, and when that was booked for.
async fn latest(
    reader: &mut Reader,
    row: &PatientRow,
) -> Result<Option<(PersonSecret, Timestamp)>, StoreError> {
    let Some(rows) = reader.load_visit(row.latest).await? else { return Ok(None) };
    let at = rows.visit.scheduled_at;
    Ok(own_seat(reader, row.id, rows).await?.map(|person| (person, at)))
}

/// The same without the time.
pub(super) async fn patient_person(
    reader: &mut Reader,
    row: &PatientRow,
) -> Result<Option<PersonSecret>, StoreError> {
    Ok(latest(reader, row).await?.map(|(person, _)| person))
}

/// The patient's own seat in a visit, where there may be another patient's.
async fn own_seat(
    reader: &mut Reader,
    patient: PatientId,
    rows: VisitWithSeats,
) -> Result<Option<PersonSecret>, StoreError> {
    let seats = reader.seats_of_patient(rows.visit.id, patient).await?;
    Ok(rows.seats.into_iter().find(|seat| seats.contains(&seat.id)).map(|seat| seat.person))
}

fn shown(row: &PatientRow, person: PersonSecret, last_visit_at: Timestamp) -> wire::Patient {
    wire::Patient {
        id: row.id,
        name: person.name,
        email: person.email.unwrap_or_default(),
        birth_date: person.dob.unwrap_or_default(),
        visits: row.visits,
        last_visit_at,
        held: row.held,
    }
}

/// `GET /api/patients/{patient}/export`: everything that is kept about a patient, as one JSON file.
pub async fn export(
    State(app): State<Arc<App>>,
    client: Client,
    Path(patient): Path<String>,
) -> ApiResult<Response> {
    let session = client.staff(&app, Route::Patients).await?;
    let id = PatientId::parse(&patient).map_err(|_| ErrorCode::NotFound)?;
    let now = app.clock.now();
    let mut tx = app.core.store.begin(app.org, now).await?;
    let row = tx.patient(id).await?.ok_or(ErrorCode::NotFound)?;
    let person = patient_person(&mut tx, &row).await?.ok_or(ErrorCode::NotFound)?;
    let names: HashMap<UserId, String> =
        tx.users().await?.into_iter().map(|u| (u.id, u.person.name)).collect();
    let mut visits = Vec::new();
    let mut events = Vec::new();
    for visit in tx.visits_of_patient(id).await? {
        let Some(rows) = tx.load_visit(visit).await? else { continue };
        visits.push(exported(&mut tx, rows, id, &names).await?);
        events.push(Event::new(Kind::PatientExported, session.actor()).visit(visit));
    }
    if events.is_empty() {
        return Err(ErrorCode::NotFound.into());
    }
    tx.commit_with(client.words_of(&session).beside_all(events)).await?;
    let file = json!({
        "format": "bedside-patient-export-1",
        "clinic": app.config.clinic,
        "made_at": now.to_rfc3339(),
        "patient": { "name": person.name, "email": person.email, "birth_date": person.dob },
        "visits": visits,
    });
    let text = serde_json::to_string_pretty(&file).map_err(|_| ErrorCode::Internal)?;
    Ok((download("patient-export.json"), text).into_response())
}

/// Headers of a JSON file to be saved. Its name says nothing of whom it is about.
fn download(name: &'static str) -> [(HeaderName, String); 2] {
    [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ]
}

/// One visit as its patient may have it: what concerns them, what they wrote and were told. Of other
/// guests the role alone, since they did not agree to be handed out.
async fn exported(
    reader: &mut Reader,
    rows: VisitWithSeats,
    patient: PatientId,
    names: &HashMap<UserId, String>,
) -> ApiResult<Value> {
    let VisitWithSeats { visit, seats } = rows;
    let own = reader.seats_of_patient(visit.id, patient).await?;
    let name = |seat: SeatId| {
        let row = seats.iter().find(|s| s.id == seat)?;
        let known = own.contains(&seat) || row.role.is_clinic();
        Some(if known { row.person.name.clone() } else { format!("({})", row.role.as_str()) })
    };
    let people: Vec<Value> = seats
        .iter()
        .map(|seat| {
            json!({
                "role": seat.role.as_str(),
                "name": name(seat.id),
                "invited_at": seat.invited_at.to_rfc3339(),
                "came_at": seat.came_at.map(Timestamp::to_rfc3339),
                "in_call_at": seat.in_call_at.map(Timestamp::to_rfc3339),
                "left_at": seat.left_at.map(Timestamp::to_rfc3339),
                "rating": own.contains(&seat.id).then_some(seat.rating).flatten(),
                "language": own.contains(&seat.id).then_some(seat.locale.as_deref()).flatten(),
                "device_check": own.contains(&seat.id).then_some(seat.device_report.as_ref()).flatten(),
            })
        })
        .collect();
    let consents: Vec<Value> = reader
        .consents(visit.id)
        .await?
        .into_iter()
        .filter(|c| own.contains(&c.seat))
        .map(|c| {
            json!({
                "purpose": c.record.purpose,
                "answer": c.record.decision,
                "text": c.record.text_version,
                "language": c.record.locale,
                "at": c.record.at.to_rfc3339(),
            })
        })
        .collect();
    let mut chat = Vec::new();
    let mut after = 0;
    loop {
        let page = reader.chat_after(visit.id, after, MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        // Notes between the clinic and another guest are theirs.
        let theirs = page.iter().filter(|l| l.audience.is_none_or(|to| own.contains(&to)));
        chat.extend(theirs.map(|line| {
            json!({ "from": name(line.seat), "text": line.body.as_str(), "at": line.at.to_rfc3339() })
        }));
    }
    let mut quality = Vec::new();
    for row in reader.quality(visit.id).await? {
        let record: Value = serde_json::from_slice(&row.record).unwrap_or(Value::Null);
        quality.push(json!({ "began_at": row.began_at.to_rfc3339(), "record": record }));
    }
    let mut log = Vec::new();
    for entry in logged(reader, visit.id).await? {
        let by = match entry.actor {
            Actor::Staff(user) => names.get(&user).cloned(),
            Actor::Seat(seat) => name(seat),
            Actor::System => Some("(the server)".to_owned()),
            Actor::Anonymous => Some("(somebody unknown)".to_owned()),
        };
        let was = matches!(entry.outcome, Outcome::Ok);
        log.push(
            json!({ "at": entry.at.to_rfc3339(), "what": entry.kind.as_str(), "by": by, "done": was }),
        );
    }
    Ok(json!({
        "visit": visit.id,
        "with": names.get(&visit.host),
        "state": visit.state.as_str(),
        "booked_for": visit.scheduled_at.to_rfc3339(),
        "planned_minutes": visit.duration_min,
        "booked_at": visit.created_at.to_rfc3339(),
        "started_at": visit.started_at.map(Timestamp::to_rfc3339),
        "ended_at": visit.ended_at.map(Timestamp::to_rfc3339),
        "note": visit.text.note,
        "people": people,
        "consents": consents,
        "chat": chat,
        "call_quality": quality,
        "who_did_what": log,
    }))
}

/// All entries of the audit log about a visit, oldest first; what was written less than a second ago
/// may not be among them yet.
async fn logged(reader: &mut Reader, visit: VisitId) -> Result<Vec<Entry>, StoreError> {
    let mut filter = AuditFilter { visit: Some(visit), ..AuditFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = reader.search_audit(&filter, MAX_PAGE).await?;
        let Some((oldest, _)) = page.last() else { break };
        filter.before = Some(*oldest);
        all.extend(page.into_iter().map(|(_, entry)| entry));
    }
    all.reverse();
    Ok(all)
}

/// `POST /api/patients/{patient}/hold`.
pub async fn hold(
    State(app): State<Arc<App>>,
    client: Client,
    Path(patient): Path<String>,
    Body(body): Body<wire::HoldRequest>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::Patients).await?;
    let id = PatientId::parse(&patient).map_err(|_| ErrorCode::NotFound)?;
    let reason = reason(&body.reason)?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    if !tx.place_hold(id, session.user, &reason).await? {
        return Err(ErrorCode::WrongState.into());
    }
    let events = per_visit(&mut tx, id, Kind::HoldPlaced, &session).await?;
    tx.commit_with(client.reason_of(&session, &reason).beside_all(events)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/patients/{patient}/unhold`.
pub async fn unhold(
    State(app): State<Arc<App>>,
    client: Client,
    Path(patient): Path<String>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::Patients).await?;
    let id = PatientId::parse(&patient).map_err(|_| ErrorCode::NotFound)?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    if !tx.lift_hold(id, session.user).await? {
        return Err(ErrorCode::WrongState.into());
    }
    let events = per_visit(&mut tx, id, Kind::HoldLifted, &session).await?;
    tx.commit_with(client.words_of(&session).beside_all(events)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One entry for each of the patient's visits: the log knows visits and no patients.
async fn per_visit(
    reader: &mut Reader,
    patient: PatientId,
    kind: Kind,
    session: &StaffSession,
) -> Result<Vec<Event>, StoreError> {
    let visits = reader.visits_of_patient(patient).await?;
    Ok(visits.into_iter().map(|v| Event::new(kind, session.actor()).visit(v)).collect())
}

/// `POST /api/patients/{patient}/erase`. The answer is the certificate.
pub async fn erase(
    State(app): State<Arc<App>>,
    client: Client,
    Path(patient): Path<String>,
    Body(body): Body<wire::EraseRequest>,
) -> ApiResult<Response> {
    let session = client.staff(&app, Route::Patients).await?;
    let id = PatientId::parse(&patient).map_err(|_| ErrorCode::NotFound)?;
    let reason = reason(&body.reason)?;
    let now = app.clock.now();
    let mut tx = app.core.store.begin(app.org, now).await?;
    let row = tx.patient(id).await?.ok_or(ErrorCode::NotFound)?;
    if row.held {
        return Err(ErrorCode::OnHold.into());
    }
    let person = patient_person(&mut tx, &row).await?.ok_or(ErrorCode::NotFound)?;
    if body.name.trim().to_lowercase() != person.name.trim().to_lowercase() {
        return Err(ApiError::field("name"));
    }
    let visits = tx.visits_of_patient(id).await?;
    for visit in &visits {
        // Somebody is there, or was a moment ago: it has to end first.
        let state = tx.load_visit(*visit).await?.map(|rows| rows.visit.state);
        if matches!(state, Some(VisitState::Open | VisitState::InProgress)) {
            return Err(ErrorCode::WrongState.into());
        }
    }
    // Whatever could go wrong with the certificate goes wrong before the keys are gone.
    let statements = &app.statements;
    let days = statements.backups_live_days;
    let until = now.plus(Duration::from_days(days.into()));
    let certificate = statements.signer.sign(&json!({
        "what": "the data keys of all visits of a patient were destroyed",
        "clinic": app.config.clinic,
        "erased_at": now.to_rfc3339(),
        "erased_by": session.name,
        "reason": reason,
        "visits": visits,
        // Of what the audit log said in plain words; none if it said nothing.
        "audit_key": tx.audit_key_of(id).await?,
        "backups_hold_them_until": until.to_rfc3339(),
        "backups_live_days": days,
    }));
    let certificate = certificate.map_err(|_| ErrorCode::Internal)?;
    for visit in &visits {
        tx.delete_kind(*visit, KeptKind::Visit).await?;
    }
    let erased = |v: &VisitId| Event::new(Kind::VisitErased, session.actor()).visit(*v);
    tx.commit_with(visits.iter().map(erased).collect()).await?;
    for visit in &visits {
        app.core.forget(app.org, *visit, true);
    }
    Ok((download("erasure-certificate.json"), certificate).into_response())
}
