//! What two pages tell each other to find a direct way between them. The server passes it on and reads
//! none of it; it only counts and measures. Whoever gets it must take it for a stranger's word.

use crate::limits;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One step of finding the way.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DirectSignal {
    /// The offer, of the one who was told to make it. One per attempt.
    Offer {
        /// The SDP.
        sdp: String,
    },
    /// The answer of the other. One per attempt.
    Answer {
        /// The SDP.
        sdp: String,
    },
    /// A place where the sender may be reached.
    Candidate {
        /// The candidate as the browser made it (RFC 8839 §5.1).
        candidate: String,
        /// The `a=mid` of the m-line it belongs to.
        mid: String,
    },
}

impl DirectSignal {
    /// Whether every text is within [`limits`].
    pub(crate) fn within_limits(&self) -> bool {
        match self {
            Self::Offer { sdp } | Self::Answer { sdp } => {
                !sdp.is_empty() && sdp.len() <= limits::MAX_SDP_BYTES
            }
            Self::Candidate { candidate, mid } => {
                !candidate.is_empty()
                    && candidate.len() <= limits::MAX_CANDIDATE_BYTES
                    && mid.len() <= limits::MAX_MID_BYTES
                    && candidate.chars().chain(mid.chars()).all(|c| !c.is_control())
            }
        }
    }
}
