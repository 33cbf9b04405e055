//! One-time links of staff, and setting up the second factor.
//!
//! A one-time link is opened in two calls: a page that was merely loaded, by a mail scanner for
//! instance, has used nothing; the secret travels in the fragment and is spent by the POST that a
//! button makes. An invitation or a reset needs the new password in the same call and leads to the
//! second factor like any sign-in, so a link that leaked does not replace the authenticator app.

use crate::factor::{FRESH, FRESH_TO_FINISH};
use crate::guard;
use crate::policy;
use crate::recovery::{RECOVERY_CODES, RecoveryCode};
use crate::secret::{Secret, SecretKind};
use crate::session::Level;
use crate::staff::{StaffAuth, Step, recovery_hash, signed_in};
use crate::totp::TotpSecret;
use crate::{AuthError, Entropy, Result};
use audit::{Actor, Event, Kind};
use store::{
    HashKind, SecretHash, SessionRow, StaffLink, StaffLinkPurpose, StoreError, Tx, UserRow,
    UserState,
};
use visit::{Duration, OrgId, Timestamp, UserId};
use zeroize::Zeroizing;

/// A secret for an authenticator app, shown until it is proved.
pub struct Enrolment {
    /// The address for the QR code.
    pub uri: Zeroizing<String>,
    /// The secret in base 32, for typing.
    pub secret: Zeroizing<String>,
}

/// The end of an enrolment.
pub struct Enrolled {
    /// The session cookie to set, in place of the one before, when this finished a sign-in.
    pub session: Option<Secret>,
    /// Ten codes, shown once; none when there are some already.
    pub recovery_codes: Vec<RecoveryCode>,
}

impl StaffAuth {
    /// Uses a one-time link. One for signing in makes a full session at once. An invitation or a
    /// reset first asks for a password and uses nothing; with it, it sets the password, ends all
    /// other sessions and links of the account, and goes on with the second factor.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`] when the link is unknown, used or expired or the account is
    /// disabled, [`AuthError::WeakPassword`] (the link stays good), [`AuthError::Busy`], or a
    /// failure of the store.
    pub async fn use_link(
        &self,
        secret: &str,
        password: Option<Zeroizing<String>>,
        now: Timestamp,
    ) -> Result<Step> {
        let hash =
            Secret::parse(secret).ok_or(AuthError::TokenExpired)?.hash(SecretKind::StaffLink);
        let org = self.store.org_of(HashKind::StaffLink, hash).await?;
        let org = org.ok_or(AuthError::TokenExpired)?;
        let mut reader = self.store.read(org).await?;
        let link = reader.staff_link(hash).await?.ok_or(AuthError::TokenExpired)?;
        let user = reader.user(link.user).await?.ok_or(AuthError::TokenExpired)?;
        drop(reader);
        if let Some(reason) = dead(&link, &user, now) {
            return self.refuse_link(org, &link, reason, now).await;
        }
        let password = match (link.purpose, password) {
            (StaffLinkPurpose::SignIn, _) => None,
            (StaffLinkPurpose::Enrol | StaffLinkPurpose::Reset, None) => {
                return Ok(Step::password());
            }
            (StaffLinkPurpose::Enrol | StaffLinkPurpose::Reset, Some(password)) => {
                policy::check_new(&password, &user.person.name, &user.person.email)
                    .map_err(AuthError::WeakPassword)?;
                Some(self.passwords.hash(password, &*self.entropy).await?)
            }
        };

        let mut tx = self.store.begin(org, now).await?;
        let taken = tx.consume_staff_link(hash).await?;
        let still_active =
            tx.user(link.user).await?.is_some_and(|user| user.state == UserState::Active);
        if taken.is_none() || !still_active {
            drop(tx);
            return self.refuse_link(org, &link, "used", now).await;
        }
        let used = Event::new(Kind::StaffLinkUsed, Actor::Staff(user.id))
            .user(user.id)
            .detail("purpose", link.purpose.as_str());
        match password {
            None => self.sign_in_by_link(tx, &user, used).await,
            Some(hash) => self.set_password_by_link(tx, &user, &hash, used).await,
        }
    }

    async fn sign_in_by_link(&self, mut tx: Tx, user: &UserRow, used: Event) -> Result<Step> {
        let session = self.begin_session(&mut tx, user.id, true).await?;
        tx.commit_with(vec![used, signed_in(user.id, "link")]).await?;
        Ok(Step::done(session))
    }

    async fn set_password_by_link(
        &self,
        mut tx: Tx,
        user: &UserRow,
        hash: &str,
        used: Event,
    ) -> Result<Step> {
        tx.set_password_hash(user.id, Some(hash)).await?;
        tx.void_staff_links(user.id).await?;
        let ended = tx.revoke_sessions(user.id, None).await?;
        guard::forget(&mut tx, user.id, &user.person.email).await?;
        let session = self.begin_session(&mut tx, user.id, false).await?;
        let changed = Event::new(Kind::PasswordChanged, Actor::Staff(user.id))
            .user(user.id)
            .count("sessions_ended", ended);
        tx.commit_with(vec![used, changed]).await?;
        Ok(Step::after_first_factor(user, session))
    }

    /// Somebody holds a link that was good once. That is worth knowing.
    async fn refuse_link(
        &self,
        org: OrgId,
        link: &StaffLink,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<Step> {
        let tx = self.store.begin(org, now).await?;
        let event = Event::new(Kind::StaffLinkUsed, Actor::Anonymous)
            .user(link.user)
            .detail("purpose", link.purpose.as_str())
            .refused(reason);
        tx.commit_with(vec![event]).await?;
        Err(AuthError::TokenExpired)
    }

    /// A new secret for the authenticator app, right after the first factor or on the strength of a full
    /// session. Called again, it replaces the one before.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] without a live session, [`AuthError::NotAllowed`] when an app is enrolled
    /// already (an administrator resets it) or another second factor was not shown,
    /// [`AuthError::FactorNeeded`] when it was not shown lately, or a failure of the store.
    pub async fn enrol_start(&self, cookie: &Secret, now: Timestamp) -> Result<Enrolment> {
        let (mut tx, _, _, user) = self.begin_app(cookie, FRESH, now).await?;
        let secret = TotpSecret::generate(&*self.entropy)?;
        let clinic = tx.org_row().await?.name;
        match tx.set_pending_totp(user.id, secret.as_bytes()).await {
            Err(StoreError::Conflict) => return Err(AuthError::NotAllowed),
            other => other?,
        }
        tx.commit_plain("a second factor counts, and is audited, when it is proved").await?;
        Ok(Enrolment { uri: secret.uri(&clinic, &user.person.email), secret: secret.to_base32() })
    }

    /// Proves that the authenticator app works. The person is signed in, if they were not, and gets ten
    /// recovery codes, if they had none.
    ///
    /// # Errors
    /// [`AuthError::NotSignedIn`] without a live session, [`AuthError::EnrolmentNeeded`] when
    /// nothing was started, [`AuthError::NotAllowed`] and [`AuthError::FactorNeeded`] as at the start,
    /// [`AuthError::BadCredentials`] for a wrong code, or a failure of the store.
    pub async fn enrol_finish(
        &self,
        cookie: &Secret,
        code: &str,
        now: Timestamp,
    ) -> Result<Enrolled> {
        let (mut tx, row, level, user) = self.begin_app(cookie, FRESH_TO_FINISH, now).await?;
        let totp = tx.totp(user.id).await?.ok_or(AuthError::EnrolmentNeeded)?;
        let enrolled = Event::new(Kind::MfaEnrolled, Actor::Staff(user.id)).user(user.id);
        // Guesses need no limit here: whoever holds this session has just been shown the secret.
        let Some(step) = TotpSecret::from_bytes(&totp.secret)?.check(code, None, now) else {
            tx.commit_with(vec![enrolled.refused("code")]).await?;
            return Err(AuthError::BadCredentials);
        };
        if !tx.confirm_totp(user.id, step).await? {
            return Err(AuthError::NotAllowed);
        }
        let mut events = vec![enrolled];
        let recovery_codes = match level {
            // Codes that somebody has kept stay good.
            Level::Full if tx.recovery_codes_left(user.id).await? > 0 => Vec::new(),
            Level::Partial | Level::Full => {
                let codes = new_recovery_codes(&mut tx, user.id, &*self.entropy).await?;
                let replaced = Event::new(Kind::RecoveryCodesReplaced, Actor::Staff(user.id));
                events.push(replaced.user(user.id).count("codes", codes.len() as u64));
                codes
            }
        };
        let session = match level {
            Level::Full => None,
            Level::Partial => {
                events.push(signed_in(user.id, "enrolment"));
                Some(self.replace_session(&mut tx, &row).await?)
            }
        };
        tx.commit_with(events).await?;
        Ok(Enrolled { session, recovery_codes })
    }

    /// A transaction for somebody who may set up the app: who has none, and may add a factor.
    async fn begin_app(
        &self,
        cookie: &Secret,
        fresh: Duration,
        now: Timestamp,
    ) -> Result<(Tx, SessionRow, Level, UserRow)> {
        match self.begin_adding(cookie, fresh, now).await {
            Ok((_, _, _, user)) if user.has_totp => Err(AuthError::NotAllowed),
            // A passkey is a second factor too: the password alone must not get around it.
            Err(AuthError::SecondFactorNeeded) => Err(AuthError::NotAllowed),
            other => other,
        }
    }
}

/// Ten new recovery codes in place of all that were there.
pub(crate) async fn new_recovery_codes(
    tx: &mut Tx,
    user: UserId,
    entropy: &dyn Entropy,
) -> Result<Vec<RecoveryCode>> {
    let mut codes: Vec<RecoveryCode> = Vec::with_capacity(RECOVERY_CODES);
    let mut hashes: Vec<SecretHash> = Vec::with_capacity(RECOVERY_CODES);
    while codes.len() < RECOVERY_CODES {
        let code = RecoveryCode::generate(entropy)?;
        // Two equal ones are as good as impossible, but would count as one.
        if !codes.contains(&code) {
            hashes.push(recovery_hash(tx, user, &code).await?);
            codes.push(code);
        }
    }
    tx.replace_recovery_codes(user, &hashes).await?;
    Ok(codes)
}

fn dead(link: &StaffLink, user: &UserRow, now: Timestamp) -> Option<&'static str> {
    if link.used_at.is_some() {
        Some("used")
    } else if link.expires_at <= now {
        Some("expired")
    } else if user.state != UserState::Active {
        Some("disabled")
    } else {
        None
    }
}
