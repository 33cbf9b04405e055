//! Answers of the authority that are no refusals.

use serde_json::Value;

/// An answer that is no refusal.
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Body,
    /// A server to look at, after this answer.
    pub look: Option<Look>,
}

pub enum Body {
    None,
    Json(Value),
    Chain(String),
}

/// A server that has to show its proof.
pub struct Look {
    pub authorization: usize,
    pub name: String,
    pub proof: [u8; 32],
}

impl Answer {
    pub const fn empty(status: u16) -> Self {
        Self { status, location: None, body: Body::None, look: None }
    }

    pub const fn json(status: u16, value: Value) -> Self {
        Self { status, location: None, body: Body::Json(value), look: None }
    }
}
