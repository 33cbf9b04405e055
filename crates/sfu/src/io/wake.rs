//! Waking a shard that sleeps in the kernel.
//!
//! A shard waits for three things at once: its UDP socket, commands, and the next timer to the
//! microsecond. `ppoll` does exactly that: its timeout is a high-resolution timer, while socket
//! timeouts and async runtimes round to 1–4 ms, which pacing cannot afford. Commands write one byte
//! to a socket pair, and only the first of a burst does.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The side that wakes.
pub(super) struct Waker {
    stream: UnixStream,
    pending: Arc<AtomicBool>,
}

/// The side that sleeps.
pub(super) struct Sleeper {
    stream: UnixStream,
    pending: Arc<AtomicBool>,
}

/// A connected pair.
pub(super) fn wake_pair() -> io::Result<(Waker, Sleeper)> {
    let (a, b) = UnixStream::pair()?;
    a.set_nonblocking(true)?;
    b.set_nonblocking(true)?;
    let pending = Arc::new(AtomicBool::new(false));
    Ok((Waker { stream: a, pending: pending.clone() }, Sleeper { stream: b, pending }))
}

impl Waker {
    /// Makes the present or next sleep end at once.
    pub(super) fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            // A full buffer means that a byte is already waiting; a closed peer means that there is
            // nobody to wake.
            let _ = (&self.stream).write(&[1]);
        }
    }
}

impl Sleeper {
    /// Sleeps until `socket` is readable, somebody wakes us, or `timeout` passed (`None`: no limit).
    pub(super) fn sleep(&mut self, socket: BorrowedFd<'_>, timeout: Option<Duration>) {
        let interest = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds = [interest(socket.as_raw_fd()), interest(self.stream.as_raw_fd())];
        let limit = timeout.map(|t| libc::timespec {
            tv_sec: t.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: t.subsec_nanos().into(),
        });
        let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: `fds` is a valid array of two pollfd for the whole call and its length is passed
        // with it; both descriptors are open, since `socket` is borrowed and `self` owns the
        // other. `limit` is null or points to a timespec that outlives the call. A null signal
        // mask leaves the mask alone.
        let ready = unsafe { libc::ppoll(fds.as_mut_ptr(), 2, limit, std::ptr::null()) };
        if ready > 0 && fds[1].revents != 0 {
            let mut bytes = [0; 16];
            while matches!((&self.stream).read(&mut bytes), Ok(n) if n > 0) {}
            // Cleared before the caller looks at its queue: a command that is queued after that
            // look writes a new byte.
            self.pending.store(false, Ordering::Release);
        }
    }
}
