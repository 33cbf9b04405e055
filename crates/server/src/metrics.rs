//! Counters for operators (Prometheus text format). No label ever names a person, a visit or an
//! address.

use crate::live::CallMetrics;
use crate::log_status::LogStatus;
use crate::relay::RelayMetrics;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use protocol::system::LogTroubleKind;
use std::sync::atomic::Ordering;

/// What is counted.
pub struct Metrics {
    registry: Registry,
    /// Open WebSockets.
    pub sockets: Gauge,
    /// Messages received on WebSockets.
    pub messages: Counter,
    /// Messages refused: malformed, too large, too fast.
    pub refused: Counter,
    /// Guests' links opened.
    pub links_opened: Counter,
    /// Visits created.
    pub visits_created: Counter,
    /// Invitations mailed.
    pub mails: Counter,
    /// Restricted visits opened in an emergency.
    pub emergencies: Counter,
    media_rooms: Gauge,
    media_transports: Gauge,
    media_packets_in: Counter,
    media_packets_out: Counter,
    media_garbage: Counter,
    media_handed_over: Counter,
    audit_entries: Gauge,
    audit_trouble: Gauge,
    relay: RelayMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("bedside");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let messages = counter("socket_messages", "Messages received on WebSockets");
        let refused = counter("socket_messages_refused", "Messages refused");
        let links_opened = counter("links_opened", "Guests' links opened");
        let visits_created = counter("visits_created", "Visits created");
        let emergencies = counter("emergency_accesses", "Restricted visits opened in an emergency");
        let mails = counter("mails_sent", "Invitations mailed");
        let media_packets_in = counter("media_packets_received", "Media packets received");
        let media_packets_out = counter("media_packets_forwarded", "Media packets forwarded");
        let media_garbage = counter("media_garbage", "Datagrams that were no media");
        let media_handed_over =
            counter("media_handed_over", "Datagrams handed to another media thread on the port");
        let mut gauge = |name: &str, help: &str| {
            let gauge: Gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            sockets: gauge("sockets", "Open WebSockets"),
            media_rooms: gauge("media_rooms", "Rooms with media"),
            media_transports: gauge("media_transports", "Media transports"),
            media_packets_in,
            media_packets_out,
            media_garbage,
            media_handed_over,
            audit_entries: gauge(
                "audit_entries",
                "Entries of the audit log under the newest checkpoint",
            ),
            audit_trouble: gauge(
                "audit_trouble",
                "The audit log: 0 is signed, 1 waits for database or disk, 2 needs somebody",
            ),
            relay: RelayMetrics::new(&mut registry),
            messages,
            refused,
            links_opened,
            visits_created,
            mails,
            emergencies,
            registry,
        }
    }
}

impl Metrics {
    /// Adds what is counted about calls.
    pub(crate) fn add_calls(&mut self, calls: &CallMetrics) {
        calls.register(&mut self.registry);
    }

    /// Everything in OpenMetrics text format, with the figures of the forwarding unit and, if it runs,
    /// of our own relay.
    #[must_use]
    pub fn text(
        &self,
        media: &sfu::Stats,
        relay: Option<&turn::io::Report>,
        log: &LogStatus,
    ) -> String {
        self.audit_entries.set(i64::try_from(log.size()).unwrap_or(i64::MAX));
        self.audit_trouble.set(match log.trouble() {
            None => 0,
            Some(LogTroubleKind::Passing) => 1,
            Some(_) => 2,
        });
        for (gauge, value) in
            [(&self.media_rooms, media.rooms), (&self.media_transports, media.transports)]
        {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        // The forwarding unit counts by itself; its totals only ever grow.
        for (counter, total) in [
            (&self.media_packets_in, media.packets_in),
            (&self.media_packets_out, media.packets_forwarded),
            (&self.media_garbage, media.garbage),
            (&self.media_handed_over, media.handed_over),
        ] {
            counter.inner().store(total, Ordering::Relaxed);
        }
        if let Some(report) = relay {
            self.relay.set(report);
        }
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}
