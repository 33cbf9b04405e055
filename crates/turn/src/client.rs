//! Who sent something: the five-tuple that an allocation belongs to (RFC 8656 §2).

use std::net::{IpAddr, SocketAddr};

/// How a client reaches the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A plain stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl Transport {
    /// Whether messages follow each other in a stream, so that channel data is padded
    /// (RFC 8656 §12.5).
    #[must_use]
    pub const fn is_stream(self) -> bool {
        !matches!(self, Self::Udp)
    }
}

/// The five-tuple of a client. It holds a person's address, so it has neither `Debug` nor `Display`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// How it reaches us.
    pub transport: Transport,
    /// The address that we see. IPv4 is never written as IPv6 here.
    pub remote: SocketAddr,
    /// Our address that was reached. Answers leave from it.
    pub local: IpAddr,
    /// Which socket (UDP) or which connection (streams). The relay only compares it. Numbers of
    /// connections are never used again, so a late end of an old one cannot hit a new one.
    pub link: u64,
}
