//! Passkeys of staff: registering them, signing in with them, taking them away.
//!
//! The checks are in [`crate::webauthn`]; here is when they are asked for and what follows. Each
//! challenge is 256 random bits, kept here as a hash, good once and for five minutes. One that was
//! given to a session is answered by that session only.
//!
//! A passkey after the password proves that somebody has it. A passkey by itself stands for both
//! factors, so the authenticator must have verified its owner, by a finger, a face or a PIN.

use crate::enrol::new_recovery_codes;
use crate::factor::{FRESH, FRESH_TO_FINISH};
use crate::guard::{self, Guarded};
use crate::recovery::RecoveryCode;
use crate::secret::{Secret, SecretKind};
use crate::session::{Level, factor_shown_within};
use crate::staff::{StaffAuth, StaffSession, Step, live, signed_in};
use crate::webauthn::{self, Assertion, Known, Registration, RelyingParty};
use crate::{AuthError, Prefix, Result};
use audit::{Actor, Event, Kind};
use store::{
    PasskeyRow, PasskeySecret, Reader, SecretHash, SignInStepRow, StepPurpose, StoreError, Tx,
    UserRow, UserState,
};
use visit::{Duration, OrgId, Timestamp, UserId};

/// How long a challenge is good.
pub const CHALLENGE_LIFE: Duration = Duration::from_min(5);
/// The most passkeys of one person.
pub const MAX_PASSKEYS: u32 = 10;

/// Keeps the handles that authenticators are given apart from other tags.
const HANDLE_KIND: &str = "passkey-user";

/// What a browser needs for making a key.
pub struct PasskeyCreation {
    /// To be answered within [`CHALLENGE_LIFE`], as base64url.
    pub challenge: Secret,
    /// What an authenticator knows the person by. Random to everybody else.
    pub user_handle: [u8; 32],
    /// The person's e-mail address, shown by the authenticator.
    pub email: String,
    /// Their name, the same.
    pub name: String,
    /// Keys that they have already.
    pub exclude: Vec<Vec<u8>>,
}

/// What a browser needs for using one.
pub struct PasskeyRequest {
    /// To be answered within [`CHALLENGE_LIFE`], as base64url.
    pub challenge: Secret,
    /// The keys that may answer; any that the authenticator finds by itself when there are none.
    pub allow: Vec<Vec<u8>>,
    /// The authenticator must verify its owner.
    pub must_verify: bool,
}

/// The end of a registration.
pub struct PasskeyAdded {
    /// The session cookie to set, in place of the one before, when this finished a sign-in.
    pub session: Option<Secret>,
    /// Ten codes, shown once, when the person had none.
    pub recovery_codes: Vec<RecoveryCode>,
}

impl StaffAuth {
    /// Begins to register a passkey: on the strength of a full session, or as the first second
    /// factor right after the password.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] without a live session, [`AuthError::SecondFactorNeeded`] when
    /// there is a second factor that was not shown, [`AuthError::FactorNeeded`] when it was not shown
    /// lately, [`AuthError::AlreadyThere`] with
    /// [`MAX_PASSKEYS`] of them, or a failure of the store.
    pub async fn passkey_add_start(
        &self,
        cookie: &Secret,
        now: Timestamp,
    ) -> Result<PasskeyCreation> {
        let (mut tx, session, _, user) = self.begin_adding(cookie, FRESH, now).await?;
        has_room(&user)?;
        let purpose = StepPurpose::PasskeyAdd;
        let challenge = self.challenge(&mut tx, purpose, Some(session.id)).await?;
        let user_handle = handle(&mut tx, user.id).await?;
        let exclude = credentials(&mut tx, user.id).await?;
        tx.commit_plain("a passkey counts, and is audited, when it is registered").await?;
        let (email, name) = (user.person.email, user.person.name);
        Ok(PasskeyCreation { challenge, user_handle, email, name, exclude })
    }

    /// Registers a passkey. If it is the first second factor, the person is signed in by it.
    ///
    /// # Errors
    /// As [`Self::passkey_add_start`]; [`AuthError::BadField`] for an unusable name,
    /// [`AuthError::PasskeyRefused`] when the answer is not accepted. The challenge is then spent.
    pub async fn passkey_add_finish(
        &self,
        cookie: &Secret,
        party: &RelyingParty,
        name: &str,
        new: Registration<'_>,
        now: Timestamp,
    ) -> Result<PasskeyAdded> {
        let name = crate::account::check_name(name)?;
        let (mut tx, row, level, user) = self.begin_adding(cookie, FRESH_TO_FINISH, now).await?;
        has_room(&user)?;
        let session = row.id;
        let actor = Actor::Staff(user.id);
        let event = Event::new(Kind::PasskeyEnrolled, actor).user(user.id);
        let taken = take(&mut tx, new.client_data, |step| {
            step.purpose == StepPurpose::PasskeyAdd && step.bound == Some(session)
        })
        .await?;
        let checked = taken.and_then(|challenge| {
            webauthn::check_registration(party, &challenge, new).map_err(webauthn::Fault::code)
        });
        let made = match checked {
            Ok(made) => made,
            Err(reason) => {
                tx.commit_with(vec![event.refused(reason)]).await?;
                return Err(AuthError::PasskeyRefused);
            }
        };
        let row = PasskeyRow {
            id: format!("{:032x}", crate::entropy::random_u128(&*self.entropy)?),
            user: user.id,
            key: PasskeySecret {
                name,
                credential: made.credential,
                public_key: made.public_key,
                backup_eligible: made.backup_eligible,
            },
            sign_count: made.sign_count,
            created_at: now,
            last_used_at: None,
        };
        match tx.add_passkey(&row).await {
            // One key, one person: otherwise a sign-in would not say who it is.
            Err(StoreError::Conflict) => return Err(AuthError::AlreadyThere),
            other => other?,
        }
        let mut events = vec![event];
        let recovery_codes = if tx.recovery_codes_left(user.id).await? == 0 {
            let codes = new_recovery_codes(&mut tx, user.id, &*self.entropy).await?;
            let replaced = Event::new(Kind::RecoveryCodesReplaced, actor).user(user.id);
            events.push(replaced.count("codes", codes.len() as u64));
            codes
        } else {
            Vec::new()
        };
        let session = match level {
            Level::Full => None,
            Level::Partial => {
                tx.revoke_session(session).await?;
                events.push(signed_in(user.id, "passkey_enrolment"));
                Some(self.begin_session(&mut tx, user.id, true).await?)
            }
        };
        tx.commit_with(events).await?;
        Ok(PasskeyAdded { session, recovery_codes })
    }

    /// The own passkeys, oldest first.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn passkeys(&self, session: &StaffSession) -> Result<Vec<PasskeyRow>> {
        Ok(self.store.read(session.org).await?.passkeys(session.user).await?)
    }

    /// Takes an own passkey away, from somebody who has just shown a factor. The last second factor
    /// stays: it is replaced, never dropped.
    ///
    /// # Errors
    /// [`AuthError::FactorNeeded`], [`AuthError::NotFound`] when there is none,
    /// [`AuthError::LastFactor`], or a failure of the store.
    pub async fn passkey_remove(
        &self,
        session: &StaffSession,
        id: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.store.begin(session.org, now).await?;
        let (row, user, level) = live(&mut tx, session.id, now).await?;
        if level != Level::Full {
            return Err(AuthError::SecondFactorNeeded);
        }
        // An open browser that somebody walks up to must not lock its owner out.
        if !factor_shown_within(&row, FRESH, now) {
            return Err(AuthError::FactorNeeded);
        }
        tx.hold_user(user.id).await?;
        let event = Event::new(Kind::PasskeyRemoved, Actor::Staff(user.id)).user(user.id);
        if !tx.remove_passkey(user.id, id).await? {
            return Err(AuthError::NotFound);
        }
        // Asked after removing and held: of two that are removed at once, one sees the other gone.
        let left = tx.user(user.id).await?.is_some_and(|user| user.has_second_factor());
        if !left {
            drop(tx);
            let tx = self.store.begin(session.org, now).await?;
            tx.commit_with(vec![event.refused("last_factor")]).await?;
            return Err(AuthError::LastFactor);
        }
        Ok(tx.commit_with(vec![event]).await?)
    }

    /// Begins a passkey as the second factor of the partial session behind `cookie`.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] without a live partial session, [`AuthError::NotFound`] without a
    /// passkey, [`AuthError::LockedOut`], or a failure of the store.
    pub async fn passkey_second(
        &self,
        cookie: &Secret,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<PasskeyRequest> {
        let (mut tx, session, user) = self.begin_partial(cookie, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let allow = credentials(&mut tx, user.id).await?;
        if allow.is_empty() {
            return Err(AuthError::NotFound);
        }
        let challenge =
            self.challenge(&mut tx, StepPurpose::PasskeySecond, Some(session.id)).await?;
        tx.commit_plain("a challenge; its answer is audited").await?;
        Ok(PasskeyRequest { challenge, allow, must_verify: false })
    }

    /// Begins a sign-in by a passkey alone. Nobody is known yet.
    ///
    /// # Errors
    /// [`AuthError::LockedOut`], or a failure of the store.
    pub async fn passkey_alone(
        &self,
        org: OrgId,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<PasskeyRequest> {
        let mut tx = self.store.begin(org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let challenge = self.challenge(&mut tx, StepPurpose::PasskeyAlone, None).await?;
        tx.commit_plain("a challenge; its answer is audited").await?;
        Ok(PasskeyRequest { challenge, allow: Vec::new(), must_verify: true })
    }

    /// The answer to a challenge of [`Self::passkey_second`] or [`Self::passkey_alone`]. Whatever is
    /// wrong gives the same refusal; the log knows more.
    ///
    /// # Errors
    /// [`AuthError::PasskeyRefused`], [`AuthError::NotSignedIn`] when the partial session is over,
    /// [`AuthError::LockedOut`], or a failure of the store.
    pub async fn passkey_sign_in(
        &self,
        org: OrgId,
        cookie: Option<&Secret>,
        party: &RelyingParty,
        used: Assertion<'_>,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Step> {
        let mut tx = self.store.begin(org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let mut purpose = None;
        let taken = take(&mut tx, used.client_data, |step| {
            purpose = Some((step.purpose, step.bound));
            matches!(step.purpose, StepPurpose::PasskeySecond | StepPurpose::PasskeyAlone)
        })
        .await?;
        let key = tx.passkey(used.credential).await?;
        match (taken, purpose) {
            (Ok(challenge), Some((StepPurpose::PasskeySecond, bound))) => {
                let cookie = cookie.ok_or(AuthError::NotSignedIn)?.hash(SecretKind::Session);
                let (row, user, level) = live(&mut tx, cookie, now).await?;
                if level != Level::Partial {
                    return Err(AuthError::NotAllowed);
                }
                let counted = guard::count(&mut tx, Guarded::SecondFactor(user.id)).await?;
                let own = key.filter(|key| key.user == user.id).ok_or("unknown_key");
                let checked = match own {
                    Ok(_) if bound != Some(row.id) => Err("challenge"),
                    Ok(key) => check(&mut tx, party, &challenge, &key, used, false).await?,
                    Err(reason) => Err(reason),
                };
                if let Err(reason) = checked {
                    let lock = counted.lock_event(Some(user.id));
                    return self.refuse_passkey(tx, reason, Some(user.id), lock, prefix).await;
                }
                counted.was_right(&mut tx).await?;
                let session = self.replace_session(&mut tx, &row).await?;
                tx.commit_with(vec![passkey_used(user.id), signed_in(user.id, "passkey")]).await?;
                Ok(Step::done(session))
            }
            (Ok(challenge), Some(_)) => {
                let Some(key) = key else {
                    return self.refuse_passkey(tx, "unknown_key", None, None, prefix).await;
                };
                let user = key.user;
                let active = tx.user(user).await?.is_some_and(|row| row.state == UserState::Active);
                let own = handle(&mut tx, user).await?;
                let checked = if !active {
                    Err("disabled")
                } else if used.user_handle != Some(own.as_slice()) {
                    Err("user_handle")
                } else {
                    check(&mut tx, party, &challenge, &key, used, true).await?
                };
                if let Err(reason) = checked {
                    return self.refuse_passkey(tx, reason, Some(user), None, prefix).await;
                }
                let session = self.begin_session(&mut tx, user, true).await?;
                tx.commit_with(vec![passkey_used(user), signed_in(user, "passkey_alone")]).await?;
                Ok(Step::done(session))
            }
            (taken, _) => {
                let reason = taken.err().unwrap_or("challenge");
                self.refuse_passkey(tx, reason, None, None, prefix).await
            }
        }
    }

    async fn refuse_passkey(
        &self,
        tx: Tx,
        reason: &'static str,
        user: Option<UserId>,
        lock: Option<Event>,
        prefix: Prefix,
    ) -> Result<Step> {
        let event = Event::new(Kind::PasskeyUsed, Actor::Anonymous).refused(reason);
        let event = match user {
            Some(user) => event.user(user),
            None => event,
        };
        match self.refuse(tx, "passkey", user, [event].into_iter().chain(lock), prefix).await {
            Err(AuthError::BadCredentials) => Err(AuthError::PasskeyRefused),
            other => other,
        }
    }

    pub(crate) async fn challenge(
        &self,
        tx: &mut Tx,
        purpose: StepPurpose,
        bound: Option<SecretHash>,
    ) -> Result<Secret> {
        let challenge = Secret::generate(&*self.entropy)?;
        let expires_at = tx.now().plus(CHALLENGE_LIFE);
        let step = SignInStepRow { purpose, bound, detail: None, expires_at };
        tx.put_sign_in_step(challenge.hash(SecretKind::SignInStep), &step).await?;
        Ok(challenge)
    }
}

/// Refuses when somebody has as many passkeys as one may have.
fn has_room(user: &UserRow) -> Result<()> {
    if user.passkeys >= MAX_PASSKEYS { Err(AuthError::AlreadyThere) } else { Ok(()) }
}

/// Takes the challenge that client data claims to answer, if it is one of ours that `fits`. Spent in
/// either case. Gives its bytes, or a reason.
pub(crate) async fn take(
    tx: &mut Tx,
    client_data: &[u8],
    fits: impl FnOnce(&SignInStepRow) -> bool,
) -> Result<std::result::Result<Vec<u8>, &'static str>> {
    let bytes = match webauthn::claimed_challenge(client_data) {
        Ok(bytes) => bytes,
        Err(fault) => return Ok(Err(fault.code())),
    };
    let Some(challenge) = Secret::from_bytes(&bytes) else { return Ok(Err("challenge")) };
    let step = tx.take_sign_in_step(challenge.hash(SecretKind::SignInStep)).await?;
    Ok(if step.is_some_and(|step| fits(&step)) { Ok(bytes) } else { Err("challenge") })
}

/// Checks the use of a key and notes it. The inner error is the reason of a refusal.
pub(crate) async fn check(
    tx: &mut Tx,
    party: &RelyingParty,
    challenge: &[u8],
    key: &PasskeyRow,
    used: Assertion<'_>,
    must_verify: bool,
) -> Result<std::result::Result<(), &'static str>> {
    let known = Known {
        public_key: &key.key.public_key,
        sign_count: key.sign_count,
        backup_eligible: key.key.backup_eligible,
    };
    match webauthn::check_assertion(party, challenge, used, known, must_verify) {
        Err(fault) => Ok(Err(fault.code())),
        Ok(asserted) if tx.use_passkey(&key.id, asserted.sign_count).await? => Ok(Ok(())),
        Ok(_) => Ok(Err(webauthn::Fault::Counter.code())),
    }
}

pub(crate) async fn credentials(reader: &mut Reader, user: UserId) -> Result<Vec<Vec<u8>>> {
    Ok(reader.passkeys(user).await?.into_iter().map(|row| row.key.credential).collect())
}

/// What authenticators know a person by: the same for all keys of the person, and no id of ours.
async fn handle(reader: &mut Reader, user: UserId) -> Result<[u8; 32]> {
    Ok(reader.own_tag(HANDLE_KIND, &user.to_u128().to_be_bytes()).await?)
}

fn passkey_used(user: UserId) -> Event {
    Event::new(Kind::PasskeyUsed, Actor::Staff(user)).user(user)
}
