//! Sizes and rates that both sides know.

/// Largest WebSocket message that a client may send, in bytes. An SDP answer of a full room is
/// about 20 kB.
pub const MAX_CLIENT_MESSAGE_BYTES: usize = 64 * 1024;
/// Largest SDP, in bytes.
pub const MAX_SDP_BYTES: usize = 48 * 1024;
/// Longest chat message, in Unicode scalar values.
pub const MAX_CHAT_CHARS: usize = 2_000;
/// Longest name, in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 120;
/// Longest note of the clinic about a visit, in Unicode scalar values.
pub const MAX_NOTE_CHARS: usize = 500;
/// Shortest reason for emergency access, in Unicode scalar values.
pub const MIN_REASON_CHARS: usize = 10;
/// Emergency access lasts this long, in minutes.
pub const EMERGENCY_MIN: i64 = 60;
/// Emergency access is to be reviewed within this time, in hours.
pub const REVIEW_WITHIN_H: i64 = 72;
/// Longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const MAX_EMAIL_BYTES: usize = 254;
/// Shortest planned length of a visit, in minutes.
pub const MIN_VISIT_MIN: u32 = 5;
/// Longest planned length of a visit, in minutes.
pub const MAX_VISIT_MIN: u32 = 240;
/// Most tiles in one view.
pub const MAX_TILES: usize = 24;
/// How long a join token lives, in seconds. It works once.
pub const JOIN_TOKEN_S: i64 = 60;
/// A client may take the link for dead after this long without a packet, in milliseconds.
pub const SILENCE_MS: u64 = 600;
/// Messages that one socket may send per second, on average.
pub const MESSAGES_PER_S: u32 = 20;
/// Messages that one socket may send at once, before the average counts.
pub const MESSAGE_BURST: u32 = 60;
/// Longest ICE candidate that one page passes to another, in bytes.
pub const MAX_CANDIDATE_BYTES: usize = 512;
/// Longest `a=mid` beside it, in bytes.
pub const MAX_MID_BYTES: usize = 16;
/// Most candidates that one page passes to another in one attempt.
pub const MAX_DIRECT_CANDIDATES: u32 = 40;
