//! Call quality of one living visit: what each page and the forwarding unit measured, put together.
//!
//! Owns the latest figures of everybody inside, the verdict on each direction, and the record of the
//! visit in the making. Who says what is checked here: one speaks about oneself and about those who
//! are inside, and not about more time than has passed. Never: does IO, reads a clock, knows a name
//! or an address.

use super::quality_metrics::CallMetrics;
use protocol::{DirectionQuality, ErrorCode, LinkQuality, QualityLevel, QualityReport};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use telemetry::input::{
    Check, LinkSample, RawTransport, ReceiveAudio, ReceiveVideo, SendAudio, SendVideo, SourceState,
    TransportSample,
};
use telemetry::thresholds::{LOSS_PCT, NOTICED, RTT_MS, SEVERE};
use telemetry::{Ends, Link, Record, Recorder, Verdict, judge, message};
use visit::{Duration, SeatId, Sending, Timestamp};

/// Reports of the forwarding unit that make up one view of a transport: three of two seconds.
const SEEN: usize = 3;
/// Interval that such a view stands for, ms.
const SEEN_MS: f64 = 6_000.0;
/// Figures that are older say nothing about now. Pages report every five seconds.
const STALE: Duration = Duration::from_s(16);
/// Time that pages may report on at once, after a while without a socket.
const MOST_CREDIT: Duration = Duration::from_s(60);
/// Directions that are told, the gravest first.
const MOST_TOLD: usize = 24;
/// People of one visit who have a place in the record.
const MOST_SEATS: usize = 256;

/// Somebody inside, whose page is connected.
#[derive(Clone, Copy)]
pub(super) struct Present {
    /// Who.
    pub seat: SeatId,
    /// What they send, as the server enforces it.
    pub sending: Sending,
}

/// The quality of one visit.
#[derive(Default)]
pub(super) struct CallQuality {
    people: BTreeMap<SeatId, Person>,
    /// Place in the record of each seat that was ever measured.
    seats: Vec<SeatId>,
    recorder: Recorder,
    began_at: Option<Timestamp>,
    unsaved: bool,
}

/// What is known about one person's end.
#[derive(Default)]
struct Person {
    /// Until when the page has reported.
    reported_until: Option<Timestamp>,
    page: Option<PageView>,
    /// By the forwarding unit, oldest first.
    seen: VecDeque<(Timestamp, TransportSample)>,
    silent: bool,
}

/// What a page measured last.
struct PageView {
    at: Timestamp,
    link: LinkSample,
    mic: Option<SendAudio>,
    camera: Option<SendVideo>,
    from: BTreeMap<SeatId, (Option<ReceiveAudio>, Option<ReceiveVideo>)>,
}

/// A part of a visit's record as it is kept: seats are numbers in it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Whose each number is.
    pub seats: Vec<SeatId>,
    /// The figures.
    pub record: Record,
}

impl CallQuality {
    /// Takes a page's report in and judges what its person hears and sees.
    ///
    /// # Errors
    /// [`ErrorCode::TooFast`] for a report on more time than has passed,
    /// [`ErrorCode::BadMessage`] for an interval out of range. Nothing is taken in then.
    pub(super) fn hear(
        &mut self,
        now: Timestamp,
        seat: SeatId,
        report: &QualityReport,
        inside: &[Present],
        metrics: &CallMetrics,
    ) -> Result<(), ErrorCode> {
        let interval = Duration::from_ms(report.interval_ms.into());
        let mut check = Check::new(report.interval_ms.into()).map_err(|_| ErrorCode::BadMessage)?;
        let person = self.people.entry(seat).or_default();
        let earliest = Timestamp(now.0.saturating_sub(MOST_CREDIT.0));
        let until = person.reported_until.map_or(earliest, |u| u.max(earliest)).plus(interval);
        if until > now {
            return Err(ErrorCode::TooFast);
        }
        person.reported_until = Some(until);
        let others = report.from.iter().filter(|f| f.seat != seat);
        let from = others
            .filter(|f| inside.iter().any(|p| p.seat == f.seat))
            .map(|f| {
                let mic = f.mic.as_ref().map(|m| m.check(&mut check));
                let camera = f.camera.as_ref().map(|c| c.check(&mut check));
                (f.seat, (mic, camera))
            })
            .collect::<BTreeMap<_, _>>();
        let page = PageView {
            at: now,
            link: report.link.check(&mut check),
            mic: report.mic.as_ref().map(|m| m.check(&mut check)),
            camera: report.camera.as_ref().map(|c| c.check(&mut check)),
            from,
        };
        metrics.reported(&page.link, page.from.values().filter_map(|f| f.0), check.ignored());
        let link =
            Link { page: Some(page.link), server: person.server(now), ignored: check.ignored() };
        let heard: Vec<SeatId> = page.from.keys().copied().collect();
        person.page = Some(page);
        self.began_at.get_or_insert(now);
        self.unsaved = true;
        if let Some(number) = self.number(seat) {
            self.recorder.note_link(now.unix_ms(), report.interval_ms, number, &link);
        }
        for from in inside.iter().filter(|p| heard.contains(&p.seat)) {
            let verdict = self.judge(now, *from, seat);
            metrics.judged(&verdict, report.interval_ms);
            if let (Some(from), Some(to)) = (self.number(from.seat), self.number(seat)) {
                // A record that is full keeps the pairs that it has.
                let _ = self.recorder.note(now.unix_ms(), report.interval_ms, (from, to), &verdict);
            }
        }
        Ok(())
    }

    /// Takes in what the forwarding unit measured about a person's transport.
    pub(super) fn see(
        &mut self,
        now: Timestamp,
        seat: SeatId,
        raw: &RawTransport,
        metrics: &CallMetrics,
    ) {
        let Ok(mut check) = Check::new(SEEN_MS) else { return };
        let sample = raw.check(&mut check);
        metrics.seen(&sample);
        let person = self.people.entry(seat).or_default();
        person.seen.push_back((now, sample));
        if person.seen.len() > SEEN {
            person.seen.pop_front();
        }
    }

    /// A person's path went silent, or was heard again.
    pub(super) fn silent(&mut self, seat: SeatId, silent: bool) {
        self.people.entry(seat).or_default().silent = silent;
    }

    /// A person has a new transport, or none any more: figures of the old one say nothing.
    pub(super) fn forget(&mut self, seat: SeatId) {
        if let Some(person) = self.people.get_mut(&seat) {
            person.seen.clear();
            person.silent = false;
            person.page = None;
        }
    }

    /// How good everybody's own link is; `true` for those who have one.
    pub(super) fn links(&self, now: Timestamp, inside: &[(SeatId, bool)]) -> Vec<LinkQuality> {
        let link = |(seat, has): &(SeatId, bool)| match self.people.get(seat) {
            Some(person) if *has => person.link(now, *seat),
            // Nothing is known yet; or there is nothing.
            _ => Person { silent: !has, ..Person::default() }.link(now, *seat),
        };
        inside.iter().map(link).collect()
    }

    /// What stands in the way between people, the gravest first.
    pub(super) fn directions(&self, now: Timestamp, inside: &[Present]) -> Vec<DirectionQuality> {
        let mut found: Vec<(f64, DirectionQuality)> = Vec::new();
        for to in inside {
            for from in inside.iter().filter(|from| from.seat != to.seat) {
                if !self.measured(now, from.seat, to.seat) {
                    continue;
                }
                let verdict = self.judge(now, *from, to.seat);
                if verdict.severity < NOTICED {
                    continue;
                }
                let said = message(&verdict);
                let (from, to) = (from.seat, to.seat);
                let (code, subject, figure) = (said.code, said.subject, said.figure);
                let severe = verdict.severity >= SEVERE;
                let direction = DirectionQuality { from, to, code, subject, figure, severe };
                found.push((verdict.severity, direction));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().take(MOST_TOLD).map(|(_, direction)| direction).collect()
    }

    /// What has to be written down, and since when it was measured; `None` when all is kept.
    pub(super) fn to_keep(&self) -> Option<(Timestamp, Kept)> {
        let began_at = self.began_at.filter(|_| self.unsaved)?;
        Some((began_at, Kept { seats: self.seats.clone(), record: self.recorder.record() }))
    }

    /// Everything up to now is written down.
    pub(super) fn kept(&mut self) {
        self.unsaved = false;
    }

    /// Whether there is anything about this direction now: the listener's page, or a broken path.
    fn measured(&self, now: Timestamp, from: SeatId, to: SeatId) -> bool {
        let heard = |p: &Person| p.fresh(now).is_some_and(|page| page.from.contains_key(&from));
        let broken = |seat| self.people.get(&seat).is_some_and(|p| p.silent);
        self.people.get(&to).is_some_and(heard) || broken(from) || broken(to)
    }

    fn judge(&self, now: Timestamp, from: Present, to: SeatId) -> Verdict {
        let (sender, receiver) = (self.people.get(&from.seat), self.people.get(&to));
        let page = sender.and_then(|p| p.fresh(now));
        let heard = receiver.and_then(|p| p.fresh(now)).and_then(|p| p.from.get(&from.seat));
        // The server knows better than any page what it lets through.
        let send_audio = match from.sending.mic {
            true => page.and_then(|p| p.mic),
            // A microphone that is gone is not sent either, but nobody switched it off.
            false => {
                let gone = page.and_then(|p| p.mic).filter(|m| m.source == SourceState::Absent);
                Some(gone.unwrap_or(SendAudio::off()))
            }
        };
        let send_video = match from.sending.camera {
            true => page.and_then(|p| p.camera),
            false => Some(SendVideo::off()),
        };
        judge(&Ends {
            sender_link: page.map(|p| p.link),
            send_audio,
            send_video,
            uplink: sender.and_then(|p| p.server(now)),
            downlink: receiver.and_then(|p| p.server(now)),
            receiver_link: receiver.and_then(|p| p.fresh(now)).map(|p| p.link),
            receive_audio: heard.and_then(|h| h.0),
            receive_video: heard.and_then(|h| h.1),
        })
    }

    /// The number of a seat in the record; `None` when there are too many.
    fn number(&mut self, seat: SeatId) -> Option<u8> {
        let known = self.seats.iter().position(|s| *s == seat);
        let place = known.unwrap_or(self.seats.len());
        if known.is_none() && place < MOST_SEATS {
            self.seats.push(seat);
        }
        u8::try_from(place).ok()
    }
}

impl Person {
    /// What the page measured, if that is about now.
    fn fresh(&self, now: Timestamp) -> Option<&PageView> {
        self.page.as_ref().filter(|page| now.since(page.at) <= STALE)
    }

    /// What the forwarding unit measured over the last seconds.
    fn server(&self, now: Timestamp) -> Option<TransportSample> {
        let fresh = || self.seen.iter().filter(|(at, _)| now.since(*at) <= STALE).map(|(_, s)| s);
        let last = fresh().next_back();
        if last.is_none() && !self.silent {
            return None;
        }
        let newest =
            |pick: fn(&TransportSample) -> Option<f64>| fresh().filter_map(pick).next_back();
        let largest =
            |pick: fn(&TransportSample) -> Option<f64>| fresh().filter_map(pick).reduce(f64::max);
        let mean = |pick: fn(&TransportSample) -> Option<f64>| {
            let figures: Vec<f64> = fresh().filter_map(pick).collect();
            (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
        };
        Some(TransportSample {
            uplink_loss_pct: mean(|s| s.uplink_loss_pct),
            uplink_jitter_ms: mean(|s| s.uplink_jitter_ms),
            downlink_loss_pct: mean(|s| s.downlink_loss_pct),
            rtt_ms: newest(|s| s.rtt_ms),
            downlink_estimate_bps: newest(|s| s.downlink_estimate_bps),
            downlink_wanted_bps: last.and_then(|s| s.downlink_wanted_bps),
            loop_lag_ms: largest(|s| s.loop_lag_ms),
            age_ms: newest(|s| s.age_ms),
            silent: self.silent,
        })
    }

    fn link(&self, now: Timestamp, seat: SeatId) -> LinkQuality {
        let server = self.server(now).unwrap_or_default();
        let uplink_pct = server.uplink_loss_pct.unwrap_or(0.0);
        let downlink_pct = server.downlink_loss_pct.unwrap_or(0.0);
        let rtt_ms = self.fresh(now).and_then(|p| p.link.rtt_ms).or(server.rtt_ms).unwrap_or(0.0);
        let loss_pct = uplink_pct.max(downlink_pct);
        let level = if self.silent {
            QualityLevel::Lost
        } else if loss_pct > LOSS_PCT.1 || rtt_ms > RTT_MS.1 {
            QualityLevel::Poor
        } else if loss_pct > LOSS_PCT.0 || rtt_ms > RTT_MS.0 {
            QualityLevel::Fair
        } else {
            QualityLevel::Good
        };
        LinkQuality {
            seat,
            level,
            uplink_loss_pct: uplink_pct as f32,
            downlink_loss_pct: downlink_pct as f32,
            // In range by the checks of telemetry.
            rtt_ms: rtt_ms as u32,
            downlink_bps: server.downlink_estimate_bps.unwrap_or(0.0) as u64,
        }
    }
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
