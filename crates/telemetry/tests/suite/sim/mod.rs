//! A small seeded simulator of one direction of a call, packet by packet.
//!
//! It stands for what cannot run in a unit test: two browsers, two paths and a loaded server. It
//! models what those do to the figures, side effects included: queues that fill, estimates that waver
//! with jitter and loss, late feedback of busy devices, sockets that overflow under a late loop, frames
//! that wait for lost packets. It knows nothing of the rules under test and hands over raw figures only.

mod receiver;
mod way;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use receiver::Receiver;
use std::ops::Range;
use telemetry::Ends;
use telemetry::input::{
    CandidateKind, Check, LimitedBy, Protocol, RawLink, RawSendAudio, RawSendVideo, RawTransport,
    SourceState,
};
use way::{Path, Server, downlink_estimate};

/// Measured from here to there, ms; before it everything settles.
const FROM_MS: f64 = 5_000.0;
const TO_MS: f64 = 10_000.0;
const FRAME_MS: f64 = 1_000.0 / 30.0;
/// What a full picture takes, bit/s.
const FULL_BPS: f64 = 1_500_000.0;
/// The smaller layers of the camera, bit/s.
const LAYERS_BPS: [f64; 2] = [450_000.0, 120_000.0];
const VOICE_BYTES: f64 = 120.0;

/// One path as it is.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    pub base_ms: f64,
    /// Mean of the additional delay, which changes every few packets.
    pub jitter_ms: f64,
    /// 0–1, in short runs.
    pub loss: f64,
    pub rate_bps: f64,
}

/// One direction as it is. Starts healthy; faults are put in by changing it.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub up: Hop,
    pub down: Hop,
    pub encode_ms: f64,
    pub decode_ms: f64,
    /// Mean length of the stalls of the server's loop.
    pub stall_ms: f64,
    pub mic: SourceState,
    pub camera: SourceState,
}

/// Random numbers of one seed.
pub struct Dice(StdRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub fn within(&mut self, range: Range<f64>) -> f64 {
        self.0.random_range(range)
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.0.random_range(0.0..1.0) < share
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.0.random_range(f64::EPSILON..1.0).ln()
    }
}

impl Scene {
    /// A call without a fault, as different as such calls are.
    pub fn healthy(dice: &mut Dice) -> Self {
        let mut hop = || Hop {
            base_ms: dice.within(5.0..60.0),
            jitter_ms: dice.within(0.0..5.0),
            loss: dice.within(0.0..0.008),
            rate_bps: dice.within(4e6..20e6),
        };
        let (up, down) = (hop(), hop());
        Self {
            up,
            down,
            encode_ms: dice.within(4.0..12.0),
            decode_ms: dice.within(2.0..8.0),
            stall_ms: dice.within(0.1..1.5),
            mic: SourceState::Live,
            camera: SourceState::Live,
        }
    }

    /// Runs for ten seconds and gives what everybody measured in the last five.
    pub fn run(&self, dice: &mut Dice) -> Ends {
        let send = Sender::run(self, dice);
        let mut up = Path::new(self.up);
        let mut server = Server::new(self, dice);
        let mut down = Path::new(self.down);
        let estimate_bps = downlink_estimate(self, dice);
        let room_bps = estimate_bps - 60_000.0;
        let layer_bps = std::iter::once(send.target_bps)
            .chain(LAYERS_BPS)
            .find(|bps| *bps <= room_bps && *bps <= send.target_bps)
            .unwrap_or(0.0);
        let mut receiver = Receiver::default();
        for packet in &send.packets {
            let Some(arrived_ms) = up.carry(packet.sent_ms, packet.bytes, dice) else {
                server.missed(packet);
                // Video is asked for again; sound is not.
                if let Some(frame) = packet.frame {
                    let again_ms = packet.sent_ms + 3.0 * self.up.base_ms + 20.0;
                    let repaired = !dice.chance(self.up.loss) && layer_bps > 0.0;
                    receiver.frame(frame, repaired.then_some(again_ms + self.down.base_ms));
                }
                continue;
            };
            let Some(forwarded_ms) = server.take(packet, arrived_ms, dice) else { continue };
            if packet.frame.is_some() && layer_bps == 0.0 {
                continue;
            }
            let share = if packet.frame.is_some() { layer_bps / send.target_bps } else { 1.0 };
            let delivered = down.carry(forwarded_ms, packet.bytes * share, dice);
            match (packet.frame, delivered) {
                (Some(frame), None) => {
                    let again_ms = forwarded_ms + 3.0 * self.down.base_ms + 20.0;
                    receiver.frame(frame, (!dice.chance(self.down.loss)).then_some(again_ms));
                }
                (Some(frame), Some(at_ms)) => receiver.frame(frame, Some(at_ms)),
                (None, at_ms) => receiver.voice.push((packet.sent_ms, at_ms)),
            }
        }
        let measured = Measured { scene: self, send: &send, up: &up, server: &server, down: &down };
        measured.report(&receiver, estimate_bps, layer_bps, dice)
    }
}

/// One packet; `frame` is the number of its picture, none for sound.
struct Packet {
    sent_ms: f64,
    bytes: f64,
    frame: Option<usize>,
}

struct Sender {
    packets: Vec<Packet>,
    captured: f64,
    encoded: f64,
    encoding_ms: f64,
    voice_sent: f64,
    target_bps: f64,
    available_bps: f64,
    limited_by: LimitedBy,
    /// Width and height, pixels.
    size: (f64, f64),
}

impl Sender {
    fn run(scene: &Scene, dice: &mut Dice) -> Self {
        // Estimators take heavy loss, and sometimes heavy jitter, for a narrow path.
        let mut available_bps = (0.95 * scene.up.rate_bps).min(3e6) * dice.within(0.85..1.05);
        if scene.up.loss > 0.1 {
            available_bps *= dice.within(0.3..0.7);
        }
        if scene.up.jitter_ms > 30.0 && dice.chance(0.4) {
            available_bps *= dice.within(0.3..0.8);
        }
        let target_bps = (available_bps - 60_000.0).clamp(60_000.0, FULL_BPS);
        let busy = scene.encode_ms / FRAME_MS;
        // With several sizes the larger ones are left out, and nothing is said about it.
        let left_out = target_bps < 0.4 * FULL_BPS && dice.chance(0.5);
        let limited_by = if busy > 0.9 && dice.chance(0.8) {
            LimitedBy::Cpu
        } else if left_out {
            LimitedBy::None
        } else if target_bps < 0.8 * FULL_BPS {
            LimitedBy::Bandwidth
        } else {
            LimitedBy::None
        };
        let mut this = Self {
            packets: Vec::new(),
            captured: 0.0,
            encoded: 0.0,
            encoding_ms: 0.0,
            voice_sent: 0.0,
            target_bps,
            available_bps,
            limited_by,
            size: if left_out { (320.0, 180.0) } else { (1_280.0, 720.0) },
        };
        this.voice(scene);
        if scene.camera == SourceState::Live {
            this.camera(scene, dice);
        }
        this.packets.sort_by(|a, b| a.sent_ms.total_cmp(&b.sent_ms));
        this
    }

    fn voice(&mut self, scene: &Scene) {
        let every_ms = match scene.mic {
            SourceState::Live => 20.0,
            // Silence is sent as a packet now and then.
            SourceState::Muted => 400.0,
            SourceState::Absent => return,
        };
        let mut at_ms = 0.0;
        while at_ms < TO_MS {
            self.packets.push(Packet { sent_ms: at_ms, bytes: VOICE_BYTES, frame: None });
            self.voice_sent += f64::from(u8::from(at_ms >= FROM_MS));
            at_ms += every_ms;
        }
    }

    fn camera(&mut self, scene: &Scene, dice: &mut Dice) {
        let (mut at_ms, mut busy_until_ms, mut frame) = (0.0, 0.0, 0);
        while at_ms < TO_MS {
            let counts = f64::from(u8::from(at_ms >= FROM_MS));
            self.captured += counts;
            if busy_until_ms <= at_ms {
                let took_ms = scene.encode_ms * dice.within(0.8..1.2);
                busy_until_ms = at_ms + took_ms;
                self.encoded += counts;
                self.encoding_ms += counts * took_ms;
                let bytes = self.target_bps * FRAME_MS / 8_000.0 * dice.within(0.7..1.3);
                let parts = (bytes / 1_200.0).ceil();
                for part in 0..parts as u32 {
                    let paced_ms = FRAME_MS / 3.0 * f64::from(part) / parts;
                    self.packets.push(Packet {
                        sent_ms: busy_until_ms + paced_ms,
                        bytes: bytes / parts,
                        frame: Some(frame),
                    });
                }
                frame += 1;
            }
            at_ms += FRAME_MS;
        }
    }
}

struct Measured<'a> {
    scene: &'a Scene,
    send: &'a Sender,
    up: &'a Path,
    server: &'a Server,
    down: &'a Path,
}

impl Measured<'_> {
    fn report(&self, heard: &Receiver, estimate_bps: f64, layer_bps: f64, dice: &mut Dice) -> Ends {
        let mut check = Check::new(TO_MS - FROM_MS).unwrap_or_else(|e| panic!("{e}"));
        let (scene, lag_ms) = (self.scene, self.server.lag_ms());
        let share = dice.within(0.2..1.0);
        let transport = |rtt_ms: f64| RawTransport {
            rtt_ms: Some(rtt_ms + lag_ms * share),
            loop_lag_ms: Some(lag_ms),
            age_ms: Some(60_000.0),
            ..RawTransport::default()
        };
        let missed_pct = self.server.missed / self.server.expected.max(1.0) * 100.0;
        let uplink = RawTransport {
            uplink_loss_pct: Some(missed_pct),
            uplink_jitter_ms: Some(self.server.jitter.jitter_ms),
            ..transport(self.up.rtt_ms())
        };
        let downlink = RawTransport {
            downlink_loss_pct: Some(self.down.loss_pct()),
            downlink_estimate_bps: Some(estimate_bps),
            // With a narrow uplink there is no more to want than what comes.
            downlink_wanted_bps: Some(self.send.target_bps + 60_000.0),
            ..transport(self.down.rtt_ms())
        };
        let late_ms = if scene.decode_ms > FRAME_MS { dice.within(0.0..80.0) } else { 0.0 };
        let link = |rtt_ms: f64, available_outgoing_bps: Option<f64>| RawLink {
            rtt_ms: Some(rtt_ms),
            available_outgoing_bps,
            candidate: Some(CandidateKind::ServerReflexive),
            protocol: Some(Protocol::Udp),
            ..RawLink::default()
        };
        let send_audio = RawSendAudio {
            source: scene.mic,
            packets_sent: Some(self.send.voice_sent),
            remote_packets_lost: Some(self.server.voice_missed),
            remote_jitter_ms: Some(self.server.jitter.jitter_ms),
        };
        let send_video = RawSendVideo {
            rests: None,
            source: scene.camera,
            frames_captured: Some(self.send.captured),
            frames_encoded: Some(self.send.encoded),
            encode_ms: Some(self.send.encoding_ms),
            limited_by: Some(self.send.limited_by),
            width_px: Some(self.send.size.0),
            height_px: Some(self.send.size.1),
        };
        let audio = heard.hear(dice, scene);
        let mut video = heard.see(dice, scene, layer_bps);
        if dice.chance(0.2) {
            // Not every browser counts freezes.
            (video.freeze_count, video.freeze_ms) = (None, None);
        }
        let available_bps = dice.chance(0.8).then_some(self.send.available_bps);
        let ends = Ends {
            sender_link: Some(link(self.up.rtt_ms() + lag_ms, available_bps).check(&mut check)),
            send_audio: Some(send_audio.check(&mut check)),
            send_video: Some(send_video.check(&mut check)),
            uplink: Some(uplink.check(&mut check)),
            downlink: Some(downlink.check(&mut check)),
            receiver_link: Some(
                link(self.down.rtt_ms() + lag_ms + late_ms, None).check(&mut check),
            ),
            receive_audio: Some(audio.check(&mut check)),
            receive_video: Some(video.check(&mut check)),
        };
        assert_eq!(check.ignored(), 0, "the simulator said something impossible");
        ends
    }
}
