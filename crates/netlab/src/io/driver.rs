//! The thread that carries packets between the devices and the router.
//!
//! Owns the devices and the real clock. It decides nothing about packets.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{LabError, PathId, Router};

/// The router, shared by the thread, the lab and its hosts.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Told after packets moved.
    moved: Condvar,
    waker: UnixStream,
}

/// The thread.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    pub(crate) fn start(seed: u64) -> Result<Self, LabError> {
        let step = "starting the router";
        let (waker, woken) = UnixStream::pair().map_err(LabError::system(step))?;
        waker.set_nonblocking(true).map_err(LabError::system(step))?;
        woken.set_nonblocking(true).map_err(LabError::system(step))?;
        let state = State { router: Router::new(seed), new_devices: Vec::new(), stop: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), moved: Condvar::new(), waker });
        let thread = thread::Builder::new().name("netlab router".to_owned()).spawn({
            let shared = shared.clone();
            move || carry(&shared, &woken)
        });
        let thread = thread.map_err(LabError::system(step))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Looks at the router, or changes it now.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Router, Instant) -> T) -> T {
        let done = act(&mut self.lock().router, Instant::now());
        self.wake();
        done
    }

    /// Hands a device over to the thread.
    pub(crate) fn add_device(&self, path: PathId, device: File) {
        self.lock().new_devices.push((path, device));
        self.wake();
    }

    /// Waits until the router is as wanted; looks after each batch of packets. False if `limit`
    /// passed before.
    pub(crate) fn wait(&self, limit: Duration, mut wanted: impl FnMut(&Router) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        while !wanted(&state.router) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.moved.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of another holder is that one's failure; the router is only numbers and packets.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // A full buffer means that a byte is already waiting; a closed one that nobody sleeps.
        let _ = (&self.waker).write(&[1]);
    }
}

struct State {
    router: Router,
    new_devices: Vec<(PathId, File)>,
    stop: bool,
}

/// Packets taken from one device before the others have their turn.
const BURST: usize = 64;

fn carry(shared: &Shared, woken: &UnixStream) {
    let mut devices = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let Some(next) = deliver(shared, &mut devices) else { return };
        sleep(woken, &devices, next);
        let mut bytes = [0; 64];
        while matches!((&mut &*woken).read(&mut bytes), Ok(read) if read > 0) {}
        for (path, device) in &devices {
            collect(shared, *path, device, &mut buffer);
        }
    }
}

/// Writes what has arrived by now to its devices, and says when there is more. `None`: stop.
fn deliver(shared: &Shared, devices: &mut Vec<(PathId, File)>) -> Option<Option<Instant>> {
    let mut state = shared.lock();
    devices.append(&mut state.new_devices);
    if state.stop {
        return None;
    }
    let router = &mut state.router;
    router.handle_timeout(Instant::now());
    while let Some((path, bytes)) = router.poll_output() {
        let device = devices.iter_mut().find(|device| device.0 == path);
        let taken = device.is_some_and(|device| device.1.write(&bytes).is_ok());
        if !taken {
            router.not_taken(path);
        }
    }
    let next = router.poll_timeout();
    drop(state);
    shared.moved.notify_all();
    Some(next)
}

fn collect(shared: &Shared, path: PathId, mut device: &File, buffer: &mut [u8]) {
    for _ in 0..BURST {
        // An error means that nothing is there, or that the interface is down.
        let Ok(read) = device.read(buffer) else { return };
        // The clock is read after the packet: nothing ever arrives before its delay has passed.
        shared.lock().router.handle_packet(Instant::now(), path, &buffer[..read]);
    }
}

/// Sleeps until a device or the waker has something, or it is `next`, to the nanosecond.
fn sleep(woken: &UnixStream, devices: &[(PathId, File)], next: Option<Instant>) {
    let mut fds = vec![PollFd::new(woken, PollFlags::IN)];
    fds.extend(devices.iter().map(|(_, device)| PollFd::new(device, PollFlags::IN)));
    let left = next.map(|at| at.saturating_duration_since(Instant::now()));
    let timeout = left.map(|left| Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    // A signal ends the sleep early, which does no harm.
    let _: Result<usize, _> = poll(&mut fds, timeout.as_ref());
}
