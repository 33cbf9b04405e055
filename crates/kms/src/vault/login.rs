//! The token that Vault is asked with: from a file, or by AppRole; renewed before it ends.
//!
//! Owns when a token is renewed, read anew or asked for anew. It never writes one anywhere.

use super::server::Place;
use super::wire::{AppRoleLogin, Auth, AuthAnswer, Lookup, LookupAnswer};
use super::{FORBIDDEN_TOKEN, NAME};
use crate::ask::{Repeat, to_json};
use egress::Method;
use keys::{KeyError, Zeroizing};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};

/// A renewal that failed is tried again after this long, ms.
const AGAIN_MS: u64 = 15_000;
/// A token is not renewed more often than this, ms.
const LEAST_MS: u64 = 5_000;

/// How this program proves to Vault who it is.
#[derive(Clone)]
pub enum VaultLogin {
    /// A token in a file that only the owner may read; Vault's agent can keep it fresh.
    TokenFile(PathBuf),
    /// A role and its secret, which give a token of limited life.
    AppRole {
        /// Where the method is mounted, such as `approle`.
        mount: String,
        /// The role's id.
        role_id: String,
        /// A file with the role's secret id, that only the owner may read.
        secret_id_file: PathBuf,
    },
}

/// For how long a token is good, from when it was given or renewed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Life {
    given_ms: u64,
    /// 0: for ever.
    lasts_ms: u64,
    renewable: bool,
    /// What it lasted when it was new, ms.
    first_ms: u64,
}

/// What a token needs next, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    /// Nothing, ever.
    Nothing,
    /// A renewal at this time.
    RenewAt(u64),
    /// Another token at this time.
    AnewAt(u64),
}

impl Life {
    const fn new(given_ms: u64, lasts_s: u64, renewable: bool) -> Self {
        let lasts_ms = lasts_s.saturating_mul(1_000);
        Self { given_ms, lasts_ms, renewable, first_ms: lasts_ms }
    }

    const fn renewed(self, now_ms: u64, lasts_s: u64, renewable: bool) -> Self {
        let lasts_ms = lasts_s.saturating_mul(1_000);
        Self { given_ms: now_ms, lasts_ms, renewable, first_ms: self.first_ms }
    }

    /// At two thirds of its life. Near the longest life that Vault allows, renewals last shorter and
    /// shorter: then it is time for another token.
    fn next(self) -> Next {
        if self.lasts_ms == 0 {
            return Next::Nothing;
        }
        let at = self.given_ms + (self.lasts_ms / 3 * 2).max(LEAST_MS);
        if self.renewable && self.lasts_ms >= self.first_ms / 2 {
            Next::RenewAt(at)
        } else {
            Next::AnewAt(at)
        }
    }

    const fn is_over(self, now_ms: u64) -> bool {
        self.lasts_ms != 0 && now_ms.saturating_sub(self.given_ms) >= self.lasts_ms
    }
}

/// For [`crate::fuzzing`]: whether a token is over when it is given, and when it needs something. The
/// answer is one to a login or about a token.
pub(crate) fn life_in(answer: &[u8], given_ms: u64) -> Option<(bool, Option<u64>)> {
    let login = serde_json::from_slice::<AuthAnswer>(answer).ok();
    let lookup = serde_json::from_slice::<LookupAnswer>(answer).ok();
    let (lasts_s, renewable) = match (login, lookup) {
        (Some(said), _) => (said.auth.lease_duration, said.auth.renewable),
        (None, Some(said)) => (said.data.ttl, said.data.renewable),
        (None, None) => return None,
    };
    let life = Life::new(given_ms, lasts_s, renewable);
    let next_ms = match life.next() {
        Next::Nothing => None,
        Next::RenewAt(ms) | Next::AnewAt(ms) => Some(ms),
    };
    Some((life.is_over(given_ms), next_ms))
}

/// A token as it is sent.
pub(super) type Token = Arc<Zeroizing<String>>;

struct Held {
    token: Token,
    life: Life,
}

/// The login, and the token that it gave last.
pub(super) struct Session {
    login: VaultLogin,
    held: Mutex<Option<Held>>,
    /// There is a new token, so there is something to renew at another time.
    changed: Notify,
}

impl Session {
    pub(super) fn new(login: VaultLogin) -> Self {
        Self { login, held: Mutex::new(None), changed: Notify::new() }
    }

    /// A token that is good as far as is known here.
    pub(super) async fn token(&self, place: &Place) -> Result<Token, KeyError> {
        let mut held = self.held.lock().await;
        if let Some(held) = &*held
            && !held.life.is_over(place.asker.pace.now_ms())
        {
            return Ok(Arc::clone(&held.token));
        }
        let new = self.log_in(place).await?;
        let token = Arc::clone(&new.token);
        *held = Some(new);
        self.changed.notify_one();
        Ok(token)
    }

    /// Vault refused `token`. Gives another one if there is one to be had.
    pub(super) async fn instead_of(
        &self,
        token: &Token,
        place: &Place,
    ) -> Result<Option<Token>, KeyError> {
        {
            let mut held = self.held.lock().await;
            // Somebody else may have got another one meanwhile.
            if held.as_ref().is_some_and(|held| held.token == *token) {
                *held = None;
            }
        }
        let other = self.token(place).await?;
        Ok((other != *token).then_some(other))
    }

    async fn log_in(&self, place: &Place) -> Result<Held, KeyError> {
        let now_ms = place.asker.pace.now_ms();
        match &self.login {
            VaultLogin::TokenFile(path) => {
                let token = Arc::new(secret(path)?);
                let lookup = look_up(place, &token).await?;
                let life = Life::new(now_ms, lookup.ttl, lookup.renewable);
                Ok(Held { token, life })
            }
            VaultLogin::AppRole { mount, role_id, secret_id_file } => {
                let secret_id = secret(secret_id_file)?;
                let body = to_json(&AppRoleLogin { role_id, secret_id: &secret_id })?;
                let path = ["auth", mount, "login"];
                let answer =
                    place.send(Method::POST, &path, None, Some(&body), Repeat::Harmless).await?;
                let refused = |what| KeyError::Refused { provider: NAME, what };
                match answer.status.as_u16() {
                    200 => {}
                    400 | 401 | 403 | 404 => {
                        return Err(refused(
                            "the role or its secret is not good, or not from here; make a new secret_id for \
                             secret_id_file, and look at role_id and approle_mount",
                        ));
                    }
                    _ => return Err(place.asker.odd("to the login")),
                }
                let auth = place.read::<AuthAnswer>(answer, "to the login")?.auth;
                let life = Life::new(now_ms, auth.lease_duration, auth.renewable);
                Ok(Held { token: Arc::new(Zeroizing::new(auth.client_token)), life })
            }
        }
    }

    /// Renews the token for as long as this provider is open.
    pub(super) async fn stay_good(&self, place: &Place) {
        let pace = &*place.asker.pace;
        loop {
            let next = self.held.lock().await.as_ref().map(|held| held.life.next());
            let (at_ms, renew) = match next {
                None | Some(Next::Nothing) => {
                    self.changed.notified().await;
                    continue;
                }
                Some(Next::RenewAt(at_ms)) => (at_ms, true),
                Some(Next::AnewAt(at_ms)) => (at_ms, false),
            };
            let wait_ms = at_ms.saturating_sub(pace.now_ms());
            tokio::select! {
                () = pace.wait(wait_ms) => {}
                () = self.changed.notified() => continue,
            }
            if pace.now_ms() >= at_ms && !self.freshen(place, renew).await {
                pace.wait(AGAIN_MS).await;
            }
        }
    }

    /// One renewal, or else another token. `false`: neither.
    async fn freshen(&self, place: &Place, renew: bool) -> bool {
        let Some(token) = self.held.lock().await.as_ref().map(|held| Arc::clone(&held.token))
        else {
            return true;
        };
        // Its life counts from before the question, so never too long.
        let now_ms = place.asker.pace.now_ms();
        if renew && let Some(auth) = renewal(place, &token).await {
            if let Some(held) = self.held.lock().await.as_mut().filter(|held| held.token == token) {
                held.life = held.life.renewed(now_ms, auth.lease_duration, auth.renewable);
            }
            return true;
        }
        // The old one stays until there is another.
        let Ok(new) = self.log_in(place).await else { return false };
        let is_other = new.token != token;
        *self.held.lock().await = Some(new);
        is_other
    }
}

async fn renewal(place: &Place, token: &Token) -> Option<Auth> {
    let path = ["auth", "token", "renew-self"];
    let answer =
        place.send(Method::POST, &path, Some(token), Some(b"{}"), Repeat::Harmless).await.ok()?;
    if answer.status.as_u16() != 200 {
        return None;
    }
    place.read::<AuthAnswer>(answer, "to the renewal").ok().map(|answer| answer.auth)
}

/// What Vault says of a token. A token that may not even ask that is none.
pub(super) async fn look_up(place: &Place, token: &Token) -> Result<Lookup, KeyError> {
    let path = ["auth", "token", "lookup-self"];
    let answer = place.send(Method::GET, &path, Some(token), None, Repeat::Harmless).await?;
    match answer.status.as_u16() {
        200 => Ok(place.read::<LookupAnswer>(answer, "about the token")?.data),
        401 | 403 => Err(KeyError::Refused { provider: NAME, what: FORBIDDEN_TOKEN }),
        _ => Err(place.asker.odd("about the token")),
    }
}

/// The first line of a file that only its owner may read.
fn secret(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let text = keys::read_secret(path)?;
    match text.lines().next().unwrap_or_default().trim() {
        "" => {
            let what = format!("{} is empty; write the secret into its first line", path.display());
            Err(KeyError::Setup { provider: NAME, what })
        }
        // Goes into a header.
        line if !line.is_ascii() => {
            let what = format!("{} holds no token or secret id", path.display());
            Err(KeyError::Setup { provider: NAME, what })
        }
        line => Ok(Zeroizing::new(line.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_at_two_thirds_of_its_life() {
        let life = Life::new(1_000, 3_600, true);
        assert_eq!(life.next(), Next::RenewAt(1_000 + 2_400_000));
        assert!(!life.is_over(3_600_999));
        assert!(life.is_over(3_601_000));
        assert_eq!(Life::new(5, 0, true).next(), Next::Nothing, "it has no end");
        assert!(!Life::new(5, 0, true).is_over(u64::MAX));
        assert_eq!(Life::new(0, 3_600, false).next(), Next::AnewAt(2_400_000));
    }

    #[test]
    fn near_its_longest_life_another_token_is_wanted() {
        let life = Life::new(0, 3_600, true).renewed(2_400_000, 3_600, true);
        assert_eq!(life.next(), Next::RenewAt(4_800_000));
        let last = life.renewed(4_800_000, 1_700, true);
        assert_eq!(last.next(), Next::AnewAt(4_800_000 + 1_133_332));
        let brief = Life::new(0, 1, true);
        assert_eq!(brief.next(), Next::RenewAt(LEAST_MS), "not in a storm");
    }
}
