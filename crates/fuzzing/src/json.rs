//! Messages and bodies of browsers: what is accepted has no key that is unknown or there twice, and
//! says the same when it is written again.

use protocol::{ErrorCode, access, audit_log, http, limits};
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A message on a socket.
pub fn client_message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match protocol::parse_client(text) {
        Ok(message) => {
            assert!(text.len() <= limits::MAX_CLIENT_MESSAGE_BYTES);
            let again = assert_strict(text, &message);
            let Ok(second) = protocol::parse_client(&again) else {
                panic!("what was accepted is refused when it is written again");
            };
            assert_eq!(again, write(&second));
        }
        Err(code) => {
            let known = [ErrorCode::BadMessage, ErrorCode::MessageTooLarge, ErrorCode::SdpTooLarge];
            assert!(known.contains(&code), "{code:?}");
        }
    }
}

/// Every body that a handler of the server takes. The corpus names them by their place: new ones come
/// last.
const BODIES: &[fn(&str)] = &[
    body_of::<http::LinkRequest>,
    body_of::<http::TokenRequest>,
    body_of::<http::SignIn>,
    body_of::<http::SignInCode>,
    body_of::<http::SignInLink>,
    body_of::<http::MfaFinish>,
    body_of::<http::CreateVisit>,
    body_of::<http::Invite>,
    body_of::<http::InviteColleague>,
    body_of::<http::SetOutcome>,
    body_of::<protocol::CheckReport>,
    body_of::<http::RateRequest>,
    body_of::<http::SsoBack>,
    body_of::<http::PasskeyStart>,
    body_of::<http::PasskeyUse>,
    body_of::<http::PasskeyNew>,
    body_of::<http::PasskeyRemove>,
    body_of::<http::ProbeRequest>,
    body_of::<http::ProbeAnswer>,
    body_of::<access::AddPerson>,
    body_of::<access::ChangePerson>,
    body_of::<access::EmergencyRequest>,
    body_of::<access::ReviewRequest>,
    body_of::<access::SetRetention>,
    body_of::<access::FindPatient>,
    body_of::<access::HoldRequest>,
    body_of::<access::EraseRequest>,
    body_of::<audit_log::AuditSearch>,
    body_of::<audit_log::AuditExportRequest>,
];

/// A body of an HTTP call; the first byte says which.
pub fn http_body(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(body) else { return };
    BODIES[usize::from(*kind) % BODIES.len()](text);
}

fn body_of<T: Serialize + DeserializeOwned>(text: &str) {
    let Ok(body) = serde_json::from_str::<T>(text) else { return };
    let again = assert_strict(text, &body);
    let Ok(second) = serde_json::from_str::<T>(&again) else {
        panic!("what was accepted is refused when it is written again");
    };
    assert_eq!(again, write(&second));
}

/// Compares what was sent with what was understood; returns the latter as text.
fn assert_strict<T: Serialize>(text: &str, understood: &T) -> String {
    let Ok(Once(sent)) = serde_json::from_str::<Once>(text) else {
        panic!("accepted although a key is there twice");
    };
    let again = write(understood);
    let Ok(Once(kept)) = serde_json::from_str::<Once>(&again) else {
        panic!("we wrote a key twice");
    };
    assert_nothing_lost(&sent, &kept);
    again
}

fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a message can be written")
}

/// Everything in `sent` is in `kept`: nothing was skipped silently. Numbers may be rounded.
fn assert_nothing_lost(sent: &Value, kept: &Value) {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            for (key, value) in sent {
                match kept.get(key) {
                    Some(kept) => assert_nothing_lost(value, kept),
                    // Null says what the absence of the key says.
                    None => assert!(value.is_null(), "a key was accepted and dropped"),
                }
            }
        }
        (Value::Array(sent), Value::Array(kept)) => {
            assert_eq!(sent.len(), kept.len());
            sent.iter().zip(kept).for_each(|(sent, kept)| assert_nothing_lost(sent, kept));
        }
        // The fields of an object in their order, without names.
        (Value::Array(sent), Value::Object(kept)) => {
            assert!(sent.iter().filter(|value| !value.is_null()).count() <= kept.len());
        }
        // A name out of a fixed list, as the key of nothing: serde reads both forms.
        (Value::Object(sent), Value::String(kept)) => {
            let nothing = |v: &Value| v.is_null() || v.as_object().is_some_and(Map::is_empty);
            assert!(sent.len() == 1 && sent.get(kept).is_some_and(nothing));
        }
        (Value::Number(_), Value::Number(_)) => {}
        // Ids are read in either case.
        (Value::String(sent), Value::String(kept)) => assert!(sent.eq_ignore_ascii_case(kept)),
        (Value::Bool(sent), Value::Bool(kept)) => assert_eq!(sent, kept),
        (Value::Null, Value::Null) => {}
        _ => panic!("a value was accepted in a form that it does not have"),
    }
}

/// A JSON value in which no object has a key twice.
pub struct Once(pub Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(OnceVisitor)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without double keys")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Once, E> {
        Ok(Once(v.into()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Once, E> {
        Ok(Once(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Once, E> {
        Ok(Once(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Once, E> {
        Ok(Once(v.into()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Once, E> {
        Ok(Once(v.into()))
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Once, A::Error> {
        let mut items = Vec::new();
        while let Some(Once(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Once(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, Once(value))) = map.next_entry::<String, Once>()? {
            if members.insert(key, value).is_some() {
                return Err(serde::de::Error::custom("a key is there twice"));
            }
        }
        Ok(Once(Value::Object(members.into_iter().collect())))
    }
}
