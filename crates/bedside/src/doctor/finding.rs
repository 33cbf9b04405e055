//! What the examination found: one finding per line, and the whole as text or JSON.
//!
//! Owns the levels, their exit codes and the form of the JSON, and that whatever is not ok says what to
//! do. It examines nothing.

use serde::Serialize;
use std::collections::BTreeMap;

/// How grave a finding is. The order is the order of graveness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Nobody looked, and the sentence says why.
    NotChecked,
    /// Works, but something should be done.
    Warning,
    /// Patients would notice.
    Failed,
}

impl Level {
    /// As it stands at the beginning of a line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotChecked => "not checked",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    /// Exit code of a run whose gravest finding this is. Not checked counts as well.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::NotChecked => 0,
            Self::Warning => 1,
            Self::Failed => 2,
        }
    }
}

/// What was looked at. The names are stable: scripts know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The settings file and what is unwise in it.
    Settings,
    /// The public name.
    Dns,
    /// The HTTPS port and who answers there.
    Https,
    /// The certificate.
    Certificate,
    /// The clock of this machine.
    Clock,
    /// The ports of audio and video.
    Media,
    /// The ports of our own relay.
    Relay,
    /// What the system allows the sockets of media.
    Buffers,
    /// Files that only the server may read.
    Files,
    /// The keyring.
    Keys,
    /// The database.
    Database,
    /// The audit log: whether it can be signed, and its witnesses.
    AuditLog,
    /// Space for data.
    Disk,
    /// The mail server.
    Mail,
    /// The way from a stranger's machine to the server.
    Outside,
}

impl Check {
    /// Every check, for tests.
    #[cfg(test)]
    pub const ALL: [Self; 15] = [
        Self::Settings,
        Self::Dns,
        Self::Https,
        Self::Certificate,
        Self::Clock,
        Self::Media,
        Self::Relay,
        Self::Buffers,
        Self::Files,
        Self::Keys,
        Self::Database,
        Self::AuditLog,
        Self::Disk,
        Self::Mail,
        Self::Outside,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Dns => "dns",
            Self::Https => "https",
            Self::Certificate => "certificate",
            Self::Clock => "clock",
            Self::Media => "media",
            Self::Relay => "relay",
            Self::Buffers => "buffers",
            Self::Files => "files",
            Self::Keys => "keys",
            Self::Database => "database",
            Self::AuditLog => "audit_log",
            Self::Disk => "disk",
            Self::Mail => "mail",
            Self::Outside => "outside",
        }
    }
}

/// One finding. Level and fix are set here and nowhere else: one that is not ok begins as [`NeedsFix`].
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Which finding it is; stable, unique within its check.
    pub code: &'static str,
    /// How grave it is.
    level: Level,
    /// One or two plain sentences.
    pub says: String,
    /// What to do about it, exactly. None only where there is nothing to do.
    fix: Option<String>,
    /// Figures behind it, by stable names with their units.
    pub figures: BTreeMap<&'static str, i64>,
}

impl Finding {
    fn new(check: Check, code: &'static str, level: Level, says: impl Into<String>) -> Self {
        Self { check, code, level, says: says.into(), fix: None, figures: BTreeMap::new() }
    }

    /// Nothing to do.
    pub fn ok(check: Check, code: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, code, Level::Ok, says)
    }

    /// Not looked at; `says` has the reason.
    pub fn not_checked(check: Check, code: &'static str, says: impl Into<String>) -> NeedsFix {
        NeedsFix(Self::new(check, code, Level::NotChecked, says))
    }

    /// Something should be done.
    pub fn warning(check: Check, code: &'static str, says: impl Into<String>) -> NeedsFix {
        NeedsFix(Self::new(check, code, Level::Warning, says))
    }

    /// Patients would notice.
    pub fn failed(check: Check, code: &'static str, says: impl Into<String>) -> NeedsFix {
        NeedsFix(Self::new(check, code, Level::Failed, says))
    }

    /// How grave it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// What to do about it. None only where it is ok.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// With a figure.
    #[must_use]
    pub fn figure(mut self, name: &'static str, value: i64) -> Self {
        self.figures.insert(name, value);
        self
    }
}

/// A finding that is not ok, before it is said what to do. A type of its own, so that a line without a
/// fix does not compile.
#[must_use = "say what to do about it: fix(…)"]
pub struct NeedsFix(Finding);

impl NeedsFix {
    /// With what to do: one next step, and the line to type or the setting where there is one.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Finding {
        Finding { fix: Some(fix.into()), ..self.0 }
    }
}

/// The fix of what waits for other lines: theirs come first. Named as they stand in the report.
#[must_use]
pub fn first_do(lines: &[Check]) -> String {
    let names: Vec<_> = lines.iter().map(|check| check.name()).collect();
    format!("First do what the line {} says, then run this again", names.join(" or "))
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this form. Keys may be added within a version.
    pub version: u32,
    /// The gravest level.
    pub result: Level,
    /// The findings in the order of the checks.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Takes the findings.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        // What was not checked makes nothing worse.
        let grave = findings.iter().map(|f| f.level).filter(|l| *l != Level::NotChecked).max();
        Self { version: 1, result: grave.unwrap_or(Level::Ok), findings }
    }

    /// The last line for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |level| self.findings.iter().filter(|f| f.level == level).count();
        let plural = |n: usize, one: &str, many: &str| match n {
            1 => format!("1 {one}"),
            n => format!("{n} {many}"),
        };
        let (failed, warned) = (count(Level::Failed), count(Level::Warning));
        match (failed, warned) {
            (0, 0) => "Nothing to mend was found.".to_owned(),
            (0, w) => format!("{}.", plural(w, "warning", "warnings")),
            (f, 0) => format!("{}.", plural(f, "failure", "failures")),
            (f, w) => format!(
                "{} and {}.",
                plural(f, "failure", "failures"),
                plural(w, "warning", "warnings")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_finding_decides_and_what_was_not_checked_does_not() {
        let ok = || Finding::ok(Check::Dns, "a", "");
        let not = || Finding::not_checked(Check::Mail, "b", "").fix("F");
        let warning = || Finding::warning(Check::Disk, "c", "").fix("F");
        let failed = || Finding::failed(Check::Keys, "d", "").fix("F");
        let cases: [(Vec<Finding>, Level, u8, &str); 5] = [
            (vec![], Level::Ok, 0, "Nothing to mend was found."),
            (vec![ok(), not()], Level::Ok, 0, "Nothing to mend was found."),
            (vec![warning(), not()], Level::Warning, 1, "1 warning."),
            (vec![failed(), failed()], Level::Failed, 2, "2 failures."),
            (vec![failed(), warning(), ok()], Level::Failed, 2, "1 failure and 1 warning."),
        ];
        for (findings, level, code, words) in cases {
            let report = Report::of(findings);
            assert_eq!((report.result, report.result.exit_code()), (level, code));
            assert_eq!(report.summary(), words);
        }
    }

    #[test]
    fn only_what_is_ok_has_nothing_to_do() {
        assert_eq!(Finding::ok(Check::Dns, "a", "S.").fix(), None);
        for (needs, level) in [
            (Finding::not_checked(Check::Mail, "b", "S."), Level::NotChecked),
            (Finding::warning(Check::Disk, "c", "S."), Level::Warning),
            (Finding::failed(Check::Keys, "d", "S."), Level::Failed),
        ] {
            let finding = needs.fix("F");
            assert_eq!((finding.level(), finding.fix()), (level, Some("F")));
        }
    }

    #[test]
    fn lines_that_come_first_are_named_as_they_stand_in_the_report() {
        let one = "First do what the line audit_log says, then run this again";
        assert_eq!(first_do(&[Check::AuditLog]), one);
        let two = "First do what the line keys or database says, then run this again";
        assert_eq!(first_do(&[Check::Keys, Check::Database]), two);
    }

    #[test]
    fn the_json_has_its_documented_keys() {
        let finding = Finding::warning(Check::Certificate, "old", "S.").fix("F.").figure("days", 3);
        let json = serde_json::to_value(Report::of(vec![finding])).unwrap_or_default();
        assert_eq!(
            json,
            serde_json::json!({
                "version": 1,
                "result": "warning",
                "findings": [{
                    "check": "certificate", "code": "old", "level": "warning", "says": "S.",
                    "fix": "F.", "figures": { "days": 3 },
                }],
            })
        );
    }

    #[test]
    fn every_check_is_in_the_operators_page() {
        let page = include_str!("../../../../docs/operating.md");
        for check in Check::ALL {
            assert!(page.contains(&format!("| `{}` |", check.name())), "{}", check.name());
            let name = serde_json::to_value(check).unwrap_or_default();
            assert_eq!(name, check.name(), "the name in JSON is the same");
        }
    }
}
