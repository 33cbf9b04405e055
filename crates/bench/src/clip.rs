//! The clip that synthetic people play: moving pictures in three sizes and speech, made by this
//! project (see `assets/README.md`).
//!
//! Owns the reading of the files and the order of frames. It never encodes or decodes, and keeps no
//! time: [`crate::media`] does.

pub mod ivf;
pub mod ogg;

use std::ops::Range;
use std::sync::OnceLock;

use ivf::{Ivf, IvfError, IvfFrame};
use ogg::{OggError, OpusFile};

/// Number of simulcast layers, smallest picture first, as in [`sfu::RIDS`].
pub const LAYERS: usize = 3;

/// Length of one Opus packet of the clip, in ms.
pub const PACKET_MS: u32 = 20;

/// Why files do not make a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    /// A picture file cannot be read.
    #[error("layer {layer} of the clip cannot be read: {error}")]
    Picture {
        /// Which layer, 0 is the smallest.
        layer: usize,
        /// Why.
        error: IvfError,
    },
    /// The speech cannot be read.
    #[error("the speech of the clip cannot be read: {0}")]
    Speech(#[from] OggError),
    /// The layers differ in length, rate or places of keyframes, or the first frame is none.
    #[error("the layers of the clip do not belong together")]
    Mismatch,
    /// Speech or loudness are shorter than the pictures.
    #[error("the speech of the clip is shorter than its pictures")]
    SpeechTooShort,
}

impl ClipError {
    /// Stable name of the error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Picture { .. } => "clip_picture",
            Self::Speech(_) => "clip_speech",
            Self::Mismatch => "clip_mismatch",
            Self::SpeechTooShort => "clip_speech_too_short",
        }
    }
}

/// One size of the picture.
struct Layer {
    file: &'static [u8],
    frames: Vec<IvfFrame>,
    size_px: (u16, u16),
}

/// A clip that can be played in a loop. See the module's head.
pub struct Clip {
    layers: [Layer; LAYERS],
    packets: Vec<Vec<u8>>,
    levels: &'static [u8],
    rate: (u32, u32),
}

impl Clip {
    /// The clip that ships with the program.
    ///
    /// # Errors
    /// [`ClipError`] if the files in the program do not fit together, which a test rules out.
    pub fn shipped() -> Result<&'static Self, ClipError> {
        static CLIP: OnceLock<Result<Clip, ClipError>> = OnceLock::new();
        CLIP.get_or_init(|| {
            Self::read(
                [
                    include_bytes!("../assets/patient-q.ivf"),
                    include_bytes!("../assets/patient-h.ivf"),
                    include_bytes!("../assets/patient-f.ivf"),
                ],
                include_bytes!("../assets/patient.opus"),
                include_bytes!("../assets/patient.levels"),
            )
        })
        .as_ref()
        .map_err(|e| *e)
    }

    /// Puts a clip together: pictures smallest first, speech, and its loudness (one byte of -dBov
    /// per packet).
    ///
    /// # Errors
    /// [`ClipError`], see there.
    pub fn read(
        pictures: [&'static [u8]; LAYERS],
        speech: &[u8],
        levels: &'static [u8],
    ) -> Result<Self, ClipError> {
        let read = |layer: usize| {
            Ivf::read(pictures[layer]).map_err(|error| ClipError::Picture { layer, error })
        };
        let ivf = [read(0)?, read(1)?, read(2)?];
        let keyframes = |ivf: &Ivf| ivf.frames.iter().map(|f| f.keyframe).collect::<Vec<_>>();
        let pattern = keyframes(&ivf[0]);
        let alike = ivf.iter().all(|i| i.rate == ivf[0].rate && keyframes(i) == pattern);
        if !alike || pattern.first() != Some(&true) {
            return Err(ClipError::Mismatch);
        }
        let rate = ivf[0].rate;

        let mut packets = OpusFile::read(speech)?.packets;
        let length_ms = pattern.len() as u64 * 1_000 * u64::from(rate.1) / u64::from(rate.0);
        let wanted = usize::try_from(length_ms / u64::from(PACKET_MS)).unwrap_or(usize::MAX);
        if packets.len() < wanted || levels.len() < wanted {
            return Err(ClipError::SpeechTooShort);
        }
        // The encoder's tail past the last picture would make the loop limp.
        packets.truncate(wanted);

        let mut files = pictures.into_iter();
        let layers = ivf.map(|ivf| Layer {
            file: files.next().unwrap_or_default(),
            size_px: (ivf.width_px, ivf.height_px),
            frames: ivf.frames,
        });
        Ok(Self { layers, packets, levels, rate })
    }

    /// Frames per second as numerator and denominator.
    #[must_use]
    pub const fn rate(&self) -> (u32, u32) {
        self.rate
    }

    /// Width and height of a layer in pixels. `layer` is below [`LAYERS`].
    #[must_use]
    pub fn size_px(&self, layer: usize) -> (u16, u16) {
        self.layers[layer].size_px
    }

    /// Number of frames in one round.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.layers[0].frames.len()
    }

    /// The bytes of one frame of a layer, and whether it is a keyframe. Counts on into the next
    /// rounds: `index` may be any number.
    #[must_use]
    pub fn frame(&self, layer: usize, index: u64) -> (&'static [u8], bool) {
        let layer = &self.layers[layer];
        let frame = &layer.frames[wrap(index, layer.frames.len())];
        let Range { start, end } = frame.bytes;
        (&layer.file[start..end], frame.keyframe)
    }

    /// The latest keyframe at or before a frame. Counts on like [`Self::frame`].
    #[must_use]
    pub fn keyframe_before(&self, index: u64) -> u64 {
        let frames = &self.layers[0].frames;
        let at = wrap(index, frames.len());
        // Frame 0 is a keyframe, so there is always one.
        let back = frames[..=at].iter().rev().position(|f| f.keyframe).unwrap_or(at);
        index - back as u64
    }

    /// One Opus packet and its loudness in -dBov. Counts on into the next rounds.
    #[must_use]
    pub fn packet(&self, index: u64) -> (&[u8], u8) {
        let at = wrap(index, self.packets.len());
        (&self.packets[at], self.levels[at])
    }
}

fn wrap(index: u64, length: usize) -> usize {
    (index % length as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_clip_is_whole_small_and_has_a_keyframe_each_second() {
        let clip = Clip::shipped().unwrap();
        assert_eq!((clip.rate(), clip.frames()), ((20, 1), 240));
        assert_eq!([0, 1, 2].map(|l| clip.size_px(l)), [(160, 90), (320, 180), (640, 360)]);
        let mut total = 0;
        for layer in 0..LAYERS {
            for index in 0..240 {
                let (bytes, keyframe) = clip.frame(layer, index);
                assert_eq!(keyframe, index % 20 == 0, "layer {layer} frame {index}");
                total += bytes.len();
            }
        }
        for index in 0..600 {
            let (bytes, level) = clip.packet(index);
            assert!(level <= 127);
            total += bytes.len();
        }
        assert!(total < 1_500_000, "{total}");
    }

    #[test]
    fn the_clip_plays_on_in_a_loop() {
        let clip = Clip::shipped().unwrap();
        assert_eq!(clip.frame(1, 245), clip.frame(1, 5));
        assert_eq!(clip.packet(600), clip.packet(0));
        assert_eq!(clip.keyframe_before(0), 0);
        assert_eq!(clip.keyframe_before(39), 20);
        assert_eq!(clip.keyframe_before(40), 40);
        assert_eq!(clip.keyframe_before(241), 240);
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        const Q: &[u8] = include_bytes!("../assets/patient-q.ivf");
        const SPEECH: &[u8] = include_bytes!("../assets/patient.opus");
        const LEVELS: &[u8] = include_bytes!("../assets/patient.levels");
        let read = |q, h, f, speech, levels| Clip::read([q, h, f], speech, levels).err();
        assert_eq!(read(Q, Q, Q, SPEECH, LEVELS), None);
        assert_eq!(read(Q, Q, Q, SPEECH, &LEVELS[1..]), Some(ClipError::SpeechTooShort));
        assert_eq!(
            read(Q, Q, Q, &SPEECH[..900], LEVELS),
            Some(ClipError::Speech(OggError::Truncated))
        );
        let error = IvfError::Truncated;
        assert_eq!(
            read(Q, &Q[..99], Q, SPEECH, LEVELS),
            Some(ClipError::Picture { layer: 1, error })
        );
        assert_eq!(read(Q, &Q[..32], Q, SPEECH, LEVELS), Some(ClipError::Mismatch));
        assert_eq!(read(&Q[..32], &Q[..32], &Q[..32], SPEECH, LEVELS), Some(ClipError::Mismatch));
    }
}
