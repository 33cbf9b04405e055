//! Response headers that every answer carries, and the check that a request comes from our own
//! pages. Nothing here knows about visits.

use crate::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::ErrorCode;
use std::sync::Arc;

use super::error::ApiError;

/// No script, style, frame or connection from anywhere but this very origin. `wss:` is spelled out
/// because older Safari does not count it as `'self'`.
fn content_security_policy(host: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         media-src 'self' blob:; connect-src 'self' wss://{host}; worker-src 'self'; \
         manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
         require-trusted-types-for 'script'"
    )
}

/// Adds the security headers to every answer.
pub async fn secure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let host = host_of(request.headers()).unwrap_or_else(|| "localhost".to_owned());
    let tls = app.config.is_tls_host(&host);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(csp) = HeaderValue::from_str(&content_security_policy(&host)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
        (
            "permissions-policy",
            "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), \
             autoplay=(self), fullscreen=(self), picture-in-picture=(self), geolocation=(), \
             publickey-credentials-create=(self), \
             publickey-credentials-get=(self), payment=(), usb=(), serial=(), midi=(), browsing-topics=()",
        ),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    response
}

/// Refuses everything that changes something unless our own page asks for it. Browsers always send
/// `Origin` with such requests, and no other site can forge it.
pub async fn own_pages_only(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET
        && request.method() != Method::HEAD
        && !origin_is_ours(&app, request.headers())
    {
        return ApiError::from(ErrorCode::BadOrigin).into_response();
    }
    next.run(request).await
}

/// Whether `Origin` is one of this server's own addresses.
pub fn origin_is_ours(app: &App, headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|origin| app.config.origins.iter().any(|ours| ours == origin))
}

/// The host and port that the browser asked for.
pub fn host_of(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    host.bytes().all(plain).then(|| host.to_owned())
}
