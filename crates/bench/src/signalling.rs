//! The talk with the server: opening a link, signing in by a link, and the WebSocket of a seat.
//!
//! Speaks the types of the crate `protocol` and nothing else. It keeps no state of a visit; that is
//! [`crate::participant`].

use std::net::IpAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::header::{COOKIE, HeaderValue, ORIGIN};
use protocol::http::{
    CreateVisit, LinkLook, LinkOpened, LinkRequest, SignInLink, SignInNext, SignInStep, Token,
    TokenRequest, VisitCreated,
};
use protocol::{ClientMessage, PROTOCOL_VERSION, ServerMessage};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use visit::{SeatId, VisitId};

use crate::BenchError;
use crate::http::{BaseUrl, Http, Stream, TlsRoot};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest message that is read. A room's list and an offer are far below.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A patient's or guest's link. Not `Debug`: it is a secret.
#[derive(Clone)]
pub struct GuestLink {
    pub(crate) base: BaseUrl,
    pub(crate) secret: String,
}

impl GuestLink {
    /// Reads `https://clinic.example/v#<secret>`.
    ///
    /// # Errors
    /// [`BenchError::Url`] when it is not an address with a secret behind `#`.
    pub fn parse(url: &str) -> Result<Self, BenchError> {
        let (base, fragment) = BaseUrl::parse(url)?;
        let secret = fragment.filter(|f| !f.is_empty());
        let secret = secret.ok_or(BenchError::Url("the secret behind # is missing"))?.to_owned();
        Ok(Self { base, secret })
    }
}

/// Opens a guest's link as the button page does: look, then open. The cookie of the device stays in
/// the client that comes back.
///
/// # Errors
/// [`BenchError::Refused`] for a dead link or one with a second check, or a failure to connect.
pub async fn open_link(
    link: &GuestLink,
    root: Option<TlsRoot>,
) -> Result<(Http, LinkOpened), BenchError> {
    let mut http = Http::new(link.base.clone(), root)?;
    let request = LinkRequest { secret: link.secret.clone(), birth_date: None };
    let _look: LinkLook = http.post("/api/link/look", &request).await?;
    let opened = http.post("/api/link/open", &request).await?;
    Ok((http, opened))
}

/// Signs staff in by a one-time link, `https://clinic.example/clinic#in=<secret>`. The session stays
/// in the client that comes back.
///
/// # Errors
/// [`BenchError::Refused`] for a dead link or one that asks for more steps, or a failure to connect.
pub async fn sign_in(url: &str, root: Option<TlsRoot>) -> Result<Http, BenchError> {
    let (base, fragment) = BaseUrl::parse(url)?;
    let secret = fragment.and_then(|f| f.strip_prefix("in=")).filter(|s| !s.is_empty());
    let secret = secret.ok_or(BenchError::Url("the secret behind #in= is missing"))?.to_owned();
    let mut http = Http::new(base, root)?;
    let step: SignInStep =
        http.post("/api/signin/link", &SignInLink { secret, password: None }).await?;
    if step.next == SignInNext::Done {
        Ok(http)
    } else {
        Err(BenchError::Refused(protocol::ErrorCode::SecondFactorNeeded))
    }
}

/// Books a visit for now with a synthetic patient.
///
/// # Errors
/// As [`Http::post`].
pub async fn create_visit(http: &mut Http) -> Result<VisitCreated, BenchError> {
    let visit = CreateVisit {
        host: None,
        patient_name: "Synthetic patient".to_owned(),
        patient_email: String::new(),
        patient_birth_date: String::new(),
        scheduled_at: None,
        duration_min: 15,
        note: String::new(),
        ask_recording: false,
        ask_captions: false,
        restricted: false,
        locale: "en".to_owned(),
        utc_offset_min: 0,
    };
    http.post("/api/visits", &visit).await
}

/// The WebSocket of a seat, after `hello`.
pub struct SeatSocket {
    socket: WebSocketStream<Box<dyn Stream>>,
    local: IpAddr,
}

impl SeatSocket {
    /// Fetches a join token, connects and says hello. Guests name their seat; staff get their own.
    ///
    /// # Errors
    /// [`BenchError::Refused`] when the token is refused, or a failure to connect.
    pub async fn connect(
        http: &mut Http,
        visit: VisitId,
        seat: Option<SeatId>,
    ) -> Result<Self, BenchError> {
        let token: Token = http.post("/api/seat/token", &TokenRequest { visit, seat }).await?;
        let connect = Self::open(http);
        let mut this = tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .unwrap_or(Err(BenchError::Timeout("the WebSocket did not open")))?;
        this.send(&ClientMessage::Hello {
            protocol: PROTOCOL_VERSION,
            token: token.token,
            transport: None,
            chat_after: None,
        })
        .await?;
        Ok(this)
    }

    async fn open(http: &Http) -> Result<Self, BenchError> {
        let (stream, local) = http.open().await?;
        // The stream is there (and encrypted) already: the scheme only has to be one of WebSocket.
        let url = format!("ws://{}/ws", http.base().authority());
        let mut request =
            url.into_client_request().map_err(|_| BenchError::Url("the host is odd"))?;
        let value = |text: String| {
            HeaderValue::from_str(&text).map_err(|_| BenchError::Connection("an odd cookie"))
        };
        request.headers_mut().insert(ORIGIN, value(http.base().origin())?);
        request.headers_mut().insert(COOKIE, value(http.cookie_header())?);
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(MAX_MESSAGE_BYTES);
        config.max_frame_size = Some(MAX_MESSAGE_BYTES);
        let (socket, _) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(|_| BenchError::Connection("the WebSocket was refused"))?;
        Ok(Self { socket, local })
    }

    /// Our own address on the way to the server; media takes the same way.
    #[must_use]
    pub const fn local(&self) -> IpAddr {
        self.local
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`BenchError::Connection`] when the socket is gone.
    pub async fn send(&mut self, message: &ClientMessage) -> Result<(), BenchError> {
        let text = serde_json::to_string(message).map_err(|_| BenchError::Answer("a message"))?;
        let sent = self.socket.send(Message::text(text)).await;
        sent.map_err(|_| BenchError::Connection("the WebSocket closed"))
    }

    /// The next message; none when the server closed the socket. Kinds of message that are newer
    /// than this client are passed over. Can be dropped and called again without loss.
    ///
    /// # Errors
    /// [`BenchError::Connection`] when the socket broke, [`BenchError::Answer`] for something that
    /// is no message.
    pub async fn next(&mut self) -> Result<Option<ServerMessage>, BenchError> {
        while let Some(frame) = self.socket.next().await {
            let frame = frame.map_err(|_| BenchError::Connection("the WebSocket broke"))?;
            match frame {
                Message::Text(text) => {
                    if let Some(message) = read(&text)? {
                        return Ok(Some(message));
                    }
                }
                Message::Close(_) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Closes the socket in an orderly way.
    pub async fn close(mut self) {
        // Nobody is left to be told of a failure.
        let _ = self.socket.close(None).await;
    }
}

/// Reads one message of the server; none for a kind that is not known.
fn read(text: &str) -> Result<Option<ServerMessage>, BenchError> {
    const FAULT: BenchError = BenchError::Answer("a message of the server");
    match serde_json::from_str(text) {
        Ok(message) => Ok(Some(message)),
        Err(_) => {
            // A known kind that does not read is a fault; an unknown one is a newer server.
            let value: Value = serde_json::from_str(text).map_err(|_| FAULT)?;
            let kind = value.get("type").and_then(Value::as_str).ok_or(FAULT)?;
            if KNOWN.contains(&kind) { Err(FAULT) } else { Ok(None) }
        }
    }
}

/// The kinds of message that this client acts on.
const KNOWN: [&str; 11] = [
    "welcome",
    "you",
    "waiting",
    "room",
    "offer",
    "media_up",
    "taken_over",
    "removed",
    "ended",
    "closing",
    "error",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_needs_its_secret() {
        let link =
            GuestLink::parse("http://localhost:8080/v#s3cret").map_err(|e| e.to_string()).unwrap();
        assert_eq!(
            (link.secret.as_str(), link.base.origin().as_str()),
            ("s3cret", "http://localhost:8080")
        );
        for bad in ["http://localhost/v", "http://localhost/v#", "localhost#x"] {
            assert!(matches!(GuestLink::parse(bad), Err(BenchError::Url(_))), "{bad}");
        }
    }

    #[test]
    fn messages_are_read_newer_kinds_passed_over_and_broken_ones_refused() {
        assert!(matches!(read(r#"{"type":"removed"}"#), Ok(Some(ServerMessage::Removed {}))));
        assert!(matches!(
            read(r#"{"type":"pong","n":3,"new":1}"#),
            Ok(Some(ServerMessage::Pong { n: 3 }))
        ));
        assert!(matches!(read(r#"{"type":"weather","rain":true}"#), Ok(None)));
        for broken in [r#"{"type":"offer"}"#, "{}", "[]", "x"] {
            assert!(matches!(read(broken), Err(BenchError::Answer(_))), "{broken}");
        }
    }
}
