//! Staff: signing in step by step, the second factor, and who one is.

use super::Body;
use super::error::{ApiError, ApiResult, store_code};
use super::session::{Client, set_cookie};
use crate::app::App;
use crate::invite::qr_svg;
use auth::{AuthError, Cookie, Next, Route, Step, may_use};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use keys::Zeroizing;
use protocol::ErrorCode;
use protocol::http as wire;
use std::sync::Arc;

/// What the browser hears of a refusal by `auth`.
pub fn auth_code(error: &AuthError) -> ErrorCode {
    match error {
        AuthError::NotSignedIn => ErrorCode::NotSignedIn,
        AuthError::BadCredentials => ErrorCode::BadCredentials,
        AuthError::SecondFactorNeeded => ErrorCode::SecondFactorNeeded,
        AuthError::EnrolmentNeeded => ErrorCode::EnrolmentNeeded,
        AuthError::LockedOut { .. } => ErrorCode::LockedOut,
        AuthError::WeakPassword(_) => ErrorCode::WeakPassword,
        AuthError::TokenExpired => ErrorCode::TokenExpired,
        AuthError::PasskeyRefused => ErrorCode::PasskeyRefused,
        AuthError::OutsideRefused => ErrorCode::SsoRefused,
        AuthError::OutsideUnknown => ErrorCode::SsoUnknown,
        AuthError::OutsideUnreachable => ErrorCode::SsoUnreachable,
        AuthError::FactorNeeded => ErrorCode::FactorNeeded,
        AuthError::LastFactor => ErrorCode::LastFactor,
        AuthError::NoSuchVisit => ErrorCode::NoSuchVisit,
        AuthError::VisitOver => ErrorCode::VisitOver,
        AuthError::SecondCheckNeeded => ErrorCode::SecondCheckNeeded,
        AuthError::SecondCheckFailed { .. } => ErrorCode::SecondCheckFailed,
        AuthError::NotAllowed => ErrorCode::NotAllowed,
        AuthError::NotFound => ErrorCode::NotFound,
        AuthError::AlreadyThere => ErrorCode::WrongState,
        AuthError::BadField(_) => ErrorCode::BadField,
        AuthError::Busy => ErrorCode::StoreBusy,
        AuthError::Store(error) => store_code(error),
        other => {
            tracing::error!(code = other.code(), "auth");
            ErrorCode::Internal
        }
    }
}

/// The same with what goes along: time to wait, tries left, the field.
pub fn refused(app: &App, error: &AuthError) -> ApiError {
    let mut refusal = ApiError::from(auth_code(error));
    match error {
        AuthError::LockedOut { until } => {
            let wait_us = until.since(app.clock.now()).0.max(0);
            refusal.0.retry_after_ms = u64::try_from(wait_us / 1_000).ok();
        }
        AuthError::SecondCheckFailed { tries_left } => refusal.0.tries_left = Some(*tries_left),
        AuthError::BadField(field) => refusal.0.field = Some((*field).to_owned()),
        AuthError::WeakPassword(_) => refusal.0.field = Some("password".to_owned()),
        _ => {}
    }
    refusal
}

/// `POST /api/signin`.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SignIn>,
) -> ApiResult<Response> {
    let password = Zeroizing::new(body.password);
    let now = app.clock.now();
    let step = app.staff.sign_in(app.org, &body.email, password, client.prefix, now).await;
    step_answer(&app, &client, step)
}

/// `POST /api/signin/code`.
pub async fn code(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SignInCode>,
) -> ApiResult<Response> {
    let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
    let step = app.staff.code(cookie, &body.code, client.prefix, app.clock.now()).await;
    step_answer(&app, &client, step)
}

/// `POST /api/signin/link`.
pub async fn link(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SignInLink>,
) -> ApiResult<Response> {
    let password = body.password.map(Zeroizing::new);
    let step = app.staff.use_link(&body.secret, password, app.clock.now()).await;
    step_answer(&app, &client, step)
}

pub(super) fn step_answer(
    app: &App,
    client: &Client,
    step: auth::Result<Step>,
) -> ApiResult<Response> {
    let step = step.map_err(|e| refused(app, &e))?;
    let next = match step.next {
        Next::Code => wire::SignInNext::Code,
        Next::Enrol => wire::SignInNext::Enrol,
        Next::Password => wire::SignInNext::Password,
        Next::Done => wire::SignInNext::Done,
    };
    let factors = [
        step.factors.passkey.then_some(wire::SecondFactor::Passkey),
        step.factors.app.then_some(wire::SecondFactor::App),
    ];
    let factors = factors.into_iter().flatten().collect();
    let mut headers = HeaderMap::new();
    if let Some(session) = &step.session {
        set_cookie(&mut headers, &Cookie::Session.set(client.transport, session));
    }
    Ok((headers, Json(wire::SignInStep { next, factors })).into_response())
}

/// `POST /api/signout`.
pub async fn sign_out(State(app): State<Arc<App>>, client: Client) -> ApiResult<Response> {
    if let Some(cookie) = &client.session {
        let done = app.staff.sign_out(cookie, app.clock.now()).await;
        done.map_err(|e| refused(&app, &e))?;
    }
    Ok(signed_out(&client))
}

/// `POST /api/signout/everywhere`.
pub async fn sign_out_everywhere(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Response> {
    let session = client.staff(&app, Route::SignOutEverywhere).await?;
    let done = app.staff.sign_out_everywhere(&session, app.clock.now()).await;
    done.map_err(|e| refused(&app, &e))?;
    Ok(signed_out(&client))
}

fn signed_out(client: &Client) -> Response {
    let mut headers = HeaderMap::new();
    set_cookie(&mut headers, &Cookie::Session.clear(client.transport));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// `POST /api/mfa/start`.
pub async fn mfa_start(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::MfaStart>> {
    let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
    let started = app.staff.enrol_start(cookie, app.clock.now()).await;
    let started = started.map_err(|e| refused(&app, &e))?;
    let qr_svg = qr_svg(&started.uri).map_err(|_| ErrorCode::Internal)?;
    Ok(Json(wire::MfaStart { qr_svg, secret: started.secret.to_string() }))
}

/// `POST /api/mfa/finish`.
pub async fn mfa_finish(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::MfaFinish>,
) -> ApiResult<Response> {
    let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
    let done = app.staff.enrol_finish(cookie, &body.code, app.clock.now()).await;
    let done = done.map_err(|e| refused(&app, &e))?;
    let mut headers = HeaderMap::new();
    if let Some(session) = &done.session {
        set_cookie(&mut headers, &Cookie::Session.set(client.transport, session));
    }
    let recovery_codes = done.recovery_codes.iter().map(|c| c.to_text().to_string()).collect();
    Ok((headers, Json(wire::MfaDone { recovery_codes })).into_response())
}

/// `GET /api/me`.
pub async fn me(State(app): State<Arc<App>>, client: Client) -> ApiResult<Json<wire::Me>> {
    let session = client.staff(&app, Route::Me).await?;
    let profile = app.staff.profile(&session, app.clock.now()).await;
    let profile = profile.map_err(|e| refused(&app, &e))?;
    let reviews = match may_use(session.caller(), Route::EmergencyReview) {
        true => Some(super::emergency::to_review(&app).await?),
        false => None,
    };
    Ok(Json(wire::Me {
        name: session.name.clone(),
        email: session.email.clone(),
        clinic: app.config.clinic.clone(),
        role: session.role.as_str().to_owned(),
        mail: app.mailer.is_some(),
        demo_guest: app.guest_starter.is_some(),
        recovery_codes_left: profile.recovery_codes_left,
        sessions: profile.sessions,
        reviews,
    }))
}

/// `POST /api/board/token`.
pub async fn board_token(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::Token>> {
    let session = client.staff(&app, Route::BoardToken).await?;
    let token = app.tokens.for_board(&session, app.clock.now()).await;
    let token = token.map_err(|e| refused(&app, &e))?;
    Ok(Json(wire::Token { token: token.to_text().to_string() }))
}
