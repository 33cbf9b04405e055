//! Who asks AWS: an access key, from the settings' environment or from a file.

use super::NAME;
use keys::{KeyError, Zeroizing};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// An access key of an IAM user, or a temporary one with its session token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Zeroizing<String>,
    /// Of a temporary one.
    pub session_token: Option<Zeroizing<String>>,
}

/// Where the access key is.
#[derive(Clone)]
pub enum AwsLogin {
    /// These, for as long as the program runs.
    Given(Credentials),
    /// A file in the form of `~/.aws/credentials` that only the owner may read. It is read again when AWS does not
    /// take the key any more, so that something else can renew a temporary one.
    File {
        /// Where it is.
        path: PathBuf,
        /// Which part of it, such as `default`.
        profile: String,
    },
}

pub(super) struct Session {
    login: AwsLogin,
    held: Mutex<Option<Arc<Credentials>>>,
}

impl Session {
    pub(super) const fn new(login: AwsLogin) -> Self {
        Self { login, held: Mutex::new(None) }
    }

    pub(super) fn credentials(&self) -> Result<Arc<Credentials>, KeyError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &*held {
            return Ok(Arc::clone(held));
        }
        let new = Arc::new(self.read()?);
        *held = Some(Arc::clone(&new));
        Ok(new)
    }

    /// AWS refused these. Gives others if there are any.
    pub(super) fn instead_of(
        &self,
        refused: &Credentials,
    ) -> Result<Option<Arc<Credentials>>, KeyError> {
        let new = Arc::new(self.read()?);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&new));
        Ok((*new != *refused).then_some(new))
    }

    fn read(&self) -> Result<Credentials, KeyError> {
        let credentials = match &self.login {
            AwsLogin::Given(credentials) => credentials.clone(),
            AwsLogin::File { path, profile } => {
                let text = keys::read_secret(path)?;
                parse(&text, profile).ok_or_else(|| {
                    let what = format!(
                        "{} has no [{profile}] with aws_access_key_id and aws_secret_access_key",
                        path.display()
                    );
                    KeyError::Setup { provider: NAME, what }
                })?
            }
        };
        // They go into headers.
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let token = credentials.session_token.as_ref().is_none_or(|token| plain(token));
        if !plain(&credentials.access_key_id) || !token {
            let what = "its access key or session token has signs that none has".to_owned();
            return Err(KeyError::Setup { provider: NAME, what });
        }
        Ok(credentials)
    }
}

/// One profile of a credentials file.
fn parse(text: &str, profile: &str) -> Option<Credentials> {
    let (mut here, mut id, mut secret, mut session_token) = (false, None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            here = name.trim() == profile;
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| here) else { continue };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match name.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => id = Some(value.to_owned()),
            "aws_secret_access_key" => secret = Some(Zeroizing::new(value.to_owned())),
            "aws_session_token" => session_token = Some(Zeroizing::new(value.to_owned())),
            _ => {}
        }
    }
    Some(Credentials { access_key_id: id?, secret: secret?, session_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_a_file() {
        let text = "# ours\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=a/b+c==\n\
                    region = eu-central-1\n\n[ clinic ]\nAWS_ACCESS_KEY_ID=ASIA2\n\
                    aws_secret_access_key = s\naws_session_token = t=\n[half]\naws_access_key_id=x\n";
        let parsed = |profile| parse(text, profile);
        let first = parsed("default").expect("one");
        assert_eq!((first.access_key_id.as_str(), first.secret.as_str()), ("AKIA1", "a/b+c=="));
        assert!(first.session_token.is_none());
        let second = parsed("clinic").expect("one");
        assert_eq!(second.access_key_id, "ASIA2");
        assert_eq!(second.session_token.expect("one").as_str(), "t=");
        assert!(parsed("half").is_none() && parsed("another").is_none());
    }
}
