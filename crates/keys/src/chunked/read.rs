//! Opening: from the beginning to the end, or at any place.

use super::{
    CHUNK_BYTES, Chunks, SEALED_CHUNK_BYTES, STREAM_HEADER_BYTES, StreamKey, io_error, plain_length,
};
use crate::{KeyError, Zeroizing};
use std::io::{self, Read, Seek, SeekFrom};

/// Opens a sealed file while reading it. It reports the end only after the last chunk was
/// authenticated: bytes before that are right, but may be the beginning of a file that was cut.
pub struct OpenReader<R: Read> {
    inner: R,
    chunks: Chunks,
    number: u64,
    buffer: Zeroizing<Vec<u8>>,
    read: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    More,
    End,
    Broken,
}

impl<R: Read> OpenReader<R> {
    /// Reads the header and checks that the file belongs to `key` and `context`.
    ///
    /// # Errors
    /// `InvalidData` when it does not, or when it is too short to be one; otherwise what `inner` says.
    pub fn new(key: &StreamKey, context: &[u8], mut inner: R) -> io::Result<Self> {
        let chunks = read_header(key, context, &mut inner)?;
        let buffer = Zeroizing::new(Vec::with_capacity(SEALED_CHUNK_BYTES));
        Ok(Self { inner, chunks, number: 0, buffer, read: 0, state: State::More })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.state, State::Broken) == State::Broken {
            return Err(io_error(KeyError::Open));
        }
        read_chunk(&mut self.inner, &mut self.buffer)?;
        let is_last = self.buffer.len() < SEALED_CHUNK_BYTES;
        self.chunks.open(self.number, &mut self.buffer).map_err(io_error)?;
        self.number += 1;
        self.read = 0;
        self.state = if is_last { State::End } else { State::More };
        Ok(())
    }
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.read == self.buffer.len() && self.state != State::End {
            self.next_chunk()?;
        }
        let taken = out.len().min(self.buffer.len() - self.read);
        out[..taken].copy_from_slice(&self.buffer[self.read..self.read + taken]);
        self.read += taken;
        Ok(taken)
    }
}

/// Opens parts of a sealed file, reading no more than the chunks that they are in.
pub struct OpenAt<R: Read + Seek> {
    inner: R,
    chunks: Chunks,
    /// Plain bytes.
    length: u64,
    /// The chunk that was opened last.
    buffer: Zeroizing<Vec<u8>>,
    buffered: Option<u64>,
}

impl<R: Read + Seek> OpenAt<R> {
    /// Checks header and last chunk, and with them the length.
    ///
    /// # Errors
    /// `InvalidData` when the file does not belong to `key` and `context` or was cut; otherwise what
    /// `inner` says.
    pub fn new(key: &StreamKey, context: &[u8], mut inner: R) -> io::Result<Self> {
        inner.seek(SeekFrom::Start(0))?;
        let chunks = read_header(key, context, &mut inner)?;
        let sealed = inner.seek(SeekFrom::End(0))?;
        let length = plain_length(sealed).ok_or_else(|| io_error(KeyError::Open))?;
        let buffer = Zeroizing::new(Vec::with_capacity(SEALED_CHUNK_BYTES));
        let mut file = Self { inner, chunks, length, buffer, buffered: None };
        file.load(length / CHUNK_BYTES as u64)?;
        Ok(file)
    }

    /// Plain bytes in the file; authenticated.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Reads bytes from `offset` on; fewer than asked for at the end of the file only.
    ///
    /// # Errors
    /// `InvalidData` for a chunk that was altered; otherwise what `inner` says.
    pub fn read_at(&mut self, mut offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() && offset < self.length {
            self.load(offset / CHUNK_BYTES as u64)?;
            // Below the length of a chunk.
            let within = (offset % CHUNK_BYTES as u64) as usize;
            let Some(rest) = self.buffer.get(within..).filter(|rest| !rest.is_empty()) else {
                return Err(io_error(KeyError::Open));
            };
            let taken = rest.len().min(out.len() - done);
            out[done..done + taken].copy_from_slice(&rest[..taken]);
            done += taken;
            offset += taken as u64;
        }
        Ok(done)
    }

    fn load(&mut self, number: u64) -> io::Result<()> {
        if self.buffered == Some(number) {
            return Ok(());
        }
        self.buffered = None;
        let place = STREAM_HEADER_BYTES as u64 + number * SEALED_CHUNK_BYTES as u64;
        self.inner.seek(SeekFrom::Start(place))?;
        read_chunk(&mut self.inner, &mut self.buffer)?;
        self.chunks.open(number, &mut self.buffer).map_err(io_error)?;
        self.buffered = Some(number);
        Ok(())
    }
}

fn read_header(key: &StreamKey, context: &[u8], inner: &mut impl Read) -> io::Result<Chunks> {
    let mut header = [0; STREAM_HEADER_BYTES];
    inner.read_exact(&mut header).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io_error(KeyError::Open),
        _ => error,
    })?;
    Chunks::resume(key, context, &header).map_err(io_error)
}

/// One sealed chunk, or what is left.
fn read_chunk(inner: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    inner.take(SEALED_CHUNK_BYTES as u64).read_to_end(buffer)?;
    Ok(())
}
