//! `bedside serve`, from the outside; and the exit codes of the program.

use crate::common::PATIENCE;
use crate::common::clinic::{Clinic, DOMAIN};
use crate::common::https::{connect, get, trusting};
use crate::common::program::run;
use hyper::StatusCode;
use std::net::{TcpListener, UdpSocket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn on_sigterm_it_closes_in_order_and_ends_well() {
    let clinic = Clinic::init();
    let certificate = clinic.use_own_certificate();
    let trust = trusting(std::slice::from_ref(&certificate));
    let (mut program, address) = clinic.serve().await;
    let answer = get(address, DOMAIN, &trust, "/healthz").await.expect("it serves");
    assert_eq!((answer.status, answer.certificate), (StatusCode::OK, certificate));
    // A connection on which nothing happens must not hold it up.
    let idle = connect(address, DOMAIN, &trust).await.expect("it takes connections");
    program.terminate();
    program.says("closing").await;
    let (code, said) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("ERROR") && !said.contains("WARN"), "{said}");
    drop(idle);

    // What was closed in order opens again.
    let (program, address) = clinic.serve().await;
    assert!(get(address, DOMAIN, &trust, "/healthz").await.is_ok());
    drop(program);
}

#[test]
fn exit_codes_are_0_for_done_1_for_no_and_2_for_not_understood() {
    for understood in [&["--version"][..], &["--help"], &["help", "init"]] {
        assert_eq!(run(understood).code, Some(0), "{understood:?}");
    }
    for not in [&[][..], &["sevre"], &["serve", "--port", "1"], &["init"], &["user", "remove", "x"]]
    {
        let outcome = run(not);
        assert_eq!((outcome.code, outcome.out.as_str()), (Some(2), ""), "{not:?}");
        assert!(outcome.err.contains("Usage: bedside"), "{}", outcome.err);
    }
    let nowhere = run(&["serve", "-c", "/nowhere/bedside.toml"]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (Some(1), ""));
    assert!(nowhere.err.contains("Make one with: bedside init"), "{}", nowhere.err);
}

#[test]
fn a_misspelt_setting_is_named_with_its_line() {
    let clinic = Clinic::init();
    clinic.edit("udp_port = 0", "udp_prot = 0");
    let args = ["serve", "-c", &clinic.settings()];
    let refused = run(&args);
    assert_eq!(refused.code, Some(1));
    for words in ["has a mistake", "udp_prot", "line "] {
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
    }
}

#[test]
fn a_taken_port_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    clinic.edit("\"127.0.0.1:0\"", &format!("\"{address}\""));
    let refused = run(&["serve", "-c", &clinic.settings()]);
    assert_eq!(refused.code, Some(1));
    for words in [address.as_str(), "is taken or not allowed", "web.listen"] {
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
    }
}

/// An Allocate request without credentials (RFC 8656 §7.1), for UDP.
const ALLOCATE: [u8; 28] = [
    0x00, 0x03, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    12, // header
    0x00, 0x19, 0x00, 0x04, 17, 0, 0, 0, // REQUESTED-TRANSPORT
];
/// The start of the answer: an error of Allocate.
const ALLOCATE_ERROR: [u8; 2] = [0x01, 0x13];

#[tokio::test]
async fn the_port_of_the_pages_serves_the_relay_too_unless_told_not_to() {
    let clinic = Clinic::init();
    let trust = trusting(&[clinic.use_own_certificate()]);
    let ask = async |address| {
        let mut stream = connect(address, DOMAIN, &trust).await.expect("it takes connections");
        stream.write_all(&ALLOCATE).await.expect("it is open");
        let mut start = [0; 2];
        stream.read_exact(&mut start).await.map(|_| start)
    };
    let (program, address) = clinic.serve().await;
    assert_eq!(ask(address).await.ok(), Some(ALLOCATE_ERROR), "a challenge");
    let page = get(address, DOMAIN, &trust, "/healthz").await.expect("it serves pages too");
    assert_eq!(page.status, StatusCode::OK);
    drop(program);

    clinic.edit("tls = true", "tls = false");
    let (program, address) = clinic.serve().await;
    assert_ne!(ask(address).await.ok(), Some(ALLOCATE_ERROR), "HTTP only");
    drop(program);
}

/// A Binding request (RFC 8489 §14): anybody may ask.
const BINDING: [u8; 20] =
    [0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

#[tokio::test]
async fn garbage_at_the_relay_leaves_no_line_in_the_log() {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    let (mut program, _) = clinic.serve().await;
    let open = program.says("relay port open").await;
    let (_, port) = open.split_once(" port=").expect("the line names the port");
    let port: u16 = port.split(' ').next().and_then(|p| p.parse().ok()).expect("a number");
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
    stranger.set_read_timeout(Some(PATIENCE)).expect("sets");
    let server = ("127.0.0.1", port);
    // Messages whose attributes are cut short, claim too much, or follow a fingerprint.
    for tail in [&[0x00, 0x06, 0x00, 0x04][..], &[0x00, 0x06, 0xff, 0xff], &[0x80, 0x28, 0, 0]] {
        let mut bad = BINDING;
        bad[3] = 4;
        stranger.send_to(&[&bad[..], tail].concat(), server).expect("loopback");
    }
    stranger.send_to(&BINDING, server).expect("loopback");
    // They are answered in order, so the others have been looked at by then.
    stranger.recv(&mut [0; 100]).expect("an answer");
    program.terminate();
    let (code, said) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("stun") && !said.contains("WARN"), "{said}");
}

#[test]
fn a_relay_on_a_port_of_the_media_is_refused_with_the_next_step() {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    clinic.edit("udp_port = 0", "udp_port = 40000\nshards = 3");
    clinic.edit("\nport = 0", "\nport = 40002");
    let refused = run(&["serve", "-c", &clinic.settings()]);
    assert_eq!(refused.code, Some(1));
    for words in ["relay.port 40002", "media.udp_port = 40003"] {
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
    }
}
