//! Accounts of the clinic: list, add, disable, reset, change the role.

use super::Body;
use super::error::{ApiError, ApiResult};
use super::session::Client;
use super::staff::refused;
use crate::app::App;
use audit::{Event, Kind};
use auth::{NewStaff, Route, Secret, account, may_use};
use axum::Json;
use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::access as wire;
use std::sync::Arc;
use store::{UserRole, UserRow, UserState};
use visit::{Duration, Timestamp, UserId};

/// `GET /api/people`.
pub async fn list(State(app): State<Arc<App>>, client: Client) -> ApiResult<Json<wire::People>> {
    let session = client.staff(&app, Route::PeopleList).await?;
    let mut tx = app.core.store.begin(app.org, app.clock.now()).await?;
    let mut people = Vec::new();
    for user in tx.users().await? {
        let sessions = tx.sessions_of(user.id).await?;
        people.push(shown(user, &sessions, session.user, tx.now()));
    }
    people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    let event = Event::new(Kind::PeopleViewed, session.actor());
    tx.commit_with(vec![event.count("people", people.len() as u64)]).await?;
    let may_change = may_use(session.caller(), Route::PeopleChange);
    Ok(Json(wire::People { people, may_change }))
}

fn shown(
    user: UserRow,
    sessions: &[store::SessionRow],
    reader: UserId,
    now: Timestamp,
) -> wire::StaffPerson {
    let lives = |s: &&store::SessionRow| auth::session::judge(s, now) == Ok(auth::Level::Full);
    let (invited, has_second_factor) = (user.is_new(), user.has_second_factor());
    wire::StaffPerson {
        id: user.id,
        name: user.person.name,
        email: user.person.email,
        role: to_wire(user.role),
        active: user.state == UserState::Active,
        invited,
        has_second_factor,
        by_provider: user.by_provider,
        created_at: user.created_at,
        sessions: u32::try_from(sessions.iter().filter(lives).count()).unwrap_or(u32::MAX),
        me: user.id == reader,
    }
}

const fn to_wire(role: UserRole) -> wire::StaffRole {
    match role {
        UserRole::Admin => wire::StaffRole::Admin,
        UserRole::Officer => wire::StaffRole::Officer,
        UserRole::Clinician => wire::StaffRole::Clinician,
        UserRole::Staff => wire::StaffRole::Staff,
    }
}

const fn from_wire(role: wire::StaffRole) -> UserRole {
    match role {
        wire::StaffRole::Admin => UserRole::Admin,
        wire::StaffRole::Officer => UserRole::Officer,
        wire::StaffRole::Clinician => UserRole::Clinician,
        wire::StaffRole::Staff => UserRole::Staff,
    }
}

/// `POST /api/people`.
pub async fn add(
    State(app): State<Arc<App>>,
    client: Client,
    Body(body): Body<wire::AddPerson>,
) -> ApiResult<Json<wire::PersonChanged>> {
    let session = client.staff(&app, Route::PeopleChange).await?;
    let now = app.clock.now();
    let new = NewStaff { email: &body.email, name: &body.name, role: from_wire(body.role) };
    let added = app.staff.add(app.org, session.actor(), &new, now).await;
    let (id, secret) = match added {
        // The form says which field, since the list shows the address anyway.
        Err(auth::AuthError::AlreadyThere) => return Err(ApiError::field("email")),
        other => other.map_err(|e| refused(&app, &e))?,
    };
    let life = account::INVITATION_LIFE;
    let link = link(&app, id, &secret, "Your account", life, now).await?;
    changed(&app, id, session.user, Some(link)).await
}

/// `POST /api/people/{person}`.
pub async fn change(
    State(app): State<Arc<App>>,
    client: Client,
    Path(person): Path<String>,
    Body(body): Body<wire::ChangePerson>,
) -> ApiResult<Json<wire::PersonChanged>> {
    use wire::ChangePerson as C;
    let session = client.staff(&app, Route::PeopleChange).await?;
    let (org, actor, now) = (app.org, session.actor(), app.clock.now());
    let id = UserId::parse(&person).map_err(|_| ErrorCode::NotFound)?;
    // Nobody shuts themselves out by a slip, and nobody gives themselves another role.
    if id == session.user {
        return Err(ErrorCode::OwnAccount.into());
    }
    let done = match body {
        C::Disable {} => app.staff.disable(org, actor, id, now).await.map(|()| None),
        C::Enable {} => app.staff.enable(org, actor, id, now).await.map(|()| None),
        C::Role { role } => {
            app.staff.set_role(org, actor, id, from_wire(role), now).await.map(|()| None)
        }
        C::NewPassword {} => app.staff.password_link(org, actor, id, now).await.map(Some),
        C::ResetSecondFactor {} => app.staff.reset_mfa(org, actor, id, now).await.map(Some),
    };
    let link = match done.map_err(|e| refused(&app, &e))? {
        None => None,
        Some(secret) => {
            Some(link(&app, id, &secret, "A new password", account::RESET_LIFE, now).await?)
        }
    };
    changed(&app, id, session.user, link).await
}

async fn changed(
    app: &App,
    id: UserId,
    reader: UserId,
    link: Option<wire::PersonLink>,
) -> ApiResult<Json<wire::PersonChanged>> {
    let mut read = app.core.store.read(app.org).await?;
    let user = read.user(id).await?.ok_or(ErrorCode::NotFound)?;
    let sessions = read.sessions_of(id).await?;
    let person = shown(user, &sessions, reader, app.clock.now());
    Ok(Json(wire::PersonChanged { person, link }))
}

/// The link as an address, mailed if mail is set up. Shown either way: the mail may not arrive.
async fn link(
    app: &App,
    id: UserId,
    secret: &Secret,
    subject: &str,
    life: Duration,
    now: Timestamp,
) -> ApiResult<wire::PersonLink> {
    let url = format!("{}/clinic#in={}", app.config.base_url(), &*secret.to_text());
    let mut mailed = false;
    if let Some(mailer) = &app.mailer {
        let user = app.core.store.read(app.org).await?.user(id).await?;
        let to = user.ok_or(ErrorCode::NotFound)?.person.email;
        let (clinic, days) = (&app.config.clinic, life.0 / Duration::from_days(1).0);
        let body = format!(
            "Open this link to choose a password and set up your second step:\n\n{url}\n\n\
             It works once, for {days} day(s). If you did not expect it, tell {clinic}.\n"
        );
        mailed = mailer.send_plain(&to, &format!("{subject}: {clinic}"), &body).await.is_ok();
        if mailed {
            app.metrics.mails.inc();
        }
    }
    Ok(wire::PersonLink { url, mailed, expires_at: now.plus(life) })
}
