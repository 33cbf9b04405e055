//! Counting tries in the store, by the rules of [`crate::backoff`].

use crate::backoff::{BackoffPolicy, Prefix, Verdict, locked};
use crate::{AuthError, Result};
use audit::{Actor, Event, Kind};
use store::{SecretHash, Tx};
use visit::{Timestamp, UserId};

/// What is counted. The names are part of stored keys and never change.
#[derive(Clone, Copy)]
pub(crate) enum Guarded<'a> {
    /// An account name as typed, whether or not there is such an account.
    Account(&'a str),
    /// The second factor of an account.
    SecondFactor(UserId),
    /// A network.
    Network(Prefix),
}

impl Guarded<'_> {
    const fn kind(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::SecondFactor(_) => "second-factor",
            Self::Network(_) => "network",
        }
    }

    const fn policy(self) -> BackoffPolicy {
        match self {
            Self::Account(_) => BackoffPolicy::ACCOUNT,
            Self::SecondFactor(_) => BackoffPolicy::SECOND_FACTOR,
            Self::Network(_) => BackoffPolicy::PREFIX,
        }
    }

    async fn key(self, tx: &mut Tx) -> Result<SecretHash> {
        let key = match self {
            // Accounts are found by the address in this form, so they are counted by it.
            Self::Account(email) => {
                let email = email.trim().to_lowercase();
                tx.attempt_key(self.kind(), email.as_bytes()).await?
            }
            Self::SecondFactor(user) => {
                tx.attempt_key(self.kind(), &user.to_u128().to_be_bytes()).await?
            }
            Self::Network(prefix) => tx.attempt_key(self.kind(), prefix.as_bytes()).await?,
        };
        Ok(key)
    }
}

/// A try that was counted before it is checked.
pub(crate) struct Counted {
    key: SecretHash,
    kind: &'static str,
    failures: u32,
    lock_until: Option<Timestamp>,
}

/// Counts a try, and locks in case that it is wrong. Whoever asks at the same time is counted
/// after this one, so of many tries at once no more are checked than are free.
///
/// # Errors
/// [`AuthError::LockedOut`]; the transaction must then be dropped, so that nothing is counted.
pub(crate) async fn count(tx: &mut Tx, what: Guarded<'_>) -> Result<Counted> {
    let (policy, now) = (what.policy(), tx.now());
    let key = what.key(tx).await?;
    let row = tx.record_failure(key, policy.window).await?;
    match policy.judge(&row, now) {
        Verdict::Locked { until } => Err(AuthError::LockedOut { until }),
        Verdict::Check { lock_until } => {
            if let Some(until) = lock_until {
                tx.lock_attempts(key, until).await?;
            }
            Ok(Counted { key, kind: what.kind(), failures: row.failures, lock_until })
        }
    }
}

/// Refuses when a network is locked; counts nothing.
///
/// # Errors
/// [`AuthError::LockedOut`].
pub(crate) async fn check_network(tx: &mut Tx, prefix: Prefix) -> Result<()> {
    let key = Guarded::Network(prefix).key(tx).await?;
    let counted = tx.attempts(key).await?;
    match counted.and_then(|row| locked(&row, tx.now())) {
        Some(until) => Err(AuthError::LockedOut { until }),
        None => Ok(()),
    }
}

/// Counts a failure of a network, and says when this locked it.
pub(crate) async fn network_failed(tx: &mut Tx, prefix: Prefix) -> Result<Option<Event>> {
    match count(tx, Guarded::Network(prefix)).await {
        Ok(counted) => Ok(counted.lock_event(None)),
        // Others locked it while this try was checked.
        Err(AuthError::LockedOut { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Counted {
    /// The try was right: forgets all failures of the key.
    pub(crate) async fn was_right(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.clear_attempts(self.key).await?)
    }

    /// The try was wrong: what to write down, if it locked.
    pub(crate) fn lock_event(&self, user: Option<UserId>) -> Option<Event> {
        self.lock_until?;
        let event = Event::new(Kind::SignInLocked, Actor::Anonymous)
            .detail("what", self.kind)
            .count("failures", u64::from(self.failures));
        Some(match user {
            Some(user) => event.user(user),
            None => event,
        })
    }
}

/// Forgets the failures of an account and of its second factor, when staff reset it.
pub(crate) async fn forget(tx: &mut Tx, user: UserId, email: &str) -> Result<()> {
    for what in [Guarded::Account(email), Guarded::SecondFactor(user)] {
        let key = what.key(tx).await?;
        tx.clear_attempts(key).await?;
    }
    Ok(())
}
