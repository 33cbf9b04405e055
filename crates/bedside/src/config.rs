//! The settings file: one commented TOML, read strictly.

#[path = "config_keys.rs"]
pub mod key_settings;
#[path = "config_sign_in.rs"]
pub mod sign_in_settings;

use key_settings::Keys;
use serde::Deserialize;
use sign_in_settings::{Oidc, SignIn};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use visit::DirectPolicy;

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
    /// For networks that let no direct path through.
    #[serde(default)]
    pub relay: Relay,
    /// Where data is kept.
    pub data: Data,
    /// The log of who did what.
    #[serde(default)]
    pub audit: Audit,
    /// Where the key-encryption keys are.
    #[serde(default)]
    pub keys: Keys,
    /// Invitations by e-mail.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// How staff sign in, besides passwords.
    #[serde(default)]
    pub sign_in: SignIn,
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
        self.origin_at(self.listen.port())
    }

    /// The same, when the system chose the port (`listen` with port 0).
    #[must_use]
    pub fn origin_at(&self, port: u16) -> String {
        match port {
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
        /// The authority's directory, an https address; Let's Encrypt if absent.
        #[serde(default)]
        directory: Option<String>,
        /// Root certificates, PEM, that are trusted on the way to the authority, and no others: for
        /// an authority of one's own. The public ones if absent.
        #[serde(default)]
        authority_root: Option<PathBuf>,
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
    /// First port, UDP and TCP; one per shard, or one for all.
    #[serde(default = "default_media_port")]
    pub udp_port: u16,
    /// Threads that forward media; one per core but one if absent.
    #[serde(default)]
    pub shards: Option<usize>,
    /// All shards share `udp_port`.
    #[serde(default)]
    pub single_port: bool,
    /// Addresses under which clients reach this server. Needed behind NAT; the machine's own
    /// addresses if absent.
    #[serde(default)]
    pub public_addresses: Vec<IpAddr>,
    /// Whether two people may talk directly: `never`, `auto` (each device sees the other's address), or
    /// `always_relay` (only over a relay, so that neither does).
    #[serde(default, deserialize_with = "direct_policy")]
    pub direct_calls: DirectPolicy,
}

fn direct_policy<'de, D: serde::Deserializer<'de>>(from: D) -> Result<DirectPolicy, D::Error> {
    let text = String::deserialize(from)?;
    direct_calls(&text).map_err(serde::de::Error::custom)
}

/// Reads the policy of direct calls.
///
/// # Errors
/// A sentence, for what it cannot be.
pub fn direct_calls(text: &str) -> Result<DirectPolicy, &'static str> {
    DirectPolicy::parse(text).ok_or("direct calls are never, auto or always_relay")
}

const fn default_media_port() -> u16 {
    3479
}

impl Default for Media {
    fn default() -> Self {
        Self {
            udp_port: default_media_port(),
            shards: None,
            single_port: false,
            public_addresses: Vec::new(),
            direct_calls: DirectPolicy::Never,
        }
    }
}

/// For networks that let no direct path through: TURN.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Relay {
    /// Whether our own relay runs.
    pub enabled: bool,
    /// Its port, UDP and TCP.
    pub port: u16,
    /// Whether it is reached through TLS too, on the port of the pages.
    pub tls: bool,
    /// Other TURN servers that pages may use.
    pub servers: Vec<TurnServer>,
}

impl Relay {
    /// Whether pages get any relay.
    fn is_there(&self) -> bool {
        let turn = |url: &String| url.starts_with("turn");
        self.enabled || self.servers.iter().any(|server| server.urls.iter().any(turn))
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self { enabled: true, port: 3478, tls: true, servers: Vec::new() }
    }
}

/// A TURN server that is not ours. It takes everybody, users that are derived from a shared secret, or
/// one user for all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnServer {
    /// Its addresses, such as `turn:relay.example.org:3478?transport=udp`.
    pub urls: Vec<String>,
    /// The shared secret (coturn: `static-auth-secret`), at least 16 characters.
    #[serde(default)]
    pub secret: Option<String>,
    /// User name.
    #[serde(default)]
    pub username: Option<String>,
    /// Password.
    #[serde(default)]
    pub credential: Option<String>,
}

/// As the relay's own secrets; shorter ones can be guessed from one user name and its password.
const MIN_SECRET_BYTES: usize = 16;

impl TurnServer {
    fn mistake(&self) -> Option<&'static str> {
        let known = |url: &String| {
            ["turn:", "turns:", "stun:", "stuns:"].iter().any(|scheme| url.starts_with(scheme))
        };
        if self.urls.is_empty() || !self.urls.iter().all(known) {
            return Some("relay.servers: urls begin with turn:, turns: or stun:");
        }
        let login = (&self.secret, &self.username, &self.credential);
        match login {
            (Some(secret), None, None) if secret.len() < MIN_SECRET_BYTES => {
                Some("relay.servers: a secret has at least 16 characters")
            }
            (Some(_), None, None) | (None, Some(_), Some(_)) => None,
            (None, None, None) if self.urls.iter().all(|url| url.starts_with("stun")) => None,
            _ => Some("relay.servers: a TURN server has a secret, or a username and a credential"),
        }
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

/// The log of who did what, as files that anybody with its public key can check.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The folder of the log; `audit` beside the keyring if absent.
    pub folder: Option<PathBuf>,
    /// The file of the key that signs it; `audit.key` beside the keyring if absent.
    pub key: Option<PathBuf>,
    /// Witnesses that sign its checkpoints: run by others than whoever runs this server.
    pub witnesses: Vec<WitnessSetting>,
}

/// A witness of the log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessSetting {
    /// Its address, such as `https://witness.example.org`.
    pub url: String,
    /// Its public key, as `bedside audit witness` prints it.
    pub key: String,
}

impl Audit {
    /// Where the log's files are.
    #[must_use]
    pub fn folder_path(&self, keyring: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| keyring.with_file_name("audit"))
    }

    /// Where the signing key is.
    #[must_use]
    pub fn key_path(&self, keyring: &Path) -> PathBuf {
        self.key.clone().unwrap_or_else(|| keyring.with_file_name("audit.key"))
    }
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
    /// The file of a secret has none.
    #[error("{path} has no secret in its first line. Write one: openssl rand -hex 32 > {path}")]
    Empty {
        /// Which file.
        path: String,
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
        Self::parse(&text, name)
    }

    /// Checks a text. `name` is for the error only.
    ///
    /// # Errors
    /// [`ConfigError::Wrong`], with the line of the mistake.
    pub fn parse(text: &str, name: String) -> Result<Self, ConfigError> {
        let config: Self = match toml::from_str(text) {
            Ok(config) => config,
            Err(error) => return Err(ConfigError::Wrong { path: name, detail: error.to_string() }),
        };
        match config.mistake() {
            Some(detail) => Err(ConfigError::Wrong { path: name, detail: detail.to_owned() }),
            None => Ok(config),
        }
    }

    fn mistake(&self) -> Option<&'static str> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "/:\"\\?#@".contains(c);
        if self.web.domain.is_empty() || self.web.domain.contains(odd) {
            return Some("web.domain is a plain name such as visits.example.org");
        }
        if let Certificate::Acme { directory: Some(url), .. } = &self.web.certificate
            && !url.starts_with("https://")
        {
            return Some("web.certificate.directory begins with https://");
        }
        // Without a relay nothing would ever come of it.
        if self.media.direct_calls == DirectPolicy::AlwaysRelay && !self.relay.is_there() {
            return Some(
                "media.direct_calls = \"always_relay\" needs a relay: set relay.enabled = true, or name one \
                 in relay.servers",
            );
        }
        if let Some(mistake) = self.sign_in.oidc.as_ref().and_then(Oidc::mistake) {
            return Some(mistake);
        }
        self.keys.mistake().or_else(|| self.relay.servers.iter().find_map(TurnServer::mistake))
    }
}

/// Reads the first line of a secret's file.
///
/// # Errors
/// [`ConfigError::Unreadable`], or [`ConfigError::Empty`] when there is nothing in that line: an empty
/// secret would let everybody in.
pub fn secret_file(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Unreadable {
        path: path.display().to_string(),
        kind: e.kind(),
    })?;
    match text.lines().next().unwrap_or_default().trim() {
        "" => Err(ConfigError::Empty { path: path.display().to_string() }),
        secret => Ok(secret.to_owned()),
    }
}

/// The settings file that `bedside init` writes. Whatever was typed is quoted as TOML wants it.
#[must_use]
pub fn template(domain: &str, admin: &str, database: &str, keyring: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (name, admin, database) = (quoted(domain), quoted(admin), quoted(database));
    let keyring = quoted(&keyring.to_string_lossy());
    format!(
        include_str!("bedside.toml.in"),
        name = name,
        admin = admin,
        database = database,
        keyring = keyring,
    )
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
