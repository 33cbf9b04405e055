//! Entries as FHIR R4 `AuditEvent`s by IHE Basic Audit Log Patterns (BALP 1.1.5,
//! <https://profiles.ihe.net/ITI/BALP>).
//!
//! A successful step of a person that created, read, changed, deleted or looked for something claims the
//! profile of that name, and its `Patient…` form when the patient is known. Everything else is a plain
//! `AuditEvent` with DICOM's code for it (PS3.16 CID 400 and 401), since the profiles are for successful
//! calls of people only.
//!
//! An entry holds a network address in sealed words only, and never what somebody searched for. Where a
//! profile asks for one, it stands there as absent, with the reason `masked`. Sealed words stay behind.

use crate::{Actor, Entry, Hash, Kind, Outcome};
use serde_json::{Map, Value, json};
use visit::PatientId;

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const TERMS: &str = "http://terminology.hl7.org/CodeSystem";
const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition";

/// What kind of event a [`Kind`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A call that did something with a resource: one of BALP's profiles.
    Rest(Interaction),
    /// An event of DICOM: its type, and its subtype where there is one that says more.
    Dicom(&'static str, Option<&'static str>),
}

/// What was done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Interaction {
    Create,
    Read,
    Update,
    Delete,
    Query,
}

impl Interaction {
    /// The name of BALP's profile.
    const fn profile(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Query => "Query",
        }
    }

    /// Its code in `http://hl7.org/fhir/restful-interaction`.
    const fn code(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Query => "search",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Query => "E",
        }
    }

    /// The codes of client and server, in the order of the flow of data as BALP has it.
    const fn agents(self) -> ((&'static str, &'static str), (&'static str, &'static str)) {
        let (source, destination) = ((DCM, "110153"), (DCM, "110152"));
        match self {
            Self::Create | Self::Update | Self::Query => (source, destination),
            Self::Read => (destination, source),
            Self::Delete => (
                (DCM, "110150"),
                ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian"),
            ),
        }
    }

    /// The code of the person in `v3-ParticipationType`: who receives, or who is the author.
    const fn person(self) -> &'static str {
        match self {
            Self::Read | Self::Query => "IRCP",
            Self::Create | Self::Update | Self::Delete => "AUT",
        }
    }
}

/// The row of a kind: its pattern, and the action (C, R, U, D or E) of FHIR.
#[must_use]
pub fn row(kind: Kind) -> (Pattern, &'static str) {
    use Interaction as I;
    use Kind as K;
    use Pattern::{Dicom, Rest};
    const APPLICATION: &str = "110100";
    const ALERT: &str = "110113";
    const AUTHENTICATION: &str = "110114";
    let rest = |what: I| (Rest(what), what.action());
    match kind {
        K::ServerStarted => (Dicom(APPLICATION, Some("110120")), "E"),
        K::ServerStopped => (Dicom(APPLICATION, Some("110121")), "E"),
        // Security Configuration.
        K::KeyRotated | K::SettingsChanged | K::RetentionChanged => {
            (Dicom(ALERT, Some("110129")), "U")
        }
        K::KeyDestroyed => (Dicom(ALERT, Some("110129")), "D"),
        // Login, Logout.
        K::SignIn
        | K::RecoveryCodeUsed
        | K::PasskeyUsed
        | K::FactorShown
        | K::OutsideUsed
        | K::StaffLinkUsed
        | K::LinkOpened
        | K::LinkSecondCheck => (Dicom(AUTHENTICATION, Some("110122")), "E"),
        K::SignOut | K::SessionRevoked => (Dicom(AUTHENTICATION, Some("110123")), "E"),
        K::SignInLocked | K::LinkOpenedElsewhere => (Dicom(ALERT, None), "E"),
        // User Security Attributes Changed, Security Roles Changed.
        K::UserCreated | K::StaffLinkIssued => (Dicom(ALERT, Some("110137")), "C"),
        K::MfaReset | K::PasskeyRemoved => (Dicom(ALERT, Some("110137")), "D"),
        K::MfaEnrolled
        | K::RecoveryCodesReplaced
        | K::PasskeyEnrolled
        | K::OutsideBound
        | K::PasswordChanged
        | K::UserDisabled
        | K::UserEnabled
        | K::UserChanged => (Dicom(ALERT, Some("110137")), "U"),
        K::UserRoleChanged => (Dicom(ALERT, Some("110136")), "U"),
        // Emergency Override Started, Stopped.
        K::EmergencyOpened => (Dicom(ALERT, Some("110127")), "E"),
        K::EmergencyEnded => (Dicom(ALERT, Some("110138")), "E"),
        K::EmergencyReviewed => (Dicom(ALERT, None), "U"),
        // Object Security Attributes Changed.
        K::HoldPlaced | K::HoldLifted => (Dicom(ALERT, Some("110135")), "U"),
        // Use of Restricted Function.
        K::ActionRefused => (Dicom(ALERT, Some("110132")), "E"),
        // Export, Import, Audit Log Used.
        K::PatientExported => (Dicom("110106", None), "R"),
        K::AuditRecovered => (Dicom("110107", None), "C"),
        K::AuditViewed => (Dicom("110101", None), "R"),
        K::VisitCreated
        | K::SeatInvited
        | K::ConsentGiven
        | K::ConsentRefused
        | K::ChatSent
        | K::WaitingMessaged => rest(I::Create),
        K::VisitChanged | K::ConsentWithdrawn => rest(I::Update),
        K::ChatRead | K::PatientViewed | K::QualityViewed => rest(I::Read),
        K::PatientsSearched | K::PeopleViewed | K::EmergenciesViewed | K::BoardViewed => {
            rest(I::Query)
        }
        K::DataDeleted | K::VisitErased => rest(I::Delete),
        // What happens in a visit.
        K::LinkIssued => (Dicom(APPLICATION, None), "C"),
        K::LinkRevoked => (Dicom(APPLICATION, None), "D"),
        K::VisitOpened
        | K::VisitStarted
        | K::VisitEnded
        | K::DirectOpened
        | K::DirectClosed
        | K::SeatArrived
        | K::SeatCheckDone
        | K::SeatWaiting
        | K::SeatAdmitted
        | K::SeatJoined
        | K::SeatAway
        | K::SeatReturned
        | K::SeatPutBack
        | K::SeatLeft
        | K::SeatRemoved
        | K::SeatTakenOver
        | K::SeatMuted
        | K::ReportMade
        | K::ControlAttested => (Dicom(APPLICATION, None), "E"),
    }
}

/// An entry in its place in the log.
pub struct Placed<'a> {
    /// Its place, counted from 0.
    pub place: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// What it says.
    pub entry: &'a Entry,
}

/// The server that recorded the events.
pub struct Server<'a> {
    /// Its address, such as `https://visits.example.org`. Ids are named below it.
    pub base_url: &'a str,
    /// Its host name.
    pub host: &'a str,
}

/// The events of one entry, each with its `fullUrl`: one, or one for each patient of the visit where a
/// profile is claimed, as BALP asks. `patients`: whose visit it is, as far as that is still known.
#[must_use]
pub fn audit_events(
    server: &Server<'_>,
    placed: &Placed<'_>,
    patients: &[PatientId],
) -> Vec<(String, Value)> {
    let whole = |patients: &[PatientId], nth: usize| {
        (full_url(placed.leaf, nth), audit_event(server, placed, patients))
    };
    if claims_profile(placed.entry).is_some() && patients.len() > 1 {
        return patients.iter().enumerate().map(|(nth, one)| whole(&[*one], nth)).collect();
    }
    vec![whole(patients, 0)]
}

/// The interaction whose profile an entry fulfils.
fn claims_profile(entry: &Entry) -> Option<Interaction> {
    let person = matches!(entry.actor, Actor::Staff(_) | Actor::Seat(_));
    match row(entry.kind).0 {
        Pattern::Rest(what) if person && entry.outcome == Outcome::Ok => Some(what),
        _ => None,
    }
}

fn audit_event(server: &Server<'_>, placed: &Placed<'_>, patients: &[PatientId]) -> Value {
    let entry = placed.entry;
    let (pattern, action) = row(entry.kind);
    let claimed = claims_profile(entry);
    let mut event = Map::new();
    event.insert("resourceType".into(), "AuditEvent".into());
    if let Some(what) = claimed {
        let patient = if patients.is_empty() { "" } else { "Patient" };
        let profile = format!("{PROFILES}/IHE.BasicAudit.{patient}{}", what.profile());
        event.insert("meta".into(), json!({ "profile": [profile] }));
    }
    let own =
        json!({ "system": format!("{}/audit-kind", server.base_url), "code": entry.kind.as_str() });
    let (kind, subtype) = match pattern {
        Pattern::Rest(what) => (
            coding(&format!("{TERMS}/audit-event-type"), "rest"),
            Some(coding("http://hl7.org/fhir/restful-interaction", what.code())),
        ),
        Pattern::Dicom(kind, subtype) => (coding(DCM, kind), subtype.map(|code| coding(DCM, code))),
    };
    event.insert("type".into(), kind);
    event.insert("subtype".into(), subtype.into_iter().chain([own]).collect());
    event.insert("action".into(), action.into());
    event.insert("recorded".into(), entry.at.to_rfc3339().into());
    match &entry.outcome {
        Outcome::Ok => event.insert("outcome".into(), "0".into()),
        Outcome::Refused(code) => {
            event.insert("outcomeDesc".into(), code.as_str().into());
            event.insert("outcome".into(), "4".into())
        }
    };
    event.insert("agent".into(), agents(server, entry, pattern, claimed.is_some()));
    event.insert(
        "source".into(),
        json!({
            "site": server.host,
            "observer": { "display": "Bedside", "identifier": { "value": server.base_url } },
            "type": [coding(&format!("{TERMS}/security-source-type"), "4")],
        }),
    );
    event.insert("entity".into(), entities(server, placed, pattern, patients));
    Value::Object(event)
}

/// Client, server and person where a call was made; the person or the program alone otherwise.
fn agents(server: &Server<'_>, entry: &Entry, pattern: Pattern, is_call: bool) -> Value {
    let id = |kind: &str, value: String| identifier(server, kind, value);
    let mut who = match entry.actor {
        Actor::Staff(user) => json!({ "who": id("staff", user.to_text()) }),
        Actor::Seat(seat) => json!({ "who": id("seat", seat.to_text()) }),
        Actor::System => json!({ "who": { "display": "Bedside" } }),
        Actor::Anonymous => json!({ "who": { "display": "somebody unknown" } }),
    };
    who["requestor"] = true.into();
    let Pattern::Rest(what) = pattern else { return json!([who]) };
    if !is_call {
        return json!([who]);
    }
    who["type"] = concept(&format!("{TERMS}/v3-ParticipationType"), what.person());
    let (client, own) = what.agents();
    json!([
        {
            "type": concept(client.0, client.1),
            "who": { "display": "browser" },
            "requestor": false,
            "network": { "_address": masked() },
        },
        {
            "type": concept(own.0, own.1),
            "who": { "display": "Bedside", "identifier": { "value": server.base_url } },
            "requestor": false,
            // Machine name.
            "network": { "address": server.host, "type": "1" },
        },
        who,
    ])
}

/// The patients, what it was done to, and the entry of the log that this event is.
fn entities(
    server: &Server<'_>,
    placed: &Placed<'_>,
    pattern: Pattern,
    patients: &[PatientId],
) -> Value {
    let entry = placed.entry;
    let kind = |code: &str| coding(&format!("{TERMS}/audit-entity-type"), code);
    let role = |code: &str| coding(&format!("{TERMS}/object-role"), code);
    let reference = |what: &str, name: &str, value: String| {
        let mut found = identifier(server, name, value);
        found["type"] = what.into();
        found
    };
    let mut all: Vec<Value> = patients
        .iter()
        .map(|patient| {
            let what = reference("Patient", "patient", patient.to_text());
            json!({ "type": kind("1"), "role": role("1"), "what": what })
        })
        .collect();
    if pattern == Pattern::Rest(Interaction::Query) {
        // What was looked for is not kept.
        all.push(json!({ "type": kind("2"), "role": role("24"), "_query": masked() }));
    } else {
        let what = match (entry.visit, entry.user) {
            (Some(visit), _) => Some(reference("Encounter", "visit", visit.to_text())),
            (None, Some(user)) => Some(reference("Practitioner", "staff", user.to_text())),
            (None, None) => None,
        };
        let is_rest = matches!(pattern, Pattern::Rest(_));
        let what = what.or_else(|| is_rest.then(|| json!({ "display": entry.kind.as_str() })));
        if let Some(what) = what {
            all.push(json!({ "type": kind("2"), "role": role("4"), "what": what }));
        }
    }
    if let Some(seat) = entry.seat {
        all.push(json!({ "type": kind("4"), "what": identifier(server, "seat", seat.to_text()) }));
    }
    if let (Some(_), Some(user)) = (entry.visit, entry.user) {
        all.push(json!({ "type": kind("4"), "what": identifier(server, "staff", user.to_text()) }));
    }
    let mut details = vec![json!({ "type": "leaf", "valueString": hex(&placed.leaf) })];
    details.extend(
        entry
            .details
            .iter()
            .map(|(name, code)| json!({ "type": name, "valueString": code.as_str() })),
    );
    let what = identifier(server, "audit", placed.place.to_string());
    all.push(json!({ "type": kind("4"), "what": what, "detail": details }));
    all.into()
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

/// A thing that this server knows by an id.
fn identifier(server: &Server<'_>, kind: &str, value: String) -> Value {
    json!({ "identifier": { "system": format!("{}/{kind}", server.base_url), "value": value } })
}

/// Instead of a value that is not kept, for the sake of whom it is about
/// (<http://hl7.org/fhir/R4/codesystem-data-absent-reason.html>).
fn masked() -> Value {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    json!({ "extension": [{ "url": url, "valueCode": "masked" }] })
}

/// A name for the event by its leaf hash, so that two exports name it alike: UUID version 8 (RFC 9562 §5.8).
fn full_url(leaf: Hash, nth: usize) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&leaf[..16]);
    bytes[15] ^= u8::try_from(nth).unwrap_or(u8::MAX);
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex = hex(&bytes);
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("urn:uuid:{a}-{b}-{c}-{d}-{e}")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "balp_tests.rs"]
mod tests;
