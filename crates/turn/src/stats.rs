//! Counters of a relay. Plain numbers; nothing here names anybody.

use crate::policy::{Denied, SPECIAL};

/// Why a request was refused. The name is stable; the code is RFC 8489's and RFC 8656's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// 400: something is missing, contradicts itself, or cannot be read.
    BadRequest,
    /// 401: no credentials, wrong ones, expired or revoked ones.
    Unauthorized,
    /// 403: the peer may not be reached.
    Forbidden,
    /// 420: an attribute that must be understood and is not.
    UnknownAttribute,
    /// 437: no allocation, or one already.
    AllocationMismatch,
    /// 438: the nonce is too old or not ours.
    StaleNonce,
    /// 440: no relayed address of that family.
    FamilyNotSupported,
    /// 441: the allocation belongs to other credentials.
    WrongCredentials,
    /// 442: only UDP is relayed.
    UnsupportedTransport,
    /// 443: the peer has another family than the allocation.
    PeerFamilyMismatch,
    /// 486: a quota is used up.
    QuotaReached,
    /// 508: a table is full, or no port is free.
    InsufficientCapacity,
}

impl Refused {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::UnknownAttribute,
        Self::AllocationMismatch,
        Self::StaleNonce,
        Self::FamilyNotSupported,
        Self::WrongCredentials,
        Self::UnsupportedTransport,
        Self::PeerFamilyMismatch,
        Self::QuotaReached,
        Self::InsufficientCapacity,
    ];

    /// The error code that the client is told (RFC 8489 §14.8, RFC 8656 §19).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::UnknownAttribute => 420,
            Self::AllocationMismatch => 437,
            Self::StaleNonce => 438,
            Self::FamilyNotSupported => 440,
            Self::WrongCredentials => 441,
            Self::UnsupportedTransport => 442,
            Self::PeerFamilyMismatch => 443,
            Self::QuotaReached => 486,
            Self::InsufficientCapacity => 508,
        }
    }
}

/// Why something was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Neither a STUN message nor channel data, or damaged.
    Garbage,
    /// A method, class or attribute that is not served.
    NotServed,
    /// Longer than [`crate::frame::MAX_MESSAGE_BYTES`].
    TooLong,
    /// The sender has no allocation.
    NoAllocation,
    /// No such channel.
    NoChannel,
    /// No permission, on one side or the other.
    NoPermission,
    /// The rules of peers forbid it.
    Denied,
    /// Over the rate of the allocation.
    Rate,
    /// One more answer to a network that has not proved who it is.
    Stranger,
    /// The outbox was full.
    Outbox,
}

impl Dropped {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Garbage,
        Self::NotServed,
        Self::TooLong,
        Self::NoAllocation,
        Self::NoChannel,
        Self::NoPermission,
        Self::Denied,
        Self::Rate,
        Self::Stranger,
        Self::Outbox,
    ];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::NotServed => "not_served",
            Self::TooLong => "too_long",
            Self::NoAllocation => "no_allocation",
            Self::NoChannel => "no_channel",
            Self::NoPermission => "no_permission",
            Self::Denied => "denied",
            Self::Rate => "rate",
            Self::Stranger => "stranger",
            Self::Outbox => "outbox",
        }
    }
}

/// Kinds of [`Denied`] that are no special range.
const OTHER_DENIALS: [&str; 6] =
    ["closed", "other_visit", "own", "configured", "low_port", "not_signalled"];

/// Totals since the start, and present numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Allocations, now.
    pub allocations: u64,
    /// Allocations made.
    pub allocated: u64,
    /// Datagrams and messages of clients that came in.
    pub messages_in: u64,
    /// Datagrams relayed from clients.
    pub relayed_up: u64,
    /// Their bytes, without headers.
    pub relayed_up_bytes: u64,
    /// Datagrams relayed to clients.
    pub relayed_down: u64,
    /// Their bytes, without headers.
    pub relayed_down_bytes: u64,
    refused: [u64; Refused::ALL.len()],
    dropped: [u64; Dropped::ALL.len()],
    denied_special: Vec<u64>,
    denied_other: [u64; OTHER_DENIALS.len()],
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            allocations: 0,
            allocated: 0,
            messages_in: 0,
            relayed_up: 0,
            relayed_up_bytes: 0,
            relayed_down: 0,
            relayed_down_bytes: 0,
            refused: [0; Refused::ALL.len()],
            dropped: [0; Dropped::ALL.len()],
            denied_special: vec![0; SPECIAL.len()],
            denied_other: [0; OTHER_DENIALS.len()],
        }
    }
}

impl Stats {
    /// Requests refused for that reason.
    #[must_use]
    pub const fn refused(&self, reason: Refused) -> u64 {
        self.refused[reason as usize]
    }

    /// Messages dropped for that reason.
    #[must_use]
    pub const fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped[reason as usize]
    }

    /// How often each rule forbade a peer, by the name of the rule.
    pub fn denied(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let special =
            SPECIAL.iter().map(|range| range.name).zip(self.denied_special.iter().copied());
        special.chain(OTHER_DENIALS.into_iter().zip(self.denied_other))
    }

    pub(crate) fn count_refused(&mut self, reason: Refused) {
        self.refused[reason as usize] += 1;
    }

    pub(crate) fn count_dropped(&mut self, reason: Dropped) {
        self.dropped[reason as usize] += 1;
    }

    pub(crate) fn count_denied(&mut self, denied: Denied) {
        let other = match denied {
            Denied::Special(index) => {
                if let Some(count) = self.denied_special.get_mut(index) {
                    *count += 1;
                }
                return;
            }
            Denied::Closed => 0,
            Denied::OtherVisit => 1,
            Denied::Own => 2,
            Denied::Configured => 3,
            Denied::LowPort => 4,
            Denied::NotSignalled => 5,
        };
        self.denied_other[other] += 1;
    }
}
