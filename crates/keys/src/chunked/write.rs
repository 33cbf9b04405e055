//! Sealing while writing.

use super::{CHUNK_BYTES, Chunks, SEALED_CHUNK_BYTES, StreamKey, io_error};
use crate::{KeyError, Zeroizing};
use std::io::{self, Write};

/// Seals what is written to it into `inner`. Not finished, the file counts as cut: call
/// [`Self::finish`].
#[must_use = "a file that is not finished does not open"]
pub struct SealWriter<W: Write> {
    inner: W,
    chunks: Chunks,
    number: u64,
    /// What does not fill a chunk yet, and the sealed chunk while it is written.
    buffer: Zeroizing<Vec<u8>>,
    /// An inner writer that failed may have taken a part of a chunk: nothing may follow it.
    is_broken: bool,
}

impl<W: Write> SealWriter<W> {
    /// Draws a salt and writes the header. `context` says what the file is and where it belongs; it
    /// opens with the same context only.
    ///
    /// # Errors
    /// What `inner` says, or [`KeyError::Crypto`] when the system has no random numbers.
    pub fn new(key: &StreamKey, context: &[u8], mut inner: W) -> io::Result<Self> {
        let (chunks, header) = Chunks::begin(key, context).map_err(io_error)?;
        inner.write_all(&header)?;
        let buffer = Zeroizing::new(Vec::with_capacity(SEALED_CHUNK_BYTES));
        Ok(Self { inner, chunks, number: 0, buffer, is_broken: false })
    }

    /// Writes the last chunk, flushes, and gives the inner writer back.
    ///
    /// # Errors
    /// What `inner` says, and an error when an earlier write failed.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_chunk()?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn write_chunk(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_broken, true) {
            return Err(io::Error::other("an earlier part of the file was not written"));
        }
        self.chunks.seal(self.number, &mut self.buffer).map_err(io_error)?;
        self.inner.write_all(&self.buffer)?;
        self.buffer.clear();
        self.number = self.number.checked_add(1).ok_or_else(|| io_error(KeyError::Crypto))?;
        self.is_broken = false;
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.is_broken {
            return Err(io::Error::other("an earlier part of the file was not written"));
        }
        let taken = data.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&data[..taken]);
        if self.buffer.len() == CHUNK_BYTES {
            self.write_chunk()?;
        }
        Ok(taken)
    }

    /// Flushes the inner writer. What does not fill a chunk stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
