//! Settings: what is taken, what is refused, and what is said then.

use super::*;

fn written(domain: &str, database: &str) -> String {
    template(domain, "it@example.org", database, Path::new("/var/lib/bedside/keyring.json"))
}

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, "bedside.toml".to_owned()).map_err(|e| e.to_string())
}

#[test]
fn direct_calls_are_off_unless_the_clinic_says_otherwise() {
    let text = written("visits.example.org", "sqlite:///tmp/x.db");
    let policy = |text: &str| parse(text).map(|config| config.media.direct_calls);
    assert_eq!(policy(&text), Ok(DirectPolicy::Never));
    let without = text.replace("direct_calls = \"never\"\n", "");
    assert_ne!(without, text);
    assert_eq!(policy(&without), Ok(DirectPolicy::Never));
    let with = |word: &str| text.replace("\"never\"\n", &format!("\"{word}\"\n"));
    assert_eq!(policy(&with("auto")), Ok(DirectPolicy::Auto));
    assert_eq!(policy(&with("always_relay")), Ok(DirectPolicy::AlwaysRelay));
    let error = policy(&with("sometimes")).err().unwrap_or_default();
    assert!(error.contains("never, auto or always_relay"), "{error}");
}

#[test]
fn direct_calls_over_a_relay_need_one() {
    let text = written("visits.example.org", "sqlite:///tmp/x.db")
        .replace("\"never\"\n", "\"always_relay\"\n")
        .replace("enabled = true", "enabled = false");
    let with = |server: &str| parse(&text.replace("[data]", &format!("{server}\n[data]")));
    let server = |url: &str| format!("[[relay.servers]]\nurls = [\"{url}\"]\n");
    for none in [String::new(), server("stun:stun.example.org")] {
        let error = with(&none).err().unwrap_or_default();
        assert!(error.contains("needs a relay"), "{error}");
    }
    let other = server("turn:relay.example.org") + "secret = \"sixteen characters\"\n";
    assert!(with(&other).is_ok());
}

#[test]
fn a_secret_that_is_empty_is_refused() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let path = folder.path().join("secret");
    for (text, secret) in [("", None), (" \t\nlater", None), (" one \ntwo", Some("one"))] {
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{e}"));
        let read = secret_file(&path);
        assert_eq!(read.as_deref().ok(), secret, "{text:?}");
        let empty = matches!(read, Err(ConfigError::Empty { .. }));
        assert_eq!(empty, secret.is_none());
    }
    std::fs::remove_file(&path).unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(secret_file(&path), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn the_template_is_a_valid_file() {
    let config = match parse(&written("visits.example.org", "sqlite:///var/lib/b.db")) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(config.web.domain, "visits.example.org");
    assert_eq!(config.data.database, "sqlite:///var/lib/b.db");
    assert_eq!(config.data.keyring, Path::new("/var/lib/bedside/keyring.json"));
    assert!(matches!(config.web.certificate, Certificate::Acme { authority_root: None, .. }));
}

#[test]
fn what_was_typed_cannot_break_out_of_its_quotes() {
    let database = "postgres://b:p\"w\\d\n[web]@db/bedside";
    let config = parse(&written("visits.example.org", database)).map(|c| c.data.database);
    assert_eq!(config.as_deref(), Ok(database));
    for domain in ["", "a b", "a\nb", "https://a", "a:443", "a\"b"] {
        let refusal = parse(&written(domain, "sqlite:///d")).err().unwrap_or_default();
        assert!(refusal.contains("web.domain is a plain name"), "{domain:?}: {refusal}");
    }
}

#[test]
fn the_lines_to_uncomment_are_valid_too() {
    let text = written("visits.example.org", "sqlite:///d")
        .replace("# directory", "directory")
        .replace("# authority_root", "authority_root");
    let certificate = parse(&text).map(|c| c.web.certificate);
    let Ok(Certificate::Acme { directory: Some(url), authority_root: Some(root), .. }) =
        certificate
    else {
        panic!("an authority of one's own");
    };
    assert_eq!(url, "https://ca.example.org/acme/acme/directory");
    assert_eq!(root, Path::new("/etc/bedside/authority.pem"));
    let refusal = parse(&text.replace("\"https://ca", "\"http://ca")).err().unwrap_or_default();
    assert!(refusal.contains("begins with https://"), "{refusal}");
}

#[test]
fn relays_are_checked() {
    let text = written("visits.example.org", "sqlite:///d");
    let with = |from: &str, to: &str| parse(&text.replace(from, to));
    let relay = parse(&text).map(|c| c.relay);
    assert!(relay.is_ok_and(|r| r.enabled && r.port == 3478 && r.servers.is_empty()));
    let off = with("enabled = true", "enabled = false");
    assert!(off.is_ok_and(|c| !c.relay.enabled));
    let servers = ["# [[relay.servers]]", "# urls", "# secret", "# username", "# credential ="];
    let uncommented = servers.iter().fold(text.clone(), |t, s| t.replace(s, &s[2..]));
    let servers = parse(&uncommented).map(|c| c.relay.servers.len());
    assert_eq!(servers, Ok(2));
    for (from, to, why) in [
        ("at least sixteen characters", "too short", "at least 16 characters"),
        ("credential = \"password\"", "", "a secret, or a username and a credential"),
        ("\"turns:relay2", "\"https:relay2", "begin with turn:"),
    ] {
        let refused = parse(&uncommented.replace(from, to)).err().unwrap_or_default();
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn a_misspelt_key_is_refused_with_its_line() {
    let text = written("a.example", "sqlite:///d").replace("udp_port", "udp_prot");
    let error = parse(&text).err().unwrap_or_default();
    assert!(error.contains("udp_prot"), "{error}");
}

#[test]
fn what_cannot_be_of_the_keys_is_refused_by_name() {
    let text = written("visits.example.org", "sqlite:///d");
    let with = |to: &str| parse(&text.replace("provider = \"file\"", to)).err().unwrap_or_default();
    for (to, why) in [
        ("provider = \"pkcs11\"", "say which token"),
        ("provider = \"file\"\nprevious = \"pkcs11\"", "say which token"),
        ("provider = \"file\"\nprevious = \"file\"", "take it out"),
        ("provider = \"cloud\"", "unknown variant"),
        ("passphrase_file = \"/p\"\ncredential = \"c\"", "not both"),
        ("credential = \"../c\"", "plain name"),
    ] {
        let refusal = with(to);
        assert!(refusal.contains(why), "{to}: {refusal}");
    }
    let days = text.replace("backups_live_days = 30", "backups_live_days = 0");
    assert!(parse(&days).err().unwrap_or_default().contains("1 to 3650"));
    let token = ["# [keys.pkcs11]", "# library", "# token =", "# pin_file"];
    let uncommented = token.iter().fold(text.clone(), |t, s| t.replace(s, &s[2..]));
    let token = uncommented.replace("provider = \"file\"", "provider = \"pkcs11\"");
    assert!(parse(&token).is_ok_and(|c| c.keys.pkcs11.is_some_and(|p| p.label == "bedside")));
}

#[test]
fn the_identity_provider_is_checked() {
    let text = written("visits.example.org", "sqlite:///d");
    assert!(parse(&text).is_ok_and(|c| c.sign_in.oidc.is_none()));
    let lines = ["[sign_in.oidc]", "issuer", "client_id", "client_secret_file", "label"];
    let lines = lines.into_iter().chain(["email_domains", "second_factor"]);
    let text = lines.fold(text, |t, line| t.replace(&format!("# {line}"), line));
    let Ok(Some(oidc)) = parse(&text).map(|c| c.sign_in.oidc) else { panic!("a provider") };
    assert_eq!(oidc.issuer, "https://id.example.org/realms/staff");
    assert_eq!((oidc.second_factor.amr, oidc.second_factor.acr), (vec!["mfa".to_owned()], vec![]));
    for (from, to, why) in [
        ("https://id.example.org", "http://id.example.org", "the provider's https address"),
        ("client_id = \"bedside\"", "client_id = \"\"", "knows this server by"),
        ("Sign in with your hospital account", " ", "1 to 40 characters"),
        ("amr =", "arm =", "arm"),
    ] {
        let refused = parse(&text.replace(from, to)).err().unwrap_or_default();
        assert!(refused.contains(why), "{refused}");
    }
}
