//! Signing in by the clinic's identity provider: the way there and back, and whose account it is.
//!
//! A way is named by its state and belongs to one browser: both secrets are random, kept as hashes,
//! good once and for ten minutes. An account is found by issuer and subject. The first time it is
//! found by a verified e-mail address, and from then on that subject is this account and no other.
//! No account is ever made by this.

use crate::oidc::{Fault, Identity, Way};
use crate::secret::{Secret, SecretKind};
use crate::staff::{Next, StaffAuth, Step, signed_in};
use crate::{AuthError, Prefix, Result, guard};
use audit::{Actor, Event, Kind};
use store::{SignInStepRow, StepPurpose, StoreError, UserState};
use visit::{Duration, OrgId, Timestamp, UserId};
use zeroize::Zeroizing;

/// How long one may be on the way.
pub const WAY_LIFE: Duration = Duration::from_min(10);

/// A way that begins.
pub struct WayThere {
    /// Its secrets.
    pub way: Way,
    /// The cookie of the browser that it belongs to.
    pub browser: Secret,
}

impl StaffAuth {
    /// Begins a way to the provider. Nobody is known yet.
    ///
    /// # Errors
    /// [`AuthError::LockedOut`], or a failure of the store.
    pub async fn outside_start(
        &self,
        org: OrgId,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<WayThere> {
        let secret = || Secret::generate(&*self.entropy);
        let way = Way { state: secret()?, nonce: secret()?, verifier: secret()? };
        let browser = secret()?;
        let mut detail = Zeroizing::new(way.nonce.bytes().to_vec());
        detail.extend_from_slice(way.verifier.bytes());
        let step = SignInStepRow {
            purpose: StepPurpose::Outside,
            bound: Some(browser.hash(SecretKind::Browser)),
            detail: Some(detail),
            expires_at: now.plus(WAY_LIFE),
        };
        let mut tx = self.store.begin(org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        tx.put_sign_in_step(way.state.hash(SecretKind::SignInStep), &step).await?;
        tx.commit_plain("a way to the identity provider; what comes back is audited").await?;
        Ok(WayThere { way, browser })
    }

    /// Ends a way: takes its state, which is good once, and gives its secrets.
    ///
    /// # Errors
    /// [`AuthError::OutsideRefused`] when it is unknown, too old or another browser's,
    /// [`AuthError::LockedOut`], or a failure of the store.
    pub async fn outside_back(
        &self,
        org: OrgId,
        state: &str,
        browser: Option<&Secret>,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Way> {
        let mut tx = self.store.begin(org, now).await?;
        guard::check_network(&mut tx, prefix).await?;
        let way = match Secret::parse(state) {
            None => None,
            Some(state) => {
                let step = tx.take_sign_in_step(state.hash(SecretKind::SignInStep)).await?;
                let bound = browser.map(|browser| browser.hash(SecretKind::Browser));
                step.filter(|step| {
                    step.purpose == StepPurpose::Outside && bound.is_some() && step.bound == bound
                })
                .and_then(|step| {
                    let detail = step.detail?;
                    let (nonce, verifier) = detail.split_at_checked(crate::secret::SECRET_BYTES)?;
                    let (nonce, verifier) =
                        (Secret::from_bytes(nonce)?, Secret::from_bytes(verifier)?);
                    Some(Way { state, nonce, verifier })
                })
            }
        };
        let Some(way) = way else {
            return self.outside_no(tx, Fault::BadState.code(), None, prefix).await;
        };
        tx.commit_plain("a state that is spent; what comes of it is audited").await?;
        Ok(way)
    }

    /// Writes down that nothing came of a way.
    ///
    /// # Errors
    /// [`AuthError::OutsideUnreachable`] when it was not the person's fault,
    /// [`AuthError::OutsideRefused`] otherwise; or a failure of the store.
    pub async fn outside_failed(
        &self,
        org: OrgId,
        fault: Fault,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Step> {
        let tx = self.store.begin(org, now).await?;
        if is_the_providers(fault) {
            // Nobody's guess: a provider that is down must not lock the clinic's network.
            let event = Event::new(Kind::OutsideUsed, Actor::System).refused(fault.code());
            tx.commit_with(vec![event]).await?;
            return Err(AuthError::OutsideUnreachable);
        }
        self.outside_no(tx, fault.code(), None, prefix).await
    }

    /// Lets in whom the provider vouches for. Without a second factor at the provider our own is
    /// asked for next.
    ///
    /// # Errors
    /// [`AuthError::OutsideUnknown`] when there is no account for this person,
    /// [`AuthError::OutsideRefused`] when it is disabled, or a failure of the store.
    pub async fn outside_sign_in(
        &self,
        org: OrgId,
        issuer: &str,
        identity: &Identity,
        prefix: Prefix,
        now: Timestamp,
    ) -> Result<Step> {
        let mut tx = self.store.begin(org, now).await?;
        let bound = tx.outside_identity(issuer, &identity.subject).await?;
        let found = match (bound, &identity.email) {
            (Some(user), _) => Some(user),
            (None, Some(email)) => tx.user_by_email(email).await?.map(|user| user.id),
            (None, None) => None,
        };
        // Held: of two subjects with one address that come at once, the second finds the first bound.
        let user = match found {
            Some(user) => tx.hold_user(user).await?,
            None => None,
        };
        let Some(user) = user else {
            let no = self.outside_no(tx, "no_account", None, prefix).await;
            return no.map_err(unknown);
        };
        if user.state != UserState::Active {
            return self.outside_no(tx, "disabled", Some(user.id), prefix).await;
        }
        let mut events = Vec::new();
        if bound.is_none() {
            // An address may pass to another person; the account does not go with it.
            if tx.has_outside_identity(user.id).await? {
                let no = self.outside_no(tx, "bound_to_another", Some(user.id), prefix).await;
                return no.map_err(unknown);
            }
            match tx.bind_outside_identity(user.id, issuer, &identity.subject).await {
                // Somebody with the same token was faster: their sign-in counts, this one starts anew.
                Err(StoreError::Conflict) => {
                    drop(tx);
                    let tx = self.store.begin(org, now).await?;
                    return self.outside_no(tx, "raced", Some(user.id), prefix).await;
                }
                other => other?,
            }
            events.push(Event::new(Kind::OutsideBound, Actor::Staff(user.id)).user(user.id));
        }
        let session = self.begin_session(&mut tx, user.id, identity.second_factor).await?;
        let used = Event::new(Kind::OutsideUsed, Actor::Staff(user.id)).user(user.id);
        let step = if identity.second_factor {
            events.extend([used.detail("factors", "two"), signed_in(user.id, "outside")]);
            Step::done(session)
        } else {
            events.push(used.detail("factors", "one"));
            Step::after_first_factor(&user, session)
        };
        debug_assert!(step.next != Next::Password);
        tx.commit_with(events).await?;
        Ok(step)
    }

    async fn outside_no<T>(
        &self,
        mut tx: store::Tx,
        reason: &'static str,
        user: Option<UserId>,
        prefix: Prefix,
    ) -> Result<T> {
        let event = Event::new(Kind::OutsideUsed, Actor::Anonymous).refused(reason);
        let event = match user {
            Some(user) => event.user(user),
            None => event,
        };
        let mut events = vec![event];
        events.extend(guard::network_failed(&mut tx, prefix).await?);
        tx.commit_with(events).await?;
        Err(AuthError::OutsideRefused)
    }
}

fn unknown(error: AuthError) -> AuthError {
    match error {
        AuthError::OutsideRefused => AuthError::OutsideUnknown,
        other => other,
    }
}

/// Whether the provider, and not whoever came back, is to blame.
const fn is_the_providers(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable | Fault::BadAnswer | Fault::WrongProvider | Fault::Unsuitable
    )
}
