//! The running relay over real sockets and streams. Everything waits for an answer or an end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use stun_types::attribute::AttributeWrite;
use stun_types::message::{BINDING, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use turn_types::attribute::{ChannelNumber, RequestedTransport, XorPeerAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND};

use super::{
    ListenConfig, RelayHandle, RelayThread, StartError, StreamRefused, Unit, UnitDatagram,
};
use crate::frame::{channel_data, padded};
use crate::testing::{Person, Reply, bare, channel_message, client, read, seat, signed, visit};
use crate::{CloseReason, Credentials, Mode, OpenRules, RelayConfig, RelayEvent, Scope, Transport};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Passes what the relay hands to the forwarding unit to the test.
struct TestUnit(mpsc::UnboundedSender<(SocketAddr, SocketAddr, Vec<u8>)>);

impl Unit for TestUnit {
    fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        // The test may be over before the relay is.
        let _ = self.0.send((from, to, bytes.to_vec()));
    }
    fn flush(&mut self) {}
}

struct Running {
    relay: RelayHandle,
    thread: RelayThread,
    to_unit: mpsc::UnboundedReceiver<(SocketAddr, SocketAddr, Vec<u8>)>,
    events: mpsc::UnboundedReceiver<RelayEvent>,
}

fn unit() -> SocketAddr {
    ([127, 0, 0, 1], 7_000).into()
}

fn config() -> RelayConfig {
    let mut config = crate::testing::config();
    config.addresses = vec![LOCALHOST];
    config.unit = vec![unit()];
    config
}

fn start() -> Running {
    let mut listen = ListenConfig { streams: 4, ..ListenConfig::default() };
    listen.udp = vec![SocketAddr::new(LOCALHOST, 0)];
    listen.tcp = vec![SocketAddr::new(LOCALHOST, 0)];
    let (unit_tx, to_unit) = mpsc::unbounded_channel();
    let (events_tx, events) = mpsc::unbounded_channel();
    let unit = Box::new(TestUnit(unit_tx));
    let (relay, thread) =
        super::start(config(), &listen, [3; 32], unit, events_tx).expect("it starts");
    Running { relay, thread, to_unit, events }
}

/// Somebody with credentials of now.
fn person(v: u128, s: u128) -> Person {
    let mut person = Person::new(client(0), v, s);
    let expires_unix_s = super::core::unix_s() + 3_600;
    let secret = crate::testing::secret();
    person.credentials = Credentials::issue(&secret, visit(v), seat(s), expires_unix_s);
    person
}

/// One end of a stream whose other end the relay took over.
fn hand_over(running: &Running, buffer_bytes: usize) -> DuplexStream {
    let (ours, theirs) = duplex(buffer_bytes);
    let (peer, local) = (([198, 51, 100, 7], 4_000).into(), ([192, 0, 2, 1], 443).into());
    running.relay.accept_stream(theirs, peer, local, Transport::Tls).expect("it is taken");
    ours
}

/// Reads one STUN message.
async fn reply(stream: &mut (impl AsyncRead + Unpin)) -> Reply {
    let mut message = vec![0; 20];
    stream.read_exact(&mut message).await.expect("a header");
    let length = 20 + usize::from(u16::from_be_bytes([message[2], message[3]]));
    message.resize(length, 0);
    stream.read_exact(&mut message[20..]).await.expect("a message");
    read(&message)
}

async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    person: &mut Person,
    method: Method,
    attributes: &[&dyn AttributeWrite],
) -> Reply {
    loop {
        let request = signed(person, method, 5.into(), attributes);
        stream.write_all(&request).await.expect("it is open");
        let reply = reply(stream).await;
        match (reply.code, &reply.nonce) {
            (Some(401 | 438), Some(nonce)) if person.nonce.is_empty() => {
                person.nonce.clone_from(nonce)
            }
            _ => return reply,
        }
    }
}

async fn allocate(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    person: &mut Person,
) -> SocketAddr {
    let udp = RequestedTransport::new(RequestedTransport::UDP);
    let reply = ask(stream, person, ALLOCATE, &[&udp]).await;
    assert_eq!(reply.code, None);
    reply.relayed[0]
}

async fn bind(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    person: &mut Person,
    number: u16,
    peer: SocketAddr,
) {
    let peer = XorPeerAddress::new(peer, 5.into());
    let reply = ask(stream, person, CHANNEL_BIND, &[&ChannelNumber::new(number), &peer]).await;
    assert_eq!(reply.code, None);
}

/// A UDP socket of a client, read and written like a stream of whole messages.
struct Datagrams {
    socket: UdpSocket,
}

impl Datagrams {
    async fn new(running: &Running) -> Self {
        let socket = UdpSocket::bind((LOCALHOST, 0)).await.expect("a port");
        socket.connect(running.relay.bound().udp[0]).await.expect("loopback");
        Self { socket }
    }

    async fn give(&self, bytes: &[u8]) {
        self.socket.send(bytes).await.expect("loopback");
    }

    async fn take(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4_096];
        let length = self.socket.recv(&mut bytes).await.expect("loopback");
        bytes.truncate(length);
        bytes
    }

    async fn ask(
        &self,
        person: &mut Person,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Reply {
        loop {
            self.give(&signed(person, method, 5.into(), attributes)).await;
            let reply = read(&self.take().await);
            match (reply.code, &reply.nonce) {
                (Some(401 | 438), Some(nonce)) if person.nonce.is_empty() => {
                    person.nonce.clone_from(nonce);
                }
                _ => return reply,
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_was_handed_over_reaches_the_unit_and_ends_when_revoked() {
    let mut running = start();
    let mut stream = hand_over(&running, 65_536);
    let mut person = person(1, 1);
    let relayed = allocate(&mut stream, &mut person).await;
    assert!(matches!(running.events.recv().await, Some(RelayEvent::Opened { .. })));
    bind(&mut stream, &mut person, 0x4000, unit()).await;
    for length in [0, 1, 2, 3, 169, 170, 171, 1_100] {
        let data = vec![9; length];
        let mut message = channel_message(0x4000, &data);
        message.resize(padded(message.len()), 0);
        stream.write_all(&message).await.expect("it is open");
        assert!(running.to_unit.recv().await == Some((relayed, unit(), data.clone())));
        let back = UnitDatagram { relayed, from: unit(), contents: data.clone() };
        assert!(running.relay.from_unit(vec![back]));
        let mut bytes = vec![0; message.len()];
        stream.read_exact(&mut bytes).await.expect("the same length, padding and all");
        assert_eq!(channel_data(&bytes), Some((0x4000, &data[..])));
    }
    running.relay.revoke(Scope::Seat(visit(1), seat(1)));
    assert_eq!(stream.read(&mut [0; 16]).await.ok(), Some(0), "the stream ends");
    let Some(RelayEvent::Closed { reason, up_bytes, down_bytes, .. }) = running.events.recv().await
    else {
        panic!("it closed")
    };
    assert_eq!((reason, up_bytes, down_bytes), (CloseReason::Revoked, 1_616, 1_616));
    running.relay.shutdown();
    running.thread.join();
}

#[tokio::test]
async fn an_allocation_ends_with_its_stream() {
    let mut running = start();
    let mut stream = hand_over(&running, 65_536);
    allocate(&mut stream, &mut person(1, 1)).await;
    assert!(matches!(running.events.recv().await, Some(RelayEvent::Opened { .. })));
    drop(stream);
    let ended = running.events.recv().await;
    assert!(matches!(ended, Some(RelayEvent::Closed { reason: CloseReason::Gone, .. })));
    let report = running.relay.report().await.expect("it runs");
    assert_eq!((report.sizes.allocations, report.streams), (0, 0));
}

#[tokio::test]
async fn a_stream_of_something_else_is_closed_and_there_are_only_so_many() {
    let running = start();
    let mut stream = hand_over(&running, 1_024);
    stream.write_all(b"\x16\x03\x01 hello").await.expect("it is open");
    assert_eq!(stream.read(&mut [0; 16]).await.ok(), Some(0));
    let mut held = Vec::new();
    let refused = loop {
        let (ours, theirs) = duplex(64);
        let address = ([198, 51, 100, 8], 1).into();
        match running.relay.accept_stream(theirs, address, address, Transport::Tcp) {
            Ok(()) => held.push(ours),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, StreamRefused::TooMany);
    assert!((3..=4).contains(&held.len()));
    running.relay.shutdown();
    running.thread.join();
    let (_ours, theirs) = duplex(64);
    let address = ([198, 51, 100, 9], 1).into();
    let late = running.relay.accept_stream(theirs, address, address, Transport::Tcp);
    assert_eq!(late, Err(StreamRefused::Ended));
    assert!(running.relay.report().await.is_none());
}

#[tokio::test]
async fn a_slow_reader_holds_up_nobody() {
    let running = start();
    // A stream that takes little, and that nobody reads after the allocation.
    let mut slow = hand_over(&running, 4_096);
    let mut two = person(1, 2);
    let theirs = allocate(&mut slow, &mut two).await;
    let udp = Datagrams::new(&running).await;
    let mut one = person(1, 1);
    let transport = RequestedTransport::new(RequestedTransport::UDP);
    let ours = udp.ask(&mut one, ALLOCATE, &[&transport]).await.relayed[0];
    bind(&mut slow, &mut two, 0x4000, ours).await;
    let peer = XorPeerAddress::new(theirs, 5.into());
    let bound = udp.ask(&mut one, CHANNEL_BIND, &[&ChannelNumber::new(0x4000), &peer]).await;
    assert_eq!(bound.code, None);
    for _ in 0..200 {
        udp.give(&channel_message(0x4000, &[7; 1_000])).await;
        // An answer to each: nothing before it is still waiting to be looked at.
        udp.give(&bare(BINDING, 9.into())).await;
        assert_eq!(read(&udp.take().await).code, None);
    }
    let report = running.relay.report().await.expect("it runs");
    assert_eq!(report.stats.relayed_down, 200);
    assert!(report.stream_dropped >= 200 - 2 * 66, "{} dropped", report.stream_dropped);
    assert!(report.cpu_time.is_some());
    running.relay.shutdown();
    running.thread.join();
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let start = |config: RelayConfig, listen: &ListenConfig| {
        let (unit, events) = (mpsc::unbounded_channel().0, mpsc::unbounded_channel().0);
        super::start(config, listen, [3; 32], Box::new(TestUnit(unit)), events).err()
    };
    let any = SocketAddr::new(LOCALHOST, 0);
    let tls = ListenConfig { tls: vec![any], ..ListenConfig::default() };
    assert!(matches!(start(config(), &tls), Some(StartError::NoCertificate)));
    let taken = std::net::TcpListener::bind(any).expect("a port");
    let address = taken.local_addr().expect("bound");
    let tcp = ListenConfig { tcp: vec![address], ..ListenConfig::default() };
    let refused = start(config(), &tcp).expect("the port is taken");
    assert_eq!(refused.code(), "relay_bind");
    assert!(refused.to_string().contains(&address.port().to_string()));
    let open = || RelayConfig { mode: Mode::Open(OpenRules::default()), ..config() };
    let bind = ListenConfig { open_bind: vec![LOCALHOST], ..ListenConfig::default() };
    assert_eq!(start(open(), &bind).map(|e| e.code()), Some("relay_open_ports"), "too many");
    let few = RelayConfig { ports: 50_000..=50_001, ..open() };
    let nowhere = ListenConfig::default();
    assert_eq!(start(few, &nowhere).map(|e| e.code()), Some("relay_open_ports"), "no address");
}
