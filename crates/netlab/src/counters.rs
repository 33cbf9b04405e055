//! What happened to packets, counted.
//!
//! Owns the causes of drops and the counters. They hold numbers only: no address, no content.

/// Why a packet went no further.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The loss model took it.
    Loss,
    /// The queue of the link was full.
    Queue,
    /// Larger than the link carries.
    Mtu,
    /// The link was down, or went down while the packet was on it.
    Down,
    /// Not IPv4. The lab carries nothing else.
    NotIpv4,
    /// Lengths or the header's checksum were wrong.
    Malformed,
    /// The source is not the host's address on this path.
    WrongSource,
    /// Nobody has the destination's address.
    NoRoute,
    /// A NAT or firewall met a fragment, which has no ports to look at.
    Fragment,
    /// A NAT or firewall met something other than UDP, TCP and ICMP echoes or errors.
    Protocol,
    /// The firewall forbids it.
    Firewall,
    /// The NAT has no mapping for it: none was made, or it ran out.
    NoMapping,
    /// The NAT has a mapping, and its filter lets nothing in from this sender.
    Filtered,
    /// To the NAT's outer address from inside, and the NAT does not hairpin.
    Hairpin,
    /// All outer ports of the NAT are taken.
    PortsUsedUp,
    /// The kernel did not take the packet from the lab.
    Interface,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 16] = [
        Self::Loss,
        Self::Queue,
        Self::Mtu,
        Self::Down,
        Self::NotIpv4,
        Self::Malformed,
        Self::WrongSource,
        Self::NoRoute,
        Self::Fragment,
        Self::Protocol,
        Self::Firewall,
        Self::NoMapping,
        Self::Filtered,
        Self::Hairpin,
        Self::PortsUsedUp,
        Self::Interface,
    ];
}

/// Packets through one direction of a link, a firewall or a NAT.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Packets that came.
    pub in_packets: u64,
    /// Their bytes, IP headers included.
    pub in_bytes: u64,
    /// Packets that went on.
    pub out_packets: u64,
    /// Their bytes, IP headers included.
    pub out_bytes: u64,
    dropped: [u64; Cause::ALL.len()],
}

impl Counters {
    /// Packets dropped for this cause.
    pub fn dropped(&self, cause: Cause) -> u64 {
        self.dropped[cause as usize]
    }

    /// Packets dropped for any cause.
    pub fn dropped_packets(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Every cause that dropped something, with its number.
    pub fn drops(&self) -> impl Iterator<Item = (Cause, u64)> + '_ {
        Cause::ALL.into_iter().map(|cause| (cause, self.dropped(cause))).filter(|drop| drop.1 > 0)
    }

    pub(crate) fn came(&mut self, bytes: usize) {
        self.in_packets += 1;
        self.in_bytes += bytes as u64;
    }

    pub(crate) fn went(&mut self, bytes: usize) {
        self.out_packets += 1;
        self.out_bytes += bytes as u64;
    }

    pub(crate) fn drop(&mut self, cause: Cause) {
        self.dropped[cause as usize] += 1;
    }
}

/// What happened on one path of a host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PathCounters {
    /// The network around: all that the host sent, and what of it was no packet for the lab or had
    /// no route.
    pub network: Counters,
    /// The direction from the host.
    pub up: Counters,
    /// The direction to the host.
    pub down: Counters,
    /// The firewall, both directions.
    pub firewall: Counters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_counter() {
        for (index, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(index, cause as usize);
            let mut counters = Counters::default();
            counters.drop(cause);
            assert_eq!(counters.drops().collect::<Vec<_>>(), [(cause, 1)]);
        }
    }
}
