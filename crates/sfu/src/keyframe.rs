//! When a publisher is asked for a keyframe.
//!
//! Keyframes are large, so requests for one layer are merged: the first goes out at once, later ones
//! wait until 500 ms after the last request was sent. For the smallest layer it is 250 ms: its keyframes
//! cost little, and it is what a newcomer sees first. While somebody waits and no keyframe comes, the
//! request is repeated: it may have been lost.

use std::time::{Duration, Instant};

/// Shortest time between two requests for the same layer.
const THROTTLE: Duration = Duration::from_millis(500);
/// The same for the smallest layer.
const THROTTLE_SMALLEST: Duration = Duration::from_millis(250);
/// Time to the next repeat while nobody answers, by number of requests sent.
const RETRY: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(10),
];

/// The requests for one layer of one source.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyframeGate {
    sent_at: Option<Instant>,
    /// Somebody waits for a keyframe that was not seen yet.
    wanted: bool,
    /// Requests sent since the last keyframe.
    unanswered: usize,
    smallest: bool,
}

impl KeyframeGate {
    /// The gate of a source's smallest layer.
    pub(crate) fn smallest() -> Self {
        Self { smallest: true, ..Self::default() }
    }

    /// The shortest time between two requests.
    pub(crate) const fn throttle(&self) -> Duration {
        if self.smallest { THROTTLE_SMALLEST } else { THROTTLE }
    }

    /// Somebody needs a keyframe. True: send the request now.
    pub(crate) fn request(&mut self, now: Instant) -> bool {
        let fresh = !self.wanted;
        self.wanted = true;
        let open =
            self.sent_at.is_none_or(|at| now.saturating_duration_since(at) >= self.throttle());
        if fresh && open {
            self.sent(now);
            return true;
        }
        false
    }

    /// Whether a merged or repeated request is due. True: send it now.
    pub(crate) fn due(&mut self, now: Instant) -> bool {
        if !self.wanted {
            return false;
        }
        let wait = match self.unanswered {
            0 => self.throttle(),
            n => RETRY[(n - 1).min(RETRY.len() - 1)],
        };
        let due = self.sent_at.is_none_or(|at| now.saturating_duration_since(at) >= wait);
        if due {
            self.sent(now);
        }
        due
    }

    /// A keyframe arrived.
    pub(crate) fn arrived(&mut self) {
        self.wanted = false;
        self.unanswered = 0;
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&mut self) {
        self.wanted = false;
    }

    fn sent(&mut self, now: Instant) {
        self.sent_at = Some(now);
        self.unanswered += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_first_request_goes_out_at_once_and_a_burst_is_merged() {
        let t = Instant::now();
        let mut gate = KeyframeGate::default();
        assert!(gate.request(t));
        let burst = (1..100).filter(|i| gate.request(t + ms(i * 4))).count();
        assert_eq!(burst, 0);
        gate.arrived();
        // A viewer who joins right after the keyframe has to wait for the throttle, no longer.
        assert!(!gate.request(t + ms(400)));
        assert!(!gate.due(t + ms(499)));
        assert!(gate.due(t + ms(500)));
        assert!(!gate.due(t + ms(500)));
    }

    #[test]
    fn the_smallest_layer_is_asked_twice_as_often_but_repeated_as_seldom() {
        let t = Instant::now();
        let mut gate = KeyframeGate::smallest();
        assert!(gate.request(t));
        gate.arrived();
        assert!(!gate.request(t + ms(100)));
        assert!(!gate.due(t + ms(249)));
        assert!(gate.due(t + ms(250)));
        assert!(!gate.due(t + ms(749)));
        assert!(gate.due(t + ms(750)));
    }

    #[test]
    fn an_unanswered_request_is_repeated_ever_more_seldom() {
        let t = Instant::now();
        let mut gate = KeyframeGate::default();
        assert!(gate.request(t));
        let sent: Vec<u64> = (1..30_000).filter(|i| gate.due(t + ms(*i))).collect();
        assert_eq!(sent, [500, 1_500, 2_500, 3_500, 4_500, 14_500, 24_500]);
        gate.arrived();
        assert!(!gate.due(t + ms(60_000)));
    }
}
