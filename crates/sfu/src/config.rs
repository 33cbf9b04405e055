//! What an operator can set, and the fixed numbers of the forwarding unit with their reasons.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use visit::Source;

/// The rids of the camera's three layers, smallest picture first: quarter, half and full size.
/// One character each: a rid travels in every packet until the receiver has reported.
pub const RIDS: [&str; 3] = ["q", "h", "f"];
/// The rids of a shared screen's two layers: half and full size.
pub const SCREEN_RIDS: [&str; 2] = ["h", "f"];

/// The rids of a source, smallest picture first; none for sound.
pub(crate) const fn rids(source: Source) -> &'static [&'static str] {
    match source {
        Source::Mic => &[],
        Source::Camera => &RIDS,
        Source::Screen => &SCREEN_RIDS,
    }
}

/// Every this long each client gets a message on the data channel (at least five per second are
/// promised; the rest is room for jitter).
pub(crate) const PING_INTERVAL: Duration = Duration::from_millis(150);
/// Nothing heard for this long: the seat is reported silent.
pub(crate) const SILENT_AFTER: Duration = Duration::from_millis(600);
/// Pings go on for this long after the last datagram heard. A client that can hear us while we
/// cannot hear it must learn that the path is broken.
pub(crate) const PING_WHILE_SILENT: Duration = Duration::from_secs(5);
/// How often call quality is reported.
pub(crate) const QUALITY_INTERVAL: Duration = Duration::from_secs(2);
/// Layers are allocated again this often, besides at every change.
pub(crate) const ALLOCATE_INTERVAL: Duration = Duration::from_millis(250);
/// Where the estimate of a viewer's downlink starts, bits per second. Enough for audio and one
/// small picture; probing raises it within a second.
pub(crate) const INITIAL_ESTIMATE_BPS: u64 = 600_000;
/// The estimator looks for at least this much, bits per second, even while little is shown. Its first
/// probes run before any video does, and a picture that is enlarged should not have to wait.
pub(crate) const LEAST_DESIRED_BPS: u64 = 2_500_000;
/// Kept up by padding on a path with room, bits per second, so that the estimate stays alive while
/// little is sent.
pub(crate) const PADDING_FLOOR_BPS: u64 = 50_000;
/// Largest SDP text that reaches the parser, bytes.
pub(crate) const MAX_SDP_BYTES: usize = 128 * 1024;
/// Most m-lines in an SDP.
pub(crate) const MAX_M_LINES: usize = 64;
/// Most candidates in an SDP.
pub(crate) const MAX_CANDIDATES: usize = 64;
/// Most lines in an SDP.
pub(crate) const MAX_SDP_LINES: usize = 4_096;
/// Source addresses remembered per transport; the oldest goes first.
pub(crate) const MAX_ADDRESSES_PER_PEER: usize = 16;

/// Settings of the forwarding unit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SfuConfig {
    /// Addresses that clients are told to send to. A wildcard-bound socket answers from the address
    /// that was reached. Behind a one-to-one NAT put the public address here.
    pub advertised: Vec<IpAddr>,
    /// Addresses that only a relay in this program gives out: no machine has them, and datagrams to
    /// them go to the relay. Default: none.
    pub relayed: Vec<IpAddr>,
    /// Address to bind. Default `0.0.0.0`; `::` serves both families.
    pub bind: IpAddr,
    /// First UDP port; shard `n` binds `port_base + n`, or all bind it ([`Self::single_port`]). 0 lets the system choose (tests).
    pub port_base: u16,
    /// Number of shards, 1..=64, each an OS thread with its own port. Default: cores − 1.
    pub shards: u16,
    /// All shards share the first port, for firewalls that open one. What the kernel gives to another
    /// shard is handed over in memory, which costs a little for each datagram. Default: no.
    pub single_port: bool,
    /// The number of this program among those that share an address. Default: 0, alone.
    pub node: u16,
    /// Clients may also come over TCP, on the same port numbers (ICE-TCP, RFC 6544). Default: yes.
    pub tcp: bool,
    /// Most transports in one visit, 2..=32. Default 16.
    pub max_people: u16,
    /// A transport that was not heard for this long is closed, 5 s ..= 10 min. Default 30 s. An ICE
    /// restart within this time keeps it.
    pub dead_after: Duration,
    /// An offer that was not answered for this long closes the transport, 1 s ..= 2 min.
    /// Default 20 s.
    pub answer_within: Duration,
    /// Socket buffers asked of the system, bytes. What was granted is logged at start.
    pub socket_buffer_bytes: usize,
    /// Seed of everything that is drawn here (first sequence numbers, timestamps, picture ids).
    pub seed: u64,
}

/// A setting is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting `{setting}` is out of range: {allowed}")]
pub struct ConfigError {
    /// Name of the setting.
    pub setting: &'static str,
    /// What it may be.
    pub allowed: &'static str,
}

impl SfuConfig {
    /// Defaults for a server that clients reach on `advertised`.
    #[must_use]
    pub fn new(advertised: Vec<IpAddr>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            advertised,
            relayed: Vec::new(),
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port_base: 0,
            shards: u16::try_from(cores.saturating_sub(1).clamp(1, 64)).unwrap_or(1),
            single_port: false,
            node: 0,
            tcp: true,
            max_people: 16,
            dead_after: Duration::from_secs(30),
            answer_within: Duration::from_secs(20),
            socket_buffer_bytes: 4 * 1024 * 1024,
            seed: rand::random(),
        }
    }

    /// How many ports there are, from `port_base` on.
    #[must_use]
    pub const fn ports(&self) -> u16 {
        if self.single_port { 1 } else { self.shards }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let fail = |setting, allowed| Err(ConfigError { setting, allowed });
        if self.advertised.is_empty() || self.advertised.len() > 8 {
            return fail("advertised", "1 to 8 addresses");
        }
        if self.advertised.iter().any(|ip| ip.is_unspecified() || ip.is_multicast()) {
            return fail("advertised", "addresses of this machine or its NAT, no wildcard");
        }
        if self.relayed.len() > 2 || self.relayed.iter().any(|ip| self.advertised.contains(ip)) {
            return fail("relayed", "at most 2 addresses that are not advertised");
        }
        if !(1..=64).contains(&self.shards) {
            return fail("shards", "1 to 64");
        }
        if self.port_base != 0 && self.port_base.checked_add(self.ports() - 1).is_none() {
            return fail("port_base", "port_base + shards must stay below 65536");
        }
        if !(2..=32).contains(&self.max_people) {
            return fail("max_people", "2 to 32");
        }
        if !(Duration::from_secs(5)..=Duration::from_secs(600)).contains(&self.dead_after) {
            return fail("dead_after", "5 s to 10 min");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(120)).contains(&self.answer_within) {
            return fail("answer_within", "1 s to 2 min");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_each_bad_setting_is_named() {
        let good = SfuConfig::new(vec![[127, 0, 0, 1].into()]);
        assert_eq!(good.validate(), Ok(()));
        type Spoil = fn(&mut SfuConfig);
        let bad: [(&str, Spoil); 7] = [
            ("advertised", |c| c.advertised.clear()),
            ("advertised", |c| c.advertised = vec![[0, 0, 0, 0].into()]),
            ("relayed", |c| c.relayed = c.advertised.clone()),
            ("shards", |c| c.shards = 0),
            ("port_base", |c| (c.port_base, c.shards) = (65_535, 2)),
            ("max_people", |c| c.max_people = 1),
            ("dead_after", |c| c.dead_after = Duration::ZERO),
        ];
        for (setting, spoil) in bad {
            let mut config = good.clone();
            spoil(&mut config);
            assert_eq!(config.validate().map_err(|e| e.setting), Err(setting));
        }
    }
}
