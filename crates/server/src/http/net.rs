//! The network part of the device check, before anybody is let in: a round trip and a download.
//! Uses HTTP on purpose: an unadmitted person has no transport to a room.

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::OnceLock;

/// Bytes of [`blob`].
const BLOB_BYTES: usize = 200_000;

/// Answers at once with nothing.
pub async fn echo() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// 200 kB that do not compress.
pub async fn blob() -> Response {
    static BLOB: OnceLock<Bytes> = OnceLock::new();
    let bytes = BLOB.get_or_init(|| {
        // Xorshift64*: noise, not a secret.
        let mut x = 0x9e37_79b9_7f4a_7c15_u64;
        let noise = (0..BLOB_BYTES / 8).flat_map(|_| {
            x ^= x >> 12;
            x ^= x << 25;
            x ^= x >> 27;
            x.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
        });
        noise.collect::<Vec<u8>>().into()
    });
    let kind = HeaderValue::from_static("application/octet-stream");
    ([(header::CONTENT_TYPE, kind)], bytes.clone()).into_response()
}
