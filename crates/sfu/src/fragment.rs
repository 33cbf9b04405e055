//! ICE user fragments that say whose they are.
//!
//! Shards may share one port, and later programs one address. The kernel then gives a datagram to any
//! of them; the fragment in a check (RFC 8445 §7.2.2) names the one that it is for. It says where to
//! go and proves nothing: that does the integrity of the check, at its owner.
//!
//! A fragment is `node (4 hex digits) | shard (2 hex digits) | random`.

use str0m::IceCreds;

/// Length of the part before the random one.
const HOME_CHARS: usize = 6;

/// Where transports live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The program, among those that share an address.
    pub node: u16,
    /// The shard in it.
    pub shard: u16,
}

impl Home {
    /// Fresh credentials of a transport that lives here.
    pub(crate) fn credentials(self) -> IceCreds {
        let IceCreds { ufrag, pass } = IceCreds::new();
        let Self { node, shard } = self;
        IceCreds { ufrag: format!("{node:04x}{shard:02x}{ufrag}"), pass }
    }

    /// Where the transport of this fragment lives. `None` for one that we never gave.
    pub(crate) fn of(ufrag: &str) -> Option<Self> {
        let home = ufrag.get(..HOME_CHARS)?;
        let number = |text: &str| u16::from_str_radix(text, 16).ok();
        home.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
        Some(Self { node: number(&home[..4])?, shard: number(&home[4..])? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_says_where_its_transport_lives_and_is_one() {
        for (node, shard) in [(0, 0), (0, 63), (0xffff, 17)] {
            let home = Home { node, shard };
            let (a, b) = (home.credentials(), home.credentials());
            assert_eq!(Home::of(&a.ufrag), Some(home));
            assert!(a.ufrag != b.ufrag && a.pass != b.pass, "drawn anew");
            // RFC 8839 §5.4: 4 to 256 characters of these.
            let is_ice_char = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
            assert!(a.ufrag.len() <= 256 && a.ufrag.chars().all(is_ice_char));
        }
    }

    #[test]
    fn what_is_none_of_ours_leads_nowhere() {
        for strange in ["", "00", "00000", "+0000000", "zzzzzzzz", "0000é0000", "00 0 0 0"] {
            assert_eq!(Home::of(strange), None, "{strange}");
        }
    }
}
