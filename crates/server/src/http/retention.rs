//! How long each kind of data is kept, and the legal holds.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::patients::patient_person;
use super::session::Client;
use crate::app::App;
use crate::kept::MAX_DAYS;
use audit::{Event, Kind};
use auth::Route;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::access as wire;
use std::sync::Arc;
use store::KeptKind;

const fn to_wire(kind: KeptKind) -> wire::KeptKind {
    match kind {
        KeptKind::Chat => wire::KeptKind::Chat,
        KeptKind::Note => wire::KeptKind::Note,
        KeptKind::Quality => wire::KeptKind::Quality,
        KeptKind::Visit => wire::KeptKind::Visit,
    }
}

const fn from_wire(kind: wire::KeptKind) -> KeptKind {
    match kind {
        wire::KeptKind::Chat => KeptKind::Chat,
        wire::KeptKind::Note => KeptKind::Note,
        wire::KeptKind::Quality => KeptKind::Quality,
        wire::KeptKind::Visit => KeptKind::Visit,
    }
}

/// `GET /api/retention`. Holds name patients, so looking is on record first.
pub async fn look(State(app): State<Arc<App>>, client: Client) -> ApiResult<Json<wire::Retention>> {
    let session = client.staff(&app, Route::Retention).await?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let kept = tx.org_row().await?.settings.kept_days;
    let rule =
        |kind: &KeptKind| wire::KeptRule { kind: to_wire(*kind), days: kept.get(kind).copied() };
    let rules = KeptKind::ALL.iter().map(rule).collect();
    let swept_at = tx.swept_at().await?;
    let mut holds = Vec::new();
    let mut events = Vec::new();
    for hold in tx.holds().await? {
        let name = match tx.patient(hold.patient).await? {
            Some(patient) => patient_person(&mut tx, &patient).await?.map(|p| p.name),
            None => None,
        };
        let by = tx.user(hold.placed_by).await?;
        holds.push(wire::Hold {
            patient: hold.patient,
            name: name.unwrap_or_default(),
            reason: hold.reason.to_string(),
            placed_at: hold.placed_at,
            placed_by: by.map(|u| u.person.name).unwrap_or_default(),
        });
    }
    if !holds.is_empty() {
        let event = Event::new(Kind::PatientsSearched, session.actor()).detail("by", "hold");
        events.push(event.count("shown", holds.len() as u64));
    }
    match events.is_empty() {
        true => tx.commit_plain("rules name nobody").await?,
        false => tx.commit_with(events).await?,
    }
    Ok(Json(wire::Retention { rules, holds, swept_at }))
}

/// `POST /api/retention`. Rules that are not named stay as they are.
pub async fn set(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::SetRetention>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::Retention).await?;
    let wrong = |rule: &wire::KeptRule| rule.days.is_some_and(|d| d == 0 || d > MAX_DAYS);
    if body.rules.is_empty() || body.rules.iter().any(wrong) {
        return Err(ApiError::field("days"));
    }
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let mut org = tx.org_row().await?;
    let mut events = Vec::new();
    for rule in body.rules {
        let kind = from_wire(rule.kind);
        match rule.days {
            Some(days) => org.settings.kept_days.insert(kind, days),
            None => org.settings.kept_days.remove(&kind),
        };
        let event = Event::new(Kind::RetentionChanged, session.actor());
        let event = event.detail("kind", kind.as_str());
        events.push(match rule.days {
            Some(days) => event.count("days", u64::from(days)),
            None => event.detail("days", "for_ever"),
        });
    }
    tx.save_org(&org.name, &org.settings).await?;
    tx.commit_with(events).await?;
    Ok(StatusCode::NO_CONTENT)
}
