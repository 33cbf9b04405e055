//! Which peers a client may reach. A table and pure functions; nothing here has state.
//!
//! The order is fixed: what we serve ourselves first (relayed addresses of the visit, the forwarding
//! unit), then everything that is forbidden, and only then what was signalled. So an address that
//! somebody signalled by mistake or on purpose opens no special range.
//!
//! An IPv6 address can carry an IPv4 address in many forms. Each form is unfolded, and the address
//! is judged by all that it could mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the relay knows about an address that a client wants to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// It is one of our relayed addresses: of the same visit (`true`) or of another (`false`).
    pub relayed: Option<bool>,
    /// Our forwarding unit receives there.
    pub unit: bool,
    /// It was signalled in this visit.
    pub signalled: bool,
}

/// How an allowed peer is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In memory, to another allocation.
    Relayed,
    /// In memory, to the forwarding unit.
    Unit,
    /// Through a socket, to another machine. Only in open mode.
    Outside,
}

/// Why a peer is forbidden (RFC 8656 §19: 403).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The relay is closed, and the address is neither ours nor the unit's.
    Closed,
    /// A relayed address of another visit.
    OtherVisit,
    /// In a special range: the index in [`SPECIAL`].
    Special(usize),
    /// An address of this machine.
    Own,
    /// In a network that the settings forbid.
    Configured,
    /// A port below 1024.
    LowPort,
    /// Nobody signalled it in this visit.
    NotSignalled,
}

/// The rules of open mode, ready to be asked. `None` where the relay is closed.
pub struct Rules<'a> {
    /// Every address of this machine.
    pub own: &'a [IpAddr],
    /// Networks that the settings forbid.
    pub deny: &'a [Net],
}

/// Judges one address.
///
/// # Errors
/// [`Denied`]: the client is told 403, and the datagram goes nowhere.
pub fn judge(peer: SocketAddr, known: Known, open: Option<&Rules<'_>>) -> Result<Way, Denied> {
    match known.relayed {
        Some(true) => return Ok(Way::Relayed),
        Some(false) => return Err(Denied::OtherVisit),
        None if known.unit => return Ok(Way::Unit),
        None => {}
    }
    let Some(rules) = open else { return Err(Denied::Closed) };
    for ip in meanings(peer.ip()) {
        if let Some(index) = SPECIAL.iter().position(|range| range.net.contains(ip)) {
            return Err(Denied::Special(index));
        }
        if rules.own.iter().any(|own| own.to_canonical() == ip) {
            return Err(Denied::Own);
        }
        if rules.deny.iter().any(|net| net.contains(ip)) {
            return Err(Denied::Configured);
        }
    }
    if peer.port() < 1024 {
        return Err(Denied::LowPort);
    }
    if known.signalled { Ok(Way::Outside) } else { Err(Denied::NotSignalled) }
}

/// The form in which a signalled address is remembered and looked up: IPv4 wherever a plain IPv4
/// address hides in it.
#[must_use]
pub fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// All that an address could mean: itself, and every IPv4 address that is embedded in it.
pub fn meanings(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let embedded = match ip {
        IpAddr::V4(_) => [None; 4],
        IpAddr::V6(v6) => embedded(v6),
    };
    std::iter::once(ip).chain(embedded.into_iter().flatten().map(IpAddr::V4))
}

/// IPv4 addresses in an IPv6 address. Teredo carries two, and any prefix may be followed by an
/// ISATAP interface.
fn embedded(ip: Ipv6Addr) -> [Option<Ipv4Addr>; 4] {
    let bits = ip.to_bits();
    let s = ip.segments();
    let last = Ipv4Addr::from_bits(bits as u32);
    let second = Ipv4Addr::from_bits((bits >> 64) as u32);
    let prefix96 = bits >> 32;
    // ::/96 (RFC 4291 §2.5.5.1), ::ffff:0:0/96 (§2.5.5.2), ::ffff:0:0:0/96 (RFC 2765 §2.1),
    // 64:ff9b::/96 (RFC 6052 §2.1).
    let plain = [0, 0xffff, 0xffff_0000, 0x0064_ff9b << 64].contains(&prefix96).then_some(last);
    // 2002::/16 (RFC 3056 §2).
    let six_to_four = (s[0] == 0x2002).then(|| Ipv4Addr::from_bits((bits >> 80) as u32));
    // 2001::/32 (RFC 4380 §4): the server's address as it is, the client's inverted.
    let teredo = s[0] == 0x2001 && s[1] == 0;
    let teredo_client = teredo.then(|| Ipv4Addr::from_bits(!(bits as u32)));
    // ISATAP (RFC 5214 §6.1).
    let isatap = (matches!(s[4], 0 | 0x0200) && s[5] == 0x5efe).then_some(last);
    [plain.or(isatap), six_to_four, teredo.then_some(second), teredo_client]
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    ip: IpAddr,
    prefix_bits: u8,
}

/// A text is not a network such as `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network; write it as 10.0.0.0/8 or fd00::/8")]
pub struct BadNet;

impl Net {
    /// Reads `address/bits`; without `/bits` it is one address.
    ///
    /// # Errors
    /// [`BadNet`], also for an IPv4 address written as IPv6: it would match nothing.
    pub fn parse(text: &str) -> Result<Self, BadNet> {
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().map_err(|_| BadNet)?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Ok(most), str::parse).map_err(|_| BadNet)?;
        if prefix_bits > most || ip.to_canonical() != ip {
            return Err(BadNet);
        }
        Ok(Self { ip, prefix_bits })
    }

    /// Whether `ip` is inside. Families never match each other.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let differing = net.to_bits() ^ ip.to_bits();
                differing.checked_shr(32 - u32::from(self.prefix_bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let differing = net.to_bits() ^ ip.to_bits();
                differing.checked_shr(128 - u32::from(self.prefix_bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// First and last address.
    #[must_use]
    pub fn bounds(&self) -> (IpAddr, IpAddr) {
        match self.ip {
            IpAddr::V4(ip) => {
                let free = u32::MAX.checked_shr(self.prefix_bits.into()).unwrap_or(0);
                let first = ip.to_bits() & !free;
                (Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(first | free).into())
            }
            IpAddr::V6(ip) => {
                let free = u128::MAX.checked_shr(self.prefix_bits.into()).unwrap_or(0);
                let first = ip.to_bits() & !free;
                (Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(first | free).into())
            }
        }
    }
}

/// A range that no relay forwards to.
#[derive(Clone, Copy, Debug)]
pub struct Special {
    /// Its name in metrics.
    pub name: &'static str,
    /// Its addresses.
    pub net: Net,
}

const fn v4(name: &'static str, ip: [u8; 4], prefix_bits: u8) -> Special {
    let ip = IpAddr::V4(Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]));
    Special { name, net: Net { ip, prefix_bits } }
}

const fn v6(name: &'static str, s: [u16; 3], prefix_bits: u8) -> Special {
    let ip = IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], 0, 0, 0, 0, 0));
    Special { name, net: Net { ip, prefix_bits } }
}

const LOOPBACK_V6: Special = Special {
    name: "v6_loopback",
    net: Net { ip: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix_bits: 128 },
};

/// Ranges that are never reached in open mode: the special-purpose registries of IANA (RFC 6890 and
/// its updates), multicast, and addresses that are only a way of writing others.
pub const SPECIAL: &[Special] = &[
    v4("v4_this_network", [0, 0, 0, 0], 8),
    v4("v4_private_10", [10, 0, 0, 0], 8),
    v4("v4_shared", [100, 64, 0, 0], 10),
    v4("v4_loopback", [127, 0, 0, 0], 8),
    v4("v4_link_local", [169, 254, 0, 0], 16),
    v4("v4_private_172", [172, 16, 0, 0], 12),
    v4("v4_protocol", [192, 0, 0, 0], 24),
    v4("v4_documentation_1", [192, 0, 2, 0], 24),
    v4("v4_as112", [192, 31, 196, 0], 24),
    v4("v4_amt", [192, 52, 193, 0], 24),
    v4("v4_6to4_relay", [192, 88, 99, 0], 24),
    v4("v4_private_192", [192, 168, 0, 0], 16),
    v4("v4_as112_direct", [192, 175, 48, 0], 24),
    v4("v4_benchmark", [198, 18, 0, 0], 15),
    v4("v4_documentation_2", [198, 51, 100, 0], 24),
    v4("v4_documentation_3", [203, 0, 113, 0], 24),
    v4("v4_multicast", [224, 0, 0, 0], 4),
    v4("v4_reserved", [240, 0, 0, 0], 4),
    v6("v6_unspecified", [0, 0, 0], 128),
    LOOPBACK_V6,
    v6("v6_local_nat64", [0x64, 0xff9b, 1], 48),
    v6("v6_discard", [0x100, 0, 0], 64),
    v6("v6_protocol", [0x2001, 0, 0], 23),
    v6("v6_documentation", [0x2001, 0xdb8, 0], 32),
    v6("v6_6to4", [0x2002, 0, 0], 16),
    v6("v6_documentation_2", [0x3fff, 0, 0], 20),
    v6("v6_segment_routing", [0x5f00, 0, 0], 16),
    v6("v6_unique_local", [0xfc00, 0, 0], 7),
    v6("v6_link_local", [0xfe80, 0, 0], 10),
    v6("v6_site_local", [0xfec0, 0, 0], 10),
    v6("v6_multicast", [0xff00, 0, 0], 8),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_bounds_and_not_their_neighbours() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "fd00::/8", "::/0", "2001:db8::1/128"]
        {
            let net = Net::parse(text).expect("a constant");
            let (first, last) = net.bounds();
            assert!(net.contains(first) && net.contains(last), "{text}");
        }
        let ten = Net::parse("10.0.0.0/8").expect("a constant");
        assert_eq!(ten.bounds(), ([10, 0, 0, 0].into(), [10, 255, 255, 255].into()));
        assert!(!ten.contains([9, 255, 255, 255].into()) && !ten.contains([11, 0, 0, 0].into()));
        let link = Net::parse("fe80::/10").expect("a constant");
        let last: IpAddr = "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().expect("a constant");
        assert_eq!(link.bounds().1, last);
        assert!(!link.contains("fec0::".parse().expect("a constant")));
        for bad in
            ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "::ffff:1.2.3.4/120"]
        {
            assert_eq!(Net::parse(bad), Err(BadNet), "{bad}");
        }
    }

    #[test]
    fn every_way_of_writing_an_ipv4_address_is_unfolded() {
        for text in [
            "::ffff:1.2.3.4",
            "::1.2.3.4",
            "::ffff:0:1.2.3.4",
            "64:ff9b::1.2.3.4",
            "2002:102:304::",
            "2002:102:304:5:6:7:8:9",
            "2001:0:102:304::",
            "2001::fefd:fcfb",
            "2a00::5efe:1.2.3.4",
            "2a00::200:5efe:1.2.3.4",
        ] {
            let ip: IpAddr = text.parse().expect("a constant");
            assert!(meanings(ip).any(|m| m == IpAddr::from([1, 2, 3, 4])), "{text}");
        }
        let plain: IpAddr = "2a00::102:304".parse().expect("a constant");
        assert_eq!(meanings(plain).count(), 1);
    }

    #[test]
    fn what_we_serve_ourselves_comes_first_and_a_closed_relay_serves_nothing_else() {
        let peer: SocketAddr = ([127, 0, 0, 1], 50_000).into();
        let none = Known { relayed: None, unit: false, signalled: true };
        assert_eq!(judge(peer, none, None), Err(Denied::Closed));
        let rules = Rules { own: &[], deny: &[] };
        for open in [None, Some(&rules)] {
            let relayed = |same| Known { relayed: Some(same), ..none };
            assert_eq!(judge(peer, relayed(true), open), Ok(Way::Relayed));
            assert_eq!(judge(peer, relayed(false), open), Err(Denied::OtherVisit));
            assert_eq!(judge(peer, Known { unit: true, ..none }, open), Ok(Way::Unit));
        }
    }

    #[test]
    fn an_open_relay_reaches_what_was_signalled_and_nothing_forbidden() {
        let deny = [Net::parse("8.8.4.0/24").expect("a constant")];
        let own = [IpAddr::from([9, 9, 9, 9])];
        let rules = Rules { own: &own, deny: &deny };
        let known = Known { relayed: None, unit: false, signalled: true };
        let ask = |text: &str, known| judge(text.parse().expect("a constant"), known, Some(&rules));
        assert_eq!(ask("8.8.8.8:5000", known), Ok(Way::Outside));
        assert_eq!(ask("[2a00::1]:5000", known), Ok(Way::Outside));
        assert_eq!(ask("8.8.8.8:1023", known), Err(Denied::LowPort));
        assert_eq!(ask("8.8.4.4:5000", known), Err(Denied::Configured));
        assert_eq!(ask("[64:ff9b::8.8.4.4]:5000", known), Err(Denied::Configured));
        assert_eq!(ask("9.9.9.9:5000", known), Err(Denied::Own));
        assert_eq!(ask("[::ffff:9.9.9.9]:5000", known), Err(Denied::Own));
        let silent = Known { signalled: false, ..known };
        assert_eq!(ask("8.8.8.8:5000", silent), Err(Denied::NotSignalled));
    }
}
