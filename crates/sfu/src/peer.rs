//! One transport: its str0m instance, what it publishes and what it is shown.
//!
//! The contract with str0m: at the end of every batch a changed instance is drained until it names a
//! time ([`Peer::drain`]); in RTP mode it holds one received packet at a time, so that one is taken
//! out after each datagram ([`Peer::drain_received`]). Errors about one datagram never end a transport.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate, BweKind};
use str0m::channel::ChannelId;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec, CodecConfig, FormatParams};
use str0m::media::{Frequency, KeyframeRequestKind, Mid, Pt};
use str0m::net::Transmit;
use str0m::rtp::{Extension, RtpPacket, Ssrc};
use str0m::stats::PeerStats;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig, RtcError};
use visit::{Pictures, SeatId, Source, VisitId};

use crate::command::{Sources, Tile, TransportId};
use crate::config::{INITIAL_ESTIMATE_BPS, LEAST_DESIRED_BPS, PADDING_FLOOR_BPS, rids};
use crate::forward::Rewriter;
use crate::fragment::Home;
use crate::keyframe::KeyframeGate;
use crate::layers::{Governor, LayerInfo, NOMINAL, NOMINAL_SCREEN};
use crate::negotiate::Negotiation;
use crate::recent::RecentGroup;
use crate::refused::RefusedWires;
use crate::route::Route;
use crate::stats::Lateness;
use crate::wrap_guard::WrapGuard;

/// Place of a transport in its shard.
pub(crate) type PeerKey = usize;

/// Most rounds of one drain. The pacer lets packets go in steps; each round moves the clock by
/// [`DRAIN_STEP`], since a clock that stands still makes it wait for ever.
const DRAIN_ROUNDS: u32 = 64;
const DRAIN_STEP: Duration = Duration::from_micros(5);
/// Clock of RTP timestamps of sound (RFC 7587 §4.1).
const OPUS_CLOCK_HZ: f32 = 48_000.0;
/// A layer without packets for this long is not live.
const LAYER_STALE: Duration = Duration::from_millis(1_500);

/// A source that the client may send.
pub(crate) struct Publication {
    /// Its m-line, once it has one.
    pub mid: Option<Mid>,
    /// The m-line is offered as active.
    pub active: bool,
    /// Smallest first: one for sound, three for a camera, two for a screen.
    pub layers: Vec<Layer>,
    /// When its first packet arrived; that was reported.
    pub first_packet: Option<Instant>,
    /// Who gets it: transport and index of its [`Slot`].
    pub viewers: Vec<(PeerKey, usize)>,
}

/// One layer as it arrives.
#[derive(Default)]
pub(crate) struct Layer {
    pub gate: KeyframeGate,
    pub last_packet: Option<Instant>,
    pub size_px: Option<(u16, u16)>,
    /// For viewers who come just after a keyframe.
    pub recent: RecentGroup,
    bytes: u64,
    measured_from: Option<Instant>,
    rate_bps: Option<u64>,
}

impl Layer {
    /// The layer at `index`, 0 being the smallest.
    fn new(index: usize) -> Self {
        let gate = if index == 0 { KeyframeGate::smallest() } else { KeyframeGate::default() };
        Self { gate, ..Self::default() }
    }

    /// Counts a packet of `bytes`.
    pub(crate) fn count(&mut self, now: Instant, bytes: usize) {
        self.last_packet = Some(now);
        self.bytes += bytes as u64;
        let from = *self.measured_from.get_or_insert(now);
        let passed = now.saturating_duration_since(from);
        if passed >= Duration::from_secs(1) {
            let bps = self.bytes * 8_000_000 / (passed.as_micros() as u64).max(1);
            // Half old, half new: key frames make single seconds jump.
            self.rate_bps = Some(self.rate_bps.map_or(bps, |old| (old + bps) / 2));
            self.bytes = 0;
            self.measured_from = Some(now);
        }
    }

    /// What the layer choice needs to know.
    pub(crate) fn info(&self, now: Instant, source: Source, index: usize) -> LayerInfo {
        let (width, height, bps) = match source {
            Source::Screen => NOMINAL_SCREEN[index.min(1)],
            Source::Mic | Source::Camera => NOMINAL[index.min(2)],
        };
        LayerInfo {
            live: self
                .last_packet
                .is_some_and(|at| now.saturating_duration_since(at) < LAYER_STALE),
            bps: self.rate_bps.unwrap_or(bps).max(10_000),
            size_px: self.size_px.unwrap_or((width, height)),
        }
    }
}

/// One m-line on which the client receives.
pub(crate) struct Slot {
    pub mid: Mid,
    pub audio: bool,
    pub phase: SlotPhase,
    /// Whose track is on it. Stays while the seat changes its transport.
    pub owner: Option<(SeatId, Source)>,
    /// The transport that feeds it now.
    pub feeder: Option<PeerKey>,
    /// SSRC of the outgoing stream, known once negotiated.
    pub ssrc: Option<Ssrc>,
    /// Payload types that the client accepted.
    pub pts: Vec<Pt>,
    pub rewriter: Rewriter,
    /// Layer that is forwarded; `None` until a keyframe of the target arrived.
    pub current: Option<usize>,
    /// Layer that should be forwarded.
    pub target: Option<usize>,
    /// SSRC of the present feed: another one means that the sender started anew.
    pub feed_ssrc: Option<Ssrc>,
    /// Reported as paused for lack of bandwidth.
    pub paused: bool,
}

/// Where an m-line is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotPhase {
    /// Offered, not answered yet.
    Offered,
    /// Answered: media flows.
    Live,
    /// Offered as inactive, not answered yet.
    Retiring,
    /// Inactive: the next track of its kind takes it.
    Free,
}

/// One transport. See the module's head.
pub(crate) struct Peer {
    pub visit: VisitId,
    pub seat: SeatId,
    pub transport: TransportId,
    /// Where it lives; its ICE fragments say so.
    pub home: Home,
    pub rights: Sources,
    /// What is muted now; a copy of the room's list.
    pub muted: Sources,
    /// The client asked to share and may.
    pub sharing: bool,
    pub rtc: Rtc,
    pub wrap_guard: WrapGuard,
    pub route: Route,
    pub refused: RefusedWires,
    pub negotiation: Negotiation,
    pub publications: [Publication; 3],
    pub slots: Vec<Slot>,
    /// What the page shows; `None` before the first `View`.
    pub tiles: Option<Vec<Tile>>,
    /// Which pictures it is sent at all.
    pub pictures: Pictures,
    pub governor: Governor,
    /// Last estimate of the path to the client.
    pub estimate_bps: u64,
    /// What was last given to the estimator: what to sustain, what to look for, both bits per
    /// second, and whether the path is squeezed.
    pub probing: (u64, u64, bool),
    /// Our data channel, from the first offer on.
    pub channel: Option<ChannelId>,
    pub channel_open: bool,
    pub ping_counter: u64,
    pub connected: bool,
    /// When it was let in.
    pub joined: Instant,
    pub last_heard: Instant,
    pub silent: bool,
    pub next_tick: Instant,
    pub next_allocation: Instant,
    /// Media byte counts and time of the last quality report.
    pub last_stats: Option<(u64, u64, Instant)>,
    /// Jitter of the client's sound since the last quality report, ms.
    pub mic_jitter_ms: Option<f32>,
    /// What the client wants to see and hear, bits per second, if the last choice of layers could not
    /// give it all.
    pub wanted_bps: Option<u64>,
    /// How late the regular visits since the last quality report were.
    pub lateness: Lateness,
    /// Its earliest entry in the shard's timers.
    pub queued: Option<Instant>,
    /// When str0m wants to be called.
    pub rtc_deadline: Instant,
    /// Waits to be drained.
    pub dirty: bool,
    /// Was changed by us since str0m last heard the time: tell it before draining.
    pub changed: bool,
    /// Packets were written to it since it was drained.
    pub written: bool,
    /// Time last given to str0m; it must not go back.
    clock: Instant,
    /// Which source and layer an incoming SSRC is.
    ssrcs: Vec<(Ssrc, Source, usize)>,
    #[cfg(test)]
    pub panic_next: bool,
}

/// What one drain brought up, besides datagrams.
#[derive(Default)]
pub(crate) struct Drained {
    pub packets: Vec<RtpPacket>,
    /// M-lines of ours for which the client asks for a keyframe.
    pub keyframe_requests: Vec<Mid>,
    pub stats: Option<PeerStats>,
    pub connected: bool,
    pub closed_by_client: bool,
    /// The estimate changed.
    pub estimate: bool,
    pub errors: u32,
}

/// What a new transport needs.
pub(crate) struct PeerInit<'a> {
    pub now: Instant,
    pub visit: VisitId,
    pub seat: SeatId,
    pub transport: TransportId,
    pub rights: Sources,
    pub muted: Sources,
    pub crypto: Arc<CryptoProvider>,
    pub certificate: DtlsCert,
    pub candidates: &'a [Candidate],
    pub home: Home,
    pub refused: RefusedWires,
}

impl Peer {
    /// A transport that has not offered anything yet.
    pub(crate) fn new(init: PeerInit<'_>) -> Self {
        let now = init.now;
        let mut rtc = rtc_config(init.crypto, init.certificate)
            .set_local_ice_credentials(init.home.credentials())
            .build(now);
        for candidate in init.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(LEAST_DESIRED_BPS));
        let negotiation = Negotiation::new(&mut rtc);
        let publication = |source: Source| Publication {
            mid: None,
            active: false,
            layers: (0..rids(source).len().max(1)).map(Layer::new).collect(),
            first_packet: None,
            viewers: Vec::new(),
        };
        Self {
            visit: init.visit,
            seat: init.seat,
            transport: init.transport,
            home: init.home,
            rights: init.rights,
            muted: init.muted,
            sharing: false,
            rtc,
            wrap_guard: WrapGuard::default(),
            route: Route::default(),
            refused: init.refused,
            negotiation,
            publications: [Source::Mic, Source::Camera, Source::Screen].map(publication),
            slots: Vec::new(),
            tiles: None,
            pictures: Pictures::Full,
            governor: Governor::default(),
            estimate_bps: INITIAL_ESTIMATE_BPS,
            probing: (0, LEAST_DESIRED_BPS, false),
            channel: None,
            channel_open: false,
            ping_counter: 0,
            connected: false,
            joined: now,
            last_heard: now,
            silent: false,
            next_tick: now,
            next_allocation: now,
            last_stats: None,
            mic_jitter_ms: None,
            wanted_bps: None,
            lateness: Lateness::default(),
            queued: None,
            rtc_deadline: now,
            dirty: false,
            changed: false,
            written: false,
            clock: now,
            ssrcs: Vec::new(),
            #[cfg(test)]
            panic_next: false,
        }
    }

    /// The publication of a source.
    pub(crate) fn publication(&mut self, source: Source) -> &mut Publication {
        &mut self.publications[source as usize]
    }

    /// Gives one input to str0m. The caller drains afterwards.
    pub(crate) fn input(&mut self, input: Input<'_>) -> Result<(), RtcError> {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.panic_next), "asked for by a test");
        self.rtc.handle_input(input)
    }

    /// `now`, or the time that was already given to str0m if that is later.
    pub(crate) fn advance(&mut self, now: Instant) -> Instant {
        self.clock = self.clock.max(now);
        self.clock
    }

    /// Takes out what one received datagram brought: up to its media packet, or everything when it
    /// was none. What is left stays queued in str0m for the drain at the end of the batch; only the
    /// packet has to be taken before the next datagram.
    pub(crate) fn drain_received(&mut self, out: &mut Vec<Transmit>, drained: &mut Drained) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    drained.packets.push(packet);
                    return;
                }
                Ok(Output::Event(event)) => self.on_event(event, drained),
                Ok(Output::Transmit(t)) => self.send(t, out),
                Ok(Output::Timeout(_)) => return,
                Err(_) => {
                    drained.errors += 1;
                    return;
                }
            }
        }
    }

    /// Takes everything out of str0m until it only waits for time.
    pub(crate) fn drain(&mut self, out: &mut Vec<Transmit>, drained: &mut Drained) {
        let mut rounds = 0;
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(t)) => self.send(t, out),
                Ok(Output::Event(event)) => self.on_event(event, drained),
                Ok(Output::Timeout(at)) => {
                    if at > self.clock || rounds == DRAIN_ROUNDS {
                        self.rtc_deadline = at.max(self.clock);
                        return;
                    }
                    rounds += 1;
                    self.clock += DRAIN_STEP;
                    if self.rtc.handle_input(Input::Timeout(self.clock)).is_err() {
                        drained.errors += 1;
                    }
                }
                Err(_) => {
                    // Fatal errors have closed the instance: the next poll names a far time.
                    drained.errors += 1;
                    rounds += 1;
                    if rounds >= DRAIN_ROUNDS {
                        self.rtc_deadline = self.clock + Duration::from_millis(10);
                        return;
                    }
                }
            }
        }
    }

    fn send(&self, mut datagram: Transmit, out: &mut Vec<Transmit>) {
        self.route.steer(&mut datagram);
        out.push(datagram);
    }

    fn on_event(&mut self, event: Event, drained: &mut Drained) {
        match event {
            Event::RtpPacket(packet) => drained.packets.push(packet),
            Event::Connected => drained.connected = true,
            Event::ChannelOpen(id, _) if Some(id) == self.channel => self.channel_open = true,
            Event::ChannelClose(id) if Some(id) == self.channel => self.channel_open = false,
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                self.estimate_bps = estimate.as_u64();
                drained.estimate = true;
            }
            Event::KeyframeRequest(request) => drained.keyframe_requests.push(request.mid),
            Event::PeerStats(stats) => drained.stats = Some(stats),
            Event::MediaIngressStats(stats)
                if Some(stats.mid) == self.publications[Source::Mic as usize].mid =>
            {
                self.mic_jitter_ms = Some(stats.jitter as f32 * 1_000.0 / OPUS_CLOCK_HZ);
            }
            Event::Closed => drained.closed_by_client = true,
            // Data from clients has no meaning here; everything goes through the server.
            _ => {}
        }
    }

    /// Which source and layer a packet belongs to. `None` for an m-line that is no (longer an)
    /// active publication.
    pub(crate) fn identify(&mut self, ssrc: Ssrc) -> Option<(Source, usize)> {
        if let Some((_, source, layer)) = self.ssrcs.iter().find(|(s, ..)| *s == ssrc) {
            return self.publications[*source as usize].active.then_some((*source, *layer));
        }
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let source =
            Source::ALL.into_iter().find(|s| self.publications[*s as usize].mid == Some(mid))?;
        let layers = self.publications[source as usize].layers.len();
        let layer = match rid {
            Some(rid) => rids(source).iter().position(|r| **r == *rid)?,
            None => 0,
        };
        if layer >= layers {
            return None;
        }
        if self.ssrcs.len() >= 32 {
            self.ssrcs.clear();
        }
        self.ssrcs.push((ssrc, source, layer));
        self.publications[source as usize].active.then_some((source, layer))
    }

    /// Asks the client for a keyframe of one layer.
    pub(crate) fn ask_keyframe(&mut self, source: Source, layer: usize) -> bool {
        let Some(mid) = self.publications[source as usize].mid else { return false };
        let ssrc = self.ssrcs.iter().find(|(_, s, l)| (*s, *l) == (source, layer)).map(|s| s.0);
        let mut api = self.rtc.direct_api();
        let stream = match ssrc {
            Some(ssrc) => api.stream_rx(&ssrc),
            None => api.stream_rx_by_mid(mid, None),
        };
        stream.map(|s| s.request_keyframe(KeyframeRequestKind::Pli)).is_some()
    }

    /// Tells the estimator what to sustain and what to look for. Padding is not kept up on a path
    /// that is squeezed: there it would push the sound aside.
    pub(crate) fn probe_for(&mut self, minimum_bps: u64, desired_bps: u64, squeezed: bool) {
        let wish = (minimum_bps, desired_bps, squeezed);
        if std::mem::replace(&mut self.probing, wish) != wish {
            let mut bwe = self.rtc.bwe();
            bwe.set_bitrate(Bitrate::from(minimum_bps), Bitrate::from(desired_bps));
            bwe.set_padding_floor(Bitrate::from(if squeezed { 0 } else { PADDING_FLOOR_BPS }));
        }
    }

    /// Sends the next ping, 8 bytes big-endian.
    pub(crate) fn ping(&mut self) {
        let Some(id) = self.channel.filter(|_| self.channel_open) else { return };
        if let Some(mut channel) = self.rtc.channel(id) {
            // What the path does not take is not worth queueing.
            if channel.buffered_amount() < 1_024 {
                self.ping_counter += 1;
                if channel.write(true, &self.ping_counter.to_be_bytes()).is_err() {
                    self.channel_open = false;
                }
            }
        }
    }
}

/// The str0m settings of every transport: ICE-lite, RTP mode, DTLS 1.2 (with 1.3 the stack settles
/// on AES-CM with SHA-1, which costs several times as much as AES-GCM), Opus, VP8 and H.264.
fn rtc_config(crypto: Arc<CryptoProvider>, certificate: DtlsCert) -> RtcConfig {
    let mut config = Rtc::builder()
        .set_crypto_provider(crypto)
        .set_dtls_cert(certificate)
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_stats_interval(Some(crate::config::QUALITY_INTERVAL))
        .enable_bwe(Some(Bitrate::from(INITIAL_ESTIMATE_BPS)))
        .set_extension(6, Extension::AbsoluteCaptureTime)
        .clear_codecs();
    codecs(config.codec_config());
    config
}

/// Opus with forward error correction and discontinuous transmission (RFC 7587 §6.1), VP8 first,
/// H.264 constrained baseline in packetization mode 1 (RFC 6184 §8.1) second.
fn codecs(config: &mut CodecConfig) {
    let opus = FormatParams {
        min_p_time: Some(10),
        use_inband_fec: Some(true),
        use_dtx: Some(true),
        ..FormatParams::default()
    };
    config.add_config(111.into(), None, Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), opus);
    config.enable_vp8(true);
    config.add_h264(108.into(), Some(109.into()), true, 0x42_e0_1f);
}
