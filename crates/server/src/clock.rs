//! The one place where the server reads the wall clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use visit::{Duration, Timestamp};

/// Tells the time: the system's, or one that a test moves by hand.
#[derive(Clone)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `now` until [`Self::advance`] moves it.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.0))))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(manual) => Timestamp(manual.load(Ordering::SeqCst)),
            None => Timestamp(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX)),
            ),
        }
    }

    /// Moves a manual clock on; does nothing to the system's.
    pub fn advance(&self, span: Duration) {
        if let Some(manual) = &self.0 {
            manual.fetch_add(span.0, Ordering::SeqCst);
        }
    }
}
