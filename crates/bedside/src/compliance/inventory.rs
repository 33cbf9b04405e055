//! What the program is made of, from the lock file that it was built with, and where data flows, from
//! the settings that it runs by: CycloneDX 1.5 (<https://cyclonedx.org/docs/1.5/json/>).

use crate::config::Config;
use serde::Deserialize;
use serde_json::{Value, json};
use visit::Timestamp;

/// The exact versions of this build.
const LOCK: &str = include_str!("../../../../Cargo.lock");

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// The bill of materials. `random`: 128 random bits for its serial number.
pub fn bill(config: &Config, now: Timestamp, random: u128) -> Value {
    // Built in, so it can be read; an empty list would say that it could not.
    let packages = toml::from_str::<Lock>(LOCK).map(|lock| lock.package).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    let hex =
        format!("{:032x}", (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62));
    let serial = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    let made_at = now.to_rfc3339();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": format!("urn:uuid:{serial}"),
        "version": 1,
        "metadata": {
            "timestamp": made_at,
            "component": { "type": "application", "name": "bedside", "version": version, "bom-ref": "bedside" },
        },
        "components": packages.iter().filter(|p| p.source.is_some()).map(component).collect::<Vec<_>>(),
        "services": flows(config),
    })
}

fn component(package: &Package) -> Value {
    let Package { name, version, checksum, .. } = package;
    let purl = format!("pkg:cargo/{name}@{version}");
    let mut component = json!({
        "type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl,
    });
    if let Some(sum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

/// Every place that data of the clinic goes to or comes from.
fn flows(config: &Config) -> Vec<Value> {
    let flow = |name: &str, what: &str, way: &str, encrypted: bool| {
        json!({
            "name": name,
            "authenticated": true,
            "x-trust-boundary": true,
            "description": what,
            "properties": [{ "name": "bedside:encrypted", "value": encrypted.to_string() }],
            "data": [{ "flow": way, "classification": "health" }],
        })
    };
    let mut flows = vec![
        flow("browsers, pages and signalling", "HTTPS and WebSocket", "bi-directional", true),
        flow(
            "browsers, audio and video",
            "DTLS-SRTP over UDP, TCP or the relay",
            "bi-directional",
            true,
        ),
    ];
    let database = if config.data.database.starts_with("postgres") {
        flow(
            "database",
            "PostgreSQL; values about people are sealed before",
            "bi-directional",
            true,
        )
    } else {
        flow(
            "database",
            "SQLite on this machine; values about people are sealed",
            "bi-directional",
            true,
        )
    };
    flows.push(database);
    if config.mail.is_some() {
        flows.push(flow("mail server", "invitations: names, times, links", "outbound", true));
    }
    for _ in &config.relay.servers {
        flows.push(flow("another relay", "encrypted media", "bi-directional", true));
    }
    flows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_this_build_is_read_whole() {
        let lock: Lock = toml::from_str(LOCK).expect("it is a lock file");
        for name in ["tokio", "rustls", "aws-lc-rs", "sqlx", "bedside"] {
            assert!(lock.package.iter().any(|p| p.name == name), "{name}");
        }
        let foreign = lock.package.iter().filter(|p| p.source.is_some());
        assert!(foreign.clone().count() > 100);
        for package in foreign {
            let component = component(package);
            assert!(component["purl"].as_str().is_some_and(|p| p.starts_with("pkg:cargo/")));
        }
    }
}
