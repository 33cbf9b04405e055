//! An invitation as people get it: a link with the secret in its fragment, a QR code, a text to
//! paste, and a calendar file. Pure: what it needs is passed in, and nothing is kept.

use chrono::{DateTime, FixedOffset, Utc};
use fast_qr::convert::{Builder, svg::SvgBuilder};
use fast_qr::qr::{QRBuilder, QRCodeError};
use icalendar::{Calendar, Component, Event, EventLike};
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
        let time = |t: Timestamp| DateTime::<Utc>::from_timestamp_micros(t.0).unwrap_or_default();
        let end = self.at.plus(visit::Duration::from_min(i64::from(self.duration_min)));
        let event = Event::new()
            .uid(&format!("{}@bedside", self.visit.to_text()))
            .timestamp(time(now))
            .summary(&without_returns(&self.subject()))
            .description(&without_returns(&self.body()))
            .starts(time(self.at))
            .ends(time(end))
            .url(self.url)
            .done();
        folded(&Calendar::new().push(event).done().to_string())
    }
}

/// Folds the lines anew: the library lets the last part of a line grow to 76 octets, and RFC 5545
/// §3.1 has 75.
fn folded(calendar: &str) -> String {
    const MOST_OCTETS: usize = 75;
    let mut out = String::with_capacity(calendar.len() + calendar.len() / 32);
    for line in calendar.replace("\r\n ", "").split_terminator("\r\n") {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > MOST_OCTETS {
                out.push_str("\r\n ");
                octets = 1;
            }
            out.push(c);
            octets += c.len_utf8();
        }
        out.push_str("\r\n");
    }
    out
}

/// The library escapes line feeds but no carriage returns, which some readers take for the end of a
/// line (RFC 5545 §3.1).
fn without_returns(text: &str) -> String {
    text.replace('\r', "")
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
    fn no_line_of_the_calendar_file_is_too_long_and_no_letter_is_lost() {
        for length in 0..200 {
            for letter in ["a", "é", "老"] {
                let line = letter.repeat(length);
                let ics = folded(&format!("{line}\r\nEND\r\n"));
                assert!(ics.split("\r\n").all(|l| l.len() <= 75), "{length} of {letter}");
                assert_eq!(ics.replace("\r\n ", ""), format!("{line}\r\nEND\r\n"));
            }
        }
    }

    #[test]
    fn a_link_fits_a_qr_code() {
        assert!(qr_svg("https://clinic.example/v#abc").is_ok_and(|svg| svg.starts_with("<svg")));
    }
}
