//! The controls. Requirements are cited, not quoted: 45 CFR part 164 subpart C as in force, the proposed
//! rule of 6 January 2025 (90 FR 898, still a proposal), OWASP ASVS 5.0.0, and the GDPR.

use crate::media::MEDIA;
use serde::Serialize;

/// How the rule in force treats something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Current {
    /// Required.
    Required,
    /// Addressable: do it, or write down why something else is as good.
    Addressable,
    /// Not named.
    NotNamed,
}

impl Current {
    /// The word in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Addressable => "addressable",
            Self::NotNamed => "not named",
        }
    }
}

/// Something that the program can look at by itself, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Every account has its own address; every session has an account.
    UniquePeople,
    /// No opening in an emergency waits longer than it may for its review.
    EmergenciesReviewed,
    /// No session lives longer than its limits.
    SessionLimits,
    /// Planted canaries are nowhere in the clear in the database's rows.
    SealedAtRest,
    /// Key provider healthy; every visit has a key or was destroyed.
    Keys,
    /// The audit log verifies from end to end.
    LogVerifies,
    /// Nobody who can sign in does so without a second factor.
    SecondFactors,
    /// TLS 1.0 and 1.1 are refused, 1.2 or later is accepted, by handshakes with the own port.
    Tls,
    /// DTLS 1.0 and weak ciphers are not taken, 1.2 with an AEAD is, by handshakes with the own media port.
    Dtls,
    /// What a person may see after being disabled: no live session of a disabled account.
    DisabledAreOut,
    /// The newest backup is young enough.
    BackupAge,
    /// The newest drill is young enough, and was a success.
    DrillAge,
    /// Rules of how long data is kept are set, and data was looked through lately.
    Retention,
    /// The relay reaches no special address.
    RelayClosed,
}

impl Probe {
    /// Every probe, for tables and tests.
    pub const ALL: [Self; 14] = [
        Self::UniquePeople,
        Self::EmergenciesReviewed,
        Self::SessionLimits,
        Self::SealedAtRest,
        Self::Keys,
        Self::LogVerifies,
        Self::SecondFactors,
        Self::Tls,
        Self::Dtls,
        Self::DisabledAreOut,
        Self::BackupAge,
        Self::DrillAge,
        Self::Retention,
        Self::RelayClosed,
    ];
}

/// One thing that is asked of a clinic's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Control {
    /// A stable name: letters, digits, `.` and `-`, beginning with a letter.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// Where the HIPAA Security Rule in force speaks of it, and how.
    pub hipaa: (&'static str, Current),
    /// What the proposed rule would ask, or nothing.
    pub proposed: &'static str,
    /// Sections of OWASP ASVS 5.0.0.
    pub asvs: &'static [&'static str],
    /// Other frameworks, as a pointer for whoever maps them. No claim.
    pub also: &'static [&'static str],
    /// What Bedside does about it.
    pub does: &'static str,
    /// What shows it. All of them have to hold.
    pub probes: &'static [Probe],
    /// For how many days the word of a person answers it, where that is possible; 0 where it is not.
    pub word_holds_days: u32,
}

/// The control of this name.
#[must_use]
pub fn control(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().copied().find(|c| c.id == id)
}

/// Every control, in the order of the report.
pub const CONTROLS: &[&Control] = &[
    &Control {
        id: "unique-people",
        title: "Everybody signs in as themselves",
        hipaa: ("164.312(a)(2)(i)", Current::Required),
        proposed: "164.312(a): required",
        asvs: &["6.3", "7.2", "8.2"],
        also: &["SOC 2 CC6.1", "GDPR 32"],
        does: "One account per person and address; nobody signs in without one.",
        probes: &[Probe::UniquePeople],
        word_holds_days: 0,
    },
    &Control {
        id: "emergency-access",
        title: "A way in for emergencies, that is looked at afterwards",
        hipaa: ("164.312(a)(2)(ii)", Current::Required),
        proposed: "164.312(a): required",
        asvs: &["8.3"],
        also: &["SOC 2 CC6.3"],
        does: "A restricted visit opens for 60 minutes to whoever says why; officers are told and review.",
        probes: &[Probe::EmergenciesReviewed],
        word_holds_days: 0,
    },
    &Control {
        id: "logoff",
        title: "Who is away is signed out",
        hipaa: ("164.312(a)(2)(iii)", Current::Addressable),
        proposed: "164.312(a): required",
        asvs: &["7.3.1", "7.3.2"],
        also: &["SOC 2 CC6.1"],
        does: "15 minutes without use, 12 hours in any case. A live call is use.",
        probes: &[Probe::SessionLimits],
        word_holds_days: 0,
    },
    &Control {
        id: "encryption-at-rest",
        title: "What is stored about people is sealed",
        hipaa: ("164.312(a)(2)(iv)", Current::Addressable),
        proposed: "164.312(b): required",
        asvs: &["11.3", "14.2"],
        also: &["GDPR 32", "SOC 2 CC6.1"],
        does: "AES-256-GCM under a key per visit, wrapped by a key of the provider.",
        probes: &[Probe::SealedAtRest, Probe::Keys],
        word_holds_days: 0,
    },
    &Control {
        id: "audit-controls",
        title: "A record of who did what, that cannot be changed unseen",
        hipaa: ("164.312(b)", Current::Required),
        proposed: "164.312(c): required, real-time monitoring",
        asvs: &["16.2", "16.3", "16.4.2"],
        also: &["SOC 2 CC7.2", "GDPR 30"],
        does: "Every step writes its entry in the same transaction; anybody can verify the whole log.",
        probes: &[Probe::LogVerifies],
        word_holds_days: 0,
    },
    &Control {
        id: "activity-review",
        title: "Somebody looks at the record",
        hipaa: ("164.308(a)(1)(ii)(D)", Current::Required),
        proposed: "164.308(a)(7): required",
        asvs: &["16.4"],
        also: &["SOC 2 CC7.2"],
        does: "The log can be searched by patient, person and visit.",
        probes: &[],
        word_holds_days: 7,
    },
    &Control {
        id: "integrity",
        title: "What is kept is not altered unseen",
        hipaa: ("164.312(c)(2)", Current::Addressable),
        proposed: "164.312(e): required",
        asvs: &["11.4", "16.4.2"],
        also: &["SOC 2 CC7.1"],
        does: "Sealed values are bound to their place and do not open elsewhere; the log is a tree of hashes.",
        probes: &[Probe::LogVerifies, Probe::Keys],
        word_holds_days: 0,
    },
    &Control {
        id: "second-factor",
        title: "A password alone opens nothing",
        hipaa: ("164.312(d)", Current::Addressable),
        proposed: "164.312(f): multi-factor authentication required",
        asvs: &["6.3.3", "6.4", "6.5"],
        also: &["SOC 2 CC6.1"],
        does: "A second factor for everybody of the clinic, without exception.",
        probes: &[Probe::SecondFactors],
        word_holds_days: 0,
    },
    &Control {
        id: "transmission",
        title: "What travels is encrypted",
        hipaa: ("164.312(e)(2)(ii)", Current::Addressable),
        proposed: "164.312(b): required",
        asvs: &["12.1", "12.2", "12.3"],
        also: &["GDPR 32", "SOC 2 CC6.7"],
        does: "TLS 1.2 or later for pages and signalling, DTLS-SRTP with an AEAD cipher for media.",
        probes: &[Probe::Tls, Probe::Dtls],
        word_holds_days: 0,
    },
    &Control {
        id: "leavers",
        title: "Who leaves is out at once",
        hipaa: ("164.308(a)(3)(ii)(C)", Current::Addressable),
        proposed: "164.308(a)(9): within one hour, required",
        asvs: &["7.4.2", "8.3.2"],
        also: &["SOC 2 CC6.2"],
        does: "Disabling an account ends sessions, sockets, calls and relay rights within 5 s.",
        probes: &[Probe::DisabledAreOut],
        word_holds_days: 0,
    },
    &Control {
        id: "backup",
        title: "There is a backup, and it is young",
        hipaa: ("164.308(a)(7)(ii)(A)", Current::Required),
        proposed: "164.308(a)(13): not older than 48 hours",
        asvs: &[],
        also: &["SOC 2 A1.2", "GDPR 32"],
        does: "Backups are encrypted to a recipient whose key is not on the server.",
        probes: &[Probe::BackupAge],
        word_holds_days: 2,
    },
    &Control {
        id: "restore",
        title: "It was shown that a backup can be restored",
        hipaa: ("164.308(a)(7)(ii)(D)", Current::Addressable),
        proposed: "164.308(a)(13): restore within 72 hours; tests required",
        asvs: &[],
        also: &["SOC 2 A1.3"],
        does: "A drill restores to a scratch place, verifies the log, opens what is sealed, and measures the time.",
        probes: &[Probe::DrillAge],
        word_holds_days: 30,
    },
    &Control {
        id: "disposal",
        title: "What is over goes, and stays gone",
        hipaa: ("164.310(d)(2)(i)", Current::Required),
        proposed: "164.310(d): required",
        asvs: &["14.2.7"],
        also: &["GDPR 5(1)(e)", "GDPR 17"],
        does: "Rules per kind of data, legal holds before all, erasure by destroying keys.",
        probes: &[Probe::Retention],
        word_holds_days: 0,
    },
    &Control {
        id: "risk-analysis",
        title: "Somebody thought about what can go wrong",
        hipaa: ("164.308(a)(1)(ii)(A)", Current::Required),
        proposed: "164.308(a)(2): required, every 12 months",
        asvs: &["15.1"],
        also: &["GDPR 35", "SOC 2 CC3.2"],
        does: "docs/security.md says what is protected, from whom, and what is not: a start for yours.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "inventory",
        title: "A list of what there is, and of where data flows",
        hipaa: ("164.310(d)(2)(iii)", Current::Addressable),
        proposed: "164.308(a)(1): inventory and network map, every 12 months",
        asvs: &["15.1.2"],
        also: &["GDPR 30", "SOC 2 CC6.1"],
        does: "The program's parts with their versions are in its bill of materials.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "vulnerability-scan",
        title: "Known holes are looked for",
        hipaa: ("164.308(a)(8)", Current::Required),
        proposed: "164.312(h): scan every 6 months",
        asvs: &["15.2.1"],
        also: &["SOC 2 CC7.1"],
        does: "Releases are built against the advisory database; scanning your server is yours.",
        probes: &[],
        word_holds_days: 182,
    },
    &Control {
        id: "penetration-test",
        title: "Somebody tried to break in",
        hipaa: ("164.308(a)(8)", Current::Required),
        proposed: "164.312(h): every 12 months",
        asvs: &[],
        also: &["SOC 2 CC4.1"],
        does: "The suite attacks its own media, relay, signalling and pages; an outsider's test is yours.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "incident-plan",
        title: "Everybody knows whom to call",
        hipaa: ("164.308(a)(6)(ii)", Current::Required),
        proposed: "164.308(a)(12): written, tested; notice within 24 hours",
        asvs: &[],
        also: &["GDPR 33", "SOC 2 CC7.4"],
        does: "Alert rules and a dashboard are in deploy/; the plan is yours.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "agreements",
        title: "Contracts with everybody who handles the data",
        hipaa: ("164.308(b)(1)", Current::Required),
        proposed: "164.308(b): verified every 12 months",
        asvs: &[],
        also: &["GDPR 28"],
        does: "Self-hosted: Bedside's makers handle none of your data.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "training",
        title: "People are taught",
        hipaa: ("164.308(a)(5)(i)", Current::Required),
        proposed: "164.308(a)(11): within 30 days, then every 12 months",
        asvs: &[],
        also: &["SOC 2 CC1.4"],
        does: "Nothing: this is yours.",
        probes: &[],
        word_holds_days: 365,
    },
    &Control {
        id: "patients-rights",
        title: "Patients get what is kept about them",
        hipaa: ("164.524 (Privacy Rule)", Current::Required),
        proposed: "",
        asvs: &["14.2"],
        also: &["GDPR 15", "GDPR 20"],
        does: "One file with everything about a patient, and nothing about others.",
        probes: &[Probe::Retention],
        word_holds_days: 0,
    },
    MEDIA[0],
    MEDIA[1],
    MEDIA[2],
    MEDIA[3],
    MEDIA[4],
    MEDIA[5],
    MEDIA[6],
    MEDIA[7],
    MEDIA[8],
    MEDIA[9],
    MEDIA[10],
    MEDIA[11],
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_fit_every_form_of_the_report() {
        let ids: BTreeSet<&str> = CONTROLS.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), CONTROLS.len());
        for id in ids {
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
            let fits =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
            assert!(id.chars().all(fits), "{id}");
            assert!(control(id).is_some_and(|c| c.id == id));
        }
    }

    #[test]
    fn every_control_can_be_answered_and_every_probe_answers_one() {
        for c in CONTROLS {
            assert!(!c.probes.is_empty() || c.word_holds_days > 0, "{}", c.id);
            assert!(!c.title.is_empty() && !c.does.is_empty(), "{}", c.id);
        }
        for probe in Probe::ALL {
            assert!(CONTROLS.iter().any(|c| c.probes.contains(&probe)), "{probe:?}");
        }
    }

    #[test]
    fn the_whole_chapter_on_webrtc_is_there() {
        let media: Vec<&str> = CONTROLS
            .iter()
            .flat_map(|c| c.asvs)
            .filter(|s| s.starts_with("17."))
            .copied()
            .collect();
        assert_eq!(media.len(), 12);
    }

    #[test]
    fn nothing_claims_that_anybody_complies() {
        for c in CONTROLS {
            for text in [c.title, c.does, c.proposed] {
                let text = text.to_lowercase();
                assert!(!text.contains("compliant") && !text.contains("certified"), "{}", c.id);
            }
        }
    }
}
