//! IVF, the plain container of VP8 frames: a 32-byte file header, then a 12-byte header before each
//! frame, all little-endian (<https://wiki.multimedia.cx/index.php/Duck_IVF>).
//!
//! Reads whole files from memory and copies nothing. It never decodes a picture.

use std::ops::Range;

const FILE_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 12;

/// Why a file is not IVF with VP8 as this reader takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IvfError {
    /// The file ends inside its header or inside a frame.
    #[error("the IVF file is truncated")]
    Truncated,
    /// The first four bytes are not `DKIF`, or the version or header length is another one.
    #[error("this is not an IVF file of version 0")]
    NotIvf,
    /// The codec is not `VP80`.
    #[error("the IVF file does not hold VP8")]
    NotVp8,
    /// A rate of zero frames per second, or a zero time base.
    #[error("the IVF file has no frame rate")]
    NoRate,
    /// Time stamps that are not 0, 1, 2, …
    #[error("the IVF file does not have one frame per time step")]
    UnevenTime,
    /// A frame without bytes.
    #[error("the IVF file has an empty frame")]
    EmptyFrame,
}

/// One frame in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IvfFrame {
    /// Where its bytes lie in the file.
    pub bytes: Range<usize>,
    /// Whether it can be decoded on its own (RFC 6386 §9.1: the lowest bit of the first byte is 0).
    pub keyframe: bool,
}

/// What an IVF file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ivf {
    /// Width in pixels.
    pub width_px: u16,
    /// Height in pixels.
    pub height_px: u16,
    /// Frames per second, as a fraction: numerator and denominator, both above 0.
    pub rate: (u32, u32),
    /// The frames in order.
    pub frames: Vec<IvfFrame>,
}

impl Ivf {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`IvfError`], see there. Any input ends in a result, none in a panic.
    pub fn read(file: &[u8]) -> Result<Self, IvfError> {
        let header = file.first_chunk::<FILE_HEADER_BYTES>().ok_or(IvfError::Truncated)?;
        let u16_at = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let u32_at = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if &header[..4] != b"DKIF" || u16_at(4) != 0 || usize::from(u16_at(6)) != FILE_HEADER_BYTES
        {
            return Err(IvfError::NotIvf);
        }
        if &header[8..12] != b"VP80" {
            return Err(IvfError::NotVp8);
        }
        let rate = (u32_at(16), u32_at(20));
        if rate.0 == 0 || rate.1 == 0 {
            return Err(IvfError::NoRate);
        }

        // The frame count in the header is not used: writers that stream leave it at zero.
        let mut frames = Vec::new();
        let mut at = FILE_HEADER_BYTES;
        while at < file.len() {
            let head = file
                .get(at..)
                .and_then(|rest| rest.first_chunk::<FRAME_HEADER_BYTES>())
                .ok_or(IvfError::Truncated)?;
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let time = u64::from_le_bytes([
                head[4], head[5], head[6], head[7], head[8], head[9], head[10], head[11],
            ]);
            if time != frames.len() as u64 {
                return Err(IvfError::UnevenTime);
            }
            let start = at + FRAME_HEADER_BYTES;
            let end = start.checked_add(length).ok_or(IvfError::Truncated)?;
            let bytes = file.get(start..end).ok_or(IvfError::Truncated)?;
            let first = bytes.first().ok_or(IvfError::EmptyFrame)?;
            frames.push(IvfFrame { bytes: start..end, keyframe: first & 1 == 0 });
            at = end;
        }
        Ok(Self { width_px: u16_at(12), height_px: u16_at(14), rate, frames })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(frames: &[&[u8]]) -> Vec<u8> {
        let mut file = b"DKIF\0\0\x20\0VP80".to_vec();
        file.extend([64, 1, 180, 0]);
        file.extend(20_u32.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend([0; 8]);
        for (time, frame) in frames.iter().enumerate() {
            file.extend((frame.len() as u32).to_le_bytes());
            file.extend((time as u64).to_le_bytes());
            file.extend(*frame);
        }
        file
    }

    #[test]
    fn frames_come_back_with_size_rate_and_keyframes() {
        let file = file(&[&[0x10, 1, 2], &[0x11, 9]]);
        let ivf = Ivf::read(&file).unwrap();
        assert_eq!((ivf.width_px, ivf.height_px, ivf.rate), (320, 180, (20, 1)));
        let frames: Vec<_> =
            ivf.frames.iter().map(|f| (&file[f.bytes.clone()], f.keyframe)).collect();
        assert_eq!(frames, [(&[0x10, 1, 2][..], true), (&[0x11, 9][..], false)]);
    }

    #[test]
    fn every_truncation_is_an_error_or_a_whole_number_of_frames() {
        let file = file(&[&[0x10, 1, 2], &[0x11, 9]]);
        for end in 0..file.len() {
            match Ivf::read(&file[..end]) {
                Err(e) => assert_eq!(e, IvfError::Truncated, "{end}"),
                Ok(ivf) => assert!(matches!((end, ivf.frames.len()), (32, 0) | (47, 1)), "{end}"),
            }
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        let good = file(&[&[0x10]]);
        let cases: [(usize, &[u8], IvfError); 8] = [
            (0, b"RIFF", IvfError::NotIvf),
            (4, &[1], IvfError::NotIvf),
            (6, &[33], IvfError::NotIvf),
            (8, b"AV01", IvfError::NotVp8),
            (16, &[0], IvfError::NoRate),
            (20, &[0], IvfError::NoRate),
            (32, &[0xff, 0xff, 0xff, 0xff], IvfError::Truncated),
            (36, &[1], IvfError::UnevenTime),
        ];
        for (at, bytes, error) in cases {
            let mut bad = good.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            assert_eq!(Ivf::read(&bad), Err(error), "at {at}");
        }
        assert_eq!(Ivf::read(&file(&[&[]])), Err(IvfError::EmptyFrame));
    }
}
