//! A host of a lab: a network namespace with its interfaces.
//!
//! Owns the namespace and which interface is in use. It never decides what happens to a packet.

use std::io;
use std::net::Ipv4Addr;
use std::panic;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::io::{Interface, Namespace, Process, Route, spawn_background, spawn_foreground};
use crate::lab::SharedRouter;
use crate::{Firewall, LabError, Link, NatId, PathCounters, PathId, SettingError};

/// A host. Clones are the same host. It is gone when its [`crate::Lab`] is.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

/// One interface of a host.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HostPath {
    /// Its place in the network, for [`crate::Router::counters`].
    pub id: PathId,
    /// Its address.
    pub address: Ipv4Addr,
    /// The NAT that it is behind.
    pub nat: Option<NatId>,
    /// Its name.
    pub interface: String,
}

/// The files of a host's namespaces. They are there for as long as the host.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NamespaceFiles {
    /// Of its network.
    pub network: PathBuf,
    /// Of its mounts, in which `/etc/hosts` is its own.
    pub mounts: PathBuf,
}

impl Host {
    /// Its name. Hosts in the public network are known to all by it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The address of its first interface.
    pub fn address(&self) -> Ipv4Addr {
        self.inner.paths[0].address
    }

    /// The address that the public network sees on path `path`: that of the NAT, if there is one.
    ///
    /// # Errors
    /// There is no such path.
    pub fn outer_address(&self, path: usize) -> Result<Ipv4Addr, LabError> {
        let path = self.path(path)?;
        let nat = path.nat.and_then(|nat| self.router(|router, _| router.nat_address(nat)));
        Ok(nat.unwrap_or(path.address))
    }

    /// Its interfaces. Numbers of paths are places in this list; there is at least one.
    pub fn paths(&self) -> &[HostPath] {
        &self.inner.paths
    }

    /// Runs `job` in the host's network and waits for it. Sockets that it opens stay there, also when
    /// they are returned; threads and runtimes that it starts are there, too. A panic goes on in the
    /// caller.
    ///
    /// # Errors
    /// The lab is gone.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LabError> {
        self.thread(job)?.join().or_else(|panic| panic::resume_unwind(panic))
    }

    /// Starts a thread in the host's network.
    ///
    /// # Errors
    /// The lab is gone.
    pub fn thread<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, LabError> {
        self.inner.namespace.thread(job)
    }

    /// Starts a program in the host's network, in a process group of its own. It ends with the
    /// returned value, the lab, or this process, whatever is first.
    ///
    /// # Errors
    /// The program does not start, or the lab is gone.
    pub fn spawn(&self, command: Command) -> Result<Process, LabError> {
        self.inner
            .namespace
            .on_thread(move || spawn_background(command))?
            .map_err(LabError::system("starting a program"))
    }

    /// Runs a program in the host's network to its end, with the terminal.
    ///
    /// # Errors
    /// The program does not start, or the lab is gone.
    pub fn status(&self, command: Command) -> Result<ExitStatus, LabError> {
        let step = "running a program";
        let started = self.inner.namespace.on_thread(move || spawn_foreground(command))?;
        let mut child = started.map_err(LabError::system(step))?;
        child.wait().map_err(LabError::system(step))
    }

    /// Where the system shows its namespaces, for programs that enter them by themselves.
    ///
    /// # Errors
    /// The lab is gone.
    pub fn namespace_files(&self) -> Result<NamespaceFiles, LabError> {
        let thread = self.inner.namespace.on_thread(rustix::thread::gettid)?;
        let folder = PathBuf::from(format!(
            "/proc/{}/task/{}/ns",
            std::process::id(),
            thread.as_raw_nonzero()
        ));
        Ok(NamespaceFiles { network: folder.join("net"), mounts: folder.join("mnt") })
    }

    /// What went through a path so far.
    ///
    /// # Errors
    /// There is no such path.
    pub fn counters(&self, path: usize) -> Result<PathCounters, LabError> {
        let id = self.path(path)?.id;
        Ok(self.router(|router, _| router.counters(id)))
    }

    /// The settings of a link.
    ///
    /// # Errors
    /// There is no such path.
    pub fn link(&self, path: usize) -> Result<Link, LabError> {
        let id = self.path(path)?.id;
        Ok(self.router(|router, _| router.link(id)).ok_or(SettingError::Unknown)?)
    }

    /// Changes a link while packets are on it.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such path.
    pub fn set_link(&self, path: usize, link: Link) -> Result<(), LabError> {
        let id = self.path(path)?.id;
        Ok(self.router(|router, now| router.set_link(now, id, link))?)
    }

    /// Takes a link down or up, unseen by the host: packets vanish.
    ///
    /// # Errors
    /// There is no such path.
    pub fn set_link_up(&self, path: usize, up: bool) -> Result<(), LabError> {
        let id = self.path(path)?.id;
        Ok(self.router(|router, now| router.set_up(now, id, up))?)
    }

    /// Puts another firewall in front of a path, or none.
    ///
    /// # Errors
    /// A setting is out of range, or there is no such path.
    pub fn set_firewall(&self, path: usize, firewall: Option<Firewall>) -> Result<(), LabError> {
        let id = self.path(path)?.id;
        Ok(self.router(|router, now| router.set_firewall(now, id, firewall))?)
    }

    /// Moves the default route to a path. Sockets without an address of their own follow at once.
    ///
    /// # Errors
    /// There is no such path, or its interface is down.
    pub fn use_path(&self, path: usize) -> Result<(), LabError> {
        let new = self.path(path)?.interface.clone();
        let mut used = self.inner.used.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.path(*used)?.interface.clone();
        // The fallback routes hold in between, so there is no moment without a route.
        self.configure("moving the default route", move || {
            Route { interface: &old, metric: USED }.remove()?;
            Route { interface: &new, metric: USED }.add()
        })?;
        *used = path;
        Ok(())
    }

    /// Takes an interface down or up, as the host sees it: it loses its address and its routes, or has
    /// them again, and programs that listen for changes are told of each.
    ///
    /// # Errors
    /// There is no such path.
    pub fn set_interface_up(&self, path: usize, up: bool) -> Result<(), LabError> {
        let HostPath { interface, address, .. } = self.path(path)?.clone();
        let used = *self.inner.used.lock().unwrap_or_else(PoisonError::into_inner) == path;
        self.configure("taking an interface up or down", move || {
            if up {
                Interface(&interface).configure(address, INTERFACE_MTU_BYTES)?;
                return add_routes(&interface, path, used);
            }
            // First the address, as when a lease is given up; the link alone would leave it there.
            Interface(&interface).remove_address()?;
            Interface(&interface).set_up(false)
        })
    }

    /// A phone that leaves the house: the interface in use goes down for the host and its link for
    /// everybody, and `path` is used from now on.
    ///
    /// # Errors
    /// There is no such path.
    pub fn swap_to(&self, path: usize) -> Result<(), LabError> {
        let old = *self.inner.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_link_up(path, true)?;
        self.set_interface_up(path, true)?;
        self.use_path(path)?;
        if old != path {
            self.set_link_up(old, false)?;
            self.set_interface_up(old, false)?;
        }
        Ok(())
    }

    pub(crate) fn start(
        name: String,
        namespace: Namespace,
        paths: Vec<HostPath>,
        shared: SharedRouter,
    ) -> Result<Self, LabError> {
        for (index, path) in paths.iter().enumerate() {
            let (interface, address) = (path.interface.clone(), path.address);
            let device = namespace.on_thread(move || {
                let device = Interface(&interface).create_tun()?;
                Interface(&interface).configure(address, INTERFACE_MTU_BYTES)?;
                add_routes(&interface, index, index == 0)?;
                io::Result::Ok(device)
            })?;
            shared.add_device(path.id, device.map_err(LabError::system("making an interface"))?);
        }
        let inner = Inner { name, namespace, paths, shared, used: Mutex::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn set_names(&self, text: String) -> Result<(), LabError> {
        self.inner.namespace.set_hosts(text)
    }

    pub(crate) fn stop(&self) {
        self.inner.namespace.stop();
    }

    fn path(&self, path: usize) -> Result<&HostPath, LabError> {
        Ok(self.inner.paths.get(path).ok_or(SettingError::Unknown)?)
    }

    fn router<T>(&self, act: impl FnOnce(&mut crate::Router, std::time::Instant) -> T) -> T {
        self.inner.shared.with(act)
    }

    fn configure(
        &self,
        step: &'static str,
        job: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<(), LabError> {
        self.inner.namespace.on_thread(job)?.map_err(LabError::system(step))
    }
}

struct Inner {
    name: String,
    namespace: Namespace,
    paths: Vec<HostPath>,
    shared: SharedRouter,
    /// The path with the default route.
    used: Mutex<usize>,
}

/// The metric of the route in use.
const USED: u16 = 0;
/// The metric of the fallback route over the first path.
const FALLBACK: u16 = 100;
/// What a host believes of its link. The link itself may carry less, as it is on the Internet.
const INTERFACE_MTU_BYTES: u16 = 1500;

/// Every interface has a fallback route; the one in use has another that comes first.
fn add_routes(interface: &str, index: usize, used: bool) -> io::Result<()> {
    let metric = FALLBACK + u16::try_from(index).unwrap_or(FALLBACK);
    add(&Route { interface, metric })?;
    if used { add(&Route { interface, metric: USED }) } else { Ok(()) }
}

/// Adds a route that may be there already.
fn add(route: &Route<'_>) -> io::Result<()> {
    match route.add() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}
