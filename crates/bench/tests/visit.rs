//! The whole way of a synthetic patient and clinician over real HTTP, WebSocket and UDP, with a real
//! forwarding unit. The server here knows one rule of a visit only: the order of the steps. Anything
//! that comes out of order fails the test.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::{Guest, GuestEnd, JoinOptions, JoinTarget, StaffTarget, join};
use futures_util::{SinkExt, StreamExt};
use protocol::http::{
    Invitation, LinkLook, LinkOpened, LinkRequest, SignInLink, SignInNext, SignInStep, Token,
    TokenRequest, VisitCreated,
};
use protocol::server::{ConsentAsk, Direction, EndReason, TrackLine};
use protocol::{BoardSeat, BoardVisit, ClientMessage, ErrorBody, ErrorCode, ServerMessage};
use sfu::{Command, Sfu, SfuConfig, SfuEvent, Sources, TransportId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use visit::{ConsentDecision, Purpose, Role, SeatId, SeatState, Timestamp, VisitId, VisitState};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

type Outbox = mpsc::UnboundedSender<ServerMessage>;

/// Everything that the connections share.
struct Clinic {
    sfu: Sfu,
    next: AtomicU64,
    /// Open sockets inside the room, by transport.
    transports: Mutex<HashMap<TransportId, Outbox>>,
    /// Per visit: the host's socket, and who waits.
    hosts: Mutex<HashMap<u128, Outbox>>,
    waiting: Mutex<HashMap<u128, oneshot::Sender<()>>>,
    ended: Mutex<Vec<EndReason>>,
    /// One permit for each seat that entered its room, and one for each that left it.
    joined: Semaphore,
    left: Semaphore,
}

impl Clinic {
    fn number(&self) -> u64 {
        self.next.fetch_add(1, SeqCst)
    }

    async fn start() -> (Arc<Self>, String) {
        let (events_tx, mut events) = mpsc::unbounded_channel();
        let mut config = SfuConfig::new(vec!["127.0.0.1".parse().unwrap()]);
        config.shards = 1;
        let (sfu, threads) = Sfu::start(config, events_tx).unwrap();
        let clinic = Arc::new(Self {
            sfu,
            next: AtomicU64::new(1),
            transports: Mutex::default(),
            hosts: Mutex::default(),
            waiting: Mutex::default(),
            ended: Mutex::default(),
            joined: Semaphore::new(0),
            left: Semaphore::new(0),
        });
        let relay = clinic.clone();
        tokio::spawn(async move {
            // The threads end with the process.
            let _threads = threads;
            while let Some(event) = events.recv().await {
                let SfuEvent::Offer { transport, generation, sdp, tracks, .. } = event else {
                    continue;
                };
                let tracks = tracks
                    .iter()
                    .map(|t| TrackLine {
                        mid: t.mid.clone(),
                        seat: t.seat,
                        source: t.source,
                        direction: match t.direction {
                            sfu::Direction::Send => Direction::Send,
                            sfu::Direction::Receive => Direction::Receive,
                        },
                    })
                    .collect();
                if let Some(to) = relay.transports.lock().unwrap().get(&transport) {
                    let _ = to.send(ServerMessage::Offer {
                        ice_servers: Vec::new(),
                        transport: transport.0,
                        generation,
                        sdp,
                        tracks,
                    });
                }
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accept = clinic.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accept.clone().serve(stream));
            }
        });
        (clinic, url)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let mut start = [0; 4];
        while stream.peek(&mut start).await.is_ok_and(|n| n == 4) {
            if &start == b"GET " {
                return self.seat_socket(stream).await;
            }
            let mut request = Vec::new();
            let mut byte = [0; 1];
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    return;
                }
                request.push(byte[0]);
            }
            let head = String::from_utf8(request).unwrap().to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap();
            let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let (status, answer) = self.call(path, head.contains("cookie: device=yes"), &body);
            let answer = format!(
                "HTTP/1.1 {status} x\r\nset-cookie: device=yes\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    /// Tokens and secrets here are the ids themselves: `visit.seat`.
    fn call(&self, path: &str, cookie: bool, body: &[u8]) -> (u16, String) {
        let json = |value: &dyn erased::Json| (200, value.text());
        match path {
            "/api/signin/link" => {
                let request: SignInLink = serde_json::from_slice(body).unwrap();
                assert_eq!(request.secret, "staff");
                json(&SignInStep { next: SignInNext::Done, factors: Vec::new() })
            }
            "/api/visits" => {
                assert!(cookie);
                let n = self.number();
                let visit = VisitId::new(1, u128::from(n));
                let seat = SeatId::new(1, u128::from(self.number()));
                json(&VisitCreated {
                    visit: board_visit(visit),
                    invitation: Invitation {
                        seat,
                        url: format!(
                            "https://clinic.example/v#{}.{}",
                            visit.to_text(),
                            seat.to_text()
                        ),
                        qr_svg: String::new(),
                        text: String::new(),
                        ics: String::new(),
                        mailed: false,
                    },
                })
            }
            "/api/link/look" | "/api/link/open" => {
                let request: LinkRequest = serde_json::from_slice(body).unwrap();
                let Some((visit, seat)) = request.secret.split_once('.') else {
                    let body = ErrorBody::from(ErrorCode::NoSuchVisit);
                    return (404, serde_json::to_string(&body).unwrap());
                };
                if path.ends_with("look") {
                    return json(&LinkLook {
                        clinic: "Clinic".to_owned(),
                        host_name: "Host".to_owned(),
                        scheduled_at: NOW,
                        second_check: false,
                        elsewhere: false,
                        role: Role::Patient,
                    });
                }
                json(&LinkOpened {
                    visit: VisitId::parse(visit).unwrap(),
                    seat: SeatId::parse(seat).unwrap(),
                })
            }
            "/api/seat/token" => {
                assert!(cookie, "the cookie of the device or session must come back");
                let request: TokenRequest = serde_json::from_slice(body).unwrap();
                let seat = request.seat.map_or("host".to_owned(), |s| s.to_text());
                json(&Token { token: format!("{}.{seat}", request.visit.to_text()) })
            }
            other => panic!("unknown call {other}"),
        }
    }

    async fn seat_socket(self: Arc<Self>, stream: TcpStream) {
        let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let (mut sink, mut source) = socket.split();
        let (to, mut outgoing) = mpsc::unbounded_channel::<ServerMessage>();
        tokio::spawn(async move {
            while let Some(message) = outgoing.recv().await {
                let text = serde_json::to_string(&message).unwrap();
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        let mut seat: Option<Seat> = None;
        while let Some(Ok(Message::Text(text))) = source.next().await {
            let message = protocol::parse_client(&text).unwrap();
            match &mut seat {
                None => seat = Some(Seat::hello(self.clone(), to.clone(), &message)),
                Some(seat) => seat.on_message(message),
            }
        }
    }
}

/// One socket's seat and how far it is.
struct Seat {
    clinic: Arc<Clinic>,
    to: Outbox,
    visit: VisitId,
    seat: SeatId,
    host: bool,
    state: SeatState,
    consented: Vec<Purpose>,
    transport: TransportId,
}

impl Seat {
    fn hello(clinic: Arc<Clinic>, to: Outbox, message: &ClientMessage) -> Self {
        let ClientMessage::Hello { token, transport: None, .. } = message else {
            panic!("no hello")
        };
        let (visit, seat) = token.split_once('.').unwrap();
        let visit = VisitId::parse(visit).unwrap();
        let host = seat == "host";
        let seat = if host {
            SeatId::new(2, u128::from(clinic.number()))
        } else {
            SeatId::parse(seat).unwrap()
        };
        let transport = TransportId(clinic.number());
        let state = if host { SeatState::Invited } else { SeatState::Checking };
        let ask = |purpose: Purpose| ConsentAsk {
            purpose,
            text_version: format!("{}-1", purpose.as_str()),
            required: true,
        };
        let welcome = ServerMessage::Welcome {
            seat,
            visit,
            role: if host { Role::Host } else { Role::Patient },
            name: String::new(),
            state,
            visit_state: VisitState::Open,
            host_name: String::new(),
            scheduled_at: NOW,
            consents: Vec::new(),
            asks: if host { Vec::new() } else { vec![ask(Purpose::Visit), ask(Purpose::Captions)] },
            now: NOW,
            transport: None,
            may: Vec::new(),
        };
        let _ = to.send(welcome);
        Self { clinic, to, visit, seat, host, state, consented: Vec::new(), transport }
    }

    fn enter_state(&mut self, state: SeatState) {
        self.state = state;
        let _ = self.to.send(ServerMessage::You { state, because: None });
    }

    fn join_room(&self) {
        self.clinic.transports.lock().unwrap().insert(self.transport, self.to.clone());
        let (visit, seat, transport) = (self.visit, self.seat, self.transport);
        let (rights, muted) = (Sources::ALL, Sources::NONE);
        self.clinic.sfu.send(Command::Join { visit, seat, transport, rights, muted }).unwrap();
        self.clinic.joined.add_permits(1);
    }

    fn leave_room(&self, reason: EndReason) {
        self.clinic.ended.lock().unwrap().push(reason);
        let (visit, transport) = (self.visit, self.transport);
        self.clinic.sfu.send(Command::Leave { visit, transport }).unwrap();
        let _ = self.to.send(ServerMessage::Ended { reason });
        self.clinic.left.add_permits(1);
    }

    fn on_message(&mut self, message: ClientMessage) {
        let key = self.visit.to_u128();
        match (message, self.state) {
            (ClientMessage::Enter {}, SeatState::Invited) if self.host => {
                self.enter_state(SeatState::Admitted);
                self.clinic.hosts.lock().unwrap().insert(key, self.to.clone());
                self.join_room();
            }
            (ClientMessage::Admit { visit: None, seat }, SeatState::Admitted) if self.host => {
                let waiting = self.clinic.waiting.lock().unwrap().remove(&seat.to_u128());
                waiting.expect("admitted once, and only who waits").send(()).unwrap();
            }
            (ClientMessage::End { .. }, _) if self.host => self.leave_room(EndReason::Done),
            (ClientMessage::Check { report }, SeatState::Checking) => {
                assert!(report.outcomes.len() == 4 && report.outcomes.iter().all(|o| o.ok));
                self.enter_state(SeatState::Consenting);
            }
            (
                ClientMessage::Consent { purpose, decision, text_version, .. },
                SeatState::Consenting,
            ) => {
                assert_eq!(decision, ConsentDecision::Given);
                assert_eq!(text_version, format!("{}-1", purpose.as_str()));
                self.consented.push(purpose);
            }
            (ClientMessage::Wait {}, SeatState::Consenting) => {
                assert_eq!(self.consented, [Purpose::Visit, Purpose::Captions]);
                self.enter_state(SeatState::Waiting);
                self.wait();
            }
            // Admission comes from outside, so the state here may still say that one waits.
            (ClientMessage::Sending { mic: true, camera: true }, _) => {}
            (ClientMessage::Answer { generation, sdp }, _) => {
                let (visit, transport) = (self.visit, self.transport);
                let answer = Command::Answer { visit, transport, generation, sdp };
                self.clinic.sfu.send(answer).unwrap();
            }
            (ClientMessage::Ping { n }, _) => {
                let _ = self.to.send(ServerMessage::Pong { n });
            }
            (ClientMessage::Leave {}, _) => self.leave_room(EndReason::YouLeft),
            (_, state) => panic!("a message that does not fit {}", state.as_str()),
        }
    }

    /// Tells the host who waits, and lets them in when the host says so.
    fn wait(&self) {
        let (admit, admitted) = oneshot::channel();
        self.clinic.waiting.lock().unwrap().insert(self.seat.to_u128(), admit);
        let room = ServerMessage::Room {
            revision: 1,
            people: Vec::new(),
            waiting: vec![board_seat(self.seat)],
            visit_state: VisitState::Open,
            started_at: None,
        };
        if let Some(host) = self.clinic.hosts.lock().unwrap().get(&self.visit.to_u128()) {
            // Said twice, as after any change: one admission must follow.
            let _ = host.send(room.clone());
            let _ = host.send(room);
        }
        let inside = Seat {
            clinic: self.clinic.clone(),
            to: self.to.clone(),
            consented: Vec::new(),
            ..*self
        };
        tokio::spawn(async move {
            let mut inside = inside;
            if admitted.await.is_ok() {
                inside.enter_state(SeatState::Admitted);
                inside.join_room();
            }
        });
    }
}

fn board_seat(seat: SeatId) -> BoardSeat {
    BoardSeat {
        seat,
        name: String::new(),
        role: Role::Patient,
        state: SeatState::Waiting,
        online: true,
        waiting_since: Some(NOW),
        check: None,
        second_device: false,
        notes: 0,
    }
}

fn board_visit(visit: VisitId) -> BoardVisit {
    BoardVisit {
        visit,
        host_name: String::new(),
        mine: true,
        invited: false,
        state: VisitState::Scheduled,
        scheduled_at: NOW,
        duration_min: 15,
        started_at: None,
        ended_at: None,
        seats: Vec::new(),
        note: String::new(),
        may: Vec::new(),
        restricted: false,
        hidden: false,
        emergency_until: None,
    }
}

/// JSON of any answer, without naming its type at each call.
mod erased {
    pub trait Json {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

#[tokio::test]
async fn patients_come_from_a_link_to_a_picture_and_the_time_is_measured() {
    let (clinic, url) = Clinic::start().await;
    let mut target = StaffTarget::sign_in(&format!("{url}/clinic#in=staff"), None).await.unwrap();
    let mut options = JoinOptions::default();
    options.joins = 3;
    let mut steps = Vec::new();
    let report = join(&mut target, options, &mut |s| steps.push(s.done)).await.unwrap();
    assert_eq!((report.joins, steps), (3, vec![0, 1, 2, 3]));
    // A handshake takes some time, and nothing here takes seconds.
    assert!(report.p50_ms > 1.0 && report.p95_ms >= report.p50_ms, "{report}");
    assert!(report.p95_ms < 5_000.0, "{report}");
    // Each patient says goodbye, and each clinician ends the visit; the words may still be on their
    // way when the clients are done.
    let all = clinic.left.acquire_many(6);
    tokio::time::timeout(Duration::from_secs(10), all).await.unwrap().unwrap().forget();
    let ended = clinic.ended.lock().unwrap();
    for reason in [EndReason::YouLeft, EndReason::Done] {
        assert_eq!(ended.iter().filter(|r| **r == reason).count(), 3);
    }
}

#[tokio::test]
async fn a_guest_stays_until_the_clinic_ends_the_visit() {
    let (clinic, url) = Clinic::start().await;
    let mut target = StaffTarget::sign_in(&format!("{url}/clinic#in=staff"), None).await.unwrap();
    let visit = VisitId::new(1, 1);
    let _link = target.prepare().await.unwrap();
    let seat = SeatId::new(1, 2);
    let guest_url = format!("{url}/v#{}.{}", visit.to_text(), seat.to_text());
    let guest = Guest::new(&guest_url, None).unwrap();
    let guest = tokio::spawn(guest.run(std::future::pending()));
    // Two have entered the room: the clinician and the guest.
    let both = clinic.joined.acquire_many(2);
    tokio::time::timeout(Duration::from_secs(10), both).await.unwrap().unwrap().forget();
    for to in clinic.transports.lock().unwrap().values() {
        let _ = to.send(ServerMessage::Ended { reason: EndReason::Done });
    }
    assert!(matches!(guest.await.unwrap(), Ok(GuestEnd::Over(EndReason::Done))));
    target.finish().await.unwrap();
}

#[tokio::test]
async fn a_dead_link_gives_the_server_s_code() {
    let (_clinic, url) = Clinic::start().await;
    let guest = Guest::new(&format!("{url}/v#dead"), None).unwrap();
    let ended = guest.run(std::future::pending()).await;
    let Err(error) = ended else { panic!("a dead link must not work") };
    assert_eq!(error.code(), "bench_refused");
    assert_eq!(
        error.to_string(),
        format!("the server refused: {}", ErrorCode::NoSuchVisit.sentence())
    );
}
