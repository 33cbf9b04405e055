//! The relay against coturn's own client, over UDP, TCP and TLS.
//!
//! Both ends of each call are allocations of one visit (`-y`), so this is the closed relay as it
//! runs. The client counts what it sent and what came back; nothing may be missing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use turn::io::{Bound, ListenConfig, RelayHandle, RelayThread, Unit};
use turn::{Credentials, Limits, RelayConfig, Secret};
use visit::{SeatId, VisitId};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Lengths that need padding in a stream, and that do not.
const LENGTHS: [u32; 4] = [169, 170, 171, 1_100];
const CLIENTS: u32 = 50;
const MESSAGES: u32 = 20;

#[test]
fn nothing_is_lost_over_udp() {
    calls(|bound| (bound.udp[0], &[]), &LENGTHS);
}

#[test]
fn nothing_is_lost_over_tcp() {
    calls(|bound| (bound.tcp[0], &["-t"]), &LENGTHS);
}

#[test]
fn nothing_is_lost_over_tls() {
    calls(|bound| (bound.tls[0], &["-t", "-S"]), &LENGTHS);
}

#[test]
fn nothing_is_lost_in_send_indications() {
    // The client lingers for many seconds after each run; one odd length shows what padding does.
    calls(|bound| (bound.udp[0], &["-s"]), &[171]);
    calls(|bound| (bound.tcp[0], &["-s", "-t"]), &[171]);
    calls(|bound| (bound.tls[0], &["-s", "-t", "-S"]), &[171]);
}

/// Runs calls of many clients with each message length.
fn calls(way: impl Fn(&Bound) -> (SocketAddr, &'static [&'static str]), lengths: &[u32]) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let entered = runtime.enter();
    let (relay, thread) = start();
    drop(entered);
    let (server, flags) = way(relay.bound());
    for length in lengths {
        let sizes = Sizes { clients: CLIENTS, messages: MESSAGES, length: *length };
        let output = uclient(server, flags, sizes);
        let sent = CLIENTS * MESSAGES;
        let all = format!("tot_send_msgs={sent}, tot_recv_msgs={sent}");
        assert!(output.contains(&all), "{flags:?}, {length} bytes:\n{output}");
        assert!(output.contains("Total lost packets 0 "), "{flags:?}, {length} bytes:\n{output}");
    }
    let report = runtime.block_on(relay.report()).expect("it runs");
    let messages = u64::from(CLIENTS * MESSAGES) * lengths.len() as u64;
    assert!(report.stats.relayed_up >= messages, "it went through this relay");
    assert_eq!((report.udp_dropped, report.stream_dropped), (0, 0));
    relay.shutdown();
    thread.join();
}

struct Sizes {
    clients: u32,
    messages: u32,
    length: u32,
}

fn uclient(server: SocketAddr, flags: &[&str], sizes: Sizes) -> String {
    let Credentials { username, password } = credentials();
    let output = Command::new("turnutils_uclient")
        .args(["-y", "-c", "-z", "5"])
        .args(flags)
        .args(["-m", &sizes.clients.to_string(), "-n", &sizes.messages.to_string()])
        .args(["-l", &sizes.length.to_string(), "-p", &server.port().to_string()])
        .args(["-u", &username, "-w", &password])
        .arg(server.ip().to_string())
        .output()
        .expect("turnutils_uclient is missing: run scripts/need.sh coturn");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// One seat stands for everybody; the quotas are not what is tested here.
fn start() -> (RelayHandle, RelayThread) {
    let mut config = RelayConfig::new("clinic.example", secret(), vec![LOCALHOST]);
    config.limits = Limits::default();
    config.limits.allocations_per_seat = 10_000;
    config.limits.allocations_per_visit = 10_000;
    config.limits.allocations_per_address = 10_000;
    config.limits.answers_burst = 100_000;
    let any = SocketAddr::new(LOCALHOST, 0);
    let mut listen = ListenConfig::default();
    listen.udp = vec![any];
    listen.tcp = vec![any];
    listen.tls = vec![any];
    listen.tls_config = Some(certificate());
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    turn::io::start(config, &listen, [7; 32], Box::new(NoUnit), events).expect("it starts")
}

fn certificate() -> Arc<rustls::ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a name");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .expect("a good certificate");
    Arc::new(config)
}

fn credentials() -> Credentials {
    let (visit, seat) = (VisitId::from_u128(1), SeatId::from_u128(2));
    let unix_s = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    Credentials::issue(&secret(), visit, seat, unix_s + 3_600)
}

fn secret() -> Secret {
    Secret::new(&[42; 32]).expect("long enough")
}

/// A forwarding unit that nobody calls.
struct NoUnit;

impl Unit for NoUnit {
    fn datagram(&mut self, _: SocketAddr, _: SocketAddr, _: &[u8]) {
        unreachable!("no unit is configured");
    }
    fn flush(&mut self) {}
}
