//! Signing in to the clinic: password, then second factor, then a session.
//!
//! Each step is one method that takes what the person sent and the time, and gives the next step.
//! What a step changes and the audit entry that tells of it are committed together. Nothing slow
//! happens inside a transaction: passwords are hashed between two.

use crate::factor::{ShownCode, check_code};
use crate::guard::{self, Guarded};
use crate::password::Passwords;
use crate::recovery::RecoveryCode;
use crate::routes::Caller;
use crate::secret::{Secret, SecretKind};
use crate::session::{self, Level};
use crate::{AuthError, Entropy, Prefix, Result};
use audit::{Actor, Event, Kind};
use std::sync::Arc;
use store::{HashKind, Reader, SecretHash, SessionRow, Store, Tx, UserRole, UserRow, UserState};
use visit::{OrgId, Timestamp, UserId};
use zeroize::Zeroizing;

/// Signs staff in and out and keeps their accounts. Cheap to clone.
#[derive(Clone)]
pub struct StaffAuth {
    pub(crate) store: Store,
    pub(crate) passwords: Passwords,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What the person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Types the code of the authenticator app, or a recovery code.
    Code,
    /// Sets up the authenticator app.
    Enrol,
    /// Chooses a password: the same link again, with it.
    Password,
    /// Nothing; signed in.
    Done,
}

/// What a person can show after the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Factors {
    /// A code of the authenticator app.
    pub app: bool,
    /// A passkey.
    pub passkey: bool,
}

/// The outcome of a step.
pub struct Step {
    /// What comes next.
    pub next: Next,
    /// With [`Next::Code`]: what can be shown. A recovery code always can.
    pub factors: Factors,
    /// The session cookie to set, in place of any before.
    pub session: Option<Secret>,
}

impl Step {
    /// Signed in.
    pub(crate) const fn done(session: Secret) -> Self {
        let factors = Factors { app: false, passkey: false };
        Self { next: Next::Done, factors, session: Some(session) }
    }

    /// The same link again, with a password.
    pub(crate) const fn password() -> Self {
        let factors = Factors { app: false, passkey: false };
        Self { next: Next::Password, factors, session: None }
    }

    /// What this person does after the first factor.
    pub(crate) const fn after_first_factor(user: &UserRow, session: Secret) -> Self {
        let factors = Factors { app: user.has_totp, passkey: user.passkeys > 0 };
        let next = if user.has_second_factor() { Next::Code } else { Next::Enrol };
        Self { next, factors, session: Some(session) }
    }
}

/// Somebody who showed a live session.
#[derive(Clone)]
pub struct StaffSession {
    /// The clinic.
    pub org: OrgId,
    /// Who.
    pub user: UserId,
    /// What the account may do.
    pub role: UserRole,
    /// Name, for pages of the clinic. Never logged.
    pub name: String,
    /// E-mail address. Never logged.
    pub email: String,
    /// What the session has proved.
    pub level: Level,
    /// A second factor is enrolled.
    pub has_second_factor: bool,
    /// It is, or is among others, an authenticator app.
    pub has_app: bool,
    /// Which session. What is bound to it ends with it.
    pub id: SecretHash,
}

impl StaffSession {
    /// Who calls, for the table of routes.
    #[must_use]
    pub const fn caller(&self) -> Caller {
        match (self.level, self.role) {
            (Level::Partial, _) => Caller::PartialStaff,
            (Level::Full, UserRole::Staff) => Caller::Staff,
            (Level::Full, UserRole::Clinician) => Caller::Clinician,
            (Level::Full, UserRole::Admin) => Caller::Admin,
            (Level::Full, UserRole::Officer) => Caller::Officer,
        }
    }

    /// Refuses a session without second factor.
    ///
    /// # Errors
    /// [`AuthError::SecondFactorNeeded`] or [`AuthError::EnrolmentNeeded`].
    pub fn full(self) -> Result<Self> {
        match self.level {
            Level::Full => Ok(self),
            Level::Partial if self.has_second_factor => Err(AuthError::SecondFactorNeeded),
            Level::Partial => Err(AuthError::EnrolmentNeeded),
        }
    }

    /// The actor of audit entries.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Staff(self.user)
    }
}

/// What a person may see about the own account.
pub struct Profile {
    /// The clinic's name.
    pub clinic: String,
    /// Unused recovery codes.
    pub recovery_codes_left: u32,
    /// Live sessions, this one included.
    pub sessions: u32,
}

impl StaffAuth {
    /// A service on a store.
    #[must_use]
    pub fn new(store: Store, passwords: Passwords, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, passwords, entropy }
    }

    /// E-mail address and password. An unknown address, an account without a password, a disabled
    /// one and a wrong password give the same answer after the same work.
    ///
    /// # Errors
    /// [`AuthError::BadCredentials`], [`AuthError::LockedOut`], [`AuthError::Busy`], or a failure
    /// of the store.
    pub async fn sign_in(
        &self,
        org: OrgId,
        email: &str,
        password: Zeroizing<String>,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Step> {
        let mut tx = self.store.begin(org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let counted = guard::count(&mut tx, Guarded::Account(email)).await?;
        let user = tx.user_by_email(email).await?;
        let asked = user.as_ref().map_or(UserId::from_u128(0), |user| user.id);
        let stored = tx.password_hash(asked).await?;
        tx.commit_plain("a try, counted before it is checked; the outcome is audited").await?;

        let checked = self.passwords.check(password.clone(), stored.clone()).await?;
        let new_hash = if checked.rehash {
            Some(self.passwords.hash(password, &*self.entropy).await?)
        } else {
            None
        };

        let mut tx = self.store.begin(org, now).await?;
        // Asked again: an administrator may have disabled the account, or changed the password,
        // while the hash was computed.
        let user = tx.user_by_email(email).await?;
        let stored_now = tx.password_hash(asked).await?;
        let refusal = match &user {
            None => Some("unknown"),
            Some(_) if !checked.right || stored_now != stored => Some("password"),
            Some(user) if user.state != UserState::Active => Some("disabled"),
            Some(_) => None,
        };
        let (Some(user), None) = (&user, refusal) else {
            let reason = refusal.unwrap_or("unknown");
            let user = user.map(|user| user.id);
            let lock = counted.lock_event(user);
            return self.refuse(tx, reason, user, lock, prefix).await;
        };
        counted.was_right(&mut tx).await?;
        if let Some(hash) = new_hash {
            tx.set_password_hash(user.id, Some(&hash)).await?;
        }
        let session = self.begin_session(&mut tx, user.id, false).await?;
        let event = Event::new(Kind::SignIn, Actor::Staff(user.id))
            .user(user.id)
            .detail("step", "password");
        tx.commit_with(vec![event]).await?;
        Ok(Step::after_first_factor(user, session))
    }

    /// The second step: a code of the authenticator app, or a recovery code. The partial session
    /// is replaced by a full one with a new secret.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] without a live partial session, [`AuthError::EnrolmentNeeded`]
    /// without a second factor, [`AuthError::BadCredentials`], [`AuthError::LockedOut`], or a
    /// failure of the store.
    pub async fn code(
        &self,
        cookie: &Secret,
        code: &str,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Step> {
        let (mut tx, row, user) = self.begin_partial(cookie, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let ShownCode { factor, mut events } = check_code(&mut tx, &user, code).await?;
        let Some(factor) = factor else {
            return self.refuse(tx, "code", Some(user.id), events, prefix).await;
        };
        let session = self.replace_session(&mut tx, &row).await?;
        events.push(signed_in(user.id, factor));
        tx.commit_with(events).await?;
        Ok(Step::done(session))
    }

    /// Who shows this cookie. Counts as use of the session.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] when the session is unknown or over, or the account is disabled.
    pub async fn authenticate(&self, cookie: &Secret, now: Timestamp) -> Result<StaffSession> {
        let id = cookie.hash(SecretKind::Session);
        let org = self.org_of_session(id).await?;
        self.session(org, id, now).await
    }

    /// Asks again about a session that was shown before, and counts as use of it: a live socket
    /// calls this, so that nobody is signed out while in a call. The absolute end still comes.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] when the session is over or the account is disabled.
    pub async fn session(
        &self,
        org: OrgId,
        id: SecretHash,
        now: Timestamp,
    ) -> Result<StaffSession> {
        let mut reader = self.store.read(org).await?;
        let (row, user, level) = live(&mut reader, id, now).await?;
        drop(reader);
        if session::wants_touch(&row, now) {
            self.touch(org, id, now).await?;
        }
        Ok(StaffSession {
            org,
            user: user.id,
            has_second_factor: user.has_second_factor(),
            has_app: user.has_totp,
            role: user.role,
            name: user.person.name,
            email: user.person.email,
            level,
            id,
        })
    }

    /// Ends the session of this cookie. Nothing happens when it is over already.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn sign_out(&self, cookie: &Secret, now: Timestamp) -> Result<()> {
        let id = cookie.hash(SecretKind::Session);
        let Some(org) = self.store.org_of(HashKind::Session, id).await? else { return Ok(()) };
        let mut tx = self.store.begin(org, now).await?;
        let Some(row) = tx.session(id).await? else { return Ok(()) };
        if tx.revoke_session(id).await? {
            let event = Event::new(Kind::SignOut, Actor::Staff(row.user)).user(row.user);
            tx.commit_with(vec![event]).await?;
        }
        Ok(())
    }

    /// Ends all sessions of the person behind this one, this one included. Gives their number.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] when this session is over, or a failure of the store.
    pub async fn sign_out_everywhere(&self, session: &StaffSession, now: Timestamp) -> Result<u64> {
        let mut tx = self.store.begin(session.org, now).await?;
        let (row, _, level) = live(&mut tx, session.id, now).await?;
        if level != Level::Full {
            return Err(AuthError::SecondFactorNeeded);
        }
        let ended = tx.revoke_sessions(row.user, None).await?;
        let event = Event::new(Kind::SignOut, Actor::Staff(row.user))
            .user(row.user)
            .detail("where", "everywhere")
            .count("sessions", ended);
        tx.commit_with(vec![event]).await?;
        Ok(ended)
    }

    /// The own account, for the page that shows it.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn profile(&self, session: &StaffSession, now: Timestamp) -> Result<Profile> {
        let mut reader = self.store.read(session.org).await?;
        let clinic = reader.org_row().await?.name;
        let recovery_codes_left = reader.recovery_codes_left(session.user).await?;
        let rows = reader.sessions_of(session.user).await?;
        let live = rows.iter().filter(|row| session::judge(row, now) == Ok(Level::Full)).count();
        Ok(Profile {
            clinic,
            recovery_codes_left,
            sessions: u32::try_from(live).unwrap_or(u32::MAX),
        })
    }

    /// Notes the use of a session. A database that is busy or full does not stop its owner: the
    /// session just ends sooner, as if it had not been used.
    async fn touch(&self, org: OrgId, id: SecretHash, now: Timestamp) -> Result<()> {
        let touched = async {
            let mut tx = self.store.begin(org, now).await?;
            tx.touch_session(id).await?;
            tx.commit_plain("the use of a session is not a step of its own").await
        };
        match touched.await {
            Err(error) if error.is_passing() || error.code() == "store_full" => {
                tracing::warn!(code = error.code(), "the use of a session was not noted");
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Writes down a refused try with everything that belongs to it.
    pub(crate) async fn refuse(
        &self,
        mut tx: Tx,
        reason: &'static str,
        user: Option<UserId>,
        more: impl IntoIterator<Item = Event>,
        prefix: Prefix,
    ) -> Result<Step> {
        let event = Event::new(Kind::SignIn, Actor::Anonymous).refused(reason);
        let event = match user {
            Some(user) => event.user(user),
            None => event,
        };
        let mut events = vec![event];
        events.extend(more);
        events.extend(guard::network_failed(&mut tx, prefix).await?);
        tx.commit_with(events).await?;
        Err(AuthError::BadCredentials)
    }

    pub(crate) async fn org_of_session(&self, id: SecretHash) -> Result<OrgId> {
        self.store.org_of(HashKind::Session, id).await?.ok_or(AuthError::NotSignedIn)
    }

    /// A transaction for a step that a partial session takes.
    pub(crate) async fn begin_partial(
        &self,
        cookie: &Secret,
        now: Timestamp,
    ) -> Result<(Tx, SessionRow, UserRow)> {
        let id = cookie.hash(SecretKind::Session);
        let org = self.org_of_session(id).await?;
        let mut tx = self.store.begin(org, now).await?;
        let (row, user, level) = live(&mut tx, id, now).await?;
        match level {
            Level::Partial => Ok((tx, row, user)),
            Level::Full => Err(AuthError::NotAllowed),
        }
    }

    pub(crate) async fn begin_session(
        &self,
        tx: &mut Tx,
        user: UserId,
        second_factor: bool,
    ) -> Result<Secret> {
        let secret = Secret::generate(&*self.entropy)?;
        tx.create_session(secret.hash(SecretKind::Session), user, second_factor).await?;
        Ok(secret)
    }

    /// A full session in place of a partial one. Its secret is new, so a cookie that somebody
    /// planted before the sign-in is worth nothing after it.
    pub(crate) async fn replace_session(
        &self,
        tx: &mut Tx,
        partial: &SessionRow,
    ) -> Result<Secret> {
        tx.revoke_session(partial.id).await?;
        self.begin_session(tx, partial.user, true).await
    }
}

/// A session that lives, its person, and what it has proved.
pub(crate) async fn live(
    reader: &mut Reader,
    id: SecretHash,
    now: Timestamp,
) -> Result<(SessionRow, UserRow, Level)> {
    let row = reader.session(id).await?.ok_or(AuthError::NotSignedIn)?;
    let level = session::judge(&row, now).map_err(|_| AuthError::NotSignedIn)?;
    let user = reader.user(row.user).await?.ok_or(AuthError::NotSignedIn)?;
    if user.state != UserState::Active {
        return Err(AuthError::NotSignedIn);
    }
    Ok((row, user, level))
}

/// The keyed hash of a recovery code.
pub(crate) async fn recovery_hash(
    tx: &mut Tx,
    user: UserId,
    code: &RecoveryCode,
) -> Result<SecretHash> {
    Ok(tx.attempt_key("recovery-code", &code.hash_input(user)).await?)
}

/// The entry of a finished sign-in.
pub(crate) fn signed_in(user: UserId, factor: &'static str) -> Event {
    Event::new(Kind::SignIn, Actor::Staff(user))
        .user(user)
        .detail("step", "done")
        .detail("factor", factor)
}
