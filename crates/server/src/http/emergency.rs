//! Emergency access to restricted visits, and its review.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::session::Client;
use crate::app::App;
use crate::live::Call;
use audit::{Event, Kind};
use auth::{Route, StaffSession};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::ErrorCode;
use protocol::access as wire;
use protocol::http::ReviewsToDo;
use protocol::limits::{MAX_NOTE_CHARS, MIN_REASON_CHARS, REVIEW_WITHIN_H};
use std::collections::HashMap;
use std::sync::Arc;
use store::{EmergencyRow, UserRole, UserRow, UserState};
use visit::{Duration, GrantId, Timestamp, UserId, VisitId};

/// Openings that the list shows.
const SHOWN: u32 = 200;

/// `POST /api/visits/{visit}/emergency`.
pub async fn open(
    State(app): State<Arc<App>>,
    client: Client,
    Path(visit): Path<String>,
    Body(body): Body<wire::EmergencyRequest>,
) -> ApiResult<Json<wire::EmergencyOpened>> {
    let session = client.staff(&app, Route::EmergencyOpen).await?;
    let visit = VisitId::parse(&visit).map_err(|_| ErrorCode::NotFound)?;
    let reason = reason(&body.reason)?;
    let (user, role) = (session.user, session.role);
    let call = |reply| Call::Emergency { user, role, reason, reply };
    let said = (user, client.words_of(&session));
    let ends_at = app.core.ask_as(said, app.org, visit, call).await?;
    app.metrics.emergencies.inc();
    let entry = app.core.ask(app.org, visit, Call::BoardEntry).await?;
    let told = page_officers(Arc::clone(&app), session.clone(), entry.host_name.clone());
    // The mail server may be slow, and care does not wait for it; the list shows it at once.
    tokio::spawn(told);
    let visit = entry.for_reader(user, role, app.clock.now());
    Ok(Json(wire::EmergencyOpened { ends_at, visit }))
}

/// A reason that says something: 10 to 500 characters.
pub(super) fn reason(text: &str) -> ApiResult<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if !(MIN_REASON_CHARS..=MAX_NOTE_CHARS).contains(&chars) {
        return Err(ApiError::field("reason"));
    }
    Ok(text.to_owned())
}

/// Tells the officers, or the administrators where there are none, but not the person itself. The
/// mail names who and whose visit, and nothing of the patient.
async fn page_officers(app: Arc<App>, by: StaffSession, host_name: String) {
    let Some(mailer) = &app.mailer else { return };
    let users = match app.core.store.read(app.org).await {
        Ok(mut reader) => reader.users().await,
        Err(error) => Err(error),
    };
    let users = match users {
        Ok(users) => users,
        Err(error) => {
            tracing::error!(code = error.code(), "nobody was told of an emergency access");
            return;
        }
    };
    let subject = "Emergency access to a restricted visit";
    let body = format!(
        "{} opened a restricted visit of {host_name} in an emergency.\n\n\
         Please review it within {REVIEW_WITHIN_H} hours: {}/clinic#reviews\n",
        by.name,
        app.config.base_url(),
    );
    for to in reviewers(&users, by.user) {
        match mailer.send_plain(&to.person.email, subject, &body).await {
            Ok(()) => app.metrics.mails.inc(),
            Err(trouble) => {
                tracing::error!(code = trouble.code(), "an officer was not told of an emergency");
                continue;
            }
        };
    }
}

/// Who reviews what this person did.
fn reviewers(users: &[UserRow], person: UserId) -> Vec<&UserRow> {
    let of = |role| {
        let active = users.iter().filter(move |u| u.role == role && u.state == UserState::Active);
        active.filter(|u| u.id != person).collect::<Vec<_>>()
    };
    let officers = of(UserRole::Officer);
    if officers.is_empty() { of(UserRole::Admin) } else { officers }
}

/// `GET /api/emergencies`. Reasons speak of patients, so looking is on record before they are shown.
pub async fn list(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::Emergencies>> {
    let session = client.staff(&app, Route::EmergencyReview).await?;
    let now = app.clock.now();
    let mut tx = app.core.store.begin(app.org, now).await?;
    let rows = tx.emergencies(SHOWN).await?;
    let unreviewed = tx.unreviewed_emergencies(Timestamp(i64::MAX)).await?;
    let names: HashMap<UserId, String> =
        tx.users().await?.into_iter().map(|u| (u.id, u.person.name)).collect();
    let mut emergencies = Vec::with_capacity(rows.len());
    for row in rows {
        let visit = tx.visit_place(row.visit).await?.ok_or(ErrorCode::NotFound)?;
        emergencies.push(shown(row, visit, &names, session.user, now));
    }
    let event = Event::new(Kind::EmergenciesViewed, session.actor());
    tx.commit_with(vec![event.count("shown", emergencies.len() as u64)]).await?;
    Ok(Json(wire::Emergencies { emergencies, unreviewed }))
}

/// How many wait for a review. Figures name nobody, so nobody has looked at anything.
pub(super) async fn to_review(app: &App) -> ApiResult<ReviewsToDo> {
    let mut reader = app.core.store.read(app.org).await?;
    let due = Timestamp(app.clock.now().0 - Duration::from_min(REVIEW_WITHIN_H * 60).0);
    let overdue = reader.unreviewed_emergencies(due).await?;
    let open = reader.unreviewed_emergencies(Timestamp(i64::MAX)).await?;
    Ok(ReviewsToDo { open, overdue })
}

fn shown(
    row: EmergencyRow,
    (host, scheduled_at): (UserId, Timestamp),
    names: &HashMap<UserId, String>,
    reader: UserId,
    now: Timestamp,
) -> wire::Emergency {
    let name = |id: UserId| names.get(&id).cloned().unwrap_or_default();
    let overdue =
        row.review.is_none() && now.since(row.began_at) > Duration::from_min(REVIEW_WITHIN_H * 60);
    let review = row.review.map(|r| wire::EmergencyReview {
        by: name(r.by),
        at: r.at,
        justified: r.justified,
        note: r.note.map(|n| n.to_string()).unwrap_or_default(),
    });
    wire::Emergency {
        id: row.id,
        person: name(row.user),
        mine: row.user == reader,
        visit: row.visit,
        host_name: name(host),
        scheduled_at,
        reason: row.reason.map(|r| r.to_string()).unwrap_or_default(),
        began_at: row.began_at,
        ends_at: row.ends_at,
        review,
        overdue,
    }
}

/// `POST /api/emergencies/{id}/review`. Nobody reviews what they did themselves.
pub async fn review(
    State(app): State<Arc<App>>,
    client: Client,
    Path(id): Path<String>,
    Body(body): Body<wire::ReviewRequest>,
) -> ApiResult<StatusCode> {
    let session = client.staff(&app, Route::EmergencyReview).await?;
    let id = GrantId::parse(&id).map_err(|_| ErrorCode::NotFound)?;
    let note = body.note.trim();
    let chars = note.chars().count();
    // What was not justified needs words: they are what comes next is built on.
    if chars > MAX_NOTE_CHARS || (!body.justified && chars < MIN_REASON_CHARS) {
        return Err(ApiError::field("note"));
    }
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let row = tx.emergency(id).await?.ok_or(ErrorCode::NotFound)?;
    if row.user == session.user {
        return Err(ErrorCode::NotAllowed.into());
    }
    if !tx.review_emergency(id, session.user, body.justified, note).await? {
        return Err(ErrorCode::WrongState.into());
    }
    let found = if body.justified { "justified" } else { "not_justified" };
    let event = Event::new(Kind::EmergencyReviewed, session.actor());
    let event = event.visit(row.visit).user(row.user).detail("found", found);
    tx.commit_with(vec![client.reason_of(&session, note).beside(event)]).await?;
    Ok(StatusCode::NO_CONTENT)
}
