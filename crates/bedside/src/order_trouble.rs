//! Plain words for what stands between the server and its certificate.
//!
//! Owns the meaning of a certificate authority's refusals (RFC 8555 §6.7, RFC 8737) and the next step
//! for each. It never repeats what an authority wrote: that may quote the contact's address.

use rustls_acme::OrderError;
use rustls_acme::acme::{AcmeError, Problem};
use std::fmt;

/// Why there is no new certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// No connection, or one that broke.
    #[error(
        "the certificate authority cannot be reached. Check web.certificate.directory, the name \
         service, and that this server may connect there"
    )]
    Unreachable,
    /// The authority's own HTTPS certificate does not hold.
    #[error(
        "the certificate authority's own certificate is not trusted. For an authority of your own \
         set web.certificate.authority_root; else check this machine's clock"
    )]
    Untrusted,
    /// It refused a step.
    #[error("the certificate authority refused: {0}")]
    Refused(Refusal),
    /// It looked at this server and was not convinced.
    #[error("the certificate authority could not verify this server: {0}")]
    Unproven(Refusal),
    /// It has no challenge that this server can answer.
    #[error(
        "the certificate authority does not offer the challenge tls-alpn-01. Allow it there, or use \
         web.certificate with from = \"files\""
    )]
    NoChallenge,
    /// It did not come to an end.
    #[error("the certificate authority did not finish in time")]
    Slow,
    /// What it said is not ACME.
    #[error(
        "the certificate authority's answer is not understood. Check that web.certificate.directory \
         is the address of an ACME directory"
    )]
    Odd,
}

impl Trouble {
    /// What a failed order means.
    #[must_use]
    pub fn of(error: &OrderError) -> Self {
        match error {
            OrderError::Acme(AcmeError::NoTlsAlpn01Challenge) => Self::NoChallenge,
            OrderError::Acme(AcmeError::HttpRequest(error)) => Self::of_request(&error.to_string()),
            OrderError::BadAuth(auth) => {
                let said = auth.challenges.iter().find_map(|c| c.error.as_ref());
                Self::Unproven(Refusal::of_problem(said))
            }
            OrderError::BadOrder(order) => Self::Refused(Refusal::of_problem(order.error.as_ref())),
            OrderError::TooManyAttemptsAuth(_) | OrderError::ProcessingTimeout(_) => Self::Slow,
            OrderError::Acme(_) | OrderError::Rcgen(_) => Self::Odd,
        }
    }

    /// The library's error of a request cannot be taken apart from outside it, so its text is
    /// searched for the few marks that matter. An unknown text is [`Self::Odd`].
    fn of_request(text: &str) -> Self {
        if text.contains("InvalidCertificate") {
            Self::Untrusted
        } else if let Some((_, status)) = text.split_once("non 2xx http status: ") {
            let down = if status.starts_with('5') { Refusal::Inside } else { Refusal::Other };
            Self::Refused(Refusal::in_text(text).unwrap_or(down))
        } else if text.contains("ConnectError")
            || text.contains("io error")
            || text.contains("IoError")
        {
            Self::Unreachable
        } else {
            Self::Odd
        }
    }

    /// Stable, for alerts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "acme_unreachable",
            Self::Untrusted => "acme_untrusted",
            Self::Refused(_) => "acme_refused",
            Self::Unproven(_) => "acme_unproven",
            Self::NoChallenge => "acme_no_challenge",
            Self::Slow => "acme_slow",
            Self::Odd => "acme_odd",
        }
    }

    /// The authority's kind of problem, if it named one (RFC 8555 §6.7).
    #[must_use]
    pub const fn problem(self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) | Self::Unproven(refusal) => Some(refusal.name()),
            _ => None,
        }
    }
}

/// The kinds of problem that ask for something from the operator, and the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A CAA record forbids it.
    Caa,
    /// The authority cannot connect to the server.
    Connection,
    /// The name does not resolve.
    Dns,
    /// The handshake with the server failed.
    Tls,
    /// Somebody else answered at the name.
    Unauthorized,
    /// Too many orders.
    RateLimited,
    /// It gives no certificate for this name.
    RejectedIdentifier,
    /// It does not take the contact's address.
    Contact,
    /// It wants an account that was made elsewhere.
    ExternalAccount,
    /// It wants something done on its pages.
    UserAction,
    /// It has a fault of its own.
    Inside,
    /// Anything else.
    Other,
}

impl Refusal {
    const PREFIX: &'static str = "urn:ietf:params:acme:error:";

    const NAMES: [(&'static str, Self); 14] = [
        ("caa", Self::Caa),
        ("connection", Self::Connection),
        ("dns", Self::Dns),
        ("tls", Self::Tls),
        ("unauthorized", Self::Unauthorized),
        ("incorrectResponse", Self::Unauthorized),
        ("rateLimited", Self::RateLimited),
        ("rejectedIdentifier", Self::RejectedIdentifier),
        ("unsupportedIdentifier", Self::RejectedIdentifier),
        ("invalidContact", Self::Contact),
        ("unsupportedContact", Self::Contact),
        ("externalAccountRequired", Self::ExternalAccount),
        ("userActionRequired", Self::UserAction),
        ("serverInternal", Self::Inside),
    ];

    fn of_problem(problem: Option<&Problem>) -> Self {
        problem.and_then(|p| p.typ.as_deref()).and_then(Self::in_text).unwrap_or(Self::Other)
    }

    fn in_text(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(Self::PREFIX)?;
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let name = rest.get(..end)?;
        Some(Self::NAMES.iter().find(|(known, _)| *known == name).map_or(Self::Other, |(_, r)| *r))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Caa => "caa",
            Self::Connection => "connection",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rateLimited",
            Self::RejectedIdentifier => "rejectedIdentifier",
            Self::Contact => "invalidContact",
            Self::ExternalAccount => "externalAccountRequired",
            Self::UserAction => "userActionRequired",
            Self::Inside => "serverInternal",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caa => "a CAA record of the domain names other authorities. Change that record",
            Self::Connection => {
                "it cannot connect. Open port 443 of web.domain to it, and pass it on unchanged"
            }
            Self::Dns => "web.domain does not resolve. Make its A or AAAA record",
            Self::Tls => {
                "the handshake on port 443 of web.domain failed. Let nothing in front of this server \
                 end TLS"
            }
            Self::Unauthorized => {
                "another server answered at web.domain. Let its A and AAAA records point to this one, \
                 and let nothing in front of it end TLS"
            }
            Self::RateLimited => "too many orders. Wait as long as its rules say",
            Self::RejectedIdentifier => "it gives no certificate for web.domain. Use another authority",
            Self::Contact => "it does not take the e-mail address in web.certificate.contact",
            Self::ExternalAccount => {
                "it wants an account made on its own pages, which is not supported. Use another authority"
            }
            Self::UserAction => "something has to be done on its own pages first",
            Self::Inside => "it has trouble of its own. Nothing to do here",
            Self::Other => "its rules do not allow this order. Check the settings in web.certificate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_fail_are_told_apart() {
        let cases = [
            (
                "http error: ConnectError(TcpConnect(Os { code: 111, kind: ConnectionRefused }))",
                Trouble::Unreachable,
            ),
            (
                "http error: ConnectError(TlsConnect(Custom { kind: InvalidData, error: \
                 InvalidCertificate(UnknownIssuer) }))",
                Trouble::Untrusted,
            ),
            ("io error: Kind(UnexpectedEof)", Trouble::Unreachable),
            ("non 2xx http status: 503 \"\"", Trouble::Refused(Refusal::Inside)),
            ("non 2xx http status: 404 \"<html>\"", Trouble::Refused(Refusal::Other)),
            (
                r#"non 2xx http status: 429 "{\"type\":\"urn:ietf:params:acme:error:rateLimited\"}""#,
                Trouble::Refused(Refusal::RateLimited),
            ),
            (
                r#"non 2xx http status: 400 "{\"type\":\"urn:ietf:params:acme:error:newKind\"}""#,
                Trouble::Refused(Refusal::Other),
            ),
            ("could not determine host from url", Trouble::Odd),
        ];
        for (text, wanted) in cases {
            assert_eq!(Trouble::of_request(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_authority_is_never_quoted() {
        let canary = "canary@clinic.example";
        let problem = Problem {
            typ: Some(format!("{}invalidContact", Refusal::PREFIX)),
            detail: Some(format!("{canary} has no mail server")),
        };
        let trouble = Trouble::Refused(Refusal::of_problem(Some(&problem)));
        assert_eq!(trouble.problem(), Some("invalidContact"));
        assert!(!trouble.to_string().contains(canary));
        // An odd kind of problem is no way around it.
        let odd = Problem { typ: Some(format!("{}{canary}", Refusal::PREFIX)), detail: None };
        assert_eq!(Refusal::of_problem(Some(&odd)), Refusal::Other);
    }
}
