//! A browser as the server sees it: cookies, an origin, HTTP requests and WebSockets over TCP.
//! Keeps every byte that the server ever sent to it.

use super::{Clinic, PATIENCE};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What every browser here calls itself.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

type Heard = Arc<Mutex<Vec<u8>>>;

/// One browser with its cookies.
pub struct Browser {
    address: SocketAddr,
    /// The `Host` that it asks for.
    pub host: String,
    /// The `Origin` of the page, or none.
    pub origin: Option<String>,
    cookies: BTreeMap<String, String>,
    heard: Heard,
}

/// An HTTP answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A body in chunks (RFC 9112 §7.1), which must be there to its end.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = chunks.windows(2).position(|w| w == b"\r\n").expect("the head of a chunk");
        let size = std::str::from_utf8(&chunks[..line]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("a size");
        chunks = &chunks[line + 2..];
        body.extend_from_slice(&chunks[..size]);
        assert_eq!(&chunks[size..size + 2], b"\r\n", "a whole chunk");
        chunks = &chunks[size + 2..];
        if size == 0 {
            return body;
        }
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head");
        let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let status = status.parse().expect("a number");
        let mut answer = Self { status, headers, body: bytes[end + 4..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = joined(&answer.body);
        }
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> String {
        text(&self.json()["code"])
    }

    /// The body of an answer that must be a good one.
    pub fn good(&self) -> Value {
        let code = if self.status == 200 { String::new() } else { self.code() };
        assert_eq!(self.status, 200, "{code}");
        self.json()
    }

    /// Everything that somebody who compares answers could see, but the time.
    pub fn without_date(&self) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let headers = self.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        (self.status, headers, self.body.clone())
    }
}

/// The text of a JSON string, or nothing.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Browser {
    pub fn new(clinic: &Clinic) -> Self {
        let host = clinic.address.to_string();
        let origin = Some(format!("http://{host}"));
        let (cookies, heard) = (BTreeMap::new(), Heard::default());
        Self { address: clinic.address, host, origin, cookies, heard }
    }

    /// The same browser, with its cookies, towards a server that was started again.
    pub fn towards(&self, clinic: &Clinic) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(clinic) }
    }

    /// Everything that the server sent since `from`, as text.
    pub fn heard(&self, from: usize) -> String {
        let bytes = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes[from..]).into_owned()
    }

    /// How many bytes the server has sent.
    pub fn heard_bytes(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> String {
        self.cookies.get(name).cloned().unwrap_or_default()
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join("; ")
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], "").await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &[], &body.to_string()).await
    }

    /// One request on a connection of its own.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        extra: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host);
        head.push_str(&format!("user-agent: {AGENT}\r\n"));
        if let Some(origin) = &self.origin {
            head.push_str(&format!("origin: {origin}\r\n"));
        }
        if !self.cookies.is_empty() {
            head.push_str(&format!("cookie: {}\r\n", self.cookie_header()));
        }
        for (name, value) in extra {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            let length = body.len();
            head.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n"
            ));
        }
        let request = format!("{head}\r\n{body}");
        let exchange = async {
            let mut stream = self.connect().await;
            stream.write_all(request.as_bytes()).await.expect("the server listens");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("the server answers");
            answer
        };
        let bytes = timeout(PATIENCE, exchange).await.expect("an answer in time");
        let answer = Answer::parse(&bytes);
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = value.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    async fn connect(&self) -> Tap {
        let stream = TcpStream::connect(self.address).await.expect("the server is there");
        Tap { stream, heard: Arc::clone(&self.heard) }
    }

    /// Opens a WebSocket; the status and code when the server refuses it.
    pub async fn socket(&self) -> Result<Socket, (u16, String)> {
        let mut request =
            format!("ws://{}/ws", self.host).into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("user-agent", AGENT.parse().expect("a header"));
        if let Some(origin) = &self.origin {
            headers.insert("origin", origin.parse().expect("a header"));
        }
        headers.insert("cookie", self.cookie_header().parse().expect("a header"));
        let stream = self.connect().await;
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((stream, _)) => Ok(Socket { stream, pings: 0 }),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                Err((response.status().as_u16(), text(&body["code"])))
            }
            Err(other) => panic!("the socket does not open: {other}"),
        }
    }

    /// Opens a WebSocket and says hello.
    pub async fn hello(&self, token: &str, more: Value) -> Socket {
        let mut socket = self.socket().await.expect("a socket");
        let mut hello =
            json!({ "type": "hello", "protocol": protocol::PROTOCOL_VERSION, "token": token });
        if let (Some(hello), Some(more)) = (hello.as_object_mut(), more.as_object()) {
            hello.extend(more.clone());
        }
        socket.say(hello).await;
        socket
    }
}

/// A WebSocket.
pub struct Socket {
    stream: WebSocketStream<Tap>,
    pings: u64,
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: String) {
        self.say_frame(Message::Text(text.into())).await;
    }

    /// A server that has closed already is no failure: what it said before is read next.
    pub async fn say_frame(&mut self, frame: Message) {
        let _ = timeout(PATIENCE, self.stream.send(frame)).await.expect("the server reads");
    }

    /// The next message; `None` when the server has closed the socket.
    pub async fn next(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.read()).await.expect("something in time")
    }

    /// The same, however long it takes. Can be dropped and called again without loss.
    pub async fn read(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => {
                    return Some(serde_json::from_str(text.as_str()).expect("JSON"));
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => panic!("the server speaks text only"),
            }
        }
    }

    /// Reads until a message is the right one.
    pub async fn until(&mut self, right: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        let wait = async {
            while let Some(message) = self.next().await {
                if right(&message) {
                    return message;
                }
                seen.push(kind(&message));
            }
            panic!("the socket closed before the message came; it said {seen:?}");
        };
        timeout(PATIENCE, wait).await.expect("the message in time")
    }

    /// Reads until a message of this type.
    pub async fn wait(&mut self, wanted: &str) -> Value {
        self.until(|m| kind(m) == wanted).await
    }

    /// Reads until a refusal and gives its code.
    pub async fn refusal(&mut self) -> String {
        text(&self.wait("error").await["error"]["code"])
    }

    /// Says something and gives the code of the refusal that must follow.
    pub async fn refused(&mut self, message: Value) -> String {
        self.say(message).await;
        self.refusal().await
    }

    /// Everything up to the point where the server has done all that was said before.
    pub async fn settle(&mut self) -> Vec<Value> {
        self.pings += 1;
        let n = self.pings;
        self.say(json!({ "type": "ping", "n": n })).await;
        let mut seen = Vec::new();
        while let Some(message) = self.next().await {
            if kind(&message) == "pong" && message["n"] == n {
                return seen;
            }
            seen.push(message);
        }
        panic!("the socket closed");
    }

    /// Everything up to the end, which the server makes.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut seen = Vec::new();
        while let Some(message) = self.next().await {
            seen.push(message);
        }
        seen
    }

    /// Leaves the page.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
    }
}

/// The type of a message.
pub fn kind(message: &Value) -> String {
    text(&message["type"])
}

/// A connection that keeps a copy of all that comes in.
struct Tap {
    stream: TcpStream,
    heard: Heard,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
