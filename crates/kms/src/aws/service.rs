//! One signed request to KMS, and what its refusals mean.

use super::NAME;
use super::credentials::{Credentials, Session};
use super::signature::{Scope, Unsigned, amz_date, authorization};
use super::wire::Refusal;
use crate::ask::{Asker, Repeat, Verdict, json_request, to_json};
use egress::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use egress::{Answer, Bytes, Method, Request, Url};
use keys::KeyError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime};

const JSON: &str = "application/x-amz-json-1.1";
/// AWS takes signatures of five minutes around its own time.
const MAX_SKEW_MS: u64 = 4 * 60 * 1_000;

/// The service in one region.
pub(super) struct Service {
    pub(super) asker: Asker,
    pub(super) url: Url,
    pub(super) region: String,
    pub(super) session: Session,
}

/// A refusal that is about a key, so that the caller knows what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// Altered, in another place, or of another key.
    Ciphertext,
    Disabled,
    /// It waits for its deletion, or is not ready.
    State,
    NotFound,
    AlreadyExists,
}

impl Service {
    /// Calls an action. The outer error is not about a key.
    pub(super) async fn call<T: Serialize>(
        &self,
        action: &'static str,
        body: &T,
        repeat: Repeat,
    ) -> Result<Result<Answer, Fault>, KeyError> {
        let body = to_json(body)?;
        let credentials = self.session.credentials()?;
        let answer = self.send(action, &body, &credentials, repeat).await?;
        if !is_about_credentials(&kind(&answer)) {
            return self.judge(answer);
        }
        // Somebody may have renewed them.
        match self.session.instead_of(&credentials)? {
            Some(other) => self.judge(self.send(action, &body, &other, repeat).await?),
            None => self.judge(answer),
        }
    }

    /// An answer as JSON.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, KeyError> {
        serde_json::from_slice(&answer.body).map_err(|_| self.asker.odd("of another form"))
    }

    async fn send(
        &self,
        action: &'static str,
        body: &[u8],
        credentials: &Credentials,
        repeat: Repeat,
    ) -> Result<Answer, KeyError> {
        // Each try is signed anew, since a signature has a date.
        let make = || self.request(action, body, credentials);
        self.asker.ask(&self.url, &make, again, repeat).await
    }

    fn request(
        &self,
        action: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Result<Request<Bytes>, KeyError> {
        let host = self.url.host_str().unwrap_or_default();
        // As the client writes it.
        let host = self.url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let date = amz_date(self.asker.pace.unix_ms());
        let target = format!("TrentService.{action}");
        let mut headers = vec![
            ("content-type", JSON),
            ("host", host.as_str()),
            ("x-amz-date", date.as_str()),
            ("x-amz-target", target.as_str()),
        ];
        if let Some(token) = &credentials.session_token {
            headers.push(("x-amz-security-token", token.as_str()));
        }
        let scope = Scope { region: &self.region, service: "kms" };
        let unsigned = Unsigned { method: "POST", headers: headers.clone(), body };
        let authorization = authorization(credentials, &scope, &date, unsigned);
        let value = |text: &str| {
            let mut value =
                HeaderValue::from_str(text).map_err(|_| self.asker.odd("unsendable"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let mut sent = vec![(CONTENT_TYPE, HeaderValue::from_static(JSON))];
        for (name, text) in headers.into_iter().filter(|(name, _)| name.starts_with("x-amz-")) {
            let name = HeaderName::from_bytes(name.as_bytes());
            sent.push((name.map_err(|_| self.asker.odd("unsendable"))?, value(text)?));
        }
        sent.push((AUTHORIZATION, value(&authorization)?));
        Ok(json_request(Method::POST, &sent, Some(body)))
    }

    fn judge(&self, answer: Answer) -> Result<Result<Answer, Fault>, KeyError> {
        let refused = |what| KeyError::Refused { provider: NAME, what };
        let setup = |what: &str| KeyError::Setup { provider: NAME, what: what.to_owned() };
        if answer.status.as_u16() == 200 {
            return Ok(Ok(answer));
        }
        if answer.status.is_redirection() {
            return Err(setup("its endpoint sends us elsewhere; look at region and endpoint"));
        }
        Ok(Err(match kind(&answer).as_str() {
            "InvalidCiphertextException" | "IncorrectKeyException" => Fault::Ciphertext,
            "DisabledException" => Fault::Disabled,
            "KMSInvalidStateException" => Fault::State,
            "NotFoundException" => Fault::NotFound,
            "AlreadyExistsException" => Fault::AlreadyExists,
            "AccessDeniedException" => {
                return Err(refused(
                    "the policy of the user or of the key does not allow it; docs/keys.md has the policy",
                ));
            }
            "LimitExceededException" => {
                return Err(refused(
                    "the account has as many keys or aliases as it may; ask AWS for more, or delete some",
                ));
            }
            "InvalidSignatureException" if self.is_clock_wrong(&answer) => {
                return Err(refused("this machine's clock is wrong; set it"));
            }
            "InvalidSignatureException" => {
                return Err(refused("the secret access key or the region is wrong"));
            }
            kind if is_about_credentials(kind) => {
                return Err(refused(
                    "the access key is not good, or not any more; put another one into credentials_file or \
                     the environment",
                ));
            }
            "ValidationException" | "InvalidArnException" | "InvalidAliasNameException" => {
                return Err(setup(
                    "it takes a request for wrong; look at alias_prefix and endpoint",
                ));
            }
            _ => return Err(self.asker.odd("of another form")),
        }))
    }

    fn is_clock_wrong(&self, answer: &Answer) -> bool {
        let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
            return false;
        };
        let ours = SystemTime::UNIX_EPOCH + Duration::from_millis(self.asker.pace.unix_ms());
        let apart = ours.duration_since(theirs).unwrap_or_else(|error| error.duration());
        apart > Duration::from_millis(MAX_SKEW_MS)
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
fn is_about_credentials(kind: &str) -> bool {
    matches!(
        kind,
        "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignatureException"
            | "InvalidSignatureException"
    )
}

pub(crate) fn again(answer: &Answer) -> Verdict {
    let unreachable = |what| KeyError::Unreachable { provider: NAME, what };
    if answer.status.as_u16() == 200 {
        return Verdict::Final;
    }
    match kind(answer).as_str() {
        "ThrottlingException" | "TooManyRequestsException" => {
            Verdict::Undone(KeyError::Busy { provider: NAME })
        }
        "KeyUnavailableException" => Verdict::Unknown(unreachable("the key is not ready")),
        _ if answer.status.as_u16() == 429 => Verdict::Undone(KeyError::Busy { provider: NAME }),
        _ if answer.status.is_server_error() => {
            Verdict::Unknown(unreachable("it has trouble of its own"))
        }
        _ => Verdict::Final,
    }
}

/// The name of a refusal: `NotFoundException` of `com.amazonaws.kms#NotFoundException:http://…`.
pub(crate) fn kind(answer: &Answer) -> String {
    if answer.status.as_u16() == 200 {
        return String::new();
    }
    let header = answer.headers.get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
    let name = header.map_or_else(
        || serde_json::from_slice::<Refusal>(&answer.body).map(|r| r.kind).unwrap_or_default(),
        str::to_owned,
    );
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().to_owned()
}
