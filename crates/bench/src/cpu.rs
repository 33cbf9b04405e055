//! CPU time of threads of this process, as the Linux scheduler counts it.
//!
//! Reads `/proc/self/task/<tid>/schedstat`: its first number is the time on a CPU, its second the
//! time that the thread was ready and had to wait for one, both in nanoseconds. A thread that runs without a break is brought up to date at each tick of the scheduler (at most
//! 10 ms), so measure over seconds.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// Kernel id of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(u64);

/// The threads of this process whose name starts with `prefix`. Empty without `/proc`.
#[must_use]
pub fn threads_named(prefix: &str) -> BTreeSet<ThreadId> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return BTreeSet::new() };
    let named = |tid: &u64| {
        fs::read_to_string(format!("/proc/self/task/{tid}/comm"))
            .is_ok_and(|n| n.starts_with(prefix))
    };
    tasks
        .filter_map(|t| t.ok()?.file_name().to_str()?.parse().ok())
        .filter(named)
        .map(ThreadId)
        .collect()
}

/// The calling thread. None without `/proc`.
#[must_use]
pub fn current_thread() -> Option<ThreadId> {
    // The link reads `<process>/task/<thread>`.
    let link = fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok().map(ThreadId)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    #[test]
    fn a_busy_thread_uses_cpu_time_and_a_waiting_one_does_not() {
        let (stop, stopped) = channel::<()>();
        let (named, is_named) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("cpu-test-idle".to_owned())
            .spawn(move || {
                named.send(()).unwrap();
                let _ = stopped.recv();
            })
            .unwrap();
        is_named.recv().unwrap();
        let idle = threads_named("cpu-test-idle");
        assert_eq!(idle.len(), 1);
        let idle = *idle.first().unwrap();
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
