//! Each event against what its profile demands. The demands are written down here, from BALP 1.1.5
//! (`input/fsh/Patient{Create,Read,Update,Delete,Query}.fsh` of IHE/ITI.BasicAudit) and from FHIR R4's
//! `AuditEvent`; they are not read from the code under test.

use super::*;
use crate::{Event, Writer, WriterId, leaf_hash};
use std::collections::BTreeSet;
use visit::{OrgId, SeatId, Timestamp, UserId, VisitId};

const SERVER: Server<'_> = Server { base_url: "https://clinic.example", host: "clinic.example" };

/// What BALP asks of one profile.
struct Demand {
    profile: &'static str,
    action: &'static str,
    subtypes: &'static [&'static str],
    client: &'static str,
    server: &'static str,
    people: &'static [&'static str],
}

const DEMANDS: [Demand; 5] = [
    Demand {
        profile: "Create",
        action: "C",
        subtypes: &["create"],
        client: "110153",
        server: "110152",
        people: &["AUT", "INF", "CST"],
    },
    Demand {
        profile: "Read",
        action: "R",
        subtypes: &["read", "vread"],
        client: "110152",
        server: "110153",
        people: &["IRCP"],
    },
    Demand {
        profile: "Update",
        action: "U",
        subtypes: &["update", "patch"],
        client: "110153",
        server: "110152",
        people: &["AUT", "INF", "CST"],
    },
    Demand {
        profile: "Delete",
        action: "D",
        subtypes: &["delete"],
        client: "110150",
        server: "custodian",
        people: &["AUT", "INF", "CST"],
    },
    Demand {
        profile: "Query",
        action: "E",
        subtypes: &["search", "search-type", "search-system"],
        client: "110153",
        server: "110152",
        people: &["IRCP"],
    },
];

/// DICOM PS3.16 CID 400 and CID 401, as FHIR R4's value sets audit-event-type and audit-event-sub-type
/// take them in: 110100 to 110114, and 110120 to 110142.
fn is_dicom(code: &str, subtype: bool) -> bool {
    let range = if subtype { 110_120..=110_142 } else { 110_100..=110_114 };
    code.parse::<u32>().is_ok_and(|code| range.contains(&code))
}

fn entry(event: Event) -> (Hash, Entry) {
    let mut writer = Writer::new(WriterId::new("w/0").expect("a name"));
    let sealed = writer.append(OrgId::new(1, 1), Timestamp(1_795_348_800_000_000), event);
    let sealed = sealed.expect("fits");
    (leaf_hash(&sealed.bytes), Entry::parse(&sealed.bytes).expect("an entry"))
}

fn events(event: Event, patients: &[PatientId]) -> Vec<Value> {
    let (leaf, entry) = entry(event);
    let events = audit_events(&SERVER, &Placed { place: 4, leaf, entry: &entry }, patients);
    events.into_iter().map(|(_, event)| event).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    value[name].as_array().map(|all| all.iter().collect()).unwrap_or_default()
}

fn agent<'a>(event: &'a Value, code: &str) -> Vec<&'a Value> {
    let all = list(event, "agent");
    all.into_iter().filter(|a| a["type"]["coding"][0]["code"] == code).collect()
}

fn entity<'a>(event: &'a Value, code: &str) -> Vec<&'a Value> {
    list(event, "entity").into_iter().filter(|e| e["type"]["code"] == code).collect()
}

/// What every `AuditEvent` of FHIR R4 has (<http://hl7.org/fhir/R4/auditevent.html>).
fn fits_r4(event: &Value, kind: Kind) {
    let kind = kind.as_str();
    assert_eq!(event["resourceType"], "AuditEvent", "{kind}");
    assert!(event["type"]["system"].is_string() && event["type"]["code"].is_string(), "{kind}");
    assert!(["C", "R", "U", "D", "E"].iter().any(|a| event["action"] == **a), "{kind}");
    assert!(["0", "4", "8", "12"].iter().any(|o| event["outcome"] == **o), "{kind}");
    assert_eq!(event["recorded"], "2026-11-22T12:00:00.000Z", "{kind}: an instant");
    assert!(event["source"]["observer"].is_object(), "{kind}");
    let agents = list(event, "agent");
    assert!(!agents.is_empty() && agents.iter().all(|a| a["requestor"].is_boolean()), "{kind}");
    assert_eq!(agents.iter().filter(|a| a["requestor"] == true).count(), 1, "{kind}: who asked");
    for entity in list(event, "entity") {
        // sev-1: a name or a query, not both.
        assert!(entity.get("name").is_none() || entity.get("query").is_none(), "{kind}");
        for detail in list(entity, "detail") {
            assert!(detail["type"].is_string() && detail["valueString"].is_string(), "{kind}");
        }
    }
    // ele-1: nothing is empty.
    fn full(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(all) => !all.is_empty() && all.iter().all(full),
            Value::Object(all) => !all.is_empty() && all.values().all(full),
            Value::Bool(_) | Value::Number(_) => true,
        }
    }
    assert!(full(event), "{kind}: {event}");
}

/// What the profile that it claims demands.
fn fits_balp(event: &Value, claimed: &str, kind: Kind) {
    let kind = kind.as_str();
    let (is_patient, name) = match claimed.strip_prefix("Patient") {
        Some(name) => (true, name),
        None => (false, claimed),
    };
    let demand = DEMANDS.iter().find(|d| d.profile == name).expect("a profile that there is");
    assert_eq!(event["type"]["code"], "rest", "{kind}");
    assert_eq!(event["type"]["system"], "http://terminology.hl7.org/CodeSystem/audit-event-type");
    let subtypes = list(event, "subtype");
    let fitting = subtypes.iter().filter(|s| {
        s["system"] == "http://hl7.org/fhir/restful-interaction"
            && demand.subtypes.iter().any(|code| s["code"] == **code)
    });
    assert_eq!(fitting.count(), 1, "{kind}: the interaction 1..1");
    assert_eq!(
        (&event["action"], &event["outcome"]),
        (&json!(demand.action), &json!("0")),
        "{kind}"
    );

    let (client, server) = (agent(event, demand.client), agent(event, demand.server));
    assert_eq!((client.len(), server.len()), (1, 1), "{kind}: client and server 1..1");
    for agent in [client[0], server[0]] {
        assert!(agent["who"].is_object() && agent["network"].is_object(), "{kind}: 1..1 each");
        assert!(agent.get("media").is_none(), "{kind}: media 0..0");
    }
    let people: Vec<&Value> = demand.people.iter().flat_map(|code| agent(event, code)).collect();
    assert_eq!(people.len(), 1, "{kind}: the person");
    assert_eq!(
        people[0]["type"]["coding"][0]["system"],
        "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    );
    assert!(people[0]["requestor"] == true && people[0]["who"].is_object(), "{kind}");
    assert!(people[0].get("network").is_none(), "{kind}: users are not network devices");

    let data = entity(event, "2");
    assert_eq!(data.len(), 1, "{kind}: data or query 1..1");
    if name == "Query" {
        assert_eq!(data[0]["role"]["code"], "24", "{kind}");
        assert!(data[0].get("what").is_none() && data[0].get("detail").is_none(), "{kind}: 0..0");
        assert!(data[0].get("query").or(data[0].get("_query")).is_some(), "{kind}: query 1..1");
    } else {
        assert!(["4", "3", "20"].iter().any(|role| data[0]["role"]["code"] == **role), "{kind}");
        assert!(data[0]["what"].is_object(), "{kind}: what 1..1");
    }
    let patients = entity(event, "1");
    assert_eq!(patients.len(), usize::from(is_patient), "{kind}: the patient 1..1, or none");
    for patient in patients {
        assert_eq!(patient["role"]["code"], "1", "{kind}");
        assert_eq!(patient["what"]["type"], "Patient", "{kind}: what only Reference(Patient)");
    }
}

fn claimed(event: &Value) -> Option<String> {
    let profile = event["meta"]["profile"][0].as_str()?;
    let name = profile
        .strip_prefix("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.");
    Some(name.expect("a profile of BALP").to_owned())
}

#[test]
fn every_kind_by_everybody_fits_fhir_and_the_profile_that_it_claims() {
    let (visit, seat, user) = (VisitId::new(1, 1), SeatId::new(1, 2), UserId::new(1, 3));
    let patients = [PatientId::from_u128(7), PatientId::from_u128(8)];
    let mut seen = BTreeSet::new();
    for kind in Kind::ALL {
        let actors = [Actor::Staff(user), Actor::Seat(seat), Actor::System, Actor::Anonymous];
        for actor in actors {
            for known in [&patients[..0], &patients[..1], &patients[..]] {
                let bare = Event::new(*kind, actor).detail("how", "code");
                let rich = bare.clone().visit(visit).seat(seat).user(user);
                let refused = rich.clone().refused("not_allowed");
                for (event, is_refused) in [(bare, false), (rich, false), (refused, true)] {
                    for event in events(event, known) {
                        fits_r4(&event, *kind);
                        let Some(name) = claimed(&event) else { continue };
                        assert!(!is_refused, "{}: profiles are of what went well", kind.as_str());
                        fits_balp(&event, &name, *kind);
                        seen.insert(name);
                    }
                }
            }
        }
    }
    let all = DEMANDS.iter().flat_map(|d| [d.profile.to_owned(), format!("Patient{}", d.profile)]);
    assert_eq!(seen, all.collect(), "every profile is there, so every demand was asked");
}

#[test]
fn events_of_dicom_have_codes_of_its_lists() {
    for kind in Kind::ALL {
        if let (Pattern::Dicom(code, subtype), action) = row(*kind) {
            assert!(is_dicom(code, false), "{}", kind.as_str());
            assert!(subtype.is_none_or(|code| is_dicom(code, true)), "{}", kind.as_str());
            assert!(["C", "R", "U", "D", "E"].contains(&action));
        }
    }
}

#[test]
fn a_reading_names_the_patient_the_visit_and_its_entry_and_no_address() {
    let (visit, user) = (VisitId::new(1, 1), UserId::new(1, 3));
    let patient = PatientId::from_u128(7);
    let event = Event::new(Kind::ChatRead, Actor::Staff(user)).visit(visit).count("messages", 3);
    let (leaf, _) = entry(event.clone());
    let event = &events(event, &[patient])[0];
    assert_eq!(claimed(event).as_deref(), Some("PatientRead"));
    let patient_entity = entity(event, "1")[0];
    let expected =
        json!({ "system": "https://clinic.example/patient", "value": patient.to_text() });
    assert_eq!(patient_entity["what"]["identifier"], expected);
    assert_eq!(entity(event, "2")[0]["what"]["identifier"]["value"], visit.to_text());
    let of_log = entity(event, "4")[0];
    assert_eq!(of_log["what"]["identifier"]["value"], "4");
    assert_eq!(of_log["detail"][0], json!({ "type": "leaf", "valueString": hex(&leaf) }));
    assert_eq!(of_log["detail"][1], json!({ "type": "messages", "valueString": "3" }));
    let client = agent(event, "110152")[0];
    assert_eq!(client["network"]["_address"]["extension"][0]["valueCode"], "masked");
    assert_eq!(event["subtype"][1]["code"], "chat.read", "the own code stays");
}

#[test]
fn events_have_names_of_their_own_that_stay() {
    let (leaf, entry) = entry(Event::new(Kind::ChatRead, Actor::Staff(UserId::new(1, 3))));
    let patients = [PatientId::from_u128(7), PatientId::from_u128(8)];
    let named = || {
        let placed = Placed { place: 0, leaf, entry: &entry };
        let events = audit_events(&SERVER, &placed, &patients);
        events.into_iter().map(|(url, _)| url).collect::<Vec<_>>()
    };
    let (urls, again) = (named(), named());
    assert!(urls.len() == 2 && urls[0] != urls[1] && urls == again, "{urls:?}");
    for url in urls {
        let uuid = url.strip_prefix("urn:uuid:").expect("a UUID");
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"), "{uuid}");
    }
}
