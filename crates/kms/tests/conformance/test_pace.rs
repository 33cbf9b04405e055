//! A clock that stands until it is moved. Short waits, as between two tries, pass at once.

use kms::Pace;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Waits up to this long pass at once, ms.
const SHORT_MS: u64 = 3_000;
/// 2015-08-30T12:36:00Z.
pub const BEGUN_UNIX_MS: u64 = 1_440_938_160_000;

pub struct TestPace {
    now_ms: watch::Sender<u64>,
    waited_ms: Mutex<Vec<u64>>,
}

impl TestPace {
    pub fn new() -> Arc<Self> {
        let (now_ms, _) = watch::channel(0);
        Arc::new(Self { now_ms, waited_ms: Mutex::default() })
    }

    pub fn advance(&self, ms: u64) {
        self.now_ms.send_modify(|now_ms| *now_ms += ms);
    }

    /// The short waits since the last look.
    pub fn waited_ms(&self) -> Vec<u64> {
        std::mem::take(&mut self.waited_ms.lock().expect("no panic"))
    }
}

impl Pace for TestPace {
    fn now_ms(&self) -> u64 {
        *self.now_ms.borrow()
    }

    fn unix_ms(&self) -> u64 {
        BEGUN_UNIX_MS + self.now_ms()
    }

    fn random(&self) -> u64 {
        7
    }

    fn wait(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        if ms <= SHORT_MS {
            self.waited_ms.lock().expect("no panic").push(ms);
            self.advance(ms);
            return Box::pin(async {});
        }
        let until_ms = self.now_ms() + ms;
        let mut now_ms = self.now_ms.subscribe();
        Box::pin(async move {
            // The clock lives as long as whoever waits by it.
            let _ = now_ms.wait_for(|now_ms| *now_ms >= until_ms).await;
        })
    }
}
