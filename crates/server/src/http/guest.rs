//! People with a link: look, open, come back, get a token, rate.

use super::Body;
use super::error::{ApiResult, store_code};
use super::session::{Client, set_cookie};
use super::staff::refused;
use crate::app::App;
use crate::live::Call;
use auth::{AuthError, Cookie, Route, SecretKind};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::ErrorCode;
use protocol::http as wire;
use std::sync::{Arc, PoisonError};

/// Guessing links is hopeless (256 bits), but it is work for the server: per network, so many.
pub(super) fn slow_down(app: &App, client: &Client) -> ApiResult<()> {
    let mut buckets = app.requests.lock().unwrap_or_else(PoisonError::into_inner);
    buckets.take(client.prefix, app.clock.now()).map_err(|wait| {
        let ms = u64::try_from(wait.0 / 1_000).unwrap_or(1_000);
        super::error::ApiError::from(ErrorCode::TooFast).retry_after_ms(ms.max(1))
    })
}

/// `POST /api/link/look`. Uses nothing up.
pub async fn look(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::LinkRequest>,
) -> ApiResult<Json<wire::LinkLook>> {
    slow_down(&app, &client)?;
    let now = app.clock.now();
    let view = app.guests.look(&body.secret, client.device.as_ref(), now).await;
    let view = view.map_err(|e| refused(&app, &e))?;
    let mut reader = app.core.store.read(app.org).await?;
    let host = reader.user(view.host).await?;
    Ok(Json(wire::LinkLook {
        clinic: app.config.clinic.clone(),
        host_name: host.map(|u| u.person.name).unwrap_or_default(),
        scheduled_at: view.scheduled_at,
        second_check: view.second_check,
        elsewhere: view.elsewhere,
        role: view.role,
    }))
}

/// `POST /api/link/open`. Binds the seat to this browser.
pub async fn open(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::LinkRequest>,
) -> ApiResult<Response> {
    slow_down(&app, &client)?;
    let (device, now) = (client.device.as_ref(), app.clock.now());
    let guests = app.guests.heard(&client.words);
    let opened = guests.open(&body.secret, body.birth_date.as_deref(), device, now).await;
    let opened = opened.map_err(|e| refused(&app, &e))?;
    app.metrics.links_opened.inc();
    let (visit, seat) = (opened.visit, opened.seat);
    if opened.elsewhere {
        let input = crate::live::Input::Call(Call::SecondDevice(seat), None);
        app.core.send(app.org, visit, input).await?;
    }
    let mut headers = HeaderMap::new();
    set_cookie(&mut headers, &Cookie::Device.set(client.transport, &opened.device));
    Ok((headers, Json(wire::LinkOpened { seat, visit })).into_response())
}

/// `POST /api/seat/mine`.
pub async fn mine(State(app): State<Arc<App>>, client: Client) -> ApiResult<Json<wire::MySeats>> {
    let Ok(device) = client.device(Route::SeatMine) else {
        return Ok(Json(wire::MySeats { seats: Vec::new() }));
    };
    let held = app.guests.seats_of(device).await.map_err(|e| refused(&app, &e))?;
    let mut seats: Vec<wire::LinkOpened> =
        held.iter().map(|h| wire::LinkOpened { seat: h.seat, visit: h.visit }).collect();
    seats.sort_by_key(|s| std::cmp::Reverse(s.visit));
    Ok(Json(wire::MySeats { seats }))
}

/// `POST /api/seat/token`, for guests (who name the seat) and staff (who do not).
pub async fn token(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::TokenRequest>,
) -> ApiResult<Json<wire::Token>> {
    let now = app.clock.now();
    let token = if let Some(seat) = body.seat {
        let device = client.device(Route::SeatToken)?;
        let held = app.guests.holds(device, body.visit, seat).await;
        let held = held.map_err(|e| match e {
            AuthError::NotFound => ErrorCode::NoSuchVisit.into(),
            other => refused(&app, &other),
        })?;
        app.tokens.for_guest(held, device, now).await
    } else {
        let session = client.staff(&app, Route::SeatToken).await?;
        let (user, role, name) = (session.user, session.role, session.name.clone());
        let call = |reply| Call::ClinicSeat { user, role, name, reply };
        let said = (session.user, client.words_of(&session));
        let seat = app.core.ask_as(said, app.org, body.visit, call).await?;
        app.tokens.for_staff_seat(&session, body.visit, seat, now).await
    };
    let token = token.map_err(|e| refused(&app, &e))?;
    Ok(Json(wire::Token { token: token.to_text().to_string() }))
}

/// `POST /api/seat/rate`, also when the visit is over.
pub async fn rate(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::RateRequest>,
) -> ApiResult<StatusCode> {
    if !(1..=5).contains(&body.stars) {
        return Err(super::error::ApiError::field("stars"));
    }
    let device = client.device(Route::SeatRate)?.hash(SecretKind::Device);
    let mut reader = app.core.store.read(app.org).await?;
    let bound = reader.is_bound(device, body.visit, body.seat).await;
    drop(reader);
    if !bound.map_err(|e| store_code(&e))? {
        return Err(ErrorCode::NoSuchVisit.into());
    }
    let (seat, stars) = (body.seat, body.stars);
    app.core.ask(app.org, body.visit, |reply| Call::Rate { seat, stars, reply }).await?;
    Ok(StatusCode::NO_CONTENT)
}
