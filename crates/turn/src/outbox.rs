//! What a relay wants to send: one run of bytes and a list of where each part goes.
//!
//! The caller empties it after each batch of input. Its memory is used again, so relaying a datagram
//! allocates nothing.

use std::net::SocketAddr;
use std::ops::Range;

use crate::client::Client;
use crate::frame::{CHANNEL_HEADER_BYTES, padded};

/// Most bytes that wait. A caller that takes what waits after each batch never gets near.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Outputs of a [`crate::Relay`], in the order in which they arose.
#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// Where a part goes.
#[derive(Clone, Copy)]
pub enum To {
    /// To a client: as a datagram, or into its stream as it is (padding is already there).
    Client {
        /// Which.
        client: Client,
        /// Equal for all that goes to one allocation and [`u32::MAX`] for answers to requests: a
        /// cheap key to bring together what can leave in one call.
        group: u32,
    },
    /// To our forwarding unit, in memory.
    Unit {
        /// The relayed address that it comes from.
        from: SocketAddr,
        /// The address of the unit.
        to: SocketAddr,
    },
    /// To another machine, from the socket of that relayed address. Only in open mode.
    Peer {
        /// The relayed address that it comes from.
        from: SocketAddr,
        /// The peer.
        to: SocketAddr,
    },
}

/// One part.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    /// Where it goes.
    pub to: To,
    /// What.
    pub bytes: &'a [u8],
}

struct Item {
    to: To,
    range: Range<usize>,
}

impl Outbox {
    /// Number of parts that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The part at `index`, 0 to [`Self::len`].
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Output<'_>> {
        let item = self.items.get(index)?;
        Some(Output { to: item.to, bytes: self.bytes.get(item.range.clone())? })
    }

    /// All parts in order.
    pub fn iter(&self) -> impl Iterator<Item = Output<'_>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// The parts at these indexes as one run of bytes, if they lie next to each other in that order.
    #[must_use]
    pub fn run(&self, indexes: impl IntoIterator<Item = usize>) -> Option<&[u8]> {
        let mut run: Option<Range<usize>> = None;
        for index in indexes {
            let range = &self.items.get(index)?.range;
            run = match run {
                None => Some(range.clone()),
                Some(run) if run.end == range.start => Some(run.start..range.end),
                Some(_) => return None,
            };
        }
        self.bytes.get(run?)
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
    }

    /// Adds bytes as they are. `false`: there is no room, nothing was added.
    pub(crate) fn push(&mut self, to: To, bytes: &[u8]) -> bool {
        self.part(to, bytes.len(), |room| room.extend_from_slice(bytes))
    }

    /// Adds a channel message, padded where it goes into a stream (RFC 8656 §12.5).
    pub(crate) fn push_channel(
        &mut self,
        client: Client,
        group: u32,
        number: u16,
        data: &[u8],
    ) -> bool {
        let Ok(length) = u16::try_from(data.len()) else { return false };
        let whole = CHANNEL_HEADER_BYTES + data.len();
        let whole = if client.transport.is_stream() { padded(whole) } else { whole };
        self.part(To::Client { client, group }, whole, |room| {
            let end = room.len() + whole;
            room.extend_from_slice(&number.to_be_bytes());
            room.extend_from_slice(&length.to_be_bytes());
            room.extend_from_slice(data);
            room.resize(end, 0);
        })
    }

    fn part(&mut self, to: To, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.bytes.len() + length > MAX_BYTES {
            return false;
        }
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.items.push(Item { to, range: start..self.bytes.len() });
        true
    }
}
