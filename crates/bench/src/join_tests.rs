use super::*;
use std::cell::Cell;

/// A clinic whose server is not there: its port was just given back.
struct Closed {
    port: u16,
    prepared: Cell<u32>,
    finished: Cell<u32>,
}

impl Closed {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { port, prepared: Cell::new(0), finished: Cell::new(0) }
    }
}

impl JoinTarget for Closed {
    async fn prepare(&mut self) -> Result<GuestLink, BenchError> {
        self.prepared.set(self.prepared.get() + 1);
        GuestLink::parse(&format!("http://127.0.0.1:{}/v#secret", self.port))
    }

    async fn finish(&mut self) -> Result<(), BenchError> {
        self.finished.set(self.finished.get() + 1);
        Ok(())
    }

    fn tls_root(&self) -> Option<TlsRoot> {
        None
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_ends_the_run_and_the_visit_is_given_back() {
    let mut target = Closed::new();
    let ended = join(&mut target, JoinOptions::default(), &mut |_| {}).await;
    assert!(matches!(ended, Err(BenchError::Io(_))));
    assert_eq!((target.prepared.get(), target.finished.get()), (1, 1));
}

#[tokio::test]
async fn options_out_of_range_are_refused_before_anything_is_done() {
    let mut target = Closed::new();
    for options in [
        JoinOptions { joins: 0, ..JoinOptions::default() },
        JoinOptions { timeout: Duration::ZERO, ..JoinOptions::default() },
    ] {
        let refused = join(&mut target, options, &mut |_| {}).await;
        assert!(matches!(refused, Err(BenchError::Options(_))));
    }
    assert_eq!(target.prepared.get(), 0);
}

#[test]
fn the_report_has_exactly_its_keys() {
    let report = JoinReport { joins: 20, p50_ms: 120.5, p95_ms: 300.0 };
    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        r#"{"joins":20,"p50_ms":120.5,"p95_ms":300.0}"#
    );
}
