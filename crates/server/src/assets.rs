//! The web app's files. The composition root embeds them; this module serves them with the right
//! type, compression and cache life.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

/// Where the files come from: the path below the app's root to its bytes.
pub trait Assets: Send + Sync + 'static {
    /// The file at `path` (no leading slash), if there is one.
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

/// Serves one file, compressed when the browser takes it and the build made a compressed copy.
pub fn serve(assets: &dyn Assets, path: &str, request: &HeaderMap) -> Response {
    let accepted =
        request.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| accepted.split(',').any(|e| e.trim().split(';').next() == Some(name));
    let compressed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| takes(name))
        .find_map(|(name, ext)| assets.get(&format!("{path}{ext}")).map(|b| (b, Some(name))));
    let Some((bytes, encoding)) = compressed.or_else(|| assets.get(path).map(|b| (b, None))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = bytes.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        // Names below assets/ carry a hash of the content; pages do not.
        HeaderValue::from_static(if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    if let Some(name) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
