//! Our relay in a process of its own, so that whole processes are compared.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde::{Deserialize, Serialize};
use turn::io::{ListenConfig, Unit};
use turn::{Credentials, RelayConfig, Secret, VIRTUAL_V4};
use visit::{SeatId, VisitId};

use super::{Login, Server};
use crate::BenchError;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longer than any run.
const LIFETIME_S: u64 = 3_600;

/// The process. Dropping it ends it.
pub(super) struct OurRelay {
    child: Child,
    input: Option<ChildStdin>,
    ready: Ready,
}

/// What the process says when it listens.
#[derive(Serialize, Deserialize)]
struct Ready {
    udp: SocketAddr,
    tcp: SocketAddr,
    login: Login,
}

impl OurRelay {
    /// Starts `program bench relay` and waits until it listens.
    pub fn start(program: &Path) -> Result<Self, BenchError> {
        let mut child = Command::new(program)
            .args(["bench", "relay"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut line = String::new();
        let read = output.map(|output| BufReader::new(output).read_line(&mut line));
        let ready = match read {
            Some(Ok(_)) => serde_json::from_str(&line).map_err(|_| BenchError::Ended),
            _ => Err(BenchError::Ended),
        };
        match ready {
            Ok(ready) => Ok(Self { child, input, ready }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }
}

impl Server for OurRelay {
    fn id(&self) -> u32 {
        self.child.id()
    }
    fn udp(&self) -> SocketAddr {
        self.ready.udp
    }
    fn tcp(&self) -> SocketAddr {
        self.ready.tcp
    }
    fn login(&self) -> &Login {
        &self.ready.login
    }
}

impl Drop for OurRelay {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        if self.child.wait().is_err() {
            let _ = self.child.kill();
        }
    }
}

/// Runs a relay on loopback until `input` ends; what is started in the other process. Says where it
/// listens and how one gets in, as one JSON line.
///
/// # Errors
/// [`BenchError`] when the relay does not start.
pub fn serve_relay(mut input: impl Read, mut said: impl Write) -> Result<(), BenchError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let entered = runtime.enter();
    let secret = Secret::new(&rand::random::<[u8; 32]>()).map_err(io::Error::other)?;
    let mut config = RelayConfig::new("bedside", secret.clone(), vec![VIRTUAL_V4]);
    // All clients hold one seat here and come from one address; as fast as they can.
    let limits = &mut config.limits;
    (limits.allocations_per_seat, limits.allocations_per_visit) = (10_000, 10_000);
    (limits.packets_per_s, limits.bytes_per_s) = (10_000_000, 10_000_000_000);
    let any = SocketAddr::new(LOCALHOST, 0);
    let mut listen = ListenConfig::default();
    (listen.udp, listen.tcp) = (vec![any], vec![any]);
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    let (relay, thread) =
        turn::io::start(config, &listen, rand::random(), Box::new(NoUnit), events)
            .map_err(io::Error::other)?;
    drop(entered);
    let unix_s = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let (visit, seat) = (VisitId::from_u128(1), SeatId::from_u128(2));
    let Credentials { username, password } =
        Credentials::issue(&secret, visit, seat, unix_s + LIFETIME_S);
    let (udp, tcp) = match (relay.bound().udp.first(), relay.bound().tcp.first()) {
        (Some(udp), Some(tcp)) => (*udp, *tcp),
        _ => return Err(BenchError::Ended),
    };
    let ready = Ready { udp, tcp, login: Login { username, password } };
    serde_json::to_writer(&mut said, &ready).map_err(io::Error::other)?;
    writeln!(said)?;
    said.flush()?;
    io::copy(&mut input, &mut io::sink())?;
    relay.shutdown();
    thread.join();
    Ok(())
}

/// Clients send to each other only: no unit is configured, so nobody calls it.
struct NoUnit;

impl Unit for NoUnit {
    fn datagram(&mut self, _: SocketAddr, _: SocketAddr, _: &[u8]) {}
    fn flush(&mut self) {}
}
