//! WebSocket signalling. A socket proves its single-use token with the first message and is then
//! either one seat's or one board's for its whole life.

mod board;
mod seat;

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::headers::origin_is_ours;
use crate::http::session::Client;
use crate::live::Outgoing;
use auth::{Cookies, JoinedBy, Rate, TokenBucket};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::limits::{MAX_CLIENT_MESSAGE_BYTES, MESSAGE_BURST, MESSAGES_PER_S};
use protocol::{ClientMessage, ErrorCode, PROTOCOL_VERSION, ServerMessage};
use std::sync::Arc;
use std::time::Duration;
use store::{JoinSubject, SecretHash};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The first message has to come within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// A socket that is silent for this long, pings unanswered, is given up.
const SILENT_FOR: Duration = Duration::from_secs(40);
/// How often the server pings.
const PING_EVERY: Duration = Duration::from_secs(15);
/// How often a socket of staff looks whether the session still lives. An account that is disabled is out
/// within 5 s, whichever process it was disabled in, so a look that comes late has time left.
const SESSION_CHECK: Duration = Duration::from_secs(2);
/// Messages that may wait for a page that reads slowly.
const OUTGOING: usize = 256;
/// Refused messages after which the socket is closed.
const MAX_REFUSED: u32 = 20;

/// `GET /ws`.
pub async fn upgrade(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !origin_is_ours(&app, &headers) {
        return ApiError::from(ErrorCode::BadOrigin).into_response();
    }
    upgrade
        .max_message_size(MAX_CLIENT_MESSAGE_BYTES)
        .max_frame_size(MAX_CLIENT_MESSAGE_BYTES)
        .on_upgrade(move |socket| serve(app, client, socket))
}

async fn serve(app: Arc<App>, client: Client, socket: WebSocket) {
    app.metrics.sockets.inc();
    let (sink, stream) = socket.split();
    let (tx, rx) = mpsc::channel(OUTGOING);
    let writer = tokio::spawn(write(sink, rx));
    let mut reader = Reader::new(Arc::clone(&app), stream, tx.clone());
    if let Some(hello) = reader.hello().await {
        let (session, device) = (client.session.as_ref(), client.device.as_ref());
        let cookies = Cookies { session, device };
        match app.tokens.take(&hello.token, cookies, app.clock.now()).await {
            Ok(joined) => match (joined.subject, joined.by) {
                (JoinSubject::Seat { visit, seat }, by) => {
                    let page = seat::Page { hello, by, visit, seat, words: client.words };
                    seat::serve(&app, &mut reader, &tx, page).await;
                }
                (JoinSubject::Board { user }, JoinedBy::Session(session)) => {
                    board::serve(&app, &mut reader, &tx, user, session, client.words).await;
                }
                (JoinSubject::Board { .. }, JoinedBy::Device(_)) => {
                    reader.refuse(ErrorCode::TokenExpired, None);
                }
            },
            Err(error) => reader.refuse(crate::http::staff::auth_code(&error), None),
        }
    }
    // Whatever is still queued goes out, then the socket closes.
    let _ = tx.try_send(Outgoing::Close);
    drop((tx, reader));
    // A page that does not read would hold the writer, its queue and the connection for ever.
    let give_up = writer.abort_handle();
    if tokio::time::timeout(Duration::from_secs(5), writer).await.is_err() {
        give_up.abort();
    }
    app.metrics.sockets.dec();
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: mpsc::Receiver<Outgoing>) {
    let mut ping = tokio::time::interval(PING_EVERY);
    ping.tick().await;
    loop {
        let sent = tokio::select! {
            next = queue.recv() => match next {
                Some(Outgoing::Message(message)) => match serde_json::to_string(&*message) {
                    Ok(text) => sink.send(Message::Text(text.into())).await,
                    Err(_) => {
                        tracing::error!("a message could not be written as JSON");
                        Ok(())
                    }
                },
                Some(Outgoing::Close) | None => {
                    let frame = CloseFrame { code: 1000, reason: "".into() };
                    let _ = sink.send(Message::Close(Some(frame))).await;
                    return;
                }
            },
            _ = ping.tick() => sink.send(Message::Ping(Vec::new().into())).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Whether a session of staff still lives. Looking is no activity.
pub(crate) async fn session_lives(app: &App, session: SecretHash) -> bool {
    let Ok(mut reader) = app.core.store.read(app.org).await else {
        // A busy database is no reason to throw people out; the next look will tell.
        return true;
    };
    match reader.session(session).await {
        Ok(Some(row)) => auth::session::judge(&row, app.clock.now()) == Ok(auth::Level::Full),
        Ok(None) => false,
        Err(_) => true,
    }
}

/// The opening words of a socket.
pub(crate) struct Hello {
    pub token: String,
    pub transport: Option<u64>,
    pub chat_after: u64,
}

/// The reading half: strict, and with a limit on size and rate.
pub(crate) struct Reader {
    app: Arc<App>,
    stream: SplitStream<WebSocket>,
    out: mpsc::Sender<Outgoing>,
    bucket: TokenBucket,
    refused: u32,
    heard: Instant,
}

impl Reader {
    fn new(app: Arc<App>, stream: SplitStream<WebSocket>, out: mpsc::Sender<Outgoing>) -> Self {
        let rate = Rate::new(MESSAGE_BURST, MESSAGES_PER_S);
        let bucket = TokenBucket::new(rate, app.clock.now());
        Self { app, stream, out, bucket, refused: 0, heard: Instant::now() }
    }

    pub(crate) fn refuse(&mut self, code: ErrorCode, reply_to: Option<String>) {
        self.app.metrics.refused.inc();
        self.refused += 1;
        self.say(ServerMessage::Error { error: code.into(), reply_to });
    }

    pub(crate) fn say(&self, message: ServerMessage) {
        let _ = self.out.try_send(Outgoing::Message(Box::new(message)));
    }

    async fn hello(&mut self) -> Option<Hello> {
        let first = tokio::time::timeout(HELLO_WITHIN, self.next()).await.ok()??;
        match first {
            ClientMessage::Hello { protocol, .. } if protocol != PROTOCOL_VERSION => {
                self.refuse(ErrorCode::ProtocolVersion, None);
                None
            }
            ClientMessage::Hello { token, transport, chat_after, .. } => {
                Some(Hello { token, transport, chat_after: chat_after.unwrap_or(0) })
            }
            _ => {
                self.refuse(ErrorCode::BadMessage, None);
                None
            }
        }
    }

    /// The next message that is for somebody else than the socket itself. `None` when the socket is
    /// done for: closed, silent for too long, or full of nonsense.
    pub(crate) async fn next(&mut self) -> Option<ClientMessage> {
        loop {
            if self.refused > MAX_REFUSED {
                return None;
            }
            let received = timeout_at(self.heard + SILENT_FOR, self.stream.next()).await.ok()??;
            self.heard = Instant::now();
            let text = match received {
                Ok(Message::Text(text)) => text,
                Ok(Message::Ping(_) | Message::Pong(_)) => continue,
                Ok(Message::Binary(_)) => {
                    self.refuse(ErrorCode::BadMessage, None);
                    continue;
                }
                Ok(Message::Close(_)) => return None,
                Err(_) => {
                    // Too large, or not UTF-8: the frame cannot be skipped, so this is the end.
                    self.refuse(ErrorCode::MessageTooLarge, None);
                    return None;
                }
            };
            self.app.metrics.messages.inc();
            if self.bucket.take(1, self.app.clock.now()).is_err() {
                self.refuse(ErrorCode::TooFast, None);
                continue;
            }
            match protocol::parse_client(text.as_str()) {
                Ok(message) => return Some(message),
                Err(code) => self.refuse(code, None),
            }
        }
    }
}
