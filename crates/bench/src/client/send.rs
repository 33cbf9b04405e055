//! The sending half of a client: its streams as negotiated, and what is written to them.

use std::time::Instant;

use rand::RngExt;
use str0m::format::Codec;
use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::{RtpWrite, Ssrc};
use visit::Source;

use super::Client;
use crate::media::MediaPacket;

/// Written packets that are remembered until they come out.
const MAX_WRITTEN: usize = 512;

/// One of our streams, negotiated.
pub(super) struct OutgoingStream {
    pub source: Source,
    pub layer: usize,
    pub mid: Mid,
    pub rid: Option<Rid>,
    pt: Pt,
    ssrc: Ssrc,
    next_seq: u64,
    timestamp_base: u32,
    /// In the latest list of lines. A stream that comes back goes on with its numbers: the other
    /// side still knows its SSRC.
    pub active: bool,
}

impl Client {
    /// Notes one of our streams as active. False when the negotiation did not give us one.
    pub(super) fn map_stream(
        &mut self,
        source: Source,
        layer: usize,
        mid: Mid,
        rid: Option<Rid>,
    ) -> bool {
        let Some((pt, ssrc)) = self.negotiated(mid, rid, source) else { return false };
        let known = |s: &&mut OutgoingStream| s.source == source && s.layer == layer;
        if let Some(stream) = self.streams.iter_mut().find(known).filter(|s| s.ssrc == ssrc) {
            stream.active = true;
            return true;
        }
        self.streams.retain(|s| (s.source, s.layer) != (source, layer));
        self.streams.push(OutgoingStream {
            source,
            layer,
            mid,
            rid,
            pt,
            ssrc,
            // RFC 3550 §5.1 wants a random start; the lower half keeps the first roll-over away
            // from the first packets.
            next_seq: u64::from(self.rng.random_range(0..0x8000_u16)),
            timestamp_base: self.rng.random(),
            active: true,
        });
        true
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

    pub(super) fn write(&mut self, now: Instant, packet: MediaPacket) {
        let wanted = |s: &&mut OutgoingStream| {
            s.active && s.source == packet.source && s.layer == packet.layer
        };
        let Some(stream) = self.streams.iter_mut().find(wanted) else { return };
        let mut api = self.rtc.direct_api();
        let Some(tx) = api.stream_tx(&stream.ssrc) else { return };
        let seq = stream.next_seq;
        stream.next_seq += 1;
        if let Some(id) = packet.id {
            self.written.push_back((*stream.ssrc, seq as u16, id));
            // What str0m threw away never comes out.
            if self.written.len() > MAX_WRITTEN {
                self.written.pop_front();
            }
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
    pub(super) fn take_id(&mut self, head: (u32, u16)) -> Option<u64> {
        let at = self.written.iter().position(|w| (w.0, w.1) == head)?;
        self.written.remove(at).map(|w| w.2)
    }
}

/// SSRC and sequence number of an RTP packet; the header is not encrypted (RFC 3711 §3.1). None for
/// RTCP (RFC 5761 §4), STUN and DTLS (RFC 7983).
pub(super) fn rtp_ssrc_and_seq(datagram: &[u8]) -> Option<(u32, u16)> {
    let head = datagram.first_chunk::<12>()?;
    let is_rtp = (128..192).contains(&head[0]) && !(64..96).contains(&(head[1] & 0x7f));
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    is_rtp.then(|| (ssrc, u16::from_be_bytes([head[2], head[3]])))
}
