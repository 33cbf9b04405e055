//! Passwords of staff: argon2id, hashed and checked in bounded numbers at once.
//!
//! One hash takes 46 MiB and some tens of milliseconds. A flood of sign-ins must not turn that into
//! gigabytes, so as many run at once as there are cores, some more wait, and the rest are refused
//! at once. An account that does not exist, or has no password, costs the same work as any other.

use crate::{AuthError, Entropy, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Bytes of random salt (RFC 9106 §3.1).
const SALT_BYTES: usize = 16;
/// For every one that runs, this many may wait.
const WAITING_PER_RUNNING: usize = 32;
const DAMAGED: AuthError = AuthError::Internal("stored password hash");

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB; at least 8 per lane.
    pub memory_kib: u32,
    /// Passes over the memory; 1 or more.
    pub passes: u32,
    /// Lanes; 1 or more.
    pub lanes: u32,
}

impl Cost {
    /// The first choice of the OWASP password storage cheat sheet: 46 MiB, one pass, one lane.
    pub const STANDARD: Self = Self { memory_kib: 47_104, passes: 1, lanes: 1 };
}

/// What a check gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The password is right.
    pub right: bool,
    /// It is right, and its stored hash has another cost than new ones: hash it anew.
    pub rehash: bool,
}

/// Hashes and checks passwords. Cheap to clone; clones share the limit.
#[derive(Clone)]
pub struct Passwords {
    inner: Arc<Inner>,
}

struct Inner {
    params: Params,
    running: Arc<Semaphore>,
    /// Running and waiting together.
    places: Semaphore,
    /// Checked against when there is no stored hash. Nobody knows its password.
    dummy: String,
    hashes: AtomicU64,
}

impl Passwords {
    /// `at_once` hashes run at the same time: pass the number of cores.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the cost is out of argon2's range or there are no random
    /// numbers.
    pub fn new(cost: Cost, at_once: usize, entropy: &dyn Entropy) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None)
            .map_err(|_| AuthError::Internal("argon2 cost"))?;
        let at_once = at_once.clamp(1, 1_024);
        let mut nobody_knows = Zeroizing::new([0; 32]);
        entropy.fill(nobody_knows.as_mut_slice())?;
        let dummy = hash(&params, nobody_knows.as_slice(), &salt(entropy)?)?;
        Ok(Self {
            inner: Arc::new(Inner {
                params,
                running: Arc::new(Semaphore::new(at_once)),
                places: Semaphore::new(at_once * (1 + WAITING_PER_RUNNING)),
                dummy,
                hashes: AtomicU64::new(0),
            }),
        })
    }

    /// Hashes a new password. The result is PHC text.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many wait already, [`AuthError::Internal`] when there are no
    /// random numbers.
    pub async fn hash(&self, password: Zeroizing<String>, entropy: &dyn Entropy) -> Result<String> {
        let salt = salt(entropy)?;
        self.run(move |inner| hash(&inner.params, password.as_bytes(), &salt)).await
    }

    /// Checks a password against stored PHC text. Without one the same work is done, and the
    /// answer is no.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many wait already, [`AuthError::Internal`] when the stored text
    /// is not a hash.
    pub async fn check(
        &self,
        password: Zeroizing<String>,
        stored: Option<String>,
    ) -> Result<Checked> {
        self.run(move |inner| {
            let text = stored.as_deref().unwrap_or(&inner.dummy);
            let parsed = PasswordHash::new(text).map_err(|_| DAMAGED)?;
            let params = Params::try_from(&parsed).map_err(|_| DAMAGED)?;
            let right = match argon2(&params).verify_password(password.as_bytes(), &parsed) {
                Ok(()) => stored.is_some(),
                Err(HashError::PasswordInvalid) => false,
                Err(_) => return Err(DAMAGED),
            };
            let same_cost = parsed.algorithm.as_str() == Algorithm::Argon2id.as_str()
                && params.m_cost() == inner.params.m_cost()
                && params.t_cost() == inner.params.t_cost()
                && params.p_cost() == inner.params.p_cost();
            Ok(Checked { right, rehash: right && !same_cost })
        })
        .await
    }

    /// How many hashes were computed so far, for metrics and tests.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.inner.hashes.load(Ordering::Relaxed)
    }

    /// Runs `work` on a blocking thread, within the limit. A caller who goes away frees the place
    /// but not the running hash: it keeps its permit until it is done.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.inner.places.try_acquire().map_err(|_| AuthError::Busy)?;
        let permit = Arc::clone(&self.inner.running)
            .acquire_owned()
            .await
            .map_err(|_| AuthError::Internal("the hasher is closed"))?;
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            inner.hashes.fetch_add(1, Ordering::Relaxed);
            work(&inner)
        });
        task.await.map_err(|_| AuthError::Internal("the hasher stopped"))?
    }
}

fn argon2(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

fn hash(params: &Params, password: &[u8], salt: &[u8]) -> Result<String> {
    let hash = argon2(params)
        .hash_password_with_salt(password, salt)
        .map_err(|_| AuthError::Internal("argon2"))?;
    Ok(hash.to_string())
}

fn salt(entropy: &dyn Entropy) -> Result<[u8; SALT_BYTES]> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
