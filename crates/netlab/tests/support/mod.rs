//! What the tests in namespaces share.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use netlab::{Host, Lab};

/// For a broken build only; nothing waits that long otherwise.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A lab, or a line that the test was skipped.
pub fn lab(test: &str) -> Option<Lab> {
    Lab::new_or_skip(test, 7)
}

/// Starts a server that tells everybody which address they come from, as a STUN server does.
pub fn mirror(host: &Host, port: u16) -> SocketAddrV4 {
    let at = SocketAddrV4::new(host.address(), port);
    let socket = host.run(move || UdpSocket::bind(at).unwrap()).unwrap();
    host.thread(move || {
        let mut buffer = [0; 64];
        // Ends with the process; the socket is the only thing that it holds.
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(from.to_string().as_bytes(), from);
        }
    })
    .unwrap();
    at
}

/// A socket of the host, bound to no address.
pub fn bind(host: &Host) -> UdpSocket {
    let socket = host.run(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// Asks a mirror, and waits for what it says.
pub fn ask(socket: &UdpSocket, mirror: SocketAddrV4) -> SocketAddrV4 {
    socket.send_to(b"who am I?", mirror).unwrap();
    let mut buffer = [0; 64];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!(from, SocketAddr::V4(mirror));
    std::str::from_utf8(&buffer[..length]).unwrap().parse().unwrap()
}
