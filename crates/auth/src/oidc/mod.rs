//! Sign-in by the clinic's own identity provider: the relying party of OpenID Connect Core 1.0, code
//! flow with PKCE (RFC 7636), without IO.
//!
//! # What it owns
//! What a provider may say about itself (OpenID Connect Discovery 1.0), the address that a browser is
//! sent to, the request for a token, and whether an ID token says what it must. [`jws`] checks
//! signatures.
//!
//! # What it never does
//! It makes no connection and reads no clock. It believes nothing that is not in a signed token:
//! there is no call for user information, and access tokens are dropped unread.

pub mod jws;

use crate::json;
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jws::{Algorithm, Key};
use serde::Deserialize;
use store::SecretHash;
use subtle::ConstantTimeEq as _;
use url::Url;
use visit::{Duration, Timestamp};
use zeroize::Zeroizing;

/// How far the clocks of the provider and of this machine may be apart.
pub const SKEW: Duration = Duration::from_min(1);
/// The oldest token that is taken.
pub const MAX_AGE: Duration = Duration::from_min(10);
/// The longest subject, in bytes (OpenID Connect Core §2).
const MAX_SUBJECT_BYTES: usize = 255;
/// The longest code, in bytes.
const MAX_CODE_BYTES: usize = 4_096;

/// What the clinic has agreed with its provider. No `Debug`: it holds the client's secret.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider, exactly as it names itself.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Zeroizing<String>,
    /// Where browsers come back to.
    pub redirect_uri: String,
    /// Further hosts of the provider, for one whose addresses are on several.
    pub hosts: Vec<String>,
    /// Only addresses of these domains are bound to accounts; all, when empty.
    pub email_domains: Vec<String>,
    /// Classes of authentication (`acr`) that count as both factors.
    pub second_factor_acr: Vec<String>,
    /// Methods (`amr`) of which one counts as the second factor.
    pub second_factor_amr: Vec<String>,
}

/// Why somebody did not come in this way. The codes go into audit entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The provider was not reached, or did not answer in time.
    Unreachable,
    /// An answer of the provider is not what it must be, or is too large.
    BadAnswer,
    /// The provider describes somebody else, or addresses elsewhere.
    WrongProvider,
    /// The provider offers nothing that we take.
    Unsuitable,
    /// The way back does not belong to the way there.
    BadState,
    /// The provider says no.
    Denied,
    /// No token, or a malformed one.
    BadToken,
    /// A token is signed in a way that is not allowed.
    BadAlgorithm,
    /// A token is signed by a key that the provider does not publish.
    UnknownKey,
    /// The signature of a token is wrong.
    BadSignature,
    /// A token of another issuer.
    WrongIssuer,
    /// A token for somebody else.
    WrongAudience,
    /// A token of another sign-in.
    WrongNonce,
    /// A token that is too old or not yet good.
    Expired,
}

impl Fault {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::BadAnswer => "bad_answer",
            Self::WrongProvider => "wrong_provider",
            Self::Unsuitable => "unsuitable",
            Self::BadState => "bad_state",
            Self::Denied => "denied",
            Self::BadToken => "bad_token",
            Self::BadAlgorithm => "bad_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongNonce => "wrong_nonce",
            Self::Expired => "expired",
        }
    }
}

/// What a provider says about itself, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Where one signs out of it.
    pub end_session_endpoint: Option<Url>,
    algorithms: Vec<Algorithm>,
    basic: bool,
    names_itself: bool,
}

#[derive(Deserialize)]
struct WireProvider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
    response_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The address of a provider's description (Discovery §4.1).
///
/// # Errors
/// [`Fault::WrongProvider`] when the issuer is no address that we may ask.
pub fn discovery_url(issuer: &str) -> Result<Url, Fault> {
    let url =
        endpoint(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
    if url.query().is_some() { Err(Fault::WrongProvider) } else { Ok(url) }
}

/// An address that may be asked: HTTPS, or plain HTTP on this very machine. Without user names.
fn endpoint(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|_| Fault::WrongProvider)?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let secure = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if secure && plain && url.has_host() { Ok(url) } else { Err(Fault::WrongProvider) }
}

impl Provider {
    /// Reads a description (Discovery §3 and §4.3).
    ///
    /// # Errors
    /// [`Fault::BadAnswer`], [`Fault::WrongProvider`] when it is another's or names addresses at
    /// other hosts, [`Fault::Unsuitable`] when nothing of what it offers is taken.
    pub fn parse(bytes: &[u8], settings: &OidcSettings) -> Result<Self, Fault> {
        let wire: WireProvider = json::read(bytes).ok_or(Fault::BadAnswer)?;
        if wire.issuer != settings.issuer {
            return Err(Fault::WrongProvider);
        }
        let home = endpoint(&wire.issuer)?;
        let near = |text: &str| {
            let url = endpoint(text)?;
            let same = url.origin() == home.origin();
            let named = url.scheme() == "https"
                && url.port().is_none()
                && url.host_str().is_some_and(|host| settings.hosts.iter().any(|h| h == host));
            if same || named { Ok(url) } else { Err(Fault::WrongProvider) }
        };
        let algorithms: Vec<Algorithm> = wire
            .id_token_signing_alg_values_supported
            .iter()
            .filter_map(|name| Algorithm::parse(name))
            .collect();
        let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
        // RFC 8414 §2: what is left out means client_secret_basic.
        let methods = wire.token_endpoint_auth_methods_supported;
        let basic = methods.as_ref().is_none_or(|list| has(list, "client_secret_basic"));
        let post = methods.as_ref().is_some_and(|list| has(list, "client_secret_post"));
        let pkce =
            wire.code_challenge_methods_supported.as_ref().is_none_or(|list| has(list, "S256"));
        let code = has(&wire.response_types_supported, "code");
        if algorithms.is_empty() || !(basic || post) || !pkce || !code {
            return Err(Fault::Unsuitable);
        }
        Ok(Self {
            authorization_endpoint: near(&wire.authorization_endpoint)?,
            token_endpoint: near(&wire.token_endpoint)?,
            jwks_uri: near(&wire.jwks_uri)?,
            end_session_endpoint: wire.end_session_endpoint.as_deref().map(near).transpose()?,
            algorithms,
            basic,
            names_itself: wire.authorization_response_iss_parameter_supported,
        })
    }

    /// Where a browser is sent (Core §3.1.2.1, RFC 7636 §4.3).
    #[must_use]
    pub fn authorization_url(&self, settings: &OidcSettings, way: &Way) -> String {
        let mut url = self.authorization_endpoint.clone();
        let verifier = way.verifier.to_text();
        let hash = SecretHash::of(verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(hash.as_bytes());
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", "openid email")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &settings.redirect_uri)
            .append_pair("state", &way.state.to_text())
            .append_pair("nonce", &way.nonce.to_text())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !settings.second_factor_acr.is_empty() {
            url.query_pairs_mut().append_pair("acr_values", &settings.second_factor_acr.join(" "));
        }
        url.into()
    }

    /// The request that exchanges a code (Core §3.1.3.1).
    ///
    /// # Errors
    /// [`Fault::BadState`] when the code is too long to be one.
    pub fn token_request(
        &self,
        settings: &OidcSettings,
        code: &str,
        verifier: &Secret,
    ) -> Result<TokenRequest, Fault> {
        if code.is_empty() || code.len() > MAX_CODE_BYTES {
            return Err(Fault::BadState);
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &settings.redirect_uri)
            .append_pair("code_verifier", &verifier.to_text());
        let authorization = if self.basic {
            // RFC 6749 §2.3.1: both parts are form-encoded first.
            let part = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            let pair = Zeroizing::new(format!(
                "{}:{}",
                part(&settings.client_id),
                part(&settings.client_secret)
            ));
            Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
        } else {
            form.append_pair("client_id", &settings.client_id)
                .append_pair("client_secret", &settings.client_secret);
            None
        };
        Ok(TokenRequest { body: Zeroizing::new(form.finish()), authorization })
    }

    /// Checks what the way back says about who sends it (RFC 9207).
    ///
    /// # Errors
    /// [`Fault::WrongIssuer`].
    pub fn check_back(&self, settings: &OidcSettings, issuer: Option<&str>) -> Result<(), Fault> {
        match issuer {
            Some(issuer) if issuer == settings.issuer => Ok(()),
            None if !self.names_itself => Ok(()),
            _ => Err(Fault::WrongIssuer),
        }
    }

    /// Checks an ID token (Core §3.1.3.7) and says who it is about.
    ///
    /// # Errors
    /// The first [`Fault`]. After [`Fault::UnknownKey`] the keys may be fetched anew, once.
    pub fn check_id_token(
        &self,
        settings: &OidcSettings,
        token: &str,
        keys: &[Key],
        nonce: &Secret,
        now: Timestamp,
    ) -> Result<Identity, Fault> {
        let payload = jws::verify(token, keys, &self.algorithms)?;
        settings.check_claims(&payload, nonce, now)
    }
}

impl OidcSettings {
    /// Checks what a signed ID token says (Core §3.1.3.7) and says who it is about.
    ///
    /// # Errors
    /// The first [`Fault`].
    pub fn check_claims(
        &self,
        payload: &[u8],
        nonce: &Secret,
        now: Timestamp,
    ) -> Result<Identity, Fault> {
        let claims: Claims = json::read(payload).ok_or(Fault::BadToken)?;
        if claims.iss != self.issuer {
            return Err(Fault::WrongIssuer);
        }
        // For us and nobody else: who shares a token with others could be played by them.
        let alone = matches!(claims.aud.list(), [one] if *one == self.client_id);
        let azp = claims.azp.as_ref().is_none_or(|azp| *azp == self.client_id);
        if !alone || !azp {
            return Err(Fault::WrongAudience);
        }
        let wanted = nonce.to_text();
        let nonce = claims.nonce.unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(wanted.as_bytes())) {
            return Err(Fault::WrongNonce);
        }
        let at = |seconds: i64| Timestamp(seconds.saturating_mul(1_000_000));
        let late = now.plus(SKEW);
        if at(claims.exp).plus(SKEW) <= now
            || at(claims.iat) > late
            || now.since(at(claims.iat)) > MAX_AGE
            || claims.nbf.is_some_and(|nbf| at(nbf) > late)
        {
            return Err(Fault::Expired);
        }
        let subject_fits = (1..=MAX_SUBJECT_BYTES).contains(&claims.sub.len())
            && claims.sub.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !subject_fits {
            return Err(Fault::BadToken);
        }
        let class = claims.acr.is_some_and(|acr| self.second_factor_acr.contains(&acr));
        let method = claims.amr.iter().any(|amr| self.second_factor_amr.contains(amr));
        let verified = match (claims.email_verified, claims.xms_edov) {
            (Some(says), _) | (None, Some(says)) => says.0,
            (None, None) => false,
        };
        let email = claims.email.filter(|email| verified && self.takes(email));
        Ok(Identity { subject: claims.sub, email, second_factor: class || method })
    }

    fn takes(&self, email: &str) -> bool {
        let Some((_, domain)) = email.rsplit_once('@') else { return false };
        self.email_domains.is_empty()
            || self.email_domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain))
    }
}

/// The secrets of one way to the provider and back. No `Debug`.
pub struct Way {
    /// Names the way; travels in addresses.
    pub state: Secret,
    /// Ties the token to the way.
    pub nonce: Secret,
    /// Ties the code to us.
    pub verifier: Secret,
}

/// A request for a token. No `Debug`: it holds the client's secret and a code.
pub struct TokenRequest {
    /// The body, `application/x-www-form-urlencoded`.
    pub body: Zeroizing<String>,
    /// The `Authorization` header.
    pub authorization: Option<Zeroizing<String>>,
}

/// Who a token is about. No `Debug`.
pub struct Identity {
    /// Who, at the provider.
    pub subject: String,
    /// Their e-mail address, if the provider has verified it and its domain is taken.
    pub email: Option<String>,
    /// The provider asked for a second factor, and the clinic takes its word for it.
    pub second_factor: bool,
}

/// The ID token out of a token answer (Core §3.1.3.3).
///
/// # Errors
/// [`Fault::BadAnswer`].
pub fn id_token_of(answer: &[u8]) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Answer {
        token_type: String,
        id_token: String,
    }
    let answer: Answer = json::read(answer).ok_or(Fault::BadAnswer)?;
    if answer.token_type.eq_ignore_ascii_case("bearer") {
        Ok(answer.id_token)
    } else {
        Err(Fault::BadAnswer)
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Yes>,
    /// Microsoft Entra ID says it by this optional claim, and never by the standard one: the domain of
    /// the address is one that the person's organisation has proved to be its own.
    #[serde(default)]
    xms_edov: Option<Yes>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Many(Vec<String>),
    Bare(String),
}

impl Audience {
    fn list(&self) -> &[String] {
        match self {
            Self::Many(many) => many,
            Self::Bare(one) => std::slice::from_ref(one),
        }
    }
}

/// `true`, or one of the other ways in which providers write it.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "serde_json::Value")]
struct Yes(bool);

impl From<serde_json::Value> for Yes {
    fn from(value: serde_json::Value) -> Self {
        Self(value == serde_json::Value::Bool(true) || value == "true")
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
