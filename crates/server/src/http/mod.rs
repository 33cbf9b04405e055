//! Routes. Each handler is a thin layer: read the request, ask the crate that owns the matter, map
//! its answer.

pub mod audit_log;
pub mod emergency;
pub mod error;
pub mod factor;
pub mod guest;
pub mod headers;
pub mod invites;
pub mod net;
pub mod passkeys;
pub mod patients;
pub mod people;
pub mod probe;
mod program;
pub mod quality;
pub mod retention;
pub mod session;
pub mod sso;
pub mod staff;
pub mod system;
pub mod visits;

use crate::app::App;
use crate::ws;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use error::ApiResult;
use protocol::ErrorCode;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Largest request body, in bytes. The largest real one is a booked visit of about 1 kB.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// A JSON body whose refusals look like all others.
pub struct Body<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = error::ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// Every route of the server.
pub fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/link/look", post(guest::look))
        .route("/link/open", post(guest::open))
        .route("/seat/mine", post(guest::mine))
        .route("/seat/token", post(guest::token))
        .route("/seat/rate", post(guest::rate))
        .route("/signin", post(staff::sign_in))
        .route("/signin/code", post(staff::code))
        .route("/signin/link", post(staff::link))
        .route("/signin/ways", get(passkeys::ways))
        .route("/signin/passkey/start", post(passkeys::start))
        .route("/signin/passkey", post(passkeys::sign_in))
        .route("/signin/sso/start", post(sso::start))
        .route("/signin/sso/finish", post(sso::finish))
        .route("/factor/code", post(factor::code))
        .route("/factor/passkey/start", post(factor::passkey_start))
        .route("/factor/passkey", post(factor::passkey))
        .route("/passkeys", get(passkeys::list))
        .route("/passkeys/start", post(passkeys::add_start))
        .route("/passkeys/finish", post(passkeys::add_finish))
        .route("/passkeys/remove", post(passkeys::remove))
        .route("/signout", post(staff::sign_out))
        .route("/signout/everywhere", post(staff::sign_out_everywhere))
        .route("/mfa/start", post(staff::mfa_start))
        .route("/mfa/finish", post(staff::mfa_finish))
        .route("/me", get(staff::me))
        .route("/board/token", post(staff::board_token))
        .route("/visits", post(visits::create))
        .route("/clinicians", get(visits::clinicians))
        .route("/visits/{visit}/invite", post(invites::invite))
        .route("/visits/{visit}/colleague", post(invites::colleague))
        .route("/visits/{visit}/outcome", post(visits::outcome))
        .route("/visits/{visit}/quality", get(quality::of_visit))
        .route("/visits/{visit}/emergency", post(emergency::open))
        .route("/emergencies", get(emergency::list))
        .route("/emergencies/{id}/review", post(emergency::review))
        .route("/retention", get(retention::look).post(retention::set))
        .route("/patients/find", post(patients::find))
        .route("/patients/{patient}/export", get(patients::export))
        .route("/patients/{patient}/hold", post(patients::hold))
        .route("/patients/{patient}/unhold", post(patients::unhold))
        .route("/patients/{patient}/erase", post(patients::erase))
        .route("/audit/search", post(audit_log::search))
        .route("/audit/export", post(audit_log::export))
        .route("/system", get(system::look))
        .route("/people", get(people::list).post(people::add))
        .route("/people/{person}", post(people::change))
        .route("/visits/{visit}/guest", post(invites::synthetic_guest))
        .route("/net/echo", get(net::echo))
        .route("/net/blob", get(net::blob))
        .route("/net/probe", post(probe::begin))
        .route("/net/probe/answer", post(probe::answer))
        .route("/clinic", get(clinic))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&app), headers::own_pages_only))
        .layer(from_fn(error::log_failures));
    Router::new()
        .nest("/api", api)
        .route("/ws", get(ws::upgrade))
        .route("/", get(|| async { Redirect::to("/clinic") }))
        .route("/v", get(patient_page))
        .route("/clinic", get(clinic_page))
        // Where the identity provider sends browsers back to. The page takes the code out of the address.
        .route("/signin/back", get(clinic_page))
        // A network check. What it may do comes with the key in its fragment.
        .route("/check", get(patient_page))
        .route("/assets/{*path}", get(asset))
        .route("/icon.svg", get(icon))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(Arc::clone(&app), headers::secure))
        .with_state(app)
}

async fn patient_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    // The clinic's name and help line have to be there even when nothing else loads.
    let Some(page) = app.assets.get("patient.html") else {
        return crate::assets::serve(&*app.assets, "patient.html", &headers);
    };
    let fill = |page: String, name: &str, value: &str| {
        let empty = format!("name=\"{name}\" content=\"\"");
        page.replace(&empty, &format!("name=\"{name}\" content=\"{}\"", escape(value)))
    };
    let page = String::from_utf8_lossy(&page).into_owned();
    let page = fill(page, "bedside-clinic", &app.config.clinic);
    let page = fill(page, "bedside-help-phone", &app.config.help_phone);
    ([(header::CACHE_CONTROL, "no-cache")], Html(page)).into_response()
}

/// For text between double quotes in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

async fn clinic_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    crate::assets::serve(&*app.assets, "clinic.html", &headers)
}

async fn asset(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    crate::assets::serve(&*app.assets, &format!("assets/{path}"), &headers)
}

async fn icon(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    crate::assets::serve(&*app.assets, "icon.svg", &headers)
}

/// What every page may know without a link: how the clinic is called and its help line.
async fn clinic(State(app): State<Arc<App>>) -> Json<protocol::http::Clinic> {
    Json(protocol::http::Clinic {
        clinic: app.config.clinic.clone(),
        help_phone: app.config.help_phone.clone(),
    })
}

async fn not_found() -> error::ApiError {
    ErrorCode::NotFound.into()
}

/// For load balancers: whether this process can do its work.
async fn health(State(app): State<Arc<App>>) -> Response {
    let closing = *app.closing.borrow();
    match app.core.store.health().await {
        Ok(()) if !closing => "ok\n".into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> ApiResult<Response> {
    // An empty file is no token: whoever asks without one would match it.
    let wanted = app.config.metrics_token.as_deref().filter(|token| !token.is_empty());
    let wanted = wanted.ok_or(ErrorCode::NotFound)?;
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) {
        return Err(ErrorCode::NotFound.into());
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let relay = app.core.relays.report().await;
    let text = app.metrics.text(&app.core.sfu.stats(), relay.as_ref(), &app.operator.log);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
