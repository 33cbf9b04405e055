//! What the load measures in a window: travel times of packets, and its own punctuality.
//!
//! A packet's travel time runs from just before the sender's system call to the moment when the
//! kernel put the packet into the viewer's socket. Memory is constant, however long a window is.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Send times of the latest packets are kept; a packet that comes later than this many others were
/// sent has no travel time.
const REMEMBERED: usize = 1 << 20;
/// Longest time that is told apart, ns.
const LONGEST_NS: u64 = 100_000_000_000;

/// What the people have received since they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Media packets, each sequence number once.
    pub received: u64,
    /// Bytes of their RTP payload.
    pub bytes: u64,
    /// Those that came only as a retransmission.
    pub repaired: u64,
    /// Those that have not come (yet).
    pub missing: u64,
    /// Datagrams that the system did not take from the load.
    pub refused: u64,
}

/// What a window came to.
#[derive(Clone)]
pub(crate) struct Window {
    /// Travel times of packets that were not repaired, ns.
    pub travel_ns: Times,
    /// How much later than its time each frame and sound packet was sent, ns.
    pub lag_ns: Times,
    /// At the end.
    pub counted: Counted,
}

/// Many times, to three digits.
#[derive(Clone)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are constants"))
    }

    pub fn add(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// The value at or below which `percent` of the times lie, ns; 0 without times.
    pub fn percentile(&self, percent: f64) -> u64 {
        // 99.9 is no binary fraction: without the allowance its rank of 1,000 would be 1,000.
        if self.0.is_empty() { 0 } else { self.0.value_at_percentile(percent - 1e-9) }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }
}

/// One per load; on its thread.
pub(super) struct Meter {
    /// Number and send time (ns since the Unix epoch) of packet `n`, at `n` modulo the length.
    sent: Vec<(u64, u64)>,
    measuring: bool,
    travel_ns: Times,
    lag_ns: Times,
}

impl Meter {
    pub fn new() -> Self {
        let nothing = (u64::MAX, 0);
        let (travel_ns, lag_ns) = (Times::new(), Times::new());
        Self { sent: vec![nothing; REMEMBERED], measuring: false, travel_ns, lag_ns }
    }

    /// Packet `id` is about to be sent.
    pub fn sent(&mut self, id: u64, unix_ns: u64) {
        self.sent[id as usize % REMEMBERED] = (id, unix_ns);
    }

    /// Packet `id` reached a viewer's socket.
    pub fn arrived(&mut self, id: u64, unix_ns: u64) {
        if !self.measuring {
            return;
        }
        let (kept, sent) = self.sent[id as usize % REMEMBERED];
        // A clock that was set back in between gives no travel time.
        if let Some(travel) = unix_ns.checked_sub(sent).filter(|_| kept == id) {
            self.travel_ns.add(travel);
        }
    }

    /// Something left this late.
    pub fn lagged(&mut self, lag: Duration) {
        if self.measuring {
            self.lag_ns.add(u64::try_from(lag.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// Counts from now on.
    pub fn begin(&mut self) {
        self.measuring = true;
        (self.travel_ns, self.lag_ns) = (Times::new(), Times::new());
    }

    /// Stops counting and gives travel times and lags.
    pub fn end(&mut self) -> (Times, Times) {
        self.measuring = false;
        let fresh = (Times::new(), Times::new());
        (
            std::mem::replace(&mut self.travel_ns, fresh.0),
            std::mem::replace(&mut self.lag_ns, fresh.1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_arrives_while_measuring_counts() {
        let mut meter = Meter::new();
        meter.sent(3, 1_000);
        meter.sent(0, 900);
        meter.arrived(3, 1_500);
        meter.lagged(Duration::from_nanos(5));
        meter.begin();
        meter.arrived(3, 1_700);
        meter.arrived(0, 1_000);
        meter.arrived(1, 2_000);
        meter.arrived(9, 2_000);
        meter.arrived(3, 10);
        meter.lagged(Duration::from_nanos(50));
        let (travel, lag) = meter.end();
        assert_eq!(
            (travel.count(), travel.percentile(50.0), travel.percentile(100.0)),
            (2, 100, 700)
        );
        assert_eq!((lag.count(), lag.percentile(99.0)), (1, 50));
        meter.arrived(3, 1_700);
        assert_eq!(meter.end().0.count(), 0);
    }

    #[test]
    fn a_packet_that_was_forgotten_has_no_travel_time() {
        let mut meter = Meter::new();
        meter.begin();
        meter.sent(7, 1_000);
        meter.sent(7 + REMEMBERED as u64, 5_000);
        meter.arrived(7, 6_000);
        meter.arrived(7 + REMEMBERED as u64, 6_000);
        assert_eq!(meter.end().0.percentile(50.0), 1_000);
    }

    #[test]
    fn times_keep_three_digits_and_nothing_is_lost_at_the_ends() {
        let mut times = Times::new();
        assert_eq!(times.percentile(99.0), 0);
        for ns in [0, 1_234_567, u64::MAX] {
            times.add(ns);
        }
        assert_eq!((times.count(), times.percentile(0.0)), (3, 0));
        assert!(times.percentile(50.0).abs_diff(1_234_567) < 1_235);
        assert!(times.percentile(100.0) >= LONGEST_NS);
    }
}
