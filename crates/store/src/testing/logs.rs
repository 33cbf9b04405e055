//! Everything that a process logs, for tests that look for what must not be in it.

use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps every field of every event and span of every crate at every level, and every record of the
/// `log` crate, which some dependencies use.
#[derive(Clone, Copy)]
pub struct AllLogs(&'static Mutex<String>);

impl AllLogs {
    /// Listens from now on. Once per process, so a test that uses it is a program of its own.
    ///
    /// # Panics
    /// When somebody listens already, or when what is logged is not heard.
    #[must_use]
    pub fn listen() -> Self {
        static TEXT: Mutex<String> = Mutex::new(String::new());
        static ALL: OnceLock<AllLogs> = OnceLock::new();
        let all = Self(&TEXT);
        tracing::subscriber::set_global_default(all).expect("the only subscriber");
        log::set_logger(ALL.get_or_init(|| all)).expect("the only logger");
        log::set_max_level(log::LevelFilter::Trace);
        tracing::trace!(probe = "by-tracing");
        log::warn!("probe by log");
        let heard = all.text();
        assert!(heard.contains("by-tracing") && heard.contains("probe by log"), "deaf");
        all
    }

    /// What was logged so far. Each record begins with its target in brackets.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, write: impl FnOnce(&mut Writer<'_>)) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut Writer(&mut text));
    }
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0, "{}={value:?}", field.name());
    }
}

impl Subscriber for AllLogs {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.keep(|writer| span.record(writer));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        self.keep(|writer| values.record(writer));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let target = event.metadata().target();
        self.keep(|writer| {
            let _ = writeln!(writer.0, "[{target}]");
            event.record(writer);
        });
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for AllLogs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.keep(|writer| {
            let _ = writeln!(writer.0, "[{}] {}", record.target(), record.args());
        });
    }
    fn flush(&self) {}
}
