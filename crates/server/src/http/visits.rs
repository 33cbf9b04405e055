//! Booking visits, for whom, and how they ended.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::invites::{Letter, invitation, link_expiry};
use super::session::Client;
use super::staff::refused;
use crate::app::App;
use crate::live::Call;
use crate::mail::is_address;
use audit::{Event, Kind};
use auth::{Route, StaffSession, may_use};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::ErrorCode;
use protocol::http as wire;
use protocol::limits::{MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_VISIT_MIN, MIN_VISIT_MIN};
use std::sync::Arc;
use store::{PersonSecret, Reader, SeatRow, UserRow, VisitOptions, VisitRow, VisitText};
use visit::{Duration, Role, SeatId, Timestamp, UserId, VisitId};

/// Bookings lie within this span of now.
const MAX_AHEAD: Duration = Duration::from_days(2 * 366);

/// `POST /api/visits`.
pub async fn create(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::CreateVisit>,
) -> ApiResult<Json<wire::VisitCreated>> {
    let session = client.staff(&app, Route::VisitCreate).await?;
    let now = app.clock.now();
    let person = PersonSecret {
        name: name(&body.patient_name, "patient_name")?,
        email: email(&body.patient_email, "patient_email")?,
        dob: birth_date(&body.patient_birth_date, now)?,
    };
    if !(MIN_VISIT_MIN..=MAX_VISIT_MIN).contains(&body.duration_min) {
        return Err(ApiError::field("duration_min"));
    }
    let scheduled_at = body.scheduled_at.unwrap_or(now);
    if scheduled_at.since(now).0.abs() > MAX_AHEAD.0 {
        return Err(ApiError::field("scheduled_at"));
    }
    if body.note.chars().count() > MAX_NOTE_CHARS {
        return Err(ApiError::field("note"));
    }
    let mut tx = app.core.store.begin(app.org, now).await?;
    let host = host(&mut tx, &session, body.host).await?;
    let visit: VisitId = app.core.fresh(VisitId::new);
    let note = body.note.trim();
    let row = VisitRow {
        options: VisitOptions {
            second_check: person.dob.is_some(),
            captions: body.ask_captions,
            recording: body.ask_recording,
            restricted: body.restricted,
        },
        text: VisitText { title: None, note: (!note.is_empty()).then(|| note.to_owned()) },
        ..VisitRow::booked(visit, host.id, scheduled_at, body.duration_min, now)
    };
    let host_person = PersonSecret { name: host.person.name, email: None, dob: None };
    let mut host_seat = SeatRow::invited(app.core.fresh(SeatId::new), Role::Host, host_person, now);
    host_seat.user = Some(host.id);
    let mut patient = SeatRow::invited(app.core.fresh(SeatId::new), Role::Patient, person, now);
    patient.locale = Some(locale(&body.locale).to_owned());

    tx.create_visit(&row, &[host_seat, patient.clone()]).await?;
    let actor = session.actor();
    let expires = link_expiry(now, scheduled_at, body.duration_min);
    let issued = app.guests.issue(&mut tx, actor, visit, patient.id, expires).await;
    let (secret, mut events) = issued.map_err(|e| refused(&app, &e))?;
    events.insert(0, Event::new(Kind::VisitCreated, actor).visit(visit).user(host.id));
    tx.commit_with(client.words_of(&session).beside_all(events)).await?;
    app.metrics.visits_created.inc();

    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    let letter = Letter {
        visit,
        seat: &patient,
        scheduled_at,
        duration_min: body.duration_min,
        locale: locale(&body.locale),
        utc_offset_min: body.utc_offset_min,
        host_name: &entry.host_name,
    };
    let invitation = invitation(&app, &letter, &secret.to_text(), now).await?;
    let visit = entry.for_reader(session.user, session.role, now);
    Ok(Json(wire::VisitCreated { visit, invitation }))
}

/// Whose visit it will be: the caller's, or the named clinician's if the caller may book for others.
async fn host(
    reader: &mut Reader,
    session: &StaffSession,
    named: Option<UserId>,
) -> ApiResult<UserRow> {
    let id = named.unwrap_or(session.user);
    if id != session.user && !may_use(session.caller(), Route::VisitCreateForOther) {
        return Err(ErrorCode::NotAllowed.into());
    }
    let user = reader.user(id).await?;
    user.filter(UserRow::holds_visits).ok_or_else(|| ApiError::field("host"))
}

/// `GET /api/clinicians`.
pub async fn clinicians(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::Clinicians>> {
    client.staff(&app, Route::Clinicians).await?;
    let mut users = app.core.store.read(app.org).await?.users().await?;
    users.retain(UserRow::holds_visits);
    let named = users.into_iter().map(|u| wire::Clinician { id: u.id, name: u.person.name });
    let mut clinicians: Vec<wire::Clinician> = named.collect();
    clinicians.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    Ok(Json(wire::Clinicians { clinicians }))
}

/// `POST /api/visits/{visit}/outcome`.
pub async fn outcome(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
    Body(body): Body<wire::SetOutcome>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::VisitOutcome).await?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let (user, role, outcome) = (session.user, session.role, body.outcome);
    let said = (user, client.words_of(&session));
    let call = |reply| Call::End { user, role, outcome, reply };
    app.core.ask_as(said, app.org, visit, call).await?;
    Ok(StatusCode::NO_CONTENT)
}

// --- Fields ---

pub(super) fn name(text: &str, field: &str) -> ApiResult<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        return Err(ApiError::field(field));
    }
    Ok(text.to_owned())
}

pub(super) fn email(text: &str, field: &str) -> ApiResult<Option<String>> {
    let text = text.trim();
    match text {
        "" => Ok(None),
        _ if is_address(text) => Ok(Some(text.to_owned())),
        _ => Err(ApiError::field(field)),
    }
}

/// A real calendar day between 130 years ago and today.
fn birth_date(text: &str, now: Timestamp) -> ApiResult<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let today = chrono::DateTime::from_timestamp_micros(now.0).map(|t| t.date_naive());
    let (Some(day), Some(today), 10) = (day, today, text.len()) else {
        return Err(ApiError::field("patient_birth_date"));
    };
    let age_days = (today - day).num_days();
    // One day of grace: "today" may have begun earlier in the east.
    if !(-1..=130 * 366).contains(&age_days) {
        return Err(ApiError::field("patient_birth_date"));
    }
    Ok(Some(text.to_owned()))
}

pub(super) fn locale(text: &str) -> &str {
    if text.starts_with("es") { "es" } else { "en" }
}
