//! Refusals as problem documents (RFC 7807, RFC 8555 §6.7).

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    /// The last part of `urn:ietf:params:acme:error:…`.
    pub kind: &'static str,
    pub detail: String,
}

impl Problem {
    pub fn new(status: u16, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    pub fn document(&self) -> Value {
        json!({
            "type": format!("urn:ietf:params:acme:error:{}", self.kind),
            "detail": self.detail,
            "status": self.status,
        })
    }
}
