//! One request to Vault, with or without a token: where it goes, and what its status means.

use super::NAME;
use super::login::Token;
use crate::ask::{Asker, Repeat, Verdict, json_request};
use egress::header::{HeaderName, HeaderValue};
use egress::{Answer, Method, Url};
use keys::KeyError;
use serde::de::DeserializeOwned;

/// The server, without who asks.
pub(super) struct Place {
    pub(super) asker: Asker,
    pub(super) base: Url,
    pub(super) namespace: Option<HeaderValue>,
}

impl Place {
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        token: Option<&Token>,
        body: Option<&[u8]>,
        repeat: Repeat,
    ) -> Result<Answer, KeyError> {
        let setup = |what: &str| KeyError::Setup { provider: NAME, what: what.to_owned() };
        let mut headers = vec![(
            // Tells Vault that no browser was led here by somebody else.
            HeaderName::from_static("x-vault-request"),
            HeaderValue::from_static("true"),
        )];
        if let Some(token) = token {
            let value = HeaderValue::from_str(token).map_err(|_| setup("its token is none"))?;
            headers.push((HeaderName::from_static("x-vault-token"), sensitive(value)));
        }
        if let Some(namespace) = &self.namespace {
            headers.push((HeaderName::from_static("x-vault-namespace"), namespace.clone()));
        }
        let mut url = self.base.clone();
        let path = path.iter().flat_map(|part| part.split('/'));
        url.path_segments_mut()
            .map_err(|()| setup("its address is none"))?
            .clear()
            .push("v1")
            .extend(path);
        let make = || Ok(json_request(method.clone(), &headers, body));
        let answer = self.asker.ask(&url, &make, judge, repeat).await?;
        if answer.status.is_redirection() {
            return Err(setup(
                "it sends us elsewhere, where a token is not sent; name the address of the active node, or \
                 of what stands in front of all",
            ));
        }
        Ok(answer)
    }

    /// An answer as JSON.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        answer: Answer,
        what: &'static str,
    ) -> Result<T, KeyError> {
        serde_json::from_slice(&answer.body).map_err(|_| self.asker.odd(what))
    }
}

/// <https://developer.hashicorp.com/vault/api-docs#http-status-codes>
fn judge(answer: &Answer) -> Verdict {
    let unreachable = |what| KeyError::Unreachable { provider: NAME, what };
    match answer.status.as_u16() {
        // A quota.
        429 => Verdict::Undone(KeyError::Busy { provider: NAME }),
        // A node that has not caught up yet.
        412 | 472 | 473 => Verdict::Undone(unreachable("this node is not the active one")),
        503 => Verdict::Unknown(unreachable("it is sealed or being maintained; unseal it")),
        status if status >= 500 => Verdict::Unknown(unreachable("it has trouble of its own")),
        _ => Verdict::Final,
    }
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
