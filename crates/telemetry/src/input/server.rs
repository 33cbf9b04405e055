//! The forwarding unit's own view of one transport. Partly it is made of what the client reports
//! (RTCP, transport feedback), so it is checked like everything from outside.

use super::{Check, JITTER_MS, PCT, RATE_BPS, RTT_MS};

/// The forwarding unit's view of one transport over the interval, unchecked. `None`: not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RawTransport {
    /// Lost from the client to us, percent, by gaps in the sequence numbers.
    pub uplink_loss_pct: Option<f64>,
    /// Jitter of the client's sound when it reached us, ms (RFC 3550 §6.4.1).
    pub uplink_jitter_ms: Option<f64>,
    /// Lost from us to the client, percent, by transport feedback or receiver reports.
    pub downlink_loss_pct: Option<f64>,
    /// Round trip between us and the client, ms.
    pub rtt_ms: Option<f64>,
    /// What the path to the client can carry, bit/s.
    pub downlink_estimate_bps: Option<f64>,
    /// What the client's tiles would take if everything fitted, bit/s.
    pub downlink_wanted_bps: Option<f64>,
    /// How late our loop served this transport, ms, 99th percentile.
    pub loop_lag_ms: Option<f64>,
    /// Since when the transport is connected, ms.
    pub age_ms: Option<f64>,
    /// Nothing has been heard from the client for a while: its path is broken.
    pub silent: bool,
}

/// The forwarding unit's view of one transport over the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TransportSample {
    /// Lost from the client to us, percent 0–100.
    pub uplink_loss_pct: Option<f64>,
    /// Jitter of the client's sound when it reached us, ms.
    pub uplink_jitter_ms: Option<f64>,
    /// Lost from us to the client, percent 0–100.
    pub downlink_loss_pct: Option<f64>,
    /// Round trip, ms, 0–30,000.
    pub rtt_ms: Option<f64>,
    /// What the path to the client can carry, bit/s.
    pub downlink_estimate_bps: Option<f64>,
    /// What the client's tiles would take, bit/s.
    pub downlink_wanted_bps: Option<f64>,
    /// How late our loop was, ms.
    pub loop_lag_ms: Option<f64>,
    /// Since when the transport is connected, ms.
    pub age_ms: Option<f64>,
    /// The path is broken.
    pub silent: bool,
}

/// Longest loop lag that is believed, ms: the path would be dead long before.
const MOST_LAG_MS: f64 = 60_000.0;
/// Longest life of a transport, ms: a week.
const MOST_AGE_MS: f64 = 604_800_000.0;

impl RawTransport {
    /// Leaves out what cannot be.
    pub fn check(&self, check: &mut Check) -> TransportSample {
        TransportSample {
            uplink_loss_pct: check.real(self.uplink_loss_pct, &PCT),
            uplink_jitter_ms: check.real(self.uplink_jitter_ms, &JITTER_MS),
            downlink_loss_pct: check.real(self.downlink_loss_pct, &PCT),
            rtt_ms: check.real(self.rtt_ms, &RTT_MS),
            downlink_estimate_bps: check.real(self.downlink_estimate_bps, &RATE_BPS),
            downlink_wanted_bps: check.real(self.downlink_wanted_bps, &RATE_BPS),
            loop_lag_ms: check.real(self.loop_lag_ms, &(0.0..=MOST_LAG_MS)),
            age_ms: check.real(self.age_ms, &(0.0..=MOST_AGE_MS)),
            silent: self.silent,
        }
    }
}
