//! One test client: a str0m peer in the place of a browser. It answers offers, sends synthetic Opus
//! and VP8 (three camera layers, two screen layers, a keyframe whenever it is asked), and writes down every packet.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu::{Direction, RIDS, SCREEN_RIDS, TrackLine, TransportId};
use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::channel::{ChannelConfig, Reliability};
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use visit::{SeatId, Source};

const AUDIO_EVERY: Duration = Duration::from_millis(20);
const FRAME_EVERY: Duration = Duration::from_millis(40);
/// Packets per frame of the camera's layers; each about 1,000 bytes: 200, 400 and 1,000 kbit/s.
const PACKETS: [usize; 3] = [1, 2, 5];
const VIDEO_BYTES: usize = 1_000;
/// Stands before what a sender writes into its packets for the receiver to check.
const MARK: [u8; 4] = *b"mark";

/// A packet as the client got it.
#[derive(Clone)]
pub struct Received {
    pub at: Instant,
    pub mid: String,
    /// Whose track the last offer said it is.
    pub seat: SeatId,
    pub source: Source,
    pub seq: u64,
    pub timestamp: u32,
    pub keyframe: bool,
    /// Seat number that the sender wrote into the payload.
    pub from: u8,
    /// Layer that the sender wrote into the payload.
    pub layer: usize,
    /// The sender's own frame number.
    pub frame: u16,
}

/// One layer that is sent.
struct Sending {
    mid: String,
    source: Source,
    layer: usize,
    rid: Option<&'static str>,
    seq: u64,
    timestamp: u32,
    frame: u16,
    keyframe: bool,
    next: Instant,
}

pub struct Client {
    pub n: u8,
    /// When it was made.
    pub since: Instant,
    pub transport: TransportId,
    pub address: SocketAddr,
    pub rtc: Rtc,
    pub tracks: Vec<TrackLine>,
    pub received: Vec<Received>,
    /// When packets came on an m-line that no longer carries a track.
    pub strays: Vec<Instant>,
    /// Whose packets may carry anything.
    pub sends_anything: Option<SeatId>,
    /// Datagrams that arrived at its address.
    pub datagrams: u64,
    pub pings: Vec<(Instant, u64)>,
    pub keyframes_asked: Vec<(Instant, Option<String>)>,
    pub outbox: Vec<(SocketAddr, Vec<u8>)>,
    /// Layers that its encoder makes, smallest first.
    pub layers: usize,
    /// Level on its microphone packets, dBov.
    pub level_dbov: i8,
    /// Sends nothing at all, not even what str0m wants to.
    pub dead: bool,
    pub last_media_sent: Option<Vec<u8>>,
    /// Binding requests, as somebody on the path sees them.
    pub checks_sent: Vec<Vec<u8>>,
    sending: Vec<Sending>,
    deadline: Instant,
}

impl Client {
    pub fn new(now: Instant, n: u8, transport: TransportId, address: SocketAddr) -> Self {
        let mut rtc =
            Rtc::builder().set_rtp_mode(true).enable_bwe(Some(Bitrate::mbps(5))).build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
        rtc.direct_api().create_data_channel(ChannelConfig {
            label: "bedside".to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            negotiated: Some(0),
            protocol: String::new(),
        });
        Self {
            n,
            since: now,
            transport,
            address,
            rtc,
            tracks: Vec::new(),
            received: Vec::new(),
            strays: Vec::new(),
            sends_anything: None,
            datagrams: 0,
            pings: Vec::new(),
            keyframes_asked: Vec::new(),
            outbox: Vec::new(),
            layers: 3,
            level_dbov: -30,
            dead: false,
            last_media_sent: None,
            checks_sent: Vec::new(),
            sending: Vec::new(),
            deadline: now,
        }
    }

    pub fn deadline(&self) -> Instant {
        self.sending.iter().map(|s| s.next).min().map_or(self.deadline, |d| d.min(self.deadline))
    }

    /// The client moves to another network.
    pub fn move_to(&mut self, address: SocketAddr) {
        let old = Candidate::host(self.address, "udp").expect("an address");
        self.rtc.direct_api().invalidate_candidate(&old);
        self.address = address;
        self.rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
    }

    /// Takes an offer and returns the answer.
    pub fn answer(&mut self, now: Instant, sdp: &str, tracks: &[TrackLine]) -> String {
        let offer = SdpOffer::from_sdp_string(sdp).expect("our own offer is readable");
        let answer = self.rtc.sdp_api().accept_offer(offer).expect("our own offer is acceptable");
        self.tracks = tracks.to_vec();
        self.sending
            .retain(|s| tracks.iter().any(|t| t.mid == s.mid && t.direction == Direction::Send));
        for t in tracks.iter().filter(|t| t.direction == Direction::Send) {
            if self.sending.iter().any(|s| s.mid == t.mid) {
                continue;
            }
            let rids: Vec<Option<&'static str>> = match t.source {
                Source::Mic => vec![None],
                Source::Camera => RIDS.iter().map(|r| Some(*r)).collect(),
                Source::Screen => SCREEN_RIDS.iter().map(|r| Some(*r)).collect(),
            };
            for (layer, rid) in rids.into_iter().enumerate() {
                self.sending.push(Sending {
                    mid: t.mid.clone(),
                    source: t.source,
                    layer,
                    rid,
                    seq: 60_000 + 100 * layer as u64,
                    timestamp: 1_000_000_000 * (layer as u32 + 1),
                    frame: 0,
                    keyframe: true,
                    next: now,
                });
            }
        }
        answer.to_sdp_string()
    }

    pub fn receive(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        self.datagrams += 1;
        if self.dead {
            return;
        }
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.address, contents) else {
            return;
        };
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) {
            self.rtc.handle_input(input).expect("a client's input");
            self.drain(now);
        }
    }

    /// Sends what is due.
    pub fn run(&mut self, now: Instant) {
        if self.dead {
            self.deadline = now + Duration::from_secs(3_600);
            self.sending.iter_mut().for_each(|s| s.next = self.deadline);
            return;
        }
        let connected = self.rtc.is_connected();
        let mut due = std::mem::take(&mut self.sending);
        for s in due.iter_mut().filter(|s| s.next <= now) {
            s.next = now + if s.source == Source::Mic { AUDIO_EVERY } else { FRAME_EVERY };
            if connected && (s.source == Source::Mic || s.layer < self.layers) {
                self.send(now, s);
            }
        }
        self.sending = due;
        self.rtc.handle_input(Input::Timeout(now)).expect("a client's timeout");
        self.drain(now);
    }

    fn send(&mut self, now: Instant, s: &mut Sending) {
        let mid = Mid::from(s.mid.as_str());
        let rid = s.rid.map(Rid::from);
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, rid) else { return };
        s.frame = s.frame.wrapping_add(1);
        let frame = s.frame.to_be_bytes();
        if s.source == Source::Mic {
            let tag = [self.n, 0, frame[0], frame[1]];
            let payload = [&MARK[..], &tag, &[0; 92]].concat();
            let ext = ExtensionValues {
                audio_level: Some(self.level_dbov),
                voice_activity: Some(true),
                ..Default::default()
            };
            let w =
                RtpWrite::new(111.into(), s.seq.into(), s.timestamp, now, payload).ext_vals(ext);
            stream.write_rtp(w);
            s.seq += 1;
            s.timestamp = s.timestamp.wrapping_add(960);
            return;
        }
        let count = PACKETS[s.layer];
        for i in 0..count {
            let key = s.keyframe;
            // Start bit on the first packet, 15-bit picture id, then the frame tag.
            let mut payload = vec![0x80 | if i == 0 { 0x10 } else { 0 }, 0x80];
            payload.extend((0x8000 | (s.frame & 0x7fff)).to_be_bytes());
            payload.extend([u8::from(!key), 0, 0]);
            if key && i == 0 {
                let (w, h) = [(320u16, 180u16), (640, 360), (1280, 720)][s.layer];
                payload.extend([0x9d, 0x01, 0x2a]);
                payload.extend(w.to_le_bytes());
                payload.extend(h.to_le_bytes());
            }
            payload.extend(MARK);
            payload.extend([self.n, s.layer as u8, frame[0], frame[1]]);
            payload.resize(VIDEO_BYTES, 0);
            let w = RtpWrite::new(96.into(), s.seq.into(), s.timestamp, now, payload)
                .marker(i + 1 == count)
                .nackable(true);
            stream.write_rtp(w);
            s.seq += 1;
        }
        s.keyframe = false;
        s.timestamp = s.timestamp.wrapping_add(3_600);
    }

    /// Asks for a keyframe of a received track.
    pub fn ask_keyframe(&mut self, mid: &str) {
        if let Some(s) = self.rtc.direct_api().stream_rx_by_mid(Mid::from(mid), None) {
            s.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    fn drain(&mut self, now: Instant) {
        let mut clock = now;
        let mut rounds = 0;
        loop {
            match self.rtc.poll_output().expect("a client's output") {
                Output::Transmit(t) => {
                    let contents: Vec<u8> = t.contents.into();
                    if contents[0] >= 128 {
                        self.last_media_sent = Some(contents.clone());
                    } else if contents.starts_with(&[0, 1]) {
                        self.checks_sent.push(contents.clone());
                    }
                    self.outbox.push((self.address, contents));
                }
                Output::Event(e) => self.on_event(now, e),
                Output::Timeout(at) if at <= clock && rounds < 50 => {
                    rounds += 1;
                    clock += Duration::from_micros(5);
                    self.rtc.handle_input(Input::Timeout(clock)).expect("a client's timeout");
                }
                Output::Timeout(at) => {
                    self.deadline = at.max(now + Duration::from_millis(1));
                    return;
                }
            }
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::ChannelData(d) => {
                let bytes: [u8; 8] = d.data.as_slice().try_into().expect("8 bytes");
                self.pings.push((now, u64::from_be_bytes(bytes)));
            }
            Event::KeyframeRequest(r) => {
                let rid = r.rid.map(|r| r.to_string());
                for s in &mut self.sending {
                    if s.mid == r.mid.to_string() && s.rid.map(str::to_owned) == rid {
                        s.keyframe = true;
                    }
                }
                self.keyframes_asked.push((now, rid));
            }
            Event::RtpPacket(p) => {
                let mut api = self.rtc.direct_api();
                let stream = api.stream_rx(&p.header.ssrc).expect("a known stream");
                let mid = stream.mid().to_string();
                let track = self.tracks.iter().find(|t| t.mid == mid);
                let Some(track) = track.filter(|t| t.direction == Direction::Receive) else {
                    // Under way when the track went.
                    self.strays.push(now);
                    return;
                };
                let Some(at) = p.payload.windows(4).position(|w| w == MARK) else {
                    // Only what was sent without one arrives without one.
                    assert!(self.sends_anything == Some(track.seat), "a mark");
                    return;
                };
                let mark = &p.payload[at + 4..at + 8];
                let video = track.source != Source::Mic;
                self.received.push(Received {
                    at: now,
                    mid,
                    seat: track.seat,
                    source: track.source,
                    seq: *p.seq_no,
                    timestamp: p.header.timestamp,
                    keyframe: video && p.payload[0] & 0x10 != 0 && p.payload[4] & 1 == 0,
                    from: mark[0],
                    layer: usize::from(mark[1]),
                    frame: u16::from_be_bytes([mark[2], mark[3]]),
                });
            }
            _ => {}
        }
    }

    /// What was received of a seat's source since `since`.
    pub fn got(&self, seat: SeatId, source: Source, since: Instant) -> Vec<&Received> {
        let all = self.received.iter();
        all.filter(|r| r.seat == seat && r.source == source && r.at >= since).collect()
    }
}
