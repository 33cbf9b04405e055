//! Trying the ways of audio and video before anybody is let in. See [`crate::live::probe`].
//!
//! Open to whoever holds a seat, to staff, and to whoever has the link of a check that the operator
//! made at the console. A trial costs a handshake, so nobody else gets one.

use super::Body;
use super::error::ApiResult;
use super::guest::slow_down;
use super::session::Client;
use super::staff::refused;
use crate::app::App;
use crate::live::probe::{LIFE, Offered};
use auth::{Route, is_check_key};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::http as wire;
use protocol::{ErrorCode, limits};
use std::sync::Arc;

/// `POST /api/net/probe`.
pub async fn begin(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::ProbeRequest>,
) -> ApiResult<Json<wire::ProbeOffer>> {
    slow_down(&app, &client)?;
    let visits_port = may_probe(&app, &client, body.key.as_deref()).await?;
    let port = body.port.or(visits_port);
    let Offered { room, sdp, ice_servers } = app.core.begin_probe(client.prefix, port).await?;
    let seen = app.core.sfu.stats();
    Ok(Json(wire::ProbeOffer {
        probe: room,
        sdp,
        ports: app.core.sfu.ports(),
        udp_seen: seen.udp_checks > 0,
        tcp_seen: seen.tcp_checks > 0,
        lives_ms: u32::try_from(LIFE.as_millis()).unwrap_or(u32::MAX),
        ice_servers,
    }))
}

/// `POST /api/net/probe/answer`. Whoever knows the trial began it.
pub async fn answer(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::ProbeAnswer>,
) -> ApiResult<StatusCode> {
    slow_down(&app, &client)?;
    if body.sdp.len() > limits::MAX_SDP_BYTES {
        return Err(ErrorCode::SdpTooLarge.into());
    }
    app.core.answer_probe(body.probe, body.sdp)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets in whoever may, and tells the port of the visit that a guest's device is for.
async fn may_probe(app: &App, client: &Client, key: Option<&str>) -> ApiResult<Option<u16>> {
    if let Some(key) = key {
        let mut reader = app.core.store.read(app.org).await?;
        let good = is_check_key(&mut reader, key, app.clock.now()).await;
        return match good.map_err(|e| refused(app, &e))? {
            true => Ok(None),
            false => Err(ErrorCode::NoSuchVisit.into()),
        };
    }
    if let Ok(device) = client.device(Route::NetProbe) {
        let held = app.guests.seats_of(device).await.map_err(|e| refused(app, &e))?;
        if let Some(newest) = held.iter().map(|held| held.visit).max() {
            return Ok(Some(app.core.sfu.port_of(newest)));
        }
    }
    client.staff(app, Route::NetProbe).await?;
    Ok(None)
}
