//! Firewalls between a host and its network.
//!
//! Owns their rules and the flows that they remember. It never changes a packet. A firewall lets in
//! what belongs to a flow that began inside, and nothing else unless it is told to.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::SettingError;
use crate::counters::Cause;
use crate::nat::check_lives;
use crate::packet::{Body, Packet, Protocol};

/// RFC 768.
const UDP_HEADER_BYTES: usize = 8;

/// The settings of a firewall.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Firewall {
    /// What may begin from inside. Nothing else goes out.
    pub allows: Vec<Rule>,
    /// Whether what is allowed may begin from outside, too. Ports are then those inside.
    pub lets_in: bool,
    /// Whether DTLS over UDP is dropped, both ways: records begin with 20 to 63 (RFC 7983). Other UDP passes, if
    /// the rules let it.
    pub drops_dtls: bool,
    /// What happens to a packet from inside that is not allowed.
    pub refusal: Refusal,
    /// How long a UDP flow or an echo is remembered after its last packet.
    pub udp_idle: Duration,
    /// How long a TCP flow is remembered after its last segment.
    pub tcp_idle: Duration,
}

/// One thing that a firewall allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports of the destination. Echoes have port 0.
    pub ports: RangeInclusive<u16>,
}

/// How a firewall says no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Not at all.
    Silent,
    /// TCP with a reset, the rest with an ICMP error (RFC 1812, section 5.2.7.1, code 13).
    Answer,
}

impl Rule {
    /// Every port of `protocol`.
    pub fn all(protocol: Protocol) -> Self {
        Self { protocol, ports: 0..=65_535 }
    }

    /// One port of `protocol`.
    pub fn port(protocol: Protocol, port: u16) -> Self {
        Self { protocol, ports: port..=port }
    }

    fn fits(&self, protocol: Protocol, port: u16) -> bool {
        self.protocol == protocol && self.ports.contains(&port)
    }
}

impl Firewall {
    /// Lets out what the rules allow, drops the rest silently, and remembers UDP flows for 30 s and
    /// TCP flows for an hour.
    pub fn only(allows: Vec<Rule>) -> Self {
        Self {
            allows,
            lets_in: false,
            drops_dtls: false,
            refusal: Refusal::Silent,
            udp_idle: Duration::from_secs(30),
            tcp_idle: Duration::from_secs(3600),
        }
    }

    /// Everything may begin from inside, nothing from outside.
    pub fn stateful() -> Self {
        Self::only(vec![
            Rule::all(Protocol::Udp),
            Rule::all(Protocol::Tcp),
            Rule::all(Protocol::Echo),
        ])
    }

    /// No UDP; TCP and echoes may begin from inside.
    pub fn udp_blocked() -> Self {
        Self::only(vec![Rule::all(Protocol::Tcp), Rule::all(Protocol::Echo)])
    }

    /// Everything may begin from inside, and DTLS over UDP is dropped.
    pub fn dtls_blocked() -> Self {
        Self { drops_dtls: true, ..Self::stateful() }
    }

    /// TCP to port 443, nothing else.
    pub fn tcp_443_only() -> Self {
        Self::only(vec![Rule::port(Protocol::Tcp, 443)])
    }

    /// The same firewall, which answers what it refuses.
    pub fn answering(self) -> Self {
        Self { refusal: Refusal::Answer, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        if self.allows.iter().any(|rule| rule.ports.is_empty()) {
            return Err(SettingError::Ports);
        }
        check_lives(&[self.udp_idle, self.tcp_idle])
    }
}

/// A firewall at work.
pub(crate) struct Guard {
    firewall: Firewall,
    /// Inner and outer end of each flow, and until when it is remembered.
    flows: BTreeMap<(Protocol, SocketAddrV4, SocketAddrV4), Instant>,
    /// When to look for flows that ran out.
    sweep_at: Option<Instant>,
}

impl Guard {
    pub(crate) fn new(firewall: Firewall) -> Self {
        Self { firewall, flows: BTreeMap::new(), sweep_at: None }
    }

    pub(crate) fn refusal(&self) -> Refusal {
        self.firewall.refusal
    }

    /// Whether a packet from inside may pass.
    ///
    /// `payload`: what stands behind the packet's IPv4 header.
    pub(crate) fn outbound(
        &mut self,
        now: Instant,
        packet: &Packet,
        payload: &[u8],
    ) -> Result<(), Cause> {
        self.inspect(packet, payload)?;
        if let Body::Error(quoted) = packet.body {
            let (inside, outside) = quoted.ends(true);
            return self.knows(now, (quoted.protocol, inside, outside));
        }
        let (protocol, inside, outside) = packet.flow(true).ok_or_else(|| shapeless(packet))?;
        let flow = (protocol, inside, outside);
        if self.knows(now, flow).is_err() && !self.allows(protocol, outside.port()) {
            return Err(Cause::Firewall);
        }
        self.remember(now, flow);
        Ok(())
    }

    /// Whether a packet from outside may pass.
    ///
    /// `payload`: what stands behind the packet's IPv4 header.
    pub(crate) fn inbound(
        &mut self,
        now: Instant,
        packet: &Packet,
        payload: &[u8],
    ) -> Result<(), Cause> {
        self.inspect(packet, payload)?;
        if let Body::Error(quoted) = packet.body {
            let (inside, outside) = quoted.ends(false);
            return self.knows(now, (quoted.protocol, inside, outside));
        }
        let (protocol, outside, inside) = packet.flow(false).ok_or_else(|| shapeless(packet))?;
        let flow = (protocol, inside, outside);
        let may_begin = self.firewall.lets_in && self.allows(protocol, inside.port());
        if self.knows(now, flow).is_err() && !may_begin {
            return Err(Cause::Firewall);
        }
        self.remember(now, flow);
        Ok(())
    }

    fn inspect(&self, packet: &Packet, payload: &[u8]) -> Result<(), Cause> {
        let first = matches!(packet.body, Body::Udp { .. }).then(|| payload.get(UDP_HEADER_BYTES));
        match first.flatten() {
            Some(20..=63) if self.firewall.drops_dtls => Err(Cause::Firewall),
            _ => Ok(()),
        }
    }

    fn allows(&self, protocol: Protocol, port: u16) -> bool {
        self.firewall.allows.iter().any(|rule| rule.fits(protocol, port))
    }

    fn knows(
        &self,
        now: Instant,
        flow: (Protocol, SocketAddrV4, SocketAddrV4),
    ) -> Result<(), Cause> {
        match self.flows.get(&flow) {
            Some(until) if *until > now => Ok(()),
            _ => Err(Cause::Firewall),
        }
    }

    fn remember(&mut self, now: Instant, flow: (Protocol, SocketAddrV4, SocketAddrV4)) {
        let idle = match flow.0 {
            Protocol::Tcp => self.firewall.tcp_idle,
            Protocol::Udp | Protocol::Echo => self.firewall.udp_idle,
        };
        self.flows.insert(flow, now + idle);
        if self.sweep_at.is_none_or(|at| at <= now) {
            self.flows.retain(|_, until| *until > now);
            self.sweep_at = Some(now + self.firewall.udp_idle);
        }
    }
}

/// Why a packet without ports cannot be judged.
pub(crate) fn shapeless(packet: &Packet) -> Cause {
    match packet.body {
        Body::Fragment => Cause::Fragment,
        _ => Cause::Protocol,
    }
}
