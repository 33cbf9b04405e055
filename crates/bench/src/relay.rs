//! What one relayed datagram costs: our relay and coturn, in turns, under the same load.
//!
//! The load is coturn's own client, pairs of clients that send to each other through the relay. A
//! datagram counts once: from the client that sent it, through the relay, to the one that received
//! it. What it cost is the CPU time of the relay's process, with everything that the process did in
//! the meantime. On a machine without coturn's server our figures stand alone.

mod coturn;
mod ours;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

use crate::BenchError;
use crate::cpu::threads_time;
use crate::progress::{Progress, Step};
use coturn::Coturn;
use ours::OurRelay;
pub use ours::serve_relay;

/// Clients at once; two and two send to each other.
const CLIENTS: u32 = 20;
/// Messages of each.
const MESSAGES: u32 = 2_000;
/// Length of a message, bytes: a packet of video.
const MESSAGE_BYTES: u32 = 1_100;
/// A client sends every so many milliseconds.
const INTERVAL_MS: u32 = 2;
const NO_CLIENT: &str = "coturn's client is not installed; on Debian: scripts/need.sh coturn";

/// What to measure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayOptions {
    /// This program's own file; our relay runs in a process of its own.
    pub program: PathBuf,
    /// How often each relay has its turn, 1 to 20.
    pub rounds: u32,
}

impl RelayOptions {
    /// Three rounds.
    #[must_use]
    pub const fn new(program: PathBuf) -> Self {
        Self { program, rounds: 3 }
    }
}

/// The medians of the rounds. Keys of coturn are left out where it is not installed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelayReport {
    /// Rounds.
    pub rounds: u32,
    /// Length of each message, bytes.
    pub message_bytes: u32,
    /// CPU time for a datagram between two clients over UDP, µs.
    pub udp_us_per_datagram: f64,
    /// The same over TCP.
    pub tcp_us_per_datagram: f64,
    /// Share of datagrams lost in all rounds, 0 to 1.
    pub loss: f64,
    /// coturn over UDP, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coturn_udp_us_per_datagram: Option<f64>,
    /// coturn over TCP, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coturn_tcp_us_per_datagram: Option<f64>,
    /// Share that coturn lost in all rounds, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coturn_loss: Option<f64>,
}

/// A relay under load.
trait Server {
    /// Its process.
    fn id(&self) -> u32;
    fn udp(&self) -> SocketAddr;
    fn tcp(&self) -> SocketAddr;
    fn login(&self) -> &Login;
}

/// Credentials for one run.
#[derive(serde::Deserialize, Serialize)]
struct Login {
    username: String,
    password: String,
}

/// What the runs of one relay came to.
#[derive(Default)]
struct Side {
    udp_us: Vec<f64>,
    tcp_us: Vec<f64>,
    sent: u64,
    received: u64,
}

/// Runs the rounds. Blocks the calling thread; must not be called inside a tokio runtime.
///
/// # Errors
/// [`BenchError`]: rounds out of range, no client of coturn, or a relay that does not start.
pub fn relay(options: &RelayOptions, progress: Progress<'_>) -> Result<RelayReport, BenchError> {
    if !(1..=20).contains(&options.rounds) {
        return Err(BenchError::Options("rounds: 1 to 20"));
    }
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    for done in 0..options.rounds {
        let (done, total) = (done.into(), options.rounds.into());
        progress(Step { what: "Relaying", done, total });
        ours.add(&OurRelay::start(&options.program)?)?;
        if let Some(coturn) = Coturn::start()? {
            theirs.add(&coturn)?;
        }
    }
    let coturn = theirs.sent > 0;
    Ok(RelayReport {
        rounds: options.rounds,
        message_bytes: MESSAGE_BYTES,
        udp_us_per_datagram: median(&mut ours.udp_us),
        tcp_us_per_datagram: median(&mut ours.tcp_us),
        loss: ours.loss(),
        coturn_udp_us_per_datagram: coturn.then(|| median(&mut theirs.udp_us)),
        coturn_tcp_us_per_datagram: coturn.then(|| median(&mut theirs.tcp_us)),
        coturn_loss: coturn.then(|| theirs.loss()),
    })
}

impl Side {
    fn add(&mut self, server: &impl Server) -> Result<(), BenchError> {
        for tcp in [false, true] {
            let before = threads_time(server.id()).ok_or(BenchError::CpuTime)?;
            let counts = load(server, tcp)?;
            let after = threads_time(server.id()).ok_or(BenchError::CpuTime)?;
            self.sent += counts.sent;
            self.received += counts.received;
            let us = us_each(after.saturating_sub(before), counts.received);
            if tcp { self.tcp_us.push(us) } else { self.udp_us.push(us) }
        }
        Ok(())
    }

    fn loss(&self) -> f64 {
        let lost = self.sent.saturating_sub(self.received);
        (lost as f64 / self.sent.max(1) as f64 * 1e6).round() / 1e6
    }
}

fn us_each(time: Duration, datagrams: u64) -> f64 {
    (time.as_nanos() as f64 / datagrams.max(1) as f64 / 10.0).round() / 100.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What the client counted.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    sent: u64,
    received: u64,
}

/// One run of coturn's client.
fn load(server: &impl Server, tcp: bool) -> Result<Counts, BenchError> {
    let at = if tcp { server.tcp() } else { server.udp() };
    let output = Command::new("turnutils_uclient")
        .args(["-y", "-c"])
        .args(tcp.then_some("-t"))
        .args(["-m", &CLIENTS.to_string(), "-n", &MESSAGES.to_string()])
        .args(["-l", &MESSAGE_BYTES.to_string(), "-z", &INTERVAL_MS.to_string()])
        .args(["-u", &server.login().username, "-w", &server.login().password])
        .args(["-p", &at.port().to_string()])
        .arg(at.ip().to_string())
        .output()
        .map_err(|_| BenchError::Options(NO_CLIENT))?;
    let text = String::from_utf8_lossy(&output.stdout);
    counts(&text).filter(|c| c.received > 0).ok_or(BenchError::Answer("coturn's client"))
}

/// The last totals that the client printed.
fn counts(text: &str) -> Option<Counts> {
    let number = |key: &str| -> Option<u64> {
        let (_, rest) = text.rsplit_once(key)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    Some(Counts { sent: number("tot_send_msgs=")?, received: number("tot_recv_msgs=")? })
}

impl fmt::Display for RelayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "A datagram of {} bytes through the relay: {} µs of CPU over UDP, {} µs over TCP; {:.3} % lost.",
            self.message_bytes,
            self.udp_us_per_datagram,
            self.tcp_us_per_datagram,
            self.loss * 100.0
        )?;
        match (self.coturn_udp_us_per_datagram, self.coturn_tcp_us_per_datagram, self.coturn_loss) {
            (Some(udp), Some(tcp), Some(loss)) => write!(
                f,
                "coturn in the same rounds: {udp} µs over UDP, {tcp} µs over TCP; {:.3} % lost.",
                loss * 100.0
            ),
            _ => write!(f, "coturn is not installed here, so there is nothing to compare with."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_totals_of_the_client_count() {
        let text = "0: start\n1: tot_send_msgs=10, tot_recv_msgs=3\n\
                    9: tot_send_msgs=40000, tot_recv_msgs=39990\nTotal lost packets 10";
        assert_eq!(counts(text), Some(Counts { sent: 40_000, received: 39_990 }));
        assert_eq!(counts("tot_send_msgs=x"), None);
        assert_eq!(counts(""), None);
    }

    #[test]
    fn without_coturn_its_keys_are_left_out() {
        let mut report = RelayReport {
            rounds: 1,
            message_bytes: 1_100,
            udp_us_per_datagram: 4.5,
            tcp_us_per_datagram: 6.25,
            loss: 0.0,
            coturn_udp_us_per_datagram: None,
            coturn_tcp_us_per_datagram: None,
            coturn_loss: None,
        };
        let json = serde_json::to_string(&report).expect("plain numbers");
        assert!(!json.contains("coturn") && json.contains("\"udp_us_per_datagram\":4.5"));
        assert!(report.to_string().contains("not installed"));
        report.coturn_udp_us_per_datagram = Some(9.0);
        report.coturn_tcp_us_per_datagram = Some(11.0);
        report.coturn_loss = Some(0.001);
        assert!(report.to_string().contains("coturn in the same rounds: 9 µs"));
    }

    #[test]
    fn figures_are_medians_and_shares() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((us_each(Duration::from_millis(90), 20_000) - 4.5).abs() < f64::EPSILON);
        let side = Side { sent: 1_000, received: 990, ..Side::default() };
        assert!((side.loss() - 0.01).abs() < f64::EPSILON);
    }
}
