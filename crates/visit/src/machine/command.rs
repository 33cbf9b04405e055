//! What can be asked of a visit, by whom, what follows from it, and why it may be refused.

use super::{DirectPair, Sending};
use crate::{ConsentRecord, Pictures, Role, SeatId, SeatState, SeatTrigger, UserId, VisitState};

/// Who asks. The server derives it from the socket or session, never from the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person on a seat.
    Seat(SeatId),
    /// A member of staff from the board, with their role towards this visit.
    Clinic(UserId, Role),
    /// The media plane reports.
    Media,
    /// Time passes, sockets open and close.
    System,
}

/// How a visit is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitOutcome {
    /// It took place.
    Done,
    /// The patient never came.
    NoShow,
    /// Technology failed.
    Failed,
}

/// What is asked for.
#[derive(Clone)]
pub enum Command {
    /// A device opened the seat's socket. The newer device always wins.
    Connect {
        /// Which seat.
        seat: SeatId,
        /// Unique number of the socket.
        connection: u64,
    },
    /// A socket closed.
    Disconnect {
        /// Which seat.
        seat: SeatId,
        /// Unique number of the socket.
        connection: u64,
    },
    /// Own device check is done.
    CheckDone,
    /// Back to the device check.
    Recheck,
    /// Own consent answer.
    Consent(ConsentRecord),
    /// Into the waiting room.
    Wait,
    /// Clinic people enter the call.
    Enter,
    /// Let in.
    Admit(SeatId),
    /// Back to the waiting room.
    PutBack(SeatId),
    /// Out for good.
    Remove(SeatId),
    /// A guest's seat got a fresh link: whoever came by an older one is out, at once. Whoever comes
    /// by the fresh one keeps the place in the queue, and has to be let in again.
    ReplaceLink(SeatId),
    /// Silence a microphone.
    MuteOther(SeatId),
    /// Own microphone and camera.
    Send {
        /// Microphone on.
        mic: bool,
        /// Camera on.
        camera: bool,
    },
    /// Own shared screen.
    Share(bool),
    /// With which pictures one takes part.
    Pictures(Pictures),
    /// Media of this seat flows.
    MediaUp(SeatId),
    /// Media of this seat is dead and its transport gone.
    MediaLost(SeatId),
    /// The two inside may make a way of their own.
    OpenDirect,
    /// Their own way did not come about, or broke.
    CloseDirect,
    /// Leave.
    Leave,
    /// End for all.
    End(VisitOutcome),
    /// Time passes. Call at least every few seconds.
    Tick,
}

/// Why a connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// A newer device took the seat.
    TakenOver,
    /// The clinic put the person out.
    Removed,
    /// The visit is over.
    Ended,
    /// The person left.
    Left,
    /// The seat got a fresh link, and this one came by an older one.
    LinkReplaced,
}

/// What has to happen outside, in order.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// A seat moved.
    SeatMoved {
        /// Which.
        seat: SeatId,
        /// From.
        from: SeatState,
        /// To.
        to: SeatState,
        /// By.
        trigger: SeatTrigger,
    },
    /// The visit moved.
    VisitMoved {
        /// From.
        from: VisitState,
        /// To.
        to: VisitState,
    },
    /// A consent answer is on record.
    Consent {
        /// Whose.
        seat: SeatId,
        /// The answer.
        record: ConsentRecord,
    },
    /// Tell this socket why, and close it.
    DropConnection {
        /// Whose.
        seat: SeatId,
        /// Which socket.
        connection: u64,
        /// Why.
        reason: DropReason,
    },
    /// Give the seat a media transport.
    OpenMedia(SeatId),
    /// Take the seat's media transport away, at once.
    CloseMedia(SeatId),
    /// What the seat may send changed.
    Sending(SeatId, Sending),
    /// Which pictures the seat is sent changed.
    Pictures(SeatId, Pictures),
    /// The clinic silenced this microphone.
    Muted(SeatId),
    /// These two may make a way of their own. From here on each may see the other's address.
    DirectOpened(DirectPair),
    /// Their own way ends.
    DirectClosed {
        /// Whose.
        pair: DirectPair,
        /// One of them is not inside any more: nothing may flow from now on. Otherwise it goes on until
        /// the forwarding unit has taken over.
        at_once: bool,
    },
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalCode {
    /// Role or place does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// Not possible from the present state.
    #[error("not possible in this state")]
    WrongState,
    /// Consent to the visit is missing.
    #[error("consent to the visit is missing")]
    ConsentMissing,
    /// The patient came, so it is no no-show.
    #[error("the patient came")]
    NotANoShow,
    /// The visit is over.
    #[error("the visit is over")]
    VisitOver,
    /// Nobody else fits in.
    #[error("the visit is full")]
    VisitFull,
    /// No such seat in this visit.
    #[error("no such seat")]
    NoSuchSeat,
}

/// A refusal: nothing has changed.
pub type Refusal = RefusalCode;
