//! The clinic's identity provider over the network: fetches what it says about itself, its keys and
//! tokens. What those must say is `auth::oidc`'s; how hosts are asked is `egress`'s.
//!
//! Only addresses that `auth::oidc` let through are asked, and nothing of an answer gets into a log. A
//! provider that is down is asked once in a while and not once per person who waits.

use crate::clock::Clock;
use auth::oidc::jws::{self, Key};
use auth::oidc::{Fault, Identity, OidcSettings, Provider, Way, discovery_url, id_token_of};
use egress::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use egress::{Answer, Bytes, Client, Method, NoAnswer, Request, StatusCode, Url};
use std::sync::Arc;
use std::time::Duration as Wait;
use tokio::sync::Mutex;
use visit::{Duration, Timestamp};

/// Longest wait for one answer.
const WITHIN: Wait = Wait::from_secs(8);
/// Longest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// What a provider says about itself is asked for again after this.
const DESCRIPTION_LIFE: Duration = Duration::from_min(60);
/// After a failure it is left alone for this long.
const DESCRIPTION_REST: Duration = Duration::from_s(5);
/// Keys are asked for again after this, and sooner when a token names one that is not known …
const KEYS_LIFE: Duration = Duration::from_min(60);
/// … but not more often than this: whoever sends made-up tokens must not make us send requests.
const KEYS_REST: Duration = Duration::from_min(1);

/// The identity provider of a clinic.
pub struct Sso {
    /// What was agreed with it.
    pub settings: OidcSettings,
    /// What the button says.
    pub label: String,
    client: Client,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    provider: Option<(Arc<Provider>, Timestamp)>,
    failed: Option<(Fault, Timestamp)>,
    keys: Option<(Arc<Vec<Key>>, Timestamp)>,
}

impl Sso {
    /// A provider that is asked by `client`; its limits are set here.
    #[must_use]
    pub fn new(settings: OidcSettings, label: String, client: Client, clock: Clock) -> Self {
        let client = client.within(WITHIN).max_answer_bytes(MAX_ANSWER_BYTES);
        Self { settings, label, client, clock, known: Mutex::default() }
    }

    /// What the provider says about itself.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn provider(&self) -> Result<Arc<Provider>, Fault> {
        let mut known = self.known.lock().await;
        // Asked for here: whoever waited for the lock has waited for somebody's answer.
        let now = self.clock.now();
        if let Some((provider, at)) = &known.provider
            && now.since(*at) < DESCRIPTION_LIFE
        {
            return Ok(Arc::clone(provider));
        }
        if let Some((fault, at)) = known.failed
            && now.since(at) < DESCRIPTION_REST
        {
            return Err(fault);
        }
        match self.describe().await {
            Ok(provider) => {
                let provider = Arc::new(provider);
                known.provider = Some((Arc::clone(&provider), self.clock.now()));
                known.failed = None;
                Ok(provider)
            }
            Err(fault) => {
                tracing::warn!(code = fault.code(), "the identity provider's description");
                known.failed = Some((fault, self.clock.now()));
                Err(fault)
            }
        }
    }

    /// Where one signs out of the provider, if that is known without asking.
    pub async fn sign_out_url(&self) -> Option<String> {
        // Not waited for: while somebody asks the provider, the form is there without this link.
        let known = self.known.try_lock().ok()?;
        let (provider, _) = known.provider.as_ref()?;
        provider.end_session_endpoint.as_ref().map(|url| url.as_str().to_owned())
    }

    /// Exchanges a code and says who came back.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn finish(
        &self,
        way: &Way,
        code: &str,
        issuer: Option<&str>,
    ) -> Result<Identity, Fault> {
        let provider = self.provider().await?;
        // Before the code goes anywhere: it may be one of another provider (RFC 9207 §2.4).
        provider.check_back(&self.settings, issuer)?;
        let asked = provider.token_request(&self.settings, code, &way.verifier)?;
        let body = Bytes::copy_from_slice(asked.body.as_bytes());
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if let Some(text) = &asked.authorization {
            let mut value = HeaderValue::from_str(text).map_err(|_| Fault::BadAnswer)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let answer = self.ask(&provider.token_endpoint, request).await?;
        match answer.status {
            StatusCode::OK => {}
            // RFC 6749 §5.2: the code was not accepted.
            StatusCode::BAD_REQUEST => return Err(Fault::Denied),
            _ => return Err(Fault::BadAnswer),
        }
        let token = id_token_of(&answer.body)?;
        let check = |keys: &[Key]| {
            let now = self.clock.now();
            provider.check_id_token(&self.settings, &token, keys, &way.nonce, now)
        };
        match check(&self.keys(&provider, KEYS_LIFE).await?) {
            Err(Fault::UnknownKey) => check(&self.keys(&provider, KEYS_REST).await?),
            other => other,
        }
    }

    async fn describe(&self) -> Result<Provider, Fault> {
        let url = discovery_url(&self.settings.issuer)?;
        Provider::parse(&self.get(&url).await?, &self.settings)
    }

    /// The keys, asked for anew when they are older than `life`.
    async fn keys(&self, provider: &Provider, life: Duration) -> Result<Arc<Vec<Key>>, Fault> {
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.keys
            && self.clock.now().since(*at) < life
        {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(jws::parse_keys(&self.get(&provider.jwks_uri).await?)?);
        known.keys = Some((Arc::clone(&keys), self.clock.now()));
        Ok(keys)
    }

    async fn get(&self, url: &Url) -> Result<Bytes, Fault> {
        let answer = self.ask(url, Request::new(Bytes::new())).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(Fault::BadAnswer) }
    }

    async fn ask(&self, url: &Url, mut request: Request<Bytes>) -> Result<Answer, Fault> {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.client.send(url, request).await.map_err(|no| {
            tracing::warn!(why = %no, "the identity provider did not answer");
            match no {
                NoAnswer::TooLong | NoAnswer::NotHttp => Fault::BadAnswer,
                _ => Fault::Unreachable,
            }
        })
    }
}
