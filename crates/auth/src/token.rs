//! Join tokens: the single-use key, good for 60 seconds, with which a page opens its socket.
//!
//! A token is bound to the cookie of the browser that fetched it: the device cookie of a guest, the
//! session cookie of staff. Copied out of that browser it is worthless. It says which seat or board
//! it is for and nothing about what its holder may do there: that is server state.

use crate::link::HeldSeat;
use crate::secret::{Secret, SecretKind};
use crate::staff::StaffSession;
use crate::{AuthError, Entropy, Result};
use std::sync::Arc;
use store::{HashKind, JoinSubject, JoinToken, SecretHash, Store};
use visit::{Duration, OrgId, SeatId, Timestamp, VisitId};

/// How long a join token is good.
pub const JOIN_TOKEN_LIFE: Duration = Duration::from_s(60);

/// Issues and takes join tokens. Cheap to clone.
#[derive(Clone)]
pub struct JoinTokens {
    store: Store,
    entropy: Arc<dyn Entropy>,
}

/// The cookies that came with a socket.
#[derive(Clone, Copy, Default)]
pub struct Cookies<'a> {
    /// The session cookie.
    pub session: Option<&'a Secret>,
    /// The device cookie.
    pub device: Option<&'a Secret>,
}

/// What a token let in to.
pub struct Joined {
    /// The clinic.
    pub org: OrgId,
    /// The seat or the board.
    pub subject: JoinSubject,
    /// By which cookie.
    pub by: JoinedBy,
}

/// The cookie that a token was bound to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JoinedBy {
    /// A staff session. When it ends, the socket must.
    Session(SecretHash),
    /// A guest's browser. When it is unbound from the seat, the socket must end.
    Device(SecretHash),
}

impl JoinTokens {
    /// A service on a store.
    #[must_use]
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy }
    }

    /// A token for the seat of a guest, as [`crate::GuestAuth::holds`] found it.
    ///
    /// # Errors
    /// A failure of the store or of the random number generator.
    pub async fn for_guest(
        &self,
        held: HeldSeat,
        device: &Secret,
        now: Timestamp,
    ) -> Result<Secret> {
        let subject = JoinSubject::Seat { visit: held.visit, seat: held.seat };
        self.issue(held.org, subject, device.hash(SecretKind::Device), now).await
    }

    /// A token for the seat of a member of staff. That the seat is theirs is for the caller to
    /// know.
    ///
    /// # Errors
    /// [`AuthError::SecondFactorNeeded`] or [`AuthError::EnrolmentNeeded`] for a partial session,
    /// or a failure of the store.
    pub async fn for_staff_seat(
        &self,
        session: &StaffSession,
        visit: VisitId,
        seat: SeatId,
        now: Timestamp,
    ) -> Result<Secret> {
        let session = session.clone().full()?;
        self.issue(session.org, JoinSubject::Seat { visit, seat }, session.id, now).await
    }

    /// A token for the board of a member of staff.
    ///
    /// # Errors
    /// As [`Self::for_staff_seat`].
    pub async fn for_board(&self, session: &StaffSession, now: Timestamp) -> Result<Secret> {
        let session = session.clone().full()?;
        self.issue(session.org, JoinSubject::Board { user: session.user }, session.id, now).await
    }

    /// Takes a token: exactly one of many at once gets in. A token shown with the wrong cookie is
    /// spent as well. Whether a session still lives, and a device still holds its seat, is asked
    /// next, and again while the socket is open.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`] when it is unknown, used, expired or bound to another cookie, or
    /// a failure of the store.
    pub async fn take(&self, token: &str, cookies: Cookies<'_>, now: Timestamp) -> Result<Joined> {
        let hash = Secret::parse(token).ok_or(AuthError::TokenExpired)?.hash(SecretKind::JoinToken);
        let org = self.store.org_of(HashKind::JoinToken, hash).await?;
        let org = org.ok_or(AuthError::TokenExpired)?;
        let mut tx = self.store.begin(org, now).await?;
        let taken = tx.take_join_token(hash).await?;
        tx.commit_plain("what the socket then does is audited").await?;
        let token = taken.ok_or(AuthError::TokenExpired)?;
        let bound_to = token.device.ok_or(AuthError::TokenExpired)?;

        let session = cookies.session.map(|secret| secret.hash(SecretKind::Session));
        let device = cookies.device.map(|secret| secret.hash(SecretKind::Device));
        let by = if session == Some(bound_to) {
            JoinedBy::Session(bound_to)
        } else if device == Some(bound_to) {
            JoinedBy::Device(bound_to)
        } else {
            return Err(AuthError::TokenExpired);
        };
        Ok(Joined { org, subject: token.subject, by })
    }

    async fn issue(
        &self,
        org: OrgId,
        subject: JoinSubject,
        bound_to: SecretHash,
        now: Timestamp,
    ) -> Result<Secret> {
        let secret = Secret::generate(&*self.entropy)?;
        let expires_at = now.plus(JOIN_TOKEN_LIFE);
        let token = JoinToken { subject, device: Some(bound_to), expires_at };
        let mut tx = self.store.begin(org, now).await?;
        tx.put_join_token(secret.hash(SecretKind::JoinToken), &token).await?;
        tx.commit_plain("a token alone does nothing; what the socket then does is audited").await?;
        Ok(secret)
    }
}
