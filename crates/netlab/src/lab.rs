//! A lab: hosts in real network namespaces, joined by the router.
//!
//! Owns the router's thread, the hosts, the addresses that are given out and the names of hosts. It
//! never decides what happens to a packet.
//!
//! Public hosts get 203.0.113.0/24 and NATs 198.51.100.0/24, which RFC 5737 keeps for examples; the
//! network behind the n-th NAT is 10.n.0.0/24. Any other address can be asked for: nothing leaves
//! the lab.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use crate::access::{Access, Attachment};
use crate::host::{Host, HostPath};
use crate::io::{Driver, Namespace};
use crate::{
    Counters, Firewall, LabError, Link, MappingEntry, Nat, NatId, Network, Profile, Router,
    SettingError,
};

/// A network for one test. Dropping it ends its programs and removes everything that it made.
pub struct Lab {
    // Hosts go first: their programs end before their devices do.
    hosts: Vec<Host>,
    driver: Driver,
    /// The last number given out in each network.
    last_number: BTreeMap<Pool, u8>,
    extra_names: Vec<(String, Ipv4Addr)>,
}

/// A host that is being described. [`Self::start`] makes it.
#[must_use = "`start` makes the host"]
pub struct HostBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    accesses: Vec<Access>,
}

impl Lab {
    /// An empty network. `seed` decides every loss, jitter and drawn port, packet by packet.
    ///
    /// # Errors
    /// [`LabError::means_no_labs_here`] tells whether this machine cannot have labs at all.
    pub fn new(seed: u64) -> Result<Self, LabError> {
        if !std::fs::exists("/dev/net/tun").unwrap_or(false) {
            return Err(LabError::NoTun);
        }
        // Tried at once, so that the answer does not come with the first host only.
        drop(Namespace::start("netlab trial")?);
        Ok(Self {
            hosts: Vec::new(),
            driver: Driver::start(seed)?,
            last_number: BTreeMap::new(),
            extra_names: Vec::new(),
        })
    }

    /// A lab, or `None` with a line that starts with `skipped:` on stderr where labs cannot be made.
    /// If `BEDSIDE_TEST_NETLAB` is `required`, that is a failure instead.
    ///
    /// # Panics
    /// If the lab does not start for another reason, or is required and cannot be made.
    pub fn new_or_skip(test: &str, seed: u64) -> Option<Self> {
        match Self::new(seed) {
            Ok(lab) => Some(lab),
            Err(error) if error.means_no_labs_here() && !is_required() => {
                // Straight to stderr, so that a test harness shows it for a passing test, too; and in
                // one piece, since tests run side by side.
                let line = format!("skipped: {test}: {error}\n");
                let _ = io::stderr().write_all(line.as_bytes());
                None
            }
            Err(error) => panic!("{test}: no lab: {error}"),
        }
    }

    /// Begins to describe a host.
    pub fn host(&mut self, name: &str) -> HostBuilder<'_> {
        HostBuilder { lab: self, name: name.to_owned(), accesses: vec![Access::new()] }
    }

    /// Puts a NAT into the public network, for several hosts.
    ///
    /// # Errors
    /// A setting is out of range, or there are 254 NATs.
    pub fn nat(&mut self, nat: Nat) -> Result<NatId, LabError> {
        self.nat_in(Network::Public, nat)
    }

    /// Puts a NAT behind another, as a router at home stands behind a carrier's.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such NAT.
    pub fn nat_behind(&mut self, nat: Nat, outer: NatId) -> Result<NatId, LabError> {
        self.nat_in(Network::Behind(outer), nat)
    }

    /// A NAT starts anew: every mapping is gone, and new ones get other ports. With
    /// `new_address` it gets another outer address as well.
    ///
    /// # Errors
    /// There is no such NAT, or no free address.
    pub fn rebind(&mut self, nat: NatId, new_address: bool) -> Result<(), LabError> {
        let address = match new_address {
            true => Some(self.free_address(Pool::NatOutside)?),
            false => None,
        };
        Ok(self.driver.shared().with(|router, now| router.rebind(now, nat, address))?)
    }

    /// Gives a NAT other settings; its mappings stay.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such NAT.
    pub fn set_nat(&self, nat: NatId, to: Nat) -> Result<(), LabError> {
        Ok(self.driver.shared().with(|router, now| router.set_nat(now, nat, to))?)
    }

    /// The live mappings of a NAT.
    pub fn mappings(&self, nat: NatId) -> Vec<MappingEntry> {
        self.driver.shared().with(|router, now| router.mappings(now, nat))
    }

    /// What went through a NAT so far.
    pub fn nat_counters(&self, nat: NatId) -> Counters {
        self.driver.shared().with(|router, _| router.nat_counters(nat))
    }

    /// Every host, in the order in which they were made.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Makes every host, present and future, know `name` as `address`. Names of hosts in the public
    /// network are known without.
    ///
    /// # Errors
    /// The name is not one, or the lab is gone.
    pub fn add_name(&mut self, name: &str, address: Ipv4Addr) -> Result<(), LabError> {
        if !name.split('.').all(is_host_name) {
            return Err(SettingError::Name.into());
        }
        self.extra_names.push((name.to_owned(), address));
        self.write_names()
    }

    /// Waits until the network is as wanted, for instance until a counter has reached a number. It
    /// looks after each batch of packets and never polls a clock.
    ///
    /// # Errors
    /// [`LabError::Timeout`] with `what` if `limit` passed before.
    pub fn wait(
        &self,
        what: &'static str,
        limit: Duration,
        wanted: impl FnMut(&Router) -> bool,
    ) -> Result<(), LabError> {
        if self.driver.shared().wait(limit, wanted) {
            return Ok(());
        }
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Err(LabError::Timeout { what, limit_ms })
    }

    fn nat_in(&mut self, outer: Network, nat: Nat) -> Result<NatId, LabError> {
        let pool = match outer {
            Network::Public => Pool::NatOutside,
            Network::Behind(id) => Pool::Behind(id),
        };
        let address = self.free_address(pool)?;
        Ok(self.driver.shared().with(|router, _| router.add_nat(nat, outer, address))?)
    }

    fn free_address(&mut self, pool: Pool) -> Result<Ipv4Addr, LabError> {
        let last = self.last_number.entry(pool).or_default();
        let number = last.checked_add(1).filter(|number| *number < 255);
        *last = number.ok_or(SettingError::NoFreeAddress)?;
        Ok(match pool {
            Pool::Public => Ipv4Addr::new(203, 0, 113, *last),
            Pool::NatOutside => Ipv4Addr::new(198, 51, 100, *last),
            Pool::Behind(nat) => {
                let network = u8::try_from(nat.0).map_err(|_| SettingError::NoFreeAddress)?;
                Ipv4Addr::new(10, network, 0, *last)
            }
        })
    }

    /// Tells every host the names of all.
    fn write_names(&self) -> Result<(), LabError> {
        let mut text = "127.0.0.1 localhost\n".to_owned();
        for host in &self.hosts {
            if host.paths()[0].nat.is_none() {
                let _ = writeln!(text, "{} {}", host.address(), host.name());
            }
        }
        for (name, address) in &self.extra_names {
            let _ = writeln!(text, "{address} {name}");
        }
        self.hosts.iter().try_for_each(|host| host.set_names(text.clone()))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in &self.hosts {
            host.stop();
        }
    }
}

impl HostBuilder<'_> {
    /// Behind a NAT: a new one, or one that is there.
    pub fn behind(self, nat: impl Into<Attachment>) -> Self {
        self.last(|access| access.behind(nat))
    }

    /// On this link.
    pub fn link(self, link: Link) -> Self {
        self.last(|access| access.link(link))
    }

    /// With a firewall between the link and the network.
    pub fn firewall(self, firewall: Firewall) -> Self {
        self.last(|access| access.firewall(firewall))
    }

    /// With this name for the interface.
    pub fn interface(self, name: &str) -> Self {
        self.last(|access| access.interface(name))
    }

    /// With this address.
    pub fn address(self, address: Ipv4Addr) -> Self {
        self.last(|access| access.address(address))
    }

    /// As a profile says: its NAT, link and firewall.
    pub fn profile(self, profile: &Profile) -> Self {
        self.last(|access| profile.apply(access))
    }

    /// With one more interface, which is not used until [`Host::use_path`] says so. What is said
    /// after this is about it.
    pub fn and(mut self, access: Access) -> Self {
        self.accesses.push(access);
        self
    }

    /// Makes the host.
    ///
    /// # Errors
    /// A setting cannot be, or the system refused a step.
    pub fn start(self) -> Result<Host, LabError> {
        let Self { lab, name, accesses } = self;
        if !is_host_name(&name) || lab.hosts.iter().any(|host| host.name() == name) {
            return Err(SettingError::Name.into());
        }
        let interfaces = interface_names(&accesses)?;
        let mut paths = Vec::new();
        for (access, interface) in accesses.into_iter().zip(interfaces) {
            paths.push(lab.attach(access, interface)?);
        }
        let namespace = Namespace::start(&format!("netlab {name}"))?;
        let host = Host::start(name, namespace, paths, lab.driver.shared().clone())?;
        lab.hosts.push(host.clone());
        lab.write_names()?;
        Ok(host)
    }

    fn last(mut self, change: impl FnOnce(Access) -> Access) -> Self {
        let access = self.accesses.pop().unwrap_or_default();
        self.accesses.push(change(access));
        self
    }
}

impl Lab {
    fn attach(&mut self, access: Access, interface: String) -> Result<HostPath, LabError> {
        let (network, nat) = match access.attachment {
            Attachment::Public => (Network::Public, None),
            Attachment::New(nat) => {
                let id = self.nat(nat)?;
                (Network::Behind(id), Some(id))
            }
            Attachment::Behind(id) => (Network::Behind(id), Some(id)),
        };
        let address = match (access.address, network) {
            (Some(address), _) => address,
            (None, Network::Public) => self.free_address(Pool::Public)?,
            (None, Network::Behind(id)) => self.free_address(Pool::Behind(id))?,
        };
        let (link, firewall) = (access.link, access.firewall);
        let shared = self.driver.shared();
        let id = shared.with(|router, _| router.add_path(address, network, link, firewall))?;
        Ok(HostPath { id, address, nat, interface })
    }
}

/// Where addresses are given out from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pool {
    Public,
    NatOutside,
    Behind(NatId),
}

/// The switch that turns a skip into a failure.
fn is_required() -> bool {
    std::env::var_os("BEDSIDE_TEST_NETLAB").is_some_and(|value| value == "required")
}

/// One label of a host name (RFC 1123, section 2.1).
fn is_host_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// The name of each interface, checked.
fn interface_names(accesses: &[Access]) -> Result<Vec<String>, SettingError> {
    let names = accesses
        .iter()
        .enumerate()
        .map(|(index, access)| access.interface.clone().unwrap_or_else(|| format!("net{index}")));
    let names: Vec<String> = names.collect();
    for (index, name) in names.iter().enumerate() {
        let fits = (1..=15).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !fits || name == "lo" || names[..index].contains(name) {
            return Err(SettingError::Interface);
        }
    }
    Ok(names)
}

/// Shared by the hosts.
pub(crate) type SharedRouter = Arc<crate::io::Shared>;
