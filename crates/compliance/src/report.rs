//! From what was found and said to the standing of each control.

use crate::attest::Attestations;
use crate::catalogue::{CONTROLS, Control, Probe};
use serde::Serialize;
use std::collections::BTreeMap;
use visit::Timestamp;

/// What a probe found. Its text holds numbers and codes, and names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// It is as it should be.
    pub holds: bool,
    /// What was looked at and what was there.
    pub text: String,
    /// What to do, if it does not hold.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl Found {
    /// As it should be.
    #[must_use]
    pub fn good(text: impl Into<String>) -> Self {
        Self { holds: true, text: text.into(), fix: String::new() }
    }

    /// Not as it should be.
    #[must_use]
    pub fn bad(text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { holds: false, text: text.into(), fix: fix.into() }
    }
}

/// Where a control stands. There are no other words than these, and `open` for what has none. Names who
/// attested, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Every probe of it ran now and holds.
    Proved,
    /// A person says so, and it is not too long ago.
    Attested {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Until when that counts.
        until: Timestamp,
    },
    /// A person says that it does not apply here, and why.
    NotApplicable {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Neither: something to do.
    Open {
        /// What.
        fix: String,
    },
}

impl Standing {
    /// The word in the report.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Attested { .. } => "attested",
            Self::NotApplicable { .. } => "not applicable",
            Self::Open { .. } => "open",
        }
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        !matches!(self, Self::Open { .. })
    }
}

/// One control and where it stands.
#[derive(Clone, Serialize)]
pub struct Answer {
    /// What is asked.
    #[serde(flatten)]
    pub control: &'static Control,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// What was found or said.
    pub evidence: Vec<String>,
}

/// The whole report.
#[derive(Clone, Serialize)]
pub struct Report {
    /// The form of this document.
    pub format: &'static str,
    /// Whose server.
    pub clinic: String,
    /// Version of the program.
    pub version: String,
    /// When the probes ran.
    pub made_at: Timestamp,
    /// Every control.
    pub answers: Vec<Answer>,
}

impl Report {
    /// Puts together what was found and said at `now`. A probe that did not run answers nothing.
    #[must_use]
    pub fn new(
        clinic: &str,
        version: &str,
        now: Timestamp,
        found: &BTreeMap<Probe, Found>,
        said: &Attestations,
    ) -> Self {
        let answers = CONTROLS.iter().map(|c| answer(c, now, found, said)).collect();
        let (clinic, version) = (clinic.to_owned(), version.to_owned());
        Self { format: "bedside-compliance-1", clinic, version, made_at: now, answers }
    }

    /// How many stand so: proved, attested, not applicable, open.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for answer in &self.answers {
            let place = match answer.standing {
                Standing::Proved => 0,
                Standing::Attested { .. } => 1,
                Standing::NotApplicable { .. } => 2,
                Standing::Open { .. } => 3,
            };
            counts[place] += 1;
        }
        counts
    }
}

fn answer(
    control: &'static Control,
    now: Timestamp,
    found: &BTreeMap<Probe, Found>,
    said: &Attestations,
) -> Answer {
    let ran: Vec<&Found> = control.probes.iter().filter_map(|p| found.get(p)).collect();
    let mut evidence: Vec<String> = ran.iter().map(|f| f.text.clone()).collect();
    let all_ran = !control.probes.is_empty() && ran.len() == control.probes.len();
    if all_ran && ran.iter().all(|f| f.holds) {
        return Answer { control, standing: Standing::Proved, evidence };
    }
    let word = said.latest(control.id);
    if let Some(word) = word.filter(|w| w.not_applicable && w.holds_until(control) > now) {
        let (by, reason) = (word.by.clone(), word.text.clone());
        let standing = Standing::NotApplicable { by, at: word.at, reason };
        return Answer { control, standing, evidence };
    }
    // What a program found to be wrong is wrong, whoever says what.
    let failed = ran.iter().find(|f| !f.holds);
    if let (Some(word), None) = (word.filter(|w| !w.not_applicable), failed) {
        let until = word.holds_until(control);
        if control.word_holds_days > 0 && until > now {
            evidence.push(word.text.clone());
            let standing = Standing::Attested { by: word.by.clone(), at: word.at, until };
            return Answer { control, standing, evidence };
        }
    }
    let fix = match (failed, word) {
        (Some(failed), _) => failed.fix.clone(),
        (None, Some(_)) => "what was said is too long ago; say it again".to_owned(),
        (None, None) if control.word_holds_days > 0 => {
            format!("do it, and say so: bedside compliance attest {}", control.id)
        }
        (None, None) => "this could not be looked at; see the server's log".to_owned(),
    };
    Answer { control, standing: Standing::Open { fix }, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::Attestation;
    use visit::Duration;

    const NOW: Timestamp = Timestamp(1_795_348_800_000_000);
    const DAY: i64 = 24 * 60;

    fn stands(id: &str, now: Timestamp, found: &[(Probe, bool)], said: &[Attestation]) -> Standing {
        let found = found
            .iter()
            .map(|(p, good)| {
                (*p, if *good { Found::good("x") } else { Found::bad("x", "mend it") })
            })
            .collect();
        let report = Report::new("C", "1", now, &found, &Attestations(said.to_vec()));
        report
            .answers
            .into_iter()
            .find(|a| a.control.id == id)
            .map(|a| a.standing)
            .expect("is there")
    }

    fn word(id: &str, not_applicable: bool) -> Vec<Attestation> {
        Attestation::new(id, "Olga", "as it is written", not_applicable, NOW).into_iter().collect()
    }

    #[test]
    fn proved_needs_every_probe_and_each_to_hold() {
        let (sealed, keys) = (Probe::SealedAtRest, Probe::Keys);
        let stands = |found: &[(Probe, bool)]| stands("encryption-at-rest", NOW, found, &[]);
        assert!(stands(&[(sealed, true), (keys, true)]) == Standing::Proved);
        let open = Standing::Open { fix: "mend it".to_owned() };
        assert!(stands(&[(sealed, true), (keys, false)]) == open);
        assert!(!stands(&[(sealed, true)]).is_answered(), "one did not run");
        assert!(!stands(&[]).is_answered());
    }

    #[test]
    fn a_word_holds_for_its_time_and_not_a_moment_longer() {
        let said = word("training", false);
        let at = |days: i64, us: i64| Timestamp(NOW.plus(Duration::from_min(days * DAY)).0 + us);
        let stands = |now| stands("training", now, &[], &said).as_str();
        assert_eq!(stands(NOW), "attested");
        assert_eq!(stands(at(365, -1)), "attested");
        assert_eq!(stands(at(365, 0)), "open");
    }

    #[test]
    fn no_word_covers_what_a_probe_found_wrong() {
        let said = word("backup", false);
        assert_eq!(stands("backup", NOW, &[], &said).as_str(), "attested");
        assert_eq!(stands("backup", NOW, &[(Probe::BackupAge, false)], &said).as_str(), "open");
        assert_eq!(stands("backup", NOW, &[(Probe::BackupAge, true)], &said).as_str(), "proved");
    }

    #[test]
    fn what_does_not_apply_says_why_and_is_asked_again() {
        let said = word("second-factor", true);
        let later = NOW.plus(Duration::from_min(366 * DAY));
        assert_eq!(stands("second-factor", NOW, &[], &said).as_str(), "not applicable");
        assert_eq!(stands("second-factor", later, &[], &said).as_str(), "open");
    }

    #[test]
    fn every_control_is_counted_once() {
        let report = Report::new("C", "1", NOW, &BTreeMap::new(), &Attestations::default());
        assert_eq!(report.counts(), [0, 0, 0, CONTROLS.len()]);
    }
}
