//! Nothing that identifies a person gets out of the sealed rows: not into logs, metrics, the files
//! of the database, or the audit log. A program of its own, because it listens to every log line of
//! the process.

mod common;

use common::browser::Browser;
use common::people::{Guest, Staff, admit, chat, consent};
use common::{Clinic, METRICS_TOKEN};
use serde_json::json;
use std::path::Path;
use store::UserRole;
use store::testing::AllLogs;

const CANARIES: [(&str, &str); 11] = [
    ("clinician's name", "Clinicanary Alpha"),
    ("clinician's e-mail", "clinicanary@beta.example"),
    ("patient's name", "Patcanary Gamma"),
    ("patient's e-mail", "patcanary@delta.example"),
    ("date of birth", "1931-07-19"),
    ("note of the booking", "canary-epsilon-note"),
    ("interpreter's name", "Intercanary Zeta"),
    ("chat", "canary-eta-chat"),
    ("note to somebody who waits", "canary-theta-waiting"),
    ("wrong date of birth", "1913-01-31"),
    ("reason of an emergency", "canary-iota-reason"),
];

fn read_folder(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_folder(&path, found);
        } else {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            found.push((name, std::fs::read(&path).expect("a file")));
        }
    }
}

fn contains(bytes: &[u8], canary: &str) -> bool {
    bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_gets_out() {
    let logs = AllLogs::listen();
    let clinic = Clinic::sqlite().await;
    let mut host = Staff::of(&clinic, CANARIES[1].1, CANARIES[0].1, UserRole::Clinician).await;
    let booking = json!({
        "patient_name": CANARIES[2].1, "patient_email": CANARIES[3].1,
        "patient_birth_date": CANARIES[4].1, "note": CANARIES[5].1,
    });
    let booked = host.book(booking).await;
    let interpreter = host.invite(&booked.visit, "interpreter", CANARIES[6].1).await;

    // The way in, with its mistakes.
    let mut browser = Browser::new(&clinic);
    let wrong = json!({ "secret": booked.secret, "birth_date": CANARIES[9].1 });
    assert_eq!(browser.post("/api/link/open", &wrong).await.code(), "second_check_failed");
    let right = json!({ "secret": booked.secret, "birth_date": CANARIES[4].1 });
    let opened = browser.post("/api/link/open", &right).await.good();
    let mut patient = Guest {
        browser,
        visit: booked.visit.clone(),
        seat: opened["seat"].as_str().expect("a seat").to_owned(),
    };
    let (mut page, _) = patient.wait().await;
    let mut board = host.board().await;
    board.wait("board").await;
    let note = json!({
        "type": "note", "visit": booked.visit, "seat": patient.seat, "id": "n1", "text": CANARIES[8].1,
    });
    board.say(note).await;
    page.wait("note").await;

    // The call, with mistakes that carry data.
    let (mut room, _) = host.enter(&booked.visit).await;
    let mut ines = Guest::open(&clinic, &interpreter).await;
    let (mut ines_page, _) = ines.wait().await;
    admit(&mut room, &patient.seat, &mut page).await;
    admit(&mut room, &ines.seat, &mut ines_page).await;
    for socket in [&mut page, &mut ines_page, &mut room] {
        socket.say(chat("c1", CANARIES[7].1)).await;
        socket.settle().await;
        let sdp = format!("v=0\r\ns={}\r\n", CANARIES[2].1);
        socket.say(json!({ "type": "answer", "generation": 1, "sdp": sdp })).await;
        assert_eq!(socket.refusal().await, "bad_sdp");
        socket.say_text(format!("{{\"type\":\"{}\"}}", CANARIES[2].1)).await;
        assert_eq!(socket.refusal().await, "bad_message");
        let bad = json!({ "type": "chat", "id": CANARIES[3].1.repeat(3), "text": CANARIES[7].1 });
        assert_eq!(socket.refused(bad).await, "bad_message");
    }
    let bad = json!({ "patient_name": CANARIES[2].1, "duration_min": 1, "note": CANARIES[5].1 });
    assert_eq!(host.browser.post("/api/visits", &bad).await.code(), "bad_field");
    let bad = json!({ "patient_name": CANARIES[2].1, CANARIES[5].1: 1 });
    assert_eq!(host.browser.post("/api/visits", &bad).await.code(), "bad_message");
    let sign_in = json!({ "email": CANARIES[1].1, "password": CANARIES[7].1 });
    assert_eq!(host.browser.post("/api/signin", &sign_in).await.code(), "bad_credentials");
    let nowhere = host.browser.get("/api/nowhere").await;
    assert_eq!(nowhere.code(), "not_found");
    page.say(consent("withdrawn")).await;
    page.until(|m| m["because"] == "consent_withdrawn").await;
    room.say(json!({ "type": "remove", "seat": patient.seat })).await;
    page.wait("removed").await;
    room.say(json!({ "type": "end", "outcome": "failed" })).await;
    ines_page.wait("ended").await;

    // What the audit log keeps in sealed words, and its files.
    let hidden = json!({ "patient_name": CANARIES[2].1, "restricted": true });
    let hidden = host.book(hidden).await;
    let mut other = Staff::of(&clinic, "o@b.example", CANARIES[0].1, UserRole::Clinician).await;
    let path = format!("/api/visits/{}/emergency", hidden.visit);
    other.browser.post(&path, &json!({ "reason": CANARIES[10].1 })).await.good();
    let mut olga = Staff::of(&clinic, "c@b.example", CANARIES[0].1, UserRole::Officer).await;
    clinic.place_entries().await;
    let search = json!({ "visit": hidden.visit });
    let shown = olga.browser.post("/api/audit/search", &search).await;
    assert!(contains(&shown.body, CANARIES[10].1), "it is kept, for who may see it");
    let mut exports = Vec::new();
    for format in ["jsonl", "fhir"] {
        let export = olga.browser.post("/api/audit/export", &json!({ "format": format })).await;
        assert!(export.status == 200 && contains(&export.body, &hidden.visit));
        exports.push((format!("export as {format}"), export.body));
    }

    // Everything that others may read.
    let token = format!("Bearer {METRICS_TOKEN}");
    let metrics = host.browser.request("GET", "/metrics", &[("authorization", &token)], "").await;
    assert_eq!(metrics.status, 200);
    let mut places = vec![
        ("metrics".to_owned(), metrics.body),
        ("audit log".to_owned(), clinic.audit_text().await.into_bytes()),
    ];
    places.append(&mut exports);
    read_folder(clinic.db.dir(), &mut places);
    let files: Vec<&str> = places.iter().map(|(name, _)| name.as_str()).collect();
    for file in ["test.db", "test.db-wal", "keyring.json"] {
        assert!(files.contains(&file), "{file} was searched");
    }
    let (db, _) = clinic.kill().await;
    read_folder(db.dir(), &mut places);
    let logged = logs.text();
    for target in ["[server", "[store"] {
        assert!(logged.contains(target), "the log of {target}] was heard");
    }
    places.push(("logs".to_owned(), logged.into_bytes()));
    for (what, canary) in CANARIES {
        for (place, bytes) in &places {
            assert!(!contains(bytes, canary), "{what} is in {place}");
        }
    }
}
