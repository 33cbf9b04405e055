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
mod send;

pub use receive::{ReceiveCounters, ReceivedTrack};

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use protocol::{Direction, TrackLine};
use rand::SeedableRng;
use rand::rngs::StdRng;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::media::{KeyframeRequestKind, MediaKind, Mid, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, Input, Output, Rtc};
use visit::{SeatId, Source};

use crate::clip::LAYERS;
use crate::media::MediaSource;
use receive::Receiver;
use send::{OutgoingStream, rtp_ssrc_and_seq};

/// Why a client could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The local address cannot be an ICE candidate.
    #[error("the local address cannot be used for media")]
    Address,
    /// The offer is not SDP or cannot be answered.
    #[error("the offer of the server cannot be answered")]
    Offer,
    /// The answer is not SDP, or answers no open offer.
    #[error("the answer of the server cannot be used")]
    Answer,
}

impl ClientError {
    /// Stable name of the error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "media_address",
            Self::Offer => "media_offer",
            Self::Answer => "media_answer",
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
    /// The SSRC of an RTP packet. Datagrams of different streams may change places.
    pub stream: Option<u32>,
}

/// A media packet that arrived.
pub struct ReceivedPacket {
    /// The RTP payload.
    pub payload: std::sync::Arc<[u8]>,
    /// It did not come the first time and was repaired by a retransmission (RFC 4588).
    pub repaired: bool,
    /// What it belongs to; none on a line that nobody owns just now.
    pub source: Option<Source>,
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
    /// Come over a TCP connection that the caller opens from the local address (ICE-TCP, RFC 6544),
    /// instead of UDP. Framing is the caller's.
    pub tcp: bool,
}

/// See the module's head.
pub struct Client {
    rtc: Rtc,
    rng: StdRng,
    local: SocketAddr,
    protocol: Protocol,
    packets: bool,
    media: Option<Box<dyn MediaSource>>,
    channel: ChannelId,
    connected: bool,
    /// Time last given to str0m; it must not go back.
    clock: Instant,
    rtc_deadline: Instant,
    streams: Vec<OutgoingStream>,
    /// Our own offer that waits for its answer.
    offered: Option<(SdpPendingOffer, Vec<TrackLine>)>,
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
        let candidate = match options.tcp {
            false => Candidate::host(local, "udp"),
            true => Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build(),
        };
        let candidate = candidate.map_err(|_| ClientError::Address)?;
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
            protocol: if options.tcp { Protocol::Tcp } else { Protocol::Udp },
            packets: options.packets,
            media,
            channel,
            connected: false,
            clock: now,
            rtc_deadline: now,
            streams: Vec::new(),
            offered: None,
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

    /// Makes an offer (SDP) to send sound and a camera in all layers, or only the largest one without
    /// `simulcast`. For servers that want the offer of who sends; the answer goes to
    /// [`Self::accept`]. `seat` is ours.
    ///
    /// # Errors
    /// [`ClientError::Offer`] when an offer is open already.
    pub fn offer(
        &mut self,
        now: Instant,
        seat: SeatId,
        simulcast: bool,
    ) -> Result<String, ClientError> {
        let now = self.advance(now);
        let layers = simulcast.then(|| {
            let mut layers = Simulcast::new();
            // The largest first, as browsers list them.
            sfu::RIDS.iter().rev().for_each(|rid| layers.add_send_layer(SimulcastLayer::new(rid)));
            layers
        });
        let mut api = self.rtc.sdp_api();
        let direction = str0m::media::Direction::SendOnly;
        let mic = api.add_media(MediaKind::Audio, direction, None, None, None);
        let camera = api.add_media(MediaKind::Video, direction, None, None, layers);
        let (offer, pending) = api.apply().ok_or(ClientError::Offer)?;
        let line = |mid: Mid, source| TrackLine {
            mid: mid.to_string(),
            seat,
            source,
            direction: Direction::Send,
        };
        self.offered = Some((pending, vec![line(mic, Source::Mic), line(camera, Source::Camera)]));
        self.feed(Input::Timeout(now));
        Ok(offer.to_sdp_string())
    }

    /// Takes the answer (SDP) to our own offer.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when it is no SDP, does not fit, or no offer is open.
    pub fn accept(&mut self, now: Instant, sdp: &str) -> Result<(), ClientError> {
        let now = self.advance(now);
        let (pending, tracks) = self.offered.take().ok_or(ClientError::Answer)?;
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|_| ClientError::Answer)?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|_| ClientError::Answer)?;
        self.map_tracks(&tracks);
        self.feed(Input::Timeout(now));
        Ok(())
    }

    /// Takes a datagram that arrived from `source` at `now`. Anything that is not for this client
    /// is dropped.
    pub fn handle_datagram(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let now = self.advance(now);
        let Ok(receive) = Receive::new(self.protocol, source, self.local, datagram) else { return };
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
        let due = self.media_due().is_some_and(|at| at <= now);
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
        self.media_due().map_or(self.rtc_deadline, |at| at.min(self.rtc_deadline))
    }

    /// When the media source has something next, if it does.
    #[must_use]
    pub fn media_due(&self) -> Option<Instant> {
        self.media.as_ref().and_then(|m| m.next_due())
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
                    let head = rtp_ssrc_and_seq(&contents);
                    let id = head.and_then(|head| self.take_id(head));
                    self.transmits.push_back(Outgoing {
                        destination: t.destination,
                        id,
                        stream: head.map(|(ssrc, _)| ssrc),
                        contents,
                    });
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
                    self.streams.iter().find(|s| s.mid == request.mid && s.rid == request.rid);
                if let Some(OutgoingStream { source, layer, .. }) = found {
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
        let mid = match self.receiver.mid_of(*ssrc) {
            Some(mid) => mid,
            // Only for a stream's first packet: the look-up makes str0m poll everything anew.
            None => {
                let mut api = self.rtc.direct_api();
                let Some(mid) = api.stream_rx(&ssrc).map(|s| s.mid()) else { return };
                self.receiver.learn(*ssrc, mid);
                mid
            }
        };
        let arrival = self.receiver.on_packet(self.clock, mid, packet);
        if let Some((seat, source)) = arrival.first_picture {
            self.events.push_back(ClientEvent::FirstPicture { seat, source });
        }
        if self.packets {
            let payload = packet.payload.clone();
            let (repaired, source) = (arrival.repaired, arrival.source);
            let packet = ReceivedPacket { payload, repaired, source };
            self.events.push_back(ClientEvent::Packet(packet));
        }
    }

    /// Follows the latest list of lines: which of them are ours to send on, and whose the others are.
    fn map_tracks(&mut self, tracks: &[TrackLine]) {
        self.streams.iter_mut().for_each(|s| s.active = false);
        for track in tracks.iter().filter(|t| t.direction == Direction::Send) {
            let mid = Mid::from(track.mid.as_str());
            let mut found = false;
            if track.source == Source::Camera {
                for (layer, rid) in sfu::RIDS.iter().enumerate() {
                    found |= self.map_stream(track.source, layer, mid, Some(Rid::from(*rid)));
                }
            }
            if !found {
                // A line without layers carries the largest picture, or what has only one size.
                let layer = if track.source == Source::Camera { LAYERS - 1 } else { 0 };
                self.map_stream(track.source, layer, mid, None);
            }
        }
        self.receiver.map_tracks(tracks.iter().filter(|t| t.direction == Direction::Receive));
    }
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
