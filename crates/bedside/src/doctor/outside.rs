//! The ways to the server as a stranger has them: its name, its certificate, and audio and video over
//! UDP and over TCP on every port, by a real WebRTC transport.
//!
//! By the link of a network check it needs no settings, so it runs on any machine. Beside the running
//! server the same is tried from the machine itself.

use super::finding::{Check, Finding, first_do};
use super::https::{self, Answer, NoAnswer, Trust};
use super::web;
use crate::config::Config;
use crate::error::Failure;
use crate::key_provider;
use bench::hello::Offer;
use bench::ways::{DtlsAnswer, Try, Way, WayError};
use protocol::http::{ProbeAnswer, ProbeOffer, ProbeRequest};
use protocol::{ErrorBody, ErrorCode};
use server::Clock;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use store::StoreConfig;

/// Longest try of one way.
const TRY_WITHIN: Duration = Duration::from_secs(8);
/// An offer of DTLS without an answer for so long has none: a server takes one within a round trip.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A key of a network check of this clinic.
///
/// # Errors
/// [`Failure`] when keyring or database cannot be used.
pub async fn own_key(config: &Config) -> Result<String, Failure> {
    let kek = key_provider::open(config)?;
    let store = StoreConfig::new(&config.data.database);
    let mut reader = store::peek(&store, kek).await?;
    Ok(auth::make_check_key(&mut reader, Clock::system().now()).await?)
}

/// Begins DTLS with the running server's first media port, by each of these offers. `None` when the
/// server gave no trial, or there was no way to the port.
pub async fn dtls_from_here<const N: usize>(
    config: &Config,
    offers: [Offer; N],
) -> Option<[DtlsAnswer; N]> {
    let server = Server::here(config, own_key(config).await.ok()?);
    let mut answers = [DtlsAnswer::Silent; N];
    for (answer, offer) in answers.iter_mut().zip(offers) {
        let attempt = server.attempt(None, Way::Udp).await.ok()?.ok()?;
        *answer = attempt.offer(offer, rand::random(), TRY_WITHIN, ANSWER_WITHIN).await.ok()?;
    }
    Some(answers)
}

/// Tries media of the running server from its own machine.
pub async fn from_here(config: &Config) -> Vec<Finding> {
    let Ok(key) = own_key(config).await else {
        let says = "Audio and video were not tried, because keyring or database could not be used.";
        let fix = first_do(&[Check::Keys, Check::Database]);
        return vec![Finding::not_checked(Check::Media, "not_tried", says).fix(fix)];
    };
    let server = Server::here(config, key);
    match server.all_ways().await {
        Ok(ways) => judge_here(&ways),
        Err(why) => vec![no_trial_here(why)],
    }
}

fn no_trial_here(why: Refusal) -> Finding {
    let says = "The running server gave no trial of audio and video: it is an older one, or busy.";
    let fix = match why {
        Refusal::Busy => "Wait half a minute and try again",
        // The key is of this database: who does not know it was started with another.
        Refusal::Ended => "Let it take these settings: systemctl restart bedside",
        Refusal::Other => {
            "If it is an older one: systemctl restart bedside. Otherwise look at its log: \
             journalctl -u bedside"
        }
    };
    Finding::not_checked(Check::Media, "not_tried", says).fix(fix)
}

/// Everything, by a link.
pub async fn by_link(link: &str, trust: &Trust) -> Vec<Finding> {
    let failed = |code, says: String| Finding::failed(Check::Outside, code, says);
    let Some((host, name, port, key)) = parts(link) else {
        let says = "This is not the link of a network check.".to_owned();
        let finding = failed("bad_link", says);
        return vec![finding.fix("Make one on the server: bedside doctor --browser")];
    };
    let addresses: Vec<SocketAddr> = match tokio::net::lookup_host((name.as_str(), port)).await {
        Ok(found) => found.collect(),
        Err(_) => Vec::new(),
    };
    // As browsers do: the first address that answers. One that distrusts does not go on either.
    let mut answered = Err(None);
    for address in addresses {
        match https::get(address, &host, "/api/clinic", trust).await {
            Ok(_) => {
                answered = Ok(address);
                break;
            }
            Err(why) => answered = Err(Some(why)),
        }
    }
    let address = match answered {
        Ok(address) => address,
        Err(Some(why)) => return vec![unreached(&name, port, why)],
        Err(None) => {
            let fix = format!("Look at the name service of this network: getent hosts {name}");
            return vec![failed("no_address", format!("{name} has no address here.")).fix(fix)];
        }
    };
    let reached = format!("{name} is reached, and its certificate is good.");
    let mut findings = vec![Finding::ok(Check::Outside, "https", reached)];
    let server = Server { address, host, key, trust: trust.clone() };
    match server.all_ways().await {
        Ok(ways) => findings.extend(judge(&name, &ways)),
        Err(Refusal::Ended) => findings.push(
            failed("link_ended", "The link has ended, or it is another clinic's.".to_owned())
                .fix("Make a new one on the server: bedside doctor --browser"),
        ),
        Err(Refusal::Busy) => findings.push(
            Finding::not_checked(Check::Outside, "busy", "There are too many checks at once.")
                .fix("Wait half a minute and try again"),
        ),
        Err(Refusal::Other) => findings.push(
            failed("no_trial", "The server gave no trial of audio and video.".to_owned())
                .fix("Is it of this version? Look at its log: journalctl -u bedside"),
        ),
    }
    findings
}

/// Whom to ask for trials.
struct Server {
    address: SocketAddr,
    host: String,
    key: String,
    trust: Trust,
}

/// Why there are no trials.
enum Refusal {
    Ended,
    Busy,
    Other,
}

/// What became of every port.
struct Ways {
    /// Port, way, and how it went.
    tried: Vec<(u16, Way, Result<Duration, WayError>)>,
    udp_seen: bool,
    tcp_seen: bool,
    /// The address that browsers are told.
    told: Option<IpAddr>,
}

impl Server {
    /// The one of these settings, as it is reached on its own machine.
    fn here(config: &Config, key: String) -> Self {
        Self {
            address: web::knock_at(config.web.listen),
            host: web::host_header(config),
            key,
            trust: Trust::everybody(),
        }
    }

    async fn all_ways(&self) -> Result<Ways, Refusal> {
        let first = self.offer(None).await?;
        let mut ways = Ways {
            tried: Vec::new(),
            udp_seen: first.udp_seen,
            tcp_seen: first.tcp_seen,
            told: bench::ways::candidate(&first.sdp, Way::Udp).map(|at| at.ip()),
        };
        for port in first.ports {
            // Both at once: where they are blocked each takes its whole time.
            let (udp, tcp) = tokio::join!(self.one(port, Way::Udp), self.one(port, Way::Tcp));
            ways.tried.push((port, Way::Udp, udp?));
            ways.tried.push((port, Way::Tcp, tcp?));
        }
        Ok(ways)
    }

    async fn one(&self, port: u16, way: Way) -> Result<Result<Duration, WayError>, Refusal> {
        Ok(match self.attempt(Some(port), way).await? {
            Ok(attempt) => attempt.connect(TRY_WITHIN).await,
            Err(why) => Err(why),
        })
    }

    /// A try that the server waits for.
    async fn attempt(&self, port: Option<u16>, way: Way) -> Result<Result<Try, WayError>, Refusal> {
        let offer = self.offer(port).await?;
        let attempt = match Try::begin(&offer.sdp, way).await {
            Ok(attempt) => attempt,
            Err(why) => return Ok(Err(why)),
        };
        let answer = ProbeAnswer { probe: offer.probe, sdp: attempt.answer().to_owned() };
        self.call("/api/net/probe/answer", &answer).await?;
        Ok(Ok(attempt))
    }

    async fn offer(&self, port: Option<u16>) -> Result<ProbeOffer, Refusal> {
        let request = ProbeRequest { key: Some(self.key.clone()), port };
        let answer = self.call("/api/net/probe", &request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| Refusal::Other)
    }

    async fn call(&self, path: &str, body: &impl serde::Serialize) -> Result<Answer, Refusal> {
        let json = serde_json::to_vec(body).map_err(|_| Refusal::Other)?;
        let answer = https::post(self.address, &self.host, path, json, &self.trust).await;
        let answer = answer.map_err(|_| Refusal::Other)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(match serde_json::from_slice::<ErrorBody>(&answer.body).map(|e| e.code) {
            Ok(ErrorCode::NoSuchVisit) => Refusal::Ended,
            Ok(ErrorCode::TooFast) => Refusal::Busy,
            _ => Refusal::Other,
        })
    }
}

/// Host as browsers write it, name, port and key of a link.
fn parts(link: &str) -> Option<(String, String, u16, String)> {
    let (before, key) = link.split_once('#')?;
    let uri: hyper::Uri = before.parse().ok()?;
    let well = uri.scheme_str() == Some("https") && uri.path() == "/check" && !key.is_empty();
    let authority = uri.authority().filter(|_| well)?;
    let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((authority.as_str().to_owned(), name, uri.port_u16().unwrap_or(443), key.to_owned()))
}

fn unreached(name: &str, port: u16, why: NoAnswer) -> Finding {
    let failed = |code, says: String| Finding::failed(Check::Outside, code, says);
    match why {
        NoAnswer::Untrusted => {
            failed("certificate", format!("The certificate of {name} is not accepted.")).fix(
                "Run on the server: bedside doctor. For an authority of your own: --trust FILE",
            )
        }
        NoAnswer::Refused => failed("refused", format!("Nobody listens at {name}, port {port}."))
            .fix("Is the server started, and does the router pass the port on?"),
        NoAnswer::Slow | NoAnswer::Unreachable => {
            failed("unreached", format!("{name} cannot be reached on port {port}.")).fix(format!(
                "Allow outgoing TCP to {name} port {port} here, and incoming TCP {port} there"
            ))
        }
        NoAnswer::NotTls | NoAnswer::NotHttp => {
            failed("not_ours", format!("What answers at {name}, port {port}, is no Bedside."))
                .fix("Something in between? Try from another network")
        }
    }
}

/// Ports in words.
fn list(ports: &[u16]) -> String {
    match ports {
        [one] => format!("port {one}"),
        many => {
            let texts: Vec<_> = many.iter().map(u16::to_string).collect();
            format!("ports {}", texts.join(", "))
        }
    }
}

fn judge(name: &str, ways: &Ways) -> Vec<Finding> {
    let works = |way| ways.tried.iter().any(|(_, w, tried)| *w == way && tried.is_ok());
    let one = |way: Way, seen, other| {
        let kind = way.as_str().to_uppercase();
        let of = || ways.tried.iter().filter(move |(_, w, _)| *w == way);
        let closed: Vec<u16> = of().filter(|(.., t)| t.is_err()).map(|(port, ..)| *port).collect();
        if closed.is_empty() {
            let slowest = of().filter_map(|(.., t)| t.ok()).max().unwrap_or_default();
            let ms = i64::try_from(slowest.as_millis()).unwrap_or(i64::MAX);
            let code = if way == Way::Udp { "udp" } else { "tcp" };
            let says = format!("Audio and video get through by {kind}.");
            return Finding::ok(Check::Outside, code, says).figure("ms", ms);
        }
        let code = if way == Way::Udp { "udp_blocked" } else { "tcp_blocked" };
        let why = of().find_map(|(.., t)| t.err()).unwrap_or(WayError::Silent);
        let says =
            format!("By {kind} audio and video do not get through to {}: {why}.", list(&closed));
        let fix = if seen {
            format!(
                "Others come through, so it is this network: allow outgoing {kind} to {name} {}",
                list(&closed)
            )
        } else {
            format!(
                "Nobody has come this way since the server started. There: let incoming {kind} {} through \
                 to it. Here: allow outgoing {kind} to {name} {0}",
                list(&closed)
            )
        };
        let finding = if other || closed.len() < of().count() {
            Finding::warning(Check::Outside, code, says)
        } else {
            Finding::failed(Check::Outside, code, says)
        };
        finding.fix(fix)
    };
    vec![
        one(Way::Udp, ways.udp_seen, works(Way::Tcp)),
        one(Way::Tcp, ways.tcp_seen, works(Way::Udp)),
    ]
}

/// From the machine itself only what works says something for certain: many routers let no machine
/// reach itself by its public address.
fn judge_here(ways: &Ways) -> Vec<Finding> {
    if ways.tried.iter().all(|(.., tried)| tried.is_ok()) {
        let says = "Audio and video work from this machine, by UDP and by TCP.";
        return vec![Finding::ok(Check::Media, "works_here", says)];
    }
    let own = crate::addresses::of_this_machine();
    if ways.told.is_some_and(|ip| ip.is_loopback() || Some(ip) == own) {
        let failed = ways.tried.iter().find(|(.., tried)| tried.is_err());
        let what = failed.map_or(String::new(), |(port, way, _)| {
            format!(" by {} port {port}", way.as_str().to_uppercase())
        });
        let says = format!("Audio and video do not work even from this machine{what}.");
        let finding = Finding::failed(Check::Media, "dead_here", says);
        return vec![
            finding.fix("Look at the firewall of this machine: nft list ruleset, ufw status"),
        ];
    }
    let says = "Audio and video were not heard from this machine at the address that browsers are told. \
                Many routers let no machine reach itself that way.";
    vec![
        Finding::not_checked(Check::Media, "not_from_here", says)
            .fix("Try from another network with the link of: bedside doctor --browser"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn only_links_of_a_check_are_taken() {
        let of = |link| parts(link).map(|(host, name, port, _)| (host, name, port));
        let own = |host: &str, name: &str, port| Some((host.to_owned(), name.to_owned(), port));
        let link = "https://visits.example.org/check#key";
        assert_eq!(of(link), own("visits.example.org", "visits.example.org", 443));
        let link = "https://visits.example.org:8443/check#key";
        assert_eq!(of(link), own("visits.example.org:8443", "visits.example.org", 8_443));
        assert_eq!(of("https://[::1]:9/check#key"), own("[::1]:9", "::1", 9));
        for odd in [
            "",
            "https://visits.example.org/check",
            "https://visits.example.org/check#",
            "http://visits.example.org/check#key",
            "https://visits.example.org/v#key",
            "#key",
        ] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_blocked_is_told_apart_by_who_could_open_it() {
        let ms = Ok(Duration::from_millis(30));
        let no = Err(WayError::Silent);
        let found = |udp: [Result<Duration, WayError>; 2], tcp, seen| {
            let mut tried: Vec<_> =
                [3_478, 3_479].into_iter().zip(udp).map(|(p, t)| (p, Way::Udp, t)).collect();
            tried.push((3_478, Way::Tcp, tcp));
            let ways = Ways { tried, udp_seen: seen, tcp_seen: seen, told: None };
            judge("visits.example.org", &ways)
        };
        let levels =
            |findings: &[Finding]| findings.iter().map(|f| (f.code, f.level())).collect::<Vec<_>>();
        use Level::{Failed, Ok as Fine, Warning};
        assert_eq!(levels(&found([ms, ms], ms, true)), [("udp", Fine), ("tcp", Fine)]);
        let part = found([ms, no], no, true);
        assert_eq!(levels(&part), [("udp_blocked", Warning), ("tcp_blocked", Warning)]);
        let network = found([no, no], ms, true);
        assert_eq!(levels(&network), [("udp_blocked", Warning), ("tcp", Fine)]);
        let fix = network[0].fix().unwrap_or_default();
        assert!(
            fix.ends_with("allow outgoing UDP to visits.example.org ports 3478, 3479"),
            "{fix}"
        );
        let unclear = found([no, no], no, false);
        assert_eq!(levels(&unclear), [("udp_blocked", Failed), ("tcp_blocked", Failed)]);
        assert!(unclear[0].fix().is_some_and(|fix| fix.contains("let incoming UDP")));
    }
}
