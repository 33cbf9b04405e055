//! Real sockets and programs in real namespaces.
//!
//! Every wait ends with a packet or a counter. The limit is there for a broken build only.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netlab::{
    Access, Cause, Firewall, Host, Lab, LabError, Link, Nat, Process, Protocol, SettingError,
};
use support::{LIMIT, ask, bind, lab, mirror};

#[test]
fn a_round_trip_takes_at_least_both_delays() {
    let Some(mut lab) = lab("a_round_trip_takes_at_least_both_delays") else { return };
    let delay = Duration::from_millis(40);
    let server = lab.host("server").start().unwrap();
    let link = Link::perfect().delay(delay).jitter(Duration::from_millis(5), false);
    let client = lab.host("client").link(link).start().unwrap();
    let echo = mirror(&server, 7000);
    let socket = bind(&client);
    for _ in 0..10 {
        let start = Instant::now();
        let seen = ask(&socket, echo);
        assert!(start.elapsed() >= 2 * delay, "faster than the link");
        assert_eq!(*seen.ip(), client.address());
    }
    let counters = client.counters(0).unwrap();
    assert_eq!((counters.up.out_packets, counters.down.out_packets), (10, 10));
}

#[test]
fn a_transfer_is_no_faster_than_the_rate() {
    let Some(mut lab) = lab("a_transfer_is_no_faster_than_the_rate") else { return };
    const RATE_BPS: u64 = 4_000_000;
    const BYTES: usize = 200_000;
    let server = lab.host("server").start().unwrap();
    let link = Link::perfect().delay(Duration::from_millis(5)).rate(RATE_BPS, 30_000);
    let client = lab.host("client").link(link).start().unwrap();
    let at = SocketAddrV4::new(server.address(), 8080);
    let listener = server.run(move || TcpListener::bind(at).unwrap()).unwrap();
    let sender = server
        .thread(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&vec![7; BYTES]).unwrap();
        })
        .unwrap();
    let start = Instant::now();
    let mut stream = client.run(move || TcpStream::connect(at).unwrap()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    let took = start.elapsed();
    sender.join().unwrap();
    assert_eq!(received.len(), BYTES);
    assert!(received.iter().all(|byte| *byte == 7));
    let least = Duration::from_secs_f64(BYTES as f64 * 8.0 / RATE_BPS as f64);
    assert!(took >= least, "{took:?} is faster than the wire, {least:?}");
    // Without a limit it would have come in one burst; here it stood in the queue.
    assert!(client.counters(0).unwrap().down.out_bytes > BYTES as u64);
}

#[test]
fn a_lossy_link_loses_and_a_transfer_still_arrives() {
    let Some(mut lab) = lab("a_lossy_link_loses_and_a_transfer_still_arrives") else { return };
    let server = lab.host("server").start().unwrap();
    let link = Link::perfect().loss(netlab::Loss::Uniform(0.05));
    let client = lab.host("client").behind(Nat::home()).link(link).start().unwrap();
    let at = SocketAddrV4::new(server.address(), 8080);
    let listener = server.run(move || TcpListener::bind(at).unwrap()).unwrap();
    let receiver = server
        .thread(move || {
            let mut received = Vec::new();
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            stream.read_to_end(&mut received).unwrap();
            received
        })
        .unwrap();
    let sent: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let mut stream = client.run(move || TcpStream::connect(at).unwrap()).unwrap();
    stream.write_all(&sent).unwrap();
    drop(stream);
    // Checksums that were mended wrongly would have cost every segment.
    assert!(receiver.join().unwrap() == sent, "what arrived is what was sent");
    assert!(client.counters(0).unwrap().up.dropped(Cause::Loss) > 0);
}

#[test]
fn blocked_udp_does_not_get_out_and_tcp_does() {
    let Some(mut lab) = lab("blocked_udp_does_not_get_out_and_tcp_does") else { return };
    let server = lab.host("server").start().unwrap();
    let client = lab.host("client").firewall(Firewall::udp_blocked()).start().unwrap();
    let at = SocketAddrV4::new(server.address(), 443);
    let listener = server.run(move || TcpListener::bind(at).unwrap()).unwrap();
    let socket = bind(&client);
    socket.send_to(b"hello", at).unwrap();
    let id = client.paths()[0].id;
    lab.wait("the firewall to stop a datagram", LIMIT, |router| {
        router.counters(id).firewall.dropped(Cause::Firewall) == 1
    })
    .unwrap();
    assert_eq!(server.counters(0).unwrap().down.in_packets, 0);
    let stream = client.run(move || TcpStream::connect(at)).unwrap();
    assert!(stream.is_ok() && listener.accept().is_ok());
}

#[test]
fn a_firewall_that_answers_refuses_at_once() {
    let Some(mut lab) = lab("a_firewall_that_answers_refuses_at_once") else { return };
    let server = lab.host("server").start().unwrap();
    let firewall = Firewall::tcp_443_only().answering();
    let client = lab.host("client").behind(Nat::home()).firewall(firewall).start().unwrap();
    let other = SocketAddrV4::new(server.address(), 3478);
    let refused = client.run(move || TcpStream::connect(other)).unwrap();
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(server.counters(0).unwrap().down.in_packets, 0);
}

#[test]
fn a_symmetric_nat_shows_each_server_another_port_and_a_cone_the_same() {
    let Some(mut lab) = lab("a_symmetric_nat_shows_each_server_another_port") else { return };
    let (one, two) = (lab.host("one").start().unwrap(), lab.host("two").start().unwrap());
    let (first, second) = (mirror(&one, 3478), mirror(&two, 3478));
    for (name, nat, same) in
        [("cone", Nat::port_restricted(), true), ("symmetric", Nat::symmetric(), false)]
    {
        let client = lab.host(name).behind(nat).start().unwrap();
        let socket = bind(&client);
        let (seen_by_one, seen_by_two) = (ask(&socket, first), ask(&socket, second));
        assert_eq!(*seen_by_one.ip(), client.outer_address(0).unwrap());
        assert_ne!(*seen_by_one.ip(), client.address());
        assert_eq!(seen_by_one == seen_by_two, same, "{name}");
        assert_eq!(ask(&socket, first), seen_by_one, "the mapping stays");
        let mappings = lab.mappings(client.paths()[0].nat.unwrap());
        assert_eq!(mappings.len(), if same { 1 } else { 2 });
        assert!(mappings.iter().all(|mapping| mapping.protocol == Protocol::Udp));
    }
}

#[test]
fn a_rebound_nat_shows_another_port_to_the_same_socket() {
    let Some(mut lab) = lab("a_rebound_nat_shows_another_port_to_the_same_socket") else { return };
    let server = lab.host("server").start().unwrap();
    let nat = lab.nat(Nat::home()).unwrap();
    let client = lab.host("client").behind(nat).start().unwrap();
    let echo = mirror(&server, 3478);
    let socket = bind(&client);
    let before = ask(&socket, echo);
    lab.rebind(nat, false).unwrap();
    let after = ask(&socket, echo);
    assert_eq!(before.ip(), after.ip());
    assert_ne!(before.port(), after.port());
    lab.rebind(nat, true).unwrap();
    assert_ne!(ask(&socket, echo).ip(), before.ip());
}

#[test]
fn an_unbound_socket_follows_from_one_path_to_the_other() {
    let Some(mut lab) = lab("an_unbound_socket_follows_from_one_path_to_the_other") else { return };
    let server = lab.host("server").start().unwrap();
    let cellular = Access::new().behind(Nat::carrier()).interface("cell0");
    let phone = lab.host("phone").behind(Nat::home()).interface("wlan0").and(cellular);
    let phone = phone.start().unwrap();
    let echo = mirror(&server, 3478);
    let socket = bind(&phone);
    assert_eq!(*ask(&socket, echo).ip(), phone.outer_address(0).unwrap());
    phone.swap_to(1).unwrap();
    assert_eq!(*ask(&socket, echo).ip(), phone.outer_address(1).unwrap());
    let [left, used] = [0, 1].map(|path| {
        let at = (phone.paths()[path].address, 0);
        phone.run(move || UdpSocket::bind(at).is_ok()).unwrap()
    });
    assert_eq!((left, used), (false, true), "an interface that went has no address");
    phone.swap_to(0).unwrap();
    assert_eq!(*ask(&socket, echo).ip(), phone.outer_address(0).unwrap());
    // The default route alone, with both interfaces up.
    phone.set_interface_up(1, true).unwrap();
    phone.set_link_up(1, true).unwrap();
    phone.use_path(1).unwrap();
    assert_eq!(*ask(&socket, echo).ip(), phone.outer_address(1).unwrap());
}

#[test]
fn a_link_changes_under_an_open_socket() {
    let Some(mut lab) = lab("a_link_changes_under_an_open_socket") else { return };
    let server = lab.host("server").start().unwrap();
    let client = lab.host("client").start().unwrap();
    let echo = mirror(&server, 3478);
    let socket = bind(&client);
    ask(&socket, echo);
    let delay = Duration::from_millis(30);
    client.set_link(0, client.link(0).unwrap().delay(delay)).unwrap();
    let start = Instant::now();
    ask(&socket, echo);
    assert!(start.elapsed() >= 2 * delay);

    client.set_link_up(0, false).unwrap();
    socket.send_to(b"lost", echo).unwrap();
    let id = client.paths()[0].id;
    lab.wait("a packet on the dead link", LIMIT, |router| {
        router.counters(id).up.dropped(Cause::Down) == 1
    })
    .unwrap();
    client.set_link_up(0, true).unwrap();
    ask(&socket, echo);
}

#[test]
fn the_kernel_learns_the_size_that_fits_through_a_nat() {
    let Some(mut lab) = lab("the_kernel_learns_the_size_that_fits_through_a_nat") else { return };
    let narrow = Link::perfect().mtu(1200, true);
    let server = lab.host("server").link(narrow).start().unwrap();
    let client = lab.host("client").behind(Nat::home()).start().unwrap();
    let at = SocketAddrV4::new(server.address(), 8080);
    let listener = server.run(move || TcpListener::bind(at).unwrap()).unwrap();
    let receiver = server
        .thread(move || {
            let mut received = Vec::new();
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            stream.read_to_end(&mut received).unwrap();
            received.len()
        })
        .unwrap();
    let mut stream = client.run(move || TcpStream::connect(at).unwrap()).unwrap();
    stream.write_all(&[9; 20_000]).unwrap();
    drop(stream);
    assert_eq!(receiver.join().unwrap(), 20_000);
    assert!(server.counters(0).unwrap().down.dropped(Cause::Mtu) > 0, "it had to be told");
}

#[test]
fn programs_know_hosts_by_name_and_see_their_own_network_only() {
    let Some(mut lab) = lab("programs_know_hosts_by_name") else { return };
    let client = lab.host("client").behind(Nat::home()).start().unwrap();
    // Added later than the client, which learns of it all the same.
    let server = lab.host("server").start().unwrap();
    lab.add_name("visit.example", server.address()).unwrap();
    for name in ["server", "visit.example"] {
        let found = client.run(move || std::net::ToSocketAddrs::to_socket_addrs(&(name, 443)));
        let found: Vec<_> = found.unwrap().unwrap().collect();
        assert_eq!(found, [SocketAddrV4::new(server.address(), 443).into()]);
    }
    let mut command = Command::new("cat");
    command.args(["/etc/hosts", "/proc/net/dev"]).stdout(Stdio::piped());
    let text = output(client.spawn(command).unwrap());
    assert!(text.contains("server") && text.contains("visit.example"));
    assert!(text.contains("net0:") && text.contains("lo:") && !text.contains("eth0:"));
    // Outside nothing has changed.
    assert!(!std::fs::read_to_string("/etc/hosts").unwrap().contains("visit.example"));
}

#[test]
fn nothing_is_left_of_a_lab_that_is_dropped_or_panics() {
    let Some(lab_) = lab("nothing_is_left_of_a_lab_that_is_dropped_or_panics") else { return };
    drop(lab_);
    for panics in [false, true] {
        let (tell, told) = std::sync::mpsc::channel();
        let ended = std::thread::spawn(move || {
            let mut lab = Lab::new(1).unwrap();
            let host = lab.host("host").start().unwrap();
            let mut program = Command::new("cat");
            program.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut program = host.spawn(program).unwrap();
            let output = program.child().stdout.take().unwrap();
            tell.send((host, program, output)).unwrap();
            if panics {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
        })
        .join();
        assert_eq!(ended.is_err(), panics);
        let (host, mut program, mut output) = told.recv().unwrap();
        // The program was killed: its pipe ends although its input is still open.
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(!program.wait().unwrap().success());
        assert!(matches!(host.run(|| ()), Err(LabError::Gone)));
    }
}

#[test]
fn a_killed_run_takes_its_programs_and_network_along() {
    let Some(lab_) = lab("a_killed_run_takes_its_programs_and_network_along") else { return };
    drop(lab_);
    // A run of our own program, whose guest writes a line and then waits for ever.
    let mut run = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["--", "sh", "-c", "echo ready; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    run.kill().unwrap();
    run.wait().unwrap();
    // The pipe's other end was the guest's alone: its end of file is the guest's death.
    output.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn orders_by_lines_build_and_change_a_lab_and_each_has_its_answer() {
    let Some(lab_) = lab("orders_by_lines_build_and_change_a_lab") else { return };
    drop(lab_);
    let mut run = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .arg("--control")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = run.stdin.take().unwrap();
    let mut answers = BufReader::new(run.stdout.take().unwrap()).lines();
    assert_eq!(answers.next().unwrap().unwrap(), "ok ready");
    let mut ask = |order: &str| {
        writeln!(orders, "{order}").unwrap();
        answers.next().unwrap().unwrap()
    };
    let made = ask("host phone wlan0=home-nat,home cell0=carrier-nat");
    let [ok, address, network, mounts] = made.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not an answer of four words")
    };
    assert_eq!(ok, "ok");
    assert!(address.starts_with("10."));
    // The files are what programs enter by.
    let enter = [format!("--net={network}"), format!("--mount={mounts}")];
    let seen = Command::new("nsenter").args(enter).args(["cat", "/proc/net/dev"]).output().unwrap();
    let seen = String::from_utf8(seen.stdout).unwrap();
    assert!(seen.contains("wlan0:") && seen.contains("cell0:") && !seen.contains("eth0:"));

    assert_eq!(ask("counters phone 0"), "ok up=0 up_lost=0 down=0 down_lost=0 firewall=0");
    for order in [
        "link phone 0 home,burst10",
        "firewall phone 0 udp-blocked",
        "cable phone 0 down",
        "interface phone 1 down",
        "swap phone 1",
        "rebind phone 1",
    ] {
        assert_eq!(ask(order), "ok", "{order}");
    }
    for (order, code) in [
        ("", "order"),
        ("fly phone 0", "order"),
        ("host phone net0=open", "name"),
        ("host other open", "order"),
        ("swap nobody 0", "unknown"),
        ("swap phone 2", "unknown"),
        ("cable phone 0 sideways", "order"),
        ("link phone 0 nonsense", "profile"),
    ] {
        assert!(ask(order).starts_with(&format!("error {code} ")), "{order}");
    }
    drop(orders);
    assert!(run.wait().unwrap().success());
}

#[test]
fn many_labs_run_side_by_side_with_the_same_addresses() {
    let Some(first) = lab("many_labs_run_side_by_side_with_the_same_addresses") else { return };
    let mut labs = [first, Lab::new(2).unwrap(), Lab::new(3).unwrap()];
    let hosts: Vec<(Host, Host)> = labs
        .iter_mut()
        .map(|lab| (lab.host("server").start().unwrap(), lab.host("client").start().unwrap()))
        .collect();
    for (server, client) in &hosts {
        assert_eq!(server.address(), hosts[0].0.address());
        assert_eq!(*ask(&bind(client), mirror(server, 3478)).ip(), client.address());
        assert_eq!(server.counters(0).unwrap().down.out_packets, 1);
    }
}

#[test]
fn settings_that_cannot_be_are_refused_by_code() {
    let Some(mut lab) = lab("settings_that_cannot_be_are_refused_by_code") else { return };
    let code = |result: Result<Host, LabError>| result.err().map(|error| error.code());
    assert_eq!(code(lab.host("one").start()), None);
    assert_eq!(code(lab.host("one").start()), Some("name"));
    assert_eq!(code(lab.host("no good").start()), Some("name"));
    assert_eq!(code(lab.host("two").interface("lo").start()), Some("interface"));
    assert_eq!(code(lab.host("two").link(Link::perfect().rate(0, 1)).start()), Some("rate"));
    let taken = lab.hosts()[0].address();
    assert_eq!(code(lab.host("two").address(taken).start()), Some("address_taken"));
    let error = lab.hosts()[0].set_link_up(1, false).unwrap_err();
    assert!(matches!(error, LabError::Setting(SettingError::Unknown)));
}

#[test]
fn a_socket_belongs_to_the_host_that_opened_it() {
    let Some(mut lab) = lab("a_socket_belongs_to_the_host_that_opened_it") else { return };
    let server = lab.host("server").start().unwrap();
    let outside = UdpSocket::bind((server.address(), 3478));
    assert!(outside.is_err(), "the test itself has no such address");
    let inside = server.run({
        let at = (server.address(), 3478);
        move || UdpSocket::bind(at)
    });
    assert!(inside.unwrap().is_ok());
}

/// Everything that a program writes until it ends, which must be well.
fn output(mut program: Process) -> String {
    let mut text = String::new();
    let mut pipe = program.child().stdout.take().unwrap();
    pipe.read_to_string(&mut text).unwrap();
    assert!(program.wait().unwrap().success());
    text
}
