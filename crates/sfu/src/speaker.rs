//! Who speaks now, from the audio levels that clients put on their packets (RFC 6464).
//!
//! Levels are smoothed per seat. A challenger takes over only after being clearly louder than the
//! present speaker for a while, so a cough or a chair does not move the picture; and the speaker
//! stays for a while after falling silent, so a breath does not either.

use std::time::{Duration, Instant};

use visit::SeatId;

/// Smoothing time of levels.
const SMOOTH: Duration = Duration::from_millis(300);
/// Smoothed level above which somebody counts as speaking, dBov (0 is loudest, −127 silence).
const SPEECH_DBOV: f32 = -50.0;
/// How much louder a challenger has to be, dB.
const MARGIN_DB: f32 = 6.0;
/// How long a challenger has to be louder.
const CHALLENGE: Duration = Duration::from_millis(500);
/// How long nobody has to speak until there is no speaker.
const QUIET: Duration = Duration::from_secs(3);
/// A seat without packets for this long counts as silent (Opus DTX sends one per 400 ms).
const STALE: Duration = Duration::from_millis(800);

struct Voice {
    seat: SeatId,
    level_dbov: f32,
    heard_at: Instant,
}

/// The speaker of one room.
#[derive(Default)]
pub(crate) struct SpeakerWatch {
    voices: Vec<Voice>,
    current: Option<SeatId>,
    challenger: Option<(SeatId, Instant)>,
    spoke_at: Option<Instant>,
}

impl SpeakerWatch {
    /// Who speaks.
    pub(crate) fn current(&self) -> Option<SeatId> {
        self.current
    }

    /// A microphone packet with its level in dBov (−127..=0).
    pub(crate) fn heard(&mut self, now: Instant, seat: SeatId, level_dbov: i8) {
        let level = f32::from(level_dbov);
        match self.voices.iter_mut().find(|v| v.seat == seat) {
            Some(v) => {
                let passed = now.saturating_duration_since(v.heard_at).as_secs_f32();
                let keep = (-passed / SMOOTH.as_secs_f32()).exp();
                v.level_dbov = v.level_dbov * keep + level * (1.0 - keep);
                v.heard_at = now;
            }
            None => self.voices.push(Voice { seat, level_dbov: -127.0, heard_at: now }),
        }
    }

    /// The seat left or was muted.
    pub(crate) fn forget(&mut self, seat: SeatId) {
        self.voices.retain(|v| v.seat != seat);
        if self.challenger.is_some_and(|(s, _)| s == seat) {
            self.challenger = None;
        }
    }

    /// Judges again. `Some` when the speaker changed (to nobody, perhaps).
    pub(crate) fn judge(&mut self, now: Instant) -> Option<Option<SeatId>> {
        let level = |v: &Voice| {
            if now.saturating_duration_since(v.heard_at) > STALE { -127.0 } else { v.level_dbov }
        };
        let loudest = self
            .voices
            .iter()
            .map(|v| (v.seat, level(v)))
            .filter(|(_, l)| *l > SPEECH_DBOV)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let current = self
            .current
            .and_then(|seat| self.voices.iter().find(|v| v.seat == seat))
            .map_or(-127.0, level);
        if current > SPEECH_DBOV {
            self.spoke_at = Some(now);
        }

        let rival = loudest
            .filter(|(seat, l)| {
                self.current != Some(*seat) && (current <= SPEECH_DBOV || *l >= current + MARGIN_DB)
            })
            .map(|(seat, _)| seat);
        match (rival, self.challenger) {
            (None, _) => self.challenger = None,
            (Some(seat), Some((same, since))) if seat == same => {
                if now.saturating_duration_since(since) >= CHALLENGE || self.current.is_none() {
                    return Some(self.elect(now, Some(seat)));
                }
            }
            (Some(seat), _) => self.challenger = Some((seat, now)),
        }
        let quiet = self.spoke_at.is_none_or(|at| now.saturating_duration_since(at) >= QUIET);
        if self.current.is_some() && quiet && loudest.is_none() {
            return Some(self.elect(now, None));
        }
        None
    }

    fn elect(&mut self, now: Instant, seat: Option<SeatId>) -> Option<SeatId> {
        self.current = seat;
        self.challenger = None;
        self.spoke_at = Some(now);
        seat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(n: u128) -> SeatId {
        SeatId::new(1, n)
    }

    /// Plays 20 ms packets of the given levels and returns the changes with their times in ms.
    fn play(
        watch: &mut SpeakerWatch,
        t: Instant,
        from_ms: u64,
        to_ms: u64,
        levels: &[(SeatId, i8)],
    ) -> Vec<(u64, Option<SeatId>)> {
        let mut changes = vec![];
        for at in (from_ms..to_ms).step_by(20) {
            let now = t + Duration::from_millis(at);
            for (seat, level) in levels {
                watch.heard(now, *seat, *level);
            }
            if at % 100 == 0
                && let Some(change) = watch.judge(now)
            {
                changes.push((at, change));
            }
        }
        changes
    }

    #[test]
    fn a_cough_does_not_move_the_picture_but_an_answer_does() {
        let t = Instant::now();
        let (a, b) = (seat(1), seat(2));
        let mut w = SpeakerWatch::default();
        let first = play(&mut w, t, 0, 2_000, &[(a, -30), (b, -90)]);
        assert!(first.len() == 1 && first[0].1 == Some(a) && first[0].0 <= 1_000);
        // 200 ms of cough.
        assert!(play(&mut w, t, 2_000, 2_200, &[(a, -30), (b, -20)]).is_empty());
        assert!(play(&mut w, t, 2_200, 4_000, &[(a, -30), (b, -90)]).is_empty());
        let answer = play(&mut w, t, 4_000, 7_000, &[(a, -90), (b, -30)]);
        assert!(answer.len() == 1 && answer[0].1 == Some(b) && answer[0].0 <= 5_500);
    }

    #[test]
    fn after_silence_there_is_no_speaker() {
        let t = Instant::now();
        let a = seat(1);
        let mut w = SpeakerWatch::default();
        play(&mut w, t, 0, 1_000, &[(a, -30)]);
        assert!(w.current() == Some(a));
        let quiet = play(&mut w, t, 1_000, 6_000, &[(a, -100)]);
        assert!(quiet.len() == 1 && quiet[0].1.is_none());
    }
}
