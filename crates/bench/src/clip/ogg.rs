//! Opus in Ogg: pages with checksums (RFC 3533), an identification and a comment header, then one
//! Opus packet after the other (RFC 7845).
//!
//! Reads whole files from memory with exactly one logical stream. It never decodes sound.

/// Samples per second of every Opus time stamp (RFC 7845 §4).
pub const OPUS_CLOCK_HZ: u32 = 48_000;

const PAGE_HEADER_BYTES: usize = 27;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Why a file is not Opus in Ogg as this reader takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OggError {
    /// The file ends inside a page, inside a packet, or without a last page.
    #[error("the Ogg file is truncated")]
    Truncated,
    /// A page does not start with `OggS` and version 0.
    #[error("this is not an Ogg file of version 0")]
    NotOgg,
    /// A page's checksum is wrong.
    #[error("the Ogg file is damaged: a checksum does not match")]
    Checksum,
    /// Pages are missing, out of order, or belong to more than one stream.
    #[error("the Ogg file has pages missing or holds more than one stream")]
    Sequence,
    /// The first packet is not an Opus identification header of version 1, or the second is not an
    /// Opus comment header.
    #[error("the Ogg file does not hold Opus")]
    NotOpus,
    /// Not one channel.
    #[error("the Opus stream is not mono")]
    NotMono,
    /// A packet that is empty, above 1,275 bytes per frame (RFC 6716 §3.4), or not one frame of 20 ms.
    #[error("the Opus stream has a packet that is not one frame of 20 ms")]
    NotTwentyMs,
}

/// What an Ogg file with Opus holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusFile {
    /// Samples at the start that a player drops, at [`OPUS_CLOCK_HZ`].
    pub pre_skip: u16,
    /// The packets, 20 ms each, without the two headers.
    pub packets: Vec<Vec<u8>>,
}

impl OpusFile {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`OggError`], see there. Any input ends in a result, none in a panic.
    pub fn read(file: &[u8]) -> Result<Self, OggError> {
        let mut packets = packets(file)?.into_iter();
        let id = packets.next().ok_or(OggError::Truncated)?;
        let pre_skip = identification(&id)?;
        let comment = packets.next().ok_or(OggError::Truncated)?;
        if !comment.starts_with(b"OpusTags") {
            return Err(OggError::NotOpus);
        }
        let packets: Vec<_> = packets.collect();
        if packets.iter().all(|p| is_one_frame_of_20_ms(p)) {
            Ok(Self { pre_skip, packets })
        } else {
            Err(OggError::NotTwentyMs)
        }
    }
}

/// Takes the pages apart and puts the packets together.
fn packets(file: &[u8]) -> Result<Vec<Vec<u8>>, OggError> {
    let mut packets = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    let mut stream = None;
    let mut rest = file;
    for number in 0_u32.. {
        let page = Page::read(rest)?;
        rest = rest.get(page.bytes..).ok_or(OggError::Truncated)?;

        let same_stream = *stream.get_or_insert(page.stream) == page.stream;
        let first = page.flags & FIRST != 0;
        let continued = page.flags & CONTINUED != 0;
        if !same_stream
            || page.number != number
            || first != (number == 0)
            || continued != open.is_some()
        {
            return Err(OggError::Sequence);
        }
        let mut body = page.body;
        for &lace in page.lacing {
            // Each lacing value is a length; 255 says that the packet goes on (RFC 3533 §5).
            let (part, after) =
                body.split_at_checked(usize::from(lace)).ok_or(OggError::Truncated)?;
            body = after;
            open.get_or_insert_default().extend_from_slice(part);
            if lace < 255 {
                packets.extend(open.take());
            }
        }
        if page.flags & LAST != 0 {
            return match (open, rest) {
                (None, []) => Ok(packets),
                (Some(_), _) => Err(OggError::Truncated),
                (None, _) => Err(OggError::Sequence),
            };
        }
    }
    Err(OggError::Sequence)
}

struct Page<'a> {
    flags: u8,
    stream: u32,
    number: u32,
    lacing: &'a [u8],
    body: &'a [u8],
    bytes: usize,
}

impl<'a> Page<'a> {
    fn read(data: &'a [u8]) -> Result<Self, OggError> {
        let head = data.first_chunk::<PAGE_HEADER_BYTES>().ok_or(OggError::Truncated)?;
        if &head[..5] != b"OggS\0" {
            return Err(OggError::NotOgg);
        }
        let u32_at =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let body_at = PAGE_HEADER_BYTES + usize::from(head[26]);
        let lacing = data.get(PAGE_HEADER_BYTES..body_at).ok_or(OggError::Truncated)?;
        let length: usize = lacing.iter().map(|l| usize::from(*l)).sum();
        let body = data.get(body_at..body_at + length).ok_or(OggError::Truncated)?;
        let bytes = body_at + length;
        if checksum(&data[..bytes]) != u32_at(22) {
            return Err(OggError::Checksum);
        }
        Ok(Self { flags: head[5], stream: u32_at(14), number: u32_at(18), lacing, body, bytes })
    }
}

/// The page checksum: CRC-32 with polynomial 0x04c11db7, not reflected, starting at 0, over the page
/// with its checksum field taken as zero (RFC 3533 §6).
fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0_u32, |crc, (at, byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { *byte };
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            (crc << 1) ^ if crc & 0x8000_0000 == 0 { 0 } else { 0x04c1_1db7 }
        })
    })
}

/// The identification header (RFC 7845 §5.1): version, channels, pre-skip.
fn identification(packet: &[u8]) -> Result<u16, OggError> {
    let head = packet.first_chunk::<19>().ok_or(OggError::NotOpus)?;
    // The upper half of the version byte is the major version: 0.
    if !head.starts_with(b"OpusHead") || head[8] & 0xf0 != 0 {
        return Err(OggError::NotOpus);
    }
    if head[9] != 1 {
        return Err(OggError::NotMono);
    }
    Ok(u16::from_le_bytes([head[10], head[11]]))
}

/// Reads the table-of-contents byte (RFC 6716 §3.1).
fn is_one_frame_of_20_ms(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else { return false };
    let config = toc >> 3;
    let twenty_ms = match config {
        0..=11 => config % 4 == 1,
        12..=15 => config % 2 == 1,
        _ => config % 4 == 3,
    };
    twenty_ms && toc & 3 == 0 && packet.len() <= 1_276
}

#[cfg(test)]
#[path = "ogg_tests.rs"]
mod tests;
