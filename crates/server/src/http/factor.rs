//! The second factor again, by somebody who is signed in: before a factor is added.

use super::Body;
use super::error::ApiResult;
use super::guest::slow_down;
use super::passkeys::{UsedBytes, asked, party};
use super::session::Client;
use super::staff::refused;
use crate::app::App;
use auth::Route;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::http as wire;
use std::sync::Arc;

/// `POST /api/factor/code`.
pub async fn code(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SignInCode>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::FactorShow).await?;
    let now = app.clock.now();
    let shown = app.staff.confirm_code(&session, &body.code, client.prefix, now).await;
    shown.map_err(|e| refused(&app, &e))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/factor/passkey/start`.
pub async fn passkey_start(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::PasskeyRequest>> {
    slow_down(&app, &client)?;
    let session = client.staff(&app, Route::FactorShow).await?;
    let party = party(&app)?;
    let now = app.clock.now();
    let request = app.staff.confirm_passkey_start(&session, client.prefix, now).await;
    Ok(Json(asked(&party, &request.map_err(|e| refused(&app, &e))?)))
}

/// `POST /api/factor/passkey`.
pub async fn passkey(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::PasskeyUse>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::FactorShow).await?;
    let party = party(&app)?;
    let (used, now) = (UsedBytes::read(&body)?, app.clock.now());
    let shown =
        app.staff.confirm_passkey(&session, &party, used.borrow(), client.prefix, now).await;
    shown.map_err(|e| refused(&app, &e))?;
    Ok(StatusCode::NO_CONTENT)
}
