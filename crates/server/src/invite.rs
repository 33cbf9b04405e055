//! An invitation as people get it: a link with the secret in its fragment, a QR code, a text to
//! paste, and a calendar file. Pure: what it needs is passed in, and nothing is kept.

use chrono::{DateTime, FixedOffset, Utc};
use fast_qr::convert::{Builder, svg::SvgBuilder};
use fast_qr::qr::{QRBuilder, QRCodeError};
use visit::{Timestamp, VisitId};

/// Everything that an invitation says. Holds a secret and names: no `Debug`.
pub struct InviteText<'a> {
    /// The clinic's name.
    pub clinic: &'a str,
    /// The clinician's name.
    pub host: &'a str,
    /// The invited person's name.
    pub guest: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// The visit, for a stable calendar id.
    pub visit: VisitId,
    /// When.
    pub at: Timestamp,
    /// How long, in minutes.
    pub duration_min: u32,
    /// `en` or `es`; everything else reads as English.
    pub locale: &'a str,
    /// Offset of the clinic's browser from UTC, in minutes, so that the text shows local time.
    pub utc_offset_min: i32,
    /// The clinic's help line, or empty.
    pub help_phone: &'a str,
}

impl InviteText<'_> {
    /// Subject line of the mail and title of the calendar entry.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.locale {
            "es" => format!("Su videoconsulta con {}", self.host),
            _ => format!("Your video visit with {}", self.host),
        }
    }

    /// The text of the mail or message.
    #[must_use]
    pub fn body(&self) -> String {
        let when = self.local_time();
        let (guest, host, clinic, url) = (self.guest, self.host, self.clinic, self.url);
        let help = match (self.help_phone, self.locale) {
            ("", _) => String::new(),
            (phone, "es") => format!("\n\n¿Necesita ayuda? Llámenos: {phone}"),
            (phone, _) => format!("\n\nNeed help? Call us: {phone}"),
        };
        match self.locale {
            "es" => format!(
                "Hola, {guest}:\n\n{host} le espera para una videoconsulta ({clinic}).\n\n\
                 Cuándo: {when}\n\nAbra este enlace en su teléfono u ordenador:\n{url}\n\n\
                 No hay que instalar nada. Ábralo unos minutos antes para probar la cámara y el \
                 sonido. El enlace es solo para usted: no lo comparta.{help}\n"
            ),
            _ => format!(
                "Hello {guest},\n\n{host} expects you for a video visit ({clinic}).\n\n\
                 When: {when}\n\nOpen this link on your phone or computer:\n{url}\n\n\
                 There is nothing to install. Open it a few minutes early to try your camera and \
                 sound. The link is for you alone: please do not share it.{help}\n"
            ),
        }
    }

    fn local_time(&self) -> String {
        let utc = DateTime::<Utc>::from_timestamp_micros(self.at.0).unwrap_or_default();
        let offset = FixedOffset::east_opt(self.utc_offset_min.clamp(-14 * 60, 14 * 60) * 60);
        let Some(offset) = offset else { return utc.format("%Y-%m-%d %H:%M UTC").to_string() };
        let hours = self.utc_offset_min / 60;
        let minutes = (self.utc_offset_min % 60).abs();
        let sign = if self.utc_offset_min < 0 { "-" } else { "+" };
        let zone = format!("UTC{sign}{:02}:{minutes:02}", hours.abs());
        format!("{} ({zone})", utc.with_timezone(&offset).format("%Y-%m-%d %H:%M"))
    }

    /// The calendar file (RFC 5545).
    #[must_use]
    pub fn ics(&self, now: Timestamp) -> String {
        let time = |t: Timestamp| {
            let utc = DateTime::<Utc>::from_timestamp_micros(t.0).unwrap_or_default();
            utc.format("%Y%m%dT%H%M%SZ").to_string()
        };
        let end = self.at.plus(visit::Duration::from_min(i64::from(self.duration_min)));
        let mut out = String::new();
        for (name, value) in [
            ("BEGIN", "VCALENDAR"),
            ("VERSION", "2.0"),
            ("PRODID", "-//Bedside//EN"),
            ("METHOD", "PUBLISH"),
            ("BEGIN", "VEVENT"),
            ("UID", &format!("{}@bedside", self.visit.to_text())),
            ("DTSTAMP", &time(now)),
            ("DTSTART", &time(self.at)),
            ("DTEND", &time(end)),
            ("SUMMARY", &escaped(&self.subject())),
            ("DESCRIPTION", &escaped(&self.body())),
            ("URL", self.url),
            ("END", "VEVENT"),
            ("END", "VCALENDAR"),
        ] {
            push_folded(&mut out, name, value);
        }
        out
    }
}

/// A value of the type TEXT (RFC 5545 §3.3.11). Control characters have no form there and are left
/// out; a bare carriage return would pass for the end of a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | ';' | ',' => out.extend(['\\', c]),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Writes one line, folded after at most 75 octets and never within a character (RFC 5545 §3.1).
fn push_folded(out: &mut String, name: &str, value: &str) {
    const MOST_BYTES: usize = 75;
    let mut width = 0;
    for c in name.chars().chain([':']).chain(value.chars()) {
        if width + c.len_utf8() > MOST_BYTES {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// A QR code of `text` as an SVG document.
///
/// # Errors
/// When the text is too long for a QR code (about 2,900 bytes).
pub fn qr_svg(text: &str) -> Result<String, QRCodeError> {
    let code = QRBuilder::new(text).build()?;
    Ok(SvgBuilder::default().margin(2).to_str(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(locale: &'static str, utc_offset_min: i32) -> InviteText<'static> {
        InviteText {
            clinic: "Hillside Clinic",
            host: "Dr. Gray",
            guest: "Ana",
            url: "https://clinic.example/v#abc",
            visit: VisitId::new(1, 1),
            at: Timestamp(1_700_000_000_000_000), // 2023-11-14 22:13:20 UTC
            duration_min: 15,
            locale,
            utc_offset_min,
            help_phone: "555 0100",
        }
    }

    #[test]
    fn the_time_is_shown_where_the_clinic_is() {
        assert!(text("en", 0).body().contains("2023-11-14 22:13 (UTC+00:00)"));
        assert!(text("en", -300).body().contains("2023-11-14 17:13 (UTC-05:00)"));
        assert!(text("es", 330).body().contains("2023-11-15 03:43 (UTC+05:30)"));
    }

    #[test]
    fn both_languages_carry_link_and_help_line() {
        for locale in ["en", "es", "xx"] {
            let body = text(locale, 0).body();
            assert!(body.contains("https://clinic.example/v#abc") && body.contains("555 0100"));
        }
    }

    #[test]
    fn the_calendar_file_has_start_end_and_link() {
        let ics = text("en", 0).ics(Timestamp(1_690_000_000_000_000));
        for line in ["BEGIN:VEVENT", "DTSTART:20231114T221320Z", "DTEND:20231114T222820Z"] {
            assert!(ics.contains(line), "{line}");
        }
    }

    #[test]
    fn a_name_cannot_begin_a_line_of_the_calendar_file() {
        let host = "Dr. Gray\r\nATTENDEE:a\rATTENDEE:b\nATTENDEE:c";
        let ics = InviteText { host, ..text("en", 0) }.ics(Timestamp(1_690_000_000_000_000));
        assert!(ics.split(['\r', '\n']).all(|line| !line.starts_with("ATTENDEE")));
    }

    #[test]
    fn names_of_any_letters_and_spaces_are_folded_without_loss() {
        for (run, times) in [("\u{a0}", 118), ("é", 118), (" x", 59), ("🙂", 118), ("é \u{a0}", 39)]
        {
            let guest = format!("x{}z", run.repeat(times));
            let ics = InviteText { guest: &guest, ..text("es", 0) }.ics(Timestamp(0));
            assert!(ics.split("\r\n").all(|line| line.len() <= 75));
            assert!(ics.replace("\r\n ", "").contains(&format!("DESCRIPTION:Hola\\, {guest}:")));
        }
    }

    #[test]
    fn no_line_of_the_calendar_file_is_too_long_and_no_letter_is_lost() {
        for length in 0..200 {
            for letter in ["a", "é", "老"] {
                let line = letter.repeat(length);
                let mut ics = String::new();
                push_folded(&mut ics, "X", &line);
                assert!(ics.split("\r\n").all(|l| l.len() <= 75), "{length} of {letter}");
                assert_eq!(ics.replace("\r\n ", ""), format!("X:{line}\r\n"));
            }
        }
    }

    #[test]
    fn a_link_fits_a_qr_code() {
        assert!(qr_svg("https://clinic.example/v#abc").is_ok_and(|svg| svg.starts_with("<svg")));
    }
}
