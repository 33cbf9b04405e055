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
        r##"# Settings of Bedside. Read when `bedside serve -c bedside.toml` starts.

[clinic]
# The name that patients read.
name = {name}
# A help line, shown on every page of a patient. Leave empty for none.
help_phone = ""

[web]
# Browsers reach the server under this name.
domain = {name}
listen = "0.0.0.0:443"
# Proxies in front of this server, if any, such as ["10.0.0.5"].
trusted_proxies = []

# The certificate orders and renews itself (port 443 must be reachable from the internet) …
[web.certificate]
from = "acme"
contact = {admin}
# Another authority than Let's Encrypt, and for one of your own the root that it is trusted by:
# directory = "https://ca.example.org/acme/acme/directory"
# authority_root = "/etc/bedside/authority.pem"
# … or comes from two files:
# from = "files"
# chain = "/etc/bedside/chain.pem"
# key = "/etc/bedside/key.pem"

[media]
# Audio and video: one port per shard, from this one on, UDP and TCP. Open it in the firewall.
udp_port = 3479
# All media threads on that one port, for a firewall that opens no second one. Costs some CPU.
single_port = false
# Behind NAT: the public address of this server, such as ["203.0.113.7"].
public_addresses = []
# May two people alone in a visit talk directly, past this server? "never"; "auto": then each device
# sees the other's network address, and the text of consent says so; "always_relay": only over the
# relay, so that neither sees an address.
direct_calls = "never"

[relay]
# For networks that let no direct path through (TURN). It reaches people of the same visit and nothing else.
enabled = true
# UDP and TCP. Open it in the firewall.
port = 3478
# Also inside TLS on the port of the pages, for networks that allow only web traffic.
tls = true
# Other TURN servers that pages may use too: with a shared secret (coturn: static-auth-secret) …
# [[relay.servers]]
# urls = ["turn:relay.example.org:3478?transport=udp"]
# secret = "at least sixteen characters"
# … or with one user for all.
# [[relay.servers]]
# urls = ["turns:relay2.example.org:443?transport=tcp"]
# username = "clinic"
# credential = "password"

[data]
# A file, or a PostgreSQL server: "postgres://bedside@db.example.org/bedside"
database = {database}
# The keys that open the data. Back this file up apart from the database.
keyring = {keyring}

[audit]
# Who did what is written here as signed files that others can check: bedside audit verify
# folder = "/var/lib/bedside/audit"
# The key that signs them. Back it up with the keyring.
# key = "/var/lib/bedside/audit.key"
# Witnesses, run by others, that hold the log to what it said: bedside audit witness
# [[audit.witnesses]]
# url = "https://witness.example.org"
# key = "witness.example.org/bedside+1234abcd+BA…"
[keys]
# Who keeps the keys: "file" (data.keyring), "pkcs11", "vault" (Vault, OpenBao), or "aws-kms". To change:
# set the old one as `previous`, then run: bedside keys rotate
provider = "file"
# previous = "file"
# What the file is sealed with, after: bedside keys seal
# passphrase_file = "/etc/bedside/keyring-passphrase"
# credential = "bedside-keyring"
# How long backups are kept, days. Until then a destroyed key can be in one.
backups_live_days = 30
# [keys.pkcs11]
# library = "/usr/lib/softhsm/libsofthsm2.so"
# token = "clinic"
# pin_file = "/etc/bedside/token-pin"
# [keys.vault]
# address = "https://vault.example.org:8200"
# key = "bedside"
# authority_file = "/etc/bedside/vault-authority.pem"
# token_file = "/etc/bedside/vault-token"
# [keys.aws_kms]
# region = "eu-central-1"
# alias_prefix = "bedside"
# credentials_file = "/etc/bedside/aws-credentials"

# Invitations by e-mail. Without this the page offers a text to copy.
# [mail]
# host = "smtp.example.org"
# port = 587
# security = "starttls"
# user = "visits"
# password_file = "/etc/bedside/smtp-password"
# from = "visits@example.org"

# Sign-in with the clinic's own accounts (OpenID Connect). Give the provider the address
# https://<domain>/signin/back to come back to.
# [sign_in.oidc]
# issuer = "https://id.example.org/realms/staff"
# client_id = "bedside"
# client_secret_file = "/etc/bedside/oidc-secret"
# label = "Sign in with your hospital account"
# email_domains = ["example.org"]
# What of the provider's words counts as a second factor; ours is asked for otherwise.
# second_factor = {{ amr = ["mfa"] }}

[telemetry]
# metrics_token_file = "/etc/bedside/metrics-token"
json_logs = false
"##
    )
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
