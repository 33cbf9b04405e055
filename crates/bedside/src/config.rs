//! The settings file: one commented TOML, read strictly.

use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Settings of `bedside serve`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The clinic.
    pub clinic: Clinic,
    /// HTTP and HTTPS.
    pub web: Web,
    /// Audio and video.
    #[serde(default)]
    pub media: Media,
    /// Where data is kept.
    pub data: Data,
    /// Invitations by e-mail.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// Logs and figures.
    #[serde(default)]
    pub telemetry: Telemetry,
}

/// The clinic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clinic {
    /// Its name, as patients read it.
    pub name: String,
    /// Its help line, shown on every page of a patient.
    #[serde(default)]
    pub help_phone: String,
}

/// HTTP and HTTPS.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// The name under which browsers reach the server.
    pub domain: String,
    /// Where to listen for HTTPS.
    #[serde(default = "default_https")]
    pub listen: SocketAddr,
    /// Where the certificate comes from.
    pub certificate: Certificate,
    /// Proxies in front of this server whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
}

fn default_https() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 443))
}

impl Web {
    /// The address that browsers use.
    #[must_use]
    pub fn origin(&self) -> String {
        match self.listen.port() {
            443 => format!("https://{}", self.domain),
            port => format!("https://{}:{port}", self.domain),
        }
    }
}

/// Where the certificate comes from.
#[derive(Deserialize)]
#[serde(tag = "from", rename_all = "lowercase", deny_unknown_fields)]
pub enum Certificate {
    /// Ordered and renewed by itself (ACME, TLS-ALPN-01 on the HTTPS port).
    Acme {
        /// Whom the certificate authority may write to.
        contact: String,
        /// The authority's directory; Let's Encrypt if absent.
        #[serde(default)]
        directory: Option<String>,
    },
    /// Two files. Read again when the program starts.
    Files {
        /// Certificate chain, PEM.
        chain: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
}

/// Audio and video.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// First UDP port; one port per shard.
    #[serde(default = "default_media_port")]
    pub udp_port: u16,
    /// Threads that forward media; one per core but one if absent.
    #[serde(default)]
    pub shards: Option<usize>,
    /// Addresses under which clients reach this server. Needed behind NAT; the machine's own
    /// addresses if absent.
    #[serde(default)]
    pub public_addresses: Vec<IpAddr>,
}

const fn default_media_port() -> u16 {
    3478
}

impl Default for Media {
    fn default() -> Self {
        Self { udp_port: default_media_port(), shards: None, public_addresses: Vec::new() }
    }
}

/// Where data is kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// `sqlite:///var/lib/bedside/bedside.db` or `postgres://…`.
    pub database: String,
    /// The file of the key-encryption keys. Back it up apart from the database: without it nothing
    /// can be read, and whoever has both can read everything.
    pub keyring: PathBuf,
}

/// Invitations by e-mail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// SMTP server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `tls`, `starttls`, or `none` for a server on this machine.
    pub security: MailSecurity,
    /// User name, if the server wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// A file with the password in its first line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Sender address.
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, required.
    StartTls,
    /// None; only for a server on this machine.
    None,
}

/// Logs and figures.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// A file with the token that `GET /metrics` wants; no metrics over HTTP without one.
    #[serde(default)]
    pub metrics_token_file: Option<PathBuf>,
    /// Logs as JSON lines instead of text.
    #[serde(default)]
    pub json_logs: bool,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {kind}. Make one with: bedside init <domain> <admin e-mail>")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The file is not what is expected.
    #[error("{path} has a mistake:\n{detail}")]
    Wrong {
        /// Which file.
        path: String,
        /// Where and what.
        detail: String,
    },
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line of the mistake.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError::Unreadable { path: name.clone(), kind: e.kind() })?;
        let config: Self = toml::from_str(&text)
            .map_err(|e| ConfigError::Wrong { path: name.clone(), detail: e.to_string() })?;
        if config.web.domain.is_empty() || config.web.domain.contains(['/', ':', ' ']) {
            let detail = "web.domain is a plain name such as visits.example.org".to_owned();
            return Err(ConfigError::Wrong { path: name, detail });
        }
        Ok(config)
    }
}

/// Reads the first line of a secret's file.
///
/// # Errors
/// [`ConfigError::Unreadable`].
pub fn secret_file(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Unreadable {
        path: path.display().to_string(),
        kind: e.kind(),
    })?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The settings file that `bedside init` writes.
#[must_use]
pub fn template(domain: &str, admin: &str, data: &Path) -> String {
    let data = data.display();
    format!(
        r##"# Settings of Bedside. Read when `bedside serve -c bedside.toml` starts.

[clinic]
# The name that patients read.
name = "{domain}"
# A help line, shown on every page of a patient. Leave empty for none.
help_phone = ""

[web]
# Browsers reach the server as https://{domain}
domain = "{domain}"
listen = "0.0.0.0:443"
# Proxies in front of this server, if any, such as ["10.0.0.5"].
trusted_proxies = []

# The certificate orders and renews itself (port 443 must be reachable from the internet) …
[web.certificate]
from = "acme"
contact = "{admin}"
# … or comes from two files:
# from = "files"
# chain = "/etc/bedside/chain.pem"
# key = "/etc/bedside/key.pem"

[media]
# Audio and video: one UDP port per shard, from this one on. Open it in the firewall.
udp_port = 3478
# Behind NAT: the public address of this server, such as ["203.0.113.7"].
public_addresses = []

[data]
# A file, or a PostgreSQL server: "postgres://bedside@db.example.org/bedside"
database = "sqlite://{data}/bedside.db"
# The keys that open the data. Back this file up apart from the database.
keyring = "{data}/keyring.json"

# Invitations by e-mail. Without this the page offers a text to copy.
# [mail]
# host = "smtp.example.org"
# port = 587
# security = "starttls"
# user = "visits"
# password_file = "/etc/bedside/smtp-password"
# from = "visits@{domain}"

[telemetry]
# metrics_token_file = "/etc/bedside/metrics-token"
json_logs = false
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_valid_file() {
        let text = template("visits.example.org", "it@example.org", Path::new("/var/lib/bedside"));
        let config: Config = match toml::from_str(&text) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(config.web.domain, "visits.example.org");
        assert!(matches!(config.web.certificate, Certificate::Acme { .. }));
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let text =
            template("a.example", "b@a.example", Path::new("/d")).replace("udp_port", "udp_prot");
        let error =
            toml::from_str::<Config>(&text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("udp_prot"), "{error}");
    }
}
