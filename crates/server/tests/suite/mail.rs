//! Invitations by mail, to a server that speaks SMTP (RFC 5321) and keeps what it takes.

use crate::common::people::Staff;
use crate::common::{Clinic, PATIENCE};
use serde_json::json;
use server::{Clock, MailConfig, MailSecurity, MailTrouble, Mailer};
use std::net::Ipv4Addr;
use std::sync::Arc;
use store::testing::{NOON, TestDb};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const UNKNOWN: &str = "unknown@patients.example";

/// A mail as the server took it.
pub struct Taken {
    from: String,
    pub to: String,
    pub data: String,
}

/// A server, its port, and what it takes.
pub async fn smtp_server() -> (u16, mpsc::UnboundedReceiver<Taken>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (taken, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(session(stream, taken.clone()));
        }
    });
    (port, mails)
}

/// The next mail that the server takes, unquoted.
pub async fn next_mail(mails: &mut mpsc::UnboundedReceiver<Taken>) -> Taken {
    let mail = timeout(PATIENCE, mails.recv()).await.expect("in time").expect("a mail");
    Taken { data: unquoted(&mail.data), ..mail }
}

/// One session. Commands out of order are refused (RFC 5321 §4.1.4).
async fn session(stream: TcpStream, taken: mpsc::UnboundedSender<Taken>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut greeted, mut from, mut to) = (false, None, None);
    stream.write_all(b"220 mail.example ESMTP\r\n").await?;
    let mut line = String::new();
    while {
        line.clear();
        stream.read_line(&mut line).await?
    } > 0
    {
        let command = line.trim_end().to_owned();
        let address = |prefix: &str| {
            let rest = command.get(..prefix.len()).filter(|p| p.eq_ignore_ascii_case(prefix));
            let rest = rest.and_then(|_| command[prefix.len()..].strip_prefix('<'))?;
            rest.split_once('>').map(|(address, _)| address.to_owned())
        };
        let answer = if command.starts_with("EHLO ") {
            greeted = true;
            "250-mail.example\r\n250 8BITMIME\r\n"
        } else if let (true, None, Some(sender)) = (greeted, &from, address("MAIL FROM:")) {
            from = Some(sender);
            "250 OK\r\n"
        } else if let (Some(_), Some(recipient)) = (&from, address("RCPT TO:")) {
            if recipient == UNKNOWN {
                "550 5.1.1 no such mailbox\r\n"
            } else {
                to = Some(recipient);
                "250 OK\r\n"
            }
        } else if let (Some(sender), Some(recipient), "DATA") = (&from, &to, command.as_str()) {
            stream.write_all(b"354 go on\r\n").await?;
            let mut data = String::new();
            while {
                line.clear();
                stream.read_line(&mut line).await?
            } > 0
                && line != ".\r\n"
            {
                data.push_str(&line);
            }
            let mail = Taken { from: sender.clone(), to: recipient.clone(), data };
            let _ = taken.send(mail);
            (from, to) = (None, None);
            "250 OK\r\n"
        } else if command == "RSET" {
            (from, to) = (None, None);
            "250 OK\r\n"
        } else if greeted && command == "NOOP" {
            "250 OK\r\n"
        } else if command == "QUIT" {
            return stream.write_all(b"221 bye\r\n").await;
        } else {
            "503 5.5.1 bad sequence of commands\r\n"
        };
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

pub fn mailer(port: u16) -> Mailer {
    let config = MailConfig {
        host: "127.0.0.1".to_owned(),
        port,
        security: MailSecurity::None,
        login: None,
        from: "visits@clinic.example".to_owned(),
    };
    Mailer::new(&config, "Hillside Clinic").expect("a mailer")
}

/// Undoes quoted-printable (RFC 2045 §6.7), as far as ASCII needs it.
fn unquoted(text: &str) -> String {
    text.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test]
async fn a_booking_with_an_address_sends_one_mail_with_text_and_calendar() {
    let (port, mut mails) = smtp_server().await;
    let db = Arc::new(TestDb::sqlite());
    let clinic = Clinic::start(db, Clock::manual(NOON), Some(mailer(port))).await;
    let mut gray = Staff::clinician(&clinic).await;
    let to = "pat@patients.example";
    let booked = gray.book(json!({ "patient_email": to })).await;
    assert_eq!(booked.body["invitation"]["mailed"], true);
    let mail = timeout(PATIENCE, mails.recv()).await.expect("in time").expect("a mail");
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("visits@clinic.example", to));
    let data = unquoted(&mail.data);
    assert!(data.contains("Subject: Your video visit with Dr. Gray"));
    assert!(data.contains("text/plain") && data.contains(&format!("/v#{}", booked.secret)));
    assert!(data.contains("text/calendar") && data.contains("visit.ics"));
    assert!(mails.try_recv().is_err(), "one mail");
    // Without an address there is nothing to send.
    assert_eq!(gray.book(json!({})).await.body["invitation"]["mailed"], false);
    assert!(mails.try_recv().is_err(), "still one mail");
}

#[tokio::test]
async fn a_refused_mail_does_not_undo_the_booking() {
    let (port, mut mails) = smtp_server().await;
    let db = Arc::new(TestDb::sqlite());
    let clinic = Clinic::start(db, Clock::manual(NOON), Some(mailer(port))).await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({ "patient_email": UNKNOWN })).await;
    assert_eq!(booked.body["invitation"]["mailed"], false);
    assert!(mails.try_recv().is_err(), "nothing was taken");
    let board = gray.board().await.wait("board").await;
    assert_eq!(board["visits"][0]["visit"], booked.visit.as_str());
    let bad = gray.try_book(json!({ "patient_email": "not an address" })).await;
    assert_eq!((bad.code().as_str(), &bad.json()["field"]), ("bad_field", &json!("patient_email")));
}

#[tokio::test]
async fn without_a_mail_server_the_visit_is_booked_all_the_same() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let db = Arc::new(TestDb::sqlite());
    let clinic = Clinic::start(db, Clock::manual(NOON), Some(mailer(port))).await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({ "patient_email": "pat@patients.example" })).await;
    assert_eq!(booked.body["invitation"]["mailed"], false);
}

#[tokio::test]
async fn a_mail_server_is_asked_without_sending_and_a_plain_text_is_sent_on_request() {
    let (port, mut mails) = smtp_server().await;
    let mailer = mailer(port);
    assert_eq!(mailer.check().await, Ok(()));
    assert!(mails.try_recv().is_err(), "asking sends nothing");
    let sent = mailer.send_plain("it@clinic.example", "A test", "It works.").await;
    assert_eq!(sent, Ok(()));
    let mail = timeout(PATIENCE, mails.recv()).await.expect("in time").expect("a mail");
    assert_eq!(mail.to, "it@clinic.example");
    assert!(mail.data.contains("Subject: A test") && mail.data.contains("It works."));
    let refused = mailer.send_plain(UNKNOWN, "A test", "It works.").await;
    assert_eq!(refused, Err(MailTrouble::Refused(550)));
    let odd = mailer.send_plain("no address", "A test", "It works.").await;
    assert_eq!(odd, Err(MailTrouble::BadAddress));
}

#[tokio::test]
async fn a_mail_server_that_will_not_do_is_told_apart_by_its_fault() {
    let (port, _mails) = smtp_server().await;
    let config = |port, security, login| MailConfig {
        host: "localhost".to_owned(),
        port,
        security,
        login,
        from: "visits@clinic.example".to_owned(),
    };
    let check = async |config: MailConfig| {
        Mailer::new(&config, "Hillside Clinic").expect("a mailer").check().await
    };
    let login = Some(("visits".to_owned(), "password".to_owned()));
    // This server has neither TLS nor a way to sign in.
    let plain = check(config(port, MailSecurity::StartTls, None)).await;
    assert_eq!(plain, Err(MailTrouble::NotOffered));
    let open = check(config(port, MailSecurity::None, login)).await;
    assert_eq!(open, Err(MailTrouble::NotOffered));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let gone = listener.local_addr().expect("an address").port();
    drop(listener);
    let gone = check(config(gone, MailSecurity::None, None)).await;
    assert_eq!(gone, Err(MailTrouble::Unreachable));
}
