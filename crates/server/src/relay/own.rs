//! Our own relay: started beside the forwarding unit and joined to it in memory, both ways.

use super::{LIFETIME_S, Pass};
use protocol::IceServer;
use sfu::{Datagram, RelayEntry, RelayExit, Sfu};
use std::net::{IpAddr, SocketAddr};
use tokio::sync::mpsc;
use turn::io::{ListenConfig, RelayHandle, RelayThread, StartError, Unit, UnitDatagram};
use turn::{RelayConfig, RelayEvent, Secret, VIRTUAL_V4, VIRTUAL_V6};

/// Names us to clients in the challenge of RFC 8489 §9.2; it means nothing else.
const REALM: &str = "bedside";
/// Clocks of the same machine do not differ; an answer may take a moment.
const SLACK_S: u64 = 300;

/// How our own relay is started.
pub struct OwnRelayPlan {
    /// Where it listens, UDP and TCP. Port 0 lets the system choose.
    pub listen: Vec<SocketAddr>,
    /// Addresses under which pages reach it; those of the forwarding unit.
    pub addresses: Vec<IpAddr>,
    /// Where it is reached through TLS on a port that it shares with HTTPS: `name:port`, as in the
    /// certificate. Given to it by [`crate::Incoming::tls_with_relay`].
    pub tls: Vec<String>,
}

/// A running relay of our own, and what pages are told about it.
pub struct OwnRelay {
    pub(super) handle: RelayHandle,
    secret: Secret,
    urls: Vec<String>,
}

/// What relayed addresses are made of where people reach us at `advertised`: one address of each
/// family in use. Goes into [`sfu::SfuConfig::relayed`] before the forwarding unit starts.
#[must_use]
pub fn virtual_addresses(advertised: &[IpAddr]) -> Vec<IpAddr> {
    [VIRTUAL_V4, VIRTUAL_V6]
        .into_iter()
        .filter(|ip| advertised.iter().any(|own| own.is_ipv4() == ip.is_ipv4()))
        .collect()
}

impl OwnRelay {
    /// Starts a closed relay: it reaches `sfu` and relayed addresses of the same visit, nothing
    /// else. Its secret is drawn here and ends with the program. Call in a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub fn start(plan: OwnRelayPlan, sfu: &Sfu) -> Result<(Self, RelayThread), StartError> {
        let secret = Secret::new(&rand::random::<[u8; 32]>())?;
        let addresses = virtual_addresses(&plan.addresses);
        let mut config = RelayConfig::new(REALM, secret.clone(), addresses);
        config.limits.max_credential_s = LIFETIME_S + SLACK_S;
        let ports = sfu.ports();
        let at = |ip: &IpAddr| ports.iter().map(|port| (*ip, *port).into()).collect::<Vec<_>>();
        config.unit = plan.addresses.iter().flat_map(at).collect();
        let mut listen = ListenConfig::default();
        listen.udp.clone_from(&plan.listen);
        listen.tcp = plan.listen;
        let unit = Box::new(Entry(sfu.relay_entry()));
        let (events_tx, events) = mpsc::unbounded_channel();
        let (handle, thread) = turn::io::start(config, &listen, rand::random(), unit, events_tx)?;
        // A forwarding unit has one relay; a second one would only serve itself.
        sfu.set_relay_exit(Box::new(Exit(handle.clone())));
        tokio::spawn(note(events));
        let urls = urls(&plan.addresses, &handle, &plan.tls);
        Ok((Self { handle, secret, urls }, thread))
    }

    pub(super) fn ice_server(&self, pass: &Pass) -> IceServer {
        pass.derived(&self.secret, &self.urls)
    }
}

/// Everything under which pages reach it, the cheapest first (RFC 7065).
fn urls(addresses: &[IpAddr], handle: &RelayHandle, tls: &[String]) -> Vec<String> {
    let bound = handle.bound();
    let of = |listening: &[SocketAddr], transport: &str| -> Vec<String> {
        let Some(port) = listening.first().map(SocketAddr::port) else { return Vec::new() };
        let url =
            |ip: &IpAddr| format!("turn:{}?transport={transport}", SocketAddr::new(*ip, port));
        addresses.iter().map(url).collect()
    };
    let tls = tls.iter().map(|name| format!("turns:{name}?transport=tcp"));
    let mut all = of(&bound.udp, "udp");
    all.extend(of(&bound.tcp, "tcp"));
    all.extend(tls);
    all
}

/// From relayed addresses to the forwarding unit.
struct Entry(RelayEntry);

impl Unit for Entry {
    fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.0.push(from, to, bytes);
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}

/// From the forwarding unit to relayed addresses.
struct Exit(RelayHandle);

impl RelayExit for Exit {
    fn send(&self, datagrams: Vec<Datagram>) -> bool {
        let passed_on = datagrams.into_iter().map(|d| UnitDatagram {
            relayed: d.destination,
            from: d.source,
            contents: d.contents,
        });
        self.0.from_unit(passed_on.collect())
    }
}

/// Notes how allocations end, without saying whose.
async fn note(mut events: mpsc::UnboundedReceiver<RelayEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            RelayEvent::Opened { client, .. } => {
                tracing::debug!(transport = ?client.transport, "somebody uses the relay");
            }
            RelayEvent::Closed { client, reason, up_bytes, down_bytes, .. } => {
                let transport = client.transport;
                tracing::debug!(
                    ?transport,
                    ?reason,
                    up_bytes,
                    down_bytes,
                    "a use of the relay ended"
                );
            }
        }
    }
}
