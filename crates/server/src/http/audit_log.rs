//! Reading the audit log: who looked at what. Whoever reads it leaves an entry in it.

use super::Body;
use super::error::ApiResult;
use super::session::Client;
use crate::app::App;
use crate::audit_export::{AuditExport, about, exported};
use audit::{Actor, Entry, Event, Kind, Outcome};
use auth::Route;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use protocol::ErrorCode;
use protocol::audit_log::{
    AuditActor, AuditExportRequest, AuditFormat, AuditFound, AuditLine, AuditSearch, AuditWords,
    MAX_AUDIT_PAGE,
};
use std::sync::Arc;
use store::{AuditFilter, AuditRange, StoreError, WordsFound};

/// `POST /api/audit/search`. Entries appear here as soon as they have a place, at most a second after
/// they were written.
pub async fn search(
    State(app): State<Arc<App>>,
    client: Client,
    Body(search): Body<AuditSearch>,
) -> ApiResult<Json<AuditFound>> {
    let session = client.staff(&app, Route::AuditSearch).await?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let AuditSearch { visit, patient, person, before } = search;
    let filter = AuditFilter { visit, patient, person, before };
    let mut found = tx.search_audit(&filter, MAX_AUDIT_PAGE + 1).await?;
    let has_more = found.len() > MAX_AUDIT_PAGE as usize;
    found.truncate(MAX_AUDIT_PAGE as usize);
    let next = found.last().map(|(place, _)| *place).filter(|_| has_more);
    let mut entries = Vec::with_capacity(found.len());
    for (place, entry) in found {
        let words = tx.words_of(&entry).await?.map(shown);
        entries.push(line(place, entry, words));
    }
    let event = Event::new(Kind::AuditViewed, session.actor());
    let event = event.count("entries", entries.len() as u64);
    let range = AuditRange { visit, patient, person, ..AuditRange::default() };
    let events = about(&mut tx, &range, event).await?.ok_or(ErrorCode::NotFound)?;
    tx.commit_with(client.words_of(&session).beside_all(events)).await?;
    Ok(Json(AuditFound { entries, next }))
}

/// `POST /api/audit/export`. The file ends with what has a place now; that it was taken is on record before
/// its first byte leaves. When something breaks in the middle, so does the connection: half a file must not
/// look like a whole one.
pub async fn export(
    State(app): State<Arc<App>>,
    client: Client,
    Body(request): Body<AuditExportRequest>,
) -> ApiResult<Response> {
    let session = client.staff(&app, Route::AuditExport).await?;
    let AuditExportRequest { format, visit, patient, person, from, until } = request;
    let range = AuditRange { visit, patient, person, from, until };
    let (store, org, now) = (app.core.store.clone(), app.org, app.clock.now());
    let base_url = app.config.base_url().to_owned();
    let export = AuditExport::begin(store.clone(), org, range, format, base_url, now).await?;
    let events = exported(&store, org, &range, session.actor(), format).await?;
    let tx = store.begin(org, now).await?;
    let events = events.ok_or(ErrorCode::NotFound)?;
    tx.commit_with(client.words_of(&session).beside_all(events)).await?;
    let pieces = futures_util::stream::try_unfold(export, |mut export| async move {
        let piece = export.piece().await;
        let piece =
            piece.inspect_err(|e| tracing::error!(code = e.code(), "an export broke off"))?;
        Ok::<_, StoreError>(piece.map(|piece| (piece, export)))
    });
    let (kind, name) = match format {
        AuditFormat::Jsonl => ("application/jsonl", "audit-log.jsonl"),
        AuditFormat::Fhir => ("application/fhir+json", "audit-log.fhir.json"),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, axum::body::Body::from_stream(pieces)).into_response())
}

fn shown(found: WordsFound) -> AuditWords {
    let text = |text: Option<&str>| text.map(str::to_owned);
    match found {
        WordsFound::Open(words) => AuditWords::Open {
            from: text(words.address()),
            with: text(words.program()),
            name: text(words.name()),
            reason: text(words.reason()),
        },
        WordsFound::Erased => AuditWords::Erased,
        WordsFound::Altered => AuditWords::Altered,
    }
}

fn line(place: u64, entry: Entry, words: Option<AuditWords>) -> AuditLine {
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
        words,
    }
}
