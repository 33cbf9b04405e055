//! The parsers and the rewriter, laid open for fuzzing and for the replay of what it found. Nothing
//! here is part of the interface, and nothing here does anything of its own.

use std::time::Instant;

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use crate::demux::{self, Kind};
use crate::forward::{Rewriter, VideoMeta};
use crate::{RefusalCode, io, sdp_guard};

/// What a datagram is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A STUN binding request and our user fragment in it.
    Check(&'a str),
    /// DTLS, RTP or RTCP.
    Media,
    /// Nothing that belongs here.
    Garbage,
}

/// Classifies a datagram by its bytes alone.
#[must_use]
pub fn classify(datagram: &[u8]) -> Seen<'_> {
    match demux::kind(datagram) {
        Kind::Check(ufrag) => Seen::Check(ufrag),
        Kind::Media => Seen::Media,
        Kind::Garbage => Seen::Garbage,
    }
}

/// The limits on a session description.
///
/// # Errors
/// The limit that was exceeded.
pub fn check_sdp(sdp: &str) -> Result<(), RefusalCode> {
    sdp_guard::check(sdp)
}

/// Whether `answer` has the m-lines of `offer`.
#[must_use]
pub fn answer_fits(offer: &str, answer: &str) -> bool {
    sdp_guard::fits(offer, answer)
}

/// Cuts what came over TCP into frames; the start of an incomplete one stays in `partial`.
pub fn deframe(partial: &mut Vec<u8>, input: &[u8], frame: impl FnMut(&[u8])) {
    io::deframe(partial, input, frame);
}

/// Adds a frame to what goes out over TCP.
pub fn put_frame(stream: &mut Vec<u8>, frame: &[u8]) {
    io::put_frame(stream, frame);
}

/// What the payload of a video packet tells.
#[derive(Clone, Copy)]
pub struct Video {
    /// The VP8 descriptor, if it could be read.
    pub vp8: Option<Vp8Descriptor>,
    /// The packet is the first of a keyframe.
    pub keyframe: bool,
    /// Picture size, pixels.
    pub size_px: Option<(u16, u16)>,
}

impl From<VideoMeta> for Video {
    fn from(meta: VideoMeta) -> Self {
        Self { vp8: meta.vp8, keyframe: meta.keyframe, size_px: meta.size_px }
    }
}

/// Reads a VP8 payload.
#[must_use]
pub fn vp8(payload: &[u8]) -> Video {
    VideoMeta::vp8(payload).into()
}

/// Reads an H.264 payload.
#[must_use]
pub fn h264(payload: &[u8]) -> Video {
    VideoMeta::h264(payload).into()
}

/// One viewer's m-line.
pub struct Stream(Rewriter);

impl Stream {
    /// A stream at `clock_hz`; `random` gives its first numbers.
    #[must_use]
    pub fn new(clock_hz: u32, random: u64) -> Self {
        Self(Rewriter::new(clock_hz, random))
    }

    /// The next packet starts another feed.
    pub fn change_feed(&mut self) {
        self.0.change_feed();
    }

    /// Sequence number, timestamp and VP8 patch of the packet that goes out; `None` to drop it.
    pub fn rewrite(
        &mut self,
        now: Instant,
        seq: u64,
        timestamp: u32,
        vp8: Option<&Vp8Descriptor>,
    ) -> Option<(u64, u32, Option<Vp8Patch>)> {
        self.0.rewrite(now, seq, timestamp, vp8).map(|out| (out.seq, out.timestamp, out.patch))
    }
}
