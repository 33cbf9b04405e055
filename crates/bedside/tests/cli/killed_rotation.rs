//! `bedside keys rotate` is killed half-way, twice, and goes on.

use crate::common::clinic::Clinic;
use keys::FileKeyring;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use store::{NewUser, StaffSecret, Store, StoreConfig, UserRole, VisitRow, VisitText};
use visit::{Timestamp, UserId, VisitId};

/// Many more than the steps that pass while a line waits to be read.
const VISITS: u128 = 8_000;
const NOON: Timestamp = Timestamp(1_790_000_000_000_000);
const SIGKILL: i32 = 9;

/// `run` tells one run of a server from another.
async fn open(clinic: &Clinic, run: u128) -> Store {
    let settings = std::fs::read_to_string(clinic.settings()).expect("reads");
    let settings: toml::Table = settings.parse().expect("settings");
    let database = settings["data"]["database"].as_str().expect("an address");
    let ring = FileKeyring::open(clinic.data().join("keyring.json")).expect("opens");
    Store::open(&StoreConfig::new(database), Arc::new(ring), NOON, run).await.expect("opens")
}

fn visit_id(n: u128) -> VisitId {
    VisitId::new(NOON.unix_ms(), n)
}

fn title(n: u128) -> String {
    format!("Visit {n}")
}

async fn plant(clinic: &Clinic) {
    let store = open(clinic, 1).await;
    let host = UserId::new(NOON.unix_ms(), 1);
    let person = StaffSecret { name: "Clinician".to_owned(), email: "one@clinic.test".to_owned() };
    let mut tx = store.begin(store.default_org(), NOON).await.expect("begins");
    tx.create_user(&NewUser { id: host, role: UserRole::Clinician, person }).await.expect("made");
    for n in 1..=VISITS {
        let visit = VisitRow {
            text: VisitText { title: Some(title(n)), note: None },
            ..VisitRow::booked(visit_id(n), host, NOON, 20, NOON)
        };
        tx.create_visit(&visit, &[]).await.expect("made");
    }
    tx.commit_plain("a test").await.expect("commits");
    store.close(NOON).await.expect("closes");
}

/// Starts a rotation, reads its lines until it has wrapped something anew, and kills it. It cannot have come
/// to its end: whoever prints waits once a few lines are unread.
fn rotate_and_kill(clinic: &Clinic, more: &[&str]) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    // The system makes it the least that there is, some six lines.
    socket2::SockRef::from(&theirs).set_send_buffer_size(1).expect("a size");
    let settings = clinic.settings();
    let mut rotation = Command::new(env!("CARGO_BIN_EXE_bedside"))
        .args(["keys", "-c", &settings, "rotate", "--json"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(ours);
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).expect("reads") > 0, "it ended by itself");
        let step: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(step["total"], count(VISITS + 1));
        if step["rewrapped"].as_u64().expect("a number") > 0 {
            break;
        }
    }
    rotation.kill().expect("is there");
    let status = rotation.wait().expect("is ours");
    assert_eq!(status.signal(), Some(SIGKILL), "killed before its end");
}

fn count(n: u128) -> u64 {
    u64::try_from(n).expect("few")
}

/// How many data keys the versions wrap.
fn counts(clinic: &Clinic) -> [u64; 2] {
    let listed = clinic.keys(&["list", "--json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    ["1", "2"].map(|version| listed["data_keys"][version].as_u64().unwrap_or(0))
}

#[tokio::test]
async fn a_killed_rotation_loses_nothing_and_goes_on() {
    let clinic = Clinic::init();
    plant(&clinic).await;
    let all = count(VISITS + 1);
    assert_eq!(counts(&clinic), [all, 0]);

    rotate_and_kill(&clinic, &[]);
    let [old, first] = counts(&clinic);
    assert!(old > 0 && first > 0 && old + first == all, "{old} and {first}");
    rotate_and_kill(&clinic, &["--resume"]);
    let [old, second] = counts(&clinic);
    assert!(old > 0 && second > first && old + second == all, "{old} and {second}");

    let done = clinic.keys(&["rotate", "--resume", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let done: Value = serde_json::from_str(done.out.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&done["version"], &done["rewrapped"]), (&2.into(), &old.into()));
    assert_eq!(counts(&clinic), [0, all]);

    // The old version is not needed for anything any more.
    let retired = clinic.keys(&["retire", "1"]);
    assert_eq!(retired.code, Some(0), "{}", retired.err);
    let store = open(&clinic, 2).await;
    let mut reader = store.read(store.default_org()).await.expect("reads");
    for n in 1..=VISITS {
        let loaded = reader.load_visit(visit_id(n)).await.expect("opens").expect("is there");
        assert_eq!(loaded.visit.text.title, Some(title(n)));
    }
    drop(reader);
    store.close(NOON).await.expect("closes");
}
