//! The newest pictures of a layer, kept for viewers who come just after a keyframe.
//!
//! A publisher is asked for a keyframe at most every 500 ms ([`crate::keyframe`]). Who comes in
//! between would wait out the rest. Instead the packets since the last keyframe are kept for that
//! long, and a newcomer gets them at once. When the group is older, has a hole or is too large to be
//! sent in one go, it is not used: asking the publisher is then the quicker way.
//!
//! The pictures are sent faster than they were taken. Their timestamps are drawn together towards the
//! newest one, so that the viewer's jitter buffer does not take the haste for a slow path and hold
//! back what follows.

use std::time::{Duration, Instant};

use crate::pump::Inbound;

/// The group is used for this long after its keyframe: as long as no new one may be asked for.
const FRESH: Duration = Duration::from_millis(500);
/// Most payload bytes of a group, about 0.2 s of a path of 2.5 Mbit/s.
const MAX_BYTES: usize = 64 * 1024;
/// By how much the time between replayed pictures is shortened.
const HASTE: u32 = 16;

/// The packets of one layer from the first of its last keyframe on. See the module's head.
#[derive(Default)]
pub(crate) struct RecentGroup {
    packets: Vec<Inbound>,
    bytes: usize,
    began: Option<Instant>,
}

impl RecentGroup {
    /// Notes a packet that was forwarded at `now`.
    pub(crate) fn note(&mut self, now: Instant, packet: &Inbound) {
        if packet.meta.keyframe {
            self.forget();
            self.began = Some(now);
        } else {
            let Some(last) = self.packets.last() else { return };
            if packet.ssrc == last.ssrc && packet.seq <= last.seq {
                // A late repair of something older: the group starts after it.
                return;
            }
            if packet.ssrc != last.ssrc || packet.seq != last.seq + 1 || !self.is_fresh(now) {
                return self.forget();
            }
        }
        self.bytes += packet.payload.len();
        if self.bytes > MAX_BYTES {
            return self.forget();
        }
        self.packets.push(packet.clone());
    }

    /// Drops the group.
    pub(crate) fn forget(&mut self) {
        self.packets.clear();
        self.bytes = 0;
        self.began = None;
    }

    /// The group for somebody who came at `joined` and whose path takes `most_bytes` in one go, with
    /// timestamps drawn together; nothing when it is of no use now. Nobody is shown what was sent
    /// before they were let in.
    pub(crate) fn replay(&self, now: Instant, joined: Instant, most_bytes: u64) -> Vec<Inbound> {
        let theirs = self.began.is_some_and(|at| at >= joined);
        let useful = self.is_fresh(now) && theirs && self.bytes as u64 <= most_bytes;
        let Some(newest) = self.packets.last().filter(|_| useful) else {
            return Vec::new();
        };
        let newest = newest.timestamp;
        let hasten = |packet: &Inbound| Inbound {
            timestamp: newest.wrapping_sub(newest.wrapping_sub(packet.timestamp) / HASTE),
            arrived: now,
            ..packet.clone()
        };
        self.packets.iter().map(hasten).collect()
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.began.is_some_and(|at| now.saturating_duration_since(at) < FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::VideoMeta;

    fn packet(seq: u64, timestamp: u32, keyframe: bool, bytes: usize) -> Inbound {
        Inbound {
            from: 0,
            source: visit::Source::Camera,
            layer: 0,
            ssrc: 7.into(),
            pt: 96.into(),
            marker: true,
            seq,
            timestamp,
            arrived: Instant::now(),
            extensions: Default::default(),
            payload: vec![0; bytes].into(),
            meta: VideoMeta { keyframe, ..VideoMeta::default() },
        }
    }

    fn seqs(group: &RecentGroup, now: Instant) -> Vec<u64> {
        let long_ago = now - Duration::from_secs(9);
        group.replay(now, long_ago, u64::MAX).iter().map(|p| p.seq).collect()
    }

    #[test]
    fn a_group_is_whole_and_fresh_or_not_used() {
        let t = Instant::now();
        let ms = Duration::from_millis;
        let mut group = RecentGroup::default();
        group.note(t, &packet(9, 0, false, 100));
        assert!(seqs(&group, t).is_empty(), "nothing without a keyframe");
        for (seq, keyframe) in [(10, true), (11, false), (9, false), (12, false)] {
            group.note(t, &packet(seq, seq as u32, keyframe, 100));
        }
        assert_eq!(seqs(&group, t + ms(499)), [10, 11, 12]);
        assert!(seqs(&group, t + ms(500)).is_empty(), "a new keyframe may be asked for");
        group.note(t + ms(100), &packet(14, 14, false, 100));
        assert!(seqs(&group, t + ms(100)).is_empty(), "a hole");
        group.note(t + ms(200), &packet(20, 20, true, 100));
        assert_eq!(seqs(&group, t + ms(600)), [20], "a new keyframe begins anew");
        group.note(t + ms(210), &packet(21, 21, false, MAX_BYTES));
        assert!(seqs(&group, t + ms(210)).is_empty(), "too large");
    }

    #[test]
    fn replayed_pictures_end_at_the_newest_time_and_keep_their_order() {
        let t = Instant::now();
        let mut group = RecentGroup::default();
        let first = u32::MAX - 4_000;
        for n in 0..5 {
            let timestamp = first.wrapping_add(n * 3_000);
            group.note(t, &packet(u64::from(n), timestamp, n == 0, 100));
        }
        let times: Vec<u32> = group.replay(t, t, 500).iter().map(|p| p.timestamp).collect();
        assert_eq!(times[4], first.wrapping_add(12_000));
        let steps: Vec<u32> = times.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        assert!(group.replay(t, t, 499).is_empty(), "too much for the path");
        let later = t + Duration::from_micros(1);
        assert!(group.replay(t, later, 500).is_empty(), "from before they came");
        assert!(steps.iter().all(|s| (187..=188).contains(s)), "{steps:?}");
    }
}
