//! One network namespace, held by one thread that lives in it.
//!
//! Owns the thread, the loopback interface, and what `/etc/hosts` says inside. The namespace has no
//! name and no file: when the thread, the sockets and the processes in it are gone, the kernel
//! removes it. So nothing is left behind, not even by a killed run, and any number of labs run side
//! by side.

use std::io;
use std::panic;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rustix::mount::{self, MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use crate::LabError;
use crate::io::Interface;

pub(crate) struct Namespace {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Namespace {
    /// Makes a namespace with a loopback interface and nothing else.
    pub(crate) fn start(name: &str) -> Result<Self, LabError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (ready, started) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let entered = enter();
            let failed = entered.is_err();
            // Nobody waits any more if the other side is gone, and then the queue is closed, too.
            let _ = ready.send(entered);
            if !failed {
                serve(&queue);
            }
        });
        let thread = thread.map_err(LabError::system("starting a thread"))?;
        let entered = started.recv().map_err(|_| LabError::Gone)?;
        let namespace = Self { jobs, thread: Some(thread) };
        entered.map(|()| namespace)
    }

    /// Runs `job` on the thread of the namespace and waits for it. For short jobs only: there is one
    /// thread. Processes that it starts die when the namespace is stopped.
    pub(crate) fn on_thread<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LabError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Job::Do(Box::new(move || {
            let _ = answer.send(job());
        }));
        self.jobs.send(job).map_err(|_| LabError::Gone)?;
        answered.recv().map_err(|_| LabError::Gone)
    }

    /// Runs `job` on a new thread in the namespace. Threads inherit the namespace of the one that
    /// starts them; so do the sockets, threads and processes that they make.
    pub(crate) fn thread<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, LabError> {
        self.on_thread(move || thread::Builder::new().spawn(job))?
            .map_err(LabError::system("starting a thread"))
    }

    /// Replaces `/etc/hosts` inside.
    pub(crate) fn set_hosts(&self, text: String) -> Result<(), LabError> {
        self.on_thread(move || std::fs::write(HOSTS, text))?
            .map_err(LabError::system("writing the names of hosts"))
    }

    /// Ends the thread. What is asked later is [`LabError::Gone`].
    pub(crate) fn stop(&self) {
        let _ = self.jobs.send(Job::Stop);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.stop();
        // The last handle may be dropped by the thread itself, which cannot wait for its own end.
        let elsewhere = |thread: &JoinHandle<()>| thread.thread().id() != thread::current().id();
        if let Some(thread) = self.thread.take().filter(elsewhere) {
            let _ = thread.join();
        }
    }
}

enum Job {
    Do(Box<dyn FnOnce() + Send>),
    Stop,
}

const HOSTS: &str = "/etc/hosts";
const RESOLVER: &str = "/etc/resolv.conf";

fn serve(queue: &mpsc::Receiver<Job>) {
    while let Ok(Job::Do(job)) = queue.recv() {
        // A panic in a job is the asker's (its answer never comes), and the namespace lives on.
        let _ = panic::catch_unwind(panic::AssertUnwindSafe(job));
    }
}

/// Moves the calling thread, and it alone, into new namespaces.
fn enter() -> Result<(), LabError> {
    // SAFETY: neither flag unshares file descriptors, which is what would break the ownership that
    // `OwnedFd` promises. Both work on the calling thread alone: it gets network and mounts of its
    // own, and with them its own current directory. The thread was started for this, and nothing
    // that other threads rely on changes.
    let unshared =
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) };
    match unshared.map_err(io::Error::from) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(LabError::NotAllowed);
        }
        other => other.map_err(LabError::system("making a network namespace"))?,
    }
    for (name, value) in SETTINGS {
        // A kernel without IPv6 has no such setting, and some containers do not let it be written.
        // Neither hurts: other versions of IP are counted and dropped.
        let _ = std::fs::write(format!("/proc/sys/net/{name}"), value);
    }
    Interface("lo").set_up(true).map_err(LabError::system("taking the loopback up"))?;
    own_files().map_err(LabError::system("mounting the names of hosts"))
}

/// The lab speaks IPv4 only, and a host with two paths may hear on one what it asks on the other.
const SETTINGS: [(&str, &str); 3] = [
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
];

/// Gives the namespace `/etc/hosts` and `/etc/resolv.conf` of its own, in memory. No resolver is
/// reachable, so asking for an unknown name fails at once.
fn own_files() -> io::Result<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount::mount_change("/", private)?;
    // Mounted for a moment over a directory that surely exists; only this thread sees it. The files
    // stay where they are bound.
    let memory = std::env::temp_dir();
    mount::mount("tmpfs", &memory, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, None)?;
    let bound = bind_files(&memory);
    mount::unmount(&memory, UnmountFlags::DETACH)?;
    bound
}

fn bind_files(memory: &std::path::Path) -> io::Result<()> {
    for (target, text) in [(HOSTS, "127.0.0.1 localhost\n"), (RESOLVER, "nameserver 127.0.0.1\n")] {
        if !std::fs::exists(target)? {
            continue;
        }
        let file = memory.join(target.trim_start_matches('/').replace('/', "-"));
        std::fs::write(&file, text)?;
        mount::mount_bind(&file, target)?;
    }
    Ok(())
}
