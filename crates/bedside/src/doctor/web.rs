//! The public name, the HTTPS port, and the certificate that is served there.

use super::certificate::{self, Origin};
use super::finding::{Check, Finding, first_do};
use super::https::{self, Answer, NoAnswer, Trust};
use crate::config::{Certificate, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for the name service.
const NAMES_WITHIN: Duration = Duration::from_secs(5);

/// Who is on the HTTPS port.
pub enum Listener {
    /// The server of these settings.
    Ours(Box<Answer>),
    /// Nobody; the port can be had.
    Free,
    /// Somebody else, or a port that we may not have.
    NotOurs,
}

impl Listener {
    /// Whether the server of these settings runs.
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Ours(_))
    }
}

/// `host[:port]` as browsers write it.
pub fn host_header(config: &Config) -> String {
    config.web.origin().trim_start_matches("https://").to_owned()
}

/// Looks who answers where the settings say that the server listens.
pub async fn listener(config: &Config) -> (Listener, Finding) {
    let listen = config.web.listen;
    let failed = |code, says: String| Finding::failed(Check::Https, code, says);
    if listen.port() == 0 {
        let says =
            "web.listen has port 0: the system chooses another port at each start.".to_owned();
        let finding = Finding::warning(Check::Https, "any_port", says);
        return (Listener::NotOurs, finding.fix("Set web.listen to \"0.0.0.0:443\""));
    }
    let here = knock_at(listen);
    let answer = https::get(here, &host_header(config), "/api/clinic", &Trust::everybody()).await;
    match answer {
        Ok(answer) if is_ours(&answer, &config.clinic.name) => {
            let says = format!("The server runs and answers on {listen}.");
            let finding = match health(here, config).await {
                Ok(200) => Finding::ok(Check::Https, "runs", says),
                _ => failed(
                    "unhealthy",
                    format!("{says} But it says that it cannot work (/healthz)."),
                )
                .fix("Look at its log: journalctl -u bedside"),
            };
            (Listener::Ours(Box::new(answer)), finding)
        }
        Ok(_) => {
            let says = format!("Another server answers on {listen}, or one with other settings.");
            let fix = format!(
                "See which: ss -ltnp 'sport = :{}'. Stop it, or restart Bedside with these settings",
                listen.port()
            );
            (Listener::NotOurs, failed("somebody_else", says).fix(fix))
        }
        Err(why) => match std::net::TcpListener::bind(listen) {
            Ok(_) => {
                let says = format!("The server does not run; {listen} is free for it.");
                (Listener::Free, Finding::ok(Check::Https, "free", says))
            }
            Err(error) => (Listener::NotOurs, no_bind(listen, error.kind(), why)),
        },
    }
}

fn no_bind(listen: SocketAddr, kind: std::io::ErrorKind, why: NoAnswer) -> Finding {
    let port = listen.port();
    match kind {
        std::io::ErrorKind::PermissionDenied => {
            let says = format!("This user may not have port {port}, so it was not tried.");
            let fix = format!(
                "If the server runs by systemd with AmbientCapabilities=CAP_NET_BIND_SERVICE it may. To \
                 look all the same: sudo bedside doctor, or start the server first (port {port})"
            );
            Finding::not_checked(Check::Https, "not_allowed", says).fix(fix)
        }
        std::io::ErrorKind::AddrInUse if why == NoAnswer::NotTls => {
            let says = format!(
                "Something holds {listen} and gives no certificate: another program, or a Bedside that \
                 has none yet."
            );
            let fix = format!(
                "See which: ss -ltnp 'sport = :{port}'. A Bedside without a certificate says why in its \
                 log: journalctl -u bedside"
            );
            Finding::failed(Check::Https, "no_tls", says).fix(fix)
        }
        std::io::ErrorKind::AddrInUse => {
            let says = format!("Another program has {listen}, or a Bedside that hangs.");
            let fix = format!("See which: ss -ltnp 'sport = :{port}', and stop it");
            Finding::failed(Check::Https, "taken", says).fix(fix)
        }
        _ => {
            let says = format!("{listen} is no address that this machine can listen on.");
            Finding::failed(Check::Https, "bad_address", says)
                .fix("Set web.listen to \"0.0.0.0:443\"")
        }
    }
}

async fn health(here: SocketAddr, config: &Config) -> Result<u16, NoAnswer> {
    let answer = https::get(here, &host_header(config), "/healthz", &Trust::everybody()).await;
    answer.map(|a| a.status)
}

/// Whether it is a Bedside of this clinic.
fn is_ours(answer: &Answer, clinic: &str) -> bool {
    let said = serde_json::from_slice::<protocol::http::Clinic>(&answer.body);
    answer.status == 200 && said.is_ok_and(|said| said.clinic == clinic)
}

/// Where to knock for an address that is listened on.
pub fn knock_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, listen.port())
}

/// The certificate that is served, or that would be.
pub fn certificate(config: &Config, listener: &Listener, now_s: i64) -> Vec<Finding> {
    let domain = &config.web.domain;
    let roots = egress::public_roots();
    let judge = |chain: &[CertificateDer<'static>], origin| {
        certificate::judge(chain, domain, now_s, origin, roots.clone())
    };
    let served = match listener {
        Listener::Ours(answer) => Some(&answer.chain),
        _ => None,
    };
    match &config.web.certificate {
        Certificate::Files { chain, key } => {
            let filed = match usable(chain, key) {
                Ok(filed) => filed,
                Err(says) => {
                    let fix = "Put the chain and its key, both PEM, where web.certificate says";
                    return vec![Finding::failed(Check::Certificate, "files", says).fix(fix)];
                }
            };
            let mut found = vec![judge(served.unwrap_or(&filed), Origin::Files)];
            if served.is_some_and(|served| served.first() != filed.first()) {
                let says =
                    "The running server serves another certificate than the one in the file.";
                found.push(
                    Finding::warning(Check::Certificate, "not_served", says)
                        .fix("It is read at start: systemctl restart bedside"),
                );
            }
            found
        }
        Certificate::Acme { .. } => match served.cloned().or_else(|| kept(config)) {
            Some(chain) => vec![judge(&chain, Origin::Ordered)],
            None => {
                let says = "No certificate was ordered yet; the server does that when it runs.";
                let fix = match listener {
                    Listener::Free => format!(
                        "Let TCP port 443 of {domain} through to this machine, then: systemctl start bedside"
                    ),
                    // What keeps the server from its port keeps it from a certificate.
                    Listener::Ours(_) | Listener::NotOurs => first_do(&[Check::Https]),
                };
                vec![Finding::not_checked(Check::Certificate, "not_ordered", says).fix(fix)]
            }
        },
    }
}

/// The chain in the files, if server and browser could use it.
fn usable(chain: &Path, key: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| format!("{} cannot be read: {}.", path.display(), e.kind()))
    };
    let (chain, key) = (read(chain)?, read(key)?);
    crate::tls::from_pem(&chain, &key).map_err(|e| format!("{e}."))?;
    let parsed = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    parsed.map_err(|_| "The chain is not PEM.".to_owned())
}

/// The newest ordered certificate that is kept for the next start.
fn kept(config: &Config) -> Option<Vec<CertificateDer<'static>>> {
    let folder = std::fs::read_dir(config.data.keyring.with_file_name("certificates")).ok()?;
    let mut files: Vec<_> = folder
        .flatten()
        .filter(|f| f.file_name().to_string_lossy().starts_with("cached_cert_"))
        .filter_map(|f| Some((f.metadata().ok()?.modified().ok()?, f.path())))
        .collect();
    files.sort();
    let (_, newest) = files.pop()?;
    // The key in the same file is passed over.
    let pem = std::fs::read(newest).ok()?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!chain.is_empty()).then_some(chain)
}

/// The public name: whether it has addresses, and whether they lead to this server.
pub async fn names(config: &Config, listener: &Listener) -> Vec<Finding> {
    let domain = &config.web.domain;
    let port = config.web.listen.port();
    let looked = tokio::net::lookup_host((domain.as_str(), port));
    let found: Vec<IpAddr> = match tokio::time::timeout(NAMES_WITHIN, looked).await {
        Ok(Ok(found)) => found.map(|a| a.ip()).collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            let says = format!("The name service did not answer about {domain} in 5 s.");
            return vec![
                Finding::failed(Check::Dns, "slow", says)
                    .fix("Look at the name servers of this machine: resolvectl status"),
            ];
        }
    };
    let mut own = config.media.public_addresses.clone();
    own.extend(crate::addresses::of_this_machine());
    let mut findings = vec![judge_names(domain, &found, &own)];
    let v6 = found.iter().any(IpAddr::is_ipv6);
    if v6 && config.web.listen.ip().is_ipv4() {
        let says = format!(
            "{domain} has an IPv6 address, but the server listens on IPv4 only. Browsers try IPv6 first \
             and lose time, or fail."
        );
        findings.push(
            Finding::warning(Check::Dns, "no_ipv6_listener", says)
                .fix(format!("Set web.listen to \"[::]:{port}\", or take the AAAA record away")),
        );
    }
    if let (Some(first), Listener::Ours(own)) = (found.first(), listener) {
        findings.push(leads_here(config, SocketAddr::new(*first, port), own).await);
    }
    findings
}

fn judge_names(domain: &str, found: &[IpAddr], own: &[IpAddr]) -> Finding {
    let list = |ips: &[IpAddr]| {
        let mut texts: Vec<_> = ips.iter().map(IpAddr::to_string).collect();
        texts.dedup();
        texts.join(", ")
    };
    if found.is_empty() {
        let fix = match own.first() {
            Some(ip) => format!(
                "Add a record at your name service: {domain}. A {ip} (the public address, if this is not it)"
            ),
            None => format!("Add an A record for {domain} at your name service"),
        };
        return Finding::failed(Check::Dns, "no_address", format!("{domain} has no address."))
            .fix(fix);
    }
    if found.iter().all(IpAddr::is_loopback) {
        let says = format!("{domain} leads to this machine's own loopback address here.");
        return Finding::warning(Check::Dns, "loopback", says).fix(format!(
            "Take {domain} out of /etc/hosts, or ask another machine: getent hosts {domain}"
        ));
    }
    if found.iter().any(|ip| own.contains(ip)) {
        let says = format!("{domain} leads to {}.", list(found));
        return Finding::ok(Check::Dns, "leads_here", says);
    }
    let says = format!(
        "{domain} leads to {}, which is no address that this server knows as its own.",
        list(found)
    );
    Finding::warning(Check::Dns, "elsewhere", says).fix(format!(
        "If that is your router or proxy, set media.public_addresses = [\"{}\"]. Otherwise change the \
         record of {domain}",
        found[0]
    ))
}

/// Whether the name's address gives the same certificate as the listener here.
async fn leads_here(config: &Config, address: SocketAddr, own: &Answer) -> Finding {
    let domain = &config.web.domain;
    let answer =
        https::get(address, &host_header(config), "/api/clinic", &Trust::everybody()).await;
    match answer {
        Ok(there) if is_ours(&there, &config.clinic.name) => {
            if there.chain.first() == own.chain.first() {
                let says = format!("{domain} reaches this server.");
                return Finding::ok(Check::Dns, "reaches", says);
            }
            let says = format!(
                "{domain} reaches this clinic's server by a way that shows another certificate."
            );
            Finding::warning(Check::Dns, "other_certificate", says)
                .fix("A proxy in between? Then its certificate is the one that has to be renewed")
        }
        Ok(_) => {
            let says = format!("{domain} leads to another server.");
            Finding::failed(Check::Dns, "other_server", says).fix(format!(
                "Change the record of {domain}, or the port that the router passes on"
            ))
        }
        Err(_) => {
            let says = format!(
                "{domain} cannot be reached from this machine. Many networks let no machine reach itself \
                 by its public address."
            );
            Finding::not_checked(Check::Dns, "not_from_here", says)
                .fix("Try from another network with the link of: bedside doctor --browser")
        }
    }
}

/// Seconds since 1970.
pub fn now_s() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn where_a_name_leads_is_judged() {
        let ip = |n: u8| IpAddr::from([203, 0, 113, n]);
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let cases: [(&[IpAddr], &[IpAddr], Level, &str); 5] = [
            (&[], &[ip(1)], Level::Failed, "no_address"),
            (&[loopback], &[ip(1)], Level::Warning, "loopback"),
            (&[ip(2), ip(1)], &[ip(1)], Level::Ok, "leads_here"),
            (&[ip(2)], &[ip(1)], Level::Warning, "elsewhere"),
            (&[ip(2)], &[], Level::Warning, "elsewhere"),
        ];
        for (found, own, level, code) in cases {
            let finding = judge_names("visits.example.org", found, own);
            assert_eq!((finding.level(), finding.code), (level, code));
            assert_eq!(finding.fix().is_some(), level != Level::Ok);
        }
    }
}
