//! The people of a visit and the steps that they take.

use super::Clinic;
use super::browser::{Answer, Browser, Socket, text};
use audit::Actor;
use auth::NewStaff;
use serde_json::{Value, json};
use store::UserRole;
use visit::UserId;

/// Versions of the consent texts in force.
pub const VISIT_TEXT: &str = "visit-2026-11";

/// A member of staff, signed in.
pub struct Staff {
    pub browser: Browser,
    pub user: UserId,
}

/// An account of this role.
pub async fn account(clinic: &Clinic, email: &str, name: &str, role: UserRole) -> UserId {
    let (app, now) = (&clinic.app, clinic.clock.now());
    let new = NewStaff { email, name, role };
    let added = app.staff.add(app.org, Actor::System, &new, now).await;
    added.expect("an account").0
}

/// Signs an account in from a new browser, by a one-time link.
pub async fn sign_in(clinic: &Clinic, user: UserId) -> Browser {
    let (app, now) = (&clinic.app, clinic.clock.now());
    let link = app.staff.sign_in_link(app.org, Actor::System, user, now).await;
    let secret = link.expect("a link").to_text().to_string();
    let mut browser = Browser::new(clinic);
    let step = browser.post("/api/signin/link", &json!({ "secret": secret })).await.good();
    assert_eq!(step["next"], "done");
    browser
}

impl Staff {
    /// The clinician of most tests.
    pub async fn clinician(clinic: &Clinic) -> Self {
        Self::of(clinic, "gray@clinic.example", "Dr. Gray", UserRole::Clinician).await
    }

    /// A new account, signed in.
    pub async fn of(clinic: &Clinic, email: &str, name: &str, role: UserRole) -> Self {
        let user = account(clinic, email, name, role).await;
        Self { browser: sign_in(clinic, user).await, user }
    }

    /// Books a visit for now.
    pub async fn book(&mut self, fields: Value) -> Booked {
        let answer = self.try_book(fields).await;
        let body = answer.good();
        Booked {
            visit: text(&body["visit"]["visit"]),
            seat: text(&body["invitation"]["seat"]),
            secret: secret_of(&body["invitation"]),
            body,
        }
    }

    pub async fn try_book(&mut self, fields: Value) -> Answer {
        let mut body = json!({ "patient_name": "Pat Ient", "duration_min": 20 });
        if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
            body.extend(fields.clone());
        }
        self.browser.post("/api/visits", &body).await
    }

    /// Invites one more person and gives the secret of the link.
    pub async fn invite(&mut self, visit: &str, role: &str, name: &str) -> String {
        let path = format!("/api/visits/{visit}/invite");
        let invitation = self.browser.post(&path, &json!({ "role": role, "name": name })).await;
        secret_of(&invitation.good())
    }

    /// Invites a clinician of the clinic.
    pub async fn invite_colleague(&mut self, visit: &str, user: UserId) {
        let path = format!("/api/visits/{visit}/colleague");
        let answer = self.browser.post(&path, &json!({ "user": user.to_text() })).await;
        assert_eq!(answer.status, 204);
    }

    /// Makes a fresh link of the patient's seat and gives its secret.
    pub async fn fresh_link(&mut self, booked: &Booked) -> String {
        let path = format!("/api/visits/{}/invite", booked.visit);
        let body = json!({ "role": "patient", "seat": booked.seat });
        secret_of(&self.browser.post(&path, &body).await.good())
    }

    /// Opens the board; the first message is the whole of it.
    pub async fn board(&mut self) -> Socket {
        let token = self.browser.post("/api/board/token", &json!({})).await.good();
        self.browser.hello(&text(&token["token"]), json!({})).await
    }

    /// Opens the visit's page.
    pub async fn connect(&mut self, visit: &str) -> Socket {
        let token = self.browser.post("/api/seat/token", &json!({ "visit": visit })).await.good();
        self.browser.hello(&text(&token["token"]), json!({})).await
    }

    /// Enters the room; gives the own seat too.
    pub async fn enter(&mut self, visit: &str) -> (Socket, String) {
        let mut socket = self.connect(visit).await;
        let welcome = socket.wait("welcome").await;
        socket.say(json!({ "type": "enter" })).await;
        socket.wait("room").await;
        (socket, text(&welcome["seat"]))
    }
}

fn secret_of(invitation: &Value) -> String {
    let url = text(&invitation["url"]);
    url.split_once("/v#").expect("a link").1.to_owned()
}

/// A visit with its patient's invitation.
pub struct Booked {
    pub visit: String,
    pub seat: String,
    pub secret: String,
    pub body: Value,
}

/// Somebody with a link, in a browser.
pub struct Guest {
    pub browser: Browser,
    pub visit: String,
    pub seat: String,
}

impl Guest {
    /// Opens a link in a new browser.
    pub async fn open(clinic: &Clinic, secret: &str) -> Self {
        let mut browser = Browser::new(clinic);
        let opened = browser.post("/api/link/open", &json!({ "secret": secret })).await.good();
        Self { browser, visit: text(&opened["visit"]), seat: text(&opened["seat"]) }
    }

    /// A fresh join token.
    pub async fn token(&mut self) -> String {
        let body = json!({ "visit": self.visit, "seat": self.seat });
        text(&self.browser.post("/api/seat/token", &body).await.good()["token"])
    }

    /// Opens the page: a socket that has said hello.
    pub async fn connect(&mut self) -> Socket {
        let token = self.token().await;
        self.browser.hello(&token, json!({})).await
    }

    /// Through the device check, up to the consent page.
    pub async fn check(&mut self) -> Socket {
        let mut socket = self.connect().await;
        socket.wait("welcome").await;
        let outcomes = json!([{ "item": "camera", "ok": false, "code": "no_camera" }]);
        let report = json!({ "outcomes": outcomes, "rtt_ms": 20 });
        socket.say(json!({ "type": "check", "report": report })).await;
        socket.until(|m| m["state"] == "consenting").await;
        socket
    }

    /// All the way into the waiting room. Gives the first `waiting` too.
    pub async fn wait(&mut self) -> (Socket, Value) {
        let mut socket = self.check().await;
        socket.say(consent("given")).await;
        socket.say(json!({ "type": "wait" })).await;
        let waiting = socket.wait("waiting").await;
        (socket, waiting)
    }
}

/// A booked visit whose patient is in the waiting room.
pub struct Waiting {
    pub gray: Staff,
    pub booked: Booked,
    pub guest: Guest,
    pub patient: Socket,
}

/// Books a visit and brings its patient into the waiting room.
pub async fn waiting(clinic: &Clinic) -> Waiting {
    let mut gray = Staff::clinician(clinic).await;
    let booked = gray.book(json!({})).await;
    let mut guest = Guest::open(clinic, &booked.secret).await;
    let (patient, _) = guest.wait().await;
    Waiting { gray, booked, guest, patient }
}

/// A visit with clinician and patient in the room.
pub struct InRoom {
    pub gray: Staff,
    pub booked: Booked,
    pub host: Socket,
    pub host_seat: String,
    pub guest: Guest,
    pub patient: Socket,
}

/// Books a visit and brings both into the room.
pub async fn in_room(clinic: &Clinic) -> InRoom {
    let Waiting { mut gray, booked, guest, mut patient } = waiting(clinic).await;
    let (mut host, host_seat) = gray.enter(&booked.visit).await;
    // What was said before the patient came in is apart from what is said after.
    clinic.clock.advance(visit::Duration::from_s(1));
    admit(&mut host, &guest.seat, &mut patient).await;
    InRoom { gray, booked, host, host_seat, guest, patient }
}

/// An answer to the consent to the visit.
pub fn consent(decision: &str) -> Value {
    json!({
        "type": "consent", "purpose": "visit", "decision": decision,
        "text_version": VISIT_TEXT, "locale": "en",
    })
}

/// Lets somebody in and waits until their page knows.
pub async fn admit(host: &mut Socket, seat: &str, guest: &mut Socket) {
    host.say(json!({ "type": "admit", "seat": seat })).await;
    guest.wait("room").await;
}

/// A chat message.
pub fn chat(id: &str, text: &str) -> Value {
    json!({ "type": "chat", "id": id, "text": text })
}

/// The texts of the chat lines among these messages, in order.
pub fn chat_texts(messages: &[Value]) -> Vec<String> {
    let lines = messages.iter().filter(|m| m["type"] == "chat");
    lines
        .flat_map(|m| m["lines"].as_array().cloned().unwrap_or_default())
        .map(|line| text(&line["text"]))
        .collect()
}
