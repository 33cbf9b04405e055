//! What people carry or type: secrets of links, cookies and tokens, recovery codes, one-time codes,
//! ids. There is one spelling, or every spelling means the same.

use auth::totp::TotpSecret;
use auth::{Cookie, RecoveryCode, Secret, Transport};
use visit::{OrgId, SeatId, Timestamp, UserId, VisitId};

use crate::input::Input;

/// Texts that should be a secret, a code or an id.
pub fn secrets(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(secret) = Secret::parse(&text) {
        assert!(secret.to_text().as_str() == text, "a second spelling");
    }
    if let Some(code) = RecoveryCode::parse(&text) {
        let shown = code.to_text();
        assert!(RecoveryCode::parse(&shown).is_some_and(|again| again == code));
        assert!(shown.len() == 11 && shown.is_ascii());
    }
    let now = Timestamp(1_700_000_000_000_000);
    let totp = TotpSecret::from_bytes(&[7; 20]).expect("20 bytes");
    if let Some(step) = totp.check(&text, None, now) {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        assert!(digits == 6, "six digits and nothing else counts");
        assert!(totp.check(&text, Some(step), now).is_none(), "good once");
    }
    assert_one_id(&text, VisitId::parse, VisitId::to_text);
    assert_one_id(&text, SeatId::parse, SeatId::to_text);
    assert_one_id(&text, UserId::parse, UserId::to_text);
    assert_one_id(&text, OrgId::parse, OrgId::to_text);
}

fn assert_one_id<T: PartialEq + Copy, E>(
    text: &str,
    parse: fn(&str) -> Result<T, E>,
    write: fn(T) -> String,
) {
    let Ok(id) = parse(text) else { return };
    let written = write(id);
    assert!(written.len() == 26 && written.eq_ignore_ascii_case(text));
    assert!(parse(&written).is_ok_and(|again| again == id));
}

/// `Cookie` headers, one a line.
pub fn cookies(data: &[u8]) {
    let mut input = Input::new(data);
    let mut headers = Vec::new();
    while !input.is_empty() {
        headers.push(input.line());
    }
    for cookie in [Cookie::Session, Cookie::Device] {
        for transport in [Transport::Tls, Transport::Loopback] {
            let name = cookie.name(transport);
            let found = cookie.read(transport, headers.iter().map(String::as_str));
            // Every value under exactly this name, however it is surrounded.
            let values: Vec<&str> = headers
                .iter()
                .flat_map(|header| header.split(';'))
                .filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
                .collect();
            match found {
                Some(secret) => {
                    let text = secret.to_text();
                    assert!(!values.is_empty() && values.iter().all(|v| *v == text.as_str()));
                    let set = cookie.set(transport, &secret);
                    assert!(set.is_ascii() && !set.contains(['\r', '\n']));
                }
                None => {
                    let first = values.first().and_then(|v| Secret::parse(v));
                    assert!(
                        first.is_none() || values.iter().any(|v| v != &values[0]),
                        "a good cookie was not found"
                    );
                }
            }
        }
    }
}
