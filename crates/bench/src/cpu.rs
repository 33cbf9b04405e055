//! CPU time and memory of threads and processes, as Linux counts them, and on which core they run.
//!
//! Reads `/proc/self/task/<tid>/schedstat`: its first number is the time on a CPU, its second the
//! time that the thread was ready and had to wait for one, both in nanoseconds. A thread that runs without a break is brought up to date at each tick of the scheduler (at most
//! 10 ms), so measure over seconds.

use std::fs;
use std::time::Duration;

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

/// Kernel id of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(u64);

impl ThreadId {
    /// The thread that the kernel numbers so.
    #[must_use]
    pub fn from_kernel(id: u32) -> Self {
        Self(u64::from(id))
    }
}

/// The calling thread. None without `/proc`.
#[must_use]
pub fn current_thread() -> Option<ThreadId> {
    // The link reads `<process>/task/<thread>`.
    let link = fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok().map(ThreadId)
}

/// Unit of the times in `/proc/<pid>/stat`: `USER_HZ`, which the kernel keeps for programs whatever
/// its own clock is.
const TICKS_PER_S: u64 = 100;

/// How a thread has spent its time so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadTime {
    /// On a CPU.
    pub on_cpu: Duration,
    /// Ready to run while other threads had the CPU.
    pub waiting: Duration,
}

/// How a thread has spent its time. None when it ended or the system does not tell.
#[must_use]
pub fn thread_time(thread: ThreadId) -> Option<ThreadTime> {
    let text = fs::read_to_string(format!("/proc/self/task/{}/schedstat", thread.0)).ok()?;
    parse_schedstat(&text)
}

fn parse_schedstat(text: &str) -> Option<ThreadTime> {
    let mut columns = text.split_ascii_whitespace();
    let mut ns = || columns.next()?.parse().ok().map(Duration::from_nanos);
    Some(ThreadTime { on_cpu: ns()?, waiting: ns()? })
}

/// The cores that the calling thread may use, lowest first. Empty when the system does not tell.
#[must_use]
pub fn cores() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

/// Keeps a thread of this process on one core. False when the system refuses.
pub fn pin(thread: ThreadId, core: usize) -> bool {
    let thread = i32::try_from(thread.0).ok().and_then(Pid::from_raw);
    let Some(thread) = thread.filter(|_| core < CpuSet::MAX_CPU) else { return false };
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(Some(thread), &set).is_ok()
}

/// Gives a thread of this process the lowest usual priority.
pub fn step_back(thread: ThreadId) {
    if let Some(thread) = i32::try_from(thread.0).ok().and_then(Pid::from_raw) {
        // On Linux priorities are per thread. Asking for less is never refused.
        let _ = rustix::process::setpriority_process(Some(thread), 19);
    }
}

/// One core for the server and another for the load; none when there is only one.
#[must_use]
pub fn two_cores() -> Option<(usize, usize)> {
    let cores = cores();
    Some((*cores.first()?, *cores.get(1)?))
}

/// CPU time of a whole process, user and system. None when it ended or the system does not tell.
#[must_use]
pub fn process_time(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    parse_stat(&text)?.checked_mul(1_000 / TICKS_PER_S).map(Duration::from_millis)
}

/// CPU time of all living threads of a process together, to the nanosecond where
/// [`process_time`] counts ticks; what ended threads used is missing. None when it ended or the system
/// does not tell.
#[must_use]
pub fn threads_time(process: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        // A thread may end while we look.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat"));
        sum +=
            text.ok().and_then(|text| parse_schedstat(&text)).map_or(Duration::ZERO, |t| t.on_cpu);
    }
    Some(sum)
}

/// Ticks of user and system time (the 14th and 15th field). The second field is a name in brackets
/// that may itself hold brackets and blanks.
fn parse_stat(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    ticks()?.checked_add(ticks()?)
}

/// Memory of a process that is in RAM, bytes. None when it ended or the system does not tell.
#[must_use]
pub fn resident_bytes(process: u32) -> Option<u64> {
    parse_status(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn parse_status(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    #[test]
    fn a_busy_thread_uses_cpu_time_and_a_waiting_one_does_not() {
        let (stop, stopped) = channel::<()>();
        let (known, is_known) = channel();
        let thread = std::thread::spawn(move || {
            known.send(current_thread().unwrap()).unwrap();
            let _ = stopped.recv();
        });
        let idle = is_known.recv().unwrap();
        let cpu_time = |thread| thread_time(thread).map(|t| t.on_cpu);
        let idle_before = cpu_time(idle).unwrap();

        let me = current_thread().unwrap();
        let before = cpu_time(me).unwrap();
        let begin = Instant::now();
        // Burn until the scheduler has counted it; the bound only ends a broken test.
        while cpu_time(me).unwrap() - before < Duration::from_millis(50) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the scheduler counts nothing");
        }
        assert!(cpu_time(idle).unwrap() - idle_before < Duration::from_millis(10));
        drop(stop);
        thread.join().unwrap();
        assert_eq!(cpu_time(idle), None);
    }

    #[test]
    fn a_thread_can_be_kept_on_one_core() {
        let all = cores();
        assert!(!all.is_empty());
        std::thread::spawn(move || {
            let me = current_thread().unwrap();
            assert!(pin(me, all[0]));
            assert_eq!(cores(), all[..1]);
            assert!(!pin(me, usize::MAX));
        })
        .join()
        .unwrap();
        assert!(!pin(ThreadId(u64::MAX), 0));
    }

    #[test]
    fn a_process_tells_its_time_and_memory() {
        let me = std::process::id();
        assert!(process_time(me).is_some());
        // A Rust program with its tests is larger than 1 MB and far below a terabyte.
        assert!((1 << 20..1 << 40).contains(&resident_bytes(me).unwrap()));
        assert!(threads_time(me).unwrap() > Duration::ZERO);
        assert_eq!((process_time(u32::MAX), resident_bytes(u32::MAX)), (None, None));
        assert_eq!(threads_time(u32::MAX), None);
    }

    #[test]
    fn the_tables_of_a_process_are_read_strictly() {
        let stat = "7 (odd ) (name) S 1 7 7 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 8 0 9 1 2";
        assert_eq!(parse_stat(stat), Some(175));
        assert_eq!(parse_stat("7 (x) S 1 2 3"), None);
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_status("Name:\tx\nVmRSS:\t    2048 kB\nThreads: 3\n"), Some(2 << 20));
        assert_eq!(parse_status("VmRSS: 12 MB"), None);
        assert_eq!(parse_status("VmSize: 12 kB"), None);
    }

    #[test]
    fn schedstat_is_read_strictly() {
        let time = |on_cpu, waiting| {
            let ns = Duration::from_nanos;
            Some(ThreadTime { on_cpu: ns(on_cpu), waiting: ns(waiting) })
        };
        assert_eq!(parse_schedstat("1500 20 3\n"), time(1500, 20));
        assert_eq!(parse_schedstat("1500"), None);
        assert_eq!(parse_schedstat(""), None);
        assert_eq!(parse_schedstat("x 1 2"), None);
    }
}
