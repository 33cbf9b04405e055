//! From request headers to who asks: cookies, network prefix, and the route table.

use super::error::{ApiError, ApiResult};
use super::program::program_of;
use super::staff::auth_code;
use crate::app::App;
use crate::listen::Peer;
use audit::Words;
use auth::{Caller, Cookie, Prefix, Route, Secret, StaffSession, Transport, may_use};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use protocol::ErrorCode;
use std::net::IpAddr;
use std::sync::Arc;

/// What a request brings along.
pub struct Client {
    /// How cookies travel.
    pub transport: Transport,
    /// The session cookie.
    pub session: Option<Secret>,
    /// The device cookie.
    pub device: Option<Secret>,
    /// The cookie of a way to the identity provider.
    pub way: Option<Secret>,
    /// Where it comes from, cut to a network.
    pub prefix: Prefix,
    /// From where and with what, for entries of the audit log about patients.
    pub words: Words,
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        app.refuse_when_closing()?;
        let host = super::headers::host_of(&parts.headers).ok_or(ErrorCode::BadMessage)?;
        let transport = app.config.transport(&host);
        let cookies =
            || parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
        let peer = peer.ok_or(ErrorCode::Internal)?;
        let ip = client_ip(app, peer, &parts.headers);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            transport,
            session: Cookie::Session.read(transport, cookies()),
            device: Cookie::Device.read(transport, cookies()),
            way: Cookie::Way.read(transport, cookies()),
            prefix: Prefix::of(ip),
            words: Words::new()
                .seen_at(&ip.to_canonical().to_string())
                .through(&program_of(agent.unwrap_or_default())),
        })
    }
}

/// The client's address: the peer's own, or what a trusted proxy says.
fn client_ip(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !app.config.trusted_proxies.contains(&peer) {
        return peer;
    }
    // The last entry that is not a proxy of ours: earlier ones can be made up by the client.
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|v| v.trim().parse::<IpAddr>().ok())
        .rfind(|ip| !app.config.trusted_proxies.contains(ip))
        .unwrap_or(peer)
}

impl Client {
    /// What the audit log says in plain words of what this session does.
    pub fn words_of(&self, session: &StaffSession) -> Arc<Words> {
        Arc::new(self.words.clone().named(&session.name))
    }

    /// The same with a reason that was given.
    pub fn reason_of(&self, session: &StaffSession, reason: &str) -> Arc<Words> {
        Arc::new(self.words.clone().named(&session.name).because(reason))
    }

    /// The signed-in member of staff, if they may use this route.
    pub async fn staff(&self, app: &App, route: Route) -> ApiResult<StaffSession> {
        let cookie = self.session.as_ref().ok_or(ErrorCode::NotSignedIn)?;
        let session = app
            .staff
            .authenticate(cookie, app.clock.now())
            .await
            .map_err(|e| ApiError::from(auth_code(&e)))?;
        if may_use(session.caller(), route) {
            return Ok(session);
        }
        // Whoever only lacks the second factor is told so.
        Err(match session.full() {
            Err(error) => auth_code(&error).into(),
            Ok(_) => ErrorCode::NotAllowed.into(),
        })
    }

    /// The device, if it may use this route.
    pub fn device(&self, route: Route) -> ApiResult<&Secret> {
        let device = self.device.as_ref().ok_or(ErrorCode::NoSuchVisit)?;
        if may_use(Caller::Device, route) { Ok(device) } else { Err(ErrorCode::NotAllowed.into()) }
    }
}

/// Adds a cookie to an answer.
pub fn set_cookie(headers: &mut HeaderMap, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(header::SET_COOKIE, value);
    }
}
