//! A page with media: it answers offers, plays the shipped clip on microphone and camera, and counts
//! what comes. The rest of the page is the socket, as everywhere.

use super::PATIENCE;
use super::browser::{Socket, kind, text};
use super::tap::Tap;
use bench::client::{Client, ClientError, ClientEvent, ClientOptions};
use bench::clip::Clip;
use bench::driver::{DriverCommand, MediaSocket, Observer, drive};
use bench::media::ClipPlayer;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use visit::Source;

/// One remote track: whose, which, and how many packets and whole pictures came.
#[derive(Clone, PartialEq, Eq)]
pub struct Got {
    pub seat: String,
    pub source: Source,
    pub packets: u64,
    pub pictures: u64,
}

/// A page in a call.
pub struct Page {
    say: mpsc::UnboundedSender<Value>,
    heard: mpsc::UnboundedReceiver<Value>,
    media: mpsc::UnboundedReceiver<Media>,
    asks: mpsc::UnboundedSender<Ask>,
    pings: u64,
    task: JoinHandle<()>,
}

/// Packets of all remote tracks together.
#[derive(Clone, Copy)]
pub struct Counted {
    pub packets: u64,
    pub missing: u64,
}

/// What a page's media did.
enum Media {
    Picture(String, Source),
    Packet(Option<Source>),
    Closed,
}

/// What a test wants of a page's media.
enum Ask {
    /// What came so far; the media ends.
    Stop(oneshot::Sender<Vec<Got>>),
    /// How many tracks bring packets.
    Flowing(oneshot::Sender<usize>),
    /// How many datagrams the server has sent to this page.
    Sent(oneshot::Sender<u64>),
    /// What came and what is missing, all tracks together.
    Counted(oneshot::Sender<Counted>),
    /// Most media to this page is lost from now on.
    LoseMedia,
    /// A part of the media of this page is lost from now on.
    LoseOwnMedia,
}

impl Page {
    /// Takes a socket over. What it has not read yet is heard here.
    pub fn of(socket: Socket) -> Self {
        let (say, said) = mpsc::unbounded_channel();
        let (hear, heard) = mpsc::unbounded_channel();
        let (tell, media) = mpsc::unbounded_channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(Inner { socket, hear, tell, running: None }.run(said, asked));
        Self { say, heard, media, asks, pings: 0, task }
    }

    /// The same, of somebody inside who switches microphone and camera on.
    pub fn sending(socket: Socket) -> Self {
        let page = Self::of(socket);
        page.say(json!({ "type": "sending", "mic": true, "camera": true }));
        page
    }

    pub fn say(&self, message: Value) {
        let _ = self.say.send(message);
    }

    /// The next message; `None` when the server has closed the socket.
    pub async fn next(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.heard.recv()).await.expect("something in time")
    }

    /// Reads until a message is the right one.
    pub async fn until(&mut self, right: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            while let Some(message) = self.next().await {
                if right(&message) {
                    return message;
                }
            }
            panic!("the socket closed before the message came");
        };
        timeout(PATIENCE, wait).await.expect("the message in time")
    }

    /// Reads until a message of this type.
    pub async fn wait(&mut self, wanted: &str) -> Value {
        self.until(|m| kind(m) == wanted).await
    }

    /// Reads until there was a message of each of these types.
    pub async fn hears(&mut self, types: &[&str]) {
        let mut missing: BTreeSet<&str> = types.iter().copied().collect();
        while !missing.is_empty() {
            let message = self.until(|m| missing.contains(kind(m).as_str())).await;
            missing.remove(kind(&message).as_str());
        }
    }

    /// Reads until the server has done all that was said before.
    pub async fn settle(&mut self) {
        self.pings += 1;
        let n = self.pings;
        self.say(json!({ "type": "ping", "n": n }));
        self.until(|m| kind(m) == "pong" && m["n"] == n).await;
    }

    /// Reads up to the offer in which nobody's media is from `seat` any more: from then on the
    /// forwarding unit has let them go.
    pub async fn without(&mut self, seat: &str) {
        let gone = |m: &Value| {
            let tracks = m["tracks"].as_array();
            kind(m) == "offer" && tracks.is_some_and(|t| t.iter().all(|t| t["seat"] != seat))
        };
        self.until(gone).await;
    }

    /// Waits for a whole picture of each of these seats' cameras.
    pub async fn sees(&mut self, seats: &[&str]) {
        let mut missing: BTreeSet<&str> = seats.iter().copied().collect();
        let wait = async {
            while !missing.is_empty() {
                match self.media.recv().await {
                    Some(Media::Picture(seat, Source::Camera)) => {
                        missing.remove(seat.as_str());
                    }
                    Some(Media::Closed) | None => panic!("the media ended"),
                    Some(_) => {}
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("the pictures in time");
    }

    /// Waits for this many more packets of media.
    pub async fn receives(&mut self, packets: usize) {
        // Those that came before this call are not more.
        while self.media.try_recv().is_ok() {}
        let wait = async {
            let mut left = packets;
            while left > 0 {
                match self.media.recv().await {
                    Some(Media::Packet(_)) => left -= 1,
                    Some(Media::Picture(..)) => {}
                    Some(Media::Closed) | None => panic!("the media ended"),
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("media in time");
    }

    /// The sources of this many more packets of media.
    pub async fn sources(&mut self, packets: usize) -> BTreeSet<Source> {
        while self.media.try_recv().is_ok() {}
        let mut sources = BTreeSet::new();
        let wait = async {
            let mut left = packets;
            while left > 0 {
                match self.media.recv().await {
                    Some(Media::Packet(source)) => {
                        sources.extend(source);
                        left -= 1;
                    }
                    Some(Media::Picture(..)) => {}
                    Some(Media::Closed) | None => panic!("the media ended"),
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("media in time");
        sources
    }

    /// Waits, packet by packet, until this many tracks bring something.
    pub async fn flows(&mut self, tracks: usize) {
        let wait = async {
            while self.ask(Ask::Flowing).await < tracks {
                assert!(!matches!(self.media.recv().await, None | Some(Media::Closed)), "ended");
            }
        };
        timeout(PATIENCE, wait).await.expect("all tracks in time");
    }

    /// Waits until the server has closed the transport.
    pub async fn media_ends(&mut self) {
        let wait =
            async { while !matches!(self.media.recv().await, None | Some(Media::Closed)) {} };
        timeout(PATIENCE, wait).await.expect("the media ends in time");
    }

    /// How many datagrams the server has sent to this page up to now.
    pub async fn sent_by_server(&self) -> u64 {
        self.ask(Ask::Sent).await
    }

    /// What came up to now and what is missing.
    pub async fn counted(&self) -> Counted {
        self.ask(Ask::Counted).await
    }

    /// From now on a fifth of this page's own media is lost on the way.
    pub fn lose_own_media(&self) {
        let _ = self.asks.send(Ask::LoseOwnMedia);
    }

    /// From now on most media to this page is lost on the way.
    pub fn lose_media(&self) {
        let _ = self.asks.send(Ask::LoseMedia);
    }

    /// Ends the media and gives what came.
    pub async fn stop_media(&self) -> Vec<Got> {
        self.ask(Ask::Stop).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> T {
        let (reply, answer) = oneshot::channel();
        assert!(self.asks.send(ask(reply)).is_ok(), "the page is open");
        timeout(PATIENCE, answer).await.expect("an answer in time").expect("there is media")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The page's own half.
struct Inner {
    socket: Socket,
    hear: mpsc::UnboundedSender<Value>,
    tell: mpsc::UnboundedSender<Media>,
    running: Option<Running>,
}

/// The media of one transport.
struct Running {
    transport: u64,
    tap: Tap,
    commands: mpsc::UnboundedSender<DriverCommand>,
    answers: mpsc::UnboundedReceiver<(u32, String)>,
    ended: JoinHandle<Client>,
}

impl Inner {
    async fn run(
        mut self,
        mut said: mpsc::UnboundedReceiver<Value>,
        mut asked: mpsc::UnboundedReceiver<Ask>,
    ) {
        let mut open = true;
        loop {
            let answer = async {
                match &mut self.running {
                    Some(running) => running.answers.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some((generation, sdp)) = answer => {
                    let answer = json!({ "type": "answer", "generation": generation, "sdp": sdp });
                    self.socket.say(answer).await;
                }
                Some(message) = said.recv() => self.socket.say(message).await,
                Some(ask) = asked.recv() => self.answer(ask).await,
                message = self.socket.read(), if open => match message {
                    Some(message) => {
                        if kind(&message) == "offer" {
                            self.offered(&message).await;
                        }
                        let _ = self.hear.send(message);
                    }
                    None => {
                        // The media goes on as long as the server lets it; nobody hears any more.
                        open = false;
                        self.hear = mpsc::unbounded_channel().0;
                    }
                },
            }
        }
    }

    async fn answer(&mut self, ask: Ask) {
        let Some(running) = &self.running else { return };
        match ask {
            Ask::Sent(reply) => {
                let _ = reply.send(running.tap.sent_by_server().await);
            }
            Ask::LoseMedia => running.tap.lose_media(),
            Ask::LoseOwnMedia => running.tap.lose_own_media(),
            Ask::Counted(reply) => {
                let (count, counted) = oneshot::channel();
                let _ = running.commands.send(DriverCommand::Count(count));
                if let Ok(counters) = counted.await {
                    let packets = counters.iter().map(|c| c.packets).sum();
                    let missing = counters.iter().map(|c| c.missing).sum();
                    let _ = reply.send(Counted { packets, missing });
                }
            }
            Ask::Flowing(reply) => {
                let (count, counted) = oneshot::channel();
                let _ = running.commands.send(DriverCommand::Count(count));
                if let Ok(counters) = counted.await {
                    let _ = reply.send(counters.iter().filter(|c| c.packets > 0).count());
                }
            }
            Ask::Stop(reply) => {
                let Some(Running { commands, ended, tap, .. }) = self.running.take() else {
                    return;
                };
                let _ = commands.send(DriverCommand::Stop);
                let client = ended.await.expect("the media runs");
                drop(tap);
                let got = client.received().iter().map(|t| Got {
                    seat: t.seat.to_text(),
                    source: t.source,
                    packets: t.counters.packets,
                    pictures: t.counters.frames,
                });
                let _ = reply.send(got.collect());
            }
        }
    }

    async fn offered(&mut self, offer: &Value) {
        let transport = offer["transport"].as_u64().expect("a number");
        let sdp = text(&offer["sdp"]);
        if self.running.as_ref().is_none_or(|r| r.transport != transport) {
            self.running = Some(Running::start(transport, &sdp, self.tell.clone()).await);
        }
        let Some(running) = &self.running else { return };
        let generation = offer["generation"].as_u64().and_then(|g| u32::try_from(g).ok());
        let command = DriverCommand::Offer {
            generation: generation.expect("a number"),
            sdp: through(&sdp, running.tap.front),
            tracks: serde_json::from_value(offer["tracks"].clone()).expect("tracks"),
        };
        // Media that the server closed has ended; another transport may come.
        let _ = running.commands.send(command);
    }
}

impl Running {
    async fn start(transport: u64, sdp: &str, tell: mpsc::UnboundedSender<Media>) -> Self {
        let tap = Tap::to(candidate(sdp)).await;
        let socket = MediaSocket::bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a port");
        let clip = ClipPlayer::new(Clip::shipped().expect("the clip"));
        let options = ClientOptions { seed: transport, packets: true, ..ClientOptions::default() };
        let client = Client::new(Instant::now(), socket.local(), options, Some(Box::new(clip)));
        let client = client.expect("a client");
        let (commands, to_driver) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let mut watch = Watch { answered, tell };
        let ended = tokio::spawn(async move {
            drive(client, socket, to_driver, &mut watch).await.expect("the socket works")
        });
        Self { transport, tap, commands, answers, ended }
    }
}

struct Watch {
    answered: mpsc::UnboundedSender<(u32, String)>,
    tell: mpsc::UnboundedSender<Media>,
}

impl Observer for Watch {
    fn on_answer(&mut self, generation: u32, answer: Result<String, ClientError>) {
        let answer = answer.expect("the offer can be answered");
        let _ = self.answered.send((generation, answer));
    }

    fn on_event(&mut self, _: Instant, _: Option<u64>, event: ClientEvent) {
        let event = match event {
            ClientEvent::FirstPicture { seat, source } => Media::Picture(seat.to_text(), source),
            ClientEvent::Packet(packet) => Media::Packet(packet.source),
            ClientEvent::Closed => Media::Closed,
            _ => return,
        };
        let _ = self.tell.send(event);
    }
}

/// The server's own UDP address in an offer (RFC 8839 §5.1).
pub fn candidate(sdp: &str) -> SocketAddr {
    let fields = udp_candidates(sdp).next().expect("a candidate");
    let ip: IpAddr = fields[4].parse().expect("an address");
    SocketAddr::new(ip, fields[5].parse().expect("a port"))
}

/// The offer with the wire's address in place of the server's own, and no other way to it.
fn through(sdp: &str, front: SocketAddr) -> String {
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        let Some(rest) = line.strip_prefix("a=candidate:") else {
            out.push_str(line);
            out.push_str("\r\n");
            continue;
        };
        let mut fields: Vec<String> = rest.split(' ').map(str::to_owned).collect();
        if fields[2].eq_ignore_ascii_case("udp") {
            (fields[4], fields[5]) = (front.ip().to_string(), front.port().to_string());
            out.push_str(&format!("a=candidate:{}\r\n", fields.join(" ")));
        }
    }
    out
}

fn udp_candidates(sdp: &str) -> impl Iterator<Item = Vec<&str>> {
    sdp.lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"))
        .map(|rest| rest.split(' ').collect::<Vec<_>>())
        .filter(|fields| fields[2].eq_ignore_ascii_case("udp"))
}
