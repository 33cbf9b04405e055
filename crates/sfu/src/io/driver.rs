//! The loop of one shard's thread.
//!
//! Each round: receive what waits, carry out commands, run timers, flush the shard once, send. It
//! sleeps only when a round found nothing to receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use super::socket::ShardSocket;
use super::wake::Sleeper;
use crate::command::{Command, SfuEvent};
use crate::shard::{Datagram, Shard};
use crate::stats::{SharedStats, Stats};

/// Receive calls per round. A flood of datagrams must not starve timers and commands.
const RECEIVES_PER_ROUND: usize = 4;
/// Commands per round, so that a burst of joins does not hold up media for long.
const COMMANDS_PER_ROUND: usize = 16;

pub(super) struct Driver {
    pub shard: Shard,
    pub socket: ShardSocket,
    pub sleeper: Sleeper,
    pub commands: Receiver<Command>,
    pub events: UnboundedSender<SfuEvent>,
    pub stats: Arc<SharedStats>,
    pub stop: Arc<AtomicBool>,
}

impl Driver {
    /// Runs until the program stops or every handle is gone.
    pub(super) fn run(mut self) {
        let mut sending: Vec<Datagram> = Vec::new();
        let mut io = Stats::default();
        loop {
            let more = self.receive();
            let (more_commands, gone) = self.carry_out();
            let now = Instant::now();
            self.shard.handle_timeout(now);
            let stopping = gone || self.stop.load(Ordering::Acquire);
            if stopping {
                self.shard.shutdown(now);
            }
            self.shard.flush(now);

            sending.clear();
            sending.extend(std::iter::from_fn(|| self.shard.poll_transmit()));
            let sent = self.socket.send(&sending);
            io.send_calls += sent.calls;
            io.send_dropped += sent.dropped;
            while let Some(event) = self.shard.poll_event() {
                // Nobody listens any more only while the program stops.
                let _ = self.events.send(event);
            }
            let stats = self.shard.stats();
            self.stats.publish(&Stats {
                send_calls: io.send_calls,
                send_dropped: io.send_dropped,
                ..stats
            });
            if stopping {
                return;
            }
            if !more && !more_commands {
                let timeout = self
                    .shard
                    .poll_timeout()
                    .map(|at| at.saturating_duration_since(Instant::now()));
                self.sleeper.sleep(self.socket.fd(), timeout);
            }
        }
    }

    /// Whether more may be waiting.
    fn receive(&mut self) -> bool {
        for _ in 0..RECEIVES_PER_ROUND {
            let now = Instant::now();
            let shard = &mut self.shard;
            let filled = self.socket.receive(|source, destination, datagram| {
                shard.handle_datagram(now, source, destination, datagram);
            });
            if filled < quinn_udp::BATCH_SIZE {
                return false;
            }
        }
        true
    }

    /// Whether more commands may be waiting, and whether every handle is gone.
    fn carry_out(&mut self) -> (bool, bool) {
        for _ in 0..COMMANDS_PER_ROUND {
            match self.commands.try_recv() {
                Ok(command) => self.shard.handle_command(Instant::now(), command),
                Err(TryRecvError::Empty) => return (false, false),
                Err(TryRecvError::Disconnected) => return (false, true),
            }
        }
        (true, false)
    }
}
