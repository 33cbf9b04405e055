//! A client's stream: messages out of it, a short queue into it.
//!
//! The queue is bounded in bytes and in time. A datagram that would wait longer is dropped: late
//! sound is worth less than none.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at};

use super::accept::Pass;
use super::core::Shared;
use crate::client::{Client, Transport};
use crate::frame::Deframer;

/// Bytes that may wait while as many are being written.
const QUEUE_BYTES: usize = 64 * 1024;
/// How long the oldest byte may wait before more is dropped.
const QUEUE_TIME: Duration = Duration::from_millis(100);
/// A stream that takes nothing for so long is dead.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// A stream must hold an allocation by then.
const IDLE_TIME: Duration = Duration::from_secs(15);

/// Whatever carries a stream.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Carrier for S {}

/// A stream on its way to the relay's thread.
pub(super) struct NewStream {
    pub stream: Box<dyn Carrier>,
    pub remote: SocketAddr,
    pub local: IpAddr,
    pub transport: Transport,
    pub pass: Pass,
}

/// What the relay's thread keeps of a stream.
#[derive(Default)]
pub(super) struct Outgoing {
    queue: RefCell<Queue>,
    filled: Notify,
    ended: Notify,
    opened: Cell<bool>,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Where each message ends in `bytes`.
    ends: Vec<usize>,
    /// Since when the oldest byte that is not written waits.
    waiting_since: Option<Instant>,
}

impl Outgoing {
    /// Adds a message, or drops it: `false`.
    pub(super) fn push(&self, now: Instant, message: &[u8]) -> bool {
        let mut queue = self.queue.borrow_mut();
        let since = *queue.waiting_since.get_or_insert(now);
        let late = now.saturating_duration_since(since) > QUEUE_TIME;
        if late || queue.bytes.len() + message.len() > QUEUE_BYTES {
            return false;
        }
        queue.bytes.extend_from_slice(message);
        let end = queue.bytes.len();
        queue.ends.push(end);
        drop(queue);
        self.filled.notify_one();
        true
    }

    /// The client holds an allocation.
    pub(super) fn opened(&self) {
        self.opened.set(true);
    }

    /// Closes the stream after what is queued has had its chance.
    pub(super) fn end(&self) {
        self.ended.notify_one();
    }
}

/// Serves a stream until it ends, on the relay's thread.
pub(super) async fn serve(core: Shared, new: NewStream, link: u64, out: &Outgoing) {
    let client = Client { transport: new.transport, remote: new.remote, local: new.local, link };
    let (reader, writer) = tokio::io::split(new.stream);
    // Which side ended it makes no difference: the other cannot go on.
    tokio::select! {
        _ = read(&core, reader, client, out) => {}
        _ = write(writer, new.transport, out) => {}
    }
    drop(new.pass);
    core.borrow_mut().gone(&client);
}

async fn read(
    core: &Shared,
    mut reader: impl AsyncRead + Unpin,
    client: Client,
    out: &Outgoing,
) -> io::Result<()> {
    let mut deframer = Deframer::default();
    let deadline = tokio::time::Instant::now() + IDLE_TIME;
    loop {
        let read = reader.read(deframer.space());
        let n = if out.opened.get() { read.await? } else { timeout_at(deadline, read).await?? };
        if n == 0 {
            return Ok(());
        }
        deframer.filled(n);
        let mut core = core.borrow_mut();
        let now = Instant::now();
        while let Some(message) = deframer.next_frame().map_err(io::Error::other)? {
            core.relay.handle_message(now, client, message);
        }
        core.flush(now);
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    transport: Transport,
    out: &Outgoing,
) -> io::Result<()> {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    loop {
        let ended = tokio::select! {
            biased;
            () = out.filled.notified() => false,
            () = out.ended.notified() => true,
        };
        {
            let mut queue = out.queue.borrow_mut();
            std::mem::swap(&mut bytes, &mut queue.bytes);
            std::mem::swap(&mut ends, &mut queue.ends);
            queue.waiting_since = (!bytes.is_empty()).then(Instant::now);
        }
        if !bytes.is_empty() {
            if transport != Transport::Tls {
                ends.clear();
                ends.push(bytes.len());
            }
            timeout(WRITE_TIME, write_parts(&mut writer, &bytes, &ends)).await??;
            bytes.clear();
            ends.clear();
            let mut queue = out.queue.borrow_mut();
            queue.waiting_since = (!queue.bytes.is_empty()).then(Instant::now);
        }
        if ended {
            return timeout(WRITE_TIME, writer.shutdown()).await?;
        }
    }
}

/// Writes parts one by one. Inside TLS each message is a record of its own: there are clients that
/// take what they read at once for one message.
async fn write_parts(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    ends: &[usize],
) -> io::Result<()> {
    let mut start = 0;
    for end in ends {
        writer.write_all(&bytes[start..*end]).await?;
        start = *end;
    }
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_loses_datagrams_and_nothing_waits_long() {
        let out = Outgoing::default();
        let start = Instant::now();
        assert!(out.push(start, &[0; 1_000]));
        assert!(out.push(start + QUEUE_TIME, &[0; 1_000]));
        assert!(!out.push(start + QUEUE_TIME + Duration::from_millis(1), &[0; 1]), "too late");
        let out = Outgoing::default();
        let taken = (0..1_000).filter(|_| out.push(start, &[0; 1_000])).count();
        assert_eq!(taken, QUEUE_BYTES / 1_000, "too much");
    }
}
