//! Janus' room plugin as a server under load: the talk over its WebSocket.
//!
//! Per room: create it; each sender joins as a publisher with an offer of its own; when all media of
//! the room is up, each person subscribes to all others in one transport, answers Janus' offer, and
//! chooses the layer. Candidates are in the descriptions; nothing trickles.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{Direction, TrackLine};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};
use visit::Source;

use super::process::JanusProcess;
use crate::BenchError;
use crate::cpu::{process_time, resident_bytes};
use crate::room::Shape;
use crate::unit::{Ask, Told, Unit, Usage, seat};

/// Sessions end after a minute of silence.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const PLUGIN: &str = "janus.plugin.videoroom";

/// See the module's head. Dropping it ends the process.
pub(super) struct Janus {
    process: JanusProcess,
    asks: UnboundedSender<Ask>,
}

impl Janus {
    /// Starts Janus on `core` for rooms of this shape.
    ///
    /// # Errors
    /// As [`JanusProcess::start`].
    pub fn start(
        shape: Shape,
        core: usize,
        mut told: impl FnMut(Told) + Send + 'static,
    ) -> Result<Self, BenchError> {
        let process = JanusProcess::start(core)?;
        let address = process.address();
        let (asks, queue) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("janus-talk".to_owned()).spawn(move || {
            let ended = runtime.block_on(async {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut request = format!("ws://{address}/").into_client_request()?;
                let protocol = HeaderValue::from_static("janus-protocol");
                request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
                let (socket, _) = client_async(request, stream).await?;
                Talk::new(shape, socket, &mut told).run(queue).await
            });
            if ended.is_err() {
                told(Told::Failed { code: "janus_connection".to_owned() });
            }
        })?;
        Ok(Self { process, asks })
    }
}

impl Unit for Janus {
    fn ask(&mut self, ask: Ask) -> Result<(), BenchError> {
        self.asks.send(ask).map_err(|_| BenchError::Ended)
    }

    fn usage(&self) -> Result<Usage, BenchError> {
        let cpu = process_time(self.process.id()).ok_or(BenchError::CpuTime)?;
        let resident_bytes = resident_bytes(self.process.id()).ok_or(BenchError::CpuTime)?;
        Ok(Usage { cpu, resident_bytes, ..Usage::default() })
    }
}

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Room {
    created: bool,
    /// People in the order they came, and whether they send.
    people: Vec<(u32, bool)>,
    publishing: u32,
}

/// One session over one WebSocket.
struct Talk<'a> {
    shape: Shape,
    socket: WebSocketStream<TcpStream>,
    told: &'a mut (dyn FnMut(Told) + Send),
    session: u64,
    /// The handle that creates rooms.
    control: u64,
    /// The handle of each link, and the reverse.
    handles: HashMap<u32, u64>,
    links: HashMap<u64, u32>,
    rooms: HashMap<u32, Room>,
    /// The video lines of each subscriber, by `mid`.
    videos: HashMap<u32, Vec<String>>,
    /// What was asked before the session stood.
    early: Vec<Ask>,
}

impl<'a> Talk<'a> {
    fn new(
        shape: Shape,
        socket: WebSocketStream<TcpStream>,
        told: &'a mut (dyn FnMut(Told) + Send),
    ) -> Self {
        Self {
            shape,
            socket,
            told,
            session: 0,
            control: 0,
            handles: HashMap::new(),
            links: HashMap::new(),
            rooms: HashMap::new(),
            videos: HashMap::new(),
            early: Vec::new(),
        }
    }

    /// Runs until nobody asks any more.
    async fn run(mut self, mut asks: UnboundedReceiver<Ask>) -> Result<(), Failure> {
        self.send(json!({ "janus": "create", "transaction": "create" })).await?;
        let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
        loop {
            tokio::select! {
                frame = self.socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let message = serde_json::from_str(&text)?;
                        self.on_message(&message).await?;
                    }
                    Some(Ok(Message::Close(_))) | None => return Err("closed".into()),
                    Some(frame) => { frame?; }
                },
                ask = asks.recv() => match ask {
                    None => return Ok(()),
                    Some(ask) if self.control == 0 => self.early.push(ask),
                    Some(ask) => self.on_ask(ask).await?,
                },
                _ = keep_alive.tick() => if self.session != 0 {
                    self.in_session(json!({ "janus": "keepalive", "transaction": "alive" })).await?;
                }
            }
        }
    }

    async fn on_ask(&mut self, ask: Ask) -> Result<(), Failure> {
        match ask {
            Ask::Join { room, person, sends } => {
                let state = self.rooms.entry(room).or_default();
                state.people.push((person, sends));
                let (first, created) = (state.people.len() == 1, state.created);
                if first {
                    let body = json!({
                        "request": "create", "room": room + 1, "publishers": self.shape.people,
                        "audiocodec": "opus", "videocodec": "vp8", "record": false,
                        "permanent": false, "is_private": true, "notify_joining": false,
                    });
                    self.message(self.control, format!("room:{room}"), body, None).await?;
                } else if created && sends {
                    self.attach(person * 2).await?;
                }
                Ok(())
            }
            Ask::Offer { link, sdp } => {
                let person = link / 2;
                let body = json!({
                    "request": "joinandconfigure", "ptype": "publisher", "id": person + 1,
                    "room": person / self.shape.people + 1, "audio": true, "video": true,
                });
                let jsep = json!({ "type": "offer", "sdp": sdp });
                self.message(self.handle(link)?, format!("publish:{link}"), body, Some(jsep)).await
            }
            Ask::Answer { link, sdp, .. } => {
                let jsep = json!({ "type": "answer", "sdp": sdp });
                let handle = self.handle(link)?;
                self.message(
                    handle,
                    format!("start:{link}"),
                    json!({ "request": "start" }),
                    Some(jsep),
                )
                .await?;
                if self.shape.layers > 1 {
                    self.choose_layer(link).await?;
                }
                Ok(())
            }
            // Which layer a viewer gets follows from the shape alone.
            Ask::Look { .. } => Ok(()),
            Ask::Leave { person, .. } => {
                for link in [person * 2, person * 2 + 1] {
                    if let Some(handle) = self.handles.remove(&link) {
                        self.links.remove(&handle);
                        let detach = json!({
                            "janus": "detach", "handle_id": handle, "transaction": "detach",
                        });
                        self.in_session(detach).await?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn on_message(&mut self, message: &Value) -> Result<(), Failure> {
        let transaction = message["transaction"].as_str().unwrap_or_default().to_owned();
        match message["janus"].as_str().unwrap_or_default() {
            "success" => self.on_success(&transaction, message).await,
            "event" => self.on_event(message).await,
            "webrtcup" => {
                let link = self.sender(message);
                if let Some(link) = link.filter(|l| l % 2 == 0) {
                    self.on_publishing(link / 2 / self.shape.people).await?;
                }
                Ok(())
            }
            "hangup" if self.sender(message).is_some() => self.failed("janus_hangup".to_owned()),
            "timeout" => self.failed("janus_timeout".to_owned()),
            "error" => self.failed(format!("janus_{}", message["error"]["code"])),
            _ => Ok(()),
        }
    }

    /// The answer to something that is done at once.
    async fn on_success(&mut self, transaction: &str, message: &Value) -> Result<(), Failure> {
        let id = message["data"]["id"].as_u64();
        let (what, number) = transaction.split_once(':').unwrap_or((transaction, "0"));
        let number: u32 = number.parse()?;
        match what {
            "create" => {
                self.session = id.ok_or("no session")?;
                let attach =
                    json!({ "janus": "attach", "plugin": PLUGIN, "transaction": "control" });
                self.in_session(attach).await
            }
            "control" => {
                self.control = id.ok_or("no handle")?;
                for ask in std::mem::take(&mut self.early) {
                    Box::pin(self.on_ask(ask)).await?;
                }
                Ok(())
            }
            "room" => {
                if let Some(code) = message["plugindata"]["data"]["error_code"].as_u64() {
                    return self.failed(format!("janus_{code}"));
                }
                let room = self.rooms.entry(number).or_default();
                room.created = true;
                let senders: Vec<u32> =
                    room.people.iter().filter(|p| p.1).map(|p| p.0 * 2).collect();
                for link in senders {
                    self.attach(link).await?;
                }
                Ok(())
            }
            "attach" => {
                let handle = id.ok_or("no handle")?;
                self.handles.insert(number, handle);
                self.links.insert(handle, number);
                if number.is_multiple_of(2) {
                    (self.told)(Told::Publish { link: number });
                    return Ok(());
                }
                self.subscribe(number, handle).await
            }
            _ => Ok(()),
        }
    }

    /// Something that took its time: it names its handle.
    async fn on_event(&mut self, message: &Value) -> Result<(), Failure> {
        let data = &message["plugindata"]["data"];
        if let Some(code) = data["error_code"].as_u64() {
            return self.failed(format!("janus_{code}"));
        }
        let (Some(link), Some(sdp)) = (self.sender(message), message["jsep"]["sdp"].as_str())
        else {
            return Ok(());
        };
        let sdp = sdp.to_owned();
        if message["jsep"]["type"] == "answer" {
            (self.told)(Told::Answer { link, sdp });
            return Ok(());
        }
        let streams = data["streams"].as_array().ok_or("an offer without streams")?;
        let tracks: Vec<TrackLine> = streams.iter().filter_map(track).collect();
        let videos = tracks.iter().filter(|t| t.source == Source::Camera);
        self.videos.insert(link, videos.map(|t| t.mid.clone()).collect());
        (self.told)(Told::Offer { link, generation: 1, sdp, tracks });
        Ok(())
    }

    /// A sender's media is up. When it is everybody's, people subscribe.
    async fn on_publishing(&mut self, room: u32) -> Result<(), Failure> {
        let Some(state) = self.rooms.get_mut(&room) else { return Ok(()) };
        state.publishing += 1;
        if state.publishing == self.shape.senders {
            // Whoever sends alone has nobody to see.
            let alone = |sends: bool| sends && self.shape.senders == 1;
            let viewers: Vec<u32> =
                state.people.iter().filter(|p| !alone(p.1)).map(|p| p.0 * 2 + 1).collect();
            for link in viewers {
                self.attach(link).await?;
            }
        }
        Ok(())
    }

    async fn subscribe(&mut self, link: u32, handle: u64) -> Result<(), Failure> {
        let viewer = link / 2;
        let room = viewer / self.shape.people;
        let feeds: Vec<Value> = self.rooms.get(&room).map_or_else(Vec::new, |state| {
            let others = state.people.iter().filter(|(p, sends)| *sends && *p != viewer);
            others.map(|(p, _)| json!({ "feed": p + 1 })).collect()
        });
        let body = json!({
            "request": "join", "ptype": "subscriber", "room": room + 1, "streams": feeds,
            "autoupdate": false,
        });
        self.message(handle, format!("subscribe:{link}"), body, None).await
    }

    async fn choose_layer(&mut self, link: u32) -> Result<(), Failure> {
        let substream = if self.shape.sees_one_large() { 2 } else { 1 };
        let streams: Vec<Value> = self
            .videos
            .remove(&link)
            .unwrap_or_default()
            .iter()
            .map(|mid| json!({ "mid": mid, "substream": substream }))
            .collect();
        let body = json!({ "request": "configure", "streams": streams });
        self.message(self.handle(link)?, format!("configure:{link}"), body, None).await
    }

    async fn attach(&mut self, link: u32) -> Result<(), Failure> {
        let transaction = format!("attach:{link}");
        self.in_session(json!({ "janus": "attach", "plugin": PLUGIN, "transaction": transaction }))
            .await
    }

    async fn message(
        &mut self,
        handle: u64,
        transaction: String,
        body: Value,
        jsep: Option<Value>,
    ) -> Result<(), Failure> {
        let mut message = json!({
            "janus": "message", "handle_id": handle, "transaction": transaction, "body": body,
        });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        self.in_session(message).await
    }

    async fn in_session(&mut self, mut message: Value) -> Result<(), Failure> {
        message["session_id"] = self.session.into();
        self.send(message).await
    }

    async fn send(&mut self, message: Value) -> Result<(), Failure> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    fn handle(&self, link: u32) -> Result<u64, Failure> {
        Ok(*self.handles.get(&link).ok_or("an unknown link")?)
    }

    fn sender(&self, message: &Value) -> Option<u32> {
        self.links.get(&message["sender"].as_u64()?).copied()
    }

    /// Only numbers and fixed words go into the code, never what Janus wrote.
    fn failed(&mut self, code: String) -> Result<(), Failure> {
        (self.told)(Told::Failed { code });
        Ok(())
    }
}

/// A line of a subscriber's offer.
fn track(stream: &Value) -> Option<TrackLine> {
    let source = match stream["type"].as_str()? {
        "audio" => Source::Mic,
        "video" => Source::Camera,
        _ => return None,
    };
    let person = u32::try_from(stream["feed_id"].as_u64()?).ok()?.checked_sub(1)?;
    let mid = stream["mid"].as_str()?.to_owned();
    Some(TrackLine { mid, seat: seat(person), source, direction: Direction::Receive })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_offer_are_read_strictly() {
        let line = track(&json!({ "type": "video", "mid": "1", "feed_id": 8, "active": true }));
        let line = line.unwrap();
        assert_eq!((line.mid.as_str(), line.source), ("1", Source::Camera));
        assert!(line.seat == seat(7) && line.direction == Direction::Receive);
        for odd in [
            json!({ "type": "data", "mid": "2", "feed_id": 8 }),
            json!({ "type": "audio", "mid": "2" }),
            json!({ "type": "audio", "mid": 2, "feed_id": 8 }),
            json!({ "type": "audio", "mid": "2", "feed_id": 0 }),
            json!({}),
        ] {
            assert!(track(&odd).is_none());
        }
    }
}
