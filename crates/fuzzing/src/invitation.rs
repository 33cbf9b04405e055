//! Mails and calendar files made of what people typed: nothing typed becomes a header, a recipient
//! or a line of the calendar.

use server::invite::{InviteText, qr_svg};
use server::mail::{Mail, MailConfig, MailSecurity, Mailer, is_address};
use visit::{Timestamp, VisitId};

use crate::input::Input;

/// Names, phone and address, one a line with `\n` written as 0x01 and `\r` as 0x02; then numbers.
pub fn invitation(data: &[u8]) {
    let mut input = Input::new(data);
    let mut text = || input.line().replace('\u{1}', "\n").replace('\u{2}', "\r");
    let (clinic, host, guest, phone, to) = (text(), text(), text(), text(), text());
    let url = "https://clinic.example/v#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let invite = InviteText {
        clinic: &clinic,
        host: &host,
        guest: &guest,
        url,
        visit: VisitId::new(1, 1),
        at: Timestamp(i64::from_be_bytes(input.u64().to_be_bytes())),
        duration_min: input.u32(),
        locale: if input.u8().is_multiple_of(2) { "en" } else { "es" },
        utc_offset_min: i32::from_be_bytes(input.u32().to_be_bytes()),
        help_phone: &phone,
    };
    let ics = invite.ics(Timestamp(1_700_000_000_000_000));
    assert_one_event(&ics);
    assert!(qr_svg(url).is_ok_and(|svg| svg.starts_with("<svg")));

    let config = MailConfig {
        host: "localhost".to_owned(),
        port: 25,
        security: MailSecurity::None,
        login: None,
        from: "visits@clinic.example".to_owned(),
    };
    let Ok(mailer) = Mailer::new(&config, &clinic) else {
        assert!(clinic.contains(char::is_control), "good settings were refused");
        return;
    };
    let (subject, body) = (invite.subject(), invite.body());
    let mail = Mail { to: &to, subject: &subject, body: &body, ics: &ics };
    match mailer.compose(&mail) {
        Ok(message) => {
            assert!(is_address(&to) || to.len() > protocol::limits::MAX_EMAIL_BYTES);
            let recipients: Vec<String> =
                message.envelope().to().iter().map(ToString::to_string).collect();
            assert_eq!(recipients.len(), 1);
            assert_sane_mail(&message.formatted(), to.is_ascii());
        }
        Err(_) => assert!(!is_address(&to) || !to.is_ascii(), "a good mail was refused"),
    }
}

/// A head with each header once, none of them foreign, and two parts.
fn assert_sane_mail(bytes: &[u8], ascii: bool) {
    const HEADERS: [&str; 6] = ["From", "To", "Subject", "MIME-Version", "Date", "Content-Type"];
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head and a body");
    let head = std::str::from_utf8(&bytes[..end]).expect("ASCII or encoded");
    // An address may hold other letters (RFC 6532); everything else is encoded.
    assert!(head.is_ascii() || !ascii);
    let mut seen = Vec::new();
    for line in head.split("\r\n") {
        // RFC 5322 §2.1.1, and §2.3 on bare CR and LF.
        assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "a broken line");
        if line.starts_with([' ', '\t']) {
            assert!(!seen.is_empty() && !line.trim().is_empty(), "folded from nothing");
            continue;
        }
        let name = line.split_once(':').expect("a header").0;
        assert!(HEADERS.contains(&name), "{name} was put in");
        assert!(!seen.contains(&name), "{name} is there twice");
        seen.push(name);
    }
    assert!(["From", "To", "Subject"].iter().all(|name| seen.contains(name)));
    let boundary = head.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
    let boundary = format!("--{}", boundary.expect("a boundary"));
    let body = &bytes[end..];
    let parts = body.windows(boundary.len()).filter(|w| *w == boundary.as_bytes()).count();
    assert_eq!(parts, 3, "text, calendar and the end");
}

/// One calendar with one event, and no property that is not ours (RFC 5545 §3.1).
fn assert_one_event(ics: &str) {
    const NAMES: [&str; 13] = [
        "BEGIN",
        "END",
        "VERSION",
        "PRODID",
        "CALSCALE",
        "UID",
        "DTSTAMP",
        "SUMMARY",
        "DESCRIPTION",
        "DTSTART",
        "DTEND",
        "URL",
        "METHOD",
    ];
    assert!(ics.ends_with("\r\n"));
    let unfolded = ics.replace("\r\n ", "").replace("\r\n\t", "");
    let mut begins = 0;
    let mut seen = Vec::new();
    for line in unfolded.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n']), "a bare line break");
        let name = line.split([':', ';']).next().unwrap_or_default();
        assert!(NAMES.contains(&name), "{name:?} was put in");
        begins += usize::from(name == "BEGIN");
        assert!(matches!(name, "BEGIN" | "END") || !seen.contains(&name), "{name} twice");
        seen.push(name);
    }
    assert_eq!(begins, 2, "one calendar, one event");
    assert!(ics.split("\r\n").all(|line| line.len() <= 75), "a line of more than 75 octets");
}
