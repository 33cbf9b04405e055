//! Waking a shard that sleeps in the kernel.
//!
//! A shard waits for three things at once: its sockets, commands, and the next timer to the
//! microsecond. `ppoll` does exactly that: its timeout is a high-resolution timer, while socket
//! timeouts and async runtimes round to 1–4 ms, which pacing cannot afford. Commands write one byte
//! to a socket pair, and only the first of a burst does.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Of a shard's thread; 0 is usual, -20 goes first.
const NICENESS: libc::c_int = -10;

/// The side that wakes.
pub(super) struct Waker {
    stream: UnixStream,
    pending: Arc<AtomicBool>,
}

/// The side that sleeps.
pub(super) struct Sleeper {
    stream: UnixStream,
    pending: Arc<AtomicBool>,
    /// Kept between sleeps; filled anew for each.
    fds: Vec<libc::pollfd>,
}

/// A connected pair.
pub(super) fn wake_pair() -> io::Result<(Waker, Sleeper)> {
    let (a, b) = UnixStream::pair()?;
    a.set_nonblocking(true)?;
    b.set_nonblocking(true)?;
    let pending = Arc::new(AtomicBool::new(false));
    Ok((
        Waker { stream: a, pending: pending.clone() },
        Sleeper { stream: b, pending, fds: Vec::new() },
    ))
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
    /// Lets the calling thread's sleeps end on time: by default the system may add 50 µs.
    pub(super) fn be_punctual() {
        // SAFETY: PR_SET_TIMERSLACK takes one number, the slack in nanoseconds, and touches no
        // memory of ours. If it fails, sleeps are less exact, nothing else.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000_u64) };
    }

    /// Lets the calling thread go before the rest of the machine, where the system allows it: a
    /// backup or a report must not make the sound late. It shares by weight, so nothing starves.
    pub(super) fn go_first() {
        // SAFETY: setpriority takes three numbers and touches no memory of ours; 0 is the calling
        // thread, since Linux keeps priorities per thread. Where it is refused, all stays as it was.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    }

    /// Sleeps until one of `sockets` is readable, somebody wakes us, or `timeout` passed (`None`: no
    /// limit). The first of them is the UDP socket. Says whether one of the others is.
    pub(super) fn sleep<'a>(
        &mut self,
        sockets: impl Iterator<Item = BorrowedFd<'a>>,
        timeout: Option<Duration>,
    ) -> bool {
        let interest = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        self.fds.clear();
        self.fds.push(interest(self.stream.as_raw_fd()));
        self.fds.extend(sockets.map(|s| interest(s.as_raw_fd())));
        let limit = timeout.map(|t| libc::timespec {
            tv_sec: t.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: t.subsec_nanos().into(),
        });
        let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let count = self.fds.len() as libc::nfds_t;
        // SAFETY: `self.fds` is a valid array of `count` pollfd for the whole call. All descriptors
        // are open: `self` owns the first, and the others were borrowed from sockets that the
        // caller's shared borrow keeps alive (`'a` outlives this call); a closed one would only be
        // reported as such. `limit` is null or points to a timespec that outlives the call. A
        // null signal mask leaves the mask alone.
        let ready = unsafe { libc::ppoll(self.fds.as_mut_ptr(), count, limit, std::ptr::null()) };
        if ready > 0 && self.fds[0].revents != 0 {
            let mut bytes = [0; 16];
            while matches!((&self.stream).read(&mut bytes), Ok(n) if n > 0) {}
            // Cleared before the caller looks at its queue: a command that is queued after that
            // look writes a new byte.
            self.pending.store(false, Ordering::Release);
        }
        ready > 0 && self.fds.iter().skip(2).any(|fd| fd.revents != 0)
    }
}
