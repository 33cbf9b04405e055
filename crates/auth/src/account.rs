//! Accounts of staff: add, disable, enable, reset, change the role, list.
//!
//! Who may do this is decided by the caller ([`crate::routes`], or the server's console); who did
//! it is passed in as the actor and written down.

use crate::guard;
use crate::secret::{Secret, SecretKind};
use crate::staff::StaffAuth;
use crate::{AuthError, Result};
use audit::{Actor, Event, Kind};
use store::{NewUser, StaffLinkPurpose, StaffSecret, StoreError, Tx, UserRole, UserRow, UserState};
use visit::{Duration, OrgId, Timestamp, UserId};

/// How long an invitation of a new member of staff is good.
pub const INVITATION_LIFE: Duration = Duration::from_days(7);
/// How long a link for a new password is good.
pub const RESET_LIFE: Duration = Duration::from_days(1);
/// How long a link that signs in by itself is good.
pub const SIGN_IN_LIFE: Duration = Duration::from_min(12 * 60);

/// The most characters of a name.
const MAX_NAME_CHARS: usize = 100;
/// The most bytes of an e-mail address (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_EMAIL_BYTES: usize = 254;

/// An account to be made.
pub struct NewStaff<'a> {
    /// The address to sign in with.
    pub email: &'a str,
    /// What colleagues and patients see.
    pub name: &'a str,
    /// What it may do.
    pub role: UserRole,
}

impl StaffAuth {
    /// Makes an account and the one-time link by which its owner sets a password.
    ///
    /// # Errors
    /// [`AuthError::BadField`] for an unusable name or address, [`AuthError::AlreadyThere`] when
    /// the address has an account, or a failure of the store.
    pub async fn add(
        &self,
        org: OrgId,
        actor: Actor,
        new: &NewStaff<'_>,
        now: Timestamp,
    ) -> Result<(UserId, Secret)> {
        let person = StaffSecret { name: check_name(new.name)?, email: check_email(new.email)? };
        let id = UserId::new(now.unix_ms(), crate::entropy::random_u128(&*self.entropy)?);
        let mut tx = self.store.begin(org, now).await?;
        match tx.create_user(&NewUser { id, role: new.role, person }).await {
            Err(StoreError::Conflict) => return Err(AuthError::AlreadyThere),
            other => other?,
        }
        let created =
            Event::new(Kind::UserCreated, actor).user(id).detail("role", new.role.as_str());
        let (secret, issued) = self.issue(&mut tx, actor, id, StaffLinkPurpose::Enrol).await?;
        tx.commit_with(vec![created, issued]).await?;
        Ok((id, secret))
    }

    /// A one-time link that signs in by itself, without password or second factor. Whoever can
    /// make one can be anybody, so only the server's console does.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an active account, or a failure of the store.
    pub async fn sign_in_link(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        now: Timestamp,
    ) -> Result<Secret> {
        let mut tx = self.store.begin(org, now).await?;
        active(&mut tx, user).await?;
        let (secret, issued) = self.issue(&mut tx, actor, user, StaffLinkPurpose::SignIn).await?;
        tx.commit_with(vec![issued]).await?;
        Ok(secret)
    }

    /// A one-time link for a new password. The old password holds until the link is used; the
    /// second factor stays.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an active account, or a failure of the store.
    pub async fn password_link(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        now: Timestamp,
    ) -> Result<Secret> {
        let mut tx = self.store.begin(org, now).await?;
        active(&mut tx, user).await?;
        tx.void_staff_links(user).await?;
        let (secret, issued) = self.issue(&mut tx, actor, user, StaffLinkPurpose::Reset).await?;
        tx.commit_with(vec![issued]).await?;
        Ok(secret)
    }

    /// Takes every second factor away, for somebody who lost them, and with them the password, the
    /// tie to the identity provider and all sessions; the one-time link given back sets both anew. Without the link the next person to
    /// know the password could enrol a phone of their own.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an active account, or a failure of the store.
    pub async fn reset_mfa(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        now: Timestamp,
    ) -> Result<Secret> {
        let mut tx = self.store.begin(org, now).await?;
        let row = active(&mut tx, user).await?;
        tx.clear_totp(user).await?;
        tx.clear_passkeys(user).await?;
        tx.clear_outside_identities(user).await?;
        tx.set_password_hash(user, None).await?;
        tx.void_staff_links(user).await?;
        guard::forget(&mut tx, user, &row.person.email).await?;
        let reset = Event::new(Kind::MfaReset, actor).user(user);
        let ended = end_sessions(&mut tx, actor, user).await?;
        let (secret, issued) = self.issue(&mut tx, actor, user, StaffLinkPurpose::Reset).await?;
        tx.commit_with([reset, issued].into_iter().chain(ended).collect()).await?;
        Ok(secret)
    }

    /// Disables an account: its sessions and links end at once.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an account, or a failure of the store.
    pub async fn disable(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.store.begin(org, now).await?;
        set_state(&mut tx, user, UserState::Disabled).await?;
        tx.void_staff_links(user).await?;
        let ended = end_sessions(&mut tx, actor, user).await?;
        let disabled = Event::new(Kind::UserDisabled, actor).user(user);
        Ok(tx.commit_with([disabled].into_iter().chain(ended).collect()).await?)
    }

    /// Enables a disabled account again, with the password and second factor that it had.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an account, or a failure of the store.
    pub async fn enable(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.store.begin(org, now).await?;
        set_state(&mut tx, user, UserState::Active).await?;
        Ok(tx.commit_with(vec![Event::new(Kind::UserEnabled, actor).user(user)]).await?)
    }

    /// Changes what an account may do. Its sessions end, so that nothing that is open goes on with
    /// the rights of before.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without such an account, or a failure of the store.
    pub async fn set_role(
        &self,
        org: OrgId,
        actor: Actor,
        user: UserId,
        role: UserRole,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.store.begin(org, now).await?;
        match tx.set_user_role(user, role).await {
            Err(StoreError::NotFound) => return Err(AuthError::NotFound),
            other => other?,
        }
        let ended = end_sessions(&mut tx, actor, user).await?;
        let event =
            Event::new(Kind::UserRoleChanged, actor).user(user).detail("role", role.as_str());
        Ok(tx.commit_with([event].into_iter().chain(ended).collect()).await?)
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn list(&self, org: OrgId) -> Result<Vec<UserRow>> {
        Ok(self.store.read(org).await?.users().await?)
    }

    /// The account with this e-mail address, for the console.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] without one, or a failure of the store.
    pub async fn find(&self, org: OrgId, email: &str) -> Result<UserRow> {
        let user = self.store.read(org).await?.user_by_email(email).await?;
        user.ok_or(AuthError::NotFound)
    }

    async fn issue(
        &self,
        tx: &mut Tx,
        actor: Actor,
        user: UserId,
        purpose: StaffLinkPurpose,
    ) -> Result<(Secret, Event)> {
        let life = match purpose {
            StaffLinkPurpose::Enrol => INVITATION_LIFE,
            StaffLinkPurpose::Reset => RESET_LIFE,
            StaffLinkPurpose::SignIn => SIGN_IN_LIFE,
        };
        let secret = Secret::generate(&*self.entropy)?;
        let expires_at = tx.now().plus(life);
        let hash = secret.hash(SecretKind::StaffLink);
        tx.create_staff_link(hash, user, purpose, expires_at).await?;
        let event =
            Event::new(Kind::StaffLinkIssued, actor).user(user).detail("purpose", purpose.as_str());
        Ok((secret, event))
    }
}

async fn active(tx: &mut Tx, user: UserId) -> Result<UserRow> {
    let row = tx.user(user).await?;
    row.filter(|row| row.state == UserState::Active).ok_or(AuthError::NotFound)
}

async fn set_state(tx: &mut Tx, user: UserId, state: UserState) -> Result<()> {
    match tx.set_user_state(user, state).await {
        Err(StoreError::NotFound) => Err(AuthError::NotFound),
        other => Ok(other?),
    }
}

async fn end_sessions(tx: &mut Tx, actor: Actor, user: UserId) -> Result<Option<Event>> {
    let ended = tx.revoke_sessions(user, None).await?;
    let event = Event::new(Kind::SessionRevoked, actor).user(user).count("sessions", ended);
    Ok((ended > 0).then_some(event))
}

pub(crate) fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    let chars = name.chars().take(MAX_NAME_CHARS + 1).count();
    if chars == 0 || chars > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(AuthError::BadField("name"));
    }
    Ok(name.to_owned())
}

/// Only what every address has: whether it is real is found out by writing to it.
fn check_email(email: &str) -> Result<String> {
    let email = email.trim();
    let fits = email.len() <= MAX_EMAIL_BYTES
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
    if fits { Ok(email.to_owned()) } else { Err(AuthError::BadField("email")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_that_cannot_be_are_refused() {
        for email in ["a@b", " ana@example.org ", "üser@müller.example"] {
            assert!(check_email(email).is_ok(), "{email}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for email in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", &long] {
            assert!(check_email(email).is_err());
        }
        assert!(check_name(" Ana ").is_ok_and(|name| name == "Ana"));
        assert!(check_name(&"é".repeat(100)).is_ok());
        for name in ["", "   ", "a\nb", &"x".repeat(101), &"x".repeat(1 << 20)] {
            assert!(check_name(name).is_err());
        }
    }
}
