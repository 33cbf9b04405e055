//! Reading the audit log: who looked at what. Whoever reads it leaves an entry in it.

use super::Body;
use super::error::ApiResult;
use super::session::Client;
use crate::app::App;
use audit::{Actor, Entry, Event, Kind, Outcome};
use auth::Route;
use axum::Json;
use axum::extract::State;
use protocol::audit_log::{AuditActor, AuditFound, AuditLine, AuditSearch, MAX_AUDIT_PAGE};
use std::sync::Arc;
use store::AuditFilter;

/// `POST /api/audit/search`. Entries appear here as soon as they have a place, at most a second after
/// they were written.
pub async fn search(
    State(app): State<Arc<App>>,
    client: Client,
    Body(search): Body<AuditSearch>,
) -> ApiResult<Json<AuditFound>> {
    let session = client.staff(&app, Route::AuditSearch).await?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let AuditSearch { visit, person, before } = search;
    let filter = AuditFilter { visit, person, before };
    let mut found = tx.search_audit(&filter, MAX_AUDIT_PAGE + 1).await?;
    let has_more = found.len() > MAX_AUDIT_PAGE as usize;
    found.truncate(MAX_AUDIT_PAGE as usize);
    let next = found.last().map(|(place, _)| *place).filter(|_| has_more);
    let entries: Vec<AuditLine> =
        found.into_iter().map(|(place, entry)| line(place, entry)).collect();
    let mut event = Event::new(Kind::AuditViewed, session.actor());
    event = event.count("entries", entries.len() as u64);
    if let Some(visit) = visit {
        event = event.visit(visit);
    }
    if let Some(person) = person {
        event = event.user(person);
    }
    tx.commit_with(vec![event]).await?;
    Ok(Json(AuditFound { entries, next }))
}

fn line(place: u64, entry: Entry) -> AuditLine {
    let texts = entry.details.into_iter().map(|(name, code)| (name, code.as_str().to_owned()));
    AuditLine {
        place,
        at: entry.at,
        kind: entry.kind.as_str().to_owned(),
        actor: match entry.actor {
            Actor::Staff(user) => AuditActor::Staff(user),
            Actor::Seat(seat) => AuditActor::Seat(seat),
            Actor::System => AuditActor::System,
            Actor::Anonymous => AuditActor::Anonymous,
        },
        visit: entry.visit,
        seat: entry.seat,
        person: entry.user,
        refused: match entry.outcome {
            Outcome::Ok => None,
            Outcome::Refused(code) => Some(code.as_str().to_owned()),
        },
        details: texts.collect(),
    }
}
