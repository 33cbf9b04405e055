//! Judging a chain of certificates as a browser would: names, dates, authority.
//!
//! Pure: certificates and a time go in, a judgement comes out.

use super::finding::{Check, Finding};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// A certificate from files with less left than this should be renewed by whoever renews it, days.
const RENEW_FILES_DAYS: i64 = 14;
/// An ordered certificate is renewed when a third of its time is left; with less than this something
/// keeps it from that, days.
const RENEW_ORDERED_DAYS: i64 = 20;
const DAY_S: i64 = 24 * 60 * 60;

/// Where a chain comes from: that decides who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Two files of the operator's.
    Files,
    /// Ordered by the program.
    Ordered,
}

/// Judges the chain that is served, or will be, for `domain` at `now_s` (seconds since 1970).
pub fn judge(
    chain: &[CertificateDer<'_>],
    domain: &str,
    now_s: i64,
    origin: Origin,
    roots: RootCertStore,
) -> Finding {
    let failed = |code, says: String| Finding::failed(Check::Certificate, code, says);
    let Some((leaf, rest)) = chain.split_first() else {
        return failed("empty", "There is no certificate.".to_owned()).fix(get_one(origin));
    };
    let Some((from_s, until_s)) = dates(leaf) else {
        return failed("unreadable", "The certificate cannot be read.".to_owned())
            .fix(get_one(origin));
    };
    let days_left = (until_s - now_s).div_euclid(DAY_S);
    let figure = |f: Finding| f.figure("days_left", days_left);
    if now_s < from_s {
        let says = "The certificate is not valid yet.".to_owned();
        return figure(
            failed("not_yet", says).fix("Look at the clock of this machine: timedatectl"),
        );
    }
    if now_s >= until_s {
        let ago = (now_s - until_s).div_euclid(DAY_S);
        let says = format!("The certificate ran out {ago} days ago. Browsers refuse it.");
        return figure(failed("expired", says).fix(renew(origin)));
    }
    match trusted(leaf, rest, domain, now_s, roots) {
        Ok(()) => {}
        Err(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            let says = format!("The certificate is not for {domain}. Browsers refuse it.");
            let fix = match origin {
                Origin::Files => format!(
                    "Get a certificate that names {domain}, or set web.domain to the name in it"
                ),
                Origin::Ordered => {
                    "Restart the server, so that it orders one for web.domain".to_owned()
                }
            };
            return figure(failed("wrong_name", says).fix(fix));
        }
        Err(CertificateError::UnknownIssuer) => {
            let says = "No public authority stands behind the certificate: browsers that were not \
                        told of its authority refuse it.";
            let finding = Finding::warning(Check::Certificate, "unknown_authority", says);
            let fix = if rest.is_empty() {
                "Put the authority's intermediate certificates behind the server's own in the file \
                 web.certificate.chain. If the authority is your own, give its root to every browser"
            } else {
                "If the authority is your own, give its root to every browser. Otherwise order the \
                 certificate from a public one"
            };
            return figure(finding.fix(fix));
        }
        Err(_) => {
            let says = "Browsers would not accept the certificate.".to_owned();
            return figure(failed("refused", says).fix(get_one(origin)));
        }
    }
    let soon = match origin {
        Origin::Files => RENEW_FILES_DAYS,
        Origin::Ordered => RENEW_ORDERED_DAYS,
    };
    if days_left < soon {
        let says = format!("The certificate runs out in {days_left} days.");
        let finding = Finding::warning(Check::Certificate, "ends_soon", says);
        return figure(finding.fix(renew(origin)));
    }
    let says = format!("The certificate is good for {domain}, for {days_left} more days.");
    figure(Finding::ok(Check::Certificate, "good", says))
}

fn trusted(
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
    domain: &str,
    now_s: i64,
    roots: RootCertStore,
) -> Result<(), CertificateError> {
    let other = || CertificateError::ApplicationVerificationFailure;
    let verifier = WebPkiServerVerifier::builder(Arc::new(roots)).build().map_err(|_| other())?;
    let name = ServerName::try_from(domain.to_owned()).map_err(|_| other())?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now_s.try_into().unwrap_or(0)));
    match verifier.verify_server_cert(leaf, rest, &name, &[], now) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InvalidCertificate(why)) => Err(why),
        Err(_) => Err(other()),
    }
}

/// From when and until when, seconds since 1970.
fn dates(leaf: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn get_one(origin: Origin) -> &'static str {
    match origin {
        Origin::Files => "Put the chain and its key into the files that web.certificate names",
        Origin::Ordered => {
            "Look for `no certificate yet` in the log of the server: it names the reason"
        }
    }
}

fn renew(origin: Origin) -> &'static str {
    match origin {
        Origin::Files => "Renew it, put it into the files, and: systemctl restart bedside",
        Origin::Ordered => {
            "Look for `the certificate was not renewed` in the log of the server: it names the reason"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    };

    const NOON: i64 = 1_795_348_800;
    const NAME: &str = "visits.example.org";

    /// A chain for [`NAME`] that is good from 10 days ago for `days` more, and its authority's root.
    fn chain(days: i64) -> (Vec<CertificateDer<'static>>, RootCertStore) {
        let at = |s: i64| time::OffsetDateTime::from_unix_timestamp(s).expect("a time");
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.not_before = at(NOON - 900 * DAY_S);
        ca.not_after = at(NOON + 900 * DAY_S);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key"));
        let ca = ca.expect("an authority");
        let mut leaf = CertificateParams::new([NAME.to_owned()]).expect("a name");
        leaf.not_before = at(NOON - 10 * DAY_S);
        leaf.not_after = at(NOON + days * DAY_S + 60);
        let key = KeyPair::generate().expect("a key");
        let leaf = leaf.signed_by(&key, &ca).expect("signed");
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).expect("a root");
        (vec![leaf.der().clone()], roots)
    }

    #[test]
    fn a_chain_is_judged_as_browsers_would() {
        let cases = [
            (chain(60), NAME, Origin::Files, Level::Ok, "good", 60),
            (chain(13), NAME, Origin::Files, Level::Warning, "ends_soon", 13),
            (chain(14), NAME, Origin::Files, Level::Ok, "good", 14),
            (chain(19), NAME, Origin::Ordered, Level::Warning, "ends_soon", 19),
            (chain(-2), NAME, Origin::Files, Level::Failed, "expired", -2),
            (chain(60), "other.example.org", Origin::Files, Level::Failed, "wrong_name", 60),
        ];
        for ((chain, roots), name, origin, level, code, days) in cases {
            let found = judge(&chain, name, NOON, origin, roots);
            assert_eq!((found.level(), found.code), (level, code), "{}", found.says);
            assert_eq!(found.figures.get("days_left"), Some(&days));
            assert_eq!(
                found.fix().is_some(),
                level != Level::Ok,
                "a next step where one is needed"
            );
        }
    }

    #[test]
    fn an_authority_that_browsers_do_not_know_is_said() {
        let (chain, _) = chain(60);
        let found = judge(&chain, NAME, NOON, Origin::Files, egress::public_roots());
        assert_eq!((found.level(), found.code), (Level::Warning, "unknown_authority"));
        assert!(found.fix().is_some_and(|fix| fix.contains("intermediate")));
    }

    #[test]
    fn nothing_and_nonsense_are_failures_and_no_panic() {
        let nonsense = CertificateDer::from(b"nonsense".to_vec());
        for (chain, code) in [(vec![], "empty"), (vec![nonsense], "unreadable")] {
            let found = judge(&chain, NAME, NOON, Origin::Ordered, RootCertStore::empty());
            assert_eq!((found.level(), found.code), (Level::Failed, code));
        }
        let (chain, roots) = chain(60);
        let early = judge(&chain, NAME, NOON - 11 * DAY_S, Origin::Files, roots);
        assert_eq!(early.code, "not_yet");
    }
}
