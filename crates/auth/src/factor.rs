//! Showing a second factor: after the password, and again before the own factors are added to.
//!
//! Whoever finds an open browser has a full session and nothing else. So a passkey or an app is added
//! only by somebody who has shown a code, a passkey or a recovery code within [`FRESH`], in this very
//! session. What began the session counts.

use crate::guard::{self, Guarded};
use crate::passkey::{self, PasskeyRequest};
use crate::recovery::RecoveryCode;
use crate::secret::{Secret, SecretKind};
use crate::session::{Level, factor_shown_within};
use crate::staff::{StaffAuth, StaffSession, live, recovery_hash};
use crate::totp::TotpSecret;
use crate::webauthn::{Assertion, RelyingParty};
use crate::{AuthError, Prefix, Result};
use audit::{Actor, Event, Kind};
use store::{SessionRow, StepPurpose, Tx, UserRow};
use visit::{Duration, Timestamp};

/// How long a second factor counts as just shown.
pub const FRESH: Duration = Duration::from_min(5);
/// What was begun while it was fresh may be finished until then: as long as a challenge is good.
pub(crate) const FRESH_TO_FINISH: Duration = Duration(FRESH.0 + passkey::CHALLENGE_LIFE.0);

/// What became of a code.
pub(crate) struct ShownCode {
    /// Which factor it was; `None` for a wrong one.
    pub factor: Option<&'static str>,
    /// What to write down besides.
    pub events: Vec<Event>,
}

impl StaffAuth {
    /// Shows a code of the authenticator app, or a recovery code, in a full session.
    ///
    /// # Errors
    /// [`AuthError::BadCredentials`], [`AuthError::LockedOut`], [`AuthError::EnrolmentNeeded`] without a
    /// second factor, [`AuthError::NotSignedIn`] when the session is over, or a failure of the store.
    pub async fn confirm_code(
        &self,
        session: &StaffSession,
        code: &str,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<()> {
        let (mut tx, user) = self.begin_confirming(session, prefix, now).await?;
        let ShownCode { factor, events } = check_code(&mut tx, &user, code).await?;
        let shown = factor.ok_or("code");
        match self.confirmed(tx, session, shown, events, prefix).await? {
            true => Ok(()),
            false => Err(AuthError::BadCredentials),
        }
    }

    /// Begins to show a passkey in a full session.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without a passkey, [`AuthError::LockedOut`], [`AuthError::NotSignedIn`] when
    /// the session is over, or a failure of the store.
    pub async fn confirm_passkey_start(
        &self,
        session: &StaffSession,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<PasskeyRequest> {
        let (mut tx, user) = self.begin_confirming(session, prefix, now).await?;
        let allow = passkey::credentials(&mut tx, user.id).await?;
        if allow.is_empty() {
            return Err(AuthError::NotFound);
        }
        let purpose = StepPurpose::PasskeyConfirm;
        let challenge = self.challenge(&mut tx, purpose, Some(session.id)).await?;
        tx.commit_plain("a challenge; its answer is audited").await?;
        Ok(PasskeyRequest { challenge, allow, must_verify: false })
    }

    /// Shows a passkey in a full session.
    ///
    /// # Errors
    /// [`AuthError::PasskeyRefused`], [`AuthError::LockedOut`], [`AuthError::NotSignedIn`] when the session
    /// is over, or a failure of the store.
    pub async fn confirm_passkey(
        &self,
        session: &StaffSession,
        party: &RelyingParty,
        used: Assertion<'_>,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<()> {
        let (mut tx, user) = self.begin_confirming(session, prefix, now).await?;
        let counted = guard::count(&mut tx, Guarded::SecondFactor(user.id)).await?;
        let taken = passkey::take(&mut tx, used.client_data, |step| {
            step.purpose == StepPurpose::PasskeyConfirm && step.bound == Some(session.id)
        })
        .await?;
        let key = tx.passkey(used.credential).await?.filter(|key| key.user == user.id);
        let shown = match (taken, key) {
            (Ok(challenge), Some(key)) => {
                passkey::check(&mut tx, party, &challenge, &key, used, false).await?
            }
            (Err(reason), _) => Err(reason),
            (Ok(_), None) => Err("unknown_key"),
        };
        let lock = match shown {
            Ok(()) => {
                counted.was_right(&mut tx).await?;
                None
            }
            Err(_) => counted.lock_event(Some(user.id)),
        };
        let events = lock.into_iter().collect();
        match self.confirmed(tx, session, shown.map(|()| "passkey"), events, prefix).await? {
            true => Ok(()),
            false => Err(AuthError::PasskeyRefused),
        }
    }

    /// A transaction for somebody who may add a second factor: with a full session and a factor shown
    /// within `fresh`, or right after the first factor when there is no second one yet.
    pub(crate) async fn begin_adding(
        &self,
        cookie: &Secret,
        fresh: Duration,
        now: Timestamp,
    ) -> Result<(Tx, SessionRow, Level, UserRow)> {
        let id = cookie.hash(SecretKind::Session);
        let org = self.org_of_session(id).await?;
        let mut tx = self.store.begin(org, now).await?;
        let (row, user, level) = live(&mut tx, id, now).await?;
        // Held: of two that add at once, by two sessions of one password, one is the first.
        let user = tx.hold_user(user.id).await?.ok_or(AuthError::NotSignedIn)?;
        match level {
            // Whoever has only learned the password must not add a factor of their own.
            Level::Partial if user.has_second_factor() => Err(AuthError::SecondFactorNeeded),
            Level::Full if !factor_shown_within(&row, fresh, now) => Err(AuthError::FactorNeeded),
            Level::Partial | Level::Full => Ok((tx, row, level, user)),
        }
    }

    async fn begin_confirming(
        &self,
        session: &StaffSession,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<(Tx, UserRow)> {
        let mut tx = self.store.begin(session.org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let (_, user, level) = live(&mut tx, session.id, now).await?;
        match level {
            Level::Full => Ok((tx, user)),
            Level::Partial => Err(AuthError::SecondFactorNeeded),
        }
    }

    /// Notes what was shown, or why it was nothing. Says whether it was something.
    async fn confirmed(
        &self,
        mut tx: Tx,
        session: &StaffSession,
        shown: std::result::Result<&'static str, &'static str>,
        mut events: Vec<Event>,
        prefix: Prefix,
    ) -> Result<bool> {
        let event = Event::new(Kind::FactorShown, Actor::Staff(session.user)).user(session.user);
        match shown {
            Ok(factor) => {
                tx.note_factor(session.id).await?;
                events.push(event.detail("factor", factor));
            }
            Err(reason) => {
                events.push(event.refused(reason));
                events.extend(guard::network_failed(&mut tx, prefix).await?);
            }
        }
        tx.commit_with(events).await?;
        Ok(shown.is_ok())
    }
}

/// Counts and checks a code of the authenticator app, or a recovery code, and spends it.
///
/// # Errors
/// [`AuthError::EnrolmentNeeded`] without a second factor, [`AuthError::LockedOut`], or a failure of the
/// store.
pub(crate) async fn check_code(tx: &mut Tx, user: &UserRow, code: &str) -> Result<ShownCode> {
    if !user.has_second_factor() {
        return Err(AuthError::EnrolmentNeeded);
    }
    let now = tx.now();
    let totp = tx.totp(user.id).await?.filter(|totp| totp.confirmed);
    let counted = guard::count(tx, Guarded::SecondFactor(user.id)).await?;
    let mut events = Vec::new();
    let factor = if let Some(code) = RecoveryCode::parse(code) {
        let hash = recovery_hash(tx, user.id, &code).await?;
        let right = tx.use_recovery_code(user.id, hash).await?;
        let event = Event::new(Kind::RecoveryCodeUsed, Actor::Staff(user.id)).user(user.id);
        events.push(if right {
            let left = tx.recovery_codes_left(user.id).await?;
            event.count("left", u64::from(left))
        } else {
            event.refused("wrong_or_used")
        });
        right.then_some("recovery")
    } else {
        // Whoever has passkeys only has no app whose code could be right.
        let step = match totp {
            Some(totp) => TotpSecret::from_bytes(&totp.secret)?.check(code, totp.last_step, now),
            None => None,
        };
        match step {
            Some(step) if tx.use_totp_step(user.id, step).await? => Some("totp"),
            _ => None,
        }
    };
    match factor {
        Some(_) => counted.was_right(tx).await?,
        None => events.extend(counted.lock_event(Some(user.id))),
    }
    Ok(ShownCode { factor, events })
}
