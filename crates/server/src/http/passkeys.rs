//! Passkeys over HTTP: bytes to and from base64url, and the calls of `auth`.

use super::error::{ApiError, ApiResult};
use super::guest::slow_down;
use super::session::{Client, set_cookie};
use super::staff::{refused, step_answer};
use super::{Body, headers};
use crate::app::App;
use auth::passkey::MAX_PASSKEYS;
use auth::webauthn::{ALGORITHMS, Assertion, Registration, RelyingParty};
use auth::{Cookie, PasskeyRequest, Route};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ErrorCode;
use protocol::http as wire;
use std::sync::Arc;

/// `GET /api/signin/ways`.
pub async fn ways(State(app): State<Arc<App>>, headers: HeaderMap) -> Json<wire::SignInWays> {
    let host = headers::host_of(&headers).unwrap_or_default();
    let sso = match &app.sso {
        None => None,
        Some(sso) => {
            Some(wire::Sso { label: sso.label.clone(), sign_out: sso.sign_out_url().await })
        }
    };
    Json(wire::SignInWays { passkeys: app.config.has_passkeys(&host), sso })
}

/// `POST /api/signin/passkey/start`.
pub async fn start(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::PasskeyStart>,
) -> ApiResult<Json<wire::PasskeyRequest>> {
    slow_down(&app, &client)?;
    let (party, now) = (party(&app)?, app.clock.now());
    let request = if body.alone {
        app.staff.passkey_alone(app.org, client.prefix, now).await
    } else {
        let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
        app.staff.passkey_second(cookie, client.prefix, now).await
    };
    Ok(Json(asked(&party, &request.map_err(|e| refused(&app, &e))?)))
}

/// What the browser is asked for.
pub(super) fn asked(party: &RelyingParty, request: &PasskeyRequest) -> wire::PasskeyRequest {
    wire::PasskeyRequest {
        challenge: request.challenge.to_text().to_string(),
        rp_id: party.id().to_owned(),
        allow: request.allow.iter().map(|id| URL_SAFE_NO_PAD.encode(id)).collect(),
        must_verify: request.must_verify,
    }
}

/// The answer of an authenticator, as bytes.
pub(super) struct UsedBytes {
    credential: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl UsedBytes {
    pub(super) fn read(body: &wire::PasskeyUse) -> ApiResult<Self> {
        Ok(Self {
            credential: bytes(&body.credential)?,
            client_data: bytes(&body.client_data)?,
            authenticator_data: bytes(&body.authenticator_data)?,
            signature: bytes(&body.signature)?,
            user_handle: body.user_handle.as_deref().map(bytes).transpose()?,
        })
    }

    pub(super) fn borrow(&self) -> Assertion<'_> {
        Assertion {
            credential: &self.credential,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        }
    }
}

/// `POST /api/signin/passkey`.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::PasskeyUse>,
) -> ApiResult<Response> {
    let party = party(&app)?;
    let used = UsedBytes::read(&body)?;
    let (cookie, now) = (client.session.as_ref(), app.clock.now());
    let step =
        app.staff.passkey_sign_in(app.org, cookie, &party, used.borrow(), client.prefix, now).await;
    step_answer(&app, &client, step)
}

/// `GET /api/passkeys`.
pub async fn list(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
) -> ApiResult<Json<wire::Passkeys>> {
    let session = client.staff(&app, Route::Passkeys).await?;
    let rows = app.staff.passkeys(&session).await.map_err(|e| refused(&app, &e))?;
    let host = headers::host_of(&headers).unwrap_or_default();
    let passkeys = rows.into_iter().map(|row| wire::Passkey {
        passkey: row.id,
        name: row.key.name,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    Ok(Json(wire::Passkeys {
        passkeys: passkeys.collect(),
        app: session.has_app,
        possible: app.config.has_passkeys(&host),
        most: MAX_PASSKEYS,
    }))
}

/// `POST /api/passkeys/start`.
pub async fn add_start(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::PasskeyCreation>> {
    let (party, now) = (party(&app)?, app.clock.now());
    let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
    let made = app.staff.passkey_add_start(cookie, now).await;
    let made = made.map_err(|e| refused(&app, &e))?;
    Ok(Json(wire::PasskeyCreation {
        challenge: made.challenge.to_text().to_string(),
        rp_id: party.id().to_owned(),
        rp_name: app.config.clinic.clone(),
        user_handle: URL_SAFE_NO_PAD.encode(made.user_handle),
        email: made.email,
        name: made.name,
        algorithms: ALGORITHMS.to_vec(),
        exclude: made.exclude.iter().map(|id| URL_SAFE_NO_PAD.encode(id)).collect(),
    }))
}

/// `POST /api/passkeys/finish`.
pub async fn add_finish(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::PasskeyNew>,
) -> ApiResult<Response> {
    let (party, now) = (party(&app)?, app.clock.now());
    let cookie = client.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
    let new = Registration {
        client_data: &bytes(&body.client_data)?,
        attestation: &bytes(&body.attestation)?,
    };
    let done = app.staff.passkey_add_finish(cookie, &party, &body.name, new, now).await;
    let done = done.map_err(|e| refused(&app, &e))?;
    let mut headers = HeaderMap::new();
    if let Some(session) = &done.session {
        set_cookie(&mut headers, &Cookie::Session.set(client.transport, session));
    }
    let recovery_codes = done.recovery_codes.iter().map(|c| c.to_text().to_string()).collect();
    Ok((headers, Json(wire::MfaDone { recovery_codes })).into_response())
}

/// `POST /api/passkeys/remove`.
pub async fn remove(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::PasskeyRemove>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::Passkeys).await?;
    let done = app.staff.passkey_remove(&session, &body.passkey, app.clock.now()).await;
    done.map_err(|e| refused(&app, &e))?;
    Ok(StatusCode::NO_CONTENT)
}

/// For whom passkeys are; nothing where browsers offer none.
pub(super) fn party(app: &App) -> ApiResult<RelyingParty> {
    Ok(app.config.relying_party().ok_or(ErrorCode::NotFound)?)
}

fn bytes(text: &str) -> ApiResult<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| ApiError::from(ErrorCode::BadMessage))
}
