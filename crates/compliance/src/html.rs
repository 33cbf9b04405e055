//! The report as one page that needs nothing else: to read, to print, to send to an auditor.

use crate::report::{Answer, Report, Standing};
use std::fmt::Write as _;
use visit::Timestamp;

/// The four standings in the order of [`Report::counts`], with their colours (contrast 4.5:1 on white).
const LOOKS: [(&str, &str); 4] = [
    ("proved", "#1b6e3c"),
    ("attested", "#1f5fa8"),
    ("not applicable", "#5f6368"),
    ("open", "#b3261e"),
];

const STYLE: &str = "\
:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c1c1c}\
h1{font-size:1.6rem;margin:0}table{border-collapse:collapse;width:100%;margin-top:1.5rem}\
th,td{border-top:1px solid #ccc;padding:.6rem .5rem;text-align:start;vertical-align:top;font-size:.92rem}\
th{font-size:.8rem;color:#444}svg{width:100%;height:2.2rem;margin-top:1rem}\
.mark{display:inline-block;color:#fff;border-radius:1rem;padding:.05rem .7rem;white-space:nowrap;font-size:.85rem}\
.small{color:#555;font-size:.85rem}p{max-width:46rem}\
@media(max-width:48rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0;padding:.15rem 0}tr{border-top:1px solid #ccc;padding:.7rem 0;display:block}}\
@media print{body{margin:0}tr{break-inside:avoid}}";

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = String::with_capacity(32 * 1024);
    let counts = report.counts();
    let title = format!("Controls of {}", escape(&report.clinic));
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>\
         <p class=\"small\">Looked at {} by Bedside {}.</p>",
        time(report.made_at),
        escape(&report.version),
    );
    bar(&mut out, counts);
    let _ = write!(
        out,
        "<p>{} proved, {} attested, {} not applicable, {} open. <b>Proved</b> means that the program \
         looked now. <b>Attested</b> means that a person said so. This page says what was found. Whether \
         that is enough for a law or a contract is for you and your advisers to judge.</p>\
         <table><thead><tr><th>What is asked</th><th>What Bedside does</th><th>HIPAA in force</th>\
         <th>HIPAA proposed (2025, not in force)</th><th>ASVS 5.0</th><th>Standing</th></tr></thead><tbody>",
        counts[0], counts[1], counts[2], counts[3],
    );
    // What is to be done comes first.
    let mut answers: Vec<&Answer> = report.answers.iter().collect();
    answers.sort_by_key(|a| a.standing.is_answered());
    for answer in answers {
        row(&mut out, answer);
    }
    out.push_str("</tbody></table></body></html>\n");
    out
}

fn bar(out: &mut String, counts: [usize; 4]) {
    let all = counts.iter().sum::<usize>().max(1);
    let words: Vec<String> =
        counts.iter().zip(LOOKS).map(|(n, (word, _))| format!("{n} {word}")).collect();
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {all} 1\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        words.join(", "),
    );
    let mut from = 0;
    for (count, (_, colour)) in counts.into_iter().zip(LOOKS) {
        if count > 0 {
            let _ = write!(
                out,
                "<rect x=\"{from}\" width=\"{count}\" height=\"1\" fill=\"{colour}\"/>"
            );
        }
        from += count;
    }
    out.push_str("</svg>");
}

fn row(out: &mut String, answer: &Answer) {
    let control = answer.control;
    let colour =
        LOOKS.iter().find(|(word, _)| *word == answer.standing.as_str()).map_or("#000", |l| l.1);
    let (place, current) = control.hipaa;
    let hipaa = if place.is_empty() {
        current.as_str().to_owned()
    } else {
        format!("{place}: {}", current.as_str())
    };
    let _ = write!(
        out,
        "<tr id=\"{}\"><td><b>{}</b><br><span class=\"small\">{}</span></td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td><td><span class=\"mark\" style=\"background:{colour}\">{}</span>",
        control.id,
        escape(control.title),
        escape(&control.also.join(", ")),
        escape(control.does),
        escape(&hipaa),
        escape(if control.proposed.is_empty() { "–" } else { control.proposed }),
        if control.asvs.is_empty() { "–".to_owned() } else { control.asvs.join(", ") },
        answer.standing.as_str(),
    );
    for text in &answer.evidence {
        let _ = write!(out, "<br>{}", escape(text));
    }
    let _ = match &answer.standing {
        Standing::Proved => Ok(()),
        Standing::Attested { by, at, until } => {
            let (at, until) = (time(*at), time(*until));
            write!(
                out,
                "<br><span class=\"small\">{}, {at}; holds until {until}</span>",
                escape(by)
            )
        }
        Standing::NotApplicable { by, at, reason } => {
            write!(
                out,
                "<br>{}<br><span class=\"small\">{}, {}</span>",
                escape(reason),
                escape(by),
                time(*at)
            )
        }
        Standing::Open { fix } => write!(out, "<br><b>Next:</b> {}", escape(fix)),
    };
    out.push_str("</td></tr>");
}

fn time(at: Timestamp) -> String {
    chrono::DateTime::from_timestamp_micros(at.0)
        .map(|t| t.format("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::{Attestation, Attestations};
    use crate::catalogue::Probe;
    use crate::report::Found;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_open_comes_first_and_nothing_from_outside_becomes_markup() {
        let now = Timestamp(1_795_348_800_000_000);
        let evil = "<script>alert(1)</script> & \"more\"";
        let said = Attestation::new("training", evil, evil, false, now);
        let found = BTreeMap::from([(Probe::Tls, Found::good("TLS 1.1 refused"))]);
        let report = Report::new(evil, "1", now, &found, &Attestations(said.into_iter().collect()));
        let page = page(&report);
        assert!(!page.contains("<script"));
        assert!(page.contains("TLS 1.1 refused") && page.contains("2026-11-22 12:00 UTC"));
        let at = |id: &str| page.find(&format!("id=\"{id}\"")).unwrap_or(usize::MAX);
        assert!(at("second-factor") < at("transmission") && at("transmission") < usize::MAX);
        assert!(!page.to_lowercase().contains("compliant"));
    }
}
