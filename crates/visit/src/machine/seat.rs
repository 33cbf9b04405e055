//! One person's place in a visit, as data. Nothing here changes it: that is the machine's.

use crate::{ConsentRecord, Pictures, Role, SeatId, SeatState, Source, Timestamp, UserId};

/// What a person sends right now. Nothing until the person's page says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Microphone.
    pub mic: bool,
    /// Camera.
    pub camera: bool,
    /// Shared screen.
    pub screen: bool,
}

/// One person's place.
#[derive(Clone, PartialEq, Eq)]
pub struct Seat {
    /// The seat.
    pub id: SeatId,
    /// What the person is here.
    pub role: Role,
    /// Which member of staff, for clinic people.
    pub user: Option<UserId>,
    /// Where the person stands.
    pub state: SeatState,
    /// First time the person opened the visit.
    pub came_at: Option<Timestamp>,
    /// In the waiting room since. Kept over reloads and lost connections.
    pub waiting_since: Option<Timestamp>,
    /// Let in at: the chat is visible from then on. Kept over lost connections.
    pub admitted_at: Option<Timestamp>,
    /// Connection lost since.
    pub away_since: Option<Timestamp>,
    /// Gone since.
    pub left_at: Option<Timestamp>,
    /// Gone because the hold ran out, and not yet past the device check again. The person has not
    /// heard of it: nobody was there to be told.
    pub hold_expired: bool,
    /// Every consent answer, oldest first.
    pub consents: Vec<ConsentRecord>,
    /// What the person sends, as far as [`Self::pictures`] lets it out: see [`Self::lets_out`].
    pub sending: Sending,
    /// Which pictures the person takes part with. Kept over lost connections; not stored.
    pub pictures: Pictures,
    /// The one live device, if any. Not stored: a restarted server has no connections.
    pub connection: Option<u64>,
}

/// A new seat.
pub struct SeatInit {
    /// Its id.
    pub id: SeatId,
    /// What the person is.
    pub role: Role,
    /// Which member of staff, for clinic people.
    pub user: Option<UserId>,
}

impl From<SeatInit> for Seat {
    fn from(init: SeatInit) -> Self {
        Self {
            id: init.id,
            role: init.role,
            user: init.user,
            state: SeatState::Invited,
            came_at: None,
            waiting_since: None,
            admitted_at: None,
            away_since: None,
            left_at: None,
            hold_expired: false,
            consents: Vec::new(),
            sending: Sending::default(),
            pictures: Pictures::default(),
            connection: None,
        }
    }
}

impl Seat {
    /// What others get of this person: with sound only the camera stays in, whatever the page sends.
    #[must_use]
    pub fn lets_out(&self) -> Sending {
        let camera = self.sending.camera && self.pictures != Pictures::None;
        Sending { camera, ..self.sending }
    }
}

impl Sending {
    /// Whether this source is on.
    #[must_use]
    pub const fn has(self, source: Source) -> bool {
        match source {
            Source::Mic => self.mic,
            Source::Camera => self.camera,
            Source::Screen => self.screen,
        }
    }
}
