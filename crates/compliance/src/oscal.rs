//! The report as OSCAL assessment results (NIST, <https://pages.nist.gov/OSCAL/>, model 1.1.3): what tools of
//! auditors read. Only the members that the model asks for, and the findings.

use crate::report::{Answer, Report, Standing};
use serde_json::{Value, json};

/// The version of the model.
const OSCAL: &str = "1.1.3";
/// Where our own words come from, as the model wants it for values of one's own.
const NAMESPACE: &str = "https://bedside.example/ns/compliance";

/// The report as a document. `random` gives 128 random bits for each name in it.
#[must_use]
pub fn assessment_results(report: &Report, mut random: impl FnMut() -> u128) -> Value {
    let made_at = report.made_at.to_rfc3339();
    let mut uuid = move || uuid_v4(random());
    let mut observations = Vec::new();
    let mut findings = Vec::new();
    for answer in &report.answers {
        let observation = uuid();
        observations.push(observed(answer, &observation, &made_at));
        findings.push(finding(answer, &uuid(), &observation));
    }
    let controls: Vec<Value> =
        report.answers.iter().map(|a| json!({ "control-id": a.control.id })).collect();
    json!({
        "assessment-results": {
            "uuid": uuid(),
            "metadata": {
                "title": format!("Controls of {}", report.clinic),
                "last-modified": made_at,
                "version": report.version,
                "oscal-version": OSCAL,
                "remarks": "What was looked at, when, and what was found. No statement that anybody complies with anything.",
            },
            "import-ap": { "href": "#bedside-controls" },
            "results": [{
                "uuid": uuid(),
                "title": "Probes run by the program, and words of people",
                "description": "Each control stands as proved, attested, not applicable, or open.",
                "start": made_at,
                "end": made_at,
                "reviewed-controls": { "control-selections": [{ "include-controls": controls }] },
                "observations": observations,
                "findings": findings,
            }],
        }
    })
}

fn observed(answer: &Answer, uuid: &str, made_at: &str) -> Value {
    let said = if answer.evidence.is_empty() {
        "Nothing was found.".to_owned()
    } else {
        answer.evidence.join(" ")
    };
    let (method, collected) = match &answer.standing {
        Standing::Proved | Standing::Open { .. } => ("TEST", made_at.to_owned()),
        Standing::Attested { at, .. } | Standing::NotApplicable { at, .. } => {
            ("INTERVIEW", at.to_rfc3339())
        }
    };
    let mut observation = json!({
        "uuid": uuid,
        "title": answer.control.title,
        "description": said,
        "methods": [method],
        "collected": collected,
    });
    if let Standing::Attested { until, .. } = &answer.standing {
        observation["expires"] = until.to_rfc3339().into();
    }
    observation
}

fn finding(answer: &Answer, uuid: &str, observation: &str) -> Value {
    let state = if answer.standing.is_answered() { "satisfied" } else { "not-satisfied" };
    let description = match &answer.standing {
        Standing::Proved => "Every probe ran now and holds.".to_owned(),
        Standing::Attested { by, .. } => format!("Attested by {by}."),
        Standing::NotApplicable { by, reason, .. } => {
            format!("Not applicable, says {by}: {reason}")
        }
        Standing::Open { fix } => format!("Open. Next: {fix}."),
    };
    json!({
        "uuid": uuid,
        "title": answer.control.title,
        "description": description,
        "props": [{ "name": "standing", "ns": NAMESPACE, "value": answer.standing.as_str().replace(' ', "-") }],
        "target": {
            "type": "objective-id",
            "target-id": answer.control.id,
            "description": answer.control.does,
            "status": { "state": state },
        },
        "related-observations": [{ "observation-uuid": observation }],
    })
}

/// RFC 9562 §5.4.
fn uuid_v4(random: u128) -> String {
    let bits =
        (random & !(0xf_u128 << 76) & !(0x3_u128 << 62)) | (0x4_u128 << 76) | (0x2_u128 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::Attestations;
    use std::collections::{BTreeMap, BTreeSet};
    use visit::Timestamp;

    fn document() -> Value {
        let now = Timestamp(1_795_348_800_000_000);
        let report =
            Report::new("Clinic", "0.1.0", now, &BTreeMap::new(), &Attestations::default());
        let mut seed = 1_u128;
        assessment_results(&report, || {
            seed = seed.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
            seed
        })
    }

    #[test]
    fn names_are_version_4_and_different() {
        let text = document().to_string();
        let uuids: Vec<&str> = text.split("\"uuid\":\"").skip(1).map(|rest| &rest[..36]).collect();
        let all: BTreeSet<&str> = uuids.iter().copied().collect();
        assert_eq!(all.len(), uuids.len());
        for uuid in all {
            assert_eq!(&uuid[14..15], "4", "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        assert_eq!(uuid_v4(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid_v4(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn every_control_is_reviewed_observed_and_found() {
        let document = document();
        let result = &document["assessment-results"]["results"][0];
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        let controls = &result["reviewed-controls"]["control-selections"][0]["include-controls"];
        assert_eq!(count(controls), crate::CONTROLS.len());
        assert_eq!(count(&result["observations"]), crate::CONTROLS.len());
        assert_eq!(count(&result["findings"]), crate::CONTROLS.len());
        assert_eq!(result["start"], "2026-11-22T12:00:00.000Z");
    }
}
