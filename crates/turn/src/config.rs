//! Settings of a relay, and their bounds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use crate::policy::Net;

/// What relayed IPv4 addresses of a closed relay are made of: the dummy address of RFC 7600, which
/// no machine has and no network carries. Nothing is bound at a relayed address of a closed relay, so
/// it need not be an address of ours; and since nobody else can have it, it cannot be confused with
/// anybody's own.
pub const VIRTUAL_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 0, 8));

/// The same for IPv6: an address of the discard prefix (RFC 6666).
pub const VIRTUAL_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));

/// Everything that a [`crate::Relay`] is told at the start.
#[derive(Clone)]
#[non_exhaustive]
pub struct RelayConfig {
    /// The realm of the credentials (RFC 8489 §14.9): a domain, 1 to 127 bytes.
    pub realm: String,
    /// The secret that passwords are derived from. Whoever issues credentials has it too.
    pub secret: Secret,
    /// Addresses that relayed addresses are made of: one IPv4, one IPv6, or both. Public ones in open
    /// mode; [`VIRTUAL_V4`] and [`VIRTUAL_V6`] are good for closed mode.
    pub addresses: Vec<IpAddr>,
    /// Ports of relayed addresses. In closed mode they are virtual: nothing is bound there.
    pub ports: RangeInclusive<u16>,
    /// Where our own forwarding unit receives. Reached in memory.
    pub unit: Vec<SocketAddr>,
    /// Which peers may be reached beside the visit's own relayed addresses and the unit.
    pub mode: Mode,
    /// Bounds on everything that a client can make the relay hold or do.
    pub limits: Limits,
}

/// Which peers may be reached.
#[derive(Clone, Default)]
pub enum Mode {
    /// Relayed addresses of the same visit, and the forwarding unit. Nothing else, ever.
    #[default]
    Closed,
    /// Also addresses that were signalled in the visit, unless a rule forbids them.
    Open(OpenRules),
}

/// What open mode forbids beside the special ranges and ports below 1024.
#[derive(Clone, Default)]
pub struct OpenRules {
    /// Addresses of this machine beside the public ones of the relay.
    pub own: Vec<IpAddr>,
    /// Further networks: databases, storage, whatever this machine can reach and clients may not.
    pub deny: Vec<Net>,
}

/// Bounds. Each has its range; [`RelayConfig::validate`] holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Allocations of one seat, 1 to 10,000. A browser makes one per server URL and network, and
    /// for a moment twice as many while it looks for a new path.
    pub allocations_per_seat: u32,
    /// Allocations of one visit, 1 to 100,000.
    pub allocations_per_visit: u32,
    /// Allocations of one client address (IPv6: of one /64), 1 to 100,000. A whole clinic may sit
    /// behind one address.
    pub allocations_per_address: u32,
    /// Allocations of this relay, 1 to 1,000,000.
    pub allocations: u32,
    /// Permissions of one allocation, 1 to 64.
    pub permissions: usize,
    /// Channels of one allocation, 1 to 64.
    pub channels: usize,
    /// Datagrams per second of one allocation, each direction, 10 to 10,000,000.
    pub packets_per_s: u64,
    /// Bytes per second of one allocation, each direction, 10,000 to 10,000,000,000.
    pub bytes_per_s: u64,
    /// Answers per second to one source network (IPv4 /24, IPv6 /56) over UDP before it proved who
    /// it is, 1 to 100,000. More requests than that are dropped.
    pub answers_per_s: u32,
    /// Answers that such a network may get at once, 1 to 100,000.
    pub answers_burst: u32,
    /// Lifetime of an allocation when the client asks for none, 60 to 3,600 s (RFC 8656 §3.2: 600).
    pub lifetime_s: u32,
    /// Longest lifetime that a client can ask for, 60 to 3,600 s.
    pub max_lifetime_s: u32,
    /// How long a nonce is good, 60 to 3,600 s.
    pub nonce_s: u32,
    /// Credentials that expire later than this from now are refused, 60 to 604,800 s. Revocations
    /// are remembered as long.
    pub max_credential_s: u64,
    /// Signalled addresses of one visit in open mode, 1 to 1,024.
    pub peers_per_visit: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allocations_per_seat: 24,
            allocations_per_visit: 256,
            allocations_per_address: 512,
            allocations: 10_000,
            permissions: 32,
            channels: 32,
            packets_per_s: 5_000,
            bytes_per_s: 2_500_000,
            answers_per_s: 100,
            answers_burst: 400,
            lifetime_s: 600,
            max_lifetime_s: 3_600,
            nonce_s: 600,
            max_credential_s: 86_400,
            peers_per_visit: 64,
        }
    }
}

/// The shared secret of the credentials. Wiped from memory when dropped; never shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Shortest secret, in bytes.
    pub const MIN_BYTES: usize = 16;

    /// Takes the bytes of a secret. For other TURN servers the same text goes into their setting
    /// for a shared secret.
    ///
    /// # Errors
    /// [`ConfigError::ShortSecret`] below [`Self::MIN_BYTES`].
    pub fn new(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() < Self::MIN_BYTES {
            return Err(ConfigError::ShortSecret);
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A setting cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The shared secret is too short.
    #[error("the relay's secret is too short; use at least {} random bytes", Secret::MIN_BYTES)]
    ShortSecret,
    /// The realm is empty, too long, or has characters that a quoted text cannot have.
    #[error("the relay's realm must be a domain name of 1 to 127 printable characters")]
    Realm,
    /// No address, two of one family, or one that stands for no machine.
    #[error("the relay needs one public IPv4 address, one public IPv6 address, or one of each")]
    Addresses,
    /// The range of ports is empty or contains ports below 1024.
    #[error("the relay's ports must be a range between 1024 and 65535")]
    Ports,
    /// A limit is outside its range.
    #[error("the relay's limit {0} is outside its range; see its documentation")]
    Limit(&'static str),
}

impl ConfigError {
    /// Stable name for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ShortSecret => "relay_secret",
            Self::Realm => "relay_realm",
            Self::Addresses => "relay_addresses",
            Self::Ports => "relay_ports",
            Self::Limit(_) => "relay_limit",
        }
    }
}

impl RelayConfig {
    /// A closed relay with the usual limits and the dynamic ports (RFC 8656 §7.2).
    #[must_use]
    pub fn new(realm: impl Into<String>, secret: Secret, addresses: Vec<IpAddr>) -> Self {
        Self {
            realm: realm.into(),
            secret,
            addresses,
            ports: 49_152..=65_535,
            unit: Vec::new(),
            mode: Mode::Closed,
            limits: Limits::default(),
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`ConfigError`], naming the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
        if !(1..=127).contains(&self.realm.len()) || !self.realm.chars().all(plain) {
            return Err(ConfigError::Realm);
        }
        let v4 = self.addresses.iter().filter(|ip| ip.is_ipv4()).count();
        let v6 = self.addresses.len() - v4;
        let odd =
            |ip: &IpAddr| ip.is_unspecified() || ip.is_multicast() || ip.to_canonical() != *ip;
        if v4 > 1 || v6 > 1 || v4 + v6 == 0 || self.addresses.iter().any(odd) {
            return Err(ConfigError::Addresses);
        }
        if self.ports.is_empty() || *self.ports.start() < 1024 {
            return Err(ConfigError::Ports);
        }
        self.limits.validate()
    }
}

impl Limits {
    fn validate(&self) -> Result<(), ConfigError> {
        let within = |name, value: u64, range: RangeInclusive<u64>| {
            if range.contains(&value) { Ok(()) } else { Err(ConfigError::Limit(name)) }
        };
        within("allocations_per_seat", self.allocations_per_seat.into(), 1..=10_000)?;
        within("allocations_per_visit", self.allocations_per_visit.into(), 1..=100_000)?;
        within("allocations_per_address", self.allocations_per_address.into(), 1..=100_000)?;
        within("allocations", self.allocations.into(), 1..=1_000_000)?;
        within("permissions", self.permissions as u64, 1..=64)?;
        within("channels", self.channels as u64, 1..=64)?;
        within("packets_per_s", self.packets_per_s, 10..=10_000_000)?;
        within("bytes_per_s", self.bytes_per_s, 10_000..=10_000_000_000)?;
        within("answers_per_s", self.answers_per_s.into(), 1..=100_000)?;
        within("answers_burst", self.answers_burst.into(), 1..=100_000)?;
        within("lifetime_s", self.lifetime_s.into(), 60..=3_600)?;
        within("max_lifetime_s", self.max_lifetime_s.into(), self.lifetime_s.into()..=3_600)?;
        within("nonce_s", self.nonce_s.into(), 60..=3_600)?;
        within("max_credential_s", self.max_credential_s, 60..=604_800)?;
        within("peers_per_visit", self.peers_per_visit as u64, 1..=1_024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RelayConfig {
        let secret = Secret::new(&[7; 32]).expect("long enough");
        RelayConfig::new("clinic.example", secret, vec![[192, 0, 2, 1].into()])
    }

    #[test]
    fn each_bad_setting_is_named() {
        assert_eq!(config().validate(), Ok(()));
        assert_eq!(Secret::new(&[7; 15]).err(), Some(ConfigError::ShortSecret));
        for realm in ["", "two words", "quote\"d", &"x".repeat(128)] {
            let bad = RelayConfig { realm: realm.to_owned(), ..config() };
            assert_eq!(bad.validate(), Err(ConfigError::Realm));
        }
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("a constant");
        let v4: IpAddr = [192, 0, 2, 1].into();
        for addresses in [vec![], vec![v4, v4], vec![mapped], vec![[0, 0, 0, 0].into()]] {
            let bad = RelayConfig { addresses, ..config() };
            assert_eq!(bad.validate(), Err(ConfigError::Addresses));
        }
        let bad = RelayConfig { ports: 1_000..=2_000, ..config() };
        assert_eq!(bad.validate(), Err(ConfigError::Ports));
        let limits = Limits { permissions: 65, ..Limits::default() };
        let bad = RelayConfig { limits, ..config() };
        assert_eq!(bad.validate(), Err(ConfigError::Limit("permissions")));
        let limits = Limits { max_lifetime_s: 599, ..Limits::default() };
        let bad = RelayConfig { limits, ..config() };
        assert_eq!(bad.validate(), Err(ConfigError::Limit("max_lifetime_s")));
    }
}
