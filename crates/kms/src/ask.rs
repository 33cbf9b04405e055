//! One request to a provider over the network: asked again when that can help, within limits.
//!
//! Knows no provider. It quotes nothing of an answer, and takes care that bodies with a data key in
//! them are overwritten afterwards, as far as they are in its hands: copies in the buffers of a
//! connection are not.

use crate::pace::{Pace, Retries};
use egress::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use egress::{Answer, Bytes, Client, Method, NoAnswer, Request, Url};
use keys::{KeyError, Zeroizing};
use serde::Serialize;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// No answer of these providers is nearly as long, bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// What an answer means for asking again.
pub(crate) enum Verdict {
    /// It is one, good or bad.
    Final,
    /// The host did nothing; asking again may help.
    Undone(KeyError),
    /// Nobody knows whether the host did it; asking again may help.
    Unknown(KeyError),
}

/// Whether the same thing may be done twice.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Repeat {
    /// Twice is as good as once.
    Harmless,
    /// Only when it is certain that it was not done.
    IfUndone,
}

/// A request that can be made anew for every try.
pub(crate) type Make<'a> = &'a (dyn Fn() -> Result<Request<Bytes>, KeyError> + Sync);

/// How a provider is asked.
pub(crate) struct Asker {
    pub(crate) provider: &'static str,
    pub(crate) pace: Arc<dyn Pace>,
    client: Client,
}

impl Asker {
    /// Trusts the authorities in `authority` (PEM) alone, or the public ones. Waits `within` for one
    /// answer.
    pub(crate) fn new(
        provider: &'static str,
        authority: Option<&[u8]>,
        within: Duration,
        pace: Arc<dyn Pace>,
    ) -> Result<Self, KeyError> {
        let roots = match authority {
            None => egress::public_roots(),
            Some(pem) => egress::roots_of(pem).map_err(|_| KeyError::Setup {
                provider,
                what: "authority_file holds no certificate of an authority in PEM".to_owned(),
            })?,
        };
        let client = Client::new(roots).within(within).max_answer_bytes(MAX_ANSWER_BYTES);
        Ok(Self { provider, pace, client })
    }

    /// Asks until there is an answer that is final, or no more use.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        make: Make<'_>,
        judge: fn(&Answer) -> Verdict,
        repeat: Repeat,
    ) -> Result<Answer, KeyError> {
        let mut retries = Retries::begin(self.pace.now_ms());
        loop {
            let (error, undone) = match self.client.send(url, make()?).await {
                Ok(answer) => match judge(&answer) {
                    Verdict::Final => return Ok(answer),
                    Verdict::Undone(error) => (error, true),
                    Verdict::Unknown(error) => (error, false),
                },
                Err(no) => {
                    let error = self.explain(no);
                    if !error.is_passing() {
                        return Err(error);
                    }
                    (error, no.is_before_sending())
                }
            };
            if !undone && repeat == Repeat::IfUndone {
                return Err(error);
            }
            match retries.after_failure(self.pace.now_ms(), self.pace.random()) {
                Some(ms) => self.pace.wait(ms).await,
                None => return Err(error),
            }
        }
    }

    fn explain(&self, no: NoAnswer) -> KeyError {
        let provider = self.provider;
        let setup = |what: &str| KeyError::Setup { provider, what: what.to_owned() };
        let unreachable = |what| KeyError::Unreachable { provider, what };
        match no {
            NoAnswer::Address => setup("its address in the settings is none of a web server"),
            NoAnswer::Untrusted => setup(
                "its certificate is not trusted here, or is for another name; name its authority as \
                 authority_file, and the address as in the certificate",
            ),
            NoAnswer::Unreachable => unreachable("no way leads to its address"),
            NoAnswer::Refused => unreachable("nothing listens at its address"),
            NoAnswer::NotTls => unreachable("it does not speak TLS as it should"),
            NoAnswer::NotHttp => unreachable("it does not speak HTTP, or breaks off"),
            NoAnswer::Slow => unreachable("not in time"),
            NoAnswer::TooLong => self.odd("too long"),
        }
    }

    /// An answer that cannot be right.
    pub(crate) const fn odd(&self, what: &'static str) -> KeyError {
        KeyError::BadAnswer { provider: self.provider, what }
    }
}

/// The address of a provider in the settings: no path but a `/`, and encrypted unless it stays on this
/// machine, since data keys go there.
pub(crate) fn base(provider: &'static str, address: &str) -> Result<Url, KeyError> {
    let bad = |what: &str| KeyError::Setup { provider, what: what.to_owned() };
    let url =
        Url::parse(address).map_err(|_| bad("its address is none; write https://host:port"))?;
    let host = url.host_str().unwrap_or_default();
    let here = matches!(host, "localhost" | "[::1]")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        "http" => return Err(bad("its address must begin with https://: data keys go there")),
        _ => return Err(bad("its address is none; write https://host:port")),
    }
    let more = url.query().is_some() || url.fragment().is_some() || url.path() != "/";
    if host.is_empty() || more || !url.username().is_empty() || url.password().is_some() {
        return Err(bad("its address has more than https://host:port; take the rest away"));
    }
    Ok(url)
}

/// A request with a JSON body, which is overwritten when it was sent.
pub(crate) fn json_request(
    method: Method,
    headers: &[(HeaderName, HeaderValue)],
    body: Option<&[u8]>,
) -> Request<Bytes> {
    let body = body.map(|body| Bytes::from_owner(Zeroizing::new(body.to_vec())));
    let mut request = Request::new(body.unwrap_or_default());
    *request.method_mut() = method;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    for (name, value) in headers {
        request.headers_mut().insert(name, value.clone());
    }
    request
}

/// A value as JSON, in memory that is overwritten.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // Large enough for every request: growing would leave a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *body, value).map_err(|_| KeyError::Crypto)?;
    Ok(body)
}

/// Overwrites an answer that held a data key.
pub(crate) fn wipe(body: Bytes) {
    use keys::Zeroize as _;
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_encrypted_unless_they_stay_here() {
        for good in [
            "https://vault.example.org:8200",
            "https://vault.example.org/",
            "http://127.0.0.1:8100",
            "http://localhost:8100",
            "http://[::1]:8100",
        ] {
            assert!(base("vault", good).is_ok(), "{good}");
        }
        for bad in [
            "http://vault.example.org:8200",
            "http://10.0.0.1",
            "http://127.0.0.1.example.org",
            "vault.example.org:8200",
            "ftp://vault.example.org",
            "https://vault.example.org/v1",
            "https://a:b@vault.example.org",
            "https://vault.example.org/?a=b",
            "",
        ] {
            let error = base("vault", bad).expect_err(bad);
            assert_eq!(error.code(), "key_setup");
            assert!(!error.to_string().contains("a:b"));
        }
    }
}
