//! A TCP stream that can move to another runtime.
//!
//! A socket is watched by the runtime that it was made in, and wakes its reader across threads from
//! there. A stream that was accepted on one runtime and carries media on another must move, or each
//! datagram pays for that.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream for [`super::RelayHandle::accept_stream`], or inside what is given to it. While it
/// stays it is a plain stream.
pub struct Movable {
    home: Home,
}

enum Home {
    /// Watched by a runtime.
    Here(TcpStream),
    /// Between two runtimes.
    Nowhere(std::net::TcpStream),
    /// It could not move; it is closed.
    Lost,
}

impl Movable {
    /// A stream that stays where it is until it is told to leave.
    #[must_use]
    pub const fn new(stream: TcpStream) -> Self {
        Self { home: Home::Here(stream) }
    }

    /// See [`super::tune`]. Does nothing to a stream that has left.
    pub fn tune(&self) {
        if let Home::Here(stream) = &self.home {
            super::tune(stream);
        }
    }

    /// Leaves the present runtime. The next read or write settles where it runs.
    pub fn leave(&mut self) {
        self.home = match std::mem::replace(&mut self.home, Home::Lost) {
            Home::Here(stream) => stream.into_std().map_or(Home::Lost, Home::Nowhere),
            other => other,
        };
    }

    fn stream(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        let home = &mut self.get_mut().home;
        if let Home::Nowhere(_) = home
            && let Home::Nowhere(stream) = std::mem::replace(home, Home::Lost)
        {
            *home = Home::Here(TcpStream::from_std(stream)?);
        }
        match home {
            Home::Here(stream) => Ok(Pin::new(stream)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for Movable {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Movable {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
