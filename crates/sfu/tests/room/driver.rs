//! The driver on real sockets: threads, wake-up, addresses, shutdown.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use sfu::{
    CloseCode, Command, Datagram, RelayEntry, RelayExit, Sfu, SfuConfig, SfuEvent, Sources,
    TransportId,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use visit::{Source, VisitId};

use crate::common::{Client, seat, visit};

/// Two to a visit.
fn visit_of(transport: TransportId) -> VisitId {
    VisitId::new(1_700_000_000_000, u128::from(transport.0.div_ceil(2)))
}

/// Drives real clients until `done`, at most 20 s. Blocking, one thread: each socket waits 1 ms.
fn drive(
    sfu: &Sfu,
    events: &mut UnboundedReceiver<SfuEvent>,
    clients: &mut [(UdpSocket, Client)],
    log: &mut Vec<SfuEvent>,
    mut done: impl FnMut(&[(UdpSocket, Client)], &[SfuEvent]) -> bool,
) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    let mut buffer = [0; 2_000];
    while Instant::now() < end {
        while let Ok(event) = events.try_recv() {
            if let SfuEvent::Offer { transport, generation, sdp, tracks, .. } = &event
                && let Some((_, c)) = clients.iter_mut().find(|(_, c)| c.transport == *transport)
            {
                let sdp = c.answer(Instant::now(), sdp, tracks);
                let (transport, generation) = (*transport, *generation);
                let visit = visit_of(transport);
                let answer = Command::Answer { visit, transport, generation, sdp };
                sfu.send(answer).expect("room in the queue");
            }
            log.push(event);
        }
        for (socket, client) in clients.iter_mut() {
            while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                client.receive(Instant::now(), from, &buffer[..n]);
            }
            client.run(Instant::now());
            for (_, datagram) in client.outbox.drain(..) {
                let to = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), sfu.ports()[0]);
                socket.send_to(&datagram, to).expect("loopback takes it");
            }
        }
        if done(clients, log) {
            return true;
        }
    }
    false
}

#[test]
fn two_clients_talk_over_loopback_and_are_told_when_the_program_stops() {
    let (tx, mut events) = unbounded_channel();
    let mut config = SfuConfig::new(vec![IpAddr::from([127, 0, 0, 1])]);
    config.shards = 1;
    let (sfu, threads) = Sfu::start(config, tx).expect("starts");
    let mut clients = Vec::new();
    for n in 1..=2u8 {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let transport = TransportId(u64::from(n));
        clients.push((socket, Client::new(Instant::now(), n, transport, address)));
        let join = Command::Join {
            visit: visit(),
            seat: seat(n),
            transport,
            rights: Sources::ALL,
            muted: Sources::NONE,
        };
        sfu.send(join).expect("room in the queue");
    }
    let mut log = Vec::new();
    let start = Instant::now();
    let talked = drive(&sfu, &mut events, &mut clients, &mut log, |clients, _| {
        [(0, 2), (1, 1)].iter().all(|(me, other)| {
            let got = |source| clients[*me].1.got(seat(*other), source, start).len();
            got(Source::Mic) > 50 && got(Source::Camera) > 50
        })
    });
    assert!(talked);
    let stats = sfu.stats();
    assert_eq!((stats.rooms, stats.transports, stats.panics), (1, 2, 0));
    assert!(stats.packets_forwarded > 200 && stats.send_dropped == 0);
    assert!(clients.iter().all(|(_, c)| c.pings.len() > 3));

    sfu.shutdown();
    threads.join();
    let closed = drive(&sfu, &mut events, &mut clients, &mut log, |clients, log| {
        let codes =
            log.iter().filter(|e| matches!(e, SfuEvent::Closed { code: CloseCode::Shutdown, .. }));
        codes.count() == 2 && clients.iter().all(|(_, c)| !c.rtc.is_alive())
    });
    assert!(closed, "both clients were told");
}

#[test]
fn shards_on_one_port_serve_whomever_the_kernel_gives_to_which() {
    const VISITS: u8 = 6;
    let (tx, mut events) = unbounded_channel();
    let mut config = SfuConfig::new(vec![IpAddr::from([127, 0, 0, 1])]);
    (config.shards, config.single_port) = (3, true);
    let (sfu, threads) = Sfu::start(config, tx).expect("starts");
    assert_eq!(sfu.ports().len(), 1);
    let mut clients = Vec::new();
    for n in 1..=2 * VISITS {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let transport = TransportId(n.into());
        clients.push((socket, Client::new(Instant::now(), n, transport, address)));
        let (visit, seat) = (visit_of(transport), seat(n));
        let (rights, muted) = (Sources::ALL, Sources::NONE);
        sfu.send(Command::Join { visit, seat, transport, rights, muted }).expect("room");
    }
    // Client 1 sits with client 2, and so on.
    let all_talk = |clients: &[(UdpSocket, Client)], since| {
        (0..clients.len()).all(|me| {
            let other = seat((me as u8 ^ 1) + 1);
            clients[me].1.got(other, Source::Mic, since).len() > 20
        })
    };
    let (mut log, start) = (Vec::new(), Instant::now());
    assert!(drive(&sfu, &mut events, &mut clients, &mut log, |c, _| all_talk(c, start)));
    let stats = sfu.stats();
    assert_eq!((stats.rooms, stats.transports), (VISITS.into(), 2 * u64::from(VISITS)));
    assert!(stats.handed_over > 0, "no kernel guesses twelve of twelve");

    // New fragments name the same shards.
    for (_, client) in &clients {
        let transport = client.transport;
        sfu.send(Command::RestartIce { visit: visit_of(transport), transport }).expect("room");
    }
    let offers = |log: &[SfuEvent]| {
        let again =
            |e: &&SfuEvent| matches!(e, SfuEvent::Offer { generation, .. } if *generation > 1);
        log.iter().filter(again).count()
    };
    let mut restarted = None;
    let went_on = drive(&sfu, &mut events, &mut clients, &mut log, |clients, log| {
        if restarted.is_none() && offers(log) >= clients.len() {
            restarted = Some(Instant::now());
        }
        restarted.is_some_and(|since| all_talk(clients, since))
    });
    assert!(went_on);
    assert_eq!((sfu.stats().panics, sfu.stats().rejected), (0, 0));
    sfu.shutdown();
    threads.join();
}

/// Gives the test what the unit sends to relayed addresses.
struct Exit(Sender<Datagram>);

impl RelayExit for Exit {
    fn send(&self, datagrams: Vec<Datagram>) -> bool {
        datagrams.into_iter().all(|d| self.0.send(d).is_ok())
    }
}

/// Carries a client's datagrams as a relay would: in memory. Its address is the relayed one.
fn carry(client: &mut Client, to: SocketAddr, entry: &mut RelayEntry, out: &Receiver<Datagram>) {
    while let Ok(datagram) = out.try_recv() {
        assert!(
            datagram.destination == client.address,
            "only relayed addresses leave by the relay"
        );
        client.receive(Instant::now(), datagram.source, &datagram.contents);
    }
    client.run(Instant::now());
    for (relayed, datagram) in client.outbox.drain(..) {
        entry.push(relayed, to, &datagram);
    }
    entry.flush();
}

#[test]
fn a_client_behind_a_relay_and_one_without_talk() {
    let (tx, mut events) = unbounded_channel();
    let mut config = SfuConfig::new(vec![IpAddr::from([127, 0, 0, 1])]);
    config.shards = 1;
    let relayed = SocketAddr::from(([192, 0, 0, 8], 50_000));
    config.relayed = vec![relayed.ip()];
    let (sfu, threads) = Sfu::start(config, tx).expect("starts");
    let (exit, out) = channel();
    assert!(sfu.set_relay_exit(Box::new(Exit(exit.clone()))));
    assert!(!sfu.set_relay_exit(Box::new(Exit(exit))), "once");
    let mut entry = sfu.relay_entry();
    let server = SocketAddr::from(([127, 0, 0, 1], sfu.ports()[0]));

    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    let address = socket.local_addr().expect("bound");
    let now = Instant::now();
    let mut direct = Client::new(now, 1, TransportId(1), address);
    let mut behind = Client::new(now, 2, TransportId(2), relayed);
    for n in 1..=2u8 {
        let (transport, rights, muted) = (TransportId(u64::from(n)), Sources::ALL, Sources::NONE);
        let join = Command::Join { visit: visit(), seat: seat(n), transport, rights, muted };
        sfu.send(join).expect("room in the queue");
    }
    let heard = |client: &Client, other| client.got(seat(other), Source::Camera, now).len();
    let mut buffer = [0; 2_000];
    while heard(&direct, 2) < 50 || heard(&behind, 1) < 50 {
        assert!(now.elapsed() < Duration::from_secs(20), "they never talked");
        while let Ok(event) = events.try_recv() {
            let SfuEvent::Offer { transport, generation, sdp, tracks, .. } = event else {
                continue;
            };
            let client = if transport.0 == 1 { &mut direct } else { &mut behind };
            let sdp = client.answer(Instant::now(), &sdp, &tracks);
            let answer = Command::Answer { visit: visit(), transport, generation, sdp };
            sfu.send(answer).expect("room in the queue");
        }
        while let Ok((n, from)) = socket.recv_from(&mut buffer) {
            direct.receive(Instant::now(), from, &buffer[..n]);
        }
        direct.run(Instant::now());
        for (_, datagram) in direct.outbox.drain(..) {
            socket.send_to(&datagram, server).expect("loopback takes it");
        }
        carry(&mut behind, server, &mut entry, &out);
    }
    assert_eq!((sfu.stats().send_dropped, sfu.stats().panics), (0, 0));
    sfu.shutdown();
    threads.join();
}

#[test]
fn threads_end_when_the_last_handle_goes() {
    let (tx, _events) = unbounded_channel();
    let mut config = SfuConfig::new(vec![IpAddr::from([127, 0, 0, 1])]);
    config.shards = 2;
    let (sfu, threads) = Sfu::start(config, tx).expect("starts");
    assert_eq!(sfu.ports().len(), 2);
    let clone = sfu.clone();
    drop(sfu);
    drop(clone);
    threads.join();
}

#[test]
fn a_taken_port_is_an_error_with_a_code() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut config = SfuConfig::new(vec![IpAddr::from([127, 0, 0, 1])]);
    config.bind = IpAddr::from([127, 0, 0, 1]);
    config.shards = 1;
    config.port_base = taken.local_addr().expect("bound").port();
    for single_port in [false, true] {
        let (tx, _events) = unbounded_channel();
        let mut config = config.clone();
        (config.single_port, config.shards) = (single_port, 1 + u16::from(single_port));
        let error = Sfu::start(config, tx).err().expect("the port is taken");
        assert_eq!(error.code(), "sfu_bind");
    }
}
