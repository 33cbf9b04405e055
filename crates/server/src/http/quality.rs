//! How the call of a visit was, for whoever looks into a complaint.

use super::error::ApiResult;
use super::session::Client;
use crate::app::App;
use crate::live::Call;
use crate::live::quality::Kept;
use audit::{Event, Kind};
use auth::Route;
use axum::Json;
use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::http::{QualityStretch, VisitQuality};
use std::sync::Arc;
use visit::VisitId;

/// `GET /api/visits/{visit}/quality`. Who looked is on record before anybody sees anything.
pub async fn of_visit(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
) -> ApiResult<Json<VisitQuality>> {
    let session = client.staff(&app, Route::VisitQuality).await?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let (user, role) = (session.user, session.role);
    let keep = |reply| Call::KeepQuality { user, role, reply };
    let words = client.words_of(&session);
    let people = app.core.ask_as((user, words.clone()), app.org, visit, keep).await?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let mut stretches = Vec::new();
    for row in tx.quality(visit).await? {
        let kept: Kept = serde_json::from_slice(&row.record).map_err(|error| {
            // Written by another release, or damaged; its numbers do not belong into a log.
            tracing::error!(?visit, kind = ?error.classify(), "a record of call quality cannot be read");
            ErrorCode::Internal
        })?;
        let Kept { seats, record } = kept;
        stretches.push(QualityStretch { began_at: row.began_at, seats, record });
    }
    let event = Event::new(Kind::QualityViewed, session.actor()).visit(visit);
    tx.commit_with(vec![words.beside(event)]).await?;
    Ok(Json(VisitQuality { people, stretches }))
}
