//! The loop of the load's thread: receive what waits, send what is due, sleep until more comes.
//!
//! A round takes in one batch and one order, so that what is due does not wait long for what arrived:
//! a handshake's part alone takes a millisecond.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use super::meter::{Counted, Meter, Window};
use super::socket::{CrowdSocket, until};
use super::trace::packet_id;
use super::{Note, Order, PersonId};
use crate::client::{Client, ClientEvent, Outgoing};

pub(super) struct Crowd {
    socket: CrowdSocket,
    people: HashMap<PersonId, Person>,
    /// When somebody wants to be called. Entries that are older than what is armed are passed over.
    timers: BinaryHeap<Reverse<(Instant, PersonId)>>,
    touched: Vec<PersonId>,
    sending: Vec<Outgoing>,
    meter: Meter,
    /// What people that went had received.
    gone: Counted,
    refused: u64,
    notes: Box<dyn FnMut(Note) + Send>,
}

struct Person {
    client: Client,
    armed: Option<Instant>,
    touched: bool,
    /// When the media that was made last should have left.
    due: Option<Instant>,
}

impl Crowd {
    pub fn new(socket: CrowdSocket, notes: Box<dyn FnMut(Note) + Send>) -> Self {
        Self {
            socket,
            people: HashMap::new(),
            timers: BinaryHeap::new(),
            touched: Vec::new(),
            sending: Vec::new(),
            meter: Meter::new(),
            gone: Counted::default(),
            refused: 0,
            notes,
        }
    }

    /// Runs until nobody can give orders any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let (more_orders, ended) = self.carry_out(orders);
            if ended {
                return self.part();
            }
            let more = self.receive();
            self.run_timers();
            self.flush();
            if !more && !more_orders {
                self.socket.sleep(self.timers.peek().map(|Reverse((at, _))| until(*at)));
            }
        }
    }

    /// Whether more orders may wait, and whether none can come any more.
    fn carry_out(&mut self, orders: &Receiver<Order>) -> (bool, bool) {
        match orders.try_recv() {
            Ok(order) => {
                self.obey(order);
                (true, false)
            }
            Err(TryRecvError::Empty) => (false, false),
            Err(TryRecvError::Disconnected) => (false, true),
        }
    }

    fn obey(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Add(id, client) => {
                let fresh = Person { client: *client, armed: None, touched: false, due: None };
                self.people.insert(id, fresh);
                self.touch(id);
            }
            Order::Offer { person, generation, sdp, tracks } => {
                let Some(p) = self.people.get_mut(&person) else { return };
                let answer = p.client.answer(now, &sdp, &tracks);
                (self.notes)(Note::Answer { person, generation, answer });
                self.touch(person);
            }
            Order::Publish { person, seat, simulcast } => {
                let Some(p) = self.people.get_mut(&person) else { return };
                let offer = p.client.offer(now, seat, simulcast);
                (self.notes)(Note::Offer { person, offer });
                self.touch(person);
            }
            Order::Accept { person, sdp } => {
                let Some(p) = self.people.get_mut(&person) else { return };
                if let Err(error) = p.client.accept(now, &sdp) {
                    (self.notes)(Note::Failed { error });
                }
                self.touch(person);
            }
            Order::Remove(id) => {
                let Some(p) = self.people.get_mut(&id) else { return };
                p.client.close(now);
                self.touch(id);
                self.flush();
                if let Some(p) = self.people.remove(&id) {
                    add(&mut self.gone, &p.client);
                }
            }
            Order::Begin(reply) => {
                self.meter.begin();
                // Whoever asked may have given up.
                let _ = reply.send(self.counted());
            }
            Order::End(reply) => {
                let (travel_ns, lag_ns) = self.meter.end();
                let _ = reply.send(Window { travel_ns, lag_ns, counted: self.counted() });
            }
        }
    }

    /// Whether more may be waiting.
    fn receive(&mut self) -> bool {
        let Self { socket, people, touched, meter, notes, .. } = self;
        let now = Instant::now();
        socket.receive(|arrived| {
            let Some(p) = people.get_mut(&arrived.to) else { return };
            p.client.handle_datagram(now, arrived.from, arrived.bytes);
            if !p.touched {
                p.touched = true;
                touched.push(arrived.to);
            }
            while let Some(event) = p.client.poll_event() {
                hear(arrived.to, event, arrived.unix_ns, meter, notes);
            }
        })
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            let Some(p) = self.people.get_mut(&id) else { continue };
            if p.armed != Some(at) {
                continue;
            }
            p.armed = None;
            let wanted = p.client.poll_timeout();
            if wanted <= now {
                p.due = p.client.media_due().filter(|due| *due <= now);
                p.client.handle_timeout(now);
                self.touch(id);
            } else {
                p.armed = Some(wanted);
                self.timers.push(Reverse((wanted, id)));
            }
        }
    }

    fn touch(&mut self, id: PersonId) {
        if let Some(p) = self.people.get_mut(&id)
            && !std::mem::replace(&mut p.touched, true)
        {
            self.touched.push(id);
        }
    }

    /// Sends what touched people have to send, and arms their timers.
    fn flush(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        for id in touched.drain(..) {
            let Some(p) = self.people.get_mut(&id) else { continue };
            p.touched = false;
            self.sending.clear();
            self.sending.extend(std::iter::from_fn(|| p.client.poll_transmit()));
            // Streams are independent; packets of one stream that follow each other can be joined.
            self.sending.sort_by_key(|out| out.stream);
            let due = p.due.take();
            if let Some(due) = due.filter(|_| !self.sending.is_empty()) {
                self.meter.lagged(Instant::now().saturating_duration_since(due));
            }
            let meter = &mut self.meter;
            self.refused += self.socket.send(id, &self.sending, |out, unix_ns| {
                if let Some(packet) = out.id {
                    meter.sent(packet, unix_ns);
                }
            });
            while let Some(event) = p.client.poll_event() {
                hear(id, event, None, &mut self.meter, &mut self.notes);
            }
            let wanted = p.client.poll_timeout();
            // A timer that comes too early is set anew; only an earlier wish needs another one.
            if p.armed.is_none_or(|at| wanted < at) {
                p.armed = Some(wanted);
                self.timers.push(Reverse((wanted, id)));
            }
        }
        // Keeps the allocation; nothing was added meanwhile.
        self.touched = touched;
    }

    fn counted(&self) -> Counted {
        let mut all = self.gone;
        self.people.values().for_each(|p| add(&mut all, &p.client));
        all.refused = self.refused;
        all
    }

    /// Everybody says goodbye.
    fn part(&mut self) {
        let all: Vec<PersonId> = self.people.keys().copied().collect();
        for id in all {
            self.obey(Order::Remove(id));
        }
    }
}

/// What one event of a person means to the rest.
fn hear(
    person: PersonId,
    event: ClientEvent,
    received_unix_ns: Option<u64>,
    meter: &mut Meter,
    notes: &mut Box<dyn FnMut(Note) + Send>,
) {
    match event {
        // A repaired packet's way says nothing of the server's speed.
        ClientEvent::Packet(packet) if !packet.repaired => {
            if let Some((id, at)) = packet_id(&packet.payload).zip(received_unix_ns) {
                meter.arrived(id, at);
            }
        }
        ClientEvent::Connected => notes(Note::Connected { person }),
        ClientEvent::FirstPicture { .. } => notes(Note::Picture { person }),
        _ => {}
    }
}

fn add(sum: &mut Counted, client: &Client) {
    for track in client.received() {
        let counters = &track.counters;
        sum.received += counters.packets;
        sum.bytes += counters.bytes;
        sum.repaired += counters.repaired;
        sum.missing += counters.missing;
    }
}
