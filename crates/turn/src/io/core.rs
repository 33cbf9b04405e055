//! The thread of the relay: one [`Relay`], the tasks around it, and what they share.
//!
//! Every task runs on this one thread, so what they share needs no lock. A borrow never lasts over
//! an await.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket as StdSocket};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};
use visit::VisitId;

use super::outside::{Outside, OutsideSocket};
use super::stream::{self, NewStream, Outgoing};
use super::udp::{Buffers, Sending, UdpPort};
use super::{Report, Unit, UnitDatagram};
use crate::outbox::To;
use crate::relay::{PeerListFull, Relay, RelayEvent, Scope};
use crate::{client::Client, client::Transport};

/// Receive calls before other tasks get their turn.
const RECEIVES_PER_TURN: usize = 4;
/// How often allocations that ran out are taken out. The relay itself is exact: what ran out does
/// nothing from that moment on.
const TICK: Duration = Duration::from_secs(1);

/// What the rest of the program asks of the relay's thread.
pub(super) enum Command {
    Stream(NewStream),
    Revoke(Scope),
    Reinstate(Scope),
    SetUnit(Vec<std::net::SocketAddr>),
    AllowPeer { visit: VisitId, ip: IpAddr, reply: oneshot::Sender<Result<(), PeerListFull>> },
    Report(oneshot::Sender<Report>),
    Shutdown,
}

/// Sockets that were bound and not watched yet.
pub(super) struct Sockets {
    pub udp: Vec<StdSocket>,
    pub outside: Vec<OutsideSocket>,
}

/// What the tasks share.
pub(super) struct Core {
    pub relay: Relay,
    udp: Vec<Rc<UdpPort>>,
    sending: Vec<Sending>,
    streams: HashMap<u64, Rc<Outgoing>>,
    next_stream: u64,
    outside: Outside,
    unit: Box<dyn Unit>,
    events: mpsc::UnboundedSender<RelayEvent>,
    udp_dropped: u64,
    stream_dropped: u64,
}

pub(super) type Shared = Rc<RefCell<Core>>;

/// Seconds since the Unix epoch.
pub(super) fn unix_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Core {
    /// The whole life of the thread.
    pub(super) fn run(
        relay: Relay,
        sockets: Sockets,
        unit: Box<dyn Unit>,
        events: mpsc::UnboundedSender<RelayEvent>,
        commands: mpsc::UnboundedReceiver<Command>,
        from_unit: mpsc::Receiver<Vec<UnitDatagram>>,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime.inspect_err(|e| tracing::error!(kind = ?e.kind(), "no runtime"))
        else {
            return;
        };
        let tasks = LocalSet::new();
        tasks.block_on(&runtime, async {
            match Self::assemble(relay, sockets, unit, events) {
                Ok(core) => {
                    Self::spawn_sockets(&core);
                    Self::obey(&core, commands, from_unit).await;
                }
                Err(e) => {
                    tracing::error!(kind = ?e.kind(), "the relay's sockets cannot be watched")
                }
            }
        });
    }

    fn assemble(
        relay: Relay,
        sockets: Sockets,
        unit: Box<dyn Unit>,
        events: mpsc::UnboundedSender<RelayEvent>,
    ) -> std::io::Result<Shared> {
        let watch = |(link, socket)| UdpPort::new(socket, link).map(Rc::new);
        let udp: Vec<_> = (0..).zip(sockets.udp).map(watch).collect::<Result<_, _>>()?;
        Ok(Rc::new(RefCell::new(Self {
            relay,
            sending: udp.iter().map(|_| Sending::default()).collect(),
            udp,
            streams: HashMap::new(),
            next_stream: 0,
            outside: Outside::new(sockets.outside)?,
            unit,
            events,
            udp_dropped: 0,
            stream_dropped: 0,
        })))
    }

    fn spawn_sockets(core: &Shared) {
        let (ports, outside) = {
            let core = core.borrow();
            (core.udp.clone(), core.outside.sockets())
        };
        for port in ports {
            tokio::task::spawn_local(receive(core.clone(), port));
        }
        for (relayed, socket) in outside {
            tokio::task::spawn_local(super::outside::receive(core.clone(), relayed, socket));
        }
    }

    async fn obey(
        core: &Shared,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut from_unit: mpsc::Receiver<Vec<UnitDatagram>>,
    ) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Stream(new)) => Self::adopt(core, new),
                    Some(Command::Shutdown) | None => return,
                    Some(command) => core.borrow_mut().carry_out(command),
                },
                Some(batch) = from_unit.recv() => core.borrow_mut().take_from_unit(&batch),
                _ = ticks.tick() => core.borrow_mut().tick(),
            }
        }
    }

    fn adopt(core: &Shared, new: NewStream) {
        let out = Rc::new(Outgoing::default());
        let link = {
            let mut core = core.borrow_mut();
            core.next_stream += 1;
            let link = core.next_stream;
            core.streams.insert(link, out.clone());
            link
        };
        let core = core.clone();
        tokio::task::spawn_local(async move { stream::serve(core, new, link, &out).await });
    }

    fn carry_out(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Revoke(scope) => self.relay.revoke(now, scope),
            Command::Reinstate(scope) => self.relay.reinstate(scope),
            Command::SetUnit(unit) => self.relay.set_unit(unit),
            // Whoever asked may have gone; the address is noted all the same.
            Command::AllowPeer { visit, ip, reply } => {
                let _ = reply.send(self.relay.allow_peer(visit, ip));
            }
            Command::Report(reply) => {
                let _ = reply.send(self.report());
            }
            Command::Stream(_) | Command::Shutdown => {}
        }
        self.flush(now);
    }

    fn take_from_unit(&mut self, batch: &[UnitDatagram]) {
        let now = Instant::now();
        for d in batch {
            self.relay.handle_unit(now, d.relayed, d.from, &d.contents);
        }
        self.flush(now);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.relay.set_wall_clock(now, unix_s());
        self.relay.handle_timeout(now);
        self.flush(now);
    }

    /// A stream ended.
    pub(super) fn gone(&mut self, client: &Client) {
        self.streams.remove(&client.link);
        self.relay.client_gone(client);
        self.flush(Instant::now());
    }

    /// Sends what waits and says what happened.
    pub(super) fn flush(&mut self, now: Instant) {
        let outbox = self.relay.outbox();
        let mut to_unit = false;
        for (index, out) in outbox.iter().enumerate() {
            match out.to {
                To::Client { client, group } if client.transport == Transport::Udp => {
                    if let Some(sending) = self.sending.get_mut(client.link as usize) {
                        sending.order.push((group, index));
                    }
                }
                To::Client { client, .. } => {
                    // Its stream may have ended within this batch.
                    if let Some(stream) = self.streams.get(&client.link) {
                        self.stream_dropped += u64::from(!stream.push(now, out.bytes));
                    }
                }
                To::Unit { from, to } => {
                    to_unit = true;
                    self.unit.datagram(from, to, out.bytes);
                }
                To::Peer { from, to } => {
                    self.udp_dropped += u64::from(!self.outside.send(from, to, out.bytes));
                }
            }
        }
        if to_unit {
            self.unit.flush();
        }
        for (port, sending) in self.udp.iter().zip(&mut self.sending) {
            self.udp_dropped += port.send(outbox, sending);
            sending.order.clear();
        }
        self.relay.clear_outbox();
        self.tell();
    }

    fn tell(&mut self) {
        while let Some(event) = self.relay.poll_event() {
            let (RelayEvent::Opened { client, .. } | RelayEvent::Closed { client, .. }) = &event;
            if let Some(stream) =
                self.streams.get(&client.link).filter(|_| client.transport.is_stream())
            {
                match event {
                    RelayEvent::Opened { .. } => stream.opened(),
                    RelayEvent::Closed { .. } => stream.end(),
                }
            }
            // Nobody listens any more only while the program stops.
            let _ = self.events.send(event);
        }
    }

    fn report(&self) -> Report {
        Report {
            stats: self.relay.stats().clone(),
            sizes: self.relay.sizes(),
            streams: self.streams.len(),
            udp_dropped: self.udp_dropped,
            stream_dropped: self.stream_dropped,
            cpu_time: cpu_time(),
        }
    }
}

async fn receive(core: Shared, port: Rc<UdpPort>) {
    let mut buffers = Buffers::default();
    while port.readable().await.is_ok() {
        for _ in 0..RECEIVES_PER_TURN {
            let mut core = core.borrow_mut();
            let now = Instant::now();
            let relay = &mut core.relay;
            let filled = port.receive(&mut buffers, |client, datagram| {
                relay.handle_message(now, client, datagram);
            });
            core.flush(now);
            if filled < quinn_udp::BATCH_SIZE {
                break;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// CPU time of the calling thread, as Linux counts it: the first number in `schedstat`, nanoseconds.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
