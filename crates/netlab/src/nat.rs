//! What a NAT is like: the settings of RFC 4787, RFC 5382 and RFC 5508.
//!
//! Owns settings and their presets. [`crate::mappings`] translates by them.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::SettingError;

/// When a NAT uses the same outer port again for the same inner address and port (RFC 4787, section
/// 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mapping {
    /// For every destination.
    EndpointIndependent,
    /// For every port of the same destination address.
    AddressDependent,
    /// Only for the same destination address and port.
    AddressAndPortDependent,
}

/// Whom a NAT lets in through a mapping (RFC 4787, section 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filtering {
    /// Everybody.
    EndpointIndependent,
    /// Addresses that something was sent to, from any port.
    AddressDependent,
    /// Exactly the addresses and ports that something was sent to.
    AddressAndPortDependent,
}

/// The settings of a NAT with one outer address. Every mapping has an outer port of its own (RFC 4787,
/// REQ-3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nat {
    /// How ports are mapped.
    pub mapping: Mapping,
    /// Who gets in.
    pub filtering: Filtering,
    /// Whether hosts behind it reach each other through its outer address (RFC 4787, section 6). The
    /// source of such packets is the outer one.
    pub hairpin: bool,
    /// Whether the outer port is the inner one, if that is free. Otherwise it is drawn.
    pub preserves_ports: bool,
    /// Outer ports that may be given. The same range of numbers serves echo identifiers.
    pub ports: RangeInclusive<u16>,
    /// Life of a UDP mapping and its filter entries after the last packet.
    pub udp_idle: Duration,
    /// Life of an open TCP connection after the last segment.
    pub tcp_idle: Duration,
    /// Life of a TCP connection that is opening or closing, after the last segment.
    pub tcp_transitory: Duration,
    /// Life of an echo mapping after the last packet.
    pub echo_idle: Duration,
    /// Whether UDP packets that come in lengthen the life, too (RFC 4787, REQ-6). Those that go out
    /// always do.
    pub inbound_refreshes: bool,
}

impl Nat {
    /// The two behaviours; no hairpin, drawn ports, and the shortest lives that the standards allow:
    /// 2 minutes for UDP, 2 hours 4 minutes and 4 minutes for TCP, 1 minute for echoes. Packets that
    /// come in lengthen nothing.
    pub fn new(mapping: Mapping, filtering: Filtering) -> Self {
        Self {
            mapping,
            filtering,
            hairpin: false,
            preserves_ports: false,
            ports: 1024..=65_535,
            udp_idle: Duration::from_secs(120),
            tcp_idle: Duration::from_secs(7_440),
            tcp_transitory: Duration::from_secs(240),
            echo_idle: Duration::from_secs(60),
            inbound_refreshes: false,
        }
    }

    /// One port for all, open to all (“full cone”).
    pub fn full_cone() -> Self {
        Self::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent)
    }

    /// One port for all, open to addresses that were sent to (“restricted cone”).
    pub fn restricted() -> Self {
        Self::new(Mapping::EndpointIndependent, Filtering::AddressDependent)
    }

    /// One port for all, open to addresses and ports that were sent to (“port-restricted cone”).
    pub fn port_restricted() -> Self {
        Self::new(Mapping::EndpointIndependent, Filtering::AddressAndPortDependent)
    }

    /// A port of its own for each destination, open to that destination alone (“symmetric”).
    pub fn symmetric() -> Self {
        Self::new(Mapping::AddressAndPortDependent, Filtering::AddressAndPortDependent)
    }

    /// A common router at home: port-restricted, keeps ports, hairpins.
    pub fn home() -> Self {
        Self { hairpin: true, preserves_ports: true, ..Self::port_restricted() }
    }

    /// The NAT of a cellular carrier: symmetric, and UDP mappings live for 30 s only.
    pub fn carrier() -> Self {
        Self::symmetric().udp_idle(Duration::from_secs(30))
    }

    /// The same NAT with another life of UDP mappings.
    pub fn udp_idle(self, udp_idle: Duration) -> Self {
        Self { udp_idle, ..self }
    }

    /// The same NAT with hairpinning on or off.
    pub fn hairpin(self, hairpin: bool) -> Self {
        Self { hairpin, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        if self.ports.is_empty() || *self.ports.start() == 0 {
            return Err(SettingError::Ports);
        }
        let lives = [self.udp_idle, self.tcp_idle, self.tcp_transitory, self.echo_idle];
        check_lives(&lives)
    }
}

/// Longer ones are surely a slip of units.
pub(crate) fn check_lives(lives: &[Duration]) -> Result<(), SettingError> {
    const YEAR: Duration = Duration::from_secs(366 * 86_400);
    if lives.iter().all(|life| *life <= YEAR) { Ok(()) } else { Err(SettingError::Life) }
}
