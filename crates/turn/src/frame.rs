//! Messages in a stream, and the header of channel data.
//!
//! In a stream each message says its own length; channel data is padded to four bytes there and the
//! length does not count the padding (RFC 8656 §12.5). Owns one buffer of fixed size per
//! connection. Never waits and never guesses: what cannot be the start of a message ends the stream.

/// Longest message that is taken, in bytes, header included. Media and data channels stay below
/// 1,500; more is not relayed.
pub const MAX_MESSAGE_BYTES: usize = 4_096;

/// Bytes before the data of a channel message.
pub const CHANNEL_HEADER_BYTES: usize = 4;

/// Bytes before the attributes of a STUN message (RFC 8489 §5).
const STUN_HEADER_BYTES: usize = 20;

/// Room for a few messages, so that one read takes a burst.
const BUFFER_BYTES: usize = 4 * MAX_MESSAGE_BYTES;

/// Numbers that a channel may have. RFC 8656 §12 asks clients to stay below 0x5000; clients of
/// RFC 5766 (§11) draw from all of these, and nothing here is in the way of that.
pub const CHANNEL_NUMBERS: std::ops::RangeInclusive<u16> = 0x4000..=0x7ffe;

/// What a TURN client sends, by the upper bits of the first byte (RFC 8656 §12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A STUN message.
    Stun,
    /// Channel data.
    Channel,
}

impl Kind {
    /// Tells by the first byte of a message, or `None` for what is neither.
    #[must_use]
    pub const fn of(first: u8) -> Option<Self> {
        match first {
            0..=3 => Some(Self::Stun),
            0x40..=0x7f => Some(Self::Channel),
            _ => None,
        }
    }
}

/// Whether a stream whose first byte is this one speaks TURN. For a server that shares a port with
/// HTTP: it asks about the first byte inside TLS. A stream begins with a STUN message, since there is
/// no channel before an allocation; methods of HTTP are letters, which would look like channels.
#[must_use]
pub const fn begins_turn(first: u8) -> bool {
    matches!(Kind::of(first), Some(Kind::Stun))
}

/// The stream cannot be a TURN client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It does not begin like a message.
    #[error("the stream carries something else than TURN")]
    NotTurn,
    /// The message is longer than [`MAX_MESSAGE_BYTES`].
    #[error("a message in the stream is too long")]
    TooLong,
}

/// Cuts a stream into messages.
pub struct Deframer {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Default for Deframer {
    fn default() -> Self {
        Self { buffer: vec![0; BUFFER_BYTES].into(), start: 0, end: 0 }
    }
}

impl Deframer {
    /// Where the next bytes of the stream go. Never empty after [`Self::next_frame`] gave `None`.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Says that `n` bytes were written to the start of [`Self::space`].
    pub fn filled(&mut self, n: usize) {
        self.end = (self.end + n).min(self.buffer.len());
    }

    /// The next whole message without padding, or `None` until more bytes came.
    ///
    /// # Errors
    /// [`FrameError`]: close the stream. The place of the next message is not known any more.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let held = &self.buffer[self.start..self.end];
        let Some((length, padded)) = length_of(held)? else { return Ok(None) };
        if held.len() < padded {
            return Ok(None);
        }
        let at = self.start;
        self.start += padded;
        Ok(Some(&self.buffer[at..at + length]))
    }
}

/// Length of the message at the start of `held`, without and with padding.
fn length_of(held: &[u8]) -> Result<Option<(usize, usize)>, FrameError> {
    let Some(first) = held.first() else { return Ok(None) };
    let kind = Kind::of(*first).ok_or(FrameError::NotTurn)?;
    let Some(&[_, _, high, low]) = held.first_chunk() else { return Ok(None) };
    let body = usize::from(u16::from_be_bytes([high, low]));
    let length = match kind {
        Kind::Channel => CHANNEL_HEADER_BYTES + body,
        // Attributes are padded, so the length is too (RFC 8489 §5).
        Kind::Stun if body % 4 != 0 => return Err(FrameError::NotTurn),
        Kind::Stun => STUN_HEADER_BYTES + body,
    };
    if length > MAX_MESSAGE_BYTES {
        return Err(FrameError::TooLong);
    }
    Ok(Some((length, padded(length))))
}

/// A length with its padding to four bytes.
#[must_use]
pub const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// Channel number and data of a channel message, or `None` if it is cut short. What follows the data
/// is padding; a datagram may have some too (RFC 8656 §12.5).
#[must_use]
pub fn channel_data(message: &[u8]) -> Option<(u16, &[u8])> {
    let (&[n0, n1, l0, l1], rest) = message.split_first_chunk()?;
    let data = rest.get(..usize::from(u16::from_be_bytes([l0, l1])))?;
    Some((u16::from_be_bytes([n0, n1]), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of many lengths, odd ones too, and the stream that carries them.
    fn stream() -> (Vec<Vec<u8>>, Vec<u8>) {
        let (mut messages, mut bytes) = (Vec::new(), Vec::new());
        for length in [0_usize, 1, 2, 3, 4, 5, 168, 169, 170, 171, 1_100, 4_089, 4_090, 4_092] {
            let mut message = vec![0x40, 0x07];
            message.extend_from_slice(&u16::try_from(length).expect("short").to_be_bytes());
            message.extend((0..length).map(|i| i as u8));
            bytes.extend_from_slice(&message);
            bytes.resize(padded(bytes.len()), 0xee);
            messages.push(message);
            let mut stun = vec![0x00, 0x01, 0x00, 0x08];
            stun.extend_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
            stun.resize(28, length as u8);
            bytes.extend_from_slice(&stun);
            messages.push(stun);
        }
        (messages, bytes)
    }

    fn feed(deframer: &mut Deframer, mut bytes: &[u8], out: &mut Vec<Vec<u8>>) {
        while !bytes.is_empty() {
            let space = deframer.space();
            let n = space.len().min(bytes.len());
            assert!(n > 0, "there is always room for the rest of a message");
            space[..n].copy_from_slice(&bytes[..n]);
            deframer.filled(n);
            bytes = &bytes[n..];
            while let Some(frame) = deframer.next_frame().expect("a good stream") {
                out.push(frame.to_vec());
            }
        }
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_messages() {
        let (messages, bytes) = stream();
        for cut in 0..=bytes.len() {
            let (mut deframer, mut out) = (Deframer::default(), Vec::new());
            feed(&mut deframer, &bytes[..cut], &mut out);
            feed(&mut deframer, &bytes[cut..], &mut out);
            assert!(out == messages, "cut at {cut}");
        }
        let (mut deframer, mut out) = (Deframer::default(), Vec::new());
        bytes.chunks(1).for_each(|byte| feed(&mut deframer, byte, &mut out));
        assert!(out == messages, "byte by byte");
    }

    #[test]
    fn what_is_not_turn_ends_the_stream_at_its_first_byte() {
        for first in (4..0x40).chain(0x80..=0xff) {
            let mut deframer = Deframer::default();
            deframer.space()[0] = first;
            deframer.filled(1);
            assert_eq!(deframer.next_frame(), Err(FrameError::NotTurn));
        }
        for (header, error) in [
            ([0x00, 0x01, 0x00, 0x07], FrameError::NotTurn),
            ([0x00, 0x01, 0x10, 0x00], FrameError::TooLong),
            ([0x40, 0x00, 0x0f, 0xfd], FrameError::TooLong),
            ([0x40, 0x00, 0xff, 0xff], FrameError::TooLong),
        ] {
            let mut deframer = Deframer::default();
            deframer.space()[..4].copy_from_slice(&header);
            deframer.filled(4);
            assert_eq!(deframer.next_frame(), Err(error));
        }
    }

    #[test]
    fn no_http_request_begins_like_turn() {
        assert!(begins_turn(0x00) && begins_turn(0x01));
        assert!((b'A'..=b'z').all(|first| !begins_turn(first)));
        assert!(!begins_turn(0x16), "nor does a TLS handshake");
    }

    #[test]
    fn channel_data_may_be_padded_and_never_cut_short() {
        assert_eq!(channel_data(&[0x40, 1, 0, 2, 7, 8, 0, 0]), Some((0x4001, &[7, 8][..])));
        assert_eq!(channel_data(&[0x40, 1, 0, 0]), Some((0x4001, &[][..])));
        for short in [&[][..], &[0x40], &[0x40, 1, 0], &[0x40, 1, 0, 3, 7, 8]] {
            assert_eq!(channel_data(short), None);
        }
    }
}
