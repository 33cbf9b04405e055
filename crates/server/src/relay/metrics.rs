//! Figures of our own relay. No label names a person, a visit or an address.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use turn::io::Report;
use turn::{Dropped, Refused};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    way: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: u32,
}

/// See the module's head.
pub struct RelayMetrics {
    allocations: Gauge,
    allocated: Gauge,
    streams: Gauge,
    cpu_ms: Gauge,
    datagrams: Family<Way, Gauge>,
    bytes: Family<Way, Gauge>,
    refused: Family<Code, Gauge>,
    dropped: Family<Reason, Gauge>,
    denied: Family<Reason, Gauge>,
}

impl RelayMetrics {
    /// Registers them.
    pub fn new(registry: &mut Registry) -> Self {
        fn family<L>(registry: &mut Registry, name: &str, help: &str) -> Family<L, Gauge>
        where
            L: Clone
                + std::hash::Hash
                + Eq
                + EncodeLabelSet
                + std::fmt::Debug
                + Send
                + Sync
                + 'static,
        {
            let family = Family::default();
            registry.register(name, help, family.clone());
            family
        }
        let mut gauge = |name: &str, help: &str| {
            let gauge: Gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            allocations: gauge("relay_allocations", "Allocations of the relay"),
            allocated: gauge("relay_allocations_made", "Allocations made"),
            streams: gauge("relay_streams", "TCP and TLS connections of the relay"),
            cpu_ms: gauge("relay_cpu_milliseconds", "CPU time of the relay"),
            datagrams: family(registry, "relay_datagrams", "Datagrams relayed from and to clients"),
            bytes: family(registry, "relay_bytes", "Bytes relayed from and to clients"),
            refused: family(registry, "relay_refused", "Requests refused, by STUN error code"),
            dropped: family(registry, "relay_dropped", "Messages dropped, by reason"),
            denied: family(registry, "relay_denied", "Forbidden peers, by the rule"),
        }
    }

    /// Takes over what the relay says about itself. Counters that have not counted are left out.
    pub fn set(&self, report: &Report) {
        let stats = &report.stats;
        put(&self.allocations, stats.allocations);
        put(&self.allocated, stats.allocated);
        put(&self.streams, report.streams as u64);
        let cpu = report.cpu_time.unwrap_or_default().as_millis();
        put(&self.cpu_ms, u64::try_from(cpu).unwrap_or(u64::MAX));
        for (way, datagrams, bytes) in [
            ("up", stats.relayed_up, stats.relayed_up_bytes),
            ("down", stats.relayed_down, stats.relayed_down_bytes),
        ] {
            put(&self.datagrams.get_or_create(&Way { way }), datagrams);
            put(&self.bytes.get_or_create(&Way { way }), bytes);
        }
        for refused in Refused::ALL {
            let code = u32::from(refused.code());
            count(&self.refused, Code { code }, stats.refused(refused));
        }
        for dropped in Dropped::ALL {
            count(&self.dropped, Reason { reason: dropped.name() }, stats.dropped(dropped));
        }
        count(&self.dropped, Reason { reason: "socket_full" }, report.udp_dropped);
        count(&self.dropped, Reason { reason: "slow_reader" }, report.stream_dropped);
        for (reason, times) in stats.denied() {
            count(&self.denied, Reason { reason }, times);
        }
    }
}

fn count<L: Clone + std::hash::Hash + Eq>(family: &Family<L, Gauge>, label: L, value: u64) {
    if value > 0 {
        put(&family.get_or_create(&label), value);
    }
}

fn put(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}
