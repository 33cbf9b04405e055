//! Sign-in by the clinic's identity provider: the way there, and the way back.
//!
//! The provider sends the browser back to a page of ours, with the code in the address. The page takes
//! it out of the address at once and posts it here: so the cookies can stay `SameSite=Strict`.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::guest::slow_down;
use super::session::{Client, set_cookie};
use super::staff::{refused, step_answer};
use crate::app::App;
use crate::sso::Sso;
use auth::Cookie;
use auth::oidc::Fault;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use protocol::ErrorCode;
use protocol::http as wire;
use std::sync::Arc;

/// `POST /api/signin/sso/start`.
pub async fn start(State(app): State<Arc<App>>, client: Client) -> ApiResult<Response> {
    slow_down(&app, &client)?;
    let sso = sso(&app)?;
    let provider = match sso.provider().await {
        Ok(provider) => provider,
        Err(fault) => return Err(failed(&app, &client, fault).await),
    };
    let there = app.staff.outside_start(app.org, client.prefix, app.clock.now()).await;
    let there = there.map_err(|e| refused(&app, &e))?;
    let url = provider.authorization_url(&sso.settings, &there.way);
    let mut headers = HeaderMap::new();
    set_cookie(&mut headers, &Cookie::Way.set(client.transport, &there.browser));
    Ok((headers, Json(wire::SsoWay { url })).into_response())
}

/// `POST /api/signin/sso/finish`.
pub async fn finish(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SsoBack>,
) -> ApiResult<Response> {
    slow_down(&app, &client)?;
    let (sso, now) = (sso(&app)?, app.clock.now());
    let browser = client.way.as_ref();
    let way = app.staff.outside_back(app.org, &body.state, browser, client.prefix, now).await;
    let way = way.map_err(|e| refused(&app, &e))?;
    let who = match &body.code {
        Some(code) => sso.finish(&way, code, body.iss.as_deref()).await,
        None => Err(Fault::Denied),
    };
    let who = match who {
        Ok(who) => who,
        Err(fault) => return Err(failed(&app, &client, fault).await),
    };
    // Asked again: the provider took its time.
    let now = app.clock.now();
    let issuer = &sso.settings.issuer;
    let step = app.staff.outside_sign_in(app.org, issuer, &who, client.prefix, now).await;
    let mut answer = step_answer(&app, &client, step)?;
    set_cookie(answer.headers_mut(), &Cookie::Way.clear(client.transport));
    Ok(answer)
}

async fn failed(app: &App, client: &Client, fault: Fault) -> ApiError {
    let now = app.clock.now();
    match app.staff.outside_failed(app.org, fault, client.prefix, now).await {
        Err(error) => refused(app, &error),
        Ok(_) => ErrorCode::Internal.into(),
    }
}

fn sso(app: &App) -> ApiResult<&Sso> {
    Ok(app.sso.as_ref().ok_or(ErrorCode::NotFound)?)
}
