//! Two paths and the server between them.

use super::{Dice, FRAME_MS, FROM_MS, Hop, Packet, Scene, TO_MS};

/// A path that queues, delays and loses, and never reorders.
pub(super) struct Path {
    pub(super) hop: Hop,
    pub(super) free_ms: f64,
    pub(super) last_ms: f64,
    pub(super) extra_ms: f64,
    pub(super) extra_until_ms: f64,
    pub(super) losing: bool,
    pub(super) sent: f64,
    pub(super) lost: f64,
    pub(super) waited_ms: f64,
}

impl Path {
    pub(super) fn new(hop: Hop) -> Self {
        Self {
            hop,
            free_ms: 0.0,
            last_ms: 0.0,
            extra_ms: 0.0,
            extra_until_ms: 0.0,
            losing: false,
            sent: 0.0,
            lost: 0.0,
            waited_ms: 0.0,
        }
    }

    pub(super) fn carry(&mut self, at_ms: f64, bytes: f64, dice: &mut Dice) -> Option<f64> {
        let counts = f64::from(u8::from(at_ms >= FROM_MS));
        self.sent += counts;
        // Runs of 1.4 packets on average, with the right share.
        let stays = 0.3;
        let begins = self.hop.loss * (1.0 - stays) / (1.0 - self.hop.loss).max(0.01);
        self.losing = dice.chance(if self.losing { stays } else { begins });
        let free_ms = self.free_ms.max(at_ms) + bytes * 8_000.0 / self.hop.rate_bps;
        if self.losing || free_ms - at_ms > 300.0 {
            self.lost += counts;
            return None;
        }
        self.free_ms = free_ms;
        if at_ms >= self.extra_until_ms {
            self.extra_ms = dice.exponential(self.hop.jitter_ms.max(0.01));
            self.extra_until_ms = at_ms + dice.within(15.0..60.0);
        }
        self.waited_ms += counts * (free_ms - at_ms);
        self.last_ms = self.last_ms.max(free_ms + self.hop.base_ms + self.extra_ms);
        Some(self.last_ms)
    }

    pub(super) fn loss_pct(&self) -> f64 {
        if self.sent > 0.0 { self.lost / self.sent * 100.0 } else { 0.0 }
    }

    /// What this path puts on a round trip, ms. The way back is taken to be free.
    pub(super) fn rtt_ms(&self) -> f64 {
        let waited_ms = if self.sent > 0.0 { self.waited_ms / self.sent } else { 0.0 };
        2.0 * self.hop.base_ms + waited_ms + self.hop.jitter_ms
    }
}

/// Jitter as in RFC 3550 §6.4.1.
#[derive(Default)]
pub(super) struct Jitter {
    pub(super) transit_ms: Option<f64>,
    pub(super) jitter_ms: f64,
}

impl Jitter {
    pub(super) fn hear(&mut self, sent_ms: f64, heard_ms: f64) {
        let transit_ms = heard_ms - sent_ms;
        if let Some(before_ms) = self.transit_ms.replace(transit_ms) {
            self.jitter_ms += ((transit_ms - before_ms).abs() - self.jitter_ms) / 16.0;
        }
    }
}

/// A loop that stalls now and then.
pub(super) struct Server {
    pub(super) stalls: Vec<(f64, f64)>,
    pub(super) lags_ms: Vec<f64>,
    pub(super) jitter: Jitter,
    pub(super) expected: f64,
    pub(super) missed: f64,
    pub(super) voice_missed: f64,
}

impl Server {
    pub(super) fn new(scene: &Scene, dice: &mut Dice) -> Self {
        let (mut stalls, mut at_ms) = (Vec::new(), 0.0);
        while at_ms < TO_MS {
            let end_ms = at_ms + dice.exponential(scene.stall_ms);
            stalls.push((at_ms, end_ms));
            at_ms = end_ms + dice.within(10.0..60.0);
        }
        Self {
            stalls,
            lags_ms: Vec::new(),
            jitter: Jitter::default(),
            expected: 0.0,
            missed: 0.0,
            voice_missed: 0.0,
        }
    }

    pub(super) fn missed(&mut self, packet: &Packet) {
        if packet.sent_ms >= FROM_MS {
            self.expected += 1.0;
            self.missed += 1.0;
            self.voice_missed += f64::from(u8::from(packet.frame.is_none()));
        }
    }

    /// When the packet is forwarded; none if it did not fit into the socket while the loop stalled.
    pub(super) fn take(
        &mut self,
        packet: &Packet,
        arrived_ms: f64,
        dice: &mut Dice,
    ) -> Option<f64> {
        let next = self.stalls.partition_point(|(from, _)| *from <= arrived_ms);
        let until_ms = next.checked_sub(1).map_or(arrived_ms, |n| self.stalls[n].1);
        let lag_ms = (until_ms - arrived_ms).max(0.0);
        if lag_ms > 250.0 && dice.chance(0.3) {
            self.missed(packet);
            return None;
        }
        if packet.frame.is_none() {
            self.jitter.hear(packet.sent_ms, arrived_ms + lag_ms);
        }
        if packet.sent_ms >= FROM_MS {
            self.expected += 1.0;
            self.lags_ms.push(lag_ms);
        }
        Some(arrived_ms + lag_ms)
    }

    pub(super) fn lag_ms(&self) -> f64 {
        let mut lags_ms = self.lags_ms.clone();
        lags_ms.sort_by(f64::total_cmp);
        lags_ms.get(lags_ms.len() * 99 / 100).copied().unwrap_or(0.0)
    }
}

pub(super) fn downlink_estimate(scene: &Scene, dice: &mut Dice) -> f64 {
    let mut bps = (0.95 * scene.down.rate_bps).min(3e6) * dice.within(0.85..1.05);
    if scene.down.loss > 0.1 {
        bps *= dice.within(0.4..0.8);
    }
    if scene.down.jitter_ms > 30.0 && dice.chance(0.4) {
        bps *= dice.within(0.3..0.8);
    }
    // Feedback of a busy device is late, and lateness looks like a queue.
    if scene.decode_ms > FRAME_MS && dice.chance(0.4) {
        bps *= dice.within(0.3..1.0);
    }
    bps
}
