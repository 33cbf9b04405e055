//! What is unwise in the settings, though the program takes it.
//!
//! Pure: settings go in, findings come out.

use super::finding::{Check, Finding};
use super::ports::is_of_a_private_network;
use crate::config::{Certificate, Config, ConfigError};
use std::net::IpAddr;

/// Shortest token for metrics that cannot be guessed, characters.
const SHORTEST_TOKEN: usize = 16;

/// Everything that deserves a word; one line that all is well otherwise.
pub fn unwise(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let warning = |code, says: String| Finding::warning(Check::Settings, code, says);
    let domain = &config.web.domain;
    if domain.parse::<IpAddr>().is_ok() || !domain.contains('.') {
        let says =
            format!("web.domain is {domain:?}. Patients need a name with a public certificate.");
        found.push(
            warning("domain", says).fix("Set web.domain to a name such as visits.example.org"),
        );
    }
    if config.clinic.name == *domain {
        let says = "Patients read the name of the server as the name of the clinic.".to_owned();
        found.push(warning("clinic_name", says).fix("Set clinic.name to the clinic's own name"));
    }
    if config.clinic.help_phone.is_empty() {
        let says = "Patients who get stuck find no number to call.".to_owned();
        found.push(warning("no_help_phone", says).fix("Set clinic.help_phone"));
    }
    if matches!(config.web.certificate, Certificate::Acme { .. })
        && config.web.listen.port() != 443
        && config.web.listen.port() != 0
    {
        let says = format!(
            "The certificate authority looks at port 443 of {domain}, but the server listens on {}.",
            config.web.listen.port()
        );
        found
            .push(warning("acme_port", says).fix(
                "Set web.listen to \"0.0.0.0:443\", or let the router pass port 443 on to it",
            ));
    }
    for proxy in &config.web.trusted_proxies {
        if !proxy.is_loopback() && !is_of_a_private_network(*proxy) {
            let says = format!(
                "web.trusted_proxies has {proxy}, an address of the internet: whoever has it can say \
                 where requests come from."
            );
            found
                .push(warning("public_proxy", says).fix(
                    "Take it out, unless that machine is yours and its way here is protected",
                ));
        }
    }
    if is_unprotected_postgres(&config.data.database) {
        let says = "The way to PostgreSQL on another machine is not protected against a false one."
            .to_owned();
        found.push(warning("database_tls", says).fix(
            "Add sslmode=verify-full to data.database, as in postgres://…?sslmode=verify-full",
        ));
    }
    if let Some(path) = &config.telemetry.metrics_token_file {
        match crate::config::secret_file(path) {
            Ok(token) if token.len() < SHORTEST_TOKEN => {
                let says = "The token for metrics can be guessed.".to_owned();
                let fix = format!("openssl rand -hex 32 > {}", path.display());
                found.push(Finding::failed(Check::Settings, "metrics_token", says).fix(fix));
            }
            Ok(_) => {}
            Err(error) => {
                let shown = path.display();
                // Its own sentence is about the settings' file: `bedside init` makes no token.
                let (says, fix) = match error {
                    ConfigError::Unreadable { kind, .. } => (
                        format!("{shown} cannot be read: {kind}."),
                        "Set telemetry.metrics_token_file to a file that the server may read"
                            .to_owned(),
                    ),
                    ConfigError::Empty { .. } | ConfigError::Wrong { .. } => (
                        format!("{shown} has no token in its first line."),
                        format!("openssl rand -hex 32 > {shown}"),
                    ),
                };
                found.push(Finding::failed(Check::Settings, "metrics_file", says).fix(fix));
            }
        }
    }
    if config.mail.as_ref().is_some_and(|mail| mail.user.is_some() != mail.password_file.is_some())
    {
        let says =
            "mail.user and mail.password_file belong together; with one alone nobody signs in."
                .to_owned();
        found.push(warning("mail_login", says).fix("Set both, or neither"));
    }
    if found.is_empty() {
        found.push(Finding::ok(Check::Settings, "sound", "Nothing in the settings is unwise."));
    }
    found
}

/// A server elsewhere without a verified certificate.
fn is_unprotected_postgres(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))
    else {
        return false;
    };
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_local = name.is_empty()
        || name == "localhost"
        || name.starts_with("%2F")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !is_local && !query.split('&').any(|pair| pair == "sslmode=verify-full")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(edit: impl Fn(String) -> String) -> Config {
        let text = crate::config::template(
            "visits.example.org",
            "it@example.org",
            "sqlite:///var/lib/b.db",
            std::path::Path::new("/var/lib/bedside/keyring.json"),
        );
        let text = text.replacen("name = \"visits.example.org\"", "name = \"Hillside\"", 1);
        let text = text.replace("help_phone = \"\"", "help_phone = \"555 0100\"");
        match Config::parse(&edit(text), "b.toml".to_owned()) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        }
    }

    fn codes(edit: impl Fn(String) -> String) -> Vec<&'static str> {
        unwise(&settings(edit)).iter().map(|f| f.code).collect()
    }

    #[test]
    fn each_unwise_setting_is_found_and_nothing_else() {
        type Edit = fn(String) -> String;
        let cases: [(&str, Edit); 8] = [
            ("sound", |t| t),
            ("domain", |t| t.replace("domain = \"visits.example.org\"", "domain = \"10.0.0.1\"")),
            ("clinic_name", |t| t.replace("\"Hillside\"", "\"visits.example.org\"")),
            ("no_help_phone", |t| t.replace("555 0100", "")),
            ("acme_port", |t| t.replace("0.0.0.0:443", "0.0.0.0:8443")),
            ("public_proxy", |t| t.replace("proxies = []", "proxies = [\"198.51.100.1\"]")),
            ("database_tls", |t| t.replace("sqlite:///var/lib/b.db", "postgres://b@db.example/b")),
            ("metrics_file", |t| t.replace("# metrics_token_file", "metrics_token_file")),
        ];
        for (code, edit) in cases {
            assert_eq!(codes(edit), [code]);
        }
        let private =
            |t: String| t.replace("proxies = []", "proxies = [\"10.0.0.5\", \"127.0.0.1\"]");
        assert_eq!(codes(private), ["sound"]);
    }

    #[test]
    fn only_a_database_elsewhere_needs_its_certificate_verified() {
        for safe in [
            "sqlite:///b.db",
            "postgres:///b",
            "postgres://b@localhost/b",
            "postgres://b:p@127.0.0.1:5433/b",
            "postgres://b@[::1]:5432/b",
            "postgres://b@%2Frun%2Fpostgresql/b",
            "postgres://b@db.example/b?application_name=x&sslmode=verify-full",
        ] {
            assert!(!is_unprotected_postgres(safe), "{safe}");
        }
        for open in [
            "postgres://b@db.example/b",
            "postgresql://b:p%40@10.0.0.1:5432/b?sslmode=require",
            "postgres://b@[fd00::1]/b",
        ] {
            assert!(is_unprotected_postgres(open), "{open}");
        }
    }
}
