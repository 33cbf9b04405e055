//! Inviting people: links for guests, and a place on the board for colleagues.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::session::Client;
use super::staff::refused;
use super::visits::{email, locale, name};
use crate::app::App;
use crate::invite::{InviteText, qr_svg};
use crate::live::{BoardEntry, Call, Said};
use crate::mail::Mail;
use auth::{Route, Secret, StaffSession};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::ErrorCode;
use protocol::http as wire;
use std::sync::Arc;
use store::{PersonSecret, SeatRow, UserRow};
use visit::{Duration, Role, SeatId, Timestamp, VisitId};

/// A guest's link lives this long after the planned end.
const LINK_AFTER_END: Duration = Duration::from_days(1);

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
    let said = (user, client.words_of(&session));
    let seat = match body.seat {
        Some(seat) => {
            let call = |reply| Call::SeatRow { user, role, seat, reply };
            *app.core.ask_as(said.clone(), app.org, visit, call).await?
        }
        None => add_guest(&app, &session, &said, visit, &body, now).await?,
    };
    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    if entry.state.is_final() {
        return Err(ErrorCode::VisitOver.into());
    }
    let secret = fresh_link(&app, &session, &said, &entry, seat.id, now).await?;
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
    said: &Said,
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
    let call = |reply| Call::AddGuest { user, role, seat, reply };
    app.core.ask_as(said.clone(), app.org, visit, call).await?;
    Ok(row)
}

/// `POST /api/visits/{visit}/colleague`.
pub async fn colleague(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
    Body(body): Body<wire::InviteColleague>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::VisitInviteColleague).await?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    let invited = app.core.store.read(app.org).await?.user(body.user).await?;
    let invited = invited
        .filter(UserRow::holds_visits)
        .filter(|u| u.id != session.user && u.id != entry.host)
        .ok_or_else(|| ApiError::field("user"))?;
    let (user, role) = (session.user, session.role);
    let (colleague, name) = (invited.id, invited.person.name);
    let call = |reply| Call::InviteColleague { user, role, colleague, name, reply };
    let said = (user, client.words_of(&session));
    app.core.ask_as(said, app.org, visit, call).await?;
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
    let said = (session.user, client.words_of(&session));
    let secret = fresh_link(&app, &session, &said, &entry, patient.seat, now).await?;
    let url = link_url(&app, &secret.to_text());
    tokio::spawn(starter(url));
    Ok(StatusCode::ACCEPTED)
}

// --- The letter ---

/// Makes the link of a seat. Earlier links are void, browsers that hold the seat are unbound, and
/// whoever is there by an earlier link is out.
async fn fresh_link(
    app: &App,
    session: &StaffSession,
    said: &Said,
    entry: &BoardEntry,
    seat: SeatId,
    now: Timestamp,
) -> ApiResult<Secret> {
    let visit = entry.visit;
    let expires = link_expiry(now, entry.scheduled_at, entry.duration_min);
    let mut tx = app.core.store.begin(app.org, now).await?;
    let issued = app.guests.issue(&mut tx, session.actor(), visit, seat, expires).await;
    let (secret, events) = issued.map_err(|e| refused(app, &e))?;
    tx.commit_with(said.1.beside_all(events)).await?;
    let (user, role) = (session.user, session.role);
    let call = |reply| Call::LinkReplaced { user, role, seat, reply };
    app.core.ask_as(said.clone(), app.org, visit, call).await?;
    Ok(secret)
}

/// What an invitation is made of. Holds names: no `Debug`.
pub(super) struct Letter<'a> {
    pub visit: VisitId,
    pub seat: &'a SeatRow,
    pub scheduled_at: Timestamp,
    pub duration_min: u32,
    pub locale: &'a str,
    pub utc_offset_min: i32,
    pub host_name: &'a str,
}

fn link_url(app: &App, secret: &str) -> String {
    format!("{}/v#{secret}", app.config.base_url())
}

/// The link in every form that people send it in, mailed if there is an address.
pub(super) async fn invitation(
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
pub(super) fn link_expiry(now: Timestamp, scheduled_at: Timestamp, duration_min: u32) -> Timestamp {
    let end = scheduled_at.plus(Duration::from_min(i64::from(duration_min)));
    Timestamp(end.0.max(now.0)).plus(LINK_AFTER_END)
}
