//! How soon a thread of this machine that sleeps hears of a datagram.
//!
//! A server with room to spare sleeps between packets, so each packet's way holds one such wake-up.
//! On a virtual machine a core that sleeps was given back to the host, which may take its time: then
//! the tail of every latency is the host's, and no server on it can be better.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use crate::BenchError;
use crate::cpu::{current_thread, pin, two_cores};
use crate::load::Times;

/// Between two datagrams: the sleeper is asleep again.
const PAUSE: Duration = Duration::from_millis(1);
/// A datagram on loopback that has not come by then will not.
const GIVE_UP: Duration = Duration::from_secs(2);

/// Sends datagrams for `time` to a sleeping thread, each thread on a core of its own if there are two,
/// and gives the times from just before the system call to the thread awake, ns.
pub(super) fn wake_times(time: Duration) -> Result<Times, BenchError> {
    let sleeper = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sleeper.set_read_timeout(Some(GIVE_UP))?;
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sender.connect(sleeper.local_addr()?)?;
    let epoch = Instant::now();
    let since = move || u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let thread = std::thread::Builder::new().name("wake".to_owned()).spawn(move || {
        stay_on(two_cores().map(|(server, _)| server));
        let mut times = Times::new();
        let mut stamp = [0; 8];
        // An empty datagram ends it.
        while sleeper.recv(&mut stamp)? == stamp.len() {
            times.add(since().saturating_sub(u64::from_be_bytes(stamp)));
        }
        Ok::<_, BenchError>(times)
    })?;
    let sent = std::thread::Builder::new().name("waker".to_owned()).spawn(move || {
        stay_on(two_cores().map(|(_, load)| load));
        while epoch.elapsed() < time {
            std::thread::sleep(PAUSE);
            sender.send(&since().to_be_bytes())?;
        }
        sender.send(&[])?;
        Ok::<_, BenchError>(())
    })?;
    // A panic there was said on its way up.
    sent.join().map_err(|_| BenchError::Ended)??;
    thread.join().map_err(|_| BenchError::Ended)?
}

fn stay_on(core: Option<usize>) {
    if let (Some(thread), Some(core)) = (current_thread(), core) {
        pin(thread, core);
    }
}
