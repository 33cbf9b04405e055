//! The ports of audio and video, and what the system allows their sockets.

use super::finding::{Check, Finding};
use crate::config::{Config, Relay};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

/// What the media sockets ask for, bytes.
const WANTED_BUFFER_BYTES: i64 = 4 * 1024 * 1024;

/// How one port is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It could be had.
    Free,
    /// Somebody has it.
    Taken,
    /// This user may not have it.
    NotAllowed,
}

/// The media ports. `runs`: the server of these settings does.
pub fn media(config: &Config, runs: bool) -> Vec<Finding> {
    let mut media = sfu::SfuConfig::new(Vec::new());
    media.single_port = config.media.single_port;
    if let Some(shards) = config.media.shards {
        media.shards = u16::try_from(shards).unwrap_or(u16::MAX);
    }
    let (first, count) = (config.media.udp_port, media.ports());
    if first == 0 {
        let says = "media.udp_port is 0: the system chooses other ports at each start, and no firewall \
                    can open them.";
        let finding = Finding::warning(Check::Media, "any_port", says);
        return vec![finding.fix("Set media.udp_port to 3479")];
    }
    let Some(last) = first.checked_add(count.saturating_sub(1)) else {
        let says = "media.udp_port and media.shards go beyond the last port, 65535.";
        let finding = Finding::failed(Check::Media, "no_such_port", says);
        return vec![finding.fix("Set media.udp_port to 3479")];
    };
    let ports: Vec<_> = (first..=last).map(|port| (port, udp(port), tcp(port))).collect();
    let mut findings = vec![judge(MEDIA, &ports, runs)];
    findings.extend(addresses(config));
    findings
}

/// The ports of our own relay.
pub fn relay(config: &Config, runs: bool) -> Finding {
    let relay = &config.relay;
    if !relay.enabled {
        let says =
            "Our own relay is off: who cannot come directly comes by another's, or not at all.";
        return Finding::not_checked(Check::Relay, "off", says).fix(turn_on(relay));
    }
    if relay.port == 0 {
        let says = "relay.port is 0: the system chooses another port at each start, and no firewall can \
                    open it.";
        return Finding::warning(Check::Relay, "any_port", says).fix("Set relay.port to 3478");
    }
    judge(RELAY, &[(relay.port, udp(relay.port), tcp(relay.port))], runs)
}

/// How our own relay is turned on. With other servers a clinic may well want none.
fn turn_on(relay: &Relay) -> String {
    let (.., usual) = RELAY;
    let port = if relay.port == 0 { usual } else { relay.port };
    let own = format!(
        "set relay.enabled = true and relay.port = {port}, and let UDP and TCP in to that port"
    );
    if relay.servers.is_empty() {
        format!("To turn it on, {own}")
    } else {
        format!("If those in relay.servers are not enough, {own}")
    }
}

/// Whose ports, and by which setting others are chosen.
type Whose = (Check, &'static str, u16);
const MEDIA: Whose = (Check::Media, "media.udp_port", 3_479);
const RELAY: Whose = (Check::Relay, "relay.port", 3_478);

fn judge((check, setting, usual): Whose, ports: &[(u16, Held, Held)], runs: bool) -> Finding {
    let range = match ports {
        [(one, ..)] => one.to_string(),
        [(first, ..), .., (last, ..)] => format!("{first} to {last}"),
        [] => String::new(),
    };
    let all =
        || ports.iter().flat_map(|(port, udp, tcp)| [(port, "UDP", *udp), (port, "TCP", *tcp)]);
    let odd = |wanted| all().find(|(_, _, held)| *held != wanted);
    let failed = |code, says: String| Finding::failed(check, code, says);
    if runs {
        // What the server does not hold it cannot hear.
        return match odd(Held::Taken) {
            None => Finding::ok(
                check,
                "open",
                format!("The running server holds the ports {range}, UDP and TCP."),
            ),
            Some((port, kind, _)) => failed(
                "not_held",
                format!("The running server does not hold {kind} port {port}: it was started with other settings."),
            )
            .fix("systemctl restart bedside"),
        };
    }
    match odd(Held::Free) {
        None => Finding::ok(
            check,
            "free",
            format!("The ports {range} are free for the server, UDP and TCP."),
        ),
        Some((port, kind, Held::NotAllowed)) => {
            failed("not_allowed", format!("This user may not have {kind} port {port}."))
                .fix(format!("Set {setting} to {usual}, or another above 1023"))
        }
        Some((port, kind, _)) => {
            let flag = if kind == "UDP" { 'u' } else { 't' };
            failed("taken", format!("Another program has {kind} port {port}.")).fix(format!(
                "See which: ss -l{flag}np 'sport = :{port}'. Stop it, or set {setting} to another"
            ))
        }
    }
}

/// Whether browsers outside can be told of an address that they can reach.
fn addresses(config: &Config) -> Option<Finding> {
    if !config.media.public_addresses.is_empty() {
        return None;
    }
    let failed = |code, says: String| Finding::failed(Check::Media, code, says);
    let fix = "Set media.public_addresses to the address that browsers reach, such as [\"203.0.113.7\"], \
               and let the router pass the media ports on unchanged";
    match crate::addresses::of_this_machine() {
        None => {
            Some(failed("no_address", "This machine has no network address.".to_owned()).fix(fix))
        }
        Some(ip) if is_of_a_private_network(ip) => {
            let says = format!(
                "Browsers are told to send audio and video to {ip}, which only this network can reach."
            );
            Some(Finding::warning(Check::Media, "private_address", says).fix(fix))
        }
        Some(_) => None,
    }
}

/// Addresses that mean something within one network only (RFC 1918, RFC 6598, RFC 4193, link-local).
pub fn is_of_a_private_network(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// What the system grants media sockets.
pub fn buffers() -> Finding {
    let read = |name: &str| -> Option<i64> {
        std::fs::read_to_string(format!("/proc/sys/net/core/{name}")).ok()?.trim().parse().ok()
    };
    judge_buffers(read("rmem_max"), read("wmem_max"))
}

fn judge_buffers(receive: Option<i64>, send: Option<i64>) -> Finding {
    let (Some(receive), Some(send)) = (receive, send) else {
        let says = "The system does not say how large the buffers of media sockets may be.";
        let fix = format!(
            "Each should be at least {WANTED_BUFFER_BYTES}: sysctl net.core.rmem_max net.core.wmem_max. \
             For a container ask the machine that it runs on"
        );
        return Finding::not_checked(Check::Buffers, "unknown", says).fix(fix);
    };
    let finding = if receive.min(send) < WANTED_BUFFER_BYTES {
        let says = "The system grants media sockets smaller buffers than they ask for. On a busy server \
                    bursts of video get lost.";
        Finding::warning(Check::Buffers, "small", says).fix(format!(
            "printf 'net.core.rmem_max={WANTED_BUFFER_BYTES}\\nnet.core.wmem_max={WANTED_BUFFER_BYTES}\\n' \
             | sudo tee /etc/sysctl.d/50-bedside.conf && sudo sysctl --system, then restart the server"
        ))
    } else {
        Finding::ok(Check::Buffers, "enough", "Media sockets get the buffers that they ask for.")
    };
    finding.figure("receive_bytes", receive).figure("send_bytes", send)
}

fn udp(port: u16) -> Held {
    held(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map(|_| ()))
}

fn tcp(port: u16) -> Held {
    held(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map(|_| ()))
}

fn held(bound: std::io::Result<()>) -> Held {
    match bound.map_err(|e| e.kind()) {
        Ok(()) => Held::Free,
        Err(ErrorKind::PermissionDenied) => Held::NotAllowed,
        Err(_) => Held::Taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_port_is_good_when_the_server_has_it_or_could_have_it() {
        use Held::{Free, NotAllowed, Taken};
        let cases = [
            (false, [Free, Free, Free, Free], Level::Ok, "free"),
            (false, [Free, Free, Free, Taken], Level::Failed, "taken"),
            (false, [NotAllowed, Free, Free, Free], Level::Failed, "not_allowed"),
            (true, [Taken, Taken, Taken, Taken], Level::Ok, "open"),
            (true, [Taken, Taken, Free, Taken], Level::Failed, "not_held"),
        ];
        for (runs, [a, b, c, d], level, code) in cases {
            let found = judge(MEDIA, &[(3_478, a, b), (3_479, c, d)], runs);
            assert_eq!((found.level(), found.code), (level, code), "{}", found.says);
            assert_eq!(found.fix().is_some(), level != Level::Ok);
        }
        let taken = judge(RELAY, &[(3_478, Taken, Free)], false);
        assert!(taken.fix().is_some_and(|fix| fix.contains("ss -lunp 'sport = :3478'")));
    }

    #[test]
    fn a_relay_that_is_off_is_turned_on_by_the_settings_that_are_named() {
        let mut off = Relay { enabled: false, ..Relay::default() };
        let lines = "relay.enabled = true and relay.port = 3478,";
        assert!(turn_on(&off).starts_with(&format!("To turn it on, set {lines}")));
        // No firewall can open a port that the system chooses.
        off.port = 0;
        assert!(turn_on(&off).contains(lines));
        off.port = 5_349;
        off.servers.push(crate::config::TurnServer {
            urls: vec!["turn:relay.example.org:3478".to_owned()],
            secret: None,
            username: None,
            credential: None,
        });
        let fix = turn_on(&off);
        assert!(fix.starts_with("If those in relay.servers") && fix.contains("5349"), "{fix}");
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let private = |text: &str| text.parse().map(is_of_a_private_network);
        for ip in ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "fd00::1"]
        {
            assert_eq!(private(ip), Ok(true), "{ip}");
        }
        for ip in ["203.0.113.7", "100.128.0.1", "172.32.0.1", "2001:db8::1"] {
            assert_eq!(private(ip), Ok(false), "{ip}");
        }
    }

    #[test]
    fn a_real_socket_is_seen() {
        let bound = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        let port = bound.local_addr().expect("bound").port();
        assert_eq!(udp(port), Held::Taken);
    }

    #[test]
    fn small_buffers_are_a_warning_with_their_figures() {
        let small = judge_buffers(Some(212_992), Some(WANTED_BUFFER_BYTES));
        assert_eq!((small.level(), small.code), (Level::Warning, "small"));
        assert_eq!(small.figures.get("receive_bytes"), Some(&212_992));
        let enough = judge_buffers(Some(WANTED_BUFFER_BYTES), Some(WANTED_BUFFER_BYTES));
        assert_eq!(enough.level(), Level::Ok);
        assert_eq!(judge_buffers(None, Some(1)).level(), Level::NotChecked);
    }
}
