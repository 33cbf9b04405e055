//! What can go wrong, with stable codes.
//!
//! Texts name the setting or the step and what to do next. They hold no address.

use std::io;

/// A setting that cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A share of loss is not between 0 and 1.
    #[error("shares of loss go from 0 to 1")]
    Loss,
    /// A rate of zero.
    #[error("a rate is at least 1 bit per second; take the link down to stop it")]
    Rate,
    /// An MTU that IPv4 does not allow.
    #[error("the largest packet has 68 to 65,535 bytes")]
    Mtu,
    /// A delay beyond an hour.
    #[error("delay, jitter and stall are at most an hour each")]
    Delay,
    /// A life of mappings or flows beyond a year.
    #[error("mappings and flows live for a year at most")]
    Life,
    /// An empty range of ports, or one with port 0 for a NAT.
    #[error("a range of ports is empty, or gives out port 0")]
    Ports,
    /// Two members of one network with one address.
    #[error("that address is taken in that network; choose another, or none to get a free one")]
    AddressTaken,
    /// All addresses that the lab gives out are in use.
    #[error("the lab has no free address left in that network; name one")]
    NoFreeAddress,
    /// A host, path or NAT of another lab.
    #[error("this lab has no such host, path or NAT")]
    Unknown,
    /// Two hosts of one name, or a name that is no host name.
    #[error("host names are unique, of 1 to 63 letters, digits and hyphens")]
    Name,
    /// Two interfaces of one name, or a name that is no interface name.
    #[error(
        "interface names are unique on a host, of 1 to 15 letters, digits and hyphens, not “lo”"
    )]
    Interface,
    /// A profile that there is not.
    #[error("there is no such profile; `netlab --help` lists them")]
    Profile,
    /// A line that is no order.
    #[error("there is no such order; `netlab --help` lists them")]
    Order,
}

impl SettingError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Rate => "rate",
            Self::Mtu => "mtu",
            Self::Delay => "delay",
            Self::Life => "life",
            Self::Ports => "ports",
            Self::AddressTaken => "address_taken",
            Self::NoFreeAddress => "no_free_address",
            Self::Unknown => "unknown",
            Self::Name => "name",
            Self::Interface => "interface",
            Self::Profile => "profile",
            Self::Order => "order",
        }
    }
}

/// Why a lab did not start or do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// This process may not make network namespaces.
    #[error(
        "network namespaces need root (CAP_SYS_ADMIN and CAP_NET_ADMIN); run as root, or without these tests"
    )]
    NotAllowed,
    /// The kernel has no TUN devices.
    #[error("/dev/net/tun is missing; load the module “tun”, or give the container that device")]
    NoTun,
    /// The system refused a step.
    #[error("{step}: {error}")]
    System {
        /// What the lab was doing.
        step: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A setting cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The lab was dropped, or its thread ended.
    #[error("the lab is gone; keep it for as long as its hosts")]
    Gone,
    /// What was waited for did not happen.
    #[error("not within {limit_ms} ms: {what}")]
    Timeout {
        /// What did not happen.
        what: &'static str,
        /// How long was waited, milliseconds.
        limit_ms: u64,
    },
}

impl LabError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::NoTun => "no_tun",
            Self::System { .. } => "system",
            Self::Setting(error) => error.code(),
            Self::Gone => "gone",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// Whether labs cannot be made here at all, so that a test may be skipped.
    pub fn means_no_labs_here(&self) -> bool {
        matches!(self, Self::NotAllowed | Self::NoTun)
    }

    pub(crate) fn system(step: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System { step, error }
    }
}
