//! The receiving half of a client: which line is whose, and what came on it.

use std::time::{Duration, Instant};

use protocol::TrackLine;
use str0m::media::Mid;
use str0m::rtp::RtpPacket;
use visit::{SeatId, Source};

use crate::vp8::FrameAssembler;

/// Packets come but no whole frame for this long: something is broken that only a keyframe mends.
const STUCK_AFTER: Duration = Duration::from_millis(400);
/// Keyframes are asked for at most this often.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// What came on one remote track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveCounters {
    /// Packets, repaired ones included, each sequence number once.
    pub packets: u64,
    /// Bytes of RTP payload.
    pub bytes: u64,
    /// Packets that were lost on the way and came as a retransmission.
    pub repaired: u64,
    /// Packets between the first and the last that have not come at all (yet).
    pub missing: u64,
    /// Whole video frames.
    pub frames: u64,
    /// Whole video frames that can be decoded on their own.
    pub keyframes: u64,
    /// Keyframes asked for.
    pub keyframes_asked: u64,
    /// When the first packet came.
    pub first_packet_at: Option<Instant>,
    /// When the first keyframe was whole: from here on there is a picture.
    pub first_picture_at: Option<Instant>,
}

/// A remote track and what came on it. Not `Debug`: it names a seat.
pub struct ReceivedTrack {
    /// Whose.
    pub seat: SeatId,
    /// Which source.
    pub source: Source,
    /// What came.
    pub counters: ReceiveCounters,
    /// The line it is on now; none when it went.
    mid: Option<Mid>,
    seqs: Option<(u64, u64)>,
    assembler: FrameAssembler,
    last_whole: Option<Instant>,
    last_packet: Option<Instant>,
    last_asked: Option<Instant>,
}

/// What one packet changed.
#[derive(Default)]
pub(super) struct Arrival {
    pub first_picture: Option<(SeatId, Source)>,
    pub repaired: bool,
    /// What it belongs to; none on a line without an owner.
    pub source: Option<Source>,
}

/// All remote tracks of a client.
#[derive(Default)]
pub(super) struct Receiver {
    tracks: Vec<ReceivedTrack>,
    /// Which stream is on which line, latest first; a line's stream never changes its line.
    streams: Vec<(u32, Mid)>,
    /// SSRC in the clear header of the datagram that is being taken in.
    pub arriving_ssrc: Option<u32>,
}

impl Receiver {
    pub fn tracks(&self) -> &[ReceivedTrack] {
        &self.tracks
    }

    /// The line of a stream that was learned.
    pub fn mid_of(&self, ssrc: u32) -> Option<Mid> {
        self.streams.iter().find(|s| s.0 == ssrc).map(|s| s.1)
    }

    pub fn learn(&mut self, ssrc: u32, mid: Mid) {
        self.streams.insert(0, (ssrc, mid));
    }

    /// Follows the latest list of lines. A line whose owner changed counts anew.
    pub fn map_tracks<'a>(&mut self, lines: impl Iterator<Item = &'a TrackLine>) {
        let mut left: Vec<_> =
            lines.map(|l| (Mid::from(l.mid.as_str()), l.seat, l.source)).collect();
        for track in &mut self.tracks {
            let same = |l: &(Mid, SeatId, Source)| {
                *l == (track.mid.unwrap_or(l.0), track.seat, track.source)
            };
            match left.iter().position(|l| track.mid.is_some() && same(l)) {
                Some(at) => {
                    left.swap_remove(at);
                }
                None => track.mid = None,
            }
        }
        self.tracks.extend(left.into_iter().map(|(mid, seat, source)| ReceivedTrack {
            seat,
            source,
            counters: ReceiveCounters::default(),
            mid: Some(mid),
            seqs: None,
            assembler: FrameAssembler::default(),
            last_whole: None,
            last_packet: None,
            last_asked: None,
        }));
    }

    pub fn on_packet(&mut self, now: Instant, mid: Mid, packet: &RtpPacket) -> Arrival {
        let mut arrival = Arrival {
            repaired: self.arriving_ssrc.is_some_and(|ssrc| ssrc != *packet.header.ssrc),
            ..Arrival::default()
        };
        let Some(track) = self.tracks.iter_mut().find(|t| t.mid == Some(mid)) else {
            return arrival;
        };
        arrival.source = Some(track.source);
        let seq = *packet.seq_no;
        let (low, high) = track.seqs.map_or((seq, seq), |(l, h)| (l.min(seq), h.max(seq)));
        track.seqs = Some((low, high));
        track.last_packet = Some(now);

        let counters = &mut track.counters;
        counters.packets += 1;
        counters.bytes += packet.payload.len() as u64;
        counters.repaired += u64::from(arrival.repaired);
        counters.missing = (high - low + 1).saturating_sub(counters.packets);
        counters.first_packet_at.get_or_insert(now);
        if track.source == Source::Mic {
            return arrival;
        }
        let header = &packet.header;
        let whole = track.assembler.push(seq, header.timestamp, header.marker, &packet.payload);
        if let Some(frame) = whole {
            counters.frames += 1;
            track.last_whole = Some(now);
            if frame.keyframe {
                counters.keyframes += 1;
                if counters.first_picture_at.is_none() {
                    counters.first_picture_at = Some(now);
                    arrival.first_picture = Some((track.seat, track.source));
                }
            }
        }
        arrival
    }

    /// Asks for a keyframe on each line on which packets come but no picture does.
    pub fn ask_for_keyframes(&mut self, now: Instant, mut ask: impl FnMut(Mid)) {
        for track in self.tracks.iter_mut().filter(|t| t.source != Source::Mic) {
            let Some(mid) = track.mid else { continue };
            let passed = |since: Option<Instant>| since.map(|at| now.saturating_duration_since(at));
            let flowing = passed(track.last_packet).is_some_and(|p| p < STUCK_AFTER);
            let since = track.last_whole.or(track.counters.first_packet_at);
            let stuck = passed(since).is_some_and(|p| p >= STUCK_AFTER);
            let may_ask = passed(track.last_asked).is_none_or(|p| p >= ASK_EVERY);
            if flowing && stuck && may_ask {
                track.last_asked = Some(now);
                track.counters.keyframes_asked += 1;
                ask(mid);
            }
        }
    }
}
