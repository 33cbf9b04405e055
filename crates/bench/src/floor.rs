//! The floor under every figure of forwarding: what one core of this machine needs at least to seal
//! a packet and to hand it to the kernel.
//!
//! A forwarded packet costs at least one AES-256-GCM seal (the SRTP profile in force) and one UDP
//! send. Both are measured alone, in one thread, over many short windows. The 10th percentile of
//! the windows counts: the machine while nobody disturbs it. Sending uses one system call per
//! datagram to many destinations in turn, as in a server with many visits; a server that joins
//! datagrams (segmentation offload) can be below this floor.
//!
//! The floor under every latency is how soon a thread that sleeps is awake ([`wake`]).

mod wake;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Serialize;

use crate::BenchError;
use crate::progress::{Progress, Step};
use crate::stats::percentile_of_sorted;

/// Payload of every packet here, in bytes.
pub const PACKET_BYTES: usize = 1_200;
const RTP_HEADER_BYTES: usize = 12;
const DESTINATIONS: usize = 100;
/// Packets per destination and window: they fit into its receive buffer, so none is dropped early.
const PER_DESTINATION: usize = 10;
const SEALS_PER_WINDOW: u64 = 1_000;
const QUIET_PERCENTILE: f64 = 10.0;

/// How to measure the floor.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FloorOptions {
    /// Time for each part, 50 ms to 60 s; waking takes three times as long. Default 1 s.
    pub each: Duration,
}

impl Default for FloorOptions {
    fn default() -> Self {
        Self { each: Duration::from_secs(1) }
    }
}

/// The floor. `Display` is the summary for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FloorReport {
    /// Packets per second and core if sealing and sending were all there is.
    pub packets_per_s: u64,
    /// One send of 1,200 bytes, ns.
    pub ns_send: u64,
    /// One seal of 1,200 bytes, ns.
    pub ns_seal: u64,
    /// From one thread's send to another one's awakening, µs: median.
    pub wake_p50_us: f64,
    /// The same, 99 of 100.
    pub wake_p99_us: f64,
    /// The same, 999 of 1,000.
    pub wake_p999_us: f64,
}

impl fmt::Display for FloorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "One core of this machine seals a packet of {PACKET_BYTES} bytes in {} ns and sends it in \
             {} ns: at most {} packets per second. A thread that sleeps is awake {:.0} µs after somebody \
             sent to it (99 of 100: {:.0} µs, 999 of 1,000: {:.0} µs).",
            self.ns_seal,
            self.ns_send,
            self.packets_per_s,
            self.wake_p50_us,
            self.wake_p99_us,
            self.wake_p999_us
        )
    }
}

/// Measures the floor on the calling thread.
///
/// # Errors
/// [`BenchError::Options`] for a time out of range, [`BenchError::Io`] when sockets fail,
/// [`BenchError::Crypto`] when the cipher does.
pub fn floor(options: FloorOptions, progress: Progress<'_>) -> Result<FloorReport, BenchError> {
    if !(Duration::from_millis(50)..=Duration::from_secs(60)).contains(&options.each) {
        return Err(BenchError::Options("time per part: 50 ms to 60 s"));
    }
    progress(Step { what: "sealing", done: 0, total: 3 });
    let ns_seal = seal_ns(options.each)?;
    progress(Step { what: "sending", done: 1, total: 3 });
    let ns_send = send_ns(options.each)?;
    progress(Step { what: "waking", done: 2, total: 3 });
    let wake = wake::wake_times(options.each * 3)?;
    progress(Step { what: "floor", done: 3, total: 3 });
    let wake_us = |percent| (wake.percentile(percent) as f64 / 100.0).round() / 10.0;
    Ok(FloorReport {
        packets_per_s: 1_000_000_000 / (ns_send + ns_seal).max(1),
        ns_send,
        ns_seal,
        wake_p50_us: wake_us(50.0),
        wake_p99_us: wake_us(99.0),
        wake_p999_us: wake_us(99.9),
    })
}

fn seal_ns(time: Duration) -> Result<u64, BenchError> {
    let key = UnboundKey::new(&AES_256_GCM, &[0x5a; 32]).map_err(|_| BenchError::Crypto)?;
    let key = LessSafeKey::new(key);
    let mut packet = [0x42_u8; RTP_HEADER_BYTES + PACKET_BYTES];
    let mut counter = 0_u64;
    windows(
        time,
        SEALS_PER_WINDOW,
        || {
            for _ in 0..SEALS_PER_WINDOW {
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&counter.to_be_bytes());
                counter += 1;
                let (header, payload) = packet.split_at_mut(RTP_HEADER_BYTES);
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key
                    .seal_in_place_separate_tag(nonce, Aad::from(&*header), payload)
                    .map_err(|_| BenchError::Crypto)?;
                // The next packet depends on this one, so nothing can be left out.
                header[0] = tag.as_ref()[0];
            }
            Ok(())
        },
        || Ok(()),
    )
}

fn send_ns(time: Duration) -> Result<u64, BenchError> {
    let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let sender = bind()?;
    let receivers: Vec<UdpSocket> = (0..DESTINATIONS).map(|_| bind()).collect::<Result<_, _>>()?;
    for receiver in &receivers {
        receiver.set_nonblocking(true)?;
    }
    let destinations: Vec<SocketAddr> =
        receivers.iter().map(UdpSocket::local_addr).collect::<Result<_, _>>()?;
    // What goes over the wire: header, payload and tag.
    let packet = [0x42_u8; RTP_HEADER_BYTES + PACKET_BYTES + 16];
    let mut scratch = [0_u8; 2_048];
    windows(
        time,
        (DESTINATIONS * PER_DESTINATION) as u64,
        || {
            for _ in 0..PER_DESTINATION {
                for destination in &destinations {
                    sender.send_to(&packet, destination)?;
                }
            }
            Ok(())
        },
        || {
            for receiver in &receivers {
                loop {
                    match receiver.recv(&mut scratch) {
                        Ok(_) => {}
                        Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                        Err(e) => return Err(e.into()),
                    }
                }
            }
            Ok(())
        },
    )
}

/// Runs `timed` in windows of `per_window` operations until `time` has passed in them (at least
/// three windows); `between` is not counted. Gives ns per operation, at least 1.
fn windows(
    time: Duration,
    per_window: u64,
    mut timed: impl FnMut() -> Result<(), BenchError>,
    mut between: impl FnMut() -> Result<(), BenchError>,
) -> Result<u64, BenchError> {
    let mut took = Vec::new();
    let mut total = Duration::ZERO;
    while total < time || took.len() < 3 {
        let begin = Instant::now();
        timed()?;
        let window = begin.elapsed();
        total += window;
        took.push(window.as_nanos() as u64);
        between()?;
    }
    took.sort_unstable();
    let quiet = percentile_of_sorted(&took, QUIET_PERCENTILE).unwrap_or(0);
    Ok((quiet / per_window).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_measured_and_its_figures_fit_together() {
        let mut steps = Vec::new();
        let options = FloorOptions { each: Duration::from_millis(50) };
        let report = floor(options, &mut |step| steps.push(step.done)).unwrap();
        assert_eq!(steps, [0, 1, 2, 3]);
        // No machine seals 1,200 bytes in 20 ns, and one that needs 1 ms is broken.
        assert!((20..1_000_000).contains(&report.ns_seal), "{report}");
        assert!((100..1_000_000).contains(&report.ns_send), "{report}");
        assert_eq!(report.packets_per_s, 1_000_000_000 / (report.ns_seal + report.ns_send));
        assert!(report.wake_p50_us > 0.1 && report.wake_p50_us <= report.wake_p99_us, "{report}");
        assert!(report.wake_p99_us <= report.wake_p999_us, "{report}");
    }

    #[test]
    fn the_report_has_exactly_its_keys() {
        let report = FloorReport {
            packets_per_s: 3,
            ns_send: 2,
            ns_seal: 1,
            wake_p50_us: 4.5,
            wake_p99_us: 5.5,
            wake_p999_us: 6.5,
        };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"packets_per_s":3,"ns_send":2,"ns_seal":1,"#,
                r#""wake_p50_us":4.5,"wake_p99_us":5.5,"wake_p999_us":6.5}"#
            )
        );
    }

    #[test]
    fn a_time_out_of_range_is_refused() {
        for each in [Duration::ZERO, Duration::from_secs(61)] {
            let refused = floor(FloorOptions { each }, &mut |_| {});
            assert!(matches!(refused, Err(BenchError::Options(_))));
        }
    }
}
