//! Every refusal as one JSON body with a stable code, a plain sentence and the next step.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorBody, ErrorCode};
use store::StoreError;
use visit::RefusalCode;

/// A refusal on its way out.
pub struct ApiError(pub Box<ErrorBody>);

/// What a handler gives back.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The fault is in this field of the form.
    #[must_use]
    pub fn field(name: &str) -> Self {
        let mut error = Self::from(ErrorCode::BadField);
        error.0.field = Some(name.to_owned());
        error
    }

    /// Try again after this time.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.0.retry_after_ms = Some(ms);
        self
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self(Box::new(code.into()))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        store_code(&error).into()
    }
}

impl From<RefusalCode> for ApiError {
    fn from(code: RefusalCode) -> Self {
        refusal_code(code).into()
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::MessageTooLarge.into(),
            _ => ErrorCode::BadMessage.into(),
        }
    }
}

/// What the browser hears of a database trouble. The cause goes to the log, without data.
pub fn store_code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::NotFound => ErrorCode::NotFound,
        StoreError::Conflict => ErrorCode::WrongState,
        StoreError::Busy | StoreError::Unavailable(_) => ErrorCode::StoreBusy,
        StoreError::Full => ErrorCode::StoreFull,
        other => {
            tracing::error!(code = other.code(), "store");
            ErrorCode::Internal
        }
    }
}

/// What the browser hears of a refusal by the visit.
pub const fn refusal_code(code: RefusalCode) -> ErrorCode {
    match code {
        RefusalCode::NotAllowed => ErrorCode::NotAllowed,
        RefusalCode::WrongState => ErrorCode::WrongState,
        RefusalCode::ConsentMissing => ErrorCode::ConsentMissing,
        RefusalCode::NotANoShow => ErrorCode::NotANoShow,
        RefusalCode::VisitOver => ErrorCode::VisitOver,
        RefusalCode::VisitFull => ErrorCode::VisitFull,
        RefusalCode::NoSuchSeat => ErrorCode::NotFound,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_s = self.0.retry_after_ms.map(|ms| ms.div_ceil(1_000));
        let mut response = (status, Json(*self.0)).into_response();
        if let Some(value) = retry_s.and_then(|s| HeaderValue::from_str(&s.to_string()).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// Leaves one line in the log for every answer that is the server's own fault. The path is a route
/// without secrets; nothing else of the request is written.
pub async fn log_failures(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let response = next.run(request).await;
    if response.status().is_server_error() {
        tracing::warn!(status = response.status().as_u16(), "a request failed");
    }
    response
}
