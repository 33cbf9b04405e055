//! A thread with a runtime of its own, on which a provider talks to the network.
//!
//! Providers are called blockingly, from a thread of another runtime too, where waiting for a future
//! would panic. Here the future runs elsewhere and the caller waits for its result only.

use keys::KeyError;
use std::future::Future;
use std::sync::mpsc::sync_channel;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub(crate) struct Beside {
    provider: &'static str,
    handle: Handle,
    /// The thread ends when this goes away. Nobody waits for it.
    _alive: oneshot::Sender<()>,
}

impl Beside {
    /// Starts the thread.
    pub(crate) fn start(provider: &'static str) -> Result<Self, KeyError> {
        let failed = |error: std::io::Error| {
            let what = format!("the system gives it no thread ({})", error.kind());
            KeyError::Setup { provider, what }
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel::<()>();
        let run = move || {
            // It never gets anything, and ends when the sender is dropped.
            let _ = runtime.block_on(gone);
        };
        thread::Builder::new().name(provider.to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { provider, handle, _alive: alive })
    }

    /// Runs `work` on the thread and waits for what comes of it.
    pub(crate) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, KeyError>> + Send + 'static,
    ) -> Result<T, KeyError> {
        let (done, result) = sync_channel(1);
        self.handle.spawn(async move {
            // Somebody waits below for as long as this runs.
            let _ = done.send(work.await);
        });
        let stopped = KeyError::Unreachable { provider: self.provider, what: "its thread stopped" };
        result.recv().unwrap_or(Err(stopped))
    }

    /// Runs `work` on the thread for as long as it is there.
    pub(crate) fn keep_doing(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_called_from_any_thread_and_runtime() {
        let beside = Beside::start("vault").expect("starts");
        assert_eq!(beside.wait_for(async { Ok(1) }).expect("one"), 1);
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            assert_eq!(beside.wait_for(async { Ok(2) }).expect("two"), 2);
        });
        let failed = beside.wait_for::<()>(async { Err(KeyError::Open) });
        assert!(matches!(failed, Err(KeyError::Open)));
    }

    #[test]
    fn what_was_begun_ends_with_it() {
        let beside = Beside::start("vault").expect("starts");
        let (held, gone) = sync_channel::<()>(1);
        beside.keep_doing(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        drop(beside);
        assert!(gone.recv().is_err(), "the task went with the thread");
    }
}
