//! Programs that run in a namespace.
//!
//! Owns their start and their end: no program outlives the lab, or a killed run.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// A running program. Dropping it kills it and everything that it started in its process group.
pub struct Process {
    child: Child,
    ended: bool,
}

impl Process {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The program, to take its pipes from. Use [`Self::wait`] and [`Self::kill`] for its end.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end, then kills what it left running.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        if let (Some(pid), false) = (self.pid(), self.ended) {
            // Its number stays taken until it is waited for, so the group is surely still its own.
            let only_look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(error) = rustix::process::waitid(WaitId::Pid(pid), only_look) {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        self.ended = true;
        self.child.wait()
    }

    /// Kills it and its process group, and waits.
    ///
    /// # Errors
    /// What the system says.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        if let (Some(pid), false) = (self.pid(), self.ended) {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        self.wait()
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Starts a program in a process group of its own. The calling thread must be that of a namespace.
pub(crate) fn spawn_background(mut command: Command) -> io::Result<Process> {
    command.process_group(0);
    Ok(Process { child: spawn_foreground(command)?, ended: false })
}

/// Starts a program in the caller's process group, so that a terminal reaches it. The calling
/// thread must be that of a namespace.
pub(crate) fn spawn_foreground(mut command: Command) -> io::Result<Child> {
    let parent = rustix::process::getpid();
    let die_with_parent = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above.
        match rustix::process::getppid() {
            Some(pid) if pid == parent => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    };
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe
    // calls are allowed. It makes two plain system calls (prctl, getppid), allocates nothing and
    // takes no lock: its errors are an errno and a bare kind.
    unsafe { command.pre_exec(die_with_parent) };
    command.spawn()
}
