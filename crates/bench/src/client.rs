//! A WebRTC client without IO: it answers the server's offers as a browser would, sends what a
//! [`MediaSource`] makes, and counts what it receives.
//!
//! Datagrams, offers and time go in; datagrams and events come out. It opens no socket, reads no
//! clock and knows nothing of signalling beyond an offer and its answer. It never decodes media: a
//! frame counts when all its packets are there.
//!
//! One str0m instance in RTP mode does ICE, DTLS, SRTP and RTCP. Contract with it: after each input
//! it is drained until it names a time, and in RTP mode one datagram at a time.

mod receive;

pub use receive::{ReceiveCounters, ReceivedTrack};

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use protocol::{Direction, TrackLine};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use str0m::change::SdpOffer;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::format::Codec;
use str0m::media::{KeyframeRequestKind, Mid, Pt, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc};
use visit::{SeatId, Source};

use crate::clip::LAYERS;
use crate::media::{MediaPacket, MediaSource};
use receive::Receiver;

/// Why a client could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The local address cannot be an ICE candidate.
    #[error("the local address cannot be used for media")]
    Address,
    /// The offer is not SDP or cannot be answered.
    #[error("the offer of the server cannot be answered")]
    Offer,
}

impl ClientError {
    /// Stable name of the error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "media_address",
            Self::Offer => "media_offer",
        }
    }
}

/// A datagram to send.
pub struct Outgoing {
    /// Where to.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
    /// [`MediaPacket::id`], if this is the first sending of such a packet.
    pub id: Option<u64>,
}

/// A media packet that arrived.
pub struct ReceivedPacket {
    /// The RTP payload.
    pub payload: std::sync::Arc<[u8]>,
    /// It did not come the first time and was repaired by a retransmission (RFC 4588).
    pub repaired: bool,
}

/// What happened. Not `Debug`: some name a seat.
pub enum ClientEvent {
    /// ICE and DTLS are up; the media source was started. Once.
    Connected,
    /// The server's ping on the data channel.
    Ping {
        /// Its counter.
        n: u64,
    },
    /// The first whole keyframe of a remote track: a browser would show a picture now.
    FirstPicture {
        /// Whose.
        seat: SeatId,
        /// Camera or screen.
        source: Source,
    },
    /// The server asked for a keyframe of ours.
    KeyframeWanted {
        /// Of which source.
        source: Source,
        /// Of which layer.
        layer: usize,
    },
    /// A media packet, only with [`ClientOptions::packets`].
    Packet(ReceivedPacket),
    /// The server closed the transport.
    Closed,
}

/// How a client behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientOptions {
    /// Seed of first sequence numbers and time stamps.
    pub seed: u64,
    /// Report each received packet as an event.
    pub packets: bool,
}

/// One of our streams, negotiated.
struct OutgoingStream {
    mid: Mid,
    rid: Option<Rid>,
    pt: Pt,
    ssrc: Ssrc,
    next_seq: u64,
    timestamp_base: u32,
    /// In the latest list of lines. A stream that comes back goes on with its numbers: the other
    /// side still knows its SSRC.
    active: bool,
}

/// See the module's head.
pub struct Client {
    rtc: Rtc,
    rng: StdRng,
    local: SocketAddr,
    packets: bool,
    media: Option<Box<dyn MediaSource>>,
    channel: ChannelId,
    connected: bool,
    /// Time last given to str0m; it must not go back.
    clock: Instant,
    rtc_deadline: Instant,
    streams: HashMap<(Source, usize), OutgoingStream>,
    receiver: Receiver,
    transmits: VecDeque<Outgoing>,
    events: VecDeque<ClientEvent>,
    /// Written packets with an id that have not come out yet: SSRC, sequence number, id.
    written: VecDeque<(u32, u16, u64)>,
    last_ping: Option<Instant>,
}

impl Client {
    /// A client that is reached on `local` (a concrete address) and sends `media`, if any.
    ///
    /// # Errors
    /// [`ClientError::Address`] for an address that ICE does not take, such as a wildcard.
    pub fn new(
        now: Instant,
        local: SocketAddr,
        options: ClientOptions,
        media: Option<Box<dyn MediaSource>>,
    ) -> Result<Self, ClientError> {
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        let candidate = Candidate::host(local, "udp").map_err(|_| ClientError::Address)?;
        rtc.add_local_candidate(candidate).ok_or(ClientError::Address)?;
        let channel = rtc.direct_api().create_data_channel(ChannelConfig {
            label: "bedside".to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            negotiated: Some(0),
            protocol: String::new(),
        });
        Ok(Self {
            rtc,
            rng: StdRng::seed_from_u64(options.seed),
            local,
            packets: options.packets,
            media,
            channel,
            connected: false,
            clock: now,
            rtc_deadline: now,
            streams: HashMap::new(),
            receiver: Receiver::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            written: VecDeque::new(),
            last_ping: None,
        })
    }

    /// Takes an offer of the server with what its lines carry, and makes the answer (SDP).
    ///
    /// # Errors
    /// [`ClientError::Offer`] when it is no SDP or str0m cannot answer it.
    pub fn answer(
        &mut self,
        now: Instant,
        sdp: &str,
        tracks: &[TrackLine],
    ) -> Result<String, ClientError> {
        let now = self.advance(now);
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|_| ClientError::Offer)?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|_| ClientError::Offer)?;
        self.map_tracks(tracks);
        self.feed(Input::Timeout(now));
        Ok(answer.to_sdp_string())
    }

    /// Takes a datagram that arrived from `source` at `now`. Anything that is not for this client
    /// is dropped.
    pub fn handle_datagram(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let now = self.advance(now);
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, datagram) else { return };
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) {
            // A retransmission comes on an SSRC of its own, visible in the clear header.
            self.receiver.arriving_ssrc = rtp_ssrc_and_seq(datagram).map(|(ssrc, _)| ssrc);
            self.feed(input);
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        let due = self.media.as_ref().and_then(|m| m.next_due()).is_some_and(|at| at <= now);
        if due && let Some(mut media) = self.media.take() {
            media.produce(now, &mut |packet| self.write(now, packet));
            self.media = Some(media);
        }
        self.receiver.ask_for_keyframes(now, |mid| {
            let mut api = self.rtc.direct_api();
            if let Some(stream) = api.stream_rx_by_mid(mid, None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        });
        self.feed(Input::Timeout(now));
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        let media = self.media.as_ref().and_then(|m| m.next_due());
        media.map_or(self.rtc_deadline, |at| at.min(self.rtc_deadline))
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Outgoing> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Everything received so far, per remote track; tracks that went are still in it.
    #[must_use]
    pub fn received(&self) -> &[ReceivedTrack] {
        self.receiver.tracks()
    }

    /// Whether ICE and DTLS were up at least once.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// When the server's last ping arrived.
    #[must_use]
    pub const fn last_ping(&self) -> Option<Instant> {
        self.last_ping
    }

    /// Says goodbye to the server; the datagrams that do it are in [`Self::poll_transmit`].
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        self.media = None;
        // An instance that is closed already has nothing to say.
        let _ = self.rtc.close();
        self.feed(Input::Timeout(now));
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.clock = self.clock.max(now);
        self.clock
    }

    /// Gives one input to str0m and drains it.
    fn feed(&mut self, input: Input<'_>) {
        // An error about one input changes nothing for the rest; a dead instance says so below.
        let _ = self.rtc.handle_input(input);
        for _ in 0..10_000 {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(t)) => {
                    let contents: Vec<u8> = t.contents.into();
                    let id = self.take_id(&contents);
                    self.transmits.push_back(Outgoing { destination: t.destination, contents, id });
                }
                Ok(Output::Event(event)) => self.on_event(event),
                Ok(Output::Timeout(at)) => {
                    self.rtc_deadline = at;
                    return;
                }
                Err(_) => {}
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.connected = true;
                if let Some(media) = &mut self.media {
                    media.start(self.clock);
                }
                self.events.push_back(ClientEvent::Connected);
            }
            Event::RtpPacket(packet) => self.on_packet(&packet),
            Event::KeyframeRequest(request) => {
                let found =
                    self.streams.iter().find(|(_, s)| s.mid == request.mid && s.rid == request.rid);
                if let Some(((source, layer), _)) = found {
                    let (source, layer) = (*source, *layer);
                    if let Some(media) = &mut self.media {
                        media.keyframe_wanted(source, layer);
                    }
                    self.events.push_back(ClientEvent::KeyframeWanted { source, layer });
                }
            }
            Event::ChannelData(data) if data.id == self.channel => {
                if let Ok(n) = <[u8; 8]>::try_from(data.data.as_slice()) {
                    self.last_ping = Some(self.clock);
                    self.events.push_back(ClientEvent::Ping { n: u64::from_be_bytes(n) });
                }
            }
            Event::Closed => self.events.push_back(ClientEvent::Closed),
            _ => {}
        }
    }

    fn on_packet(&mut self, packet: &RtpPacket) {
        let ssrc = packet.header.ssrc;
        let mut api = self.rtc.direct_api();
        let Some(mid) = api.stream_rx(&ssrc).map(|s| s.mid()) else { return };
        let arrival = self.receiver.on_packet(self.clock, mid, packet);
        if let Some((seat, source)) = arrival.first_picture {
            self.events.push_back(ClientEvent::FirstPicture { seat, source });
        }
        if self.packets {
            let payload = packet.payload.clone();
            let repaired = arrival.repaired;
            self.events.push_back(ClientEvent::Packet(ReceivedPacket { payload, repaired }));
        }
    }

    /// Follows the latest list of lines: which of them are ours to send on, and whose the others are.
    fn map_tracks(&mut self, tracks: &[TrackLine]) {
        let ours = tracks.iter().filter(|t| t.direction == Direction::Send);
        self.streams.values_mut().for_each(|s| s.active = false);
        for track in ours {
            let mid = Mid::from(track.mid.as_str());
            let layers = if track.source == Source::Camera { LAYERS } else { 1 };
            for layer in 0..layers {
                let rid = (layers > 1).then(|| Rid::from(sfu::RIDS[layer]));
                let Some((pt, ssrc)) = self.negotiated(mid, rid, track.source) else { continue };
                let key = (track.source, layer);
                let kept = self.streams.remove(&key).filter(|s| s.ssrc == ssrc);
                let mut stream = kept.unwrap_or_else(|| OutgoingStream {
                    mid,
                    rid,
                    pt,
                    ssrc,
                    // RFC 3550 §5.1 wants a random start; the lower half keeps the first
                    // roll-over away from the first packets.
                    next_seq: u64::from(self.rng.random_range(0..0x8000_u16)),
                    timestamp_base: self.rng.random(),
                    active: false,
                });
                stream.active = true;
                self.streams.insert(key, stream);
            }
        }
        self.receiver.map_tracks(tracks.iter().filter(|t| t.direction == Direction::Receive));
    }

    /// Payload type and SSRC of one of our streams, if the negotiation gave us one.
    fn negotiated(&mut self, mid: Mid, rid: Option<Rid>, source: Source) -> Option<(Pt, Ssrc)> {
        let codec = if source == Source::Mic { Codec::Opus } else { Codec::Vp8 };
        let params = self.rtc.codec_config().params();
        let is_codec = |pt: Pt| params.iter().any(|p| p.pt() == pt && p.spec().codec == codec);
        let pt = self.rtc.media(mid)?.remote_pts().iter().copied().find(|pt| is_codec(*pt))?;
        let ssrc = self.rtc.direct_api().stream_tx_by_mid(mid, rid)?.ssrc();
        Some((pt, ssrc))
    }

    fn write(&mut self, now: Instant, packet: MediaPacket) {
        let Some(stream) = self.streams.get_mut(&(packet.source, packet.layer)) else { return };
        if !stream.active {
            return;
        }
        let mut api = self.rtc.direct_api();
        let Some(tx) = api.stream_tx_by_mid(stream.mid, stream.rid) else { return };
        let seq = stream.next_seq;
        stream.next_seq += 1;
        if let Some(id) = packet.id {
            self.written.push_back((*stream.ssrc, seq as u16, id));
        }
        let timestamp = stream.timestamp_base.wrapping_add(packet.timestamp);
        let mut values = str0m::rtp::ExtensionValues::default();
        if let Some(level) = packet.level {
            values.audio_level = i8::try_from(level.min(127)).ok().map(|l| -l);
            values.voice_activity = Some(level < 60);
        }
        let write = RtpWrite::new(stream.pt, seq.into(), timestamp, now, packet.payload)
            .marker(packet.marker)
            .nackable(packet.source != Source::Mic)
            .ext_vals(values);
        tx.write_rtp(write);
    }

    /// The id of the written packet that this datagram is. Packets of one stream come out in order,
    /// streams may overtake each other.
    fn take_id(&mut self, datagram: &[u8]) -> Option<u64> {
        if self.written.is_empty() {
            return None;
        }
        let (ssrc, seq) = rtp_ssrc_and_seq(datagram)?;
        let at = self.written.iter().position(|w| (w.0, w.1) == (ssrc, seq))?;
        self.written.remove(at).map(|w| w.2)
    }
}

/// SSRC and sequence number of an RTP packet; the header is not encrypted (RFC 3711 §3.1). None for
/// RTCP (RFC 5761 §4), STUN and DTLS (RFC 7983).
fn rtp_ssrc_and_seq(datagram: &[u8]) -> Option<(u32, u16)> {
    let head = datagram.first_chunk::<12>()?;
    let is_rtp = (128..192).contains(&head[0]) && !(64..96).contains(&(head[1] & 0x7f));
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    is_rtp.then(|| (ssrc, u16::from_be_bytes([head[2], head[3]])))
}

/// The lines of an offer as the forwarding unit tells them, in the form they have on the wire.
#[must_use]
pub fn wire_tracks(tracks: &[sfu::TrackLine]) -> Vec<TrackLine> {
    let line = |t: &sfu::TrackLine| TrackLine {
        mid: t.mid.clone(),
        seat: t.seat,
        source: t.source,
        direction: match t.direction {
            sfu::Direction::Send => Direction::Send,
            sfu::Direction::Receive => Direction::Receive,
        },
    };
    tracks.iter().map(line).collect()
}
