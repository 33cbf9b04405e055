//! What a link is like: the settings of both its directions.
//!
//! Owns settings and their ranges. [`crate::pipe`] carries packets by them.

use std::time::Duration;

use crate::{Loss, SettingError};

/// A link between a host and its network.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// From the host.
    pub up: Direction,
    /// To the host.
    pub down: Direction,
}

/// One direction of a link. A packet waits in the queue, takes its time on the wire, may be lost
/// there, and arrives after the delay.
#[derive(Clone, PartialEq, Debug)]
pub struct Direction {
    /// One-way delay. No packet is faster. At most an hour.
    pub delay: Duration,
    /// Further delay of each packet, between nothing and this, evenly spread. At most an hour.
    pub jitter: Duration,
    /// Whether jitter lets a packet overtake another. If not, it waits for the one before.
    pub reorder: bool,
    /// The longest stall: about twice a second nothing arrives for half of this to all of it, and then
    /// everything at once, as on a Wi-Fi channel that others use. Nothing: never. At most an hour.
    pub stall: Duration,
    /// Which packets are lost.
    pub loss: Loss,
    /// Bits per second, counted over whole IP packets; at least 1. `None`: packets take no time.
    pub rate_bps: Option<u64>,
    /// Bytes that may wait, the packet on the wire included. What comes when it is full is dropped.
    /// An idle link always takes a packet. Means nothing without a rate.
    pub queue_bytes: usize,
    /// Largest IP packet, bytes, 68 to 65,535 (RFC 791).
    pub mtu_bytes: u16,
    /// Whether a packet that may not be fragmented and does not fit is answered with an ICMP error
    /// (RFC 1191). If not, the link is a black hole for it.
    pub tells_too_big: bool,
}

impl Direction {
    /// No delay, no loss, no limit, 1500 bytes.
    pub fn perfect() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: false,
            stall: Duration::ZERO,
            loss: Loss::None,
            rate_bps: None,
            queue_bytes: 256 * 1024,
            mtu_bytes: 1500,
            tells_too_big: true,
        }
    }

    /// A delay and a rate, with a queue that takes `queue` to drain.
    fn shaped(delay_ms: u64, jitter_ms: u64, rate_bps: u64, queue_ms: u64) -> Self {
        Self {
            delay: Duration::from_millis(delay_ms),
            jitter: Duration::from_millis(jitter_ms),
            rate_bps: Some(rate_bps),
            queue_bytes: (rate_bps / 8 * queue_ms / 1000).max(3000) as usize,
            ..Self::perfect()
        }
    }
}

impl Link {
    /// Both directions perfect.
    pub fn perfect() -> Self {
        Self::same(Direction::perfect())
    }

    /// Both directions alike.
    pub fn same(direction: Direction) -> Self {
        Self { up: direction.clone(), down: direction }
    }

    /// A good line at home: 10 ms each way, 20 Mbps up, 100 Mbps down.
    pub fn home() -> Self {
        Self {
            up: Direction::shaped(10, 2, 20_000_000, 100),
            down: Direction::shaped(10, 2, 100_000_000, 100),
        }
    }

    /// Wi-Fi two rooms away: 15 ms with 25 ms of jitter each way, 5 Mbps, 3 % lost in bursts.
    pub fn poor_wifi() -> Self {
        Self::same(Direction {
            loss: Loss::bursts(0.03, 4.0),
            ..Direction::shaped(15, 25, 5_000_000, 200)
        })
    }

    /// A fair cellular link: 35 ms with 15 ms of jitter each way, 8 Mbps up, 25 Mbps down, 0.5 %
    /// lost in bursts, long queues, 1420 bytes.
    pub fn cellular() -> Self {
        let with = |rate_bps| Direction {
            loss: Loss::bursts(0.005, 3.0),
            mtu_bytes: 1420,
            ..Direction::shaped(35, 15, rate_bps, 400)
        };
        Self { up: with(8_000_000), down: with(25_000_000) }
    }

    /// The edge of a cell: 90 ms with 60 ms of jitter each way, 300 kbps up, 700 kbps down, 5 % lost
    /// in bursts, very long queues, 1420 bytes.
    pub fn weak_cellular() -> Self {
        let with = |rate_bps| Direction {
            loss: Loss::bursts(0.05, 6.0),
            mtu_bytes: 1420,
            ..Direction::shaped(90, 60, rate_bps, 1000)
        };
        Self { up: with(300_000), down: with(700_000) }
    }

    /// A geostationary satellite: 300 ms each way, 3 Mbps up, 20 Mbps down, 1 % loss.
    pub fn satellite() -> Self {
        let with = |rate_bps| Direction {
            loss: Loss::Uniform(0.01),
            ..Direction::shaped(300, 10, rate_bps, 500)
        };
        Self { up: with(3_000_000), down: with(20_000_000) }
    }

    /// The same link with `delay` each way.
    pub fn delay(self, delay: Duration) -> Self {
        self.both(|direction| direction.delay = delay)
    }

    /// The same link with `jitter` each way; `reorder` lets packets overtake.
    pub fn jitter(self, jitter: Duration, reorder: bool) -> Self {
        self.both(|direction| {
            direction.jitter = jitter;
            direction.reorder = reorder;
        })
    }

    /// The same link with stalls of up to `stall` each way.
    pub fn stall(self, stall: Duration) -> Self {
        self.both(|direction| direction.stall = stall)
    }

    /// The same link with `loss` each way.
    pub fn loss(self, loss: Loss) -> Self {
        self.both(|direction| direction.loss = loss)
    }

    /// The same link with `rate_bps` each way and a queue of `queue_bytes`.
    pub fn rate(self, rate_bps: u64, queue_bytes: usize) -> Self {
        self.both(|direction| {
            direction.rate_bps = Some(rate_bps);
            direction.queue_bytes = queue_bytes;
        })
    }

    /// The same link with packets of at most `mtu_bytes`; `tells` as in
    /// [`Direction::tells_too_big`].
    pub fn mtu(self, mtu_bytes: u16, tells: bool) -> Self {
        self.both(|direction| {
            direction.mtu_bytes = mtu_bytes;
            direction.tells_too_big = tells;
        })
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        for direction in [&self.up, &self.down] {
            direction.loss.check()?;
            if direction.rate_bps == Some(0) {
                return Err(SettingError::Rate);
            }
            if direction.mtu_bytes < 68 {
                return Err(SettingError::Mtu);
            }
            let delays = [direction.delay, direction.jitter, direction.stall];
            if delays.iter().any(|delay| *delay > MAX_DELAY) {
                return Err(SettingError::Delay);
            }
        }
        Ok(())
    }

    fn both(mut self, change: impl Fn(&mut Direction)) -> Self {
        change(&mut self.up);
        change(&mut self.down);
        self
    }
}

/// Beyond this a delay is surely a slip of units.
const MAX_DELAY: Duration = Duration::from_secs(3600);
