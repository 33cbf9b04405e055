//! Reads the fuzzer's bytes as numbers and pieces. What is missing reads as zero or as nothing, so
//! that every input means something.

/// The bytes that are left.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Starts at the first byte.
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(len.min(self.0.len()));
        self.0 = tail;
        head
    }

    /// A piece with its length in front, in one byte.
    pub fn piece(&mut self) -> &'a [u8] {
        let len = usize::from(self.u8());
        self.take(len)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self) -> u16 {
        u16::from(self.u8()) << 8 | u16::from(self.u8())
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// Eight bytes, big-endian.
    pub fn u64(&mut self) -> u64 {
        u64::from(self.u32()) << 32 | u64::from(self.u32())
    }

    /// The next line as text; what is not UTF-8 is replaced.
    pub fn line(&mut self) -> String {
        let end = self.0.iter().position(|b| *b == b'\n').unwrap_or(self.0.len());
        let line = String::from_utf8_lossy(self.take(end)).into_owned();
        self.take(1);
        line
    }
}

/// Applies changes written in `script` to `bytes`: three bytes each, which say what, where and with
/// what. An empty script changes nothing.
pub fn edited(bytes: &[u8], script: &mut Input<'_>) -> Vec<u8> {
    let mut out = bytes.to_vec();
    while !script.is_empty() {
        let (what, place, value) = (script.u8(), usize::from(script.u8()), script.u8());
        let at = place.min(out.len());
        match what % 4 {
            0 => {
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= value;
                }
            }
            1 => out.truncate(at),
            2 => out.insert(at, value),
            _ => {
                if at < out.len() {
                    out.remove(at);
                }
            }
        }
    }
    out
}
