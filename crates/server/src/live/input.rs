//! What a visit's task takes, and what comes back to a socket.

use super::board::BoardEntry;
use audit::Words;
use protocol::client::EndAs;
use protocol::http::QualityPerson;
use protocol::{ClientMessage, ErrorCode, ServerMessage};
use sfu::SfuEvent;
use std::sync::Arc;
use store::{SeatRow, SecretHash, UserRole};
use tokio::sync::{mpsc, oneshot};
use visit::{SeatId, Timestamp, UserId};

/// What goes to a socket's writer.
pub enum Outgoing {
    /// A message.
    Message(Box<ServerMessage>),
    /// Close the socket after what was sent.
    Close,
}

/// The way to a socket's writer. Bounded: a page that does not read is cut off, not waited for.
pub type SocketSender = mpsc::Sender<Outgoing>;

/// A socket that proved its token.
pub struct ConnOpen {
    /// Whose.
    pub seat: SeatId,
    /// Unique number of the socket.
    pub connection: u64,
    /// The way back.
    pub sender: SocketSender,
    /// A guest's browser; it has to hold the seat still.
    pub device: Option<SecretHash>,
    /// The transport that the page still has.
    pub transport: Option<u64>,
    /// Last chat line that the page has.
    pub chat_after: u64,
    /// From where and with what, for the audit log.
    pub words: Words,
}

/// Who of the clinic asks by HTTP or a board, and what the audit log says of it in plain words.
pub type Said = (UserId, Arc<Words>);

/// What a visit's task takes.
pub enum Input {
    /// A socket opened.
    Open(ConnOpen),
    /// A socket said something.
    Message {
        /// Whose socket.
        seat: SeatId,
        /// Which.
        connection: u64,
        /// What.
        message: Box<ClientMessage>,
    },
    /// A socket closed.
    Closed {
        /// Whose socket.
        seat: SeatId,
        /// Which.
        connection: u64,
    },
    /// The session of somebody of the clinic has ended, and with it their part.
    SessionEnded {
        /// Whose socket.
        seat: SeatId,
        /// Which.
        connection: u64,
    },
    /// Something from HTTP or a board, and who asks, if it is somebody of the clinic.
    Call(Call, Option<Said>),
    /// The forwarding unit reports.
    Media(Box<SfuEvent>),
    /// The clinician's line changed.
    LineChanged,
    /// The server goes down in order.
    ServerCloses,
    /// What is stored of the visit was deleted: nothing that is in memory may go on being shown.
    Forget,
    /// Nothing; shows whether the task lives.
    Wake,
}

type Reply<T> = oneshot::Sender<Result<T, ErrorCode>>;

/// What HTTP and boards may ask.
pub enum Call {
    /// The visit as the board shows it.
    BoardEntry(Reply<BoardEntry>),
    /// The seat of a member of staff, made if there is none.
    ClinicSeat {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Their name.
        name: String,
        /// The seat.
        reply: Reply<SeatId>,
    },
    /// A new guest's seat.
    AddGuest {
        /// Who invites.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// The seat as it will be stored.
        seat: Box<SeatRow>,
        /// Done.
        reply: Reply<()>,
    },
    /// A clinician of the same clinic is invited.
    InviteColleague {
        /// Who invites.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Who is invited.
        colleague: UserId,
        /// The name of who is invited.
        name: String,
        /// Done.
        reply: Reply<()>,
    },
    /// A guest's seat has got a fresh link: whoever came by an older one is out.
    LinkReplaced {
        /// Who made the fresh link.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Whose seat.
        seat: SeatId,
        /// The visit knows; it does it now, or as soon as it can be stored.
        reply: Reply<()>,
    },
    /// Whether a member of staff may invite into this visit, and the row of a seat in it.
    SeatRow {
        /// Who asks.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Which seat.
        seat: SeatId,
        /// The row.
        reply: Reply<Box<SeatRow>>,
    },
    /// Lets somebody in, from the board.
    Admit {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Whom.
        seat: SeatId,
        /// Done.
        reply: Reply<()>,
    },
    /// Writes to somebody who waits, from the board.
    Note {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Their name.
        name: String,
        /// To whom.
        seat: SeatId,
        /// The page's id of the message.
        id: String,
        /// The text.
        text: String,
        /// Done.
        reply: Reply<()>,
    },
    /// Closes the visit, from the board.
    End {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// How.
        outcome: EndAs,
        /// Done.
        reply: Reply<()>,
    },
    /// Writes down what was measured up to now, for whoever wants to read it.
    KeepQuality {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Who is in the visit.
        reply: Reply<Vec<QualityPerson>>,
    },
    /// Opens a restricted visit in an emergency.
    Emergency {
        /// Who.
        user: UserId,
        /// Their role at the clinic.
        role: UserRole,
        /// Why.
        reason: String,
        /// Until when.
        reply: Reply<Timestamp>,
    },
    /// The rating on the goodbye page.
    Rate {
        /// Whose.
        seat: SeatId,
        /// 1–5.
        stars: u8,
        /// Done.
        reply: Reply<()>,
    },
    /// A guest's link was opened on a second device.
    SecondDevice(SeatId),
}
