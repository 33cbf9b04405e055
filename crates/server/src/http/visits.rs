//! Booking visits and inviting people.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::session::Client;
use super::staff::refused;
use crate::app::App;
use crate::invite::{InviteText, qr_svg};
use crate::live::Call;
use crate::mail::{Mail, is_address};
use audit::{Event, Kind};
use auth::{Route, StaffSession};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::ErrorCode;
use protocol::http as wire;
use protocol::limits::MAX_NAME_CHARS;
use std::sync::Arc;
use store::{PersonSecret, SeatRow, VisitOptions, VisitRow, VisitText};
use visit::{Duration, Role, SeatId, Timestamp, VisitId, VisitState};

/// A guest's link lives this long after the planned end.
const LINK_AFTER_END: Duration = Duration::from_min(24 * 60);
/// Longest note of the clinic, in Unicode scalar values.
const MAX_NOTE_CHARS: usize = 500;
/// Bookings lie within this span of now.
const MAX_AHEAD: Duration = Duration::from_min(2 * 366 * 24 * 60);

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
    if !(5..=240).contains(&body.duration_min) {
        return Err(ApiError::field("duration_min"));
    }
    let scheduled_at = body.scheduled_at.unwrap_or(now);
    if scheduled_at.since(now).0.abs() > MAX_AHEAD.0 {
        return Err(ApiError::field("scheduled_at"));
    }
    if body.note.chars().count() > MAX_NOTE_CHARS {
        return Err(ApiError::field("note"));
    }
    let visit: VisitId = app.core.fresh(VisitId::new);
    let note = body.note.trim();
    let row = VisitRow {
        id: visit,
        host: session.user,
        state: VisitState::Scheduled,
        scheduled_at,
        duration_min: body.duration_min,
        created_at: now,
        opened_at: None,
        started_at: None,
        ended_at: None,
        empty_since: None,
        options: VisitOptions {
            second_check: person.dob.is_some(),
            captions: body.ask_captions,
            recording: body.ask_recording,
        },
        text: VisitText { title: None, note: (!note.is_empty()).then(|| note.to_owned()) },
        version: 0,
    };
    let host_person = PersonSecret { name: session.name.clone(), email: None, dob: None };
    let mut host = SeatRow::invited(app.core.fresh(SeatId::new), Role::Host, host_person, now);
    host.user = Some(session.user);
    let mut patient = SeatRow::invited(app.core.fresh(SeatId::new), Role::Patient, person, now);
    patient.locale = Some(locale(&body.locale).to_owned());

    let mut tx = app.core.store.begin(app.org, now).await?;
    tx.create_visit(&row, &[host, patient.clone()]).await?;
    let actor = session.actor();
    let expires = link_expiry(now, scheduled_at, body.duration_min);
    let issued = app.guests.issue(&mut tx, actor, visit, patient.id, expires).await;
    let (secret, mut events) = issued.map_err(|e| refused(&app, &e))?;
    events.insert(0, Event::new(Kind::VisitCreated, actor).visit(visit));
    tx.commit_with(events).await?;
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
    let visit = entry.for_reader(session.user, session.role);
    Ok(Json(wire::VisitCreated { visit, invitation }))
}

/// `POST /api/visits/{visit}/invite`.
pub async fn invite(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
    Body(body): Body<wire::Invite>,
) -> ApiResult<Json<wire::Invitation>> {
    let session = client.staff(&app, Route::VisitInvite).await?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let now = app.clock.now();
    let (user, role) = (session.user, session.role);
    let seat = match body.seat {
        Some(seat) => {
            let call = |reply| Call::SeatRow { user, role, seat, reply };
            *app.core.ask(app.org, visit, call).await?
        }
        None => add_guest(&app, &session, visit, &body, now).await?,
    };
    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    if entry.state.is_final() {
        return Err(ErrorCode::VisitOver.into());
    }
    let mut tx = app.core.store.begin(app.org, now).await?;
    let expires = link_expiry(now, entry.scheduled_at, entry.duration_min);
    let issued = app.guests.issue(&mut tx, session.actor(), visit, seat.id, expires).await;
    let (secret, events) = issued.map_err(|e| refused(&app, &e))?;
    tx.commit_with(events).await?;
    let letter = Letter {
        visit,
        seat: &seat,
        scheduled_at: entry.scheduled_at,
        duration_min: entry.duration_min,
        locale: locale(&body.locale),
        utc_offset_min: body.utc_offset_min,
        host_name: &entry.host_name,
    };
    Ok(Json(invitation(&app, &letter, &secret.to_text(), now).await?))
}

async fn add_guest(
    app: &App,
    session: &StaffSession,
    visit: VisitId,
    body: &wire::Invite,
    now: Timestamp,
) -> ApiResult<SeatRow> {
    if !matches!(body.role, Role::Family | Role::Interpreter) {
        return Err(ApiError::field("role"));
    }
    let person = PersonSecret {
        name: name(&body.name, "name")?,
        email: email(&body.email, "email")?,
        dob: None,
    };
    let mut row = SeatRow::invited(app.core.fresh(SeatId::new), body.role, person, now);
    row.locale = Some(locale(&body.locale).to_owned());
    let seat = Box::new(row.clone());
    let (user, role) = (session.user, session.role);
    app.core.ask(app.org, visit, |reply| Call::AddGuest { user, role, seat, reply }).await?;
    Ok(row)
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
    app.core.ask(app.org, visit, |reply| Call::End { user, role, outcome, reply }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/visits/{visit}/guest`: a synthetic patient takes the patient's seat. Demo only.
pub async fn synthetic_guest(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::VisitGuest).await?;
    let starter = app.guest_starter.clone().ok_or(ErrorCode::NotFound)?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    let patient =
        entry.seats.iter().find(|s| s.role == Role::Patient).ok_or(ErrorCode::NotFound)?;
    let now = app.clock.now();
    let expires = link_expiry(now, entry.scheduled_at, entry.duration_min);
    let mut tx = app.core.store.begin(app.org, now).await?;
    let issued = app.guests.issue(&mut tx, session.actor(), visit, patient.seat, expires).await;
    let (secret, events) = issued.map_err(|e| refused(&app, &e))?;
    tx.commit_with(events).await?;
    let url = link_url(&app, &secret.to_text());
    tokio::spawn(starter(url));
    Ok(StatusCode::ACCEPTED)
}

// --- The letter ---

struct Letter<'a> {
    visit: VisitId,
    seat: &'a SeatRow,
    scheduled_at: Timestamp,
    duration_min: u32,
    locale: &'a str,
    utc_offset_min: i32,
    host_name: &'a str,
}

fn link_url(app: &App, secret: &str) -> String {
    format!("{}/v#{secret}", app.config.base_url())
}

async fn invitation(
    app: &App,
    letter: &Letter<'_>,
    secret: &str,
    now: Timestamp,
) -> ApiResult<wire::Invitation> {
    let url = link_url(app, secret);
    let text = InviteText {
        clinic: &app.config.clinic,
        host: letter.host_name,
        guest: &letter.seat.person.name,
        url: &url,
        visit: letter.visit,
        at: letter.scheduled_at,
        duration_min: letter.duration_min,
        locale: letter.locale,
        utc_offset_min: letter.utc_offset_min,
        help_phone: &app.config.help_phone,
    };
    let (body, ics) = (text.body(), text.ics(now));
    let mut mailed = false;
    if let (Some(mailer), Some(to)) = (&app.mailer, &letter.seat.person.email) {
        let mail = Mail { to, subject: &text.subject(), body: &body, ics: &ics };
        // The visit is booked either way; the page says "not mailed" and offers the text.
        mailed = mailer.send(mail).await.is_ok();
        if mailed {
            app.metrics.mails.inc();
        }
    }
    let qr_svg = qr_svg(&url).map_err(|_| ErrorCode::Internal)?;
    Ok(wire::Invitation { seat: letter.seat.id, url, qr_svg, text: body, ics, mailed })
}

/// A link outlives the visit's planned end by a day, so that a late start does not lock people out.
fn link_expiry(now: Timestamp, scheduled_at: Timestamp, duration_min: u32) -> Timestamp {
    let end = scheduled_at.plus(Duration::from_min(i64::from(duration_min)));
    Timestamp(end.0.max(now.0)).plus(LINK_AFTER_END)
}

// --- Fields ---

fn name(text: &str, field: &str) -> ApiResult<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        return Err(ApiError::field(field));
    }
    Ok(text.to_owned())
}

fn email(text: &str, field: &str) -> ApiResult<Option<String>> {
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

fn locale(text: &str) -> &str {
    if text.starts_with("es") { "es" } else { "en" }
}
