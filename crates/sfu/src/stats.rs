//! Counters for metrics, and how late transports are looked after. Plain numbers in the shard; the driver publishes them once per round, so
//! that no packet pays for an atomic.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How late the regular visits of a transport were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lateness {
    worst: Duration,
    worst_but_one: Duration,
}

impl Lateness {
    /// Notes a visit that came `late`.
    pub(crate) fn note(&mut self, late: Duration) {
        self.worst_but_one = self.worst_but_one.max(late.min(self.worst));
        self.worst = self.worst.max(late);
    }

    /// The worst but one since the last call, ms, and begins anew.
    pub(crate) fn take_ms(&mut self) -> f32 {
        std::mem::take(self).worst_but_one.as_secs_f32() * 1_000.0
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Totals since start over all shards, and present numbers.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats { $($(#[$doc])* pub $name: u64,)* }

        /// One shard's counters as other threads see them.
        #[derive(Default)]
        pub(crate) struct SharedStats { $($name: AtomicU64,)* }

        impl SharedStats {
            pub(crate) fn publish(&self, stats: &Stats) {
                $(self.$name.store(stats.$name, Relaxed);)*
            }

            pub(crate) fn add_to(&self, total: &mut Stats) {
                $(total.$name += self.$name.load(Relaxed);)*
            }
        }
    };
}

counters! {
    /// Rooms with at least one transport, now.
    rooms,
    /// Transports, now.
    transports,
    /// Datagrams received.
    datagrams_in,
    /// Datagrams sent.
    datagrams_out,
    /// Bytes of datagrams received.
    bytes_in,
    /// Bytes of datagrams sent.
    bytes_out,
    /// System calls that sent datagrams (fewer than datagrams: segmentation offload).
    send_calls,
    /// Datagrams that the socket did not take (full buffer or no route).
    send_dropped,
    /// Received datagrams that were for another shard on the same port, and handed to it.
    handed_over,
    /// Received datagrams that are not STUN requests, DTLS, RTP or RTCP.
    garbage,
    /// Received datagrams of an unknown address or user fragment.
    unknown,
    /// Received datagrams that their transport refused (bad integrity, wrong path).
    rejected,
    /// Good ICE checks over UDP from other machines.
    udp_checks,
    /// Good ICE checks over TCP from other machines.
    tcp_checks,
    /// Errors that a transport reported while handling input. It goes on.
    input_errors,
    /// Media packets received.
    packets_in,
    /// Media packets forwarded (one per viewer).
    packets_forwarded,
    /// Media packets dropped because their source is muted.
    packets_muted,
    /// Keyframes asked of publishers.
    keyframe_requests,
    /// Times a newcomer was shown the kept pictures since a keyframe instead of asking for one.
    replays,
    /// Keyframes received.
    keyframes,
    /// Times a viewer was switched to another layer.
    layer_switches,
    /// Transports closed because handling them panicked.
    panics,
    /// Offers made.
    offers,
    /// Commands refused.
    refusals,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_visit_alone_does_not_count() {
        let ms = Duration::from_millis;
        let mut lateness = Lateness::default();
        for late in [0, 90, 1, 0] {
            lateness.note(ms(late));
        }
        assert!((lateness.take_ms() - 1.0).abs() < 0.01);
        for late in [30, 2, 90, 25] {
            lateness.note(ms(late));
        }
        assert!((lateness.take_ms() - 30.0).abs() < 0.01);
        assert!(lateness.take_ms() < 0.01, "taken");
    }
}
