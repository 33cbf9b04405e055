//! How a host gets into the network: what stands between one interface and the middle.
//!
//! Owns the choice; [`crate::Lab`] builds it.

use std::net::Ipv4Addr;

use crate::{Firewall, Link, Nat, NatId};

/// One interface of a host with its link, firewall and NAT.
#[derive(Clone, PartialEq, Debug)]
pub struct Access {
    pub(crate) attachment: Attachment,
    pub(crate) link: Link,
    pub(crate) firewall: Option<Firewall>,
    pub(crate) interface: Option<String>,
    pub(crate) address: Option<Ipv4Addr>,
}

/// Where an interface is attached.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Attachment {
    /// In the public network.
    Public,
    /// Behind a NAT of its own.
    New(Nat),
    /// Behind a NAT that is there.
    Behind(NatId),
}

impl Access {
    /// In the public network, on a perfect link, with no firewall.
    pub fn new() -> Self {
        Self {
            attachment: Attachment::Public,
            link: Link::perfect(),
            firewall: None,
            interface: None,
            address: None,
        }
    }

    /// Behind a NAT: a new one, or one that is there.
    pub fn behind(self, nat: impl Into<Attachment>) -> Self {
        Self { attachment: nat.into(), ..self }
    }

    /// On this link.
    pub fn link(self, link: Link) -> Self {
        Self { link, ..self }
    }

    /// With a firewall between the link and the network.
    pub fn firewall(self, firewall: Firewall) -> Self {
        Self { firewall: Some(firewall), ..self }
    }

    /// With this name for the interface, `net0`, `net1` … otherwise.
    pub fn interface(self, name: &str) -> Self {
        Self { interface: Some(name.to_owned()), ..self }
    }

    /// With this address, a free one otherwise.
    pub fn address(self, address: Ipv4Addr) -> Self {
        Self { address: Some(address), ..self }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Nat> for Attachment {
    fn from(nat: Nat) -> Self {
        Self::New(nat)
    }
}

impl From<NatId> for Attachment {
    fn from(nat: NatId) -> Self {
        Self::Behind(nat)
    }
}
