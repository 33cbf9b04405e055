//! The load of a measurement: synthetic people, all of them on one thread with one socket.
//!
//! Owns that thread, its socket and its clock, and counts what the people receive. Each person is a
//! whole WebRTC client ([`crate::client`]) with an address of its own. It knows nothing of rooms and
//! speaks to no server but in datagrams: whoever started it carries offers and answers.
//!
//! The load must never be what is measured. So it is cheap (one socket, batches in both directions,
//! no lock and no task per person), can be kept on a core of its own, and measures itself: how late
//! it sends, and what its socket had no room for.

mod crowd;
mod meter;
mod socket;
mod trace;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::TrackLine;
use visit::SeatId;

pub(crate) use meter::{Counted, Times, Window};
pub(crate) use trace::{PacketIds, Trace};

use crate::BenchError;
use crate::client::{Client, ClientError};
use crate::cpu::{ThreadId, current_thread, pin};
use crowd::Crowd;
pub(crate) use socket::Range;
use socket::{CrowdSocket, Waker};

/// Longest wait for an answer of the load's thread.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Somebody of the load, by number. The number makes the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PersonId(pub u32);

/// What the load is told.
pub(crate) enum Order {
    /// A person comes. Its client was made for [`Load::address`].
    Add(PersonId, Box<Client>),
    /// A person gets an offer; [`Note::Answer`] follows.
    Offer { person: PersonId, generation: u32, sdp: String, tracks: Vec<TrackLine> },
    /// A person makes an offer to send; [`Note::Offer`] follows.
    Publish { person: PersonId, seat: SeatId, simulcast: bool },
    /// The answer to it.
    Accept { person: PersonId, sdp: String },
    /// A person says goodbye and goes.
    Remove(PersonId),
    /// Counts from now on.
    Begin(Sender<Counted>),
    /// Ends what [`Order::Begin`] began.
    End(Sender<Window>),
}

/// What the load tells.
pub(crate) enum Note {
    /// The answer to [`Order::Offer`].
    Answer { person: PersonId, generation: u32, answer: Result<String, ClientError> },
    /// The offer of [`Order::Publish`].
    Offer { person: PersonId, offer: Result<String, ClientError> },
    /// An answer could not be used.
    Failed { error: ClientError },
    /// ICE and DTLS of a person are up.
    Connected { person: PersonId },
    /// The first whole picture of another camera.
    Picture { person: PersonId },
}

/// A running load. Dropping it ends the thread.
pub(crate) struct Load {
    orders: Option<Sender<Order>>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
    id: ThreadId,
    range: Range,
    port: u16,
}

impl Load {
    /// Starts the thread, on `core` if given. Notes come through `notes`, on that thread.
    ///
    /// # Errors
    /// [`BenchError::Io`] when there is no socket or thread.
    pub fn start(
        core: Option<usize>,
        notes: impl FnMut(Note) + Send + 'static,
    ) -> Result<Self, BenchError> {
        let socket = CrowdSocket::bind()?;
        let (waker, range, port) = (socket.waker()?, socket.range(), socket.port());
        let (orders, queue) = channel();
        let (started_tx, started) = channel();
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn(move || {
            let id = current_thread();
            if let (Some(id), Some(core)) = (id, core) {
                pin(id, core);
            }
            // The starter waits for it.
            let _ = started_tx.send(id);
            Crowd::new(socket, Box::new(notes)).run(&queue);
        })?;
        let id = started.recv_timeout(ANSWER_TIMEOUT).ok().flatten().ok_or(BenchError::CpuTime)?;
        Ok(Self { orders: Some(orders), waker, thread: Some(thread), id, range, port })
    }

    /// The address of a person: one of this machine for each, the port of all.
    pub fn address(&self, person: PersonId) -> SocketAddr {
        self.range.address(person, self.port)
    }

    /// Gives an order.
    ///
    /// # Errors
    /// [`BenchError::Ended`] when the thread is gone.
    pub fn order(&self, order: Order) -> Result<(), BenchError> {
        let orders = self.orders.as_ref().ok_or(BenchError::Ended)?;
        orders.send(order).map_err(|_| BenchError::Ended)?;
        self.waker.wake();
        Ok(())
    }

    /// Starts a window.
    ///
    /// # Errors
    /// [`BenchError::Ended`] when the thread is gone.
    pub fn begin(&self) -> Result<Counted, BenchError> {
        self.ask(Order::Begin)
    }

    /// Ends the window.
    ///
    /// # Errors
    /// [`BenchError::Ended`] when the thread is gone.
    pub fn end(&self) -> Result<Window, BenchError> {
        self.ask(Order::End)
    }

    /// Lets other threads go first where they want the same core.
    pub fn step_back(&self) {
        crate::cpu::step_back(self.id);
    }

    /// The thread, for its CPU time.
    pub const fn thread(&self) -> ThreadId {
        self.id
    }

    /// Datagrams that the socket had no room for since it was made, as the kernel counts them.
    ///
    /// # Errors
    /// [`BenchError::Io`] when the system does not tell.
    pub fn dropped(&self) -> Result<u64, BenchError> {
        socket::drops(&HashSet::from([self.port]))
    }

    fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order) -> Result<T, BenchError> {
        let (reply, answer): (_, Receiver<T>) = channel();
        self.order(order(reply))?;
        answer.recv_timeout(ANSWER_TIMEOUT).map_err(|_| BenchError::Ended)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.orders = None;
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // A panic there was said on its way up; nothing is left to end.
            let _ = thread.join();
        }
    }
}
