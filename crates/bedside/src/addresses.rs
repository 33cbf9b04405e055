//! Which addresses of this machine others can reach.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The address that this machine uses towards its network, if it has one. Connecting a UDP socket
/// sends nothing; it only asks the routing table. The target is a documentation address.
#[must_use]
pub fn of_this_machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}

/// Listens on `address`; on a taken port of a demo, on any free one instead.
///
/// # Errors
/// [`crate::error::Failure::Listen`].
pub async fn listen(
    address: SocketAddr,
    or_any: bool,
    option: &'static str,
) -> Result<tokio::net::TcpListener, crate::error::Failure> {
    match tokio::net::TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(_) if or_any => Ok(tokio::net::TcpListener::bind((address.ip(), 0)).await?),
        Err(error) => Err(crate::error::Failure::Listen {
            address: address.to_string(),
            kind: error.kind(),
            option,
        }),
    }
}
