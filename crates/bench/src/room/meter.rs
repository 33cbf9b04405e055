//! Travel times of packets: from just before the sender's system call to the moment when the kernel
//! put the packet into the viewer's socket.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by all senders and viewers of a run. They are on one thread, so the lock is always free.
#[derive(Default)]
pub struct Meter {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Send time of packet `n`, ns since the Unix epoch; 0 when not sent.
    sent_unix_ns: Vec<u64>,
    measuring: bool,
    travel_ns: Vec<u64>,
}

impl Meter {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves plain numbers behind; they stay usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Packet `id` is about to be sent.
    pub fn sent(&self, id: u64, unix_ns: u64) {
        let mut inner = self.lock();
        let at = id as usize;
        if inner.sent_unix_ns.len() <= at {
            inner.sent_unix_ns.resize(at + 1, 0);
        }
        inner.sent_unix_ns[at] = unix_ns;
    }

    /// Packet `id` reached a viewer's socket.
    pub fn arrived(&self, id: u64, unix_ns: u64) {
        let mut inner = self.lock();
        if !inner.measuring {
            return;
        }
        let sent = inner.sent_unix_ns.get(id as usize).copied().filter(|s| *s > 0);
        // A clock that was set back in between gives no travel time.
        if let Some(travel) = sent.and_then(|s| unix_ns.checked_sub(s)) {
            inner.travel_ns.push(travel);
        }
    }

    /// Counts from now on.
    pub fn begin(&self) {
        let mut inner = self.lock();
        inner.measuring = true;
        inner.travel_ns.clear();
    }

    /// Stops counting and gives what was counted, ns.
    pub fn end(&self) -> Vec<u64> {
        let mut inner = self.lock();
        inner.measuring = false;
        std::mem::take(&mut inner.travel_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_arrives_while_measuring_counts() {
        let meter = Meter::default();
        meter.sent(3, 1_000);
        meter.sent(0, 900);
        meter.arrived(3, 1_500);
        meter.begin();
        meter.arrived(3, 1_700);
        meter.arrived(0, 1_000);
        meter.arrived(1, 2_000);
        meter.arrived(9, 2_000);
        meter.arrived(3, 10);
        assert_eq!(meter.end(), [700, 100]);
        meter.arrived(3, 1_700);
        assert_eq!(meter.end(), [] as [u64; 0]);
    }
}
