//! A seat's socket: passes messages to the visit and back.

use super::{Hello, Reader, SESSION_CHECK};
use crate::app::App;
use crate::live::{ConnOpen, Input, Outgoing};
use audit::Words;
use auth::{AuthError, JoinedBy};
use protocol::{ClientMessage, ErrorCode};
use std::sync::Arc;
use tokio::sync::mpsc;
use visit::{SeatId, VisitId};

/// Whose socket it is, and how it came.
pub(crate) struct Page {
    pub hello: Hello,
    pub by: JoinedBy,
    pub visit: VisitId,
    pub seat: SeatId,
    pub words: Words,
}

/// Serves until the socket closes, the session of a member of staff ends, or the writer is gone.
pub(crate) async fn serve(
    app: &Arc<App>,
    reader: &mut Reader,
    out: &mpsc::Sender<Outgoing>,
    page: Page,
) {
    let Page { hello, by, visit, seat, words } = page;
    // The key to this socket may be older than the end of the session.
    if let JoinedBy::Session(session) = by
        && !super::session_lives(app, session).await
    {
        reader.refuse(ErrorCode::NotSignedIn, None);
        return;
    }
    let connection = app.connection_id();
    let open = ConnOpen {
        seat,
        connection,
        sender: out.clone(),
        device: match by {
            JoinedBy::Device(device) => Some(device),
            JoinedBy::Session(_) => None,
        },
        transport: hello.transport,
        chat_after: hello.chat_after,
        words,
    };
    if let Err(code) = app.core.send(app.org, visit, Input::Open(open)).await {
        reader.refuse(code, None);
        return;
    }
    let mut look = tokio::time::interval(SESSION_CHECK);
    loop {
        tokio::select! {
            message = reader.next() => match message {
                // A second hello, or anything of the board's, is out of order.
                Some(
                    ClientMessage::Hello { .. }
                    | ClientMessage::Admit { visit: Some(_), .. }
                    | ClientMessage::Note { visit: Some(_), .. },
                ) => reader.refuse(ErrorCode::BadMessage, None),
                Some(message) => {
                    let message = Box::new(message);
                    let input = Input::Message { seat, connection, message };
                    if let Err(code) = app.core.send(app.org, visit, input).await {
                        reader.refuse(code, None);
                    }
                }
                None => break,
            },
            () = out.closed() => break,
            _ = look.tick() => {
                // A live call is activity: it keeps the session from idling out.
                if let JoinedBy::Session(session) = by {
                    let now = app.clock.now();
                    let alive = app.staff.session(app.org, session, now).await;
                    if matches!(alive, Err(AuthError::NotSignedIn)) {
                        reader.refuse(ErrorCode::NotSignedIn, None);
                        let ended = Input::SessionEnded { seat, connection };
                        let _ = app.core.send(app.org, visit, ended).await;
                        break;
                    }
                }
            }
        }
    }
    // The seat stays: waiting people keep their place, people in the call are held.
    let _ = app.core.send(app.org, visit, Input::Closed { seat, connection }).await;
}
