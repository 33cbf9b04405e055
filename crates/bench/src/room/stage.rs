//! A server under load together with its load: people come room by room, and a window is measured.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::{Measured, Shape};
use crate::BenchError;
use crate::client::{Client, ClientOptions};
use crate::cpu::thread_time;
use crate::load::{Counted, Load, Note, Order, PacketIds, PersonId, Trace};
use crate::progress::{Progress, Step};
use crate::unit::{Ask, Told, Unit, Usage, seat};

/// People that may be on their way in at once: handshakes must not starve those who are in already.
const JOINING_AT_ONCE: u32 = 12;
/// Longest time without anybody getting a picture while somebody still waits for one.
const JOIN_TIMEOUT: Duration = Duration::from_secs(60);

/// People from this number on are not the stage's own; who brought them in hears about them.
pub(crate) const GUESTS_FROM: u32 = 1_000_000;

/// What reaches the control part.
pub(crate) enum Heard {
    Load(Note),
    Unit(Told),
}

impl Heard {
    /// The person that it is about.
    fn person(&self) -> Option<u32> {
        let link = match self {
            Self::Load(
                Note::Answer { person: PersonId(link), .. }
                | Note::Offer { person: PersonId(link), .. }
                | Note::Connected { person: PersonId(link) }
                | Note::Picture { person: PersonId(link) },
            )
            | Self::Unit(
                Told::Offer { link, .. } | Told::Publish { link } | Told::Answer { link, .. },
            ) => link,
            Self::Load(Note::Failed { .. }) | Self::Unit(Told::Failed { .. }) => return None,
        };
        Some(link / 2)
    }
}

/// Where a unit puts what it tells.
pub(crate) fn tell(heard: &Sender<Heard>) -> impl FnMut(Told) + Send + 'static {
    let heard = heard.clone();
    move |told| {
        // Nobody listens any more only while everything ends.
        let _ = heard.send(Heard::Unit(told));
    }
}

fn notes(heard: &Sender<Heard>) -> impl FnMut(Note) + Send + 'static {
    let heard = heard.clone();
    move |note| {
        let _ = heard.send(Heard::Load(note));
    }
}

/// See the module's head.
pub(crate) struct Stage<U> {
    pub unit: U,
    pub load: Load,
    shape: Shape,
    heard: Receiver<Heard>,
    heard_tx: Sender<Heard>,
    ids: PacketIds,
    /// Links that have a client.
    clients: HashSet<u32>,
    rooms: u32,
    /// Rooms that were filled; numbers are never used twice.
    opened: u32,
    expected: u64,
    pictures: u64,
}

impl<U: Unit> Stage<U> {
    /// Starts the load, on `core` if given, and the unit by `start`.
    ///
    /// # Errors
    /// What either says.
    pub fn start(
        shape: Shape,
        core: Option<usize>,
        start: impl FnOnce(&Sender<Heard>) -> Result<U, BenchError>,
    ) -> Result<Self, BenchError> {
        let (heard_tx, heard) = channel();
        let unit = start(&heard_tx)?;
        let load = Load::start(core, notes(&heard_tx))?;
        Ok(Self {
            unit,
            load,
            shape,
            heard,
            heard_tx,
            ids: PacketIds::default(),
            clients: HashSet::new(),
            rooms: 0,
            opened: 0,
            expected: 0,
            pictures: 0,
        })
    }

    /// Brings rooms in, or people out, until there are this many rooms. Returns when everybody has
    /// the picture of everybody who sends.
    ///
    /// # Errors
    /// [`BenchError::Timeout`] when pictures stop coming, or what unit and load say.
    pub fn fill(&mut self, rooms: u32, progress: Progress<'_>) -> Result<(), BenchError> {
        let total = u64::from(rooms);
        while self.rooms < rooms {
            let batch = (JOINING_AT_ONCE / self.shape.people).max(1).min(rooms - self.rooms);
            for _ in 0..batch {
                self.open_room()?;
            }
            progress(Step { what: "joining", done: self.rooms.into(), total });
            self.wait_for_pictures()?;
        }
        while self.rooms > rooms {
            self.close_room()?;
        }
        Ok(())
    }

    fn open_room(&mut self) -> Result<(), BenchError> {
        let Shape { people, senders, .. } = self.shape;
        let room = self.opened;
        self.opened += 1;
        self.rooms += 1;
        for n in 0..people {
            let person = room * people + n;
            self.unit.ask(Ask::Join { room, person, sends: n < senders })?;
            let (width_px, height_px) = self.shape.tile_px();
            let others = (0..senders).filter(|s| *s != n).map(|s| room * people + s).collect();
            self.unit.ask(Ask::Look { room, person, others, width_px, height_px })?;
        }
        self.expected += u64::from(senders) * u64::from(people - 1);
        Ok(())
    }

    /// Everybody of the oldest room goes.
    fn close_room(&mut self) -> Result<(), BenchError> {
        let people = self.shape.people;
        let room = self.opened - self.rooms;
        for person in room * people..(room + 1) * people {
            for link in [person * 2, person * 2 + 1] {
                if self.clients.remove(&link) {
                    self.load.order(Order::Remove(PersonId(link)))?;
                }
            }
            self.unit.ask(Ask::Leave { room, person })?;
        }
        self.rooms -= 1;
        Ok(())
    }

    fn wait_for_pictures(&mut self) -> Result<(), BenchError> {
        let mut last = Instant::now();
        while self.pictures < self.expected {
            let before = self.pictures;
            let left = JOIN_TIMEOUT.saturating_sub(last.elapsed());
            if left.is_zero() {
                return Err(BenchError::Timeout("somebody got no picture"));
            }
            self.step(left)?;
            if self.pictures > before {
                last = Instant::now();
            }
        }
        Ok(())
    }

    /// Lets time pass while the control part goes on.
    ///
    /// # Errors
    /// What unit and load say meanwhile.
    pub fn pass(
        &mut self,
        time: Duration,
        what: &'static str,
        progress: Progress<'_>,
    ) -> Result<(), BenchError> {
        let begin = Instant::now();
        let total = time.as_secs();
        loop {
            let passed = begin.elapsed();
            progress(Step { what, done: passed.as_secs().min(total), total });
            if passed >= time {
                return Ok(());
            }
            let wait = (time - passed).min(Duration::from_secs(1));
            self.step(wait)?;
        }
    }

    /// Waits for one thing to be heard and deals with it; what is about a guest comes back.
    ///
    /// # Errors
    /// What unit and load say.
    pub fn step(&mut self, wait: Duration) -> Result<Option<Heard>, BenchError> {
        match self.heard.recv_timeout(wait) {
            Ok(heard) if heard.person().is_some_and(|p| p >= GUESTS_FROM) => Ok(Some(heard)),
            Ok(heard) => self.on_heard(heard).map(|()| None),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(BenchError::Ended),
        }
    }

    /// A load of guests, whose notes [`Self::step`] gives back.
    ///
    /// # Errors
    /// As [`Load::start`].
    pub fn second_load(&self, core: Option<usize>) -> Result<Load, BenchError> {
        Load::start(core, notes(&self.heard_tx))
    }

    /// Measures one window.
    ///
    /// # Errors
    /// As [`Self::pass`], and when the system does not tell CPU times.
    pub fn measure(
        &mut self,
        window: Duration,
        what: &'static str,
        progress: Progress<'_>,
    ) -> Result<Measured, BenchError> {
        let begun = self.begin()?;
        self.pass(window, what, progress)?;
        self.end(&begun)
    }

    /// Starts a window.
    ///
    /// # Errors
    /// When the system does not tell CPU times.
    pub fn begin(&self) -> Result<Begun, BenchError> {
        let dropped = self.load.dropped()?;
        Ok(Begun { dropped, counted: self.load.begin()?, moment: self.now()? })
    }

    /// Ends it.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn end(&self, begun: &Begun) -> Result<Measured, BenchError> {
        let (counted_before, before) = (&begun.counted, &begun.moment);
        let after = self.now()?;
        let end = self.load.end()?;
        let dropped = self.load.dropped()?.saturating_sub(begun.dropped);
        let counted = end.counted;
        let received = counted.received.saturating_sub(counted_before.received);
        let forwarded = after.usage.forwarded.zip(before.usage.forwarded);
        Ok(Measured {
            forwarded: forwarded.map_or(received, |(after, before)| after.saturating_sub(before)),
            cpu: after.usage.cpu.saturating_sub(before.usage.cpu),
            waited: after.usage.waited.saturating_sub(before.usage.waited),
            resident_bytes: after.usage.resident_bytes,
            load_cpu: after.load_cpu.saturating_sub(before.load_cpu),
            wall: after.at - before.at,
            travel_ns: end.travel_ns,
            lag_ns: end.lag_ns,
            received,
            bytes: counted.bytes.saturating_sub(counted_before.bytes),
            repaired: counted.repaired.saturating_sub(counted_before.repaired),
            // A hole from before the window may have been filled in it.
            missing: counted.missing.saturating_sub(counted_before.missing),
            load_dropped: dropped + counted.refused.saturating_sub(counted_before.refused),
        })
    }

    /// Memory of the unit's process, bytes.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn unit_resident_bytes(&self) -> Result<u64, BenchError> {
        Ok(self.unit.usage()?.resident_bytes)
    }

    fn now(&self) -> Result<Moment, BenchError> {
        let load_cpu = thread_time(self.load.thread()).ok_or(BenchError::CpuTime)?.on_cpu;
        Ok(Moment { at: Instant::now(), usage: self.unit.usage()?, load_cpu })
    }

    fn on_heard(&mut self, heard: Heard) -> Result<(), BenchError> {
        match heard {
            Heard::Load(Note::Answer { person: PersonId(link), generation, answer }) => {
                let room = link / 2 / self.shape.people;
                self.unit.ask(Ask::Answer { room, link, generation, sdp: answer? })
            }
            Heard::Load(Note::Offer { person: PersonId(link), offer }) => {
                self.unit.ask(Ask::Offer { link, sdp: offer? })
            }
            Heard::Load(Note::Failed { error }) => Err(error.into()),
            Heard::Load(Note::Picture { .. }) => {
                self.pictures += 1;
                Ok(())
            }
            Heard::Load(Note::Connected { .. }) => Ok(()),
            Heard::Unit(Told::Offer { link, generation, sdp, tracks }) => {
                let sends = tracks.iter().any(|t| t.direction == protocol::Direction::Send);
                // Whoever left meanwhile has no client, and its number is not used again.
                if link / 2 / self.shape.people + self.rooms < self.opened {
                    return Ok(());
                }
                self.ensure_client(link, sends)?;
                let person = PersonId(link);
                self.load.order(Order::Offer { person, generation, sdp, tracks })
            }
            Heard::Unit(Told::Publish { link }) => {
                self.ensure_client(link, true)?;
                let (seat, simulcast) = (seat(link / 2), self.shape.layers > 1);
                self.load.order(Order::Publish { person: PersonId(link), seat, simulcast })
            }
            Heard::Unit(Told::Answer { link, sdp }) => {
                self.load.order(Order::Accept { person: PersonId(link), sdp })
            }
            Heard::Unit(Told::Failed { code }) => Err(BenchError::Dropped(code)),
        }
    }

    fn ensure_client(&mut self, link: u32, sends: bool) -> Result<(), BenchError> {
        if !self.clients.insert(link) {
            return Ok(());
        }
        let person = PersonId(link);
        let seed = self.shape.seed.wrapping_mul(1_000_003).wrapping_add(link.into());
        let media = sends.then(|| {
            Box::new(Trace::new(seed, self.shape.layers as usize, self.ids.clone())) as Box<_>
        });
        let options = ClientOptions { seed, packets: true, ..ClientOptions::default() };
        let client = Client::new(Instant::now(), self.load.address(person), options, media)?;
        self.load.order(Order::Add(person, Box::new(client)))
    }
}

/// The beginning of a window.
pub(crate) struct Begun {
    dropped: u64,
    counted: Counted,
    moment: Moment,
}

struct Moment {
    at: Instant,
    usage: Usage,
    load_cpu: Duration,
}
