//! `bedside doctor`, with a clinic that is good, one that is not, and beside the running server.

use crate::common::clinic::Clinic;
use crate::common::program::{Outcome, run};
use serde_json::Value;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;

fn doctor(clinic: &Clinic, more: &[&str]) -> Outcome {
    let settings = clinic.settings();
    let mut args = vec!["doctor", "-c", &settings];
    args.extend(more);
    run(&args)
}

/// The findings of a check as (level, code).
fn findings(outcome: &Outcome, check: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&outcome.out).expect("one JSON object");
    assert_eq!(report["version"], 1);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let all = report["findings"].as_array().expect("a list").iter();
    for one in all.clone() {
        let fix = one["fix"].as_str();
        assert_eq!(fix.is_some_and(|fix| !fix.is_empty()), one["level"] != "ok", "{one}");
    }
    all.filter(|f| f["check"] == check).map(|f| (text(&f["level"]), text(&f["code"]))).collect()
}

fn has(outcome: &Outcome, check: &str, level: &str, code: &str) {
    let found = findings(outcome, check);
    let wanted = (level.to_owned(), code.to_owned());
    assert!(found.contains(&wanted), "{check}: {wanted:?} in {found:?}\n{}", outcome.out);
}

/// Ports of its own, known before it starts.
fn with_fixed_ports(clinic: &Clinic) -> (u16, u16) {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let https = tcp.local_addr().expect("bound").port();
    // One number that is free for both.
    let media = loop {
        let udp = UdpSocket::bind("0.0.0.0:0").expect("a port");
        let port = udp.local_addr().expect("bound").port();
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            break port;
        }
    };
    clinic.edit("\"127.0.0.1:0\"", &format!("\"127.0.0.1:{https}\""));
    clinic.edit("udp_port = 0", &format!("udp_port = {media}\nshards = 1"));
    (https, media)
}

#[test]
fn a_stopped_server_is_examined_and_nothing_is_changed() {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    let (_, media) = with_fixed_ports(&clinic);
    for _ in 0..2 {
        let said = doctor(&clinic, &["--json"]);
        has(&said, "https", "ok", "free");
        has(&said, "media", "ok", "free");
        has(&said, "keys", "ok", "opens");
        has(&said, "database", "ok", "works");
        has(&said, "mail", "not_checked", "none");
        has(&said, "clock", "not_checked", "nobody_asked");
        has(&said, "certificate", "warning", "unknown_authority");
        // A name of nowhere (RFC 6761 §6.2) is what patients would notice.
        assert_eq!(findings(&said, "dns").first().map(|(level, _)| level.as_str()), Some("failed"));
        assert_eq!((said.code, said.err.as_str()), (Some(2), ""));
    }
    let held = UdpSocket::bind(("0.0.0.0", media)).expect("the port was let go");
    has(&doctor(&clinic, &["--json"]), "media", "failed", "taken");
    drop(held);
}

#[tokio::test]
async fn beside_the_running_server_its_own_ports_are_no_fault() {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    with_fixed_ports(&clinic);
    let (program, _) = clinic.serve().await;
    let said = doctor(&clinic, &["--json"]);
    has(&said, "https", "ok", "runs");
    has(&said, "media", "ok", "open");
    has(&said, "database", "ok", "works");

    // Another certificate in the files than the one that is served.
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(["clinic.test".to_owned()]).expect("a name");
    let renewed = params.self_signed(&key).expect("it signs itself");
    std::fs::write(clinic.path("chain.pem"), renewed.pem()).expect("a file");
    std::fs::write(clinic.path("key.pem"), key.serialize_pem()).expect("a file");
    has(&doctor(&clinic, &["--json"]), "certificate", "warning", "not_served");

    // And another server than the one of these settings.
    clinic.edit("name = \"clinic.test\"", "name = \"Another clinic\"");
    has(&doctor(&clinic, &["--json"]), "https", "failed", "somebody_else");
    drop(program);
}

#[test]
fn open_files_lost_keys_and_a_lost_database_are_named_with_their_commands() {
    let clinic = Clinic::init();
    clinic.use_own_certificate();
    with_fixed_ports(&clinic);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(clinic.path("key.pem"), open).expect("a mode");
    let said = doctor(&clinic, &[]);
    let line = format!("chmod 600 {}", clinic.path("key.pem").display());
    assert!(said.out.contains(&line), "{}", said.out);
    assert!(!said.out.contains('\u{1b}'), "no colours into a pipe");
    assert!(said.out.lines().any(|line| line.starts_with("failed      files")), "{}", said.out);

    let database = clinic.data().join("bedside.db");
    std::fs::rename(&database, clinic.path("away.db")).expect("it moves");
    has(&doctor(&clinic, &["--json"]), "database", "failed", "missing");
    assert!(!database.exists(), "none was made");
    std::fs::rename(clinic.path("away.db"), &database).expect("it moves back");

    std::fs::remove_file(clinic.data().join("keyring.json")).expect("it goes");
    let said = doctor(&clinic, &["--json"]);
    has(&said, "keys", "failed", "missing");
    has(&said, "database", "not_checked", "no_keys");
    assert!(!clinic.data().join("keyring.json").exists(), "none was made");
}

#[test]
fn settings_that_cannot_be_read_are_a_finding() {
    let said = run(&["doctor", "--json", "-c", "/nowhere/bedside.toml"]);
    assert_eq!(said.code, Some(2));
    has(&said, "settings", "failed", "unusable");
}

#[test]
fn a_mail_server_that_is_not_there_is_said_without_the_address() {
    let clinic = Clinic::init();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = gone.local_addr().expect("bound").port();
    drop(gone);
    let mail = format!(
        "[mail]\nhost = \"localhost\"\nport = {port}\nsecurity = \"none\"\nfrom = \"v@clinic.test\"\n\n[telemetry]"
    );
    clinic.edit("[telemetry]", &mail);
    let said = doctor(&clinic, &["--json", "--send-test", "canary@patients.example"]);
    has(&said, "mail", "failed", "mail_unreachable");
    assert!(!said.out.contains("canary"), "{}", said.out);
}

#[tokio::test]
async fn a_stranger_reaches_audio_and_video_by_udp_and_by_tcp() {
    let clinic = Clinic::init();
    with_fixed_ports(&clinic);
    clinic.edit("domain = \"clinic.test\"", "domain = \"localhost\"");
    clinic.use_certificate_for("localhost");
    let (program, _) = clinic.serve().await;
    let printed = doctor(&clinic, &["--browser"]).out;
    let link = printed.lines().map(str::trim).find(|line| line.starts_with("https://"));
    let link = link.expect("a link of its own line");
    let trust = clinic.path("chain.pem");
    let trust = trust.to_str().expect("a plain path");
    let from = |link: &str| run(&["doctor", "--json", "--from", link, "--trust", trust]);
    has(&doctor(&clinic, &["--json"]), "media", "ok", "works_here");
    let said = from(link);
    has(&said, "outside", "ok", "https");
    has(&said, "outside", "ok", "udp");
    has(&said, "outside", "ok", "tcp");
    assert_eq!(said.code, Some(0), "{}", said.out);
    // Another key opens nothing.
    let (before, _) = link.split_once('#').expect("a key");
    has(&from(&format!("{before}#none")), "outside", "failed", "link_ended");
    has(&from(before), "outside", "failed", "bad_link");
    drop(program);
    has(&from(link), "outside", "failed", "refused");
}
