//! A board's socket: today's visits, and everything that changes.

use super::{Reader, SESSION_CHECK};
use crate::app::App;
use crate::live::{BoardChange, Call, Outgoing};
use audit::{Event, Kind, Words};
use protocol::{ClientMessage, ErrorCode, ServerMessage};
use std::sync::Arc;
use store::{SecretHash, UserRow};
use tokio::sync::{broadcast, mpsc};
use visit::{Duration, UserId};

/// How far the board looks back and ahead. A day each way covers "today" in every time zone; the
/// page shows what is today where the reader is.
const WINDOW: Duration = Duration::from_min(36 * 60);

/// Serves until the socket closes or the session ends.
pub(crate) async fn serve(
    app: &Arc<App>,
    reader: &mut Reader,
    out: &mpsc::Sender<Outgoing>,
    user: UserId,
    session: SecretHash,
    words: Words,
) {
    let Some(person) = person(app, user).await else {
        reader.refuse(ErrorCode::NotSignedIn, None);
        return;
    };
    app.core.lines.board(user, true);
    let words = Arc::new(words.named(&person.person.name));
    let end = run(app, reader, out, (&person, &words), session).await;
    app.core.lines.board(user, false);
    if let Err(code) = end {
        reader.refuse(code, None);
    }
}

async fn person(app: &App, user: UserId) -> Option<UserRow> {
    app.core.store.read(app.org).await.ok()?.user(user).await.ok()?
}

async fn run(
    app: &Arc<App>,
    reader: &mut Reader,
    out: &mpsc::Sender<Outgoing>,
    (person, words): (&UserRow, &Arc<Words>),
    session: SecretHash,
) -> Result<(), ErrorCode> {
    // Subscribe first: what changes while the board is read comes again, which is harmless.
    let mut changes = app.core.watch_board(app.org);
    send_whole(app, out, person).await?;
    let mut look = tokio::time::interval(SESSION_CHECK);
    let mut closing = app.closing.subscribe();
    loop {
        tokio::select! {
            () = async { drop(closing.wait_for(|closing| *closing).await); } => {
                return push(out, ServerMessage::Closing {}).await;
            }
            message = reader.next() => match message {
                Some(message) => said(app, reader, (person, words), message).await,
                None => return Ok(()),
            },
            change = changes.recv() => match change {
                Ok(change) => {
                    let message = match &*change {
                        BoardChange::Visit(entry) => ServerMessage::BoardVisit {
                            visit: entry.for_reader(person.id, person.role, app.clock.now()),
                        },
                        BoardChange::Gone(visit) => ServerMessage::BoardGone { visit: *visit },
                    };
                    push(out, message).await?;
                }
                Err(broadcast::error::RecvError::Lagged(_)) => send_whole(app, out, person).await?,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            () = out.closed() => return Ok(()),
            _ = look.tick() => {
                if !super::session_lives(app, session).await {
                    return Err(ErrorCode::NotSignedIn);
                }
            }
        }
    }
}

async fn send_whole(
    app: &Arc<App>,
    out: &mpsc::Sender<Outgoing>,
    person: &UserRow,
) -> Result<(), ErrorCode> {
    let now = app.clock.now();
    let from = visit::Timestamp(now.0 - WINDOW.0);
    let entries = app.core.board_now(app.org, from, now.plus(WINDOW)).await?;
    // Names are about to be shown: no record, no names.
    let tx = app.core.store.begin(app.org, now).await.map_err(|e| crate::live::code(&e))?;
    let event = Event::new(Kind::BoardViewed, audit::Actor::Staff(person.id));
    let event = event.count("visits", entries.len() as u64);
    tx.commit_with(vec![event]).await.map_err(|e| crate::live::code(&e))?;
    let visits = entries.iter().map(|e| e.for_reader(person.id, person.role, now)).collect();
    push(out, ServerMessage::Board { visits, now }).await
}

async fn push(out: &mpsc::Sender<Outgoing>, message: ServerMessage) -> Result<(), ErrorCode> {
    out.send(Outgoing::Message(Box::new(message))).await.map_err(|_| ErrorCode::Internal)
}

async fn said(
    app: &Arc<App>,
    reader: &mut Reader,
    (person, words): (&UserRow, &Arc<Words>),
    message: ClientMessage,
) {
    let (user, role) = (person.id, person.role);
    let said = (user, Arc::clone(words));
    let (result, reply_to) = match message {
        ClientMessage::Ping { n } => {
            reader.say(ServerMessage::Pong { n });
            (Ok(()), None)
        }
        ClientMessage::Admit { visit: Some(visit), seat } => {
            let call = |reply| Call::Admit { user, role, seat, reply };
            let result = app.core.ask_as(said, app.org, visit, call).await;
            (result, None)
        }
        ClientMessage::Note { visit: Some(visit), seat, id, text } => {
            let name = person.person.name.clone();
            let reply_to = Some(id.clone());
            let call = |reply| Call::Note { user, role, name, seat, id, text, reply };
            (app.core.ask_as(said, app.org, visit, call).await, reply_to)
        }
        _ => (Err(ErrorCode::BadMessage), None),
    };
    if let Err(code) = result {
        reader.refuse(code, reply_to);
    }
}
